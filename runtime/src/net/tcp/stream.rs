//! **What does a TCP connection add to a registered socket?** How it begins, how it
//! ends, and TCP's options. All reading, writing and waiting is what every byte
//! stream does (`net/halves.rs`).
//!
//! # How it begins
//!
//! `connect` on a non-blocking socket only starts. The socket becomes writable when
//! the peer has agreed, or when nothing comes of it; which of the two, `SO_ERROR`
//! says. So a future of [`TcpStream::connect`] owns the socket all along, and
//! dropping the one closes the other.
//!
//! # How it ends
//!
//! Each direction by itself: `shutdown` of the writer is what the peer reads as the
//! end. It sends nothing that waits here, as nothing does; so it never waits.
//!
//! tokio's `net::TcpStream` gave the interface.
//!
//! Read next: `net/halves.rs`, `io/registered.rs`; the options are in `options.rs`.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use super::split::{self, OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use crate::io::calls;
use crate::io::{Interest, ReadBuf, Ready, Registered};
use crate::net::addr::{ToSocketAddrs, lookup, no_address};
use crate::net::halves::{stream_methods, stream_traits};
use crate::net::refuse_blocking;

/// A TCP connection.
///
/// Made by [`connect`](Self::connect), by
/// [`TcpListener::accept`](crate::net::TcpListener::accept), or by
/// [`TcpSocket::connect`](crate::net::TcpSocket::connect) with options. It is read
/// and written by [`AsyncReadExt`](crate::io::AsyncReadExt) and
/// [`AsyncWriteExt`](crate::io::AsyncWriteExt), whose
/// [`shutdown`](crate::io::AsyncWriteExt::shutdown) ends the writing. Dropping the
/// stream closes the connection.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use kolo::io::{AsyncReadExt, AsyncWriteExt};
/// use kolo::net::{TcpListener, TcpStream};
///
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let mut client = TcpStream::connect(listener.local_addr()?).await?;
/// let (mut server, _) = listener.accept().await?;
///
/// client.write_all(b"all of it").await?;
/// client.shutdown().await?;
/// let mut received = String::new();
/// server.read_to_string(&mut received).await?;
/// assert_eq!(received, "all of it");
///
/// // The other direction is still open.
/// server.write_all(b"thanks").await?;
/// drop(server);
/// client.read_to_string(&mut received).await?;
/// assert_eq!(received, "all of itthanks");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
///
/// # Waiting and trying apart
///
/// [`readable`](Self::readable) and [`writable`](Self::writable) wait without a
/// buffer, for any number of tasks that share the stream by reference;
/// [`try_read`](Self::try_read) and [`try_write`](Self::try_write) do what can be
/// done at once. So a thousand idle connections hold no buffer:
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use kolo::net::{TcpListener, TcpStream};
/// # use std::io;
/// # let listener = TcpListener::bind("127.0.0.1:0").await?;
/// # let client = TcpStream::connect(listener.local_addr()?).await?;
/// # let (server, _) = listener.accept().await?;
/// client.writable().await?;
/// assert_eq!(client.try_write(b"ping")?, 4);
///
/// let mut buf = Vec::with_capacity(64);
/// while buf.len() < 4 {
///     server.readable().await?;
///     match server.try_read_buf(&mut buf) {
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
///
/// # Calls that are not here
///
/// [`async_io`](Self::async_io) and [`try_io`](Self::try_io) wait for a call of the
/// system that this type lacks:
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use kolo::net::{TcpListener, TcpStream};
/// use kolo::io::Interest;
/// use socket2::SockRef;
///
/// # let listener = TcpListener::bind("127.0.0.1:0").await?;
/// # let client = TcpStream::connect(listener.local_addr()?).await?;
/// # let (server, _) = listener.accept().await?;
/// // From the file to the socket, past this process.
/// let file = std::fs::File::open("Cargo.toml")?;
/// let send = || SockRef::from(&client).sendfile(&file, 0, None);
/// let sent = client.async_io(Interest::WRITABLE, send).await?;
/// assert!(sent > 0);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub struct TcpStream {
    socket: Registered<mio::net::TcpStream>,
}

