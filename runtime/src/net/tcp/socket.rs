//! **How is a TCP socket given options before it connects or listens?** By making
//! it first: a [`TcpSocket`] is a socket that is neither yet, is no part of the
//! runtime until it is, and so has nothing to wait for.
//!
//! tokio's `net::TcpSocket` gave the interface; every option is one call of socket2.
//!
//! `unsafe` stands here for `FromRawFd`, whose method is.
//!
//! Read next: `stream.rs`.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, RawFd};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use super::listener::TcpListener;
use super::stream::TcpStream;
use crate::net::addr::ip_address;

/// A TCP socket that is not connected and does not listen yet.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use kolo::net::TcpSocket;
///
/// let socket = TcpSocket::new_v4()?;
/// socket.set_reuseaddr(true)?;
/// socket.bind("127.0.0.1:0".parse().unwrap())?;
/// let listener = socket.listen(1024)?;
///
/// let socket = TcpSocket::new_v4()?;
/// socket.set_nodelay(true)?;
/// let client = socket.connect(listener.local_addr()?).await?;
/// assert!(client.nodelay()?);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[doc(alias = "connect_std")]
pub struct TcpSocket {
    socket: Socket,
}

impl TcpSocket {
    /// A socket for IPv4.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn new_v4() -> io::Result<TcpSocket> {
        Self::new(Domain::IPV4)
    }

    /// A socket for IPv6.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn new_v6() -> io::Result<TcpSocket> {
        Self::new(Domain::IPV6)
    }

    fn new(domain: Domain) -> io::Result<TcpSocket> {
        let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket })
    }

    /// Takes over a socket of the standard library's that is not connected, whatever
    /// its type says; made by another crate, with options of its own.
    ///
    /// It must be non-blocking.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// use kolo::net::{TcpListener, TcpSocket};
    /// use socket2::{Domain, Socket, Type};
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    /// socket.set_nonblocking(true)?;
    /// let socket = TcpSocket::from_std_stream(socket.into());
    /// socket.connect(listener.local_addr()?).await?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    pub fn from_std_stream(std_stream: std::net::TcpStream) -> TcpSocket {
        Self {
            socket: std_stream.into(),
        }
    }

    /// Binds the socket to an address of this machine; port 0 lets the system choose.
    ///
    /// # Errors
    ///
    /// The system's, such as [`AddrInUse`](io::ErrorKind::AddrInUse).
    pub fn bind(&self, addr: SocketAddr) -> io::Result<()> {
        self.socket.bind(&addr.into())
    }

    /// Connects the socket.
    ///
    /// # Errors
    ///
    /// The system's, such as [`ConnectionRefused`](io::ErrorKind::ConnectionRefused);
    /// that the runtime is shut down.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, or if I/O is not enabled.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the socket is closed.
    pub async fn connect(self, addr: SocketAddr) -> io::Result<TcpStream> {
        match self.socket.connect(&addr.into()) {
            Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => return Err(error),
            // Connected, or, as is usual, on the way.
            _ => {}
        }
        TcpStream::connecting(mio::net::TcpStream::from_std(self.socket.into())).await
    }

    /// Listens: at most `backlog` connections wait to be accepted, and at most as
    /// many as the system allows.
    ///
    /// A socket that was not bound listens at a port of the system's choice, at all
    /// addresses.
    ///
    /// # Errors
    ///
    /// The system's.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, or if I/O is not enabled.
    #[track_caller]
    pub fn listen(self, backlog: u32) -> io::Result<TcpListener> {
        self.socket
            .listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
        TcpListener::new(mio::net::TcpListener::from_std(self.socket.into()))
    }

    /// The address that the socket is bound to.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr().and_then(ip_address)
    }

    /// The socket's pending error (`SO_ERROR`), which is cleared by this.
    ///
    /// # Errors
    ///
    /// The system's, of asking.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.socket.take_error()
    }
}

