//! **How does a reader end before its end?** It lends out no more of the caller's
//! buffer than may still be read; and at the limit it does not ask any more, for
//! who asks may wait.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::{AsyncBufRead, AsyncRead, ReadBuf};

pin_project! {
    /// So much of a reader, and no more; made by [`take`](super::AsyncReadExt::take).
    #[derive(Debug)]
    #[must_use = "readers do nothing unless polled"]
    pub struct Take<R> {
        #[pin]
        reader: R,
        // Bytes that may still be read.
        left: u64,
    }
}

/// A limit as a length; what is too long for one is no limit to one.
fn length(limit: u64) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

impl<R: AsyncRead> Take<R> {
    pub(super) fn new(reader: R, limit: u64) -> Self {
        let left = limit;
        Take { reader, left }
    }

    /// Bytes that may still be read.
    pub fn limit(&self) -> u64 {
        self.left
    }

    /// From now on, `limit` more bytes may be read.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kolo::io::AsyncReadExt;
    ///
    /// let mut reader = (&b"round dance"[..]).take(5);
    /// let mut text = String::new();
    /// reader.read_to_string(&mut text).await.unwrap();
    /// reader.set_limit(3);
    /// reader.read_to_string(&mut text).await.unwrap();
    /// assert_eq!(text, "round da");
    /// # });
    /// ```
    pub fn set_limit(&mut self, limit: u64) {
        self.left = limit;
    }

    /// The reader.
    pub fn get_ref(&self) -> &R {
        &self.reader
    }

    /// The reader. What is read from it does not count.
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.reader
    }

    /// The reader, pinned. What is read from it does not count.
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut R> {
        self.project().reader
    }

    /// The reader, with no limit.
    pub fn into_inner(self) -> R {
        self.reader
    }
}

impl<R: AsyncRead> AsyncRead for Take<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let me = self.project();
        if *me.left == 0 {
            return Poll::Ready(Ok(()));
        }
        let n = ready!(buf.poll_part(length(*me.left), |part| me.reader.poll_read(cx, part)))?;
        *me.left -= n as u64;
        Poll::Ready(Ok(()))
    }
}

impl<R: AsyncBufRead> AsyncBufRead for Take<R> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let me = self.project();
        if *me.left == 0 {
            return Poll::Ready(Ok(&[]));
        }
        let bytes = ready!(me.reader.poll_fill_buf(cx))?;
        Poll::Ready(Ok(&bytes[..bytes.len().min(length(*me.left))]))
    }

    fn consume(self: Pin<&mut Self>, amt: usize) {
        let me = self.project();
        // No more was lent, so no more can be done with.
        let amt = amt.min(length(*me.left));
        *me.left -= amt as u64;
        me.reader.consume(amt);
    }
}
