//! **Who wins, the future or its deadline?** A future that is ready wins; one
//! that spends its whole budget in every poll still loses in the end.

use std::future::{Future, pending, poll_fn, ready};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use kolo_tests::{CountWaker, poll_once};

use super::On;
use super::rt;
use rt::sync::oneshot;
use rt::time::{Instant, advance, sleep, timeout, timeout_at};

kolo_tests::tests! {
    everywhere: [
        p12_ready_future_beats_a_zero_timeout,
        p12_ready_future_beats_a_deadline_that_passed,
        p12_budget_eater_loses_to_its_deadline,
        p12_budget_eater_inside_tasks_loses,
        p12_value_comes_through,
        p12_longest_timeout_is_no_timeout,
        p12_timed_out_future_is_dropped,
        p12_elapsed_says_so,
    ],
    current: [
        p12_ready_at_the_deadline_wins,
        p12_deadline_before_the_future,
        p12_nested_timeouts_end_at_the_nearest,
        p12_one_wake_at_the_deadline,
        p12_into_inner_gives_the_future_back,
    ],
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn p12_ready_future_beats_a_zero_timeout(on: On) {
    on.run(async {
        assert_eq!(timeout(Duration::ZERO, ready(1)).await, Ok(1));
        assert!(timeout(Duration::ZERO, pending::<()>()).await.is_err());
    });
}

fn p12_ready_future_beats_a_deadline_that_passed(on: On) {
    on.run(async {
        let past = Instant::now() - ms(100);
        assert_eq!(timeout_at(past, ready(1)).await, Ok(1));
        assert!(timeout_at(past, pending::<()>()).await.is_err());
    });
}

/// Always has something ready, so it always stops for lack of budget.
async fn eat_budget() {
    loop {
        rt::task::consume_budget().await;
    }
}

fn p12_budget_eater_loses_to_its_deadline(on: On) {
    on.run(async {
        assert!(timeout(ms(2), eat_budget()).await.is_err());
    });
}

fn p12_budget_eater_inside_tasks_loses(on: On) {
    on.run(async {
        let eater = rt::spawn(timeout(ms(2), async {
            let (tx, mut rx) = rt::sync::mpsc::unbounded_channel();
            tx.send(()).unwrap();
            while rx.recv().await.is_some() {
                tx.send(()).unwrap(); // never empty
            }
        }));
        assert!(eater.await.unwrap().is_err());
    });
}

fn p12_value_comes_through(on: On) {
    on.run(async {
        let (tx, rx) = oneshot::channel();
        rt::spawn(async move { tx.send("value").unwrap() });
        assert_eq!(
            timeout(Duration::from_secs(3_600), rx).await.unwrap(),
            Ok("value")
        );
    });
}

fn p12_longest_timeout_is_no_timeout(on: On) {
    on.run(async {
        let (tx, rx) = oneshot::channel();
        rt::spawn(async move { tx.send(1).unwrap() });
        assert_eq!(timeout(Duration::MAX, rx).await.unwrap(), Ok(1));
    });
}

fn p12_timed_out_future_is_dropped(on: On) {
    on.run(async {
        let (tx, rx) = oneshot::channel::<()>();
        let held = async move {
            let _tx = tx;
            pending::<()>().await;
        };
        assert!(timeout(ms(1), held).await.is_err());
        assert!(rx.await.is_err());
    });
}

fn p12_elapsed_says_so(on: On) {
    on.run(async {
        let elapsed = timeout(Duration::ZERO, pending::<()>()).await.unwrap_err();
        assert_eq!(elapsed.to_string(), "deadline has elapsed");
        let error: std::io::Error = elapsed.into();
        assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    });
}

fn p12_ready_at_the_deadline_wins(on: On) {
    on.run_paused(async {
        let start = Instant::now();
        let result = timeout_at(start + ms(50), rt::time::sleep_until(start + ms(50))).await;
        assert_eq!(result, Ok(()));
        // Also if both were passed while nobody looked.
        let mut both = pin!(timeout(ms(10), sleep(ms(20))));
        assert!(poll_once(both.as_mut(), std::task::Waker::noop()).is_pending());
        advance(ms(30)).await;
        assert_eq!(both.await, Ok(()));
    });
}

fn p12_deadline_before_the_future(on: On) {
    on.run_paused(async {
        let start = Instant::now();
        assert!(timeout(ms(49), sleep(ms(50))).await.is_err());
        assert_eq!(start.elapsed(), ms(49));
    });
}

fn p12_nested_timeouts_end_at_the_nearest(on: On) {
    on.run_paused(async {
        let start = Instant::now();
        let inner_first = timeout(ms(20), timeout(ms(10), pending::<()>())).await;
        assert!(matches!(inner_first, Ok(Err(_))));
        assert_eq!(start.elapsed(), ms(10));
        let outer_first = timeout(ms(10), timeout(ms(20), pending::<()>())).await;
        assert!(outer_first.is_err());
        assert_eq!(start.elapsed(), ms(20));
    });
}

fn p12_one_wake_at_the_deadline(on: On) {
    on.run_paused(async {
        let (count, waker) = CountWaker::pair();
        let mut waiting = pin!(timeout(ms(10), pending::<()>()));
        assert!(poll_once(waiting.as_mut(), &waker).is_pending());
        assert!(poll_once(waiting.as_mut(), &waker).is_pending());
        sleep(ms(9)).await;
        assert_eq!(count.wakes(), 0);
        sleep(ms(2)).await;
        assert_eq!(count.wakes(), 1);
        assert!(matches!(
            poll_once(waiting.as_mut(), &waker),
            Poll::Ready(Err(_))
        ));
    });
}

fn p12_into_inner_gives_the_future_back(on: On) {
    on.run_paused(async {
        let (tx, rx) = oneshot::channel();
        let mut waiting = Box::pin(timeout(ms(10), rx));
        assert!(poll_once(waiting.as_mut(), std::task::Waker::noop()).is_pending());
        assert!(poll_fn(|cx| waiting.as_mut().poll(cx)).await.is_err());
        // A fresh one keeps its future through into_inner.
        let (tx2, rx2) = oneshot::channel();
        let inner = timeout(ms(10), rx2).into_inner();
        tx2.send(2).unwrap();
        assert_eq!(inner.await, Ok(2));
        tx.send(1).unwrap();
    });
}
