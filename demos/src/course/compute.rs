//! **What if a program never waits, and only computes?** Then nothing is gained by asking
//! sooner: somebody has to do the work. Two cores do it in half the time, if both are
//! put to it: by threads, by processes, or by the threads that a runtime has anyway.
//!
//! ```text
//! $ demos run compute
//!
//! Doing math on 2 processors: 30,000,000 steps in 2 parts, threads.
//! Done in 0.0502 sec.: 98 % of the machine.
//! Our results:
//!       6,566,666.63   steps 1 to 15,000,000
//!      21,500,000.50   steps 15,000,001 to 30,000,000
//! ```
//!
//! In the course threads gain nothing: CPython's GIL lets one of them compute at a time,
//! and so it needs processes, or Cython with `nogil`. Rust is native code, and there is
//! no such lock: threads are enough, and processes only cost their start.
//!
//! Tasks gain what their executor has: on one thread they wait for each other, and
//! everything else on that loop waits for them. That is what `spawn_blocking` is for.
//!
//! The clock runs from before anybody is started (threads, processes, the loop) until the
//! last result is there. Each contender runs the same function on the same parts.
//!
//! Read next: `../crew/sums.rs`, the work; `../crew/processes.rs`.

use std::io;
use std::thread;

use super::{new_loop, rt};
use crate::crew::processes::ProcessPool;
use crate::crew::sums::{Clock, Part};
use crate::crew::{Pool, Reply, Roll};
use crate::stage::Stage;

pub(crate) fn one_thread(stage: &Stage) -> io::Result<()> {
    let (clock, parts) = Clock::start(stage, "one thread");
    let sums = parts.iter().map(|part| part.sum()).collect();
    clock.done(&parts, sums);
    Ok(())
}

pub(crate) fn threads(stage: &Stage) -> io::Result<()> {
    let (clock, parts) = Clock::start(stage, "threads");
    let threads: Vec<_> = parts
        .iter()
        .map(|&part| thread::spawn(move || part.sum()))
        .collect();
    let joined = threads.into_iter().map(thread::JoinHandle::join);
    let sums = joined.map(|sum| sum.expect("it only adds")).collect();
    clock.done(&parts, sums);
    Ok(())
}

pub(crate) fn processes(stage: &Stage) -> io::Result<()> {
    let roll = Roll::new(stage);
    let (clock, parts) = Clock::start(stage, "processes");
    let pool = ProcessPool::start(parts.len(), &roll)?;
    let errands = parts.iter().map(|part| part.errand());
    let mut sums = vec![0; parts.len()];
    for (place, reply) in pool.as_completed(errands) {
        match reply {
            Ok(Reply::Sum(sum)) => sums[place] = sum,
            Ok(Reply::Title(_)) => unreachable!("a sum was asked for"),
            Err(gone) => {
                let line = format!("no mean of {}: {gone}", parts[place]);
                stage.red(&line);
                return Err(io::Error::other(line)); // and the other workers end too
            }
        }
    }
    drop(pool); // the time of its workers is known when they have ended
    let here = std::process::id();
    let elsewhere = roll.errands() == parts.len() && !roll.pids().contains(&here);
    stage.check("every part was another process's", elsewhere);
    clock.done(&parts, sums);
    Ok(())
}

// On a runtime: as tasks, which never await and so keep their thread; and on the threads
// that it has for such work.

async fn do_math(part: Part) -> u64 {
    part.sum()
}

pub(crate) fn tasks(stage: &Stage) -> io::Result<()> {
    let (clock, parts) = Clock::start(stage, "tasks");
    let event_loop = new_loop(stage.threads())?;
    let sums = event_loop.block_on(async {
        let tasks: Vec<_> = parts.iter().map(|&part| rt::spawn(do_math(part))).collect();
        let mut sums = Vec::new();
        for task in tasks {
            sums.push(task.await.expect("it only adds"));
        }
        sums
    });
    clock.done(&parts, sums);
    Ok(())
}

pub(crate) fn blocking(stage: &Stage) -> io::Result<()> {
    let (clock, parts) = Clock::start(stage, "spawn_blocking");
    let event_loop = new_loop(stage.threads())?;
    let sums = event_loop.block_on(async {
        let start = |&part: &Part| rt::task::spawn_blocking(move || part.sum());
        let work: Vec<_> = parts.iter().map(start).collect();
        let mut sums = Vec::new();
        for part in work {
            sums.push(part.await.expect("it only adds"));
        }
        sums
    });
    clock.done(&parts, sums);
    Ok(())
}
