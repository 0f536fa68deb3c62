//! **What does a cancelled wait leave behind in a lock?** Nothing: no lock
//! held, no permit lost, its turn passed on.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use kolo_tests::{CountWaker, poll_once};

use super::On;
use super::rt;
use rt::sync::{Mutex, Notify, Semaphore};

kolo_tests::tests! {
    everywhere: [
        p14_mutex_aborted_waiter,
        p14_mutex_waiter_dropped_after_its_wake,
        p14_mutex_owned_waiter_dropped_after_its_wake,
        p14_mutex_lock_in_timeout,
        p14_mutex_guard_of_an_aborted_task,
        p14_semaphore_waiter_dropped_in_line,
        p14_semaphore_waiter_dropped_after_its_wake,
        p14_semaphore_partly_served_waiter_gives_back,
        p14_semaphore_aborted_waiters,
        p14_notify_permit_passes_on,
        p14_notify_dropped_with_several_waiting,
        p14_notify_enabled_then_dropped,
        p14_notify_waiters_cover_those_created_before,
        p14_notify_last,
        p14_wakers_are_not_kept,
    ],
}

fn p14_mutex_aborted_waiter(on: On) {
    on.run(async {
        let mutex = Arc::new(Mutex::new(0));
        let held = mutex.lock().await;
        let waiter = rt::spawn({
            let mutex = mutex.clone();
            async move {
                let _guard = mutex.lock().await;
            }
        });
        rt::task::yield_now().await;
        waiter.abort();
        assert!(waiter.await.unwrap_err().is_cancelled());
        drop(held);
        assert!(mutex.try_lock().is_ok());
    });
}

/// The lock was promised to it; it never came to take it.
fn p14_mutex_waiter_dropped_after_its_wake(on: On) {
    on.run(async {
        let mutex = Mutex::new(0);
        let held = mutex.lock().await;
        let mut first = Box::pin(mutex.lock());
        let mut second = Box::pin(mutex.lock());
        let (count, waker) = CountWaker::pair();
        assert!(poll_once(first.as_mut(), Waker::noop()).is_pending());
        assert!(poll_once(second.as_mut(), &waker).is_pending());
        drop(held);
        assert_eq!(count.wakes(), 0);
        drop(first);
        assert_eq!(count.wakes(), 1);
        assert!(poll_once(second.as_mut(), &waker).is_ready());
    });
}

fn p14_mutex_owned_waiter_dropped_after_its_wake(on: On) {
    on.run(async {
        let mutex = Arc::new(Mutex::new(0));
        let held = mutex.clone().lock_owned().await;
        let mut waiting = Box::pin(mutex.clone().lock_owned());
        assert!(poll_once(waiting.as_mut(), Waker::noop()).is_pending());
        drop(held);
        drop(waiting);
        assert!(mutex.try_lock().is_ok());
        assert_eq!(Arc::strong_count(&mutex), 1);
    });
}

fn p14_mutex_lock_in_timeout(on: On) {
    on.run(async {
        let mutex = Mutex::new(0);
        let held = mutex.lock().await;
        for _ in 0..20 {
            assert!(
                rt::time::timeout(Duration::ZERO, mutex.lock())
                    .await
                    .is_err()
            );
        }
        drop(held);
        *rt::time::timeout(Duration::ZERO, mutex.lock())
            .await
            .unwrap() += 1;
        assert_eq!(mutex.into_inner(), 1);
    });
}

fn p14_mutex_guard_of_an_aborted_task(on: On) {
    on.run(async {
        let mutex = Arc::new(Mutex::new(0));
        let (tx, rx) = rt::sync::oneshot::channel();
        let holder = rt::spawn({
            let mutex = mutex.clone();
            async move {
                let _guard = mutex.lock().await;
                tx.send(()).unwrap();
                std::future::pending::<()>().await;
            }
        });
        rx.await.unwrap();
        holder.abort();
        *mutex.lock().await += 1;
    });
}

fn p14_semaphore_waiter_dropped_in_line(on: On) {
    on.run(async {
        let semaphore = Semaphore::new(0);
        let (count, waker) = CountWaker::pair();
        let mut big = Box::pin(semaphore.acquire_many(5));
        let mut small = Box::pin(semaphore.acquire());
        assert!(poll_once(big.as_mut(), Waker::noop()).is_pending());
        assert!(poll_once(small.as_mut(), &waker).is_pending());
        semaphore.add_permits(1);
        assert_eq!(count.wakes(), 0, "first come, first served");
        drop(big);
        assert_eq!(count.wakes(), 1);
        assert!(poll_once(small.as_mut(), &waker).is_ready());
    });
}

fn p14_semaphore_waiter_dropped_after_its_wake(on: On) {
    on.run(async {
        let semaphore = Semaphore::new(0);
        let mut waiting = Box::pin(semaphore.acquire());
        assert!(poll_once(waiting.as_mut(), Waker::noop()).is_pending());
        semaphore.add_permits(1);
        assert_eq!(semaphore.available_permits(), 0, "promised");
        drop(waiting);
        assert_eq!(semaphore.available_permits(), 1);
    });
}

