//! **How does a person cancel what is going on?** Somebody must listen while the others
//! work, and the others must hear of it where they wait: threads at a bell of their own
//! making, tasks at any await.
//!
//! ```text
//! $ demos run threaded-producer
//!
//! App started.
//! Press enter to cancel...
//!  -- generated item 1
//!  -- generated item 1
//!  +++ Processed value 1 after 0.00 sec.
//!  …                                               enter
//! Cancelling on your request!
//! App exiting, total time: 3.21 sec.
//! ```
//!
//! Two producers of 20 and a consumer of 40, as in `producer_consumer.rs`: not
//! cancelled, they take 22 seconds. The course's threads are daemons that a cancelled
//! main leaves to their fate; here everybody has ended before it exits.
//!
//! Read next: `../on_threads/producer.rs`, the same on threads; `../enter.rs`, who listens;
//! `bank.rs`.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

// asyncio's queue. It knows no runtime, and so serves both libraries.
use kolo::sync::Queue;

use super::rt;
use crate::enter::Enter;
use crate::on_threads::producer::{Item, WORK, app_exiting, process};
use crate::stage::Stage;

// What a task does when it is cancelled stands nowhere: at its await it is
// dropped.

async fn generate_data(num: u64, data: Queue<Item>, stage: Stage, seat: u64) {
    let mut rests = stage.random_rests(seat);
    for idx in 1..=num {
        let item = (idx * idx, Instant::now());
        data.put(item).await.expect("it is open");
        stage.yellow(format_args!(" -- generated item {idx}"));
        rt::time::sleep(rests.draw()).await;
    }
}

async fn process_data(num: u64, data: Queue<Item>, stage: Stage, processed: Arc<AtomicU64>) {
    for _ in 0..num {
        let item = data.get().await.expect("it is open");
        process(&stage, item, &processed);
        rt::time::sleep(stage.wait(WORK)).await;
    }
}

pub(crate) fn tasks(stage: &Stage) -> io::Result<()> {
    let event_loop = super::new_loop(stage.threads())?;
    let (num, t0) = (stage.many(20), Instant::now());
    stage.white("App started.");
    event_loop.block_on(async {
        let (data, processed) = (Queue::unbounded(), Arc::new(AtomicU64::new(0)));
        // The thread that listens tells the tasks through a channel.
        let (tell, pressed) = rt::sync::oneshot::channel();
        let _enter = Enter::listen(stage, move |at| {
            let _ = tell.send(at);
        })?;
        let generate = |seat| generate_data(num, data.clone(), stage.clone(), seat);
        let [one, two] = [0, 1].map(|seat| rt::spawn(generate(seat)));
        let taker = process_data(2 * num, data.clone(), stage.clone(), processed.clone());
        let taker = rt::spawn(taker);
        let tasks = [&one, &two, &taker].map(|task| task.abort_handle());

        let mut ends = pin!(async { rt::join!(one, two, taker) });
        let cancelled = rt::select! {
            _ = &mut ends => None,
            Ok(at) = pressed => {
                stage.white("Cancelling on your request!");
                tasks.iter().for_each(rt::task::AbortHandle::abort);
                let _ = ends.await; // until their futures are dropped
                Some(at)
            }
        };
        app_exiting(stage, t0, cancelled, processed.load(Relaxed), 2 * num);
        Ok(())
    })
}
