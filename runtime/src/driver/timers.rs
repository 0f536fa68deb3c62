//! **Who waits for when?** Two wheels beside the clock, one of the thread that
//! drives, without a lock, one for all others, under one: what leaf futures
//! register with, and what the driver asks before it sleeps and serves when it
//! looks.
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
//! A timer costs no allocation: its waker lies in a wheel, and the future holds
//! the [`Timer`], its key. That a timer has fired is not written down anywhere: its
//! key finds nothing any more.
//!
//! # Two wheels
//!
//! Nearly every timer is set, and nearly every one taken back, by the thread that
//! drives the loop. [`drive`](Timers::drive) makes it known to itself, and its
//! timers go to the *own* wheel, which only it touches: a timeout that never fires
//! takes no lock. Everyone else's go to the *shared* wheel. The driver serves both;
//! each keeps its deadlines in order, and between the two there is none.
//!
//! A future that set its timer on the driving thread may be moved, and be polled,
//! reset or dropped elsewhere. Its timer is then [foreign](Timers::is_foreign) there:
//! it leaves an order under the lock, which the driver carries out when it looks
//! ("forget it", "wake it and forget it"), and registers anew in the shared wheel.
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
//! 4. After [`shutdown`](Timers::shutdown) both wheels are empty and stay so.
//! 5. The own wheel is touched only by the thread that drives, which is the one that
//!    holds the loop's token: there is one at a time, and tokens pass through a lock.
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

use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::ptr;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use super::clock::{Clock, ClockError, ever_paused};
use super::wheel::{Key, Wheel, tick_of};
use crate::loom::sync::atomic::{AtomicUsize, Ordering};
use crate::loom::sync::{Mutex, MutexGuard};
use crate::util::wake_batch::WakeBatch;

/// How many wakers [`Timers::fire`] takes out before it lets go of the lock.
const BATCH: usize = 32;

/// The runtime shut down before the deadline was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShutDown;

/// All timers of one runtime.
pub(crate) struct Timers {
    clock: Clock,
    /// Of the thread that drives.
    own: RefCell<Wheel<Waker>>,
    /// Of all others.
    schedule: Mutex<Schedule>,
    /// How many timers and orders there are in `schedule`, as of the last unlock.
    armed: AtomicUsize,
    /// Ends the driver's sleep.
    unpark: Box<dyn Fn() + Send + Sync>,
}

// SAFETY: `own` is reached only by `own_wheel`, on the thread that drives, and by
// `shutdown`, whose caller holds the loop's token; all else is Sync.
unsafe impl Sync for Timers {}

/// A timer that was set: its key, and in which wheel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timer {
    key: Key,
    own: bool,
}

/// What a thread that does not drive asks about a timer of the own wheel.
enum Order {
    Forget(Key),
    WakeAndForget(Key),
}

thread_local! {
    /// The timers that this thread drives.
    static DRIVEN: Cell<*const Timers> = const { Cell::new(ptr::null()) };
}

/// While it lives, the thread that made it drives the timers.
pub(crate) struct Driving {
    before: *const Timers,
    not_send: PhantomData<*const ()>,
}

impl Drop for Driving {
    fn drop(&mut self) {
        DRIVEN.with(|driven| driven.set(self.before));
    }
}

