//! **How do two tasks read and write to each other without a socket?** Through a
//! pipe in memory: a ring of bytes that is bounded, and one waker for each side.
//!
//! ```text
//!              ┌──────────── pipe ───────────┐
//!   DuplexStream: write                read: DuplexStream
//!                 read                 write
//!              └──────────── pipe ───────────┘
//! ```
//!
//! A `DuplexStream` writes to one pipe and reads from another, its peer the other
//! way round. A `SimplexStream` is both ends of one pipe; each of its halves is a
//! handle to it of its own, so that neither wakes while the other is locked out.
//!
//! Invariants:
//!
//! - A pipe holds at most its capacity. Its ring grows with what is written, not
//!   at the start.
//! - Closed by either side, it takes no more bytes. What it holds can still be
//!   read; then comes the end.
//! - A side waits only if its waker is in the pipe. Each read that takes bytes
//!   wakes the writer, each write that leaves some wakes the reader, a close by one
//!   side the other.
//! - Wakers are cloned, woken and dropped with the lock free. So a side that must
//!   wait clones its waker between two looks, unless the pipe has it already.
//!
//! Each read and each write that completes takes a unit of the cooperative budget.
//!
//! Names and semantics are tokio's.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind, IoSlice};
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use super::split::split_handles;
use crate::io::{AsyncRead, AsyncWrite, ReadBuf, ReadHalf, WriteHalf};
use crate::loom::sync::{Arc, Mutex};
use crate::task::coop;

#[cfg(all(test, loom))]
#[path = "memory_loom.rs"]
mod models;
#[cfg(all(test, not(loom)))]
#[path = "memory_tests.rs"]
mod tests;

/// One direction. It is a queue with a bound, and knows who waits for it; whoever
/// holds the lock wakes them, later.
struct Pipe {
    bytes: VecDeque<u8>,
    capacity: usize,
    closed: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

#[derive(Clone, Copy)]
enum Side {
    Reader,
    Writer,
}

impl Pipe {
    #[track_caller]
    fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "`max_buf_size` must be greater than 0");
        Self {
            bytes: VecDeque::new(),
            capacity,
            closed: false,
            reader: None,
            writer: None,
        }
    }

    /// Moves out what is there and fits; `None` if the reader has to wait.
    fn read(&mut self, buf: &mut ReadBuf<'_>) -> Option<io::Result<usize>> {
        if buf.remaining() == 0 {
            return Some(Ok(0));
        }
        if self.bytes.is_empty() {
            return self.closed.then_some(Ok(0));
        }
        let taken = self.bytes.len().min(buf.remaining());
        let (front, back) = self.bytes.as_slices();
        let of_front = taken.min(front.len());
        buf.put_slice(&front[..of_front]);
        buf.put_slice(&back[..taken - of_front]);
        self.bytes.drain(..taken);
        Some(Ok(taken))
    }

    /// Moves in what fits; `None` if the writer has to wait.
    fn write<'a>(
        &mut self,
        bufs: impl Iterator<Item = &'a [u8]> + Clone,
    ) -> Option<io::Result<usize>> {
        if self.closed {
            return Some(Err(ErrorKind::BrokenPipe.into()));
        }
        if bufs.clone().all(<[u8]>::is_empty) {
            return Some(Ok(0));
        }
        let room = self.capacity - self.bytes.len();
        if room == 0 {
            return None;
        }
        let mut left = room;
        for buf in bufs {
            let taken = left.min(buf.len());
            self.bytes.extend(&buf[..taken]);
            left -= taken;
        }
        Some(Ok(room - left))
    }

    fn waker(&mut self, side: Side) -> &mut Option<Waker> {
        match side {
            Side::Reader => &mut self.reader,
            Side::Writer => &mut self.writer,
        }
    }
}

impl Side {
    fn other(self) -> Self {
        match self {
            Side::Reader => Side::Writer,
            Side::Writer => Side::Reader,
        }
    }

    /// Has this side do `operation` on the pipe, or wait until it can.
    fn poll(
        self,
        pipe: &Mutex<Pipe>,
        cx: &mut Context<'_>,
        mut operation: impl FnMut(&mut Pipe) -> Option<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let unit = ready!(coop::poll_proceed(cx));
        let mut mine = None;
        loop {
            let mut pipe = pipe.lock();
            if let Some(result) = operation(&mut pipe) {
                let moved = matches!(result, Ok(1..));
                let waits = moved.then(|| pipe.waker(self.other()).take()).flatten();
                drop(pipe);
                unit.made_progress();
                wake(waits);
                return Poll::Ready(result);
            }
            let waker = pipe.waker(self);
            if waker.as_ref().is_some_and(|w| w.will_wake(cx.waker())) {
                return Poll::Pending;
            }
            if mine.is_some() {
                let replaced = mem::replace(waker, mine);
                drop(pipe);
                drop(replaced);
                return Poll::Pending;
            }
            drop(pipe);
            mine = Some(cx.waker().clone());
        }
    }

    /// Closes the pipe for both sides, and tells the other one.
    fn close(self, pipe: &Mutex<Pipe>) {
        let mut pipe = pipe.lock();
        pipe.closed = true;
        let mine = pipe.waker(self).take();
        let others = pipe.waker(self.other()).take();
        drop(pipe);
        drop(mine);
        wake(others);
    }
}

/// No lock may be held.
fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl fmt::Debug for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let full = format_args!("{}/{}", self.bytes.len(), self.capacity);
        f.debug_struct("Pipe")
            .field("bytes", &full)
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}

