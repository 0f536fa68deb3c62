//! Executors: the policy of who is polled when.
//!
//! `current_thread.rs` is the loop on one thread, with `gate.rs`, its door to
//! other threads. `local.rs` is a set of tasks that can't leave their thread,
//! run as one future within whatever runs it.

pub(crate) mod current_thread;
mod gate;
pub(crate) mod local;
mod pace;
