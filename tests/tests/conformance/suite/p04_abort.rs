//! **What does abort promise?** The future is dropped promptly, once, on a
//! thread that may drop it; the handle says "cancelled"; who finished first
//! keeps the result.

use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc as std_mpsc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use kolo_tests::on_drop;

use super::On;
use super::rt;
use rt::sync::oneshot;
use rt::task::JoinSet;

kolo_tests::tests! {
    everywhere: [
        p04_abort_drops_the_future_once,
        p04_abort_wakes_who_joins,
        p04_abort_from_another_thread,
        p04_abort_after_the_end_keeps_the_result,
        p04_abort_of_itself_ready_wins,
        p04_abort_of_itself_pending_is_cancelled,
        p04_abort_twice_is_once,
        p04_abort_of_a_sleeping_task_is_prompt,
        p04_abort_handle_outlives_the_task,
        p04_dropping_the_handle_detaches,
        p04_dropping_a_join_set_aborts,
        p04_join_set_abort_all,
        p04_remote_abort_of_a_local_task_drops_it_at_home,
        p04_abort_races_completion,
        p04_task_locals_are_there_in_drop,
        p04_cancelled_join_error_texts,
    ],
    current: [p04_abort_before_the_first_poll],
    multi: [p04_abort_of_a_task_that_runs],
}

fn p04_abort_before_the_first_poll(on: On) {
    on.run(async {
        let dropped = Arc::new(AtomicUsize::new(0));
        let count = dropped.clone();
        let guard = on_drop(move || {
            count.fetch_add(1, Ordering::SeqCst);
        });
        let task = rt::spawn(async move {
            let _guard = guard;
            panic!("it was polled");
        });
        task.abort();
        assert!(task.await.map(|()| ()).unwrap_err().is_cancelled());
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
    });
}

/// A task that never ends, once it has started; `drops` counts.
async fn endless(drops: Arc<AtomicUsize>) -> rt::task::JoinHandle<()> {
    let (started, is_started) = oneshot::channel();
    let task = rt::spawn(async move {
        let _guard = on_drop(move || {
            drops.fetch_add(1, Ordering::SeqCst);
        });
        started.send(()).unwrap();
        std::future::pending::<()>().await;
    });
    is_started.await.unwrap();
    task
}

fn p04_abort_drops_the_future_once(on: On) {
    on.run(async {
        let drops = Arc::new(AtomicUsize::new(0));
        let task = endless(drops.clone()).await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(drops.load(Ordering::SeqCst), 1);
        assert_eq!(Arc::strong_count(&drops), 1);
    });
}

fn p04_abort_wakes_who_joins(on: On) {
    on.run(async {
        let task = endless(Arc::default()).await;
        let abort = task.abort_handle();
        let joiner = rt::spawn(task);
        rt::task::yield_now().await;
        abort.abort();
        assert!(joiner.await.unwrap().unwrap_err().is_cancelled());
    });
}

fn p04_abort_from_another_thread(on: On) {
    on.run(async {
        let drops = Arc::new(AtomicUsize::new(0));
        let task = endless(drops.clone()).await;
        let abort = task.abort_handle();
        let thread = thread::spawn(move || abort.abort());
        assert!(task.await.unwrap_err().is_cancelled());
        thread.join().unwrap();
        assert_eq!(drops.load(Ordering::SeqCst), 1);
    });
}

fn p04_abort_after_the_end_keeps_the_result(on: On) {
    on.run(async {
        let task = rt::spawn(async { String::from("kept") });
        while !task.is_finished() {
            rt::task::yield_now().await;
        }
        task.abort();
        assert_eq!(task.await.unwrap(), "kept");
    });
}

fn p04_abort_of_itself_ready_wins(on: On) {
    on.run(async {
        let (tx, rx) = oneshot::channel::<rt::task::AbortHandle>();
        let task = rt::spawn(async move {
            rx.await.unwrap().abort();
            1 // no await in between: it is done before it can be stopped
        });
        tx.send(task.abort_handle()).unwrap();
        assert_eq!(task.await.unwrap(), 1);
    });
}

fn p04_abort_of_itself_pending_is_cancelled(on: On) {
    on.run(async {
        let (tx, rx) = oneshot::channel::<rt::task::AbortHandle>();
        let task = rt::spawn(async move {
            rx.await.unwrap().abort();
            std::future::pending::<()>().await;
        });
        tx.send(task.abort_handle()).unwrap();
        assert!(task.await.unwrap_err().is_cancelled());
    });
}

fn p04_abort_twice_is_once(on: On) {
    on.run(async {
        let drops = Arc::new(AtomicUsize::new(0));
        let task = endless(drops.clone()).await;
        let other = task.abort_handle();
        task.abort();
        other.abort();
        other.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        other.abort();
        assert_eq!(drops.load(Ordering::SeqCst), 1);
    });
}

/// Its timer is an hour away; the abort does not wait for it.
fn p04_abort_of_a_sleeping_task_is_prompt(on: On) {
    on.run(async {
        let task = rt::spawn(rt::time::sleep(Duration::from_secs(3600)));
        rt::task::yield_now().await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    });
}

fn p04_abort_handle_outlives_the_task(on: On) {
    let runtime = on.runtime();
    let task = runtime.spawn(async {});
    let abort = task.abort_handle();
    let id = task.id();
    runtime.block_on(task).unwrap();
    drop(runtime);
    assert!(abort.is_finished());
    assert_eq!(abort.id(), id);
    abort.clone().abort();
}

