//! **Who works, where a loop should not?** A crew: threads of this process, or
//! processes of this binary, behind one interface, the [`Pool`].
//!
//! ```text
//!   submit(errand) ─► queue ─┬─► a thread of the pool, which does it itself
//!        │                   │
//!      Ticket                └─► a thread of the pool ── a line of JSON ──► a worker
//!        │                                            ◄─ Begun, Done ────   process
//!        └──◄── Reply
//! ```
//!
//! A closure can't cross from one process into another, and so what is submitted is a
//! value that says what to do, an [`Errand`], and what comes back is another, its
//! [`Reply`]. Who began with what is on the [`Roll`].
//!
//! A worker that dies costs the errand that it had, and no other: the rest of the crew
//! goes on. Only when nobody is left are the errands that still wait given up.
//!
//! Read next: `threads.rs`, `processes.rs`, and `worker.rs`, the other end of the pipe;
//! `sums.rs`, the work of `compute`.

use std::collections::HashSet;
use std::fmt;
use std::io;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, mpsc};

use serde::{Deserialize, Serialize};

use self::sums::Part;
use crate::lock::lock;
use crate::stage::Stage;
use crate::web::address::Address;
use crate::web::blocking;
use crate::web::episodes::title_in;
use crate::web::visit::{self, Visit};

pub(crate) mod mix;
pub(crate) mod options;
pub(crate) mod processes;
pub(crate) mod sums;
pub(crate) mod threads;
pub(crate) mod titles;
pub(crate) mod worker;

/// What is to be done.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Errand {
    /// The sum over the steps after `from`, up to and with `to`.
    Sum { from: u64, to: u64 },
    /// The title of a site's page.
    Title {
        site: Address,
        page: String,
        timeout: f64,
    },
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    Sum(u64),
    /// The title, or what was in its way.
    Title(Result<String, String>),
}

impl Errand {
    /// Does it, and keeps the thread until it is done.
    pub(crate) fn run(&self) -> Reply {
        match self {
            Errand::Sum { from, to } => Reply::Sum(sums::sum(*from, *to)),
            Errand::Title {
                site,
                page,
                timeout,
            } => {
                let client = blocking::Client::new(site.clone(), &visit_with(*timeout));
                let html = client.get(page).map_err(|trouble| titles::said(&trouble));
                Reply::Title(html.map(|html| title_in(&html)))
            }
        }
    }
}

/// How a site is visited that is given so many seconds.
pub(crate) fn visit_with(timeout: f64) -> Visit {
    Visit {
        timeout,
        ..visit::USUAL.clone()
    }
}

impl fmt::Display for Errand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            &Errand::Sum { from, to } => write!(f, "Doing {}", Part { from, to }),
            Errand::Title { site, .. } => write!(f, "Getting title from {}", site.authority()),
        }
    }
}

/// Somebody who does an errand.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Whom {
    pub(crate) pid: u32,
    pub(crate) process: String,
    pub(crate) thread: String,
}

impl Whom {
    /// The thread that asks.
    pub(crate) fn here() -> Self {
        let thread = std::thread::current();
        Self {
            pid: std::process::id(),
            process: worker::name().to_owned(),
            thread: thread.name().unwrap_or("unnamed").to_owned(),
        }
    }
}

impl fmt::Display for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            pid,
            process,
            thread,
        } = self;
        write!(
            f,
            "PID: {pid}, ProcessName: {process}, ThreadName: {thread}"
        )
    }
}

/// Who began with what: said at once, and kept.
pub(crate) struct Roll {
    stage: Stage,
    began: Mutex<Vec<Whom>>,
}

impl Roll {
    pub(crate) fn new(stage: &Stage) -> Arc<Self> {
        Arc::new(Self {
            stage: stage.clone(),
            began: Mutex::default(),
        })
    }

    pub(crate) fn begun(&self, errand: &Errand, whom: Whom) {
        self.stage.yellow(format_args!("{errand}, {whom}"));
        lock(&self.began).push(whom);
    }

