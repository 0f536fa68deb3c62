//! Timers without a runtime: hand-fired, on a paused clock.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicUsize as StdAtomicUsize;
use std::sync::{Arc, Mutex as StdMutex, Weak};
use std::task::Wake;

use super::*;

pub(super) const MS: u64 = 1_000_000;

/// Timers on a paused clock at 0, and how often they called `unpark`.
fn paused() -> (Arc<Timers>, Arc<StdAtomicUsize>) {
    let clock = Clock::new(true);
    clock.pause().unwrap();
    timers(clock, 0)
}

pub(super) fn timers(clock: Clock, workers: usize) -> (Arc<Timers>, Arc<StdAtomicUsize>) {
    let unparks = Arc::new(StdAtomicUsize::new(0));
    let count = unparks.clone();
    let unpark = move || {
        count.fetch_add(1, Relaxed);
    };
    (Arc::new(Timers::new(clock, workers, unpark)), unparks)
}

/// A waker that does what it is told.
struct Doing<F: Fn() + Send + Sync>(F);

impl<F: Fn() + Send + Sync> Wake for Doing<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

fn waker(f: impl Fn() + Send + Sync + 'static) -> Waker {
    Waker::from(Arc::new(Doing(f)))
}

impl Timers {
    /// The instant `ns` after the timers' clock began.
    pub(super) fn instant(&self, ns: u64) -> Instant {
        let now = self.clock.now();
        self.clock.now_instant() + Duration::from_nanos(ns) - Duration::from_nanos(now)
    }

    pub(super) fn set(&self, ns: u64, waker: &Waker) -> Timer {
        let key = self.register(self.instant(ns), true, waker);
        key.unwrap().expect("the deadline is reached")
    }

    /// How many timers and orders it holds. For the thread that drives.
    pub(crate) fn held(&self) -> usize {
        let places = self.places();
        let held = places.map(|place| self.open(place, |it| it.wheel.len() + it.orders.len()));
        held.map(|held| held.expect("this thread drives")).sum()
    }
}

pub(super) type Log = Arc<StdMutex<Vec<String>>>;

pub(super) fn logging(log: &Log, entry: &str) -> Waker {
    let (log, entry) = (log.clone(), entry.to_string());
    waker(move || log.lock().unwrap().push(entry.clone()))
}

pub(super) fn read(log: &Log) -> Vec<String> {
    std::mem::take(&mut log.lock().unwrap())
}

#[test]
fn fires_in_order_and_not_before_its_time() {
    let (timers, _) = paused();
    let log = Log::default();
    let base = timers.clock.now();
    for (after, name) in [
        (3 * MS, "c"),
        (MS, "a1"),
        (2 * MS, "b"),
        (MS, "a2"),
        (MS - 1, "z"),
    ] {
        timers.set(base + after, &logging(&log, name));
    }
    assert_eq!(timers.fire(base + MS - 2), 0);
    assert_eq!(timers.fire(base + MS - 1), 1);
    assert_eq!(timers.fire(base + MS - 1), 0);
    assert_eq!(read(&log), ["z"]);
    assert_eq!(timers.fire(base + 3 * MS), 4);
    assert_eq!(read(&log), ["a1", "a2", "b", "c"]);
    assert!(!timers.is_armed());
}

#[test]
fn more_than_a_batch_keeps_its_order() {
    let (timers, _) = paused();
    let log = Log::default();
    let base = timers.clock.now();
    let n = 3 * BATCH + 5;
    for i in 0..n {
        timers.set(base + MS, &logging(&log, &i.to_string()));
    }
    assert_eq!(timers.fire(base + MS), n);
    let expected: Vec<_> = (0..n).map(|i| i.to_string()).collect();
    assert_eq!(read(&log), expected);
}

#[test]
fn a_deadline_that_is_reached_needs_no_timer() {
    let (timers, _) = paused();
    let now = timers.clock.now();
    let noop = Waker::noop();
    assert_eq!(timers.register(timers.instant(now), false, noop), Ok(None));
    assert_eq!(timers.register(timers.instant(now), true, noop), Ok(None));
    assert!(!timers.is_armed());
    assert!(matches!(
        timers.register(timers.instant(now + 1), false, noop),
        Ok(Some(_))
    ));
    assert!(timers.is_armed());
}

