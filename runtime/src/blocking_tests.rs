//! Who is sent for, and what becomes of jobs that are queued when the pool closes.

use std::sync::{Barrier, mpsc};
use std::time::Duration;

use super::*;

fn start(worker: Worker) -> io::Result<thread::JoinHandle<()>> {
    thread::Builder::new().spawn(move || worker.run(|| {}, || {}, start))
}

/// A pool of one thread, which runs a job until the sender is dropped.
fn occupied() -> (BlockingPool, mpsc::Sender<()>) {
    let pool = BlockingPool::new(1, Duration::from_secs(60));
    let (leave, stay) = mpsc::channel::<()>();
    let (entered_tx, entered) = mpsc::channel();
    let busy = move || {
        entered_tx.send(()).unwrap();
        let _ = stay.recv();
    };
    pool.submit(busy, AtClose::Drop, start).1.unwrap();
    entered.recv().unwrap();
    (pool, leave)
}

/// Submits so many jobs that wait for each other.
fn submit_meeting(pool: &BlockingPool, jobs: usize) -> mpsc::Receiver<()> {
    let meeting = Arc::new(Barrier::new(jobs));
    let (met, all_met) = mpsc::channel();
    for _ in 0..jobs {
        let (meeting, met) = (meeting.clone(), met.clone());
        let job = move || {
            meeting.wait();
            met.send(()).unwrap();
        };
        pool.submit(job, AtClose::Drop, start).1.unwrap();
    }
    all_met
}

#[test]
fn jobs_that_wait_for_each_other_all_get_a_thread() {
    let pool = BlockingPool::new(20, Duration::from_secs(60));
    // On new threads; on those and more; on threads that sleep, or are about to.
    for jobs in [8, 20, 20, 3] {
        assert_eq!(submit_meeting(&pool, jobs).iter().count(), jobs);
    }
    assert!(pool.hall.roll.lock().threads <= 20);
    pool.close();
    pool.wait(None);
}

#[test]
fn jobs_beside_one_that_stays_get_a_thread_though_others_end() {
    let pool = BlockingPool::new(5, Duration::from_secs(60));
    let (leave, stay) = mpsc::channel::<()>();
    let busy = move || {
        let _ = stay.recv();
    };
    pool.submit(busy, AtClose::Drop, start).1.unwrap();
    for _ in 0..100 {
        assert_eq!(submit_meeting(&pool, 4).iter().count(), 4);
    }
    drop(leave);
    pool.close();
    pool.wait(None);
}

/// Threads that end as soon as they have nothing to do, at a cap of one: each job comes
/// as the thread of the one before it gives up.
#[test]
fn no_job_is_lost_to_a_thread_that_gives_up() {
    let pool = BlockingPool::new(1, Duration::ZERO);
    for _ in 0..2000 {
        assert_eq!(submit_meeting(&pool, 1).iter().count(), 1);
    }
    pool.close();
    pool.wait(None);
}

/// One thread, as late as can be, and the last that there is to be had.
fn one_thread_does_all(refuse: fn(Worker) -> io::Result<thread::JoinHandle<()>>) {
    let pool = BlockingPool::new(100, Duration::from_secs(60));
    let (open, door) = mpsc::channel::<()>();
    let late = move |worker: Worker| {
        let hello = move || {
            let _ = door.recv();
        };
        thread::Builder::new().spawn(move || worker.run(hello, || {}, refuse))
    };
    let (ran, runs) = mpsc::channel();
    let job = || {
        let ran = ran.clone();
        move || ran.send(thread::current().id()).unwrap()
    };
    pool.submit(job(), AtClose::Drop, late).1.unwrap();
    for _ in 0..50 {
        let none = |_| panic!("one is coming");
        pool.submit(job(), AtClose::Drop, none).1.unwrap();
    }
    drop(ran);
    drop(open);
    let runs: Vec<_> = runs.iter().collect();
    assert_eq!(runs, [runs[0]; 51]);
    pool.close();
    pool.wait(None);
}

#[test]
fn while_a_thread_is_coming_no_other_is_started() {
    one_thread_does_all(|_| Err(io::ErrorKind::WouldBlock.into()));
}

#[test]
fn who_names_threads_and_panics_costs_no_job() {
    one_thread_does_all(|_| panic!("no name comes to mind"));
}

/// The last to let go of a runtime may be one of its own jobs.
#[test]
fn a_job_that_drops_its_runtime_does_not_wait_for_itself() {
    let runtime = crate::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let handle = runtime.handle().clone();
    let (done, ended) = mpsc::channel();
    let _job = handle.spawn_blocking(move || {
        drop(runtime);
        done.send(()).unwrap();
    });
    ended.recv_timeout(Duration::from_secs(30)).unwrap();
}

#[test]
fn a_queued_job_that_must_run_runs_after_the_close() {
    let (pool, leave) = occupied();
    let (ran, runs) = mpsc::channel();
    for (name, at_close) in [
        ("first", AtClose::Run),
        ("second", AtClose::Drop),
        ("third", AtClose::Run),
    ] {
        let ran = ran.clone();
        let job = move || ran.send(name).unwrap();
        pool.submit(job, at_close, start).1.unwrap();
    }
    drop(ran);
    pool.close();
    drop(leave);
    pool.wait(None);
    assert_eq!(runs.iter().collect::<Vec<_>>(), ["first", "third"]);
    assert!(!pool.is_busy());
}

#[test]
fn a_closed_pool_takes_no_job_whatever_was_asked_for() {
    let (pool, leave) = occupied();
    pool.close();
    for at_close in [AtClose::Drop, AtClose::Run] {
        let (handle, queued) = pool.submit(|| panic!("ran"), at_close, start);
        assert!(matches!(queued, Err(Refused::Closed)));
        assert!(handle.is_finished());
    }
    drop(leave);
    pool.wait(None);
}

#[test]
fn an_idle_thread_ends_when_the_pool_closes() {
    let (pool, leave) = occupied();
    drop(leave);
    pool.close();
    pool.wait(None);
    assert_eq!(pool.hall.roll.lock().threads, 0);
}
