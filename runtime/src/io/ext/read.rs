//! **What does it take to read once, or so many bytes?** A poll; or polls until a
//! buffer is full, with the count of what came before in the future itself.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::marker::PhantomData;
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

/// How the bytes `B` become a number `T`. A type, not a pointer to a function: the
/// compiler then sees through the call, which is a swap of bytes or nothing.
pub trait Order<T, B> {
    /// The number.
    fn decode(bytes: B) -> T;
}

/// Most significant byte first.
#[derive(Debug)]
pub struct BigEndian;

/// Least significant byte first.
#[derive(Debug)]
pub struct LittleEndian;

macro_rules! numbers {
    ($($type:ident)+) => {$(
        impl Order<$type, [u8; size_of::<$type>()]> for BigEndian {
            #[inline]
            fn decode(bytes: [u8; size_of::<$type>()]) -> $type {
                $type::from_be_bytes(bytes)
            }
        }

        impl Order<$type, [u8; size_of::<$type>()]> for LittleEndian {
            #[inline]
            fn decode(bytes: [u8; size_of::<$type>()]) -> $type {
                $type::from_le_bytes(bytes)
            }
        }
    )+};
}

numbers!(u8 i8 u16 i16 u32 i32 u64 i64 u128 i128 f32 f64);

pin_project! {
    /// A number `T`, of as many bytes as `B`, an array, has, in an order `O`.
    #[project(!Unpin)]
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct ReadNumber<'a, R: ?Sized, T, B, O> {
        reader: &'a mut R,
        bytes: B,
        // How many of the bytes are read.
        read: usize,
        number: PhantomData<fn(O) -> T>,
    }
}

impl<'a, R: ?Sized, T, const N: usize, O> ReadNumber<'a, R, T, [u8; N], O> {
    pub(in crate::io) fn new(reader: &'a mut R) -> Self {
        ReadNumber {
            reader,
            bytes: [0; N],
            read: 0,
            number: PhantomData,
        }
    }
}

impl<R, T, const N: usize, O> Future for ReadNumber<'_, R, T, [u8; N], O>
where
    R: AsyncRead + Unpin + ?Sized,
    O: Order<T, [u8; N]>,
{
    type Output = io::Result<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        let me = self.project();
        let mut buf = ReadBuf::new(me.bytes);
        buf.set_filled(*me.read);
        let filled = poll_fill(&mut **me.reader, cx, &mut buf);
        *me.read = buf.filled().len();
        match ready!(filled)? {
            Filled::Full => Poll::Ready(Ok(O::decode(*me.bytes))),
            Filled::EndCameFirst => Poll::Ready(Err(ErrorKind::UnexpectedEof.into())),
        }
    }
}
