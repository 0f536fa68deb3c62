//! **The floors of the course loop, the oneshots and the pipeline**: kolo's
//! channels between boxed futures that are polled in turn.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use kolo::sync::{Queue, mpsc, oneshot};

use super::{Boxed, bare_loop, yield_once};

type Item = (u64, Instant);

/// The floor of `course_loop::mpsc`.
pub fn course_mpsc(items: u64) {
    async fn produce(sender: mpsc::UnboundedSender<Item>, count: u64) {
        for idx in 1..=count {
            sender.send((idx * idx, Instant::now())).unwrap();
            yield_once().await;
        }
    }
    async fn consume(mut receiver: mpsc::UnboundedReceiver<Item>, count: u64) {
        for _ in 0..count {
            black_box(receiver.recv().await.unwrap());
            yield_once().await;
        }
    }

    let (sender, receiver) = mpsc::unbounded_channel();
    bare_loop(vec![
        Box::pin(produce(sender.clone(), items / 2)),
        Box::pin(produce(sender, items / 2)),
        Box::pin(consume(receiver, items / 2 * 2)),
    ]);
}

/// The floor of `course_loop::queue`.
pub fn course_queue(items: u64) {
    async fn produce(queue: Arc<Queue<Item>>, count: u64) {
        for idx in 1..=count {
            queue.put((idx * idx, Instant::now())).await.unwrap();
            yield_once().await;
        }
    }
    async fn consume(queue: Arc<Queue<Item>>, count: u64) {
        for _ in 0..count {
            black_box(queue.get().await.unwrap());
            yield_once().await;
        }
    }

    let queue = Arc::new(Queue::unbounded());
    bare_loop(vec![
        Box::pin(produce(queue.clone(), items / 2)),
        Box::pin(produce(queue.clone(), items / 2)),
        Box::pin(consume(queue, items / 2 * 2)),
    ]);
}

struct Ping(oneshot::Sender<Pong>);
struct Pong(oneshot::Sender<Ping>);

/// The floor of `channels::ping_pong`.
pub fn ping_pong(messages: u64) {
    let rounds = messages / 2;
    let (first, mut pings) = oneshot::channel::<Ping>();
    let server = async move {
        for _ in 0..rounds {
            let Ping(answer) = pings.await.unwrap();
            let (next, next_pings) = oneshot::channel();
            pings = next_pings;
            let _ = answer.send(Pong(next));
        }
    };
    let client = async move {
        let mut ask = first;
        for _ in 0..rounds {
            let (answer, answered) = oneshot::channel();
            assert!(ask.send(Ping(answer)).is_ok());
            let Pong(next) = answered.await.unwrap();
            ask = next;
        }
    };
    bare_loop(vec![Box::pin(server), Box::pin(client)]);
}

/// The floor of `channels::pipeline`.
pub fn pipeline(items: u64) {
    async fn pass_on(mut from: mpsc::Receiver<u64>, to: mpsc::Sender<u64>) {
        while let Some(item) = from.recv().await {
            to.send(item + 1).await.unwrap();
        }
    }

    let (first, from_first) = mpsc::channel(32);
    let (second, from_second) = mpsc::channel(32);
    let (third, mut from_third) = mpsc::channel(32);
    let mut sum = 0u64;
    let tasks: Vec<Boxed<'_>> = vec![
        Box::pin(async move {
            for item in 0..items {
                first.send(black_box(item)).await.unwrap();
            }
        }),
        Box::pin(pass_on(from_first, second)),
        Box::pin(pass_on(from_second, third)),
        Box::pin(async {
            while let Some(item) = from_third.recv().await {
                sum += item;
            }
        }),
    ];
    bare_loop(tasks);
    assert_eq!(sum, (0..items).sum::<u64>() + 2 * items);
}
