//! **How is a task polled, cancelled, and brought to its end?** By whoever owns
//! its [`Runnable`]: the sole right to poll it once.
//!
//! ```text
//!   run ── start ──► Poll ────► pending: nothing more, or where many threads
//!            │         │                 poll, stop: perhaps woken Again
//!            │         └──────► ready ─┐
//!            ├────► Cancel ────────────┴─► complete: leave the registry, COMPLETE,
//!            │                             wake the JoinHandle, release the executor's
//!            └────► Release                reference unless a runnable is left
//! ```
//!
//! A task leaves the registry before it is COMPLETE: so whoever awaited it finds it
//! counted no more, and what a registry holds is never freed. (With many threads its key
//! may only lie in a basket by then: `executor/multi_thread/roll.rs`.)
//!
//! Runnables sit in queues as one pointer. A runnable that is dropped unpolled
//! (its executor closed) gives the right back; see `unschedule` in `state.rs`.
//!
//! Read next: `waker.rs`, where runnables come from.

use std::mem::forget;
use std::task::{Context, Poll};

use crate::task::cell::{self, Header, Owner, Schedule, TaskRef, contain};
use crate::task::id;
use crate::task::join::JoinHandle;
use crate::task::registry::Registry;
use crate::task::state::Start;
use crate::task::waker;
use crate::util::prefetch::prefetch;

/// The sole right to poll a task once; exists while the task is scheduled.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(crate) struct Runnable(TaskRef);

// SAFETY: a runnable is a pointer to a cell whose shared fields are atomic. What
// is not `Send` in a task (a local future) is touched only by `run`, `cancel`,
// which the task's executor calls on the thread that the future is bound to, and
// by the drop of a runnable, which leaves the future alone.
unsafe impl Send for Runnable {}

/// What running a task came to.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ran {
    /// It waits, or is queued again.
    Pending,
    /// It was woken while it was polled, by one of many threads: queue it.
    Again(Runnable),
    /// It is complete.
    Complete,
    /// It was complete before: nothing was run.
    Stale,
}

/// Makes a task: its first runnable, and the handle to its output.
///
/// The future need not be `Send`: that is between the executor and its callers.
pub(crate) fn new_task<F, S>(future: F, scheduler: S) -> (Runnable, JoinHandle<F::Output>)
where
    F: Future,
    S: Schedule,
{
    let task = cell::allocate(future, scheduler);
    // SAFETY: a new cell is scheduled, with a reference for its JoinHandle, and
    // `F::Output` is what its outcome holds.
    unsafe { (Runnable(task), JoinHandle::from_task(task)) }
}

impl Runnable {
    /// # Safety
    ///
    /// The caller just set SCHEDULED, and nobody has made this runnable yet; or it
    /// came from `into_task`.
    pub(super) unsafe fn from_task(task: TaskRef) -> Self {
        Self(task)
    }

    /// The runnable as a pointer, to be made one again by `from_task`, once.
    pub(super) fn into_task(self) -> TaskRef {
        let task = self.0;
        forget(self);
        task
    }

