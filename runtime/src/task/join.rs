//! **How does a task's output reach whoever waits for it?** Through the cell:
//! the JoinHandle leaves its waker there, the executor its outcome.
//!
//! The two meet on the state word. The handle fills the slot and then sets
//! JOIN_WAKER, unless COMPLETE is there first; the executor sets COMPLETE and
//! looks at what was there. One of the two always sees the other, so either the
//! handle finds the outcome or the executor finds the waker.
//!
//! To replace a waker, the handle first takes the slot back by clearing
//! JOIN_WAKER. Dropped, it detaches: the task runs on, and its outcome is
//! dropped by the executor.
//!
//! Read next: `abort.rs`.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use crate::task::abort::AbortHandle;
use crate::task::cell::{self, Header, Outcome, TaskRef};
use crate::task::coop;
use crate::task::error::JoinError;
use crate::task::id::Id;
use crate::task::state::Detach;
use crate::task::waker_word::WakerWord;

/// Awaits the output of a spawned task.
///
/// Dropped, it detaches: the task runs on, and nobody gets its output.
///
/// # Cancel safety
///
/// `&mut JoinHandle` in a `select!` loses nothing: the output stays in the task.
///
/// # Panics
///
/// If it is polled again after it gave its output.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let task = kolo::spawn(async { 6 * 7 });
/// assert_eq!(task.await.unwrap(), 42);
/// # });
/// ```
pub struct JoinHandle<T> {
    task: TaskRef,
    output: PhantomData<T>,
}

// SAFETY: the handle moves the output between threads, and shares none of it.
unsafe impl<T: Send> Send for JoinHandle<T> {}
// SAFETY: by reference it offers only atomic operations and the task's number.
unsafe impl<T: Send> Sync for JoinHandle<T> {}

impl<T> UnwindSafe for JoinHandle<T> {}
impl<T> RefUnwindSafe for JoinHandle<T> {}
impl<T> Unpin for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    /// # Safety
    ///
    /// The JoinHandle's reference is the caller's, and the outcome is of type T.
    pub(super) unsafe fn from_task(task: TaskRef) -> Self {
        Self {
            task,
            output: PhantomData,
        }
    }

    /// Asks the task to end.
    ///
    /// Its future is dropped by its executor, soon; then this handle says
    /// [`is_cancelled`](JoinError::is_cancelled). A task that completes first
    /// keeps its output. To abort twice, or a task that is complete, does nothing.
    ///
    /// A `spawn_blocking` closure that runs already can't be stopped.
    pub fn abort(&self) {
        // SAFETY: the handle's reference keeps the cell alive.
        unsafe { super::abort::abort(self.task) };
    }

    /// Is the task complete? (Its future is dropped, its output stored.)
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.header().state.is_complete()
    }

    /// A handle that can abort the task but not await it.
    #[must_use]
    pub fn abort_handle(&self) -> AbortHandle {
        self.header().state.clone_reference();
        // SAFETY: the reference for it was just made.
        unsafe { AbortHandle::from_task(self.task) }
    }

    /// The task's number.
    #[must_use]
    pub fn id(&self) -> Id {
        self.header().id
    }

    /// Has `waker` woken when the task completes; for `JoinSet`, which polls a
    /// handle only then. If it is complete, wakes at once.
    pub(crate) fn wake_on_completion(&mut self, waker: &Waker) {
        if self.is_finished() || !self.register(waker) {
            waker.wake_by_ref();
        }
    }

    fn header(&self) -> &Header {
        // SAFETY: the handle's reference keeps the cell alive.
        unsafe { self.task.as_ref() }
    }

    /// Leaves a waker for the executor. False: the task is complete.
    #[inline]
    fn register(&mut self, waker: &Waker) -> bool {
        let header = self.header();
        if header.state.has_join_waker() {
            return self.register_again(waker);
        }
        let word = WakerWord::new(waker.clone());
        // SAFETY: without JOIN_WAKER the slot is the handle's.
        let old = header
            .join_waker
            .with_mut(|slot| unsafe { std::mem::replace(&mut *slot, word) });
        let waits = self.publish_waker();
        drop(old);
        waits
    }

    /// The same where a waker was left before: replaced, unless it wakes the same
    /// task.
    fn register_again(&mut self, waker: &Waker) -> bool {
        let header = self.header();
        if !header.state.unset_join_waker() {
            return false;
        }
        let old = header.join_waker.with_mut(|slot| {
            // SAFETY: clearing JOIN_WAKER made the slot the handle's.
            let slot = unsafe { &mut *slot };
            if slot.will_wake(waker) {
                return WakerWord::NONE;
            }
            std::mem::replace(slot, WakerWord::new(waker.clone()))
        });
        let waits = self.publish_waker();
        drop(old);
        waits
    }

    /// Gives the filled slot to the executor. False: the task is complete.
    #[inline]
    fn publish_waker(&self) -> bool {
        let header = self.header();
        let waits = header.state.set_join_waker();
        if !waits {
            // Completed meanwhile, without the waker.
            // SAFETY: so the slot stayed the handle's.
            drop(header.join_waker.with_mut(|slot| unsafe { (*slot).take() }));
        }
        waits
    }

    /// Takes the outcome of a complete task.
    fn take(&mut self) -> Result<T, JoinError> {
        let mut outcome = MaybeUninit::<Outcome<T>>::uninit();
        // SAFETY: the task is complete, and its outcome this handle's, since it
        // held the join interest all along.
        let outcome = unsafe {
            (self.header().vtable.take_outcome)(self.task, outcome.as_mut_ptr().cast());
            outcome.assume_init()
        };
        match outcome {
            Outcome::Done(output) => Ok(output),
            Outcome::Cancelled => Err(JoinError::cancelled(self.id())),
            Outcome::Panicked(payload) => Err(JoinError::panicked(self.id(), *payload)),
            Outcome::Taken => panic!("JoinHandle polled after completion"),
        }
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if !self.is_finished() && self.register(cx.waker()) {
            return Poll::Pending;
        }
        // Only what is ready costs a unit.
        ready!(coop::poll_proceed(cx)).made_progress();
        Poll::Ready(self.take())
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        let header = self.header();
        match header.state.detach() {
            Detach::Done => return,
            // SAFETY: the handle's reference was the last.
            Detach::Free => return unsafe { (header.vtable.free)(self.task) },
            Detach::DropWaker => {
                // SAFETY: clearing JOIN_WAKER made the slot the handle's.
                let waker = header.join_waker.with_mut(|slot| unsafe { (*slot).take() });
                cell::contain(|| drop(waker));
            }
            // SAFETY: the task is complete and its outcome the handle's.
            Detach::DropOutcome => unsafe { (header.vtable.drop_outcome)(self.task) },
        }
        // SAFETY: the handle's own reference.
        unsafe { cell::release(self.task) };
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle")
            .field("id", &self.id())
            .finish()
    }
}
