//! **The floors of handing in work from another thread**: a std channel of boxed
//! futures; kolo's channels, looked into in turn.

use std::hint::black_box;
use std::pin::Pin;
use std::sync::mpsc as std_mpsc;
use std::task::{Context, Waker};
use std::thread;

use kolo::sync::mpsc;
use kolo::sync::mpsc::error::TryRecvError;

use crate::libraries::kolo::remote::{BATCH, RECEIVERS};

/// The floor of `remote::spawns`.
pub(super) fn spawns(count: u64) {
    type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

    let (spawn, spawned) = std_mpsc::channel::<(Task, bool)>();
    let (tell, told) = std_mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut left = count;
            while left > 0 {
                let batch = left.min(BATCH);
                for i in 0..batch {
                    let task = Box::pin(async move {
                        black_box(i);
                    });
                    spawn.send((task, i + 1 == batch)).unwrap();
                }
                told.recv().unwrap();
                left -= batch;
            }
        });
        let mut cx = Context::from_waker(Waker::noop());
        for (mut task, last) in spawned {
            assert!(task.as_mut().poll(&mut cx).is_ready());
            if last {
                tell.send(()).unwrap();
            }
        }
    });
}

/// The floor of `remote::sends`.
pub(super) fn sends(count: u64) {
    let each = count.div_ceil(RECEIVERS);
    let (senders, mut receivers): (Vec<_>, Vec<_>) = (0..RECEIVERS)
        .map(|_| mpsc::unbounded_channel::<u64>())
        .unzip();
    thread::scope(|scope| {
        scope.spawn(move || {
            for message in 0..each {
                for sender in &senders {
                    sender.send(message).unwrap();
                }
            }
        });
        let mut sum = 0;
        while !receivers.is_empty() {
            receivers.retain_mut(|receiver| {
                loop {
                    match receiver.try_recv() {
                        Ok(message) => sum += message,
                        Err(TryRecvError::Empty) => return true,
                        Err(TryRecvError::Disconnected) => return false,
                    }
                }
            });
        }
        assert_eq!(sum, RECEIVERS * (0..each).sum::<u64>());
    });
}
