//! **Which bytes are read ahead, and when are they thrown away?** Those that the
//! source gave beyond what the program took; a seek discards them.
//!
//! The buffer is one allocation, zeroed once, of which a range is yet unread. Only
//! an empty buffer is filled, by one read of the source.
//!
//! # Seeking
//!
//! A relative seek counts from what the program has read, the source stands
//! behind what the buffer holds: the difference is taken off. Where that overflows
//! an `i64` the source seeks twice, first back to where the program stands.
//! [`start_seek`](AsyncSeek::start_seek) can't wait, so that it only notes the
//! wish, and `poll_complete` does it all:
//!
//! ```text
//!   Idle ── start_seek ──> Asked ──────────────────────> Underway ── done ──> Idle
//!                            └── overflow ──> Rewinding ────┘
//! ```
//!
//! Invariants: the buffer is emptied only by a seek that succeeded; a seek that
//! failed leaves it as it was, and the state Idle.
//!
//! Read next: `writer.rs`.

use std::fmt;
use std::io::{self, IoSlice, SeekFrom};
use std::mem;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::CAPACITY;
use crate::io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};

#[cfg(all(test, not(loom)))]
#[path = "reader_tests.rs"]
mod tests;

pin_project! {
    /// Reads ahead, so that many small reads are few reads of the source.
    ///
    /// Reads that ask for as much as the buffer holds, while it is empty, go past
    /// it. Writes and flushes go straight through. It is of no use over a source
    /// that is in memory anyway.
    ///
    /// Dropped or taken apart, it loses what it has read ahead; so have one for
    /// each stream, not one for each message.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kolo::io::{AsyncBufReadExt, BufReader};
    ///
    /// let mut reader = BufReader::new(&b"first\nsecond\n"[..]);
    /// let mut line = String::new();
    /// reader.read_line(&mut line).await?;
    /// assert_eq!(line, "first\n");
    /// assert_eq!(reader.buffer(), b"second\n"); // read ahead
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub struct BufReader<R> {
        #[pin]
        reader: R,
        bytes: Box<[u8]>,
        // What of the bytes was read and not yet consumed.
        unread: Range<usize>,
        seek: Seek,
    }
}

#[derive(Clone, Copy, Debug)]
enum Seek {
    Idle,
    /// Wished for, and not yet begun.
    Asked(SeekFrom),
    /// The first of two: back to where the program stands. This much is left.
    Rewinding(i64),
    Underway,
}

impl<R: AsyncRead> BufReader<R> {
    /// Reads ahead by up to 8 KiB.
    pub fn new(inner: R) -> Self {
        Self::with_capacity(CAPACITY, inner)
    }

    /// Reads ahead by up to `capacity` bytes.
    ///
    /// # Panics
    ///
    /// If `capacity` is 0.
    #[track_caller]
    pub fn with_capacity(capacity: usize, inner: R) -> Self {
        assert!(capacity > 0, "capacity must be greater than zero");
        Self {
            reader: inner,
            bytes: vec![0; capacity].into_boxed_slice(),
            unread: 0..0,
            seek: Seek::Idle,
        }
    }

    /// The source. To read from it directly mixes up the order of the bytes.
    pub fn get_ref(&self) -> &R {
        &self.reader
    }

    /// The source. To read from it directly mixes up the order of the bytes.
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.reader
    }

    /// The source, pinned. To read from it directly mixes up the order of the bytes.
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut R> {
        self.project().reader
    }

    /// The source. What was read ahead is lost.
    pub fn into_inner(self) -> R {
        self.reader
    }

    /// What was read ahead. Reads nothing, even if that is nothing.
    pub fn buffer(&self) -> &[u8] {
        &self.bytes[self.unread.clone()]
    }
}

