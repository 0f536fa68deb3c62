//! `greeters`: joins that don't last for ever.

use super::lesson::lines;
use super::{Chapter, Lesson, Part, Program, RunsOn};
use crate::greeting::A_SECOND;
use crate::stage::Settings;

/// Until the last has greeted; or for as long as the joins take that find nobody.
fn seconds(settings: &Settings) -> f64 {
    if settings.wishes.greeting.daemon {
        3.0
    } else {
        11.0
    }
}

pub(super) const CHAPTER: Chapter = Chapter {
    name: "greeters",
    question: "How does one wait for others, and not for ever?",
    place: "threads: greeters",
    shortest_wait: Some(A_SECOND),
    scaled: Some("waits"),
    throws_dice: false,
    parts: &[
        Part {
            runs_on: RunsOn::Plain,
            peer: Program::GreeterTasks,
            seconds,
            ..Part::of(Program::GreeterThreads, "threads")
        },
        Part {
            seconds,
            ..Part::of(Program::GreeterTasks, "tasks")
        },
    ],
    lesson: Lesson {
        says: "Four threads greet, a line a second, and the main thread has other work to do: it \
joins each with a timeout of a second, and goes on. The course's threads are daemons, which end with \
the process in the middle of a greeting; a thread that nobody can end from outside must otherwise \
be asked, and must listen. A task needs neither: it is awaited with a timeout as anything is, and an \
abort ends it where it awaits.",
        excerpts: &[
            lines!(
                "on_threads/greeters.rs",
                "// time.sleep(1), for somebody".."CutShort",
                "On a thread, a rest that can be cut short is a wait for a message."
            ),
            lines!(
                "on_threads/greeters.rs",
                "fn join_within(".."Disconnected",
                "A join with a timeout: the thread's end of a channel is dropped when it ends."
            ),
            lines!(
                "course/greeters.rs",
                "match rt::time::timeout(".."meanwhile.other_work(name);",
                "The same of a task: its handle is a future, and any future can have a timeout."
            ),
            lines!(
                "course/greeters.rs",
                "task.abort();".."task.await",
                "Nobody asks a task. The await tells when it is gone."
            ),
        ],
        experiments: &[
            (
                "demos run greeters --daemon",
                "the course's version: Zoe has ended by herself, the others are cut short",
            ),
            (
                "demos run greeters --rt kolo-current --time-scale 0.1",
                "on threads greetings and other work mix as it happens; the tasks of one thread greet first when it awaits",
            ),
        ],
    },
};
