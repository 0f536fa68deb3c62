//! One test per promise of the channels; `model_tests.rs` mixes them at random.

use super::error::{SendError, SendTimeoutError, TryRecvError, TrySendError};
use super::*;
use crate::sync::testing::{ByHand, by_hand};
use crate::task::coop;
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

/// Everything that both kinds of channel promise alike.
macro_rules! both_kinds {
    ($($(#[$attribute:meta])* fn $name:ident($tx:ident, $rx:ident, $send:ident) $body:block)*) => {
        mod bounded {
            use super::*;
            $($(#[$attribute])* #[test] fn $name() {
                #[allow(unused_mut)]
                let ($tx, mut $rx) = channel(1_000);
                #[allow(unused_macros)]
                macro_rules! $send { ($to:expr, $message:expr) => { by_hand($to.send($message)).ready() } }
                $body
            })*
        }
        mod unbounded {
            use super::*;
            $($(#[$attribute])* #[test] fn $name() {
                #[allow(unused_mut)]
                let ($tx, mut $rx) = unbounded_channel();
                #[allow(unused_macros)]
                macro_rules! $send { ($to:expr, $message:expr) => { $to.send($message) } }
                $body
            })*
        }
    };
}

both_kinds! {
    fn messages_arrive_in_order_and_are_counted(tx, rx, send) {
        for i in 0..100 {
            send!(tx, i).unwrap();
            assert_eq!(rx.len(), i + 1);
        }
        // Some are in the backlog now, some are not.
        assert_eq!(by_hand(rx.recv()).ready(), Some(0));
        for i in 100..200 {
            send!(tx, i).unwrap();
        }
        for i in 1..200 {
            assert_eq!((rx.len(), rx.is_empty()), (200 - i, false));
            let message = match i % 2 {
                0 => by_hand(rx.recv()).ready().unwrap(),
                _ => rx.try_recv().unwrap(),
            };
            assert_eq!(message, i);
        }
        assert_eq!((rx.len(), rx.is_empty()), (0, true));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    }

    fn a_message_wakes_the_receiver_once(tx, rx, send) {
        let mut recv = by_hand(rx.recv());
        recv.assert_pending();
        recv.assert_pending();
        assert_eq!((recv.take_wakes(), recv.wakers()), (0, 1));
        send!(tx, 1).unwrap();
        send!(tx, 2).unwrap();
        assert_eq!((recv.take_wakes(), recv.wakers()), (1, 0));
        assert_eq!(recv.ready(), Some(1));
    }

    fn the_latest_task_is_woken(tx, rx, send) {
        let mut recv = by_hand(rx.recv());
        recv.assert_pending();
        let old = recv.change_task();
        recv.assert_pending();
        assert_eq!(old.wakers(), 0);
        send!(tx, 1).unwrap();
        assert_eq!((old.take_wakes(), recv.take_wakes()), (0, 1));
    }

    fn a_cancelled_recv_loses_nothing(tx, rx, send) {
        let mut recv = by_hand(rx.recv());
        recv.assert_pending();
        send!(tx, 1).unwrap();
        drop(recv);
        assert_eq!(by_hand(rx.recv()).ready(), Some(1));
        let mut buffer = vec![];
        let mut recv = by_hand(rx.recv_many(&mut buffer, 5));
        recv.assert_pending();
        send!(tx, 2).unwrap();
        drop(recv);
        assert_eq!(rx.try_recv(), Ok(2));
        assert!(buffer.is_empty());
    }

    fn the_last_sender_ends_the_channel(tx, rx, send) {
        let other = tx.clone();
        send!(tx, 1).unwrap();
        drop(tx);
        assert!(!rx.is_closed());
        assert_eq!(rx.try_recv(), Ok(1));
        let mut recv = by_hand(rx.recv());
        recv.assert_pending();
        send!(other, 2).unwrap();
        assert_eq!(recv.ready(), Some(2));
        drop(recv);
        let mut recv = by_hand(rx.recv());
        recv.assert_pending();
        recv.take_wakes();
        drop(other);
        assert_eq!((recv.take_wakes(), recv.wakers()), (1, 0));
        assert_eq!(recv.ready(), None);
        drop(recv);
        assert!(rx.is_closed());
        assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
        assert_eq!(by_hand(rx.recv_many(&mut vec![], 1)).ready(), 0);
    }

    fn messages_outlive_their_sender(tx, rx, send) {
        send!(tx, 1).unwrap();
        send!(tx, 2).unwrap();
        drop(tx);
        assert!(rx.is_closed());
        assert_eq!(rx.len(), 2);
        assert_eq!(by_hand(rx.recv()).ready(), Some(1));
        assert_eq!(rx.try_recv(), Ok(2));
        assert_eq!(by_hand(rx.recv()).ready(), None);
    }

    fn a_close_is_exact(tx, rx, send) {
        send!(tx, 1).unwrap();
        let (mut one, mut other) = (by_hand(tx.closed()), by_hand(tx.closed()));
        one.assert_pending();
        other.assert_pending();
        assert!(!tx.is_closed());
        rx.close();
        rx.close();
        assert!(tx.is_closed() && rx.is_closed());
        assert_eq!((one.take_wakes(), other.take_wakes()), (1, 1));
        one.ready();
        other.ready();
        by_hand(tx.closed()).ready();
        assert_eq!(send!(tx, 2), Err(SendError(2)));
        assert_eq!(rx.len(), 1);
        assert_eq!(rx.try_recv(), Ok(1));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
        assert_eq!(by_hand(rx.recv()).ready(), None);
    }

    fn a_dropped_receiver_closes_and_drops(tx, rx, send) {
        let token = Arc::new(());
        send!(tx, token.clone()).unwrap();
        send!(tx, token.clone()).unwrap();
        let _ = rx.try_recv(); // the other is in the backlog, if there is one
        send!(tx, token.clone()).unwrap();
        assert_eq!(Arc::strong_count(&token), 3);
        let mut closed = by_hand(tx.closed());
        closed.assert_pending();
        drop(rx);
        assert_eq!(Arc::strong_count(&token), 1);
        assert_eq!(closed.take_wakes(), 1);
        closed.ready();
        assert!(send!(tx, token.clone()).is_err());
        assert_eq!(Arc::strong_count(&token), 1);
    }

    fn dropped_futures_leave_no_waker(tx, rx, send) {
        let mut closed = by_hand(Box::pin(tx.closed()));
        closed.assert_pending();
        let old = closed.change_task();
        closed.assert_pending();
        assert_eq!((old.wakers(), closed.wakers()), (0, 1));
        closed.future.set(Box::pin(tx.closed()));
        assert_eq!(closed.wakers(), 0);
        let mut waiting = by_hand(poll_fn(move |cx| rx.poll_recv(cx)));
        waiting.assert_pending();
        assert_eq!(waiting.wakers(), 1);
        let old = waiting.change_task();
        drop(waiting); // and the receiver with it
        assert_eq!(old.wakers(), 0);
        assert_eq!(send!(tx, 1), Err(SendError(1)));
    }

    fn recv_many_takes_what_is_there(tx, rx, send) {
        let mut buffer = vec![100];
        assert_eq!(by_hand(rx.recv_many(&mut buffer, 0)).ready(), 0);
        for i in 0..6 {
            send!(tx, i).unwrap();
        }
        assert_eq!(rx.try_recv(), Ok(0)); // five in the backlog
        send!(tx, 6).unwrap();
        send!(tx, 7).unwrap();
        assert_eq!(by_hand(rx.recv_many(&mut buffer, 2)).ready(), 2);
        assert_eq!(by_hand(rx.recv_many(&mut buffer, 4)).ready(), 4);
        assert_eq!(by_hand(rx.recv_many(&mut buffer, usize::MAX)).ready(), 1);
        assert_eq!(buffer, [100, 1, 2, 3, 4, 5, 6, 7]);
        assert!(rx.is_empty());
        {
            let mut many = by_hand(rx.recv_many(&mut buffer, 9));
            many.assert_pending();
            send!(tx, 8).unwrap();
            assert_eq!(many.take_wakes(), 1);
            assert_eq!(many.ready(), 1);
        }
        rx.close();
        assert_eq!(by_hand(rx.recv_many(&mut buffer, 9)).ready(), 0);
        assert_eq!(buffer.len(), 9);
    }

    fn blocking_ends_meet(tx, rx, send) {
        let thread = std::thread::spawn(move || {
            let first = rx.blocking_recv();
            let mut rest = vec![];
            while rx.blocking_recv_many(&mut rest, 2) > 0 {}
            (first, rest)
        });
        for i in 0..4 {
            send!(tx, i).unwrap();
        }
        drop(tx);
        assert_eq!(thread.join().unwrap(), (Some(0), vec![1, 2, 3]));
    }

    fn weak_senders_keep_nothing_open(tx, rx, send) {
        let weak = tx.downgrade();
        let weaker = weak.clone();
        assert_eq!((tx.strong_count(), tx.weak_count()), (1, 2));
        let up = weak.upgrade().unwrap();
        assert!(up.same_channel(&tx));
        assert_eq!((weak.strong_count(), weak.weak_count()), (2, 2));
        drop(weaker);
        send!(up, 1).unwrap();
        drop(tx);
        assert_eq!((rx.sender_strong_count(), rx.sender_weak_count()), (1, 1));
        drop(up);
        assert!(weak.upgrade().is_none());
        assert!(rx.is_closed());
        assert_eq!(by_hand(rx.recv()).ready(), Some(1));
        assert_eq!(by_hand(rx.recv()).ready(), None);
        drop(weak);
        assert_eq!((rx.sender_strong_count(), rx.sender_weak_count()), (0, 0));
    }

    fn receiving_takes_units_of_the_budget(tx, rx, send) {
        for i in 0..200 {
            send!(tx, i).unwrap();
        }
        coop::with_budget(|| {
            for _ in 0..coop::BUDGET {
                by_hand(rx.recv()).ready();
            }
            let mut recv = by_hand(rx.recv());
            recv.assert_pending();
            assert_eq!(recv.take_wakes(), 1, "it yields, it does not wait");
        });
        assert_eq!(rx.len(), 200 - usize::from(coop::BUDGET));
        while rx.try_recv().is_ok() {}
        // Waiting in vain spends nothing.
        coop::with_budget(|| {
            for _ in 0..300 {
                let mut recv = by_hand(rx.recv());
                recv.assert_pending();
                assert_eq!(recv.take_wakes(), 0);
            }
        });
    }

    fn a_message_whose_destructor_panics_does_not_keep_the_others(tx, rx, send) {
        let drops = Arc::new(AtomicUsize::new(0));
        let message = |panics| Message { drops: drops.clone(), panics };
        for panics in [false, true, false] {
            assert!(send!(tx, message(panics)).is_ok());
        }
        drop(rx.try_recv()); // the panicking one leads the backlog, if there is one
        assert!(send!(tx, message(false)).is_ok());
        let mut closed = by_hand(tx.closed());
        closed.assert_pending();
        assert!(catch_unwind(AssertUnwindSafe(|| drop(rx))).is_err());
        assert_eq!(drops.load(SeqCst), 4);
        closed.ready();
    }

    fn a_message_may_hold_a_sender_of_its_own_channel(tx, rx, send) {
        struct Knot<S>(#[allow(dead_code)] S);
        impl<S> Knot<S> {
            fn tie(sender: &S) -> Box<dyn std::any::Any> where S: Clone + 'static {
                Box::new(Knot(sender.clone()))
            }
        }
        send!(tx, Knot::tie(&tx)).unwrap();
        send!(tx, Knot::tie(&tx)).unwrap();
        let _ = rx.try_recv();
        drop(rx);
        assert_eq!(tx.strong_count(), 1);
    }
}

struct Message {
    drops: Arc<AtomicUsize>,
    panics: bool,
}

impl Drop for Message {
    fn drop(&mut self) {
        self.drops.fetch_add(1, SeqCst);
        assert!(!self.panics, "the destructor panics");
    }
}

/// Can it be polled to a permit now?
fn free_slot<T>(tx: &Sender<T>) -> bool {
    tx.try_reserve().is_ok()
}

#[test]
fn capacity_counts_every_slot_that_is_taken() {
    let (tx, mut rx) = channel(5);
    let check = |rx: &Receiver<i32>, free| {
        assert_eq!((tx.capacity(), rx.capacity()), (free, free));
        assert_eq!((tx.max_capacity(), rx.max_capacity()), (5, 5));
    };
    check(&rx, 5);
    tx.try_send(1).unwrap();
    let permit = tx.try_reserve().unwrap();
    let mut many = by_hand(tx.reserve_many(2)).ready().unwrap();
    assert_eq!(many.len(), 2);
    check(&rx, 1);
    permit.send(2);
    many.next().unwrap().send(3);
    check(&rx, 1);
    assert_eq!(tx.try_reserve_many(2).unwrap_err(), TrySendError::Full(()));
    drop(many);
    check(&rx, 2);
    let owned = tx.clone().try_reserve_owned().unwrap();
    assert!(owned.same_channel_as_sender(&tx));
    check(&rx, 1);
    drop(owned.release());
    check(&rx, 2);
    for free in 3..=5 {
        rx.try_recv().unwrap();
        check(&rx, free);
    }
    by_hand(tx.send(4)).ready().unwrap();
    check(&rx, 4);
    by_hand(rx.recv()).ready();
    check(&rx, 5);
}

#[test]
fn a_full_channel_makes_senders_wait_in_line() {
    let (tx, mut rx) = channel(1);
    tx.try_send(1).unwrap();
    assert_eq!(tx.try_send(9), Err(TrySendError::Full(9)));
    let (mut second, mut third) = (by_hand(tx.send(2)), by_hand(tx.reserve()));
    second.assert_pending();
    third.assert_pending();
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!((second.take_wakes(), third.take_wakes()), (1, 0));
    // The slot is lent: nobody overtakes.
    assert_eq!(tx.capacity(), 0);
    assert_eq!(tx.try_send(9), Err(TrySendError::Full(9)));
    by_hand(tx.send(9)).assert_pending();
    third.assert_pending();
    second.ready().unwrap();
    assert_eq!(by_hand(rx.recv()).ready(), Some(2));
    assert_eq!(third.take_wakes(), 1);
    third.ready().unwrap().send(3);
    let mut buffer = vec![];
    assert_eq!(by_hand(rx.recv_many(&mut buffer, 9)).ready(), 1);
    assert_eq!(buffer, [3]);
}

#[test]
fn cancelled_senders_pass_their_turn_on() {
    let (tx, mut rx) = channel(1);
    tx.try_send(0).unwrap();
    let mut line: Vec<ByHand<_>> = (1..4).map(|i| by_hand(tx.send(i))).collect();
    line.iter_mut().for_each(ByHand::assert_pending);
    drop(line.remove(1)); // from the middle
    assert_eq!(rx.try_recv(), Ok(0));
    let served = line.remove(0);
    assert_eq!((served.take_wakes(), line[0].take_wakes()), (1, 0));
    drop(served); // served, not polled
    assert_eq!(line[0].take_wakes(), 1);
    line[0].ready().unwrap();
    assert_eq!(rx.try_recv(), Ok(3));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(tx.capacity(), 1);
}

#[test]
fn many_slots_gather_at_the_head_of_the_line() {
    let (tx, mut rx) = channel(3);
    let permit = tx.try_reserve().unwrap();
    tx.try_send(1).unwrap();
    let mut many = by_hand(tx.reserve_many(3));
    many.assert_pending();
    assert_eq!(tx.capacity(), 0, "the free one is the claim's");
    let (mut a, mut b) = (by_hand(tx.reserve()), by_hand(tx.reserve()));
    a.assert_pending();
    b.assert_pending();
    drop(permit);
    assert_eq!((many.take_wakes(), a.take_wakes()), (0, 0));
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!((many.take_wakes(), a.take_wakes()), (1, 0));
    // Cancelled with three slots in hand: two go on, one is free.
    drop(many);
    assert_eq!((a.take_wakes(), b.take_wakes(), tx.capacity()), (1, 1, 1));
    drop((a.ready().unwrap(), b.ready().unwrap()));
    assert_eq!(tx.capacity(), 3);
}

#[test]
fn recv_many_serves_many_senders() {
    let (tx, mut rx) = channel(3);
    (0..3).for_each(|i| tx.try_send(i).unwrap());
    let mut line: Vec<ByHand<_>> = (3..7).map(|i| by_hand(tx.send(i))).collect();
    line.iter_mut().for_each(ByHand::assert_pending);
    let mut buffer = vec![];
    assert_eq!(by_hand(rx.recv_many(&mut buffer, 9)).ready(), 3);
    let woken: Vec<_> = line.iter().map(ByHand::take_wakes).collect();
    assert_eq!(woken, [1, 1, 1, 0]);
}

#[test]
fn impossible_and_empty_reservations() {
    let (tx, rx) = channel::<()>(1);
    for n in [2, usize::MAX] {
        assert!(by_hand(tx.reserve_many(n)).ready().is_err());
        assert_eq!(tx.try_reserve_many(n).unwrap_err(), TrySendError::Full(()));
    }
    tx.try_send(()).unwrap();
    assert_eq!(by_hand(tx.reserve_many(0)).ready().unwrap().count(), 0);
    assert_eq!(tx.try_reserve_many(0).unwrap().count(), 0);
    drop(rx);
    assert!(by_hand(tx.reserve_many(0)).ready().is_err());
    assert_eq!(
        tx.try_reserve_many(0).unwrap_err(),
        TrySendError::Closed(())
    );
    assert!(matches!(
        tx.try_reserve_owned(),
        Err(TrySendError::Closed(_))
    ));
}

#[test]
fn a_close_fails_whoever_waits() {
    let (tx, mut rx) = channel(1);
    let permit = tx.try_reserve().unwrap();
    let (mut send, mut reserve) = (by_hand(tx.send(1)), by_hand(tx.reserve()));
    let mut owned = by_hand(tx.clone().reserve_owned());
    send.assert_pending();
    reserve.assert_pending();
    owned.assert_pending();
    rx.close();
    assert_eq!(
        (send.take_wakes(), reserve.take_wakes(), owned.take_wakes()),
        (1, 1, 1)
    );
    assert_eq!(send.ready(), Err(SendError(1)));
    assert!(reserve.ready().is_err() && owned.ready().is_err());
    assert_eq!(tx.try_send(2), Err(TrySendError::Closed(2)));
    // The permit was out before, and counts as a sender.
    let mut recv = by_hand(rx.recv());
    recv.assert_pending();
    permit.send(3);
    assert_eq!(recv.take_wakes(), 1);
    assert_eq!(recv.ready(), Some(3));
    drop(recv);
    assert_eq!(by_hand(rx.recv()).ready(), None);
}

/// After a close, whatever way the last lent slot comes back by, the receiver
/// learns that nothing can come.
#[test]
fn the_last_slot_to_come_back_wakes_a_closed_receiver() {
    type Last<'a> = Box<dyn FnOnce() + 'a>;
    fn check<'a>(rx: &mut Receiver<i32>, last: Last<'a>) {
        rx.close();
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        let mut recv = by_hand(rx.recv());
        recv.assert_pending();
        last();
        assert_eq!(recv.take_wakes(), 1);
        assert_eq!(recv.ready(), None);
        drop(recv);
        assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    }

    let (tx, mut rx) = channel(2);
    let permit = tx.try_reserve().unwrap();
    check(&mut rx, Box::new(|| drop(permit)));

    let (tx, mut rx) = channel(2);
    let permits = tx.try_reserve_many(2).unwrap();
    check(&mut rx, Box::new(|| drop(permits)));

    let (tx, mut rx) = channel(2);
    let permit = tx.clone().try_reserve_owned().unwrap();
    check(&mut rx, Box::new(|| drop(permit)));

    let (tx, mut rx) = channel(2);
    let permit = tx.try_reserve_owned().unwrap();
    let mut kept = None;
    check(&mut rx, Box::new(|| kept = Some(permit.release())));
    drop(kept);

    // A claim that was served, or partly served, before the close.
    for (n, polled) in [(1, false), (1, true), (2, false), (2, true)] {
        let (tx, mut rx) = channel(n);
        let held = tx.try_reserve().unwrap();
        let mut claim = by_hand(tx.reserve_many(n));
        claim.assert_pending();
        if n == 1 {
            drop(held);
            assert_eq!(claim.take_wakes(), 1);
        } else {
            rx.close();
            drop(held);
        }
        check(
            &mut rx,
            Box::new(move || {
                if polled {
                    assert!(claim.ready().is_err());
                }
            }),
        );
    }
}

#[test]
fn what_a_permit_sends_to_nobody_is_dropped() {
    let token = Arc::new(());
    let (tx, rx) = channel(2);
    let permit = tx.try_reserve().unwrap();
    let owned = tx.clone().try_reserve_owned().unwrap();
    drop(rx);
    permit.send(token.clone());
    drop(owned.send(token.clone()));
    assert_eq!(Arc::strong_count(&token), 1);
}

#[test]
fn an_owned_permit_is_a_sender() {
    let (tx, mut rx) = channel(1);
    let weak = tx.downgrade();
    let permit = by_hand(tx.reserve_owned()).ready().unwrap();
    assert!(permit.same_channel(&permit));
    assert!(!permit.same_channel(&channel::<i32>(1).0.try_reserve_owned().unwrap()));
    assert!(weak.upgrade().is_some());
    assert!(!rx.is_closed());
    drop(permit.send(1));
    assert!(weak.upgrade().is_none());
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
}

#[test]
fn waiting_senders_leave_no_waker() {
    let (tx, rx) = channel(1);
    let held = tx.try_reserve().unwrap();
    let mut send = by_hand(Box::pin(tx.send(1)));
    send.assert_pending();
    send.assert_pending();
    assert_eq!(send.wakers(), 1);
    let old = send.change_task();
    send.assert_pending();
    assert_eq!((old.wakers(), send.wakers()), (0, 1));
    send.future.set(Box::pin(tx.send(2)));
    assert_eq!(send.wakers(), 0);
    drop(held);
    assert!(free_slot(&tx));
    drop(rx);
}

#[test]
fn sending_takes_units_of_the_budget() {
    let (tx, _rx) = channel(1_000);
    coop::with_budget(|| {
        for i in 0..coop::BUDGET {
            by_hand(tx.send(i)).ready().unwrap();
        }
        let mut send = by_hand(tx.send(0));
        send.assert_pending();
        assert_eq!(send.take_wakes(), 1);
        assert!(tx.try_send(0).is_ok(), "what is not async spends nothing");
    });
}

struct Bomb;
impl Wake for Bomb {
    fn wake(self: Arc<Self>) {
        panic!("the waker panics");
    }
}

#[test]
fn a_waker_that_panics_leaves_the_channel_right() {
    let bomb = Waker::from(Arc::new(Bomb));
    let cx = &mut Context::from_waker(&bomb);
    let (tx, mut rx) = channel(1);
    assert!(rx.poll_recv(cx).is_pending());
    let permit = tx.try_reserve().unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| permit.send(7))).is_err());
    assert_eq!((tx.capacity(), rx.len()), (0, 1));

    assert_eq!(rx.try_recv(), Ok(7));
    assert_eq!((tx.capacity(), rx.len()), (1, 0));
    rx.close();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
}

