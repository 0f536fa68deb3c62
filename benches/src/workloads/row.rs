//! **Which workload is a row?** The list, and how a runtime is built for it.
//!
//! Every runtime has everything enabled, as `#[main]` would have it: a program
//! that pays for no I/O driver would be another program. Workloads start from a
//! spawned task, their [`root`], so that no runtime's special way with `block_on`'s
//! own future plays a part; where that is what is asked about, they say so.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use super::rt;
use super::{blocking, channels, course_loop, fairness, hello, idle, lives, locks, memory};
use super::{outside, parallel, remote, sockets, tasks, timers};
use crate::contenders::Answer;
use crate::libraries::Flavour;
use crate::load::{LOOPBACK, job};
use crate::reading::{Setting, counted, timed};
use crate::wrk;
use kolo_load::need_open_files;
use rt::runtime::{Builder, Runtime};

/// A runtime with time and I/O enabled.
///
/// # Errors
///
/// What the Builder says; also where a flavour is not built yet.
pub fn build(flavour: Flavour) -> io::Result<Runtime> {
    let mut builder = match flavour {
        Flavour::Current => Builder::new_current_thread(),
        Flavour::Multi(_) => Builder::new_multi_thread(),
    };
    if let Flavour::Multi(workers) = flavour {
        builder.worker_threads(workers);
    }
    builder.enable_all().build()
}

/// Does `work` as a task: of an executor with workers, on one of them.
///
/// # Panics
///
/// If `work` does.
pub fn root<T: Send + 'static>(
    runtime: &Runtime,
    work: impl Future<Output = T> + Send + 'static,
) -> T {
    runtime.block_on(async { rt::spawn(work).await.unwrap() })
}

/// Arms a timer an hour ahead and waits for a connection that nobody makes, so
/// that the driver has something to look after.
///
/// # Panics
///
/// If one of them is lost: then the row would be another row.
pub fn arm(runtime: &Runtime) {
    runtime.block_on(async {
        let (armed, seen) = rt::sync::oneshot::channel();
        let listener = rt::net::TcpListener::bind(LOOPBACK).await.unwrap();
        rt::spawn(async move {
            let mut sleep = pin!(rt::time::sleep(Duration::from_secs(3600)));
            let mut accept = pin!(listener.accept());
            poll_fn(|cx| {
                assert!(sleep.as_mut().poll(cx).is_pending());
                assert!(accept.as_mut().poll(cx).is_pending());
                Poll::Ready(())
            })
            .await;
            armed.send(()).unwrap();
            rt::select! {
                () = sleep => unreachable!("in an hour"),
                accepted = accept => panic!("nobody knows its port: {accepted:?}"),
            }
        });
        seen.await.unwrap();
    });
}

/// Does the row called `name` on a runtime of its own.
///
/// # Panics
///
/// If there is no such row.
pub fn run(name: &str, flavour: Flavour, setting: Setting) -> Answer {
    let Setting { sizes, rate, .. } = setting;
    let runtime = match build(flavour) {
        Ok(runtime) => runtime,
        Err(error) => return Answer::Skipped(error.to_string()),
    };
    let runtime = &runtime;
    if let Some(job) = job(name, sizes, rate) {
        return match need_open_files(job.work.connections()) {
            Ok(()) => Answer::Reading(sockets::echoes(runtime, flavour, job)),
            Err(error) => Answer::Skipped(error.to_string()),
        };
    }
    let hello = name.starts_with("hello");
    if hello && !wrk::installed() {
        return Answer::Skipped("wrk is not installed".into());
    }
    Answer::Reading(match name {
        "loop-mpsc" | "loop-mpsc-instructions" => timed(sizes, |n| course_loop::mpsc(runtime, n)),
        "loop-mpsc-armed" => {
            arm(runtime);
            timed(sizes, |n| course_loop::mpsc(runtime, n))
        }
        "loop-queue" | "loop-queue-instructions" => {
            timed(sizes, |n| course_loop::queue(runtime, n))
        }
        "loop-queue-armed" => {
            arm(runtime);
            timed(sizes, |n| course_loop::queue(runtime, n))
        }
        "spawn-join" => timed(sizes, |n| tasks::spawn_then_join(runtime, n)),
        "spawn-many" => timed(sizes, |n| tasks::spawn_many(runtime, n)),
        "yield" => timed(sizes, |n| tasks::yields(runtime, n)),
        "spawn-chain" => timed(sizes, |n| tasks::spawn_chain(runtime, n)),
        "yield-alone" => timed(sizes, |n| tasks::yield_alone(runtime, n)),
        "mutex" => timed(sizes, |n| locks::mutex(runtime, n)),
        "semaphore" => timed(sizes, |n| locks::semaphore(runtime, n)),
        "remote-spawn" => timed(sizes, |n| remote::spawns(runtime, n)),
        "remote-send" => timed(sizes, |n| remote::sends(runtime, n)),
        "fork-join" => timed(sizes, |n| parallel::fork_join(runtime, n)),
        "fan-out" => timed(sizes, |n| parallel::fan_out(runtime, n)),
        "blocking-many" => timed(sizes, |n| blocking::many(runtime, n)),
        "blocking-512" => timed(sizes, |n| blocking::all_at_once(runtime, n)),
        "stuck-timer" => counted(sizes, |n| fairness::timer(runtime, n)),
        "stuck-io" => counted(sizes, |n| fairness::io(runtime, n)),
        "stuck-wake" => counted(sizes, |n| fairness::woken(runtime, n)),
        "lifo-third" => counted(sizes, |n| fairness::third(runtime, flavour.workers(), n)),
        "oneshot" => timed(sizes, |n| channels::ping_pong(runtime, n)),
        "pipeline" => timed(sizes, |n| channels::pipeline(runtime, n)),
        "timeouts" => timed(sizes, |n| timers::timeouts(runtime, n)),
        "sleeps" => timed(sizes, |n| timers::sleeps(runtime, n)),
        "wake-outside" => timed(sizes, |n| outside::wakes(runtime, n)),
        "block-on-ready" => timed(sizes, |n| lives::block_on_ready(runtime, n)),
        "build-drop" => timed(sizes, |n| lives::build_and_drop(flavour, n)),
        "build-each-drop" => timed(sizes, |n| lives::build_each_drop(flavour, n)),
        "sleep-late" => counted(sizes, |n| timers::lateness(runtime, n)),
        "bytes-16" => counted(sizes, |n| memory::bytes_per_task::<2>(runtime, n)),
        "bytes-128" => counted(sizes, |n| memory::bytes_per_task::<16>(runtime, n)),
        "bytes-1024" => counted(sizes, |n| memory::bytes_per_task::<128>(runtime, n)),
        "bytes-connection" => counted(sizes, |n| sockets::bytes_per_connection(runtime, n)),
        _ if hello => hello::requests(runtime, flavour, sizes),
        "idle" => {
            arm(runtime);
            counted(sizes, |n| idle::wakeups_per_second(runtime, n))
        }
        _ => panic!("no workload is called {name}"),
    })
}
