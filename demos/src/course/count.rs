//! **What can a thread do while a function waits?** Everything else, if the
//! function awaits instead of sleeping: three counts of a second each then take
//! one second together, not three.
//!
//! ```text
//! $ demos run count
//!
//! ── synchronous ──                ── gathered, kolo-current ──
//! one                              one
//! two                              one
//! one                              one
//! two                              two
//! one                              two
//! two                              two
//! time elapsed: 3.00 seconds       time elapsed: 1.00 seconds
//! ```
//! (one below the other)
//!
//! Read next: `fib.rs`, on how a function can stop in the middle.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use super::rt;
use crate::stage::Stage;

const A_SECOND: Duration = Duration::from_secs(1);

// The synchronous version: a count that sleeps keeps the thread, and the next
// count must wait for it.

fn count_synchronously(stage: &Stage) {
    stage.plain("one");
    thread::sleep(stage.wait(A_SECOND));
    stage.plain("two");
}

pub(crate) fn synchronous(stage: &Stage) -> io::Result<()> {
    let start = Instant::now();
    for _ in 0..3 {
        count_synchronously(stage);
    }
    let elapsed = start.elapsed();
    stage.plain(format_args!(
        "time elapsed: {} seconds",
        stage.seconds(elapsed)
    ));

    stage.took(elapsed);
    stage.check(
        "one two one two one two",
        stage.said(["one", "two", "one", "two", "one", "two"]),
    );
    stage.check(
        "three waits, one after another",
        elapsed >= 3 * stage.wait(A_SECOND),
    );
    Ok(())
}

// The same with await: a count that waits gives the thread back to the loop.

async fn count(stage: &Stage) {
    stage.plain("one");
    rt::time::sleep(stage.wait(A_SECOND)).await;
    stage.plain("two");
}

pub(crate) fn gathered(stage: &Stage) -> io::Result<()> {
    let event_loop = super::new_loop(stage.threads())?;
    let start = Instant::now();
    event_loop.block_on(async {
        // asyncio.gather(count(), count(), count())
        rt::join!(count(stage), count(stage), count(stage))
    });
    let elapsed = start.elapsed();
    stage.plain(format_args!(
        "time elapsed: {} seconds",
        stage.seconds(elapsed)
    ));

    stage.took(elapsed);
    stage.check(
        "one one one two two two",
        stage.said(["one", "one", "one", "two", "two", "two"]),
    );
    stage.check("no wait was cut short", elapsed >= stage.wait(A_SECOND));
    stage.check(
        "the three waits overlap",
        elapsed < 2 * stage.wait(A_SECOND) + stage.slack(),
    );
    Ok(())
}
