//! Transcripts, polled by hand: who is served when, and what a waiter that
//! leaves gives to the next.

use super::*;
use crate::sync::testing::by_hand;
use std::panic::{AssertUnwindSafe, catch_unwind};

#[test]
fn nobody_waits_while_there_are_permits() {
    let permits = Permits::new(2);
    by_hand(permits.acquire(1)).ready().unwrap();
    by_hand(permits.acquire(1)).ready().unwrap();
    assert_eq!(permits.try_take(1), Err(TryAcquireError::NoPermits));
    permits.release(1);
    assert_eq!(permits.available(), 1);
    assert_eq!(permits.try_take(1), Ok(()));
}

#[test]
fn waiters_are_served_in_order_all_or_nothing() {
    let permits = Permits::new(1);
    let mut three = by_hand(permits.acquire(3));
    let mut one = by_hand(permits.acquire(1));
    three.assert_pending();
    one.assert_pending();
    // The free permit is kept for the first in line.
    assert_eq!(permits.available(), 0);
    assert_eq!(permits.try_take(1), Err(TryAcquireError::NoPermits));

    permits.release(1);
    assert_eq!((three.take_wakes(), one.take_wakes()), (0, 0));
    permits.release(1);
    assert_eq!((three.take_wakes(), one.take_wakes()), (1, 0));
    three.ready().unwrap();
    one.assert_pending();
    permits.release(2);
    assert_eq!(one.take_wakes(), 1);
    one.ready().unwrap();
    assert_eq!(permits.available(), 1);
}

#[test]
fn one_release_serves_as_many_as_it_can() {
    let permits = Permits::new(0);
    let mut line: Vec<_> = (0..20).map(|_| by_hand(permits.acquire(2))).collect();
    line.iter_mut().for_each(|waiter| waiter.assert_pending());
    permits.release(25);
    let wakes: Vec<_> = line.iter().map(|waiter| waiter.take_wakes()).collect();
    assert_eq!(wakes, [[1; 12].as_slice(), [0; 8].as_slice()].concat());
    permits.release(15);
    line.iter_mut().for_each(|waiter| waiter.ready().unwrap());
    assert_eq!(permits.available(), 0);
}

#[test]
fn a_waiter_that_was_granted_and_is_dropped_passes_its_turn_on() {
    let permits = Permits::new(0);
    let mut first = by_hand(permits.acquire(1));
    let mut second = by_hand(permits.acquire(1));
    first.assert_pending();
    second.assert_pending();
    permits.release(1);
    assert_eq!((first.take_wakes(), second.take_wakes()), (1, 0));
    drop(first);
    assert_eq!(second.take_wakes(), 1);
    second.ready().unwrap();
    assert_eq!(permits.available(), 0);
}

#[test]
fn a_big_waiter_that_leaves_lets_the_small_ones_pass() {
    let permits = Permits::new(2);
    let mut big = by_hand(permits.acquire(5));
    let mut small = by_hand(permits.acquire(1));
    let mut middle = by_hand(permits.acquire(2));
    for waiter in [&mut big, &mut small, &mut middle] {
        waiter.assert_pending();
    }
    drop(big);
    assert_eq!((small.take_wakes(), middle.take_wakes()), (1, 0));
    // The last in line leaves, and what is free is for everybody again.
    drop(middle);
    assert_eq!(permits.available(), 1);
    small.ready().unwrap();
}

#[test]
fn a_waiter_from_the_middle_of_the_line_can_leave() {
    let permits = Permits::new(0);
    let mut line: Vec<_> = (0..3).map(|_| by_hand(permits.acquire(1))).collect();
    line.iter_mut().for_each(|waiter| waiter.assert_pending());
    drop(line.remove(1));
    permits.release(2);
    line.iter_mut().for_each(|waiter| waiter.ready().unwrap());
}

#[test]
fn the_waker_of_the_last_poll_is_woken_and_none_is_kept() {
    let permits = Permits::new(0);
    let mut waiter = by_hand(permits.acquire(1));
    waiter.assert_pending();
    waiter.assert_pending();
    assert_eq!(waiter.wakers(), 1);
    let old = waiter.change_task();
    waiter.assert_pending();
    assert_eq!((old.wakers(), waiter.wakers()), (0, 1));
    permits.release(1);
    assert_eq!((old.take_wakes(), waiter.take_wakes()), (0, 1));
    assert_eq!(waiter.wakers(), 0);
    waiter.ready().unwrap();

    let mut waiter = by_hand(permits.acquire(1));
    waiter.assert_pending();
    let old = waiter.change_task();
    drop(waiter);
    assert_eq!(old.wakers(), 0);
}

