//! `city`: a JSON API that asks others.

use super::lesson::lines;
use super::{Chapter, Lesson, Part, Program, RunsOn};
use crate::city::places::SHORTEST;

pub(super) const CHAPTER: Chapter = Chapter {
    name: "city",
    question: "What happens to a server that has to ask others before it can answer?",
    place: "async web frameworks: Quart",
    shortest_wait: Some(SHORTEST),
    scaled: Some("waits"),
    throws_dice: false,
    parts: &[
        Part {
            runs_on: RunsOn::Plain,
            peer: Program::CityAwaited,
            seconds: |settings| settings.wishes.city.takes(true, settings.time_scale),
            ..Part::of(Program::CityOnThreads, "on threads")
        },
        Part {
            seconds: |settings| settings.wishes.city.takes(false, settings.time_scale),
            ..Part::of(Program::CityAwaited, "awaited")
        },
    ],
    lesson: Lesson {
        says: "The course turns a Flask API into a Quart one: `async def`, and `await` before each \
call of a service. No single answer is faster for it: the location still takes 0.29 to 0.54 \
seconds, and the sun then 0.40 to 0.74. What changes is how many can be on their way. A thread that \
waits is no thread for others, so that eight of them answer eight requests in the time of one; \
whatever arrives beyond that waits for a thread, each request longer than the one before it. \
Awaited, a request that waits keeps nobody, and one thread serves as many as arrive, until its \
work, and no longer its waiting, fills it.",
        excerpts: &[
            lines!(
                "course/city.rs",
                "let spot: Spot<String> = Service::Location.said(services.get(&asked.location()))?;"
                    .."Spot<String>",
                "The blocking view: here, and once more below, its thread waits."
            ),
            lines!(
                "course/city.rs",
                "async fn view(".."asked.answer(",
                "The same awaited: the thread is given back at each await."
            ),
            lines!(
                "city/tasks.rs",
                "let (view, ledger) = (view.clone()".."rt::spawn(",
                "A task for each connection, where the other server has a pool."
            ),
            lines!(
                "city/arrivals.rs",
                "// Little's law:".."let too_many",
                "How many requests are there at once; with half as many threads a queue grows."
            ),
        ],
        experiments: &[
            (
                "demos run city --threads 64",
                "enough threads keep up too, each with its stack; then --rate 200",
            ),
            (
                "demos run city --time-scale 0.05 --rate 2000 --seconds 1 --rt kolo-current",
                "more wait at once than anybody has threads, and CPU time is what bounds them now: that of all three processes",
            ),
            (
                "demos run city --serve --rt kolo-current",
                "the API until Ctrl-C, and the curl lines to ask it",
            ),
        ],
    },
};
