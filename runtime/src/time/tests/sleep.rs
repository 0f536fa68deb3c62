//! Sleeps: exactness, order, reset, drop and the ends of time.

use std::sync::Mutex;

use proptest::prelude::*;

use super::*;
use crate::task::coop;
use crate::time::{sleep, sleep_until};

#[test]
fn sleeps_end_at_their_nanosecond_in_order() {
    let rt = Paused::new();
    let log = Transcript::new(&rt);
    let nap = |duration, name| -> Pin<Box<dyn Future<Output = ()>>> {
        let log = &log;
        Box::pin(async move {
            sleep(duration).await;
            log.note(name);
        })
    };
    rt.run_all(vec![
        nap(ms(3), "three"),
        nap(ms(1), "one"),
        nap(ms(1) + Duration::from_nanos(1), "one and a nanosecond"),
        nap(ms(1), "one again"),
        nap(Duration::ZERO, "zero"),
        nap(Duration::from_secs(3600), "an hour"),
    ]);
    log.expect(&[
        "0ns zero",
        "1ms one",
        "1ms one again",
        "1.000001ms one and a nanosecond",
        "3ms three",
        "3600s an hour",
    ]);
}

#[test]
fn a_past_deadline_is_ready_at_once() {
    let rt = Paused::new();
    let now = Instant::now();
    for mut wait in [sleep_until(now), sleep_until(now - ms(1)), sleep(ms(0))].map(Poller::new) {
        assert!(!wait.future.is_elapsed(), "not polled yet");
        assert!(wait.poll().is_ready());
        assert!(wait.future.is_elapsed());
        assert!(wait.poll().is_ready(), "and stays so");
    }
    assert!(!rt.timers().is_armed());
}

#[test]
fn one_not_polled_waits_for_nothing() {
    let rt = Paused::new();
    let wait = sleep(ms(1));
    assert!(!rt.timers().is_armed());
    drop(wait);
    let mut late = Poller::new(sleep(ms(1)));
    rt.advance(ms(2));
    assert!(
        late.poll().is_ready(),
        "its time passed before the first poll"
    );
}

#[test]
fn drop_disarms() {
    let rt = Paused::new();
    let mut wait = Poller::new(sleep(ms(1)));
    assert!(wait.poll().is_pending());
    assert!(rt.timers().is_armed());
    let Poller { future, woken } = wait;
    drop(future);
    assert!(!rt.timers().is_armed());
    rt.advance(ms(2));
    assert!(!woken.take());
}

#[test]
fn is_elapsed_once_fired_even_before_the_poll() {
    let rt = Paused::new();
    let mut wait = Poller::new(sleep(ms(10)));
    assert!(wait.poll().is_pending());
    assert!(!wait.future.is_elapsed());
    rt.advance(ms(9));
    assert!(!wait.future.is_elapsed() && !wait.woken.take());
    rt.advance(ms(1));
    assert!(wait.future.is_elapsed() && wait.woken.take());
    wait.future.as_mut().reset(rt.start + ms(20));
    assert!(!wait.future.is_elapsed());
    rt.advance(ms(10));
    assert!(wait.future.is_elapsed(), "reset, then not polled");
    assert!(wait.poll().is_ready());
}

/// Before the poll, while it waits, when it has fired, when it is over; each to
/// a later time, an earlier one, and one in the past.
#[test]
fn reset_at_every_stage_to_every_side() {
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum At {
        Fresh,
        Waiting,
        Fired,
        Over,
    }
    for stage in [At::Fresh, At::Waiting, At::Fired, At::Over] {
        for to in [ms(200), ms(60), ms(40)] {
            let rt = Paused::new();
            rt.advance(ms(50)); // `start` was 50 ms ago
            let first = if matches!(stage, At::Fired | At::Over) {
                ms(50)
            } else {
                ms(100)
            };
            let mut wait = Poller::new(sleep_until(rt.start + first));
            match stage {
                At::Fresh => {}
                At::Waiting => assert!(wait.poll().is_pending()),
                At::Fired => {
                    wait.future.as_mut().reset(rt.start + ms(51));
                    assert!(wait.poll().is_pending());
                    rt.advance(ms(1));
                    assert!(wait.woken.take());
                }
                At::Over => assert!(wait.poll().is_ready()),
            }
            let deadline = rt.start + to;
            wait.future.as_mut().reset(deadline);
            assert_eq!(wait.future.deadline(), deadline);
            let past = to < ms(50);
            assert_eq!(
                wait.woken.take(),
                past && stage == At::Waiting,
                "{stage:?} {to:?}"
            );
            if !past {
                if stage != At::Waiting {
                    assert!(wait.poll().is_pending(), "{stage:?} {to:?}");
                }
                // One that waits is woken without another poll.
                rt.advance(deadline - Instant::now() - Duration::from_nanos(1));
                assert!(!wait.woken.take(), "{stage:?} {to:?}");
                rt.advance(Duration::from_nanos(1));
                assert!(wait.woken.take(), "{stage:?} {to:?}");
            }
            assert!(wait.poll().is_ready(), "{stage:?} {to:?}");
            assert!(!rt.timers().is_armed());
        }
    }
}

