//! **What does it cost to hand something on and be woken for it?** A oneshot
//! each way between two tasks, then a bounded channel between four.
//!
//! [`ping_pong`] makes, sends and awaits a fresh oneshot per message: one
//! allocation, one wake, one switch. [`pipeline`] fills and drains buffers of
//! 32, so that some sends wait for room and some receives for items, but most
//! do neither: the usual mixture.
//!
//! What it does not show: many senders on one channel, cancelled waits, two
//! threads at the two ends.

use std::hint::black_box;

use super::row::root;
use super::rt;
use rt::runtime::Runtime;
use rt::sync::{mpsc, oneshot};

struct Ping(oneshot::Sender<Pong>);
struct Pong(oneshot::Sender<Ping>);

/// `messages` messages, back and forth, each bearing the way to answer it.
pub fn ping_pong(runtime: &Runtime, messages: u64) {
    let rounds = messages / 2;
    root(runtime, async move {
        let (first, mut pings) = oneshot::channel::<Ping>();

        let server = rt::spawn(async move {
            for _ in 0..rounds {
                let Ping(answer) = pings.await.unwrap();
                let (next, next_pings) = oneshot::channel();
                pings = next_pings;
                // The last answer finds nobody left to ask again.
                let _ = answer.send(Pong(next));
            }
        });
        let client = rt::spawn(async move {
            let mut ask = first;
            for _ in 0..rounds {
                let (answer, answered) = oneshot::channel();
                assert!(ask.send(Ping(answer)).is_ok());
                let Pong(next) = answered.await.unwrap();
                ask = next;
            }
        });
        client.await.unwrap();
        server.await.unwrap();
    });
}

const ROOM: usize = 32;

/// `items` numbers through four tasks and the three channels between them.
pub fn pipeline(runtime: &Runtime, items: u64) {
    async fn pass_on(mut from: mpsc::Receiver<u64>, to: mpsc::Sender<u64>) {
        while let Some(item) = from.recv().await {
            to.send(item + 1).await.unwrap();
        }
    }

    root(runtime, async move {
        let (first, from_first) = mpsc::channel(ROOM);
        let (second, from_second) = mpsc::channel(ROOM);
        let (third, mut from_third) = mpsc::channel(ROOM);

        let source = rt::spawn(async move {
            for item in 0..items {
                first.send(black_box(item)).await.unwrap();
            }
        });
        let stages = [
            rt::spawn(pass_on(from_first, second)),
            rt::spawn(pass_on(from_second, third)),
        ];
        let sink = rt::spawn(async move {
            let mut sum = 0u64;
            while let Some(item) = from_third.recv().await {
                sum += item;
            }
            sum
        });

        source.await.unwrap();
        for stage in stages {
            stage.await.unwrap();
        }
        // 0 + 1 + … , each two more than it was.
        let expected = (0..items).sum::<u64>() + 2 * items;
        assert_eq!(sink.await.unwrap(), expected);
    });
}
