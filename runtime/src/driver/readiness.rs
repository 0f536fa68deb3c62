//! **What is one descriptor ready for, and who waits for that?** A word that the
//! driver adds to and leaf futures clear, beside a short lock with their wakers.
//!
//! ```text
//!   the word:   tick (57 bits) │ shut down │ READABLE … ERROR (6 bits)
//!
//!   the driver      set(ready)      tick + 1, bits added, then wake whom they serve
//!   a leaf future   poll, ready     bits there? else leave a waker, look again
//!                   clear(event)    bits taken away, if the tick is still the event's
//! ```
//!
//! epoll is asked for edges: it says once that something came, and then no more
//! until something else comes. So what it says is kept here until an operation
//! finds it untrue (`WouldBlock`, or a read that was not filled), and clears it.
//!
//! # A clear must not swallow an event
//!
//! Between a `WouldBlock` and the clear that follows, the driver may have set the
//! same bit anew. Each set therefore counts the tick up, an operation holds the
//! [`ReadyEvent`] with the tick that it acted on, and a clear with an older tick
//! does nothing. The bits of [`Ready::FINAL`] outlast a clear: data and
//! the peer's end may come in one event, and a short read must take away "there is
//! data" only, or the end is never seen. They go when they are all there is and the
//! system still says `WouldBlock`: then there is no end, or not any more.
//!
//! # Who waits
//!
//! One poller per direction (`poll_read`, `poll_write`: the latest counts, as
//! tokio has it), and any number of futures that wait for an interest
//! (`accept`, `readable`, `recv`), first come first woken. The latter stand in a
//! `Vec` in the order of their numbers: one that gives up is found by binary
//! search. Most descriptors have none of them, and no allocation for them.
//!
//! # Invariants
//!
//! - Wakers are cloned, called and dropped without the lock.
//! - A waiter that is taken out of the list is woken.
//! - Once shut down, the word stays so, and every wait ends at once.
//!
//! # Memory ordering
//!
//! The word is written with AcqRel and read with Acquire; what matters is the
//! order between it and the list, and the list's lock gives that. A waiter looks at
//! the word again *under the lock* under which it leaves its waker; the driver
//! sets the word *before* it takes the lock. So if the waiter's lock comes first,
//! the driver finds the waker; if the driver's comes first, the waiter finds
//! the bits. `loom_a_set_is_seen_or_wakes` fails if that second look is left out.
//!
//! After tokio's `ScheduledIo`, less its padding to 128 bytes and its intrusive
//! list: this record is 96 bytes where tokio's is 256, and is safe code.
//!
//! Read next: `registrations.rs`, which finds the record of an event.

use std::future::poll_fn;
use std::task::{Context, Poll, Waker};

use super::ready::{Interest, Ready};
use crate::loom::sync::Mutex;
use crate::loom::sync::atomic::AtomicU64;
use crate::loom::sync::atomic::Ordering::{AcqRel, Acquire};

const SHUT_DOWN: u64 = 1 << 6;
const TICK: u64 = 1 << 7;

/// Which of the two pollers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Read,
    Write,
}

impl Direction {
    /// What ends its poller's wait: what serves the interest in it.
    #[inline]
    const fn served_by(self) -> Ready {
        match self {
            Direction::Read => Interest::READABLE.served_by(),
            Direction::Write => Interest::WRITABLE.served_by(),
        }
    }
}

/// What was seen of a descriptor, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadyEvent {
    word: u64,
    pub(crate) ready: Ready,
    /// What would have served whoever asked.
    asked: Ready,
}

impl ReadyEvent {
    #[inline]
    fn of(word: u64, asked: Ready) -> Self {
        Self {
            word,
            ready: ready_in(word) & asked,
            asked,
        }
    }

    /// The runtime is gone: nothing will come any more.
    #[inline]
    pub(crate) fn is_shut_down(self) -> bool {
        self.word & SHUT_DOWN != 0
    }

    /// Is there a reason not to wait?
    #[inline]
    pub(super) fn is_news(self) -> bool {
        !self.ready.is_empty() || self.is_shut_down()
    }

