//! `scrape`: pages from a site.

use super::lesson::lines;
use super::{Chapter, Lesson, Part, Program, RunsOn};
use crate::web::episodes::LATENCY;

pub(super) const CHAPTER: Chapter = Chapter {
    name: "scrape",
    question: "What if most of a program's time is spent waiting for others?",
    place: "asyncio: web scraping with aiohttp",
    shortest_wait: Some(LATENCY),
    scaled: Some("waits"),
    throws_dice: false,
    parts: &[
        Part {
            runs_on: RunsOn::Plain,
            peer: Program::ScrapeOneByOne,
            seconds: |settings| settings.wishes.visit.pages as f64,
            ..Part::of(Program::ScrapeSynchronous, "synchronous")
        },
        Part {
            seconds: |settings| settings.wishes.visit.pages as f64,
            ..Part::of(Program::ScrapeOneByOne, "one by one")
        },
        Part {
            seconds: |_| 1.0,
            key: true,
            ..Part::of(Program::ScrapeAtOnce, "at once")
        },
        Part {
            seconds: |settings| {
                let visit = &settings.wishes.visit;
                visit.pages.div_ceil(visit.limit) as f64
            },
            ..Part::of(Program::ScrapeLimited, "with a limit")
        },
    ],
    lesson: Lesson {
        says: "Ten pages, and nearly all of the time goes by while the site thinks about them. \
Async alone gains nothing: awaited one by one they take as long as on a thread, 9.53 seconds where \
that took 9.68. Start all the requests first, then wait for the answers, and it takes 1.36. For \
many more pages than ten a limit is kinder to the site.",
        excerpts: &[
            lines!(
                "course/scrape.rs",
                "let html = get_html(client.clone(), number, stage.clone()).await;".."titles.push",
                "One by one: an await in the loop's body. The next page is asked for only when this one is there."
            ),
            lines!(
                "course/scrape.rs",
                "let tasks: Vec<_> = episodes".."let html = task.await",
                "At once: every task is started before the first is awaited; that is the whole difference."
            ),
            lines!(
                "course/scrape.rs",
                "async fn get_html_in_turn(".."^}",
                "A limit: no request without a permit. There are so many permits, and each comes back when a page has come."
            ),
        ],
        experiments: &[
            (
                "demos run scrape --rt kolo-current",
                "ten seconds synchronously and one by one, one second at once",
            ),
            (
                "demos run scrape --time-scale 0.1 --pages 100 --limit 20",
                "the limit's waves: a hundred pages, twenty at a time, take as long as five",
            ),
        ],
    },
};
