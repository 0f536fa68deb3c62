//! Pipes: bytes that go one way, between processes or within one.
//!
//! **How does a pipe differ from a socket?** It has two ends of different types, a
//! [`Sender`] and a [`Receiver`], each registered for its one direction. It is read
//! by `read`, as it has no `recv`. And it may have a name: a FIFO is a file that
//! [`OpenOptions`] opens as either end.
//!
//! A pipe may keep the boundaries of writes (Linux's `O_DIRECT`), so that a short
//! read does not mean that it is empty: a receiver reads until the system says that
//! it would have to wait. A short write does mean that it is full, and a sender
//! clears its readiness at that, as a stream's socket does.
//!
//! Invariants: an end that was not made here is looked at, whether it is a pipe, can
//! be used in this direction, and does not block, unless the caller says that he
//! knows (`unchecked`).
//!
//! tokio's `net::unix::pipe` gave the interface. `unsafe` stands here for a question
//! to the system that the standard library does not ask.
//!
//! Read next: `net/halves.rs`, `io/calls.rs`.
//!
//! ```
//! # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use kolo::io::AsyncReadExt;
//! use kolo::net::unix::pipe;
//!
//! let (sender, mut receiver) = pipe::pipe()?;
//! // A child process gets one end: it blocks there, as it expects to.
//! let mut child = std::process::Command::new("echo")
//!     .arg("hello")
//!     .stdout(sender.into_blocking_fd()?)
//!     .spawn()?;
//! let mut said = String::new();
//! receiver.read_to_string(&mut said).await?;
//! assert_eq!(said, "hello\n");
//! # child.wait()?;
//! # std::io::Result::Ok(())
//! # }).unwrap();
//! ```

use std::fs::{self, File};
use std::io::{self, IoSliceMut, Read};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::BufMut;
use mio::unix::pipe;

use crate::io::calls;
use crate::io::{AsyncRead, Interest, ReadBuf, Registered};
use crate::net::halves::{
    descriptor_traits, impl_async_write, readable_method, ready_method, write_methods,
};

/// Makes a pipe; what is written to the sender, the receiver reads.
///
/// # Errors
///
/// The system's; the driver's, if it can't register the ends.
///
/// # Panics
///
/// Outside of a runtime, or if I/O is not enabled.
#[track_caller]
pub fn pipe() -> io::Result<(Sender, Receiver)> {
    let (sender, receiver) = pipe::new()?;
    Ok((Sender::new(sender)?, Receiver::new(receiver)?))
}

/// How a FIFO, a pipe that is a file, is opened.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use kolo::io::{AsyncReadExt, AsyncWriteExt};
/// use kolo::net::unix::pipe;
///
/// # let path = std::env::temp_dir().join(format!("kolo-doctest-fifo-{}", std::process::id()));
/// std::process::Command::new("mkfifo").arg(&path).status()?;
/// let mut receiver = pipe::OpenOptions::new().open_receiver(&path)?;
/// let mut sender = pipe::OpenOptions::new().open_sender(&path)?;
/// sender.write_all(b"through a file").await?;
/// drop(sender);
/// let mut said = String::new();
/// receiver.read_to_string(&mut said).await?;
/// assert_eq!(said, "through a file");
/// # std::fs::remove_file(&path)?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    read_write: bool,
    unchecked: bool,
}

impl OpenOptions {
    /// Options that are all off.
    #[must_use]
    pub fn new() -> OpenOptions {
        Self::default()
    }

    /// Opens the FIFO in both directions, though only one is used.
    ///
    /// A receiver so opened never reads an end, since a sender, itself, is always
    /// there; and a sender is opened though nobody reads yet. POSIX leaves undefined
    /// what this does, Linux defines it.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn read_write(&mut self, value: bool) -> &mut Self {
        self.read_write = value;
        self
    }

    /// Does not look whether the file is a FIFO. What happens if it is none, is not
    /// said.
    pub fn unchecked(&mut self, value: bool) -> &mut Self {
        self.unchecked = value;
        self
    }

    /// Opens the reading end. Until somebody opens the other, it reads the end.
    ///
    /// # Errors
    ///
    /// The system's; [`InvalidInput`](io::ErrorKind::InvalidInput) if the file is no
    /// FIFO.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, or if I/O is not enabled.
    #[track_caller]
    pub fn open_receiver<P: AsRef<Path>>(&self, path: P) -> io::Result<Receiver> {
        let file = self.open(path.as_ref(), fs::OpenOptions::new().read(true))?;
        Receiver::from_file_unchecked(file)
    }

    /// Opens the writing end.
    ///
    /// # Errors
    ///
    /// `ENXIO` if nobody has opened the reading end. Else the system's;
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if the file is no FIFO.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, or if I/O is not enabled.
    #[track_caller]
    pub fn open_sender<P: AsRef<Path>>(&self, path: P) -> io::Result<Sender> {
        let file = self.open(path.as_ref(), fs::OpenOptions::new().write(true))?;
        Sender::from_file_unchecked(file)
    }

    fn open(&self, path: &Path, direction: &mut fs::OpenOptions) -> io::Result<File> {
        if self.read_write {
            direction.read(true).write(true);
        }
        let file = direction.custom_flags(libc::O_NONBLOCK).open(path)?;
        if !self.unchecked {
            check_is_pipe(&file)?;
        }
        Ok(file)
    }
}

