//! **Who waits for when?** Wheels beside the clock, in parts: what leaf futures
//! register with, and what the driver asks before it sleeps and serves when it
//! looks.
//!
//! ```text
//!   Sleep::poll ──register──► one part: ┌───────┐ prepare_park ► the driver
//!               ──check─────►  own, or  │ wheel │                sleeps until
//!   Sleep::reset ─reset─────►  under    │       │                the earliest …
//!   Sleep::drop ──cancel────►  a lock   └───┬───┘◄─ fire(now) ── and looks: all
//!                                           │                    the parts
//!                wakers, up to 32 at a time, called without the lock
//! ```
//!
//! A timer costs no allocation: its waker lies in a wheel, and the future holds
//! the [`Timer`], its key and place. That a timer has fired is not written down
//! anywhere: its key finds nothing any more.
//!
//! # Parts
//!
//! Nearly every timer is set, and nearly every one taken back, by the thread that
//! polls the task. So each thread that polls has a [`Place`], which it makes known
//! to itself by [`drive`](Timers::drive) or [`work_at`](Timers::work_at):
//!
//! - The one thread that drives a loop has the *own* wheel, which only it touches: a
//!   timeout that never fires takes no lock.
//! - Each of many workers has a *part*. It is under a lock, since a worker may be stuck
//!   in a poll while another holds the driver and must fire its timers; but whoever
//!   takes the lock is nearly always the worker itself, and so it costs two locked
//!   instructions on a line that is in its cache already. (One wheel for all, under
//!   one lock that two workers want, made a timeout four times as dear.)
//! - The first part is the common one, everyone else's.
//!
//! The driver serves all of them; each keeps its deadlines in order, and between two
//! there is none.
//!
//! A task may move, and its timer be polled, reset or dropped by another thread than
//! the one that set it. One in a part stays there, and is reached under the lock. One
//! in the own wheel is *foreign* to every thread that does not drive: it leaves an
//! order in the common part, which the driver carries out when it looks, or begins to drive
//! ("forget it", "wake it and forget it"), and sets the timer anew where it is.
//!
//! # Sleeping and being roused
//!
//! `parked_until` says how long the driver sleeps; 0: it is awake, or was roused.
//!
//! ```text
//!   the driver, prepare_park              who sets a timer
//!   (1) parked_until := for ever          (a) in its part, under the lock
//!   (2) each part's earliest, under       (b) deadline < parked_until?
//!       the part's lock                       then parked_until := 0, and
//!   (3) parked_until := the earliest          unpark if it was not
//! ```
//!
//! For each part, (a) comes before (2), and the answer includes the timer, or after
//! it. Then (b) sees what (1) wrote, or what came later: (3), which is the sleep's end;
//! or a 0 that somebody put there in exchange for more, who unparks the driver. So a
//! timer is never overslept; (1) may rouse the driver for nothing.
//!
//! The driver's sleep must be one that an unpark between (1) and the sleep itself ends
//! at once: a token, an eventfd. The first to rouse takes `parked_until` away: one
//! unpark is enough, for the driver computes anew before it sleeps again.
//!
//! # Batches
//!
//! On the real clock the driver sleeps to the last deadline of the earliest
//! *tick*, so that deadlines within 65 µs of one another share a wake-up. A
//! paused clock is exact: it jumps to the earliest deadline, to the nanosecond.
//!
//! # Invariants
//!
//! 1. Wakers are cloned, called and dropped without a lock: a waker may drop
//!    or reset any timer, its own included.
//! 2. No wheel contains a deadline at or before its `now`, except what is due and
//!    about to be handed out: [`register`](Timers::register) answers "reached"
//!    instead. So `fire` can't be kept going by a timer that is set again and again
//!    in the past.
//! 3. A waker that panics takes no other wake-up with it.
//! 4. After [`shutdown`](Timers::shutdown) all wheels are empty and stay so.
//! 5. The own wheel is touched only by the thread that drives, which is the one that
//!    holds the loop's token: there is one at a time, and tokens pass through a lock.
//! 6. One thread at a time is between `prepare_park` and `after_park`.
//!
//! # Memory ordering
//!
//! `parked_until` is Relaxed throughout: that (b) sees (1) follows from the part's lock,
//! which (2) held before (a) did, and coherence does the rest.
//!
//! `armed` mirrors a part's length for [`is_armed`](Timers::is_armed), is
//! stored under the lock and read without it, both Relaxed. It is a hint for
//! the loop, which asks "is there anything to look at?" between polls; a
//! timer that the asking thread set is seen at once, one by another thread
//! soon, and before sleeping `prepare_park` looks under the lock.
//!
//! Read next: `time/sleep.rs`, the future that does the registering.

