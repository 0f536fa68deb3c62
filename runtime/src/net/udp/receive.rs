//! **What receives a datagram?** `recv` and `recv_from`, and the same for looking at
//! it without taking it: `peek`, `peek_from`, `peek_sender`; each in the three forms
//! of `udp/mod.rs`, and into a slice, a [`ReadBuf`] or a growing buffer.
//!
//! Read next: `io/calls.rs`, which fills the last two.

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};

use bytes::BufMut;
use socket2::SockRef;

use super::UdpSocket;
use crate::io::calls;
use crate::io::{Interest, ReadBuf};
use crate::net::addr::ip_address;

/// Who receives also learns of errors.
const RECEIVE: Interest = Interest::READABLE.add(Interest::ERROR);

/// Receiving, as a future. Each fails with the system's errors, or because the runtime
/// is shut down.
impl UdpSocket {
    /// Receives a datagram; how many bytes.
    ///
    /// What `buf` has no room for is lost. From a connected socket, only the peer's.
    ///
    /// # Errors
    ///
    /// The system's: for a connected socket also
    /// [`ConnectionRefused`](io::ErrorKind::ConnectionRefused), if nobody listens
    /// where it sent to. Or that the runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if another branch of a `select!` completes first, no datagram
    /// was taken.
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket.io(RECEIVE, || self.socket.recv(buf)).await
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
            .io(RECEIVE, || calls::recv(&*self.socket, buf))
            .await
    }

    /// Receives a datagram; how many bytes, and from whom.
    ///
    /// What `buf` has no room for is lost.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if another branch of a `select!` completes first, no datagram
    /// was taken.
    pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.socket.io(RECEIVE, || self.socket.recv_from(buf)).await
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
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// use kolo::net::UdpSocket;
    ///
    /// let socket = UdpSocket::bind("127.0.0.1:0").await?;
    /// let address = socket.local_addr()?;
    /// socket.send_to(b"one, ", address).await?;
    /// socket.send_to(b"two", address).await?;
    ///
    /// let mut buf = Vec::with_capacity(1500);
    /// assert_eq!(socket.recv_buf_from(&mut buf).await?, (5, address));
    /// assert_eq!(socket.recv_buf_from(&mut buf).await?, (3, address));
    /// assert_eq!(buf, b"one, two");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn recv_buf_from<B: BufMut>(&self, buf: &mut B) -> io::Result<(usize, SocketAddr)> {
        self.socket
            .io(RECEIVE, || calls::recv_from(&*self.socket, buf))
            .await
            .and_then(with_address)
    }

    /// Receives a datagram that the next receive will receive again; how many bytes.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is taken.
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket.io(RECEIVE, || self.socket.peek(buf)).await
    }

    /// Receives a datagram that the next receive will receive again; how many bytes,
    /// and from whom.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is taken.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// use kolo::net::UdpSocket;
    ///
    /// let socket = UdpSocket::bind("127.0.0.1:0").await?;
    /// let address = socket.local_addr()?;
    /// socket.send_to(b"still there", address).await?;
    ///
    /// let mut buf = [0; 64];
    /// assert_eq!(socket.peek_sender().await?, address);
    /// assert_eq!(socket.peek_from(&mut buf).await?, (11, address));
    /// assert_eq!(socket.peek(&mut buf[..5]).await?, 5);
    /// assert_eq!(socket.recv_from(&mut buf).await?, (11, address));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.socket.io(RECEIVE, || self.socket.peek_from(buf)).await
    }

    /// Who sent the next datagram? It stays where it is.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is taken.
    pub async fn peek_sender(&self) -> io::Result<SocketAddr> {
        self.socket.io(RECEIVE, || self.next_sender()).await
    }

    fn next_sender(&self) -> io::Result<SocketAddr> {
        SockRef::from(self).peek_sender().and_then(ip_address)
    }
}

/// Receiving, in a poll. Of all polls to receive, of whatever method, only the latest
/// one's task is woken.
impl UdpSocket {
    /// Receives a datagram, or wakes the task when there is one.
    ///
    /// What `buf` has no room for is lost.
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
    /// What `buf` has no room for is lost.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv).
    pub fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<SocketAddr>> {
        let receive = || calls::recv_from(&*self.socket, buf);
        let (_, sender) = ready!(self.socket.poll_read_io(cx, receive))?;
        Poll::Ready(ip_address(sender))
    }

    /// Receives a datagram that the next receive will receive again, or wakes the task
    /// when there is one.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv).
    pub fn poll_peek(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.socket
            .poll_read_io(cx, || calls::peek(&*self.socket, buf))
            .map_ok(drop)
    }

    /// Receives a datagram that the next receive will receive again and says from
    /// whom, or wakes the task when there is one.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv).
    pub fn poll_peek_from(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<SocketAddr>> {
        let peek = || calls::peek_from(&*self.socket, buf);
        let (_, sender) = ready!(self.socket.poll_read_io(cx, peek))?;
        Poll::Ready(ip_address(sender))
    }

    /// Who sent the next datagram? If there is none, wakes the task when there is.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv).
    pub fn poll_peek_sender(&self, cx: &mut Context<'_>) -> Poll<io::Result<SocketAddr>> {
        self.socket.poll_read_io(cx, || self.next_sender())
    }
}

/// Receiving what is there. Each fails with
/// [`WouldBlock`](io::ErrorKind::WouldBlock) if nothing is, or the runtime has not
/// seen it yet: await [`readable`](Self::readable) then.
impl UdpSocket {
    /// Receives a datagram that is there; how many bytes.
    ///
    /// What `buf` has no room for is lost.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if none is; else as for [`recv`](Self::recv).
    pub fn try_recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket
            .try_io(Interest::READABLE, || self.socket.recv(buf))
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

    /// Receives a datagram that is there; how many bytes, and from whom.
    ///
    /// What `buf` has no room for is lost.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if none is; else as for [`recv`](Self::recv).
    pub fn try_recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.socket
            .try_io(Interest::READABLE, || self.socket.recv_from(buf))
    }

    /// Receives a datagram that is there into the room that `buf` has, and moves its
    /// end; else as [`try_recv_from`](Self::try_recv_from).
    ///
    /// # Errors
    ///
    /// As for `try_recv_from`.
    pub fn try_recv_buf_from<B: BufMut>(&self, buf: &mut B) -> io::Result<(usize, SocketAddr)> {
        self.socket
            .try_io(Interest::READABLE, || calls::recv_from(&*self.socket, buf))
            .and_then(with_address)
    }

    /// Receives a datagram that is there and that the next receive will receive again;
    /// how many bytes.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if none is; else as for [`recv`](Self::recv).
    pub fn try_peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket
            .try_io(Interest::READABLE, || self.socket.peek(buf))
    }

    /// Receives a datagram that is there and that the next receive will receive again;
    /// how many bytes, and from whom.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if none is; else as for [`recv`](Self::recv).
    pub fn try_peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.socket
            .try_io(Interest::READABLE, || self.socket.peek_from(buf))
    }

    /// Who sent the datagram that is there?
    ///
    /// # Errors
    ///
    /// `WouldBlock` if none is; else as for [`recv`](Self::recv).
    pub fn try_peek_sender(&self) -> io::Result<SocketAddr> {
        self.socket
            .try_io(Interest::READABLE, || self.next_sender())
    }
}

fn with_address((len, sender): (usize, socket2::SockAddr)) -> io::Result<(usize, SocketAddr)> {
    Ok((len, ip_address(sender)?))
}
