//! **What is a line?** The bytes before a newline, or before the end of the
//! stream if there are any; without the newline, and without a carriage return
//! before that.
//!
//! An unfinished line stays here between the polls, so that a call that is given
//! up, or fails, loses none of it.
//!
//! Read next: `split.rs`, for other delimiters.

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::read_until::poll_read_until;
use crate::io::AsyncBufRead;

#[cfg(all(test, not(loom)))]
#[path = "lines_tests.rs"]
mod tests;

pin_project! {
    /// The lines of a reader; see
    /// [`AsyncBufReadExt::lines`](crate::io::AsyncBufReadExt::lines).
    #[derive(Debug)]
    #[must_use = "streams do nothing unless polled"]
    pub struct Lines<R> {
        #[pin]
        reader: R,
        // The beginning of the next line.
        line: Vec<u8>,
    }
}

impl<R: AsyncBufRead> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            line: Vec::new(),
        }
    }
}

impl<R: AsyncBufRead + Unpin> Lines<R> {
    /// The next line, without its end (`\n` or `\r\n`); `None` at the end of the
    /// stream.
    ///
    /// # Errors
    ///
    /// What the reader says; a call after that goes on with the same line. A line
    /// that is not UTF-8 is an [`InvalidData`](ErrorKind::InvalidData) error that
    /// holds it, as a [`FromUtf8Error`](std::string::FromUtf8Error); a call after
    /// that gives the next line.
    ///
    /// # Cancel safety
    ///
    /// Given up, it loses nothing: the next call goes on with the same line.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kolo::io::AsyncBufReadExt;
    /// use std::io::Cursor;
    ///
    /// let mut lines = Cursor::new("one\r\ntwo\n\nfour").lines();
    /// let mut read = Vec::new();
    /// while let Some(line) = lines.next_line().await? {
    ///     read.push(line);
    /// }
    /// assert_eq!(read, ["one", "two", "", "four"]);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn next_line(&mut self) -> io::Result<Option<String>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next_line(cx)).await
    }

    /// The reader. To read from it directly takes bytes out of the next line.
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.reader
    }

    /// The reader. (By `&mut self`, because tokio's is.)
    pub fn get_ref(&mut self) -> &R {
        &self.reader
    }

    /// The reader. The beginning of a line that was not finished is lost.
    pub fn into_inner(self) -> R {
        self.reader
    }
}

impl<R: AsyncBufRead> Lines<R> {
    /// The next line; see [`next_line`](Self::next_line). Pending, it wakes the task
    /// of the latest call.
    ///
    /// # Errors
    ///
    /// As [`next_line`](Self::next_line).
    pub fn poll_next_line(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Option<String>>> {
        let me = self.project();
        ready!(poll_read_until(me.reader, cx, b'\n', me.line, &mut 0))?;
        if me.line.is_empty() {
            return Poll::Ready(Ok(None));
        }
        let mut line = mem::take(me.line);
        if line.pop_if(|b| *b == b'\n').is_some() {
            line.pop_if(|b| *b == b'\r');
        }
        Poll::Ready(match String::from_utf8(line) {
            Ok(line) => Ok(Some(line)),
            Err(not_text) => Err(io::Error::new(ErrorKind::InvalidData, not_text)),
        })
    }
}
