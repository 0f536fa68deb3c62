//! **Who waits for when?** The wheel under its lock, beside the clock: what
//! leaf futures register with, and what the driver asks before it sleeps and
//! serves when it looks.
//!
//! ```text
//!   Sleep::poll ──register──►┌──────────────┐──prepare_park──► the driver
//!               ──check─────►│ lock: wheel  │                  sleeps until
//!   Sleep::reset ─reset─────►│ parked_until │◄──after_park──── …
//!   Sleep::drop ──cancel────►└──────┬───────┘◄──fire(now)───── and looks
//!                                   │
//!              wakers, up to 32 at a time, called without the lock
//! ```
//!
//! A timer costs one lock to register and one to cancel, and no allocation: its
//! waker lies in the wheel, and the future holds the [`Key`]. That a timer has
//! fired is not written down anywhere: its key finds nothing any more.
//!
//! # Sleeping and being roused
//!
//! [`prepare_park`](Timers::prepare_park) computes, in one critical section, how
//! long the driver may sleep, and leaves that in `parked_until`. A registration
//! from another thread comes either before (then the answer includes it) or
//! after (then it sees `parked_until`, and if its deadline is a tick earlier,
//! calls `unpark`). The driver's sleep must therefore be one that an unpark
//! between `prepare_park` and the sleep itself ends at once: a token, an
//! eventfd. On the loop's own thread `parked_until` is never found set.
//! The first to rouse the driver takes `parked_until` away: one unpark is enough,
//! for the driver computes anew before it sleeps again.
//!
//! # Batches
//!
//! On the real clock the driver sleeps to the last deadline of the earliest
//! *tick*, so that deadlines within 65 µs of one another share a wake-up. A
//! paused clock is exact: it jumps to the earliest deadline, to the nanosecond.
//!
//! # Invariants
//!
//! 1. Wakers are cloned, called and dropped without the lock: a waker may drop
//!    or reset any timer, its own included.
//! 2. The wheel never contains a deadline at or before its `now`, except what is
//!    due and about to be handed out: [`register`](Timers::register) answers
//!    "reached" instead. So `fire` can't be kept going by a timer that is set
//!    again and again in the past.
//! 3. A waker that panics takes no other wake-up with it.
//! 4. After [`shutdown`](Timers::shutdown) the wheel is empty and stays so.
//!
//! # Memory ordering
//!
//! `armed` mirrors the wheel's length for [`is_armed`](Timers::is_armed), is
//! stored under the lock and read without it, both Relaxed. It is a hint for
//! the loop, which asks "is there anything to look at?" between polls; a
//! registration by the loop's own thread is seen at once, one by another thread
//! soon, and before sleeping `prepare_park` looks under the lock.
//!
//! Read next: `time/sleep.rs`, the future that does the registering.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use super::clock::{Clock, ClockError, ever_paused};
use super::wheel::{Key, Wheel, tick_of};
use crate::loom::sync::atomic::{AtomicUsize, Ordering};
use crate::loom::sync::{Mutex, MutexGuard};

/// How many wakers [`Timers::fire`] takes out before it lets go of the lock.
const BATCH: usize = 32;

/// The runtime shut down before the deadline was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShutDown;

/// All timers of one runtime.
pub(crate) struct Timers {
    clock: Clock,
    schedule: Mutex<Schedule>,
    /// How many timers wait, as of the last unlock.
    armed: AtomicUsize,
    /// Ends the driver's sleep.
    unpark: Box<dyn Fn() + Send + Sync>,
}

struct Schedule {
    wheel: Wheel<Waker>,
    /// Set while the driver sleeps and nobody has roused it: until when.
    parked_until: Option<u64>,
    shut_down: bool,
}

impl Timers {
    /// `unpark` ends the driver's sleep, and may be called at any time from any
    /// thread, never with a lock held.
    pub(crate) fn new(clock: Clock, unpark: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            clock,
            schedule: Mutex::new(Schedule {
                wheel: Wheel::new(),
                parked_until: None,
                shut_down: false,
            }),
            armed: AtomicUsize::new(0),
            unpark: Box::new(unpark),
        }
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Does any timer wait? Takes no lock.
    #[inline]
    pub(crate) fn is_armed(&self) -> bool {
        self.armed.load(Ordering::Relaxed) != 0
    }

