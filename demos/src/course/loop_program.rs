//! **What does a loop cost when there is nothing to wait for?** The course's
//! program for uvloop: two producers of 250,000 items, one consumer of 500,000,
//! and after each put and each get a yield. A million switches and no waiting:
//! what is left is the loop itself. To swap the loop, change one line.
//!
//! ```text
//! $ demos run loop
//!
//! Running standard loop with 500,000 actions.
//! App exiting, total time: 0.0331 sec.          asyncio 8.70, uvloop 4.70 in the course
//! ```
//!
//! Twice over: with the library's own unbounded channel, as its users would write
//! it, and with `kolo::sync::Queue` on every runtime, so that only the loops
//! differ. Each also *armed*, with a timer and a listener waiting somewhere: a
//! loop that has something to look out for must ask the kernel now and then.

use std::io;
use std::time::{Duration, Instant};

// asyncio's queue. It knows no runtime, and so serves both libraries.
use kolo::sync::Queue;

use super::rt;
use crate::stage::Stage;
use rt::runtime::Runtime;
use rt::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use rt::task::JoinHandle;

type Item = (u64, Instant);
type Tasks = (JoinHandle<()>, JoinHandle<()>, JoinHandle<u64>);

// With asyncio's queue.

async fn generate_data(num: u64, data: Queue<Item>) {
    for idx in 1..=num {
        let item = idx * idx;
        data.put((item, Instant::now()))
            .await
            .expect("the queue stays open");
        rt::task::yield_now().await; // asyncio.sleep(0)
    }
}

async fn process_data(num: u64, data: Queue<Item>) -> u64 {
    let mut sum = 0;
    for _ in 0..num {
        let (item, _) = data.get().await.expect("the queue stays open");
        sum += item;
        rt::task::yield_now().await;
    }
    sum
}

pub(crate) fn queue(stage: &Stage, armed: bool) -> io::Result<()> {
    run(stage, armed, |event_loop, lim| {
        let data = Queue::unbounded();
        let task1 = event_loop.spawn(generate_data(lim, data.clone()));
        let task3 = event_loop.spawn(generate_data(lim, data.clone()));
        let task2 = event_loop.spawn(process_data(2 * lim, data));
        (task1, task3, task2)
    })
}

// With the library's own channel.

async fn send_data(num: u64, data: UnboundedSender<Item>) {
    for idx in 1..=num {
        let item = idx * idx;
        data.send((item, Instant::now()))
            .expect("the consumer stays");
        rt::task::yield_now().await;
    }
}

async fn receive_data(num: u64, mut data: UnboundedReceiver<Item>) -> u64 {
    let mut sum = 0;
    for _ in 0..num {
        let (item, _) = data.recv().await.expect("the producers send it all");
        sum += item;
        rt::task::yield_now().await;
    }
    sum
}

pub(crate) fn own_mpsc(stage: &Stage, armed: bool) -> io::Result<()> {
    run(stage, armed, |event_loop, lim| {
        let (sender, receiver) = unbounded_channel();
        let task1 = event_loop.spawn(send_data(lim, sender.clone()));
        let task3 = event_loop.spawn(send_data(lim, sender));
        let task2 = event_loop.spawn(receive_data(2 * lim, receiver));
        (task1, task3, task2)
    })
}

// Create a loop, create tasks, run until they complete.

fn run(stage: &Stage, armed: bool, spawn: impl FnOnce(&Runtime, u64) -> Tasks) -> io::Result<()> {
    let lim = stage.items() / 2;
    stage.plain(format_args!(
        "Running standard loop with {} actions.",
        stage.thousands(2 * lim)
    ));
    let t0 = Instant::now();

    let event_loop = super::new_loop(stage.threads())?;
    let alarm = armed.then(|| event_loop.spawn(far_away()));
    let (task1, task3, task2) = spawn(&event_loop, lim);
    let ended = event_loop.block_on(async { rt::try_join!(task1, task3, task2) });

    let dt = t0.elapsed();
    stage.white(format_args!(
        "App exiting, total time: {} sec.",
        stage.seconds(dt)
    ));
    stage.took(dt);
    stage.processed(2 * lim);
    let sum = 2 * (1..=lim).map(|idx| idx * idx).sum::<u64>();
    stage.check(
        "every item arrived",
        ended.is_ok_and(|((), (), seen)| seen == sum),
    );
    if let Some(alarm) = alarm {
        stage.check("it was armed to the end", !alarm.is_finished());
        alarm.abort();
    }
    Ok(())
}

/// Keeps a timer armed and a listener waiting: neither's end is seen by any run.
async fn far_away() -> io::Result<()> {
    let listener = rt::net::TcpListener::bind("127.0.0.1:0").await?;
    rt::select! {
        accepted = listener.accept() => accepted.map(drop),
        () = rt::time::sleep(Duration::from_secs(3600)) => Ok(()),
    }
}
