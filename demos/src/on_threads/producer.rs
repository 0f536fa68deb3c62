//! **How do threads hear that they are cancelled?** At the belt, where they wait for items
//! and for their rests to be over. Main waits for whatever comes first: an end of each of
//! them, or enter.
//!
//! The mirror image is `../course/threaded_producer.rs`, for tasks.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use super::belt::{Belt, Cancelled};
use crate::enter::Enter;
use crate::stage::Stage;

/// What is produced, and when it was.
pub(crate) type Item = (u64, Instant);

/// How long the consumer works on an item; a producer rests 0.5 to 1.5 s.
pub(crate) const WORK: Duration = Duration::from_millis(500);

/// The consumer has taken an item.
pub(crate) fn process(stage: &Stage, (item, t): Item, processed: &AtomicU64) {
    processed.fetch_add(1, Relaxed);
    let after = stage.latency(t);
    stage.cyan(format_args!(
        " +++ Processed value {item} after {after} sec."
    ));
}

type Ended = Result<(), Cancelled>;

fn generate_data(num: u64, data: &Belt<Item>, stage: &Stage, seat: u64) -> Ended {
    let mut rests = stage.random_rests(seat);
    for idx in 1..=num {
        data.put((idx * idx, Instant::now()));
        stage.yellow(format_args!(" -- generated item {idx}"));
        data.rest(rests.draw())?;
    }
    Ok(())
}

fn process_data(num: u64, data: &Belt<Item>, stage: &Stage, processed: &AtomicU64) -> Ended {
    for _ in 0..num {
        process(stage, data.take()?, processed);
        data.rest(stage.wait(WORK))?;
    }
    Ok(())
}

/// Starts a thread that tells its end.
fn start<'scope>(
    scope: &'scope Scope<'scope, '_>,
    tell: &Sender<Option<Instant>>,
    body: impl FnOnce() -> Ended + Send + 'scope,
) {
    let tell = tell.clone();
    scope.spawn(move || {
        // Cancelled or not, it has ended.
        let _ = body();
        let _ = tell.send(None);
    });
}

pub(crate) fn producer(stage: &Stage) -> io::Result<()> {
    let (num, t0) = (stage.many(20), Instant::now());
    stage.white("App started.");
    let (data, processed) = (Belt::new(), AtomicU64::new(0));
    // Main waits for whatever comes first: an end of a thread, or enter, with its moment.
    let (tell, news) = channel::<Option<Instant>>();
    let from_enter = tell.clone();
    let _enter = Enter::listen(stage, move |at| {
        let _ = from_enter.send(Some(at));
    })?;
    let cancelled = thread::scope(|scope| {
        let (data, processed) = (&data, &processed);
        start(scope, &tell, move || generate_data(num, data, stage, 0));
        start(scope, &tell, move || generate_data(num, data, stage, 1));
        start(scope, &tell, move || {
            process_data(2 * num, data, stage, processed)
        });
        let mut first_ends = news.iter().take(3);
        let cancelled = first_ends.find_map(|pressed| pressed);
        if cancelled.is_some() {
            stage.white("Cancelling on your request!");
            data.cancel();
        }
        cancelled
    });
    app_exiting(stage, t0, cancelled, processed.into_inner(), 2 * num);
    Ok(())
}

/// Ends a program that was cancelled at this moment, if it was, having processed so many
/// of its items: its last lines, and the claims.
pub(crate) fn app_exiting(
    stage: &Stage,
    began: Instant,
    cancelled: Option<Instant>,
    processed: u64,
    of: u64,
) {
    let (took, since) = (began.elapsed(), cancelled.map(|at| at.elapsed()));
    let total = stage.seconds(took);
    stage.white(format_args!("App exiting, total time: {total} sec."));
    stage.say_latencies();
    stage.took(took);
    match since {
        Some(since) => {
            let ms = since.as_secs_f64() * 1e3;
            stage.plain(format_args!(
                "Everybody had stopped {ms:.2} ms after enter; {processed} of {of} items were processed."
            ));
            stage.check("they stopped at once", since < stage.slack());
        }
        None => {
            stage.processed(processed);
            stage.check(
                "nobody cancelled, and every item was processed",
                processed == of,
            );
        }
    }
}
