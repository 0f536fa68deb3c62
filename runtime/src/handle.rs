//! **Which runtime am I in?** A thread-local answers, and a [`Handle`] is the
//! answer: the one cloneable reference to a runtime.
//!
//! Behind it is the runtime's [`Home`]: its executor, known only by the trait
//! [`Executor`], its driver's handle, its blocking pool. Leaf futures (timers,
//! sockets) come here to find their driver, tasks to find their queue.
//!
//! # The context
//!
//! Two things are noted per thread: whose context it is in, here, and whether it
//! *drives* tasks, so that it must not be blocked, in `park.rs`. `block_on` sets
//! both, `enter` and the pool's threads only the first.
//!
//! The context is a plain pointer: each guard that sets it owns the Handle that
//! it points to, and puts back what was there. So reading it costs a load.
//!
//! # By number
//!
//! What is made and dropped by the million, a timeout, doesn't hold its runtime by
//! a Handle: that is two locked instructions each. It notes the runtime's [`Id`]
//! and asks [`with_runtime`], which finds the runtime in the context nearly
//! always, and otherwise, on a thread that is elsewhere, in a list of all.
//!
//! # Invariants
//!
//! - While a guard lives, its Home does. A guard that is forgotten keeps its Home
//!   for ever; one dropped out of order panics and leaves its Home alive.
//! - A thread that drives never blocks: whoever would block asks
//!   `park::forbid_blocking` first.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::num::NonZeroU64;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::ptr;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use crate::blocking::BlockingPool;
use crate::driver::{DriverHandle, Timers};
use crate::loom::unmodelled::Mutex;
use crate::park;
use crate::task::{Anchor, Caller, JoinHandle, Runnable, Schedule, new_task};
use crate::trace::Tally;
use crate::util::this_thread;

mod threads;

pub(crate) use threads::ThreadConfig;
pub use threads::spawn_blocking;

const NO_CONTEXT: &str =
    "there is no reactor running, must be called from the context of a Tokio 1.x runtime";
const CONTEXT_DESTROYED: &str = "The Tokio context thread-local variable has been destroyed.";
const NESTED: &str = "Cannot start a runtime from within a runtime. This happens because a \
     function (like `block_on`) attempted to block the current thread while the thread is \
     being used to drive asynchronous tasks.";
const NO_IO: &str = "A Tokio 1.x context was found, but IO is disabled. Call `enable_io` on the \
                     runtime builder to enable IO.";

const NO_TIME: &str = "A Tokio 1.x context was found, but timers are disabled. Call `enable_time` \
     on the runtime builder to enable timers.";

/// What a Handle asks of the executor behind it.
pub(crate) trait Executor: Send + Sync {
    /// Queues a woken task, whose cell keeps this executor alive.
    fn schedule(&self, runnable: Runnable, caller: Caller) -> Option<Anchor>;
    /// Takes in a new task; ends it at once if the executor is closed.
    fn admit(&self, runnable: Runnable);
    /// Has a sleeping loop look around.
    fn nudge(&self);
    /// Ends every task. Called once, by the runtime, in its context.
    fn shutdown(self: Arc<Self>);

    fn alive_tasks(&self) -> usize;
    fn injected(&self) -> usize;
    /// How many threads it polls on.
    fn workers(&self) -> usize;
    /// What one of them did; they are numbered from 0.
    fn worker(&self, worker: usize) -> WorkerCounts<'_>;
    /// Does it have threads of its own?
    fn has_many_threads(&self) -> bool;
}

/// What an executor knows of one of its threads.
pub(crate) struct WorkerCounts<'a> {
    pub(crate) tally: &'a Tally,
    /// Tasks that are ready in its own queue.
    pub(crate) queued: usize,
    /// How long it was not asleep.
    pub(crate) busy: Duration,
}