    // For leaf futures.

    /// Sets a timer, unless `deadline` is reached: then `Ok(None)`.
    ///
    /// The real clock is read only if `ahead` is false. A caller who just made
    /// the deadline from the clock knows that it lies ahead, and saves as much
    /// as the lock costs; should it have passed all the same, the timer fires
    /// with the driver's next look.
    #[inline]
    pub(crate) fn register(
        &self,
        deadline: Instant,
        ahead: bool,
        waker: &Waker,
    ) -> Result<Option<Key>, ShutDown> {
        let deadline = self.clock.nanos_at(deadline);
        if (!ahead || ever_paused()) && deadline <= self.clock.now() {
            return Ok(None);
        }
        let waker = waker.clone();
        let mut schedule = self.schedule.lock();
        if schedule.shut_down {
            drop(schedule);
            return Err(ShutDown);
        }
        if deadline <= schedule.wheel.now() {
            drop(schedule);
            return Ok(None);
        }
        let key = schedule.wheel.insert(deadline, waker);
        let rouse = schedule.must_rouse(deadline);
        self.unlock(schedule);
        if rouse {
            (self.unpark)();
        }
        Ok(Some(key))
    }

    /// Has the timer fired? If not, `waker` is woken when it does.
    pub(crate) fn check(
        &self,
        key: Key,
        deadline: Instant,
        waker: &Waker,
    ) -> Poll<Result<(), ShutDown>> {
        let mut schedule = self.schedule.lock();
        match schedule.wheel.get_mut(key) {
            Some(known) if known.will_wake(waker) => return Poll::Pending,
            Some(_) => {}
            None => return Poll::Ready(self.outcome(&schedule, deadline)),
        }
        // Cloning a waker is foreign code: let go of the lock, look again.
        drop(schedule);
        let waker = waker.clone();
        let mut schedule = self.schedule.lock();
        let Some(known) = schedule.wheel.get_mut(key) else {
            let outcome = self.outcome(&schedule, deadline);
            drop(schedule); // before the waker
            return Poll::Ready(outcome);
        };
        let replaced = std::mem::replace(known, waker);
        drop(schedule);
        drop(replaced);
        Poll::Pending
    }

    /// Why a timer is not in the wheel any more.
    fn outcome(&self, schedule: &Schedule, deadline: Instant) -> Result<(), ShutDown> {
        if schedule.shut_down && self.clock.nanos_at(deadline) > schedule.wheel.now() {
            return Err(ShutDown);
        }
        Ok(())
    }

    /// Does the timer still wait?
    pub(crate) fn is_waiting(&self, key: Key) -> bool {
        self.schedule.lock().wheel.get_mut(key).is_some()
    }

    /// Gives a waiting timer another deadline, and keeps its waker. `None` if it
    /// does not wait any more, or if the new deadline is reached, and then its
    /// waker has been called.
    pub(crate) fn reset(&self, key: Key, deadline: Instant) -> Option<Key> {
        let deadline = self.clock.nanos_at(deadline);
        let reached = ever_paused() && deadline <= self.clock.now();
        let mut schedule = self.schedule.lock();
        if reached || deadline <= schedule.wheel.now() {
            let waker = schedule.wheel.remove(key);
            self.unlock(schedule);
            if let Some(waker) = waker {
                waker.wake();
            }
            return None;
        }
        let moved = schedule.wheel.reset(key, deadline)?;
        let rouse = schedule.must_rouse(deadline);
        drop(schedule);
        if rouse {
            (self.unpark)();
        }
        Some(moved)
    }

    /// Takes a timer back. Nothing happens if it does not wait any more.
    #[inline]
    pub(crate) fn cancel(&self, key: Key) {
        let mut schedule = self.schedule.lock();
        let waker = schedule.wheel.remove(key);
        self.unlock(schedule);
        drop(waker);
    }

    // For the driver.

