//! **How much does the allocator really give?** What `malloc_usable_size` says
//! of every block, which is what a program pays, not what it asked for.
//!
//! [`CountingAlloc`] passes every call on to the system's allocator. Only while
//! [`live_bytes_of`] runs does it also add up; otherwise it costs one load of a
//! flag that never changes, so that the rows about time are not touched by it.
//! A binary that wants to count installs it as its global allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

static COUNTING: AtomicBool = AtomicBool::new(false);
static LIVE: AtomicI64 = AtomicI64::new(0);

/// The system's allocator with a counter of live bytes.
#[derive(Debug)]
pub struct CountingAlloc;

/// Adds `sign` times the block's size, header excluded, as malloc rounded it.
#[cold]
fn count(block: *mut u8, sign: i64) {
    // SAFETY: `block` came from the system's allocator, whose blocks are
    // malloc's, and is not freed yet; a null pointer is allowed and gives 0.
    let bytes = unsafe { libc::malloc_usable_size(block.cast()) };
    LIVE.fetch_add(sign * bytes as i64, Ordering::Relaxed);
}

/// Relaxed throughout: whoever reads the sum has ordered itself after the
/// allocations by other means (it made them, or awaited those who did).
fn counting() -> bool {
    COUNTING.load(Ordering::Relaxed)
}

// SAFETY: every call goes to `System` unchanged; counting touches no block.
unsafe impl GlobalAlloc for CountingAlloc {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those of `System`.
        let block = unsafe { System.alloc(layout) };
        if counting() {
            count(block, 1);
        }
        block
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those of `System`.
        let block = unsafe { System.alloc_zeroed(layout) };
        if counting() {
            count(block, 1);
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if counting() {
            count(block, -1);
        }
        // SAFETY: the caller's promises are those of `System`.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if counting() {
            count(block, -1);
        }
        // SAFETY: the caller's promises are those of `System`.
        let moved = unsafe { System.realloc(block, layout, new_size) };
        if counting() {
            count(moved, 1);
        }
        moved
    }
}

/// How many bytes more are live after `work` than before.
///
/// # Panics
///
/// If [`CountingAlloc`] is not the global allocator: the answer would be 0.
pub fn live_bytes_of(work: impl FnOnce()) -> i64 {
    COUNTING.store(true, Ordering::Relaxed);
    LIVE.store(0, Ordering::Relaxed);
    let probe = black_box(Box::new(0u64));
    assert!(
        LIVE.load(Ordering::Relaxed) >= 8,
        "nothing is counted: make `CountingAlloc` this binary's #[global_allocator]"
    );
    drop(probe);
    let before = LIVE.load(Ordering::Relaxed);
    work();
    let after = LIVE.load(Ordering::Relaxed);
    COUNTING.store(false, Ordering::Relaxed);
    after - before
}