#[test]
fn a_senders_waker_that_panics_costs_the_receiver_no_message() {
    let bomb = Waker::from(Arc::new(Bomb));
    let cx = &mut Context::from_waker(&bomb);
    let (tx, mut rx) = channel(1);
    tx.try_send(1).unwrap();
    let mut send = pin!(tx.send(2));
    assert!(send.as_mut().poll(cx).is_pending());
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(send.as_mut().poll(cx), Poll::Ready(Ok(())));
    let mut reserve = pin!(tx.reserve());
    assert!(reserve.as_mut().poll(cx).is_pending());
    assert_eq!(by_hand(rx.recv()).ready(), Some(2));
    assert!(reserve.as_mut().poll(cx).is_ready());
}

#[test]
fn a_close_wakes_all_though_one_waker_panics() {
    let bomb = Waker::from(Arc::new(Bomb));
    let (tx, mut rx) = channel(1);
    let _held = tx.try_reserve().unwrap();
    let mut bombed = pin!(tx.send(1));
    assert!(
        bombed
            .as_mut()
            .poll(&mut Context::from_waker(&bomb))
            .is_pending()
    );
    let (mut next, mut closed) = (by_hand(tx.send(2)), by_hand(tx.closed()));
    next.assert_pending();
    closed.assert_pending();
    assert!(catch_unwind(AssertUnwindSafe(|| rx.close())).is_err());
    assert_eq!((next.take_wakes(), closed.take_wakes()), (1, 1));
}

