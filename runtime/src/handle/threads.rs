//! **How does a runtime come by its threads?** By its blocking pool, which keeps them,
//! and by this half of the [`Handle`], which starts each as the Builder was told, in the
//! runtime's context: those for blocking work, and those that executors work on.
//!
//! Read next: `blocking.rs`.

use std::io;
use std::sync::Arc;

use super::{Handle, InContext};
use crate::blocking::{self, AtClose, Refused};
use crate::loom::thread;
use crate::task::JoinHandle;

/// What the Builder chose for the threads that a runtime starts.
#[derive(Clone)]
pub(crate) struct ThreadConfig {
    pub(crate) name: Arc<dyn Fn() -> String + Send + Sync>,
    pub(crate) stack_size: Option<usize>,
    pub(crate) on_start: Option<Arc<dyn Fn() + Send + Sync>>,
    pub(crate) on_stop: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl Handle {
    /// Runs a closure that may block, on a thread kept for such work.
    ///
    /// On a runtime that is shut down it is cancelled at once.
    ///
    /// # Panics
    ///
    /// If the pool has no thread and the operating system starts none.
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, f: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let (handle, queued) = self.submit_blocking(f, AtClose::Drop);
        if let Err(Refused::NoThread(error)) = queued {
            panic!(
                "OS can't spawn worker thread: {error}; lower `max_blocking_threads` or \
                 `thread_stack_size` on the runtime builder, or raise the limit on threads"
            );
        }
        handle
    }

    /// As [`spawn_blocking`](Self::spawn_blocking), for what must be done once it
    /// was accepted: it runs even if the runtime shuts down meanwhile.
    ///
    /// `None` if it is refused: the runtime is shut down, or no thread can be
    /// started and there is none.
    pub(crate) fn spawn_blocking_surely<F, R>(&self, f: F) -> Option<JoinHandle<R>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        let (handle, queued) = self.submit_blocking(f, AtClose::Run);
        queued.is_ok().then_some(handle)
    }

    fn submit_blocking<F, R>(&self, f: F, at_close: AtClose) -> (JoinHandle<R>, Result<(), Refused>)
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.home
            .blocking
            .submit(f, at_close, |worker| self.start_thread(worker))
    }

    /// Runs an executor's worker on a thread of the blocking pool: one that waits, or
    /// one more, whatever the pool's cap.
    ///
    /// # Errors
    ///
    /// The operating system's, where it starts no more threads.
    pub(crate) fn host(&self, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let pool = &self.home.blocking;
        pool.host(work, |worker| self.start_thread(worker))
    }

    /// Starts a thread of the blocking pool.
    fn start_thread(&self, worker: blocking::Worker) -> io::Result<thread::JoinHandle<()>> {
        let handle = self.clone();
        let threads = &self.home.threads;
        let mut builder = thread::Builder::new().name((threads.name)());
        if let Some(size) = threads.stack_size {
            builder = builder.stack_size(size);
        }
        builder.spawn(move || {
            let _context = InContext::new(&handle);
            let threads = &handle.home.threads;
            let hello = || {
                if let Some(hook) = &threads.on_start {
                    hook();
                }
            };
            let after = || handle.blocking_work_done();
            worker.run(hello, after, |worker| handle.start_thread(worker));
            if let Some(hook) = &threads.on_stop {
                hook();
            }
        })
    }

    /// A blocking job ended: a paused clock that waited for it may go on.
    fn blocking_work_done(&self) {
        if let Some(driver) = &self.home.driver
            && let Some(timers) = driver.timers()
            && timers.clock().is_paused()
        {
            self.home.executor.nudge();
        }
    }
}

/// Runs a closure that may block on a thread kept for such work.
///
/// The pool grows to `Builder::max_blocking_threads` (512) and its idle threads
/// end after a while. A closure that runs can't be aborted.
///
/// # Panics
///
/// Outside of a runtime; if no thread can be started and there is none.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let sum = kolo::task::spawn_blocking(|| (1..=100).sum::<u32>()).await.unwrap();
/// assert_eq!(sum, 5050);
/// # });
/// ```
#[track_caller]
pub fn spawn_blocking<F, R>(f: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    Handle::current().spawn_blocking(f)
}
