//! **Where is a task in its life, and who owes it what?** One word tells: six
//! lifecycle bits, the task's key in its executor's registry, a reference count.
//! Each arrow below is one function of this file and one locked instruction.
//!
//! ```text
//!                    ┌───────── (2) wake ─────────┐
//!                    ▼                            │
//!   (1) new ──► SCHEDULED ──(3) start──► being polled ──pending──► idle
//!                 │    ▲                   │   │                    │
//!                 │    └────(2) wake───────┘   │ ready              │
//!                 │    └────(2) wake, (6) abort─────────────────────┘
//!                 │                            │
//!    CANCELLED ───┴──(3) start says Cancel──►  │
//!                                              ▼
//!                                      (4) COMPLETE ──► output taken or dropped
//! ```
//!
//! That is the life under an executor that polls on *one thread* at a time (the
//! holder of the loop's token, a `LocalSet`'s thread). Nothing marks a task that is
//! being polled: a wake meanwhile queues it at once, and the loop comes to it after
//! the poll. That saves the locked instruction at the end of every poll: a wake-up
//! costs three, for clone (7), wake (2) and start (3).
//!
//! An executor of *many threads* could not do so: another thread would take the
//! runnable and poll the task a second time. There (3) marks the task RUNNING, a
//! wake then only sets SCHEDULED beside that, and the fourth instruction, (10) stop,
//! tells the thread that polled whether it has to queue the task again:
//!
//! ```text
//!   SCHEDULED ──(3) start──► RUNNING ──(10) stop──► idle
//!       ▲                     │   │                  │ ▲
//!       │                 (2) wake│                  │ └─ (11) claim: RUNNING, to end it
//!       │                     ▼   └──(4) COMPLETE    │
//!       └──(10) stop── SCHEDULED|RUNNING             │
//!       └─────────────────(2) wake───────────────────┘
//! ```
//!
//! Which of the two it is, the owner says ([`Owner`](super::Owner)); wakers and
//! handles need not know.
//!
//! # Who holds references
//!
//! | holder | released |
//! |---|---|
//! | the executor: **one**, for its registry and its queues together | by whoever is last of: [`complete`](State::complete), and the pop or drop of the runnable ([`start`](State::start), [`unschedule`](State::unschedule)) |
//! | the JoinHandle, each AbortHandle | on drop |
//! | each waker | on drop, or by being spent in [`wake_by_value`](State::wake_by_value) |
//!
//! A [`Runnable`](super::Runnable) holds no reference of its own: SCHEDULED without
//! RUNNING stands for it. While that is so, exactly one runnable exists or is on its
//! way into a queue, and the executor's reference outlives it. This is what lets
//! a wake by value move from waker to queue with one compare-exchange.
//!
//! # Invariants
//!
//! - SCHEDULED is set by whoever then owns the new runnable, and cleared only by
//!   the owner of that runnable. Set beside RUNNING, it makes no runnable: the
//!   thread that runs the task does, when it stops.
//! - RUNNING is set by the owner of the runnable, or by who claims an idle task, and
//!   cleared by the same thread. It is the sole right to the stage meanwhile.
//! - COMPLETE is set once, by the executor, after the outcome was written. Once
//!   it is set, a wake creates no runnable.
//! - The join waker's slot belongs to the JoinHandle while JOIN_WAKER is clear
//!   and the task is not complete; to the executor from the moment it completes
//!   the task with JOIN_WAKER set.
//! - The outcome belongs to the executor before COMPLETE; after it to the
//!   JoinHandle if JOIN_INTEREST was set then, else to the executor.
//!
//! # Memory ordering
//!
//! Every site is an `AcqRel` read-modify-write (or a compare-exchange with those
//! orders), so each reads all that earlier ones in the word's modification order
//! published. What matters:
//!
//! - (2) wake, release, pairs with (3) start, acquire: the poll sees what the
//!   waker's thread wrote before it woke. A wake does its RMW *even when
//!   SCHEDULED is set already*: a plain load that found the bit would publish
//!   nothing, and the coming poll could miss the news.
//! - (10) stop, release, pairs with the next (3) start, acquire, or (11) claim: the
//!   thread that polls next sees what this poll left in the future. Between the two
//!   stand only read-modify-writes, so the release is not cut off.
//! - (2) wake while RUNNING, release, pairs with (10) stop, acquire.
//! - (4) complete, release, pairs with the JoinHandle's acquire load of COMPLETE:
//!   it then reads the outcome.
//! - (5) JOIN_WAKER set, release, pairs with (4) complete, acquire: the executor
//!   then reads the waker.
//! - (8) release of a reference pairs with the last one's acquire: whoever frees
//!   the cell sees all uses of it.
//! - (7) clone is `Relaxed`, as in `std::sync::Arc`: whoever clones has a
//!   reference, and nothing is published by making another. So is the key, which
//!   only the executor sets and reads.
//!
//! Lineage: the word with its count is tokio's (`task/state.rs`); polling without
//! a running state is embassy's (`raw/state_atomics.rs`).
//!
//! Read next: `cell.rs`, what the word guards.

