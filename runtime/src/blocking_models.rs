//! The pool under loom: its own code, on loom's locks and threads.
//!
//! A thread sleeps until it is called or the model lets its time run out, so that no
//! wake-up is saved by a timeout that the model did not ask for. What a job holds is
//! loom's `Arc`: loom reports a job that is neither run nor dropped, and as a deadlock
//! whoever waits for ever. So each model closes its pool and waits for its threads.
//!
//! What was seen to fail when it was weakened:
//!
//! | weakened | by | fails |
//! |---|---|---|
//! | a thread that gives up | does not look whether it was called | `loom_submit_against_a_thread_that_gives_up` |
//! | | still counts as idle | the same |
//! | | still counts among the threads | the same |
//! | | unlocks between that look and its leave | the same |
//! | a thread with nothing to do | unlocks between its look at the queue and its sleep | the same |
//! | `BlockingPool::queue` | calls, and does not notify | the same |
//! | | does not look at `closed` | `loom_shutdown_against_submit` |
//! | | counts on whoever comes for a worker | `loom_job_beside_a_worker` |
//! | `BlockingPool::close` | drops what must run | `loom_shutdown_against_submit_of_what_must_run` |
//! | a closed pool's thread | leaves before it looks into the queue | the same |
//! | | leaves though it was called | `loom_shutdown_against_submit_to_a_sleeper` |
//! | | as the last, does not notify | the same |
//! | `BlockingPool::close` | notifies nobody, or one | `loom_shutdown_wakes_everybody` |
//! | `BlockingPool::wait` | joins nobody | `loom_shutdown_against_submit` |
//! | | joins those who are there when it begins | `loom_shutdown_against_a_post_handed_over` |
//! | a thread that took a job | sends for nobody | `loom_meeting_of_three` |
//! | | sends for one if nobody comes and two are queued | the same |
//! | | calls, and does not notify | `loom_meeting_of_sleepers` |
//! | `Roll::arrive` | still counts as coming | the same |
//! | `Roll::call` | calls one that was called | `loom_meeting_of_sleepers_and_one_more` |
//! | `Roll::has_room` | counts who hosts a worker | `loom_job_beside_a_worker` |
//!
//! That the chain doubles (`Roll::reach`) makes it quick, not sure: without, nothing fails.

use std::sync::atomic::AtomicUsize as UnseenCounter;
use std::sync::atomic::Ordering::Relaxed;

use super::*;
use crate::loom::model;
use crate::loom::sync::{AGES, Arc as Shared};

fn start(worker: Worker) -> io::Result<thread::JoinHandle<()>> {
    thread::Builder::new().spawn(move || worker.run(|| {}, || {}, start))
}

/// A job's output, or `None` if it was cancelled.
fn outcome<R>(handle: JoinHandle<R>) -> Option<R> {
    match loom::future::block_on(handle) {
        Ok(output) => Some(output),
        Err(error) => {
            assert!(error.is_cancelled(), "{error}");
            None
        }
    }
}

/// A pool as the models use it.
#[derive(Clone)]
struct House(Arc<BlockingPool>);

impl House {
    fn new(most: usize) -> Self {
        Self(Arc::new(BlockingPool::new(most, AGES)))
    }

    fn submit(&self, job: impl FnOnce()) -> JoinHandle<()> {
        let (handle, queued) = self.0.submit(job, AtClose::Drop, start);
        queued.unwrap();
        handle
    }

    /// Submits jobs that wait for each other.
    fn call_meeting(&self, jobs: usize) -> Called {
        let meeting = Meeting::of(jobs + 1);
        let submit = |_| {
            let meeting = meeting.clone();
            self.submit(move || meeting.wait())
        };
        let handles = (0..jobs).map(submit).collect();
        Called { meeting, handles }
    }

    /// Whoever sleeps has slept long enough.
    fn let_time_run_out(&self) {
        let roll = self.0.hall.roll.lock();
        self.0.hall.work.let_time_run_out(&roll);
    }

