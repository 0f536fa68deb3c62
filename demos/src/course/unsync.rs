//! **What if a program has work of every kind at once?** Then each kind goes where it
//! suits: what computes to a thread of its own, what blocks to a thread that may block,
//! and what awaits onto the loop. The library unsync does that in Python, by what it finds
//! on a function; in Rust the call says it, `spawn_blocking` or `spawn`.
//!
//! ```text
//! $ demos run unsync
//!
//! Computing...                             3 ×, 10,000,000 square roots each
//! Downloading...                           2 ×, by a client that awaits
//! Downloading more ...                     2 ×, by one that blocks
//! Waiting...                               4 ×, 1,000 sleeps of a millisecond
//! Downloaded 504 characters.
//! …
//! Unsync version done in 1.07 seconds.
//! ```
//!
//! The total is that of the longest part: the waits, 1,000 times as late as the
//! runtime's timers are. A millisecond's sleep takes 1.06 on kolo, 1.13 on asyncio and
//! 2.1 on tokio, whose wheel turns by whole milliseconds.
//!
//! `--time-scale F` multiplies the downloads' latency and the number of square roots;
//! and each wait, but where that would go below a millisecond, the number of waits.
//!
//! Read next: `../crew/mix.rs`, the parts and what is said of them; `unsync.py`, the same in
//! Python, with processes for what computes.

use std::hint::black_box;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::client::Client;
use super::site::Site;
use super::{new_loop_with_pool, rt};
use crate::crew::mix::{Kind, Mix, ROOTS, SLEEP, SLEEPS, Took};
use crate::stage::Stage;
use crate::web::blocking;
use crate::web::episodes::{FIRST, LATENCY};
use crate::web::visit;

/// At most so many threads for what blocks; as many as are needed are started.
const POOL: u16 = 512;

// CPU work: it waits for nothing, and is the same in both versions.

fn compute_some(stage: &Stage) -> Took {
    let took = Took::begin(Kind::Computing);
    stage.yellow("Computing...");
    let mut sum = 0.0;
    for _ in 0..stage.work(ROOTS) {
        sum += black_box(2.5e34 + 0.01_f64).sqrt();
    }
    black_box(sum);
    took.end(true)
}

// A download by a client that blocks, and one by a client that awaits.

fn download_synchronously(kind: Kind, stage: &Stage, site: &Site) -> Took {
    let took = Took::begin(kind);
    let client = blocking::Client::new(site.address(), &visit::USUAL);
    let page = client.get(&FIRST.to_string());
    took.end(Mix::downloaded(stage, kind, page))
}

fn download_some_more(stage: &Stage, site: &Site) -> Took {
    stage.yellow("Downloading more ...");
    download_synchronously(Kind::DownloadingMore, stage, site)
}

async fn download_some(stage: Stage, client: Client) -> Took {
    let took = Took::begin(Kind::Downloading);
    stage.yellow("Downloading...");
    let page = client.get(&FIRST.to_string()).await;
    took.end(Mix::downloaded(&stage, Kind::Downloading, page))
}

// Waits: synchronously and with await.

fn wait_some_synchronously(stage: &Stage) -> Took {
    let took = Took::begin(Kind::Waiting);
    stage.yellow("Waiting...");
    for _ in 0..stage.many(SLEEPS) {
        thread::sleep(stage.wait(SLEEP));
    }
    let long_enough = took.so_far() >= all_sleeps(stage);
    took.end(long_enough)
}

async fn wait_some(stage: Stage) -> Took {
    let took = Took::begin(Kind::Waiting);
    stage.yellow("Waiting...");
    for _ in 0..stage.many(SLEEPS) {
        rt::time::sleep(stage.wait(SLEEP)).await;
    }
    let long_enough = took.so_far() >= all_sleeps(&stage);
    took.end(long_enough)
}

fn all_sleeps(stage: &Stage) -> Duration {
    stage.wait(SLEEP) * stage.many(SLEEPS) as u32
}

pub(crate) fn synchronous(stage: &Stage) -> io::Result<()> {
    let site = site(stage)?;
    let mut mix = Mix::begin(stage);
    for _ in 0..3 {
        mix.add(compute_some(stage));
    }
    for _ in 0..2 {
        stage.yellow("Downloading...");
        mix.add(download_synchronously(Kind::Downloading, stage, &site));
    }
    for _ in 0..2 {
        mix.add(download_some_more(stage, &site));
    }
    for _ in 0..4 {
        mix.add(wait_some_synchronously(stage));
    }
    mix.done_one_by_one();
    Ok(())
}

pub(crate) fn at_once(stage: &Stage) -> io::Result<()> {
    let site = Arc::new(site(stage)?);
    let client = Client::new(site.address(), &visit::USUAL);
    let mut mix = Mix::begin(stage);
    let event_loop = new_loop_with_pool(stage.threads(), POOL)?;
    event_loop.block_on(async {
        let mut tasks = Vec::new();
        for _ in 0..3 {
            let stage = stage.clone();
            tasks.push(rt::task::spawn_blocking(move || compute_some(&stage)));
        }
        for _ in 0..2 {
            tasks.push(rt::spawn(download_some(stage.clone(), client.clone())));
        }
        for _ in 0..2 {
            let (stage, site) = (stage.clone(), site.clone());
            tasks.push(rt::task::spawn_blocking(move || {
                download_some_more(&stage, &site)
            }));
        }
        for _ in 0..4 {
            tasks.push(rt::spawn(wait_some(stage.clone())));
        }
        for task in tasks {
            mix.add(task.await.expect("a part does not panic"));
        }
    });
    mix.done_at_once();
    Ok(())
}

fn site(stage: &Stage) -> io::Result<Site> {
    let mut sites = Site::bundled(1, stage.long_wait(LATENCY))?;
    Ok(sites.remove(0))
}
