//! For tests: a source and sink that does what a test wrote down, and writes down
//! what was done to it; and calls, driven to their end on the spot.
//!
//! Beside `io/testing.rs`: here whatever waits wakes, and it counts the room that a
//! read had.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::io::{AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};
use crate::sync::testing::by_hand;

/// What happens at the next call.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A read gives these, over several calls if they don't fit.
    Give(&'static [u8]),
    /// A write takes so many at most.
    Take(usize),
    Fail(ErrorKind),
    /// It is pending once, and wakes at once.
    Wait,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// For how many bytes there was room.
    Read(usize),
    /// What was taken.
    Write(&'static str),
    /// How many slices there were, and what was taken.
    Vectored(usize, &'static str),
    Flush,
    Shutdown,
}

/// At the end of its steps it gives the end of the stream and takes everything.
#[derive(Debug, Default)]
pub(super) struct Script {
    steps: VecDeque<Step>,
    pub(super) vectored: bool,
    deeds: Vec<Deed>,
}

pub(super) fn script(steps: &[Step]) -> Script {
    Script {
        steps: steps.iter().cloned().collect(),
        ..Script::default()
    }
}

impl Script {
    /// What was done since this was last asked.
    pub(super) fn take_deeds(&mut self) -> Vec<Deed> {
        std::mem::take(&mut self.deeds)
    }

    fn poll_take(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<&'static str>> {
        let taken = match self.steps.pop_front() {
            Some(Step::Take(most)) => most.min(bytes.len()),
            None => bytes.len(),
            Some(Step::Fail(kind)) => return Poll::Ready(Err(kind.into())),
            Some(Step::Wait) => return wait(cx),
            Some(Step::Give(_)) => panic!("written to where a read was expected"),
        };
        let text = String::from_utf8(bytes[..taken].to_vec()).unwrap();
        Poll::Ready(Ok(text.leak()))
    }
}

fn wait<T>(cx: &mut Context<'_>) -> Poll<T> {
    cx.waker().wake_by_ref();
    Poll::Pending
}

impl AsyncRead for Script {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.deeds.push(Deed::Read(buf.remaining()));
        match self.steps.pop_front() {
            Some(Step::Give(bytes)) => {
                let given = bytes.len().min(buf.remaining());
                buf.put_slice(&bytes[..given]);
                if given < bytes.len() {
                    self.steps.push_front(Step::Give(&bytes[given..]));
                }
                Poll::Ready(Ok(()))
            }
            None => Poll::Ready(Ok(())),
            Some(Step::Fail(kind)) => Poll::Ready(Err(kind.into())),
            Some(Step::Wait) => wait(cx),
            Some(Step::Take(_)) => panic!("read where a write was expected"),
        }
    }
}

impl AsyncWrite for Script {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_take(cx, buf).map_ok(|taken| {
            self.deeds.push(Deed::Write(taken));
            taken.len()
        })
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let bytes = bufs.iter().flat_map(|b| b.iter().copied());
        let bytes: Vec<u8> = bytes.collect();
        self.poll_take(cx, &bytes).map_ok(|taken| {
            self.deeds.push(Deed::Vectored(bufs.len(), taken));
            taken.len()
        })
    }

    fn is_write_vectored(&self) -> bool {
        self.vectored
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.deeds.push(Deed::Flush);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.deeds.push(Deed::Shutdown);
        Poll::Ready(Ok(()))
    }
}

/// A stream whose every second call is pending.
#[derive(Debug)]
pub(super) struct Halting<T> {
    pub(super) stream: T,
    goes: bool,
}

impl<T> Halting<T> {
    pub(super) fn new(stream: T) -> Self {
        Self {
            stream,
            goes: false,
        }
    }

    fn poll_go(&mut self, cx: &mut Context<'_>) -> Poll<Pin<&mut T>>
    where
        T: Unpin,
    {
        self.goes = !self.goes;
        if self.goes {
            wait(cx)
        } else {
            Poll::Ready(Pin::new(&mut self.stream))
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Halting<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        std::task::ready!(self.poll_go(cx)).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Halting<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        std::task::ready!(self.poll_go(cx)).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(self.poll_go(cx)).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(self.poll_go(cx)).poll_shutdown(cx)
    }
}

impl<T: AsyncSeek + Unpin> AsyncSeek for Halting<T> {
    fn start_seek(mut self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        Pin::new(&mut self.stream).start_seek(position)
    }

    fn poll_complete(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        std::task::ready!(self.poll_go(cx)).poll_complete(cx)
    }
}

/// Polls until it is ready. Whatever is pending must have woken.
#[track_caller]
pub(super) fn drive<T>(poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> T {
    let mut task = by_hand(poll_fn(poll));
    loop {
        if let Poll::Ready(output) = task.poll() {
            return output;
        }
        assert_eq!(task.take_wakes(), 1, "pending without a wake-up");
    }
}

/// One read into so many bytes of room.
pub(super) fn read<R: AsyncRead + Unpin>(reader: &mut R, room: usize) -> io::Result<String> {
    let mut bytes = vec![0; room];
    let read = drive(|cx| {
        let mut buf = ReadBuf::new(&mut bytes);
        let poll = Pin::new(&mut *reader).poll_read(cx, &mut buf);
        poll.map_ok(|()| buf.filled().len())
    })?;
    bytes.truncate(read);
    Ok(String::from_utf8(bytes).unwrap())
}

/// One write.
pub(super) fn write<W: AsyncWrite + Unpin>(writer: &mut W, text: &str) -> io::Result<usize> {
    drive(|cx| Pin::new(&mut *writer).poll_write(cx, text.as_bytes()))
}

pub(super) fn write_vectored<W: AsyncWrite + Unpin>(
    writer: &mut W,
    texts: &[&str],
) -> io::Result<usize> {
    let slices: Vec<_> = texts.iter().map(|t| IoSlice::new(t.as_bytes())).collect();
    drive(|cx| Pin::new(&mut *writer).poll_write_vectored(cx, &slices))
}

pub(super) fn flush<W: AsyncWrite + Unpin>(writer: &mut W) -> io::Result<()> {
    drive(|cx| Pin::new(&mut *writer).poll_flush(cx))
}

pub(super) fn shutdown<W: AsyncWrite + Unpin>(writer: &mut W) -> io::Result<()> {
    drive(|cx| Pin::new(&mut *writer).poll_shutdown(cx))
}

pub(super) fn seek<S: AsyncSeek + Unpin>(stream: &mut S, to: SeekFrom) -> io::Result<u64> {
    drive(|cx| Pin::new(&mut *stream).poll_complete(cx))?;
    Pin::new(&mut *stream).start_seek(to)?;
    drive(|cx| Pin::new(&mut *stream).poll_complete(cx))
}

#[track_caller]
pub(super) fn assert_kind<T: std::fmt::Debug>(result: io::Result<T>, kind: ErrorKind) {
    assert_eq!(result.unwrap_err().kind(), kind);
}
