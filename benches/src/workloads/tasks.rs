//! **What do a task's life and its steps cost?** Birth, one poll, the join and
//! the end; then the step alone: a yield.
//!
//! What it does not show: futures of a size that real ones have (these hold a
//! number), tasks that outlive their handle, spawning from another thread.

use std::hint::black_box;

use super::row::root;
use super::rt;
use rt::runtime::Runtime;
use rt::sync::oneshot;
use rt::task::yield_now;

/// Spawns a task and awaits it, `count` times over.
pub fn spawn_then_join(runtime: &Runtime, count: u64) {
    root(runtime, async move {
        for i in 0..count {
            assert_eq!(rt::spawn(async move { black_box(i) }).await.unwrap(), i);
        }
    });
}

/// Tasks that [`spawn_many`] has in the air at once.
pub const MANY: u64 = 200_000;

/// Spawns up to [`MANY`] tasks, then awaits them in order; again until `count`.
pub fn spawn_many(runtime: &Runtime, count: u64) {
    root(runtime, async move {
        let mut left = count;
        while left > 0 {
            let batch = left.min(MANY);
            let handles: Vec<_> =
                (0..batch).map(|i| rt::spawn(async move { black_box(i) })).collect();
            for (i, handle) in (0..).zip(handles) {
                assert_eq!(handle.await.unwrap(), i);
            }
            left -= batch;
        }
    });
}

/// Tasks that yield side by side, and how often each does so in its life.
pub const YIELDERS: u64 = 500;
const YIELDS_PER_LIFE: u64 = 500;

/// `count` yields in all, by rounds of 500 tasks that yield 500 times each.
pub fn yields(runtime: &Runtime, count: u64) {
    root(runtime, async move {
        let mut left = count;
        while left > 0 {
            let each = YIELDS_PER_LIFE.min(left.div_ceil(YIELDERS));
            let handles: Vec<_> = (0..YIELDERS)
                .map(|_| {
                    rt::spawn(async move {
                        for _ in 0..each {
                            yield_now().await;
                        }
                    })
                })
                .collect();
            for handle in handles {
                handle.await.unwrap();
            }
            left = left.saturating_sub(each * YIELDERS);
        }
    });
}

/// Tasks of a chain.
pub const CHAIN: u64 = 1_000;

/// `count` tasks by chains of [`CHAIN`]: each spawns the next and ends.
pub fn spawn_chain(runtime: &Runtime, count: u64) {
    fn link(left: u64, last: oneshot::Sender<()>) {
        rt::spawn(async move {
            if black_box(left) > 1 {
                link(left - 1, last);
            } else {
                last.send(()).unwrap();
            }
        });
    }

    root(runtime, async move {
        let mut left = count;
        while left > 0 {
            let length = left.min(CHAIN);
            let (last, ended) = oneshot::channel();
            link(length, last);
            ended.await.unwrap();
            left -= length;
        }
    });
}

/// `count` yields of the only task there is.
pub fn yield_alone(runtime: &Runtime, count: u64) {
    root(runtime, async move {
        for _ in 0..count {
            yield_now().await;
        }
    });
}
