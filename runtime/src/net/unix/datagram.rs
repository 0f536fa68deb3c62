//! **How do datagrams go between processes of one machine?** As over UDP, one call
//! for one, whole or cut off at the buffer's end; but none is lost: who sends waits
//! while the receiver's queue is full, and learns when there is none.
//!
//! What ends that wait depends on whether the sender is connected. If it is, the
//! system tells it of room in the peer's queue. If it is not, and sends by `send_to`,
//! the system does not know which queue it waits for, and tells it only when one of
//! its own datagrams was received: if the queue is full of others', it may wait on
//! although there is room.
//!
//! Each operation has the three forms of `net/udp/mod.rs`: `recv` waits as a future,
//! beside any number of others; `poll_recv` in the task's waker; `try_recv` not at
//! all. So everything takes `&self`, and nothing is split: several tasks share the
//! socket by an `Arc`.
//!
//! tokio's `net::UnixDatagram` gave the interface.
//!
//! Read next: `io/calls.rs`.

use std::io;
use std::net::Shutdown;
use std::path::Path;
use std::task::{Context, Poll, ready};

use bytes::BufMut;

use super::SocketAddr;
use crate::io::calls;
use crate::io::{Interest, ReadBuf, Ready, Registered};
use crate::net::halves::{
    descriptor_traits, operation_methods, readable_method, ready_method, writable_method,
};
use crate::net::refuse_blocking;

/// A socket for datagrams within this machine.
///
/// One of a [`pair`](Self::pair), or, by a path, one that sends to many and receives
/// from many:
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use kolo::net::UnixDatagram;
///
/// # let path = std::env::temp_dir().join(format!("kolo-doctest-datagram-{}", std::process::id()));
/// let server = UnixDatagram::bind(&path)?;
/// let client = UnixDatagram::unbound()?;
/// client.send_to(b"no answer, please", &path).await?;
///
/// let mut buf = [0; 64];
/// let (len, sender) = server.recv_from(&mut buf).await?;
/// assert_eq!(&buf[..len], b"no answer, please");
/// assert!(sender.is_unnamed()); // it can't be answered
/// # std::fs::remove_file(&path)?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[doc(alias = "uds")]
pub struct UnixDatagram {
    socket: Registered<mio::net::UnixDatagram>,
}

/// How it begins.
impl UnixDatagram {
    /// A socket bound to a path, which it makes a file of. The file stays when the
    /// socket is closed.
    ///
    /// # Errors
    ///
    /// The system's, such as [`AddrInUse`](io::ErrorKind::AddrInUse) where a file is.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, or if I/O is not enabled.
    #[track_caller]
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<UnixDatagram> {
        Self::new(mio::net::UnixDatagram::bind(path)?)
    }

    /// Two sockets that are connected to each other, without a name.
    ///
    /// # Errors
    ///
    /// The system's; the driver's, if it can't register them.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, or if I/O is not enabled.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let (here, there) = kolo::net::UnixDatagram::pair()?;
    /// here.send(b"one").await?;
    /// here.send(b"two").await?;
    ///
    /// let mut buf = Vec::with_capacity(64);
    /// assert_eq!(there.recv_buf(&mut buf).await?, 3);
    /// assert_eq!(there.recv_buf(&mut buf).await?, 3);
    /// assert_eq!(buf, b"onetwo");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
        let (a, b) = mio::net::UnixDatagram::pair()?;
        let (a, b) = (Self::new(a)?, Self::new(b)?);
        a.socket.assume(Ready::WRITABLE);
        b.socket.assume(Ready::WRITABLE);
        Ok((a, b))
    }

    /// A socket without an address, which can send and not be answered.
    ///
    /// # Errors
    ///
    /// The system's; the driver's, if it can't register it.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, or if I/O is not enabled.
    #[track_caller]
    pub fn unbound() -> io::Result<UnixDatagram> {
        Self::new(mio::net::UnixDatagram::unbound()?)
    }

    #[track_caller]
    pub(super) fn new(socket: mio::net::UnixDatagram) -> io::Result<UnixDatagram> {
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
    #[track_caller]
    pub fn from_std(datagram: std::os::unix::net::UnixDatagram) -> io::Result<UnixDatagram> {
        refuse_blocking(&datagram)?;
        Self::new(mio::net::UnixDatagram::from_std(datagram))
    }

    /// Gives the socket up to the standard library, non-blocking as it is.
    ///
    /// # Errors
    ///
    /// If the driver can't deregister it.
    pub fn into_std(self) -> io::Result<std::os::unix::net::UnixDatagram> {
        self.socket.into_source().map(Into::into)
    }

    /// Sets where [`send`](Self::send) sends to, and whom alone this receives from.
    ///
    /// # Errors
    ///
    /// The system's: somebody must have bound the path.
    pub fn connect<P: AsRef<Path>>(&self, path: P) -> io::Result<()> {
        self.socket.connect(path)
    }
}

