//! Every interleaving: no turn is lost, none is given twice, and what one owner
//! wrote the next one sees.

use super::*;
use crate::loom::cell::UnsafeCell;
use crate::loom::sync::Arc;
use crate::loom::{model, thread};
use crate::sync::testing::{block_on, poll_once};
use std::pin::pin;

/// A counter that only an owner of a permit may touch; loom checks that.
struct Guarded {
    permits: Permits,
    turns: UnsafeCell<usize>,
}

// SAFETY: `turns` is touched with the only permit held.
unsafe impl Sync for Guarded {}

impl Guarded {
    fn with(permits: usize) -> Arc<Guarded> {
        Arc::new(Guarded {
            permits: Permits::new(permits),
            turns: UnsafeCell::new(0),
        })
    }

    fn take_a_turn(&self) {
        self.turns.with_mut(|turns| {
            // SAFETY: see `Guarded`; loom reports a second access.
            unsafe { *turns += 1 }
        });
    }
}

#[test]
fn loom_three_owners_in_turn() {
    model(2, || {
        let guarded = Guarded::with(1);
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let guarded = guarded.clone();
                thread::spawn(move || {
                    block_on(guarded.permits.acquire(1)).unwrap();
                    guarded.take_a_turn();
                    guarded.permits.release(1);
                })
            })
            .collect();
        block_on(guarded.permits.acquire(1)).unwrap();
        guarded.take_a_turn();
        guarded.permits.release(1);
        threads.into_iter().for_each(|t| t.join().unwrap());
        assert_eq!(guarded.permits.available(), 1);
        guarded.turns.with(|turns| {
            // SAFETY: the other threads have ended.
            assert_eq!(unsafe { *turns }, 3);
        });
    });
}

#[test]
fn loom_many_permits_released_one_by_one() {
    model(3, || {
        let guarded = Guarded::with(0);
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let guarded = guarded.clone();
                thread::spawn(move || guarded.permits.release(1))
            })
            .collect();
        block_on(guarded.permits.acquire(2)).unwrap();
        assert_eq!(guarded.permits.available(), 0);
        threads.into_iter().for_each(|t| t.join().unwrap());
    });
}

/// A waiter is dropped while it is being granted the permit: the other gets it.
#[test]
fn loom_a_dropped_waiter_passes_its_turn_on() {
    model(3, || {
        let guarded = Guarded::with(0);
        let releasing = guarded.clone();
        let releaser = thread::spawn(move || releasing.permits.release(1));
        let leaving = guarded.clone();
        let leaver = thread::spawn(move || {
            let mut waiter = pin!(leaving.permits.acquire(1));
            if poll_once(waiter.as_mut()).is_ready() {
                leaving.permits.release(1);
            }
        });
        block_on(guarded.permits.acquire(1)).unwrap();
        releaser.join().unwrap();
        leaver.join().unwrap();
        assert_eq!(guarded.permits.available(), 0);
    });
}

#[test]
fn loom_close_against_acquire_and_release() {
    model(3, || {
        let guarded = Guarded::with(0);
        let closing = guarded.clone();
        let closer = thread::spawn(move || closing.permits.close());
        let releasing = guarded.clone();
        let releaser = thread::spawn(move || releasing.permits.release(1));
        let acquired = block_on(guarded.permits.acquire(1)).is_ok();
        closer.join().unwrap();
        releaser.join().unwrap();
        assert!(guarded.permits.is_closed());
        assert_eq!(guarded.permits.available(), usize::from(!acquired));
    });
}

/// The waker changes while the permit is being granted: the new task learns of it.
#[test]
fn loom_a_changed_waker_is_not_missed() {
    model(3, || {
        let guarded = Guarded::with(0);
        let releasing = guarded.clone();
        let releaser = thread::spawn(move || {
            releasing.take_a_turn();
            releasing.permits.release(1);
        });
        let mut waiter = pin!(guarded.permits.acquire(1));
        // First a task whose wake-ups lead nowhere, then this thread.
        match poll_once(waiter.as_mut()) {
            Poll::Ready(result) => result.unwrap(),
            Poll::Pending => block_on(waiter).unwrap(),
        }
        guarded.take_a_turn();
        releaser.join().unwrap();
    });
}

/// A release that finds the last waiter gone must not leave its permit behind.
#[test]
fn loom_release_against_the_last_waiter_leaving() {
    model(3, || {
        let guarded = Guarded::with(0);
        let releasing = guarded.clone();
        let releaser = thread::spawn(move || releasing.permits.release(1));
        let taken = {
            let mut waiter = pin!(guarded.permits.acquire(2));
            poll_once(waiter.as_mut()).is_ready()
        };
        assert!(!taken);
        releaser.join().unwrap();
        assert_eq!(guarded.permits.try_take(1), Ok(()));
    });
}

/// A permit that was kept for a waiter that then leaves: who takes it from the word
/// sees what its last owner wrote.
#[test]
fn loom_a_permit_that_was_kept_for_somebody_carries_its_owners_writes() {
    model(3, || {
        let guarded = Guarded::with(0);
        let releasing = guarded.clone();
        let releaser = thread::spawn(move || {
            releasing.take_a_turn();
            releasing.permits.release(1);
        });
        let leaving = guarded.clone();
        let leaver = thread::spawn(move || {
            assert!(poll_once(pin!(leaving.permits.acquire(2))).is_pending());
        });
        block_on(guarded.permits.acquire(1)).unwrap();
        guarded.take_a_turn();
        releaser.join().unwrap();
        leaver.join().unwrap();
    });
}
