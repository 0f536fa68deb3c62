//! **How does a task look at bytes before it takes them?** The reader has a
//! buffer: [`poll_fill_buf`](AsyncBufRead::poll_fill_buf) lends what is in it,
//! [`consume`](AsyncBufRead::consume) says how much of that is done with.
//!
//! What is lent and not consumed is lent again; so a search for the end of a
//! line may stop anywhere and lose nothing. (The trait is tokio's, after std's
//! [`BufRead`].)

use std::io::{self, BufRead, Cursor};
use std::ops::DerefMut;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::AsyncRead;

/// Reads bytes from a buffer that can be looked into.
pub trait AsyncBufRead: AsyncRead {
    /// Lends the buffer's contents, and fetches some first if there are none.
    ///
    /// Empty means the end. `Pending` means that the task of `cx` will be woken
    /// when there may be something.
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>>;

    /// Takes `amt` bytes out of the buffer: they are not lent or read again.
    ///
    /// `amt` must not be more than [`poll_fill_buf`](Self::poll_fill_buf) last lent.
    fn consume(self: Pin<&mut Self>, amt: usize);
}

/// What points to a buffered reader is one.
macro_rules! buffered_through_pointer {
    () => {
        #[inline]
        fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
            Pin::new(&mut **self.get_mut()).poll_fill_buf(cx)
        }

        #[inline]
        fn consume(self: Pin<&mut Self>, amt: usize) {
            Pin::new(&mut **self.get_mut()).consume(amt)
        }
    };
}

impl<T: ?Sized + AsyncBufRead + Unpin> AsyncBufRead for Box<T> {
    buffered_through_pointer!();
}

impl<T: ?Sized + AsyncBufRead + Unpin> AsyncBufRead for &mut T {
    buffered_through_pointer!();
}

impl<P> AsyncBufRead for Pin<P>
where
    P: DerefMut,
    P::Target: AsyncBufRead,
{
    #[inline]
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.as_deref_mut().poll_fill_buf(cx)
    }

    #[inline]
    fn consume(self: Pin<&mut Self>, amt: usize) {
        self.as_deref_mut().consume(amt);
    }
}

impl AsyncBufRead for &[u8] {
    #[inline]
    fn poll_fill_buf(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        Poll::Ready(Ok(*self))
    }

    #[inline]
    fn consume(mut self: Pin<&mut Self>, amt: usize) {
        *self = &self[amt..];
    }
}

impl<T: AsRef<[u8]> + Unpin> AsyncBufRead for Cursor<T> {
    #[inline]
    fn poll_fill_buf(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        Poll::Ready(self.get_mut().fill_buf())
    }

    #[inline]
    fn consume(self: Pin<&mut Self>, amt: usize) {
        BufRead::consume(self.get_mut(), amt);
    }
}
