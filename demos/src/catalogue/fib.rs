//! `fib`: functions that stop and go on.

use super::lesson::lines;
use super::{Chapter, Lesson, Part, Program};

pub(super) const CHAPTER: Chapter = Chapter {
    name: "fib",
    question: "How can a function stop in the middle, and go on later?",
    place: "asyncio: generators",
    shortest_wait: None,
    scaled: None,
    throws_dice: false,
    parts: &[Part::of(Program::FibSteps, "steps")],
    lesson: Lesson {
        says: "A function that makes a list must know beforehand how long it is to be. A generator \
hands out one number and stops where it stands; its caller takes the next, or leaves it. Such \
restartable functions are what asyncio is built of. In Rust both are values that hold the local \
variables; what a future hands out before its end is only: not yet.",
        excerpts: &[
            lines!(
                "course/fib.rs",
                "fn fib_generator()".."})",
                "A generator by hand: a closure keeps the two numbers that the function would have in local variables."
            ),
            lines!(
                "course/fib.rs",
                "async fn fib_future(".."^}",
                "The same loop, with an await where the generator hands out a number."
            ),
            lines!(
                "course/fib.rs",
                "match future.as_mut().poll(&mut cx)".."Poll::Pending",
                "A step of that future, taken by hand: a poll is all that a loop ever does to a task."
            ),
        ],
        experiments: &[
            (
                "demos run fib --rt kolo-current",
                "the generator and the future, step by step beside each other; the last step differs",
            ),
            (
                "demos compare fib",
                "per item, what it costs to stop once and to go on: a poll, and the loop around it",
            ),
        ],
    },
};
