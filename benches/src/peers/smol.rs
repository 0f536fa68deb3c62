//! **smol**: the rows that need neither I/O nor timers, on a `LocalExecutor`
//! driven by `future::block_on`, the fastest way to run smol on one thread.
//!
//! Its tasks need not be `Send`, which kolo's and tokio's must be here; the
//! comparison is in its favour by that much.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use kolo::sync::Queue;
use smol::LocalExecutor;
use smol::channel::{Receiver, Sender, unbounded};
use smol::future::{block_on, yield_now};

use crate::libraries::kolo::course_loop::Item;
use crate::libraries::kolo::tasks::{MANY, YIELDERS};
use crate::reading::{Reading, Sizes, timed};

/// Does `row` on smol, if smol is asked for it.
#[must_use]
pub fn run(row: &str, sizes: Sizes) -> Option<Reading> {
    Some(match row {
        "loop-mpsc" | "loop-mpsc-instructions" => timed(sizes, course_channel),
        "loop-queue" | "loop-queue-instructions" => timed(sizes, course_queue),
        "spawn-join" => timed(sizes, spawn_then_join),
        "spawn-many" => timed(sizes, spawn_many),
        "yield" => timed(sizes, yields),
        _ => return None,
    })
}

pub fn course_channel(items: u64) {
    async fn produce(sender: Sender<Item>, count: u64) {
        for idx in 1..=count {
            sender.send((idx * idx, Instant::now())).await.unwrap();
            yield_now().await;
        }
    }
    async fn consume(receiver: Receiver<Item>, count: u64) {
        for _ in 0..count {
            black_box(receiver.recv().await.unwrap());
            yield_now().await;
        }
    }

    let executor = LocalExecutor::new();
    block_on(executor.run(async {
        let (sender, receiver) = unbounded();
        let first = executor.spawn(produce(sender.clone(), items / 2));
        let second = executor.spawn(produce(sender, items / 2));
        let consumer = executor.spawn(consume(receiver, items / 2 * 2));
        first.await;
        second.await;
        consumer.await;
    }));
}

pub fn course_queue(items: u64) {
    async fn produce(queue: Arc<Queue<Item>>, count: u64) {
        for idx in 1..=count {
            queue.put((idx * idx, Instant::now())).await.unwrap();
            yield_now().await;
        }
    }
    async fn consume(queue: Arc<Queue<Item>>, count: u64) {
        for _ in 0..count {
            black_box(queue.get().await.unwrap());
            yield_now().await;
        }
    }

    let executor = LocalExecutor::new();
    block_on(executor.run(async {
        let queue = Arc::new(Queue::unbounded());
        let first = executor.spawn(produce(queue.clone(), items / 2));
        let second = executor.spawn(produce(queue.clone(), items / 2));
        let consumer = executor.spawn(consume(queue, items / 2 * 2));
        first.await;
        second.await;
        consumer.await;
    }));
}

pub fn spawn_then_join(count: u64) {
    on_executor(async |executor| {
        for i in 0..count {
            assert_eq!(executor.spawn(async move { black_box(i) }).await, i);
        }
    });
}

pub fn spawn_many(count: u64) {
    on_executor(async |executor| {
        let mut left = count;
        while left > 0 {
            let batch = left.min(MANY);
            let tasks: Vec<_> = (0..batch)
                .map(|i| executor.spawn(async move { black_box(i) }))
                .collect();
            for (i, task) in (0..).zip(tasks) {
                assert_eq!(task.await, i);
            }
            left -= batch;
        }
    });
}

pub fn yields(count: u64) {
    on_executor(async |executor| {
        let mut left = count;
        while left > 0 {
            let each = 500.min(left.div_ceil(YIELDERS));
            let tasks: Vec<_> = (0..YIELDERS)
                .map(|_| {
                    executor.spawn(async move {
                        for _ in 0..each {
                            yield_now().await;
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await;
            }
            left = left.saturating_sub(each * YIELDERS);
        }
    });
}

fn on_executor(work: impl AsyncFnOnce(&LocalExecutor<'static>)) {
    let executor = LocalExecutor::new();
    block_on(executor.run(work(&executor)));
}