    /// To be called before a sleep: until when it may last, on this clock; a time
    /// that is past says that something is due. `None`: until something else ends it.
    ///
    /// Follow it with [`after_park`](Timers::after_park). On a paused clock no
    /// sleep brings a deadline nearer, and the answer is always `None`; that is
    /// what [`advance_to_next`](Timers::advance_to_next) is for.
    pub(crate) fn prepare_park(&self) -> Option<u64> {
        let mut schedule = self.schedule.lock();
        // Under the lock: whoever resumes the clock rouses us after that.
        let look = match self.clock.is_paused() {
            true => None,
            false => schedule.wheel.next_look(),
        };
        schedule.parked_until = Some(look.unwrap_or(u64::MAX));
        look
    }

    /// To be called after the sleep, before anything runs that may register.
    pub(crate) fn after_park(&self) {
        self.schedule.lock().parked_until = None;
    }

    /// Wakes all whose deadline is not after `now`; how many there were.
    pub(crate) fn fire(&self, now: u64) -> usize {
        let mut fired = 0;
        loop {
            let mut batch: [Option<Waker>; BATCH] = [const { None }; BATCH];
            let mut taken = 0;
            let mut schedule = self.schedule.lock();
            while taken < BATCH
                && let Some((_, waker)) = schedule.wheel.pop_expired(now)
            {
                batch[taken] = Some(waker);
                taken += 1;
            }
            self.unlock(schedule);
            fired += taken;
            wake_all(batch.into_iter().map_while(|waker| waker));
            if taken < BATCH {
                return fired;
            }
        }
    }

    /// For a paused clock, when nothing can run: jumps to the earliest deadline.
    /// False if the clock isn't paused or no timer waits.
    pub(crate) fn advance_to_next(&self) -> bool {
        if !self.clock.is_paused() {
            return false;
        }
        let earliest = self.schedule.lock().wheel.earliest();
        match earliest {
            Some(deadline) => {
                self.clock.advance_to(deadline);
                true
            }
            None => false,
        }
    }

    /// Wakes every waiter; each finds an error, as does who registers later.
    pub(crate) fn shutdown(&self) {
        let mut schedule = self.schedule.lock();
        schedule.shut_down = true;
        let wakers = schedule.wheel.take_all();
        self.unlock(schedule);
        wake_all(wakers);
    }

    // For the clock's controls.

    /// Moves a paused clock, and fires what is due by then.
    pub(crate) fn advance(&self, by: Duration) -> Result<(), ClockError> {
        self.clock.advance(by)?;
        self.fire(self.clock.now());
        Ok(())
    }

    /// Lets a paused clock run; a driver that sleeps has to reckon anew.
    pub(crate) fn resume(&self) -> Result<(), ClockError> {
        self.clock.resume()?;
        self.rouse();
        Ok(())
    }

    fn rouse(&self) {
        let parked = self.schedule.lock().parked_until.take();
        if parked.is_some() {
            (self.unpark)();
        }
    }

    /// Ends a critical section that may have changed how many timers wait.
    #[inline]
    fn unlock(&self, schedule: MutexGuard<'_, Schedule>) {
        self.armed.store(schedule.wheel.len(), Ordering::Relaxed);
        drop(schedule);
    }
}

impl Schedule {
    /// Would the driver sleep past `deadline`? Then the caller has to unpark it.
    #[inline]
    fn must_rouse(&mut self, deadline: u64) -> bool {
        let earlier = |until: &mut u64| tick_of(deadline) < tick_of(*until);
        self.parked_until.take_if(earlier).is_some()
    }
}

impl fmt::Debug for Timers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timers")
            .field("armed", &self.armed.load(Ordering::Relaxed))
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}

/// Wakes each. If one panics the others are still served; the first panic then
/// goes on.
fn wake_all(wakers: impl Iterator<Item = Waker>) {
    let mut first_panic = None;
    for waker in wakers {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
            first_panic.get_or_insert(panic);
        }
    }
    if let Some(panic) = first_panic {
        resume_unwind(panic);
    }
}

#[cfg(all(test, not(loom)))]
#[path = "timers_tests.rs"]
mod tests;

#[cfg(all(test, loom))]
#[path = "timers_loom.rs"]
mod loom_tests;