#[test]
fn wakers_may_use_the_channel() {
    // Woken and dropped without the lock: this one takes it both times.
    struct Curious(Sender<u32>, OwnedPermit<u32>);
    impl Wake for Curious {
        fn wake(self: Arc<Self>) {
            let _ = self.0.try_send(1);
        }
    }
    impl Drop for Curious {
        fn drop(&mut self) {
            assert!(self.1.same_channel_as_sender(&self.0));
            let _ = self.0.capacity();
        }
    }
    let curious = |tx: &Sender<u32>| {
        let permit = tx.clone().try_reserve_owned().unwrap();
        Waker::from(Arc::new(Curious(tx.clone(), permit)))
    };

    let (tx, rx) = channel(2);
    tx.try_send(0).unwrap();
    let mut reserve = Box::pin(tx.reserve());
    let waker = curious(&tx);
    assert!(
        reserve
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    drop(waker);
    drop(rx); // closes, wakes, drops the waker and the permit in it
    let mut cx = Context::from_waker(Waker::noop());
    assert!(matches!(
        reserve.as_mut().poll(&mut cx),
        Poll::Ready(Err(_))
    ));

    let (tx, mut rx) = channel(9);
    let waker = curious(&tx);
    assert!(rx.poll_recv(&mut Context::from_waker(&waker)).is_pending());
    drop(waker);
    assert!(rx.poll_recv(&mut cx).is_pending()); // replaces and drops it
    assert_eq!(tx.capacity(), 9);
    let waker = curious(&tx);
    assert!(rx.poll_recv(&mut Context::from_waker(&waker)).is_pending());
    drop(waker);
    tx.try_send(5).unwrap(); // wakes it, which sends
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(5), Ok(1)));
}

