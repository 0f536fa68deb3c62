use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Wake;

use super::*;

/// Counts how often it was woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Count {
    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

fn waker() -> (Arc<Count>, Waker) {
    let count = Arc::new(Count::default());
    (count.clone(), Waker::from(count))
}

fn set(readiness: &Readiness, ready: Ready) {
    let mut woken = Vec::new();
    readiness.set(ready, |waker| woken.push(waker));
    woken.into_iter().for_each(Waker::wake);
}

fn poll(readiness: &Readiness, waker: &Waker, direction: Direction) -> Poll<Ready> {
    let event = readiness.poll(&mut Context::from_waker(waker), direction);
    event.map(|event| event.ready)
}

#[test]
fn an_event_wakes_its_direction_and_stays_until_it_is_cleared() {
    let readiness = Readiness::new();
    let ((reads, reader), (writes, writer)) = (waker(), waker());
    assert!(poll(&readiness, &reader, Direction::Read).is_pending());
    assert!(poll(&readiness, &writer, Direction::Write).is_pending());

    set(&readiness, Ready::READABLE);
    assert_eq!((reads.get(), writes.get()), (1, 0));
    for _ in 0..2 {
        assert_eq!(
            poll(&readiness, &reader, Direction::Read),
            Poll::Ready(Ready::READABLE)
        );
    }
    readiness.clear(readiness.now(Interest::READABLE));
    assert!(poll(&readiness, &reader, Direction::Read).is_pending());
}

#[test]
fn a_clear_takes_nothing_that_came_after_its_event() {
    let readiness = Readiness::new();
    set(&readiness, Ready::READABLE);
    let old = readiness.now(Interest::READABLE);
    set(&readiness, Ready::READABLE);
    readiness.clear(old);
    assert_eq!(readiness.now(Interest::READABLE).ready, Ready::READABLE);
    readiness.clear(readiness.now(Interest::READABLE));
    assert!(readiness.now(Interest::READABLE).ready.is_empty());
}

#[test]
fn the_end_outlasts_a_clear() {
    let readiness = Readiness::new();
    set(&readiness, Ready::READABLE | Ready::READ_CLOSED);
    readiness.clear(readiness.now(Interest::READABLE));
    assert_eq!(readiness.now(Interest::READABLE).ready, Ready::READ_CLOSED);
}

#[test]
fn a_clear_takes_what_it_names_and_no_more() {
    let readiness = Readiness::new();
    set(&readiness, Ready::READABLE | Ready::WRITABLE);
    readiness.clear(readiness.now(Interest::READABLE));
    let both = Interest::READABLE | Interest::WRITABLE;
    assert_eq!(readiness.now(both).ready, Ready::WRITABLE);
    readiness.clear(readiness.now(both).with_ready(Ready::EMPTY));
    assert_eq!(readiness.now(both).ready, Ready::WRITABLE);
}

#[test]
fn the_latest_poller_is_the_one_that_is_woken() {
    let readiness = Readiness::new();
    let ((first, early), (second, late)) = (waker(), waker());
    assert!(poll(&readiness, &early, Direction::Read).is_pending());
    assert!(poll(&readiness, &late, Direction::Read).is_pending());
    set(&readiness, Ready::READABLE);
    assert_eq!((first.get(), second.get()), (0, 1));
}

#[test]
fn all_who_wait_for_it_are_woken_and_no_others() {
    let readiness = Readiness::new();
    let ((reads, reader), (writes, writer)) = (waker(), waker());
    let mut first = pin!(readiness.ready(Interest::READABLE));
    let mut second = pin!(readiness.ready(Interest::READABLE));
    let mut third = pin!(readiness.ready(Interest::WRITABLE));
    let mut read = Context::from_waker(&reader);
    assert!(first.as_mut().poll(&mut read).is_pending());
    assert!(second.as_mut().poll(&mut read).is_pending());
    let mut write = Context::from_waker(&writer);
    assert!(third.as_mut().poll(&mut write).is_pending());

    set(&readiness, Ready::READABLE);
    assert_eq!((reads.get(), writes.get()), (2, 0));
    assert!(first.as_mut().poll(&mut read).is_ready());
    assert!(second.as_mut().poll(&mut read).is_ready());
    assert!(third.as_mut().poll(&mut write).is_pending());
}

#[test]
fn a_wait_that_is_polled_by_two_tasks_wakes_the_later() {
    let readiness = Readiness::new();
    let ((first, early), (second, late)) = (waker(), waker());
    let mut wait = pin!(readiness.ready(Interest::READABLE));
    for waker in [&early, &late] {
        assert!(
            wait.as_mut()
                .poll(&mut Context::from_waker(waker))
                .is_pending()
        );
    }
    set(&readiness, Ready::READABLE);
    assert_eq!((first.get(), second.get()), (0, 1));
}

