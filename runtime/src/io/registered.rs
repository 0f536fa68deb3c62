//! **What is every socket made of?** A descriptor and its registration with the
//! driver, in one: the descriptor can't outlive its place in the poll set, and
//! leaves it before it is closed.
//!
//! ```text
//!   TcpStream, UdpSocket, UnixListener …        net/: names, addresses, options
//!          Registered<mio's>                    here: wait, try, clear
//!            Registration                       driver/registration.rs
//! ```
//!
//! # Short reads and writes
//!
//! The event comes at an edge, so a socket has to be read until it is empty. A read
//! over TCP that did not fill its buffer has emptied the socket: what comes later is
//! a new edge. So readiness is cleared at once, and the `read` that would only say
//! `WouldBlock` is never made. The same holds for a write that took less than all,
//! on any stream. It does not hold
//!
//! - for a read of 0, which is the end;
//! - for a read of a Unix socket: Linux ends it early at a message that carried
//!   descriptors, and what was written after that has had its edge. There the extra
//!   call is made;
//! - for datagrams, where a short one says nothing about the next;
//! - for a read over TCP that stops at urgent data. What follows it is then read
//!   only when more arrives, or the end. Nobody should use urgent data (RFC 6093),
//!   and tokio's sockets do the same, so this is left so.
//!
//! `epoll` and `kqueue` report edges. Where mio has neither it watches a socket anew
//! after each `WouldBlock` that it hears of, and kolo's own calls of the system
//! (`calls.rs`) don't tell it: such systems are not supported.
//! (After tokio's `PollEvented`.)
//!
//! Read next: `net/tcp/stream.rs`, its plainest user.

use std::io::{self, IoSlice, Write};
use std::ops::Deref;
use std::os::fd::AsFd;
use std::task::{Context, Poll};

use super::{ReadBuf, calls};
use crate::driver::{Direction, Interest, Ready, ReadyEvent, Registration};
use crate::handle;
use mio::event::Source;

/// A source of events that is registered with the driver.
#[derive(Debug)]
pub(crate) struct Registered<S: Source> {
    /// Taken only by `into_source` and by the drop.
    source: Option<S>,
    registration: Registration,
}

impl<S: Source> Registered<S> {
    /// Registers with the current runtime, for reading and writing.
    ///
    /// # Errors
    ///
    /// The operating system's; the runtime has been shut down.
    ///
    /// # Panics
    ///
    /// Outside of a runtime; if I/O is not enabled.
    #[track_caller]
    pub(crate) fn new(source: S) -> io::Result<Self> {
        Self::with_interest(source, Interest::READABLE | Interest::WRITABLE)
    }

    /// As [`new`](Self::new), for `interest`.
    #[track_caller]
    pub(crate) fn with_interest(mut source: S, interest: Interest) -> io::Result<Self> {
        let registration = Registration::new(handle::current_io(), &mut source, interest)?;
        Ok(Self {
            source: Some(source),
            registration,
        })
    }

    /// Gives the source back, out of the poll set.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub(crate) fn into_source(mut self) -> io::Result<S> {
        let mut source = self.source.take().expect("taken once");
        self.registration.deregister(&mut source)?;
        Ok(source)
    }

    /// Takes for granted what the driver would say at its next turn, or is likely to:
    /// a fresh pair has room, and what was accepted has often been written to. So the
    /// first operation is tried before that.
    pub(crate) fn assume(&self, ready: Ready) {
        self.registration.readiness().assume(ready);
    }

    pub(crate) fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_ready(cx, Direction::Read)
    }

    pub(crate) fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_ready(cx, Direction::Write)
    }

    fn poll_ready(&self, cx: &mut Context<'_>, direction: Direction) -> Poll<io::Result<()>> {
        let event = self.registration.poll_ready(cx, direction);
        event.map_ok(|_| ())
    }

    /// Reads when there is something to read; one poller.
    pub(crate) fn poll_read_io<R>(
        &self,
        cx: &mut Context<'_>,
        mut op: impl FnMut() -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.registration.poll_io(cx, Direction::Read, |_| op())
    }

    /// Writes when there is room; one poller.
    pub(crate) fn poll_write_io<R>(
        &self,
        cx: &mut Context<'_>,
        mut op: impl FnMut() -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.registration.poll_io(cx, Direction::Write, |_| op())
    }

    /// Waits until `interest` is served, beside any number of others.
    pub(crate) async fn ready(&self, interest: Interest) -> io::Result<Ready> {
        Ok(self.registration.ready(interest).await?.ready)
    }

    /// Runs `op` when ready, until it says something else than `WouldBlock`.
    pub(crate) async fn io<R>(
        &self,
        interest: Interest,
        op: impl FnMut() -> io::Result<R>,
    ) -> io::Result<R> {
        self.registration.io(interest, op).await
    }

    /// Runs `op` if ready; does not wait.
    pub(crate) fn try_io<R>(
        &self,
        interest: Interest,
        op: impl FnOnce() -> io::Result<R>,
    ) -> io::Result<R> {
        self.registration.try_io(interest, op)
    }
}

