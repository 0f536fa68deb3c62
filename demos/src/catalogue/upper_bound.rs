//! `upper-bound`: what concurrency can gain.

use super::lesson::lines;
use super::{Chapter, Lesson, Part, Program, RunsOn};
use crate::amdahl::SHORTEST;

pub(super) const CHAPTER: Chapter = Chapter {
    name: "upper-bound",
    question: "How much faster can a program become?",
    place: "why async: speed",
    shortest_wait: Some(SHORTEST),
    scaled: Some("waits and work"),
    throws_dice: false,
    parts: &[
        Part {
            runs_on: RunsOn::Plain,
            peer: Program::UpperBoundComputing,
            seconds: |_| 3.0,
            ..Part::of(Program::UpperBoundOnThreads, "computing, threads")
        },
        Part {
            seconds: |_| 3.0,
            ..Part::of(Program::UpperBoundComputing, "computing")
        },
        Part {
            seconds: |_| 3.5,
            ..Part::of(Program::UpperBoundWaiting, "waiting")
        },
    ],
    lesson: Lesson {
        says: "Since 2005 a core is hardly faster than the year before; there are more of them. A \
program with one thread uses less than a tenth of a machine with twelve. But hardly any program \
can do everything at once: a card is charged before the course is entered in the database, and \
only then the mail is sent. What must be done in order is the upper bound of all improvement: if \
that is half of the job, twelve cores make it not even twice as fast. Async gives two techniques: \
take advantage of wait periods, for which one thread is enough; and leverage the cores.",
        excerpts: &[
            lines!(
                "amdahl.rs",
                "fn bound(share: f64, hands: f64)".."^}",
                "The bound: what must be done in order, and the rest divided among all."
            ),
            lines!(
                "course/upper_bound.rs",
                "rt::spawn(async move { job.piece(at, n) })".."sum = sum.wrapping_add(piece.await",
                "Computing: a task for each piece. On a runtime of one thread they take turns."
            ),
            lines!(
                "course/upper_bound.rs",
                "rt::time::sleep(job.first_wait()).await;".."let waits: Vec<_>",
                "Waiting: all waits go by at once, on one thread too."
            ),
        ],
        experiments: &[
            (
                "demos run upper-bound --share 0.99 --rt kolo-current,kolo-multi",
                "computing, the runtime of one thread stays at 1.00 however many tasks it has; \
waiting, both are equally fast",
            ),
            (
                "demos run upper-bound --share 0,1",
                "the two ends: nothing gained at all, and as many times as fast as there are hands",
            ),
        ],
    },
};