#[test]
fn the_last_task_to_poll_is_the_one_woken() {
    let rt = Paused::new();
    let mut wait = Poller::new(sleep(ms(1)));
    assert!(wait.poll().is_pending());
    let before = std::mem::replace(&mut wait.woken, Woken::new());
    wait.woken.take();
    assert!(wait.poll().is_pending());
    rt.advance(ms(1));
    assert!(!before.take());
    assert!(wait.woken.take());
}

#[test]
fn a_wake_may_drop_every_sleep() {
    type Sleeps = Arc<Mutex<Vec<Pin<Box<crate::time::Sleep>>>>>;
    struct DropAll(Sleeps);
    impl Wake for DropAll {
        fn wake(self: Arc<Self>) {
            let sleeps = std::mem::take(&mut *self.0.lock().unwrap());
            drop(sleeps);
        }
    }
    let rt = Paused::new();
    let sleeps = Sleeps::default();
    let waker = Waker::from(Arc::new(DropAll(sleeps.clone())));
    for _ in 0..100 {
        let mut wait = Box::pin(sleep(ms(10)));
        assert!(
            wait.as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        sleeps.lock().unwrap().push(wait);
    }
    rt.advance(ms(10));
    assert!(sleeps.lock().unwrap().is_empty());
    assert!(!rt.timers().is_armed());
}

#[test]
fn the_ends_of_time() {
    let rt = Paused::new();
    let year = Duration::from_secs(365 * 86400);
    rt.block_on(sleep(10 * year));
    assert_eq!(rt.elapsed(), 10 * year);
    rt.block_on(sleep(Duration::MAX));
    assert_eq!(rt.elapsed(), 40 * year);
    rt.block_on(sleep(Duration::MAX - ms(1)));
    assert_eq!(rt.elapsed(), 70 * year);

    // Beyond what the clock can count: waits as long as that can be told.
    let far = Instant::now() + 1000 * year;
    let mut wait = Poller::new(sleep_until(far));
    assert!(wait.poll().is_pending());
    rt.advance(400 * year);
    assert!(wait.poll().is_pending());
    rt.block_on(wait.future.as_mut());
    assert!(rt.elapsed() > 584 * year);
    // At the end of time nothing waits any more, and nothing hangs.
    rt.block_on(sleep(ms(1)));
    rt.block_on(sleep(Duration::MAX));
}

#[test]
fn polled_after_shutdown_it_panics_unless_it_is_over() {
    let mut rt = Paused::new();
    let mut over = Poller::new(sleep(ms(1)));
    let mut fired = Poller::new(sleep(ms(1)));
    assert!(over.poll().is_pending() && fired.poll().is_pending());
    rt.advance(ms(1));
    assert!(over.poll().is_ready());
    let mut waiting = Poller::new(sleep(ms(1)));
    let mut fresh = Poller::new(sleep(ms(1)));
    assert!(waiting.poll().is_pending());
    rt.shut_down();
    assert!(waiting.woken.take());
    assert!(over.poll().is_ready() && fired.poll().is_ready());
    for wait in [&mut waiting, &mut fresh] {
        let (message, _) = panic_of(|| assert!(wait.poll().is_pending()));
        assert_eq!(
            message,
            "A Tokio 1.x context was found, but it is being shutdown."
        );
    }
}

#[test]
fn an_ended_sleep_costs_a_unit_and_a_waiting_one_none() {
    let rt = Paused::new();
    coop::with_budget(|| {
        let mut wait = Poller::new(sleep(ms(1)));
        for _ in 0..2 * coop::BUDGET as usize {
            assert!(wait.poll().is_pending());
        }
        assert!(coop::has_budget_remaining());
        rt.timers().advance(ms(1)).unwrap();
        assert!(wait.woken.take());
        for _ in 0..coop::BUDGET {
            assert!(wait.poll().is_ready());
        }
        assert!(!coop::has_budget_remaining());
        assert!(wait.poll().is_pending());
        assert!(wait.woken.take(), "out of budget: woken to go on");
    });
}

proptest! {
    /// Any set of sleeps: each ends at its deadline exactly, in order, and equal
    /// ones in the order of their first poll.
    #[test]
    fn none_is_early_and_none_is_late(naps in prop::collection::vec(0u64..5_000_000, 1..80)) {
        let rt = Paused::new();
        let ended = RefCell::new(Vec::new());
        let tasks = naps.iter().enumerate().map(|(i, &ns)| {
            let (rt, ended) = (&rt, &ended);
            Box::pin(async move {
                sleep(Duration::from_nanos(ns)).await;
                ended.borrow_mut().push((rt.elapsed().as_nanos() as u64, i));
            }) as Pin<Box<dyn Future<Output = ()> + '_>>
        });
        rt.run_all(tasks.collect());
        let mut expected: Vec<_> = naps.iter().copied().enumerate().map(|(i, ns)| (ns, i)).collect();
        expected.sort_unstable();
        prop_assert_eq!(ended.into_inner(), expected);
    }
}
