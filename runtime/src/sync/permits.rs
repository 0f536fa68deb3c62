//! **Who may go on, and who waits for a permit?** One word counts the permits
//! that are free; a [`WaitList`] holds, first come first served, those for whom
//! there were not enough. [`Semaphore`] and [`Mutex`] are this with an API.
//!
//! ```text
//!   word:  | free permits ........................ | WAITERS | CLOSED |
//!
//!                      take: CAS              (3) CAS, under the lock
//!                    ┌─────────┐   take, not enough: push
//!                    v         │  ┌───────────────────────────┐
//!              ┌───────────────────┴┐                  ┌───────v─────────────┐
//!          (1) │  WAITERS clear     │                  │  WAITERS set        │
//!     release: │  changed by CAS,   │                  │  written only with  │ (2) release, cancel:
//!         CAS  │  by anybody        │                  │  the lock held      │     lock, hand out
//!              └───────────────────^┘                  └───────┬─────────────┘
//!                    │             └───────────────────────────┘
//!                    │ close: CAS      the last waiter is served or gives up
//!                    v                                         │
//!              ┌────────────────────┐  close: lock, fail all   │
//!              │  CLOSED            │<─────────────────────────┘
//!              └────────────────────┘
//! ```
//!
//! 1. Nobody waits: taking and releasing are one compare-exchange each, and the
//!    lock is not touched.
//! 2. Somebody waits: whatever is released is added up under the lock and handed
//!    to the waiters in their order, each all of its permits or none. What does
//!    not suffice for the first waiter stays in the word and is for nobody else.
//! 3. A waiter is pushed and WAITERS set in one critical section, by a
//!    compare-exchange that fails if a permit was released in between.
//!
//! So a turn is never lost: a release either comes before (3), which then sees
//! its permits, or after, and then sees WAITERS and takes the lock.
//!
//! Invariants:
//!
//! - With the lock free, WAITERS is set exactly if the list is not empty.
//! - While WAITERS is set the word belongs to the holder of the lock, and is
//!   written by plain stores.
//! - WAITERS and CLOSED are never both set.
//! - A record says [`Outcome::Granted`] from when its permits left the word
//!   until its future took them over, or, dropped, released them.
//! - Taking a permit needs no budget, going on with it does: a task whose budget
//!   is spent neither loses its place in line nor its turn.
//!
//! Not here: waiters that hold a part of what they need (tokio's
//! `batch_semaphore.rs` fills the first waiter permit by permit). A permit is
//! either in the word or with an owner, so giving up needs no return of parts.
//!
//! Ordering. What an owner wrote while it held a permit must be seen by the next
//! owner. Directly: the release's CAS (Release) pairs with the take's CAS
//! (Acquire); those in between are read-modify-writes and keep the release
//! sequence. Through the list: setting WAITERS (AcqRel) acquires what was released
//! before; from then on the lock orders everything, and the waiter, to see its
//! outcome, takes it too. Back again: the store that clears WAITERS (Release) pairs
//! with the take's CAS, and passes on what its thread has learned through the lock.
//!
//! Read next: `semaphore.rs`.
//!
//! [`Semaphore`]: super::Semaphore
//! [`Mutex`]: super::Mutex

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::semaphore::{AcquireError, TryAcquireError};
use super::wait_list::{Key, WaitList};
use crate::loom::sync::Mutex;
use crate::loom::sync::atomic::AtomicUsize;
use crate::loom::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::task::coop;
use crate::util::wake_batch::WakeBatch;

#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(all(test, not(loom)))]
mod tests;

const CLOSED: usize = 0b01;
const WAITERS: usize = 0b10;
/// One free permit, in the word.
const ONE: usize = 0b100;
const FLAGS: usize = ONE - 1;

/// Free permits and those who wait for some.
#[derive(Debug)]
pub(crate) struct Permits {
    word: AtomicUsize,
    waiters: Mutex<WaitList<Waiter>>,
}

/// What the list knows of a waiter.
#[derive(Debug)]
struct Waiter {
    needed: usize,
    outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Queued.
    Open,
    /// Popped: the permits have left the word and are this waiter's.
    Granted,
    /// Popped: there will be none.
    Closed,
}

impl Permits {
    /// tokio's bound, which programs know as `Semaphore::MAX_PERMITS`.
    pub(crate) const MAX: usize = usize::MAX >> 3;

    #[cfg(not(loom))]
    pub(crate) const fn new(permits: usize) -> Self {
        Permits {
            word: AtomicUsize::new(permits * ONE),
            waiters: Mutex::new(WaitList::new()),
        }
    }

    #[cfg(loom)]
    pub(crate) fn new(permits: usize) -> Self {
        Permits {
            word: AtomicUsize::new(permits * ONE),
            waiters: Mutex::new(WaitList::new()),
        }
    }

