//! `loop`: the course's program for uvloop.

use super::lesson::lines;
use super::{Chapter, Lesson, Part, Program, RunsOn};

pub(super) const CHAPTER: Chapter = Chapter {
    name: "loop",
    question: "What does a loop cost when there is nothing to wait for?",
    place: "asyncio: uvloop",
    shortest_wait: None,
    scaled: None,
    throws_dice: false,
    parts: &[
        Part::of(Program::LoopMpsc, "mpsc"),
        Part::of(Program::LoopQueue, "Queue"),
        Part::of(Program::LoopMpscArmed, "mpsc, armed"),
        Part::of(Program::LoopQueueArmed, "Queue, armed"),
        Part {
            runs_on: RunsOn::Pythons,
            peer: Program::LoopQueue,
            ..Part::of(Program::LoopPython, "asyncio.Queue")
        },
    ],
    lesson: Lesson {
        says: "Two producers and a consumer who never wait: after each item they only let the \
others have their turn. A million switches, so that what is measured is the loop itself. The \
course swaps asyncio's loop for uvloop with one line, and the program takes half the time. Here \
the line says which library `rt` is.",
        excerpts: &[
            lines!(
                "course/mod.rs",
                "use ::kolo as rt;".."use ::kolo as rt;",
                "The swap. A second module says `use ::tokio as rt;` and loads the same files."
            ),
            lines!(
                "course/loop_program.rs",
                "async fn send_data(".."^}",
                "A producer. It could go on for ever; the yield lets the others have their turn after every item."
            ),
        ],
        experiments: &[
            (
                "demos run loop --rt kolo-current,tokio-current",
                "one text, two libraries: the sums agree, the times do not",
            ),
            (
                "demos compare loop --runs 9",
                "the speeds with their intervals; `armed`, a timer and a listener wait, so that a loop must ask the kernel now and then",
            ),
        ],
    },
};
