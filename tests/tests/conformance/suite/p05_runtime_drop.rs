//! **What is left when the runtime is dropped?** Nothing: every task is dropped
//! once, inside the runtime's context, its threads are joined.

use std::cell::RefCell;
use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc as std_mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use kolo_tests::{lock_seen, on_drop};

use super::rt;
use super::{On, whereabouts};
use rt::runtime::Handle;
use rt::sync::{mpsc, oneshot};

kolo_tests::tests! {
    everywhere: [
        p05_pending_tasks_are_dropped,
        p05_tasks_are_dropped_in_context,
        p05_tasks_that_never_ran_are_dropped,
        p05_drop_does_not_wait_for_futures,
        p05_spawn_in_drop_neither_runs_nor_leaks,
        p05_tasks_that_hold_each_other,
        p05_task_that_holds_its_own_handle,
        p05_task_that_holds_its_own_waker,
        p05_task_that_holds_the_runtimes_handle,
        p05_lock_shared_by_destructors,
        p05_sleeping_tasks_are_dropped,
        p05_destructor_wakes_another_task,
        p05_concurrent_spawns_are_dropped_too,
        p05_dropped_on_another_thread,
        p05_runtime_in_a_thread_local,
        p05_many_runtimes_one_after_another,
    ],
    multi: [p05_threads_are_joined],
}

/// Counts what is alive.
#[derive(Clone, Default)]
struct Alive(Arc<()>);

impl Alive {
    fn count(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }
}

/// Lets what is spawned run until nothing more happens on a current-thread
/// runtime; with workers, `wait` says when they got that far.
fn run_until(runtime: &rt::runtime::Runtime, wait: impl Fn() -> bool) {
    runtime.block_on(async {
        while !wait() {
            rt::task::yield_now().await;
        }
    });
}

fn p05_pending_tasks_are_dropped(on: On) {
    let alive = Alive::default();
    let runtime = on.runtime();
    let started = Arc::new(AtomicUsize::new(0));
    for _ in 0..50 {
        let (inside, started) = (alive.clone(), started.clone());
        runtime.spawn(async move {
            let _inside = inside;
            started.fetch_add(1, Ordering::SeqCst);
            std::future::pending::<()>().await;
        });
    }
    run_until(&runtime, || started.load(Ordering::SeqCst) == 50);
    assert_eq!(alive.count(), 50);
    drop(runtime);
    assert_eq!(alive.count(), 0);
}

fn p05_tasks_are_dropped_in_context(on: On) {
    let runtime = on.named("home");
    let (tx, seen) = std_mpsc::channel();
    let (started, is_started) = oneshot::channel();
    runtime.spawn(async move {
        let _guard = on_drop(move || tx.send(whereabouts()).unwrap());
        started.send(()).unwrap();
        std::future::pending::<()>().await;
    });
    runtime.block_on(is_started).unwrap();
    drop(runtime);
    assert_eq!(seen.recv().unwrap().as_deref(), Some("home"));
    assert!(Handle::try_current().is_err());
}

fn p05_tasks_that_never_ran_are_dropped(on: On) {
    let alive = Alive::default();
    let runtime = on.runtime();
    for _ in 0..50 {
        let inside = alive.clone();
        runtime.spawn(async move {
            let _inside = inside;
            std::future::pending::<()>().await;
        });
    }
    drop(runtime);
    assert_eq!(alive.count(), 0);
}

/// The future in `block_on` ends first; tasks do not hold it up.
fn p05_drop_does_not_wait_for_futures(on: On) {
    let runtime = on.runtime();
    let (tx, mut rx) = mpsc::channel::<()>(1);
    let kept = tx.clone();
    runtime.spawn(async move {
        let _kept = kept;
        rt::time::sleep(Duration::from_secs(3600)).await;
    });
    runtime.block_on(async {});
    drop(runtime);
    drop(tx);
    assert!(rx.blocking_recv().is_none());
}

fn p05_spawn_in_drop_neither_runs_nor_leaks(on: On) {
    let alive = Alive::default();
    let runtime = on.runtime();
    let (started, is_started) = oneshot::channel();
    let inside = alive.clone();
    let polled = Arc::new(AtomicUsize::new(0));
    let count = polled.clone();
    runtime.spawn(async move {
        let _guard = on_drop(move || {
            for _ in 0..3 {
                let (inside, count) = (inside.clone(), count.clone());
                rt::spawn(async move {
                    let _inside = inside;
                    count.fetch_add(1, Ordering::SeqCst);
                });
            }
        });
        started.send(()).unwrap();
        std::future::pending::<()>().await;
    });
    runtime.block_on(is_started).unwrap();
    drop(runtime);
    assert_eq!(alive.count(), 0);
    assert_eq!(polled.load(Ordering::SeqCst), 0);
}

