//! kolo: an async runtime to read.
#![warn(missing_docs)]

extern crate self as kolo;

mod blocking;
mod driver;
mod executor;
mod handle;
mod join_set;
mod loom;
mod park;
mod sys;
mod trace;
mod util;

pub mod runtime;
pub mod task;

pub use handle::spawn;
