//! Jobs that are queued when the pool closes.

use std::sync::mpsc;
use std::time::Duration;

use super::*;

fn start(worker: Worker) -> io::Result<thread::JoinHandle<()>> {
    thread::Builder::new().spawn(move || worker.run(|| {}, || {}))
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
