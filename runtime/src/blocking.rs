//! **Where does code that blocks run?** On a pool of threads that grows on
//! demand to a cap, and whose idle threads end after some seconds.
//!
//! One lock guards it all: the queue, how many threads there are, how many sleep and
//! how many are *coming*, that is, were started or called and have yet to arrive.
//!
//! # Who sends for a thread
//!
//! ```text
//!   submit ──► queue; nobody is coming ──► call a thread that sleeps, or start one
//!                                             │ (some 50 µs until it arrives)
//!                    ┌────────────────────────┘
//!                    ▼
//!   a thread takes a job; more are queued than threads come ──► it sends for others
//!                    │                                          before it runs its own
//!                    └──► runs the job, takes the next …; queue empty: sleeps
//! ```
//!
//! Jobs may wait for each other, so while the cap allows it each must get a thread,
//! whatever becomes of the jobs before it. One thread called for each job would see to
//! that, and make a job of 1 µs pay for a system call and two switches of threads:
//! whoever is awake has long done it when the called one arrives. So a chain sees to it:
//! *while a job is queued, a thread is coming, or none is to be had*, and who arrives
//! sends for those that still lack. (Hundred thousand jobs of 1 µs took a quarter of the
//! time so, and 300 switches in place of 150,000.)
//!
//! A chain of single links would be slow where each waits for a busy core, and 500 jobs
//! wait for all of them. So it doubles: each arrival doubles how many may be coming,
//! and each job that ends makes it one again, for then the queue moves by itself; so
//! does whoever finds the queue empty.
//!
//! # The edges
//!
//! A thread that gives up waiting leaves the roll under the same lock under which it
//! was not called. So whoever queues a job finds it there to be called, or finds room
//! for another. (tokio's pool once lost a job there: its issue 8056.) Nor does it matter
//! which thread a call wakes: calls are counted, and who gets up takes one of them.
//!
//! A job is a task whose future calls the closure in its one poll, so its
//! JoinHandle is like any other. Aborted before it runs, it is dropped unrun; a
//! closure that runs can't be stopped.
//!
//! # Shutdown
//!
//! Closing drops every queued job (its handle says "cancelled"), wakes all
//! threads, and waits for those that run a closure: for ever, for a given time,
//! or not at all. Jobs that were promised to run ([`AtClose::Run`]: a file's
//! writes, which their writer has been told are done) stay in the queue, and a
//! thread comes to them still: where a job is queued, there is a thread, and none
//! ends before it has seen the queue empty.
//!
//! An executor's workers run on threads of the pool too, beyond its cap: so there is
//! one place that starts, counts and joins threads. They end with their executor.
//!
//! The pool knows no runtime: whoever submits a job brings what starts a thread, and so
//! does each thread.
//!
//! Read next: `handle/threads.rs`, which does.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::loom::sync::{Condvar, Mutex, MutexGuard};
use crate::loom::thread;
use crate::task::{JoinHandle, Runnable, Unregistered, Unscheduled, contain, coop, new_task};

/// The pool. Dropping it doesn't close it; its runtime does.
pub(crate) struct BlockingPool {
    hall: Arc<Hall>,
}

/// Where the pool's threads and its clients meet.
struct Hall {
    roll: Mutex<Roll>,
    /// A thread was called, or the pool closed.
    work: Condvar,
    /// The closed pool's last thread ends.
    gone: Condvar,
    most: usize,
    keep_alive: Duration,
}

/// What becomes of a job that is still queued when the pool closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AtClose {
    Drop,
    Run,
}

/// Something to run.
#[derive(Debug)]
struct Job {
    runnable: Runnable,
    at_close: AtClose,
    /// An executor's worker: it runs until its executor ends.
    hosted: bool,
}

struct Roll {
    queue: VecDeque<Job>,
    threads: usize,
    /// Executors' workers among the queued and running jobs.
    hosted: usize,
    /// Threads that sleep, or were called and have not got up yet.
    idle: usize,
    /// Those of them that were called.
    called: usize,
    /// Threads that were started or called and have yet to look into the queue.
    coming: usize,
    /// How many may be coming at a time.
    reach: usize,
    /// Jobs that are queued or run.
    unfinished: usize,
    closed: bool,
    /// The threads to join. The newest is started under the lock, so each finds
    /// its own handle here when it ends.
    joins: Vec<thread::JoinHandle<()>>,
}

/// Why a job was not taken. The job is dropped, its handle says "cancelled".
#[derive(Debug)]
pub(crate) enum Refused {
    /// The runtime is shut down.
    Closed,
    /// There is no thread, and none could be started.
    NoThread(io::Error),
}

/// One thread's part in the pool: what it runs until it ends.
pub(crate) struct Worker {
    hall: Arc<Hall>,
}

/// A closure as a future of one poll.
struct Closure<F>(Option<F>);

impl<F> Unpin for Closure<F> {}

impl<F: FnOnce() -> R, R> Future for Closure<F> {
    type Output = R;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<R> {
        let f = self.0.take().expect("a job is polled once");
        // The thread is the closure's own, for as long as it likes.
        Poll::Ready(coop::with_unconstrained(f))
    }
}

