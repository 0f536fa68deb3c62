//! The task's protocols under loom: every interleaving of two or three threads.
//!
//! The queue is a plain std mutex, which loom doesn't see: it lends the tasks no
//! ordering that the state word does not give them. What leaks, loom reports,
//! since what the futures hold are loom's `Arc`s.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex as UnseenMutex;
use std::task::{Context, Poll, Waker};

use crate::loom::sync::Arc;
use crate::loom::sync::atomic::AtomicBool;
use crate::loom::sync::atomic::Ordering::Relaxed;
use crate::loom::{model, thread};
use crate::task::{
    Anchor, Caller, JoinHandle, Ran, Registry, Runnable, Schedule, Unregistered, new_task,
};

/// An executor's queue. `None`: closed.
#[derive(Clone)]
pub(super) struct Queue(std::sync::Arc<UnseenMutex<Option<VecDeque<Runnable>>>>);

impl Queue {
    pub(super) fn new() -> Self {
        Self(std::sync::Arc::new(UnseenMutex::new(Some(VecDeque::new()))))
    }

    pub(super) fn pop(&self) -> Option<Runnable> {
        self.0
            .lock()
            .unwrap()
            .as_mut()
            .and_then(VecDeque::pop_front)
    }

    pub(super) fn close(&self) -> VecDeque<Runnable> {
        self.0.lock().unwrap().take().unwrap_or_default()
    }

    pub(super) fn push(&self, runnable: Runnable) {
        let rejected = match self.0.lock().unwrap().as_mut() {
            Some(queue) => {
                queue.push_back(runnable);
                None
            }
            None => Some(runnable),
        };
        drop(rejected);
    }

    /// Runs what is queued until a task completes.
    fn run_until_complete(&self) {
        loop {
            match self.pop().map(|runnable| runnable.run(&Unregistered)) {
                Some(Ran::Complete) => return,
                Some(_) => {}
                None => thread::yield_now(),
            }
        }
    }

    /// Runs what is queued.
    fn drain(&self) {
        while let Some(runnable) = self.pop() {
            let _ = runnable.run(&Unregistered);
        }
    }
}

impl Schedule for Queue {
    fn schedule(&self, runnable: Runnable, caller: Caller) -> Option<Anchor> {
        let anchor = caller.anchor(&runnable);
        self.push(runnable);
        anchor
    }
}

fn spawn<F: Future + 'static>(queue: &Queue, future: F) -> JoinHandle<F::Output> {
    let (runnable, handle) = new_task(future, queue.clone());
    queue.push(runnable);
    handle
}

/// Flags that threads raise, and wakers that the future leaves for them.
pub(super) struct Signals {
    pub(super) flags: [AtomicBool; 2],
    wakers: UnseenMutex<Vec<Waker>>,
}

impl Signals {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            flags: [AtomicBool::new(false), AtomicBool::new(false)],
            wakers: UnseenMutex::new(Vec::new()),
        })
    }

    pub(super) fn take_waker(&self) -> Waker {
        self.wakers
            .lock()
            .unwrap()
            .pop()
            .expect("left by the first poll")
    }
}

/// Ready when both flags are up. The loads are relaxed: only the wakes order them.
pub(super) struct BothUp(pub(super) Arc<Signals>, pub(super) Arc<()>);

impl Future for BothUp {
    type Output = Arc<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Arc<()>> {
        if self.0.flags.iter().all(|flag| flag.load(Relaxed)) {
            return Poll::Ready(self.1.clone());
        }
        let mut wakers = self.0.wakers.lock().unwrap();
        if wakers.is_empty() {
            *wakers = vec![cx.waker().clone(), cx.waker().clone()];
        }
        Poll::Pending
    }
}

/// A task that was polled once, with its two wakers.
fn waiting_task(queue: &Queue) -> (Arc<Signals>, JoinHandle<Arc<()>>) {
    let signals = Signals::new();
    let handle = spawn(queue, BothUp(signals.clone(), Arc::new(())));
    assert_eq!(queue.pop().unwrap().run(&Unregistered), Ran::Pending);
    (signals, handle)
}

/// Two wakers against run: what each wrote before its wake is seen by the poll
/// that its wake brings, and no wake is lost.
#[test]
fn loom_two_wakers_against_run() {
    model(3, || {
        let queue = Queue::new();
        let (signals, handle) = waiting_task(&queue);
        let (first, second) = (signals.take_waker(), signals.take_waker());
        let there = signals.clone();
        let waking = thread::spawn(move || {
            there.flags[0].store(true, Relaxed);
            first.wake();
        });
        let there = signals.clone();
        let waking_too = thread::spawn(move || {
            there.flags[1].store(true, Relaxed);
            second.wake_by_ref();
            drop(second);
        });
        queue.run_until_complete();
        waking.join().unwrap();
        waking_too.join().unwrap();
        queue.drain();
        drop(handle);
    });
}