    /// Closes, waits, and looks whether all is cleared away.
    fn shut_down(&self, timeout: Option<Duration>) {
        self.0.close();
        self.0.wait(timeout);
        let roll = self.0.hall.roll.lock();
        let left = [
            roll.threads,
            roll.hosted,
            roll.idle,
            roll.called,
            roll.coming,
            roll.unfinished,
            roll.queue.len(),
            roll.joins.len(),
        ];
        assert_eq!(left, [0; 8]);
    }
}

/// Where so many wait for each other.
struct Meeting {
    missing: Mutex<usize>,
    complete: Condvar,
}

impl Meeting {
    fn of(all: usize) -> Arc<Self> {
        Arc::new(Self {
            missing: Mutex::new(all),
            complete: Condvar::new(),
        })
    }

    fn wait(&self) {
        let mut missing = self.missing.lock();
        *missing -= 1;
        if *missing == 0 {
            self.complete.notify_all();
        }
        while *missing > 0 {
            missing = self.complete.wait(missing);
        }
    }
}

/// Jobs that meet each other and the model. Their handles are kept to the end: what they
/// do with their tasks is another model's matter, and multiplies the interleavings.
struct Called {
    meeting: Arc<Meeting>,
    #[allow(dead_code)] // for their drop
    handles: Vec<JoinHandle<()>>,
}

impl Called {
    /// Comes to the meeting, too.
    #[must_use]
    fn meet(self) -> Self {
        self.meeting.wait();
        self
    }
}

/// At a cap of one: the job finds the thread there to be called, or room for another.
#[test]
fn loom_submit_against_a_thread_that_gives_up() {
    model(3, || {
        let house = House::new(1);
        let _first = house.call_meeting(1).meet();
        house.let_time_run_out();
        let _second = house.call_meeting(1).meet();
        house.shut_down(None);
    });
}

/// Two may sleep, and are called while they give up. It doesn't matter who takes a call,
/// and who leaves.
#[test]
fn loom_submits_against_two_threads_that_give_up() {
    model(2, || {
        let house = House::new(2);
        let _first = house.call_meeting(2).meet();
        house.let_time_run_out();
        let second = house.call_meeting(1);
        let third = house.call_meeting(1);
        let _both = (second.meet(), third.meet());
        house.shut_down(None);
    });
}

/// Two jobs wait for each other, on a thread that gives up and on whoever else comes.
#[test]
fn loom_meeting_against_a_thread_that_gives_up() {
    model(2, || {
        let house = House::new(2);
        let _first = house.call_meeting(1).meet();
        house.let_time_run_out();
        let _second = house.call_meeting(2).meet();
        house.shut_down(None);
    });
}

/// How many jobs have begun and ended.
#[derive(Default)]
struct Tally {
    begun: UnseenCounter,
    ended: UnseenCounter,
}

impl Tally {
    fn job(self: &Arc<Self>) -> impl FnOnce() + use<> {
        let (tally, held) = (self.clone(), Shared::new(()));
        move || {
            tally.begun.fetch_add(1, Relaxed);
            thread::yield_now();
            tally.ended.fetch_add(1, Relaxed);
            drop(held);
        }
    }

    fn counts(&self) -> (usize, usize) {
        (self.begun.load(Relaxed), self.ended.load(Relaxed))
    }
}

/// A job is handed in while `house` shuts down.
fn shutdown_against_submit(house: &House, at_close: AtClose, timeout: Option<Duration>) {
    let tally = Arc::new(Tally::default());
    let (there, job) = (house.clone(), tally.job());
    let submitting = thread::spawn(move || there.0.submit(job, at_close, start));
    house.shut_down(timeout);
    let (begun, ended) = tally.counts();
    assert_eq!(begun, ended, "shutdown waits for what runs");
    let (handle, queued) = submitting.join().unwrap();
    let ran = outcome(handle).is_some();
    assert_eq!(ran, ended == 1, "nothing runs after the shutdown");
    match queued {
        Ok(()) => assert!(ran || at_close == AtClose::Drop),
        Err(refused) => assert!(!ran && matches!(refused, Refused::Closed)),
    }
}

