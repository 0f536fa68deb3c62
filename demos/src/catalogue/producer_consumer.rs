//! `producer-consumer`: items made, and items taken.

use std::time::Duration;

use super::lesson::lines;
use super::{Chapter, Lesson, Part, Program, RunsOn};

pub(super) const CHAPTER: Chapter = Chapter {
    name: "producer-consumer",
    question: "How long does an item wait for its consumer?",
    place: "asyncio: the producer-consumer app",
    shortest_wait: Some(Duration::from_millis(500)),
    scaled: Some("waits"),
    throws_dice: true,
    parts: &[
        Part {
            runs_on: RunsOn::Plain,
            peer: Program::OneProducer,
            seconds: |_| 30.0,
            ..Part::of(Program::OneAfterTheOther, "synchronous")
        },
        Part {
            seconds: |_| 21.5,
            ..Part::of(Program::OneProducer, "one producer")
        },
        Part {
            seconds: |_| 21.5,
            ..Part::of(Program::TwoProducers, "two producers")
        },
    ],
    lesson: Lesson {
        says: "Twenty items, with a random rest after each, then half a second of work on each. \
Synchronously the consumer begins when the last item is made, and an item waits for ten seconds \
and more. On a loop the consumer takes an item while the producer rests: the whole takes as long \
as the rests, and nothing waits. A second producer then costs no time at all.",
        excerpts: &[
            lines!(
                "course/producer_consumer.rs",
                "for &(item, t) in &data {".."}",
                "Synchronously: this loop begins when the last item has been made, and so the first has waited longest."
            ),
            lines!(
                "course/producer_consumer.rs",
                "let (item, t) = data.get().await".."processed.push(item);",
                "On a loop: to await an item that is not there yet is to let its producer make it."
            ),
            lines!(
                "course/producer_consumer.rs",
                "// 1. Create a loop.".."// 3. Run the tasks",
                "The three steps of the course: a loop, its tasks, run until they complete."
            ),
        ],
        experiments: &[
            (
                "demos run producer-consumer --time-scale 0.1 --seed 7",
                "the same rests on every runtime: they are drawn from the seed, not from the order of tasks",
            ),
            (
                "demos compare producer-consumer --runs 3",
                "latency: milliseconds where the synchronous program has seconds",
            ),
        ],
    },
};
