//! `compute`: work that waits for nothing.

use super::lesson::lines;
use super::{Chapter, Lesson, Part, Program, RunsOn};

pub(super) const CHAPTER: Chapter = Chapter {
    name: "compute",
    question: "What if a program never waits, and only computes?",
    place: "CPU work: threads, multiprocessing, Cython",
    shortest_wait: None,
    scaled: Some("steps"),
    throws_dice: false,
    parts: &[
        Part {
            runs_on: RunsOn::Plain,
            peer: Program::ComputeTasks,
            ..Part::of(Program::ComputeOneThread, "one thread")
        },
        Part {
            runs_on: RunsOn::Plain,
            peer: Program::ComputeTasks,
            ..Part::of(Program::ComputeThreads, "threads")
        },
        Part {
            runs_on: RunsOn::Plain,
            peer: Program::ComputeTasks,
            ..Part::of(Program::ComputeProcesses, "processes")
        },
        Part::of(Program::ComputeTasks, "tasks"),
        Part::of(Program::ComputeBlocking, "spawn_blocking"),
    ],
    lesson: Lesson {
        says: "For work that waits for nothing asyncio gains nothing, and in Python threads gain \
nothing either: the GIL lets one of them compute at a time. Processes have a GIL each, and so use \
all cores; what they find comes back through a pipe. Cython without the GIL makes threads enough, \
and many times faster. Rust begins there: native code and no lock, so that two threads take half \
the time. On a loop such work keeps the thread, and whoever else is on it waits.",
        excerpts: &[
            lines!(
                "crew/sums.rs",
                "fn block(from".."^}",
                "The work: the root of a square, thirty million times."
            ),
            lines!(
                "course/compute.rs",
                "let tasks: Vec<_> = parts".."task.await",
                "As tasks. They never await: on one thread they run one after the other."
            ),
            lines!(
                "course/compute.rs",
                "let start = |&part".."spawn_blocking",
                "On the threads for what blocks: the loop stays free, on one thread too."
            ),
        ],
        experiments: &[
            (
                "demos run compute",
                "the share of the machine: half of it on one thread of two cores, nearly all with a part for each",
            ),
            (
                "demos compare compute --runs 9 --time-scale 1",
                "tasks on the executors of many threads beside plain threads: the same within a few percent",
            ),
            (
                "demos run compute --parts 16",
                "more parts than cores gain nothing more, and sixteen processes cost their start",
            ),
        ],
    },
};
