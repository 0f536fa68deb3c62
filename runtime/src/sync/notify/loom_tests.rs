//! Every interleaving: no notification is lost, none is kept twice, and what was
//! written before it is seen after it.

use super::*;
use crate::loom::cell::UnsafeCell;
use crate::loom::sync::Arc;
use crate::loom::{model, thread};
use crate::sync::testing::{block_on, poll_once};
use std::pin::pin;

/// Written before a notification, read after it; loom checks the order.
struct Announced {
    notify: Notify,
    value: UnsafeCell<usize>,
}

// SAFETY: the writer is ordered before the readers by the notification.
unsafe impl Sync for Announced {}

impl Announced {
    fn new() -> Arc<Announced> {
        Arc::new(Announced {
            notify: Notify::new(),
            value: UnsafeCell::new(0),
        })
    }

    fn write(&self) {
        self.value.with_mut(|value| {
            // SAFETY: before the notification.
            unsafe { *value = 1 }
        });
    }

    fn read(&self) {
        self.value.with(|value| {
            // SAFETY: after the notification.
            assert_eq!(unsafe { *value }, 1);
        });
    }
}

#[test]
fn loom_notify_one_against_notified() {
    model(4, || {
        let announced = Announced::new();
        let notifying = announced.clone();
        let notifier = thread::spawn(move || {
            notifying.write();
            notifying.notify.notify_one();
        });
        block_on(announced.notify.notified());
        announced.read();
        notifier.join().unwrap();
        assert!(poll_once(pin!(announced.notify.notified())).is_pending());
    });
}

#[test]
fn loom_notify_waiters_against_notified() {
    model(4, || {
        let announced = Announced::new();
        let notifying = announced.clone();
        let notified = announced.notify.notified();
        let notifier = thread::spawn(move || {
            notifying.write();
            notifying.notify.notify_waiters();
        });
        block_on(notified);
        announced.read();
        notifier.join().unwrap();
    });
}

/// A permit that is there already must still carry what the second one wrote.
#[test]
fn loom_notify_one_twice_carries_both() {
    model(3, || {
        let announced = Announced::new();
        announced.notify.notify_one();
        let notifying = announced.clone();
        let notifier = thread::spawn(move || {
            notifying.write();
            notifying.notify.notify_one();
        });
        block_on(announced.notify.notified());
        notifier.join().unwrap();
        // Either it was one notification, which is used up, or there were two.
        let _ = poll_once(pin!(announced.notify.notified()));
        assert!(poll_once(pin!(announced.notify.notified())).is_pending());
    });
}

/// Two wait, each is notified once, and one leaves: the other is not left waiting.
#[test]
fn loom_a_dropped_waiter_passes_its_notification_on() {
    model(3, || {
        let announced = Announced::new();
        let notifying = announced.clone();
        let notifier = thread::spawn(move || {
            notifying.write();
            notifying.notify.notify_one();
        });
        let leaving = announced.clone();
        let leaver = thread::spawn(move || {
            if poll_once(pin!(leaving.notify.notified())).is_ready() {
                leaving.notify.notify_one();
            }
        });
        block_on(announced.notify.notified());
        announced.read();
        notifier.join().unwrap();
        leaver.join().unwrap();
    });
}

#[test]
fn loom_notify_one_against_notify_waiters_and_two_waiters() {
    model(2, || {
        let announced = Announced::new();
        announced.write();
        let waiting = announced.clone();
        let waiter = thread::spawn(move || block_on(waiting.notify.notified()));
        let notifying = announced.clone();
        let notifier = thread::spawn(move || {
            notifying.notify.notify_waiters();
            notifying.notify.notify_one();
        });
        block_on(announced.notify.notified());
        // Whoever was notified alone, the other was by the broadcast or still waits.
        announced.notify.notify_one();
        waiter.join().unwrap();
        notifier.join().unwrap();
    });
}

#[test]
fn loom_a_changed_waker_is_not_missed() {
    model(4, || {
        let announced = Announced::new();
        let notifying = announced.clone();
        let notifier = thread::spawn(move || {
            notifying.write();
            notifying.notify.notify_last();
        });
        let mut notified = pin!(announced.notify.notified());
        notified.as_mut().enable();
        block_on(notified);
        announced.read();
        notifier.join().unwrap();
    });
}

/// A broadcast, then a notification for one that ends the waiting: who was made
/// before and looks after both sees what was written before the broadcast.
#[test]
fn loom_a_broadcast_carries_its_writes_past_a_later_store() {
    model(3, || {
        let announced = Announced::new();
        let before = announced.notify.notified();
        let notifying = announced.clone();
        let notifier = thread::spawn(move || {
            assert!(poll_once(pin!(notifying.notify.notified())).is_pending());
            notifying.write();
            notifying.notify.notify_waiters();
        });
        let waiting = announced.clone();
        let waiter = thread::spawn(move || {
            let _ = pin!(waiting.notify.notified()).enable(); // in line for a moment
        });
        block_on(before);
        announced.read();
        notifier.join().unwrap();
        waiter.join().unwrap();
    });
}
