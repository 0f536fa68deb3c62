//! **How is a task kept from owning the loop?** By a budget: how many
//! operations it may complete before it has to yield.
//!
//! The executor fills the budget (`BUDGET` units) before each poll. Each leaf
//! operation that is about to succeed (a receive, a lock, a read) first calls
//! [`poll_proceed`]: it takes one unit, or, when none is left, wakes the task
//! and answers `Pending`, so that the task goes to the back of the run queue
//! although its data is ready. An operation that turns out to be pending gives
//! its unit back: [`RestoreOnPending`] does so unless told of progress. Where
//! readiness shows without taking anything (a oneshot, a timer, a JoinHandle), that
//! is looked at first, and to wait never touches the budget.
//!
//! Outside a task (another executor's thread, a plain `poll`) there is no
//! budget and everything proceeds.
//!
//! The idea and the number 128 are tokio's (RFC "automatic cooperative task
//! yielding", 2020): programs measure it, so it is part of the interface.
//!
//! Read next: `executor/current_thread.rs`, which fills it.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

/// Operations that a task may complete in one poll.
pub(crate) const BUDGET: u8 = 128;

/// Marks "no budget in force". Not a count: a task can't get this many units.
const UNCONSTRAINED: u8 = u8::MAX;

thread_local! {
    static UNITS: Cell<u8> = const { Cell::new(UNCONSTRAINED) };
}

/// Fills the budget, for an executor that is about to poll. What it fills, it
/// [`lift`]s before it leaves its thread to others.
#[inline]
pub(crate) fn fill() {
    let _ = UNITS.try_with(|u| u.set(BUDGET));
}

/// Puts no budget in force.
pub(crate) fn lift() {
    let _ = UNITS.try_with(|u| u.set(UNCONSTRAINED));
}

/// Runs `poll` with a full budget, then puts back what was in force before.
#[inline]
pub(crate) fn with_budget<R>(poll: impl FnOnce() -> R) -> R {
    with_units(BUDGET, poll)
}

/// Runs `poll` with no budget in force.
#[inline]
pub(crate) fn with_unconstrained<R>(poll: impl FnOnce() -> R) -> R {
    with_units(UNCONSTRAINED, poll)
}

#[inline]
fn with_units<R>(units: u8, poll: impl FnOnce() -> R) -> R {
    struct Restore(u8);
    impl Drop for Restore {
        fn drop(&mut self) {
            // A thread that is being torn down has no budget to restore.
            let _ = UNITS.try_with(|u| u.set(self.0));
        }
    }

    let before = UNITS
        .try_with(|u| u.replace(units))
        .unwrap_or(UNCONSTRAINED);
    let _restore = Restore(before);
    poll()
}

/// Takes one unit of the budget, or wakes the task and says `Pending`.
///
/// Call it before the operation is tried; call
/// [`made_progress`](RestoreOnPending::made_progress) on the result once the
/// operation is known to be ready. Otherwise dropping it returns the unit.
#[inline]
pub fn poll_proceed(cx: &mut Context<'_>) -> Poll<RestoreOnPending> {
    let units = UNITS.try_with(Cell::get).unwrap_or(UNCONSTRAINED);
    match units {
        UNCONSTRAINED => {}
        0 => {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        _ => UNITS.with(|u| u.set(units - 1)),
    }
    Poll::Ready(RestoreOnPending { before: units })
}

/// Is any of the current task's budget left? Always true outside a task.
#[must_use]
#[inline]
pub fn has_budget_remaining() -> bool {
    UNITS.try_with(Cell::get).unwrap_or(UNCONSTRAINED) > 0
}

/// A unit taken by [`poll_proceed`]; given back on drop unless progress was made.
#[derive(Debug)]
#[must_use]
pub struct RestoreOnPending {
    /// Units before the one was taken, or `UNCONSTRAINED` for "nothing to give back".
    before: u8,
}

impl RestoreOnPending {
    /// The operation completed: the unit is spent.
    #[inline]
    pub fn made_progress(mut self) {
        self.before = UNCONSTRAINED;
    }
}

impl Drop for RestoreOnPending {
    #[inline]
    fn drop(&mut self) {
        if self.before != UNCONSTRAINED {
            let _ = UNITS.try_with(|u| u.set(self.before));
        }
    }
}

pin_project! {
    /// A future polled without a budget; see [`unconstrained`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Unconstrained<F> {
        #[pin]
        inner: F,
    }
}

impl<F: Future> Future for Unconstrained<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let inner = self.project().inner;
        with_unconstrained(|| inner.poll(cx))
    }
}

/// Exempts `inner` from the cooperative budget.
///
/// It may then keep its thread for as long as its data is ready; other tasks
/// wait meanwhile.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (tx, mut rx) = kolo::sync::mpsc::unbounded_channel();
/// for i in 0..1000 {
///     tx.send(i).unwrap();
/// }
/// drop(tx);
/// kolo::task::unconstrained(async {
///     while let Some(_) = rx.recv().await {} // not one yield in here
/// })
/// .await;
/// # });
/// ```
pub fn unconstrained<F>(inner: F) -> Unconstrained<F> {
    Unconstrained { inner }
}

/// Spends one unit of the budget; yields if none is left.
///
/// For loops that compute: `consume_budget().await` once per step lets other
/// tasks run every 128 steps, and costs next to nothing in between.
pub async fn consume_budget() {
    poll_fn(poll_proceed).await.made_progress();
}
