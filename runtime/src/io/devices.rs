//! **What stands in for a reader or writer where there is none?** What `/dev/null`
//! and `/dev/zero` are to programs: [`empty`], [`sink`] and [`repeat`].
//!
//! They are always ready, and so each operation spends a unit of the task's
//! budget: a loop over them would otherwise own its thread.

use std::fmt;
use std::io::{self, IoSlice, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BufMut;

use super::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};
use crate::task::coop::poll_proceed;

/// Done, if the budget allows.
#[inline]
fn poll_done<T>(cx: &mut Context<'_>, result: T) -> Poll<io::Result<T>> {
    ready!(poll_proceed(cx)).made_progress();
    Poll::Ready(Ok(result))
}

/// Writers that take everything and keep nothing.
macro_rules! write_to_nowhere {
    ($device:ty) => {
        impl AsyncWrite for $device {
            #[inline]
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &[u8],
            ) -> Poll<io::Result<usize>> {
                poll_done(cx, buf.len())
            }

            #[inline]
            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                poll_done(cx, ())
            }

            #[inline]
            fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                poll_done(cx, ())
            }

            #[inline]
            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                poll_done(cx, bufs.iter().map(|buf| buf.len()).sum())
            }

            #[inline]
            fn is_write_vectored(&self) -> bool {
                true
            }
        }
    };
}

/// Reads nothing, and takes everything; made by [`empty`].
pub struct Empty {
    _made_by_empty: (),
}

/// A reader that is at its end, and a writer that keeps nothing.
///
/// It can also seek: to zero, wherever it is told to.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use kolo::io::{self, AsyncReadExt};
///
/// let mut text = String::new();
/// io::empty().read_to_string(&mut text).await.unwrap();
/// assert!(text.is_empty());
/// # });
/// ```
pub fn empty() -> Empty {
    Empty { _made_by_empty: () }
}

impl AsyncRead for Empty {
    #[inline]
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        _buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        poll_done(cx, ())
    }
}

impl AsyncBufRead for Empty {
    #[inline]
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        poll_done(cx, &[])
    }

    #[inline]
    fn consume(self: Pin<&mut Self>, _amt: usize) {}
}

write_to_nowhere!(Empty);

impl AsyncSeek for Empty {
    #[inline]
    fn start_seek(self: Pin<&mut Self>, _position: SeekFrom) -> io::Result<()> {
        Ok(())
    }

    #[inline]
    fn poll_complete(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        poll_done(cx, 0)
    }
}

impl fmt::Debug for Empty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Empty { .. }")
    }
}

/// Takes everything; made by [`sink`].
pub struct Sink {
    _made_by_sink: (),
}

/// A writer that takes everything and keeps nothing.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use kolo::io;
///
/// // How long is it?
/// let mut reader: &[u8] = b"round dance";
/// assert_eq!(io::copy(&mut reader, &mut io::sink()).await.unwrap(), 11);
/// # });
/// ```
pub fn sink() -> Sink {
    Sink { _made_by_sink: () }
}

write_to_nowhere!(Sink);

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Sink { .. }")
    }
}

/// Reads the same byte for ever; made by [`repeat`].
#[derive(Debug)]
pub struct Repeat {
    byte: u8,
}

/// A reader that brings the same byte for ever.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use kolo::io::{self, AsyncReadExt};
///
/// let mut buf = [0; 4];
/// io::repeat(7).read_exact(&mut buf).await.unwrap();
/// assert_eq!(buf, [7; 4]);
/// # });
/// ```
pub fn repeat(byte: u8) -> Repeat {
    Repeat { byte }
}

impl AsyncRead for Repeat {
    #[inline]
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(poll_done(cx, ()))?;
        buf.put_bytes(self.byte, buf.remaining());
        Poll::Ready(Ok(()))
    }
}
