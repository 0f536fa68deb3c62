//! **What stands beside every server that is measured?** A load client, the
//! same for all of them, and the [`EchoLoop`], a server without a runtime: the
//! floor. For servers of HTTP there is a client whose requests arrive at a fixed
//! rate ([`arrivals`]), and a service that takes its time ([`late`]), for them to
//! wait for.
//!
//! This package depends on no runtime, so no runtime can help or hurt the
//! client that measures it. `compare` and the demo `echo` both use it, and it
//! is a package of its own for that reason: the demos would otherwise have to
//! compile every benchmark and its peers.
//!
//! ```text
//!   the server's process                       the client's process
//!   ────────────────────                       ────────────────────
//!   Placement::apart()   pins itself           the same binary again: be_client_if_asked()
//!   binds, start(plan) ───────────────────────► connects, warms up, measures:
//!   serves                                     wall time, latencies,
//!   is told what was found ◄─────────────────── the CPU time of the server's process
//! ```
//!
//! The server's CPU time is read by the client, at the moments when its own
//! clock starts and stops, from the kernel's clock of the other process: so
//! neither warm-up nor the client's own work is in it, whatever the server is.
//!
//! Read next: [`plan`], what can be asked for; `client.rs`, how it is done;
//! `echo_loop.rs`, the floor; [`arrivals`].

mod alarm;
pub mod arrivals;
mod beside;
mod bulk;
mod churn;
mod client;
mod echo;
mod echo_loop;
pub mod late;
mod listen;
mod machine;
mod paced;
pub mod plan;

pub use beside::{OUTSIDE, be_client_if_asked, run_for, start, start_arrivals};
pub use client::run;
pub use echo_loop::{EchoLoop, Ender};
pub use listen::{BACKLOG, listen};
pub use machine::{Placement, need_open_files};
pub use plan::{Amount, Findings, Latency, Plan, Work};