#[test]
fn a_wait_that_is_dropped_leaves_nothing_and_the_others_their_place() {
    let readiness = Readiness::new();
    let (count, waker) = waker();
    let mut cx = Context::from_waker(&waker);
    let mut waits: Vec<_> = (0..5)
        .map(|_| Box::pin(readiness.ready(Interest::READABLE)))
        .collect();
    for wait in &mut waits {
        assert!(wait.as_mut().poll(&mut cx).is_pending());
    }
    drop(waits.remove(3));
    drop(waits.remove(0));
    assert_eq!(readiness.waiters.lock().others.len(), 3);
    set(&readiness, Ready::READABLE);
    assert_eq!(count.get(), 3);
    // Served already: their drop finds nothing of theirs.
    drop(waits);
    assert_eq!(readiness.waiters.lock().others.len(), 0);
}

#[test]
fn one_that_was_woken_in_vain_waits_again() {
    let readiness = Readiness::new();
    let (count, waker) = waker();
    let mut cx = Context::from_waker(&waker);
    let mut wait = pin!(readiness.ready(Interest::READABLE));
    for round in 1..4 {
        assert!(wait.as_mut().poll(&mut cx).is_pending());
        set(&readiness, Ready::READABLE);
        assert_eq!(count.get(), round);
        // Somebody else was faster.
        readiness.clear(readiness.now(Interest::READABLE));
    }
    assert!(wait.as_mut().poll(&mut cx).is_pending());
    assert_eq!(readiness.waiters.lock().others.len(), 1);
}

#[test]
fn shut_down_ends_every_wait_and_every_later_one() {
    let readiness = Readiness::new();
    let (count, waker) = waker();
    let mut cx = Context::from_waker(&waker);
    let mut wait = pin!(readiness.ready(Interest::ERROR));
    assert!(wait.as_mut().poll(&mut cx).is_pending());
    for direction in [Direction::Read, Direction::Write] {
        assert!(poll(&readiness, &waker, direction).is_pending());
    }
    let mut woken = Vec::new();
    readiness.shut_down(|waker| woken.push(waker));
    // Error's own waiter is not woken by READABLE or WRITABLE, but by this.
    assert_eq!(woken.len(), 3);
    woken.into_iter().for_each(Waker::wake);
    assert_eq!(count.get(), 3);
    let Poll::Ready(event) = wait.as_mut().poll(&mut cx) else {
        panic!("a wait outlasted its runtime");
    };
    assert!(event.is_shut_down());
    readiness.clear(readiness.now(Interest::READABLE));
    assert!(readiness.now(Interest::READABLE).is_shut_down());
}

#[test]
fn a_closed_bit_goes_when_the_system_refutes_it_and_nothing_else_is_left() {
    let readiness = Readiness::new();
    let now = || readiness.now(Interest::READABLE);
    set(&readiness, Ready::READABLE | Ready::READ_CLOSED);
    readiness.refute(now());
    assert_eq!(
        now().ready,
        Ready::READ_CLOSED,
        "there may have been an end behind it"
    );
    readiness.clear(now());
    assert_eq!(now().ready, Ready::READ_CLOSED);

    let refuted = now();
    set(&readiness, Ready::READ_CLOSED);
    readiness.refute(refuted);
    assert_eq!(now().ready, Ready::READ_CLOSED, "it is a newer event's");
    readiness.refute(now());
    assert_eq!(now().ready, Ready::EMPTY);
}

#[test]
fn what_is_assumed_is_cleared_like_what_was_seen() {
    let readiness = Readiness::new();
    let now = || readiness.now(Interest::WRITABLE);
    readiness.assume(Ready::WRITABLE);
    let assumed = now();
    assert_eq!(assumed.ready, Ready::WRITABLE);
    set(&readiness, Ready::WRITABLE);
    readiness.clear(assumed);
    assert_eq!(now().ready, Ready::WRITABLE, "it has been seen since");
    readiness.clear(now());
    assert_eq!(now().ready, Ready::EMPTY);
}

/// Who asked for both directions may have been refused in the other one.
#[test]
fn a_closed_bit_stays_when_either_direction_may_have_been_refused() {
    let readiness = Readiness::new();
    let both = Interest::READABLE | Interest::WRITABLE;
    for asked in [both, Interest::PRIORITY] {
        set(&readiness, Ready::READ_CLOSED);
        readiness.refute(readiness.now(asked));
        assert_eq!(readiness.now(Interest::READABLE).ready, Ready::READ_CLOSED);
    }
}
