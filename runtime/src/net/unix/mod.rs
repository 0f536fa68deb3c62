//! Unix sockets' addresses, halves and credentials, and pipes.
//!
//! **What is different between processes of one machine?** The sockets are those of
//! the network with another kind of address, a path in the file system; they know
//! which user is at the other end; and there are pipes, which go one way.
//!
//! | type | is |
//! |---|---|
//! | [`UnixStream`](crate::net::UnixStream), [`UnixListener`](crate::net::UnixListener) | bytes both ways, as TCP |
//! | [`UnixDatagram`](crate::net::UnixDatagram) | datagrams, in order and never lost |
//! | [`UnixSocket`](crate::net::UnixSocket) | a socket before it is one of those |
//! | [`SocketAddr`] | a path, an abstract name, or none |
//! | [`UCred`] | who is at the other end of a stream |
//! | [`pipe`] | pipes, and the file system's named ones |
//!
//! Nothing waits here that does not wait in TCP, so nothing explains waiting: see
//! `net/mod.rs` and `net/halves.rs`. A path is bound by making a file, which stays
//! when the socket is closed; to bind again, remove it first.
//!
//! tokio's `net::unix` gave the interface.
//!
//! Read next: `stream.rs`.

mod address;
pub(crate) mod datagram;
pub(crate) mod listener;
pub mod pipe;
pub(crate) mod socket;
mod split;
pub(crate) mod stream;
mod ucred;

pub use address::SocketAddr;
pub use split::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
pub use ucred::UCred;

/// A user's number.
#[allow(non_camel_case_types)] // the C library's name
pub type uid_t = u32;

/// A group's number.
#[allow(non_camel_case_types)] // the C library's name
pub type gid_t = u32;

/// A process's number.
#[allow(non_camel_case_types)] // the C library's name
pub type pid_t = i32;

#[cfg(all(test, not(loom)))]
mod tests;
