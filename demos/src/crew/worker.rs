//! **What does a worker process do?** It reads errands from its standard input, a line
//! of JSON each, does them one after the other, and writes of each when it has begun
//! and what came of it.
//!
//! It lives for as long as somebody holds the other end: a thread of its own reads, and
//! ends the process where the input ends, also in the middle of an errand. So no worker
//! outlives the process that started it, however that one ended.

use std::env;
use std::io::{self, Write};
use std::process::exit;
use std::sync::{OnceLock, mpsc};
use std::thread;

use serde::{Deserialize, Serialize};

use super::{Errand, Reply, Whom};

/// The first argument of a process that is a worker; the second is its name.
pub(super) const WORKER: &str = "--be-a-worker";

/// What a worker says of an errand.
#[derive(Serialize, Deserialize)]
pub(super) enum Word {
    Begun(Whom),
    Done(Reply),
}

static NAME: OnceLock<String> = OnceLock::new();

/// What this process is called.
pub(super) fn name() -> &'static str {
    NAME.get().map_or("MainProcess", String::as_str)
}

/// Is a worker, and ends the process, if that is what it was started for. To be called
/// before anything else in `main`.
pub(crate) fn be_worker_if_asked() {
    let mut arguments = env::args().skip(1);
    if arguments.next().as_deref() != Some(WORKER) {
        return;
    }
    let _ = NAME.set(arguments.next().unwrap_or_default());
    let (pass_on, orders) = mpsc::channel();
    thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            let _ = pass_on.send(line);
        }
        exit(0)
    });
    for order in orders {
        let Ok(errand) = serde_json::from_str::<Errand>(&order) else {
            eprintln!("demos: a worker was given no errand: {order}");
            exit(2)
        };
        say(&Word::Begun(Whom::here()));
        say(&Word::Done(errand.run()));
    }
    // The reader ends the process; until then there is nothing to do.
    loop {
        thread::park();
    }
}

fn say(word: &Word) {
    let line = serde_json::to_string(word).expect("plain data");
    let said = writeln!(io::stdout(), "{line}").and_then(|()| io::stdout().flush());
    if said.is_err() {
        exit(0); // nobody listens any more
    }
}
