//! Transcripts, polled by hand, over the product of what each end may do.

use super::*;
use crate::sync::testing::by_hand;
use std::sync::Arc;

/// A value of which one can tell whether it was dropped.
fn tracked() -> (Arc<()>, std::sync::Weak<()>) {
    let value = Arc::new(());
    let weak = Arc::downgrade(&value);
    (value, weak)
}

#[test]
fn sent_first_or_awaited_first() {
    let (tx, rx) = channel();
    tx.send(1).unwrap();
    assert_eq!(by_hand(rx).ready(), Ok(1));

    let (tx, rx) = channel();
    let mut rx = by_hand(rx);
    rx.assert_pending();
    tx.send(2).unwrap();
    assert_eq!(rx.take_wakes(), 1);
    assert_eq!(rx.ready(), Ok(2));
    assert_eq!(rx.wakers(), 0);
    assert!(rx.future.is_terminated());
}

#[test]
fn a_dropped_sender_is_noticed() {
    let (tx, rx) = channel::<i32>();
    let mut rx = by_hand(rx);
    rx.assert_pending();
    drop(tx);
    assert_eq!(rx.take_wakes(), 1);
    assert_eq!(rx.ready(), Err(RecvError(())));

    let (tx, rx) = channel::<i32>();
    drop(tx);
    assert_eq!(by_hand(rx).ready(), Err(RecvError(())));
}

#[test]
fn a_dropped_or_closed_receiver_is_noticed() {
    type End = fn(&mut Option<Receiver<i32>>);
    let ends: [End; 2] = [|rx| drop(rx.take()), |rx| rx.as_mut().unwrap().close()];
    for end in ends {
        for awaited in [false, true] {
            let (mut tx, rx) = channel::<i32>();
            let mut rx = Some(rx);
            assert!(!tx.is_closed());
            if awaited {
                let mut closed = by_hand(tx.closed());
                closed.assert_pending();
                end(&mut rx);
                assert_eq!(closed.take_wakes(), 1);
                assert_eq!(closed.wakers(), 0);
                closed.ready();
            } else {
                end(&mut rx);
                by_hand(tx.closed()).ready();
            }
            assert!(tx.is_closed());
            assert_eq!(tx.send(5), Err(5));
            if let Some(rx) = rx {
                assert_eq!(by_hand(rx).ready(), Err(RecvError(())));
            }
        }
    }
}

#[test]
fn what_was_sent_before_close_is_received() {
    let (tx, mut rx) = channel();
    tx.send(1).unwrap();
    rx.close();
    assert!(!rx.is_empty());
    assert_eq!(by_hand(rx).ready(), Ok(1));

    let (tx, mut rx) = channel();
    tx.send(2).unwrap();
    rx.close();
    assert_eq!(rx.try_recv(), Ok(2));
}

#[test]
fn close_wakes_nobody_who_receives_and_keeps_no_waker() {
    let (tx, rx) = channel::<i32>();
    let mut rx = by_hand(rx);
    rx.assert_pending();
    rx.future.close();
    rx.future.close();
    assert_eq!((rx.take_wakes(), rx.wakers()), (0, 0));
    drop(tx);
    assert_eq!(rx.take_wakes(), 0);
    assert_eq!(rx.ready(), Err(RecvError(())));
}

#[test]
fn try_recv_in_every_state() {
    let (tx, mut rx) = channel();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    assert!(rx.is_empty() && !rx.is_terminated());
    tx.send(1).unwrap();
    assert!(!rx.is_empty());
    assert_eq!(rx.try_recv(), Ok(1));
    assert!(rx.is_empty() && rx.is_terminated());
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    rx.close();

    let (tx, mut rx) = channel::<i32>();
    drop(tx);
    assert!(rx.is_empty() && !rx.is_terminated());
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    assert!(rx.is_terminated());

    let (_tx, mut rx) = channel::<i32>();
    rx.close();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
}

#[test]
#[should_panic(expected = "called after complete")]
fn polling_again_is_misuse() {
    let (tx, mut rx) = channel();
    tx.send(1).unwrap();
    assert_eq!(rx.try_recv(), Ok(1));
    let _ = by_hand(rx).poll();
}

