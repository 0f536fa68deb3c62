//! **What sends a datagram?** `send` to the connected peer and `send_to` anyone, each
//! in the three forms of `udp/mod.rs`.
//!
//! Read next: `options.rs`.

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use super::UdpSocket;
use crate::io::Interest;
use crate::net::addr::{ToSocketAddrs, lookup};

/// Sending to the connected peer.
impl UdpSocket {
    /// Sends a datagram to the peer; how many bytes, which are all.
    ///
    /// # Errors
    ///
    /// The system's: no peer ([`connect`](Self::connect) first), a datagram that is
    /// too long, an earlier one that was refused; or that the runtime is shut down.
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

    /// Sends a datagram to the peer if there is room now.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is none, or the runtime has
    /// not seen it yet: await [`writable`](Self::writable) then. Else as for
    /// [`send`](Self::send).
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// use kolo::net::UdpSocket;
    /// use std::io;
    ///
    /// let socket = UdpSocket::bind("127.0.0.1:0").await?;
    /// socket.connect(socket.local_addr()?).await?;
    /// loop {
    ///     socket.writable().await?;
    ///     match socket.try_send(b"ping") {
    ///         Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
    ///         sent => break assert_eq!(sent?, 4),
    ///     }
    /// }
    /// let mut buf = [0; 64];
    /// loop {
    ///     socket.readable().await?;
    ///     match socket.try_recv(&mut buf) {
    ///         Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
    ///         received => break assert_eq!(received?, 4),
    ///     }
    /// }
    /// # io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn try_send(&self, buf: &[u8]) -> io::Result<usize> {
        self.socket
            .try_io(Interest::WRITABLE, || self.socket.send(buf))
    }
}

/// Sending to anyone.
impl UdpSocket {
    /// Sends a datagram to an address; of several, to the first. How many bytes,
    /// which are all.
    ///
    /// A name is resolved each time: [`lookup_host`](crate::net::lookup_host) does it
    /// once.
    ///
    /// # Errors
    ///
    /// The system's, such as a datagram that is too long; the resolver's;
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if there is no address; that the
    /// runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if another branch of a `select!` completes first, nothing was
    /// sent.
    pub async fn send_to<A: ToSocketAddrs>(&self, buf: &[u8], addr: A) -> io::Result<usize> {
        let Some(target) = lookup(addr).await?.next() else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "no addresses to send data to",
            ));
        };
        self.socket
            .io(Interest::WRITABLE, || self.socket.send_to(buf, target))
            .await
    }

    /// Sends a datagram to an address, or wakes the task when there is room.
    ///
    /// Of all polls to send, only the latest one's task is woken.
    ///
    /// # Errors
    ///
    /// The system's, or that the runtime is shut down.
    pub fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        buf: &[u8],
        target: SocketAddr,
    ) -> Poll<io::Result<usize>> {
        self.socket
            .poll_write_io(cx, || self.socket.send_to(buf, target))
    }

    /// Sends a datagram to an address if there is room now.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is none, or the runtime has
    /// not seen it yet: await [`writable`](Self::writable) then. Else the system's.
    pub fn try_send_to(&self, buf: &[u8], target: SocketAddr) -> io::Result<usize> {
        self.socket
            .try_io(Interest::WRITABLE, || self.socket.send_to(buf, target))
    }
}