    /// Permits that a newcomer could take: none while others wait.
    pub(crate) fn available(&self) -> usize {
        free_for_all(self.word.load(Acquire))
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.word.load(Acquire) & CLOSED != 0
    }

    /// Takes `n` permits if they are free and nobody waits.
    #[inline]
    pub(crate) fn try_take(&self, n: usize) -> Result<(), TryAcquireError> {
        let mut word = self.word.load(Acquire);
        loop {
            if word & CLOSED != 0 {
                return Err(TryAcquireError::Closed);
            }
            if free_for_all(word) < n {
                return Err(TryAcquireError::NoPermits);
            }
            // Acquire: pairs with `release`. Taking publishes nothing.
            match self
                .word
                .compare_exchange(word, word - n * ONE, Acquire, Acquire)
            {
                Ok(_) => return Ok(()),
                Err(now) => word = now,
            }
        }
    }

    /// Takes `n` permits, waiting for them in line.
    #[inline]
    pub(crate) fn acquire(&self, n: usize) -> Acquiring<'_> {
        Acquiring {
            permits: self,
            needed: n,
            place: Place::New,
        }
    }

    /// Adds `n` permits and serves those who wait for them.
    ///
    /// # Panics
    ///
    /// If there would be more than [`MAX`](Self::MAX); nothing is added then.
    #[inline]
    #[track_caller]
    pub(crate) fn release(&self, n: usize) {
        if n == 0 {
            return;
        }
        let mut word = self.word.load(Relaxed);
        while word & WAITERS == 0 {
            let sum = (checked_sum(word / ONE, n) * ONE) | (word & FLAGS);
            // Release: pairs with `try_take`, and with the loads under the lock.
            match self.word.compare_exchange(word, sum, Release, Relaxed) {
                Ok(_) => return,
                Err(now) => word = now,
            }
        }
        self.release_to_waiters(n);
    }

    #[cold]
    #[track_caller]
    fn release_to_waiters(&self, n: usize) {
        let mut batch = WakeBatch::new();
        let mut waiters = self.waiters.lock();
        let word = self.word.load(Relaxed); // WAITERS: written under the lock
        if word & WAITERS == 0 {
            // The last of them gave up, or was served by somebody else.
            drop(waiters);
            return self.release(n);
        }
        self.hand_out(&mut waiters, checked_sum(word / ONE, n), &mut batch);
        drop(waiters);
        batch.wake_all();
    }

    /// Serves the waiters in order with `free` permits, all there are, and puts
    /// back what is left. WAITERS is set, the lock is held.
    fn hand_out(&self, waiters: &mut WaitList<Waiter>, mut free: usize, batch: &mut WakeBatch) {
        while waiters
            .front_mut()
            .is_some_and(|first| first.needed <= free)
        {
            let (waker, first) = waiters.pop_front().expect("there is a first");
            free -= first.needed;
            first.outcome = Outcome::Granted;
            batch.push(waker);
        }
        let flags = if waiters.is_empty() { 0 } else { WAITERS };
        self.word.store((free * ONE) | flags, Release);
    }

    /// Destroys up to `n` free permits; says how many.
    pub(crate) fn forget(&self, n: usize) -> usize {
        let mut word = self.word.load(Relaxed);
        loop {
            let forgotten = n.min(free_for_all(word));
            if forgotten == 0 {
                return 0;
            }
            // Acquire: these permits too were released by somebody.
            match self
                .word
                .compare_exchange(word, word - forgotten * ONE, Acquire, Relaxed)
            {
                Ok(_) => return forgotten,
                Err(now) => word = now,
            }
        }
    }

    /// From now on nobody gets a permit; those who wait are told so.
    pub(crate) fn close(&self) {
        let mut batch = WakeBatch::new();
        let mut waiters = self.waiters.lock();
        // By CAS: while nobody waits, others change the word without the lock.
        let mut word = self.word.load(Relaxed);
        while let Err(now) =
            self.word
                .compare_exchange(word, (word & !WAITERS) | CLOSED, AcqRel, Relaxed)
        {
            word = now;
        }
        while let Some((waker, waiter)) = waiters.pop_front() {
            waiter.outcome = Outcome::Closed;
            batch.push(waker);
        }
        drop(waiters);
        batch.wake_all();
    }
}

/// The free permits of `word` that are kept for nobody.
#[inline]
fn free_for_all(word: usize) -> usize {
    if word & WAITERS == 0 { word / ONE } else { 0 }
}

#[inline]
#[track_caller]
fn checked_sum(free: usize, added: usize) -> usize {
    match free.checked_add(added) {
        Some(sum) if sum <= Permits::MAX => sum,
        // tokio's text, which programs may match.
        _ => panic!(
            "number of added permits ({added}) would overflow MAX_PERMITS ({})",
            Permits::MAX
        ),
    }
}

