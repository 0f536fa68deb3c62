//! **Is a wake-up ever lost?** From other threads, at the moment of parking,
//! under load, with several threads in `block_on`.

use std::sync::{Arc, Barrier, Mutex, mpsc as std_mpsc};
use std::thread;
use std::time::Duration;

use kolo_tests::lock_seen;

use super::On;
use super::rt;
use rt::sync::{Notify, mpsc, oneshot};

kolo_tests::tests! {
    everywhere: [
        p01_wake_from_other_thread_idle,
        p01_wake_from_other_thread_with_a_timer_armed,
        p01_spawn_from_other_thread_idle,
        p01_spawn_from_other_thread_under_load,
        p01_spawn_many_from_block_on,
        p01_spawn_many_from_task,
        p01_complete_under_load,
        p01_wake_at_the_moment_of_parking,
        p01_spawn_at_the_moment_of_parking,
        p01_spawned_timer_at_the_moment_of_parking,
        p01_several_threads_in_block_on,
        p01_block_on_hands_over,
        p01_many_threads_wake_one_task,
        p01_two_runtimes_ping_pong,
        p01_nested_handles_wake_across,
    ],
    current: [p01_spawned_task_waits_for_block_on],
}

/// A thread answers each request; both sides sleep between messages.
fn p01_wake_from_other_thread_idle(on: On) {
    let (request, requests) = std_mpsc::channel::<oneshot::Sender<u32>>();
    let answers = thread::spawn(move || {
        for (i, reply) in (0..).zip(requests) {
            reply.send(i).unwrap();
        }
    });
    on.run(async move {
        for i in 0..1_000 {
            let (tx, rx) = oneshot::channel();
            request.send(tx).unwrap();
            assert_eq!(rx.await.unwrap(), i);
        }
    });
    answers.join().unwrap();
}

/// The loop sleeps with a far deadline; a wake must end that sleep.
fn p01_wake_from_other_thread_with_a_timer_armed(on: On) {
    let (request, requests) = std_mpsc::channel::<oneshot::Sender<()>>();
    let answers = thread::spawn(move || requests.into_iter().for_each(|r| r.send(()).unwrap()));
    on.run(async move {
        let far = rt::spawn(rt::time::sleep(Duration::from_secs(3600)));
        for _ in 0..500 {
            let (tx, rx) = oneshot::channel();
            request.send(tx).unwrap();
            rx.await.unwrap();
        }
        assert!(!far.is_finished());
    });
    answers.join().unwrap();
}

fn p01_spawn_from_other_thread_idle(on: On) {
    let runtime = on.runtime();
    let handle = runtime.handle().clone();
    let (tx, mut rx) = mpsc::unbounded_channel();
    let (go, gone) = std_mpsc::channel::<()>();
    let spawner = thread::spawn(move || {
        for () in gone {
            let tx = tx.clone();
            handle.spawn(async move { tx.send(()).unwrap() });
        }
    });
    runtime.block_on(async move {
        for _ in 0..500 {
            go.send(()).unwrap();
            rx.recv().await.unwrap();
        }
    });
    spawner.join().unwrap();
}

fn p01_spawn_from_other_thread_under_load(on: On) {
    let runtime = on.runtime();
    let handle = runtime.handle().clone();
    let (tx, rx) = oneshot::channel();
    let spawner = thread::spawn(move || {
        handle.spawn(async move { tx.send(()).unwrap() });
    });
    runtime.block_on(async move {
        let busy = rt::spawn(async {
            loop {
                rt::task::yield_now().await;
            }
        });
        rx.await.unwrap();
        busy.abort();
    });
    spawner.join().unwrap();
}

fn p01_spawn_many_from_block_on(on: On) {
    let mut seen = on.run(async {
        let (tx, mut rx) = mpsc::unbounded_channel();
        for i in 0..1_000 {
            let tx = tx.clone();
            rt::spawn(async move {
                rt::spawn(async move { tx.send(i).unwrap() });
            });
        }
        drop(tx);
        let mut seen = Vec::new();
        while let Some(i) = rx.recv().await {
            seen.push(i);
        }
        seen
    });
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..1_000));
}

