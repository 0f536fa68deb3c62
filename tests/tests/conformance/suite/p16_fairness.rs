//! **Who may starve whom?** Nobody anybody: a budget of 128 operations ends a
//! poll, timers and threads are heard under load, and yields take turns.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Poll, Waker};
use std::time::Duration;

use kolo_tests::{Transcript, lock_seen, poll_once};

use super::On;
use super::rt;
use rt::sync::{Mutex, Notify, Semaphore, mpsc, oneshot};
use rt::task::{consume_budget, unconstrained, yield_now};

kolo_tests::tests! {
    everywhere: [
        p16_budget_is_128,
        p16_budget_is_per_poll,
        p16_unconstrained_has_none,
        p16_outside_of_tasks_there_is_none,
        p16_has_budget_remaining,
        p16_mpsc_is_cooperative,
        p16_mpsc_send_is_cooperative,
        p16_oneshot_is_cooperative,
        p16_mutex_is_cooperative,
        p16_semaphore_is_cooperative,
        p16_join_handle_is_cooperative,
        p16_join_set_is_cooperative,
        p16_sleep_is_cooperative,
        p16_ping_pong_does_not_own_the_loop,
        p16_block_on_ends_under_load,
        p16_threads_are_heard_under_load,
        p16_budget_is_not_spent_by_pending,
        p16_a_woken_task_gets_its_turn_among_yielders,
        p16_mail_without_end_holds_up_no_timer,
    ],
    current: [
        p16_hook_that_always_spawns_holds_up_no_timer,
        p16_yields_take_turns,
        p16_yielders_see_timers,
    ],
}