fn p05_tasks_that_hold_each_other(on: On) {
    let alive = Alive::default();
    let runtime = on.runtime();
    let (left_alive, right_alive) = (alive.clone(), alive.clone());
    runtime.block_on(async {
        let (tx, rx) = oneshot::channel::<rt::task::JoinHandle<()>>();
        let (ready, is_ready) = oneshot::channel();
        let left = rt::spawn(async move {
            let _alive = left_alive;
            let right = rx.await.unwrap();
            ready.send(()).unwrap();
            right.await.unwrap();
        });
        let right = rt::spawn(async move {
            let _alive = right_alive;
            left.await.unwrap();
        });
        tx.send(right).unwrap();
        is_ready.await.unwrap();
        rt::task::yield_now().await;
    });
    assert_eq!(alive.count(), 2);
    drop(runtime);
    assert_eq!(alive.count(), 0);
}

fn p05_task_that_holds_its_own_handle(on: On) {
    let alive = Alive::default();
    let runtime = on.runtime();
    let inside = alive.clone();
    runtime.block_on(async {
        let slot: Arc<Mutex<Option<rt::task::JoinHandle<Alive>>>> = Arc::default();
        let own = slot.clone();
        let (finish, may_finish) = oneshot::channel::<()>();
        let task = rt::spawn(async move {
            may_finish.await.unwrap();
            let _own = own;
            inside // an output that keeps a handle to itself alive, through `slot`
        });
        *lock_seen(&slot) = Some(task);
        drop(slot);
        finish.send(()).unwrap();
        rt::spawn(async {}).await.unwrap();
    });
    drop(runtime);
    assert_eq!(alive.count(), 0);
}

fn p05_task_that_holds_its_own_waker(on: On) {
    let alive = Alive::default();
    let runtime = on.runtime();
    let inside = alive.clone();
    let (started, is_started) = oneshot::channel();
    let mut started = Some(started);
    let own: Mutex<Option<Waker>> = Mutex::new(None);
    runtime.spawn(poll_fn(move |cx| {
        let _inside = &inside;
        *lock_seen(&own) = Some(cx.waker().clone());
        if let Some(started) = started.take() {
            started.send(()).unwrap();
        }
        Poll::<()>::Pending
    }));
    runtime.block_on(is_started).unwrap();
    drop(runtime);
    assert_eq!(alive.count(), 0);
}

fn p05_task_that_holds_the_runtimes_handle(on: On) {
    let alive = Alive::default();
    let runtime = on.runtime();
    let inside = alive.clone();
    let (started, is_started) = oneshot::channel();
    runtime.spawn(async move {
        let _held = (Handle::current(), inside);
        started.send(()).unwrap();
        std::future::pending::<()>().await;
    });
    runtime.block_on(is_started).unwrap();
    drop(runtime);
    assert_eq!(alive.count(), 0);
}

/// Each destructor takes the same lock: none may run inside another.
fn p05_lock_shared_by_destructors(on: On) {
    let lock = Arc::new(Mutex::new(0));
    let runtime = on.runtime();
    let started = Arc::new(AtomicUsize::new(0));
    for _ in 0..20 {
        let (lock, started) = (lock.clone(), started.clone());
        runtime.spawn(async move {
            let _guard = on_drop(move || *lock_seen(&lock) += 1);
            started.fetch_add(1, Ordering::SeqCst);
            std::future::pending::<()>().await;
        });
    }
    run_until(&runtime, || started.load(Ordering::SeqCst) == 20);
    drop(runtime);
    assert_eq!(*lock_seen(&lock), 20);
}

fn p05_sleeping_tasks_are_dropped(on: On) {
    let alive = Alive::default();
    let runtime = on.runtime();
    let started = Arc::new(AtomicUsize::new(0));
    for i in 0..50 {
        let (inside, started) = (alive.clone(), started.clone());
        runtime.spawn(async move {
            let _inside = inside;
            let mut sleep = std::pin::pin!(rt::time::sleep(Duration::from_secs(3600 + i)));
            poll_fn(|cx| {
                let poll = sleep.as_mut().poll(cx);
                started.fetch_add(1, Ordering::SeqCst);
                poll
            })
            .await;
        });
    }
    run_until(&runtime, || started.load(Ordering::SeqCst) >= 50);
    drop(runtime);
    assert_eq!(alive.count(), 0);
}

