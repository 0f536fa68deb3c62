//! `echo`: messages through sockets.

use super::lesson::lines;
use super::{Chapter, Lesson, Part, Program, RunsOn};

pub(super) const CHAPTER: Chapter = Chapter {
    name: "echo",
    question: "What does a message through a socket cost?",
    place: "beyond the course: sockets",
    shortest_wait: None,
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
                "A connection's task, written as if it had a thread to itself."
            ),
            lines!(
                "course/echo.rs",
                "accepted = listener.accept()".."connections.push",
                "A task for each connection."
            ),
        ],
        experiments: &[
            (
                "demos run echo --connections 1000",
                "how throughput and latency change with a thousand messages under way",
            ),
            (
                "demos compare echo --runs 9",
                "each runtime against the floor, in turn",
            ),
        ],
    },
};