/// Waits in line for permits. Dropped, it leaves the line, and passes on what it
/// was granted and never saw.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub(crate) struct Acquiring<'a> {
    permits: &'a Permits,
    needed: usize,
    place: Place,
}

#[derive(Debug)]
enum Place {
    New,
    /// Owns a record of the list.
    InLine(Key),
    /// Has its permits, and waits for a budget to go on with them.
    Served,
    Done,
}

impl Future for Acquiring<'_> {
    type Output = Result<(), AcquireError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let served = match self.place {
            Place::New => match self.permits.try_take(self.needed) {
                Ok(()) => Ok(()),
                Err(TryAcquireError::Closed) => Err(AcquireError::closed()),
                Err(TryAcquireError::NoPermits) => ready!(self.poll_get_in_line(cx)),
            },
            Place::InLine(key) => ready!(self.poll_in_line(cx, key)),
            Place::Served => Ok(()),
            Place::Done => panic!("`Acquiring` polled after it was ready"),
        };
        if let Err(closed) = served {
            self.place = Place::Done;
            return Poll::Ready(Err(closed));
        }
        // Only now the budget: a task without one keeps its place in line, and its
        // turn.
        self.place = Place::Served;
        ready!(coop::poll_proceed(cx)).made_progress();
        self.place = Place::Done;
        Poll::Ready(Ok(()))
    }
}

impl Acquiring<'_> {
    /// There were not enough permits a moment ago.
    #[cold]
    fn poll_get_in_line(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), AcquireError>> {
        let Permits { word, waiters } = self.permits;
        let waker = cx.waker().clone(); // foreign code: before the lock
        let mut waiters = waiters.lock();
        let mut now = word.load(Acquire);
        loop {
            if now & CLOSED != 0 {
                drop(waiters);
                return Poll::Ready(Err(AcquireError::closed()));
            }
            let (next, granted) = match free_for_all(now) >= self.needed {
                true => (now - self.needed * ONE, true),
                false => (now | WAITERS, false),
            };
            // Already WAITERS: the word is ours and says what it should.
            if next != now || granted {
                // Acquire: pairs with `release`, whose permits these may be.
                if let Err(changed) = word.compare_exchange(now, next, AcqRel, Acquire) {
                    now = changed;
                    continue;
                }
            }
            if granted {
                drop(waiters);
                return Poll::Ready(Ok(()));
            }
            let waiter = Waiter {
                needed: self.needed,
                outcome: Outcome::Open,
            };
            self.place = Place::InLine(waiters.push_back(waker, waiter));
            return Poll::Pending;
        }
    }

    #[cold]
    fn poll_in_line(&mut self, cx: &mut Context<'_>, key: Key) -> Poll<Result<(), AcquireError>> {
        let mut stale = None; // dropped after the guard
        let mut waiters = self.permits.waiters.lock();
        if waiters
            .waker(key)
            .is_some_and(|waker| !waker.will_wake(cx.waker()))
        {
            drop(waiters);
            let waker = cx.waker().clone();
            waiters = self.permits.waiters.lock();
            stale = Some(waiters.set_waker(key, waker));
        }
        if waiters.is_queued(key) {
            return Poll::Pending;
        }
        let (waiter, _) = waiters.remove(key);
        drop(waiters);
        drop(stale);
        self.place = Place::Done; // the record is gone
        // Once closed, nobody gets a permit, not even who was granted one before.
        match waiter.outcome {
            Outcome::Granted if !self.permits.is_closed() => Poll::Ready(Ok(())),
            Outcome::Granted => {
                self.permits.release(waiter.needed);
                Poll::Ready(Err(AcquireError::closed()))
            }
            Outcome::Open | Outcome::Closed => Poll::Ready(Err(AcquireError::closed())),
        }
    }
}

impl Drop for Acquiring<'_> {
    #[inline]
    fn drop(&mut self) {
        match self.place {
            Place::InLine(key) => self.give_up(key),
            Place::Served => self.permits.release(self.needed),
            Place::New | Place::Done => {}
        }
    }
}

impl Acquiring<'_> {
    #[cold]
    fn give_up(&mut self, key: Key) {
        let mut batch = WakeBatch::new();
        let mut waiters = self.permits.waiters.lock();
        let (waiter, waker) = waiters.remove(key);
        if waker.is_some() {
            // It was queued, so WAITERS is set. What it blocked may now suffice
            // for the next, and it may have been the last.
            let free = self.permits.word.load(Relaxed) / ONE;
            self.permits.hand_out(&mut waiters, free, &mut batch);
        }
        drop(waiters);
        drop(waker);
        batch.wake_all();
        if waiter.outcome == Outcome::Granted {
            self.permits.release(waiter.needed);
        }
    }
}
