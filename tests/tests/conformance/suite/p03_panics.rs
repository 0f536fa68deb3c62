//! **How far does a panic travel?** From a task to its JoinHandle; from the
//! future of `block_on` to its caller; nowhere else.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use kolo_tests::{caught, on_drop, poll_once, unclonable_waker};

use super::On;
use super::rt;
use rt::sync::{mpsc, oneshot};

kolo_tests::tests! {
    everywhere: [
        p03_panic_in_a_task,
        p03_panic_payload_arrives_unchanged,
        p03_panic_in_block_on_passes_through,
        p03_runtime_is_usable_after_panic_in_block_on,
        p03_tasks_go_on_after_panic_in_block_on,
        p03_panic_in_drop_of_the_output,
        p03_panic_in_drop_of_an_aborted_future,
        p03_panic_in_drop_at_shutdown,
        p03_panic_in_a_join_waker,
        p03_panic_in_a_local_task,
        p03_panic_in_spawn_blocking,
        p03_panic_in_a_joined_set,
        p03_panic_while_holding_channel_ends,
    ],
    current: [p03_panic_in_drop_of_a_stale_join_waker],
}

/// A value whose drop panics, unless it already unwinds.
struct PanicOnDrop;

impl Drop for PanicOnDrop {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("dropped");
        }
    }
}

fn p03_panic_in_a_task(on: On) {
    on.run(async {
        let other = rt::spawn(async {
            rt::task::yield_now().await;
            1
        });
        let error = rt::spawn(async { panic!("in a task") })
            .await
            .map(|()| ())
            .unwrap_err();
        assert!(error.is_panic() && !error.is_cancelled());
        assert_eq!(kolo_tests::panics::text(&*error.into_panic()), "in a task");
        assert_eq!(other.await.unwrap(), 1);
    });
}

fn p03_panic_payload_arrives_unchanged(on: On) {
    on.run(async {
        let error = rt::spawn(async { panic_any(42_u64) })
            .await
            .map(|()| ())
            .unwrap_err();
        let payload = error.try_into_panic().unwrap();
        assert_eq!(payload.downcast_ref::<u64>(), Some(&42));
    });
}

fn p03_panic_in_block_on_passes_through(on: On) {
    let runtime = on.runtime();
    let panic = caught(|| runtime.block_on(async { panic!("in block_on") }));
    assert_eq!(panic.text, "in block_on");
    panic.blames(file!());
}

/// No peer test shows this: the loop's token and the context must have been given back.
fn p03_runtime_is_usable_after_panic_in_block_on(on: On) {
    let runtime = on.runtime();
    for round in 0..3 {
        let panic = caught(|| {
            runtime.block_on(async {
                rt::task::yield_now().await;
                panic!("again");
            })
        });
        assert_eq!(panic.text, "again");
        assert!(
            rt::runtime::Handle::try_current().is_err(),
            "the context was left"
        );
        let answer = runtime.block_on(async move {
            rt::time::sleep(std::time::Duration::from_millis(1)).await;
            rt::spawn(async move { round }).await.unwrap()
        });
        assert_eq!(answer, round);
    }
    // A fresh runtime on the same thread too: no "inside a runtime" mark is left.
    assert_eq!(on.run(async { 7 }), 7);
}

fn p03_tasks_go_on_after_panic_in_block_on(on: On) {
    let runtime = on.runtime();
    let (tx, rx) = oneshot::channel();
    let task = runtime.spawn(async move {
        for _ in 0..10 {
            rt::task::yield_now().await;
        }
        rx.await.unwrap()
    });
    caught(|| {
        runtime.block_on(async {
            rt::task::yield_now().await;
            panic!("meanwhile");
        })
    });
    tx.send(5).unwrap();
    assert_eq!(runtime.block_on(task).unwrap(), 5);
}

/// Nobody wants the output; its destructor panics; the loop goes on.
fn p03_panic_in_drop_of_the_output(on: On) {
    on.run(async {
        let (tx, rx) = oneshot::channel::<()>();
        let task = rt::spawn(async move {
            let _tx = tx;
            rt::task::yield_now().await;
            PanicOnDrop
        });
        drop(task);
        let _ = rx.await;
        // Finished, then the handle goes: the panic may reach who drops the handle,
        // or stay inside; the runtime must stand either way.
        let task = rt::spawn(async { PanicOnDrop });
        while !task.is_finished() {
            rt::task::yield_now().await;
        }
        let _ = catch_unwind(AssertUnwindSafe(|| drop(task)));
        assert_eq!(rt::spawn(async { 1 }).await.unwrap(), 1);
    });
}

fn p03_panic_in_drop_of_an_aborted_future(on: On) {
    on.run(async {
        let (started, is_started) = oneshot::channel();
        let task = rt::spawn(async move {
            let _bomb = PanicOnDrop;
            started.send(()).unwrap();
            std::future::pending::<()>().await;
        });
        is_started.await.unwrap();
        task.abort();
        let error = task.await.unwrap_err();
        assert!(
            error.is_panic(),
            "the panic in drop is what the handle reports: {error:?}"
        );
        assert_eq!(rt::spawn(async { 1 }).await.unwrap(), 1);
    });
}