impl TcpStream {
    /// Connects to an address; of several, to the first one that answers.
    ///
    /// They are tried one after the other, each for as long as the system does: a
    /// peer that never answers costs minutes. For less, wrap it in
    /// [`timeout`](crate::time::timeout()).
    ///
    /// # Errors
    ///
    /// The last address's, such as
    /// [`ConnectionRefused`](io::ErrorKind::ConnectionRefused); the resolver's;
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if there is no address; that the
    /// runtime is shut down.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, or if I/O is not enabled.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a connection that had begun is closed.
    pub async fn connect<A: ToSocketAddrs>(addr: A) -> io::Result<TcpStream> {
        let mut last_error = None;
        for addr in lookup(addr).await? {
            match Self::connect_to(addr).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last_error = Some(error),
            }
        }
        Err(last_error.unwrap_or_else(no_address))
    }

    async fn connect_to(addr: SocketAddr) -> io::Result<TcpStream> {
        Self::connecting(mio::net::TcpStream::connect(addr)?).await
    }

    /// Waits for a connection that was begun.
    pub(super) async fn connecting(socket: mio::net::TcpStream) -> io::Result<TcpStream> {
        let stream = Self::new(socket)?;
        poll_fn(|cx| stream.socket.poll_write_ready(cx)).await?;
        match stream.socket.take_error()? {
            Some(error) => Err(error),
            None => Ok(stream),
        }
    }

    #[track_caller]
    pub(super) fn new(socket: mio::net::TcpStream) -> io::Result<TcpStream> {
        let socket = Registered::new(socket)?;
        Ok(Self { socket })
    }

    /// A connection that was taken out of a listener's queue. The first message has
    /// often come with it, and there is room to write: both are tried at once.
    pub(super) fn accepted(socket: mio::net::TcpStream) -> io::Result<TcpStream> {
        let stream = Self::new(socket)?;
        stream.socket.assume(Ready::READABLE | Ready::WRITABLE);
        Ok(stream)
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
    /// # use kolo::net::{TcpListener, TcpStream};
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = std::net::TcpStream::connect(listener.local_addr()?)?;
    /// stream.set_nonblocking(true)?;
    /// let stream = TcpStream::from_std(stream)?;
    ///
    /// // And back, where a thread wants to block on it.
    /// let stream = stream.into_std()?;
    /// stream.set_nonblocking(false)?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn from_std(stream: std::net::TcpStream) -> io::Result<TcpStream> {
        refuse_blocking(&stream)?;
        Self::new(mio::net::TcpStream::from_std(stream))
    }

    /// Gives the connection up to the standard library, non-blocking as it is.
    ///
    /// # Errors
    ///
    /// If the driver can't deregister it.
    pub fn into_std(self) -> io::Result<std::net::TcpStream> {
        self.socket.into_source().map(Into::into)
    }

    /// This end's address.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// The peer's address.
    ///
    /// # Errors
    ///
    /// The system's, if the stream is no longer connected.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.peer_addr()
    }

    /// The socket's pending error (`SO_ERROR`), which is cleared by this.
    ///
    /// # Errors
    ///
    /// The system's, of asking.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.socket.take_error()
    }

    /// Reads without taking from the stream; how many bytes. Zero are its end.
    ///
    /// # Errors
    ///
    /// The system's, or that the runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is taken.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// # use kolo::net::{TcpListener, TcpStream};
    /// # use kolo::io::{AsyncReadExt, AsyncWriteExt};
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let mut client = TcpStream::connect(listener.local_addr()?).await?;
    /// # let (mut server, _) = listener.accept().await?;
    /// client.write_all(b"GET / HTTP/1.1\r\n").await?;
    ///
    /// let mut first = [0; 3];
    /// assert_eq!(server.peek(&mut first).await?, 3);
    /// assert_eq!(&first, b"GET");
    /// assert_eq!(server.read(&mut first).await?, 3);
    /// assert_eq!(&first, b"GET");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket
            .io(Interest::READABLE, || self.socket.peek(buf))
            .await
    }

    /// Reads without taking from the stream; how many bytes. Wakes the task when
    /// there are some.
    ///
    /// Of all polls for reading, of whatever method, only the latest one's task is
    /// woken.
    ///
    /// # Errors
    ///
    /// The system's, or that the runtime is shut down.
    pub fn poll_peek(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<usize>> {
        self.socket
            .poll_read_io(cx, || calls::peek(&*self.socket, buf))
    }

    stream_methods!();

    /// Splits the stream into halves that borrow it, for one task that reads and
    /// writes at once.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// # use kolo::net::{TcpListener, TcpStream};
    /// # use kolo::io::{AsyncReadExt, AsyncWriteExt};
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let mut client = TcpStream::connect(listener.local_addr()?).await?;
    /// # let (mut server, _) = listener.accept().await?;
    /// # let echo = kolo::spawn(async move {
    /// #     let (mut reader, mut writer) = server.split();
    /// #     kolo::io::copy(&mut reader, &mut writer).await
    /// # });
    /// let (mut reader, mut writer) = client.split();
    /// let (written, read) = kolo::join!(
    ///     async {
    ///         writer.write_all(b"there and back").await?;
    ///         writer.shutdown().await
    ///     },
    ///     async {
    ///         let mut answer = String::new();
    ///         reader.read_to_string(&mut answer).await.map(|_| answer)
    ///     },
    /// );
    /// written?;
    /// assert_eq!(read?, "there and back");
    /// # echo.await.unwrap()?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
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
    /// # use kolo::net::{TcpListener, TcpStream};
    /// # use kolo::io::{AsyncReadExt, AsyncWriteExt};
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let client = TcpStream::connect(listener.local_addr()?).await?;
    /// # let (mut server, _) = listener.accept().await?;
    /// let (mut reader, mut writer) = client.into_split();
    /// let sender = kolo::spawn(async move {
    ///     writer.write_all(b"to you").await.map(|()| writer)
    /// });
    /// server.write_all(b"to me").await?;
    /// let mut received = [0; 5];
    /// reader.read_exact(&mut received).await?;
    /// assert_eq!(&received, b"to me");
    ///
    /// let writer = sender.await.unwrap()?;
    /// let client = reader.reunite(writer).unwrap();
    /// assert_eq!(client.peer_addr()?, server.local_addr()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        split::into_split(self)
    }

    pub(super) fn registered(&self) -> &Registered<mio::net::TcpStream> {
        &self.socket
    }
}

stream_traits!(TcpStream);

impl TryFrom<std::net::TcpStream> for TcpStream {
    type Error = io::Error;

    /// As [`from_std`](TcpStream::from_std).
    fn try_from(stream: std::net::TcpStream) -> io::Result<Self> {
        Self::from_std(stream)
    }
}
