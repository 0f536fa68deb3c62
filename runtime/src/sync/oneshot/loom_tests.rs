//! Every interleaving of the two ends. Values are loom's `Arc`s: loom reports one
//! that is leaked (the cell was not freed, or freed without its value), and one
//! that is touched by two threads unordered.

use super::*;
use crate::loom::cell::UnsafeCell;
use crate::loom::sync::Arc;
use crate::loom::{model, thread};
use crate::sync::testing::{block_on, poll_once, thread_waker};
use std::task::Waker;

/// A value that the sender wrote and the receiver reads, without a lock of its own.
struct Written(Arc<UnsafeCell<usize>>);

// SAFETY: reached by one end at a time, as loom checks.
unsafe impl Send for Written {}

fn written() -> Written {
    let value = Arc::new(UnsafeCell::new(0));
    value.with_mut(|value| {
        // SAFETY: nobody else has it.
        unsafe { *value = 7 }
    });
    Written(value)
}

fn assert_written(value: &Written) {
    value.0.with(|value| {
        // SAFETY: this end has the value.
        assert_eq!(unsafe { *value }, 7);
    });
}

#[test]
fn loom_send_against_await() {
    model(4, || {
        let (tx, rx) = channel();
        let sender = thread::spawn(move || tx.send(written()).ok().unwrap());
        assert_written(&block_on(rx).unwrap());
        sender.join().unwrap();
    });
}

#[test]
fn loom_drop_of_the_sender_against_await() {
    model(4, || {
        let (tx, rx) = channel::<Written>();
        let sender = thread::spawn(move || drop(tx));
        assert!(block_on(rx).is_err());
        sender.join().unwrap();
    });
}

#[test]
fn loom_send_against_drop_of_a_receiver_that_waits() {
    model(4, || {
        let (tx, mut rx) = channel();
        let sender = thread::spawn(move || {
            if let Err(value) = tx.send(written()) {
                assert_written(&value);
            }
        });
        if let Poll::Ready(value) = poll_once(Pin::new(&mut rx)) {
            assert_written(&value.unwrap());
        }
        drop(rx);
        sender.join().unwrap();
    });
}

#[test]
fn loom_send_against_close() {
    model(4, || {
        let (tx, mut rx) = channel();
        let sender = thread::spawn(move || match tx.send(written()) {
            Ok(()) => true,
            Err(value) => {
                assert_written(&value);
                false
            }
        });
        let _ = poll_once(Pin::new(&mut rx)).map(|value| assert_written(&value.unwrap()));
        if !rx.is_terminated() {
            rx.close();
            let received = block_on(&mut rx).map(|value| assert_written(&value));
            assert_eq!(received.is_ok(), sender.join().unwrap());
        }
    });
}

#[test]
fn loom_closed_against_drop_of_the_receiver() {
    model(4, || {
        let (mut tx, rx) = channel::<Written>();
        let receiver = thread::spawn(move || drop(rx));
        block_on(tx.closed());
        assert!(tx.send(written()).is_err());
        receiver.join().unwrap();
    });
}

/// The sender waits for the close, gives up, sends: its waker must not be in the
/// cell any more when somebody frees it.
#[test]
fn loom_send_with_a_waker_of_its_own_against_close_and_await() {
    model(3, || {
        let (mut tx, mut rx) = channel();
        let sender = thread::spawn(move || {
            let waker = thread_waker();
            let closed = tx.poll_closed(&mut Context::from_waker(&waker)).is_ready();
            let sent = tx.send(written()).is_ok();
            assert!(!(closed && sent));
            drop(waker);
            sent
        });
        let waiting = poll_once(Pin::new(&mut rx)).map(|value| assert_written(&value.unwrap()));
        let received = match waiting {
            Poll::Ready(()) => true,
            Poll::Pending => {
                rx.close();
                block_on(rx).map(|value| assert_written(&value)).is_ok()
            }
        };
        assert_eq!(sender.join().unwrap(), received);
    });
}

#[test]
fn loom_a_changed_waker_is_not_missed() {
    model(4, || {
        let (tx, mut rx) = channel();
        let sender = thread::spawn(move || tx.send(written()).ok().unwrap());
        let value = match poll_once(Pin::new(&mut rx)) {
            Poll::Ready(value) => value,
            Poll::Pending => block_on(rx),
        };
        assert_written(&value.unwrap());
        sender.join().unwrap();
    });
}

#[test]
fn loom_a_changed_waker_of_the_sender_is_not_missed() {
    model(4, || {
        let (mut tx, rx) = channel::<Written>();
        let receiver = thread::spawn(move || drop(rx));
        if tx
            .poll_closed(&mut Context::from_waker(Waker::noop()))
            .is_pending()
        {
            block_on(tx.closed());
        }
        receiver.join().unwrap();
        drop(tx);
    });
}

#[test]
fn loom_try_recv_against_send() {
    model(4, || {
        let (tx, mut rx) = channel();
        let sender = thread::spawn(move || tx.send(written()).is_ok());
        let mut received = false;
        for _ in 0..2 {
            let seen = !rx.is_empty();
            if let Ok(value) = rx.try_recv() {
                assert_written(&value);
                received = true;
                break;
            }
            assert!(!seen);
        }
        drop(rx);
        assert!(sender.join().unwrap() || !received);
    });
}