#[test]
fn check_keeps_the_last_waker_only() {
    let (timers, _) = paused();
    let log = Log::default();
    let base = timers.clock.now();
    let (first, second) = (logging(&log, "first"), logging(&log, "second"));
    let deadline = timers.instant(base + MS);
    let key = timers.set(base + MS, &first);
    assert_eq!(timers.check(key, deadline, &first), Some(Poll::Pending));
    assert_eq!(timers.check(key, deadline, &second), Some(Poll::Pending));
    assert_eq!(timers.check(key, deadline, &second), Some(Poll::Pending));
    timers.fire(base + MS);
    assert_eq!(read(&log), ["second"]);
    assert_eq!(
        timers.check(key, deadline, &second),
        Some(Poll::Ready(Ok(())))
    );
}

#[test]
fn a_cancelled_timer_keeps_no_waker() {
    let (timers, _) = paused();
    let base = timers.clock.now();
    let held = Arc::new(Doing(|| panic!("woken")));
    let waker = Waker::from(held.clone());
    let key = timers.set(base + MS, &waker);
    drop(waker);
    assert_eq!(Arc::strong_count(&held), 2);
    timers.cancel(key);
    assert_eq!(Arc::strong_count(&held), 1);
    assert!(!timers.is_armed());
    timers.cancel(key);
    assert_eq!(timers.fire(base + MS), 0);
}

#[test]
fn reset_moves_a_waiting_timer_and_wakes_one_whose_time_is_past() {
    let (timers, _) = paused();
    let log = Log::default();
    let base = timers.clock.now();
    let key = timers.set(base + 10 * MS, &logging(&log, "moved"));
    let key = timers.reset(key, timers.instant(base + 5 * MS)).unwrap();
    timers.fire(base + 5 * MS);
    assert_eq!(read(&log), ["moved"]);
    assert_eq!(timers.reset(key, timers.instant(base + 20 * MS)), None);
    assert!(!timers.is_armed());

    let key = timers.set(base + 10 * MS, &logging(&log, "past"));
    assert_eq!(timers.reset(key, timers.instant(base + MS)), None);
    assert_eq!(read(&log), ["past"]);
    assert!(!timers.is_armed());
}

#[test]
fn a_wake_may_cancel_reset_and_set_timers() {
    let (timers, _) = paused();
    let log = Log::default();
    let base = timers.clock.now();
    let keys = Arc::new(StdMutex::new(Vec::new()));
    let first = {
        let (timers, log, keys) = (Arc::downgrade(&timers), log.clone(), keys.clone());
        waker(move || {
            let timers: Arc<Timers> = Weak::upgrade(&timers).unwrap();
            log.lock().unwrap().push("first".into());
            let keys: Vec<Timer> = std::mem::take(&mut keys.lock().unwrap());
            timers.cancel(keys[0]); // its own: has left
            timers.cancel(keys[BATCH]); // due as well, but of the next batch
            timers
                .reset(keys[BATCH + 1], timers.instant(base + 2 * MS))
                .unwrap();
            // In the past: is not set at all, so it can't keep `fire` going.
            let again = timers.register(timers.instant(base + MS), true, Waker::noop());
            assert_eq!(again, Ok(None));
        })
    };
    let mut set = vec![timers.set(base + MS, &first)];
    for i in 1..BATCH + 3 {
        set.push(timers.set(base + MS, &logging(&log, &i.to_string())));
    }
    *keys.lock().unwrap() = set;

    assert_eq!(timers.fire(base + MS), BATCH + 1);
    let mut expected = vec!["first".to_string()];
    expected.extend((1..BATCH).map(|i| i.to_string()));
    expected.push((BATCH + 2).to_string());
    assert_eq!(read(&log), expected);
    assert_eq!(timers.fire(base + 2 * MS), 1);
    assert_eq!(read(&log), [(BATCH + 1).to_string()]);
}

#[test]
fn a_waker_that_drops_the_last_of_something_may_cancel_too() {
    /// Cancels a timer when it is dropped.
    struct Owner(Arc<Timers>, Timer);
    impl Drop for Owner {
        fn drop(&mut self) {
            self.0.cancel(self.1);
        }
    }
    let (timers, _) = paused();
    let base = timers.clock.now();
    let owned = timers.set(base + MS, Waker::noop());
    let owner = Owner(timers.clone(), owned);
    let waker = waker(move || {
        let _ = &owner;
    });
    let key = timers.set(base + MS, &waker);
    drop(waker);
    timers.cancel(key);
    assert!(!timers.is_armed());
}