fn p04_dropping_the_handle_detaches(on: On) {
    on.run(async {
        let (tx, rx) = oneshot::channel();
        drop(rt::spawn(async move {
            rt::task::yield_now().await;
            tx.send(1).unwrap();
        }));
        assert_eq!(rx.await.unwrap(), 1);
    });
}

fn p04_dropping_a_join_set_aborts(on: On) {
    on.run(async {
        let mut ends = Vec::new();
        let mut set = JoinSet::new();
        for _ in 0..10 {
            let (tx, rx) = oneshot::channel::<()>();
            ends.push(rx);
            set.spawn(async move {
                let _tx = tx;
                std::future::pending::<()>().await;
            });
        }
        rt::task::yield_now().await;
        drop(set);
        for end in ends {
            assert!(end.await.is_err());
        }
    });
}

fn p04_join_set_abort_all(on: On) {
    on.run(async {
        let mut set = JoinSet::new();
        for i in 0..10 {
            set.spawn(async move {
                if i % 2 == 0 {
                    std::future::pending::<()>().await;
                }
                i
            });
        }
        let mut kept = Vec::new();
        for _ in 0..5 {
            kept.push(set.join_next().await.unwrap().unwrap());
        }
        set.abort_all();
        let mut cancelled = 0;
        while let Some(result) = set.join_next().await {
            assert!(result.unwrap_err().is_cancelled());
            cancelled += 1;
        }
        kept.sort_unstable();
        assert_eq!((kept, cancelled), (vec![1, 3, 5, 7, 9], 5));
    });
}

/// The future is `!Send`: only the thread of the set may drop it.
fn p04_remote_abort_of_a_local_task_drops_it_at_home(on: On) {
    let runtime = on.runtime();
    let local = rt::task::LocalSet::new();
    let home = thread::current().id();
    local.block_on(&runtime, async {
        for _ in 0..20 {
            let (dropped, dropped_on) = std_mpsc::channel();
            let not_send = Rc::new(());
            let task = rt::task::spawn_local(async move {
                let _not_send = not_send;
                let _guard = on_drop(move || dropped.send(thread::current().id()).unwrap());
                std::future::pending::<()>().await;
            });
            rt::task::yield_now().await;
            let abort = task.abort_handle();
            let thread = thread::spawn(move || abort.abort());
            assert!(task.await.unwrap_err().is_cancelled());
            assert_eq!(dropped_on.recv().unwrap(), home);
            thread.join().unwrap();
        }
    });
}

/// Whoever wins: one drop, and a handle that says one of the two things.
fn p04_abort_races_completion(on: On) {
    on.run(async {
        let drops = Arc::new(AtomicUsize::new(0));
        for _ in 0..200 {
            let (tx, rx) = oneshot::channel();
            let count = drops.clone();
            let guard = on_drop(move || {
                count.fetch_add(1, Ordering::SeqCst);
            });
            let task = rt::spawn(async move {
                let _guard = guard;
                rx.await.unwrap()
            });
            rt::task::yield_now().await;
            let abort = task.abort_handle();
            let thread = thread::spawn(move || abort.abort());
            let _ = tx.send(5);
            match task.await {
                Ok(n) => assert_eq!(n, 5),
                Err(e) => assert!(e.is_cancelled()),
            }
            thread.join().unwrap();
        }
        assert_eq!(drops.load(Ordering::SeqCst), 200);
    });
}

/// "In context": the destructor of an aborted task may spawn, and knows its id.
fn p04_task_locals_are_there_in_drop(on: On) {
    on.run(async {
        let (tx, rx) = oneshot::channel();
        let (started, is_started) = oneshot::channel();
        let task = rt::spawn(async move {
            let _guard = on_drop(move || {
                let id = rt::task::try_id();
                tx.send((id, rt::spawn(async { 1 }))).unwrap();
            });
            started.send(()).unwrap();
            std::future::pending::<()>().await;
        });
        is_started.await.unwrap();
        let id = task.id();
        task.abort();
        let (seen, spawned) = rx.await.unwrap();
        assert_eq!(seen, Some(id));
        assert_eq!(spawned.await.unwrap(), 1);
    });
}

fn p04_cancelled_join_error_texts(on: On) {
    on.run(async {
        let task = endless(Arc::default()).await;
        let id = task.id();
        task.abort();
        let error = task.await.unwrap_err();
        assert_eq!(error.to_string(), format!("task {id} was cancelled"));
        assert_eq!(
            format!("{error:?}"),
            format!("JoinError::Cancelled({id:?})")
        );
        assert_eq!(error.id(), id);
        assert!(error.try_into_panic().is_err());
    });
}

/// It is in the middle of a poll on another worker: that poll ends, no other begins.
fn p04_abort_of_a_task_that_runs(on: On) {
    on.run(async {
        let (running, is_running) = oneshot::channel();
        let (release, released) = std_mpsc::channel::<()>();
        let mut running = Some(running);
        let mut polls = 0;
        let task = rt::spawn(poll_fn(move |cx| {
            polls += 1;
            assert_eq!(polls, 1, "polled after the abort");
            running.take().unwrap().send(()).unwrap();
            released.recv().unwrap();
            cx.waker().wake_by_ref();
            Poll::<()>::Pending
        }));
        is_running.await.unwrap();
        task.abort();
        release.send(()).unwrap();
        assert!(task.await.unwrap_err().is_cancelled());
    });
}
