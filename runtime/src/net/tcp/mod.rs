//! The halves that a [`TcpStream`](crate::net::TcpStream) splits into.
//!
//! [`split`](crate::net::TcpStream::split) borrows the stream: both halves are used by
//! one task, and the stream is whole again when they are gone.
//! [`into_split`](crate::net::TcpStream::into_split) takes it: each half may go to a
//! task of its own.

// What they hold is public as `kolo::net`.
pub(crate) mod listener;
mod options;
pub(crate) mod socket;
mod split;
pub(crate) mod stream;

pub use split::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};

#[cfg(all(test, not(loom)))]
mod tests;
