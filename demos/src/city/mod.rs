//! **What does the API of cities need besides its runtime?** Routes and answers, services
//! to ask, a server that has only threads, and requests that arrive whether it keeps up
//! or not.
//!
//! ```text
//!   the load client              the API                      the services
//!   a process of its own         this process                 a process of its own
//!   ────────────────────         ────────────                 ────────────────────
//!   --rate requests a      ────► route, view ── HTTP ───────► location   0.29 to 0.54 s
//!   second, each timed           on threads,   ── HTTP ───────► sun, weather
//!   from when it was due   ◄──── or awaited                              0.40 to 0.74 s
//! ```
//!
//! **Whose CPU time it is.** Each of the three is a process, so that what the kernel
//! counts for the API's is the API's alone: its connections, its HTTP on both sides, its
//! JSON. Neither client nor services run on a runtime (`benches/load`); the runtimes
//! get the same from both.
//!
//! **What ends when.** The client ends with its last request. The services end when the
//! pipe that is their standard input does, which the kernel closes with this process,
//! however it comes to its end. A client whose server is gone ends too.
//!
//! Read next: `api.rs`; the views, `../course/city.rs`; `threads.rs`, the server that
//! blocks, and `tasks.rs`, the one that awaits, which is compiled once per library and
//! loaded by `../course/mod.rs`; `upstreams.rs`, `places.rs`; `arrivals.rs`, the load and what is claimed of it.

use std::net::{Ipv4Addr, SocketAddr};

pub(crate) mod api;
pub(crate) mod arrivals;
pub(crate) mod options;
pub(crate) mod places;
pub(crate) mod threads;
pub(crate) mod upstreams;

pub(crate) use upstreams::be_upstreams_if_asked;

/// On loopback, at this port or at one that is free.
pub(crate) fn address(port: Option<u16>) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port.unwrap_or(0)).into()
}
