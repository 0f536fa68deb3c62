//! **How does one wait for others, and not for ever?** With a timeout: after a second
//! there is other work to do, and then one may ask again. A thread has no such join in
//! std, and nobody can end it from outside; a task has both.
//!
//! ```text
//! $ demos run greeters
//!
//! 0. Hello there Michael
//! 0. Hello there Sarah
//! 0. Hello there Zoe
//! 0. Hello there Mark
//! This is other work.
//! 4
//! 1. Hello there Michael
//! …
//! Michael greets on. Other work meanwhile: 3 * 3 is 9
//! …
//! Zoe has ended.
//! …
//! Done.
//! ```
//!
//! Twenty-eight greetings a second apart, in eleven seconds. The course's greeters are
//! daemons: joined once each, and whoever greets on ends with the process, as here with
//! `--daemon`. In a process that goes on, somebody must see to their end.
//!
//! Read next: `../on_threads/greeters.rs`, the same on threads; `../greeting.rs`, what is
//! claimed; `threaded_producer.rs`.

use std::io;
use std::time::Instant;

use super::rt;
use crate::greeting::{A_SECOND, Ending, GREETERS, Meanwhile};
use crate::stage::Stage;

// A join is an await, and what is awaited can be given a timeout; an abort ends a task
// where it awaits, without its help.

async fn greeter(name: &str, times: u64, stage: Stage) -> Ending {
    for n in 0..times {
        stage.plain(format_args!("{n}. Hello there {name}"));
        rt::time::sleep(stage.wait(A_SECOND)).await;
    }
    Ending::Greeted(times)
}

pub(crate) fn tasks(stage: &Stage) -> io::Result<()> {
    let event_loop = super::new_loop(stage.threads())?;
    event_loop.block_on(async {
        let t0 = Instant::now();
        let start = |(name, times)| {
            (
                name,
                rt::spawn(greeter(name, stage.many(times), stage.clone())),
            )
        };
        let mut greeters = Vec::from(GREETERS.map(start));
        let mut meanwhile = Meanwhile::begin(stage, t0);
        loop {
            let mut left = Vec::new();
            for (name, mut task) in greeters {
                match rt::time::timeout(stage.wait(A_SECOND), &mut task).await {
                    Ok(ended) => meanwhile.joined(name, ended.expect("a greeter does not panic")),
                    Err(_elapsed) => {
                        meanwhile.other_work(name);
                        left.push((name, task));
                    }
                }
            }
            greeters = left;
            if greeters.is_empty() || stage.wishes().greeting.daemon {
                break;
            }
        }
        meanwhile.done();
        for (name, task) in greeters {
            task.abort();
            meanwhile.joined(name, task.await.unwrap_or(Ending::CutShort));
        }
        meanwhile.end();
    });
    Ok(())
}
