//! **What does a cancelled wait leave behind in a channel?** Nothing: no
//! message lost, no slot lost, no waker kept. A test per cancel-safe method.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use kolo_tests::{CountWaker, poll_once};

use super::On;
use super::rt;
use rt::sync::{mpsc, oneshot};

kolo_tests::tests! {
    everywhere: [
        p14_mpsc_recv_in_select_loses_nothing,
        p14_mpsc_recv_many_in_select_loses_nothing,
        p14_mpsc_recv_in_timeout_loses_nothing,
        p14_mpsc_unbounded_recv_cancelled,
        p14_mpsc_cancelled_reserve_passes_its_turn_on,
        p14_mpsc_cancelled_reserve_wakes_the_closed_receiver,
        p14_mpsc_cancelled_send_sends_nothing,
        p14_mpsc_reserve_then_drop_gives_the_slot_back,
        p14_mpsc_receiver_keeps_no_waker,
        p14_mpsc_closed_cancelled,
        p14_oneshot_recv_by_reference_in_select,
        p14_oneshot_keeps_the_last_waker_only,
        p14_oneshot_drops_wakers,
        p14_oneshot_closed_cancelled,
        p14_join_handle_by_reference_in_select,
        p14_join_set_join_next_in_select,
        p14_interval_tick_in_select,
        p14_sleep_by_reference_in_select,
    ],
}

fn p14_mpsc_recv_in_select_loses_nothing(on: On) {
    on.run(async {
        let (tx, mut rx) = mpsc::channel(1);
        let sender = rt::spawn(async move {
            for i in 0..500 {
                tx.send(i).await.unwrap();
                if i % 3 == 0 {
                    rt::task::yield_now().await;
                }
            }
        });
        let mut expected = 0;
        loop {
            rt::select! {
                message = rx.recv() => match message {
                    Some(i) => {
                        assert_eq!(i, expected);
                        expected += 1;
                    }
                    None => break,
                },
                () = rt::task::yield_now() => {}
            }
        }
        assert_eq!(expected, 500);
        sender.await.unwrap();
    });
}

fn p14_mpsc_recv_many_in_select_loses_nothing(on: On) {
    on.run(async {
        let (tx, mut rx) = mpsc::channel(4);
        let sender = rt::spawn(async move {
            for i in 0..500 {
                tx.send(i).await.unwrap();
                if i % 3 == 0 {
                    rt::task::yield_now().await;
                }
            }
        });
        let mut batch = Vec::new();
        loop {
            rt::select! {
                count = rx.recv_many(&mut batch, 3) => if count == 0 { break },
                () = rt::task::yield_now() => {}
            }
        }
        assert!(batch.into_iter().eq(0..500));
        sender.await.unwrap();
    });
}

fn p14_mpsc_recv_in_timeout_loses_nothing(on: On) {
    on.run(async {
        let (tx, mut rx) = mpsc::channel(4);
        let zero = Duration::ZERO;
        for i in 0..50 {
            assert!(rt::time::timeout(zero, rx.recv()).await.is_err());
            tx.send(i).await.unwrap();
            assert_eq!(rt::time::timeout(zero, rx.recv()).await, Ok(Some(i)));
        }
    });
}

fn p14_mpsc_unbounded_recv_cancelled(on: On) {
    on.run(async {
        let (tx, mut rx) = mpsc::unbounded_channel();
        let (count, waker) = CountWaker::pair();
        {
            let mut recv = pin!(rx.recv());
            assert!(poll_once(recv.as_mut(), &waker).is_pending());
            tx.send(1).unwrap(); // woken, and dropped all the same
            assert_eq!(count.wakes(), 1);
        }
        assert_eq!(rx.recv().await, Some(1));
    });
}

fn p14_mpsc_cancelled_reserve_passes_its_turn_on(on: On) {
    on.run(async {
        let (tx, mut rx) = mpsc::channel(1);
        tx.send(0).await.unwrap();
        let (count, waker) = CountWaker::pair();
        let mut first = Box::pin(tx.reserve());
        let mut second = Box::pin(tx.reserve());
        assert!(poll_once(first.as_mut(), Waker::noop()).is_pending());
        assert!(poll_once(second.as_mut(), &waker).is_pending());
        assert_eq!(rx.recv().await, Some(0)); // the slot goes to the first
        assert!(tx.try_reserve().is_err(), "nobody jumps the line");
        drop(first);
        assert_eq!(count.wakes(), 1);
        let Poll::Ready(Ok(permit)) = poll_once(second.as_mut(), &waker) else {
            panic!("its turn")
        };
        permit.send(2);
        assert_eq!(rx.recv().await, Some(2));
    });
}

fn p14_mpsc_cancelled_reserve_wakes_the_closed_receiver(on: On) {
    on.run(async {
        let (tx, mut rx) = mpsc::channel::<()>(1);
        let permit = tx.reserve().await.unwrap();
        let mut waiting = Box::pin(tx.reserve());
        assert!(poll_once(waiting.as_mut(), Waker::noop()).is_pending());
        drop(permit); // its slot is given to the one that waits
        rx.close();
        let (count, waker) = CountWaker::pair();
        let mut recv = pin!(rx.recv());
        let before = poll_once(recv.as_mut(), &waker);
        drop(waiting);
        if before.is_pending() {
            assert_eq!(count.wakes(), 1);
            assert!(poll_once(recv.as_mut(), &waker).is_ready());
        }
    });
}

