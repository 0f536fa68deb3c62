//! Transcripts, polled by hand.

use super::*;
use crate::sync::testing::by_hand;

#[test]
fn one_permit_is_kept_and_no_more() {
    let notify = Notify::new();
    notify.notify_one();
    notify.notify_last();
    by_hand(notify.notified()).ready();
    by_hand(notify.notified()).assert_pending();
    notify.notify_one();
    by_hand(notify.notified()).ready();
}

#[test]
fn waiters_are_notified_from_the_end_that_was_asked_for() {
    let notify = Notify::new();
    let mut line: Vec<_> = (0..4).map(|_| by_hand(notify.notified())).collect();
    line.iter_mut().for_each(|waiter| waiter.assert_pending());
    let woken = |transcript: &[usize]| {
        let wakes: Vec<_> = line.iter().map(|waiter| waiter.take_wakes()).collect();
        assert_eq!(wakes, transcript);
    };
    notify.notify_one();
    woken(&[1, 0, 0, 0]);
    notify.notify_last();
    woken(&[0, 0, 0, 1]);
    notify.notify_last();
    woken(&[0, 0, 1, 0]);
    notify.notify_one();
    woken(&[0, 1, 0, 0]);
    notify.notify_one(); // nobody is left in line: a permit
    woken(&[0, 0, 0, 0]);
    line.iter_mut().for_each(|waiter| waiter.ready());
    by_hand(notify.notified()).ready();
    by_hand(notify.notified()).assert_pending();
}

#[test]
fn a_broadcast_reaches_all_that_were_made_before_and_none_after() {
    let notify = Notify::new();
    let mut line: Vec<_> = (0..20).map(|_| by_hand(notify.notified())).collect();
    line.iter_mut().for_each(|waiter| waiter.assert_pending());
    let mut not_polled = by_hand(notify.notified());
    notify.notify_waiters();
    let mut after = by_hand(notify.notified());
    for waiter in &mut line {
        assert_eq!(waiter.take_wakes(), 1);
        waiter.ready();
    }
    not_polled.ready();
    after.assert_pending();
    notify.notify_waiters();
    after.ready();
}

#[test]
fn a_broadcast_with_nobody_in_line_leaves_the_permit_alone() {
    let notify = Notify::new();
    let mut before = by_hand(notify.notified());
    notify.notify_one();
    notify.notify_waiters();
    before.ready(); // by the broadcast: the permit is for somebody else
    by_hand(notify.notified()).ready();
    by_hand(notify.notified()).assert_pending();
}

#[test]
fn a_notification_for_one_is_passed_on_from_the_same_end() {
    for last in [false, true] {
        let notify = Notify::new();
        let mut line: Vec<_> = (0..3).map(|_| by_hand(notify.notified())).collect();
        line.iter_mut().for_each(|waiter| waiter.assert_pending());
        let (chosen, next) = if last { (2, 1) } else { (0, 0) };
        if last {
            notify.notify_last()
        } else {
            notify.notify_one()
        }
        let chosen = line.remove(chosen);
        assert_eq!(chosen.take_wakes(), 1);
        drop(chosen);
        let mut woken = [0; 2];
        woken[next] = 1;
        assert_eq!([line[0].take_wakes(), line[1].take_wakes()], woken);
        line[next].ready();
        line[1 - next].assert_pending();
    }
}

#[test]
fn a_notification_that_nobody_is_left_for_becomes_the_permit() {
    let notify = Notify::new();
    let mut waiter = by_hand(notify.notified());
    waiter.assert_pending();
    notify.notify_one();
    drop(waiter);
    by_hand(notify.notified()).ready();
}

#[test]
fn what_came_by_a_broadcast_is_not_passed_on() {
    let notify = Notify::new();
    let mut waiter = by_hand(notify.notified());
    waiter.assert_pending();
    notify.notify_waiters();
    drop(waiter);
    by_hand(notify.notified()).assert_pending();
}

