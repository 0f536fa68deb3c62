//! **How do datagrams go out and come in?** One call, one datagram, whole or not at
//! all: there is no stream, no end, and nothing to split. So every method takes
//! `&self`, and one socket serves any number of tasks, in an `Arc` if they are spawned.
//!
//! Each operation comes in three forms that differ in how they wait, and in nothing
//! else:
//!
//! | form | waits | for |
//! |---|---|---|
//! | `recv` | as a future, beside any number of others | async functions |
//! | `poll_recv` | in the task's waker; the latest poll of its direction counts | hand-written futures |
//! | `try_recv` | not at all: `WouldBlock` | after `readable` |
//!
//! Invariants
//!
//! - A datagram that does not fit the buffer loses its rest, as the system has it.
//! - Whoever waits to receive also wakes for an error: a connected socket learns by
//!   one that nobody listens at the other end.
//! - A short datagram says nothing about the next one: readiness is cleared only when
//!   the system says that there is none.
//!
//! `socket` in this folder's files is the field; `receive.rs` has what is received
//! and peeked, `send.rs` what is sent, `options.rs` the rest. tokio's
//! `net::UdpSocket` gave the interface.
//!
//! Read next: `receive.rs`, then `io/calls.rs`.

mod options;
mod receive;
mod send;

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use crate::io::Registered;
use crate::net::addr::{ToSocketAddrs, first_that, lookup};
use crate::net::halves::{
    descriptor_traits, operation_methods, readable_method, ready_method, writable_method,
};
use crate::net::refuse_blocking;

/// A UDP socket.
///
/// # From one to many
///
/// [`bind`](Self::bind), then [`send_to`](Self::send_to) and
/// [`recv_from`](Self::recv_from) any address:
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use kolo::net::UdpSocket;
///
/// let server = UdpSocket::bind("127.0.0.1:0").await?;
/// let client = UdpSocket::bind("127.0.0.1:0").await?;
/// client.send_to(b"who is there?", server.local_addr()?).await?;
///
/// let mut buf = [0; 1500];
/// let (len, peer) = server.recv_from(&mut buf).await?;
/// assert_eq!(&buf[..len], b"who is there?");
/// assert_eq!(peer, client.local_addr()?);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
///
/// # From one to one
///
/// [`connect`](Self::connect), then [`send`](Self::send) and [`recv`](Self::recv);
/// datagrams from elsewhere are dropped:
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use kolo::net::UdpSocket;
///
/// let (a, b) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
/// a.connect(b.local_addr()?).await?;
/// b.connect(a.local_addr()?).await?;
/// assert_eq!(a.send(b"hello").await?, 5);
///
/// let mut buf = Vec::with_capacity(1500);
/// assert_eq!(b.recv_buf(&mut buf).await?, 5);
/// assert_eq!(buf, b"hello");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
///
/// # In several tasks
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use kolo::net::UdpSocket;
/// use std::sync::Arc;
///
/// let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").await?);
/// let address = socket.local_addr()?;
/// let sender = socket.clone();
/// kolo::spawn(async move { sender.send_to(b"to myself", address).await });
///
/// let mut buf = [0; 64];
/// assert_eq!(socket.recv_from(&mut buf).await?, (9, address));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
///
/// # Calls that are not here
///
/// [`async_io`](Self::async_io) and [`try_io`](Self::try_io) wait for a call of the
/// system that this type lacks:
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use kolo::io::Interest;
/// use kolo::net::UdpSocket;
/// use socket2::SockRef;
/// use std::io::IoSlice;
///
/// let socket = UdpSocket::bind("127.0.0.1:0").await?;
/// let address = socket.local_addr()?;
/// // One datagram of two pieces.
/// let pieces = [IoSlice::new(b"head"), IoSlice::new(b"body")];
/// let send = || SockRef::from(&socket).send_to_vectored(&pieces, &address.into());
/// assert_eq!(socket.async_io(Interest::WRITABLE, send).await?, 8);
///
/// let mut buf = [0; 64];
/// assert_eq!(socket.recv(&mut buf).await?, 8);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub struct UdpSocket {
    socket: Registered<mio::net::UdpSocket>,
}