use crate::loom::sync::atomic::AtomicU64;
use crate::loom::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

/// A runnable for this task exists.
const SCHEDULED: u64 = 1;
/// The outcome is written; the future is gone.
const COMPLETE: u64 = 1 << 1;
/// Somebody asked for the task to end.
const CANCELLED: u64 = 1 << 2;
/// A JoinHandle exists, and will take or drop the outcome.
const JOIN_INTEREST: u64 = 1 << 3;
/// The join waker's slot is filled, and the executor may read it.
const JOIN_WAKER: u64 = 1 << 4;
/// A thread polls or ends the task. Set by executors of many threads only.
const RUNNING: u64 = 1 << 5;
/// The task's key in its registry, plus one; 0 while it has none. The key rides here
/// because the word has room for it and the task's cell, to the byte, has not (see
/// `cell.rs`).
const KEY_SHIFT: u32 = 6;
const KEY_BITS: u32 = 28;
const KEY: u64 = ((1 << KEY_BITS) - 1) << KEY_SHIFT;
/// Keys there are. 268 million tasks need 28 GB at the least.
pub(super) const KEYS: u32 = (1 << KEY_BITS) - 1;
/// One reference. There is room for a billion: 16 GB of wakers of one task.
const REFERENCE: u64 = 1 << (KEY_SHIFT + KEY_BITS);
/// Past this the count would soon wrap.
const MAX: u64 = u64::MAX / 4 * 3;

/// What a wake has to do next.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// The caller owns the new runnable: queue it.
    Schedule,
    /// Nothing: the task is queued already, or complete.
    Nothing,
    /// The last reference is gone: free the cell.
    Free,
}

/// What a popped runnable stands for.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// Poll the future.
    Poll,
    /// Drop the future; its outcome is "cancelled".
    Cancel,
    /// The task completed while it was queued: release the executor's reference.
    Release,
}

/// What stood in the word when the task completed.
#[must_use]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Completed(u64);

impl Completed {
    /// The outcome is the JoinHandle's; otherwise it is to be dropped now.
    pub(crate) fn join_interest(self) -> bool {
        self.0 & JOIN_INTEREST != 0
    }

    /// The join waker is the executor's to take and to wake.
    pub(crate) fn join_waker(self) -> bool {
        self.0 & JOIN_WAKER != 0
    }

    /// A runnable still exists; its owner will release the executor's reference.
    pub(crate) fn scheduled(self) -> bool {
        self.0 & (SCHEDULED | RUNNING) == SCHEDULED
    }
}

/// What the dropped JoinHandle leaves to do.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Detach {
    /// Interest and reference are given up, in one instruction.
    Done,
    /// The same, and it was the last reference: free the cell.
    Free,
    /// Drop the waker in the slot, then the reference.
    DropWaker,
    /// Drop the outcome, then the reference.
    DropOutcome,
}

/// The state word of one task.
#[derive(Debug)]
pub(crate) struct State(AtomicU64);

