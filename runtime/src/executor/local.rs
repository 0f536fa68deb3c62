//! **How do tasks that can't leave their thread run inside a runtime that moves
//! tasks about?** As a set that is itself one future: whoever polls the
//! [`LocalSet`] polls its tasks, on the thread that made it.
//!
//! It is a small executor: a run queue and a registry that only the owner's
//! thread touches, and an inbox under a lock for wakes from elsewhere. It owns no
//! sleep: when something comes, it wakes the future that it is part of.
//!
//! # Invariants
//!
//! - `queue`, `registry`, `ticking` and `closed` are touched on the owner's
//!   thread only, which each access checks by the thread's id.
//! - A runnable in the queue outside of a tick has woken the set's waker, or the
//!   tick that left it there says so to its caller.
//! - Once closed, nothing is queued: a wake drops its runnable.
//! - A task may poll its own set (`run_until` in a local task): ticks don't nest, so
//!   no task is polled within its own poll.
//!
//! A future of the set is polled and dropped on the owner's thread, whoever wakes
//! or aborts it: `LocalSet` is neither `Send` nor `Sync`.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::mem;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::handle;
use crate::loom::sync::Mutex;
use crate::sync::wake::wake;
use crate::task::{
    Anchor, Caller, JoinHandle, Owner, Registry, Runnable, Schedule, Unregistered, coop, new_task,
};
use crate::util::this_thread;

/// Tasks polled in one go before the set lets others run; as tokio.
const POLLS_PER_TICK: usize = 61;

/// The queues of one set. Tasks and wakers hold it, from any thread.
struct LocalQueues {
    /// The owner's number, by `util::this_thread`.
    owner: u64,
    queue: RefCell<VecDeque<Runnable>>,
    registry: RefCell<Registry>,
    ticking: Cell<bool>,
    closed: Cell<bool>,
    outside: Mutex<Outside>,
}

/// What other threads reach.
#[derive(Default)]
struct Outside {
    inbox: Vec<Runnable>,
    /// The future that the set is part of.
    waker: Option<Waker>,
    closed: bool,
}

// SAFETY: all but `outside` and `owner` is touched only after `is_owner`, on one
// thread. What is dropped with the last reference, on whichever thread, is empty
// by then: `LocalSet`'s drop, on the owner's thread, empties it for good.
unsafe impl Send for LocalQueues {}
// SAFETY: as above.
unsafe impl Sync for LocalQueues {}

thread_local! {
    /// The set whose tasks run here, or that was entered.
    static CURRENT: RefCell<Option<Arc<LocalQueues>>> = const { RefCell::new(None) };
}

/// A task's way back to its set.
struct LocalScheduler(Arc<LocalQueues>);

impl Schedule for LocalScheduler {
    fn schedule(&self, runnable: Runnable, caller: Caller) -> Option<Anchor> {
        // Its thread may run the task and free this cell while we go on here.
        let anchor = caller.anchor(&runnable);
        self.0.schedule(runnable);
        anchor
    }
}

impl LocalQueues {
    fn is_owner(&self) -> bool {
        this_thread::number() == self.owner
    }

    fn schedule(&self, runnable: Runnable) {
        if self.is_owner() {
            if self.closed.get() {
                return drop(runnable);
            }
            self.queue.borrow_mut().push_back(runnable);
            if self.ticking.get() {
                return;
            }
            let waker = self.outside.lock().waker.take();
            return wake(waker);
        }
        let mut outside = self.outside.lock();
        if outside.closed {
            drop(outside);
            return drop(runnable);
        }
        outside.inbox.push(runnable);
        let waker = outside.waker.take();
        drop(outside);
        wake(waker);
    }

