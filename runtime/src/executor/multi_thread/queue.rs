//! **In which order do a worker's tasks run, and what may others take from it?**
//!
//! ```text
//!   a wake by a task ──► LIFO slot ──┐ pop: the slot first, thrice in a row at most,
//!                          │ full    ├──► then the front of the deque
//!                          ▼         │
//!   spawn, yield ───────► deque ─────┘
//!                           ▲  front: thieves take half, in batches
//!   other threads ──► injector: workers take a batch when they have nothing, and
//!                     another at each look around
//! ```
//!
//! The deque is first in, first out, so that no task waits for ever behind younger
//! ones. Before it stands the *LIFO slot*: the task that the running one woke last
//! runs next, while what it was sent is still in the cache. Nobody is roused for a
//! task in the slot, and thieves leave it alone: it is about to run here. Two tasks
//! that wake each other could own the worker so; after three polls from the slot in a
//! row, the next of them goes to the back of the deque, behind all others.
//!
//! A worker in a long poll holds its slot hostage. So whoever watches may take it from
//! one that is stuck (`watch.rs`).
//!
//! The deque grows as it must and never overflows into the injector, as tokio's
//! array of 256 does; what that gives tokio in fairness, batches give here: a thief
//! takes half of a long queue, 32 at most.
//!
//! # What it costs
//!
//! | step | locked instructions |
//! |---|---|
//! | push to the deque | none (`idle.rs` counts the fence of a spawn) |
//! | pop from the deque | one |
//! | put into the slot | none if it is empty, else one |
//! | take from the slot | one |
//! | steal a batch | one fence and one exchange, whatever its size |
//! | inject | two |
//!
//! # Memory ordering
//!
//! The deque and the injector are crossbeam's; the slot's are in `task/slot.rs`. Under
//! loom, which can't see into crossbeam, a stand-in (`loom/deque.rs`) keeps the tasks
//! under a lock that loom does not see either, and tells thieves its length in a loom
//! atomic: stored with `Release`, read with `Acquire`, as crossbeam does with its
//! indices. So a model gets from the queue no more order than the real one gives.
//!
//! Sources: the slot and its limit of three are tokio's (`multi_thread/worker.rs`,
//! issues 4941, 5712), which took it from Go's `runnext`.
//!
//! Read next: `idle.rs`, who is roused for a push.

use std::cell::Cell;
use std::sync::Arc;

pub(super) use crate::loom::deque::{Injector, Steal};
use crate::loom::deque::{Stealer, Worker as Deque};
use crate::task::{Runnable, RunnableSlot};

/// Polls from the LIFO slot in a row.
const LIFO_POLLS: u8 = 3;

/// A worker's end of its queue.
pub(super) struct RunQueue {
    deque: Deque<Runnable>,
    others: Arc<ThievesEnd>,
    lifo_polls: Cell<u8>,
}

/// What others may do with a worker's queue.
pub(super) struct ThievesEnd {
    stealer: Stealer<Runnable>,
    slot: RunnableSlot,
}

impl RunQueue {
    pub(super) fn new() -> Self {
        let deque = Deque::new_fifo();
        let others = Arc::new(ThievesEnd {
            stealer: deque.stealer(),
            slot: RunnableSlot::new(),
        });
        Self {
            deque,
            others,
            lifo_polls: Cell::new(0),
        }
    }

    pub(super) fn others(&self) -> &Arc<ThievesEnd> {
        &self.others
    }

    /// To the back.
    #[inline]
    pub(super) fn push(&self, runnable: Runnable) {
        self.deque.push(runnable);
    }

    /// Into the slot. True if another task had to make room, to the back of the deque.
    #[inline]
    #[must_use]
    pub(super) fn push_next(&self, runnable: Runnable) -> bool {
        let displaced = self.others.slot.put(runnable);
        let full = displaced.is_some();
        if let Some(displaced) = displaced {
            self.deque.push(displaced);
        }
        full
    }

    /// What runs next.
    #[inline]
    pub(super) fn pop(&self) -> Option<Runnable> {
        if let Some(next) = self.others.slot.take() {
            if self.lifo_polls.get() < LIFO_POLLS {
                self.lifo_polls.set(self.lifo_polls.get() + 1);
                return Some(next);
            }
            self.deque.push(next);
        }
        self.lifo_polls.set(0);
        self.deque.pop()
    }

    /// Is there nothing to run?
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.deque.is_empty() && self.others.slot.is_empty()
    }

    /// How many are ready, that in the slot not counted.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.deque.len()
    }

    /// A batch of what the injector holds, of no more than so many; its first comes back.
    pub(super) fn take_from(&self, injector: &Injector<Runnable>, most: u32) -> Steal<Runnable> {
        injector.steal_batch_with_limit_and_pop(&self.deque, most as usize)
    }

    /// Half of what another worker holds, its slot left alone; the first comes back.
    pub(super) fn steal_from(&self, victim: &ThievesEnd) -> Steal<Runnable> {
        victim.stealer.steal_batch_and_pop(&self.deque)
    }
}

impl ThievesEnd {
    /// Is there anything to steal?
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.stealer.is_empty()
    }

    /// How many are ready.
    pub(super) fn len(&self) -> usize {
        self.stealer.len() + usize::from(!self.slot.is_empty())
    }

    /// The task in the slot of a worker that is stuck.
    pub(super) fn take_slot(&self) -> Option<Runnable> {
        self.slot.take()
    }
}

#[cfg(all(test, not(loom)))]
#[path = "queue_tests.rs"]
mod tests;
