//! The hand-shake of a sleeping driver and a registration: the driver either
//! saw the timer, or is roused; by the real clock and by a paused one.
//!
//! What was seen to fail when it was weakened:
//!
//! | weakened | by | fails |
//! |---|---|---|
//! | `prepare_park` | `parked_until` is not set before the parts are looked at | `loom_a_registration_…`, `loom_who_resets_…` |
//! | `prepare_park` | parts are skipped that are not `armed` | `loom_a_registration_…`, `loom_who_resets_…` |
//! | `register` | no rouse | `loom_a_registration_…`, `loom_a_paused_clock_…` |
//! | `order` | no rouse | `loom_who_resets_…` |
//! | the loop | sleeps although `was_roused` | `loom_a_paused_clock_…` |
//! | `advance` | no rouse | `loom_who_advances_…` |
//! | `prepare_park` | what is due by a paused clock is left to the rouse | `loom_who_advances_…` |

use std::task::Waker;
use std::time::{Duration, Instant};

use super::super::clock::Clock;
use super::super::wheel::TICK;
use super::Timers;
use crate::loom::sync::{Arc, Condvar, Mutex};
use crate::loom::{model, thread};

const HOUR: Duration = Duration::from_secs(3600);

/// A sleep token, as simple as can be.
#[derive(Default)]
struct Token {
    set: Mutex<bool>,
    changed: Condvar,
}

impl Token {
    fn unpark(&self) {
        *self.set.lock() = true;
        self.changed.notify_one();
    }

    /// Takes the token, if it is there.
    fn look(&self) {
        *self.set.lock() = false;
    }

    fn park(&self) {
        let mut set = self.set.lock();
        while !*set {
            set = self.changed.wait(set);
        }
        *set = false;
    }
}

/// Timers whose driver sleeps on the token.
fn timers_and_token(clock: Clock, workers: usize) -> (Arc<Timers>, Arc<Token>) {
    let token = Arc::new(Token::default());
    let unparker = token.clone();
    let timers = Timers::new(clock, workers, move || unparker.unpark());
    (Arc::new(timers), token)
}

/// If a rouse were lost, the driver's park would never end: loom calls that a
/// deadlock.
#[test]
fn loom_a_registration_is_seen_or_rouses_the_driver() {
    model(2, || {
        let (timers, token) = timers_and_token(Clock::new(false), 2);
        let deadline = Instant::now() + HOUR;

        let others: Vec<_> = [deadline, deadline + HOUR]
            .into_iter()
            .enumerate()
            .map(|(worker, deadline)| {
                let timers = timers.clone();
                thread::spawn(move || {
                    let _here = timers.work_at(worker);
                    let key = timers.register(deadline, true, Waker::noop());
                    assert!(matches!(key, Ok(Some(_))));
                })
            })
            .collect();

        // The driver sleeps until it knows of the earlier deadline.
        loop {
            let earlier = timers.clock().nanos_at(deadline) + TICK;
            if timers
                .prepare_park(None)
                .is_some_and(|until| until <= earlier)
            {
                timers.after_park();
                break;
            }
            token.park();
            timers.after_park();
        }
        assert!(timers.is_armed());
        for other in others {
            other.join().unwrap();
        }
    });
}

/// A timer is cancelled by one worker while another fires all parts: it is woken or
/// not, and its waker is gone either way.
#[test]
fn loom_cancel_races_fire() {
    model(2, || {
        let timers = Arc::new(Timers::new(Clock::new(false), 1, || ()));
        let _here = timers.work_at(0);
        let deadline = Instant::now() + HOUR;
        let key = timers
            .register(deadline, true, Waker::noop())
            .unwrap()
            .unwrap();
        let firing = {
            let timers = timers.clone();
            thread::spawn(move || timers.fire(u64::MAX))
        };
        timers.cancel(key);
        let fired = firing.join().unwrap();
        assert!(fired <= 1);
        assert_eq!(timers.is_waiting(key), Some(false));
        assert!(!timers.is_armed());
    });
}

/// A paused clock jumps when nothing can run, while another thread sets a timer, takes it
/// back and sets one more: that one is not forgotten, whether the clock jumped before or
/// after, and the clock stands at its deadline afterwards.
#[test]
fn loom_a_paused_clock_forgets_no_timer() {
    // Three switches lose the second timer.
    model(3, || {
        let clock = Clock::new(true);
        clock.pause().unwrap();
        let start = clock.now();
        let now = clock.now_instant();
        let (timers, token) = timers_and_token(clock, 0);
        // SAFETY: this thread alone drives.
        let _driving = unsafe { timers.drive() };
        let other = {
            let timers = timers.clone();
            thread::spawn(move || {
                let set = |after| timers.register(now + after, true, Waker::noop());
                let first = set(HOUR).unwrap().unwrap();
                timers.cancel(first);
                assert!(matches!(set(2 * HOUR), Ok(Some(_))));
            })
        };
        // As the loop does it with nothing to run (`advance_paused_clock`, then `park`).
        let end = start + 2 * HOUR.as_nanos() as u64;
        while timers.clock().now() < end {
            timers.prepare_park(None);
            token.look();
            let moved = timers.advance_to_next();
            if !moved && !timers.was_roused() && timers.prepare_park(None).is_none() {
                token.park();
            }
            timers.after_park();
            timers.fire(timers.clock().now());
        }
        other.join().unwrap();
        assert!(!timers.is_armed());
    });
}

/// A paused clock is moved past a timer of the driving thread by another while the
/// driver goes to sleep: what is due is seen before the sleep, or ends it.
#[test]
fn loom_who_advances_from_elsewhere_rouses_the_driver() {
    model(2, || {
        let clock = Clock::new(true);
        clock.pause().unwrap();
        let deadline = clock.now_instant() + HOUR;
        let (timers, token) = timers_and_token(clock, 0);
        // SAFETY: this thread alone drives.
        let _driving = unsafe { timers.drive() };
        let set = timers.register(deadline, true, Waker::noop());
        let timer = set.unwrap().unwrap();
        let other = {
            let timers = timers.clone();
            thread::spawn(move || timers.advance(HOUR).unwrap())
        };
        while timers.is_waiting(timer) == Some(true) {
            if timers.prepare_park(None).is_none() {
                token.park();
            }
            timers.after_park();
            timers.fire(timers.clock().now());
        }
        other.join().unwrap();
        assert!(!timers.is_armed());
    });
}

/// A timer of the driving thread is reset by another while the driver goes to sleep:
/// the order is seen before the sleep, or ends it.
#[test]
fn loom_who_resets_from_elsewhere_rouses_the_driver() {
    model(2, || {
        let (timers, token) = timers_and_token(Clock::new(false), 0);
        // SAFETY: this thread alone drives.
        let _driving = unsafe { timers.drive() };
        let deadline = Instant::now() + HOUR;
        let set = timers.register(deadline, true, Waker::noop());
        let timer = set.unwrap().unwrap();
        let other = {
            let timers = timers.clone();
            thread::spawn(move || assert_eq!(timers.reset(timer, deadline + HOUR), None))
        };
        while timers.is_waiting(timer) == Some(true) {
            if timers.prepare_park(None) != Some(0) {
                token.park();
            }
            timers.after_park();
            timers.fire(0);
        }
        other.join().unwrap();
        assert!(!timers.is_armed());
    });
}
