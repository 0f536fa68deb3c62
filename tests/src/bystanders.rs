//! **How does a test do what the others must not see?** It waits until each of
//! them is over or waits for the same, and lets none begin meanwhile.
//!
//! ```text
//!   enter()               a test begins; not while somebody waits for all
//!   wait_for_all(deed)    deed(), one after the other, when all who are in have come
//!                         here; then the door is open again
//!   drop(Bystander)       a test is over
//! ```
//!
//! If a test hangs, those that wait for it are given up like it, by the harness.

use std::sync::{Condvar, Mutex, PoisonError};

struct Present {
    /// Tests that are on, those that wait included.
    inside: usize,
    /// Tests that have come to [`wait_for_all`] since the door was open.
    waiting: usize,
    /// Those of them whose turn has come.
    served: usize,
}

static PRESENT: Mutex<Present> = Mutex::new(Present {
    inside: 0,
    waiting: 0,
    served: 0,
});
static CHANGED: Condvar = Condvar::new();

/// A test that is on.
pub(crate) struct Bystander(());

/// Called where a test begins, on a thread that does not hang with it.
pub(crate) fn enter() -> Bystander {
    let present = PRESENT.lock().unwrap_or_else(PoisonError::into_inner);
    let mut present = CHANGED
        .wait_while(present, |p| p.waiting > 0)
        .unwrap_or_else(PoisonError::into_inner);
    present.inside += 1;
    Bystander(())
}

impl Drop for Bystander {
    fn drop(&mut self) {
        PRESENT
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .inside -= 1;
        CHANGED.notify_all();
    }
}

/// Called within a test: does `deed` while all the others stand still.
pub(crate) fn wait_for_all<T>(deed: impl FnOnce() -> T) -> T {
    let mut present = PRESENT.lock().unwrap_or_else(PoisonError::into_inner);
    present.waiting += 1;
    CHANGED.notify_all();
    let mut present = CHANGED
        // Fewer inside than waiting: one of these was given up.
        .wait_while(present, |p| p.inside > p.waiting)
        .unwrap_or_else(PoisonError::into_inner);
    present.served += 1;
    if present.served == present.waiting {
        (present.waiting, present.served) = (0, 0);
        CHANGED.notify_all();
    }
    // Still under the lock: nobody else is served, and nobody comes in.
    deed()
}
