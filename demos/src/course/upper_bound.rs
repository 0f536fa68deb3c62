//! **How much faster can a program become?** As fast as what can't be done at once lets
//! it: a job of which half must be done in order is never more than twice as fast,
//! whatever the number of cores.
//!
//! ```text
//! $ demos run upper-bound
//!
//! 50 % of the job can be concurrent: never more than 2.0 times as fast.
//!    1 thread   203 ms  1.00 times as fast (bound: 1.00); 50 % of this machine
//!    2 threads  153 ms  1.33 times as fast (bound: 1.33); 66 % of this machine
//! …
//! One thread of this machine's 2 cores: 50 %. Of the course's 12: 8 %.
//! ```
//!
//! There are two ways to be faster, and two programs: to compute on more cores, for which
//! a runtime of one thread is of no use; and to wait for more at once, for which it is
//! all that is needed. Both have the same bound, and a picture with it.
//!
//! Read next: `../amdahl.rs`, the job and the bound; `requests.rs`.

use std::io;
use std::thread;
use std::time::Instant;

use super::rt;
use crate::amdahl;
use crate::stage::{Stage, Threads};

// Computing, on threads.

pub(crate) fn on_threads(stage: &Stage) -> io::Result<()> {
    amdahl::computing(
        stage,
        |n| n,
        |job, n| {
            let t0 = Instant::now();
            let mut sum = job.first();
            thread::scope(|scope| {
                let start = |at| scope.spawn(move || job.piece(at, n));
                let pieces: Vec<_> = (0..n).map(start).collect();
                for piece in pieces {
                    sum = sum.wrapping_add(piece.join().expect("a piece does not panic"));
                }
            });
            Ok((t0.elapsed(), sum))
        },
    )
}

// The same on tasks: of use where the runtime has threads for them.

fn loop_of(threads: Threads, workers: u64) -> io::Result<rt::runtime::Runtime> {
    match threads {
        Threads::One => super::new_loop(Threads::One),
        Threads::PerCore => rt::runtime::Builder::new_multi_thread()
            .worker_threads(workers as usize)
            .build(),
    }
}

pub(crate) fn on_tasks(stage: &Stage) -> io::Result<()> {
    let threads = |n| match stage.threads() {
        Threads::One => 1,
        Threads::PerCore => n,
    };
    amdahl::computing(stage, threads, |job, n| {
        let event_loop = loop_of(stage.threads(), n)?;
        Ok(event_loop.block_on(async {
            let t0 = Instant::now();
            let mut sum = job.first();
            let start = |at| {
                let job = job.clone();
                rt::spawn(async move { job.piece(at, n) })
            };
            let pieces: Vec<_> = (0..n).map(start).collect();
            for piece in pieces {
                sum = sum.wrapping_add(piece.await.expect("a piece does not panic"));
            }
            (t0.elapsed(), sum)
        }))
    })
}

// Waiting: one thread is enough for any number of waits.

pub(crate) fn waiting(stage: &Stage) -> io::Result<()> {
    let event_loop = super::new_loop(stage.threads())?;
    amdahl::waiting(stage, |job, n| {
        Ok(event_loop.block_on(async {
            let t0 = Instant::now();
            rt::time::sleep(job.first_wait()).await;
            let wait = job.piece_wait(n);
            let start = |_| {
                let job = job.clone();
                rt::spawn(async move {
                    let _under_way = job.under_way();
                    rt::time::sleep(wait).await;
                })
            };
            let waits: Vec<_> = (0..n).map(start).collect();
            for wait in waits {
                wait.await.expect("a wait does not panic");
            }
            t0.elapsed()
        }))
    })
}