/// Who leaves last frees the cell, and no value is lost or dropped twice.
#[test]
fn the_value_is_dropped_once_whatever_the_ends_do() {
    #[derive(Clone, Copy, PartialEq)]
    enum Tx {
        Send,
        Drop,
    }
    #[derive(Clone, Copy, PartialEq)]
    enum Rx {
        Await,
        TryRecv,
        Drop,
        CloseAndDrop,
    }
    for tx_first in [true, false] {
        for tx_waits in [true, false] {
            for rx_waits in [true, false] {
                for tx_end in [Tx::Send, Tx::Drop] {
                    for rx_end in [Rx::Await, Rx::TryRecv, Rx::Drop, Rx::CloseAndDrop] {
                        let (value, weak) = tracked();
                        let (mut tx, rx) = channel();
                        let mut rx = by_hand(rx);
                        let mut closed = by_hand(poll_fn(|cx| tx.poll_closed(cx)));
                        if tx_waits {
                            closed.assert_pending();
                        }
                        let tx_count = closed.change_task();
                        drop(closed);
                        if rx_waits {
                            rx.assert_pending();
                        }
                        let mut tx = Some((tx, value));
                        let mut send = move || {
                            let (tx, value) = tx.take().unwrap();
                            match tx_end {
                                Tx::Send => tx.send(value).is_ok(),
                                Tx::Drop => false,
                            }
                        };
                        let sent = tx_first.then(&mut send);
                        let received = match rx_end {
                            Rx::Await => matches!(rx.poll(), Poll::Ready(Ok(_))),
                            Rx::TryRecv => rx.future.try_recv().is_ok(),
                            Rx::CloseAndDrop => {
                                rx.future.close();
                                false
                            }
                            Rx::Drop => false,
                        };
                        let rx_count = rx.change_task();
                        drop(rx);
                        let sent = sent.unwrap_or_else(send);
                        let takes = matches!(rx_end, Rx::Await | Rx::TryRecv);
                        assert_eq!(sent, tx_first && tx_end == Tx::Send);
                        assert_eq!(received, sent && takes);
                        assert_eq!(weak.strong_count(), 0, "the value is gone");
                        assert_eq!((tx_count.wakers(), rx_count.wakers()), (0, 0));
                        assert_eq!(tx_count.take_wakes(), usize::from(tx_waits && !tx_first));
                        assert_eq!(rx_count.take_wakes(), usize::from(rx_waits && tx_first));
                    }
                }
            }
        }
    }
}

#[test]
fn the_waker_of_the_last_poll_is_woken() {
    let (mut tx, rx) = channel::<i32>();
    let mut rx = by_hand(rx);
    rx.assert_pending();
    rx.assert_pending();
    assert_eq!(rx.wakers(), 1);
    let old = rx.change_task();
    rx.assert_pending();
    assert_eq!((old.wakers(), rx.wakers()), (0, 1));

    let mut closed = by_hand(poll_fn(|cx| tx.poll_closed(cx)));
    closed.assert_pending();
    let old_closed = closed.change_task();
    closed.assert_pending();
    assert_eq!((old_closed.wakers(), closed.wakers()), (0, 1));
    let tx_task = closed.change_task();
    drop(closed);

    tx.send(1).unwrap();
    assert_eq!((old.take_wakes(), rx.take_wakes()), (0, 1));
    assert_eq!((tx_task.take_wakes(), tx_task.wakers()), (0, 0));
    assert_eq!(rx.ready(), Ok(1));
}

#[test]
fn a_cancelled_wait_loses_nothing() {
    let (tx, mut rx) = channel();
    let mut waiting = by_hand(&mut rx);
    waiting.assert_pending();
    drop(waiting);
    tx.send(1).unwrap();
    assert_eq!(by_hand(&mut rx).ready(), Ok(1));

    let (mut tx, rx) = channel::<i32>();
    let mut waiting = by_hand(tx.closed());
    waiting.assert_pending();
    drop(waiting);
    drop(rx);
    by_hand(tx.closed()).ready();
}

#[test]
fn threads_can_block() {
    let (tx, rx) = channel();
    let receiver = std::thread::spawn(move || rx.blocking_recv());
    tx.send(1).unwrap();
    assert_eq!(receiver.join().unwrap(), Ok(1));
}

#[test]
fn receiving_and_closing_take_their_share_of_the_budget() {
    coop::with_budget(|| {
        for _ in 0..coop::BUDGET {
            let (tx, rx) = channel();
            let mut rx = by_hand(rx);
            rx.assert_pending(); // free
            tx.send(1).unwrap();
            assert_eq!(rx.ready(), Ok(1));
        }
        let (tx, rx) = channel();
        tx.send(1).unwrap();
        let mut rx = by_hand(rx);
        rx.assert_pending();
        assert_eq!(rx.take_wakes(), 1);
        let (mut tx, rx2) = channel::<i32>();
        drop(rx2);
        by_hand(tx.closed()).assert_pending();
        coop::with_budget(|| assert_eq!(rx.ready(), Ok(1)));
    });
}

#[test]
fn what_is_needed_of_the_value() {
    fn send_sync_unpin<T: Send + Sync + Unpin>() {}
    send_sync_unpin::<Sender<std::cell::Cell<i32>>>();
    send_sync_unpin::<Receiver<std::cell::Cell<i32>>>();
    let (tx, rx) = channel::<Box<dyn Fn()>>();
    assert_eq!(
        format!("{tx:?} {rx:?}"),
        "Sender { closed: false } Receiver { terminated: false, empty: true }"
    );
}
