//! `echo`: messages through sockets.

use super::lesson::lines;
use super::{Chapter, Lesson, Part, Program, RunsOn};

pub(super) const CHAPTER: Chapter = Chapter {
    name: "echo",
    question: "What does a message through a socket cost?",
    place: "beyond the course: sockets",
    shortest_wait: None,
    scaled: None,
    throws_dice: false,
    parts: &[
        Part {
            runs_on: RunsOn::Plain,
            peer: Program::Echo,
            seconds: |settings| settings.wishes.load.seconds,
            ..Part::of(Program::EchoByHand, "mio by hand")
        },
        Part {
            seconds: |settings| settings.wishes.load.seconds,
            ..Part::of(Program::Echo, "server")
        },
    ],
    lesson: Lesson {
        says: "The course has no sockets of its own; its frameworks do. An echo server is the \
least that a server can do, and so shows what the runtime adds: the row above it is the same by \
hand over mio, without a future. The kernel takes nearly all of the time in every row.",
        excerpts: &[
            lines!(
                "course/echo.rs",
                "async fn echo(".."^}",
                "One connection: read, and write it back, as if it had a thread to itself. Each await gives the thread to another."
            ),
            lines!(
                "course/echo.rs",
                "accepted = listener.accept()".."connections.push",
                "The server: a task for each connection. A thousand of them are a thousand small values, not a thousand stacks."
            ),
        ],
        experiments: &[
            (
                "demos run echo --connections 1000",
                "more messages a second, as each turn of the loop finds more of them; and each is longer under way",
            ),
            (
                "demos compare echo --runs 9",
                "the CPU column: what a runtime adds to what the kernel takes in any case",
            ),
        ],
    },
};
