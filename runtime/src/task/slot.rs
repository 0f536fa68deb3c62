//! **Where does a runnable lie that one thread puts down and any may take?** In a
//! [`RunnableSlot`]: one pointer. A worker's run-next cell is one.
//!
//! Only its owner fills it. So a slot that the owner sees empty stays empty until it
//! fills it itself, and the filling is a plain store; taking, which anybody may do at
//! any time, is an exchange.
//!
//! # Memory ordering
//!
//! [`put`](RunnableSlot::put), release, pairs with [`take`](RunnableSlot::take),
//! acquire. What the task itself needs, its state word orders; the slot passes on
//! only what the pointer points to.

use std::ptr::{self, NonNull};

use crate::loom::sync::atomic::AtomicPtr;
use crate::loom::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::task::cell::Header;
use crate::task::runnable::Runnable;

/// Room for one runnable.
#[derive(Debug)]
pub(crate) struct RunnableSlot(AtomicPtr<Header>);

impl RunnableSlot {
    pub(crate) fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Puts `runnable` there; what lay there comes back. For the owner.
    #[inline]
    pub(crate) fn put(&self, runnable: Runnable) -> Option<Runnable> {
        let new = runnable.into_task().as_ptr();
        if self.0.load(Relaxed).is_null() {
            self.0.store(new, Release);
            return None;
        }
        Self::own(self.0.swap(new, AcqRel))
    }

    /// Takes what lies there.
    #[inline]
    pub(crate) fn take(&self) -> Option<Runnable> {
        if self.0.load(Relaxed).is_null() {
            return None;
        }
        Self::own(self.0.swap(ptr::null_mut(), Acquire))
    }

    /// Does nothing lie there? A hint to all but the owner.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.load(Relaxed).is_null()
    }

    fn own(task: *mut Header) -> Option<Runnable> {
        // SAFETY: the pointer came from a runnable that was put down here, and the
        // exchange gave it to this thread alone.
        NonNull::new(task).map(|task| unsafe { Runnable::from_task(task) })
    }
}

impl Drop for RunnableSlot {
    fn drop(&mut self) {
        drop(self.take());
    }
}
