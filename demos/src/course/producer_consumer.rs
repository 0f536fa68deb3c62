//! **How long does an item wait for its consumer?** As long as its maker keeps the
//! thread: synchronously every item is made before the first is processed. On a
//! loop, maker and consumer wait side by side, and an item is taken when it is made.
//!
//! ```text
//! $ demos run producer-consumer
//!
//! App started.
//!  -- generated item 1
//!  +++ Processed value 1 after 0.00 sec.
//!  -- generated item 2
//!  …
//! App exiting, total time: 22.00 sec.       two producers of 20, one consumer of 40
//! ```
//!
//! Synchronously the course took 30.60 sec. for 20 items, each processed 10 to
//! 20 seconds after it was made; two producers took 22 seconds for 40.
//!
//! Read next: `loop_program.rs`, the same shape without the waits.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

// asyncio's queue. It knows no runtime, and so serves both libraries.
use kolo::sync::Queue;

use super::rt;
use crate::stage::Stage;

type Item = (u64, Instant);

/// How long the consumer works on an item; a producer rests 0.5 to 1.5 s.
const WORK: Duration = Duration::from_millis(500);

// The synchronous version: make everything, then process everything.

pub(crate) fn synchronous(stage: &Stage) -> io::Result<()> {
    let num = stage.many(20);
    let t0 = Instant::now();
    stage.white("App started.");
    let (mut data, mut rests) = (Vec::new(), stage.random_rests(0));
    for idx in 1..=num {
        let item = idx * idx;
        data.push((item, Instant::now()));
        stage.yellow(format_args!(" -- generated item {idx}"));
        thread::sleep(rests.draw());
    }
    for &(item, t) in &data {
        let after = stage.latency(t);
        stage.cyan(format_args!(
            " +++ Processed value {item} after {after} sec."
        ));
        thread::sleep(stage.wait(WORK));
    }
    let dt = app_exiting(stage, t0);

    let work = stage.wait(WORK) * num as u32;
    stage.check("every wait is paid for", dt >= rests.sum() + work);
    stage.check("every latency is long", stage.shortest_latency() >= work);
    Ok(())
}

// The same on a loop: `async`, and an await wherever there is a wait.

async fn generate_data(num: u64, data: Queue<Item>, stage: Stage, seat: u64) -> Duration {
    let mut rests = stage.random_rests(seat);
    for idx in 1..=num {
        let item = idx * idx;
        data.put((item, Instant::now())).await.expect("it is open");
        stage.yellow(format_args!(" -- generated item {idx}"));
        rt::time::sleep(rests.draw()).await;
    }
    rests.sum()
}

async fn process_data(num: u64, data: Queue<Item>, stage: Stage) -> Vec<u64> {
    let mut processed = Vec::new();
    for _ in 0..num {
        let (item, t) = data.get().await.expect("it is open");
        processed.push(item);
        let after = stage.latency(t);
        stage.cyan(format_args!(
            " +++ Processed value {item} after {after} sec."
        ));
        rt::time::sleep(stage.wait(WORK)).await;
    }
    processed
}

pub(crate) fn asynchronous(stage: &Stage, producers: u64) -> io::Result<()> {
    let num = stage.many(20);
    let t0 = Instant::now();
    stage.white("App started.");
    let data = Queue::unbounded();

    // 1. Create a loop.
    let event_loop = super::new_loop(stage.threads())?;

    // 2. Create tasks.
    let generate = |seat| generate_data(num, data.clone(), stage.clone(), seat);
    let makers: Vec<_> = (0..producers)
        .map(|seat| event_loop.spawn(generate(seat)))
        .collect();
    let taker = event_loop.spawn(process_data(producers * num, data.clone(), stage.clone()));

    // 3. Run the tasks until they complete.
    let (rests, mut processed) = event_loop.block_on(async {
        let mut rests = Duration::ZERO;
        for maker in makers {
            rests += maker.await.expect("a producer does not panic");
        }
        (rests, taker.await.expect("the consumer does not panic"))
    });
    let dt = app_exiting(stage, t0);

    let work = stage.wait(WORK) * (producers * num) as u32;
    let all = stage.seconds(rests + work);
    stage.plain(format_args!("One wait after the other: {all} sec."));
    if producers > 1 {
        processed.sort(); // who is ahead is for the dice to say
    }
    let each = (1..=num).flat_map(|idx| (0..producers).map(move |_| idx * idx));
    stage.check("processed as they were made", each.eq(processed));
    stage.check("no wait was cut short", dt >= work);
    stage.check("the waits overlap", dt < rests + work + stage.slack());
    let long = stage.wait(WORK) * num as u32 + stage.slack();
    stage.check("every latency is short", stage.longest_latency() < long);
    Ok(())
}

fn app_exiting(stage: &Stage, t0: Instant) -> Duration {
    let dt = t0.elapsed();
    let total = stage.seconds(dt);
    stage.white(format_args!("App exiting, total time: {total} sec."));
    stage.say_latencies();
    stage.took(dt);
    dt
}
