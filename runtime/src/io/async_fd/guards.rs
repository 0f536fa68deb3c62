//! **What may be done with a readiness that was seen?** Cleared or left; a guard
//! holds it until then, and cannot clear what came later.
//!
//! The two kinds differ in how they lend the [`AsyncFd`], and in nothing else; what
//! they do is [`Seen`]'s.
//!
//! Read next: `driver/readiness.rs`.

use std::fmt;
use std::io;
use std::os::fd::AsRawFd;

use super::AsyncFd;
use crate::driver::{Ready, ReadyEvent, Registration};

/// The readiness that a guard saw and that it has not cleared.
pub(super) struct Seen(pub(super) Option<ReadyEvent>);

impl Seen {
    fn ready(&self) -> Ready {
        self.0.map_or(Ready::EMPTY, |event| event.ready)
    }

    fn clear(&mut self, registration: &Registration) {
        if let Some(event) = self.0.take() {
            registration.readiness().clear(event);
        }
    }

    /// The descriptor itself said `WouldBlock`.
    fn refute(&mut self, registration: &Registration) {
        if let Some(event) = self.0.take() {
            registration.readiness().refute(event);
        }
    }

    fn clear_matching(&mut self, registration: &Registration, ready: Ready) {
        if let Some(event) = self.0 {
            registration
                .readiness()
                .clear(event.with_ready(event.ready & ready));
            let left = event.ready - ready;
            self.0 = (!left.is_empty()).then(|| event.with_ready(left));
        }
    }
}

/// A readiness that was seen, to be cleared or left; made by
/// [`AsyncFd::readable`] and its like.
///
/// Clear it when, and only when, the descriptor said that it is not ready after all.
#[must_use = "who waits again without clearing the readiness finds it still there"]
pub struct AsyncFdReadyGuard<'a, T: AsRawFd> {
    pub(super) async_fd: &'a AsyncFd<T>,
    pub(super) seen: Seen,
}

impl<'a, T: AsRawFd> AsyncFdReadyGuard<'a, T> {
    /// The descriptor is not ready any more; what came since it was seen, stays.
    pub fn clear_ready(&mut self) {
        self.seen.clear(&self.async_fd.registration);
    }

    /// The descriptor is not ready any more for what is in `ready`.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// use kolo::io::unix::AsyncFd;
    /// use kolo::io::{Interest, Ready};
    ///
    /// # let (ours, _theirs) = std::os::unix::net::UnixStream::pair()?;
    /// # // SAFETY: the stream owns its descriptor, and nobody closes or swaps it here.
    /// # let stream = unsafe { AsyncFd::register(ours)? };
    /// let mut guard = stream.ready(Interest::READABLE | Interest::WRITABLE).await?;
    /// assert_eq!(guard.ready(), Ready::WRITABLE);
    /// guard.clear_ready_matching(Ready::WRITABLE);
    /// assert!(guard.ready().is_empty());
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn clear_ready_matching(&mut self, ready: Ready) {
        self.seen.clear_matching(&self.async_fd.registration, ready);
    }

    /// The descriptor is still ready. Says so to the reader, and does nothing.
    pub fn retain_ready(&mut self) {}

    /// What was seen, less what this guard cleared.
    pub fn ready(&self) -> Ready {
        self.seen.ready()
    }

    /// Calls `f`, and clears the readiness if it says
    /// [`WouldBlock`](io::ErrorKind::WouldBlock).
    ///
    /// # Errors
    ///
    /// [`TryIoError`] for `WouldBlock`: wait again. `f`'s other errors are in the
    /// result that it gave.
    pub fn try_io<R>(
        &mut self,
        f: impl FnOnce(&'a AsyncFd<T>) -> io::Result<R>,
    ) -> Result<io::Result<R>, TryIoError> {
        match f(self.async_fd) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.seen.refute(&self.async_fd.registration);
                Err(TryIoError(()))
            }
            result => Ok(result),
        }
    }

    /// Whose readiness this is.
    pub fn get_ref(&self) -> &'a AsyncFd<T> {
        self.async_fd
    }

    /// The object whose readiness this is.
    pub fn get_inner(&self) -> &'a T {
        self.async_fd.get_ref()
    }
}

/// As [`AsyncFdReadyGuard`], lending the object mutably; made by
/// [`AsyncFd::readable_mut`] and its like.
#[must_use = "who waits again without clearing the readiness finds it still there"]
pub struct AsyncFdReadyMutGuard<'a, T: AsRawFd> {
    pub(super) async_fd: &'a mut AsyncFd<T>,
    pub(super) seen: Seen,
}

impl<T: AsRawFd> AsyncFdReadyMutGuard<'_, T> {
    /// The descriptor is not ready any more; what came since it was seen, stays.
    pub fn clear_ready(&mut self) {
        self.seen.clear(&self.async_fd.registration);
    }

    /// The descriptor is not ready any more for what is in `ready`.
    pub fn clear_ready_matching(&mut self, ready: Ready) {
        self.seen.clear_matching(&self.async_fd.registration, ready);
    }

    /// The descriptor is still ready. Says so to the reader, and does nothing.
    pub fn retain_ready(&mut self) {}

    /// What was seen, less what this guard cleared.
    pub fn ready(&self) -> Ready {
        self.seen.ready()
    }

    /// Calls `f`, and clears the readiness if it says
    /// [`WouldBlock`](io::ErrorKind::WouldBlock).
    ///
    /// # Errors
    ///
    /// [`TryIoError`] for `WouldBlock`: wait again. `f`'s other errors are in the
    /// result that it gave.
    pub fn try_io<R>(
        &mut self,
        f: impl FnOnce(&mut AsyncFd<T>) -> io::Result<R>,
    ) -> Result<io::Result<R>, TryIoError> {
        match f(self.async_fd) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.seen.refute(&self.async_fd.registration);
                Err(TryIoError(()))
            }
            result => Ok(result),
        }
    }

    /// Whose readiness this is.
    pub fn get_ref(&self) -> &AsyncFd<T> {
        self.async_fd
    }

    /// Whose readiness this is.
    pub fn get_mut(&mut self) -> &mut AsyncFd<T> {
        self.async_fd
    }

    /// The object whose readiness this is.
    pub fn get_inner(&self) -> &T {
        self.async_fd.get_ref()
    }

    /// The object whose readiness this is. It must keep its descriptor.
    pub fn get_inner_mut(&mut self) -> &mut T {
        self.async_fd.get_mut()
    }
}

impl<T: fmt::Debug + AsRawFd> fmt::Debug for AsyncFdReadyGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFdReadyGuard")
            .field("async_fd", &self.async_fd)
            .field("ready", &self.ready())
            .finish()
    }
}

impl<T: fmt::Debug + AsRawFd> fmt::Debug for AsyncFdReadyMutGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFdReadyMutGuard")
            .field("async_fd", &self.async_fd)
            .field("ready", &self.ready())
            .finish()
    }
}

/// The operation said that it would block, so the readiness was cleared. See
/// [`AsyncFdReadyGuard::try_io`].
#[derive(Debug)]
pub struct TryIoError(());
