//! **What is the client asked to do, and what does it answer?**

use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::machine::Placement;

/// Everything that the client needs to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    /// Where the server listens.
    pub server: SocketAddr,
    /// The process whose CPU time is the server's.
    pub process: u32,
    /// Where both of them run.
    pub placement: Placement,
    pub work: Work,
}

/// What the client does to an echo server.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Work {
    /// Connections that stay, each with one message of `size` bytes under way.
    Echo {
        connections: usize,
        size: usize,
        warm_up: Amount,
        measured: Amount,
    },
    /// Connections that stay, on which messages are due at even intervals, in turn,
    /// `rate` of them a second, whether or not those before are back. A message's
    /// time under way counts from the moment at which it was due.
    Paced {
        connections: usize,
        size: usize,
        rate: u64,
        warm_up: u64,
        measured: u64,
    },
    /// Connections that come, send one message of `size` bytes, take it back,
    /// and go, so many at once.
    Churn {
        at_once: usize,
        size: usize,
        warm_up: u64,
        measured: u64,
    },
    /// One connection that sends and takes back bytes as fast as it goes.
    Bulk { warm_up: u64, measured: u64 },
    /// Connections that say nothing, and one more; all end when the server
    /// closes that one.
    Idle { connections: usize },
}

/// When a part of the work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Amount {
    /// After so many messages of all connections together.
    Messages(u64),
    /// When no message is under way that was begun in this time.
    Time(Duration),
}

/// What came of the measured part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    /// When the measured part began: of use to whoever looked on.
    pub began: Option<SystemTime>,
    /// Messages, connections, or KiB: whatever the work is counted in.
    pub operations: u64,
    pub wall: Duration,
    /// CPU time of the server's process.
    pub server_cpu: Duration,
    /// CPU time of the client's.
    pub client_cpu: Duration,
    /// From the call that sends a message, or from when it was due, to the call
    /// that has all of it again.
    pub latency: Option<Latency>,
    /// Bytes taken back, each compared with what was sent; the warm-up's too.
    pub bytes: u64,
}

/// Of all messages measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    pub least: Duration,
    pub p50: Duration,
    pub p99: Duration,
    pub p999: Duration,
    pub most: Duration,
}

impl Work {
    /// How many connections there are at a time.
    #[must_use]
    pub fn connections(&self) -> usize {
        match *self {
            Work::Echo { connections, .. } | Work::Paced { connections, .. } => connections,
            Work::Churn { at_once, .. } => at_once,
            Work::Bulk { .. } => 1,
            Work::Idle { connections } => connections + 1,
        }
    }
}

impl Findings {
    /// Wall nanoseconds per operation.
    #[must_use]
    pub fn wall_each(&self) -> f64 {
        self.wall.as_nanos() as f64 / self.operations as f64
    }

    /// CPU nanoseconds of the server per operation.
    #[must_use]
    pub fn cpu_each(&self) -> f64 {
        self.server_cpu.as_nanos() as f64 / self.operations as f64
    }
}

impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Placement::Apart { server, client } => {
                write!(
                    f,
                    "the server on core {server}, the client on core {client}"
                )
            }
            Placement::Anywhere => write!(f, "server and client where the kernel puts them"),
        }
    }
}
