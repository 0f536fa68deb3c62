//! Tasks.

pub mod coop;
