//! Models of the word beside the list: no set is lost, whoever comes first.

use std::sync::Arc as StdArc;
use std::task::Wake;

use super::*;
use crate::loom::sync::Arc;
use crate::loom::sync::atomic::AtomicBool;
use crate::loom::{model, thread};

/// Notes that it was woken.
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: StdArc<Self>) {
        self.0.store(true, std::sync::atomic::Ordering::Release);
    }
}

impl Flag {
    fn is_set(&self) -> bool {
        self.0.load(Acquire)
    }
}

fn flag() -> (StdArc<Flag>, Waker) {
    let flag = StdArc::new(Flag(AtomicBool::new(false)));
    (flag.clone(), Waker::from(flag))
}

fn set(readiness: &Readiness, ready: Ready) {
    let mut woken = Vec::new();
    readiness.set(ready, |waker| woken.push(waker));
    woken.into_iter().for_each(Waker::wake);
}

/// A poll beside a set: it is ready, or it is woken.
#[test]
fn loom_a_set_is_seen_or_wakes() {
    model(None, || {
        let readiness = Arc::new(Readiness::new());
        let driver = readiness.clone();
        let other = thread::spawn(move || set(&driver, Ready::READABLE));
        let (woken, waker) = flag();
        let waits = readiness.wait(&mut Context::from_waker(&waker), Direction::Read);
        other.join().unwrap();
        assert!(!waits || woken.is_set());
    });
}

/// The same for a waiter of the list, which another one leaves meanwhile.
#[test]
fn loom_a_set_wakes_those_who_still_wait() {
    model(None, || {
        let readiness = Arc::new(Readiness::new());
        let driver = readiness.clone();
        let mut leaving = Box::pin(readiness.ready(Interest::READABLE));
        let (_, noop) = flag();
        let _ = leaving.as_mut().poll(&mut Context::from_waker(&noop));
        let other = thread::spawn(move || set(&driver, Ready::READABLE));
        let (woken, waker) = flag();
        let mut staying = Box::pin(readiness.ready(Interest::READABLE));
        let polled = staying.as_mut().poll(&mut Context::from_waker(&waker));
        drop(leaving);
        other.join().unwrap();
        assert!(polled.is_ready() || woken.is_set());
    });
}

/// An operation found nothing and clears, while the next event comes: what came
/// last is still there.
#[test]
fn loom_a_clear_swallows_no_event() {
    model(None, || {
        let readiness = Arc::new(Readiness::new());
        set(&readiness, Ready::READABLE);
        let event = readiness.now(Interest::READABLE);
        let driver = readiness.clone();
        let other = thread::spawn(move || set(&driver, Ready::READABLE));
        readiness.clear(event);
        other.join().unwrap();
        assert_eq!(readiness.now(Interest::READABLE).ready, Ready::READABLE);
    });
}

/// Two operations clear the same event: one direction's clear leaves the other's.
#[test]
fn loom_clears_of_two_directions_do_not_collide() {
    model(None, || {
        let readiness = Arc::new(Readiness::new());
        set(&readiness, Ready::READABLE | Ready::WRITABLE);
        let writer = readiness.clone();
        let other = thread::spawn(move || writer.clear(writer.now(Interest::WRITABLE)));
        readiness.clear(readiness.now(Interest::READABLE));
        other.join().unwrap();
        let both = Interest::READABLE | Interest::WRITABLE;
        assert!(readiness.now(both).ready.is_empty());
    });
}

/// The runtime goes away beside a poll: the wait does not outlast it.
#[test]
fn loom_a_shutdown_is_seen_or_wakes() {
    model(None, || {
        let readiness = Arc::new(Readiness::new());
        let driver = readiness.clone();
        let other = thread::spawn(move || {
            let mut woken = Vec::new();
            driver.shut_down(|waker| woken.push(waker));
            woken.into_iter().for_each(Waker::wake);
        });
        let (woken, waker) = flag();
        let waits = readiness.wait(&mut Context::from_waker(&waker), Direction::Write);
        other.join().unwrap();
        assert!(!waits || woken.is_set());
    });
}
