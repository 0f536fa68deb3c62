//! **What does the loop itself cost?** The course's uvloop program: two
//! producers put `(idx * idx, now)` into a queue, one consumer takes them, each
//! yields after every step (`sleep(0)` there). Two polls, a put, a get and a
//! clock read per item, and next to no work.
//!
//! [`mpsc()`] uses the library's own channel, so it compares what a program gets;
//! [`queue`] uses kolo's `Queue` on every library, so it compares the loops.
//!
//! What it does not show: tasks that wait (nobody ever does here: the queue
//! fills while the producers run and is drained after), wakes, many tasks.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use super::row::root;
use super::rt;
use ::kolo::sync::Queue;
use rt::runtime::Runtime;
use rt::sync::mpsc;
use rt::task::yield_now;

/// A square, and when it was made.
pub type Item = (u64, Instant);

/// The loop over the library's unbounded mpsc.
pub fn mpsc(runtime: &Runtime, items: u64) {
    async fn produce(sender: mpsc::UnboundedSender<Item>, count: u64) {
        for idx in 1..=count {
            sender.send((idx * idx, Instant::now())).unwrap();
            yield_now().await;
        }
    }
    async fn consume(mut receiver: mpsc::UnboundedReceiver<Item>, count: u64) {
        for _ in 0..count {
            black_box(receiver.recv().await.unwrap());
            yield_now().await;
        }
    }

    root(runtime, async move {
        let (sender, receiver) = mpsc::unbounded_channel();
        let first = rt::spawn(produce(sender.clone(), items / 2));
        let second = rt::spawn(produce(sender, items / 2));
        let consumer = rt::spawn(consume(receiver, items / 2 * 2));
        first.await.unwrap();
        second.await.unwrap();
        consumer.await.unwrap();
    });
}

/// The loop over kolo's `Queue`, whatever the library.
pub fn queue(runtime: &Runtime, items: u64) {
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

    root(runtime, async move {
        let queue = Arc::new(Queue::unbounded());
        let first = rt::spawn(produce(queue.clone(), items / 2));
        let second = rt::spawn(produce(queue.clone(), items / 2));
        let consumer = rt::spawn(consume(queue, items / 2 * 2));
        first.await.unwrap();
        second.await.unwrap();
        consumer.await.unwrap();
    });
}