fn p05_destructor_wakes_another_task(on: On) {
    for _ in 0..20 {
        let alive = Alive::default();
        let runtime = on.runtime();
        let (first, second) = (alive.clone(), alive.clone());
        let (tx, rx) = oneshot::channel::<()>();
        let (back, here) = oneshot::channel::<()>();
        runtime.spawn(async move {
            let _alive = first;
            let _tx = tx;
            let _ = here.await;
        });
        runtime.spawn(async move {
            let _alive = second;
            let _back = back;
            let _ = rx.await;
        });
        runtime.block_on(rt::task::yield_now());
        drop(runtime);
        assert_eq!(alive.count(), 0);
    }
}

fn p05_concurrent_spawns_are_dropped_too(on: On) {
    for _ in 0..20 {
        let alive = Alive::default();
        let runtime = on.runtime();
        let (go, gone) = std_mpsc::channel();
        thread::scope(|s| {
            let threads = [(); 2].map(|()| {
                let (handle, alive, go) = (runtime.handle().clone(), alive.clone(), go.clone());
                s.spawn(move || {
                    for i in 0..200 {
                        if i == 10 {
                            go.send(()).unwrap();
                        }
                        let inside = alive.clone();
                        handle.spawn(async move {
                            let _inside = inside;
                            std::future::pending::<()>().await;
                        });
                    }
                })
            });
            gone.recv().unwrap();
            drop(runtime);
            // Joined by hand: ThreadSanitizer does not see how std ends a scope.
            for thread in threads {
                thread.join().unwrap();
            }
        });
        assert_eq!(alive.count(), 0);
    }
}

fn p05_dropped_on_another_thread(on: On) {
    let alive = Alive::default();
    let runtime = on.runtime();
    let inside = alive.clone();
    let task = runtime.spawn(async move {
        let _inside = inside;
        std::future::pending::<()>().await;
    });
    runtime.block_on(rt::task::yield_now());
    thread::spawn(move || drop(runtime)).join().unwrap();
    assert_eq!(alive.count(), 0);
    assert!(task.is_finished());
}

/// It goes down while the thread's other thread-locals may be gone already.
fn p05_runtime_in_a_thread_local(on: On) {
    thread_local! {
        static RUNTIME: RefCell<Option<rt::runtime::Runtime>> = const { RefCell::new(None) };
    }
    let alive = Alive::default();
    let inside = alive.clone();
    thread::spawn(move || {
        RUNTIME.with(|_| ());
        let runtime = on.runtime();
        runtime.spawn(async move {
            let _inside = inside;
            std::future::pending::<()>().await;
        });
        runtime.block_on(rt::task::yield_now());
        RUNTIME.with(|slot| *slot.borrow_mut() = Some(runtime));
    })
    .join()
    .unwrap();
    assert_eq!(alive.count(), 0);
}

fn p05_many_runtimes_one_after_another(on: On) {
    let alive = Alive::default();
    for _ in 0..100 {
        let runtime = on.runtime();
        for _ in 0..4 {
            let inside = alive.clone();
            runtime.spawn(async move {
                let _inside = inside;
                rt::task::yield_now().await;
                std::future::pending::<()>().await;
            });
        }
        runtime.block_on(async { rt::spawn(async {}).await.unwrap() });
    }
    assert_eq!(alive.count(), 0);
}

fn p05_threads_are_joined(on: On) {
    for _ in 0..20 {
        let (starts, stops) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (started, stopped) = (starts.clone(), stops.clone());
        let runtime = on
            .builder()
            .on_thread_start(move || {
                started.fetch_add(1, Ordering::SeqCst);
            })
            .on_thread_stop(move || {
                stopped.fetch_add(1, Ordering::SeqCst);
            })
            .build()
            .unwrap();
        runtime.block_on(async { rt::spawn(async {}).await.unwrap() });
        drop(runtime);
        let starts = starts.load(Ordering::SeqCst);
        assert!(starts >= 1);
        assert_eq!(starts, stops.load(Ordering::SeqCst));
    }
}
