//! The task's protocols under loom for an executor of many threads: what RUNNING guards.
//!
//! Each fails when it is weakened: `stop` that does not tell of a wake, a wake that
//! makes a runnable while the task is RUNNING, `stop` or `start` that are `Relaxed`,
//! `claim` that takes a task that is RUNNING.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::loom::cell::UnsafeCell;
use crate::loom::sync::atomic::AtomicUsize;
use crate::loom::sync::atomic::Ordering::Relaxed;
use crate::loom::sync::{Arc, Mutex};
use crate::loom::{model, thread};
use crate::task::models::{BothUp, Queue, Signals};
use crate::task::{JoinHandle, Owner, Ran, Registry, new_task};

/// Any number of threads that run what is in the queue.
#[derive(Clone)]
struct Many {
    registry: Arc<Mutex<Registry>>,
    /// Counts, in no order: so loom, which does not see the queue, knows that who looks
    /// into it wants to come after who pushed.
    looks: Arc<AtomicUsize>,
}

impl Many {
    fn new() -> Self {
        Self {
            registry: Arc::new(Mutex::new(Registry::new())),
            looks: Arc::new(AtomicUsize::new(0)),
        }
    }
}

impl Owner for Many {
    const MANY_THREADS: bool = true;

    fn forget(&self, key: u32) {
        self.registry.lock().remove(key);
    }
}

/// A future that no two threads may poll at once: loom sees who is in the cell.
struct Alone(BothUp, UnsafeCell<u32>);

impl Future for Alone {
    type Output = Arc<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Arc<()>> {
        // SAFETY: whether this is exclusive is the question; loom answers it.
        self.1.with_mut(|polls| unsafe { *polls += 1 });
        Pin::new(&mut self.0).poll(cx)
    }
}

/// A task that was polled once, with its two wakers.
fn waiting(queue: &Queue, many: &Many) -> (Arc<Signals>, JoinHandle<Arc<()>>) {
    let signals = Signals::new();
    let both = BothUp(signals.clone(), Arc::new(()));
    let (runnable, handle) = new_task(Alone(both, UnsafeCell::new(0)), queue.clone());
    runnable.register_new(&mut many.registry.lock());
    assert_eq!(runnable.run(many), Ran::Pending);
    (signals, handle)
}

fn run_one(queue: &Queue, many: &Many) {
    many.looks.fetch_add(1, Relaxed);
    match queue.pop().map(|runnable| runnable.run(many)) {
        Some(Ran::Again(runnable)) => queue.push(runnable),
        Some(_) => {}
        None => thread::yield_now(),
    }
}

/// Two wakers against a worker and a thief: the task is polled by one at a time, what a
/// waker wrote is seen by the poll that its wake brings, and no wake is lost.
#[test]
fn loom_two_wakers_against_a_worker_and_a_thief() {
    model(2, || {
        let (queue, many) = (Queue::new(), Many::new());
        let (signals, handle) = waiting(&queue, &many);
        let (first, second) = (signals.take_waker(), signals.take_waker());
        let (there, looks) = (signals.clone(), many.looks.clone());
        let waking = thread::spawn(move || {
            there.flags[0].store(true, Relaxed);
            first.wake();
            looks.fetch_add(1, Relaxed);
        });
        let (stolen_from, thief) = (queue.clone(), many.clone());
        let stealing = thread::spawn(move || run_one(&stolen_from, &thief));
        signals.flags[1].store(true, Relaxed);
        second.wake_by_ref();
        drop(second);
        while !handle.is_finished() {
            run_one(&queue, &many);
        }
        waking.join().unwrap();
        stealing.join().unwrap();
        assert_eq!(many.registry.lock().len(), 0);
        drop(queue.close());
    });
}

/// A worker that shuts down claims what is idle, while a waker is on its way and another
/// worker runs what it brings. The task is ended once.
#[test]
fn loom_claim_against_wake_and_run() {
    model(3, || {
        let (queue, many) = (Queue::new(), Many::new());
        let (signals, handle) = waiting(&queue, &many);
        let (waker, other) = (signals.take_waker(), signals.take_waker());
        let waking = thread::spawn(move || {
            waker.wake();
            drop(other);
        });
        let (its_queue, its) = (queue.clone(), many.clone());
        let running = thread::spawn(move || run_one(&its_queue, &its));
        let claimed = many.registry.lock().claim_idle(&mut 0);
        if let Some(claimed) = claimed {
            claimed.end::<Many>();
        }
        waking.join().unwrap();
        running.join().unwrap();
        // What was not idle is in the queue now, and marked.
        while let Some(runnable) = queue.pop() {
            assert_eq!(runnable.run(&many), Ran::Complete);
        }
        assert_eq!(many.registry.lock().len(), 0);
        assert!(loom::future::block_on(handle).unwrap_err().is_cancelled());
    });
}
