//! **What can be asked of a running runtime?** How much it holds, and what its
//! loop did.

use std::fmt;
use std::time::Duration;

use crate::handle::{Handle, WorkerCounts};
use crate::runtime::RuntimeFlavor;
use crate::trace::Event;

/// Counts of a runtime, read at any time from any thread.
///
/// A worker is a thread that drives tasks. A current-thread runtime has one, number 0:
/// whoever is in `block_on`.
#[derive(Clone)]
pub struct RuntimeMetrics {
    handle: Handle,
}

impl fmt::Debug for RuntimeMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeMetrics")
            .field("alive_tasks", &self.num_alive_tasks())
            .field("global_queue_depth", &self.global_queue_depth())
            .finish_non_exhaustive()
    }
}

impl RuntimeMetrics {
    /// Threads that drive tasks: 1 on a current-thread runtime.
    #[must_use]
    pub fn num_workers(&self) -> usize {
        self.handle.home().executor.workers()
    }

    /// Tasks that are spawned and not complete; on a current-thread runtime, as far as
    /// the loop has seen them.
    #[must_use]
    pub fn num_alive_tasks(&self) -> usize {
        self.handle.home().executor.alive_tasks()
    }

    /// Runnables that other threads left and no worker has collected.
    #[must_use]
    pub fn global_queue_depth(&self) -> usize {
        self.handle.home().executor.injected()
    }

    /// Tasks that are ready in a worker's own queue.
    ///
    /// # Panics
    ///
    /// If there is no such worker.
    #[must_use]
    #[track_caller]
    pub fn worker_local_queue_depth(&self, worker: usize) -> usize {
        self.worker(worker).queued
    }

    /// How often the worker stole from another, in batches.
    ///
    /// # Panics
    ///
    /// If there is no such worker.
    #[must_use]
    #[track_caller]
    pub fn worker_steal_operations(&self, worker: usize) -> u64 {
        self.count(worker, &[Event::Theft])
    }

    /// How many tasks the worker stole from others.
    ///
    /// # Panics
    ///
    /// If there is no such worker.
    #[must_use]
    #[track_caller]
    pub fn worker_steal_count(&self, worker: usize) -> u64 {
        self.count(worker, &[Event::Stolen])
    }

    /// How often the worker's queue was full: never, since it grows.
    ///
    /// # Panics
    ///
    /// If there is no such worker.
    #[must_use]
    #[track_caller]
    pub fn worker_overflow_count(&self, worker: usize) -> u64 {
        self.count(worker, &[])
    }

    /// How long the worker was not asleep, up to the last time that it fell asleep, gave
    /// its tasks away ([`block_in_place`](crate::task::block_in_place)), or ended. Zero on
    /// a current-thread runtime, which does not read the clock for it.
    ///
    /// # Panics
    ///
    /// If there is no such worker.
    #[must_use]
    #[track_caller]
    pub fn worker_total_busy_duration(&self, worker: usize) -> Duration {
        self.worker(worker).busy
    }

    /// How often the worker went to sleep.
    ///
    /// # Panics
    ///
    /// If there is no such worker.
    #[must_use]
    #[track_caller]
    pub fn worker_park_count(&self, worker: usize) -> u64 {
        self.count(worker, &[Event::Park])
    }

    /// How often the worker went to sleep and woke up again: odd while it sleeps.
    ///
    /// # Panics
    ///
    /// If there is no such worker.
    #[must_use]
    #[track_caller]
    pub fn worker_park_unpark_count(&self, worker: usize) -> u64 {
        self.count(worker, &[Event::Park, Event::Unpark])
    }

    /// How many polls there were, of tasks; on a current-thread runtime also of
    /// `block_on`'s futures.
    ///
    /// # Panics
    ///
    /// If there is no such worker.
    #[must_use]
    #[track_caller]
    pub fn worker_poll_count(&self, worker: usize) -> u64 {
        self.count(worker, &[Event::Poll])
    }

    #[track_caller]
    fn count(&self, worker: usize, events: &[Event]) -> u64 {
        let tally = self.worker(worker).tally;
        events.iter().map(|&event| tally.count(event)).sum()
    }

    #[track_caller]
    fn worker(&self, worker: usize) -> WorkerCounts<'_> {
        let workers = self.num_workers();
        assert!(
            worker < workers,
            "there is no worker {worker}: the runtime has {workers}, numbered from 0"
        );
        self.handle.home().executor.worker(worker)
    }
}

impl Handle {
    /// What the runtime has done and holds.
    #[must_use]
    pub fn metrics(&self) -> RuntimeMetrics {
        RuntimeMetrics {
            handle: self.clone(),
        }
    }

    /// Which executor the runtime has.
    #[must_use]
    pub fn runtime_flavor(&self) -> RuntimeFlavor {
        if self.home().executor.has_many_threads() {
            RuntimeFlavor::MultiThread
        } else {
            RuntimeFlavor::CurrentThread
        }
    }
}
