//! **How does a line become part of a String, which may only hold UTF-8?** Its
//! bytes join the String's own in a vector, and the whole is checked at the end: a
//! character may be cut in two by the boundary of two reads.
//!
//! While it reads, the vector has the String's allocation and the String is empty.
//! Given up then, both the line's bytes and what the String held are lost, as in
//! tokio: there may be no text that says what was read. Where that matters,
//! `read_until` and `Lines` lose nothing.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::marker::PhantomPinned;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::read_until::poll_read_until;
use crate::io::AsyncBufRead;

#[cfg(all(test, not(loom)))]
#[path = "read_line_tests.rs"]
mod tests;

pin_project! {
    /// See [`AsyncBufReadExt::read_line`](crate::io::AsyncBufReadExt::read_line).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ReadLine<'a, R: ?Sized> {
        reader: &'a mut R,
        line: &'a mut String,
        // What was in the line, and what was read since.
        bytes: Vec<u8>,
        read: usize,
        // `!Unpin`, as async functions are, so that it may become one.
        #[pin]
        _pinned: PhantomPinned,
    }
}

impl<'a, R: ?Sized> ReadLine<'a, R> {
    pub(super) fn new(reader: &'a mut R, line: &'a mut String) -> Self {
        Self {
            reader,
            bytes: mem::take(line).into_bytes(),
            line,
            read: 0,
            _pinned: PhantomPinned,
        }
    }
}

impl<R: AsyncBufRead + Unpin + ?Sized> Future for ReadLine<'_, R> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let me = self.project();
        let reader = Pin::new(&mut **me.reader);
        let result = ready!(poll_read_until(reader, cx, b'\n', me.bytes, me.read));
        match String::from_utf8(mem::take(me.bytes)) {
            // With an error too: what was read before it is text.
            Ok(line) => {
                **me.line = line;
                Poll::Ready(result.map(|()| *me.read))
            }
            Err(not_text) => {
                let invalid = not_text.utf8_error();
                let mut bytes = not_text.into_bytes();
                bytes.truncate(bytes.len() - *me.read);
                **me.line = String::from_utf8(bytes).expect("it was a String's");
                Poll::Ready(match result {
                    Ok(()) => Err(io::Error::new(ErrorKind::InvalidData, invalid)),
                    Err(error) => Err(error),
                })
            }
        }
    }
}
