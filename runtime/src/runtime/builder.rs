//! **What can be chosen about a runtime?** Every setting has a default that suits
//! most programs; [`Builder::enable_all`] is the one that hardly any leaves out.

use std::env::VarError;
use std::fmt;
use std::io;
use std::num::NonZero;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::blocking::BlockingPool;
use crate::driver::{Driver, DriverHandle, NOT_PAUSABLE, Wanted};
use crate::executor::Hooks;
use crate::executor::current_thread::CurrentThread;
use crate::executor::multi_thread::MultiThread;
use crate::handle::{Executor, Handle, Home, ThreadConfig};
use crate::runtime::{LocalOptions, LocalRuntime, Runtime, RuntimeFlavor};
use crate::util::this_thread;

/// Builds a [`Runtime`].
///
/// ```
/// use std::time::Duration;
///
/// let runtime = kolo::runtime::Builder::new_current_thread()
///     .enable_all()
///     .thread_name("pool")
///     .thread_keep_alive(Duration::from_secs(1))
///     .build()?;
/// # drop(runtime);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Builder {
    flavor: RuntimeFlavor,
    wanted: Wanted,
    threads: ThreadConfig,
    hooks: Hooks,
    name: Option<String>,
    worker_threads: Option<usize>,
    max_blocking_threads: usize,
    keep_alive: Duration,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("flavor", &self.flavor)
            .field("enabled", &self.wanted)
            .field("worker_threads", &self.worker_threads)
            .field("max_blocking_threads", &self.max_blocking_threads)
            .field(
                "thread_name",
                &"<dyn Fn() -> String + Send + Sync + 'static>",
            )
            .field("thread_stack_size", &self.threads.stack_size)
            .finish_non_exhaustive()
    }
}

impl Builder {
    /// A runtime on the thread that calls `block_on`.
    #[must_use]
    pub fn new_current_thread() -> Builder {
        Self::new(RuntimeFlavor::CurrentThread)
    }

    /// A runtime with worker threads of its own, which [`build`](Self::build) starts.
    #[must_use]
    pub fn new_multi_thread() -> Builder {
        Self::new(RuntimeFlavor::MultiThread)
    }

    fn new(flavor: RuntimeFlavor) -> Builder {
        Builder {
            flavor,
            wanted: Wanted::default(),
            threads: ThreadConfig {
                name: Arc::new(|| "kolo-rt-worker".into()),
                stack_size: None,
                on_start: None,
                on_stop: None,
            },
            hooks: Hooks::default(),
            name: None,
            worker_threads: None,
            max_blocking_threads: 512,
            keep_alive: Duration::from_secs(10),
        }
    }

    /// Enables I/O and time.
    pub fn enable_all(&mut self) -> &mut Self {
        self.enable_io().enable_time()
    }

    /// Enables I/O.
    pub fn enable_io(&mut self) -> &mut Self {
        self.wanted.io = true;
        self
    }

    /// Enables time: `sleep`, `timeout`, `interval`.
    pub fn enable_time(&mut self) -> &mut Self {
        self.wanted.time = true;
        self
    }

    /// How many workers a multi-thread runtime has. Without it, as many as the
    /// environment variable `TOKIO_WORKER_THREADS` says, or the machine has cores.
    ///
    /// # Panics
    ///
    /// If `workers` is 0.
    #[track_caller]
    pub fn worker_threads(&mut self, workers: usize) -> &mut Self {
        assert!(workers > 0, "Worker threads cannot be set to 0");
        self.worker_threads = Some(workers);
        self
    }

    /// How many threads `spawn_blocking` may use at once; 512 unless told.
    ///
    /// # Panics
    ///
    /// If `threads` is 0.
    #[track_caller]
    #[doc(alias = "threadpool_size")]
    pub fn max_blocking_threads(&mut self, threads: usize) -> &mut Self {
        assert!(threads > 0, "Max blocking threads cannot be set to 0");
        self.max_blocking_threads = threads;
        self
    }

