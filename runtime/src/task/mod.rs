//! Tasks: spawn them, await them, end them.
//!
//! A task is a future that a runtime polls on its own. [`spawn`] starts one and
//! returns its [`JoinHandle`]; [`spawn_blocking`] runs a closure that blocks on
//! a thread kept for such work; [`spawn_local`] and [`LocalSet`] take futures
//! that can't leave their thread; [`JoinSet`] holds many.
//!
//! # How it works inside
//!
//! `state.rs` is the word that says where a task is in its life, `cell.rs` what
//! it occupies, `runnable.rs` how it is polled, `waker.rs` how it is woken,
//! `join.rs` and `abort.rs` what its handles do, `registry.rs` who knows of it,
//! `slot.rs` a place where its runnable may lie.
//! No file in here knows an executor: it is behind `cell::Schedule`.
//!
//! [`spawn`]: crate::spawn

mod abort;
pub(crate) mod cell;
pub mod coop;
mod error;
mod id;
mod join;
pub(crate) mod registry;
pub(crate) mod runnable;
mod slot;
mod state;
mod waker;
mod waker_word;
mod yield_now;

pub use abort::AbortHandle;
pub use coop::{consume_budget, unconstrained};
pub use error::JoinError;
pub use id::{Id, id, try_id};
pub use join::JoinHandle;
pub use yield_now::yield_now;

// Façade: these live in higher layers.
pub use crate::executor::local::{LocalEnterGuard, LocalSet, spawn_local};
pub use crate::executor::multi_thread::block_in_place;
pub use crate::handle::{spawn, spawn_blocking};
pub use crate::join_set::JoinSet;

pub(crate) use cell::{Caller, Owner, Schedule, Unscheduled, contain};
pub(crate) use registry::Registry;
pub(crate) use runnable::{Anchor, Ran, Runnable, Unregistered, new_task};
pub(crate) use slot::RunnableSlot;

#[cfg(all(test, loom))]
mod models;
#[cfg(all(test, loom))]
mod models_of_many;
