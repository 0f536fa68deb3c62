//! **Which task is this?** Each has a number, handed out in spawn order on its
//! thread, never used twice in a process.
//!
//! A shared counter would cost a locked instruction per spawn. So each thread
//! takes 64 numbers at a time and hands them out without one.

use std::cell::Cell;
use std::fmt;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Names a task among all of this process.
///
/// Numbers rise in spawn order on one thread; between threads they say nothing
/// about order.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id(NonZeroU64);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

const BLOCK: u64 = 64;

/// The first number that no thread has taken. (Not the shim's: a number orders
/// nothing.)
static NEXT_BLOCK: AtomicU64 = AtomicU64::new(1);

thread_local! {
    /// The next number of this thread's block. Blocks start at one above a
    /// multiple of `BLOCK`, so to stand on such a number is to be at a block's end.
    static NEXT: Cell<u64> = const { Cell::new(1) };
    /// The task whose code runs on this thread.
    static CURRENT: Cell<Option<Id>> = const { Cell::new(None) };
}

impl Id {
    /// A number that no task had before.
    pub(crate) fn next() -> Id {
        let take = |next: &Cell<u64>| {
            let mut n = next.get();
            if n % BLOCK == 1 {
                n = NEXT_BLOCK.fetch_add(BLOCK, Relaxed);
            }
            next.set(n + 1);
            n
        };
        // A thread that is being torn down takes a block for the one number.
        let n = NEXT
            .try_with(take)
            .unwrap_or_else(|_| NEXT_BLOCK.fetch_add(BLOCK, Relaxed));
        Id(NonZeroU64::new(n).expect("task numbers start at 1"))
    }
}

/// The task that runs on this thread.
///
/// # Panics
///
/// Outside of a task, also in the future that `block_on` polls.
#[track_caller]
pub fn id() -> Id {
    try_id().expect("Can't get a task id when not inside a task")
}

/// The task that runs on this thread, if one does.
pub fn try_id() -> Option<Id> {
    CURRENT.try_with(Cell::get).unwrap_or(None)
}

/// Notes the task whose code is about to run on this thread; returns the one
/// whose code did, to put back.
#[inline]
pub(crate) fn replace(id: Option<Id>) -> Option<Id> {
    CURRENT.try_with(|c| c.replace(id)).unwrap_or(None)
}

/// Code of task `id` runs on this thread, until the guard is dropped.
#[inline]
pub(crate) fn enter(id: Id) -> Entered {
    Entered(replace(Some(id)))
}

/// See [`enter`].
pub(crate) struct Entered(Option<Id>);

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        replace(self.0);
    }
}
