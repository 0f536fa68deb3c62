//! The hand-shake of a sleeping driver and a registration: the driver either
//! saw the timer, or is roused.

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

    fn park(&self) {
        let mut set = self.set.lock();
        while !*set {
            set = self.changed.wait(set);
        }
        *set = false;
    }
}

/// If a rouse were lost, the driver's park would never end: loom calls that a
/// deadlock.
#[test]
fn loom_a_registration_is_seen_or_rouses_the_driver() {
    model(|| {
        let token = Arc::new(Token::default());
        let unparker = token.clone();
        let timers = Arc::new(Timers::new(Clock::new(false), 0, move || unparker.unpark()));
        let deadline = Instant::now() + HOUR;

        let others: Vec<_> = [deadline, deadline + HOUR]
            .into_iter()
            .map(|deadline| {
                let timers = timers.clone();
                thread::spawn(move || {
                    let key = timers.register(deadline, true, Waker::noop());
                    assert!(matches!(key, Ok(Some(_))));
                })
            })
            .collect();

        // The driver sleeps until it knows of the earlier deadline.
        loop {
            let earlier = timers.clock().nanos_at(deadline) + TICK;
            if timers.prepare_park().is_some_and(|until| until <= earlier) {
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

/// A timer is cancelled by one thread while another fires it: it is woken or
/// not, and its waker is gone either way.
#[test]
fn loom_cancel_races_fire() {
    model(|| {
        let timers = Arc::new(Timers::new(Clock::new(false), 0, || ()));
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
