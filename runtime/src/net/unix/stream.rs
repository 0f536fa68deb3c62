//! **What does a Unix stream add to a registered socket?** How it begins: by a path,
//! or as one of a pair. All reading, writing and waiting is what every byte stream
//! does (`net/halves.rs`).
//!
//! `connect` is done at once, or refused: the listener is in this machine, and need
//! not have accepted. Only then is the stream registered, and the driver asked to
//! confirm it; a listener that went away in between has closed the stream already.
//!
//! tokio's `net::UnixStream` gave the interface.
//!
//! Read next: `net/halves.rs`, `io/registered.rs`.

use std::future::poll_fn;
use std::io;
use std::path::Path;

use super::split::{self, OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use super::ucred::UCred;
use super::{SocketAddr, ucred};
use crate::io::{Ready, Registered};
use crate::net::halves::{stream_methods, stream_traits};
use crate::net::refuse_blocking;

/// A connection between two processes of this machine.
///
/// Made by [`connect`](Self::connect), by
/// [`UnixListener::accept`](crate::net::UnixListener::accept), or as one of a
/// [`pair`](Self::pair). It is read and written by
/// [`AsyncReadExt`](crate::io::AsyncReadExt) and
/// [`AsyncWriteExt`](crate::io::AsyncWriteExt), whose
/// [`shutdown`](crate::io::AsyncWriteExt::shutdown) ends the writing. Dropping the
/// stream closes the connection.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use kolo::io::{AsyncReadExt, AsyncWriteExt};
/// use kolo::net::UnixStream;
///
/// let (mut here, mut there) = UnixStream::pair()?;
/// here.write_all(b"all of it").await?;
/// here.shutdown().await?;
/// let mut received = String::new();
/// there.read_to_string(&mut received).await?;
/// assert_eq!(received, "all of it");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
///
/// [`readable`](Self::readable) and [`writable`](Self::writable) wait without a
/// buffer, for any number of tasks that share the stream by reference;
/// [`try_read`](Self::try_read) and [`try_write`](Self::try_write) do what can be
/// done at once:
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use kolo::net::UnixStream;
/// # use std::io;
/// let (here, there) = UnixStream::pair()?;
/// assert_eq!(here.try_write(b"ping")?, 4);
///
/// let mut buf = Vec::with_capacity(64);
/// while buf.len() < 4 {
///     there.readable().await?;
///     match there.try_read_buf(&mut buf) {
///         Ok(0) => break,
///         Ok(_) => {}
///         Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
///         Err(e) => return Err(e),
///     }
/// }
/// assert_eq!(buf, b"ping");
/// # io::Result::Ok(())
/// # }).unwrap();
/// ```
#[doc(alias = "uds")]
pub struct UnixStream {
    socket: Registered<mio::net::UnixStream>,
}

impl UnixStream {
    /// Connects to who listens at a path. On Linux, a path that begins with a zero
    /// byte is an abstract name.
    ///
    /// # Errors
    ///
    /// The system's: [`NotFound`](io::ErrorKind::NotFound) where there is no such
    /// file, [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) where nobody
    /// listens, [`WouldBlock`](io::ErrorKind::WouldBlock) where too many wait to be
    /// accepted. Or that the runtime is shut down.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, or if I/O is not enabled.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a connection that had begun is closed.
    pub async fn connect<P: AsRef<Path>>(path: P) -> io::Result<UnixStream> {
        let address = SocketAddr::of_path(path.as_ref())?;
        Self::connect_addr(&address).await
    }

    /// Connects to who listens at an address.
    ///
    /// # Errors
    ///
    /// As for [`connect`](Self::connect).
    ///
    /// # Panics
    ///
    /// Outside of a runtime, or if I/O is not enabled.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a connection that had begun is closed.
    pub async fn connect_addr(socket_addr: &SocketAddr) -> io::Result<UnixStream> {
        Self::connecting(mio::net::UnixStream::connect_addr(&socket_addr.0)?).await
    }

    /// Waits for a connection that was begun.
    pub(super) async fn connecting(socket: mio::net::UnixStream) -> io::Result<UnixStream> {
        let stream = Self::new(socket)?;
        poll_fn(|cx| stream.socket.poll_write_ready(cx)).await?;
        match stream.socket.take_error()? {
            Some(error) => Err(error),
            None => Ok(stream),
        }
    }

    #[track_caller]
    pub(super) fn new(socket: mio::net::UnixStream) -> io::Result<UnixStream> {
        let socket = Registered::new(socket)?;
        Ok(Self { socket })
    }

    /// A stream that is connected, into which nothing was written yet.
    #[track_caller]
    pub(super) fn new_connected(socket: mio::net::UnixStream) -> io::Result<UnixStream> {
        let stream = Self::new(socket)?;
        stream.socket.assume(Ready::WRITABLE);
        Ok(stream)
    }

    /// A connection that was taken out of a listener's queue: the first message has
    /// often come with it, so that reading is tried at once too.
    pub(super) fn accepted(socket: mio::net::UnixStream) -> io::Result<UnixStream> {
        let stream = Self::new_connected(socket)?;
        stream.socket.assume(Ready::READABLE);
        Ok(stream)
    }

    /// Makes two streams that are connected to each other, without a name.
    ///
    /// # Errors
    ///
    /// The system's; the driver's, if it can't register them.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, or if I/O is not enabled.
    #[track_caller]
    pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
        let (a, b) = mio::net::UnixStream::pair()?;
        Ok((Self::new_connected(a)?, Self::new_connected(b)?))
    }

    /// Takes over a connection of the standard library's, which must be non-blocking.
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
    /// let (stream, _peer) = std::os::unix::net::UnixStream::pair()?;
    /// stream.set_nonblocking(true)?;
    /// let stream = kolo::net::UnixStream::from_std(stream)?;
    ///
    /// // And back, where a thread wants to block on it.
    /// let stream = stream.into_std()?;
    /// stream.set_nonblocking(false)?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn from_std(stream: std::os::unix::net::UnixStream) -> io::Result<UnixStream> {
        refuse_blocking(&stream)?;
        Self::new(mio::net::UnixStream::from_std(stream))
    }

    /// Gives the connection up to the standard library, non-blocking as it is.
    ///
    /// # Errors
    ///
    /// If the driver can't deregister it.
    pub fn into_std(self) -> io::Result<std::os::unix::net::UnixStream> {
        self.socket.into_source().map(Into::into)
    }

    /// This end's address.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr().map(SocketAddr)
    }

    /// The peer's address. Who connected has none, unless he chose one.
    ///
    /// # Errors
    ///
    /// The system's, if the stream is no longer connected.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.peer_addr().map(SocketAddr)
    }

    /// The user, group and process at the other end, as they were when it connected,
    /// listened, or made the pair.
    ///
    /// # Errors
    ///
    /// The system's.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// let (here, _there) = kolo::net::UnixStream::pair()?;
    /// let peer = here.peer_cred()?;
    /// # #[cfg(target_os = "linux")]
    /// assert_eq!(peer.pid(), Some(std::process::id() as i32));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn peer_cred(&self) -> io::Result<UCred> {
        ucred::of_peer(&*self.socket)
    }

    /// The socket's pending error (`SO_ERROR`), which is cleared by this.
    ///
    /// # Errors
    ///
    /// The system's, of asking.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.socket.take_error()
    }

    stream_methods!();

    /// Splits the stream into halves that borrow it, for one task that reads and
    /// writes at once.
    pub fn split(&mut self) -> (ReadHalf<'_>, WriteHalf<'_>) {
        split::split(self)
    }

    /// Splits the stream into halves that can go to a task each.
    ///
    /// The write half, dropped, ends the stream's writing. Both together make the
    /// stream again, by [`reunite`](OwnedReadHalf::reunite).
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// use kolo::io::{AsyncReadExt, AsyncWriteExt};
    ///
    /// let (here, mut there) = kolo::net::UnixStream::pair()?;
    /// let (mut reader, mut writer) = here.into_split();
    /// let sender = kolo::spawn(async move { writer.write_all(b"to you").await });
    /// there.write_all(b"to me").await?;
    /// let mut received = [0; 5];
    /// reader.read_exact(&mut received).await?;
    /// assert_eq!(&received, b"to me");
    ///
    /// sender.await.unwrap()?; // and the half is dropped
    /// let mut all = Vec::new();
    /// there.read_to_end(&mut all).await?;
    /// assert_eq!(all, b"to you");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        split::into_split(self)
    }

    pub(super) fn registered(&self) -> &Registered<mio::net::UnixStream> {
        &self.socket
    }
}

stream_traits!(UnixStream);

impl TryFrom<std::os::unix::net::UnixStream> for UnixStream {
    type Error = io::Error;

    /// As [`from_std`](UnixStream::from_std).
    fn try_from(stream: std::os::unix::net::UnixStream) -> io::Result<Self> {
        Self::from_std(stream)
    }
}
