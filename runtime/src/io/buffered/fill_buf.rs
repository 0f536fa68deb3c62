//! **How does a future lend out a buffer of the reader that it borrowed?** It
//! gives up its own borrow with the answer.

use std::future::Future;
use std::io;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::io::AsyncBufRead;

pin_project! {
    /// See [`AsyncBufReadExt::fill_buf`](crate::io::AsyncBufReadExt::fill_buf).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct FillBuf<'a, R: ?Sized> {
        // Gone once it has answered.
        reader: Option<&'a mut R>,
        // `!Unpin`, as async functions are, so that it may become one.
        #[pin]
        _pinned: PhantomPinned,
    }
}

impl<'a, R: ?Sized> FillBuf<'a, R> {
    pub(super) fn new(reader: &'a mut R) -> Self {
        Self {
            reader: Some(reader),
            _pinned: PhantomPinned,
        }
    }
}

impl<'a, R: AsyncBufRead + Unpin + ?Sized> Future for FillBuf<'a, R> {
    type Output = io::Result<&'a [u8]>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let me = self.project();
        let reader = me
            .reader
            .take()
            .expect("`fill_buf` polled after it answered");
        match Pin::new(&mut *reader).poll_fill_buf(cx) {
            Poll::Ready(Ok(lent)) => {
                let lent: *const [u8] = lent;
                // SAFETY: the slice is borrowed from `reader`, which is borrowed for
                // 'a. Nobody uses that borrow any more: it was taken out of `me`, is
                // dropped here, and is put back on the other paths only. (It is the
                // path that puts it back which keeps today's borrow checker from
                // seeing this.)
                Poll::Ready(Ok(unsafe { &*lent }))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                *me.reader = Some(reader);
                Poll::Pending
            }
        }
    }
}