fn p03_panic_in_drop_at_shutdown(on: On) {
    let runtime = on.runtime();
    let (dropped, is_dropped) = std::sync::mpsc::channel();
    let (started, mut is_started) = mpsc::unbounded_channel();
    let mut bomb = None;
    let mut others = Vec::new();
    for i in 0..5 {
        let dropped = dropped.clone();
        let started = started.clone();
        let task = runtime.spawn(async move {
            let _says = on_drop(move || dropped.send(i).unwrap());
            let _bomb = (i == 2).then(|| PanicOnDrop);
            started.send(()).unwrap();
            std::future::pending::<()>().await;
        });
        if i == 2 {
            bomb = Some(task)
        } else {
            others.push(task)
        }
    }
    runtime.block_on(async {
        for _ in 0..5 {
            is_started.recv().await;
        }
    });
    drop(runtime);
    drop(dropped);
    let mut seen: Vec<_> = is_dropped.into_iter().collect();
    seen.sort_unstable();
    assert_eq!(
        seen,
        [0, 1, 2, 3, 4],
        "one destructor's panic keeps no other task alive"
    );
    assert!(bomb.unwrap().is_finished());
    assert!(others.iter().all(|t| t.is_finished()));
}

/// Whoever awaits a JoinHandle may bring a waker that panics.
fn p03_panic_in_a_join_waker(on: On) {
    struct Bomb;
    impl Wake for Bomb {
        fn wake(self: Arc<Self>) {
            panic!("in a waker");
        }
    }

    on.run(async {
        let (tx, rx) = oneshot::channel::<()>();
        let (after, is_after) = oneshot::channel::<()>();
        let task = rt::spawn(async move {
            let _after = after;
            rx.await.unwrap();
            9
        });
        let mut task = Box::pin(task);
        let bomb = Waker::from(Arc::new(Bomb));
        assert!(poll_once(task.as_mut(), &bomb).is_pending());
        tx.send(()).unwrap();
        let _ = is_after.await;
        assert_eq!(poll_fn(|cx| task.as_mut().poll(cx)).await.unwrap(), 9);
    });
}

fn p03_panic_in_a_local_task(on: On) {
    let runtime = on.runtime();
    let local = rt::task::LocalSet::new();
    local.block_on(&runtime, async {
        let error = rt::task::spawn_local(async { panic!("local") })
            .await
            .map(|()| ())
            .unwrap_err();
        assert!(error.is_panic());
        assert_eq!(rt::task::spawn_local(async { 1 }).await.unwrap(), 1);
    });
}

fn p03_panic_in_spawn_blocking(on: On) {
    on.run(async {
        let error = rt::task::spawn_blocking(|| panic!("blocking"))
            .await
            .map(|()| ())
            .unwrap_err();
        assert_eq!(kolo_tests::panics::text(&*error.into_panic()), "blocking");
        assert_eq!(rt::task::spawn_blocking(|| 1).await.unwrap(), 1);
    });
}

fn p03_panic_in_a_joined_set(on: On) {
    on.run(async {
        let mut set = rt::task::JoinSet::new();
        set.spawn(async { 1 });
        set.spawn(async { panic!("one of three") });
        set.spawn(async { 3 });
        let (mut sum, mut panics) = (0, 0);
        while let Some(result) = set.join_next().await {
            match result {
                Ok(n) => sum += n,
                Err(e) if e.is_panic() => panics += 1,
                Err(e) => panic!("{e}"),
            }
        }
        assert_eq!((sum, panics), (4, 1));
    });
}

/// The unwinding task drops its channel ends: the peers learn of it.
fn p03_panic_while_holding_channel_ends(on: On) {
    on.run(async {
        let (tx, mut rx) = mpsc::channel::<u8>(1);
        let (reply, answer) = oneshot::channel::<()>();
        let task = rt::spawn(async move {
            tx.send(1).await.unwrap();
            let _held = (tx, reply);
            panic!("with channels in hand");
        });
        assert_eq!(rx.recv().await, Some(1));
        assert_eq!(rx.recv().await, None);
        assert!(answer.await.is_err());
        assert!(task.await.map(|()| ()).unwrap_err().is_panic());
    });
}

/// A JoinHandle changed its waker, and the clone of the new one panicked: the old
/// one may still lie in the task. Its destructor is nobody's business either.
fn p03_panic_in_drop_of_a_stale_join_waker(on: On) {
    struct Stale(Arc<AtomicUsize>);
    impl Wake for Stale {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for Stale {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
            panic!("a waker was dropped");
        }
    }

    let runtime = on.runtime();
    let drops = Arc::new(AtomicUsize::new(0));
    let (tx, rx) = oneshot::channel::<()>();
    let mut task = Box::pin(runtime.spawn(async move { rx.await.unwrap() }));
    let stale = Waker::from(Arc::new(Stale(drops.clone())));
    assert!(poll_once(task.as_mut(), &stale).is_pending());
    caught(|| poll_once(task.as_mut(), &unclonable_waker())).says(&["cloned a waker"]);
    // Only if the task has not kept the other one does this panic.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(stale)));
    drop(task);
    tx.send(()).unwrap();
    let one = runtime.block_on(async {
        rt::task::yield_now().await;
        rt::spawn(async { 1 }).await.unwrap()
    });
    assert_eq!((one, runtime.metrics().num_alive_tasks()), (1, 0));
    drop(runtime);
    assert_eq!(drops.load(Ordering::SeqCst), 1, "dropped once");
}