    /// How long an idle thread of the blocking pool stays; 10 s unless told.
    pub fn thread_keep_alive(&mut self, duration: Duration) -> &mut Self {
        self.keep_alive = duration;
        self
    }

    /// The runtime's name, for people.
    pub fn name(&mut self, name: impl Into<String>) -> &mut Self {
        let name = name.into();
        assert!(!name.trim().is_empty(), "runtime name shouldn't be empty");
        self.name = Some(name);
        self
    }

    /// The name of each thread that the runtime starts.
    pub fn thread_name(&mut self, name: impl Into<String>) -> &mut Self {
        let name = name.into();
        self.threads.name = Arc::new(move || name.clone());
        self
    }

    /// Names each thread that the runtime starts.
    ///
    /// ```
    /// # use std::sync::atomic::{AtomicUsize, Ordering};
    /// static NEXT: AtomicUsize = AtomicUsize::new(0);
    /// # let runtime =
    /// kolo::runtime::Builder::new_current_thread()
    ///     .thread_name_fn(|| format!("pool-{}", NEXT.fetch_add(1, Ordering::Relaxed)))
    ///     .build();
    /// ```
    pub fn thread_name_fn<F>(&mut self, f: F) -> &mut Self
    where
        F: Fn() -> String + Send + Sync + 'static,
    {
        self.threads.name = Arc::new(f);
        self
    }

    /// The stack size, in bytes, of each thread that the runtime starts.
    pub fn thread_stack_size(&mut self, bytes: usize) -> &mut Self {
        self.threads.stack_size = Some(bytes);
        self
    }

    /// Called on each thread that the runtime starts, before it works.
    pub fn on_thread_start<F>(&mut self, f: F) -> &mut Self
    where
        F: Fn() + Send + Sync + 'static,
    {
        self.threads.on_start = Some(Arc::new(f));
        self
    }

    /// Called on each thread that the runtime started, before it ends.
    pub fn on_thread_stop<F>(&mut self, f: F) -> &mut Self
    where
        F: Fn() + Send + Sync + 'static,
    {
        self.threads.on_stop = Some(Arc::new(f));
        self
    }

    /// Called before the loop sleeps. It may wake or spawn: the loop looks again.
    pub fn on_thread_park<F>(&mut self, f: F) -> &mut Self
    where
        F: Fn() + Send + Sync + 'static,
    {
        self.hooks.before_park = Some(Arc::new(f));
        self
    }

    /// Called after the loop slept.
    pub fn on_thread_unpark<F>(&mut self, f: F) -> &mut Self
    where
        F: Fn() + Send + Sync + 'static,
    {
        self.hooks.after_park = Some(Arc::new(f));
        self
    }

    /// Starts with the clock paused; see [`time::pause`](crate::time::pause). For
    /// tests, on a current-thread runtime with time enabled.
    pub fn start_paused(&mut self, start_paused: bool) -> &mut Self {
        self.wanted.start_paused = start_paused;
        self
    }

    /// Opens the runtime.
    ///
    /// # Errors
    ///
    /// The operating system's, where it has no descriptor left for the driver, or no
    /// thread for a worker.
    ///
    /// # Panics
    ///
    /// On a multi-thread runtime, if `TOKIO_WORKER_THREADS` is set and no number above
    /// 0, or the clock is to [start paused](Self::start_paused).
    #[track_caller]
    pub fn build(&mut self) -> io::Result<Runtime> {
        match self.flavor {
            RuntimeFlavor::CurrentThread => {
                let (executor, handle) = self.open_current_thread(None)?;
                Ok(Runtime::from_parts(Some(executor), handle))
            }
            RuntimeFlavor::MultiThread => self.open_multi_thread(),
        }
    }

