//! **What does one wake too many do?** Nothing: one wake gives one poll, none
//! gives none, and a waker may outlive everything.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;

use kolo_tests::{lock_seen, on_drop};

use super::On;
use super::rt;
use rt::sync::oneshot;

kolo_tests::tests! {
    everywhere: [
        p02_wake_after_completion,
        p02_wake_after_the_runtime_is_gone,
        p02_wake_by_ref_from_thread_local_destructor,
        p02_wake_by_val_from_thread_local_destructor,
        p02_wake_from_another_tasks_drop,
        p02_wake_during_shutdown,
        p02_wake_in_drop_after_panic,
        p02_wakes_from_many_threads_while_dropping,
        p02_a_clone_wakes_the_same_task,
        p02_wake_in_own_poll_gives_one_more,
    ],
    current: [
        p02_two_wakes_one_poll,
        p02_no_wake_no_poll,
        p02_block_on_is_polled_once_per_wake,
    ],
}

/// Counts its polls, leaves its waker outside, ends when told.
struct Probe {
    polls: Arc<AtomicUsize>,
    waker: Arc<Mutex<Option<Waker>>>,
    polls_to_end: usize,
}

impl Probe {
    fn new(polls_to_end: usize) -> Self {
        Self {
            polls: Arc::default(),
            waker: Arc::default(),
            polls_to_end,
        }
    }
}

