//! **What can be asked of a running runtime?** How much it holds, and what its
//! loop did.

use std::fmt;

use crate::handle::Handle;
use crate::runtime::RuntimeFlavor;
use crate::trace::Event;

/// Counts of a runtime, read at any time from any thread.
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
    /// Threads that drive tasks: 1.
    #[must_use]
    pub fn num_workers(&self) -> usize {
        1
    }

    /// Tasks that are spawned and not complete, as far as the loop has seen them.
    #[must_use]
    pub fn num_alive_tasks(&self) -> usize {
        self.handle.home().executor.alive_tasks()
    }

    /// Runnables that other threads left and the loop has not collected.
    #[must_use]
    pub fn global_queue_depth(&self) -> usize {
        self.handle.home().executor.injected()
    }

    /// How often the loop went to sleep.
    ///
    /// # Panics
    ///
    /// If `worker` is not 0.
    #[must_use]
    #[track_caller]
    pub fn worker_park_count(&self, worker: usize) -> u64 {
        self.count(worker, &[Event::Park])
    }

    /// How often the loop went to sleep and woke up again: odd while it sleeps.
    ///
    /// # Panics
    ///
    /// If `worker` is not 0.
    #[must_use]
    #[track_caller]
    pub fn worker_park_unpark_count(&self, worker: usize) -> u64 {
        self.count(worker, &[Event::Park, Event::Unpark])
    }

    /// How many polls there were, of tasks and of `block_on`'s futures.
    ///
    /// # Panics
    ///
    /// If `worker` is not 0.
    #[must_use]
    #[track_caller]
    pub fn worker_poll_count(&self, worker: usize) -> u64 {
        self.count(worker, &[Event::Poll])
    }

    #[track_caller]
    fn count(&self, worker: usize, events: &[Event]) -> u64 {
        assert_eq!(
            worker, 0,
            "a current-thread runtime has one worker, number 0"
        );
        let tally = self.handle.home().executor.tally();
        events.iter().map(|&event| tally.count(event)).sum()
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
        RuntimeFlavor::CurrentThread
    }
}
