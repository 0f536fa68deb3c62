//! **How do many threads share one run of tasks?** Each worker has a queue of its own,
//! and steals when that is empty.
//!
//! ```text
//!   spawn, wake on worker A ──► A's queue ──┐ pop
//!                                  │        ├──► A polls
//!                                  │ steal  │
//!   spawn, wake on worker B ──► B's queue ──┴──► B polls
//!                                  ▲ batch
//!   any other thread ─────────► injector          block_on polls its future
//!                                                 on the caller's thread, no tasks
//! ```
//!
//! | file | answers |
//! |---|---|
//! | `queue.rs` | in which order tasks run, what may be stolen |
//! | `idle.rs`, IDLE.md | who sleeps, who is roused for a push, why none is forgotten |
//! | `bed.rs` | where a worker sleeps: in the driver, or on its token |
//! | `worker.rs` | the loop: run, look, search, rest |
//! | `watch.rs` | what becomes of tasks and driver when a worker is stuck in a poll |
//! | `crowd.rs` | when a worker does better to leave its tasks to the others |
//! | `hand_over.rs` | `block_in_place`: another thread takes the worker's post |
//! | `roll.rs` | which tasks are alive |
//! | `leave.rs` | how it all ends |
//!
//! # Wakes
//!
//! A worker knows itself by a thread-local pointer. A wake by the task that it polls
//! goes to its LIFO slot, a spawn to its deque, and either rouses a parked worker if
//! there are others ready and none searches; everyone else's go to the injector, and
//! rouse likewise. If to rouse was in vain a few times, or a worker stood back from a
//! crowd, it is left off for a while (IDLE.md, "The hush"). Workers run on threads of the
//! blocking pool, so that there is one place that starts, names, counts and joins threads.
//!
//! # What it costs
//!
//! Locked instructions, fences among them, and shared lines written, on top of the
//! task's own word (four for clone, wake, start and stop):
//!
//! | step | locked | lines that others read | grows with workers |
//! |---|---|---|---|
//! | wake by the running task, pop | 1 | own slot | no |
//! | yield | 1 | own deque | no |
//! | spawn, pop | 4: the count of the runtime's Handles, the roll's lock (2), pop; with others ready 5: a fence | that count, which all workers share; own part of the roll, own deque; the idle word is read | contention for the count |
//! | completion | 3: a lock of the roll (2), that count | the part in which it was spawned, its basket if that is another's, that count | contention for the count |
//! | wake from outside | 3: injector (2), fence | injector, idle word read | contention for the injector's tail |
//! | a timer set, taken back | 2 each: the part's lock | own part of the timers | no; a sleep in the driver looks at up to 65 parts |
//! | stealing, from the injector too | 2 per batch | the victim's deque | tries up to n victims |
//! | falling asleep, getting up | 4 and 3, and a look at n queues | idle word, sleepers' lock | the look; n counts of polls are read |
//! | rousing | 3 and the system call | idle word, sleepers' lock, its bed | no |
//! | a tick of the watcher, every 2 ms while anybody is up | 5, and a look at n queues | idle word, sleepers' lock | the look; n counts of polls are read |
//!
//! # Invariants
//!
//! - A [`Post`], a worker's queue and what belongs to it, has one thread.
//! - `holders` counts the threads that may poll: each with a post, and each that gave
//!   its post away in the middle of a poll. Whoever brings it to 0 is alone.
//! - No lock and no borrow that a waker could want is held while foreign code runs.
//!
//! Sources: stealing by batches, the limit on searchers and the last searcher's duty
//! are tokio's (`multi_thread/idle.rs`), after Go's scheduler; the proof by cases in
//! IDLE.md follows rayon-core's `sleep/README.md`.
//!
//! Read next: `worker.rs`, the loop.

mod bed;
mod crowd;
mod hand_over;
mod idle;
mod leave;
mod queue;
mod roll;
mod watch;
mod worker;

#[cfg(all(test, loom))]
mod models;
#[cfg(all(test, not(loom)))]
mod tests;

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crate::driver::{Driver, DriverHandle};
use crate::executor::Hooks;
use crate::handle::{Executor, Handle, WorkerCounts};
use crate::loom::sync::Mutex;
use crate::loom::sync::atomic::AtomicUsize;
use crate::task::{Anchor, Caller, Owner, Runnable, Unregistered};
use crate::trace::Tally;
use crate::util::this_thread;

use bed::Bed;
pub use hand_over::block_in_place;
use idle::{Idle, Word};
use queue::{Injector, Steal, ThievesEnd};
use roll::Roll;
use worker::{Post, Worker};

/// The executor of many threads.
pub(crate) struct MultiThread {
    idle: Idle,
    injector: Injector<Runnable>,
    stations: Box<[Station]>,
    roll: Roll,
    /// Turned by whoever gets the lock: one that parks, or looks.
    driver: Mutex<Driver>,
    driver_handle: Arc<DriverHandle>,
    hooks: Hooks,
    /// Threads that may poll a task.
    holders: AtomicUsize,
}