fn p14_mpsc_cancelled_send_sends_nothing(on: On) {
    on.run(async {
        let alive = Arc::new(());
        let (tx, mut rx) = mpsc::channel(1);
        tx.send(alive.clone()).await.unwrap();
        {
            let mut send = pin!(tx.send(alive.clone()));
            assert!(poll_once(send.as_mut(), Waker::noop()).is_pending());
        }
        assert_eq!(
            Arc::strong_count(&alive),
            2,
            "the message went with the future"
        );
        assert!(rx.recv().await.is_some());
        assert!(rx.try_recv().is_err());
        assert_eq!(tx.capacity(), 1);
    });
}

fn p14_mpsc_reserve_then_drop_gives_the_slot_back(on: On) {
    on.run(async {
        let (tx, _rx) = mpsc::channel::<u8>(3);
        let permits = tx.reserve_many(2).await.unwrap();
        assert_eq!(tx.capacity(), 1);
        drop(permits);
        assert_eq!(tx.capacity(), 3);
        for _ in 0..10 {
            drop(tx.reserve().await.unwrap());
        }
        assert_eq!(tx.capacity(), 3);
    });
}

fn p14_mpsc_receiver_keeps_no_waker(_: On) {
    let (tx, mut rx) = mpsc::channel::<u8>(1);
    let (count, waker) = CountWaker::pair();
    assert!(poll_once(pin!(rx.recv()), &waker).is_pending());
    drop(rx);
    assert_eq!(Arc::strong_count(&count), 2, "ours and the waker's");
    drop(tx);
}

fn p14_mpsc_closed_cancelled(on: On) {
    on.run(async {
        let (tx, mut rx) = mpsc::channel::<u8>(1);
        let (count, waker) = CountWaker::pair();
        {
            let mut closed = pin!(tx.closed());
            assert!(poll_once(closed.as_mut(), &waker).is_pending());
        }
        assert_eq!(Arc::strong_count(&count), 2);
        rx.close();
        assert_eq!(count.wakes(), 0);
        tx.closed().await;
    });
}

fn p14_oneshot_recv_by_reference_in_select(on: On) {
    on.run(async {
        let (tx, mut rx) = oneshot::channel();
        let mut tx = Some(tx);
        for round in 0.. {
            rt::select! {
                biased;
                value = &mut rx => {
                    assert_eq!(value, Ok(10));
                    break;
                }
                () = rt::task::yield_now() => {
                    if round == 10 {
                        tx.take().unwrap().send(round).unwrap();
                    }
                }
            }
        }
    });
}

fn p14_oneshot_keeps_the_last_waker_only(_: On) {
    let (tx, mut rx) = oneshot::channel();
    let (first, first_waker) = CountWaker::pair();
    let (second, second_waker) = CountWaker::pair();
    let mut rx = pin!(&mut rx);
    assert!(poll_once(rx.as_mut(), &first_waker).is_pending());
    assert!(poll_once(rx.as_mut(), &second_waker).is_pending());
    assert_eq!(Arc::strong_count(&first), 2, "the first is not kept");
    tx.send(1).unwrap();
    assert_eq!((first.wakes(), second.wakes()), (0, 1));
    assert_eq!(poll_once(rx, &second_waker), Poll::Ready(Ok(1)));
}

fn p14_oneshot_drops_wakers(_: On) {
    let (count, waker) = CountWaker::pair();
    let (tx, mut rx) = oneshot::channel::<u8>();
    assert!(poll_once(pin!(&mut rx), &waker).is_pending());
    drop(rx);
    drop(tx);
    assert_eq!(Arc::strong_count(&count), 2);
}

fn p14_oneshot_closed_cancelled(on: On) {
    on.run(async {
        let (mut tx, rx) = oneshot::channel();
        assert!(poll_once(pin!(tx.closed()), Waker::noop()).is_pending());
        tx.send(1).unwrap();
        assert_eq!(rx.await, Ok(1));
    });
}

fn p14_join_handle_by_reference_in_select(on: On) {
    on.run(async {
        let (tx, rx) = oneshot::channel();
        let mut task = rt::spawn(rx);
        for _ in 0..10 {
            rt::select! {
                biased;
                _ = &mut task => panic!("too early"),
                () = rt::task::yield_now() => {}
            }
        }
        tx.send(1).unwrap();
        assert_eq!((&mut task).await.unwrap(), Ok(1));
    });
}

fn p14_join_set_join_next_in_select(on: On) {
    on.run(async {
        let mut set = rt::task::JoinSet::new();
        for i in 0..50 {
            set.spawn(async move {
                for _ in 0..i % 7 {
                    rt::task::yield_now().await;
                }
                i
            });
        }
        let mut seen = Vec::new();
        while !set.is_empty() {
            rt::select! {
                Some(done) = set.join_next() => seen.push(done.unwrap()),
                () = rt::task::yield_now() => {}
            }
        }
        seen.sort_unstable();
        assert!(seen.into_iter().eq(0..50));
    });
}

fn p14_interval_tick_in_select(on: On) {
    on.run(async {
        let mut ticks = rt::time::interval(Duration::from_millis(1));
        let mut seen = Vec::new();
        while seen.len() < 5 {
            rt::select! {
                biased;
                at = ticks.tick() => seen.push(at),
                () = rt::task::yield_now() => {}
            }
        }
        // Burst: a tick that was polled and left is not skipped.
        let gaps: Vec<_> = seen.windows(2).map(|w| w[1] - w[0]).collect();
        assert_eq!(gaps, [Duration::from_millis(1); 4]);
    });
}

fn p14_sleep_by_reference_in_select(on: On) {
    on.run(async {
        let deadline = rt::time::Instant::now() + Duration::from_millis(3);
        let mut sleep = pin!(rt::time::sleep_until(deadline));
        loop {
            rt::select! {
                biased;
                () = &mut sleep => break,
                () = rt::task::yield_now() => {}
            }
        }
        assert!(rt::time::Instant::now() >= deadline);
    });
}