    /// The same event with only these of its bits, for a partial clear.
    pub(crate) fn with_ready(self, ready: Ready) -> Self {
        Self { ready, ..self }
    }
}

/// The bits of a word.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the low bits are meant")]
fn ready_in(word: u64) -> Ready {
    Ready::from_bits(word as u8)
}

/// One descriptor's readiness and its waiters.
#[derive(Debug)]
pub(crate) struct Readiness {
    word: AtomicU64,
    waiters: Mutex<Waiters>,
}

#[derive(Debug, Default)]
struct Waiters {
    reader: Option<Waker>,
    writer: Option<Waker>,
    /// Ascending by number.
    others: Vec<Waiter>,
    next_number: u64,
}

#[derive(Debug)]
struct Waiter {
    number: u64,
    interest: Interest,
    waker: Waker,
}

impl Waiters {
    fn poller(&mut self, direction: Direction) -> &mut Option<Waker> {
        match direction {
            Direction::Read => &mut self.reader,
            Direction::Write => &mut self.writer,
        }
    }

    fn find(&self, number: u64) -> Option<usize> {
        self.others
            .binary_search_by_key(&number, |waiter| waiter.number)
            .ok()
    }

    /// Takes those out of the list whom `ready` serves.
    #[inline(never)] // most descriptors have none: `set` stays short for them
    fn take_served(&mut self, ready: Ready, mut wake: impl FnMut(Waker)) {
        let served = |waiter: &mut Waiter| !ready.serving(waiter.interest).is_empty();
        for waiter in self.others.extract_if(.., served) {
            wake(waiter.waker);
        }
    }

    /// Leaves a waker under `number`, or under a new one if that was taken out.
    /// Gives back what it replaced.
    fn wait(
        &mut self,
        number: Option<u64>,
        interest: Interest,
        waker: Waker,
    ) -> (u64, Option<Waker>) {
        if let Some(at) = number.and_then(|number| self.find(number)) {
            let waiter = &mut self.others[at];
            let replaced = std::mem::replace(&mut waiter.waker, waker);
            return (waiter.number, Some(replaced));
        }
        let number = self.next_number;
        self.next_number += 1;
        self.others.push(Waiter {
            number,
            interest,
            waker,
        });
        (number, None)
    }
}

impl Readiness {
    pub(super) fn new() -> Self {
        Self {
            word: AtomicU64::new(0),
            waiters: Mutex::default(),
        }
    }

    // The driver's side.

    /// Adds what an event said. Gives those whom it serves to `wake`, which is
    /// called under the lock and must only put them aside.
    #[inline]
    pub(super) fn set(&self, ready: Ready, wake: impl FnMut(Waker)) {
        self.change(|word| (word | u64::from(ready.bits())).wrapping_add(TICK));
        self.take_served(ready, wake);
    }

    /// Adds what its owner knows. Nobody waits yet, so nobody is woken; and no tick,
    /// as there was no event.
    pub(crate) fn assume(&self, ready: Ready) {
        self.change(|word| word | u64::from(ready.bits()));
    }

    /// Nothing will come any more. All who wait are given to `wake`, as in `set`.
    pub(super) fn shut_down(&self, wake: impl FnMut(Waker)) {
        self.change(|word| word | SHUT_DOWN);
        self.take_served(Ready::ALL, wake);
    }

    #[inline]
    fn change(&self, f: impl Fn(u64) -> u64) {
        let mut word = self.word.load(Acquire);
        while let Err(other) = self.word.compare_exchange(word, f(word), AcqRel, Acquire) {
            word = other;
        }
    }

    #[inline]
    fn take_served(&self, ready: Ready, mut wake: impl FnMut(Waker)) {
        let mut waiters = self.waiters.lock();
        if ready.is_readable() {
            waiters.reader.take().map(&mut wake);
        }
        if ready.is_writable() {
            waiters.writer.take().map(&mut wake);
        }
        if !waiters.others.is_empty() {
            waiters.take_served(ready, wake);
        }
    }

    // The leaf futures' side.

    /// What serves `interest` now.
    #[inline]
    pub(crate) fn now(&self, interest: Interest) -> ReadyEvent {
        ReadyEvent::of(self.word.load(Acquire), interest.served_by())
    }

