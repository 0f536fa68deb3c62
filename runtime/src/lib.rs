//! kolo: an async runtime to read.
#![warn(missing_docs)]

// The attributes name the library by the name that their caller knows.
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

// What the macros expand to in other crates.
#[doc(hidden)]
pub mod macros;
pub mod runtime;
pub mod sync;
pub mod task;
pub mod time;

pub use handle::spawn;
pub use kolo_macros::{main, test};
