//! `files`: reads and writes that a thread waits for.

use super::lesson::lines;
use super::{Chapter, Lesson, Part, Program, RunsOn};
use crate::stage::Settings;

/// A file takes the disk about four milliseconds.
fn one_after_the_other(settings: &Settings) -> f64 {
    settings.wishes.files.files as f64 * 0.004
}

pub(super) const CHAPTER: Chapter = Chapter {
    name: "files",
    question: "What does a file have to do with a loop?",
    place: "asyncio: other async-capable libraries",
    shortest_wait: None,
    scaled: Some("files"),
    throws_dice: false,
    parts: &[
        Part {
            runs_on: RunsOn::Plain,
            peer: Program::FilesOneByOne,
            seconds: one_after_the_other,
            ..Part::of(Program::FilesSynchronous, "synchronous")
        },
        Part {
            seconds: one_after_the_other,
            ..Part::of(Program::FilesOneByOne, "one by one")
        },
        Part {
            key: true,
            ..Part::of(Program::FilesAtOnce, "at once")
        },
    ],
    lesson: Lesson {
        says: "To gain from asyncio a program needs libraries whose calls can be awaited, and for \
files there is aiofiles. It has no better way to a file than others: no kernel tells a loop that a \
file is ready, so a thread makes the call, and the task waits for the thread. Where the disk \
makes everybody wait, many such calls at once wait together. Where the page cache answers, the way \
to the thread and back is all that there is, and the plain thread is faster.",
        excerpts: &[
            lines!(
                "course/files.rs",
                "async fn write(".."^}",
                "Four calls, four times to a thread and back. The last one is the wait."
            ),
            lines!(
                "course/files.rs",
                "let saving: Vec<_>".."task.await",
                "At once: all are under way before the first is awaited."
            ),
        ],
        experiments: &[
            (
                "demos run files",
                "one by one takes as long as synchronously, or longer; at once the disk has all files in a few rounds",
            ),
            (
                "demos run files --unsynced --rt kolo-current,tokio-current",
                "nothing waits for the disk any more, and the plain thread is far ahead",
            ),
            (
                "demos run files --dir /dev/shm",
                "the same, for there is no disk below that directory",
            ),
        ],
    },
};