fn p01_spawn_many_from_task(on: On) {
    let sum = on.run(async {
        let spawner = rt::spawn(async {
            let handles: Vec<_> = (0..1_000u64).map(|i| rt::spawn(async move { i })).collect();
            let mut sum = 0;
            for handle in handles {
                sum += handle.await.unwrap();
            }
            sum
        });
        spawner.await.unwrap()
    });
    assert_eq!(sum, 499_500);
}

fn p01_complete_under_load(on: On) {
    on.run(async {
        let busy = rt::spawn(async {
            loop {
                rt::task::yield_now().await;
            }
        });
        for _ in 0..100 {
            let (tx, rx) = oneshot::channel();
            thread::spawn(move || tx.send(()).unwrap());
            rx.await.unwrap();
        }
        busy.abort();
        assert!(busy.await.unwrap_err().is_cancelled());
    });
}

/// The hook that runs just before a thread parks wakes what is waited for.
fn p01_wake_at_the_moment_of_parking(on: On) {
    let notify = Arc::new(Notify::new());
    let from_hook = notify.clone();
    let runtime = on
        .builder()
        .on_thread_park(move || from_hook.notify_one())
        .build()
        .unwrap();
    runtime.block_on(async {
        let waiter = notify.clone();
        rt::spawn(async move { waiter.notified().await })
            .await
            .unwrap();
    });
}

fn p01_spawn_at_the_moment_of_parking(on: On) {
    let handle: Arc<Mutex<Option<rt::runtime::Handle>>> = Arc::default();
    let (tx, mut rx) = mpsc::unbounded_channel();
    let in_hook = handle.clone();
    let runtime = on
        .builder()
        .on_thread_park(move || {
            // Taken, not kept: the runtime owns the hook, so it would own itself.
            if let Some(handle) = lock_seen(&in_hook).take() {
                let tx = tx.clone();
                handle.spawn(async move { tx.send(()).unwrap() });
            }
        })
        .build()
        .unwrap();
    *lock_seen(&handle) = Some(runtime.handle().clone());
    runtime.block_on(async {
        // Gives the workers of a multi-thread runtime a reason to park once more.
        rt::spawn(async {}).await.unwrap();
        rx.recv().await.unwrap();
    });
}

/// A timer that is armed at the moment of parking bounds that very sleep.
fn p01_spawned_timer_at_the_moment_of_parking(on: On) {
    let handle: Arc<Mutex<Option<rt::runtime::Handle>>> = Arc::default();
    let (tx, mut rx) = mpsc::unbounded_channel();
    let in_hook = handle.clone();
    let runtime = on
        .builder()
        .on_thread_park(move || {
            // Taken, not kept: the runtime owns the hook, so it would own itself.
            if let Some(handle) = lock_seen(&in_hook).take() {
                let tx = tx.clone();
                handle.spawn(async move {
                    rt::time::sleep(Duration::from_millis(2)).await;
                    tx.send(()).unwrap();
                });
            }
        })
        .build()
        .unwrap();
    *lock_seen(&handle) = Some(runtime.handle().clone());
    runtime.block_on(async {
        rt::spawn(async {}).await.unwrap();
        rx.recv().await.unwrap();
    });
}

/// Four threads enter the same runtime and pass a token around the ring.
fn p01_several_threads_in_block_on(on: On) {
    const THREADS: usize = 4;
    const ROUNDS: usize = 200;
    let runtime = Arc::new(on.runtime());
    let (senders, receivers): (Vec<_>, Vec<_>) =
        (0..THREADS).map(|_| mpsc::channel::<usize>(1)).unzip();
    senders[0].try_send(0).unwrap();
    let threads: Vec<_> = receivers
        .into_iter()
        .enumerate()
        .map(|(i, mut token)| {
            let runtime = runtime.clone();
            let next = senders[(i + 1) % THREADS].clone();
            thread::spawn(move || {
                runtime.block_on(async move {
                    for _ in 0..ROUNDS {
                        let count = token.recv().await.unwrap();
                        // Through a task, so that somebody must drive the loop.
                        let count = rt::spawn(async move { count + 1 }).await.unwrap();
                        let _ = next.send(count).await; // the last finds nobody
                    }
                    token.try_recv().ok()
                })
            })
        })
        .collect();
    let left: Vec<_> = threads.into_iter().map(|t| t.join().unwrap()).collect();
    drop(senders);
    let left: Vec<_> = left.into_iter().flatten().collect();
    assert!(left.iter().all(|&n| n == THREADS * ROUNDS), "{left:?}");
}