#[test]
fn blocking_send_waits_for_room() {
    let (tx, mut rx) = channel(1);
    let producer = std::thread::spawn(move || {
        (0..100).for_each(|i| tx.blocking_send(i).unwrap());
    });
    for i in 0..100 {
        assert_eq!(rx.blocking_recv(), Some(i));
    }
    producer.join().unwrap();
    let (tx, rx) = channel(1);
    drop(rx);
    assert_eq!(tx.blocking_send(1), Err(SendError(1)));
}

#[test]
fn a_receiver_gives_room_back_after_a_burst() {
    let (tx, mut rx) = unbounded_channel();
    for i in 0..100_000 {
        tx.send(i).unwrap();
    }
    while rx.try_recv().is_ok() {}
    for i in 0..100 {
        tx.send(i).unwrap();
        rx.try_recv().unwrap();
    }
    assert!(rx.room() < 1_000, "{} of 100,000", rx.room());
}

#[test]
#[should_panic(expected = "mpsc bounded channel requires buffer > 0")]
fn a_channel_without_slots_is_refused() {
    channel::<()>(0);
}

#[test]
fn errors_read_as_tokios_do() {
    assert_eq!(SendError(1).to_string(), "channel closed");
    assert_eq!(format!("{:?}", SendError(1)), "SendError { .. }");
    assert_eq!(TrySendError::Full(1).to_string(), "no available capacity");
    assert_eq!(TrySendError::Closed(1).to_string(), "channel closed");
    assert_eq!(format!("{:?}", TrySendError::Closed(1)), "Closed(..)");
    assert_eq!(TrySendError::Full(1).into_inner(), 1);
    assert_eq!(TrySendError::from(SendError(1)), TrySendError::Closed(1));
    assert_eq!(
        TryRecvError::Empty.to_string(),
        "receiving on an empty channel"
    );
    assert_eq!(
        TryRecvError::Disconnected.to_string(),
        "receiving on a closed channel"
    );
    let timeout = SendTimeoutError::Timeout(1);
    assert_eq!(timeout.to_string(), "timed out waiting on send operation");
    assert_eq!(format!("{timeout:?}"), "Timeout(..)");
    assert_eq!(SendTimeoutError::Closed(1).to_string(), "channel closed");
    assert_eq!(SendTimeoutError::Closed(1).into_inner(), 1);
}

