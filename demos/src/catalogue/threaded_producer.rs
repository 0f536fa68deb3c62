//! `threaded-producer`: until somebody presses enter.

use std::time::Duration;

use super::lesson::lines;
use super::{Chapter, Lesson, Part, Program, RunsOn};

pub(super) const CHAPTER: Chapter = Chapter {
    name: "threaded-producer",
    question: "How does a person cancel what is going on?",
    place: "threads: the producer-consumer app",
    shortest_wait: Some(Duration::from_millis(500)),
    scaled: Some("waits"),
    throws_dice: true,
    parts: &[
        Part {
            runs_on: RunsOn::Plain,
            peer: Program::ProducerTasks,
            seconds: |settings| settings.wishes.press.script().min(21.5),
            ..Part::of(Program::ProducerThreads, "threads")
        },
        Part {
            seconds: |settings| settings.wishes.press.script().min(21.5),
            ..Part::of(Program::ProducerTasks, "tasks")
        },
    ],
    lesson: Lesson {
        says: "Producers and a consumer are threads, and one more thread does nothing but wait for \
enter; when it has come, main leaves, and the daemons end with it. In a process that goes on, each \
thread has to hear of it wherever it waits, for an item or for a rest to be over. Tasks hear of it \
at their awaits without a line of theirs. But a read that blocks is no await: a thread does it, and \
tells the tasks through a channel.",
        excerpts: &[
            lines!(
                "on_threads/belt.rs",
                "let going_on =".."if load.cancelled",
                "A rest on a thread, at a bell that cancelling rings."
            ),
            lines!(
                "course/threaded_producer.rs",
                "let (tell, pressed) =".."})?;",
                "A channel between the thread that reads and the task that awaits."
            ),
            lines!(
                "course/threaded_producer.rs",
                "let cancelled = rt::select!".."Some(at)",
                "Whichever comes first. Aborted tasks are awaited, so that nobody runs on."
            ),
        ],
        experiments: &[
            (
                "demos run threaded-producer --rt kolo-current",
                "press enter: within a millisecond everybody has stopped, on threads and as tasks",
            ),
            (
                "demos run threaded-producer --time-scale 0.1 --press-after 60",
                "nobody cancels: 22 seconds at the course's pace, here 2",
            ),
            (
                "echo | demos run threaded-producer",
                "no terminal, so that a script presses, and the input is left to others",
            ),
        ],
    },
};
