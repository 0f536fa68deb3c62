//! Every interleaving: one guard at a time, whoever leaves the line.

use super::*;
use crate::loom::cell::UnsafeCell;
use crate::loom::sync::Arc;
use crate::loom::{model, thread};
use crate::sync::testing::{block_on, poll_once};
use std::pin::pin;
use std::task::Poll;

/// loom reports two accesses at once, and one that does not see the other.
fn touch(guard: &MutexGuard<'_, UnsafeCell<usize>>) -> usize {
    guard.with_mut(|value| {
        // SAFETY: through the guard; loom checks that there is but one.
        unsafe {
            *value += 1;
            *value
        }
    })
}

#[test]
fn loom_one_guard_at_a_time_though_a_lock_is_cancelled() {
    model(3, || {
        let mutex = Arc::new(Mutex::new(UnsafeCell::new(0)));
        let locking = mutex.clone();
        let locker = thread::spawn(move || {
            touch(&block_on(locking.lock()));
        });
        let cancelling = mutex.clone();
        let canceller = thread::spawn(move || {
            if let Poll::Ready(guard) = poll_once(pin!(cancelling.lock())) {
                touch(&guard);
            }
        });
        touch(&block_on(mutex.lock()));
        locker.join().unwrap();
        canceller.join().unwrap();
        let last = touch(&mutex.try_lock().expect("everybody has left"));
        assert!(last == 3 || last == 4);
    });
}
