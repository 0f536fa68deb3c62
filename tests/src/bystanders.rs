//! **How does a test do what the others must not see?** It waits until each of
//! them is over or waits for the same, and lets none begin meanwhile.
//!
//! ```text
//!   enter()               a test begins; not while somebody waits for all
//!   wait_for_all(deed)    deed() when all who are in have come here
//!   drop(Bystander)       a test is over
//! ```

use std::sync::{Condvar, Mutex, PoisonError};

struct Present {
    /// Tests that are on, those that wait included.
    inside: usize,
    /// Tests in [`wait_for_all`].
    waiting: usize,
}

static PRESENT: Mutex<Present> = Mutex::new(Present {
    inside: 0,
    waiting: 0,
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
        // Fewer inside than waiting: the harness gave this test up as hung.
        .wait_while(present, |p| p.inside > p.waiting)
        .unwrap_or_else(PoisonError::into_inner);
    // Under the lock, so that those who wait as well come one after the other.
    let done = deed();
    present.waiting -= 1;
    CHANGED.notify_all();
    done
}
