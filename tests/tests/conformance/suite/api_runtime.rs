//! **What can be asked of a runtime and its handle?** Building, entering,
//! `block_on` in all its forms, names, flavours, counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use kolo_tests::{Kind, Transcript};

use super::rt;
use super::{On, whereabouts};
use rt::runtime::{Runtime, RuntimeFlavor};
use rt::sync::oneshot;

kolo_tests::tests! {
    everywhere: [
        api_block_on_borrows_and_returns,
        api_block_on_many_times,
        api_block_on_a_large_future,
        api_block_on_from_several_threads,
        api_handle_block_on,
        api_handle_block_on_with_a_timer,
        api_handle_spawn_from_anywhere,
        api_enter_gives_the_context,
        api_runtime_flavour,
        api_alive_tasks_are_counted,
        api_workers_are_counted,
        api_runtime_new_and_debug,
        api_runtime_name,
        api_builder_is_reusable,
        api_runtimes_side_by_side,
        api_hooks_may_use_the_context_free_api,
        api_several_threads_with_timers,
    ],
    current: [
        api_handle_block_on_needs_a_driver_elsewhere,
        api_park_hooks_come_in_pairs,
    ],
    multi: [api_worker_threads_are_named, api_main_future_stays_on_the_callers_thread],
}

fn api_block_on_borrows_and_returns(on: On) {
    let text = String::from("borrowed");
    let len = on.runtime().block_on(async { text.len() });
    assert_eq!(len, 8);
}

fn api_block_on_many_times(on: On) {
    let runtime = on.runtime();
    let sum: u32 = (0..1_000).map(|i| runtime.block_on(async move { i })).sum();
    assert_eq!(sum, 499_500);
}

fn api_block_on_a_large_future(on: On) {
    let sum = on.run(async {
        let mut space = [1_u8; 50_000];
        rt::task::yield_now().await;
        space[0] = 2;
        space.iter().map(|&b| u32::from(b)).sum::<u32>()
    });
    assert_eq!(sum, 50_001);
}

fn api_block_on_from_several_threads(on: On) {
    let runtime = Arc::new(on.runtime());
    let threads: Vec<_> = (0..4)
        .map(|t| {
            let runtime = runtime.clone();
            thread::spawn(move || {
                (0..50).all(|i| {
                    runtime.block_on(async move { rt::spawn(async move { t * i }).await.unwrap() })
                        == t * i
                })
            })
        })
        .collect();
    assert!(threads.into_iter().all(|t| t.join().unwrap()));
}

fn api_handle_block_on(on: On) {
    let runtime = on.named("home");
    let handle = runtime.handle().clone();
    assert_eq!(
        handle.block_on(async { whereabouts() }).as_deref(),
        Some("home")
    );
    let (tx, rx) = oneshot::channel();
    let other = thread::spawn(move || handle.block_on(async { rx.await.unwrap() }));
    tx.send(3).unwrap();
    assert_eq!(other.join().unwrap(), 3);
}

/// Somebody drives the runtime; `Handle::block_on` waits for its timers.
fn api_handle_block_on_with_a_timer(on: On) {
    let runtime = on.runtime();
    let handle = runtime.handle().clone();
    let (tx, rx) = oneshot::channel();
    let other = thread::spawn(move || {
        handle.block_on(async move {
            rt::time::sleep(Duration::from_millis(1)).await;
            let spawned = rt::spawn(async { 5 });
            tx.send(spawned.await.unwrap()).unwrap();
        });
    });
    assert_eq!(runtime.block_on(rx), Ok(5));
    other.join().unwrap();
}

fn api_handle_spawn_from_anywhere(on: On) {
    let runtime = on.runtime();
    let handle = runtime.handle().clone();
    let tasks: Vec<_> = (0..4)
        .map(|i| {
            let handle = handle.clone();
            thread::spawn(move || handle.spawn(async move { i }))
                .join()
                .unwrap()
        })
        .collect();
    let blocking = handle.spawn_blocking(|| 10);
    let sum = runtime.block_on(async move {
        let mut sum = blocking.await.unwrap();
        for task in tasks {
            sum += task.await.unwrap();
        }
        sum
    });
    assert_eq!(sum, 16);
}

fn api_enter_gives_the_context(on: On) {
    let runtime = on.runtime();
    let task = {
        let _guard = runtime.enter();
        rt::spawn(async { 2 })
    };
    let sleep = {
        let _guard = runtime.handle().enter();
        rt::time::sleep(Duration::from_millis(1))
    };
    runtime.block_on(sleep);
    assert_eq!(runtime.block_on(task).unwrap(), 2);
}

fn api_runtime_flavour(on: On) {
    let flavour = on.runtime().handle().runtime_flavor();
    match on.kind {
        Kind::CurrentThread => assert_eq!(flavour, RuntimeFlavor::CurrentThread),
        Kind::MultiThread => assert_eq!(flavour, RuntimeFlavor::MultiThread),
    }
}

fn api_alive_tasks_are_counted(on: On) {
    let runtime = on.runtime();
    let metrics = runtime.metrics();
    assert_eq!(metrics.num_alive_tasks(), 0);
    runtime.block_on(async {
        let tasks: Vec<_> = (0..3)
            .map(|_| rt::spawn(std::future::pending::<()>()))
            .collect();
        rt::task::yield_now().await;
        assert_eq!(metrics.num_alive_tasks(), 3);
        for task in tasks {
            task.abort();
            let _ = task.await;
        }
        while metrics.num_alive_tasks() > 0 {
            rt::task::yield_now().await;
        }
    });
}

