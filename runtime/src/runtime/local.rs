//! **How do futures that are not `Send` get a runtime of their own?** By one that
//! can't leave its thread either: then every task may stay local.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::time::Duration;

use crate::runtime::{EnterGuard, Handle, Runtime};
use crate::task::JoinHandle;

/// Options for [`Builder::build_local`](crate::runtime::Builder::build_local). There
/// are none yet.
#[derive(Debug, Default, Clone)]
#[non_exhaustive]
pub struct LocalOptions {}

/// A current-thread runtime that stays on the thread it was built on, and so
/// takes futures that are not `Send`.
///
/// On it, [`spawn_local`](crate::task::spawn_local) needs no
/// [`LocalSet`](crate::task::LocalSet).
///
/// ```
/// use std::rc::Rc;
///
/// let runtime = kolo::runtime::LocalRuntime::new()?;
/// let shared = Rc::new(5);
/// let sum = runtime.block_on(async {
///     let there = shared.clone();
///     let task = kolo::task::spawn_local(async move { *there + 1 });
///     task.await.unwrap() + *shared
/// });
/// assert_eq!(sum, 11);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct LocalRuntime {
    runtime: Runtime,
    not_send: PhantomData<*mut ()>,
}

impl fmt::Debug for LocalRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LocalRuntime").field(&self.runtime).finish()
    }
}

impl LocalRuntime {
    pub(super) fn from_runtime(runtime: Runtime) -> Self {
        Self {
            runtime,
            not_send: PhantomData,
        }
    }

    /// A local runtime with I/O and time enabled.
    ///
    /// # Errors
    ///
    /// As [`Builder::build`](crate::runtime::Builder::build).
    pub fn new() -> std::io::Result<LocalRuntime> {
        crate::runtime::Builder::new_current_thread()
            .enable_all()
            .build_local(LocalOptions::default())
    }

    /// A reference to this runtime. Through it, other threads may spawn futures
    /// that are `Send`.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        self.runtime.handle()
    }

    /// Starts a task, which need not be `Send`.
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.runtime.handle().spawn_on_this_thread(future)
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
        self.runtime.spawn_blocking(f)
    }

    /// Runs `future` to its end, and the runtime's tasks meanwhile.
    ///
    /// # Panics
    ///
    /// As [`Runtime::block_on`].
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// Enters the runtime's context; see [`Handle::enter`].
    pub fn enter(&self) -> EnterGuard<'_> {
        self.runtime.enter()
    }

    /// As [`Runtime::shutdown_timeout`].
    pub fn shutdown_timeout(self, timeout: Duration) {
        self.runtime.shutdown_timeout(timeout);
    }

    /// As [`Runtime::shutdown_background`].
    pub fn shutdown_background(self) {
        self.runtime.shutdown_background();
    }
}

impl crate::executor::local::sealed::Sealed for LocalRuntime {}
impl crate::executor::local::BlockOn for LocalRuntime {
    #[track_caller]
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }
}
