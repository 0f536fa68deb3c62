//! **What is a segment?** The bytes before a delimiter, or before the end of the
//! stream if there are any; without the delimiter.
//!
//! An unfinished segment stays here between the polls, as with `Lines`.

use std::future::poll_fn;
use std::io;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::read_until::poll_read_until;
use crate::io::AsyncBufRead;

pin_project! {
    /// The segments of a reader; see
    /// [`AsyncBufReadExt::split`](crate::io::AsyncBufReadExt::split).
    #[derive(Debug)]
    #[must_use = "streams do nothing unless polled"]
    pub struct Split<R> {
        #[pin]
        reader: R,
        delimiter: u8,
        // The beginning of the next one.
        segment: Vec<u8>,
    }
}

impl<R: AsyncBufRead> Split<R> {
    pub(super) fn new(reader: R, delimiter: u8) -> Self {
        Self {
            reader,
            delimiter,
            segment: Vec::new(),
        }
    }
}

impl<R: AsyncBufRead + Unpin> Split<R> {
    /// The next segment, without its delimiter; `None` at the end of the stream.
    ///
    /// # Errors
    ///
    /// What the reader says; a call after that goes on with the same segment.
    ///
    /// # Cancel safety
    ///
    /// Given up, it loses nothing: the next call goes on with the same segment.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kolo::io::AsyncBufReadExt;
    /// use std::io::Cursor;
    ///
    /// let mut segments = Cursor::new(b"key\0value\0").split(b'\0');
    /// assert_eq!(segments.next_segment().await?.unwrap(), b"key");
    /// assert_eq!(segments.next_segment().await?.unwrap(), b"value");
    /// assert_eq!(segments.next_segment().await?, None);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn next_segment(&mut self) -> io::Result<Option<Vec<u8>>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next_segment(cx)).await
    }
}

impl<R: AsyncBufRead> Split<R> {
    /// The next segment; see [`next_segment`](Self::next_segment). Pending, it wakes
    /// the task of the latest call.
    ///
    /// # Errors
    ///
    /// As [`next_segment`](Self::next_segment).
    pub fn poll_next_segment(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Option<Vec<u8>>>> {
        let me = self.project();
        ready!(poll_read_until(
            me.reader,
            cx,
            *me.delimiter,
            me.segment,
            &mut 0
        ))?;
        if me.segment.is_empty() {
            return Poll::Ready(Ok(None));
        }
        let mut segment = mem::take(me.segment);
        segment.pop_if(|b| *b == *me.delimiter);
        Poll::Ready(Ok(Some(segment)))
    }
}