    /// Enters the task in `registry`, unless it is there. For executors, before
    /// they run a task that another thread spawned.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let state = &self.header().state;
        if state.key().is_none() {
            state.set_key(registry.insert(self.0));
        }
    }

    /// Enters a new task in `registry`, before its JoinHandle is given away.
    #[inline]
    pub(crate) fn register_new(&self, registry: &mut Registry) {
        self.header()
            .state
            .set_key_unshared(registry.insert(self.0));
    }

    /// Keeps the task's cell alive beyond the runnable.
    pub(super) fn anchor(&self) -> Anchor {
        self.header().state.clone_reference();
        Anchor(self.0)
    }

    /// It will run soon: its header is fetched, and the future, or what is first in it.
    #[inline]
    pub(crate) fn prefetch(&self) {
        prefetch(self.0.as_ptr(), 3);
    }

    fn header(&self) -> &Header {
        // SAFETY: the executor's reference outlives the runnable.
        unsafe { self.0.as_ref() }
    }

    /// Polls the task once, or ends it if it was aborted. For its executor.
    #[inline]
    pub(crate) fn run<O: Owner>(self, owner: &O) -> Ran {
        let task = self.into_task();
        // SAFETY: the executor's reference is released no earlier than below.
        let header = unsafe { task.as_ref() };
        match header.state.start(O::MANY_THREADS) {
            Start::Poll => {
                // SAFETY: the task is not freed while it is polled, and the waker only lent.
                let waker = unsafe { waker::borrowed(task) };
                let mut cx = Context::from_waker(&waker);
                // No guard: no panic of the future's leaves `poll` or `complete`.
                let before = id::replace(Some(header.id));
                // SAFETY: the runnable is the right to poll. Nobody else polls: the
                // executor is on one thread, or the task is marked RUNNING.
                let ran = match unsafe { (header.vtable.poll)(task, &mut cx) } {
                    Poll::Pending if O::MANY_THREADS && header.state.stop() => {
                        Ran::Again(Runnable(task))
                    }
                    Poll::Pending => Ran::Pending,
                    // SAFETY: the poll stored the outcome.
                    Poll::Ready(()) => unsafe { complete(task, Some(owner)) },
                };
                id::replace(before);
                ran
            }
            // As `end` does it, in place: shared, it made each completion dearer.
            Start::Cancel => {
                let _current = id::enter(header.id);
                // SAFETY: the runnable is the right to touch the stage, which
                // `cancel` leaves with an outcome.
                unsafe {
                    (header.vtable.cancel)(task);
                    complete(task, Some(owner))
                }
            }
            Start::Release => {
                // SAFETY: the task completed with this runnable outstanding, and
                // so left the executor's reference to it.
                unsafe { cell::release(task) };
                Ran::Stale
            }
        }
    }

    /// Ends a task that its executor did not take, or that is to end unpolled.
    pub(crate) fn cancel<O: Owner>(self, owner: &O) {
        let _ = self.header().state.cancel();
        let _ = self.run(owner);
    }
}

impl Drop for Runnable {
    fn drop(&mut self) {
        if self.header().state.unschedule() {
            // SAFETY: the task completed with this runnable outstanding, and so
            // left the executor's reference to it.
            unsafe { cell::release(self.0) };
        }
    }
}

/// A reference on a task that does nothing but hold it.
#[must_use]
pub(crate) struct Anchor(TaskRef);

impl Drop for Anchor {
    fn drop(&mut self) {
        // SAFETY: the anchor's own reference.
        unsafe { cell::release(self.0) };
    }
}

/// Drops the future of a task that is in no registry; the outcome is "cancelled".
///
/// # Safety
///
/// As `complete`, but for the outcome: the stage is the caller's, with the future in it.
pub(super) unsafe fn end<O: Owner>(task: TaskRef) {
    // SAFETY: the executor's reference is still held.
    let header = unsafe { task.as_ref() };
    let _current = id::enter(header.id);
    // SAFETY: the stage is the caller's, and `cancel` leaves an outcome in it.
    unsafe {
        (header.vtable.cancel)(task);
        let _ = complete::<O>(task, None);
    }
}

/// The owner of tasks that are in no registry, and that one thread at most polls.
pub(crate) struct Unregistered;

impl Owner for Unregistered {
    const MANY_THREADS: bool = false;

    fn forget(&self, _: u32) {
        unreachable!("the task is in a registry");
    }
}

/// Publishes the outcome and gives up the executor's reference. An `owner` is told
/// first, if the task is in its registry.
///
/// # Safety
///
/// The caller is the executor and just stored the outcome. If the owner has many
/// threads, the task is RUNNING.
unsafe fn complete<O: Owner>(task: TaskRef, owner: Option<&O>) -> Ran {
    // SAFETY: the executor's reference is still held.
    let header = unsafe { task.as_ref() };
    if let Some(owner) = owner
        && let Some(key) = header.state.key()
    {
        owner.forget(key);
    }
    let before = header.state.complete(O::MANY_THREADS);
    if !before.join_interest() {
        // SAFETY: nobody will take the outcome, so it is the executor's.
        unsafe { (header.vtable.drop_outcome)(task) };
    } else if before.join_waker() {
        // SAFETY: completing with JOIN_WAKER set made the slot the executor's.
        let waker = header.join_waker.with_mut(|slot| unsafe { (*slot).take() });
        if let Some(waker) = waker {
            contain(|| waker.wake());
        }
    }
    if !before.scheduled() {
        // SAFETY: no runnable is left, so the reference is released here.
        unsafe { cell::release(task) };
    }
    Ran::Complete
}