/// What a Handle points to.
pub(crate) struct Home {
    pub(crate) id: Id,
    pub(crate) executor: Arc<dyn Executor>,
    pub(crate) driver: Option<Arc<DriverHandle>>,
    pub(crate) blocking: BlockingPool,
    pub(crate) threads: ThreadConfig,
    pub(crate) name: Option<String>,
    /// The thread that a local runtime is bound to.
    pub(crate) local_thread: Option<u64>,
}

/// A reference to a runtime: spawn onto it from anywhere.
///
/// It doesn't keep the runtime running: once that is dropped, what is spawned
/// through the handle is cancelled at once.
///
/// ```
/// let runtime = kolo::runtime::Builder::new_current_thread().build().unwrap();
/// let handle = runtime.handle().clone();
/// let task = std::thread::spawn(move || handle.spawn(async { 1 + 1 })).join().unwrap();
/// assert_eq!(runtime.block_on(task).unwrap(), 2);
/// ```
#[derive(Clone)]
pub struct Handle {
    home: Arc<Home>,
}

impl UnwindSafe for Handle {}
impl RefUnwindSafe for Handle {}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("name", &self.home.name)
            .field("alive_tasks", &self.home.executor.alive_tasks())
            .finish()
    }
}

impl Schedule for Handle {
    #[inline]
    fn schedule(&self, runnable: Runnable, caller: Caller) -> Option<Anchor> {
        self.home.executor.schedule(runnable, caller)
    }

    #[inline]
    unsafe fn schedule_at(this: *const Self, runnable: Runnable, caller: Caller) -> Option<Anchor> {
        // SAFETY: `this` is valid as long as the runnable is here.
        let executor = Arc::as_ptr(&unsafe { &*this }.home.executor);
        // SAFETY: the same holds of the executor, and beyond: before it lets others have
        // the runnable it makes sure of itself, by an anchor, or because the calling
        // thread works for it and keeps it alive.
        unsafe { &*executor }.schedule(runnable, caller)
    }
}

thread_local! {
    static CONTEXT: Context = const {
        Context {
            home: Cell::new(ptr::null()),
            depth: Cell::new(0),
        }
    };
}

struct Context {
    /// Null outside of every runtime. Kept alive by the guard that set it.
    home: Cell<*const Home>,
    /// How many guards are in force, to see them dropped out of order.
    depth: Cell<usize>,
}

/// Names a runtime among all of this process, dead ones too.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub struct Id(NonZeroU64);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Every runtime that there is, by number, and the next number.
static HOMES: Mutex<(u64, BTreeMap<u64, Weak<Home>>)> = Mutex::new((1, BTreeMap::new()));

impl Drop for Home {
    fn drop(&mut self) {
        HOMES.lock().1.remove(&self.id.0.get());
    }
}

/// Calls `f` with the runtime's handle. `None`: there is no such runtime any more.
#[inline]
pub(crate) fn with_runtime<R>(id: Id, f: impl FnOnce(&Handle) -> R) -> Option<R> {
    match borrow_current() {
        Ok(handle) if handle.home.id == id => Some(f(&handle)),
        _ => find(id).map(|handle| f(&handle)),
    }
}

/// A runtime that is not the context's.
#[cold]
fn find(id: Id) -> Option<Handle> {
    let home = HOMES.lock().1.get(&id.0.get()).and_then(Weak::upgrade);
    home.map(|home| Handle { home })
}

impl Handle {
    /// Makes a runtime known. `home` gets its number.
    pub(crate) fn new(home: impl FnOnce(Id) -> Home) -> Self {
        let mut homes = HOMES.lock();
        let number = homes.0;
        homes.0 += 1;
        let id = Id(NonZeroU64::new(number).expect("numbers start at 1"));
        let home = Arc::new(home(id));
        homes.1.insert(number, Arc::downgrade(&home));
        Self { home }
    }

    /// The runtime's number.
    #[must_use]
    pub fn id(&self) -> Id {
        self.home.id
    }

    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    /// The runtime that the calling thread is in.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    #[track_caller]
    #[must_use]
    pub fn current() -> Self {
        match Self::try_current() {
            Ok(handle) => handle,
            Err(error) => panic!("{error}"),
        }
    }

