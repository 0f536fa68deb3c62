//! **What does it take to write once, or everything?** A poll; or polls until
//! nothing is left, with what is left in the future, or in the caller's
//! [`Buf`], which knows it itself.
//!
//! A writer that takes nothing of something will take no more, now or ever: that
//! is `WriteZero`, for whoever has to write it all.

use std::future::Future;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use pin_project_lite::pin_project;

use crate::io::AsyncWrite;

/// Pieces of a `Buf` that go into one vectored write.
const PIECES: usize = 64;

pin_project! {
    /// Some of a slice.
    #[project(!Unpin)]
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Write<'a, W: ?Sized> {
        writer: &'a mut W,
        bytes: &'a [u8],
    }
}

impl<'a, W: ?Sized> Write<'a, W> {
    pub(in crate::io) fn new(writer: &'a mut W, bytes: &'a [u8]) -> Self {
        Write { writer, bytes }
    }
}

impl<W: AsyncWrite + Unpin + ?Sized> Future for Write<'_, W> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let me = self.project();
        Pin::new(&mut **me.writer).poll_write(cx, me.bytes)
    }
}

pin_project! {
    /// Some of several slices.
    #[project(!Unpin)]
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct WriteVectored<'a, 'b, W: ?Sized> {
        writer: &'a mut W,
        slices: &'a [IoSlice<'b>],
    }
}

impl<'a, 'b, W: ?Sized> WriteVectored<'a, 'b, W> {
    pub(in crate::io) fn new(writer: &'a mut W, slices: &'a [IoSlice<'b>]) -> Self {
        WriteVectored { writer, slices }
    }
}

impl<W: AsyncWrite + Unpin + ?Sized> Future for WriteVectored<'_, '_, W> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let me = self.project();
        Pin::new(&mut **me.writer).poll_write_vectored(cx, me.slices)
    }
}

/// One write of what `buf` still holds, which then holds so much less.
fn poll_write_buf<W, B>(
    writer: &mut W,
    cx: &mut Context<'_>,
    buf: &mut B,
) -> Poll<io::Result<usize>>
where
    W: AsyncWrite + Unpin,
    B: Buf,
{
    let writer = Pin::new(writer);
    let n = if writer.is_write_vectored() {
        let mut slices = [IoSlice::new(&[]); PIECES];
        let filled = buf.chunks_vectored(&mut slices);
        ready!(writer.poll_write_vectored(cx, &slices[..filled]))?
    } else {
        ready!(writer.poll_write(cx, buf.chunk()))?
    };
    buf.advance(n);
    Poll::Ready(Ok(n))
}

pin_project! {
    /// Some of whatever holds bytes.
    #[project(!Unpin)]
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct WriteBuf<'a, W, B> {
        writer: &'a mut W,
        buf: &'a mut B,
    }
}

impl<'a, W, B> WriteBuf<'a, W, B> {
    pub(in crate::io) fn new(writer: &'a mut W, buf: &'a mut B) -> Self {
        WriteBuf { writer, buf }
    }
}

impl<W: AsyncWrite + Unpin, B: Buf> Future for WriteBuf<'_, W, B> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let me = self.project();
        if !me.buf.has_remaining() {
            return Poll::Ready(Ok(0));
        }
        poll_write_buf(*me.writer, cx, *me.buf)
    }
}

pin_project! {
    /// All of whatever holds bytes.
    #[project(!Unpin)]
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct WriteAllBuf<'a, W, B> {
        writer: &'a mut W,
        buf: &'a mut B,
    }
}

impl<'a, W, B> WriteAllBuf<'a, W, B> {
    pub(in crate::io) fn new(writer: &'a mut W, buf: &'a mut B) -> Self {
        WriteAllBuf { writer, buf }
    }
}

impl<W: AsyncWrite + Unpin, B: Buf> Future for WriteAllBuf<'_, W, B> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let me = self.project();
        while me.buf.has_remaining() {
            match ready!(poll_write_buf(*me.writer, cx, *me.buf)) {
                Ok(0) => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
                Err(e) if e.kind() != ErrorKind::Interrupted => return Poll::Ready(Err(e)),
                _ => {}
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// Writes until nothing is left of `rest`.
fn poll_write_all<W: AsyncWrite + Unpin + ?Sized>(
    writer: &mut W,
    cx: &mut Context<'_>,
    rest: &mut &[u8],
) -> Poll<io::Result<()>> {
    while !rest.is_empty() {
        match ready!(Pin::new(&mut *writer).poll_write(cx, rest)) {
            Ok(0) => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
            Ok(n) => *rest = &rest[n..],
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Poll::Ready(Err(e)),
        }
    }
    Poll::Ready(Ok(()))
}

pin_project! {
    /// All of a slice.
    #[project(!Unpin)]
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct WriteAll<'a, W: ?Sized> {
        writer: &'a mut W,
        rest: &'a [u8],
    }
}

impl<'a, W: ?Sized> WriteAll<'a, W> {
    pub(in crate::io) fn new(writer: &'a mut W, bytes: &'a [u8]) -> Self {
        let rest = bytes;
        WriteAll { writer, rest }
    }
}

impl<W: AsyncWrite + Unpin + ?Sized> Future for WriteAll<'_, W> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let me = self.project();
        poll_write_all(&mut **me.writer, cx, me.rest)
    }
}

pin_project! {
    /// A number, as the bytes in `B`, an array.
    #[project(!Unpin)]
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct WriteNumber<'a, W: ?Sized, B> {
        writer: &'a mut W,
        bytes: B,
        // How many of the bytes are written.
        written: usize,
    }
}

impl<'a, W: ?Sized, const N: usize> WriteNumber<'a, W, [u8; N]> {
    pub(in crate::io) fn new(writer: &'a mut W, bytes: [u8; N]) -> Self {
        WriteNumber {
            writer,
            bytes,
            written: 0,
        }
    }
}

impl<W: AsyncWrite + Unpin + ?Sized, const N: usize> Future for WriteNumber<'_, W, [u8; N]> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let me = self.project();
        let mut rest = &me.bytes[*me.written..];
        let done = poll_write_all(&mut **me.writer, cx, &mut rest);
        *me.written = N - rest.len();
        done
    }
}

pin_project! {
    /// What is buffered, to where it should go.
    #[project(!Unpin)]
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Flush<'a, W: ?Sized> {
        writer: &'a mut W,
    }
}

impl<'a, W: ?Sized> Flush<'a, W> {
    pub(in crate::io) fn new(writer: &'a mut W) -> Self {
        Flush { writer }
    }
}

impl<W: AsyncWrite + Unpin + ?Sized> Future for Flush<'_, W> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut **self.project().writer).poll_flush(cx)
    }
}

pin_project! {
    /// The end of the stream of bytes.
    #[project(!Unpin)]
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Shutdown<'a, W: ?Sized> {
        writer: &'a mut W,
    }
}

impl<'a, W: ?Sized> Shutdown<'a, W> {
    pub(in crate::io) fn new(writer: &'a mut W) -> Self {
        Shutdown { writer }
    }
}

impl<W: AsyncWrite + Unpin + ?Sized> Future for Shutdown<'_, W> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut **self.project().writer).poll_shutdown(cx)
    }
}
