//! **How many requests does a system take before it degrades?** The requests of
//! `requests.rs`, faster and faster, until response time leaves the ground. A thread that
//! waits for the database takes one after another. A loop has a task for each, and its
//! thread is free as long as there is no work.
//!
//! ```text
//! $ demos run requests
//!
//! ── rush, one thread ──
//!       3 requests a second: nine of ten answered within 318 ms.
//!       6 requests a second: nine of ten answered within 880 ms.
//! It degrades there: 3.2 answers a second, with up to 1 served at once.
//! ── rush, kolo-current ──
//!       3 requests a second: nine of ten answered within 313 ms.
//!       …
//!      24 requests a second: nine of ten answered within 771 ms.
//! It degrades there: 16.3 answers a second, with up to 8 served at once.
//! ```
//!
//! Read next: `../rush.rs`, the client and the measurement; `count.rs`.

use std::io;
use std::sync::mpsc;
use std::time::Instant;

use super::requests::{request, serve, serve_synchronously};
use super::rt;
use crate::rush::until_it_degrades;
use crate::stage::Stage;

pub(crate) fn on_one_thread(stage: &Stage) -> io::Result<()> {
    let at_once = until_it_degrades(stage, |arrivals| {
        let (send, line) = mpsc::channel();
        arrivals.begin(move |arrived| send.send(arrived).expect("the line is open"));
        for arrived in line {
            arrived.begin();
            serve_synchronously(request(0, Instant::now()), stage);
            arrived.answer();
        }
        Ok(())
    })?;
    let claim = "a thread that waits serves one at a time";
    stage.check(claim, at_once == 1);
    Ok(())
}

pub(crate) fn on_a_loop(stage: &Stage) -> io::Result<()> {
    let event_loop = super::new_loop(stage.threads())?;
    let at_once = until_it_degrades(stage, |arrivals| {
        let (send, mut line) = rt::sync::mpsc::unbounded_channel();
        arrivals.begin(move |arrived| assert!(send.send(arrived).is_ok(), "the line is open"));
        event_loop.block_on(async {
            let mut tasks = Vec::new();
            while let Some(arrived) = line.recv().await {
                let served = serve(request(0, Instant::now()), stage.clone());
                tasks.push(rt::spawn(async move {
                    arrived.begin();
                    served.await;
                    arrived.answer();
                }));
            }
            for task in tasks {
                task.await.expect("a request does not panic");
            }
        });
        Ok(())
    })?;
    let claim = "a thread that does not wait serves others meanwhile";
    stage.check(claim, at_once > 1);
    Ok(())
}