    /// The runtime that the calling thread is in.
    ///
    /// # Errors
    ///
    /// Outside of a runtime.
    pub fn try_current() -> Result<Self, TryCurrentError> {
        with_current(Handle::clone)
    }

    /// Enters the runtime's context: while the guard lives, `kolo::spawn` and the
    /// timers on this thread are this runtime's. Nothing is driven by it.
    ///
    /// # Panics
    ///
    /// The guard panics if guards are dropped in another order than the reverse
    /// of the one they were made in.
    pub fn enter(&self) -> EnterGuard<'_> {
        EnterGuard {
            _context: InContext::new(self),
            handle: PhantomData,
        }
    }

    /// Starts a task on the runtime.
    ///
    /// It runs whether or not the JoinHandle is awaited. On a runtime that is
    /// shut down it is cancelled at once.
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (runnable, handle) = new_task(future, self.clone());
        self.home.executor.admit(runnable);
        handle
    }

    /// Starts a task that need not be `Send` on a runtime whose thread this is.
    pub(crate) fn spawn_on_this_thread<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
    {
        assert_eq!(self.home.local_thread, Some(this_thread::number()));
        let (runnable, handle) = new_task(future, self.clone());
        self.home.executor.admit(runnable);
        handle
    }

    /// Polls `future` on the calling thread, in the runtime's context.
    ///
    /// On a current-thread runtime this does not drive tasks or timers: another
    /// thread has to be in `Runtime::block_on` for those to go on.
    ///
    /// # Panics
    ///
    /// In async code, and if the future panics.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let _entered = enter_to_drive(self);
        park::block_on_thread(future)
    }

    /// The name that the Builder gave the runtime.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.home.name.as_deref()
    }

    pub(crate) fn has_blocking_work(&self) -> bool {
        self.home.blocking.is_busy()
    }

    /// The runtime's timers.
    ///
    /// # Panics
    ///
    /// If time is not enabled.
    #[inline]
    #[track_caller]
    pub(crate) fn timers(&self) -> &Timers {
        self.try_timers().expect(NO_TIME)
    }

    /// The runtime's timers, if time is enabled.
    #[inline]
    pub(crate) fn try_timers(&self) -> Option<&Timers> {
        self.home.driver.as_ref().and_then(|d| d.timers())
    }
}

/// The current runtime's driver, to register a descriptor with.
///
/// # Panics
///
/// Outside of a runtime; if I/O is not enabled.
#[track_caller]
pub(crate) fn current_io() -> Arc<DriverHandle> {
    match with_current(|handle| handle.home.driver.clone()) {
        Ok(driver) => driver.filter(|driver| driver.has_io()).expect(NO_IO),
        Err(error) => panic!("{error}"),
    }
}

/// Calls `f` with the current runtime's handle.
///
/// # Errors
///
/// Outside of a runtime.
#[inline]
pub(crate) fn with_current<R>(f: impl FnOnce(&Handle) -> R) -> Result<R, TryCurrentError> {
    borrow_current().map(|handle| f(&handle))
}

/// The current runtime's handle, without a count: not to be kept beyond a call in
/// which the context stays what it is.
#[inline]
fn borrow_current() -> Result<ManuallyDrop<Handle>, TryCurrentError> {
    let home = CONTEXT
        .try_with(|c| c.home.get())
        .map_err(|_| TryCurrentError {
            cause: Missing::Destroyed,
        })?;
    if home.is_null() {
        return Err(TryCurrentError {
            cause: Missing::NoContext,
        });
    }
    // SAFETY: the pointer came from `Arc::as_ptr` of a Handle that the guard in
    // force keeps alive. The Handle made of it is not dropped, so the count that
    // it does not own is not given up.
    let home = unsafe { Arc::from_raw(home) };
    Ok(ManuallyDrop::new(Handle { home }))
}

