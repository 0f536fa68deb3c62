//! The halves that a [`TcpStream`](crate::net::TcpStream) splits into.
//!
//! [`TcpStream::split`] borrows the stream: both halves are used by one task, and the
//! stream is whole again when they are gone. [`TcpStream::into_split`] takes it: each
//! half may go to a task of its own.

mod listener;
mod socket;
mod split;
mod stream;

pub use split::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};

// Their public path is `kolo::net`.
pub(super) use listener::TcpListener;
pub(super) use socket::TcpSocket;
pub(super) use stream::TcpStream;

#[cfg(all(test, not(loom)))]
mod tests;
