//! **What does a blocking job cost, and may all of them wait at once?** A hundred
//! thousand that are over at once; then as many as the pool has threads, each of
//! which waits for all the others.
//!
//! What it does not show: jobs that block in the kernel, threads that end for want
//! of work.

use std::hint::spin_loop;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use super::row::root;
use super::rt;
use rt::runtime::Runtime;
use rt::task::spawn_blocking;

/// How long a job of [`many`] takes.
const SHORT: Duration = Duration::from_micros(1);

/// A job of [`many`].
pub fn short_job() {
    let start = Instant::now();
    while start.elapsed() < SHORT {
        spin_loop();
    }
}

/// `count` jobs of 1 µs, all handed in before the first is awaited.
pub fn many(runtime: &Runtime, count: u64) {
    root(runtime, async move {
        let jobs: Vec<_> = (0..count).map(|_| spawn_blocking(short_job)).collect();
        for job in jobs {
            job.await.unwrap();
        }
    });
}

/// A place where so many wait until all are there.
#[derive(Debug)]
pub struct Meeting {
    missing: Mutex<u64>,
    complete: Condvar,
}

impl Meeting {
    #[must_use]
    pub fn of(count: u64) -> Self {
        Self {
            missing: Mutex::new(count),
            complete: Condvar::new(),
        }
    }

    /// Waits for the others.
    ///
    /// # Panics
    ///
    /// If they don't come: then they don't run at once.
    pub fn wait(&self) {
        const PATIENCE: Duration = Duration::from_secs(20);
        let mut missing = self.missing.lock().unwrap();
        *missing -= 1;
        if *missing == 0 {
            self.complete.notify_all();
        }
        let waited = self.complete.wait_timeout_while(missing, PATIENCE, |missing| *missing > 0);
        // Let go before anybody panics, or the others would panic about the lock.
        let (missing, waited) = waited.map(|(missing, waited)| (*missing, waited)).unwrap();
        assert!(!waited.timed_out(), "{missing} jobs do not run at once with the others");
    }
}

/// `count` jobs that wait for each other.
pub fn all_at_once(runtime: &Runtime, count: u64) {
    root(runtime, async move {
        let meeting = Arc::new(Meeting::of(count));
        let jobs: Vec<_> = (0..count)
            .map(|_| {
                let meeting = meeting.clone();
                spawn_blocking(move || meeting.wait())
            })
            .collect();
        for job in jobs {
            job.await.unwrap();
        }
    });
}