/// How many times in a row `op` is ready within one poll of a task, up to 1,000.
async fn ready_in_a_row<F>(op: impl Fn() -> F + Send + 'static) -> usize
where
    F: Future + Send,
{
    rt::spawn(poll_fn(move |_| {
        let mut count = 0;
        while count < 1_000 && poll_once(pin!(op()), Waker::noop()).is_ready() {
            count += 1;
        }
        Poll::Ready(count)
    }))
    .await
    .unwrap()
}

fn p16_budget_is_128(on: On) {
    on.run(async { assert_eq!(ready_in_a_row(consume_budget).await, 128) });
}

fn p16_budget_is_per_poll(on: On) {
    on.run(async {
        let mut polls = 0;
        rt::spawn(poll_fn(move |cx| {
            polls += 1;
            let mut count = 0;
            while poll_once(pin!(consume_budget()), cx.waker()).is_ready() {
                count += 1;
            }
            // Out of budget has woken the task by itself.
            assert_eq!(count, 128, "poll {polls}");
            if polls == 5 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }))
        .await
        .unwrap();
    });
}

fn p16_unconstrained_has_none(on: On) {
    on.run(async {
        let count = rt::spawn(unconstrained(poll_fn(|_| {
            let mut count = 0;
            while count < 1_000 && poll_once(pin!(consume_budget()), Waker::noop()).is_ready() {
                count += 1;
            }
            Poll::Ready(count)
        })))
        .await
        .unwrap();
        assert_eq!(count, 1_000);
    });
}

fn p16_outside_of_tasks_there_is_none(_: On) {
    for _ in 0..1_000 {
        assert!(poll_once(pin!(consume_budget()), Waker::noop()).is_ready());
    }
}

fn p16_has_budget_remaining(on: On) {
    use rt::task::coop::has_budget_remaining;

    assert!(has_budget_remaining());
    on.run(async {
        rt::spawn(poll_fn(|_| {
            for _ in 0..128 {
                assert!(has_budget_remaining());
                assert!(poll_once(pin!(consume_budget()), Waker::noop()).is_ready());
            }
            assert!(!has_budget_remaining());
            Poll::Ready(())
        }))
        .await
        .unwrap();
    });
}

fn p16_mpsc_is_cooperative(on: On) {
    on.run(async {
        let (tx, rx) = mpsc::channel::<()>(2_000);
        (0..1_000).for_each(|_| tx.try_send(()).unwrap());
        let rx = Arc::new(std::sync::Mutex::new(rx));
        let recv = move || {
            let rx = rx.clone();
            poll_fn(move |cx| lock_seen(&rx).poll_recv(cx))
        };
        assert_eq!(ready_in_a_row(recv).await, 128);
    });
}

fn p16_mpsc_send_is_cooperative(on: On) {
    on.run(async {
        let (tx, _rx) = mpsc::channel::<()>(2_000);
        let send = move || {
            let tx = tx.clone();
            async move { tx.send(()).await }
        };
        assert_eq!(ready_in_a_row(send).await, 128);
    });
}

fn p16_oneshot_is_cooperative(on: On) {
    on.run(async {
        let made = || {
            let (tx, rx) = oneshot::channel();
            tx.send(()).unwrap();
            rx
        };
        assert_eq!(ready_in_a_row(made).await, 128);
    });
}

fn p16_mutex_is_cooperative(on: On) {
    on.run(async {
        let mutex = Arc::new(Mutex::new(()));
        let lock = move || {
            let mutex = mutex.clone();
            async move { drop(mutex.lock().await) }
        };
        assert_eq!(ready_in_a_row(lock).await, 128);
    });
}

fn p16_semaphore_is_cooperative(on: On) {
    on.run(async {
        let semaphore = Arc::new(Semaphore::new(3));
        let acquire = move || {
            let semaphore = semaphore.clone();
            async move { drop(semaphore.acquire().await) }
        };
        assert_eq!(ready_in_a_row(acquire).await, 128);
    });
}

fn p16_join_handle_is_cooperative(on: On) {
    on.run(async {
        let tasks: Vec<_> = (0..200).map(|_| rt::spawn(async {})).collect();
        while !tasks.iter().all(|t| t.is_finished()) {
            yield_now().await;
        }
        let tasks = Arc::new(std::sync::Mutex::new(tasks));
        let join = move || lock_seen(&tasks).pop().unwrap();
        assert_eq!(ready_in_a_row(join).await, 128);
    });
}

fn p16_join_set_is_cooperative(on: On) {
    on.run(async {
        let mut set = rt::task::JoinSet::new();
        let alive = Arc::new(AtomicUsize::new(200));
        for _ in 0..200 {
            let alive = alive.clone();
            set.spawn(async move {
                alive.fetch_sub(1, Ordering::SeqCst);
            });
        }
        while alive.load(Ordering::SeqCst) > 0 {
            yield_now().await;
        }
        let mut count = 0;
        let joined = rt::spawn(poll_fn(move |cx| {
            while let Poll::Ready(Some(_)) = set.poll_join_next(cx) {
                count += 1;
            }
            Poll::Ready(count)
        }));
        let joined = joined.await.unwrap();
        assert!(joined <= 128, "{joined} in one poll");
    });
}

fn p16_sleep_is_cooperative(on: On) {
    on.run(async {
        let past = rt::time::Instant::now() - Duration::from_millis(10);
        assert_eq!(
            ready_in_a_row(move || rt::time::sleep_until(past)).await,
            128
        );
    });
}

/// Two tasks wake each other for ever; a third must get its turns.
fn p16_ping_pong_does_not_own_the_loop(on: On) {
    on.run(async {
        let (a, mut on_a) = mpsc::channel(1);
        let (b, mut on_b) = mpsc::channel(1);
        a.send(()).await.unwrap();
        let ping =
            rt::spawn(
                async move { while on_a.recv().await.is_some() && b.send(()).await.is_ok() {} },
            );
        let pong =
            rt::spawn(
                async move { while on_b.recv().await.is_some() && a.send(()).await.is_ok() {} },
            );
        rt::spawn(async {
            for _ in 0..100 {
                yield_now().await;
            }
        })
        .await
        .unwrap();
        ping.abort();
        pong.await.unwrap();
    });
}

fn p16_block_on_ends_under_load(on: On) {
    let runtime = on.runtime();
    for _ in 0..8 {
        runtime.spawn(async {
            loop {
                yield_now().await;
            }
        });
    }
    let (tx, rx) = oneshot::channel();
    runtime.spawn(async move { tx.send(1).unwrap() });
    assert_eq!(runtime.block_on(rx), Ok(1));
}

fn p16_threads_are_heard_under_load(on: On) {
    let runtime = on.runtime();
    let handle = runtime.handle().clone();
    runtime.block_on(async move {
        let busy: Vec<_> = (0..3)
            .map(|_| {
                rt::spawn(async {
                    loop {
                        consume_budget().await;
                    }
                })
            })
            .collect();
        for i in 0..10 {
            let handle = handle.clone();
            let (tx, rx) = oneshot::channel();
            std::thread::spawn(move || handle.spawn(async move { tx.send(i).unwrap() }));
            assert_eq!(rx.await, Ok(i));
        }
        busy.iter().for_each(|task| task.abort());
    });
}

/// Looking at an empty channel costs nothing: the unit is given back.
fn p16_budget_is_not_spent_by_pending(on: On) {
    on.run(async {
        rt::spawn(async {
            let (_tx, mut rx) = mpsc::channel::<()>(1);
            poll_fn(|cx| {
                for _ in 0..500 {
                    assert!(rx.poll_recv(cx).is_pending());
                }
                assert!(rt::task::coop::has_budget_remaining());
                Poll::Ready(())
            })
            .await;
        })
        .await
        .unwrap();
    });
}

fn p16_a_woken_task_gets_its_turn_among_yielders(on: On) {
    on.run(async {
        let yields = Arc::new(AtomicUsize::new(0));
        let yielders: Vec<_> = (0..4)
            .map(|_| {
                let yields = yields.clone();
                rt::spawn(async move {
                    loop {
                        yields.fetch_add(1, Ordering::Relaxed);
                        yield_now().await;
                    }
                })
            })
            .collect();
        let notify = Arc::new(Notify::new());
        let waiter = rt::spawn({
            let notify = notify.clone();
            async move { notify.notified().await }
        });
        yield_now().await;
        notify.notify_one();
        waiter.await.unwrap();
        yielders.iter().for_each(|task| task.abort());
    });
}

fn p16_yields_take_turns(on: On) {
    let log = Transcript::new();
    on.run(async {
        let tasks: Vec<_> = ["a", "b", "c"]
            .map(|name| {
                let log = log.clone();
                rt::spawn(async move {
                    for round in 0..3 {
                        log.say(format!("{name}{round}"));
                        yield_now().await;
                    }
                })
            })
            .into();
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(
        log.lines(),
        ["a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"]
    );
}

/// A task that keeps yielding sees the driver looked at within 9 yields: a timer
/// whose time has come (moved there by hand) fires meanwhile.
fn p16_yielders_see_timers(on: On) {
    on.run_paused(async {
        let (tx, mut rx) = oneshot::channel();
        rt::spawn(async move {
            rt::time::sleep(Duration::from_millis(10)).await;
            tx.send(()).unwrap();
        });
        yield_now().await;
        rt::time::advance(Duration::from_millis(20)).await;
        let mut yields = 0;
        while rx.try_recv().is_err() {
            yields += 1;
            assert!(yields <= 9, "the driver was not looked at");
            yield_now().await;
        }
    });
}

/// A thread answers each task with the next one before it ends, so that there is
/// mail whenever the loop runs dry. The timer must not wait for the last of them.
fn p16_mail_without_end_holds_up_no_timer(on: On) {
    const MOST: usize = 500_000;

    let runtime = on.runtime();
    let handle = runtime.handle().clone();
    let asked = Arc::new(AtomicUsize::new(0));
    let answered = Arc::new(AtomicUsize::new(0));
    let over = Arc::new(AtomicBool::new(false));
    let until = |count: Arc<AtomicUsize>, over: Arc<AtomicBool>| {
        move |n| {
            while count.load(Ordering::SeqCst) < n && !over.load(Ordering::SeqCst) {
                std::thread::yield_now();
            }
        }
    };
    let until_answered = until(answered.clone(), over.clone());
    let until_asked = until(asked.clone(), over.clone());
    let peer = std::thread::spawn({
        let (asked, answered, over) = (asked.clone(), answered.clone(), over.clone());
        let until_answered = until_answered.clone();
        move || {
            for n in 1..=MOST {
                until_asked(n);
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let (asked, until_answered) = (asked.clone(), until_answered.clone());
                handle.spawn(async move {
                    asked.store(n + 1, Ordering::SeqCst);
                    if n < MOST {
                        until_answered(n + 1);
                    }
                });
                answered.store(n, Ordering::SeqCst);
            }
        }
    });
    let answers = runtime.block_on(async {
        asked.store(1, Ordering::SeqCst);
        until_answered(1);
        rt::time::sleep(Duration::from_millis(1)).await;
        answered.load(Ordering::SeqCst)
    });
    over.store(true, Ordering::SeqCst);
    peer.join().unwrap();
    assert!(answers < MOST, "the timer fired after the last message");
}

/// The hook that is called before each sleep leaves something to do instead.
fn p16_hook_that_always_spawns_holds_up_no_timer(on: On) {
    const MOST: usize = 200_000;

    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let runtime = on
        .builder()
        .on_thread_park(move || {
            if counted.fetch_add(1, Ordering::SeqCst) < MOST {
                drop(rt::spawn(async {}));
            }
        })
        .build()
        .unwrap();
    runtime.block_on(async { rt::time::sleep(Duration::from_millis(1)).await });
    let calls = calls.load(Ordering::SeqCst);
    assert!(calls < MOST, "the timer fired after the last spawn");
}
