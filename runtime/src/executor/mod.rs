//! Executors: the policy of who is polled when.
//!
//! `current_thread.rs` is the loop on one thread, with `gate.rs`, its door to
//! other threads. `multi_thread/` is the one of many. Both pace themselves by
//! `pace.rs`. `local.rs` is a set of tasks that can't leave their thread, run as one
//! future within whatever runs it.

pub(crate) mod current_thread;
mod gate;
pub(crate) mod local;
pub(crate) mod multi_thread;
mod pace;

use std::sync::Arc;

/// The hooks that the Builder was given.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    pub(crate) before_park: Option<Arc<dyn Fn() + Send + Sync>>,
    pub(crate) after_park: Option<Arc<dyn Fn() + Send + Sync>>,
}
