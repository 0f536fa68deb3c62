//! **What does a thread that is no worker pay to hand in work?** It spawns by the
//! `Handle`, and it sends to tasks that wait. The executor is not kept busy by
//! anything else: whether somebody has to be roused depends on who is faster.
//!
//! `outside.rs` has the other half: wakes while the loop is busy.
//!
//! What it does not show: several outsiders at once, and outsiders that wait for
//! each single answer (there the kernel takes nearly all the time).

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::AcqRel};
use std::sync::mpsc as std_mpsc;
use std::thread;

use super::row::root;
use super::rt;
use rt::runtime::Runtime;
use rt::sync::{mpsc, oneshot};

/// Tasks that the outsider has in the air at most.
pub const BATCH: u64 = 10_000;

/// `count` tasks, spawned by another thread a [`BATCH`] at a time.
pub fn spawns(runtime: &Runtime, count: u64) {
    let handle = runtime.handle().clone();
    let (done, all_done) = oneshot::channel();
    let outsider = thread::spawn(move || {
        let (tell, told) = std_mpsc::channel();
        let mut left = count;
        while left > 0 {
            let batch = left.min(BATCH);
            let to_run = Arc::new(AtomicU64::new(batch));
            for i in 0..batch {
                let (to_run, tell) = (to_run.clone(), tell.clone());
                handle.spawn(async move {
                    black_box(i);
                    if to_run.fetch_sub(1, AcqRel) == 1 {
                        tell.send(()).unwrap();
                    }
                });
            }
            told.recv().unwrap();
            left -= batch;
        }
        done.send(()).unwrap();
    });
    // An executor of one thread runs tasks only in here.
    runtime.block_on(all_done).unwrap();
    outsider.join().unwrap();
}

/// Tasks that receive.
pub const RECEIVERS: u64 = 1_000;

/// At least `count` messages to [`RECEIVERS`] tasks in turn.
pub fn sends(runtime: &Runtime, count: u64) {
    let each = count.div_ceil(RECEIVERS);
    root(runtime, async move {
        let (senders, tasks): (Vec<_>, Vec<_>) = (0..RECEIVERS)
            .map(|_| {
                let (sender, mut receiver) = mpsc::unbounded_channel::<u64>();
                let task = rt::spawn(async move {
                    let mut sum = 0;
                    while let Some(message) = receiver.recv().await {
                        sum += message;
                    }
                    sum
                });
                (sender, task)
            })
            .unzip();
        let outsider = thread::spawn(move || {
            for message in 0..each {
                for sender in &senders {
                    sender.send(message).unwrap();
                }
            }
        });
        for task in tasks {
            assert_eq!(task.await.unwrap(), (0..each).sum::<u64>());
        }
        outsider.join().unwrap();
    });
}
