//! **Who takes the connections that come in at a path?** The system completes them
//! and keeps them in a queue; [`UnixListener::accept`] takes one out, or waits for
//! one. What `tcp/listener.rs` says of running out of descriptors holds here.
//!
//! tokio's `net::UnixListener` gave the interface.
//!
//! Read next: `stream.rs`.

use std::io;
use std::path::Path;
use std::task::{Context, Poll, ready};

use super::SocketAddr;
use super::stream::UnixStream;
use crate::io::{Interest, Registered};
use crate::net::halves::descriptor_traits;
use crate::net::refuse_blocking;

/// Accepts connections at a path.
///
/// Dropped, it stops listening, and connections that nobody accepted are closed. The
/// file at the path stays, and has to be removed before the path is bound again.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use kolo::net::{UnixListener, UnixStream};
///
/// # let path = std::env::temp_dir().join(format!("kolo-doctest-listener-{}", std::process::id()));
/// let listener = UnixListener::bind(&path)?;
/// let client = UnixStream::connect(&path).await?;
/// let (stream, _unnamed) = listener.accept().await?;
/// assert_eq!(stream.local_addr()?.as_pathname(), Some(path.as_path()));
/// # std::fs::remove_file(&path)?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[doc(alias = "uds")]
pub struct UnixListener {
    socket: Registered<mio::net::UnixListener>,
}

impl UnixListener {
    /// Listens at a path, which it makes a file of. On Linux, a path that begins with
    /// a zero byte is an abstract name, of which no file is made and nothing stays.
    ///
    /// # Errors
    ///
    /// The system's, such as [`AddrInUse`](io::ErrorKind::AddrInUse) where a file is;
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if the path is too long (108
    /// bytes with the zero at its end, on Linux).
    ///
    /// # Panics
    ///
    /// Outside of a runtime, or if I/O is not enabled.
    #[track_caller]
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<UnixListener> {
        let address = SocketAddr::of_path(path.as_ref())?;
        Self::bind_addr(&address)
    }

    /// Listens at an address.
    ///
    /// # Errors
    ///
    /// As for [`bind`](Self::bind).
    ///
    /// # Panics
    ///
    /// Outside of a runtime, or if I/O is not enabled.
    #[track_caller]
    pub fn bind_addr(socket_addr: &SocketAddr) -> io::Result<UnixListener> {
        Self::new(mio::net::UnixListener::bind_addr(&socket_addr.0)?)
    }

    #[track_caller]
    pub(super) fn new(socket: mio::net::UnixListener) -> io::Result<UnixListener> {
        let socket = Registered::new(socket)?;
        Ok(Self { socket })
    }

    /// Takes the next connection, and its peer's address; waits for one.
    ///
    /// Any number of tasks may wait. A peer with an abstract name comes as unnamed (of
    /// mio): the stream's [`peer_addr`](UnixStream::peer_addr) knows it.
    ///
    /// # Errors
    ///
    /// The system's, once per call and at once: say, too many open files. The
    /// listener can be used on. Or that the runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if another branch of a `select!` completes first, no connection
    /// was taken.
    pub async fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        let (stream, peer) = self
            .socket
            .io(Interest::READABLE, || self.socket.accept())
            .await?;
        Ok((UnixStream::accepted(stream)?, SocketAddr(peer)))
    }

    /// Takes the next connection, or wakes the task when there is one.
    ///
    /// Of all polls only the latest one's task is woken; for several tasks there is
    /// [`accept`](Self::accept).
    ///
    /// # Errors
    ///
    /// As for `accept`.
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(UnixStream, SocketAddr)>> {
        let (stream, peer) = ready!(self.socket.poll_read_io(cx, || self.socket.accept()))?;
        Poll::Ready(UnixStream::accepted(stream).map(|stream| (stream, SocketAddr(peer))))
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
    #[track_caller]
    pub fn from_std(listener: std::os::unix::net::UnixListener) -> io::Result<UnixListener> {
        refuse_blocking(&listener)?;
        Self::new(mio::net::UnixListener::from_std(listener))
    }

    /// Gives the listener up to the standard library, non-blocking as it is.
    ///
    /// # Errors
    ///
    /// If the driver can't deregister it.
    pub fn into_std(self) -> io::Result<std::os::unix::net::UnixListener> {
        self.socket.into_source().map(Into::into)
    }

    /// The address that it listens at.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr().map(SocketAddr)
    }

    /// The socket's pending error (`SO_ERROR`), which is cleared by this.
    ///
    /// # Errors
    ///
    /// The system's, of asking.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.socket.take_error()
    }

    fn registered(&self) -> &Registered<mio::net::UnixListener> {
        &self.socket
    }
}

descriptor_traits!(UnixListener);

impl TryFrom<std::os::unix::net::UnixListener> for UnixListener {
    type Error = io::Error;

    /// As [`from_std`](UnixListener::from_std).
    fn try_from(listener: std::os::unix::net::UnixListener) -> io::Result<Self> {
        Self::from_std(listener)
    }
}
