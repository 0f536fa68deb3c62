//! **Who takes the connections that come in?** The system completes them and keeps
//! them in a queue; [`TcpListener::accept`] takes one out, or waits for one.
//!
//! The listener stays readable, for this library, until an accept finds the queue
//! empty. An accept that fails for another reason leaves it readable and its
//! connection in the queue: so where descriptors have run out, each call says so at
//! once, and the first one after a descriptor came free succeeds. To pause between
//! the calls is the caller's part, who alone knows what would free one.
//!
//! tokio's `net::TcpListener` gave the interface.
//!
//! Read next: `stream.rs`.

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};

use socket2::SockRef;

use super::stream::TcpStream;
use crate::io::{Interest, Registered};
use crate::net::addr::{ToSocketAddrs, first_that, lookup};
use crate::net::halves::descriptor_traits;
use crate::net::refuse_blocking;

/// Accepts TCP connections.
///
/// Dropped, it stops listening; connections that nobody accepted are reset.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use kolo::net::{TcpListener, TcpStream};
///
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let client = TcpStream::connect(listener.local_addr()?).await?;
/// let (stream, peer) = listener.accept().await?;
/// assert_eq!(peer, client.local_addr()?);
/// assert_eq!(stream.peer_addr()?, peer);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub struct TcpListener {
    socket: Registered<mio::net::TcpListener>,
}

impl TcpListener {
    /// Listens at an address; of several, at the first one that can be had.
    ///
    /// Port 0 lets the system choose, see [`local_addr`](Self::local_addr). Its
    /// address can be bound again while old connections linger (`SO_REUSEADDR`), and
    /// as many connections may wait to be accepted as the system allows (on Linux
    /// `net.core.somaxconn`, 4096; with std and tokio it is 128). To choose these, use
    /// [`TcpSocket`](crate::net::TcpSocket).
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
    pub async fn bind<A: ToSocketAddrs>(addr: A) -> io::Result<TcpListener> {
        let addresses = lookup(addr).await?;
        first_that(addresses, |addr| {
            let socket = mio::net::TcpListener::bind(addr)?;
            // Said again, since mio says 128. Whoever knocks at a full queue is not
            // heard, and knocks again only after a second.
            SockRef::from(&socket).listen(i32::MAX)?;
            Self::new(socket)
        })
    }

    /// Takes the next connection, and its peer's address; waits for one.
    ///
    /// Any number of tasks may wait.
    ///
    /// # Errors
    ///
    /// The system's, once per call and at once: say, too many open files. The
    /// listener can be used on. Some errors are those of one connection, which ended
    /// before it was accepted. Or that the runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if another branch of a `select!` completes first, no connection
    /// was taken.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = self
            .socket
            .io(Interest::READABLE, || self.socket.accept())
            .await?;
        Ok((TcpStream::accepted(stream)?, peer))
    }

    /// Takes the next connection, or wakes the task when there is one.
    ///
    /// Of all polls only the latest one's task is woken; for several tasks there is
    /// [`accept`](Self::accept).
    ///
    /// # Errors
    ///
    /// As for `accept`.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// use kolo::net::{TcpListener, TcpStream};
    /// use std::future::poll_fn;
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let client = TcpStream::connect(listener.local_addr()?).await?;
    /// let (_stream, peer) = poll_fn(|cx| listener.poll_accept(cx)).await?;
    /// assert_eq!(peer, client.local_addr()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        let (stream, peer) = ready!(self.socket.poll_read_io(cx, || self.socket.accept()))?;
        Poll::Ready(TcpStream::accepted(stream).map(|stream| (stream, peer)))
    }

    /// Takes over a listener of the standard library's, which must be non-blocking.
    ///
    /// # Errors
    ///
    /// If the driver can't register it.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, or if I/O is not enabled. In debug builds, if the
    /// listener blocks.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// use kolo::net::TcpListener;
    ///
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// listener.set_nonblocking(true)?;
    /// let address = listener.local_addr()?;
    ///
    /// let listener = TcpListener::from_std(listener)?;
    /// assert_eq!(listener.local_addr()?, address);
    /// assert_eq!(listener.into_std()?.local_addr()?, address);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn from_std(listener: std::net::TcpListener) -> io::Result<TcpListener> {
        refuse_blocking(&listener)?;
        Self::new(mio::net::TcpListener::from_std(listener))
    }

    /// Gives the listener up to the standard library, non-blocking as it is.
    ///
    /// # Errors
    ///
    /// If the driver can't deregister it.
    pub fn into_std(self) -> io::Result<std::net::TcpListener> {
        self.socket.into_source().map(Into::into)
    }

    /// The address that it listens at: with the port, if the system chose it.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// How many hops packets may take (`IP_TTL`).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn ttl(&self) -> io::Result<u32> {
        self.socket.ttl()
    }

    /// Sets how many hops packets may take (`IP_TTL`).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.socket.set_ttl(ttl)
    }

    #[track_caller]
    pub(super) fn new(listener: mio::net::TcpListener) -> io::Result<Self> {
        let socket = Registered::new(listener)?;
        Ok(Self { socket })
    }

    fn registered(&self) -> &Registered<mio::net::TcpListener> {
        &self.socket
    }
}

descriptor_traits!(TcpListener);

impl TryFrom<std::net::TcpListener> for TcpListener {
    type Error = io::Error;

    /// As [`from_std`](TcpListener::from_std).
    fn try_from(listener: std::net::TcpListener) -> io::Result<Self> {
        Self::from_std(listener)
    }
}