/// Abort against complete: one outcome, and the handle says which.
#[test]
fn loom_abort_against_complete() {
    model(3, || {
        let queue = Queue::new();
        let (signals, handle) = waiting_task(&queue);
        let waker = signals.take_waker();
        drop(signals.take_waker());
        let abort = handle.abort_handle();
        let aborting = thread::spawn(move || abort.abort());
        signals
            .flags
            .iter()
            .for_each(|flag| flag.store(true, Relaxed));
        waker.wake();
        queue.run_until_complete();
        aborting.join().unwrap();
        queue.drain();
        match loom::future::block_on(handle) {
            Ok(output) => drop(output),
            Err(error) => assert!(error.is_cancelled()),
        }
    });
}

/// JoinHandle drop against complete: the outcome is dropped once, by one of them.
#[test]
fn loom_join_handle_drop_against_complete() {
    model(3, || {
        let queue = Queue::new();
        let output = Arc::new(());
        let handle = spawn(&queue, async move { output });
        let dropping = thread::spawn(move || drop(handle));
        queue.run_until_complete();
        dropping.join().unwrap();
    });
}

/// JoinHandle drop, with its waker registered, against complete.
#[test]
fn loom_waiting_join_handle_drop_against_complete() {
    model(3, || {
        let queue = Queue::new();
        let output = Arc::new(());
        let mut handle = spawn(&queue, async move { output });
        let mut cx = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut handle).poll(&mut cx).is_pending());
        let dropping = thread::spawn(move || drop(handle));
        queue.run_until_complete();
        dropping.join().unwrap();
    });
}

/// A JoinHandle that starts to wait while the task completes gets the output.
#[test]
fn loom_join_against_complete() {
    model(3, || {
        let queue = Queue::new();
        let output = Arc::new(());
        let handle = spawn(&queue, async move { output });
        let joining = thread::spawn(move || {
            drop(loom::future::block_on(handle).expect("it is not aborted"));
        });
        queue.run_until_complete();
        joining.join().unwrap();
    });
}

/// A JoinHandle that changes its waker while the task completes is woken by the
/// new one or finds the output.
#[test]
fn loom_join_with_another_waker_against_complete() {
    model(3, || {
        let queue = Queue::new();
        let output = Arc::new(());
        let mut handle = spawn(&queue, async move { output });
        let mut cx = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut handle).poll(&mut cx).is_pending());
        let joining = thread::spawn(move || {
            drop(loom::future::block_on(handle).expect("it is not aborted"));
        });
        queue.run_until_complete();
        joining.join().unwrap();
    });
}

/// Shutdown against wake: the executor ends the task while a waker is on its way
/// to the closed queue. The cell is freed once, by whoever is last.
#[test]
fn loom_shutdown_against_wake() {
    model(3, || {
        let queue = Queue::new();
        let mut registry = Registry::new();
        let signals = Signals::new();
        let (runnable, handle) = new_task(BothUp(signals.clone(), Arc::new(())), queue.clone());
        runnable.register(&mut registry);
        assert_eq!(runnable.run(&Unregistered), Ran::Pending);
        let (first, second) = (signals.take_waker(), signals.take_waker());
        let waking = thread::spawn(move || {
            first.wake();
            second.wake_by_ref();
        });
        let left = queue.close();
        while let Some(doomed) = registry.take_one() {
            // SAFETY: this thread alone polls.
            unsafe { doomed.shut_down() };
        }
        drop(left);
        waking.join().unwrap();
        assert!(loom::future::block_on(handle).unwrap_err().is_cancelled());
    });
}

/// The last waker is spent on a complete task by one thread while another drops
/// the last handle.
#[test]
fn loom_last_references_race() {
    model(3, || {
        let queue = Queue::new();
        let (signals, handle) = waiting_task(&queue);
        let (first, second) = (signals.take_waker(), signals.take_waker());
        signals
            .flags
            .iter()
            .for_each(|flag| flag.store(true, Relaxed));
        first.wake();
        queue.run_until_complete();
        let waking = thread::spawn(move || second.wake());
        drop(handle);
        waking.join().unwrap();
    });
}