fn poll_read(
    pipe: &Mutex<Pipe>,
    cx: &mut Context<'_>,
    buf: &mut ReadBuf<'_>,
) -> Poll<io::Result<()>> {
    let read = ready!(Side::Reader.poll(pipe, cx, |pipe| pipe.read(buf)));
    Poll::Ready(read.map(|_| ()))
}

fn poll_write(pipe: &Mutex<Pipe>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
    Side::Writer.poll(pipe, cx, |pipe| pipe.write([buf].into_iter()))
}

fn poll_write_vectored(
    pipe: &Mutex<Pipe>,
    cx: &mut Context<'_>,
    bufs: &[IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    Side::Writer.poll(pipe, cx, |pipe| pipe.write(bufs.iter().map(|b| &**b)))
}

/// One of two connected streams in memory; see [`duplex`].
///
/// What is written to one is read from the other. Dropping one, or shutting it
/// down, is the end of the stream to the other, after what was written before; a
/// write to a stream whose peer is dropped fails with
/// [`BrokenPipe`](ErrorKind::BrokenPipe), at once also if it was waiting for room.
///
/// # Cancel safety
///
/// A read or a write that is given up has moved no bytes.
#[derive(Debug)]
pub struct DuplexStream {
    incoming: Arc<Mutex<Pipe>>,
    outgoing: Arc<Mutex<Pipe>>,
}

/// Two connected streams in memory, for tests and for protocols that run inside one
/// process.
///
/// At most `max_buf_size` bytes wait in each direction; a write that finds so many
/// there waits.
///
/// # Panics
///
/// If `max_buf_size` is 0.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use kolo::io::{AsyncReadExt, AsyncWriteExt};
///
/// let (mut near, mut far) = kolo::io::duplex(4);
/// let upper_case = kolo::spawn(async move {
///     let mut byte = [0];
///     while far.read(&mut byte).await? > 0 {
///         far.write_all(&byte.map(|b| b.to_ascii_uppercase())).await?;
///     }
///     std::io::Result::Ok(()) // `far` is dropped: the end
/// });
/// near.write_all(b"echo").await?;
/// near.shutdown().await?;
/// let mut answer = String::new();
/// near.read_to_string(&mut answer).await?;
/// assert_eq!(answer, "ECHO");
/// upper_case.await??;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn duplex(max_buf_size: usize) -> (DuplexStream, DuplexStream) {
    let there = Arc::new(Mutex::new(Pipe::new(max_buf_size)));
    let back = Arc::new(Mutex::new(Pipe::new(max_buf_size)));
    let one = DuplexStream {
        incoming: back.clone(),
        outgoing: there.clone(),
    };
    let other = DuplexStream {
        incoming: there,
        outgoing: back,
    };
    (one, other)
}

impl AsyncRead for DuplexStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        poll_read(&self.incoming, cx, buf)
    }
}

impl AsyncWrite for DuplexStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        poll_write(&self.outgoing, cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        poll_write_vectored(&self.outgoing, cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Side::Writer.close(&self.outgoing);
        Poll::Ready(Ok(()))
    }
}

impl Drop for DuplexStream {
    fn drop(&mut self) {
        Side::Writer.close(&self.outgoing);
        Side::Reader.close(&self.incoming);
    }
}

/// A stream in memory from which is read what was written to it; see [`simplex`].
///
/// [`shutdown`](crate::io::AsyncWriteExt::shutdown) is its end: what was written
/// before can still be read, a write after it fails with
/// [`BrokenPipe`](ErrorKind::BrokenPipe).
///
/// # Cancel safety
///
/// A read or a write that is given up has moved no bytes.
#[derive(Debug)]
pub struct SimplexStream {
    /// Two only if it is in halves.
    pipe: Arc<Mutex<Pipe>>,
}

/// A pipe in memory: what is written to the one half is read from the other.
///
/// At most `max_buf_size` bytes wait in it; a write that finds so many there waits.
/// Dropping a half says nothing to the other, as in tokio: the writer ends the
/// stream by `shutdown`. ([`duplex`] ends with a drop.) `unsplit` makes the two
/// halves one stream again, [`SimplexStream::new_unsplit`] starts so.
///
/// # Panics
///
/// If `max_buf_size` is 0.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use kolo::io::{AsyncReadExt, AsyncWriteExt};
///
/// let (mut reader, mut writer) = kolo::io::simplex(64);
/// writer.write_all(b"all of it").await?;
/// writer.shutdown().await?;
/// let mut read = String::new();
/// reader.read_to_string(&mut read).await?;
/// assert_eq!(read, "all of it");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn simplex(max_buf_size: usize) -> (ReadHalf<SimplexStream>, WriteHalf<SimplexStream>) {
    let reader = SimplexStream::new_unsplit(max_buf_size);
    let pipe = reader.pipe.clone();
    split_handles(reader, SimplexStream { pipe })
}

impl SimplexStream {
    /// The pipe as one stream, in which at most `max_buf_size` bytes wait.
    ///
    /// # Panics
    ///
    /// If `max_buf_size` is 0.
    #[track_caller]
    pub fn new_unsplit(max_buf_size: usize) -> SimplexStream {
        SimplexStream {
            pipe: Arc::new(Mutex::new(Pipe::new(max_buf_size))),
        }
    }
}

impl AsyncRead for SimplexStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        poll_read(&self.pipe, cx, buf)
    }
}

impl AsyncWrite for SimplexStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        poll_write(&self.pipe, cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        poll_write_vectored(&self.pipe, cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Side::Writer.close(&self.pipe);
        Poll::Ready(Ok(()))
    }
}