#[test]
fn granted_and_then_polled_by_another_task() {
    let permits = Permits::new(0);
    let mut waiter = by_hand(permits.acquire(1));
    waiter.assert_pending();
    permits.release(1);
    waiter.change_task();
    waiter.ready().unwrap();
    assert_eq!((permits.available(), waiter.wakers()), (0, 0));
}

#[test]
fn close_fails_those_who_wait_and_those_who_come() {
    let permits = Permits::new(3);
    let mut line: Vec<_> = (0..3).map(|_| by_hand(permits.acquire(4))).collect();
    line.iter_mut().for_each(|waiter| waiter.assert_pending());
    permits.close();
    assert!(permits.is_closed());
    for waiter in &mut line {
        assert_eq!(waiter.take_wakes(), 1);
        waiter.ready().unwrap_err();
    }
    assert_eq!(permits.try_take(1), Err(TryAcquireError::Closed));
    by_hand(permits.acquire(1)).ready().unwrap_err();
    // What is in use can still be given back.
    permits.release(1);
    assert_eq!(permits.available(), 4);
    assert_eq!(permits.forget(9), 4);
}

#[test]
fn granted_and_then_closed_is_closed_and_nothing_is_lost() {
    let permits = Permits::new(0);
    let mut waiter = by_hand(permits.acquire(1));
    waiter.assert_pending();
    permits.release(1);
    permits.close();
    waiter.ready().unwrap_err();
    assert_eq!(permits.available(), 1);
}

#[test]
fn forget_leaves_alone_what_is_kept_for_a_waiter() {
    let permits = Permits::new(5);
    assert_eq!(permits.forget(2), 2);
    let mut waiter = by_hand(permits.acquire(4));
    waiter.assert_pending();
    assert_eq!(permits.forget(3), 0);
    permits.release(1);
    waiter.ready().unwrap();
    assert_eq!(permits.forget(3), 0);
}

#[test]
fn no_permits_are_always_there() {
    let permits = Permits::new(0);
    let mut waiter = by_hand(permits.acquire(1));
    waiter.assert_pending();
    by_hand(permits.acquire(0)).ready().unwrap();
    assert_eq!(permits.try_take(0), Ok(()));
    permits.release(0);
    waiter.assert_pending();
}

#[test]
fn too_many_permits_panic_and_change_nothing() {
    let permits = Permits::new(Permits::MAX);
    assert!(catch_unwind(AssertUnwindSafe(|| permits.release(1))).is_err());
    assert_eq!(permits.available(), Permits::MAX);
    // The same with somebody in line, that is, under the lock.
    let mut waiter = by_hand(permits.acquire(Permits::MAX + 1));
    waiter.assert_pending();
    assert!(catch_unwind(AssertUnwindSafe(|| permits.release(1))).is_err());
    drop(waiter);
    assert_eq!(permits.available(), Permits::MAX);
}

#[test]
fn acquiring_takes_its_share_of_the_budget_and_no_more() {
    let permits = Permits::new(usize::from(coop::BUDGET) + 1);
    coop::with_budget(|| {
        let mut waiting = by_hand(permits.acquire(Permits::MAX));
        waiting.assert_pending();
        drop(waiting); // a poll that waits is free
        for _ in 0..coop::BUDGET {
            by_hand(permits.acquire(1)).ready().unwrap();
        }
        let mut one_more = by_hand(permits.acquire(1));
        one_more.assert_pending();
        assert_eq!(
            one_more.take_wakes(),
            1,
            "yields: pending, and woken at once"
        );
        assert_eq!(permits.available(), 0, "but has its permit");
        coop::with_budget(|| one_more.ready().unwrap());
    });
}

#[test]
fn without_a_budget_a_task_keeps_its_place_and_its_turn() {
    let permits = Permits::new(0);
    let mut poor = by_hand(permits.acquire(1));
    let spend = || {
        while coop::has_budget_remaining() {
            let _ = coop::poll_proceed(&mut Context::from_waker(std::task::Waker::noop()))
                .map(coop::RestoreOnPending::made_progress);
        }
    };
    coop::with_budget(|| {
        spend();
        poor.assert_pending();
    });
    assert_eq!(poor.take_wakes(), 0, "it waits for the permit alone");
    let mut next = by_hand(permits.acquire(1));
    next.assert_pending();
    permits.release(1);
    assert_eq!((poor.take_wakes(), next.take_wakes()), (1, 0));
    coop::with_budget(|| {
        spend();
        poor.assert_pending();
    });
    assert_eq!((poor.take_wakes(), next.take_wakes()), (1, 0));
    drop(poor); // with the permit
    assert_eq!(next.take_wakes(), 1);
    next.ready().unwrap();
}