impl Future for Probe {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        *lock_seen(&self.waker) = Some(cx.waker().clone());
        let polls = self.polls.fetch_add(1, Ordering::SeqCst) + 1;
        if polls >= self.polls_to_end {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

fn p02_wake_after_completion(on: On) {
    on.run(async {
        let probe = Probe::new(1);
        let (polls, waker) = (probe.polls.clone(), probe.waker.clone());
        rt::spawn(probe).await.unwrap();
        let waker = lock_seen(&waker).take().unwrap();
        waker.wake_by_ref();
        waker.clone().wake();
        rt::spawn(async {}).await.unwrap();
        rt::task::yield_now().await;
        assert_eq!(polls.load(Ordering::SeqCst), 1);
        waker.wake();
    });
}

fn p02_wake_after_the_runtime_is_gone(on: On) {
    let probe = Probe::new(usize::MAX);
    let (polls, waker) = (probe.polls.clone(), probe.waker.clone());
    let runtime = on.runtime();
    let task = runtime.spawn(probe);
    runtime.block_on(async {
        while polls.load(Ordering::SeqCst) == 0 {
            rt::task::yield_now().await;
        }
    });
    drop(runtime);
    let waker = lock_seen(&waker).take().unwrap();
    waker.wake_by_ref();
    waker.clone().wake();
    drop(waker);
    assert!(task.is_finished());
    assert_eq!(polls.load(Ordering::SeqCst), 1);
}

thread_local! {
    static AT_EXIT: RefCell<Option<WakeAtExit>> = const { RefCell::new(None) };
}

struct WakeAtExit {
    waker: Option<Waker>,
    by_ref: bool,
}

impl Drop for WakeAtExit {
    fn drop(&mut self) {
        let waker = self.waker.take().unwrap();
        if self.by_ref {
            waker.wake_by_ref()
        } else {
            waker.wake()
        }
    }
}

/// The thread that ran the loop ends; its destructors wake a task of the loop.
fn wake_from_thread_local(on: On, by_ref: bool) {
    let probe = Probe::new(2);
    let (polls, waker) = (probe.polls.clone(), probe.waker.clone());
    let runtime = Arc::new(on.runtime());
    let task = runtime.spawn(probe);
    let inside = runtime.clone();
    thread::spawn(move || {
        // Registered before the runtime's own thread-locals, so destroyed after some of them.
        AT_EXIT.with(|_| ());
        inside.block_on(async {
            while polls.load(Ordering::SeqCst) == 0 {
                rt::task::yield_now().await;
            }
        });
        let waker = lock_seen(&waker).take();
        AT_EXIT.with(|at_exit| *at_exit.borrow_mut() = Some(WakeAtExit { waker, by_ref }));
    })
    .join()
    .unwrap();
    runtime.block_on(task).unwrap();
}

fn p02_wake_by_ref_from_thread_local_destructor(on: On) {
    wake_from_thread_local(on, true);
}

fn p02_wake_by_val_from_thread_local_destructor(on: On) {
    wake_from_thread_local(on, false);
}

fn p02_wake_from_another_tasks_drop(on: On) {
    on.run(async {
        let (tx, rx) = oneshot::channel::<()>();
        let waiter = rt::spawn(rx);
        let holder = rt::spawn(async move {
            let _tx = tx;
            std::future::pending::<()>().await;
        });
        rt::task::yield_now().await;
        holder.abort();
        assert!(waiter.await.unwrap().is_err());
        assert!(holder.await.unwrap_err().is_cancelled());
    });
}

/// Each task wakes all the others from its destructor while the runtime goes down.
fn p02_wake_during_shutdown(on: On) {
    for _ in 0..20 {
        let wakers: Arc<Mutex<Vec<Waker>>> = Arc::default();
        let dropped = Arc::new(AtomicUsize::new(0));
        let runtime = on.runtime();
        for _ in 0..10 {
            let (wakers, dropped) = (wakers.clone(), dropped.clone());
            runtime.spawn(async move {
                let all = wakers.clone();
                let _wakes = on_drop(move || {
                    dropped.fetch_add(1, Ordering::SeqCst);
                    lock_seen(&all).iter().for_each(Waker::wake_by_ref);
                });
                poll_fn::<(), _>(move |cx| {
                    lock_seen(&wakers).push(cx.waker().clone());
                    Poll::Pending
                })
                .await;
            });
        }
        runtime.block_on(async {
            while lock_seen(&wakers).len() < 10 {
                rt::task::yield_now().await;
            }
        });
        drop(runtime);
        assert_eq!(dropped.load(Ordering::SeqCst), 10);
        // The wakers hold the cells, the cells hold no future: no cycle is left.
        assert_eq!(Arc::strong_count(&wakers), 1);
    }
}

fn p02_wake_in_drop_after_panic(on: On) {
    let runtime = on.runtime();
    let (tx, rx) = oneshot::channel::<()>();
    runtime.spawn(async move {
        let _ = rx.await;
        std::future::pending::<()>().await;
    });
    let panic = kolo_tests::caught(|| {
        runtime.block_on(async move {
            let _wakes_as_it_unwinds = tx;
            rt::task::yield_now().await;
            panic!("out of block_on");
        });
    });
    assert_eq!(panic.text, "out of block_on");
    assert_eq!(
        runtime.block_on(async { rt::spawn(async { 3 }).await.unwrap() }),
        3
    );
}

fn p02_wakes_from_many_threads_while_dropping(on: On) {
    for _ in 0..20 {
        let probe = Probe::new(usize::MAX);
        let slot = probe.waker.clone();
        let runtime = on.runtime();
        runtime.spawn(probe);
        let waker = runtime.block_on(async move {
            loop {
                if let Some(waker) = lock_seen(&slot).clone() {
                    return waker;
                }
                rt::task::yield_now().await;
            }
        });
        thread::scope(|s| {
            let threads = [(); 2].map(|()| {
                let waker = waker.clone();
                s.spawn(move || (0..500).for_each(|_| waker.wake_by_ref()))
            });
            drop(runtime);
            // Joined by hand: ThreadSanitizer does not see how std ends a scope.
            for thread in threads {
                thread.join().unwrap();
            }
        });
        waker.wake();
    }
}

fn p02_a_clone_wakes_the_same_task(on: On) {
    on.run(async {
        rt::spawn(poll_fn(|cx| {
            let clone = cx.waker().clone();
            assert!(clone.will_wake(cx.waker()));
            assert!(!clone.will_wake(Waker::noop()));
            Poll::Ready(())
        }))
        .await
        .unwrap();
    });
}

fn p02_wake_in_own_poll_gives_one_more(on: On) {
    let polls = Arc::new(AtomicUsize::new(0));
    on.run(async {
        let inside = polls.clone();
        rt::spawn(poll_fn(move |cx| {
            if inside.fetch_add(1, Ordering::SeqCst) == 0 {
                cx.waker().wake_by_ref();
                cx.waker().clone().wake();
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(())
        }))
        .await
        .unwrap();
    });
    assert_eq!(polls.load(Ordering::SeqCst), 2);
}

fn p02_two_wakes_one_poll(on: On) {
    on.run(async {
        let probe = Probe::new(usize::MAX);
        let (polls, waker) = (probe.polls.clone(), probe.waker.clone());
        rt::spawn(probe);
        rt::spawn(async {}).await.unwrap();
        for round in 1..=3 {
            assert_eq!(polls.load(Ordering::SeqCst), round);
            let waker = lock_seen(&waker).clone().unwrap();
            waker.wake_by_ref();
            waker.wake_by_ref();
            waker.wake();
            rt::spawn(async {}).await.unwrap();
            rt::spawn(async {}).await.unwrap();
        }
    });
}

fn p02_no_wake_no_poll(on: On) {
    on.run(async {
        let probe = Probe::new(usize::MAX);
        let polls = probe.polls.clone();
        rt::spawn(probe);
        for _ in 0..300 {
            rt::task::yield_now().await;
            rt::spawn(async {}).await.unwrap();
        }
        assert_eq!(polls.load(Ordering::SeqCst), 1);
    });
}

/// The future in `block_on` too: other tasks' turns are not its own.
fn p02_block_on_is_polled_once_per_wake(on: On) {
    let runtime = on.runtime();
    let (tx, rx) = oneshot::channel::<()>();
    runtime.spawn(async move {
        for _ in 0..100 {
            rt::task::yield_now().await;
        }
        tx.send(()).unwrap();
    });
    let mut rx = std::pin::pin!(rx);
    let mut polls = 0;
    runtime.block_on(poll_fn(|cx| {
        polls += 1;
        rx.as_mut().poll(cx).map(Result::unwrap)
    }));
    assert_eq!(polls, 2);
}
