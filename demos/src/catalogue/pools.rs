//! `pools`: work for whoever is free.

use super::lesson::lines;
use super::{Chapter, Lesson, Part, Program, RunsOn};
use crate::crew::titles::SITES;
use crate::stage::Settings;
use crate::web::episodes::LATENCY;

/// A latency for each round.
fn rounds(settings: &Settings) -> f64 {
    SITES.div_ceil(settings.wishes.pools.workers.into()) as f64
}

pub(super) const CHAPTER: Chapter = Chapter {
    name: "pools",
    question: "Who is to do it, a thread or a process?",
    place: "execution pools",
    shortest_wait: Some(LATENCY),
    scaled: Some("waits"),
    throws_dice: false,
    parts: &[
        Part {
            runs_on: RunsOn::Plain,
            peer: Program::PoolsBlocking,
            seconds: rounds,
            ..Part::of(Program::PoolsThreads, "thread pool")
        },
        Part {
            runs_on: RunsOn::Plain,
            peer: Program::PoolsBlocking,
            seconds: rounds,
            ..Part::of(Program::PoolsProcesses, "process pool")
        },
        Part {
            seconds: rounds,
            ..Part::of(Program::PoolsBlocking, "spawn_blocking")
        },
        Part {
            seconds: |_| 1.0,
            ..Part::of(Program::PoolsTasks, "tasks")
        },
    ],
    lesson: Lesson {
        says: "Threads suit what waits, processes what computes, and a program need not decide \
early: ThreadPoolExecutor and ProcessPoolExecutor have the same interface, submit and a future, so \
that one import is all that changes. What is printed tells them apart, by the PID. What goes to a \
process must be packed, here as a line of JSON, and so work is a value that says what to do.",
        excerpts: &[
            lines!(
                "course/pools.rs",
                "get_titles::<ThreadPool>".."get_titles::<ThreadPool>",
                "The swap. Below it the same line says ProcessPool."
            ),
            lines!(
                "course/pools.rs",
                "let executor = PoolExecutor::start".."work.into_iter()",
                "Submit it all, then ask for the results: who works is not to be seen here."
            ),
            lines!(
                "crew/mod.rs",
                "fn hand(&self, call: Call);".."fn hand(&self, call: Call);",
                "All that a pool must be able to do besides starting."
            ),
        ],
        experiments: &[
            (
                "demos run pools --rt kolo-current",
                "one PID with five threads, then five PIDs; about a second each time",
            ),
            (
                "demos run pools --workers 2",
                "three rounds: a pool of two has two pages under way at most. The tasks need no worker",
            ),
            (
                "demos run pools --time-scale 10 --workers 1",
                "time to kill a worker by the PID that it printed: what it had is lost, and said",
            ),
        ],
    },
};
