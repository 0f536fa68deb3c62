//! **What does a timer cost, and how true is it?** Timers that never fire,
//! timers that all do, and how late one is when nothing else happens.
//!
//! [`timeouts`] wraps a yield: a future ready at its first poll would never arm
//! the timer, and measure nothing. [`sleeps`] is judged by CPU time, for its
//! wall time is the longest sleep. [`lateness`] waits for 1 ms again and again
//! on an otherwise idle runtime; what it measures is the timer's resolution plus
//! the kernel's wake-up, so its floor is far from zero.
//!
//! What it does not show: intervals, timers reset while armed, lateness under
//! load (a busy loop looks at its timers every 200 µs or so).

use std::time::{Duration, Instant};

use super::row::root;
use super::rt;
use crate::stats::median;
use rt::runtime::Runtime;
use rt::task::yield_now;
use rt::time::{sleep, timeout};

/// Tasks that arm and cancel side by side.
pub const TIMEOUT_TASKS: u64 = 100;

/// `count` timeouts of 30 s around a yield, by [`TIMEOUT_TASKS`] tasks.
pub fn timeouts(runtime: &Runtime, count: u64) {
    let each = count.div_ceil(TIMEOUT_TASKS);
    root(runtime, async move {
        let handles: Vec<_> = (0..TIMEOUT_TASKS)
            .map(|_| {
                rt::spawn(async move {
                    for _ in 0..each {
                        timeout(Duration::from_secs(30), yield_now()).await.unwrap();
                    }
                })
            })
            .collect();
        for handle in handles {
            handle.await.unwrap();
        }
    });
}

/// Sleeps under way at once.
pub const SLEEPERS: u64 = 50_000;

/// How long the `i`th of [`SLEEPERS`] sleeps: evenly over 1 to 60 ms, in an
/// order without pattern (7,919 is prime, so each step comes once).
#[must_use]
pub fn nap(i: u64) -> Duration {
    let step = i * 7_919 % SLEEPERS;
    Duration::from_millis(1) + Duration::from_millis(59) * step as u32 / SLEEPERS as u32
}

/// `count` sleeps, by rounds of up to [`SLEEPERS`].
pub fn sleeps(runtime: &Runtime, count: u64) {
    let mut left = count;
    while left > 0 {
        let batch = left.min(SLEEPERS);
        root(runtime, async move {
            let handles: Vec<_> = (0..batch).map(|i| rt::spawn(sleep(nap(i)))).collect();
            for handle in handles {
                handle.await.unwrap();
            }
        });
        left -= batch;
    }
}

/// By how many microseconds `sleep(1 ms)` is late: the median of `count`.
pub fn lateness(runtime: &Runtime, count: u64) -> f64 {
    const NAP: Duration = Duration::from_millis(1);
    root(runtime, async move {
        let mut late = Vec::new();
        for _ in 0..count {
            let start = Instant::now();
            sleep(NAP).await;
            let by = start.elapsed().checked_sub(NAP).expect("no timer fires early");
            late.push(by.as_secs_f64() * 1e6);
        }
        median(&late)
    })
}
