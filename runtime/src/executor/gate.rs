//! **Who drives the loop, is it asleep, and what came for it from outside?** One
//! short lock answers all three, so that no two answers can contradict.
//!
//! ```text
//!   thread A: block_on ──arrive──► drives ─────────leave──► …
//!   thread B: block_on ──arrive──► waits, polls its own ───► arrive again: drives
//!                                  future, parks between
//!   other threads:      push(runnable), call(seat)
//! ```
//!
//! The loop is driven by one thread at a time: the holder of the *token*, which
//! is nothing but the name of its [`Seat`] at the desk. Everyone else who is in
//! `block_on` waits: polls only its own future, parks between polls, and takes
//! over when the holder leaves.
//!
//! # Sleeping
//!
//! Before the loop sleeps it asks [`sleep`](Gate::sleep): under the lock, "did
//! anything come?", and if not, "I am asleep". Whoever brings something locks the
//! same desk, leaves it, and if the loop was asleep takes that mark away and
//! owes it an unpark. So exactly one of many senders makes the system call, and
//! none does while the loop is awake. (With atomics instead of the lock this is
//! the store-buffer pattern and needs a `SeqCst` fence on both sides; the lock
//! costs 12 ns beside a system call of 300 or more.)
//!
//! # The hint
//!
//! [`has_mail`](Gate::has_mail) is a relaxed load of a flag that is only written
//! under the lock. The loop reads it between polls. Read too early it is merely
//! late: the loop reads it again before long, and `sleep` doesn't trust it.
//!
//! # Invariants
//!
//! - At most one seat drives; only it may touch the loop.
//! - `asleep` implies an empty inbox and no call; whoever clears it other than
//!   the sleeper unparks the sleeper.
//! - If nobody drives and somebody waits, the first of those has been unparked,
//!   or is about to ask.
//! - Once closed, the inbox stays empty.
//!
//! Memory ordering: none of its own, but the seat's `woken` flag, an `AcqRel`
//! swap on both sides: [`Seat::mark_woken`] publishes what its thread wrote, and
//! [`Seat::take_wake`] reads it before the poll.
//!
//! Read next: `current_thread.rs`, the loop.

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use crate::loom::sync::Mutex;
use crate::loom::sync::atomic::AtomicBool;
use crate::loom::sync::atomic::Ordering::{AcqRel, Relaxed};
use crate::park::Token;
use crate::task::Runnable;

/// One call of `block_on`: its future's wake flag, and the thread to rouse.
///
/// `O` is what the executor needs to find itself again from a waker; the gate
/// doesn't look at it.
pub(super) struct Seat<O> {
    woken: AtomicBool,
    turn: Token,
    pub(super) owner: O,
}

impl<O> Seat<O> {
    /// A seat that is woken from birth: a future is polled once before anyone
    /// wakes it.
    pub(super) fn new(owner: O) -> Arc<Self> {
        Arc::new(Self {
            woken: AtomicBool::new(true),
            turn: Token::default(),
            owner,
        })
    }

    /// Marks the future as woken. False if it was already.
    pub(super) fn mark_woken(&self) -> bool {
        !self.woken.swap(true, AcqRel)
    }

    /// Was it woken since the last poll?
    pub(super) fn take_wake(&self) -> bool {
        self.woken.swap(false, AcqRel)
    }

    /// Sleeps until the turn to drive may have come, or the future was woken.
    pub(super) fn park(&self) {
        self.turn.park();
    }

    /// Rouses the thread that waits in `park`.
    pub(super) fn unpark(&self) {
        self.turn.unpark();
    }
}

/// Who is owed an unpark after a message was left.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Rouse {
    /// The loop is awake and will find it.
    Nobody,
    /// The loop sleeps in its parker.
    Loop,
    /// The seat's thread waits for the token.
    Thread,
}

/// What stands on the desk.
struct Desk<O> {
    /// Runnables from other threads, in order.
    inbox: Vec<Runnable>,
    /// The driving seat's future was woken by another thread.
    called: bool,
    /// Who holds the token.
    driving: Option<Arc<Seat<O>>>,
    /// Who would like to, first come first served.
    waiting: VecDeque<Arc<Seat<O>>>,
    asleep: bool,
    closed: bool,
}

impl<O> Desk<O> {
    /// The loop's sleep is over, if it slept: the caller owes it an unpark.
    fn rouse(&mut self) -> Rouse {
        if mem::take(&mut self.asleep) {
            Rouse::Loop
        } else {
            Rouse::Nobody
        }
    }
}