    /// Opens a runtime that is bound to this thread, for futures that are not `Send`.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    ///
    /// # Panics
    ///
    /// If this builds a multi-thread runtime.
    #[track_caller]
    #[allow(clippy::needless_pass_by_value)] // tokio's signature
    pub fn build_local(&mut self, _options: LocalOptions) -> io::Result<LocalRuntime> {
        assert!(
            self.flavor == RuntimeFlavor::CurrentThread,
            "Only current_thread is supported when building a local runtime"
        );
        let (executor, handle) = self.open_current_thread(Some(this_thread::number()))?;
        Ok(LocalRuntime::from_runtime(Runtime::from_parts(
            Some(executor),
            handle,
        )))
    }

    fn open_current_thread(
        &mut self,
        local_thread: Option<u64>,
    ) -> io::Result<(Arc<CurrentThread>, Handle)> {
        let wanted = self.wanted;
        let (driver, driver_handle) = if wanted.io || wanted.time {
            let (driver, handle) = Driver::new(wanted)?;
            (Some(driver), Some(Arc::new(handle)))
        } else {
            (None, None)
        };
        let executor = Arc::new(CurrentThread::new(
            driver.zip(driver_handle.clone()),
            self.hooks.clone(),
        ));
        let handle = self.house(executor.clone(), driver_handle, local_thread);
        Ok((executor, handle))
    }

    #[track_caller]
    fn open_multi_thread(&mut self) -> io::Result<Runtime> {
        let workers = self.worker_threads.unwrap_or_else(default_workers);
        if self.wanted.start_paused {
            // Only one thread can tell that nothing can run.
            panic!("{}", NOT_PAUSABLE);
        }
        // The workers sleep in it even where neither I/O nor time is wanted.
        let (driver, driver_handle) = Driver::new(Wanted {
            workers,
            ..self.wanted
        })?;
        let driver_handle = Arc::new(driver_handle);
        let executor =
            MultiThread::new(workers, (driver, driver_handle.clone()), self.hooks.clone());
        let handle = self.house(executor.clone(), Some(driver_handle), None);
        let runtime = Runtime::from_parts(None, handle);
        // On failure, dropping the runtime joins what was started.
        executor.start(runtime.handle())?;
        Ok(runtime)
    }

    fn house(
        &self,
        executor: Arc<dyn Executor>,
        driver: Option<Arc<DriverHandle>>,
        local_thread: Option<u64>,
    ) -> Handle {
        Handle::new(|id| Home {
            id,
            executor,
            driver,
            blocking: BlockingPool::new(self.max_blocking_threads, self.keep_alive),
            threads: self.threads.clone(),
            name: self.name.clone(),
            local_thread,
        })
    }
}

/// Where the Builder was not told: as many workers as the environment says, or as the
/// machine has cores.
#[track_caller]
fn default_workers() -> usize {
    workers_by(std::env::var(VARIABLE))
}

const VARIABLE: &str = "TOKIO_WORKER_THREADS";

#[track_caller]
fn workers_by(variable: Result<String, VarError>) -> usize {
    match variable {
        Ok(text) => {
            let workers = text.parse().unwrap_or_else(|error| {
                panic!("\"{VARIABLE}\" must be usize, error: {error}, value: {text}")
            });
            assert!(workers > 0, "\"{VARIABLE}\" cannot be set to 0");
            workers
        }
        Err(VarError::NotPresent) => thread::available_parallelism().map_or(1, NonZero::get),
        Err(VarError::NotUnicode(text)) => {
            panic!("\"{VARIABLE}\" must be valid unicode, error: {text:?}")
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_how_many_workers() {
        assert_eq!(workers_by(Ok("3".into())), 3);
        let cores = thread::available_parallelism().unwrap().get();
        assert_eq!(workers_by(Err(VarError::NotPresent)), cores);
    }

    #[test]
    #[should_panic(expected = "\"TOKIO_WORKER_THREADS\" cannot be set to 0")]
    fn no_workers_are_too_few() {
        workers_by(Ok("0".into()));
    }

    #[test]
    #[should_panic(expected = "\"TOKIO_WORKER_THREADS\" must be usize, error: invalid digit")]
    fn a_word_is_no_number_of_workers() {
        workers_by(Ok("two".into()));
    }
}
