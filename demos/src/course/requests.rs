//! **How many requests does a system take before it degrades?** More, the less a thread
//! waits for somebody else: a request takes long not because it computes, but because it
//! waits for the database. Whoever serves the next one meanwhile serves many.
//!
//! ```text
//! $ demos run requests
//!
//! ── one after another ──                       ── overlapped, kolo-current ──
//! Three requests arrive.                        Three requests arrive.
//! Request 1 is answered after 0.31 sec.         Request 1 is answered after 0.31 sec.
//! Request 2 is answered after 0.62 sec.         Request 2 is answered after 0.40 sec.
//! Request 3 is answered after 0.93 sec.         Request 3 is answered after 0.43 sec.
//! ```
//! (one below the other, and then a picture of both: who worked and who waited when)
//!
//! The work is real, and the database a timer. Both are scaled by `--time-scale`; there
//! are three requests at any scale.
//!
//! Read next: `rush.rs`, the same requests faster and faster.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use super::rt;
use crate::labour::spend;
use crate::picture::{Bar, Doing, Lane, Picture, Timeline};
use crate::stage::Stage;

/// The work before the database is asked, its answer, and the work on that.
const PREPARE: Duration = Duration::from_millis(40);
const DATABASE: Duration = Duration::from_millis(250);
const RENDER: Duration = Duration::from_millis(20);

// A request, on a thread that waits for the database.

pub(crate) fn serve_synchronously(mut bar: Bar, stage: &Stage) -> Lane {
    bar.begins(Doing::Working);
    spend(stage.wait(PREPARE));
    bar.begins(Doing::Waiting);
    thread::sleep(stage.wait(DATABASE));
    bar.begins(Doing::Working);
    spend(stage.wait(RENDER));
    bar.ends()
}

// The same on a loop: while the database thinks, the thread takes the next request.

pub(crate) async fn serve(mut bar: Bar, stage: Stage) -> Lane {
    bar.begins(Doing::Working);
    spend(stage.wait(PREPARE));
    bar.begins(Doing::Waiting);
    rt::time::sleep(stage.wait(DATABASE)).await;
    bar.begins(Doing::Working);
    spend(stage.wait(RENDER));
    bar.ends()
}

// Three of them.

pub(crate) fn in_turn(stage: &Stage) -> io::Result<()> {
    let t0 = arrive(stage);
    let serve = |number| answered(serve_synchronously(request(number, t0), stage), stage);
    let lanes = (1..=3).map(serve).collect();
    let meanwhile = all_answered(stage, t0, lanes);
    stage.check("while one waits, nobody else is served", !meanwhile);
    Ok(())
}

pub(crate) fn on_threads(stage: &Stage) -> io::Result<()> {
    let t0 = arrive(stage);
    let serve = |number| answered(serve_synchronously(request(number, t0), stage), stage);
    let lanes = thread::scope(|scope| {
        let threads: Vec<_> = (1..=3).map(|n| scope.spawn(move || serve(n))).collect();
        let lanes = threads.into_iter().map(|thread| thread.join());
        lanes
            .map(|lane| lane.expect("a request does not panic"))
            .collect()
    });
    let meanwhile = all_answered(stage, t0, lanes);
    stage.check("while one waits, another is served", meanwhile);
    Ok(())
}

pub(crate) fn overlapped(stage: &Stage) -> io::Result<()> {
    let event_loop = super::new_loop(stage.threads())?;
    let t0 = arrive(stage);
    let lanes = event_loop.block_on(async {
        let start = |number| {
            let stage = stage.clone();
            rt::spawn(
                async move { answered(serve(request(number, t0), stage.clone()).await, &stage) },
            )
        };
        let tasks: Vec<_> = (1..=3).map(start).collect();
        let mut lanes = Vec::new();
        for task in tasks {
            lanes.push(task.await.expect("a request does not panic"));
        }
        lanes
    });
    let meanwhile = all_answered(stage, t0, lanes);
    stage.check("while one waits, another is served", meanwhile);
    Ok(())
}

fn arrive(stage: &Stage) -> Instant {
    stage.white("Three requests arrive.");
    Instant::now()
}

pub(crate) fn request(number: u64, t0: Instant) -> Bar {
    Bar::in_line(format!("Request {number}"), t0)
}

fn answered(lane: Lane, stage: &Stage) -> Lane {
    let after = stage.seconds(Duration::from_secs_f64(lane.end_s()));
    stage.cyan(format_args!("{} is answered after {after} sec.", lane.name));
    lane
}

/// Whether one was served while another waited for the database.
fn all_answered(stage: &Stage, t0: Instant, lanes: Vec<Lane>) -> bool {
    let dt = t0.elapsed();
    stage.white(format_args!(
        "All are answered after {} sec.",
        stage.seconds(dt)
    ));
    stage.took(dt);
    stage.check("all are answered", lanes.len() == 3);
    let waited = lanes.iter().map(|lane| lane.time_s(Doing::Waiting));
    let whole = waited.fold(f64::MAX, f64::min) >= stage.wait(DATABASE).as_secs_f64();
    stage.check("no wait was cut short", whole);
    let served_meanwhile = |one: &Lane| {
        let others = lanes.iter().filter(|other| other.name != one.name);
        others
            .into_iter()
            .any(|other| one.overlaps(Doing::Waiting, other, Doing::Working))
    };
    let meanwhile = lanes.iter().any(served_meanwhile);
    stage.draw(Picture::Timeline(Timeline {
        title: "Three requests, from their arrival to their answer".to_owned(),
        lanes,
    }));
    meanwhile
}