struct Schedule {
    wheel: Wheel<Waker>,
    orders: Vec<Order>,
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
            own: RefCell::new(Wheel::new()),
            schedule: Mutex::new(Schedule {
                wheel: Wheel::new(),
                orders: Vec::new(),
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

    /// The calling thread drives these timers from now on.
    ///
    /// # Safety
    ///
    /// It holds the loop's token for as long as the guard lives.
    pub(crate) unsafe fn drive(&self) -> Driving {
        Driving {
            before: DRIVEN.with(|driven| driven.replace(self)),
            not_send: PhantomData,
        }
    }

    /// The own wheel, if the calling thread drives.
    #[inline]
    fn own_wheel(&self) -> Option<&RefCell<Wheel<Waker>>> {
        let driven = DRIVEN.try_with(Cell::get).unwrap_or(ptr::null());
        ptr::eq(driven, self).then_some(&self.own)
    }

    /// Is there anything to look at? Takes no lock. A thread that does not drive
    /// hears of the shared wheel only.
    #[inline]
    pub(crate) fn is_armed(&self) -> bool {
        self.own_wheel().is_some_and(|own| own.borrow().len() != 0) || self.shared_is_armed()
    }

    #[inline]
    fn shared_is_armed(&self) -> bool {
        self.armed.load(Ordering::Relaxed) != 0
    }

    /// Does the timer lie in the own wheel, and the calling thread not drive?
    #[inline]
    pub(crate) fn is_foreign(&self, timer: Timer) -> bool {
        timer.own && self.own_wheel().is_none()
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
    ) -> Result<Option<Timer>, ShutDown> {
        let deadline = self.clock.nanos_at(deadline);
        if (!ahead || ever_paused()) && deadline <= self.clock.now() {
            return Ok(None);
        }
        let waker = waker.clone();
        let Some(own) = self.own_wheel() else {
            return self.register_shared(deadline, waker);
        };
        // Not shut down: nobody drives then.
        let mut wheel = own.borrow_mut();
        if deadline <= wheel.now() {
            drop(wheel);
            return Ok(None);
        }
        let key = wheel.insert(deadline, waker);
        Ok(Some(Timer { key, own: true }))
    }

    #[inline(never)]
    fn register_shared(&self, deadline: u64, waker: Waker) -> Result<Option<Timer>, ShutDown> {
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
        Ok(Some(Timer { key, own: false }))
    }

    /// Has the timer, which is not foreign, fired? If not, `waker` is woken when it
    /// does.
    pub(crate) fn check(
        &self,
        timer: Timer,
        deadline: Instant,
        waker: &Waker,
    ) -> Poll<Result<(), ShutDown>> {
        let key = timer.key;
        if let Some(own) = self.own_wheel().filter(|_| timer.own) {
            return Self::check_own(own, key, waker);
        }
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

    fn check_own(
        own: &RefCell<Wheel<Waker>>,
        key: Key,
        waker: &Waker,
    ) -> Poll<Result<(), ShutDown>> {
        match own.borrow_mut().get_mut(key) {
            Some(known) if known.will_wake(waker) => return Poll::Pending,
            Some(_) => {}
            None => return Poll::Ready(Ok(())),
        }
        // Cloning and dropping wakers is foreign code: nothing is borrowed.
        let waker = waker.clone();
        let replaced = own
            .borrow_mut()
            .get_mut(key)
            .map(|known| mem::replace(known, waker));
        match replaced {
            Some(_) => Poll::Pending,
            None => Poll::Ready(Ok(())),
        }
    }

    /// Why a timer is not in the wheel any more.
    fn outcome(&self, schedule: &Schedule, deadline: Instant) -> Result<(), ShutDown> {
        if schedule.shut_down && self.clock.nanos_at(deadline) > schedule.wheel.now() {
            return Err(ShutDown);
        }
        Ok(())
    }

    /// Does the timer, which is not foreign, still wait?
    pub(crate) fn is_waiting(&self, timer: Timer) -> bool {
        match self.own_wheel().filter(|_| timer.own) {
            Some(own) => own.borrow_mut().get_mut(timer.key).is_some(),
            None => self.schedule.lock().wheel.get_mut(timer.key).is_some(),
        }
    }

    /// Gives a waiting timer another deadline, and keeps its waker. `None` if it
    /// does not wait any more, or if its waker has been called, since the new
    /// deadline is reached or the timer foreign: then it is to be set anew.
    pub(crate) fn reset(&self, timer: Timer, deadline: Instant) -> Option<Timer> {
        let Timer { key, own } = timer;
        if self.is_foreign(timer) {
            self.order(Order::WakeAndForget(key));
            return None;
        }
        let deadline = self.clock.nanos_at(deadline);
        let reached = ever_paused() && deadline <= self.clock.now();
        if let Some(wheel) = self.own_wheel().filter(|_| own) {
            let mut wheel = wheel.borrow_mut();
            if !reached && deadline > wheel.now() {
                let key = wheel.reset(key, deadline)?;
                return Some(Timer { key, own });
            }
            let waker = wheel.remove(key);
            drop(wheel);
            if let Some(waker) = waker {
                waker.wake();
            }
            return None;
        }
        let mut schedule = self.schedule.lock();
        if reached || deadline <= schedule.wheel.now() {
            let waker = schedule.wheel.remove(key);
            self.unlock(schedule);
            if let Some(waker) = waker {
                waker.wake();
            }
            return None;
        }
        let key = schedule.wheel.reset(key, deadline)?;
        let rouse = schedule.must_rouse(deadline);
        drop(schedule);
        if rouse {
            (self.unpark)();
        }
        Some(Timer { key, own })
    }

    /// Takes a timer back. Nothing happens if it does not wait any more.
    #[inline]
    pub(crate) fn cancel(&self, timer: Timer) {
        match self.own_wheel() {
            Some(own) if timer.own => {
                let waker = own.borrow_mut().remove(timer.key);
                drop(waker);
            }
            None if timer.own => self.order(Order::Forget(timer.key)),
            _ => self.cancel_shared(timer.key),
        }
    }

    #[inline(never)]
    fn cancel_shared(&self, key: Key) {
        let mut schedule = self.schedule.lock();
        let waker = schedule.wheel.remove(key);
        self.unlock(schedule);
        drop(waker);
    }

    /// Leaves an order for the driver, which carries it out when it looks; a
    /// sleeping one is roused if somebody is to be woken.
    #[cold]
    fn order(&self, order: Order) {
        let mut schedule = self.schedule.lock();
        if schedule.shut_down {
            return;
        }
        let rouse =
            matches!(order, Order::WakeAndForget(_)) && schedule.parked_until.take().is_some();
        schedule.orders.push(order);
        self.unlock(schedule);
        if rouse {
            (self.unpark)();
        }
    }

    // For the driver.

    /// To be called before a sleep: until when it may last, on this clock; a time
    /// that is past says that something is due. `None`: until something else ends it.
    ///
    /// Follow it with [`after_park`](Timers::after_park). On a paused clock no
    /// sleep brings a deadline nearer, and the answer is always `None`; that is
    /// what [`advance_to_next`](Timers::advance_to_next) is for.
    pub(crate) fn prepare_park(&self) -> Option<u64> {
        self.prepare_park_until(None)
    }

    /// The same for a sleep that ends by itself at `end`: who registers for a later
    /// time need not end it.
    pub(crate) fn prepare_park_until(&self, end: Option<u64>) -> Option<u64> {
        let own = self
            .own_wheel()
            .and_then(|own| own.borrow_mut().next_look());
        let mut schedule = self.schedule.lock();
        // Under the lock: whoever resumes the clock rouses us after that.
        let look = if !schedule.orders.is_empty() {
            // Not obeyed here: that may wake, and the loop has resolved to sleep.
            Some(0)
        } else if self.clock.is_paused() {
            None
        } else {
            earlier(own, schedule.wheel.next_look())
        };
        schedule.parked_until = Some(earlier(look, end).unwrap_or(u64::MAX));
        look
    }

    /// To be called after the sleep, before anything runs that may register.
    pub(crate) fn after_park(&self) {
        self.schedule.lock().parked_until = None;
    }

    /// Wakes all whose deadline is not after `now`; how many there were.
    pub(crate) fn fire(&self, now: u64) -> usize {
        self.obey_orders();
        let own = match self.own_wheel() {
            Some(own) => Self::fire_wheel(now, |take| take(&mut own.borrow_mut())),
            None => 0,
        };
        if !self.shared_is_armed() {
            return own;
        }
        let shared = Self::fire_wheel(now, |take| {
            let mut schedule = self.schedule.lock();
            take(&mut schedule.wheel);
            self.unlock(schedule);
        });
        own + shared
    }

    /// Fires one wheel. `open` passes the wheel to its argument, once; wakers are
    /// called when it is closed again.
    fn fire_wheel(now: u64, open: impl Fn(&mut dyn FnMut(&mut Wheel<Waker>))) -> usize {
        let mut fired = 0;
        loop {
            let mut batch = WakeBatch::new();
            let mut taken = 0;
            open(&mut |wheel| {
                while taken < BATCH
                    && let Some((_, waker)) = wheel.pop_expired(now)
                {
                    batch.push(waker);
                    taken += 1;
                }
            });
            fired += taken;
            batch.wake_all();
            if taken < BATCH {
                return fired;
            }
        }
    }

    /// Carries out what other threads ordered. For the thread that drives.
    fn obey_orders(&self) {
        let Some(own) = self.own_wheel() else { return };
        if !self.shared_is_armed() {
            return;
        }
        let mut schedule = self.schedule.lock();
        let orders = mem::take(&mut schedule.orders);
        self.unlock(schedule);
        for order in orders {
            let (key, wake) = match order {
                Order::Forget(key) => (key, false),
                Order::WakeAndForget(key) => (key, true),
            };
            let waker = own.borrow_mut().remove(key);
            match waker {
                Some(waker) if wake => waker.wake(),
                waker => drop(waker),
            }
        }
    }

    /// For a paused clock, when nothing can run: jumps to the earliest deadline.
    /// False if the clock isn't paused or no timer waits.
    pub(crate) fn advance_to_next(&self) -> bool {
        if !self.clock.is_paused() {
            return false;
        }
        let own = self.own_wheel().and_then(|own| own.borrow_mut().earliest());
        match earlier(own, self.schedule.lock().wheel.earliest()) {
            Some(deadline) => {
                self.clock.advance_to(deadline);
                true
            }
            None => false,
        }
    }

    /// Wakes every waiter; each finds an error, as does who registers later.
    ///
    /// # Safety
    ///
    /// The caller holds the loop's token, and drives no longer.
    pub(crate) unsafe fn shutdown(&self) {
        let mut schedule = self.schedule.lock();
        schedule.shut_down = true;
        schedule.orders.clear();
        let shared = schedule.wheel.take_all();
        self.unlock(schedule);
        let own = self.own.borrow_mut().take_all();
        let mut batch = WakeBatch::new();
        own.chain(shared).for_each(|waker| batch.push(waker));
        batch.wake_all();
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
        let armed = schedule.wheel.len() + schedule.orders.len();
        self.armed.store(armed, Ordering::Relaxed);
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

/// The earlier of two deadlines, where there are any.
fn earlier(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
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

#[cfg(all(test, not(loom)))]
#[path = "timers_tests.rs"]
mod tests;

#[cfg(all(test, loom))]
#[path = "timers_loom.rs"]
mod loom_tests;