    /// What serves `direction` now.
    #[inline]
    fn towards(&self, direction: Direction) -> ReadyEvent {
        ReadyEvent::of(self.word.load(Acquire), direction.served_by())
    }

    /// Waits for a direction: one poller each, the latest call's waker counts.
    #[inline]
    pub(super) fn poll(&self, cx: &mut Context<'_>, direction: Direction) -> Poll<ReadyEvent> {
        loop {
            let event = self.towards(direction);
            if event.is_news() {
                return Poll::Ready(event);
            }
            if self.wait(cx, direction) {
                return Poll::Pending;
            }
        }
    }

    /// Leaves a waker for a direction. False: something came meanwhile, there is nothing
    /// to wait for.
    fn wait(&self, cx: &mut Context<'_>, direction: Direction) -> bool {
        let waker = cx.waker().clone();
        let mut waiters = self.waiters.lock();
        if self.towards(direction).is_news() {
            drop(waiters);
            return false;
        }
        let replaced = waiters.poller(direction).replace(waker);
        drop(waiters);
        drop(replaced);
        true
    }

    /// Waits for an interest, beside any number of others.
    ///
    /// Cancel safe: a wait that is dropped leaves nothing.
    pub(crate) async fn ready(&self, interest: Interest) -> ReadyEvent {
        let mut wait = Wait {
            readiness: self,
            number: None,
        };
        poll_fn(|cx| wait.poll(cx, interest)).await
    }

    /// Takes back what somebody found to be untrue, but for the closed bits; nothing, if
    /// something came since.
    #[inline]
    pub(crate) fn clear(&self, event: ReadyEvent) {
        self.take_back(event, event.ready - Ready::FINAL);
    }

    /// Takes back what the system itself refuted, by `WouldBlock`. A closed bit goes
    /// too, if it was all there was: a FIFO that a new writer opened is no longer at
    /// its end, and would else be tried again and again. Not so if more than one
    /// direction was asked for: it may be the other one that would block.
    #[inline]
    pub(crate) fn refute(&self, event: ReadyEvent) {
        let one_direction = event.asked == Direction::Read.served_by()
            || event.asked == Direction::Write.served_by();
        if one_direction && (event.ready - Ready::FINAL).is_empty() {
            self.take_back(event, event.ready);
        } else {
            self.clear(event);
        }
    }

    #[inline]
    fn take_back(&self, event: ReadyEvent, untrue: Ready) {
        let untrue = u64::from(untrue.bits());
        let without = |word| (word / TICK == event.word / TICK).then_some(word & !untrue);
        // An error is a newer tick: there is nothing to take back.
        let _ = self.word.fetch_update(AcqRel, Acquire, without);
    }

    /// Forgets the pollers of both directions.
    pub(super) fn forget_pollers(&self) {
        let mut waiters = self.waiters.lock();
        let forgotten = (waiters.reader.take(), waiters.writer.take());
        drop(waiters);
        drop(forgotten);
    }
}

/// A place in the list, given up on drop.
struct Wait<'a> {
    readiness: &'a Readiness,
    number: Option<u64>,
}

impl Wait<'_> {
    fn poll(&mut self, cx: &mut Context<'_>, interest: Interest) -> Poll<ReadyEvent> {
        let event = self.readiness.now(interest);
        if event.is_news() {
            return Poll::Ready(event);
        }
        let waker = cx.waker().clone();
        let mut waiters = self.readiness.waiters.lock();
        let (number, replaced) = waiters.wait(self.number, interest, waker);
        self.number = Some(number);
        let event = self.readiness.now(interest);
        drop(waiters);
        drop(replaced);
        if event.is_news() {
            Poll::Ready(event)
        } else {
            Poll::Pending
        }
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let mut waiters = self.readiness.waiters.lock();
        let left = waiters.find(number).map(|at| waiters.others.remove(at));
        drop(waiters);
        drop(left);
    }
}

#[cfg(all(test, not(loom)))]
#[path = "readiness_tests.rs"]
mod tests;

#[cfg(all(test, loom))]
#[path = "readiness_models.rs"]
mod models;