fn p14_semaphore_partly_served_waiter_gives_back(on: On) {
    on.run(async {
        let semaphore = Semaphore::new(2);
        let mut waiting = Box::pin(semaphore.acquire_many(5));
        assert!(poll_once(waiting.as_mut(), Waker::noop()).is_pending());
        semaphore.add_permits(1);
        drop(waiting);
        assert_eq!(semaphore.available_permits(), 3);
        assert!(semaphore.try_acquire_many(3).is_ok());
    });
}

fn p14_semaphore_aborted_waiters(on: On) {
    on.run(async {
        let semaphore = Arc::new(Semaphore::new(3));
        for round in 0..20 {
            let tasks: Vec<_> = (0..10)
                .map(|_| {
                    let semaphore = semaphore.clone();
                    rt::spawn(async move {
                        let _permit = semaphore.acquire_many(2).await.unwrap();
                        std::future::pending::<()>().await;
                    })
                })
                .collect();
            for _ in 0..round % 4 {
                rt::task::yield_now().await;
            }
            for task in tasks {
                task.abort();
                let _ = task.await;
            }
            assert_eq!(semaphore.available_permits(), 3);
        }
    });
}

fn p14_notify_permit_passes_on(_: On) {
    let notify = Notify::new();
    let (count, waker) = CountWaker::pair();
    let mut first = Box::pin(notify.notified());
    let mut second = Box::pin(notify.notified());
    assert!(poll_once(first.as_mut(), Waker::noop()).is_pending());
    assert!(poll_once(second.as_mut(), &waker).is_pending());
    notify.notify_one();
    assert_eq!(count.wakes(), 0);
    drop(first);
    assert_eq!(count.wakes(), 1);
    assert!(poll_once(second.as_mut(), &waker).is_ready());
    // With nobody left, the permit is stored.
    let mut last = Box::pin(notify.notified());
    assert!(poll_once(last.as_mut(), Waker::noop()).is_pending());
    notify.notify_one();
    drop(last);
    assert!(poll_once(pin!(notify.notified()), Waker::noop()).is_ready());
}

fn p14_notify_dropped_with_several_waiting(_: On) {
    let notify = Notify::new();
    let (counts, wakers): (Vec<_>, Vec<_>) = (0..4).map(|_| CountWaker::pair()).unzip();
    let mut waits: Vec<_> = (0..4).map(|_| Some(Box::pin(notify.notified()))).collect();
    for (wait, waker) in waits.iter_mut().zip(&wakers) {
        assert!(poll_once(wait.as_mut().unwrap().as_mut(), waker).is_pending());
    }
    waits[1] = None; // from the middle of the line
    notify.notify_one();
    notify.notify_one();
    let woken: Vec<_> = counts.iter().map(|c| c.wakes()).collect();
    assert_eq!(woken, [1, 0, 1, 0]);
}

fn p14_notify_enabled_then_dropped(_: On) {
    let notify = Notify::new();
    {
        let mut enabled = pin!(notify.notified());
        assert!(!enabled.as_mut().enable());
        notify.notify_one();
    }
    assert!(poll_once(pin!(notify.notified()), Waker::noop()).is_ready());
}

fn p14_notify_waiters_cover_those_created_before(_: On) {
    let notify = Notify::new();
    let unpolled = notify.notified();
    notify.notify_waiters();
    assert!(poll_once(pin!(unpolled), Waker::noop()).is_ready());
    assert!(poll_once(pin!(notify.notified()), Waker::noop()).is_pending());
}

fn p14_notify_last(_: On) {
    let notify = Notify::new();
    let (first, first_waker) = CountWaker::pair();
    let (second, second_waker) = CountWaker::pair();
    let mut a = pin!(notify.notified());
    let mut b = pin!(notify.notified());
    assert!(poll_once(a.as_mut(), &first_waker).is_pending());
    assert!(poll_once(b.as_mut(), &second_waker).is_pending());
    notify.notify_last();
    assert_eq!((first.wakes(), second.wakes()), (0, 1));
    assert!(matches!(poll_once(b, &second_waker), Poll::Ready(())));
}

fn p14_wakers_are_not_kept(_: On) {
    let (count, waker) = CountWaker::pair();
    let mutex = Mutex::new(0);
    let semaphore = Semaphore::new(0);
    let notify = Notify::new();
    {
        let _held = mutex.try_lock().unwrap();
        let mut lock = pin!(mutex.lock());
        let mut acquire = pin!(semaphore.acquire());
        let mut notified = pin!(notify.notified());
        assert!(poll_once(lock.as_mut(), &waker).is_pending());
        assert!(poll_once(acquire.as_mut(), &waker).is_pending());
        assert!(poll_once(notified.as_mut(), &waker).is_pending());
        assert_eq!(Arc::strong_count(&count), 5);
    }
    assert_eq!(Arc::strong_count(&count), 2);
}
