//! **What does a socket hold of the driver?** Its registration: the record of
//! its readiness, and the way back to the driver that keeps it.
//!
//! ```text
//!   wait until ready ─► operation ─► WouldBlock? clear, wait again
//!                                └─► done
//! ```
//!
//! That loop is the whole of asynchronous I/O on a system that reports
//! readiness, and every socket of kolo runs it through [`poll_io`] (one waker per
//! direction, for `poll_read` and its like) or [`io`] (any number of waiters, for
//! `async fn`s that take `&self`).
//!
//! Each operation takes a unit of the task's budget (`task/coop.rs`), when it is
//! done: one whose socket is always ready must still let others run. A wait alone,
//! as in `writable().await` and then `try_write`, takes none: as with tokio, such a
//! loop goes on until the system has no more room.
//!
//! [`poll_io`]: Registration::poll_io
//! [`io`]: Registration::io
//!
//! Read next: `io/registered.rs`, a registration with its descriptor.

use std::future::poll_fn;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use mio::event::Source;

use super::DriverHandle;
use super::readiness::{Direction, Readiness, ReadyEvent};
use super::ready::Interest;
use super::registrations::Record;
use crate::task::coop;

/// tokio's words, which programs match.
pub(crate) const SHUTTING_DOWN: &str = "A Tokio 1.x context was found, but it is being shutdown.";

/// The error of an operation whose runtime is gone.
#[cold]
pub(crate) fn shutting_down() -> io::Error {
    io::Error::other(SHUTTING_DOWN)
}

/// Did an operation fail since its runtime has been shut down?
///
/// ```
/// use kolo::net::UdpSocket;
/// use kolo::runtime::{Builder, is_rt_shutdown_err};
///
/// # fn main() -> std::io::Result<()> {
/// let gone = Builder::new_current_thread().enable_all().build()?;
/// let socket = gone.block_on(UdpSocket::bind("127.0.0.1:0"))?;
/// drop(gone);
///
/// let other = Builder::new_current_thread().enable_all().build()?;
/// let error = other.block_on(socket.readable()).unwrap_err();
/// assert!(is_rt_shutdown_err(&error));
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn is_rt_shutdown_err(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Other
        && error
            .get_ref()
            .is_some_and(|inner| inner.to_string() == SHUTTING_DOWN)
}

/// One descriptor's registration. Dropped, its events are ignored; whether the
/// descriptor leaves the poll set first is its owner's business.
#[derive(Debug)]
pub(crate) struct Registration {
    record: Arc<Record>,
    driver: Arc<DriverHandle>,
}

/// A panic between two calls leaves it as it was: the lock within is held by none.
impl UnwindSafe for Registration {}
impl RefUnwindSafe for Registration {}

impl Registration {
    /// Registers `source`. The driver must have its I/O half.
    ///
    /// # Errors
    ///
    /// The operating system's; [`shutting_down`] if the runtime is gone.
    pub(crate) fn new(
        driver: Arc<DriverHandle>,
        source: &mut impl Source,
        interest: Interest,
    ) -> io::Result<Self> {
        let record = driver.registrations().register(source, interest)?;
        Ok(Self { record, driver })
    }

    /// Takes `source` out of the poll set.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub(crate) fn deregister(&self, source: &mut impl Source) -> io::Result<()> {
        self.driver.registrations().deregister(source)
    }

    /// What is known of the descriptor.
    #[inline]
    pub(crate) fn readiness(&self) -> &Readiness {
        &self.record.readiness
    }

    /// Waits until a direction is ready; the latest call's waker counts.
    ///
    /// # Errors
    ///
    /// [`shutting_down`], as of all that waits here.
    pub(crate) fn poll_ready(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
    ) -> Poll<io::Result<ReadyEvent>> {
        let event = ready!(self.readiness().poll(cx, direction));
        ready!(coop::poll_proceed(cx)).made_progress();
        Poll::Ready(alive(event))
    }

    /// Waits until `interest` is served, beside any number of others.
    ///
    /// Cancel safe.
    pub(crate) async fn ready(&self, interest: Interest) -> io::Result<ReadyEvent> {
        alive(self.readiness().ready(interest).await)
    }

    /// Runs `op` until it says something else than `WouldBlock`. Only what is ready
    /// costs a unit of the budget: a wait gives none back.
    #[inline]
    pub(crate) fn poll_io<R>(
        &self,
        cx: &mut Context<'_>,
        direction: Direction,
        mut op: impl FnMut(ReadyEvent) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        loop {
            let event = ready!(self.readiness().poll(cx, direction));
            let unit = ready!(coop::poll_proceed(cx));
            if event.is_shut_down() {
                return Poll::Ready(Err(shutting_down()));
            }
            match op(event) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.readiness().refute(event);
                }
                done => {
                    unit.made_progress();
                    return Poll::Ready(done);
                }
            }
        }
    }

    /// As [`poll_io`](Self::poll_io), beside any number of others.
    ///
    /// Cancel safe if `op` is: between two calls of it nothing is held.
    pub(crate) async fn io<R>(
        &self,
        interest: Interest,
        mut op: impl FnMut() -> io::Result<R>,
    ) -> io::Result<R> {
        loop {
            let event = alive(self.readiness().ready(interest).await)?;
            // Spent on a vain try too: a closed bit that a try for both directions can't
            // take back must not keep the task from yielding.
            poll_fn(coop::poll_proceed).await.made_progress();
            match op() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.readiness().refute(event);
                }
                done => return done,
            }
        }
    }

    /// Runs `op` if the descriptor is ready for it; does not wait.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if it is not, or `op` says so.
    pub(crate) fn try_io<R>(
        &self,
        interest: Interest,
        op: impl FnOnce() -> io::Result<R>,
    ) -> io::Result<R> {
        let event = self.readiness().now(interest);
        if event.ready.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let result = op();
        if let Err(error) = &result
            && error.kind() == io::ErrorKind::WouldBlock
        {
            self.readiness().refute(event);
        }
        result
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.driver.registrations().remove(&self.record);
        // A poller's waker may own the very task that holds this registration.
        self.readiness().forget_pollers();
    }
}

#[inline]
fn alive(event: ReadyEvent) -> io::Result<ReadyEvent> {
    if event.is_shut_down() {
        return Err(shutting_down());
    }
    Ok(event)
}