/// The thread that drives the loop leaves; another that waits must take over.
fn p01_block_on_hands_over(on: On) {
    for _ in 0..50 {
        let runtime = Arc::new(on.runtime());
        let (leave, may_leave) = oneshot::channel::<()>();
        let (finish, may_finish) = oneshot::channel::<()>();
        let (entered, inside) = std_mpsc::channel();

        let (first_runtime, first_entered) = (runtime.clone(), entered.clone());
        let first = thread::spawn(move || {
            first_runtime.block_on(async move {
                rt::spawn(async move { first_entered.send("first").unwrap() });
                may_leave.await.unwrap();
            });
        });
        assert_eq!(inside.recv().unwrap(), "first");
        let second_runtime = runtime.clone();
        let second = thread::spawn(move || {
            second_runtime.block_on(async move {
                entered.send("second").unwrap();
                rt::spawn(async move { may_finish.await.unwrap() })
                    .await
                    .unwrap();
            });
        });
        assert_eq!(inside.recv().unwrap(), "second");
        leave.send(()).unwrap();
        first.join().unwrap();
        finish.send(()).unwrap();
        second.join().unwrap();
    }
}

fn p01_many_threads_wake_one_task(on: On) {
    const THREADS: usize = 4;
    const MESSAGES: usize = 2_000;
    on.run(async {
        let (tx, mut rx) = mpsc::channel(4);
        let start = Arc::new(Barrier::new(THREADS));
        for _ in 0..THREADS {
            let (tx, start) = (tx.clone(), start.clone());
            thread::spawn(move || {
                start.wait();
                (0..MESSAGES).for_each(|i| tx.blocking_send(i).unwrap());
            });
        }
        drop(tx);
        let receiver = rt::spawn(async move {
            let mut count = 0;
            while rx.recv().await.is_some() {
                count += 1;
            }
            count
        });
        assert_eq!(receiver.await.unwrap(), THREADS * MESSAGES);
    });
}

fn p01_two_runtimes_ping_pong(on: On) {
    let (ping, mut pinged) = mpsc::channel::<u32>(1);
    let (pong, mut ponged) = mpsc::channel::<u32>(1);
    let other = thread::spawn(move || {
        on.run(async move {
            while let Some(i) = pinged.recv().await {
                pong.send(i + 1).await.unwrap();
            }
        });
    });
    on.run(async move {
        let mut count = 0;
        for _ in 0..1_000 {
            ping.send(count).await.unwrap();
            count = ponged.recv().await.unwrap();
        }
        assert_eq!(count, 1_000);
    });
    other.join().unwrap();
}

/// A thread inside one runtime's context spawns on another runtime.
fn p01_nested_handles_wake_across(on: On) {
    let other = on.runtime();
    let elsewhere = other.handle().clone();
    let (stop, stopped) = oneshot::channel::<()>();
    let driver = thread::spawn(move || other.block_on(stopped));
    on.run(async move {
        for i in 0..200 {
            assert_eq!(elsewhere.spawn(async move { i }).await.unwrap(), i);
        }
    });
    stop.send(()).unwrap();
    driver.join().unwrap().unwrap();
}

/// On a current-thread runtime nothing runs until somebody is in `block_on`.
fn p01_spawned_task_waits_for_block_on(on: On) {
    let runtime = on.runtime();
    let task = runtime.spawn(async { 1 });
    assert!(!task.is_finished());
    assert_eq!(runtime.block_on(task).unwrap(), 1);
}
