//! **What do the chapters on threads look like without a runtime?** As the course has
//! them: on plain threads, each the mirror image of the text of the same name in
//! `course/`, with its waits made by hand where std has none that can be cancelled.
//!
//! Every thread has ended when its program has.
//!
//! Read next: `greeters.rs`, `producer.rs` with `belt.rs`, `bank.rs`.

mod bank;
mod belt;
mod greeters;
pub(crate) mod producer;

pub(crate) use bank::{with_locks, without_locks, wrong_order};
pub(crate) use greeters::greeters;
