//! **How fast could it be at all?** For each row, the fastest plain program that
//! does the same job: boxed futures polled in a bare loop, no task cells, no
//! join handles, no wakers that wake, no looks at a driver. Where sockets take
//! part, a loop over mio and no future at all.
//!
//! A floor is not a runtime: it knows beforehand how many tasks there are and
//! that polling all of them in turn is never wrong. What a runtime needs above
//! it is the price of not knowing. Where a row has a queue or a channel, the
//! floor uses kolo's, so that the distance shows the loop and nothing else.
//! A floor that can be made faster must be: slowing one is a defect.

mod handover;
mod memory;
mod plain;
mod sockets;
mod timers;

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::load::job;
use crate::reading::{Reading, Sizes, counted, timed};

pub use handover::{course_mpsc, course_queue, ping_pong, pipeline};
pub use plain::{block_on_ready, build_and_drop, spawn_many, spawn_then_join, wakes, yields};
pub use timers::{lateness, sleeps, timeouts};

type Boxed<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Does the floor of `row`, if it has one.
#[must_use]
pub fn run(row: &str, sizes: Sizes) -> Option<Reading> {
    if let Some(job) = job(row, sizes) {
        return Some(sockets::echoes(job));
    }
    Some(match row {
        "loop-mpsc" | "loop-mpsc-armed" | "loop-mpsc-instructions" => timed(sizes, course_mpsc),
        "loop-queue" | "loop-queue-armed" | "loop-queue-instructions" => timed(sizes, course_queue),
        "spawn-join" => timed(sizes, spawn_then_join),
        "spawn-many" => timed(sizes, spawn_many),
        "yield" => timed(sizes, yields),
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
