//! **How does a task use a descriptor on which only blocking calls work?** It
//! lends it, with a buffer, to a job on the blocking pool, and gets both back.
//!
//! ```text
//!            ┌── a job is queued: a read, a write or a flush ──> ┌──────┐
//!   ┌──────┐ │                                                   │ Busy │
//!   │ Idle │─┘ <── it is done: descriptor, buffer and result ─── └──────┘
//!   └──────┘                                                        │ the runtime
//!                                                                   v went away
//!                                                                 Gone
//! ```
//!
//! One job at a time, so that bytes stay in order. A write copies the bytes into
//! the buffer, queues a job and answers at once; how it went is said by the next
//! call, or by a flush, which waits. A read reads no more than its caller has room
//! for. Given up while its job runs, it leaves the bytes in the buffer, and the next
//! read takes them.
//!
//! Invariants:
//!
//! - Busy, the buffer is the job's. Idle, it holds bytes that were read only if the
//!   read for which they were meant was given up.
//! - Writes are promised to the pool: it runs them also when the runtime is shut
//!   down meanwhile. Reads are not: somebody would have to press enter.
//!
//! It has either a reader or a writer in it, never one that is both: what was read
//! would then have to be discarded before a write, which `fs::File` does.
//!
//! The idea and the rules are tokio's (`io/blocking.rs`).
//!
//! Read next: `stdio.rs`, whose descriptors these are.

use std::future::Future;
use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::driver::registration::shutting_down;
use crate::handle::Handle;
use crate::io::ReadBuf;
use crate::task::JoinHandle;

#[cfg(all(test, not(loom)))]
#[path = "blocking_io_tests.rs"]
mod tests;

/// The most that one job reads or writes, in bytes.
const MOST: usize = 2 * 1024 * 1024;

/// A blocking reader or writer, used by jobs on the blocking pool.
#[derive(Debug)]
pub(super) struct BlockingIo<T> {
    state: State<T>,
    /// Something was written since the last flush.
    unflushed: bool,
}

#[derive(Debug)]
enum State<T> {
    Idle(Lent<T>),
    Busy(JoinHandle<(Lent<T>, io::Result<()>)>),
    Gone,
}

/// What a job borrows.
#[derive(Debug)]
struct Lent<T> {
    descriptor: T,
    /// To be written, all of them. For reads, room that is zeroed once.
    bytes: Vec<u8>,
    /// Which of them were read and not yet taken.
    full: Range<usize>,
}

/// Does a job run if the runtime is shut down before its turn comes?
#[derive(Clone, Copy)]
enum Promise {
    None,
    Kept,
}

impl<T: Send + 'static> BlockingIo<T> {
    pub(super) fn new(descriptor: T) -> Self {
        Self {
            state: State::Idle(Lent {
                descriptor,
                bytes: Vec::new(),
                full: 0..0,
            }),
            unflushed: false,
        }
    }

    /// Waits for the job that is under way, if one is, and says how it went.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<&mut Lent<T>>> {
        if let State::Busy(job) = &mut self.state {
            let (state, result) = match ready!(Pin::new(job).poll(cx)) {
                Ok((lent, result)) => (State::Idle(lent), result),
                Err(error) => (State::Gone, Err(error.into())),
            };
            self.state = state;
            result?;
        }
        Poll::Ready(match &mut self.state {
            State::Idle(lent) => Ok(lent),
            _ => Err(shutting_down()),
        })
    }

    /// Lends what is here to a job.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    fn start(
        &mut self,
        promise: Promise,
        operation: impl FnOnce(&mut Lent<T>) -> io::Result<()> + Send + 'static,
    ) -> io::Result<()> {
        let runtime = Handle::current();
        let State::Idle(mut lent) = mem::replace(&mut self.state, State::Gone) else {
            unreachable!("one job at a time");
        };
        let job = move || {
            let result = operation(&mut lent);
            (lent, result)
        };
        let queued = match promise {
            Promise::None => Some(runtime.spawn_blocking(job)),
            Promise::Kept => runtime.spawn_blocking_surely(job),
        };
        let queued = queued.ok_or_else(shutting_down)?;
        self.state = State::Busy(queued);
        Ok(())
    }
}

impl<T: Read + Send + 'static> BlockingIo<T> {
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        if let State::Idle(lent) = &self.state
            && lent.full.is_empty()
        {
            let most = buf.remaining().min(MOST);
            self.start(Promise::None, move |lent| lent.read(most))?;
        }
        // Now there is a job, perhaps an earlier one, or what one has left.
        let lent = ready!(self.poll_idle(cx))?;
        let taken = lent.full.len().min(buf.remaining());
        buf.put_slice(&lent.bytes[lent.full.start..][..taken]);
        lent.full.start += taken;
        Poll::Ready(Ok(()))
    }
}

impl<T: Write + Send + 'static> BlockingIo<T> {
    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let lent = ready!(self.poll_idle(cx))?;
        let accepted = buf.len().min(MOST);
        if accepted > 0 {
            lent.bytes.clear();
            lent.bytes.extend_from_slice(&buf[..accepted]);
            self.start(Promise::Kept, |lent| lent.descriptor.write_all(&lent.bytes))?;
            self.unflushed = true;
        }
        Poll::Ready(Ok(accepted))
    }

    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_idle(cx))?;
        if self.unflushed {
            self.start(Promise::Kept, |lent| lent.descriptor.flush())?;
            self.unflushed = false;
        }
        self.poll_idle(cx).map_ok(|_| ())
    }
}

impl<T: Read> Lent<T> {
    /// Reads once, at most so many bytes.
    fn read(&mut self, most: usize) -> io::Result<()> {
        if self.bytes.len() < most {
            self.bytes.resize(most, 0);
        }
        loop {
            match self.descriptor.read(&mut self.bytes[..most]) {
                Ok(read) => {
                    self.full = 0..read;
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}
