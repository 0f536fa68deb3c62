//! **Is this the thread that it was?** Each thread has a number of its own, never
//! used twice, at the cost of a thread-local load. (`thread::current().id()` counts
//! a reference up and down for it, two locked instructions.)

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The number that no thread has yet. (Not the shim's: it orders nothing.)
static NEXT: AtomicU64 = AtomicU64::new(1);

thread_local! {
    /// 0 until it is asked for.
    static NUMBER: Cell<u64> = const { Cell::new(0) };
}

/// The calling thread's number.
#[inline]
pub(crate) fn number() -> u64 {
    NUMBER.with(|number| {
        if number.get() == 0 {
            number.set(NEXT.fetch_add(1, Relaxed));
        }
        number.get()
    })
}