use std::cell::{Cell, RefCell};
use std::iter;
use std::marker::PhantomData;
use std::mem;
use std::ptr;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use super::clock::{Clock, ClockError, ever_paused};
use super::wheel::{Key, Wheel, tick_of};
use crate::loom::sync::Mutex;
use crate::loom::sync::atomic::Ordering::Relaxed;
use crate::loom::sync::atomic::{AtomicU64, AtomicUsize};
use crate::util::wake_batch::WakeBatch;

/// How many wakers [`Timers::fire`] takes out before it lets go of the lock.
const BATCH: usize = 32;

/// So many workers have a part of their own. More of them share, so that a look at all
/// parts stays short.
const MOST_PARTS: usize = 64;

/// The runtime shut down before the deadline was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShutDown;

/// All timers of one runtime.
pub(crate) struct Timers {
    clock: Clock,
    /// Of the one thread that drives.
    own: RefCell<Schedule>,
    /// The common one, then one for each worker.
    parts: Box<[Part]>,
    /// While the driver sleeps and nobody has roused it: until when. Otherwise 0.
    parked_until: AtomicU64,
    /// Ends the driver's sleep.
    unpark: Box<dyn Fn() + Send + Sync>,
}

// SAFETY: `own` is reached only where `drives` has said that the calling thread does (in
// `open`, `register`, `cancel`), by the promise of who called `drive`, and by `shutdown`,
// whose caller holds the loop's token; all else is Sync.
unsafe impl Sync for Timers {}

/// Timers that any thread may reach. On cache lines of their own.
#[repr(align(128))]
struct Part {
    schedule: Mutex<Schedule>,
    /// How many timers and orders there are in it, as of the last unlock.
    armed: AtomicUsize,
}

struct Schedule {
    wheel: Wheel<Waker>,
    /// For the thread that drives.
    orders: Vec<Order>,
    shut_down: bool,
}

/// A timer that was set: its key, and in which wheel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timer {
    key: Key,
    place: Place,
}

/// In which wheel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Own,
    Part(u16),
}

/// The part for who has none.
const COMMON: u16 = 0;

/// What a thread that does not drive asks about a timer of the own wheel.
enum Order {
    Forget(Key),
    WakeAndForget(Key),
}

#[cfg(not(loom))]
thread_local! {
    /// Which timers this thread sets at a place of its own, and where.
    static HERE: Cell<(*const Timers, Place)> = const { Cell::new((ptr::null(), Place::Own)) };
}
#[cfg(loom)]
loom::thread_local! {
    static HERE: Cell<(*const Timers, Place)> = Cell::new((ptr::null(), Place::Own));
}

/// While it lives, the thread that made it has a place of its own.
pub(crate) struct AtPlace {
    before: (*const Timers, Place),
    not_send: PhantomData<*const ()>,
}

impl AtPlace {
    fn new(timers: &Timers, place: Place) -> Self {
        Self {
            before: HERE.with(|here| here.replace((timers, place))),
            not_send: PhantomData,
        }
    }
}

impl Drop for AtPlace {
    fn drop(&mut self) {
        HERE.with(|here| here.set(self.before));
    }
}

