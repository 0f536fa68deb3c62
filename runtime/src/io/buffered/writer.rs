//! **Which bytes are accepted and not yet written?** Those in the buffer, from
//! the first that the sink has not taken.
//!
//! The buffer is written out when what comes next has no room in it, on a flush,
//! on a shutdown and before a seek. What would fill it alone is written past it.
//!
//! Invariants:
//!
//! - Bytes leave the buffer in order, each once. How many the sink has taken is
//!   noted as it takes them, so that a write-out may be given up at any `Pending`,
//!   and after an error the rest is still there.
//! - A write that goes past the buffer finds it empty.
//! - The buffer never grows.
//!
//! Dropping the writer drops its bytes: a drop can't wait.
//!
//! Read next: `stream.rs`.

use std::fmt;
use std::io::{self, ErrorKind, IoSlice, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::CAPACITY;
use crate::io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};

#[cfg(all(test, not(loom)))]
#[path = "writer_tests.rs"]
mod tests;

pin_project! {
    /// Collects small writes into large ones.
    ///
    /// What is written stands in the buffer until that is full, or until
    /// [`flush`](crate::io::AsyncWriteExt::flush) or
    /// [`shutdown`](crate::io::AsyncWriteExt::shutdown). **Dropped without one of
    /// these it loses its bytes.** Writes as large as the buffer go past it. Reads
    /// go straight through.
    ///
    /// After an error of the sink the bytes that it has not taken are still in the
    /// buffer; the next flush tries them again.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kolo::io::{AsyncWriteExt, BufWriter};
    ///
    /// let mut writer = BufWriter::new(Vec::new());
    /// writer.write_all(b"in the ").await?;
    /// writer.write_all(b"buffer").await?;
    /// assert_eq!(writer.get_ref(), b"");
    /// writer.flush().await?;
    /// assert_eq!(writer.get_ref(), b"in the buffer");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub struct BufWriter<W> {
        #[pin]
        writer: W,
        bytes: Vec<u8>,
        // How many of the bytes the sink has taken.
        written: usize,
        // Wished for, and not yet begun.
        seek: Option<SeekFrom>,
    }
}

impl<W: AsyncWrite> BufWriter<W> {
    /// Collects up to 8 KiB.
    pub fn new(inner: W) -> Self {
        Self::with_capacity(CAPACITY, inner)
    }

    /// Collects up to `cap` bytes. With 0 every write goes to the sink.
    pub fn with_capacity(cap: usize, inner: W) -> Self {
        Self {
            writer: inner,
            bytes: Vec::with_capacity(cap),
            written: 0,
            seek: None,
        }
    }

    /// The sink.
    pub fn get_ref(&self) -> &W {
        &self.writer
    }

    /// The sink. To write to it directly overtakes what is in the buffer.
    pub fn get_mut(&mut self) -> &mut W {
        &mut self.writer
    }

    /// The sink, pinned. To write to it directly overtakes what is in the buffer.
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut W> {
        self.project().writer
    }

    /// The sink. What is in the buffer is lost.
    pub fn into_inner(self) -> W {
        self.writer
    }

    /// The bytes that the sink has not taken.
    pub fn buffer(&self) -> &[u8] {
        &self.bytes[self.written..]
    }

