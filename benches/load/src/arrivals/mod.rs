//! **What does a server do to people who come when they like?** Requests arrive at
//! a fixed rate, whether those before them are answered or not; each is timed from
//! the moment at which it was due.
//!
//! A client that sends the next request when it has the last answer waits with its
//! server: one that is slow gets fewer requests, and the waiting that others would
//! have done meanwhile is in no number (*coordinated omission*, Gil Tene, whose
//! histogram this is). Here a request that can't leave, because every connection is
//! taken or because this client is late, is already waiting, and its time counts.
//!
//! ```text
//!   due ──────────► waiting ──────────► under way ──────────► answered, or failed
//!   start + n/rate   no connection is    on a connection       histogram: from due
//!                    free                of its own
//! ```
//!
//! A connection is opened when a request needs one, and kept for the next where the
//! server agrees. Every request ends in one of two ways and is counted: an answer
//! that is the one expected, to the byte, or a failure, by what it was. A failed
//! request is not in the histogram: its time would be that of something else.
//!
//! Only what makes all the rest pointless is an error: nobody listens any more, or
//! nothing at all is heard for longer than the server may take.
//!
//! Read next: `client.rs`, `pace.rs`.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::plan::Latency;

mod client;
mod pace;

#[cfg(test)]
mod tests;

pub use client::run;

/// Requests at a fixed rate, against an HTTP server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Arrivals {
    /// Where it listens.
    pub server: SocketAddr,
    /// The process whose CPU time is the server's.
    pub process: u32,
    /// Requests that are due each second.
    pub rate: f64,
    /// How many there are in all.
    pub requests: u64,
    /// The most connections at once.
    pub connections: usize,
    /// For how long the server may say nothing while it owes an answer.
    pub patience: Duration,
    /// What is asked for, in turn.
    pub targets: Vec<Target>,
}

/// Something to ask for, and what it is to be answered with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    pub path: String,
    pub body: String,
}

/// What became of all the requests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Served {
    pub sent: u64,
    /// With status 200 and the body that was expected.
    pub answered: u64,
    /// By what happened: how many.
    pub failures: Vec<(Failure, u64)>,
    /// From the moment at which the first was due to the last answer.
    pub wall: Duration,
    /// Answers a second, of the middle half of them: neither the wait for the first
    /// nor that for the last is in it.
    pub rate: f64,
    /// By what share of it, either way, that may be wrong (95 %), for answers come
    /// unevenly; `None` if they were too few to tell.
    pub uncertainty: Option<f64>,
    /// Of those answered, from the moment at which each was due.
    pub latency: Option<Latency>,
    pub server_cpu: Duration,
    pub client_cpu: Duration,
}

/// Why a request was not answered as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// It has another status, or another body: the status, and what it says.
    Answer(u16, String),
    /// The connection ended before the answer did.
    Closed,
    /// What came is no HTTP.
    Foreign,
    /// The socket's error.
    Socket(String),
}

impl Served {
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failures.iter().map(|(_, times)| times).sum()
    }
}
