//! For tests: a stream that does what its script says, and keeps a transcript.

use std::collections::VecDeque;
use std::future::Future;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};
use crate::sync::testing::by_hand;
use crate::task::coop::with_budget;

/// What one poll does. A script that is played to its end reads nothing more,
/// which is the end, and takes all that is written.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Reads these, over several polls if there is no room.
    Bring(Vec<u8>),
    /// Takes at most so many.
    Take(usize),
    /// Waits. Nobody is woken: the test polls again.
    Wait,
    Fail(ErrorKind),
}

pub(crate) fn bring(bytes: impl AsRef<[u8]>) -> Step {
    Step::Bring(bytes.as_ref().to_vec())
}

/// Reads, writes and flushes as three scripts say.
#[derive(Debug, Default)]
pub(crate) struct Scripted {
    reads: VecDeque<Step>,
    writes: VecDeque<Step>,
    flushes: VecDeque<Step>,
    pub(crate) vectored: bool,
    pub(crate) written: Vec<u8>,
    pub(crate) transcript: Vec<String>,
}

pub(crate) fn reads(steps: impl IntoIterator<Item = Step>) -> Scripted {
    Scripted::default().and_reads(steps)
}

pub(crate) fn writes(steps: impl IntoIterator<Item = Step>) -> Scripted {
    Scripted::default().and_writes(steps)
}

impl Scripted {
    pub(crate) fn and_reads(mut self, steps: impl IntoIterator<Item = Step>) -> Self {
        self.reads.extend(steps);
        self
    }

    pub(crate) fn and_writes(mut self, steps: impl IntoIterator<Item = Step>) -> Self {
        self.writes.extend(steps);
        self
    }

    /// For flushes and shutdowns.
    pub(crate) fn and_flushes(mut self, steps: impl IntoIterator<Item = Step>) -> Self {
        self.flushes.extend(steps);
        self
    }

    fn log<T>(&mut self, entry: impl Into<String>, result: T) -> Poll<io::Result<T>> {
        self.transcript.push(entry.into());
        Poll::Ready(Ok(result))
    }

    fn wait<T>(&mut self, what: &str) -> Poll<T> {
        self.transcript.push(format!("{what} waits"));
        Poll::Pending
    }

    fn poll_end(&mut self, what: &str) -> Poll<io::Result<()>> {
        match self.flushes.pop_front() {
            Some(Step::Wait) => self.wait(what),
            Some(Step::Fail(kind)) => Poll::Ready(Err(kind.into())),
            _ => self.log(what, ()),
        }
    }
}

impl AsyncRead for Scripted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.reads.front_mut() {
            Some(Step::Bring(bytes)) => {
                let n = bytes.len().min(buf.remaining());
                buf.put_slice(&bytes[..n]);
                bytes.drain(..n);
                if bytes.is_empty() {
                    self.reads.pop_front();
                }
                self.log(format!("read {n}"), ())
            }
            Some(Step::Wait) => {
                self.reads.pop_front();
                self.wait("read")
            }
            Some(&mut Step::Fail(kind)) => {
                self.reads.pop_front();
                Poll::Ready(Err(kind.into()))
            }
            Some(Step::Take(_)) => unreachable!("a read takes nothing"),
            None => self.log("end", ()),
        }
    }
}

impl AsyncBufRead for Scripted {
    fn poll_fill_buf(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let me = self.get_mut();
        if let Some(Step::Bring(_)) = me.reads.front() {
            let Some(Step::Bring(bytes)) = me.reads.front() else {
                unreachable!("looked at just now");
            };
            me.transcript.push(format!("lend {}", bytes.len()));
            return Poll::Ready(Ok(bytes));
        }
        match me.reads.pop_front() {
            Some(Step::Wait) => me.wait("read"),
            Some(Step::Fail(kind)) => Poll::Ready(Err(kind.into())),
            _ => me.log("end", &[]),
        }
    }

    fn consume(mut self: Pin<&mut Self>, amt: usize) {
        if amt == 0 {
            return;
        }
        let Some(Step::Bring(bytes)) = self.reads.front_mut() else {
            panic!("consumed what was not lent");
        };
        bytes.drain(..amt);
        if bytes.is_empty() {
            self.reads.pop_front();
        }
    }
}

impl AsyncWrite for Scripted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let most = match self.writes.pop_front() {
            None => buf.len(),
            Some(Step::Take(most)) => most,
            Some(Step::Wait) => return self.wait("write"),
            Some(Step::Fail(kind)) => return Poll::Ready(Err(kind.into())),
            Some(Step::Bring(_)) => unreachable!("a write brings nothing"),
        };
        let n = most.min(buf.len());
        self.written.extend(&buf[..n]);
        self.log(format!("write {n}"), n)
    }

    fn poll_flush(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_end("flush")
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_end("shutdown")
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.vectored {
            let all: Vec<u8> = bufs.iter().flat_map(|buf| buf.iter().copied()).collect();
            self.poll_write(cx, &all)
        } else {
            let first = bufs.iter().find(|b| !b.is_empty());
            self.poll_write(cx, first.map_or(&[], |b| b))
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.vectored
    }
}

/// A reader that puts a buffer of its own in the place of the one it was lent.
pub(crate) struct Exchanger(pub(crate) Option<&'static mut [u8]>);

impl Exchanger {
    pub(crate) fn new() -> Self {
        Exchanger(Some(Box::leak(vec![7; 4096].into_boxed_slice())))
    }
}

impl AsyncRead for Exchanger {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        *buf = ReadBuf::new(self.0.take().expect("read from once"));
        buf.advance(4096);
        Poll::Ready(Ok(()))
    }
}

/// The output of a future that must be ready at once.
#[track_caller]
pub(crate) fn now<F: Future>(future: F) -> F::Output {
    by_hand(future).ready()
}

/// Polls until it is ready: for scripts, whose waits end by being polled.
pub(crate) fn insist<F: Future>(future: F) -> F::Output {
    let mut future = by_hand(future);
    loop {
        if let Poll::Ready(output) = future.poll() {
            return output;
        }
    }
}

/// Begins, must wait, and is dropped.
#[track_caller]
pub(crate) fn cancel<F: Future>(future: F) {
    by_hand(future).assert_pending();
}

/// Asserts that a loop over something that is always ready gives its thread back,
/// and is woken to go on.
#[track_caller]
pub(crate) fn assert_yields<F: Future>(mut make: impl FnMut() -> F) {
    let mut future = by_hand(async {
        loop {
            make().await;
        }
    });
    for _ in 0..3 {
        let poll: Poll<()> = with_budget(|| future.poll());
        assert!(poll.is_pending());
        // Once, or once per part that would go on.
        assert!(future.take_wakes() > 0);
    }
}
