//! Every interleaving of two or three threads around one channel.

use super::error::{TryRecvError, TrySendError};
use super::*;
use crate::loom::{model, thread};
use crate::sync::testing::{block_on, poll_once};

#[test]
fn loom_send_against_recv() {
    model(5, || {
        let (tx, mut rx) = unbounded_channel();
        let other = tx.clone();
        let a = thread::spawn(move || tx.send(1).unwrap());
        let b = thread::spawn(move || other.send(2).unwrap());
        let got = block_on(rx.recv()).unwrap() + block_on(rx.recv()).unwrap();
        assert_eq!(got, 3);
        // The last sender's drop must wake this one.
        assert_eq!(block_on(rx.recv()), None);
        a.join().unwrap();
        b.join().unwrap();
    });
}

#[test]
fn loom_bounded_send_against_recv() {
    model(5, || {
        let (tx, mut rx) = channel(1);
        let thread = thread::spawn(move || {
            for i in 0..3 {
                block_on(tx.send(i)).unwrap();
            }
        });
        for i in 0..3 {
            assert_eq!(block_on(rx.recv()), Some(i));
        }
        assert_eq!(block_on(rx.recv()), None);
        thread.join().unwrap();
    });
}

#[test]
fn loom_two_senders_for_one_slot() {
    model(5, || {
        let (tx, mut rx) = channel(1);
        let other = tx.clone();
        let a = thread::spawn(move || block_on(tx.send(1)).unwrap());
        let b = thread::spawn(move || block_on(other.send(2)).unwrap());
        let mut got = 0;
        while let Some(i) = block_on(rx.recv()) {
            got += i;
        }
        assert_eq!(got, 3);
        a.join().unwrap();
        b.join().unwrap();
    });
}

#[test]
fn loom_last_sender_drop_against_recv() {
    model(5, || {
        let (tx, mut rx) = channel::<()>(1);
        let other = tx.clone();
        let a = thread::spawn(move || drop(tx));
        let b = thread::spawn(move || drop(other));
        assert_eq!(block_on(rx.recv()), None);
        a.join().unwrap();
        b.join().unwrap();
    });
}

#[test]
fn loom_upgrade_against_last_sender_drop() {
    model(5, || {
        let (tx, mut rx) = unbounded_channel();
        let weak = tx.downgrade();
        let thread = thread::spawn(move || drop(tx));
        let sent = weak.upgrade().map(|tx| tx.send(1).unwrap());
        assert_eq!(block_on(rx.recv()), sent.map(|()| 1));
        assert_eq!(block_on(rx.recv()), None);
        thread.join().unwrap();
    });
}

#[test]
fn loom_close_against_send() {
    model(5, || {
        let (tx, mut rx) = unbounded_channel();
        let thread = thread::spawn(move || tx.send(1).is_ok());
        rx.close();
        let received = block_on(rx.recv()).is_some();
        assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
        // What was accepted was received.
        assert_eq!(thread.join().unwrap(), received);
    });
}

#[test]
fn loom_close_against_waiting_send() {
    model(5, || {
        let (tx, mut rx) = channel(1);
        tx.try_send(0).unwrap();
        let thread = thread::spawn(move || block_on(tx.send(1)).is_ok());
        assert_eq!(block_on(rx.recv()), Some(0));
        rx.close();
        let received = block_on(rx.recv()).is_some();
        assert_eq!(block_on(rx.recv()), None);
        assert_eq!(thread.join().unwrap(), received);
    });
}

#[test]
fn loom_receiver_drop_against_send_and_closed() {
    model(5, || {
        let (tx, rx) = channel(1);
        let token = std::sync::Arc::new(());
        tx.try_send(token.clone()).unwrap();
        let (other, message) = (tx.clone(), token.clone());
        let sender = thread::spawn(move || {
            assert!(block_on(other.send(message)).is_err());
        });
        let watcher = thread::spawn(move || block_on(tx.closed()));
        drop(rx);
        sender.join().unwrap();
        watcher.join().unwrap();
        assert_eq!(std::sync::Arc::strong_count(&token), 1);
    });
}

#[test]
fn loom_reserve_cancelled_against_recv() {
    model(5, || {
        let (tx, mut rx) = channel(1);
        tx.try_send(0).unwrap();
        let canceller = tx.clone();
        let mut cancelled = Box::pin(async move { canceller.reserve().await.is_ok() });
        assert!(poll_once(cancelled.as_mut()).is_pending());
        let a = thread::spawn(move || {
            assert_eq!(rx.try_recv(), Ok(0));
            rx
        });
        // Before it is served, or after.
        let b = thread::spawn(move || drop(cancelled));
        // Waits behind the cancelled one, or comes after; must get the slot.
        block_on(tx.send(1)).unwrap();
        let mut rx = a.join().unwrap();
        b.join().unwrap();
        assert_eq!(rx.try_recv(), Ok(1));
        assert_eq!(tx.capacity(), 1);
    });
}

#[test]
fn loom_permit_drop_against_closed_recv() {
    model(5, || {
        let (tx, mut rx) = channel::<()>(2);
        let permit = tx.clone().try_reserve_owned().unwrap();
        let mut claim = Box::pin(async move { tx.reserve_many(2).await.is_ok() });
        assert!(poll_once(claim.as_mut()).is_pending());
        rx.close();
        let a = thread::spawn(move || drop(permit));
        let b = thread::spawn(move || drop(claim));
        // Whoever gives the last slot back must wake this one.
        assert_eq!(block_on(rx.recv()), None);
        a.join().unwrap();
        b.join().unwrap();
    });
}

#[test]
fn loom_try_send_after_recv() {
    model(5, || {
        let (tx, mut rx) = channel(1);
        tx.try_send(0).unwrap();
        let thread = thread::spawn(move || {
            assert_eq!(rx.try_recv(), Ok(0));
            rx
        });
        let sent = tx.try_send(1);
        let mut rx = thread.join().unwrap();
        match sent {
            Ok(()) => assert_eq!(rx.try_recv(), Ok(1)),
            Err(e) => assert_eq!(e, TrySendError::Full(1)),
        }
        tx.try_send(2).unwrap();
        assert_eq!((rx.len(), tx.capacity()), (1, 0));
    });
}
