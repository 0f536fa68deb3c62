//! **What does the end of a oneshot, a semaphore, a notification or a lock mean?**
//! As for mpsc: exact, and in order of arrival.

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use kolo_tests::{CountWaker, poll_once};

use super::On;
use super::rt;
use rt::sync::{Mutex, Notify, Semaphore, oneshot};

kolo_tests::tests! {
    everywhere: [
        p13_oneshot_value_and_ends,
        p13_oneshot_close_by_the_receiver,
        p13_oneshot_close_after_send_keeps_the_value,
        p13_oneshot_try_recv,
        p13_oneshot_sender_sees_the_receiver_go,
        p13_oneshot_races,
        p13_semaphore_close,
        p13_notify_permits,
        p13_mutex_hands_over_in_order,
    ],
}

fn p13_oneshot_value_and_ends(on: On) {
    on.run(async {
        let (tx, rx) = oneshot::channel();
        tx.send(1).unwrap();
        assert_eq!(rx.await, Ok(1));
        let (tx, rx) = oneshot::channel::<u8>();
        drop(tx);
        assert_eq!(rx.await.unwrap_err().to_string(), "channel closed");
        let (tx, rx) = oneshot::channel();
        drop(rx);
        assert!(tx.is_closed());
        assert_eq!(tx.send(2), Err(2));
    });
}

fn p13_oneshot_close_by_the_receiver(on: On) {
    on.run(async {
        let (tx, mut rx) = oneshot::channel();
        rx.close();
        assert_eq!(tx.send(1), Err(1));
        assert!(rx.await.is_err());
    });
}

fn p13_oneshot_close_after_send_keeps_the_value(on: On) {
    on.run(async {
        let (tx, mut rx) = oneshot::channel();
        tx.send(1).unwrap();
        rx.close();
        assert_eq!(rx.await, Ok(1));
    });
}

fn p13_oneshot_try_recv(_: On) {
    use rt::sync::oneshot::error::TryRecvError;

    let (tx, mut rx) = oneshot::channel();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    tx.send(1).unwrap();
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    let (tx, mut rx) = oneshot::channel::<u8>();
    drop(tx);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
}

fn p13_oneshot_sender_sees_the_receiver_go(on: On) {
    on.run(async {
        let (mut tx, rx) = oneshot::channel::<u8>();
        let (count, waker) = CountWaker::pair();
        {
            let mut closed = pin!(tx.closed());
            assert!(poll_once(closed.as_mut(), &waker).is_pending());
            drop(rx);
            assert_eq!(count.wakes(), 1);
            assert!(poll_once(closed.as_mut(), &waker).is_ready());
        }
        assert!(tx.is_closed());
    });
}

fn p13_oneshot_races(on: On) {
    on.run(async {
        for i in 0..500 {
            let (tx, mut rx) = oneshot::channel();
            let sender = std::thread::spawn(move || tx.send(i));
            if i % 2 == 0 {
                rx.close();
            }
            // Either it came through, or it came back: never both, never neither.
            match (rx.await, sender.join().unwrap()) {
                (Ok(n), Ok(())) => assert_eq!(n, i),
                (Err(_), Err(n)) => assert_eq!(n, i),
                other => panic!("{other:?}"),
            }
        }
    });
}

fn p13_semaphore_close(on: On) {
    on.run(async {
        let semaphore = Arc::new(Semaphore::new(1));
        let held = semaphore.acquire().await.unwrap();
        let waiter = rt::spawn({
            let semaphore = semaphore.clone();
            async move { semaphore.acquire_owned().await.map(drop) }
        });
        rt::task::yield_now().await;
        semaphore.close();
        assert!(waiter.await.unwrap().is_err());
        assert!(semaphore.is_closed());
        assert!(semaphore.try_acquire().is_err());
        drop(held);
        assert!(semaphore.acquire().await.is_err());
    });
}

/// One permit at most is stored; `notify_waiters` stores none.
fn p13_notify_permits(on: On) {
    on.run(async {
        let notify = Notify::new();
        notify.notify_one();
        notify.notify_one();
        notify.notified().await;
        let noop = std::task::Waker::noop();
        assert!(poll_once(pin!(notify.notified()), noop).is_pending());
        let (mut a, mut b) = (pin!(notify.notified()), pin!(notify.notified()));
        assert!(poll_once(a.as_mut(), noop).is_pending());
        assert!(poll_once(b.as_mut(), noop).is_pending());
        notify.notify_waiters();
        assert!(poll_once(a, noop).is_ready());
        assert!(poll_once(b, noop).is_ready());
        assert!(poll_once(pin!(notify.notified()), noop).is_pending());
    });
}

fn p13_mutex_hands_over_in_order(on: On) {
    on.run(async {
        let mutex = Mutex::new(0);
        let noop = std::task::Waker::noop();
        let held = mutex.lock().await;
        let (mut a, mut b) = (Box::pin(mutex.lock()), Box::pin(mutex.lock()));
        assert!(poll_once(a.as_mut(), noop).is_pending());
        assert!(poll_once(b.as_mut(), noop).is_pending());
        drop(held);
        assert!(
            mutex.try_lock().is_err(),
            "it is promised to the first that waits"
        );
        assert!(poll_once(b.as_mut(), noop).is_pending());
        let Poll::Ready(guard) = poll_once(a.as_mut(), noop) else {
            panic!("its turn")
        };
        drop(guard);
        assert!(poll_once(b.as_mut(), noop).is_ready());
    });
}
