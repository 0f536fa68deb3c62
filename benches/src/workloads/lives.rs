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
use std::sync::{Arc, Barrier};

use super::row::build;
use super::rt;
use crate::libraries::Flavour;
use rt::runtime::Runtime;

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
            let meeting = Arc::new(Barrier::new(workers));
            let tasks: Vec<_> = (0..workers)
                .map(|_| {
                    let meeting = meeting.clone();
                    rt::spawn(async move { meeting.wait().is_leader() })
                })
                .collect();
            let mut leaders = 0;
            for task in tasks {
                leaders += u64::from(task.await.unwrap());
            }
            assert_eq!(leaders, 1, "they have met once");
        });
    }
}