#[test]
fn a_waiter_that_leaves_takes_nothing_along() {
    let notify = Notify::new();
    let mut line: Vec<_> = (0..3).map(|_| by_hand(notify.notified())).collect();
    line.iter_mut().for_each(|waiter| waiter.assert_pending());
    drop(line.remove(0));
    notify.notify_one();
    assert_eq!([line[0].take_wakes(), line[1].take_wakes()], [1, 0]);
    line[0].ready();
    // The last one leaves: then there is nobody, and a notification is kept.
    line.clear();
    notify.notify_one();
    by_hand(notify.notified()).ready();
}

#[test]
fn enabled_is_in_line_before_it_is_polled() {
    let notify = Arc::new(Notify::new());
    let mut first = by_hand(notify.notified());
    assert!(!first.future.as_mut().enable());
    let mut second = by_hand(notify.clone().notified_owned());
    assert!(!second.future.as_mut().enable());
    notify.notify_one();
    assert!(!second.future.as_mut().enable());
    second.assert_pending();
    assert!(first.future.as_mut().enable(), "once notified, it says so");
    first.ready();
    notify.notify_one();
    assert_eq!(second.take_wakes(), 1, "polled, it has a task to wake");
    second.ready();
    assert!(second.future.as_mut().enable());
    notify.notify_one();
    assert!(by_hand(notify.notified()).future.as_mut().enable());
}

#[test]
fn owned_keeps_it_alive_and_leaves_like_the_other() {
    let notify = Arc::new(Notify::new());
    let mut first = by_hand(notify.clone().notified_owned());
    let mut second = by_hand(notify.clone().notified_owned());
    first.assert_pending();
    second.assert_pending();
    notify.notify_one();
    let weak = Arc::downgrade(&notify);
    drop((notify, first));
    assert_eq!(second.take_wakes(), 1);
    second.ready();
    drop(second);
    assert!(weak.upgrade().is_none());
}

#[test]
fn the_waker_of_the_last_poll_is_woken_and_none_is_kept() {
    let notify = Notify::new();
    let mut waiter = by_hand(notify.notified());
    waiter.assert_pending();
    waiter.assert_pending();
    assert_eq!(waiter.wakers(), 1);
    let old = waiter.change_task();
    waiter.assert_pending();
    assert_eq!((old.wakers(), waiter.wakers()), (0, 1));
    notify.notify_one();
    assert_eq!(
        (old.take_wakes(), waiter.take_wakes(), waiter.wakers()),
        (0, 1, 0)
    );
    let old = waiter.change_task();
    waiter.ready();
    waiter.ready(); // and stays so
    assert_eq!((old.wakers(), waiter.wakers()), (0, 0));
}

/// A waker may do as it likes: notify again, or drop what waits.
#[test]
fn a_waker_may_use_the_notify_that_wakes_it() {
    struct NotifyAgain(Arc<Notify>);
    impl std::task::Wake for NotifyAgain {
        fn wake(self: Arc<Self>) {
            self.0.notify_waiters();
            self.0.notify_one();
        }
    }
    impl Drop for NotifyAgain {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
    let notify = Arc::new(Notify::new());
    for broadcast in [false, true] {
        let waker = Waker::from(Arc::new(NotifyAgain(notify.clone())));
        let mut first = Box::pin(notify.clone().notified_owned());
        let mut second = Box::pin(notify.clone().notified_owned());
        for waiter in [&mut first, &mut second] {
            assert!(
                waiter
                    .as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            );
        }
        drop(waker);
        if broadcast {
            notify.notify_waiters()
        } else {
            notify.notify_one()
        }
        for waiter in [&mut first, &mut second] {
            assert!(waiter.as_mut().enable());
        }
        by_hand(notify.notified()).ready();
    }
}

#[test]
fn what_is_needed_of_threads() {
    fn send_sync<T: Send + Sync + std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
    send_sync::<Notify>();
    send_sync::<Notified<'_>>();
    send_sync::<OwnedNotified>();
}
