//! **How often did this thread find a lock held by another?** A number for each thread,
//! counted only on the way of a lock that is not free, so that one that is costs nothing
//! more.
//!
//! Two cores that want one lock again and again pass its cache line to and fro, and what
//! it guards; the executor, which alone can do something about it, reads this number
//! (`executor/multi_thread/crowd.rs`).

use std::cell::Cell;

thread_local! {
    static FOUND_HELD: Cell<u32> = const { Cell::new(0) };
}

/// A lock was not free.
#[cold]
pub(crate) fn note() {
    // A thread that ends has locals no more, and nobody to read them.
    let _ = FOUND_HELD.try_with(|count| count.set(count.get().wrapping_add(1)));
}

/// How often that was since this thread was last asked.
pub(crate) fn take() -> u32 {
    FOUND_HELD.try_with(Cell::take).unwrap_or(0)
}
