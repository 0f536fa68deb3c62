//! **How do two tasks share a stream, one to read and one to write?** Each gets a
//! half, and a lock sees to it that they don't poll it at once.
//!
//! The lock is held for one poll, never across an await; a half that waits for
//! data holds nothing. A stream keeps one waker per direction, so the halves do
//! not disturb each other. Sockets have halves of their own, which need no lock
//! ([`TcpStream`'s](crate::net) `into_split`).
//!
//! What the stream calls in its poll, it calls with the lock held, a waker too: one
//! that polled the other half there and then would wait for itself. kolo's own
//! stream that wakes in its poll is the pipe in memory, and of that each half gets
//! a [handle of its own](split_handles), under a lock of its own. A poll that
//! panics spoils the lock for nobody: what the stream is worth after that, the
//! stream knows.
//!
//! The stream is boxed, so that it can be polled without being `Unpin` and stays
//! where it is; a pin into the lock's own contents would take `unsafe`.

use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::{AsyncRead, AsyncWrite, ReadBuf};
use crate::loom::unmodelled::Mutex;

/// What the halves have in common.
struct Stream<T> {
    /// What the read half polls, and the write half too if it has no handle.
    stream: Handle<T>,
    writer: Option<Handle<T>>,
    /// Asked once: it is not to change, and to ask would take the lock.
    is_write_vectored: bool,
}

struct Handle<T>(Mutex<Pin<Box<T>>>);

impl<T> Handle<T> {
    fn new(stream: T) -> Self {
        Self(Mutex::new(Box::pin(stream)))
    }

    fn with<R>(&self, poll: impl FnOnce(Pin<&mut T>) -> R) -> R {
        let mut stream = self.0.lock();
        poll(stream.as_mut())
    }
}

impl<T> Stream<T> {
    fn to_write(&self) -> &Handle<T> {
        self.writer.as_ref().unwrap_or(&self.stream)
    }
}

/// The half of a stream that reads; made by [`split`].
pub struct ReadHalf<T> {
    stream: Arc<Stream<T>>,
}

/// The half of a stream that writes; made by [`split`].
///
/// Dropping it does not end the stream of bytes:
/// [`shutdown`](super::AsyncWriteExt::shutdown) does.
pub struct WriteHalf<T> {
    stream: Arc<Stream<T>>,
}

/// Divides a stream into a half that reads and a half that writes.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use kolo::io::{self, AsyncReadExt, AsyncWriteExt};
///
/// let stream = io::join(&b"question"[..], Vec::new());
/// let (mut read, mut write) = io::split(stream);
/// kolo::spawn(async move {
///     let mut text = String::new();
///     read.read_to_string(&mut text).await.unwrap();
///     assert_eq!(text, "question");
/// });
/// write.write_all(b"answer").await.unwrap();
/// # });
/// ```
pub fn split<T>(stream: T) -> (ReadHalf<T>, WriteHalf<T>)
where
    T: AsyncRead + AsyncWrite,
{
    halves(stream, None)
}

/// The same of a stream that can be in two places, by two handles to it: each half
/// polls its own. Put together again, the reader's is what is left.
pub(super) fn split_handles<T>(reader: T, writer: T) -> (ReadHalf<T>, WriteHalf<T>)
where
    T: AsyncRead + AsyncWrite,
{
    halves(reader, Some(writer))
}

fn halves<T: AsyncWrite>(stream: T, writer: Option<T>) -> (ReadHalf<T>, WriteHalf<T>) {
    let is_write_vectored = stream.is_write_vectored();
    let stream = Arc::new(Stream {
        stream: Handle::new(stream),
        writer: writer.map(Handle::new),
        is_write_vectored,
    });
    let read = ReadHalf {
        stream: stream.clone(),
    };
    (read, WriteHalf { stream })
}

impl<T> ReadHalf<T> {
    /// Are these two halves of one stream?
    pub fn is_pair_of(&self, other: &WriteHalf<T>) -> bool {
        other.is_pair_of(self)
    }

    /// The stream, whole again.
    ///
    /// # Panics
    ///
    /// If `wr` is the half of another stream; [`is_pair_of`](Self::is_pair_of) says
    /// so beforehand.
    ///
    /// ```
    /// use kolo::io;
    ///
    /// let (read, write) = io::split(io::empty());
    /// assert!(read.is_pair_of(&write));
    /// let stream: io::Empty = read.unsplit(write);
    /// ```
    #[track_caller]
    pub fn unsplit(self, wr: WriteHalf<T>) -> T
    where
        T: Unpin,
    {
        assert!(
            self.is_pair_of(&wr),
            "Unrelated `split::Write` passed to `split::Read::unsplit`."
        );
        drop(wr);
        let Ok(stream) = Arc::try_unwrap(self.stream) else {
            unreachable!("a stream has two halves");
        };
        *Pin::into_inner(stream.stream.0.into_inner())
    }
}

impl<T> WriteHalf<T> {
    /// Are these two halves of one stream?
    pub fn is_pair_of(&self, other: &ReadHalf<T>) -> bool {
        Arc::ptr_eq(&self.stream, &other.stream)
    }
}

impl<T: AsyncRead> AsyncRead for ReadHalf<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream.stream.with(|stream| stream.poll_read(cx, buf))
    }
}

impl<T: AsyncWrite> AsyncWrite for WriteHalf<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream
            .to_write()
            .with(|stream| stream.poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.to_write().with(|stream| stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream
            .to_write()
            .with(|stream| stream.poll_shutdown(cx))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream
            .to_write()
            .with(|stream| stream.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored
    }
}

impl<T: fmt::Debug> fmt::Debug for ReadHalf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadHalf").finish_non_exhaustive()
    }
}

impl<T: fmt::Debug> fmt::Debug for WriteHalf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteHalf").finish_non_exhaustive()
    }
}
