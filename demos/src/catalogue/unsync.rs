//! `unsync`: work of every kind at once.

use std::time::Duration;

use super::lesson::lines;
use super::{Chapter, Lesson, Part, Program, RunsOn};

pub(super) const CHAPTER: Chapter = Chapter {
    name: "unsync",
    question: "What if a program has work of every kind at once?",
    place: "built on asyncio: unsync",
    shortest_wait: Some(Duration::from_millis(1)),
    scaled: Some("waits and work"),
    throws_dice: false,
    parts: &[
        Part {
            runs_on: RunsOn::Plain,
            peer: Program::UnsyncAtOnce,
            seconds: |_| 8.0,
            ..Part::of(Program::UnsyncSynchronous, "synchronous")
        },
        Part {
            seconds: |_| 1.5,
            ..Part::of(Program::UnsyncAtOnce, "at once")
        },
        Part {
            runs_on: RunsOn::Pythons,
            peer: Program::UnsyncAtOnce,
            seconds: |_| 2.0,
            ..Part::of(Program::UnsyncPython, "in Python")
        },
    ],
    lesson: Lesson {
        says: "Real programs compute, block and await, and asyncio, threads and processes each \
have an interface of their own for it. The library unsync has one: a decorator that puts what \
computes into a process, what blocks onto a thread and what awaits onto a loop. Everything is \
started at once, and the total is near the longest part: the sleeps, a thousand of a millisecond.",
        excerpts: &[
            lines!(
                "course/unsync.rs",
                "tasks.push(rt::task::spawn_blocking(move || compute_some"
                    .."tasks.push(rt::task::spawn_blocking(move || compute_some",
                "What computes, onto a thread of its own."
            ),
            lines!(
                "course/unsync.rs",
                "tasks.push(rt::spawn(download_some(".."tasks.push(rt::spawn(download_some(",
                "What awaits, onto the loop."
            ),
            lines!(
                "course/unsync.rs",
                "async fn wait_some(".."^}",
                "The longest part: a thousand times as late as a timer is."
            ),
        ],
        experiments: &[
            (
                "demos run unsync --rt kolo-current,tokio-current",
                "about 1.1 seconds on kolo and on asyncio, and 2.1 on tokio: tokio's timers fire a millisecond late",
            ),
            (
                "demos run unsync --time-scale 5",
                "sleeps of five milliseconds: the same lateness is a smaller part of them",
            ),
        ],
    },
};
