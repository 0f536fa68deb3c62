//! **What does closing a channel mean?** Everything sent before is received,
//! nothing after; both ends learn of it; permits count as senders; the value
//! comes back on failure. Here mpsc; the others in `p13_oneshot_and_locks`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use kolo_tests::{CountWaker, poll_once};

use super::On;
use super::rt;
use rt::sync::mpsc;
use rt::sync::mpsc::error::{TryRecvError, TrySendError};

kolo_tests::tests! {
    everywhere: [
        p13_mpsc_all_sent_before_close_arrives,
        p13_mpsc_ends_when_all_senders_are_gone,
        p13_mpsc_close_by_the_receiver,
        p13_mpsc_value_comes_back,
        p13_mpsc_permit_holds_the_channel_open,
        p13_mpsc_permit_after_close_still_sends,
        p13_mpsc_waiting_senders_learn_of_the_close,
        p13_mpsc_waiting_receiver_learns_of_the_last_sender,
        p13_mpsc_closed_future,
        p13_mpsc_try_recv,
        p13_mpsc_recv_many,
        p13_mpsc_unbounded_close,
        p13_mpsc_weak_sender_keeps_nothing_open,
        p13_mpsc_receiver_dropped_with_messages_in_it,
        p13_mpsc_messages_that_panic_in_drop,
        p13_mpsc_close_races_send,
    ],
}

fn p13_mpsc_all_sent_before_close_arrives(on: On) {
    on.run(async {
        let (tx, mut rx) = mpsc::channel(8);
        for i in 0..5 {
            tx.send(i).await.unwrap();
        }
        rx.close();
        assert_eq!(tx.send(99).await.unwrap_err().0, 99);
        assert!(tx.is_closed());
        for i in 0..5 {
            assert_eq!(rx.recv().await, Some(i));
        }
        assert_eq!(rx.recv().await, None);
        assert_eq!(rx.recv().await, None);
    });
}

fn p13_mpsc_ends_when_all_senders_are_gone(on: On) {
    on.run(async {
        let (tx, mut rx) = mpsc::channel(2);
        let other = tx.clone();
        tx.send(1).await.unwrap();
        drop(tx);
        other.send(2).await.unwrap();
        drop(other);
        assert_eq!(
            (rx.recv().await, rx.recv().await, rx.recv().await),
            (Some(1), Some(2), None)
        );
    });
}

fn p13_mpsc_close_by_the_receiver(on: On) {
    on.run(async {
        let (tx, mut rx) = mpsc::channel::<u8>(1);
        rx.close();
        assert!(rx.is_closed());
        assert_eq!(rx.recv().await, None);
        assert!(tx.reserve().await.is_err());
        assert!(matches!(tx.try_reserve(), Err(TrySendError::Closed(()))));
    });
}

fn p13_mpsc_value_comes_back(on: On) {
    on.run(async {
        let (tx, rx) = mpsc::channel(1);
        tx.try_send("first").unwrap();
        assert!(matches!(
            tx.try_send("second"),
            Err(TrySendError::Full("second"))
        ));
        drop(rx);
        assert!(matches!(
            tx.try_send("third"),
            Err(TrySendError::Closed("third"))
        ));
        let error = tx.send("fourth").await.unwrap_err();
        assert_eq!(
            (error.0, error.to_string()),
            ("fourth", "channel closed".to_owned())
        );
    });
}

fn p13_mpsc_permit_holds_the_channel_open(on: On) {
    on.run(async {
        let (tx, mut rx) = mpsc::channel(1);
        let permit = tx.clone().reserve_owned().await.unwrap();
        drop(tx);
        let (count, waker) = CountWaker::pair();
        {
            let mut recv = pin!(rx.recv());
            assert!(
                poll_once(recv.as_mut(), &waker).is_pending(),
                "the permit counts as a sender"
            );
            drop(permit.send(7));
            assert_eq!(count.wakes(), 1);
            assert_eq!(poll_once(recv.as_mut(), &waker), Poll::Ready(Some(7)));
        }
        assert_eq!(rx.recv().await, None);
    });
}

fn p13_mpsc_permit_after_close_still_sends(on: On) {
    on.run(async {
        let (tx, mut rx) = mpsc::channel(2);
        let permit = tx.reserve().await.unwrap();
        let unused = tx.reserve().await.unwrap();
        rx.close();
        assert!(
            matches!(rx.try_recv(), Err(TryRecvError::Empty)),
            "permits are out"
        );
        permit.send(1);
        assert_eq!(rx.recv().await, Some(1));
        let (count, waker) = CountWaker::pair();
        let mut recv = pin!(rx.recv());
        assert!(poll_once(recv.as_mut(), &waker).is_pending());
        drop(unused);
        assert_eq!(
            count.wakes(),
            1,
            "the last permit wakes the closed receiver"
        );
        assert_eq!(poll_once(recv.as_mut(), &waker), Poll::Ready(None));
    });
}