impl BlockingPool {
    pub(crate) fn new(most: usize, keep_alive: Duration) -> Self {
        Self {
            hall: Arc::new(Hall {
                roll: Mutex::new(Roll::new()),
                work: Condvar::new(),
                gone: Condvar::new(),
                most,
                keep_alive,
            }),
        }
    }

    /// Queues a closure. `start` starts a thread that calls [`Worker::run`]; it
    /// is called, under the pool's lock, if a thread lacks and none sleeps.
    pub(crate) fn submit<F, R>(
        &self,
        f: F,
        at_close: AtClose,
        start: impl FnOnce(Worker) -> io::Result<thread::JoinHandle<()>>,
    ) -> (JoinHandle<R>, Result<(), Refused>)
    where
        F: FnOnce() -> R,
    {
        let (runnable, handle) = new_task(Closure(Some(f)), Unscheduled);
        let job = Job {
            runnable,
            at_close,
            hosted: false,
        };
        (handle, self.queue(job, start))
    }

    /// The same for an executor's worker: it gets a thread beyond the cap if it must,
    /// and is not dropped when the pool closes.
    ///
    /// # Errors
    ///
    /// The operating system's, where it starts no more threads.
    pub(crate) fn host(
        &self,
        work: impl FnOnce(),
        start: impl FnOnce(Worker) -> io::Result<thread::JoinHandle<()>>,
    ) -> io::Result<()> {
        let (runnable, handle) = new_task(Closure(Some(work)), Unscheduled);
        drop(handle);
        let job = Job {
            runnable,
            at_close: AtClose::Run,
            hosted: true,
        };
        self.queue(job, start).map_err(|refused| match refused {
            Refused::NoThread(error) => error,
            Refused::Closed => unreachable!("what is hosted is taken in always"),
        })
    }

    fn queue(
        &self,
        job: Job,
        start: impl FnOnce(Worker) -> io::Result<thread::JoinHandle<()>>,
    ) -> Result<(), Refused> {
        let mut roll = self.hall.roll.lock();
        let hosted = job.hosted;
        // Who hands a worker's post over while the pool closes is one of its threads, so
        // nobody has waited to the end yet; and somebody has to see to what is queued there.
        if roll.closed && !hosted {
            drop(roll);
            job.runnable.cancel(&Unregistered);
            return Err(Refused::Closed);
        }
        if hosted {
            roll.hosted += 1;
            roll.queue.push_front(job);
        } else {
            roll.queue.push_back(job);
        }
        roll.unfinished += 1;
        // A worker's thread is sent for here: whoever hosts it hears of a failure. So is
        // the first for other jobs: one that comes for a worker may be alone to come.
        if !hosted && !roll.lacks_a_thread() && roll.threads > roll.hosted {
            return Ok(());
        }
        if roll.call() {
            drop(roll);
            self.hall.work.notify_one();
            return Ok(());
        }
        if !hosted && !roll.has_room(self.hall.most) {
            return Ok(());
        }
        let worker = Worker {
            hall: self.hall.clone(),
        };
        match start(worker) {
            Ok(join) => {
                roll.enter(join);
                Ok(())
            }
            // The job waits for one of the threads that there are.
            Err(_) if !hosted && roll.threads > roll.hosted => Ok(()),
            Err(error) => {
                let job = if hosted {
                    roll.hosted -= 1;
                    roll.queue.pop_front()
                } else {
                    roll.queue.pop_back()
                };
                let job = job.expect("just queued");
                roll.unfinished -= 1;
                drop(roll);
                job.runnable.cancel(&Unregistered);
                Err(Refused::NoThread(error))
            }
        }
    }

    /// Is any job queued or running?
    pub(crate) fn is_busy(&self) -> bool {
        self.hall.roll.lock().unfinished > 0
    }

    /// Drops the queued jobs, but for those that must run, and takes no more.
    pub(crate) fn close(&self) {
        let mut roll = self.hall.roll.lock();
        roll.closed = true;
        let (kept, dropped): (VecDeque<_>, VecDeque<_>) = mem::take(&mut roll.queue)
            .into_iter()
            .partition(|job| job.at_close == AtClose::Run);
        roll.queue = kept;
        roll.unfinished -= dropped.len();
        let waited_for = roll.idle > 0;
        drop(roll);
        if waited_for {
            self.hall.work.notify_all();
        }
        for job in dropped {
            job.runnable.cancel(&Unregistered);
        }
    }

    /// Waits until every thread of the closed pool has ended, at most `timeout`.
    /// Those that have not are left to themselves.
    pub(crate) fn wait(&self, timeout: Option<Duration>) {
        let deadline = timeout.and_then(|t| Instant::now().checked_add(t));
        let mut roll = self.hall.roll.lock();
        while let Some(deadline) = deadline
            && roll.threads > 0
        {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            roll = self.hall.gone.wait_timeout(roll, left).0;
        }
        // To join a thread is to sleep until it is gone: one sleep for both, where nobody
        // counts the time. One that handed a worker's post over leaves another to join.
        while let Some(join) = roll.joins.pop() {
            // A job may hold the runtime's last owner: it can't wait for itself.
            if join.thread().id() == thread::current().id() {
                continue;
            }
            drop(roll);
            // A panic has been reported.
            let _ = join.join();
            roll = self.hall.roll.lock();
        }
    }
}

