//! **Whose turn is it?** One line of tasks that wait for one kind of thing, and
//! the promises made to those at its head.
//!
//! The line knows how many things there are only while it is asked. It never
//! looks at a lock, and never wakes anybody: it says whom to wake.
//!
//! Invariants: `promised` counts the records that were popped with `true` and
//! whose owner has neither asked again nor left; the caller keeps that many
//! things untouched. See `queue.rs` for who relies on it.

use std::task::Waker;

use crate::sync::wait_list::{Key, WaitList};
use crate::util::wake_batch::WakeBatch;

/// Tasks that wait for one kind of thing.
pub(super) struct Line {
    /// The state says, once popped: was something promised? If not, the queue
    /// was closed.
    pub(super) waiting: WaitList<bool>,
    /// Things promised to waiters that have been popped.
    pub(super) promised: usize,
}

/// How a visit to a line went.
pub(super) enum Turn {
    /// Go ahead.
    Come,
    /// The queue is closed.
    Closed,
    /// Queued; drop this waker outside of the lock.
    Wait(Option<Waker>),
}

impl Line {
    pub(super) const fn new() -> Self {
        Line {
            waiting: WaitList::new(),
            promised: 0,
        }
    }

    /// Promises one thing to the first in line, if there is somebody.
    #[inline]
    #[must_use]
    pub(super) fn call(&mut self) -> Option<Waker> {
        if self.waiting.is_empty() {
            return None;
        }
        let (waker, promised) = self.waiting.pop_front()?;
        *promised = true;
        self.promised += 1;
        Some(waker)
    }

    /// Asks for one thing of `there`. A place in line is in `place` exactly while
    /// the answer is `Wait`.
    #[inline]
    pub(super) fn ask(
        &mut self,
        place: &mut Option<Key>,
        there: usize,
        closed: bool,
        waker: &Waker,
    ) -> Turn {
        if place.is_none() && there > self.promised {
            return Turn::Come;
        }
        self.ask_in_line(place, there, closed, waker)
    }

    /// The same for one who waits already, or must.
    #[inline(never)]
    fn ask_in_line(
        &mut self,
        place: &mut Option<Key>,
        there: usize,
        closed: bool,
        waker: &Waker,
    ) -> Turn {
        if let Some(key) = *place {
            if self.waiting.is_queued(key) {
                return Turn::Wait(match self.waiting.waker(key) {
                    Some(known) if known.will_wake(waker) => None,
                    _ => Some(self.waiting.set_waker(key, waker.clone())),
                });
            }
            *place = None;
            let (promised, _) = self.waiting.remove(key);
            // A promise is kept from here on by the caller, who takes the thing.
            self.promised -= usize::from(promised);
        }
        if there > self.promised {
            Turn::Come
        } else if closed {
            Turn::Closed
        } else {
            *place = Some(self.waiting.push_back(waker.clone(), false));
            Turn::Wait(None)
        }
    }

    /// Leaves the line. A promise goes to the next: its waker, and the own one
    /// to be dropped.
    pub(super) fn leave(&mut self, key: Key) -> (Option<Waker>, Option<Waker>) {
        let (promised, own) = self.waiting.remove(key);
        if !promised {
            return (None, own);
        }
        self.promised -= 1;
        (self.call(), own)
    }

    pub(super) fn dismiss(&mut self, batch: &mut WakeBatch) {
        while let Some((waker, _)) = self.waiting.pop_front() {
            batch.push(waker);
        }
    }
}
