//! **Where does code that blocks run?** On a pool of threads that grows on
//! demand to a cap, and whose idle threads end after some seconds.
//!
//! One lock guards it all: the queue, and how many threads there are and wait.
//! So the edges are plain. A thread that gives up waiting looks at the queue
//! once more under the same lock before it goes, and a job that is left while
//! fewer threads wait than jobs are queued starts another thread. Neither can
//! miss the other. (tokio's pool once lost a job there: its issue 8056.)
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
//! The pool knows no runtime: whoever submits a job brings what starts a thread.
//!
//! Read next: `handle.rs`, which does.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

use crate::loom::sync::{Condvar, Mutex};
use crate::task::{
    Anchor, Caller, JoinHandle, Runnable, Schedule, Unregistered, contain, coop, new_task,
};

/// The pool. Dropping it doesn't close it; its runtime does.
#[derive(Debug)]
pub(crate) struct BlockingPool {
    hall: Arc<Hall>,
}

/// Where the pool's threads and its clients meet.
#[derive(Debug)]
struct Hall {
    roll: Mutex<Roll>,
    /// A job was queued, or the pool closed.
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

#[derive(Debug, Default)]
struct Roll {
    queue: VecDeque<Job>,
    threads: usize,
    /// Executors' workers among the queued and running jobs.
    hosted: usize,
    idle: usize,
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
#[derive(Debug)]
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

/// Jobs are queued when they are submitted, and a wake means nothing to them.
struct Unscheduled;

impl Schedule for Unscheduled {
    fn schedule(&self, runnable: Runnable, caller: Caller) -> Option<Anchor> {
        let anchor = caller.anchor(&runnable);
        drop(runnable);
        anchor
    }
}

impl BlockingPool {
    pub(crate) fn new(most: usize, keep_alive: Duration) -> Self {
        Self {
            hall: Arc::new(Hall {
                roll: Mutex::new(Roll::default()),
                work: Condvar::new(),
                gone: Condvar::new(),
                most,
                keep_alive,
            }),
        }
    }

    /// Queues a closure. `start` starts a thread that calls [`Worker::run`]; it
    /// is called, under the pool's lock, if fewer threads wait than jobs.
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
        if roll.queue.len() <= roll.idle {
            drop(roll);
            self.hall.work.notify_one();
            return Ok(());
        }
        if !hosted && roll.threads - roll.hosted.min(roll.threads) >= self.hall.most {
            return Ok(());
        }
        let worker = Worker {
            hall: self.hall.clone(),
        };
        match start(worker) {
            Ok(join) => {
                roll.threads += 1;
                roll.joins.push(join);
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
        let (kept, dropped): (VecDeque<_>, VecDeque<_>) = std::mem::take(&mut roll.queue)
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
            drop(roll);
            // A panic has been reported.
            let _ = join.join();
            roll = self.hall.roll.lock();
        }
    }
}

impl Worker {
    /// Takes jobs until the pool closes or none comes for a while. `hello` is
    /// called first, `after` after each job.
    pub(crate) fn run(self, hello: impl FnOnce(), after: impl Fn()) {
        let _sign_off = SignOff(&self.hall);
        // A hook that panics costs no job.
        contain(hello);
        let hall = &self.hall;
        let mut roll = hall.roll.lock();
        loop {
            while let Some(job) = roll.queue.pop_front() {
                drop(roll);
                let _ = job.runnable.run(&Unregistered);
                roll = hall.roll.lock();
                roll.unfinished -= 1;
                if job.hosted {
                    roll.hosted -= 1;
                }
                drop(roll);
                after();
                roll = hall.roll.lock();
            }
            // Idle, until there is work. A wake-up that finds none, because
            // another thread was quicker, goes on waiting.
            while roll.queue.is_empty() {
                if roll.closed {
                    return;
                }
                roll.idle += 1;
                let waited = hall.work.wait_timeout(roll, hall.keep_alive);
                roll = waited.0;
                roll.idle -= 1;
                if waited.1 && roll.queue.is_empty() {
                    return;
                }
            }
        }
    }
}

/// Takes a thread off the roll when it ends, also by a panic in a hook.
struct SignOff<'a>(&'a Hall);

impl Drop for SignOff<'_> {
    fn drop(&mut self) {
        let mut roll = self.0.roll.lock();
        roll.threads -= 1;
        if !roll.closed {
            // Nobody will join it: let go of its own handle.
            let me = thread::current().id();
            roll.joins.retain(|join| join.thread().id() != me);
        } else if roll.threads == 0 {
            self.0.gone.notify_all();
        }
    }
}

#[cfg(all(test, not(loom)))]
#[path = "blocking_tests.rs"]
mod tests;
