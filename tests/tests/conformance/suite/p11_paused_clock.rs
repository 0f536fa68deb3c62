//! **What may a test rely on when the clock is paused?** It moves only when
//! told, or when nothing can run; exactly to the next deadline; and it waits for
//! blocking work.

use std::sync::{Arc, mpsc as std_mpsc};
use std::time::{Duration, Instant as StdInstant};

use kolo_tests::Transcript;

use super::On;
use super::rt;
use rt::time::{Instant, advance, pause, resume, sleep, sleep_until, timeout};

kolo_tests::tests! {
    current: [
        p11_stands_still_while_something_runs,
        p11_jumps_to_the_next_deadline,
        p11_below_a_millisecond_exactly,
        p11_two_runs_are_equal,
        p11_sleep_is_exact,
        p11_advance_is_exact,
        p11_advance_below_a_millisecond,
        p11_advance_fires_what_it_passes,
        p11_advance_by_steps_fires_in_order,
        p11_advance_passes_a_deadline_far_behind,
        p11_pause_in_the_middle,
        p11_pause_in_the_middle_is_exact,
        p11_resume_goes_on_from_there,
        p11_resume_with_a_sleep_under_way,
        p11_waits_for_blocking_work,
        p11_blocking_work_that_nobody_awaits,
        p11_blocking_work_that_panics,
        p11_blocking_work_ends_while_the_loop_falls_asleep,
        p11_timers_of_another_thread,
        p11_yielding_does_not_move_it,
        p11_other_threads_see_their_own_clock,
        p11_timeout_on_a_paused_clock,
        p11_start_paused,
    ],
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn p11_stands_still_while_something_runs(on: On) {
    on.run_paused(async {
        let start = Instant::now();
        let before = StdInstant::now();
        while before.elapsed() < ms(3) {
            std::hint::spin_loop(); // real time must pass, and not be seen
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
    });
}

fn p11_jumps_to_the_next_deadline(on: On) {
    let log = Transcript::new();
    on.run_paused(async {
        let start = Instant::now();
        let mut tasks = Vec::new();
        for secs in [30, 10, 20] {
            let log = log.clone();
            tasks.push(rt::spawn(async move {
                sleep(Duration::from_secs(secs)).await;
                log.say(format!("{:?}", start.elapsed()));
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(log.lines(), ["10s", "20s", "30s"]);
}

/// kolo's paused clock knows no tick: 250 µs are 250 µs.
fn p11_below_a_millisecond_exactly(on: On) {
    on.run_paused(async {
        let start = Instant::now();
        for micros in [250, 1, 999, 1_500] {
            let before = Instant::now();
            sleep(Duration::from_micros(micros)).await;
            assert_eq!(before.elapsed(), Duration::from_micros(micros));
        }
        assert_eq!(start.elapsed(), Duration::from_micros(2_750));
    });
}

fn p11_two_runs_are_equal(on: On) {
    fn run(on: On) -> Vec<String> {
        let log = Transcript::new();
        on.run_paused(async {
            let start = Instant::now();
            let tasks: Vec<_> = (0..20u64)
                .map(|i| {
                    let log = log.clone();
                    rt::spawn(async move {
                        for round in 0..5 {
                            sleep(ms(1 + (i * 37 + round * 11) % 50)).await;
                            log.say(format!("{:?} task {i}", start.elapsed()));
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
        });
        log.lines()
    }
    let first = run(on);
    assert_eq!(first.len(), 100);
    assert_eq!(first, run(on));
    assert_eq!(first, run(on));
}

fn p11_sleep_is_exact(on: On) {
    on.run_paused(async {
        for millis in [1, 2, 10, 999, 1_000, 60_000] {
            let before = Instant::now();
            sleep(ms(millis)).await;
            assert_eq!(before.elapsed(), ms(millis));
        }
    });
}

fn p11_advance_is_exact(on: On) {
    on.run_paused(async {
        for duration in [
            ms(1),
            ms(250),
            Duration::from_secs(3_600),
            Duration::from_nanos(1),
        ] {
            let before = Instant::now();
            advance(duration).await;
            assert_eq!(before.elapsed(), duration);
        }
    });
}

/// Many small steps, none of them a whole millisecond, add up.
fn p11_advance_below_a_millisecond(on: On) {
    on.run_paused(async {
        let start = Instant::now();
        let sleeper = rt::spawn(sleep(ms(2)));
        rt::task::yield_now().await;
        for _ in 0..7 {
            advance(Duration::from_micros(250)).await;
            assert!(!sleeper.is_finished(), "at {:?}", start.elapsed());
        }
        advance(Duration::from_micros(250)).await;
        sleeper.await.unwrap();
        assert_eq!(start.elapsed(), ms(2));
    });
}

fn p11_advance_fires_what_it_passes(on: On) {
    on.run_paused(async {
        let near = rt::spawn(sleep(ms(100)));
        let far = rt::spawn(sleep(ms(300)));
        rt::task::yield_now().await;
        advance(ms(200)).await;
        rt::task::yield_now().await;
        assert!(near.is_finished());
        assert!(!far.is_finished());
    });
}

fn p11_advance_by_steps_fires_in_order(on: On) {
    let log = Transcript::new();
    on.run_paused(async {
        let start = Instant::now();
        for delay in [3, 1, 2] {
            let log = log.clone();
            rt::spawn(async move {
                sleep(ms(delay)).await;
                log.say(format!("{delay} at {:?}", start.elapsed()));
            });
        }
        rt::task::yield_now().await;
        for _ in 0..3 {
            advance(ms(1)).await;
            rt::task::yield_now().await;
        }
    });
    assert_eq!(log.lines(), ["1 at 1ms", "2 at 2ms", "3 at 3ms"]);
}

/// One big step over three deadlines: each sees the new time, none is lost.
fn p11_advance_passes_a_deadline_far_behind(on: On) {
    let log = Transcript::new();
    on.run_paused(async {
        let start = Instant::now();
        let mut tasks = Vec::new();
        for delay in [5, 500, 50] {
            let log = log.clone();
            tasks.push(rt::spawn(async move {
                sleep(ms(delay)).await;
                log.say(format!("{delay} at {:?}", start.elapsed()));
            }));
        }
        rt::task::yield_now().await;
        advance(Duration::from_secs(1)).await;
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(log.lines(), ["5 at 1s", "50 at 1s", "500 at 1s"]);
}

fn p11_pause_in_the_middle(on: On) {
    on.run(async {
        sleep(ms(1)).await;
        pause();
        let before = Instant::now();
        let real = StdInstant::now();
        sleep(Duration::from_secs(3_600)).await;
        assert!(before.elapsed() >= Duration::from_secs(3_600));
        assert!(real.elapsed() < Duration::from_secs(3_600));
    });
}

/// Wherever between two ticks it was paused.
fn p11_pause_in_the_middle_is_exact(on: On) {
    on.run(async {
        sleep(Duration::from_micros(1_370)).await;
        pause();
        let before = Instant::now();
        sleep(Duration::from_secs(3_600)).await;
        assert_eq!(before.elapsed(), Duration::from_secs(3_600));
    });
}

fn p11_resume_goes_on_from_there(on: On) {
    on.run_paused(async {
        let start = Instant::now();
        advance(Duration::from_secs(10)).await;
        resume();
        let real = StdInstant::now();
        sleep(ms(2)).await;
        assert!(real.elapsed() >= ms(2), "real time again");
        assert!(start.elapsed() >= Duration::from_secs(10) + ms(2));
        pause();
        let frozen = Instant::now();
        rt::task::yield_now().await;
        assert_eq!(frozen.elapsed(), Duration::ZERO);
    });
}

/// A timer was slept for, then most of its time was skipped: what is left of it
/// is short. (Who still sleeps for all of it hangs.)
fn p11_resume_with_a_sleep_under_way(on: On) {
    on.run(async {
        let far = rt::spawn(sleep(Duration::from_secs(3_600)));
        let (tx, rx) = rt::sync::oneshot::channel();
        let other = std::thread::spawn(move || {
            std::thread::sleep(ms(3)); // gives the loop the time to sleep for the timer
            tx.send(()).unwrap();
        });
        rx.await.unwrap();
        pause();
        advance(Duration::from_secs(3_600) - ms(50)).await;
        resume();
        far.await.unwrap();
        other.join().unwrap();
    });
}

/// The loop is idle but for work on the pool: no jump until that is done.
fn p11_waits_for_blocking_work(on: On) {
    on.run_paused(async {
        let start = Instant::now();
        let (release, released) = std_mpsc::channel();
        let work = rt::task::spawn_blocking(move || {
            released.recv().unwrap();
            1
        });
        let other = std::thread::spawn(move || {
            std::thread::sleep(ms(3)); // gives a wrong jump the time to happen
            release.send(()).unwrap();
        });
        let result = timeout(Duration::from_secs(3_600), work).await;
        assert_eq!(result.expect("the clock jumped").unwrap(), 1);
        assert_eq!(start.elapsed(), Duration::ZERO);
        other.join().unwrap();
    });
}

fn p11_blocking_work_that_nobody_awaits(on: On) {
    on.run_paused(async {
        let start = Instant::now();
        let (release, released) = std_mpsc::channel::<()>();
        drop(rt::task::spawn_blocking(move || released.recv()));
        release.send(()).unwrap();
        sleep(Duration::from_secs(15)).await;
        assert_eq!(start.elapsed(), Duration::from_secs(15));
    });
}

fn p11_blocking_work_that_panics(on: On) {
    on.run_paused(async {
        let start = Instant::now();
        let work = rt::task::spawn_blocking(|| panic!("blocking"));
        let result: Result<Result<(), _>, _> = timeout(Duration::from_secs(3_600), work).await;
        assert!(result.unwrap().unwrap_err().is_panic());
        assert_eq!(start.elapsed(), Duration::ZERO);
        sleep(Duration::from_secs(15)).await;
        assert_eq!(start.elapsed(), Duration::from_secs(15));
    });
}

/// The work's result wakes who awaits it a moment before the pool counts it as
/// done; meanwhile the loop may go to sleep, because work is under way.
/// (The gate's loom models cover that moment; this is the whole of it, at speed.)
fn p11_blocking_work_ends_while_the_loop_falls_asleep(on: On) {
    on.run_paused(async {
        let start = Instant::now();
        for _ in 0..2_000 {
            rt::task::spawn_blocking(|| ()).await.unwrap();
            sleep(ms(1)).await;
        }
        assert_eq!(start.elapsed(), Duration::from_secs(2));
    });
}

/// One thread drives and is idle, the other sets timer after timer: none is left
/// behind by a loop that is about to sleep.
fn p11_timers_of_another_thread(on: On) {
    let runtime = Arc::new(on.paused());
    let there = runtime.clone();
    let (tx, rx) = rt::sync::oneshot::channel::<()>();
    let (drives, is_driving) = std_mpsc::channel();
    let driver = std::thread::spawn(move || {
        there.block_on(async move {
            drives.send(()).unwrap();
            rx.await.unwrap();
        });
    });
    is_driving.recv().unwrap();
    runtime.block_on(async move {
        let start = Instant::now();
        for _ in 0..2_000 {
            sleep(ms(1)).await;
        }
        assert_eq!(start.elapsed(), Duration::from_secs(2));
        tx.send(()).unwrap();
    });
    driver.join().unwrap();
}

fn p11_yielding_does_not_move_it(on: On) {
    on.run_paused(async {
        let start = Instant::now();
        let sleeper = rt::spawn(sleep(ms(1)));
        for _ in 0..500 {
            rt::task::yield_now().await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert!(!sleeper.is_finished());
    });
}

/// A pause is the runtime's, not the process's.
fn p11_other_threads_see_their_own_clock(on: On) {
    on.run_paused(async move {
        let start = Instant::now();
        std::thread::spawn(move || {
            on.run(async {
                let real = StdInstant::now();
                sleep(ms(2)).await;
                assert!(real.elapsed() >= ms(2));
            });
        })
        .join()
        .unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO);
    });
}

fn p11_timeout_on_a_paused_clock(on: On) {
    on.run_paused(async {
        let start = Instant::now();
        assert!(timeout(ms(20), std::future::pending::<()>()).await.is_err());
        assert_eq!(start.elapsed(), ms(20));
        let late = rt::time::timeout_at(start + ms(50), sleep_until(start + ms(60)));
        assert!(late.await.is_err());
        assert_eq!(start.elapsed(), ms(50));
    });
}

fn p11_start_paused(on: On) {
    let runtime = on.paused();
    let start = runtime.block_on(async { Instant::now() });
    let later = runtime.block_on(async {
        sleep(ms(7)).await;
        Instant::now()
    });
    assert_eq!(later - start, ms(7), "between two block_ons it stands too");
}