#[test]
fn debug_shows_state_and_never_waits() {
    struct Plain;
    let (tx, rx) = channel(2);
    tx.try_send(Plain).unwrap();
    let permit = tx.try_reserve().unwrap();
    for text in [format!("{tx:?}"), format!("{rx:?}"), format!("{permit:?}")] {
        assert!(
            text.contains("messages: 1, lent: 1, reading: Open, senders: 1"),
            "{text}"
        );
    }
    let _mailbox = tx.channel.lock();
    assert!(format!("{tx:?}").contains("Channel { .. }"));
}

/// As tokio's tests assert of tokio's types.
#[test]
fn auto_traits_are_tokios() {
    fn unwinds<T: UnwindSafe + RefUnwindSafe>() {}
    fn crosses<T: Send + Sync + Unpin>() {}
    type Odd = Cell<&'static mut u32>; // neither Sync nor unwind safe

    unwinds::<Sender<Odd>>();
    unwinds::<Receiver<Odd>>();
    unwinds::<WeakSender<Odd>>();
    unwinds::<Permit<'static, Odd>>();
    unwinds::<PermitIterator<'static, Odd>>();
    unwinds::<OwnedPermit<Odd>>();
    unwinds::<UnboundedSender<Odd>>();
    unwinds::<UnboundedReceiver<Odd>>();
    unwinds::<WeakUnboundedSender<Odd>>();

    crosses::<Sender<Odd>>();
    crosses::<Receiver<Odd>>();
    crosses::<WeakSender<Odd>>();
    crosses::<Permit<'static, Odd>>();
    crosses::<PermitIterator<'static, Odd>>();
    crosses::<OwnedPermit<Odd>>();
    crosses::<UnboundedSender<Odd>>();
    crosses::<UnboundedReceiver<Odd>>();
    crosses::<WeakUnboundedSender<Odd>>();

    fn moves<T: Send>(_: &T) {}
    let (tx, mut rx) = channel::<Cell<u32>>(1);
    moves(&tx.send(Cell::new(1)));
    moves(&tx.reserve());
    moves(&tx.reserve_many(1));
    moves(&tx.clone().reserve_owned());
    moves(&tx.closed());
    moves(&rx.recv());
    moves(&rx.recv_many(&mut vec![], 1));
}