impl Timers {
    /// For so many workers, or, if none, for a loop that one thread drives.
    ///
    /// `unpark` ends the driver's sleep, and may be called at any time from any
    /// thread, never with a lock held.
    pub(crate) fn new(
        clock: Clock,
        workers: usize,
        unpark: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let part = |_| Part {
            schedule: Mutex::new(Schedule::new()),
            armed: AtomicUsize::new(0),
        };
        Self {
            clock,
            own: RefCell::new(Schedule::new()),
            parts: (0..=workers.min(MOST_PARTS)).map(part).collect(),
            parked_until: AtomicU64::new(0),
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
    pub(crate) unsafe fn drive(&self) -> AtPlace {
        AtPlace::new(self, Place::Own)
    }

    /// The calling thread sets timers as that worker from now on.
    pub(crate) fn work_at(&self, worker: usize) -> AtPlace {
        let workers = self.parts.len() - 1;
        AtPlace::new(self, Place::Part(1 + (worker % workers) as u16))
    }

    /// The part for what the calling thread sets, unless it drives.
    #[inline]
    fn part(&self) -> u16 {
        match HERE.try_with(Cell::get) {
            Ok((timers, Place::Part(part))) if ptr::eq(timers, self) => part,
            _ => COMMON,
        }
    }

    #[inline]
    fn drives(&self) -> bool {
        let here = HERE.try_with(Cell::get);
        matches!(here, Ok((timers, Place::Own)) if ptr::eq(timers, self))
    }

    /// Opens a wheel for one step, in which no foreign code runs. `None`: the own wheel,
    /// and the calling thread does not drive.
    #[inline]
    fn open<R>(&self, place: Place, step: impl FnOnce(&mut Schedule) -> R) -> Option<R> {
        match place {
            Place::Own if self.drives() => Some(step(&mut self.own.borrow_mut())),
            Place::Own => None,
            Place::Part(part) => Some(self.parts[usize::from(part)].open(step)),
        }
    }

    /// May there be a timer, or an order?
    #[inline]
    fn is_armed_at(&self, place: Place) -> bool {
        match place {
            Place::Own => self.open(place, |own| own.wheel.len()) > Some(0),
            Place::Part(part) => self.parts[usize::from(part)].is_armed(),
        }
    }

    fn places(&self) -> impl Iterator<Item = Place> + use<> {
        let parts = (0..self.parts.len() as u16).map(Place::Part);
        iter::once(Place::Own).chain(parts)
    }

    /// Is there anything to look at? Takes no lock. A thread that does not drive
    /// hears nothing of the own wheel.
    #[inline]
    pub(crate) fn is_armed(&self) -> bool {
        // By `places()` it would take seventy instructions more, at each look.
        self.is_armed_at(Place::Own) || self.parts.iter().any(Part::is_armed)
    }

    // For leaf futures.

    /// Sets a timer, unless `deadline` is reached: then `Ok(None)`.
    ///
    /// The real clock is read only if `ahead` is false. A caller who just made
    /// the deadline from the clock knows that it lies ahead, and saves as much
    /// as a lock costs; should it have passed all the same, the timer fires
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
        if !self.drives() {
            return self.register_in_part(deadline, waker);
        }
        // Not shut down: nobody drives then.
        let mut own = self.own.borrow_mut();
        if deadline <= own.wheel.now() {
            drop(own);
            return Ok(None);
        }
        let key = own.wheel.insert(deadline, waker);
        let place = Place::Own;
        Ok(Some(Timer { key, place }))
    }

    #[inline(never)] // the driving thread's way stays short
    fn register_in_part(&self, deadline: u64, waker: Waker) -> Result<Option<Timer>, ShutDown> {
        let part = self.part();
        let set = self.parts[usize::from(part)].open(move |schedule| {
            if schedule.shut_down || deadline <= schedule.wheel.now() {
                return Err((waker, schedule.shut_down));
            }
            Ok(schedule.wheel.insert(deadline, waker))
        });
        // A waker that came back is dropped here, where nothing is open.
        match set {
            Ok(key) => {
                self.rouse_before(deadline);
                let place = Place::Part(part);
                Ok(Some(Timer { key, place }))
            }
            Err((_, true)) => Err(ShutDown),
            Err(_) => Ok(None),
        }
    }

    /// Has the timer fired? If not, `waker` is woken when it does. `None`: it was
    /// foreign, and is forgotten; it is to be set anew.
    pub(crate) fn check(
        &self,
        Timer { key, place }: Timer,
        deadline: Instant,
        waker: &Waker,
    ) -> Option<Poll<Result<(), ShutDown>>> {
        let known = self.open(place, |schedule| match schedule.wheel.get_mut(key) {
            Some(known) => Ok(known.will_wake(waker)),
            None => Err(self.outcome(schedule, deadline)),
        });
        match known {
            Some(Ok(true)) => return Some(Poll::Pending),
            Some(Ok(false)) => {}
            Some(Err(outcome)) => return Some(Poll::Ready(outcome)),
            None => {
                self.order(Order::Forget(key));
                return None;
            }
        }
        // Cloning a waker, and dropping one, is foreign code: no wheel is open.
        let mut waker = waker.clone();
        self.open(place, |schedule| match schedule.wheel.get_mut(key) {
            Some(known) => {
                mem::swap(known, &mut waker);
                Poll::Pending
            }
            None => Poll::Ready(self.outcome(schedule, deadline)),
        })
    }

    /// Why a timer is not in the wheel any more.
    fn outcome(&self, schedule: &Schedule, deadline: Instant) -> Result<(), ShutDown> {
        if schedule.shut_down && self.clock.nanos_at(deadline) > schedule.wheel.now() {
            return Err(ShutDown);
        }
        Ok(())
    }

    /// Does the timer still wait? `None`: it is foreign.
    pub(crate) fn is_waiting(&self, Timer { key, place }: Timer) -> Option<bool> {
        self.open(place, |schedule| schedule.wheel.get_mut(key).is_some())
    }

    /// Gives a waiting timer another deadline, and keeps its waker. `None` if it
    /// does not wait any more, or if its waker has been called, since the new
    /// deadline is reached or the timer foreign: then it is to be set anew.
    pub(crate) fn reset(&self, Timer { key, place }: Timer, deadline: Instant) -> Option<Timer> {
        let deadline = self.clock.nanos_at(deadline);
        let reached = ever_paused() && deadline <= self.clock.now();
        let moved = self.open(place, |Schedule { wheel, .. }| {
            if reached || deadline <= wheel.now() {
                return Err(wheel.remove(key));
            }
            wheel.reset(key, deadline).ok_or(None)
        });
        match moved {
            Some(Ok(key)) => {
                self.rouse_before(deadline);
                return Some(Timer { key, place });
            }
            Some(Err(waker)) => waker.into_iter().for_each(Waker::wake),
            None => self.order(Order::WakeAndForget(key)),
        }
        None
    }

    /// Takes a timer back. Nothing happens if it does not wait any more.
    #[inline]
    pub(crate) fn cancel(&self, timer: Timer) {
        if timer.place != Place::Own || !self.drives() {
            return self.cancel_elsewhere(timer);
        }
        let waker = self.own.borrow_mut().wheel.remove(timer.key);
        drop(waker);
    }

    #[inline(never)]
    fn cancel_elsewhere(&self, Timer { key, place }: Timer) {
        match self.open(place, |schedule| schedule.wheel.remove(key)) {
            Some(waker) => drop(waker),
            None => self.order(Order::Forget(key)),
        }
    }

    /// Leaves an order for the driver, which carries it out when it looks; a
    /// sleeping one is roused if somebody is to be woken.
    #[cold]
    fn order(&self, order: Order) {
        let wakes = matches!(order, Order::WakeAndForget(_));
        self.parts[usize::from(COMMON)].open(|schedule| {
            if !schedule.shut_down {
                schedule.orders.push(order);
            }
        });
        if wakes {
            self.rouse();
        }
    }

    /// A timer was set for `deadline`: a driver that would sleep past it is roused.
    #[inline]
    fn rouse_before(&self, deadline: u64) {
        if tick_of(deadline) < tick_of(self.parked_until.load(Relaxed)) {
            self.rouse();
        }
    }

    /// Ends the driver's sleep, if it sleeps and nobody else has done so.
    #[cold]
    fn rouse(&self) {
        // Nothing is written over a 0: loom would let that outlive the next sleep's store.
        let end = |until| (until != 0).then_some(0);
        let ended = self.parked_until.fetch_update(Relaxed, Relaxed, end);
        if ended.is_ok() {
            (self.unpark)();
        }
    }

    // For the driver.

    /// To be called before a sleep: until when it may last, on this clock; a time
    /// that is past says that something is due. `None`: until something else ends it.
    ///
    /// Follow it with [`after_park`](Timers::after_park). On a paused clock no
    /// sleep brings a deadline nearer, and the answer is `None` unless something is due;
    /// the rest is what [`advance_to_next`](Timers::advance_to_next) is for.
    ///
    /// A sleep that ends by itself has an `end`: who registers for a later time need not
    /// end it.
    pub(crate) fn prepare_park(&self, end: Option<u64>) -> Option<u64> {
        self.parked_until.store(u64::MAX, Relaxed);
        // Asked after that store: whoever resumes or moves the clock rouses us then.
        let paused = self.clock.is_paused().then(|| self.clock.now());
        let own = self.open(Place::Own, |own| own.next_look(paused));
        let mut look = own.flatten();
        for part in &self.parts {
            let next = part.open(|schedule| schedule.next_look(paused));
            look = look.into_iter().chain(next).min();
        }
        let until = look.into_iter().chain(end).min();
        self.parked_until.store(until.unwrap_or(u64::MAX), Relaxed);
        look
    }

    /// To be called after the sleep, before anything runs that may register.
    pub(crate) fn after_park(&self) {
        self.parked_until.store(0, Relaxed);
    }

    /// Has somebody ended the sleep that [`prepare_park`](Timers::prepare_park) announced?
    /// Until the next, nobody else will.
    pub(crate) fn was_roused(&self) -> bool {
        self.parked_until.load(Relaxed) == 0
    }

    /// Wakes all whose deadline is not after `now`; how many there were.
    pub(crate) fn fire(&self, now: u64) -> usize {
        if self.drives() {
            self.obey_orders();
        }
        let armed = self.places().filter(|&place| self.is_armed_at(place));
        armed.map(|place| self.fire_at(place, now)).sum()
    }

    fn fire_at(&self, place: Place, now: u64) -> usize {
        let mut fired = 0;
        loop {
            let mut batch = WakeBatch::new();
            let mut taken = 0;
            self.open(place, |Schedule { wheel, .. }| {
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

    /// Carries out what other threads ordered. For the thread that drives: when it looks,
    /// and when it begins, for short stays may never come to a look.
    pub(crate) fn obey_orders(&self) {
        if !self.is_armed_at(Place::Part(COMMON)) {
            return;
        }
        let common = &self.parts[usize::from(COMMON)];
        let orders = common.open(|common| mem::take(&mut common.orders));
        let (mut batch, mut forgotten) = (WakeBatch::new(), Vec::new());
        self.open(Place::Own, |Schedule { wheel, .. }| {
            for order in orders {
                match order {
                    Order::Forget(key) => forgotten.extend(wheel.remove(key)),
                    Order::WakeAndForget(key) => {
                        wheel.remove(key).into_iter().for_each(|it| batch.push(it));
                    }
                }
            }
        });
        drop(forgotten);
        batch.wake_all();
    }

    /// For a paused clock, when nothing can run: jumps to the earliest deadline.
    /// False if the clock isn't paused or no timer waits.
    pub(crate) fn advance_to_next(&self) -> bool {
        let earliest = |place| self.open(place, |it| it.wheel.earliest())?;
        let next = self.places().filter_map(earliest).min();
        let next = next.filter(|_| self.clock.is_paused());
        next.map(|due| self.clock.advance_to(due)).is_some()
    }

    /// Wakes every waiter; each finds an error, as does who registers later.
    ///
    /// # Safety
    ///
    /// The caller holds the loop's token, and drives no longer.
    pub(crate) unsafe fn shutdown(&self) {
        let mut batch = WakeBatch::new();
        let mut close = |schedule: &mut Schedule| {
            schedule.shut_down = true;
            schedule.orders.clear();
            schedule.wheel.take_all().for_each(|it| batch.push(it));
        };
        close(&mut self.own.borrow_mut());
        self.parts.iter().for_each(|part| part.open(&mut close));
        batch.wake_all();
    }

    // For the clock's controls.

    /// Moves a paused clock, and fires what is due by then; what is due of the own
    /// wheel, the driver fires, which is roused if it sleeps.
    pub(crate) fn advance(&self, by: Duration) -> Result<(), ClockError> {
        self.clock.advance(by)?;
        self.rouse();
        self.fire(self.clock.now());
        Ok(())
    }

    /// Lets a paused clock run; a driver that sleeps has to reckon anew.
    pub(crate) fn resume(&self) -> Result<(), ClockError> {
        self.clock.resume()?;
        self.rouse();
        Ok(())
    }
}

impl Schedule {
    fn new() -> Self {
        Self {
            wheel: Wheel::new(),
            orders: Vec::new(),
            shut_down: false,
        }
    }

    /// When the driver is to look here next; `paused` is the time on a clock that stands.
    #[inline]
    fn next_look(&self, paused: Option<u64>) -> Option<u64> {
        if !self.orders.is_empty() {
            return Some(0); // not obeyed here: that may wake, and the loop resolved to sleep
        }
        if self.wheel.len() == 0 {
            return None;
        }
        match paused {
            Some(now) => self.wheel.earliest().filter(|&due| due <= now),
            None => self.wheel.next_look(),
        }
    }
}

impl Part {
    #[inline]
    fn open<R>(&self, step: impl FnOnce(&mut Schedule) -> R) -> R {
        let mut schedule = self.schedule.lock();
        let done = step(&mut schedule);
        let armed = schedule.wheel.len() + schedule.orders.len();
        self.armed.store(armed, Relaxed);
        done
    }

    #[inline]
    fn is_armed(&self) -> bool {
        self.armed.load(Relaxed) != 0
    }
}

#[cfg(all(test, not(loom)))]
#[path = "timers_tests.rs"]
mod tests;

#[cfg(all(test, not(loom)))]
#[path = "timers_parts_tests.rs"]
mod parts_tests;

#[cfg(all(test, loom))]
#[path = "timers_loom.rs"]
mod loom_tests;
