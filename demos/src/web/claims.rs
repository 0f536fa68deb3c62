//! **Did a program do what the course says it does?** Its last line, and its claims:
//! the titles, the time, and how many requests the site saw at once.
//!
//! Of a real site only the pages are known to be there to be had: its titles, its
//! latency and its guests are its own.

use std::ops::{Range, RangeInclusive};
use std::time::{Duration, Instant};

use super::episodes::{self, LATENCY};
use super::guests::Guests;
use crate::stage::Stage;

/// What a page may cost besides its latency, on a machine busy with other things.
const WORK: Duration = Duration::from_millis(50);

/// How many pages there are to get. Where waits would be shorter than a millisecond,
/// the bundled site's become fewer.
fn pages(stage: &Stage) -> u64 {
    let visit = &stage.wishes().visit;
    match visit.base_url {
        Some(_) => visit.pages,
        None => stage.many(visit.pages),
    }
}

/// The episodes whose titles are wanted; and now it begins.
pub(crate) fn begin(stage: &Stage) -> (Range<u32>, Instant) {
    let pages = pages(stage);
    stage.expect(pages);
    (episodes::numbers(pages), Instant::now())
}

/// Ends a program that found these titles with at most so many requests at once; it
/// took a round of latency after the other.
pub(crate) fn done(
    stage: &Stage,
    began: Instant,
    titles: &[Option<String>],
    limit: Option<u64>,
    guests: Option<&Guests>,
) {
    let took = began.elapsed();
    stage.white(format_args!("Done in {} sec.", stage.seconds(took)));
    stage.took(took);
    stage.processed(titles.len() as u64);

    stage.check("every page was had", titles.iter().all(Option::is_some));
    let Some(guests) = guests else { return };
    let most = guests.most() as u64;
    let requests = if most == 1 { "request" } else { "requests" };
    stage.plain(format_args!(
        "The site saw at most {most} {requests} at once."
    ));

    let pages = pages(stage);
    let expected = episodes::numbers(pages).map(episodes::title);
    stage.check(
        "the titles are the course's",
        expected.eq(titles.iter().cloned()),
    );
    let (claim, at_once): (_, RangeInclusive<u64>) = match limit {
        Some(1) => ("one request after the other", 1..=1),
        Some(limit) => ("never more requests than the limit", 1..=limit),
        None => ("the requests overlap", pages.min(2)..=pages),
    };
    stage.check(claim, at_once.contains(&most));
    let rounds = limit.map_or(1, |limit| pages.div_ceil(limit)) as u32;
    let latency = stage.wait(LATENCY);
    stage.check("no wait was cut short", took >= rounds * latency);
    let late = latency + WORK * pages as u32 + stage.slack();
    let claim = if limit.is_none() {
        "in about one page's latency"
    } else {
        "in about as many latencies as there are rounds"
    };
    stage.check(claim, took < rounds * latency + late);
}
