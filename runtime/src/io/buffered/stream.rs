//! **How is a stream buffered in both directions?** By a `BufReader` about a
//! `BufWriter` about the stream: the reader passes writes through.
//!
//! Read next: `read_until.rs`.

use std::io::{self, IoSlice, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::{BufReader, BufWriter};
use crate::io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};

#[cfg(all(test, not(loom)))]
#[path = "stream_tests.rs"]
mod tests;

pin_project! {
    /// A [`BufReader`] and a [`BufWriter`] about one stream.
    ///
    /// What was written reaches the stream with a flush, at the latest. The one
    /// does not know of the other: a request that waits in the buffer to be written
    /// is not flushed by a read for its answer.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kolo::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};
    ///
    /// let (here, there) = kolo::io::duplex(64);
    /// let (mut here, mut there) = (BufStream::new(here), BufStream::new(there));
    /// here.write_all(b"PING\n").await?;
    /// here.flush().await?;
    /// let mut request = String::new();
    /// there.read_line(&mut request).await?;
    /// assert_eq!(request, "PING\n");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[derive(Debug)]
    pub struct BufStream<RW> {
        #[pin]
        stream: BufReader<BufWriter<RW>>,
    }
}

impl<RW: AsyncRead + AsyncWrite> BufStream<RW> {
    /// Buffers of 8 KiB each.
    pub fn new(stream: RW) -> BufStream<RW> {
        BufReader::new(BufWriter::new(stream)).into()
    }

    /// Buffers of these sizes, in bytes.
    ///
    /// # Panics
    ///
    /// If `reader_capacity` is 0.
    #[track_caller]
    pub fn with_capacity(
        reader_capacity: usize,
        writer_capacity: usize,
        stream: RW,
    ) -> BufStream<RW> {
        let writer = BufWriter::with_capacity(writer_capacity, stream);
        BufReader::with_capacity(reader_capacity, writer).into()
    }

    /// The stream. To use it directly mixes up the order of the bytes.
    pub fn get_ref(&self) -> &RW {
        self.stream.get_ref().get_ref()
    }

    /// The stream. To use it directly mixes up the order of the bytes.
    pub fn get_mut(&mut self) -> &mut RW {
        self.stream.get_mut().get_mut()
    }

    /// The stream, pinned. To use it directly mixes up the order of the bytes.
    pub fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut RW> {
        self.project().stream.get_pin_mut().get_pin_mut()
    }

    /// The stream. What is in the two buffers is lost.
    pub fn into_inner(self) -> RW {
        self.stream.into_inner().into_inner()
    }
}

impl<RW> From<BufReader<BufWriter<RW>>> for BufStream<RW> {
    fn from(stream: BufReader<BufWriter<RW>>) -> Self {
        BufStream { stream }
    }
}

/// Nested the other way round, with what is in the buffers.
impl<RW> From<BufWriter<BufReader<RW>>> for BufStream<RW> {
    fn from(stream: BufWriter<BufReader<RW>>) -> Self {
        let (writer, reader) = stream.rewrap(());
        let (reader, stream) = reader.rewrap(());
        let (writer, ()) = writer.rewrap(stream);
        let (stream, ()) = reader.rewrap(writer);
        BufStream { stream }
    }
}

impl<RW: AsyncRead + AsyncWrite> AsyncRead for BufStream<RW> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.project().stream.poll_read(cx, buf)
    }
}

impl<RW: AsyncRead + AsyncWrite> AsyncBufRead for BufStream<RW> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.project().stream.poll_fill_buf(cx)
    }

    fn consume(self: Pin<&mut Self>, amt: usize) {
        self.project().stream.consume(amt);
    }
}

impl<RW: AsyncRead + AsyncWrite> AsyncWrite for BufStream<RW> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.project().stream.poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().stream.poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().stream.poll_shutdown(cx)
    }
}

/// Writes out what was written and discards what was read ahead, then seeks; see
/// the same of [`BufReader`] and [`BufWriter`].
impl<RW: AsyncRead + AsyncWrite + AsyncSeek> AsyncSeek for BufStream<RW> {
    fn start_seek(self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        self.project().stream.start_seek(position)
    }

    fn poll_complete(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        self.project().stream.poll_complete(cx)
    }
}