#[test]
fn a_panicking_waker_takes_no_other_with_it() {
    let (timers, _) = paused();
    let log = Log::default();
    let base = timers.clock.now();
    timers.set(base + MS, &logging(&log, "before"));
    timers.set(base + MS, &waker(|| panic!("in a waker")));
    for i in 0..BATCH {
        timers.set(base + MS, &logging(&log, &i.to_string()));
    }
    let fired = catch_unwind(AssertUnwindSafe(|| timers.fire(base + MS)));
    assert_eq!(
        *fired.unwrap_err().downcast::<&str>().unwrap(),
        "in a waker"
    );
    assert_eq!(read(&log).len(), BATCH - 1, "the rest of the batch");
    assert_eq!(timers.prepare_park(None), None, "paused");
    timers.after_park();
    assert_eq!(
        timers.fire(base + MS),
        2,
        "the rest comes with the next look"
    );
}

/// Nor does one that another thread ordered to be called.
#[test]
fn a_panicking_waker_costs_no_order() {
    let (timers, _) = paused();
    let log = Log::default();
    let base = timers.clock.now();
    // SAFETY: this thread alone turns these timers.
    let _driving = unsafe { timers.drive() };
    let later = timers.instant(base + MS);
    let set = [
        timers.set(base + MS, &waker(|| panic!("in a waker"))),
        timers.set(base + MS, &logging(&log, "woken")),
    ];
    let held = Arc::new(Doing(|| panic!("woken")));
    let forgotten = timers.set(base + MS, &Waker::from(held.clone()));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for timer in set {
                assert_eq!(timers.reset(timer, later), None);
            }
            timers.cancel(forgotten);
        });
    });
    let fired = catch_unwind(AssertUnwindSafe(|| timers.fire(base)));
    assert_eq!(
        *fired.unwrap_err().downcast::<&str>().unwrap(),
        "in a waker"
    );
    assert_eq!(read(&log), ["woken"]);
    assert_eq!(Arc::strong_count(&held), 1);
    assert!(!timers.is_armed());
}

#[test]
fn a_registration_rouses_the_driver_only_from_a_longer_sleep() {
    let (timers, unparks) = timers(Clock::new(false), 0);
    let unparks = || unparks.load(Relaxed);
    let hour = Duration::from_secs(3600);
    let now = Instant::now();
    let at = |after: Duration| timers.clock.nanos_at(now + after);
    let set = |after: Duration| {
        let key = timers.register(now + after, true, Waker::noop());
        key.unwrap().expect("hours away")
    };
    assert_eq!(timers.prepare_park(None), None);
    timers.after_park();
    let first = set(2 * hour);
    assert_eq!(unparks(), 0, "not parked");

    let until = timers.prepare_park(None).unwrap();
    assert!(until <= at(2 * hour) && until > at(hour), "{until:?}");
    set(3 * hour);
    assert_eq!(unparks(), 0, "later than the sleep's end");
    set(hour);
    assert_eq!(unparks(), 1);
    set(hour / 2);
    assert_eq!(unparks(), 1, "roused already");
    timers.after_park();

    assert!(timers.prepare_park(None).unwrap() <= at(hour / 2));
    assert!(timers.reset(first, now + hour / 4).is_some());
    assert_eq!(unparks(), 2, "a reset rouses too");
    timers.after_park();
    set(hour / 8);
    assert_eq!(unparks(), 2);
}

#[test]
fn a_paused_clock_knows_the_past_before_anything_has_fired() {
    let (timers, _) = paused();
    let log = Log::default();
    let base = timers.clock.now();
    let key = timers.set(base + 5 * MS, &logging(&log, "past"));
    timers.clock.advance(Duration::from_millis(2)).unwrap();
    let deadline = timers.instant(base + MS);
    assert_eq!(timers.register(deadline, true, Waker::noop()), Ok(None));
    assert_eq!(timers.reset(key, deadline), None);
    assert_eq!(read(&log), ["past"]);
}

#[test]
fn what_is_due_forbids_sleep() {
    let (timers, _) = paused();
    timers.set(timers.clock.now() + MS, Waker::noop());
    timers.clock.advance(Duration::from_millis(1)).unwrap();
    timers.resume().unwrap();
    assert!(timers.prepare_park(None).unwrap() <= timers.clock.now());
    timers.after_park();
    assert_eq!(timers.fire(timers.clock.now()), 1);
    assert_eq!(timers.prepare_park(None), None);
}

