//! Runtimes: build one, run a future on it, shut it down.
//!
//! [`Builder`] makes a [`Runtime`]; [`Runtime::block_on`] runs a future on it
//! and drives its tasks meanwhile; dropping it ends them all. A [`Handle`]
//! reaches it from anywhere. [`LocalRuntime`] is one for futures that can't leave
//! their thread.
//!
//! ```
//! let runtime = kolo::runtime::Builder::new_current_thread().enable_all().build()?;
//! let answer = runtime.block_on(async {
//!     let task = kolo::spawn(async { 6 * 7 });
//!     task.await.unwrap()
//! });
//! assert_eq!(answer, 42);
//! # Ok::<(), std::io::Error>(())
//! ```

mod builder;
mod local;
mod metrics;

use std::fmt;
use std::future::Future;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use crate::executor::current_thread::CurrentThread;
use crate::park;
use crate::task::JoinHandle;

pub use crate::driver::is_rt_shutdown_err;
pub use crate::handle::{EnterGuard, Handle, Id, TryCurrentError};
pub use builder::Builder;
pub use local::{LocalOptions, LocalRuntime};
pub use metrics::RuntimeMetrics;

/// Which executor a runtime has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuntimeFlavor {
    /// One loop, driven by the thread in `block_on`.
    CurrentThread,
    /// Worker threads that steal from each other.
    MultiThread,
}

/// A runtime: an executor, its driver, its blocking pool.
///
/// On a multi-thread runtime, tasks run on its workers, and
/// [`block_on`](Self::block_on) polls its own future only. On a current-thread one they
/// run while a thread is in `block_on`. Several threads may be: one drives the loop, the
/// others poll only their own future and take over when it leaves.
///
/// # Shutdown
///
/// Dropping the runtime drops every task, within the runtime's context, on the
/// thread that drops it, or on its workers, for which it waits; then it waits for the
/// closures of `spawn_blocking` that run (queued ones are dropped unrun). [`shutdown_timeout`](Self::shutdown_timeout)
/// and [`shutdown_background`](Self::shutdown_background) wait less.
///
/// # Panics
///
/// Dropped in async code, it panics, since to wait would block a thread that
/// drives tasks; its tasks are dropped all the same. Use `shutdown_background`
/// there.
pub struct Runtime {
    /// The loop that the calling thread drives, unless there are threads for that.
    here: Option<Arc<CurrentThread>>,
    handle: Handle,
    /// How long the drop waits for blocking work, and for the workers. `None`: until it is done.
    patience: Option<Duration>,
}

impl UnwindSafe for Runtime {}
impl RefUnwindSafe for Runtime {}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("handle", &self.handle)
            .finish()
    }
}

impl Runtime {
    pub(crate) fn from_parts(here: Option<Arc<CurrentThread>>, handle: Handle) -> Self {
        Self {
            here,
            handle,
            patience: None,
        }
    }

    /// The multi-thread runtime, with I/O and time enabled.
    ///
    /// # Errors
    ///
    /// As [`Builder::build`].
    pub fn new() -> std::io::Result<Runtime> {
        Builder::new_multi_thread().enable_all().build()
    }

    /// A reference to this runtime, to clone and to take elsewhere.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Starts a task. It makes progress while a thread is in `block_on`.
    ///
    /// ```
    /// # let runtime = kolo::runtime::Builder::new_current_thread().build().unwrap();
    /// let task = runtime.spawn(async { "ran" });
    /// assert!(!task.is_finished()); // nobody drives the loop
    /// assert_eq!(runtime.block_on(task).unwrap(), "ran");
    /// ```
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle.spawn(future)
    }

    /// Runs a closure that may block; see [`task::spawn_blocking`](crate::task::spawn_blocking).
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
        self.handle.spawn_blocking(f)
    }

    /// Runs `future` to its end on this thread; and the runtime's tasks meanwhile, if it
    /// has no workers for them.
    ///
    /// Tasks that are not complete when it returns stay where they are, and go on
    /// with the next `block_on`.
    ///
    /// # Panics
    ///
    /// In async code, where it would block a thread that drives tasks; and if
    /// `future` panics, which leaves the runtime as usable as before.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        match &self.here {
            Some(executor) => executor.block_on(&self.handle, future),
            None => self.handle.block_on(future),
        }
    }

    /// Enters the runtime's context; see [`Handle::enter`].
    pub fn enter(&self) -> EnterGuard<'_> {
        self.handle.enter()
    }

    /// What the runtime has done and holds.
    #[must_use]
    pub fn metrics(&self) -> RuntimeMetrics {
        self.handle.metrics()
    }

    /// Shuts down; waits for running `spawn_blocking` closures at most `timeout`.
    pub fn shutdown_timeout(mut self, timeout: Duration) {
        self.patience = Some(timeout);
    }

    /// Shuts down without waiting for `spawn_blocking` closures: they run on, on
    /// their own. May be called in async code.
    pub fn shutdown_background(self) {
        self.shutdown_timeout(Duration::ZERO);
    }
}

impl Drop for Runtime {
    #[track_caller]
    fn drop(&mut self) {
        let home = self.handle.home();
        // In context: destructors of jobs and tasks may ask which runtime they are in.
        let context = self.handle.enter();
        if home.executor.has_many_threads() {
            // First, or workers that still poll would see their blocking jobs cancelled.
            home.executor.clone().shutdown();
            home.blocking.close();
        } else {
            home.blocking.close();
            home.executor.clone().shutdown();
        }
        drop(context);
        if self.patience == Some(Duration::ZERO) {
            return;
        }
        if park::drives() {
            if std::thread::panicking() {
                return;
            }
            panic!(
                "Cannot drop a runtime in a context where blocking is not allowed. This happens \
                 when a runtime is dropped from within an asynchronous context."
            );
        }
        home.blocking.wait(self.patience);
    }
}

impl crate::executor::local::sealed::Sealed for Runtime {}
impl crate::executor::local::BlockOn for Runtime {
    #[track_caller]
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        Runtime::block_on(self, future)
    }
}
