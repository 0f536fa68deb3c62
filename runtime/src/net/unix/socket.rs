//! **How is a Unix socket bound before it connects, or made without knowing which
//! kind it will be?** As a [`UnixSocket`], which is no part of the runtime until it
//! becomes a stream, a listener or a datagram socket.
//!
//! tokio's `net::UnixSocket` gave the interface. `unsafe` stands here for
//! `FromRawFd`, whose method is.
//!
//! Read next: `stream.rs`.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::path::Path;

use socket2::{Domain, SockAddr, Socket, Type};

use super::datagram::UnixDatagram;
use super::listener::UnixListener;
use super::stream::UnixStream;

/// A Unix socket that is not connected and does not listen yet.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use kolo::net::UnixSocket;
///
/// # let path = |name| std::env::temp_dir().join(format!("kolo-doctest-{name}-{}", std::process::id()));
/// # let (server, client) = (path("server"), path("client"));
/// let socket = UnixSocket::new_stream()?;
/// socket.bind(&server)?;
/// let listener = socket.listen(16)?;
///
/// let socket = UnixSocket::new_stream()?;
/// socket.bind(&client)?; // so that the server knows who comes
/// let _stream = socket.connect(&server).await?;
/// let (_stream, peer) = listener.accept().await?;
/// assert_eq!(peer.as_pathname(), Some(client.as_path()));
/// # std::fs::remove_file(&server)?;
/// # std::fs::remove_file(&client)?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct UnixSocket {
    socket: Socket,
}

impl UnixSocket {
    /// A socket for datagrams.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn new_datagram() -> io::Result<UnixSocket> {
        Self::new(Type::DGRAM)
    }

    /// A socket for a stream or a listener.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn new_stream() -> io::Result<UnixSocket> {
        Self::new(Type::STREAM)
    }

    fn new(kind: Type) -> io::Result<UnixSocket> {
        let socket = Socket::new(Domain::UNIX, kind, None)?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket })
    }

    /// Refuses a `wrong` kind of socket for `call`.
    fn refuse(&self, wrong: Type, call: &str, name: &str) -> io::Result<()> {
        if self.socket.r#type()? == wrong {
            return Err(io::Error::other(format!(
                "{call} cannot be called on a {name} socket"
            )));
        }
        Ok(())
    }

    /// Binds the socket to a path, which it makes a file of. On Linux, a path that
    /// begins with a zero byte is an abstract name.
    ///
    /// # Errors
    ///
    /// The system's, such as [`AddrInUse`](io::ErrorKind::AddrInUse) where a file is.
    pub fn bind(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.socket.bind(&SockAddr::unix(path)?)
    }

    /// Listens: at most `backlog` connections wait to be accepted, and at most as
    /// many as the system allows.
    ///
    /// # Errors
    ///
    /// If this is for datagrams; the system's.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, or if I/O is not enabled.
    #[track_caller]
    pub fn listen(self, backlog: u32) -> io::Result<UnixListener> {
        self.refuse(Type::DGRAM, "listen", "datagram")?;
        self.socket
            .listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
        UnixListener::new(OwnedFd::from(self.socket).into())
    }

    /// Connects to who listens at a path.
    ///
    /// # Errors
    ///
    /// If this is for datagrams; the system's, as for
    /// [`UnixStream::connect`]; that the runtime is shut down.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, or if I/O is not enabled.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the socket is closed.
    pub async fn connect(self, path: impl AsRef<Path>) -> io::Result<UnixStream> {
        self.refuse(Type::DGRAM, "connect", "datagram")?;
        match self.socket.connect(&SockAddr::unix(path)?) {
            Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => return Err(error),
            _ => {}
        }
        UnixStream::connecting(OwnedFd::from(self.socket).into()).await
    }

    /// Sends and receives datagrams.
    ///
    /// # Errors
    ///
    /// If this is for streams; the socket's pending error.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, or if I/O is not enabled.
    #[track_caller]
    pub fn datagram(self) -> io::Result<UnixDatagram> {
        self.refuse(Type::STREAM, "datagram", "stream")?;
        let datagram = UnixDatagram::new(OwnedFd::from(self.socket).into())?;
        match datagram.take_error()? {
            Some(error) => Err(error),
            None => Ok(datagram),
        }
    }
}

impl AsRawFd for UnixSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

impl AsFd for UnixSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl FromRawFd for UnixSocket {
    /// Takes over a socket that is neither connected nor listens, and is non-blocking.
    unsafe fn from_raw_fd(fd: RawFd) -> UnixSocket {
        // SAFETY: the caller's: the descriptor is open, and nobody else owns it.
        let socket = unsafe { Socket::from_raw_fd(fd) };
        Self { socket }
    }
}

impl IntoRawFd for UnixSocket {
    fn into_raw_fd(self) -> RawFd {
        self.socket.into_raw_fd()
    }
}