impl State {
    /// (1) A task that is scheduled from birth, with two references: the
    /// executor's and the JoinHandle's.
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(SCHEDULED | JOIN_INTEREST | (2 * REFERENCE)))
    }

    /// (2) A wake that keeps its waker.
    #[inline]
    pub(crate) fn wake(&self) -> Wake {
        self.make_runnable(SCHEDULED)
    }

    /// (2) A wake that spends its waker's reference.
    ///
    /// A task that is not complete can't lose its last reference here: the
    /// executor holds one.
    #[inline]
    pub(crate) fn wake_by_value(&self) -> Wake {
        let mut now = self.0.load(Relaxed);
        loop {
            let next = (now | SCHEDULED) - REFERENCE;
            match self.0.compare_exchange(now, next, AcqRel, Relaxed) {
                Ok(_) if now & (SCHEDULED | RUNNING | COMPLETE) == 0 => return Wake::Schedule,
                Ok(_) if next < REFERENCE => return Wake::Free,
                Ok(_) => return Wake::Nothing,
                Err(actual) => now = actual,
            }
        }
    }

    /// (3) The executor popped the runnable: it is spent here. On an executor of
    /// many threads the task is RUNNING from here on, until [`stop`](Self::stop) or
    /// [`complete`](Self::complete).
    #[inline]
    pub(crate) fn start(&self, many_threads: bool) -> Start {
        // The bits are known: SCHEDULED is set and RUNNING clear. So a difference
        // moves them, which unlike a mask is one instruction that says what was there.
        let change = if many_threads {
            RUNNING.wrapping_sub(SCHEDULED)
        } else {
            SCHEDULED.wrapping_neg()
        };
        let before = self.0.fetch_add(change, AcqRel);
        debug_assert!(
            before & (SCHEDULED | RUNNING) == SCHEDULED,
            "a runnable without its bit"
        );
        if before & COMPLETE != 0 {
            Start::Release
        } else if before & CANCELLED != 0 {
            Start::Cancel
        } else {
            Start::Poll
        }
    }

    /// (3) A runnable is dropped unpolled. True if the task was complete: then
    /// the executor's reference is the caller's to release.
    pub(crate) fn unschedule(&self) -> bool {
        self.0.fetch_and(!SCHEDULED, AcqRel) & COMPLETE != 0
    }

    /// (10) A poll by one of many threads is over, and the task waits. True if it was
    /// woken meanwhile: then the caller owns its new runnable.
    #[inline]
    pub(crate) fn stop(&self) -> bool {
        let before = self.0.fetch_sub(RUNNING, AcqRel);
        debug_assert!(before & RUNNING != 0, "stopped without having started");
        before & SCHEDULED != 0
    }

    /// (4) The outcome is written. A task that is RUNNING is so no longer.
    #[inline]
    pub(crate) fn complete(&self, running: bool) -> Completed {
        let change = if running {
            COMPLETE.wrapping_sub(RUNNING)
        } else {
            COMPLETE
        };
        let before = self.0.fetch_add(change, AcqRel);
        debug_assert!(before & COMPLETE == 0, "completed twice");
        debug_assert!((before & RUNNING != 0) == running);
        Completed(before)
    }

    /// (5) The JoinHandle filled the slot. False if the task completed meanwhile:
    /// the slot is still the JoinHandle's.
    pub(crate) fn set_join_waker(&self) -> bool {
        self.update_unless_complete(|now| now | JOIN_WAKER)
            .is_some()
    }

    /// (5) The JoinHandle wants its slot back. False if the task completed: the
    /// slot is the executor's.
    pub(crate) fn unset_join_waker(&self) -> bool {
        self.update_unless_complete(|now| now & !JOIN_WAKER)
            .is_some()
    }

    /// (6) Asks for the end. `Schedule`: queue the runnable, so that the executor
    /// drops the future on its own thread.
    pub(crate) fn abort(&self) -> Wake {
        self.make_runnable(SCHEDULED | CANCELLED)
    }

    /// (6) The same by the executor itself, which needs no runnable to act.
    /// False if the task is complete.
    pub(crate) fn cancel(&self) -> bool {
        self.0.fetch_or(CANCELLED, AcqRel) & COMPLETE == 0
    }

    /// (11) The same by one of an executor's many threads, while others may poll. True
    /// if the task was idle: then it is RUNNING, and the caller's to end. Otherwise
    /// whoever runs it, or owns its runnable, comes upon the request.
    pub(crate) fn claim(&self) -> bool {
        let is_idle = |word| word & (SCHEDULED | RUNNING) == 0;
        let before = self.update_unless_complete(|now| {
            let bits = if is_idle(now) { RUNNING } else { SCHEDULED };
            now | CANCELLED | bits
        });
        before.is_some_and(is_idle)
    }

    /// (7) One more reference.
    #[inline]
    pub(crate) fn clone_reference(&self) {
        if self.0.fetch_add(REFERENCE, Relaxed) > MAX {
            // As in `Arc`: so many references exist only when somebody forgets them.
            std::process::abort();
        }
    }

    /// (8) One reference less. True if it was the last: free the cell.
    #[inline]
    pub(crate) fn release(&self) -> bool {
        // The only holder of the only reference: nobody can make another, so the
        // word is not contended and needs no locked instruction.
        if self.0.load(Acquire) < 2 * REFERENCE {
            return true;
        }
        let before = self.0.fetch_sub(REFERENCE, AcqRel);
        before < 2 * REFERENCE
    }

    /// (9) The JoinHandle is dropped.
    #[inline]
    pub(crate) fn detach(&self) -> Detach {
        // A loop of its own: through `update_unless_complete` a task that is spawned and
        // joined takes 15 instructions more (of 1,023).
        let mut now = self.0.load(Acquire);
        loop {
            if now & COMPLETE != 0 {
                return Detach::DropOutcome;
            }
            let waker = now & JOIN_WAKER != 0;
            let mut next = now & !(JOIN_INTEREST | JOIN_WAKER);
            if !waker {
                next -= REFERENCE;
            }
            match self.0.compare_exchange(now, next, AcqRel, Acquire) {
                Ok(_) if waker => return Detach::DropWaker,
                Ok(_) if next < REFERENCE => return Detach::Free,
                Ok(_) => return Detach::Done,
                Err(actual) => now = actual,
            }
        }
    }

    /// The task's key in its registry, if it is registered. For its executor.
    #[inline]
    pub(super) fn key(&self) -> Option<u32> {
        (((self.0.load(Relaxed) & KEY) >> KEY_SHIFT) as u32).checked_sub(1)
    }

    /// Notes the key, once. For the executor.
    pub(super) fn set_key(&self, key: u32) {
        debug_assert!(key < KEYS && self.key().is_none());
        self.0.fetch_or(u64::from(key + 1) << KEY_SHIFT, Relaxed);
    }

    /// The same without a locked instruction, for a task that nobody else can
    /// reach yet.
    #[inline]
    pub(super) fn set_key_unshared(&self, key: u32) {
        debug_assert!(key < KEYS && self.key().is_none());
        let now = self.0.load(Relaxed);
        self.0
            .store(now | (u64::from(key + 1) << KEY_SHIFT), Relaxed);
    }

    /// Has the outcome been written? `Acquire`: then it may be read.
    #[inline]
    pub(crate) fn is_complete(&self) -> bool {
        self.0.load(Acquire) & COMPLETE != 0
    }

    /// Is a waker in the slot? Asked by the JoinHandle, the only one to set it.
    #[inline]
    pub(crate) fn has_join_waker(&self) -> bool {
        self.0.load(Relaxed) & JOIN_WAKER != 0
    }

    /// Sets `bits`, SCHEDULED among them: who owns the runnable that comes of it?
    #[inline]
    fn make_runnable(&self, bits: u64) -> Wake {
        let before = self.0.fetch_or(bits, AcqRel);
        if before & (SCHEDULED | RUNNING | COMPLETE) == 0 {
            Wake::Schedule
        } else {
            Wake::Nothing
        }
    }

    /// What stood in the word before the change. `None`: the task is complete, and
    /// nothing was changed.
    #[inline]
    fn update_unless_complete(&self, change: impl Fn(u64) -> u64) -> Option<u64> {
        let change = |now| (now & COMPLETE == 0).then(|| change(now));
        self.0.fetch_update(AcqRel, Acquire, change).ok()
    }
}
