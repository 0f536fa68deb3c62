//! **How does a task write to something that may be full?** It offers bytes
//! with its waker: so many were taken, or a call when there is room again.
//!
//! A write that took bytes has only passed them on. [`poll_flush`] brings what
//! is buffered on the way to where it should go; [`poll_shutdown`] does that too
//! and then says "no more", as a socket's half-close does. Dropping a writer
//! does neither.
//!
//! Memory is always ready: `Vec` and the cursors write as std's
//! [`Write`] does. (The trait is tokio's.)
//!
//! [`poll_flush`]: AsyncWrite::poll_flush
//! [`poll_shutdown`]: AsyncWrite::poll_shutdown
//!
//! Read next: `ext/`, which makes futures of it.

use std::io::{self, Cursor, IoSlice, Write};
use std::ops::DerefMut;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Writes bytes, without blocking its thread.
///
/// [`AsyncWriteExt`](super::AsyncWriteExt) has the methods that programs call;
/// this is what a sink of bytes implements.
pub trait AsyncWrite {
    /// Takes bytes from the front of `buf`, or arranges to be woken when there
    /// may be room.
    ///
    /// - `Ready(Ok(n))`: the first `n` bytes were taken, at most `buf.len()`. None
    ///   were: `buf` is empty, or this will take no more.
    /// - `Pending`: nothing was taken, and the task of `cx` will be woken.
    /// - `Ready(Err(_))`: nothing was taken.
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>>;

    /// Brings everything taken so far to where it should go.
    ///
    /// `Pending` means that the task of `cx` will be woken to ask again.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Flushes, and then ends the stream of bytes.
    ///
    /// Nothing should be written after the first call. `Pending` means that the
    /// task of `cx` will be woken to ask again; `Ready(Ok(()))`, that the other
    /// side can see the end.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Takes bytes as [`poll_write`](Self::poll_write) does, from the front of
    /// `bufs` laid end to end.
    ///
    /// It is one write: it may end within any of them. What does not implement
    /// it writes the first that is not empty.
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = bufs.iter().find(|buf| !buf.is_empty());
        self.poll_write(cx, first.map_or(&[], |buf| buf))
    }

    /// Does [`poll_write_vectored`](Self::poll_write_vectored) take from more than
    /// one buffer?
    ///
    /// Where it does not, callers may do better by joining their buffers.
    fn is_write_vectored(&self) -> bool {
        false
    }
}

/// What points to a writer is one. Given is how a pinned pointer gets to it.
macro_rules! write_through_pointer {
    (|$this:ident| $writer:expr) => {
        #[inline]
        fn poll_write(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &[u8],
        ) -> Poll<io::Result<usize>> {
            let $this = self;
            $writer.poll_write(cx, buf)
        }

        #[inline]
        fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            let $this = self;
            $writer.poll_flush(cx)
        }

        #[inline]
        fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            let $this = self;
            $writer.poll_shutdown(cx)
        }

        #[inline]
        fn poll_write_vectored(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bufs: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            let $this = self;
            $writer.poll_write_vectored(cx, bufs)
        }

        #[inline]
        fn is_write_vectored(&self) -> bool {
            (**self).is_write_vectored()
        }
    };
}

impl<T: ?Sized + AsyncWrite + Unpin> AsyncWrite for Box<T> {
    write_through_pointer!(|this| Pin::new(&mut **this.get_mut()));
}

impl<T: ?Sized + AsyncWrite + Unpin> AsyncWrite for &mut T {
    write_through_pointer!(|this| Pin::new(&mut **this.get_mut()));
}

impl<P> AsyncWrite for Pin<P>
where
    P: DerefMut,
    P::Target: AsyncWrite,
{
    write_through_pointer!(|this| this.as_deref_mut());
}

/// Writers that never wait, and so do at once what std's `Write` does.
macro_rules! write_to_memory {
    ($($memory:ty),+) => {$(
        impl AsyncWrite for $memory {
            #[inline]
            fn poll_write(
                self: Pin<&mut Self>,
                _cx: &mut Context<'_>,
                buf: &[u8],
            ) -> Poll<io::Result<usize>> {
                Poll::Ready(self.get_mut().write(buf))
            }

            #[inline]
            fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            #[inline]
            fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            #[inline]
            fn poll_write_vectored(
                self: Pin<&mut Self>,
                _cx: &mut Context<'_>,
                bufs: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                Poll::Ready(self.get_mut().write_vectored(bufs))
            }

            #[inline]
            fn is_write_vectored(&self) -> bool {
                true
            }
        }
    )+};
}

write_to_memory!(
    Vec<u8>,
    Cursor<&mut [u8]>,
    Cursor<&mut Vec<u8>>,
    Cursor<Vec<u8>>,
    Cursor<Box<[u8]>>
);
