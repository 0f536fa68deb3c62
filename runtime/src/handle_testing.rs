//! A handle whose runtime is nothing but timers, for tests that turn them by hand.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use crate::blocking::BlockingPool;
use crate::driver::{DriverHandle, Timers};
use crate::handle::{EnterGuard, Executor, Handle, Home, InContext, ThreadConfig, WorkerCounts};
use crate::task::{Anchor, Caller, Runnable, Unregistered};
use crate::trace::Tally;

impl Handle {
    pub(crate) fn of_timers(timers: Option<Timers>) -> Handle {
        let driver = DriverHandle::of_timers(timers).expect("a descriptor is left");
        Handle::new(|id| Home {
            id,
            executor: Arc::new(NoTasks(Tally::default())),
            driver: Some(Arc::new(driver)),
            blocking: BlockingPool::new(1, Duration::ZERO),
            threads: ThreadConfig {
                name: Arc::new(String::new),
                stack_size: None,
                on_start: None,
                on_stop: None,
            },
            name: None,
            local_thread: None,
        })
    }

    /// As `enter`; the guard may stand in one struct with the handle.
    pub(crate) fn enter_and_own(&self) -> EnterGuard<'static> {
        EnterGuard {
            _context: InContext::new(self),
            handle: PhantomData,
        }
    }
}

struct NoTasks(Tally);

impl Executor for NoTasks {
    fn schedule(&self, runnable: Runnable, caller: Caller) -> Option<Anchor> {
        let anchor = caller.anchor(&runnable);
        drop(runnable);
        anchor
    }

    fn admit(&self, runnable: Runnable) {
        runnable.cancel(&Unregistered);
    }

    fn nudge(&self) {}

    fn shutdown(self: Arc<Self>) {}

    fn alive_tasks(&self) -> usize {
        0
    }

    fn injected(&self) -> usize {
        0
    }

    fn workers(&self) -> usize {
        1
    }

    fn worker(&self, _: usize) -> WorkerCounts<'_> {
        WorkerCounts {
            tally: &self.0,
            queued: 0,
            busy: Duration::ZERO,
        }
    }

    fn has_many_threads(&self) -> bool {
        false
    }
}
