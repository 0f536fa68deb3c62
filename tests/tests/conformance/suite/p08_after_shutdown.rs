//! **What happens after the runtime is gone?** Operations fail: they neither
//! hang nor spoil what they touch.

use std::thread;
use std::time::Duration;

use kolo_tests::caught;

use super::rt;
use super::{On, whereabouts};
use rt::runtime::Handle;
use rt::sync::{Mutex, mpsc, oneshot};
use rt::task::JoinSet;

kolo_tests::tests! {
    everywhere: [
        p08_spawn_is_cancelled,
        p08_spawn_blocking_is_cancelled,
        p08_handle_block_on_runs_what_needs_no_driver,
        p08_sleep_says_so,
        p08_sleep_made_before_says_so,
        p08_join_set_ends,
        p08_join_handle_awaited_elsewhere,
        p08_channels_live_on,
        p08_locks_are_released,
        p08_handle_and_guard_stay_harmless,
        p08_spawn_races_shutdown,
    ],
}

/// The handle of a runtime that is gone.
fn orphan(on: On) -> Handle {
    on.runtime().handle().clone()
}

fn p08_spawn_is_cancelled(on: On) {
    let task = orphan(on).spawn(async { 1 });
    assert!(on.run(task).unwrap_err().is_cancelled());
}

fn p08_spawn_blocking_is_cancelled(on: On) {
    let work = orphan(on).spawn_blocking(|| 1);
    assert!(on.run(work).unwrap_err().is_cancelled());
}

fn p08_handle_block_on_runs_what_needs_no_driver(on: On) {
    let handle = orphan(on);
    assert_eq!(handle.block_on(async { 1 }), 1);
    let (tx, rx) = oneshot::channel();
    let sender = thread::spawn(move || tx.send(2).unwrap());
    assert_eq!(handle.block_on(rx), Ok(2));
    sender.join().unwrap();
}

const GONE: &str = "is being shutdown";

fn p08_sleep_says_so(on: On) {
    let handle = orphan(on);
    caught(|| handle.block_on(async { rt::time::sleep(Duration::from_millis(1)).await }))
        .says(&[GONE]);
}

fn p08_sleep_made_before_says_so(on: On) {
    let runtime = on.runtime();
    let sleep = runtime.block_on(async {
        let mut sleep = Box::pin(rt::time::sleep(Duration::from_secs(3600)));
        let _ = kolo_tests::poll_once(sleep.as_mut(), std::task::Waker::noop());
        sleep
    });
    drop(runtime);
    // On a runtime that lives: the timer belongs to the one that is gone.
    caught(|| on.run(sleep)).says(&[GONE]);
}

fn p08_join_set_ends(on: On) {
    let runtime = on.runtime();
    let mut set = JoinSet::new();
    for _ in 0..3 {
        set.spawn_on(std::future::pending::<()>(), runtime.handle());
    }
    drop(runtime);
    on.run(async move {
        let mut count = 0;
        while let Some(result) = set.join_next().await {
            assert!(result.unwrap_err().is_cancelled());
            count += 1;
        }
        assert_eq!(count, 3);
    });
}

/// Someone waits for the task on another runtime when its own goes down.
fn p08_join_handle_awaited_elsewhere(on: On) {
    let runtime = on.runtime();
    let task = runtime.spawn(std::future::pending::<()>());
    let (waiting, is_waiting) = oneshot::channel();
    let elsewhere = thread::spawn(move || {
        on.run(async move {
            waiting.send(()).unwrap();
            task.await
        })
    });
    is_waiting.blocking_recv().unwrap();
    drop(runtime);
    assert!(elsewhere.join().unwrap().unwrap_err().is_cancelled());
}

fn p08_channels_live_on(on: On) {
    let runtime = on.runtime();
    let (tx, mut rx) = mpsc::channel(4);
    let inside = tx.clone();
    runtime.block_on(async move { inside.send(1).await.unwrap() });
    drop(runtime);
    tx.try_send(2).unwrap();
    drop(tx);
    on.run(async move {
        assert_eq!(rx.recv().await, Some(1));
        assert_eq!(rx.recv().await, Some(2));
        assert_eq!(rx.recv().await, None);
    });
}

fn p08_locks_are_released(on: On) {
    let runtime = on.runtime();
    let mutex = std::sync::Arc::new(Mutex::new(0));
    let inside = mutex.clone();
    let (locked, is_locked) = oneshot::channel();
    runtime.spawn(async move {
        let _guard = inside.lock().await;
        locked.send(()).unwrap();
        std::future::pending::<()>().await;
    });
    runtime.block_on(is_locked).unwrap();
    assert!(mutex.try_lock().is_err());
    drop(runtime);
    assert!(mutex.try_lock().is_ok());
}

fn p08_handle_and_guard_stay_harmless(on: On) {
    let handle = on.named("gone").handle().clone();
    let clone = handle.clone();
    let guard = clone.enter();
    assert_eq!(whereabouts().as_deref(), Some("gone"));
    drop(guard);
    drop(handle);
    let _ = format!("{clone:?}");
}

/// Every spawn around the end either runs or is cancelled; none hangs.
fn p08_spawn_races_shutdown(on: On) {
    for _ in 0..30 {
        let runtime = on.runtime();
        let handle = runtime.handle().clone();
        let (go, gone) = std::sync::mpsc::channel();
        let spawner = thread::spawn(move || {
            let tasks: Vec<_> = (0..100)
                .map(|i| {
                    if i == 5 {
                        go.send(()).unwrap();
                    }
                    handle.spawn(async move { i })
                })
                .collect();
            tasks
        });
        gone.recv().unwrap();
        drop(runtime);
        let tasks = spawner.join().unwrap();
        on.run(async {
            for (i, task) in tasks.into_iter().enumerate() {
                match task.await {
                    Ok(n) => assert_eq!(n, i),
                    Err(e) => assert!(e.is_cancelled()),
                }
            }
        });
    }
}