/// Options. Each getter and setter fails as the system's call does.
///
/// ```
/// use kolo::net::TcpSocket;
///
/// # fn main() -> std::io::Result<()> {
/// let socket = TcpSocket::new_v4()?;
/// socket.set_keepalive(true)?;
/// socket.set_reuseport(true)?;
/// socket.set_recv_buffer_size(64 * 1024)?;
/// assert!(socket.keepalive()? && socket.reuseport()?);
/// // Linux reserves as much again for its own records.
/// assert!(socket.recv_buffer_size()? >= 64 * 1024);
/// # Ok(())
/// # }
/// ```
impl TcpSocket {
    /// Asks an idle peer now and then whether it is there (`SO_KEEPALIVE`).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_keepalive(&self, keepalive: bool) -> io::Result<()> {
        self.socket.set_keepalive(keepalive)
    }

    /// Is an idle peer asked whether it is there (`SO_KEEPALIVE`)?
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn keepalive(&self) -> io::Result<bool> {
        self.socket.keepalive()
    }

    /// Lets the socket bind an address at which old connections linger
    /// (`SO_REUSEADDR`).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_reuseaddr(&self, reuseaddr: bool) -> io::Result<()> {
        self.socket.set_reuse_address(reuseaddr)
    }

    /// May the socket bind an address at which old connections linger
    /// (`SO_REUSEADDR`)?
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn reuseaddr(&self) -> io::Result<bool> {
        self.socket.reuse_address()
    }

    /// Lets several sockets bind one address, if each has this option
    /// (`SO_REUSEPORT`); the system deals connections out among them.
    ///
    /// # Errors
    ///
    /// The system's.
    #[cfg(not(any(target_os = "solaris", target_os = "illumos")))]
    pub fn set_reuseport(&self, reuseport: bool) -> io::Result<()> {
        self.socket.set_reuse_port(reuseport)
    }

    /// May several sockets bind this one's address (`SO_REUSEPORT`)?
    ///
    /// # Errors
    ///
    /// The system's.
    #[cfg(not(any(target_os = "solaris", target_os = "illumos")))]
    pub fn reuseport(&self) -> io::Result<bool> {
        self.socket.reuse_port()
    }

    /// Sets the size of the system's buffer for sending, in bytes (`SO_SNDBUF`).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_send_buffer_size(&self, size: u32) -> io::Result<()> {
        self.socket.set_send_buffer_size(size as usize)
    }

    /// The size of the system's buffer for sending, in bytes (`SO_SNDBUF`): on Linux
    /// twice what was set.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn send_buffer_size(&self) -> io::Result<u32> {
        self.socket.send_buffer_size().map(saturated)
    }

    /// Sets the size of the system's buffer for receiving, in bytes (`SO_RCVBUF`).
    /// Accepted connections inherit it.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_recv_buffer_size(&self, size: u32) -> io::Result<()> {
        self.socket.set_recv_buffer_size(size as usize)
    }

    /// The size of the system's buffer for receiving, in bytes (`SO_RCVBUF`): on
    /// Linux twice what was set.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn recv_buffer_size(&self) -> io::Result<u32> {
        self.socket.recv_buffer_size().map(saturated)
    }

    /// Has closing wait for what was not sent yet (`SO_LINGER`), as
    /// [`TcpStream::set_linger`].
    ///
    /// # Errors
    ///
    /// The system's.
    #[deprecated = "the drop of the stream blocks the thread for that long; \
                    `set_zero_linger` is the case that doesn't"]
    pub fn set_linger(&self, dur: Option<Duration>) -> io::Result<()> {
        self.socket.set_linger(dur)
    }

    /// Has closing reset the connection, and drop what was not sent (`SO_LINGER` of
    /// zero).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_zero_linger(&self) -> io::Result<()> {
        self.socket.set_linger(Some(Duration::ZERO))
    }

    /// How long closing waits for what was not sent yet (`SO_LINGER`).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        self.socket.linger()
    }

    /// Sends what is written at once (`TCP_NODELAY`), or, false, gathers small
    /// writes while a packet is under way.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.socket.set_tcp_nodelay(nodelay)
    }

    /// Is what is written sent at once (`TCP_NODELAY`)?
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.socket.tcp_nodelay()
    }

    /// The traffic class of IPv6 packets (`IPV6_TCLASS`).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn tclass_v6(&self) -> io::Result<u32> {
        self.socket.tclass_v6()
    }

    /// Sets the traffic class of IPv6 packets (`IPV6_TCLASS`).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_tclass_v6(&self, tclass: u32) -> io::Result<()> {
        self.socket.set_tclass_v6(tclass)
    }

    /// The type of service of IPv4 packets (`IP_TOS`).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn tos_v4(&self) -> io::Result<u32> {
        self.socket.tos_v4()
    }

    /// Sets the type of service of IPv4 packets (`IP_TOS`).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_tos_v4(&self, tos: u32) -> io::Result<()> {
        self.socket.set_tos_v4(tos)
    }

    /// As [`tos_v4`](Self::tos_v4).
    #[deprecated = "its name is `tos_v4` now: it is of IPv4 only"]
    #[doc(hidden)]
    pub fn tos(&self) -> io::Result<u32> {
        self.tos_v4()
    }

    /// As [`set_tos_v4`](Self::set_tos_v4).
    #[deprecated = "its name is `set_tos_v4` now: it is of IPv4 only"]
    #[doc(hidden)]
    pub fn set_tos(&self, tos: u32) -> io::Result<()> {
        self.set_tos_v4(tos)
    }

    /// The network interface that the socket is bound to (`SO_BINDTODEVICE`).
    ///
    /// # Errors
    ///
    /// The system's.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn device(&self) -> io::Result<Option<Vec<u8>>> {
        self.socket.device()
    }

    /// Binds the socket to a network interface, such as `b"eth0"` (`SO_BINDTODEVICE`);
    /// `None` unbinds it.
    ///
    /// # Errors
    ///
    /// The system's; some systems ask for a privilege.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn bind_device(&self, interface: Option<&[u8]>) -> io::Result<()> {
        self.socket.bind_device(interface)
    }
}

fn saturated(size: usize) -> u32 {
    size.try_into().unwrap_or(u32::MAX)
}

impl fmt::Debug for TcpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.fmt(f)
    }
}

impl AsRawFd for TcpSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

impl AsFd for TcpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl FromRawFd for TcpSocket {
    /// Takes over a descriptor, which must be that of a non-blocking TCP socket.
    ///
    /// # Safety
    ///
    /// The descriptor is open, and nobody else owns it.
    unsafe fn from_raw_fd(fd: RawFd) -> TcpSocket {
        // SAFETY: the caller's.
        let socket = unsafe { Socket::from_raw_fd(fd) };
        Self { socket }
    }
}

impl IntoRawFd for TcpSocket {
    fn into_raw_fd(self) -> RawFd {
        self.socket.into_raw_fd()
    }
}
