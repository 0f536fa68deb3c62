//! **Does a worker that is kept busy keep anyone waiting?** Not where there is another
//! thread: `block_in_place` hands its tasks on. Nor do two tasks that wake each other.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, mpsc as threads};
use std::thread;

use kolo_tests::caught;

use super::On;
use super::rt;
use rt::runtime::{Handle, Runtime};
use rt::sync::{mpsc, oneshot};
use rt::task::{LocalSet, block_in_place, spawn_blocking, yield_now};

kolo_tests::tests! {
    everywhere: [
        p16_block_in_place_outside_just_calls,
        p16_block_in_place_on_a_blocking_thread_just_calls,
        p16_block_in_place_in_a_local_set_panics,
    ],
    current: [p16_block_in_place_needs_workers],
    multi: [
        p16_block_in_place_hands_the_tasks_on,
        p16_block_in_place_on_all_workers_at_once,
        p16_block_in_place_twice_in_a_poll,
        p16_block_in_place_within_itself,
        p16_block_in_place_may_block_on,
        p16_block_in_place_in_block_on,
        p16_block_in_place_lifts_the_budget,
        p16_block_in_place_passes_a_panic_on,
        p16_block_in_place_outlasts_the_runtime,
        p16_pairs_that_wake_each_other_starve_nobody,
        p16_outsiders_are_heard_by_a_busy_worker,
        p16_many_workers_run_at_once,
    ],
}

const REFUSED: &str = "can call blocking only when running on the multi-threaded runtime";

fn one_worker(on: On) -> Runtime {
    on.builder().worker_threads(1).build().unwrap()
}

fn p16_block_in_place_outside_just_calls(_: On) {
    assert_eq!(block_in_place(|| 1), 1);
}

fn p16_block_in_place_on_a_blocking_thread_just_calls(on: On) {
    let here = on.run(async {
        spawn_blocking(|| block_in_place(|| Handle::try_current().is_ok()))
            .await
            .unwrap()
    });
    assert!(here);
}

fn p16_block_in_place_in_a_local_set_panics(on: On) {
    let runtime = on.runtime();
    let set = LocalSet::new();
    let error = set.block_on(&runtime, async {
        let task = rt::task::spawn_local(async { block_in_place(|| ()) });
        task.await.unwrap_err()
    });
    assert!(error.is_panic());
}

fn p16_block_in_place_needs_workers(on: On) {
    on.run(async {
        caught(|| block_in_place(|| ())).says(&[REFUSED]);
    });
}

fn p16_block_in_place_hands_the_tasks_on(on: On) {
    one_worker(on).block_on(async {
        let (sender, receiver) = threads::channel();
        let blocked = rt::spawn(async move {
            // Neither of them has a worker, unless this one is handed on.
            let (early, late) = (sender.clone(), sender);
            rt::spawn(async move { early.send(1).unwrap() });
            block_in_place(|| {
                rt::spawn(async move { late.send(2).unwrap() });
                [receiver.recv().unwrap(), receiver.recv().unwrap()]
            })
        });
        let mut seen = blocked.await.unwrap();
        seen.sort_unstable();
        assert_eq!(seen, [1, 2]);
        assert_eq!(rt::spawn(async { 3 }).await.unwrap(), 3);
    });
}

fn p16_block_in_place_on_all_workers_at_once(on: On) {
    on.run(async {
        let meeting = Arc::new(Barrier::new(9));
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let meeting = meeting.clone();
                rt::spawn(async move { block_in_place(|| meeting.wait().is_leader()) })
            })
            .collect();
        let last = rt::spawn(async move { block_in_place(|| meeting.wait().is_leader()) });
        let mut leaders = usize::from(last.await.unwrap());
        for task in tasks {
            leaders += usize::from(task.await.unwrap());
        }
        assert_eq!(leaders, 1);
    });
}

fn p16_block_in_place_twice_in_a_poll(on: On) {
    one_worker(on).block_on(async {
        let sum = rt::spawn(async {
            let mut sum = 0;
            for i in 0..100 {
                let (sender, receiver) = threads::channel();
                if i % 2 == 0 {
                    rt::spawn(async move { sender.send(i).unwrap() });
                    sum += block_in_place(|| receiver.recv().unwrap());
                } else {
                    sum += block_in_place(|| i);
                    yield_now().await;
                }
            }
            sum
        });
        assert_eq!(sum.await.unwrap(), 4950);
    });
}

fn p16_block_in_place_within_itself(on: On) {
    one_worker(on).block_on(async {
        let task = rt::spawn(async {
            block_in_place(|| block_in_place(|| Handle::current().block_on(async { 7 })))
        });
        assert_eq!(task.await.unwrap(), 7);
    });
}

