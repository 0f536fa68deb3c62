//! kolo: an async runtime to read.
#![warn(missing_docs)]

mod loom;
mod util;

pub mod task;
