//! `count`: three functions that wait.

use std::time::Duration;

use super::lesson::lines;
use super::{Chapter, Lesson, Part, Program, RunsOn};

pub(super) const CHAPTER: Chapter = Chapter {
    name: "count",
    question: "What can a thread do while a function waits?",
    place: "asyncio: introduction",
    shortest_wait: Some(Duration::from_secs(1)),
    scaled: Some("waits"),
    throws_dice: false,
    parts: &[
        Part {
            runs_on: RunsOn::Plain,
            peer: Program::CountGathered,
            seconds: |_| 3.0,
            ..Part::of(Program::CountSynchronous, "synchronous")
        },
        Part {
            seconds: |_| 1.0,
            ..Part::of(Program::CountGathered, "gathered")
        },
    ],
    lesson: Lesson {
        says: "A count prints one, waits for a second, and prints two. Three of them \
take three seconds on a thread that sleeps, for a sleeping thread does nothing else. Gathered on a \
loop they take one: where a count awaits it gives the thread back, and the next count begins.\n\n\
Nothing is done at the same time, and there is no second thread. What overlaps is the waiting.",
        excerpts: &[
            lines!(
                "course/count.rs",
                "fn count_synchronously(".."^}",
                "The thread sleeps, and with it everything that it could do."
            ),
            lines!(
                "course/count.rs",
                "async fn count(".."^}",
                "The same text but for `async` and `.await`. At the await the thread goes back to the loop."
            ),
            lines!(
                "course/count.rs",
                "event_loop.block_on(async {".."});",
                "Gathered: one task polls all three in turn, and is done when all of them are."
            ),
        ],
        experiments: &[
            (
                "demos run count --rt kolo-current",
                "one one one two two two, and one second: the waits overlap on a single thread",
            ),
            (
                "demos compare count --time-scale 0.001",
                "each wait is a millisecond now: what gathered takes above one is how late the timer was",
            ),
        ],
    },
};