/// The end of a pipe that writes.
///
/// Dropped, it is closed, and the receiver reads the end when no other sender is
/// left. [`shutdown`](crate::io::AsyncWriteExt::shutdown) does nothing.
pub struct Sender {
    end: Registered<pipe::Sender>,
}

impl Sender {
    #[track_caller]
    fn new(end: pipe::Sender) -> io::Result<Sender> {
        let end = Registered::with_interest(end, Interest::WRITABLE)?;
        Ok(Self { end })
    }

    /// Takes over an end that writes, and has it not block.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if it is no pipe, or can't be
    /// written; the driver's.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, or if I/O is not enabled.
    #[track_caller]
    pub fn from_file(file: File) -> io::Result<Sender> {
        check_is_pipe(&file)?;
        if access_mode(&file)? == libc::O_RDONLY {
            return Err(invalid("not in O_WRONLY or O_RDWR access mode"));
        }
        let end = pipe::Sender::from(OwnedFd::from(file));
        end.set_nonblocking(true)?;
        Self::new(end)
    }

    /// As [`from_file`](Self::from_file).
    ///
    /// # Errors
    ///
    /// As for `from_file`.
    ///
    /// # Panics
    ///
    /// As for `from_file`.
    #[track_caller]
    pub fn from_owned_fd(owned_fd: OwnedFd) -> io::Result<Sender> {
        Self::from_file(owned_fd.into())
    }

    /// Takes over what the caller knows to be a pipe that writes and does not block.
    ///
    /// # Errors
    ///
    /// The driver's, if it can't register it.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, or if I/O is not enabled.
    #[track_caller]
    pub fn from_file_unchecked(file: File) -> io::Result<Sender> {
        Self::from_owned_fd_unchecked(file.into())
    }

    /// As [`from_file_unchecked`](Self::from_file_unchecked).
    ///
    /// # Errors
    ///
    /// As for `from_file_unchecked`.
    ///
    /// # Panics
    ///
    /// As for `from_file_unchecked`.
    #[track_caller]
    pub fn from_owned_fd_unchecked(owned_fd: OwnedFd) -> io::Result<Sender> {
        Self::new(owned_fd.into())
    }

    ready_method!();
    write_methods!();

    /// Is there room to write? If not, wakes the task when there is.
    ///
    /// Of all polls, only the latest one's task is woken; for several tasks there is
    /// [`writable`](Self::writable).
    ///
    /// # Errors
    ///
    /// If the runtime is shut down.
    pub fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.end.poll_write_ready(cx)
    }

    /// Calls `operation` if there is room to write, and takes note if it has to wait.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is none; else the
    /// operation's.
    pub fn try_io<R>(&self, operation: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
        self.end.try_io(Interest::WRITABLE, operation)
    }

    /// Gives the end up, blocking, as a child process expects it.
    ///
    /// # Errors
    ///
    /// The system's; if the driver can't deregister it.
    pub fn into_blocking_fd(self) -> io::Result<OwnedFd> {
        self.end.set_nonblocking(false)?;
        self.into_nonblocking_fd()
    }

    /// Gives the end up, non-blocking as it is.
    ///
    /// # Errors
    ///
    /// If the driver can't deregister it.
    pub fn into_nonblocking_fd(self) -> io::Result<OwnedFd> {
        self.end.into_source().map(Into::into)
    }

    fn registered(&self) -> &Registered<pipe::Sender> {
        &self.end
    }
}

descriptor_traits!(Sender);
impl_async_write!(Sender, |_| Ok(()));

/// The end of a pipe that reads.
pub struct Receiver {
    end: Registered<pipe::Receiver>,
}

impl Receiver {
    #[track_caller]
    fn new(end: pipe::Receiver) -> io::Result<Receiver> {
        let end = Registered::with_interest(end, Interest::READABLE)?;
        Ok(Self { end })
    }