impl<R> BufReader<R> {
    /// The same buffer behind another source, and the source that it stood behind.
    pub(super) fn rewrap<S>(self, reader: S) -> (BufReader<S>, R) {
        let rewrapped = BufReader {
            reader,
            bytes: self.bytes,
            unread: self.unread,
            seek: self.seek,
        };
        (rewrapped, self.reader)
    }
}

impl<R: AsyncRead> AsyncRead for BufReader<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.unread.is_empty() && buf.remaining() >= self.bytes.len() {
            return self.get_pin_mut().poll_read(cx, buf);
        }
        let unread = ready!(self.as_mut().poll_fill_buf(cx))?;
        let taken = unread.len().min(buf.remaining());
        buf.put_slice(&unread[..taken]);
        self.consume(taken);
        Poll::Ready(Ok(()))
    }
}

impl<R: AsyncRead> AsyncBufRead for BufReader<R> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let me = self.project();
        if me.unread.start == me.unread.end {
            let mut buf = ReadBuf::new(me.bytes);
            ready!(me.reader.poll_read(cx, &mut buf))?;
            *me.unread = 0..buf.filled().len();
        }
        Poll::Ready(Ok(&me.bytes[me.unread.clone()]))
    }

    fn consume(self: Pin<&mut Self>, amt: usize) {
        let unread = self.project().unread;
        unread.start = unread.end.min(unread.start.saturating_add(amt));
    }
}

/// Seeks the source to where the program wants to read on.
///
/// [`SeekFrom::Current`] counts from what has been read through this reader. A
/// seek discards what was read ahead, also where it would have served: after it
/// the source stands where the reader does. If the source has to seek twice, for
/// a distance near `i64::MIN`, and the second fails, it stands where the program
/// had read to.
impl<R: AsyncRead + AsyncSeek> AsyncSeek for BufReader<R> {
    fn start_seek(self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        *self.project().seek = Seek::Asked(position);
        Ok(())
    }

    fn poll_complete(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        let mut me = self.project();
        loop {
            // An error leaves it Idle.
            let seek = mem::replace(me.seek, Seek::Idle);
            let next = match seek {
                Seek::Idle => return me.reader.poll_complete(cx),
                Seek::Asked(SeekFrom::Current(n)) => {
                    // A slice's length fits.
                    let ahead = me.unread.len() as i64;
                    let (distance, next) = match n.checked_sub(ahead) {
                        Some(distance) => (distance, Seek::Underway),
                        None => (-ahead, Seek::Rewinding(n)),
                    };
                    me.reader.as_mut().start_seek(SeekFrom::Current(distance))?;
                    next
                }
                Seek::Asked(position) => {
                    me.reader.as_mut().start_seek(position)?;
                    Seek::Underway
                }
                Seek::Rewinding(n) => match me.reader.as_mut().poll_complete(cx)? {
                    Poll::Pending => {
                        *me.seek = seek;
                        return Poll::Pending;
                    }
                    Poll::Ready(_) => {
                        *me.unread = 0..0;
                        me.reader.as_mut().start_seek(SeekFrom::Current(n))?;
                        Seek::Underway
                    }
                },
                Seek::Underway => match me.reader.poll_complete(cx)? {
                    Poll::Pending => {
                        *me.seek = seek;
                        return Poll::Pending;
                    }
                    Poll::Ready(position) => {
                        *me.unread = 0..0;
                        return Poll::Ready(Ok(position));
                    }
                },
            };
            *me.seek = next;
        }
    }
}

/// Writes go straight through.
impl<R: AsyncRead + AsyncWrite> AsyncWrite for BufReader<R> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_pin_mut().poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_pin_mut().poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.reader.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_pin_mut().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_pin_mut().poll_shutdown(cx)
    }
}

impl<R: fmt::Debug> fmt::Debug for BufReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let full = format_args!("{}/{}", self.unread.len(), self.bytes.len());
        f.debug_struct("BufReader")
            .field("reader", &self.reader)
            .field("buffer", &full)
            .finish()
    }
}