fn p16_block_in_place_may_block_on(on: On) {
    one_worker(on).block_on(async {
        let task = rt::spawn(async {
            block_in_place(|| {
                Handle::current().block_on(async {
                    rt::spawn(async { yield_now().await }).await.unwrap();
                    5
                })
            })
        });
        assert_eq!(task.await.unwrap(), 5);
    });
}

fn p16_block_in_place_in_block_on(on: On) {
    let runtime = one_worker(on);
    let five = runtime.block_on(async {
        block_in_place(|| Handle::current().block_on(async { rt::spawn(async { 5 }).await }))
    });
    assert_eq!(five.unwrap(), 5);
}

fn p16_block_in_place_lifts_the_budget(on: On) {
    on.run(async {
        let task = rt::spawn(async {
            let (sender, mut receiver) = mpsc::unbounded_channel();
            for i in 0..1_000 {
                sender.send(i).unwrap();
            }
            block_in_place(|| {
                let mut count = 0;
                while receiver.blocking_recv().is_some_and(|i| i < 999) {
                    count += 1;
                }
                count
            })
        });
        assert_eq!(task.await.unwrap(), 999);
    });
}

fn p16_block_in_place_passes_a_panic_on(on: On) {
    one_worker(on).block_on(async {
        for _ in 0..3 {
            let task = rt::spawn(async { block_in_place(|| panic!("in place")) });
            let error: rt::task::JoinError = task.await.map(|()| ()).unwrap_err();
            assert!(error.is_panic());
        }
        assert_eq!(rt::spawn(async { 1 }).await.unwrap(), 1);
    });
}

fn p16_block_in_place_outlasts_the_runtime(on: On) {
    let runtime = one_worker(on);
    let (started, is_started) = threads::channel();
    let (release, released) = threads::channel();
    let (dropped, is_dropped) = oneshot::channel::<()>();
    let blocked = runtime.spawn(async move {
        block_in_place(|| {
            started.send(()).unwrap();
            released.recv().unwrap();
        });
        std::future::pending::<()>().await;
    });
    runtime.spawn(async move {
        let _held = dropped;
        std::future::pending::<()>().await;
    });
    is_started.recv().unwrap();
    runtime.shutdown_background();
    // Other tasks are dropped while that one blocks, which then is dropped too.
    is_dropped.blocking_recv().unwrap_err();
    assert!(!blocked.is_finished());
    release.send(()).unwrap();
    while !blocked.is_finished() {
        thread::yield_now();
    }
}

fn p16_pairs_that_wake_each_other_starve_nobody(on: On) {
    one_worker(on).block_on(async {
        let stop = Arc::new(AtomicBool::new(false));
        let (to_pong, mut from_ping) = mpsc::unbounded_channel();
        let (to_ping, mut from_pong) = mpsc::unbounded_channel();
        let stopped = stop.clone();
        let ping = rt::spawn(async move {
            while !stopped.load(Ordering::Relaxed) {
                to_pong.send(()).unwrap();
                from_pong.recv().await.unwrap();
            }
        });
        let pong = rt::spawn(async move {
            while from_ping.recv().await.is_some() {
                let _ = to_ping.send(());
            }
        });
        let third = rt::spawn(async move {
            for _ in 0..100 {
                yield_now().await;
            }
            stop.store(true, Ordering::Relaxed);
        });
        third.await.unwrap();
        ping.await.unwrap();
        pong.await.unwrap();
    });
}

fn p16_outsiders_are_heard_by_a_busy_worker(on: On) {
    let runtime = one_worker(on);
    let stop = Arc::new(AtomicBool::new(false));
    let busy: Vec<_> = (0..3)
        .map(|_| {
            let stop = stop.clone();
            runtime.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    yield_now().await;
                }
            })
        })
        .collect();
    for i in 0..100 {
        let task = runtime.spawn(async move { i });
        assert_eq!(runtime.block_on(task).unwrap(), i);
    }
    stop.store(true, Ordering::Relaxed);
    for task in busy {
        runtime.block_on(task).unwrap();
    }
}

fn p16_many_workers_run_at_once(on: On) {
    const WORKERS: usize = 70;
    let runtime = on.builder().worker_threads(WORKERS).build().unwrap();
    assert_eq!(runtime.metrics().num_workers(), WORKERS);
    let meeting = Arc::new(Barrier::new(WORKERS));
    let root = runtime.spawn(async move {
        let tasks: Vec<_> = (0..WORKERS)
            .map(|_| {
                let meeting = meeting.clone();
                rt::spawn(async move { meeting.wait().is_leader() })
            })
            .collect();
        let mut leaders = 0;
        for task in tasks {
            leaders += usize::from(task.await.unwrap());
        }
        leaders
    });
    assert_eq!(runtime.block_on(root).unwrap(), 1);
}
