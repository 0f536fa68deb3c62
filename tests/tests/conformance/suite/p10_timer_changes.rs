//! **May a timer change its mind?** It may be reset, dropped and re-polled at
//! any moment, also from inside a wake; intervals follow their missed-tick rule.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use kolo_tests::{CountWaker, lock_seen, poll_once};

use super::On;
use super::rt;
use rt::time::{
    Instant, MissedTickBehavior, Sleep, advance, interval, interval_at, sleep, sleep_until,
};

kolo_tests::tests! {
    everywhere: [
        p10_drop_right_after_arming,
        p10_many_armed_and_dropped,
        p10_reset_keeps_a_busy_timer_alive,
        p10_sleep_moves_between_threads,
    ],
    current: [
        p10_reset_later,
        p10_reset_sooner,
        p10_reset_to_the_past,
        p10_reset_after_firing,
        p10_reset_before_the_first_poll,
        p10_reset_at_the_same_deadline,
        p10_drop_from_inside_a_wake,
        p10_last_waker_is_the_one_woken,
        p10_deadline_and_is_elapsed,
        p10_interval_ticks_at_once_then_on_time,
        p10_interval_at_starts_there,
        p10_missed_ticks_burst,
        p10_missed_ticks_delay,
        p10_missed_ticks_skip,
        p10_interval_resets,
        p10_interval_poll_tick,
    ],
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Milliseconds from `start` to now.
fn since(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_millis()).unwrap()
}

fn p10_drop_right_after_arming(on: On) {
    on.run(async {
        for i in 0..100 {
            let mut far = Box::pin(sleep(ms(1_000 + i)));
            assert!(poll_once(far.as_mut(), Waker::noop()).is_pending());
        }
        sleep(ms(1)).await;
    });
}

/// Cancelled in another order than armed; what stays fires.
fn p10_many_armed_and_dropped(on: On) {
    on.run(async {
        let mut timers: Vec<Pin<Box<Sleep>>> =
            (0..500).map(|i| Box::pin(sleep(ms(2 + i % 7)))).collect();
        for timer in &mut timers {
            let _ = poll_once(timer.as_mut(), Waker::noop());
        }
        let mut i = 0;
        timers.retain(|_| {
            i += 1;
            i % 3 == 0
        });
        for timer in timers {
            timer.await;
        }
    });
}

/// What an idle timeout does: pushed back at each event, it never fires.
fn p10_reset_keeps_a_busy_timer_alive(on: On) {
    on.run(async {
        let mut idle = std::pin::pin!(sleep(Duration::from_secs(3600)));
        for i in 0..1_000 {
            idle.as_mut()
                .reset(Instant::now() + Duration::from_secs(3600 + i));
            assert!(poll_once(idle.as_mut(), Waker::noop()).is_pending());
        }
        idle.as_mut().reset(Instant::now() + ms(1));
        idle.await;
    });
}

/// Polled on one thread, then on another: the second waker counts.
fn p10_sleep_moves_between_threads(on: On) {
    let runtime = on.runtime();
    let mut timer = runtime.block_on(async { Box::pin(sleep(ms(5))) });
    let (count, waker) = CountWaker::pair();
    assert!(poll_once(timer.as_mut(), &waker).is_pending());
    std::thread::spawn(move || runtime.block_on(timer))
        .join()
        .unwrap();
    assert_eq!(count.wakes(), 0);
}

fn p10_reset_later(on: On) {
    on.run_paused(async {
        let start = Instant::now();
        let mut timer = std::pin::pin!(sleep(ms(10)));
        assert!(poll_once(timer.as_mut(), Waker::noop()).is_pending());
        timer.as_mut().reset(start + ms(500));
        timer.await;
        assert_eq!(since(start), 500);
    });
}

fn p10_reset_sooner(on: On) {
    on.run_paused(async {
        let start = Instant::now();
        let mut timer = std::pin::pin!(sleep(Duration::from_secs(100)));
        assert!(poll_once(timer.as_mut(), Waker::noop()).is_pending());
        timer.as_mut().reset(start + ms(10));
        timer.await;
        assert_eq!(since(start), 10);
    });
}

fn p10_reset_to_the_past(on: On) {
    on.run_paused(async {
        let start = Instant::now();
        let mut timer = std::pin::pin!(sleep(ms(100)));
        assert!(poll_once(timer.as_mut(), Waker::noop()).is_pending());
        advance(ms(20)).await;
        timer.as_mut().reset(start + ms(10));
        timer.await;
        assert!(since(start) <= 21, "it waits no more than a tick");
    });
}

fn p10_reset_after_firing(on: On) {
    on.run_paused(async {
        let start = Instant::now();
        let mut timer = std::pin::pin!(sleep(ms(10)));
        timer.as_mut().await;
        assert!(timer.is_elapsed());
        timer.as_mut().reset(start + ms(30));
        assert!(!timer.is_elapsed());
        timer.as_mut().await;
        assert_eq!(since(start), 30);
    });
}

fn p10_reset_before_the_first_poll(on: On) {
    on.run_paused(async {
        let start = Instant::now();
        let mut timer = std::pin::pin!(sleep(ms(10)));
        timer.as_mut().reset(start + ms(40));
        timer.await;
        assert_eq!(since(start), 40);
    });
}

/// Re-armed at the deadline that it has, after other timers passed: it fires once.
fn p10_reset_at_the_same_deadline(on: On) {
    on.run_paused(async {
        let start = Instant::now();
        let (count, waker) = CountWaker::pair();
        let mut timer = std::pin::pin!(sleep(ms(100)));
        assert!(poll_once(timer.as_mut(), &waker).is_pending());
        sleep(ms(50)).await;
        timer.as_mut().reset(start + ms(100));
        assert!(poll_once(timer.as_mut(), &waker).is_pending());
        sleep(ms(100)).await;
        assert_eq!(count.wakes(), 1);
        assert!(poll_once(timer.as_mut(), &waker).is_ready());
    });
}