    /// Takes over an end that reads, and has it not block.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) if it is no pipe, or can't be
    /// read; the driver's.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, or if I/O is not enabled.
    #[track_caller]
    pub fn from_file(file: File) -> io::Result<Receiver> {
        check_is_pipe(&file)?;
        if access_mode(&file)? == libc::O_WRONLY {
            return Err(invalid("not in O_RDONLY or O_RDWR access mode"));
        }
        let end = pipe::Receiver::from(OwnedFd::from(file));
        end.set_nonblocking(true)?;
        Self::new(end)
    }

    /// As [`from_file`](Self::from_file).
    ///
    /// # Errors
    ///
    /// As for `from_file`.
    ///
    /// # Panics
    ///
    /// As for `from_file`.
    #[track_caller]
    pub fn from_owned_fd(owned_fd: OwnedFd) -> io::Result<Receiver> {
        Self::from_file(owned_fd.into())
    }

    /// Takes over what the caller knows to be a pipe that reads and does not block.
    ///
    /// # Errors
    ///
    /// The driver's, if it can't register it.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, or if I/O is not enabled.
    #[track_caller]
    pub fn from_file_unchecked(file: File) -> io::Result<Receiver> {
        Self::from_owned_fd_unchecked(file.into())
    }

    /// As [`from_file_unchecked`](Self::from_file_unchecked).
    ///
    /// # Errors
    ///
    /// As for `from_file_unchecked`.
    ///
    /// # Panics
    ///
    /// As for `from_file_unchecked`.
    #[track_caller]
    pub fn from_owned_fd_unchecked(owned_fd: OwnedFd) -> io::Result<Receiver> {
        Self::new(owned_fd.into())
    }

    ready_method!();
    readable_method!(try_read);

    /// Is there something to read? If not, wakes the task when there is.
    ///
    /// Of all polls, only the latest one's task is woken; for several tasks there is
    /// [`readable`](Self::readable).
    ///
    /// # Errors
    ///
    /// If the runtime is shut down.
    pub fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.end.poll_read_ready(cx)
    }

    /// Reads what is there, without waiting; how many bytes.
    ///
    /// Zero bytes are the end, as no sender is left, or `buf` is empty.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if nothing is there, or the runtime
    /// has not seen it yet: await [`readable`](Self::readable) then. Else the
    /// system's.
    pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.try_io(|| (&*self.end).read(buf))
    }

    /// Reads into several buffers, one after the other; else as
    /// [`try_read`](Self::try_read).
    ///
    /// # Errors
    ///
    /// As for `try_read`.
    pub fn try_read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.try_io(|| (&*self.end).read_vectored(bufs))
    }

    /// Reads into the room that `buf` has or makes, and moves its end; else as
    /// [`try_read`](Self::try_read).
    ///
    /// # Errors
    ///
    /// As for `try_read`.
    pub fn try_read_buf<B: BufMut>(&self, buf: &mut B) -> io::Result<usize> {
        self.try_io(|| calls::read(&*self.end, buf))
    }

    /// Calls `operation` if there is something to read, and takes note if it has to
    /// wait.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) if there is nothing; else the
    /// operation's.
    pub fn try_io<R>(&self, operation: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
        self.end.try_io(Interest::READABLE, operation)
    }

    /// Gives the end up, blocking, as a child process expects it.
    ///
    /// # Errors
    ///
    /// The system's; if the driver can't deregister it.
    pub fn into_blocking_fd(self) -> io::Result<OwnedFd> {
        self.end.set_nonblocking(false)?;
        self.into_nonblocking_fd()
    }

    /// Gives the end up, non-blocking as it is.
    ///
    /// # Errors
    ///
    /// If the driver can't deregister it.
    pub fn into_nonblocking_fd(self) -> io::Result<OwnedFd> {
        self.end.into_source().map(Into::into)
    }

    fn registered(&self) -> &Registered<pipe::Receiver> {
        &self.end
    }
}

descriptor_traits!(Receiver);

impl AsyncRead for Receiver {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = || calls::read(&*self.end, buf);
        self.end.poll_read_io(cx, read).map_ok(drop)
    }
}

fn check_is_pipe(file: &File) -> io::Result<()> {
    if !file.metadata()?.file_type().is_fifo() {
        return Err(invalid("not a pipe"));
    }
    Ok(())
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}

/// `O_RDONLY`, `O_WRONLY` or `O_RDWR`.
fn access_mode(file: &impl AsFd) -> io::Result<libc::c_int> {
    // SAFETY: the descriptor is open, and this call takes no pointer.
    let flags = unsafe { libc::fcntl(file.as_fd().as_raw_fd(), libc::F_GETFL) };
    if flags < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(flags & libc::O_ACCMODE)
}