/// The context of one runtime, in force until dropped.
struct InContext {
    /// Keeps alive what the context points to.
    handle: ManuallyDrop<Handle>,
    before: *const Home,
    depth: usize,
}

impl InContext {
    fn new(handle: &Handle) -> Self {
        let handle = ManuallyDrop::new(handle.clone());
        let (before, depth) = CONTEXT
            .try_with(|c| {
                let depth = c.depth.get() + 1;
                c.depth.set(depth);
                (c.home.replace(Arc::as_ptr(&handle.home)), depth)
            })
            .expect(CONTEXT_DESTROYED);
        Self {
            handle,
            before,
            depth,
        }
    }
}

impl Drop for InContext {
    fn drop(&mut self) {
        let in_order = CONTEXT.try_with(|c| {
            if c.depth.get() != self.depth {
                return false;
            }
            c.depth.set(self.depth - 1);
            c.home.set(self.before);
            true
        });
        if in_order == Ok(false) {
            // Another guard will put back a pointer to this Home: it stays alive.
            if !thread::panicking() {
                panic!(
                    "`EnterGuard` values dropped out of order. Guards returned by \
                     `tokio::runtime::Handle::enter()` must be dropped in the reverse order as \
                     they were acquired."
                );
            }
            return;
        }
        // SAFETY: dropped once, here, and not used after.
        unsafe { ManuallyDrop::drop(&mut self.handle) };
    }
}

/// Keeps a runtime's context in force; see [`Handle::enter`].
#[must_use = "the context is left when the guard is dropped"]
pub struct EnterGuard<'a> {
    _context: InContext,
    handle: PhantomData<&'a Handle>,
}

impl fmt::Debug for EnterGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnterGuard").finish_non_exhaustive()
    }
}

/// The context of a runtime whose tasks this thread drives.
pub(crate) struct Drives {
    _context: InContext,
}

/// Enters `handle`'s context as a thread that drives: it must not block, nor
/// enter another runtime so, until the guard is dropped.
///
/// # Panics
///
/// If the thread drives already.
#[track_caller]
pub(crate) fn enter_to_drive(handle: &Handle) -> Drives {
    if park::drives() {
        panic!("{NESTED}");
    }
    let entered = Drives {
        _context: InContext::new(handle),
    };
    park::set_drives(true);
    entered
}

impl Drop for Drives {
    fn drop(&mut self) {
        park::set_drives(false);
    }
}

/// There is no current runtime.
#[derive(Debug)]
pub struct TryCurrentError {
    cause: Missing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    NoContext,
    Destroyed,
}

impl TryCurrentError {
    /// The thread is in no runtime's context.
    #[must_use]
    pub fn is_missing_context(&self) -> bool {
        self.cause == Missing::NoContext
    }

    /// The thread is being torn down, its thread-locals are gone.
    #[must_use]
    pub fn is_thread_local_destroyed(&self) -> bool {
        self.cause == Missing::Destroyed
    }
}

impl fmt::Display for TryCurrentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.cause {
            Missing::NoContext => NO_CONTEXT,
            Missing::Destroyed => CONTEXT_DESTROYED,
        })
    }
}

impl std::error::Error for TryCurrentError {}

/// Starts a task on the current runtime.
///
/// The task starts to run when the loop comes to it; it runs whether or not the
/// [`JoinHandle`] is awaited, and ends with the runtime at the latest. A panic in
/// it ends it alone, and is what its handle then answers.
///
/// # Panics
///
/// Outside of a runtime.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (a, b) = (kolo::spawn(async { 2 }), kolo::spawn(async { 3 }));
/// assert_eq!(a.await.unwrap() * b.await.unwrap(), 6);
/// # });
/// ```
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    match with_current(|handle| handle.spawn(future)) {
        Ok(handle) => handle,
        Err(error) => panic!("{error}"),
    }
}

#[cfg(all(test, not(loom)))]
#[path = "handle_testing.rs"]
mod testing;
