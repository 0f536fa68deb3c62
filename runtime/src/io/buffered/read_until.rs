//! **How is a stream read up to a delimiter?** By looking for it in what the
//! reader lends, and taking from there up to it.
//!
//! What is taken goes to the caller's vector at once. So a call that is given up
//! has lost nothing: the vector holds all that was taken, and the next call goes
//! on from there. `Lines` and `Split` are this with a vector of their own.
//!
//! Read next: `lines.rs`.

use std::future::Future;
use std::io::{self, BufRead, ErrorKind};
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::io::AsyncBufRead;

#[cfg(all(test, not(loom)))]
#[path = "read_until_tests.rs"]
mod tests;

pin_project! {
    /// See [`AsyncBufReadExt::read_until`](crate::io::AsyncBufReadExt::read_until).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ReadUntil<'a, R: ?Sized> {
        reader: &'a mut R,
        delimiter: u8,
        bytes: &'a mut Vec<u8>,
        // How many of the bytes are this call's.
        read: usize,
        // `!Unpin`, as async functions are, so that it may become one.
        #[pin]
        _pinned: PhantomPinned,
    }
}

impl<'a, R: ?Sized> ReadUntil<'a, R> {
    pub(super) fn new(reader: &'a mut R, delimiter: u8, bytes: &'a mut Vec<u8>) -> Self {
        Self {
            reader,
            delimiter,
            bytes,
            read: 0,
            _pinned: PhantomPinned,
        }
    }
}

impl<R: AsyncBufRead + Unpin + ?Sized> Future for ReadUntil<'_, R> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let me = self.project();
        let reader = Pin::new(&mut **me.reader);
        ready!(poll_read_until(
            reader,
            cx,
            *me.delimiter,
            me.bytes,
            me.read
        ))?;
        Poll::Ready(Ok(*me.read))
    }
}

/// Moves bytes to `bytes` up to and with the delimiter, or up to the end, and
/// counts them in `read`, also when it is pending or fails.
pub(super) fn poll_read_until<R: AsyncBufRead + ?Sized>(
    mut reader: Pin<&mut R>,
    cx: &mut Context<'_>,
    delimiter: u8,
    bytes: &mut Vec<u8>,
    read: &mut usize,
) -> Poll<io::Result<()>> {
    loop {
        let mut lent = match ready!(reader.as_mut().poll_fill_buf(cx)) {
            Ok(lent) => lent,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Poll::Ready(Err(error)),
        };
        // A slice is a `BufRead` too, which never fails.
        let taken = lent.read_until(delimiter, bytes)?;
        reader.as_mut().consume(taken);
        *read += taken;
        if taken == 0 || bytes.last() == Some(&delimiter) {
            return Poll::Ready(Ok(()));
        }
    }
}
