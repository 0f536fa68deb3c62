//! **How does hyper read and write a kolo stream?** Through [`Io`], which passes
//! each call on. The traits differ in one thing alone, the buffer of a read, and so
//! all the work here is to lay one library's buffer over the memory of the other's,
//! and to carry over how much of it was filled.
//!
//! Invariant, on which each `unsafe` rests: a `ReadBuf`, hyper's or kolo's, says
//! "filled" only of bytes that were written, and makes none uninitialized. That the
//! reader gave *our* buffer back filled, and not another in its place, which safe
//! code can do with kolo's, is checked.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};
use kolo::io::{AsyncRead, AsyncWrite, ReadBuf};
use pin_project_lite::pin_project;

pin_project! {
    /// Hyper's [`Read`] and [`Write`] for a stream that has kolo's [`AsyncRead`] and
    /// [`AsyncWrite`]; and kolo's for one that has hyper's, such as
    /// [`hyper::upgrade::Upgraded`].
    ///
    /// It buffers nothing. Errors are the stream's.
    ///
    /// ```
    /// use hyper::rt::{Read, Write};
    /// use kolo::io::{AsyncRead, AsyncWrite, DuplexStream};
    /// use kolo_hyper::Io;
    ///
    /// fn for_hyper(_: impl Read + Write) {}
    /// fn for_kolo(_: impl AsyncRead + AsyncWrite) {}
    ///
    /// let (one, other): (DuplexStream, DuplexStream) = kolo::io::duplex(64);
    /// for_hyper(Io::new(one));
    /// for_kolo(Io::new(Io::new(other)));
    /// ```
    #[derive(Clone, Copy, Debug, Default)]
    pub struct Io<T> {
        #[pin]
        stream: T,
    }
}

impl<T> Io<T> {
    /// Wraps a stream.
    pub const fn new(stream: T) -> Self {
        Self { stream }
    }

    /// The stream.
    pub fn inner(&self) -> &T {
        &self.stream
    }

    /// The stream. Nothing is lost by reading from it directly: `Io` holds no bytes.
    pub fn inner_mut(&mut self) -> &mut T {
        &mut self.stream
    }

    /// The stream, without its wrapping.
    pub fn into_inner(self) -> T {
        self.stream
    }
}

// A kolo stream, for hyper.

impl<T: AsyncRead> Read for Io<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        // SAFETY: written to through kolo's `ReadBuf`, which makes no byte
        // uninitialized and forbids its callers to do so.
        let room = unsafe { cursor.as_mut() };
        let start = room.as_ptr().cast::<u8>();
        let mut buf = ReadBuf::uninit(room);

        ready!(self.project().stream.poll_read(cx, &mut buf))?;

        let filled = buf.filled();
        assert!(
            std::ptr::eq(filled.as_ptr(), start),
            "a reader has exchanged the buffer that it was to fill"
        );
        let read = filled.len();
        // SAFETY: `buf` lies over the cursor's memory, and its first `read` bytes are
        // filled, which is to say initialized.
        unsafe { cursor.advance(read) };
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite> Write for Io<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.project().stream.poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().stream.poll_write_vectored(cx, bufs)
    }
}

// A stream of hyper's, for kolo.

impl<T: Read> AsyncRead for Io<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // SAFETY: written to through hyper's `ReadBuf`, which makes no byte
        // uninitialized and forbids its callers to do so.
        let room = unsafe { buf.unfilled_mut() };
        let mut theirs = hyper::rt::ReadBuf::uninit(room);

        ready!(self.project().stream.poll_read(cx, theirs.unfilled()))?;

        // Only a cursor was lent: nobody could put another buffer in its place.
        let read = theirs.filled().len();
        // SAFETY: `theirs` lies over our unfilled bytes, and its first `read` are
        // filled, which is to say initialized.
        unsafe { buf.assume_init(read) };
        buf.advance(read);
        Poll::Ready(Ok(()))
    }
}

impl<T: Write> AsyncWrite for Io<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.project().stream.poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().stream.poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
