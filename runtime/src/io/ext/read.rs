//! **What does it take to read once, or so many bytes?** A poll; or polls until a
//! buffer is full, with the count of what came before in the future itself.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BufMut;
use pin_project_lite::pin_project;

use crate::io::read_buf::poll_chunk;
use crate::io::{AsyncRead, ReadBuf};

pin_project! {
    /// Some bytes into a slice.
    #[project(!Unpin)]
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Read<'a, R: ?Sized> {
        reader: &'a mut R,
        buf: &'a mut [u8],
    }
}

impl<'a, R: ?Sized> Read<'a, R> {
    pub(in crate::io) fn new(reader: &'a mut R, buf: &'a mut [u8]) -> Self {
        Read { reader, buf }
    }
}

impl<R: AsyncRead + Unpin + ?Sized> Future for Read<'_, R> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let me = self.project();
        let mut buf = ReadBuf::new(me.buf);
        ready!(Pin::new(&mut **me.reader).poll_read(cx, &mut buf))?;
        Poll::Ready(Ok(buf.filled().len()))
    }
}

pin_project! {
    /// Some bytes into whatever has room for bytes.
    #[project(!Unpin)]
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct ReadChunk<'a, R: ?Sized, B: ?Sized> {
        reader: &'a mut R,
        buf: &'a mut B,
    }
}

impl<'a, R: ?Sized, B: ?Sized> ReadChunk<'a, R, B> {
    pub(in crate::io) fn new(reader: &'a mut R, buf: &'a mut B) -> Self {
        ReadChunk { reader, buf }
    }
}

impl<R, B> Future for ReadChunk<'_, R, B>
where
    R: AsyncRead + Unpin + ?Sized,
    B: BufMut + ?Sized,
{
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let me = self.project();
        if !me.buf.has_remaining_mut() {
            return Poll::Ready(Ok(0));
        }
        poll_chunk(&mut **me.buf, |chunk| {
            Pin::new(&mut **me.reader).poll_read(cx, chunk)
        })
    }
}

/// How [`poll_fill`] ended.
enum Filled {
    Full,
    EndCameFirst,
}

/// Reads until `buf` is full or nothing comes any more.
fn poll_fill<R: AsyncRead + Unpin + ?Sized>(
    reader: &mut R,
    cx: &mut Context<'_>,
    buf: &mut ReadBuf<'_>,
) -> Poll<io::Result<Filled>> {
    while buf.remaining() > 0 {
        let before = buf.remaining();
        match ready!(Pin::new(&mut *reader).poll_read(cx, buf)) {
            Ok(()) if buf.remaining() == before => return Poll::Ready(Ok(Filled::EndCameFirst)),
            Err(e) if e.kind() != ErrorKind::Interrupted => return Poll::Ready(Err(e)),
            _ => {}
        }
    }
    Poll::Ready(Ok(Filled::Full))
}

pin_project! {
    /// Bytes until a slice is full.
    #[project(!Unpin)]
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct ReadExact<'a, R: ?Sized> {
        reader: &'a mut R,
        buf: ReadBuf<'a>,
    }
}

impl<'a, R: ?Sized> ReadExact<'a, R> {
    pub(in crate::io) fn new(reader: &'a mut R, buf: &'a mut [u8]) -> Self {
        let buf = ReadBuf::new(buf);
        ReadExact { reader, buf }
    }
}

impl<R: AsyncRead + Unpin + ?Sized> Future for ReadExact<'_, R> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let me = self.project();
        match ready!(poll_fill(&mut **me.reader, cx, me.buf))? {
            Filled::Full => Poll::Ready(Ok(me.buf.capacity())),
            // Programs match this text of tokio's.
            Filled::EndCameFirst => {
                Poll::Ready(Err(io::Error::new(ErrorKind::UnexpectedEof, "early eof")))
            }
        }
    }
}

pin_project! {
    /// A number, of as many bytes as `B`, an array, has.
    #[project(!Unpin)]
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct ReadNumber<'a, R: ?Sized, T, B> {
        reader: &'a mut R,
        bytes: B,
        // How many of the bytes are read.
        read: usize,
        decode: fn(B) -> T,
    }
}

impl<'a, R: ?Sized, T, const N: usize> ReadNumber<'a, R, T, [u8; N]> {
    pub(in crate::io) fn new(reader: &'a mut R, decode: fn([u8; N]) -> T) -> Self {
        ReadNumber {
            reader,
            bytes: [0; N],
            read: 0,
            decode,
        }
    }
}

impl<R, T, const N: usize> Future for ReadNumber<'_, R, T, [u8; N]>
where
    R: AsyncRead + Unpin + ?Sized,
{
    type Output = io::Result<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        let me = self.project();
        let mut buf = ReadBuf::new(me.bytes);
        buf.set_filled(*me.read);
        let filled = poll_fill(&mut **me.reader, cx, &mut buf);
        *me.read = buf.filled().len();
        match ready!(filled)? {
            Filled::Full => Poll::Ready(Ok((me.decode)(*me.bytes))),
            Filled::EndCameFirst => Poll::Ready(Err(ErrorKind::UnexpectedEof.into())),
        }
    }
}
