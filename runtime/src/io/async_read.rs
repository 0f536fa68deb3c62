//! **How does a task read from something that may have nothing yet?** It asks
//! with its waker: bytes now, or a call when asking is worthwhile again.
//!
//! A read has three outcomes, and which of them it was the buffer tells: bytes
//! were added; none were, although there was room: the end; or `Pending`, and
//! then the buffer is as it was and the waker is kept. No readiness apart from
//! the data: a ready read *is* the data. (The trait is tokio's; its buffer is
//! the one that std's RFC 2930 argues for.)
//!
//! Read next: `read_buf.rs`, then `ext/`, which makes futures of it.

use std::io::{self, Cursor};
use std::ops::DerefMut;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::ReadBuf;

/// Reads bytes, without blocking its thread.
///
/// [`AsyncReadExt`](super::AsyncReadExt) has the methods that programs call;
/// this is what a source of bytes implements.
///
/// ```
/// use kolo::io::{self, AsyncRead, AsyncReadExt, ReadBuf};
/// use std::pin::Pin;
/// use std::task::{Context, Poll};
///
/// /// Counts down, then ends.
/// struct Countdown(u8);
///
/// impl AsyncRead for Countdown {
///     fn poll_read(
///         mut self: Pin<&mut Self>,
///         _cx: &mut Context<'_>,
///         buf: &mut ReadBuf<'_>,
///     ) -> Poll<io::Result<()>> {
///         if self.0 > 0 && buf.remaining() > 0 {
///             buf.put_slice(&[b'0' + self.0]);
///             self.0 -= 1;
///         }
///         Poll::Ready(Ok(()))
///     }
/// }
///
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let mut text = String::new();
/// Countdown(3).read_to_string(&mut text).await.unwrap();
/// assert_eq!(text, "321");
/// # });
/// ```
pub trait AsyncRead {
    /// Adds bytes to `buf`, or arranges to be woken when there may be some.
    ///
    /// - `Ready(Ok(()))`: what [`buf.filled()`](ReadBuf::filled) gained was read.
    ///   It gained nothing: there was no room in it, or this is the end.
    /// - `Pending`: nothing was read, and the task of `cx` will be woken.
    /// - `Ready(Err(_))`: nothing was read.
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>>;
}

/// What points to a reader is one.
macro_rules! read_through_pointer {
    () => {
        #[inline]
        fn poll_read(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Pin::new(&mut **self.get_mut()).poll_read(cx, buf)
        }
    };
}

impl<T: ?Sized + AsyncRead + Unpin> AsyncRead for Box<T> {
    read_through_pointer!();
}

impl<T: ?Sized + AsyncRead + Unpin> AsyncRead for &mut T {
    read_through_pointer!();
}

impl<P> AsyncRead for Pin<P>
where
    P: DerefMut,
    P::Target: AsyncRead,
{
    #[inline]
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.as_deref_mut().poll_read(cx, buf)
    }
}

/// Moves as many bytes as fit from the front of `from`; says how many.
#[inline]
fn fill(buf: &mut ReadBuf<'_>, from: &[u8]) -> usize {
    let n = from.len().min(buf.remaining());
    buf.put_slice(&from[..n]);
    n
}

impl AsyncRead for &[u8] {
    #[inline]
    fn poll_read(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let n = fill(buf, &self);
        *self = &self[n..];
        Poll::Ready(Ok(()))
    }
}

impl<T: AsRef<[u8]> + Unpin> AsyncRead for Cursor<T> {
    #[inline]
    fn poll_read(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let bytes = self.get_ref().as_ref();
        // A cursor may have been set beyond its end.
        let at = usize::try_from(self.position()).unwrap_or(usize::MAX);
        let n = fill(buf, bytes.get(at..).unwrap_or_default());
        let position = self.position() + n as u64;
        self.set_position(position);
        Poll::Ready(Ok(()))
    }
}