    /// The processes in which errands were begun.
    pub(crate) fn pids(&self) -> HashSet<u32> {
        lock(&self.began).iter().map(|whom| whom.pid).collect()
    }

    /// How many of them were begun.
    pub(crate) fn errands(&self) -> usize {
        lock(&self.began).len()
    }
}

/// Workers who take errands: `concurrent.futures.Executor`.
///
/// Dropped, it ends, and its workers are gone: what they still do is given up if they
/// are processes, and waited for if they are threads.
pub(crate) trait Pool: Sized {
    /// # Errors
    ///
    /// A sentence if a worker can't be started; those before it are gone then.
    fn start(workers: usize, roll: &Arc<Roll>) -> io::Result<Self>;

    /// Hands a call to whoever is free first.
    fn hand(&self, call: Call);

    /// Has an errand done.
    fn submit(&self, errand: Errand) -> Ticket {
        let (reply, ticket) = mpsc::channel();
        self.hand(Call::new(0, errand, reply));
        Ticket(ticket)
    }

    /// Has several done; each reply with the place of its errand, as they come:
    /// `concurrent.futures.as_completed`.
    fn as_completed(
        &self,
        errands: impl IntoIterator<Item = Errand>,
    ) -> impl Iterator<Item = Answer> {
        let (reply, replies) = mpsc::channel();
        for (place, errand) in errands.into_iter().enumerate() {
            self.hand(Call::new(place, errand, reply.clone()));
        }
        replies.into_iter()
    }
}

/// The claim to a reply: `concurrent.futures.Future`.
pub(crate) struct Ticket(mpsc::Receiver<Answer>);

/// The place of an errand among those that were submitted together, and what came of it.
pub(crate) type Answer = (usize, Result<Reply, Gone>);

/// Why there will be no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gone {
    /// The process that had the errand ended first.
    Ended { pid: u32, status: ExitStatus },
    /// The thread that had it panicked, or no worker was left to take it.
    Nobody,
}

impl Ticket {
    /// Waits for the reply.
    ///
    /// # Errors
    ///
    /// If there will be none.
    pub(crate) fn reply(self) -> Result<Reply, Gone> {
        self.0.recv().expect("every call is answered").1
    }
}

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Gone::Ended { pid, status } => {
                write!(
                    f,
                    "its worker, PID {pid}, ended before it was done: {status}"
                )
            }
            Gone::Nobody => f.write_str("no worker is left to do it"),
        }
    }
}

/// An errand on its way to a worker. Dropped, it is answered by nobody.
pub(crate) struct Call {
    errand: Errand,
    place: usize,
    reply: Option<mpsc::Sender<Answer>>,
}

impl Call {
    fn new(place: usize, errand: Errand, reply: mpsc::Sender<Answer>) -> Self {
        let reply = Some(reply);
        Self {
            errand,
            place,
            reply,
        }
    }

    fn answer(mut self, reply: Result<Reply, Gone>) {
        self.say(reply);
    }

    fn say(&mut self, reply: Result<Reply, Gone>) {
        if let Some(asker) = self.reply.take() {
            // Whoever threw the ticket away does not want to know.
            let _ = asker.send((self.place, reply));
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.say(Err(Gone::Nobody));
    }
}

/// The end of the queue where errands go in. Dropped, it closes the queue.
struct Inlet(mpsc::Sender<Call>);

/// The end that all workers of a pool share.
#[derive(Clone)]
struct Outlet(Arc<Mutex<mpsc::Receiver<Call>>>);

fn queue() -> (Inlet, Outlet) {
    let (inlet, outlet) = mpsc::channel();
    (Inlet(inlet), Outlet(Arc::new(Mutex::new(outlet))))
}

impl Inlet {
    fn hand(&self, call: Call) {
        // With no worker left it comes back and is dropped, and so says it.
        let _ = self.0.send(call);
    }
}

impl Outlet {
    /// Waits for an errand; `None` when the queue is empty and closed.
    fn next(&self) -> Option<Call> {
        lock(&self.0).recv().ok()
    }
}