/// The door between the loop's thread and all others.
pub(super) struct Gate<O> {
    desk: Mutex<Desk<O>>,
    mail: AtomicBool,
}

impl<O> Gate<O> {
    pub(super) fn new() -> Self {
        Self {
            desk: Mutex::new(Desk {
                inbox: Vec::new(),
                called: false,
                driving: None,
                waiting: VecDeque::new(),
                asleep: false,
                closed: false,
            }),
            mail: AtomicBool::new(false),
        }
    }

    /// Asks for the token. True: this seat drives now, until it leaves. False:
    /// it stands in line, and its thread is unparked when its turn may have come.
    pub(super) fn arrive(&self, seat: &Arc<Seat<O>>) -> bool {
        let mut desk = self.desk.lock();
        let place = desk.waiting.iter().position(|s| Arc::ptr_eq(s, seat));
        if desk.driving.is_some() {
            if place.is_none() {
                desk.waiting.push_back(seat.clone());
            }
            return false;
        }
        if let Some(place) = place {
            desk.waiting.remove(place);
        }
        desk.driving = Some(seat.clone());
        true
    }

    /// Gives up the token, or the place in line, and lets the next one in.
    pub(super) fn leave(&self, seat: &Arc<Seat<O>>) {
        let mut desk = self.desk.lock();
        let drove = matches!(&desk.driving, Some(driving) if Arc::ptr_eq(driving, seat));
        let left = if drove {
            desk.asleep = false;
            desk.called = false;
            desk.driving.take()
        } else {
            let place = desk.waiting.iter().position(|s| Arc::ptr_eq(s, seat));
            place.and_then(|place| desk.waiting.remove(place))
        };
        let next = match &desk.driving {
            Some(_) => None,
            None => desk.waiting.front().cloned(),
        };
        drop(desk);
        drop(left);
        if let Some(next) = next {
            next.unpark();
        }
    }

    /// Leaves a runnable for the loop. The runnable comes back if the gate is closed.
    pub(super) fn push(&self, runnable: Runnable) -> Result<Rouse, Runnable> {
        let mut desk = self.desk.lock();
        if desk.closed {
            return Err(runnable);
        }
        desk.inbox.push(runnable);
        self.mail.store(true, Relaxed);
        Ok(desk.rouse())
    }

    /// Tells a seat's thread that its future was woken.
    pub(super) fn call(&self, seat: &Arc<Seat<O>>) -> Rouse {
        let mut desk = self.desk.lock();
        match &desk.driving {
            Some(driving) if Arc::ptr_eq(driving, seat) => {
                desk.called = true;
                self.mail.store(true, Relaxed);
                desk.rouse()
            }
            _ => Rouse::Thread,
        }
    }

    /// Has the loop look around, though nothing came. One that is about to sleep
    /// must not: it is called, as if its main future had been woken.
    pub(super) fn nudge(&self) -> Rouse {
        let mut desk = self.desk.lock();
        desk.called = true;
        self.mail.store(true, Relaxed);
        desk.rouse()
    }

    /// Did something come? A hint; see above.
    #[inline]
    pub(super) fn has_mail(&self) -> bool {
        self.mail.load(Relaxed)
    }

    /// How many runnables wait in the inbox.
    pub(super) fn inbox_len(&self) -> usize {
        self.desk.lock().inbox.len()
    }

    /// Swaps the inbox for an empty one. True if the driving seat was called.
    pub(super) fn collect(&self, empty: &mut Vec<Runnable>) -> bool {
        debug_assert!(empty.is_empty());
        let mut desk = self.desk.lock();
        mem::swap(&mut desk.inbox, empty);
        self.mail.store(false, Relaxed);
        mem::take(&mut desk.called)
    }

    /// The loop wants to sleep. False: something came, it must not.
    pub(super) fn sleep(&self) -> bool {
        let mut desk = self.desk.lock();
        let nothing = desk.inbox.is_empty() && !desk.called;
        desk.asleep = nothing;
        nothing
    }

    /// The loop is awake again, for whatever reason.
    pub(super) fn awake(&self) {
        self.desk.lock().asleep = false;
    }

    /// Closes the gate for good; returns what had come.
    pub(super) fn close(&self) -> Vec<Runnable> {
        let mut desk = self.desk.lock();
        desk.closed = true;
        self.mail.store(false, Relaxed);
        mem::take(&mut desk.inbox)
    }
}

#[cfg(all(test, loom))]
#[path = "gate_models.rs"]
mod models;
