//! **What does misuse of clocks, channels and locks say?** As in `p07_misuse`.

use std::time::Duration;

use kolo_tests::caught;

use super::On;
use super::rt;
use rt::sync::{Mutex, Semaphore, mpsc, oneshot};

kolo_tests::tests! {
    everywhere: [
        p07_zero_capacity,
        p07_too_many_permits,
        p07_too_many_permits_blames_the_caller,
        p07_too_many_permits_change_nothing,
        p07_interval_of_zero,
        p07_blocking_calls_in_async_context,
        p07_blocking_calls_outside_are_fine,
        p07_pool_of_no_threads,
        p07_into_panic_of_a_cancelled_task,
        p07_pause_a_clock_that_runs_elsewhere,
    ],
    current: [
        p07_pause_twice,
        p07_resume_twice,
        p07_advance_a_running_clock,
        p07_oneshot_polled_after_completion,
    ],
    multi: [p07_pause_on_several_threads],
}

const BLOCKING: &str = "Cannot block the current thread from within a runtime";

fn p07_zero_capacity(_: On) {
    caught(|| mpsc::channel::<u8>(0))
        .says(&["buffer > 0"])
        .blames(file!());
}

fn p07_too_many_permits(_: On) {
    caught(|| Semaphore::new(Semaphore::MAX_PERMITS + 1)).says(&["MAX_PERMITS"]);
    let full = Semaphore::new(Semaphore::MAX_PERMITS);
    caught(|| full.add_permits(1)).says(&["overflow"]);
}

fn p07_too_many_permits_change_nothing(_: On) {
    let full = Semaphore::new(Semaphore::MAX_PERMITS);
    caught(|| full.add_permits(1));
    assert_eq!(full.available_permits(), Semaphore::MAX_PERMITS);
}

fn p07_too_many_permits_blames_the_caller(_: On) {
    caught(|| Semaphore::new(Semaphore::MAX_PERMITS + 1)).blames(file!());
}

fn p07_interval_of_zero(on: On) {
    on.run(async {
        caught(|| rt::time::interval(Duration::ZERO))
            .says(&["`period` must be non-zero"])
            .blames(file!());
    });
}

fn p07_blocking_calls_in_async_context(on: On) {
    on.run(async {
        let (tx, mut rx) = mpsc::channel::<u8>(1);
        caught(|| rx.blocking_recv())
            .says(&[BLOCKING])
            .blames(file!());
        caught(|| tx.blocking_send(1))
            .says(&[BLOCKING])
            .blames(file!());
        let (_tx, rx) = oneshot::channel::<u8>();
        caught(|| rx.blocking_recv())
            .says(&[BLOCKING])
            .blames(file!());
        let mutex = Mutex::new(1);
        caught(|| drop(mutex.blocking_lock()))
            .says(&[BLOCKING])
            .blames(file!());
        // Nothing was sent, taken or locked.
        assert!(rx_is_empty(&tx));
        assert_eq!(*mutex.lock().await, 1);
    });
}

fn rx_is_empty(tx: &mpsc::Sender<u8>) -> bool {
    tx.capacity() == tx.max_capacity()
}

fn p07_blocking_calls_outside_are_fine(on: On) {
    let (tx, mut rx) = mpsc::channel::<u8>(1);
    tx.blocking_send(1).unwrap();
    assert_eq!(rx.blocking_recv(), Some(1));
    let (tx, rx) = oneshot::channel();
    tx.send(2).unwrap();
    assert_eq!(rx.blocking_recv(), Ok(2));
    let work = on.run(async {
        let mutex = std::sync::Arc::new(Mutex::new(3));
        rt::task::spawn_blocking(move || *mutex.blocking_lock()).await
    });
    assert_eq!(work.unwrap(), 3);
    // Inside a context, but not inside async code.
    let runtime = on.runtime();
    let _guard = runtime.enter();
    assert_eq!(*Mutex::new(4).blocking_lock(), 4);
}

fn p07_pool_of_no_threads(on: On) {
    caught(|| on.bare_builder().max_blocking_threads(0).build())
        .says(&["Max blocking threads cannot be set to 0"])
        .blames(file!());
}

fn p07_into_panic_of_a_cancelled_task(on: On) {
    on.run(async {
        let task = rt::spawn(std::future::pending::<()>());
        task.abort();
        let error = task.await.unwrap_err();
        caught(|| error.into_panic())
            .says(&["`JoinError` reason is not a panic."])
            .blames(file!());
    });
}

fn p07_pause_a_clock_that_runs_elsewhere(_: On) {
    caught(|| rt::time::pause()).blames(file!());
    caught(|| rt::time::resume()).blames(file!());
}

fn p07_pause_twice(on: On) {
    on.run_paused(async {
        caught(|| rt::time::pause())
            .says(&["time is already frozen"])
            .blames(file!());
    });
}

fn p07_resume_twice(on: On) {
    on.run(async {
        caught(|| rt::time::resume())
            .says(&["time is not frozen"])
            .blames(file!());
    });
}

fn p07_advance_a_running_clock(on: On) {
    let runtime = on.runtime();
    caught(|| runtime.block_on(rt::time::advance(Duration::from_secs(1))))
        .says(&["time is not frozen"]);
}

fn p07_oneshot_polled_after_completion(on: On) {
    on.run(async {
        let (tx, mut rx) = oneshot::channel();
        tx.send(1).unwrap();
        assert_eq!((&mut rx).await, Ok(1));
        let panic =
            caught(|| kolo_tests::poll_once(std::pin::Pin::new(&mut rx), std::task::Waker::noop()));
        panic.says(&["called after complete"]);
    });
}

fn p07_pause_on_several_threads(on: On) {
    on.run(async {
        caught(|| rt::time::pause()).blames(file!());
    });
}
