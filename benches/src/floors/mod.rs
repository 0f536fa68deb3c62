//! **How fast could it be at all?** For each row, the fastest plain program that
//! does the same job: boxed futures polled in a bare loop, no task cells, no
//! join handles, no wakers that wake, no looks at a driver. Where sockets take
//! part, a loop over mio and no future at all.
//!
//! A floor is not a runtime: it knows beforehand how many tasks there are and
//! that polling all of them in turn is never wrong. What a runtime needs above
//! it is the price of not knowing. Where a row has a queue or a channel, the
//! floor uses kolo's, so that the distance shows the loop and nothing else.
//! Where workers are compared, a floor has as many threads only if the job falls
//! into parts by itself (`threads.rs`): handing things to and fro between threads
//! is no plain program's way to be fast.
//! A floor that can be made faster must be: slowing one is a defect.

mod handover;
mod memory;
mod plain;
mod remote;
mod sockets;
mod threads;
mod timers;

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::libraries::Flavour;
use crate::load::job;
use crate::reading::{Reading, Setting, counted, timed};

pub use handover::{course_mpsc, course_queue, ping_pong, pipeline};
pub use plain::{block_on_ready, build_and_drop, spawn_many, spawn_then_join, wakes, yields};
pub use plain::{locks, spawn_chain, yield_alone};
pub use timers::{lateness, sleeps, timeouts};

type Boxed<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Does the floor of `row`, if it has one.
#[must_use]
pub fn run(row: &str, setting: Setting) -> Option<Reading> {
    let Setting {
        sizes,
        workers,
        rate,
    } = setting;
    let flavour = workers.map_or(Flavour::Current, Flavour::Multi);
    if let Some(job) = job(row, sizes, rate) {
        return Some(sockets::echoes(flavour, job));
    }
    let workers = flavour.workers();
    Some(match row {
        "loop-mpsc" | "loop-mpsc-armed" | "loop-mpsc-instructions" => timed(sizes, course_mpsc),
        "loop-queue" | "loop-queue-armed" | "loop-queue-instructions" => timed(sizes, course_queue),
        "spawn-join" => timed(sizes, spawn_then_join),
        "spawn-many" => timed(sizes, spawn_many),
        "yield" => timed(sizes, yields),
        "spawn-chain" => timed(sizes, spawn_chain),
        "yield-alone" => timed(sizes, yield_alone),
        "mutex" | "semaphore" => timed(sizes, locks),
        "remote-spawn" => timed(sizes, remote::spawns),
        "remote-send" => timed(sizes, remote::sends),
        "fork-join" => timed(sizes, |n| threads::fork_join(workers, n)),
        "fan-out" => timed(sizes, |n| threads::fan_out(workers, n)),
        "blocking-many" => timed(sizes, |n| threads::short_jobs(workers, n)),
        "blocking-512" => timed(sizes, threads::all_at_once),
        "build-each-drop" => timed(sizes, |n| threads::build_each_drop(workers, n)),
        "oneshot" => timed(sizes, ping_pong),
        "pipeline" => timed(sizes, pipeline),
        "timeouts" => timed(sizes, timeouts),
        "sleeps" => timed(sizes, sleeps),
        "wake-outside" => timed(sizes, wakes),
        "block-on-ready" => timed(sizes, block_on_ready),
        "build-drop" => timed(sizes, build_and_drop),
        "sleep-late" => counted(sizes, lateness),
        "bytes-16" => counted(sizes, memory::bytes_per_box::<2>),
        "bytes-128" => counted(sizes, memory::bytes_per_box::<16>),
        "bytes-1024" => counted(sizes, memory::bytes_per_box::<128>),
        "bytes-connection" => counted(sizes, sockets::bytes_per_connection),
        _ => return None,
    })
}

/// Polls all of `tasks` in turn, again and again, until each has ended.
fn bare_loop(mut tasks: Vec<Boxed<'_>>) {
    let mut cx = Context::from_waker(Waker::noop());
    while !tasks.is_empty() {
        tasks.retain_mut(|task| task.as_mut().poll(&mut cx).is_pending());
    }
}

/// Pending once.
fn yield_once() -> impl Future<Output = ()> {
    let mut yielded = false;
    poll_fn(move |_| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        Poll::Pending
    })
}