/// A socket that is read by `recv`, as a stream of bytes.
pub(crate) trait ByteStream: Source + AsFd {
    /// Has a read that did not fill its buffer emptied the socket?
    const SHORT_READ_EMPTIES: bool;
}

impl ByteStream for mio::net::TcpStream {
    const SHORT_READ_EMPTIES: bool = true;
}

impl ByteStream for mio::net::UnixStream {
    const SHORT_READ_EMPTIES: bool = false;
}

impl<S: ByteStream> Registered<S> {
    /// Reads into `buf`, what it has room for.
    #[inline]
    pub(crate) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let room = buf.remaining();
        self.registration.poll_io(cx, Direction::Read, |event| {
            let read = calls::recv(&**self, buf)?;
            if S::SHORT_READ_EMPTIES {
                self.moved(event, read, room);
            }
            Ok(())
        })
    }
}

/// What bytes are written to.
pub(crate) trait ByteSink: Source + AsFd {
    /// Writes some of `bytes`, by one call of the system.
    fn put(&self, bytes: &[u8]) -> io::Result<usize>;
}

impl ByteSink for mio::net::TcpStream {
    #[inline]
    fn put(&self, bytes: &[u8]) -> io::Result<usize> {
        calls::send(self, bytes)
    }
}

impl ByteSink for mio::net::UnixStream {
    #[inline]
    fn put(&self, bytes: &[u8]) -> io::Result<usize> {
        calls::send(self, bytes)
    }
}

impl ByteSink for mio::unix::pipe::Sender {
    fn put(&self, bytes: &[u8]) -> io::Result<usize> {
        (&mut &*self).write(bytes)
    }
}

impl<S: ByteSink> Registered<S> {
    /// Writes what there is room for.
    #[inline]
    pub(crate) fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.registration.poll_io(cx, Direction::Write, |event| {
            let written = self.put(buf)?;
            self.moved(event, written, buf.len());
            Ok(written)
        })
    }

    /// Writes what there is room for, of several pieces in one call.
    pub(crate) fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>>
    where
        for<'a> &'a S: Write,
    {
        // How much there was to write is not reckoned up for the sake of a call
        // that is rarely saved.
        self.poll_write_io(cx, || (&mut &**self).write_vectored(bufs))
    }
}

impl<S: Source> Registered<S> {
    /// `moved` bytes of at most `room` went over: is there no more?
    #[inline]
    fn moved(&self, event: ReadyEvent, moved: usize, room: usize) {
        if 0 < moved && moved < room {
            self.registration.readiness().clear(event);
        }
    }
}

impl<S: Source> Deref for Registered<S> {
    type Target = S;

    #[inline]
    fn deref(&self) -> &S {
        self.source.as_ref().expect("present until it is taken")
    }
}

impl<S: Source> Drop for Registered<S> {
    fn drop(&mut self) {
        if let Some(mut source) = self.source.take() {
            // Fails for a source that somebody closed behind our back; it is not in
            // the poll set then.
            let _ = self.registration.deregister(&mut source);
        }
    }
}

#[cfg(all(test, not(loom)))]
#[path = "registered_tests.rs"]
mod tests;