    fn spawn<F>(self: &Arc<Self>, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
    {
        assert!(
            self.is_owner(),
            "a local task is spawned on its set's thread"
        );
        let (runnable, handle) = new_task(future, LocalScheduler(self.clone()));
        if self.closed.get() {
            runnable.cancel(&Unregistered);
        } else {
            runnable.register_new(&mut self.registry.borrow_mut());
            self.schedule(runnable);
        }
        handle
    }

    /// Notes the future to wake, once, when something comes.
    ///
    /// Not from within a tick: then one of the set's own tasks polls the set, and
    /// whoever ticks it has left the waker that counts.
    fn set_waker(&self, waker: &Waker) {
        if self.ticking.get() {
            return;
        }
        let known = self.outside.lock().waker.take();
        let known = known.filter(|known| known.will_wake(waker));
        let waker = known.unwrap_or_else(|| waker.clone());
        self.outside.lock().waker = Some(waker);
    }

    fn collect(&self) {
        let mail = mem::take(&mut self.outside.lock().inbox);
        self.queue.borrow_mut().extend(mail);
    }

    /// Polls what is ready once, a bounded number. True if more is ready.
    ///
    /// Each task at most once, so that the loop outside sees its driver between a
    /// task's yields. Not from within a tick (see `set_waker`): the task that
    /// polls the set stands in the queue itself if it was woken meanwhile.
    fn tick(&self) -> bool {
        if self.ticking.replace(true) {
            return false;
        }
        let _ticking = Ticking(&self.ticking);
        self.collect();
        let ready = self.queue.borrow().len();
        for _ in 0..ready.min(POLLS_PER_TICK) {
            let Some(runnable) = self.queue.borrow_mut().pop_front() else {
                break;
            };
            let _ = coop::with_budget(|| runnable.run(self));
        }
        !self.queue.borrow().is_empty() || !self.outside.lock().inbox.is_empty()
    }

    fn close(&self) {
        self.closed.set(true);
        let mut outside = self.outside.lock();
        outside.closed = true;
        let mail = mem::take(&mut outside.inbox);
        let waker = outside.waker.take();
        drop(outside);
        drop(waker);
        let take_one = || self.registry.borrow_mut().take_one();
        while let Some(doomed) = take_one() {
            // SAFETY: this is the owner's thread, and no task of the set is being
            // polled: whoever polls the set borrows the `LocalSet` that is being
            // dropped.
            unsafe { doomed.shut_down() };
        }
        drop(mail);
        drop(self.queue.take());
    }
}

impl Owner for LocalQueues {
    const MANY_THREADS: bool = false;

    fn forget(&self, key: u32) {
        self.registry.borrow_mut().remove(key);
    }
}

/// Is a task of a set being polled on this thread?
pub(crate) fn is_ticking() -> bool {
    let current = CURRENT.try_with(|current| {
        let current = current.borrow();
        current.as_ref().is_some_and(|set| set.ticking.get())
    });
    current.unwrap_or(false)
}

struct Ticking<'a>(&'a Cell<bool>);

impl Drop for Ticking<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

/// While it lives, `spawn_local` on this thread goes to the set.
#[must_use = "the set is left when the guard is dropped"]
pub struct LocalEnterGuard {
    before: Option<Arc<LocalQueues>>,
    not_send: PhantomData<*mut ()>,
}

impl LocalEnterGuard {
    fn new(queues: &Arc<LocalQueues>) -> Self {
        let before = CURRENT
            .try_with(|current| current.replace(Some(queues.clone())))
            .unwrap_or(None);
        Self {
            before,
            not_send: PhantomData,
        }
    }
}

impl Drop for LocalEnterGuard {
    fn drop(&mut self) {
        let before = self.before.take();
        let left = CURRENT.try_with(|current| current.replace(before));
        drop(left);
    }
}

impl fmt::Debug for LocalEnterGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalEnterGuard").finish_non_exhaustive()
    }
}

