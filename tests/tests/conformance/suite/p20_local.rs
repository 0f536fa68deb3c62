//! **Does thread-bound work stay on its thread?** `LocalSet`, `spawn_local`,
//! `LocalRuntime`: futures that are not `Send`.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc as std_mpsc;
use std::thread;
use std::time::{Duration, Instant};

use kolo_tests::{CountWaker, Transcript, on_drop, poll_once};

use super::On;
use super::rt;
use rt::sync::{mpsc, oneshot};
use rt::task::{LocalSet, spawn_local, yield_now};

kolo_tests::tests! {
    everywhere: [
        p20_local_tasks_stay_on_their_thread,
        p20_local_tasks_share_an_rc,
        p20_run_until,
        p20_awaiting_the_set_waits_for_all,
        p20_spawned_before_it_runs,
        p20_nested_spawn_local,
        p20_local_task_awaits_spawned_task,
        p20_wake_from_another_thread,
        p20_dropping_the_set_drops_its_tasks,
        p20_dropping_the_set_wakes_who_joins,
        p20_set_in_a_thread_local,
        p20_two_sets_on_one_thread,
        p20_set_entered,
        p20_local_timers,
        p20_local_abort,
        p20_set_is_fair_to_the_runtime,
        p20_waker_outlives_the_set,
        p20_task_runs_a_future_in_its_own_set,
        p20_task_awaits_another_in_its_own_set,
        p20_task_is_not_polled_within_its_own_poll,
    ],
    current: [
        p20_local_order_is_fifo,
        p20_local_yielders_see_timers,
        p20_local_runtime,
        p20_local_runtime_drops_its_tasks,
        p20_local_runtime_remote_wake,
    ],
}

fn p20_local_tasks_stay_on_their_thread(on: On) {
    let home = thread::current().id();
    LocalSet::new().block_on(&on.runtime(), async move {
        for _ in 0..100 {
            let here = spawn_local(async move {
                yield_now().await;
                thread::current().id()
            });
            assert_eq!(here.await.unwrap(), home);
        }
    });
}