    /// Writes out the buffer. Given up or failed, it goes on where it stopped.
    fn poll_write_out(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut me = self.project();
        let mut result = Ok(());
        while result.is_ok() && *me.written < me.bytes.len() {
            let rest = &me.bytes[*me.written..];
            result = match ready!(me.writer.as_mut().poll_write(cx, rest)) {
                Ok(0) => Err(io::Error::new(
                    ErrorKind::WriteZero,
                    "the writer takes no more of the buffered bytes",
                )),
                Ok(taken) => {
                    *me.written += taken;
                    Ok(())
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
                Err(error) => Err(error),
            };
        }
        // All of it, unless the sink failed.
        me.bytes.drain(..*me.written);
        *me.written = 0;
        Poll::Ready(result)
    }

    /// Empties the buffer unless it has room for so many more bytes. Even empty it
    /// may be too small for them.
    fn poll_make_room(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        wanted: usize,
    ) -> Poll<io::Result<()>> {
        if wanted <= self.room() {
            Poll::Ready(Ok(()))
        } else {
            self.poll_write_out(cx)
        }
    }

    fn room(&self) -> usize {
        self.bytes.capacity() - self.bytes.len()
    }
}

impl<W> BufWriter<W> {
    /// The same buffer before another sink, and the sink that it stood before.
    pub(super) fn rewrap<V>(self, writer: V) -> (BufWriter<V>, W) {
        let rewrapped = BufWriter {
            writer,
            bytes: self.bytes,
            written: self.written,
            seek: self.seek,
        };
        (rewrapped, self.writer)
    }
}

impl<W: AsyncWrite> AsyncWrite for BufWriter<W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.as_mut().poll_make_room(cx, buf.len()))?;
        let me = self.project();
        if buf.len() >= me.bytes.capacity() {
            return me.writer.poll_write(cx, buf);
        }
        me.bytes.extend_from_slice(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.writer.is_write_vectored() {
            // All of them are bytes like any other; what is too much to be buffered
            // is passed on as it is. (More than `usize` counts is too much.)
            let total = bufs
                .iter()
                .fold(0, |sum: usize, b| sum.saturating_add(b.len()));
            ready!(self.as_mut().poll_make_room(cx, total))?;
            let me = self.project();
            if total >= me.bytes.capacity() {
                return me.writer.poll_write_vectored(cx, bufs);
            }
            for buf in bufs {
                me.bytes.extend_from_slice(buf);
            }
            return Poll::Ready(Ok(total));
        }
        // The sink would take only the first. Buffered, there is room for more.
        let mut bufs = bufs.iter().skip_while(|b| b.is_empty());
        let Some(first) = bufs.next() else {
            return Poll::Ready(Ok(0));
        };
        let mut total = ready!(self.as_mut().poll_write(cx, first))?;
        if first.len() < self.bytes.capacity() {
            let bytes = self.project().bytes;
            for buf in bufs {
                if buf.len() > bytes.capacity() - bytes.len() {
                    break;
                }
                bytes.extend_from_slice(buf);
                total += buf.len();
            }
        }
        Poll::Ready(Ok(total))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_write_out(cx))?;
        self.get_pin_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_write_out(cx))?;
        self.get_pin_mut().poll_shutdown(cx)
    }
}

/// Writes out the buffer, then seeks the sink.
impl<W: AsyncWrite + AsyncSeek> AsyncSeek for BufWriter<W> {
    fn start_seek(self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        *self.project().seek = Some(position);
        Ok(())
    }

    fn poll_complete(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        if let Some(position) = self.seek {
            ready!(self.as_mut().poll_write_out(cx))?;
            let mut me = self.as_mut().project();
            // A seek of the sink's own, begun before and given up, comes first.
            ready!(me.writer.as_mut().poll_complete(cx))?;
            *me.seek = None;
            me.writer.start_seek(position)?;
        }
        self.project().writer.poll_complete(cx)
    }
}

/// Reads go straight through.
impl<W: AsyncWrite + AsyncRead> AsyncRead for BufWriter<W> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.get_pin_mut().poll_read(cx, buf)
    }
}

/// Reads go straight through.
impl<W: AsyncWrite + AsyncBufRead> AsyncBufRead for BufWriter<W> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.get_pin_mut().poll_fill_buf(cx)
    }

    fn consume(self: Pin<&mut Self>, amt: usize) {
        self.get_pin_mut().consume(amt);
    }
}

impl<W: fmt::Debug> fmt::Debug for BufWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let full = format_args!("{}/{}", self.bytes.len(), self.bytes.capacity());
        f.debug_struct("BufWriter")
            .field("writer", &self.writer)
            .field("buffer", &full)
            .field("written", &self.written)
            .finish()
    }
}