/// Several timers share a slot; the wake of the first drops the others.
fn p10_drop_from_inside_a_wake(on: On) {
    struct DropAll(Mutex<Vec<Pin<Box<Sleep>>>>);
    impl Wake for DropAll {
        fn wake(self: Arc<Self>) {
            let timers = std::mem::take(&mut *lock_seen(&self.0));
            drop(timers);
        }
    }

    on.run_paused(async {
        for delay in [10, 100, 10_000] {
            let bag = Arc::new(DropAll(Mutex::new(Vec::new())));
            let waker = Waker::from(bag.clone());
            for _ in 0..4 {
                let mut timer = Box::pin(sleep(ms(delay)));
                assert!(poll_once(timer.as_mut(), &waker).is_pending());
                lock_seen(&bag.0).push(timer);
            }
            sleep(ms(delay + 5)).await;
            assert!(lock_seen(&bag.0).is_empty());
        }
    });
}

fn p10_last_waker_is_the_one_woken(on: On) {
    on.run_paused(async {
        let (first, first_waker) = CountWaker::pair();
        let (second, second_waker) = CountWaker::pair();
        let mut timer = std::pin::pin!(sleep(ms(10)));
        assert!(poll_once(timer.as_mut(), &first_waker).is_pending());
        assert!(poll_once(timer.as_mut(), &second_waker).is_pending());
        sleep(ms(20)).await;
        assert_eq!((first.wakes(), second.wakes()), (0, 1));
    });
}

fn p10_deadline_and_is_elapsed(on: On) {
    on.run_paused(async {
        let deadline = Instant::now() + ms(10);
        let mut timer = std::pin::pin!(sleep_until(deadline));
        assert_eq!(timer.deadline(), deadline);
        assert!(!timer.is_elapsed());
        timer.as_mut().await;
        assert!(timer.is_elapsed());
        assert_eq!(timer.deadline(), deadline);
        // Polled again after it fired, it is ready again.
        assert!(poll_once(timer.as_mut(), Waker::noop()).is_ready());
    });
}

fn p10_interval_ticks_at_once_then_on_time(on: On) {
    on.run_paused(async {
        let start = Instant::now();
        let mut ticks = interval(ms(300));
        assert_eq!(ticks.period(), ms(300));
        for i in 0..5 {
            assert_eq!(ticks.tick().await, start + ms(300 * i));
            assert_eq!(since(start), 300 * i);
        }
    });
}

fn p10_interval_at_starts_there(on: On) {
    on.run_paused(async {
        let start = Instant::now();
        let mut ticks = interval_at(start + ms(50), ms(100));
        let mut at = Vec::new();
        for _ in 0..3 {
            ticks.tick().await;
            at.push(since(start));
        }
        assert_eq!(at, [50, 150, 250]);
    });
}

/// Ticks every 100 ms; after the first the task is away for 350 ms.
fn ticks_after_a_pause(on: On, rule: Option<MissedTickBehavior>) -> Vec<u64> {
    on.run_paused(async {
        let start = Instant::now();
        let mut ticks = interval(ms(100));
        if let Some(rule) = rule {
            ticks.set_missed_tick_behavior(rule);
            assert_eq!(ticks.missed_tick_behavior(), rule);
        }
        ticks.tick().await;
        advance(ms(350)).await;
        let mut at = Vec::new();
        for _ in 0..6 {
            ticks.tick().await;
            at.push(since(start));
        }
        at
    })
}

fn p10_missed_ticks_burst(on: On) {
    let expected = [350, 350, 350, 400, 500, 600];
    assert_eq!(ticks_after_a_pause(on, None), expected, "the default");
    assert_eq!(
        ticks_after_a_pause(on, Some(MissedTickBehavior::Burst)),
        expected
    );
}

fn p10_missed_ticks_delay(on: On) {
    let at = ticks_after_a_pause(on, Some(MissedTickBehavior::Delay));
    assert_eq!(at, [350, 450, 550, 650, 750, 850]);
}

fn p10_missed_ticks_skip(on: On) {
    let at = ticks_after_a_pause(on, Some(MissedTickBehavior::Skip));
    assert_eq!(at, [350, 400, 500, 600, 700, 800]);
}

fn p10_interval_resets(on: On) {
    on.run_paused(async {
        let start = Instant::now();
        let mut ticks = interval(ms(100));
        ticks.tick().await;
        advance(ms(30)).await;
        ticks.reset();
        ticks.tick().await;
        assert_eq!(since(start), 130);
        ticks.reset_immediately();
        ticks.tick().await;
        assert_eq!(since(start), 130);
        ticks.reset_after(ms(20));
        ticks.tick().await;
        assert_eq!(since(start), 150);
        ticks.reset_at(start + ms(500));
        ticks.tick().await;
        assert_eq!(since(start), 500);
        ticks.tick().await;
        assert_eq!(since(start), 600);
    });
}

fn p10_interval_poll_tick(on: On) {
    on.run_paused(async {
        let mut ticks = interval(ms(10));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(ticks.poll_tick(&mut cx).is_ready());
        assert!(ticks.poll_tick(&mut cx).is_pending());
        advance(ms(10)).await;
        let tick = poll_fn(|cx| ticks.poll_tick(cx));
        assert!(matches!(
            poll_once(std::pin::pin!(tick), Waker::noop()),
            Poll::Ready(_)
        ));
    });
}