fn p20_local_tasks_share_an_rc(on: On) {
    let count = Rc::new(Cell::new(0));
    LocalSet::new().block_on(&on.runtime(), async {
        let tasks: Vec<_> = (0..10)
            .map(|_| {
                let count = count.clone();
                spawn_local(async move {
                    yield_now().await;
                    count.set(count.get() + 1);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!((count.get(), Rc::strong_count(&count)), (10, 1));
}

fn p20_run_until(on: On) {
    on.run(async {
        let set = LocalSet::new();
        let count = Rc::new(Cell::new(0));
        for round in 1..4 {
            let inside = count.clone();
            let result = set
                .run_until(async move {
                    spawn_local(async move { inside.set(inside.get() + 1) })
                        .await
                        .unwrap();
                    round
                })
                .await;
            assert_eq!((result, count.get()), (round, round));
        }
    });
}

fn p20_awaiting_the_set_waits_for_all(on: On) {
    let done = Rc::new(Cell::new(0));
    let set = LocalSet::new();
    for i in 0..5 {
        let done = done.clone();
        set.spawn_local(async move {
            for _ in 0..i {
                yield_now().await;
            }
            done.set(done.get() + 1);
        });
    }
    on.runtime().block_on(set);
    assert_eq!(done.get(), 5);
}

fn p20_spawned_before_it_runs(on: On) {
    let set = LocalSet::new();
    let task = set.spawn_local(async { 3 });
    assert!(!task.is_finished());
    assert_eq!(set.block_on(&on.runtime(), task).unwrap(), 3);
}

fn p20_nested_spawn_local(on: On) {
    let deep = LocalSet::new().block_on(&on.runtime(), async {
        spawn_local(async {
            spawn_local(async { spawn_local(async { 3 }).await.unwrap() })
                .await
                .unwrap()
        })
        .await
        .unwrap()
    });
    assert_eq!(deep, 3);
}

fn p20_local_task_awaits_spawned_task(on: On) {
    LocalSet::new().block_on(&on.runtime(), async {
        let local = spawn_local(async {
            let not_send = Rc::new(2);
            rt::spawn(async { 1 }).await.unwrap() + *not_send
        });
        assert_eq!(local.await.unwrap(), 3);
    });
}

fn p20_wake_from_another_thread(on: On) {
    let home = thread::current().id();
    LocalSet::new().block_on(&on.runtime(), async move {
        for i in 0..300 {
            let (tx, rx) = oneshot::channel();
            let task = spawn_local(async move {
                let value = rx.await.unwrap();
                assert_eq!(thread::current().id(), home);
                value
            });
            thread::spawn(move || tx.send(i).unwrap());
            assert_eq!(task.await.unwrap(), i);
        }
    });
}

fn p20_dropping_the_set_drops_its_tasks(on: On) {
    let runtime = on.runtime();
    let alive = Rc::new(());
    let set = LocalSet::new();
    for _ in 0..3 {
        let alive = alive.clone();
        set.spawn_local(async move {
            let _alive = alive;
            std::future::pending::<()>().await;
        });
    }
    set.block_on(&runtime, yield_now());
    assert_eq!(Rc::strong_count(&alive), 4);
    drop(set);
    assert_eq!(Rc::strong_count(&alive), 1);
}

fn p20_dropping_the_set_wakes_who_joins(on: On) {
    on.run(async {
        let set = LocalSet::new();
        let task = set.spawn_local(std::future::pending::<()>());
        let joiner = rt::spawn(task);
        yield_now().await;
        drop(set);
        assert!(joiner.await.unwrap().unwrap_err().is_cancelled());
    });
}

fn p20_set_in_a_thread_local(on: On) {
    thread_local! {
        static SET: RefCell<Option<LocalSet>> = const { RefCell::new(None) };
    }
    let (dropped, is_dropped) = std_mpsc::channel();
    thread::spawn(move || {
        SET.with(|_| ());
        let runtime = on.runtime();
        let set = LocalSet::new();
        set.spawn_local(async move {
            let _guard = on_drop(move || dropped.send(()).unwrap());
            std::future::pending::<()>().await;
        });
        set.block_on(&runtime, yield_now());
        SET.with(|slot| *slot.borrow_mut() = Some(set));
    })
    .join()
    .unwrap();
    is_dropped.recv().unwrap();
}

fn p20_two_sets_on_one_thread(on: On) {
    on.run(async {
        let (a, b) = (LocalSet::new(), LocalSet::new());
        let (tx, mut rx) = mpsc::unbounded_channel();
        let other = tx.clone();
        a.spawn_local(async move { tx.send("a").unwrap() });
        b.spawn_local(async move { other.send("b").unwrap() });
        b.run_until(yield_now()).await;
        assert_eq!(rx.try_recv(), Ok("b"));
        assert!(rx.try_recv().is_err(), "the other set did not run");
        a.await;
        assert_eq!(rx.recv().await, Some("a"));
    });
}

fn p20_set_entered(on: On) {
    let runtime = on.runtime();
    let set = LocalSet::new();
    let task = {
        let _guard = set.enter();
        spawn_local(async { 4 })
    };
    assert_eq!(set.block_on(&runtime, task).unwrap(), 4);
}

fn p20_local_timers(on: On) {
    LocalSet::new().block_on(&on.runtime(), async {
        let task = spawn_local(async {
            rt::time::sleep(Duration::from_millis(2)).await;
            rt::time::timeout(Duration::from_millis(1), std::future::pending::<()>()).await
        });
        assert!(task.await.unwrap().is_err());
    });
}

fn p20_local_abort(on: On) {
    LocalSet::new().block_on(&on.runtime(), async {
        let alive = Rc::new(());
        let inside = alive.clone();
        let task = spawn_local(async move {
            let _inside = inside;
            std::future::pending::<()>().await;
        });
        yield_now().await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(Rc::strong_count(&alive), 1);
    });
}

/// The set's tasks never rest; the runtime's own get their turns all the same.
fn p20_set_is_fair_to_the_runtime(on: On) {
    let runtime = on.runtime();
    let set = LocalSet::new();
    set.block_on(&runtime, async {
        let busy = spawn_local(async {
            loop {
                yield_now().await;
            }
        });
        for _ in 0..20 {
            rt::spawn(yield_now()).await.unwrap();
        }
        rt::time::sleep(Duration::from_millis(1)).await;
        busy.abort();
    });
}

fn p20_waker_outlives_the_set(on: On) {
    let runtime = on.runtime();
    let (tx, rx) = std_mpsc::channel();
    let set = LocalSet::new();
    set.spawn_local(std::future::poll_fn::<(), _>(move |cx| {
        tx.send(cx.waker().clone()).unwrap();
        std::task::Poll::Pending
    }));
    set.block_on(&runtime, yield_now());
    let waker = rx.recv().unwrap();
    drop(set);
    thread::spawn(move || waker.wake()).join().unwrap();
}

/// Polls `future` as often as it is woken. If it was not, and isn't ready, then it
/// would hang.
fn poll_while_woken<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let (count, waker) = CountWaker::pair();
    loop {
        let before = count.wakes();
        if let std::task::Poll::Ready(output) = poll_once(future.as_mut(), &waker) {
            return output;
        }
        assert!(count.wakes() > before, "there is work left, and no wake");
    }
}

/// The set is polled by one of its own tasks.
fn p20_task_runs_a_future_in_its_own_set(on: On) {
    let log = Transcript::new();
    let set = Rc::new(LocalSet::new());
    let (own, lines) = (set.clone(), log.clone());
    let task = set.spawn_local(async move {
        let steps = async {
            for i in 0..3 {
                lines.say(i.to_string());
                yield_now().await;
            }
        };
        own.run_until(steps).await;
        7
    });
    let runtime = on.runtime();
    let _context = runtime.enter();
    assert_eq!(poll_while_woken(set.run_until(task)).unwrap(), 7);
    assert_eq!(log.lines(), ["0", "1", "2"]);
}

/// As above; what it waits for is a task of the set, woken by another thread.
fn p20_task_awaits_another_in_its_own_set(on: On) {
    let set = Rc::new(LocalSet::new());
    let own = set.clone();
    let task = set.spawn_local(async move {
        let answer = async {
            let (tx, rx) = oneshot::channel();
            let other = spawn_local(async move { rx.await.unwrap() });
            yield_now().await;
            let waking = thread::spawn(move || tx.send(5).unwrap());
            waking.join().unwrap();
            other.await.unwrap()
        };
        own.run_until(answer).await
    });
    let runtime = on.runtime();
    let _context = runtime.enter();
    assert_eq!(poll_while_woken(set.run_until(task)).unwrap(), 5);
}

/// A task that is woken and then polls its own set meets everybody but itself.
fn p20_task_is_not_polled_within_its_own_poll(on: On) {
    let set = Rc::new(LocalSet::new());
    let own = set.clone();
    let mut inside = Box::pin(async move { own.run_until(std::future::pending::<()>()).await });
    let (depth, deepest, polls) = (Cell::new(0), Rc::new(Cell::new(0)), Cell::new(0));
    let seen = deepest.clone();
    let task = set.spawn_local(std::future::poll_fn(move |cx| {
        polls.set(polls.get() + 1);
        seen.set(seen.get().max(depth.get() + 1));
        if polls.get() == 5 || seen.get() > 1 {
            return std::task::Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        depth.set(depth.get() + 1);
        assert!(poll_once(inside.as_mut(), cx.waker()).is_pending());
        depth.set(depth.get() - 1);
        std::task::Poll::Pending
    }));
    set.block_on(&on.runtime(), task).unwrap();
    assert_eq!(deepest.get(), 1);
}

fn p20_local_order_is_fifo(on: On) {
    let log = Transcript::new();
    LocalSet::new().block_on(&on.runtime(), async {
        let tasks: Vec<_> = (0..5)
            .map(|i| {
                let log = log.clone();
                spawn_local(async move { log.say(i.to_string()) })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(log.lines(), ["0", "1", "2", "3", "4"]);
}

/// A timer that is due is seen within 61 yields of a local task, as of any other.
fn p20_local_yielders_see_timers(on: On) {
    LocalSet::new().block_on(&on.runtime(), async {
        let yielder = spawn_local(async {
            for _ in 0..5 {
                let nap = rt::spawn(rt::time::sleep(Duration::from_millis(1)));
                yield_now().await;
                let set = Instant::now();
                while set.elapsed() < Duration::from_millis(3) {
                    std::hint::spin_loop(); // by now it is due
                }
                let mut yields = 0;
                while !nap.is_finished() {
                    yields += 1;
                    assert!(yields <= 61, "the driver was not looked at");
                    yield_now().await;
                }
            }
        });
        yielder.await.unwrap();
    });
}

fn local_runtime(on: On) -> rt::runtime::LocalRuntime {
    on.builder().build_local(Default::default()).unwrap()
}

fn p20_local_runtime(on: On) {
    let runtime = local_runtime(on);
    let home = thread::current().id();
    let not_send = Rc::new(1);
    let inside = not_send.clone();
    let early = runtime.spawn_local(async move { *inside });
    let sum = runtime.block_on(async move {
        let also = spawn_local(async move { *not_send + 1 });
        let sent = rt::spawn(async move { thread::current().id() });
        assert_eq!(sent.await.unwrap(), home);
        early.await.unwrap() + also.await.unwrap()
    });
    assert_eq!(sum, 3);
}

fn p20_local_runtime_drops_its_tasks(on: On) {
    let runtime = local_runtime(on);
    let alive = Rc::new(());
    let inside = alive.clone();
    runtime.spawn_local(async move {
        let _inside = inside;
        std::future::pending::<()>().await;
    });
    runtime.block_on(yield_now());
    assert_eq!(Rc::strong_count(&alive), 2);
    drop(runtime);
    assert_eq!(Rc::strong_count(&alive), 1);
}

fn p20_local_runtime_remote_wake(on: On) {
    let runtime = local_runtime(on);
    let handle = runtime.handle().clone();
    let answered = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = answered.clone();
    runtime.block_on(async move {
        let (tx, mut rx) = mpsc::channel(1);
        let other = thread::spawn(move || {
            for i in 0..50 {
                let tx = tx.clone();
                handle.spawn(async move { tx.send(i).await.unwrap() });
            }
        });
        let receiver = spawn_local(async move {
            while rx.recv().await.is_some() {
                count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            }
        });
        receiver.await.unwrap();
        other.join().unwrap();
    });
    assert_eq!(answered.load(std::sync::atomic::Ordering::SeqCst), 50);
}