/// A set of tasks that stay on the thread that made it, and so need not be `Send`.
///
/// Its tasks run while the set is polled: in [`run_until`](Self::run_until), in
/// [`block_on`](Self::block_on), or when the set itself is awaited, which ends
/// when all its tasks have. Dropped, it cancels those that are left.
///
/// ```
/// use std::rc::Rc;
/// use kolo::task::{LocalSet, spawn_local};
///
/// let runtime = kolo::runtime::Builder::new_current_thread().build()?;
/// let local = LocalSet::new();
/// let shared = Rc::new(2);
/// let sum = local.block_on(&runtime, async move {
///     let there = shared.clone();
///     spawn_local(async move { *there * 2 }).await.unwrap() + *shared
/// });
/// assert_eq!(sum, 6);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct LocalSet {
    queues: Arc<LocalQueues>,
    not_send: PhantomData<*mut ()>,
}

impl LocalSet {
    /// An empty set, bound to the calling thread.
    #[must_use]
    pub fn new() -> Self {
        Self {
            queues: Arc::new(LocalQueues {
                owner: this_thread::number(),
                queue: RefCell::default(),
                registry: RefCell::new(Registry::new()),
                ticking: Cell::new(false),
                closed: Cell::new(false),
                outside: Mutex::default(),
            }),
            not_send: PhantomData,
        }
    }

    /// Enters the set: until the guard is dropped, [`spawn_local`] goes to it.
    pub fn enter(&self) -> LocalEnterGuard {
        LocalEnterGuard::new(&self.queues)
    }

    /// Starts a task in the set. It runs when the set is polled.
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.queues.spawn(future)
    }

    /// Runs `future` on `runtime`, and the set's tasks meanwhile.
    ///
    /// # Panics
    ///
    /// As `Runtime::block_on`.
    #[track_caller]
    pub fn block_on<F: Future>(&self, runtime: &impl BlockOn, future: F) -> F::Output {
        runtime.block_on(self.run_until(future))
    }

    /// Runs `future`, and the set's tasks meanwhile.
    ///
    /// Tasks that are not complete when it ends stay in the set.
    ///
    /// # Cancel safety
    ///
    /// As safe as `future`; the set's tasks lose nothing.
    pub async fn run_until<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|cx| {
            self.queues.set_waker(cx.waker());
            let _entered = LocalEnterGuard::new(&self.queues);
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(output);
            }
            if self.queues.tick() {
                cx.waker().wake_by_ref();
            }
            Poll::Pending
        })
        .await
    }
}

/// What [`LocalSet::block_on`] can run on: the runtimes, which live a layer up.
pub trait BlockOn: sealed::Sealed {
    #[doc(hidden)]
    fn block_on<F: Future>(&self, future: F) -> F::Output;
}

pub(crate) mod sealed {
    /// Implemented by kolo's runtimes only.
    pub trait Sealed {}
}

impl Default for LocalSet {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for LocalSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalSet").finish_non_exhaustive()
    }
}

impl Future for LocalSet {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let queues = &self.queues;
        queues.set_waker(cx.waker());
        let _entered = LocalEnterGuard::new(queues);
        if queues.tick() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if queues.registry.borrow().len() == 0 {
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

impl Drop for LocalSet {
    fn drop(&mut self) {
        let _entered = LocalEnterGuard::new(&self.queues);
        self.queues.close();
    }
}

/// Starts a task that need not be `Send`, on the current [`LocalSet`] or local
/// runtime.
///
/// # Panics
///
/// Outside of both.
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let set = CURRENT
        .try_with(|current| current.borrow().clone())
        .unwrap_or(None);
    if let Some(set) = set {
        return set.spawn(future);
    }
    let here = Some(this_thread::number());
    let local_runtime = handle::Handle::try_current()
        .ok()
        .filter(|handle| handle.home().local_thread == here);
    match local_runtime {
        Some(handle) => handle.spawn_on_this_thread(future),
        None => panic!(
            "`spawn_local` called from outside of a `task::LocalSet` or `runtime::LocalRuntime`"
        ),
    }
}
