//! `requests`: why one thread that waits is not enough, and one that doesn't is.

use std::time::Duration;

use super::lesson::lines;
use super::{Chapter, Lesson, Part, Program, RunsOn};

/// How long the database takes over an answer.
const DATABASE: Duration = Duration::from_millis(250);

pub(super) const CHAPTER: Chapter = Chapter {
    name: "requests",
    question: "How many requests does a system take before it degrades?",
    place: "why async: scalability",
    shortest_wait: Some(DATABASE),
    scaled: Some("waits and work"),
    throws_dice: false,
    parts: &[
        Part {
            runs_on: RunsOn::Plain,
            peer: Program::RequestsOverlapped,
            seconds: |_| 1.0,
            ..Part::of(Program::RequestsInTurn, "one after another")
        },
        Part {
            runs_on: RunsOn::Plain,
            peer: Program::RequestsOverlapped,
            seconds: |_| 0.4,
            ..Part::of(Program::RequestsOnThreads, "on threads")
        },
        Part {
            seconds: |_| 0.4,
            ..Part::of(Program::RequestsOverlapped, "overlapped")
        },
        Part {
            runs_on: RunsOn::Plain,
            peer: Program::RequestsRush,
            seconds: |_| 4.0,
            ..Part::of(Program::RequestsRushOneThread, "rush, one thread")
        },
        Part {
            seconds: |_| 6.0,
            ..Part::of(Program::RequestsRush, "rush")
        },
    ],
    lesson: Lesson {
        says: "Scalability is not how fast a system is, but how much it takes until it degrades. \
A request takes long not because of what it computes: it waits, and mostly for the database. One \
after another, the third request waits for the first two although nobody works. If the thread \
takes the second while the first one waits, all three are answered in little more than the time \
of one. All of it can't overlap: the work remains. But a thread that never waits degrades only \
when it has no time left to work.",
        excerpts: &[
            lines!(
                "course/requests.rs",
                "thread::sleep(stage.wait(DATABASE));".."spend(stage.wait(RENDER));",
                "Synchronously the thread waits with the request."
            ),
            lines!(
                "course/requests.rs",
                "rt::time::sleep(stage.wait(DATABASE)).await;".."spend(stage.wait(RENDER));",
                "On a loop the request waits alone."
            ),
            lines!(
                "course/rush.rs",
                "while let Some(arrived) = line.recv().await {".."}));",
                "A task for each request, whatever the others wait for."
            ),
            lines!(
                "rush.rs",
                "for due in (0..number)".."send(Request",
                "The client never waits for an answer: a request's time begins when it is due."
            ),
        ],
        experiments: &[
            (
                "demos run requests --rt kolo-current --svg requests.svg",
                "one after another a staircase, overlapped one beside the other: the thread works \
while the database thinks",
            ),
            (
                "demos run requests --rt kolo-current,kolo-multi --time-scale 0.2",
                "where each degrades: the runtime with a thread for each core later, since the \
work is what is left",
            ),
        ],
    },
};
