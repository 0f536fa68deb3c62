//! **When does a timer fire?** Never before its deadline, in the order of
//! deadlines, also while the loop is busy. How late is a matter for the
//! benchmarks; here lateness is bounded only by the guard.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant as StdInstant};

use kolo_tests::Transcript;

use super::On;
use super::rt;
use rt::sync::mpsc;
use rt::time::{Instant, sleep, sleep_until, timeout};

kolo_tests::tests! {
    everywhere: [
        p09_never_early,
        p09_never_early_below_a_millisecond,
        p09_sleep_at_root_and_in_task,
        p09_sleep_polled_outside_of_a_task,
        p09_timer_fires_while_a_task_keeps_yielding,
        p09_timer_fires_while_messages_flow,
        p09_past_deadlines_are_ready,
        p09_far_deadlines_neither_wrap_nor_panic,
        p09_far_deadline_can_be_left,
        p09_timer_armed_from_another_thread,
        p09_nearer_timer_shortens_the_sleep,
    ],
    current: [
        p09_deadlines_in_order,
        p09_equal_deadlines_in_order_of_arming,
        p09_equal_deadlines_armed_at_different_times,
        p09_long_sleeps_are_exact,
        p09_every_level_of_the_wheel,
        p09_far_beyond_the_wheel,
    ],
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Sixty timers at once on the real clock, each measured by std's.
fn p09_never_early(on: On) {
    on.run(async {
        let tasks: Vec<_> = (0..60u64)
            .map(|i| {
                rt::spawn(async move {
                    let wanted = Duration::from_micros(i * 331);
                    let before = StdInstant::now();
                    sleep(wanted).await;
                    (wanted, before.elapsed())
                })
            })
            .collect();
        for task in tasks {
            let (wanted, took) = task.await.unwrap();
            assert!(took >= wanted, "{took:?} instead of {wanted:?}");
        }
    });
}

fn p09_never_early_below_a_millisecond(on: On) {
    on.run(async {
        for nanos in [1, 999, 30_000, 61_035, 61_036, 250_000, 999_999, 1_000_001] {
            let wanted = Duration::from_nanos(nanos);
            let deadline = Instant::now() + wanted;
            sleep_until(deadline).await;
            assert!(Instant::now() >= deadline, "{wanted:?}");
            let before = StdInstant::now();
            sleep(wanted).await;
            assert!(before.elapsed() >= wanted, "{wanted:?}");
        }
    });
}

fn p09_sleep_at_root_and_in_task(on: On) {
    on.run(async {
        let before = StdInstant::now();
        sleep(ms(3)).await;
        rt::spawn(sleep(ms(3))).await.unwrap();
        assert!(before.elapsed() >= ms(6));
    });
}

/// A `Sleep` made inside, waited for on a plain thread of the runtime's context.
fn p09_sleep_polled_outside_of_a_task(on: On) {
    let runtime = on.runtime();
    let sleeping = {
        let _guard = runtime.enter();
        sleep(ms(5))
    };
    let before = sleeping.deadline();
    runtime.block_on(sleeping);
    assert!(Instant::now() >= before);
}

fn p09_timer_fires_while_a_task_keeps_yielding(on: On) {
    on.run(async {
        let stop = Arc::new(AtomicBool::new(false));
        let until = stop.clone();
        let busy = rt::spawn(async move {
            while !until.load(Ordering::SeqCst) {
                rt::task::yield_now().await;
            }
        });
        sleep(ms(5)).await;
        stop.store(true, Ordering::SeqCst);
        busy.await.unwrap();
    });
}

/// Neither task yields of itself; the budget and the looks at the driver must do it.
fn p09_timer_fires_while_messages_flow(on: On) {
    on.run(async {
        let (tx, mut rx) = mpsc::channel(8);
        let sender = rt::spawn(async move { while tx.send(()).await.is_ok() {} });
        let receiver = rt::spawn(async move {
            let mut stop = std::pin::pin!(sleep(ms(5)));
            loop {
                rt::select! {
                    biased;
                    () = &mut stop => return,
                    message = rx.recv() => message.unwrap(),
                }
            }
        });
        receiver.await.unwrap();
        sender.await.unwrap();
    });
}

fn p09_past_deadlines_are_ready(on: On) {
    on.run(async {
        let now = Instant::now();
        sleep_until(now).await;
        sleep_until(now - ms(1)).await;
        sleep(Duration::ZERO).await;
        // In one poll, without a turn of the driver.
        let past = std::pin::pin!(sleep_until(now - ms(10)));
        assert!(kolo_tests::poll_once(past, std::task::Waker::noop()).is_ready());
    });
}

fn p09_far_deadlines_neither_wrap_nor_panic(on: On) {
    on.run(async {
        let far = [
            Duration::MAX,
            Duration::from_secs(u64::MAX / 4),
            Duration::from_millis(u64::MAX),
            Duration::from_millis(1 << 36),
            Duration::from_millis((1 << 36) - 1),
            Duration::from_secs(60 * 60 * 24 * 365 * 30),
        ];
        for wanted in far {
            let slept = timeout(ms(1), sleep(wanted)).await;
            assert!(slept.is_err(), "a sleep of {wanted:?} ended");
            assert_eq!(timeout(wanted, async { 1 }).await, Ok(1));
        }
        let mut ticks = rt::time::interval(Duration::MAX);
        ticks.tick().await;
        assert!(timeout(ms(1), ticks.tick()).await.is_err());
    });
}

/// Arming a far timer does not keep near ones from firing, nor the runtime from ending.
fn p09_far_deadline_can_be_left(on: On) {
    on.run(async {
        let task = rt::spawn(sleep(Duration::MAX));
        sleep(ms(1)).await;
        assert!(!task.is_finished());
    });
}

/// The loop sleeps without a deadline; another thread arms the first timer.
fn p09_timer_armed_from_another_thread(on: On) {
    let runtime = on.runtime();
    let handle = runtime.handle().clone();
    let (tx, rx) = rt::sync::oneshot::channel();
    let other = std::thread::spawn(move || {
        handle.block_on(async move {
            sleep(ms(2)).await;
            tx.send(()).unwrap();
        });
    });
    runtime.block_on(rx).unwrap();
    other.join().unwrap();
}

fn p09_nearer_timer_shortens_the_sleep(on: On) {
    let runtime = on.runtime();
    let handle = runtime.handle().clone();
    runtime.block_on(async {
        let far = rt::spawn(sleep(Duration::from_secs(3600)));
        let (tx, rx) = rt::sync::oneshot::channel();
        std::thread::spawn(move || {
            handle.spawn(async move {
                sleep(ms(1)).await;
                tx.send(()).unwrap();
            });
        });
        rx.await.unwrap();
        far.abort();
    });
}

/// Arms sleeps of these many milliseconds, in this order; tells the order of firing.
fn firing_order(on: On, delays: &[u64]) -> Vec<String> {
    let log = Transcript::new();
    on.run_paused(async {
        let tasks: Vec<_> = delays
            .iter()
            .enumerate()
            .map(|(i, &delay)| {
                let log = log.clone();
                rt::spawn(async move {
                    sleep(ms(delay)).await;
                    log.say(format!("{delay} ms, #{i}"));
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    log.lines()
}

fn p09_deadlines_in_order(on: On) {
    let order = firing_order(on, &[70, 5, 4_100, 64, 63, 1, 300_000, 65, 4_096]);
    let expected = [
        "1 ms, #5",
        "5 ms, #1",
        "63 ms, #4",
        "64 ms, #3",
        "65 ms, #7",
        "70 ms, #0",
        "4096 ms, #8",
        "4100 ms, #2",
        "300000 ms, #6",
    ];
    assert_eq!(order, expected);
}

/// No peer test shows this. Near, on the second level of a wheel, on the third.
fn p09_equal_deadlines_in_order_of_arming(on: On) {
    for delay in [5, 70, 5_000, 300_000] {
        let order = firing_order(on, &[delay; 6]);
        let expected: Vec<_> = (0..6).map(|i| format!("{delay} ms, #{i}")).collect();
        assert_eq!(order, expected);
    }
}

/// The first is armed far away (and cascades down), the second close by.
fn p09_equal_deadlines_armed_at_different_times(on: On) {
    let log = Transcript::new();
    on.run_paused(async {
        let deadline = Instant::now() + ms(1_000);
        let mut tasks = Vec::new();
        for (name, wait) in [("early", 0), ("late", 950), ("last", 990)] {
            let log = log.clone();
            tasks.push(rt::spawn(async move {
                if wait > 0 {
                    sleep(ms(wait)).await;
                }
                sleep_until(deadline).await;
                log.say(name);
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(log.lines(), ["early", "late", "last"]);
}

fn p09_long_sleeps_are_exact(on: On) {
    on.run_paused(async {
        for secs in [1, 60, 3_600, 86_400, 31_536_000] {
            let before = Instant::now();
            sleep(Duration::from_secs(secs)).await;
            assert_eq!(before.elapsed(), Duration::from_secs(secs));
        }
    });
}

/// Around each power of two, where a wheel's levels meet, whatever its tick.
fn p09_every_level_of_the_wheel(on: On) {
    on.run_paused(async {
        for power in 0..33 {
            for offset in [-1_i64, 0, 1] {
                let Ok(millis) = u64::try_from((1_i64 << power) + offset) else {
                    continue;
                };
                let before = Instant::now();
                sleep(ms(millis)).await;
                assert_eq!(before.elapsed(), ms(millis));
            }
        }
    });
}

/// Two and more years: tokio's wheel holds 2^36 ms, the rest waits in the last slot.
fn p09_far_beyond_the_wheel(on: On) {
    on.run_paused(async {
        for millis in [(1 << 36) - 1, 1 << 36, (1 << 36) + 1, 3 << 36] {
            let before = Instant::now();
            sleep(ms(millis)).await;
            assert_eq!(before.elapsed(), ms(millis));
        }
    });
}
