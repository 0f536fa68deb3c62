//! **Who is to do it, a thread or a process?** Whoever the line says that names the
//! executor: both take work and give back a claim to its result, and the rest of the
//! program is the same text.
//!
//! ```text
//! $ demos run pools
//!
//! ── thread pool ──
//! Getting title from 127.0.0.1:40107, PID: 4711, ProcessName: MainProcess, ThreadName: Thread-1
//! …
//! ── process pool ──
//! Getting title from 127.0.0.1:33541, PID: 4730, ProcessName: Process-2, ThreadName: main
//! …
//! Done in 0.96 sec.
//! Technical Lessons Learned from Pythonic Refactoring
//! …
//! ```
//!
//! What tells them apart is the PID. What a process is given must be packed and sent, so
//! that work is a value here, an `Errand`, and not a closure; in Python it is the name of
//! a function and its arguments, pickled.
//!
//! A runtime has such a pool of threads too: `spawn_blocking`, for work that knows no
//! await. For a client that does await, no worker is needed at all.
//!
//! Read next: `../crew/mod.rs`, the interface; `../crew/titles.rs`, what is asked.

use std::io;
use std::time::Instant;

use super::client::Client;
use super::site::Site;
use super::{new_loop, new_loop_with_pool, rt};
use crate::crew::processes::ProcessPool;
use crate::crew::threads::ThreadPool;
use crate::crew::titles::{SITES, Title, Wanted, Workers, said};
use crate::crew::{Errand, Pool, Roll, Ticket, Whom, visit_with};
use crate::stage::Stage;
use crate::web::address::Address;
use crate::web::episodes::{LATENCY, title_in};
use crate::web::guests::Guests;

/// The bundled sites, while they are up; none, if others were asked for.
struct Sites(Vec<Site>);

impl Sites {
    fn open(stage: &Stage) -> io::Result<Self> {
        let own = stage.wishes().pools.sites.is_empty();
        let number = if own { stage.many(SITES) } else { 0 };
        Site::bundled(number, stage.wait(LATENCY)).map(Self)
    }

    fn wanted(&self, stage: &Stage) -> Wanted {
        let addresses: Vec<Address> = self.0.iter().map(Site::address).collect();
        Wanted::of(stage, &addresses)
    }

    /// All of theirs.
    fn guests(&self) -> Option<&Guests> {
        self.0.first().and_then(Site::guests)
    }
}

// The course's program. To swap the executor, change one line.

pub(crate) fn thread_pool(stage: &Stage) -> io::Result<()> {
    get_titles::<ThreadPool>(stage, Workers::Threads)
}

pub(crate) fn process_pool(stage: &Stage) -> io::Result<()> {
    get_titles::<ProcessPool>(stage, Workers::Processes)
}

fn get_titles<PoolExecutor: Pool>(stage: &Stage, kind: fn(u16) -> Workers) -> io::Result<()> {
    let sites = Sites::open(stage)?;
    let (wanted, roll) = (sites.wanted(stage), Roll::new(stage));
    let workers = stage.wishes().pools.workers;
    let began = Instant::now();
    let executor = PoolExecutor::start(workers.into(), &roll)?;
    let errands = wanted.errands().into_iter();
    let work: Vec<Ticket> = errands.map(|errand| executor.submit(errand)).collect();
    stage.white("Waiting for downloads...");
    let titles: Vec<Title> = work.into_iter().map(Ticket::title).collect();
    drop(executor);
    wanted.done(began, titles, &roll, kind(workers), sites.guests());
    Ok(())
}

/// Everything is submitted, and then waited for, in order.
async fn all(
    submitted: impl Iterator<Item = rt::task::JoinHandle<Title>>,
    stage: &Stage,
) -> Vec<Title> {
    let work: Vec<_> = submitted.collect();
    stage.white("Waiting for downloads...");
    let mut titles = Vec::new();
    for title in work {
        titles.push(title.await.expect("a client does not panic"));
    }
    titles
}

// The pool that a runtime has, for a client that blocks.

pub(crate) fn blocking(stage: &Stage) -> io::Result<()> {
    let sites = Sites::open(stage)?;
    let (wanted, roll) = (sites.wanted(stage), Roll::new(stage));
    let workers = stage.wishes().pools.workers;
    let began = Instant::now();
    let event_loop = new_loop_with_pool(stage.threads(), workers)?;
    let titles = event_loop.block_on(async {
        let submit = |errand: Errand| {
            let roll = roll.clone();
            rt::task::spawn_blocking(move || {
                roll.begun(&errand, Whom::here());
                errand.run().title()
            })
        };
        all(wanted.errands().into_iter().map(submit), stage).await
    });
    wanted.done(
        began,
        titles,
        &roll,
        Workers::Threads(workers),
        sites.guests(),
    );
    Ok(())
}

// And a client that awaits: nobody's thread is kept.

async fn get_title(client: Client, page: String) -> Title {
    let html = client.get(&page).await;
    html.map(|html| title_in(&html))
        .map_err(|trouble| said(&trouble))
}

pub(crate) fn tasks(stage: &Stage) -> io::Result<()> {
    let sites = Sites::open(stage)?;
    let (wanted, roll) = (sites.wanted(stage), Roll::new(stage));
    let began = Instant::now();
    let event_loop = new_loop(stage.threads())?;
    let titles = event_loop.block_on(async {
        let submit = |errand: Errand| {
            let roll = roll.clone();
            rt::spawn(async move {
                roll.begun(&errand, Whom::here());
                let (site, page, timeout) = errand.into_visit();
                get_title(Client::new(site, &visit_with(timeout)), page).await
            })
        };
        all(wanted.errands().into_iter().map(submit), stage).await
    });
    wanted.done(began, titles, &roll, Workers::Tasks, sites.guests());
    Ok(())
}
