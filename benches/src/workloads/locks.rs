//! **What does it cost to wait for one's turn?** A hundred tasks at one lock, then at
//! ten permits. Each yields while it holds what it got, so that the others really
//! wait: a lock given back before anybody else runs is never contended on one
//! thread, and seldom on two.
//!
//! What it does not show: the uncontended lock, waits that are cancelled, permits
//! taken several at a time.

use std::sync::Arc;

use super::row::root;
use super::rt;
use rt::runtime::Runtime;
use rt::sync::{Mutex, Semaphore};
use rt::task::yield_now;

/// Tasks that wait side by side.
pub const WAITERS: u64 = 100;
/// Permits that they share.
pub const PERMITS: usize = 10;

/// At least `count` times, a task takes the lock, adds to what is under it, and
/// yields before it gives it back.
pub fn mutex(runtime: &Runtime, count: u64) {
    let each = count.div_ceil(WAITERS);
    root(runtime, async move {
        let sum = Arc::new(Mutex::new(0));
        let tasks: Vec<_> = (0..WAITERS)
            .map(|_| {
                let sum = sum.clone();
                rt::spawn(async move {
                    for _ in 0..each {
                        let mut sum = sum.lock().await;
                        *sum += 1;
                        yield_now().await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*sum.lock().await, each * WAITERS);
    });
}

/// At least `count` times, a task takes a permit, yields, and gives it back.
pub fn semaphore(runtime: &Runtime, count: u64) {
    let each = count.div_ceil(WAITERS);
    root(runtime, async move {
        let permits = Arc::new(Semaphore::new(PERMITS));
        let tasks: Vec<_> = (0..WAITERS)
            .map(|_| {
                let permits = permits.clone();
                rt::spawn(async move {
                    for _ in 0..each {
                        let _permit = permits.acquire().await.unwrap();
                        yield_now().await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(permits.available_permits(), PERMITS);
    });
}