/// Waiting, and trying.
impl UnixDatagram {
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
}

/// Sending. A datagram goes whole; how many bytes that were, is returned.
impl UnixDatagram {
    /// Sends a datagram to the peer; waits for room in its queue.
    ///
    /// # Errors
    ///
    /// The system's: no peer ([`connect`](Self::connect) first), one that is gone
    /// ([`ConnectionRefused`](io::ErrorKind::ConnectionRefused)), a datagram that is
    /// too long. Or that the runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if another branch of a `select!` completes first, nothing was
    /// sent.
    pub async fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.socket
            .io(Interest::WRITABLE, || self.socket.send(buf))
            .await
    }

    /// Sends a datagram to who is bound to a path; waits while its queue is full.
    ///
    /// If the queue is full of other senders' datagrams, nothing tells a socket that
    /// is not connected when there is room: it is woken when one of its own datagrams
    /// was received. Where many send to one, [`connect`](Self::connect) and
    /// [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// The system's: nobody is there, or the datagram is too long. Or that the
    /// runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if another branch of a `select!` completes first, nothing was
    /// sent.
    pub async fn send_to<P: AsRef<Path>>(&self, buf: &[u8], target: P) -> io::Result<usize> {
        self.socket
            .io(Interest::WRITABLE, || {
                self.socket.send_to(buf, target.as_ref())
            })
            .await
    }

    /// Sends a datagram to the peer, or wakes the task when there is room.
    ///
    /// Of all polls to send, only the latest one's task is woken.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    pub fn poll_send(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.socket.poll_write_io(cx, || self.socket.send(buf))
    }

    /// Sends a datagram to who is bound to a path, or wakes the task when there may
    /// be room; see [`send_to`](Self::send_to).
    ///
    /// Of all polls to send, only the latest one's task is woken.
    ///
    /// # Errors
    ///
    /// As for [`send_to`](Self::send_to).
    pub fn poll_send_to<P: AsRef<Path>>(
        &self,
        cx: &mut Context<'_>,
        buf: &[u8],
        target: P,
    ) -> Poll<io::Result<usize>> {
        self.socket
            .poll_write_io(cx, || self.socket.send_to(buf, target.as_ref()))
    }

    /// Sends a datagram to the peer if there is room now.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is none, or the runtime has
    /// not seen it yet: await [`writable`](Self::writable) then. Else as for
    /// [`send`](Self::send).
    pub fn try_send(&self, buf: &[u8]) -> io::Result<usize> {
        self.socket
            .try_io(Interest::WRITABLE, || self.socket.send(buf))
    }

    /// Sends a datagram to who is bound to a path if there is room now.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is none, or the runtime has
    /// not seen it yet: await [`writable`](Self::writable) then. Else as for
    /// [`send_to`](Self::send_to).
    pub fn try_send_to<P: AsRef<Path>>(&self, buf: &[u8], target: P) -> io::Result<usize> {
        self.socket.try_io(Interest::WRITABLE, || {
            self.socket.send_to(buf, target.as_ref())
        })
    }
}

