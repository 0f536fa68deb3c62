//! **How is one waiter woken once the lock is released?** At once, and, by a
//! receiver, so that its panic stays where it is.
//!
//! Many waiters at a time are `util/wake_batch.rs`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// Wakes somebody, if there is somebody. No lock may be held.
#[inline]
pub(crate) fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// Wakes somebody on the way out with a message in hand. A waker that panics
/// would take the message with it; so its panic ends here, where the panic hook
/// has reported it. No lock may be held.
#[inline]
pub(super) fn wake_in_passing(waker: Option<Waker>) {
    if let Some(waker) = waker {
        let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
    }
}