impl Roll {
    fn new() -> Self {
        Self {
            queue: VecDeque::new(),
            threads: 0,
            hosted: 0,
            idle: 0,
            called: 0,
            coming: 0,
            reach: 1,
            unfinished: 0,
            closed: false,
            joins: Vec::new(),
        }
    }

    /// Is another thread to be sent for?
    fn lacks_a_thread(&self) -> bool {
        self.coming < self.queue.len().min(self.reach)
    }

    /// Calls a thread that sleeps, if one does: the caller owes it a notification.
    fn call(&mut self) -> bool {
        let sleeps = self.called < self.idle;
        if sleeps {
            self.called += 1;
            self.coming += 1;
        }
        sleeps
    }

    /// A thread was called: is it the one that asks?
    fn answer(&mut self) -> bool {
        let called = self.called > 0;
        self.called -= usize::from(called);
        called
    }

    /// Does the cap allow one more? Those that host a worker don't count.
    fn has_room(&self, most: usize) -> bool {
        self.threads - self.hosted.min(self.threads) < most
    }

    /// A thread was started.
    fn enter(&mut self, join: thread::JoinHandle<()>) {
        self.threads += 1;
        self.coming += 1;
        self.joins.push(join);
    }

    /// A thread has come, and is about to look into the queue.
    fn arrive(&mut self) {
        self.coming -= 1;
        self.reach = self.reach.saturating_mul(2);
    }

    /// A job is over.
    fn finish(&mut self, hosted: bool) {
        self.unfinished -= 1;
        self.hosted -= usize::from(hosted);
        self.reach = 1;
    }
}

impl Worker {
    /// Takes jobs until the pool closes or none comes for a while. `hello` is
    /// called first, `after` after each job; `start` starts another thread.
    pub(crate) fn run(
        self,
        hello: impl FnOnce(),
        after: impl Fn(),
        start: impl Fn(Worker) -> io::Result<thread::JoinHandle<()>>,
    ) {
        let hall = &self.hall;
        let sign_off = SignOff(hall);
        // A hook that panics costs no job.
        contain(hello);
        let mut roll = hall.roll.lock();
        roll.arrive();
        loop {
            while let Some(job) = roll.queue.pop_front() {
                self.send_for_others(&mut roll, &start);
                drop(roll);
                let _ = job.runnable.run(&Unregistered);
                hall.roll.lock().finish(job.hosted);
                after();
                roll = hall.roll.lock();
            }
            roll.reach = 1; // a chain that has reached everybody is at its end
            // Idle, until it is called. A wake-up that was not meant for it, because
            // another thread was quicker, goes on waiting.
            roll.idle += 1;
            let mut waited_in_vain = false;
            while !roll.answer() {
                if roll.closed || waited_in_vain {
                    roll.idle -= 1;
                    mem::forget(sign_off);
                    return hall.sign_off(roll);
                }
                (roll, waited_in_vain) = hall.work.wait_timeout(roll, hall.keep_alive);
            }
            roll.idle -= 1;
            roll.arrive();
        }
    }

    /// Sends for as many threads as lack, if they are to be had.
    fn send_for_others(
        &self,
        roll: &mut Roll,
        start: impl Fn(Worker) -> io::Result<thread::JoinHandle<()>>,
    ) {
        let hall = &self.hall;
        while roll.lacks_a_thread() {
            if roll.call() {
                hall.work.notify_one();
                continue;
            }
            if !roll.has_room(hall.most) {
                return;
            }
            let mut started = None;
            // Whoever names the threads may panic. The job in hand is to be run still.
            contain(|| started = start(Worker { hall: hall.clone() }).ok());
            let Some(join) = started else {
                return;
            };
            roll.enter(join);
        }
    }
}

impl Hall {
    /// Takes the calling thread off the roll.
    fn sign_off(&self, mut roll: MutexGuard<'_, Roll>) {
        roll.threads -= 1;
        if !roll.closed {
            // Nobody will join it: let go of its own handle.
            let me = thread::current().id();
            roll.joins.retain(|join| join.thread().id() != me);
        } else if roll.threads == 0 {
            self.gone.notify_all();
        }
    }
}

/// Takes a thread off the roll that ends by a panic in a hook.
struct SignOff<'a>(&'a Hall);

impl Drop for SignOff<'_> {
    fn drop(&mut self) {
        self.0.sign_off(self.0.roll.lock());
    }
}

#[cfg(all(test, not(loom)))]
#[path = "blocking_tests.rs"]
mod tests;

#[cfg(all(test, loom))]
#[path = "blocking_models.rs"]
mod models;
