//! **How do bytes get from a reader to a writer?** Through a buffer: read until
//! it is full or nothing more is there, write until it is empty, and again.
//!
//! ```text
//! 0        written      read        capacity
//! |  gone  | to be written |   room   |
//! ```
//!
//! - While the writer makes us wait, the reader may still fill the room that is
//!   left, so that the two sides overlap.
//! - While the reader makes us wait, the writer is flushed, once, if it took
//!   anything since: what a buffering writer holds back may be what the other
//!   side must see before it answers. Without that, a proxy hangs (tokio's 2905).
//!
//! Each read takes a unit of the task's budget, so that a reader and a writer that
//! never wait yield too. A unit is not taken for waiting: a task with a thousand
//! idle copies would have none left for the one that is not.
//!
//! Read next: `copy_bidirectional.rs`, two of these.

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::{AsyncRead, AsyncWrite, ReadBuf};
use crate::task::coop::poll_proceed;

/// Bytes of buffer per direction, as tokio and std have it.
pub(super) const BUFFER: usize = 8 * 1024;

/// A copy under way: its buffer, and how far it got.
#[derive(Debug)]
pub(super) struct Transfer {
    buffer: Box<[u8]>,
    /// Bytes of `buffer` that were read, of which the first `written` are gone.
    read: usize,
    written: usize,
    /// The reader has ended.
    ended: bool,
    /// The writer took something since it was last flushed.
    unflushed: bool,
    /// Bytes that the writer took, all in all.
    total: u64,
}

impl Transfer {
    pub(super) fn new(buffer: usize) -> Self {
        Transfer {
            buffer: vec![0; buffer].into_boxed_slice(),
            read: 0,
            written: 0,
            ended: false,
            unflushed: false,
            total: 0,
        }
    }

    /// Goes on until the reader has ended and everything is written and flushed;
    /// then says how many bytes that was.
    pub(super) fn poll<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        reader: &mut R,
        writer: &mut W,
    ) -> Poll<io::Result<u64>>
    where
        R: AsyncRead + Unpin + ?Sized,
        W: AsyncWrite + Unpin + ?Sized,
    {
        loop {
            if self.may_read() {
                let unit = ready!(poll_proceed(cx));
                match self.poll_read(cx, reader) {
                    Poll::Ready(result) => {
                        unit.made_progress();
                        result?;
                    }
                    Poll::Pending if self.written == self.read => {
                        // The flush may spend units of its own.
                        drop(unit);
                        ready!(self.poll_flush(cx, writer))?;
                        return Poll::Pending;
                    }
                    Poll::Pending => {}
                }
            }
            while self.written < self.read {
                if self.poll_write(cx, writer)?.is_pending() {
                    if self.may_read() {
                        ready!(self.poll_read(cx, reader))?;
                    }
                    return Poll::Pending;
                }
            }
            (self.read, self.written) = (0, 0);
            if self.ended {
                ready!(Pin::new(&mut *writer).poll_flush(cx))?;
                return Poll::Ready(Ok(self.total));
            }
        }
    }

    fn may_read(&self) -> bool {
        !self.ended && self.read < self.buffer.len()
    }

    /// One read into the room that is left.
    fn poll_read<R>(&mut self, cx: &mut Context<'_>, reader: &mut R) -> Poll<io::Result<()>>
    where
        R: AsyncRead + Unpin + ?Sized,
    {
        let mut room = ReadBuf::new(&mut self.buffer[self.read..]);
        while let Err(e) = ready!(Pin::new(&mut *reader).poll_read(cx, &mut room)) {
            if e.kind() != ErrorKind::Interrupted {
                return Poll::Ready(Err(e));
            }
        }
        let n = room.filled().len();
        self.read += n;
        self.ended = n == 0;
        Poll::Ready(Ok(()))
    }

    /// One write of what there is.
    fn poll_write<W>(&mut self, cx: &mut Context<'_>, writer: &mut W) -> Poll<io::Result<()>>
    where
        W: AsyncWrite + Unpin + ?Sized,
    {
        let bytes = &self.buffer[self.written..self.read];
        match ready!(Pin::new(writer).poll_write(cx, bytes)) {
            Ok(0) => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
            Ok(n) => {
                assert!(n <= bytes.len(), "a writer took more than it was given");
                self.written += n;
                self.total += n as u64;
                self.unflushed = true;
            }
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Poll::Ready(Err(e)),
        }
        Poll::Ready(Ok(()))
    }

    /// Flushes what the writer has not been told to flush yet.
    fn poll_flush<W>(&mut self, cx: &mut Context<'_>, writer: &mut W) -> Poll<io::Result<()>>
    where
        W: AsyncWrite + Unpin + ?Sized,
    {
        if self.unflushed {
            ready!(Pin::new(writer).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }
}

/// Writes all that `reader` brings to `writer`, and says how many bytes that was.
///
/// It ends when the reader does, and has flushed the writer then, but not shut it
/// down. While the reader makes it wait, the writer is flushed too.
///
/// # Errors
///
/// The first of the reader's or the writer's; `WriteZero` if the writer takes no
/// more. What was read and not written by then is lost. `Interrupted` is met by
/// trying again.
///
/// # Cancel safety
///
/// Not cancel safe: what was read and not written is lost.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use kolo::io;
///
/// let mut reader: &[u8] = b"round dance";
/// let mut writer = Vec::new();
/// assert_eq!(io::copy(&mut reader, &mut writer).await.unwrap(), 11);
/// assert_eq!(writer, b"round dance");
/// # });
/// ```
pub async fn copy<R, W>(reader: &mut R, writer: &mut W) -> io::Result<u64>
where
    R: AsyncRead + Unpin + ?Sized,
    W: AsyncWrite + Unpin + ?Sized,
{
    let mut transfer = Transfer::new(BUFFER);
    poll_fn(|cx| transfer.poll(cx, reader, writer)).await
}

#[cfg(all(test, not(loom)))]
#[path = "copy_tests.rs"]
mod tests;
