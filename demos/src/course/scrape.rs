//! **What if most of a program's time is spent waiting for others?** Then it can ask
//! them all at once. Ten pages, each of which its site takes a second over: one after
//! another they take ten, whether a thread waits or a task; asked for at once, one.
//!
//! ```text
//! $ demos run scrape
//!
//! Getting HTML for episode 150
//! Getting HTML for episode 151
//! …
//! Getting TITLE for episode 150
//! Title found: Technical Lessons Learned from Pythonic Refactoring
//! …
//! Done in 0.97 sec.
//! ```
//!
//! In the course: 9.68 sec. synchronously, 9.53 awaited one by one, 1.36 at once. For
//! many more pages than ten a limit is kinder to the site: a semaphore.
//!
//! Read next: `../web/client.rs`, how a page comes to a task; `../web/site.rs`.

use std::io;
use std::sync::Arc;

use super::client::Client;
use super::site::Site;
use super::{new_loop, rt};
use crate::stage::Stage;
use crate::web::claims::{begin, done};
use crate::web::episodes::title_in;
use crate::web::{blocking, trouble::Trouble};
use rt::sync::Semaphore;

type Html = Result<String, Trouble>;
type Title = Option<String>;

// The synchronous version: a thread that waits for one page after the other.

fn get_html_synchronously(client: &blocking::Client, number: u32, stage: &Stage) -> Html {
    stage.yellow(format_args!("Getting HTML for episode {number}"));
    let html = client.get(&number.to_string());
    stage.advance();
    html
}

/// Reading a page is work and not waiting: there is nothing to await.
fn get_title(html: Html, number: u32, stage: &Stage) -> Title {
    stage.cyan(format_args!("Getting TITLE for episode {number}"));
    match html {
        Ok(html) => {
            let title = title_in(&html);
            stage.white(format_args!("Title found: {title}"));
            Some(title)
        }
        Err(trouble) => {
            stage.red(format_args!("No title for episode {number}: {trouble}."));
            None
        }
    }
}

pub(crate) fn synchronous(stage: &Stage) -> io::Result<()> {
    let site = Site::to_visit(stage)?;
    let client = blocking::Client::new(site.address(), &stage.wishes().visit);
    let (episodes, t0) = begin(stage);
    let mut titles = Vec::new();
    for number in episodes {
        let html = get_html_synchronously(&client, number, stage);
        titles.push(get_title(html, number, stage));
    }
    done(stage, t0, &titles, Some(1), site.guests());
    Ok(())
}

// The same with await. That alone makes nothing faster: each page is awaited before
// the next is asked for.

async fn get_html(client: Client, number: u32, stage: Stage) -> Html {
    stage.yellow(format_args!("Getting HTML for episode {number}"));
    let html = client.get(&number.to_string()).await;
    stage.advance();
    html
}

pub(crate) fn one_by_one(stage: &Stage) -> io::Result<()> {
    let site = Site::to_visit(stage)?;
    let client = Client::new(site.address(), &stage.wishes().visit);
    let event_loop = new_loop(stage.threads())?;
    let (episodes, t0) = begin(stage);
    let titles = event_loop.block_on(async {
        let mut titles = Vec::new();
        for number in episodes {
            let html = get_html(client.clone(), number, stage.clone()).await;
            titles.push(get_title(html, number, stage));
        }
        titles
    });
    done(stage, t0, &titles, Some(1), site.guests());
    Ok(())
}

// Start all the requests, and only then process the answers, in order. Where there
// is a limit, a request waits for its permit first.

async fn get_html_in_turn(semaphore: Arc<Semaphore>, get_html: impl Future<Output = Html>) -> Html {
    let _permit = semaphore.acquire().await.expect("it is never closed");
    get_html.await
}

pub(crate) fn at_once(stage: &Stage, limit: Option<u64>) -> io::Result<()> {
    let site = Site::to_visit(stage)?;
    let client = Client::new(site.address(), &stage.wishes().visit);
    let event_loop = new_loop(stage.threads())?;
    let semaphore = limit.map(|limit| Arc::new(Semaphore::new(limit as usize)));
    let (episodes, t0) = begin(stage);
    let titles = event_loop.block_on(async {
        let start = |number| {
            let get_html = get_html(client.clone(), number, stage.clone());
            match &semaphore {
                Some(semaphore) => rt::spawn(get_html_in_turn(semaphore.clone(), get_html)),
                None => rt::spawn(get_html),
            }
        };
        let tasks: Vec<_> = episodes.map(|number| (number, start(number))).collect();
        let mut titles = Vec::new();
        for (number, task) in tasks {
            let html = task.await.expect("a client does not panic");
            titles.push(get_title(html, number, stage));
        }
        titles
    });
    done(stage, t0, &titles, limit, site.guests());
    Ok(())
}