/// Receiving. Of a datagram, what the buffer has no room for is lost; how many bytes
/// came, is returned.
impl UnixDatagram {
    /// Receives a datagram.
    ///
    /// # Errors
    ///
    /// The system's, or that the runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if another branch of a `select!` completes first, no datagram
    /// was taken.
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket
            .io(Interest::READABLE, || self.socket.recv(buf))
            .await
    }

    /// Receives a datagram, and says from whom.
    ///
    /// # Errors
    ///
    /// The system's, or that the runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if another branch of a `select!` completes first, no datagram
    /// was taken.
    pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let (len, sender) = self
            .socket
            .io(Interest::READABLE, || self.socket.recv_from(buf))
            .await?;
        Ok((len, SocketAddr(sender)))
    }

    /// Receives a datagram into the room that `buf` has, and moves its end; else as
    /// [`recv`](Self::recv).
    ///
    /// A `Vec` without room makes some, and perhaps not enough: reserve it.
    ///
    /// # Errors
    ///
    /// As for `recv`.
    ///
    /// # Cancel safety
    ///
    /// As of `recv`.
    pub async fn recv_buf<B: BufMut>(&self, buf: &mut B) -> io::Result<usize> {
        self.socket
            .io(Interest::READABLE, || calls::recv(&*self.socket, buf))
            .await
    }

    /// Receives a datagram into the room that `buf` has, and moves its end; else as
    /// [`recv_from`](Self::recv_from).
    ///
    /// A `Vec` without room makes some, and perhaps not enough: reserve it.
    ///
    /// # Errors
    ///
    /// As for `recv_from`.
    ///
    /// # Cancel safety
    ///
    /// As of `recv_from`.
    pub async fn recv_buf_from<B: BufMut>(&self, buf: &mut B) -> io::Result<(usize, SocketAddr)> {
        self.socket
            .io(Interest::READABLE, || self.recv_from_now(buf))
            .await
    }

    /// Receives a datagram, or wakes the task when there is one.
    ///
    /// Of all polls to receive, of whatever method, only the latest one's task is
    /// woken.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv).
    pub fn poll_recv(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.socket
            .poll_read_io(cx, || calls::recv(&*self.socket, buf))
            .map_ok(drop)
    }

    /// Receives a datagram and says from whom, or wakes the task when there is one.
    ///
    /// Of all polls to receive, of whatever method, only the latest one's task is
    /// woken.
    ///
    /// # Errors
    ///
    /// As for [`recv_from`](Self::recv_from).
    pub fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<SocketAddr>> {
        let (_, sender) = ready!(self.socket.poll_read_io(cx, || self.recv_from_now(buf)))?;
        Poll::Ready(Ok(sender))
    }

    /// Receives a datagram that is there.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if none is, or the runtime has not
    /// seen it yet: await [`readable`](Self::readable) then. Else as for
    /// [`recv`](Self::recv).
    pub fn try_recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket
            .try_io(Interest::READABLE, || self.socket.recv(buf))
    }

    /// Receives a datagram that is there, and says from whom.
    ///
    /// # Errors
    ///
    /// As for [`try_recv`](Self::try_recv).
    pub fn try_recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let (len, sender) = self
            .socket
            .try_io(Interest::READABLE, || self.socket.recv_from(buf))?;
        Ok((len, SocketAddr(sender)))
    }

    /// Receives a datagram that is there into the room that `buf` has, and moves its
    /// end; else as [`try_recv`](Self::try_recv).
    ///
    /// # Errors
    ///
    /// As for `try_recv`.
    pub fn try_recv_buf<B: BufMut>(&self, buf: &mut B) -> io::Result<usize> {
        self.socket
            .try_io(Interest::READABLE, || calls::recv(&*self.socket, buf))
    }

    /// Receives a datagram that is there into the room that `buf` has, and moves its
    /// end; else as [`try_recv_from`](Self::try_recv_from).
    ///
    /// # Errors
    ///
    /// As for `try_recv_from`.
    pub fn try_recv_buf_from<B: BufMut>(&self, buf: &mut B) -> io::Result<(usize, SocketAddr)> {
        self.socket
            .try_io(Interest::READABLE, || self.recv_from_now(buf))
    }

    fn recv_from_now(&self, buf: &mut impl BufMut) -> io::Result<(usize, SocketAddr)> {
        let (len, sender) = calls::recv_from(&*self.socket, buf)?;
        Ok((len, SocketAddr::of_sender(&sender)?))
    }
}

/// What it is, and how it ends.
impl UnixDatagram {
    /// The address that the socket is bound to.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr().map(SocketAddr)
    }

    /// The address that the socket is connected to.
    ///
    /// # Errors
    ///
    /// The system's, such as [`NotConnected`](io::ErrorKind::NotConnected).
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.peer_addr().map(SocketAddr)
    }

    /// The socket's pending error (`SO_ERROR`), which is cleared by this.
    ///
    /// # Errors
    ///
    /// The system's, of asking.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.socket.take_error()
    }

    /// Ends sending, receiving, or both. A connected peer that sends then fails; who
    /// receives here gets what was sent before, and then waits for ever.
    ///
    /// # Errors
    ///
    /// The system's, such as [`NotConnected`](io::ErrorKind::NotConnected).
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.socket.shutdown(how)
    }

    fn registered(&self) -> &Registered<mio::net::UnixDatagram> {
        &self.socket
    }
}

descriptor_traits!(UnixDatagram);

impl TryFrom<std::os::unix::net::UnixDatagram> for UnixDatagram {
    type Error = io::Error;

    /// As [`from_std`](UnixDatagram::from_std).
    fn try_from(datagram: std::os::unix::net::UnixDatagram) -> io::Result<Self> {
        Self::from_std(datagram)
    }
}