fn p13_mpsc_waiting_senders_learn_of_the_close(on: On) {
    on.run(async {
        let (tx, mut rx) = mpsc::channel(1);
        tx.send(0).await.unwrap();
        let senders: Vec<_> = (1..4)
            .map(|i| {
                let tx = tx.clone();
                rt::spawn(async move { tx.send(i).await })
            })
            .collect();
        rt::task::yield_now().await;
        rx.close();
        for (i, sender) in (1..).zip(senders) {
            assert_eq!(sender.await.unwrap().unwrap_err().0, i);
        }
        assert_eq!((rx.recv().await, rx.recv().await), (Some(0), None));
    });
}

fn p13_mpsc_waiting_receiver_learns_of_the_last_sender(on: On) {
    on.run(async {
        let (tx, mut rx) = mpsc::channel::<u8>(1);
        let receiver = rt::spawn(async move { rx.recv().await });
        rt::task::yield_now().await;
        drop(tx);
        assert_eq!(receiver.await.unwrap(), None);
    });
}

fn p13_mpsc_closed_future(on: On) {
    on.run(async {
        let (tx, rx) = mpsc::channel::<u8>(1);
        let watcher = rt::spawn({
            let tx = tx.clone();
            async move { tx.closed().await }
        });
        rt::task::yield_now().await;
        drop(rx);
        watcher.await.unwrap();
        tx.closed().await;
    });
}

fn p13_mpsc_try_recv(on: On) {
    on.run(async {
        let (tx, mut rx) = mpsc::channel(2);
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        tx.try_send(1).unwrap();
        drop(tx);
        assert_eq!(rx.try_recv(), Ok(1));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
        let (tx, mut rx) = mpsc::unbounded_channel();
        tx.send(1).unwrap();
        rx.close();
        assert_eq!(rx.try_recv(), Ok(1));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
        drop(tx);
    });
}

fn p13_mpsc_recv_many(on: On) {
    on.run(async {
        let (tx, mut rx) = mpsc::channel(10);
        for i in 0..7 {
            tx.send(i).await.unwrap();
        }
        let mut batch = Vec::new();
        assert_eq!(rx.recv_many(&mut batch, 0).await, 0);
        assert_eq!(rx.recv_many(&mut batch, 3).await, 3);
        assert_eq!(rx.recv_many(&mut batch, 100).await, 4);
        assert_eq!(batch, [0, 1, 2, 3, 4, 5, 6]);
        drop(tx);
        assert_eq!(rx.recv_many(&mut batch, 3).await, 0);
    });
}

fn p13_mpsc_unbounded_close(on: On) {
    on.run(async {
        let (tx, mut rx) = mpsc::unbounded_channel();
        tx.send(1).unwrap();
        rx.close();
        assert_eq!(tx.send(2).unwrap_err().0, 2);
        assert_eq!((rx.recv().await, rx.recv().await), (Some(1), None));
        tx.closed().await;
    });
}

fn p13_mpsc_weak_sender_keeps_nothing_open(on: On) {
    on.run(async {
        let (tx, mut rx) = mpsc::channel(1);
        let weak = tx.downgrade();
        weak.upgrade().unwrap().send(1).await.unwrap();
        drop(tx);
        assert!(weak.upgrade().is_none());
        assert_eq!((rx.recv().await, rx.recv().await), (Some(1), None));
    });
}

fn p13_mpsc_receiver_dropped_with_messages_in_it(_: On) {
    let alive = Arc::new(());
    let (tx, rx) = mpsc::channel(100);
    (0..70).for_each(|_| tx.try_send(alive.clone()).unwrap());
    assert_eq!(Arc::strong_count(&alive), 71);
    drop(rx);
    assert_eq!(Arc::strong_count(&alive), 1);
}

/// One message's destructor panics; the others are dropped all the same.
fn p13_mpsc_messages_that_panic_in_drop(_: On) {
    struct Message(#[expect(dead_code)] Arc<()>, bool);
    impl Drop for Message {
        fn drop(&mut self) {
            if self.1 && !std::thread::panicking() {
                panic!("message dropped");
            }
        }
    }

    let alive = Arc::new(());
    let (tx, rx) = mpsc::unbounded_channel();
    for i in 0..50 {
        assert!(tx.send(Message(alive.clone(), i == 20)).is_ok());
    }
    assert!(catch_unwind(AssertUnwindSafe(|| drop(rx))).is_err());
    drop(tx);
    assert_eq!(Arc::strong_count(&alive), 1);
}

/// Each send that says Ok is received, each that fails is not.
fn p13_mpsc_close_races_send(on: On) {
    on.run(async {
        for _ in 0..50 {
            let (tx, mut rx) = mpsc::channel(2);
            let sender = std::thread::spawn(move || {
                let mut sent = 0;
                while tx.blocking_send(()).is_ok() {
                    sent += 1;
                }
                sent
            });
            let mut received = 0;
            for _ in 0..5 {
                rx.recv().await.unwrap();
                received += 1;
            }
            rx.close();
            while rx.recv().await.is_some() {
                received += 1;
            }
            assert_eq!(sender.join().unwrap(), received);
        }
    });
}
