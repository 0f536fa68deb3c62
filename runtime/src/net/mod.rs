//! TCP, UDP and Unix sockets.
//!
//! **How does a task wait for the network?** A socket here is mio's, non-blocking,
//! with a registration at the runtime's driver. An operation is tried when the
//! driver has last seen the socket ready; when the system answers that it would have
//! to wait, that is noted, and the task leaves a waker. Nothing here owns a buffer,
//! and no byte is read ahead.
//!
//! | type | is |
//! |---|---|
//! | [`TcpListener`], [`TcpStream`] | TCP: accept, connect, read, write |
//! | [`TcpSocket`] | a TCP socket before it is one of those, to set options on |
//! | [`UdpSocket`] | datagrams over UDP |
//! | [`tcp`] | the halves that a [`TcpStream`] splits into |
//! | [`UnixStream`], [`UnixListener`], [`UnixDatagram`], [`UnixSocket`] | the same, within this machine |
//! | [`unix`] | the addresses and halves of those, and pipes |
//! | [`ToSocketAddrs`], [`lookup_host`] | names and addresses |
//!
//! All of them need a runtime with I/O enabled
//! ([`enable_io`](crate::runtime::Builder::enable_io) or `enable_all`) and belong to
//! the one in whose context they were made; once that is gone, what waits for it
//! fails, with an error that
//! [`is_rt_shutdown_err`](crate::runtime::is_rt_shutdown_err) knows.
//!
//! ```
//! # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use kolo::io::{AsyncReadExt, AsyncWriteExt};
//! use kolo::net::{TcpListener, TcpStream};
//!
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! let address = listener.local_addr()?;
//!
//! // A server that answers one client in capitals.
//! kolo::spawn(async move {
//!     let (mut stream, _) = listener.accept().await.unwrap();
//!     let mut word = [0; 5];
//!     stream.read_exact(&mut word).await.unwrap();
//!     stream.write_all(&word.to_ascii_uppercase()).await.unwrap();
//! });
//!
//! let mut stream = TcpStream::connect(address).await?;
//! stream.write_all(b"hello").await?;
//! let mut answer = String::new();
//! stream.read_to_string(&mut answer).await?;
//! assert_eq!(answer, "HELLO");
//! # std::io::Result::Ok(())
//! # }).unwrap();
//! ```
//!
//! Invariants
//!
//! - Dropping a future drops a wait, and no more: each method says what that means,
//!   under "Cancel safety".
//! - What a method does when it does not wait is one call of the system.
//! - An error is returned once, to the one who called, and nothing is tried again
//!   behind the caller's back: a full table of descriptors is told by each
//!   [`accept`](TcpListener::accept), at once, for as long as it is full.
//!
//! Read next: `tcp/stream.rs`, then `halves.rs`; the waiting itself is in
//! `io/registered.rs`.

mod addr;
pub(crate) mod halves;
pub mod tcp;
mod udp;
pub mod unix;

pub use addr::{ToSocketAddrs, lookup_host};
pub use tcp::listener::TcpListener;
pub use tcp::socket::TcpSocket;
pub use tcp::stream::TcpStream;
pub use udp::UdpSocket;
pub use unix::datagram::UnixDatagram;
pub use unix::listener::UnixListener;
pub use unix::socket::UnixSocket;
pub use unix::stream::UnixStream;

use std::io;
use std::os::fd::AsFd;

/// Looks at a socket that came from outside: one that blocks would stop every task.
/// Debug builds only, as it costs a call of the system.
///
/// # Panics
///
/// If the socket blocks.
#[track_caller]
pub(crate) fn refuse_blocking(socket: &impl AsFd) -> io::Result<()> {
    if cfg!(debug_assertions) && !socket2::SockRef::from(socket).nonblocking()? {
        panic!(
            "this socket blocks, and with it would the runtime's thread: call \
             `set_nonblocking(true)` on it first"
        );
    }
    Ok(())
}