/// What the others know of one worker. On cache lines of its own.
#[repr(align(128))]
struct Station {
    queue: Arc<ThievesEnd>,
    bed: Bed,
    tally: Tally,
    /// Nanoseconds between its sleeps.
    busy: AtomicU64,
    /// The post, while it waits for its next thread.
    post: Mutex<Option<Box<Post>>>,
}

impl MultiThread {
    pub(crate) fn new(
        workers: usize,
        driver: (Driver, Arc<DriverHandle>),
        hooks: Hooks,
    ) -> Arc<Self> {
        let station = |index| {
            let post = Box::new(Post::new(index, workers));
            Station {
                queue: post.queue.others().clone(),
                bed: Bed::default(),
                tally: Tally::default(),
                busy: AtomicU64::new(0),
                post: Mutex::new(Some(post)),
            }
        };
        Arc::new(Self {
            idle: Idle::new(workers),
            injector: Injector::new(),
            stations: (0..workers).map(station).collect(),
            roll: Roll::new(workers),
            driver: Mutex::new(driver.0),
            driver_handle: driver.1,
            hooks,
            holders: AtomicUsize::new(workers),
        })
    }

    /// Starts the workers, on threads that `handle` starts.
    ///
    /// # Errors
    ///
    /// The operating system's, where it starts no more threads. Then the executor is
    /// shut down again.
    pub(crate) fn start(self: &Arc<Self>, handle: &Handle) -> io::Result<()> {
        for index in 0..self.stations.len() {
            let executor = self.clone();
            let started = handle.host(move || worker::work(executor, index));
            if let Err(error) = started {
                self.give_up(self.stations.len() - index);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Leaves a runnable for whoever gets to it, from any thread.
    fn inject(&self, runnable: Runnable) {
        self.injector.push(runnable);
        if self.tell_of_push().is_closed() {
            // The tasks are ended through the roll.
            self.drain_injector(drop);
        }
    }

    /// Something was pushed where other workers may take it. What the idle word said.
    #[inline]
    fn tell_of_push(&self) -> Word {
        let (word, worker) = self.idle.pushed();
        if let Some(worker) = worker {
            self.rouse(worker);
        }
        word
    }

    fn drain_injector(&self, each: impl Fn(Runnable)) {
        loop {
            match self.injector.steal() {
                Steal::Success(runnable) => each(runnable),
                Steal::Retry => {}
                Steal::Empty => return,
            }
        }
    }

    /// Ends the sleep of a worker.
    #[cold]
    fn rouse(&self, worker: usize) {
        if self.stations[worker].bed.rouse() {
            self.driver_handle.unpark();
        }
    }

    /// Is there anything in the queues that others may take from?
    fn has_work(&self) -> bool {
        !self.injector.is_empty() || self.stations.iter().any(|s| !s.queue.is_empty())
    }
}

impl Executor for MultiThread {
    #[inline]
    fn schedule(&self, runnable: Runnable, caller: Caller) -> Option<Anchor> {
        // A worker keeps the executor alive while this goes on, so that nothing here
        // needs the task's cell once a thief can have it.
        let Err(runnable) = Worker::here(self, runnable, Worker::schedule) else {
            return None;
        };
        // What keeps the executor alive here may lie in the cell.
        let anchor = caller.anchor(&runnable);
        self.inject(runnable);
        anchor
    }

    #[inline]
    fn admit(&self, runnable: Runnable) {
        let here = Worker::here(self, runnable, Worker::admit);
        let admitted = here.unwrap_or_else(|runnable| {
            if !self.roll.enter(&runnable, this_thread::number() as usize) {
                return Err(runnable);
            }
            self.inject(runnable);
            Ok(())
        });
        if let Err(rejected) = admitted {
            rejected.cancel(&Unregistered);
        }
    }

    fn nudge(&self) {
        self.driver_handle.unpark();
    }

    fn shutdown(self: Arc<Self>) {
        self.close();
    }

    fn alive_tasks(&self) -> usize {
        self.roll.len()
    }

    fn injected(&self) -> usize {
        self.injector.len()
    }

    fn workers(&self) -> usize {
        self.stations.len()
    }

    fn worker(&self, worker: usize) -> WorkerCounts<'_> {
        let station = &self.stations[worker];
        WorkerCounts {
            tally: &station.tally,
            queued: station.queue.len(),
            busy: Duration::from_nanos(station.busy.load(Relaxed)),
        }
    }

    fn has_many_threads(&self) -> bool {
        true
    }
}

impl Owner for MultiThread {
    const MANY_THREADS: bool = true;

    #[inline]
    fn forget(&self, key: u32) {
        let near = Worker::current(|worker| worker.index.get());
        self.roll.remove(key, near.unwrap_or(0));
    }
}