#[test]
fn loom_shutdown_against_submit() {
    model(3, || {
        shutdown_against_submit(&House::new(1), AtClose::Drop, None)
    });
}

#[test]
fn loom_shutdown_against_submit_of_what_must_run() {
    model(3, || {
        shutdown_against_submit(&House::new(1), AtClose::Run, None)
    });
}

/// The same where a thread sleeps, or is about to. Whoever shuts down counts the time.
#[test]
fn loom_shutdown_against_submit_to_a_sleeper() {
    model(2, || {
        let house = House::new(1);
        let _first = house.call_meeting(1).meet();
        shutdown_against_submit(&house, AtClose::Run, Some(AGES * 2));
    });
}

/// Two threads sleep, or are about to, while the pool closes.
#[test]
fn loom_shutdown_wakes_everybody() {
    model(2, || {
        let house = House::new(2);
        let _met = house.call_meeting(2).meet();
        house.shut_down(None);
    });
}

/// A job that hands an executor's worker over to another thread while the pool closes.
#[test]
fn loom_shutdown_against_a_post_handed_over() {
    model(2, || {
        let house = House::new(1);
        let tally = Arc::new(Tally::default());
        let (there, post) = (house.clone(), tally.job());
        house
            .0
            .host(move || there.0.host(post, start).unwrap(), start)
            .unwrap();
        house.shut_down(None);
        assert_eq!(tally.counts(), (1, 1));
    });
}

/// Jobs that wait for each other all run at once: the chain reaches each.
#[test]
fn loom_meeting_of_three() {
    model(2, || {
        let house = House::new(3);
        let _met = house.call_meeting(3).meet();
        house.shut_down(None);
    });
}

/// The same with threads that sleep, or are about to, and are called.
#[test]
fn loom_meeting_of_sleepers() {
    model(2, || {
        let house = House::new(2);
        let _first = house.call_meeting(2).meet();
        let _second = house.call_meeting(2).meet();
        house.shut_down(None);
    });
}

/// Two that sleep are called, each once, and a third is started.
#[test]
fn loom_meeting_of_sleepers_and_one_more() {
    model(1, || {
        let house = House::new(3);
        let _first = house.call_meeting(2).meet();
        let _second = house.call_meeting(3).meet();
        house.shut_down(None);
    });
}

/// A job stays until the last one runs, and one between them ends meanwhile.
#[test]
fn loom_job_beside_one_that_stays() {
    model(2, || {
        let house = House::new(2);
        let meeting = Meeting::of(3);
        let there = meeting.clone();
        let _stays = house.submit(move || there.wait());
        let _ends = house.submit(|| {});
        let there = meeting.clone();
        let _comes = house.submit(move || there.wait());
        meeting.wait();
        house.shut_down(None);
    });
}

/// An executor's worker waits for a job: the cap leaves room for both. And the job's
/// thread is sent for where it is handed in, for the worker's may get no other started.
#[test]
fn loom_job_beside_a_worker() {
    fn start_the_last(worker: Worker) -> io::Result<thread::JoinHandle<()>> {
        let refuse = |_: Worker| Err(io::ErrorKind::WouldBlock.into());
        thread::Builder::new().spawn(move || worker.run(|| {}, || {}, refuse))
    }
    model(3, || {
        let house = House::new(1);
        let meeting = Meeting::of(3);
        let there = meeting.clone();
        house.0.host(move || there.wait(), start_the_last).unwrap();
        let there = meeting.clone();
        let _job = house.submit(move || there.wait());
        meeting.wait();
        house.shut_down(None);
    });
}