impl UdpSocket {
    /// Makes a socket bound to an address; of several, to the first one that can be
    /// had. Port 0 lets the system choose.
    ///
    /// # Errors
    ///
    /// The last address's, such as [`AddrInUse`](io::ErrorKind::AddrInUse); the
    /// resolver's; [`InvalidInput`](io::ErrorKind::InvalidInput) if there is no
    /// address.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, or if I/O is not enabled.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it waits only for the resolver.
    pub async fn bind<A: ToSocketAddrs>(addr: A) -> io::Result<UdpSocket> {
        let addresses = lookup(addr).await?;
        first_that(addresses, |addr| {
            Self::new(mio::net::UdpSocket::bind(addr)?)
        })
    }

    #[track_caller]
    fn new(socket: mio::net::UdpSocket) -> io::Result<UdpSocket> {
        let socket = Registered::new(socket)?;
        Ok(Self { socket })
    }

    /// Takes over a socket of the standard library's, which must be non-blocking.
    ///
    /// # Errors
    ///
    /// If the driver can't register it.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, or if I/O is not enabled. In debug builds, if the socket
    /// blocks.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// use kolo::net::UdpSocket;
    ///
    /// let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
    /// socket.set_nonblocking(true)?;
    /// let address = socket.local_addr()?;
    ///
    /// let socket = UdpSocket::from_std(socket)?;
    /// assert_eq!(socket.local_addr()?, address);
    /// assert_eq!(socket.into_std()?.local_addr()?, address);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn from_std(socket: std::net::UdpSocket) -> io::Result<UdpSocket> {
        refuse_blocking(&socket)?;
        Self::new(mio::net::UdpSocket::from_std(socket))
    }

    /// Gives the socket up to the standard library, non-blocking as it is.
    ///
    /// # Errors
    ///
    /// If the driver can't deregister it.
    pub fn into_std(self) -> io::Result<std::net::UdpSocket> {
        self.socket.into_source().map(Into::into)
    }

    /// The address that the socket is bound to.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// The address that the socket is connected to.
    ///
    /// # Errors
    ///
    /// The system's, such as [`NotConnected`](io::ErrorKind::NotConnected).
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.peer_addr()
    }

    /// Sets where [`send`](Self::send) sends to, and whom alone
    /// [`recv`](Self::recv) receives from; of several addresses, the first one that
    /// can be had. Nothing is sent by this, and nobody need be there.
    ///
    /// # Errors
    ///
    /// The last address's; the resolver's;
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if there is no address.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it waits only for the resolver.
    pub async fn connect<A: ToSocketAddrs>(&self, addr: A) -> io::Result<()> {
        let addresses = lookup(addr).await?;
        first_that(addresses, |addr| self.socket.connect(addr))
    }

    ready_method!();

    readable_method!(try_recv);
    writable_method!(try_send);
    operation_methods!();

    /// Is there something to receive? If not, wakes the task when there is.
    ///
    /// Of all polls to receive, of whatever method, only the latest one's task is
    /// woken; for several tasks there is [`readable`](Self::readable).
    ///
    /// # Errors
    ///
    /// If the runtime is shut down.
    pub fn poll_recv_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.poll_read_ready(cx)
    }

    /// Is there room to send? If not, wakes the task when there is.
    ///
    /// Of all polls to send, of whatever method, only the latest one's task is woken;
    /// for several tasks there is [`writable`](Self::writable).
    ///
    /// # Errors
    ///
    /// If the runtime is shut down.
    pub fn poll_send_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.poll_write_ready(cx)
    }

    /// The socket's pending error (`SO_ERROR`), which is cleared by this.
    ///
    /// # Errors
    ///
    /// The system's, of asking.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.socket.take_error()
    }

    fn registered(&self) -> &Registered<mio::net::UdpSocket> {
        &self.socket
    }
}

descriptor_traits!(UdpSocket);

impl TryFrom<std::net::UdpSocket> for UdpSocket {
    type Error = io::Error;

    /// As [`from_std`](UdpSocket::from_std).
    fn try_from(socket: std::net::UdpSocket) -> io::Result<Self> {
        Self::from_std(socket)
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