/// Another thread may have moved the clock: what is due then is due, be it of the same
/// tick as what is not.
#[test]
fn what_a_paused_clock_has_reached_forbids_sleep() {
    let (timers, _) = paused();
    let base = timers.clock.now();
    for after in [10, 20] {
        timers.set(base + after, Waker::noop());
    }
    timers.clock.advance(Duration::from_nanos(9)).unwrap();
    assert_eq!(timers.prepare_park(None), None);
    timers.clock.advance(Duration::from_nanos(1)).unwrap();
    assert_eq!(timers.prepare_park(None), Some(base + 10));
    timers.after_park();
    assert_eq!(timers.fire(base + 10), 1);
    assert_eq!(timers.prepare_park(None), None);
    timers.after_park();
}

#[test]
fn a_paused_clock_jumps_to_the_earliest_deadline_exactly() {
    let (timers, unparks) = paused();
    let base = timers.clock.now();
    assert!(!timers.advance_to_next(), "nothing to go to");
    let hour = 3_600_000 * MS;
    for after in [hour + 1, hour, u64::MAX - base] {
        timers.set(base + after, Waker::noop());
    }
    for expected in [base + hour, base + hour + 1, u64::MAX] {
        assert_eq!(timers.prepare_park(None), None);
        timers.after_park();
        assert!(timers.advance_to_next());
        assert_eq!(timers.clock.now(), expected);
        assert_eq!(timers.fire(expected), 1);
    }
    assert!(!timers.advance_to_next());
    assert_eq!(unparks.load(Relaxed), 0);
}

#[test]
fn resume_rouses_the_driver() {
    let (timers, unparks) = paused();
    let unparks = || unparks.load(Relaxed);
    timers.set(timers.clock.now() + MS, Waker::noop());
    assert_eq!(timers.prepare_park(None), None);
    timers.resume().unwrap();
    assert_eq!(unparks(), 1);
    timers.after_park();
    assert!(timers.prepare_park(None).is_some());
    assert!(!timers.advance_to_next());
}

#[test]
fn advance_fires_what_it_passes() {
    let (timers, _) = paused();
    let log = Log::default();
    let base = timers.clock.now();
    timers.set(base + MS, &logging(&log, "at 1 ms"));
    timers.set(base + MS + 1, &logging(&log, "a nanosecond after"));
    timers.advance(Duration::from_millis(1)).unwrap();
    assert_eq!(read(&log), ["at 1 ms"]);
    timers.advance(Duration::from_nanos(1)).unwrap();
    assert_eq!(read(&log), ["a nanosecond after"]);
    assert_eq!(timers.advance(Duration::MAX), Err(ClockError::EndOfTime));
}

#[test]
fn shutdown_wakes_all_and_ends_registration() {
    let (timers, _) = paused();
    let log = Log::default();
    let base = timers.clock.now();
    let fired = timers.set(base + MS, Waker::noop());
    timers.fire(base + MS);
    timers.set(base + 3 * MS, &waker(|| panic!("in a waker")));
    let ended = timers.set(base + 2 * MS, &logging(&log, "ended"));
    // SAFETY: this thread alone turns these timers.
    let result = catch_unwind(AssertUnwindSafe(|| unsafe { timers.shutdown() }));
    assert!(result.is_err());
    assert_eq!(read(&log), ["ended"]);
    assert!(!timers.is_armed());

    let noop = Waker::noop();
    let check = |key, ns| timers.check(key, timers.instant(ns), noop);
    assert_eq!(
        check(ended, base + 2 * MS),
        Some(Poll::Ready(Err(ShutDown)))
    );
    assert_eq!(
        check(fired, base + MS),
        Some(Poll::Ready(Ok(()))),
        "fired before"
    );
    assert_eq!(
        timers.register(timers.instant(base + 9 * MS), true, noop),
        Err(ShutDown)
    );
    assert_eq!(timers.reset(ended, timers.instant(base + 9 * MS)), None);
    timers.cancel(ended);
    assert!(!timers.is_armed());
    // SAFETY: this thread alone turns these timers.
    unsafe { timers.shutdown() };
}
