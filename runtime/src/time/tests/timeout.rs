//! Timeouts: who wins, and when nobody else would look.

use std::future::{pending, poll_fn, ready};

use super::*;
use crate::task::coop;
use crate::time::{sleep, timeout, timeout_at};

#[test]
fn what_is_ready_beats_its_deadline() {
    let rt = Paused::new();
    let now = Instant::now();
    assert_eq!(rt.block_on(timeout_at(now, ready(1))), Ok(1));
    assert_eq!(rt.block_on(timeout_at(now - ms(1000), ready(2))), Ok(2));
    assert_eq!(rt.block_on(timeout(Duration::ZERO, ready(3))), Ok(3));
    // Both at the same nanosecond: the future is asked first.
    assert_eq!(rt.block_on(timeout(ms(5), sleep(ms(5)))), Ok(()));
    assert_eq!(rt.elapsed(), ms(5));
    assert!(!rt.timers().is_armed(), "it took its timer with it");
}

#[test]
fn what_takes_longer_is_given_up_exactly_then() {
    let rt = Paused::new();
    let late = rt.block_on(timeout(ms(5), sleep(ms(5) + Duration::from_nanos(1))));
    assert_eq!(late.unwrap_err().to_string(), "deadline has elapsed");
    assert_eq!(rt.elapsed(), ms(5));
    assert!(rt.block_on(timeout_at(rt.start, pending::<()>())).is_err());
    assert!(
        rt.block_on(timeout(Duration::ZERO, pending::<()>()))
            .is_err()
    );
    assert_eq!(rt.elapsed(), ms(5), "neither waited");
    assert!(!rt.timers().is_armed());
}

#[test]
fn the_longest_timeout_never_comes() {
    let rt = Paused::new();
    let mut wait = Poller::new(timeout(Duration::MAX, pending::<()>()));
    assert!(wait.poll().is_pending());
    assert!(!rt.timers().is_armed());
    rt.advance(Duration::from_secs(100 * 365 * 86400));
    assert!(wait.poll().is_pending());
}

#[test]
fn a_future_that_always_exhausts_the_budget_still_loses() {
    let rt = Paused::new();
    let greedy = poll_fn(|cx| {
        loop {
            match coop::poll_proceed(cx) {
                Poll::Ready(unit) => unit.made_progress(),
                Poll::Pending => return Poll::<()>::Pending,
            }
        }
    });
    let mut wait = Poller::new(timeout(ms(5), greedy));
    assert!(coop::with_budget(|| wait.poll()).is_pending());
    assert!(rt.timers().is_armed(), "registered without a budget");
    rt.advance(ms(4));
    assert!(coop::with_budget(|| wait.poll()).is_pending());
    rt.advance(ms(1));
    assert!(coop::with_budget(|| wait.poll()).is_ready());
}

#[test]
fn a_budget_exhausted_before_it_is_not_overdrawn() {
    let rt = Paused::new();
    let mut wait = Poller::new(timeout(ms(5), pending::<()>()));
    coop::with_budget(|| {
        let mut over = Poller::new(sleep(Duration::ZERO));
        for _ in 0..coop::BUDGET {
            assert!(over.poll().is_ready());
        }
        // To wait costs nothing.
        assert!(wait.poll().is_pending());
        assert!(!wait.woken.take());
        rt.advance(ms(5));
        assert!(wait.woken.take());
        assert!(wait.poll().is_pending());
        assert!(wait.woken.take(), "asks to be polled again");
    });
    assert!(coop::with_budget(|| wait.poll()).is_ready());
}

#[test]
fn the_future_can_be_had_back() {
    let rt = Paused::new();
    let mut wait = timeout(ms(5), ready(7));
    assert!(wait.get_ref().clone().into_inner() == 7);
    *wait.get_mut() = ready(8);
    assert_eq!(rt.block_on(wait.into_inner()), 8);
}
