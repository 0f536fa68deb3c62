//! **What does shutdown wait for?** Drop: for blocking work that began.
//! `shutdown_timeout(d)`: at most d. `shutdown_background`: for nothing.
//!
//! "Stuck" work here is released by the test after the call returned, so a call
//! that waits for it hangs, and the guard says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc as std_mpsc;
use std::thread;
use std::time::{Duration, Instant};

use kolo_tests::on_drop;

use super::rt;
use super::{On, whereabouts};
use rt::sync::oneshot;

kolo_tests::tests! {
    everywhere: [
        p06_drop_waits_for_blocking_work,
        p06_shutdown_timeout_gives_up,
        p06_shutdown_timeout_zero,
        p06_shutdown_timeout_returns_when_the_work_is_done,
        p06_shutdown_background_waits_for_nothing,
        p06_shutdown_background_inside_a_runtime,
        p06_shutdown_timeout_zero_inside_a_runtime,
        p06_blocking_work_that_began_goes_on,
        p06_queued_blocking_work_runs_or_is_cancelled,
        p06_queued_blocking_work_is_dropped_in_context,
        p06_shutdown_wakes_a_sleeping_loop,
        p06_shutdown_drops_tasks_in_all_three_ways,
    ],
}

/// Blocking work that began and ends when the sender is used or dropped.
fn stuck(runtime: &rt::runtime::Runtime) -> (std_mpsc::Sender<()>, rt::task::JoinHandle<i32>) {
    let (release, released) = std_mpsc::channel();
    let (began, has_begun) = std_mpsc::channel();
    let work = runtime.spawn_blocking(move || {
        began.send(()).unwrap();
        let _ = released.recv();
        11
    });
    has_begun.recv().unwrap();
    (release, work)
}

fn p06_drop_waits_for_blocking_work(on: On) {
    let runtime = on.runtime();
    let done = Arc::new(AtomicBool::new(false));
    let mark = done.clone();
    let (began, has_begun) = std_mpsc::channel();
    let (dropping, is_dropping) = std_mpsc::channel();
    runtime.spawn_blocking(move || {
        began.send(()).unwrap();
        is_dropping.recv().unwrap();
        mark.store(true, Ordering::SeqCst);
    });
    has_begun.recv().unwrap();
    // The work is released only once the drop is under way (or about to be).
    dropping.send(()).unwrap();
    drop(runtime);
    assert!(done.load(Ordering::SeqCst));
}

fn p06_shutdown_timeout_gives_up(on: On) {
    let runtime = on.runtime();
    let (release, _work) = stuck(&runtime);
    let before = Instant::now();
    runtime.shutdown_timeout(Duration::from_millis(20));
    assert!(before.elapsed() >= Duration::from_millis(20));
    release.send(()).unwrap();
}

fn p06_shutdown_timeout_zero(on: On) {
    let runtime = on.runtime();
    let (release, _work) = stuck(&runtime);
    runtime.shutdown_timeout(Duration::ZERO);
    release.send(()).unwrap();
}

fn p06_shutdown_timeout_returns_when_the_work_is_done(on: On) {
    let runtime = on.runtime();
    let (release, _work) = stuck(&runtime);
    release.send(()).unwrap();
    runtime.shutdown_timeout(Duration::from_secs(3600)); // the guard ends it long before
}

fn p06_shutdown_background_waits_for_nothing(on: On) {
    let runtime = on.runtime();
    let (release, _work) = stuck(&runtime);
    runtime.shutdown_background();
    release.send(()).unwrap();
}

fn p06_shutdown_background_inside_a_runtime(on: On) {
    on.run(async move {
        let inner = on.runtime();
        let (release, _work) = stuck(&inner);
        inner.shutdown_background();
        release.send(()).unwrap();
    });
}

fn p06_shutdown_timeout_zero_inside_a_runtime(on: On) {
    on.run(async move {
        let inner = on.runtime();
        inner.spawn(std::future::pending::<()>());
        inner.shutdown_timeout(Duration::ZERO);
    });
}

fn p06_blocking_work_that_began_goes_on(on: On) {
    let runtime = on.runtime();
    let (release, work) = stuck(&runtime);
    runtime.shutdown_background();
    assert!(!work.is_finished());
    release.send(()).unwrap();
    assert_eq!(on.run(work).unwrap(), 11);
}

/// It had not begun: a thread of the pool may still take it, or nobody does.
/// Its handle says which, and never hangs.
fn p06_queued_blocking_work_runs_or_is_cancelled(on: On) {
    let runtime = on.builder().max_blocking_threads(1).build().unwrap();
    let (release, _work) = stuck(&runtime);
    let ran = Arc::new(AtomicBool::new(false));
    let mark = ran.clone();
    let queued = runtime.spawn_blocking(move || mark.store(true, Ordering::SeqCst));
    runtime.shutdown_background();
    release.send(()).unwrap();
    match on.run(queued) {
        Ok(()) => assert!(ran.load(Ordering::SeqCst)),
        Err(error) => {
            assert!(error.is_cancelled(), "{error:?}");
            assert!(!ran.load(Ordering::SeqCst));
        }
    }
}

/// Whichever thread drops it: its destructor may ask for its runtime.
fn p06_queued_blocking_work_is_dropped_in_context(on: On) {
    let runtime = on
        .builder()
        .name("home")
        .max_blocking_threads(1)
        .build()
        .unwrap();
    let (release, _work) = stuck(&runtime);
    let (tx, seen) = std_mpsc::channel();
    let says = on_drop(move || tx.send(whereabouts()).unwrap());
    drop(runtime.spawn_blocking(move || drop(says)));
    runtime.shutdown_background();
    release.send(()).unwrap();
    assert_eq!(seen.recv().unwrap().as_deref(), Some("home"));
}

/// A thread sleeps in the driver with a far timer; shutdown does not wait for it.
fn p06_shutdown_wakes_a_sleeping_loop(on: On) {
    let runtime = on.runtime();
    let (started, is_started) = oneshot::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let handle = runtime.handle().clone();
    runtime.spawn(async move {
        started.send(()).unwrap();
        rt::time::sleep(Duration::from_secs(3600)).await;
    });
    // A second user of the loop, which then ends.
    let driver = thread::spawn(move || handle.block_on(stopped));
    runtime.block_on(is_started).unwrap();
    stop.send(()).unwrap();
    driver.join().unwrap().unwrap();
    drop(runtime);
}

fn p06_shutdown_drops_tasks_in_all_three_ways(on: On) {
    let ways: [fn(rt::runtime::Runtime); 3] = [
        drop,
        |r| r.shutdown_timeout(Duration::from_secs(10)),
        rt::runtime::Runtime::shutdown_background,
    ];
    for way in ways {
        let runtime = on.runtime();
        let (tx, rx) = oneshot::channel::<()>();
        let task = runtime.spawn(async move {
            let _tx = tx;
            std::future::pending::<()>().await;
        });
        runtime.block_on(rt::task::yield_now());
        way(runtime);
        // shutdown_background may leave that to the workers: wait, elsewhere.
        on.run(async {
            assert!(rx.await.is_err());
            assert!(task.await.unwrap_err().is_cancelled());
        });
    }
}