fn api_workers_are_counted(on: On) {
    let workers = on.runtime().metrics().num_workers();
    assert_eq!(workers, if on.kind == Kind::CurrentThread { 1 } else { 2 });
}

fn api_runtime_new_and_debug(on: On) {
    assert!(format!("{:?}", on.runtime()).contains("Runtime"));
    assert!(format!("{:?}", on.runtime().handle()).contains("Handle"));
    assert!(format!("{:?}", on.builder()).contains("Builder"));
}

fn api_runtime_name(on: On) {
    let runtime = on.builder().name("called").build().unwrap();
    assert_eq!(runtime.handle().name(), Some("called"));
    assert_eq!(on.runtime().handle().name(), None);
}

fn api_builder_is_reusable(on: On) {
    let mut builder = on.builder();
    let (a, b): (Runtime, Runtime) = (builder.build().unwrap(), builder.build().unwrap());
    assert_eq!(a.block_on(async { 1 }) + b.block_on(async { 2 }), 3);
}

/// A task of one runtime is awaited on another.
fn api_runtimes_side_by_side(on: On) {
    let (a, b) = (Arc::new(on.named("a")), on.runtime());
    let (stop, stopped) = oneshot::channel::<()>();
    let driver = thread::spawn({
        let a = a.clone();
        move || a.block_on(stopped)
    });
    let task = a.spawn(async {
        rt::time::sleep(Duration::from_millis(1)).await;
        whereabouts()
    });
    assert_eq!(b.block_on(task).unwrap().as_deref(), Some("a"));
    stop.send(()).unwrap();
    driver.join().unwrap().unwrap();
}

fn api_hooks_may_use_the_context_free_api(on: On) {
    let parks = Arc::new(AtomicUsize::new(0));
    let unparks = Arc::new(AtomicUsize::new(0));
    let (park, unpark) = (parks.clone(), unparks.clone());
    let runtime = on
        .builder()
        .on_thread_park(move || {
            park.fetch_add(1, Ordering::SeqCst);
        })
        .on_thread_unpark(move || {
            unpark.fetch_add(1, Ordering::SeqCst);
        })
        .build()
        .unwrap();
    runtime.block_on(async {
        rt::spawn(rt::time::sleep(Duration::from_millis(1)))
            .await
            .unwrap();
    });
    drop(runtime);
    assert!(parks.load(Ordering::SeqCst) >= 1);
    assert!(unparks.load(Ordering::SeqCst) >= 1);
}

/// Whatever comes between them: a sleep, a jump of a paused clock, a task that the
/// first of them spawned.
fn api_park_hooks_come_in_pairs(on: On) {
    for paused in [false, true] {
        for spawns in [false, true] {
            let log = Transcript::new();
            let (parks, unparks) = (log.clone(), log.clone());
            let runtime = on
                .builder()
                .start_paused(paused)
                .on_thread_park(move || {
                    parks.say("park");
                    if spawns && parks.len() < 100 {
                        drop(rt::spawn(async {}));
                    }
                })
                .on_thread_unpark(move || unparks.say("unpark"))
                .build()
                .unwrap();
            runtime.block_on(async {
                for _ in 0..5 {
                    rt::time::sleep(Duration::from_millis(1)).await;
                }
            });
            let lines = log.lines();
            let pairs = lines.chunks(2);
            assert!(pairs.len() >= 5, "paused {paused}, spawns {spawns}");
            for pair in pairs {
                assert_eq!(pair, ["park", "unpark"], "paused {paused}, spawns {spawns}");
            }
        }
    }
}

/// Each thread waits for timers of its own; whoever drives fires them all.
fn api_several_threads_with_timers(on: On) {
    let runtime = Arc::new(on.runtime());
    let threads: Vec<_> = (1..5)
        .map(|t| {
            let runtime = runtime.clone();
            thread::spawn(move || {
                runtime.block_on(async move {
                    for _ in 0..5 {
                        rt::time::sleep(Duration::from_millis(t)).await;
                    }
                });
            })
        })
        .collect();
    threads.into_iter().for_each(|t| t.join().unwrap());
}

/// On a current-thread runtime `Handle::block_on` polls its own future and
/// drives nothing: the task runs when somebody is in `Runtime::block_on`.
fn api_handle_block_on_needs_a_driver_elsewhere(on: On) {
    let runtime = on.runtime();
    let handle = runtime.handle().clone();
    let task = runtime.spawn(async { 1 });
    assert_eq!(handle.block_on(async { 2 }), 2);
    assert!(!task.is_finished());
    let waiter = thread::spawn(move || handle.block_on(task));
    let (tx, rx) = oneshot::channel();
    runtime.spawn(async move { tx.send(waiter.join().unwrap().unwrap()).unwrap() });
    // The joining task would block the loop; so let the first task go first.
    assert_eq!(runtime.block_on(rx), Ok(1));
}

fn api_worker_threads_are_named(on: On) {
    let runtime = on.builder().thread_name("spoke").build().unwrap();
    let name = runtime.block_on(async {
        rt::spawn(async { thread::current().name().map(str::to_owned) })
            .await
            .unwrap()
    });
    assert_eq!(name.as_deref(), Some("spoke"));
}

fn api_main_future_stays_on_the_callers_thread(on: On) {
    let here = thread::current().id();
    on.run(async move {
        for _ in 0..50 {
            assert_eq!(thread::current().id(), here);
            let there = rt::spawn(async { thread::current().id() }).await.unwrap();
            assert_ne!(there, here);
        }
    });
}
