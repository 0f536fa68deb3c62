//! **What does it cost to go in, and to have a runtime at all?** For a library
//! that wraps async code in a blocking function both are paid per call.
//!
//! A runtime that has workers is not there before each of them has run something:
//! [`build_each_drop`] makes them all meet.
//!
//! What it does not show: `block_on` that has to wait, threads of the blocking
//! pool being started and joined, dropping a runtime full of tasks.

use std::future::ready;
use std::hint::black_box;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::row::build;
use super::rt;
use crate::libraries::Flavour;
use rt::runtime::Runtime;
use rt::task::yield_now;

/// `block_on` of a future that is ready at once, `count` times.
pub fn block_on_ready(runtime: &Runtime, count: u64) {
    for i in 0..count {
        black_box(runtime.block_on(ready(black_box(i))));
    }
}

/// `count` runtimes, one after the other: built, given one task, dropped.
pub fn build_and_drop(flavour: Flavour, count: u64) {
    for i in 0..count {
        let runtime = build(flavour).unwrap();
        let told = runtime.block_on(async { rt::spawn(async move { black_box(i) }).await.unwrap() });
        assert_eq!(told, i);
    }
}

/// `count` runtimes, one after the other: built, given a task for each worker,
/// which wait for each other on their threads, dropped.
pub fn build_each_drop(flavour: Flavour, count: u64) {
    let workers = flavour.workers();
    for _ in 0..count {
        let runtime = build(flavour).unwrap();
        runtime.block_on(async {
            let meeting = Arc::new(Meeting::default());
            let tasks: Vec<_> = (0..workers)
                .map(|_| {
                    let meeting = meeting.clone();
                    rt::spawn(async move { meeting.attend(workers).await })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
    }
}

/// Where tasks meet, each of which keeps its worker until all are there.
#[derive(Default)]
struct Meeting {
    there: Mutex<usize>,
    arrived: Condvar,
}

/// Longer than a meeting takes. Once in some ten thousand times tokio leaves a second
/// task in the queue of a worker that is blocked by the first, with nobody to steal it:
/// then the first gives way, which is dear, but ends.
const STUCK: Duration = Duration::from_millis(100);

impl Meeting {
    async fn attend(&self, awaited: usize) {
        *self.there.lock().unwrap() += 1;
        self.arrived.notify_all();
        while !self.is_complete(awaited) {
            yield_now().await;
        }
    }

    /// Blocks until all are there, or it takes too long.
    fn is_complete(&self, awaited: usize) -> bool {
        let there = self.there.lock().unwrap();
        let missing = |there: &mut usize| *there < awaited;
        let waited = self.arrived.wait_timeout_while(there, STUCK, missing);
        !waited.unwrap().1.timed_out()
    }
}
