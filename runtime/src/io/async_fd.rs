//! **How does a descriptor that kolo knows nothing of become asynchronous?** By
//! [`AsyncFd`]: an object with a descriptor, and the driver's registration for it.
//! It only waits; reading and writing, or whatever else, its owner does himself.
//!
//! ```text
//!   readable().await ─► guard ─► try_io(read)
//!        ▲                          │
//!        │                          ├─ Ok(result): whatever it was, but WouldBlock
//!        └─ the readiness is gone ◄─┴─ Err(TryIoError): the guard cleared it
//! ```
//!
//! kolo learns of a descriptor's readiness at an edge, and can't see when it ends:
//! so a readiness stays until somebody says that it is gone. The guard is how: it
//! holds what was seen, and clears that and nothing that came since.
//!
//! Invariants:
//!
//! - The object is there until the `AsyncFd` is taken apart or dropped, and the
//!   descriptor leaves the poll set before that. Closing is the object's business.
//! - The descriptor stays open, and the same: the caller promises it, as the price
//!   of [`register`](AsyncFd::register).
//!
//! The interface is tokio's.
//!
//! Read next: `async_fd/guards.rs`, `driver/registration.rs`.

mod guards;

use std::error::Error;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::task::{Context, Poll, ready};

use mio::unix::SourceFd;

pub use guards::{AsyncFdReadyGuard, AsyncFdReadyMutGuard, TryIoError};

use crate::driver::{Direction, Interest, ReadyEvent, Registration};
use crate::handle;
use guards::Seen;

/// Waits for a descriptor of any kind to be ready: a pipe, a device, a C library's
/// connection.
///
/// `T` is whatever owns the descriptor, and is given back by
/// [`into_inner`](Self::into_inner) or dropped with this, after the descriptor left
/// the runtime's poll set. The descriptor must be non-blocking, and of a kind that
/// the system can poll: on Linux, `epoll` takes no regular file.
///
/// A readiness that was seen stays until it is cleared, which the guards do. So use
/// the descriptor until it says [`WouldBlock`](io::ErrorKind::WouldBlock), clear,
/// and wait again: [`async_io`](Self::async_io) does just that.
///
/// ```
/// use kolo::io::Interest;
/// use kolo::io::unix::AsyncFd;
/// use std::io::{Read, Write};
/// use std::os::unix::net::UnixStream;
///
/// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let (ours, mut theirs) = UnixStream::pair()?;
/// ours.set_nonblocking(true)?;
/// // SAFETY: the stream owns its descriptor, and nobody closes or swaps it here.
/// let ours = unsafe { AsyncFd::register(ours)? };
///
/// theirs.write_all(b"hello")?;
/// let mut word = [0; 5];
/// let read = ours
///     .async_io(Interest::READABLE, |mut stream| stream.read(&mut word))
///     .await?;
/// assert_eq!(word[..read], *b"hello");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub struct AsyncFd<T: AsRawFd> {
    registration: Registration,
    /// Taken by `into_inner` and by drop.
    object: Option<T>,
}

const PRESENT: &str = "the object is there until the AsyncFd is taken apart";

impl<T: AsRawFd> AsyncFd<T> {
    /// Registers with the current runtime, for reading and for writing.
    ///
    /// # Errors
    ///
    /// The operating system's, with the object: it may refuse this kind of
    /// descriptor, or have none of the number.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, or in one without I/O enabled.
    ///
    /// # Safety
    ///
    /// Until this is dropped, taken apart, or forgotten, `object.as_raw_fd()` must
    /// always be the same descriptor, open and of the same file.
    #[track_caller]
    pub unsafe fn register(object: T) -> Result<Self, AsyncFdRegisterError<T>> {
        // SAFETY: the caller's.
        unsafe { Self::register_with_interest(object, BOTH) }
    }

    /// Registers with the current runtime, for no more than `interest`.
    ///
    /// # Errors
    ///
    /// As for [`register`](Self::register).
    ///
    /// # Panics
    ///
    /// As for [`register`](Self::register).
    ///
    /// # Safety
    ///
    /// As for [`register`](Self::register).
    #[track_caller]
    pub unsafe fn register_with_interest(
        object: T,
        interest: Interest,
    ) -> Result<Self, AsyncFdRegisterError<T>> {
        let fd = object.as_raw_fd();
        match Registration::new(handle::current_io(), &mut SourceFd(&fd), interest) {
            Ok(registration) => Ok(AsyncFd {
                registration,
                object: Some(object),
            }),
            Err(cause) => Err(AsyncFdRegisterError { object, cause }),
        }
    }

    /// Registers with the current runtime, trusting that the descriptor stays open.
    ///
    /// # Errors
    ///
    /// As for [`register`](Self::register); the object is dropped.
    ///
    /// # Panics
    ///
    /// As for [`register`](Self::register).
    #[deprecated(note = "nothing holds the object to keeping its descriptor open: \
                         promise it, by `AsyncFd::register`")]
    #[track_caller]
    pub fn new(object: T) -> io::Result<Self> {
        // SAFETY: for who still calls this, tokio's contract: the documented duty of
        // the object's type, which a safe function can't put into words.
        Ok(unsafe { Self::register(object)? })
    }

    /// [`new`](Self::new), for no more than `interest`.
    ///
    /// # Errors
    ///
    /// As for [`register`](Self::register); the object is dropped.
    ///
    /// # Panics
    ///
    /// As for [`register`](Self::register).
    #[deprecated(note = "nothing holds the object to keeping its descriptor open: \
                         promise it, by `AsyncFd::register_with_interest`")]
    #[track_caller]
    pub fn with_interest(object: T, interest: Interest) -> io::Result<Self> {
        // SAFETY: as in `new`.
        Ok(unsafe { Self::register_with_interest(object, interest)? })
    }

    /// [`new`](Self::new), with the object given back by the error.
    ///
    /// # Errors
    ///
    /// As for [`register`](Self::register).
    ///
    /// # Panics
    ///
    /// As for [`register`](Self::register).
    #[deprecated(note = "nothing holds the object to keeping its descriptor open: \
                         promise it, by `AsyncFd::register`")]
    #[track_caller]
    pub fn try_new(object: T) -> Result<Self, AsyncFdRegisterError<T>> {
        // SAFETY: as in `new`.
        unsafe { Self::register(object) }
    }

    /// [`with_interest`](Self::with_interest), with the object given back by the
    /// error.
    ///
    /// # Errors
    ///
    /// As for [`register`](Self::register).
    ///
    /// # Panics
    ///
    /// As for [`register`](Self::register).
    #[deprecated(note = "nothing holds the object to keeping its descriptor open: \
                         promise it, by `AsyncFd::register_with_interest`")]
    #[track_caller]
    pub fn try_with_interest(
        object: T,
        interest: Interest,
    ) -> Result<Self, AsyncFdRegisterError<T>> {
        // SAFETY: as in `new`.
        unsafe { Self::register_with_interest(object, interest) }
    }

    /// The object.
    #[inline]
    pub fn get_ref(&self) -> &T {
        self.object.as_ref().expect(PRESENT)
    }

    /// The object. It must keep its descriptor.
    #[inline]
    pub fn get_mut(&mut self) -> &mut T {
        self.object.as_mut().expect(PRESENT)
    }

    /// The object, whose descriptor is no longer registered.
    pub fn into_inner(mut self) -> T {
        self.take().expect(PRESENT)
    }

    fn take(&mut self) -> Option<T> {
        let object = self.object.take()?;
        let fd = object.as_raw_fd();
        // It fails if the descriptor was closed before its time. Its record goes
        // with the registration, and later events find nobody.
        let _ = self.registration.deregister(&mut SourceFd(&fd));
        Some(object)
    }

    /// Waits until the descriptor is readable.
    ///
    /// One waiter: of those who call this or
    /// [`poll_read_ready_mut`](Self::poll_read_ready_mut), the last is woken.
    ///
    /// # Errors
    ///
    /// When the runtime is shut down.
    pub fn poll_read_ready<'a>(
        &'a self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyGuard<'a, T>>> {
        let event = ready!(self.registration.poll_ready(cx, Direction::Read))?;
        Poll::Ready(Ok(self.guard(event)))
    }

    /// [`poll_read_ready`](Self::poll_read_ready), with a guard that lends the object
    /// mutably.
    ///
    /// # Errors
    ///
    /// When the runtime is shut down.
    pub fn poll_read_ready_mut<'a>(
        &'a mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyMutGuard<'a, T>>> {
        let event = ready!(self.registration.poll_ready(cx, Direction::Read))?;
        Poll::Ready(Ok(self.guard_mut(event)))
    }

    /// Waits until the descriptor is writable.
    ///
    /// One waiter, as for reading, and beside the one who waits for that.
    ///
    /// # Errors
    ///
    /// When the runtime is shut down.
    pub fn poll_write_ready<'a>(
        &'a self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyGuard<'a, T>>> {
        let event = ready!(self.registration.poll_ready(cx, Direction::Write))?;
        Poll::Ready(Ok(self.guard(event)))
    }

    /// [`poll_write_ready`](Self::poll_write_ready), with a guard that lends the
    /// object mutably.
    ///
    /// # Errors
    ///
    /// When the runtime is shut down.
    pub fn poll_write_ready_mut<'a>(
        &'a mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyMutGuard<'a, T>>> {
        let event = ready!(self.registration.poll_ready(cx, Direction::Write))?;
        Poll::Ready(Ok(self.guard_mut(event)))
    }

    /// Waits until the descriptor is ready for one of the things in `interest`. Any
    /// number may wait.
    ///
    /// # Errors
    ///
    /// When the runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a readiness stays until it is cleared.
    pub async fn ready(&self, interest: Interest) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        let event = self.registration.ready(interest).await?;
        Ok(self.guard(event))
    }

    /// [`ready`](Self::ready), with a guard that lends the object mutably.
    ///
    /// # Errors
    ///
    /// When the runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a readiness stays until it is cleared.
    pub async fn ready_mut(
        &mut self,
        interest: Interest,
    ) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        let event = self.registration.ready(interest).await?;
        Ok(self.guard_mut(event))
    }

    /// Waits until the descriptor is readable. Any number may wait.
    ///
    /// # Errors
    ///
    /// When the runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a readiness stays until it is cleared.
    pub async fn readable(&self) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        self.ready(Interest::READABLE).await
    }

    /// [`readable`](Self::readable), with a guard that lends the object mutably.
    ///
    /// # Errors
    ///
    /// When the runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a readiness stays until it is cleared.
    pub async fn readable_mut(&mut self) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        self.ready_mut(Interest::READABLE).await
    }

    /// Waits until the descriptor is writable. Any number may wait.
    ///
    /// # Errors
    ///
    /// When the runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a readiness stays until it is cleared.
    pub async fn writable(&self) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        self.ready(Interest::WRITABLE).await
    }

    /// [`writable`](Self::writable), with a guard that lends the object mutably.
    ///
    /// # Errors
    ///
    /// When the runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a readiness stays until it is cleared.
    pub async fn writable_mut(&mut self) -> io::Result<AsyncFdReadyMutGuard<'_, T>> {
        self.ready_mut(Interest::WRITABLE).await
    }

    /// Calls `f` whenever the descriptor is ready, until it says something else than
    /// [`WouldBlock`](io::ErrorKind::WouldBlock).
    ///
    /// # Errors
    ///
    /// `f`'s, and when the runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Cancelled, it is between two calls of `f`, none of which did anything.
    pub async fn async_io<R>(
        &self,
        interest: Interest,
        mut f: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        let op = || f(self.get_ref());
        self.registration.io(interest, op).await
    }

    /// [`async_io`](Self::async_io), lending the object mutably.
    ///
    /// # Errors
    ///
    /// `f`'s, and when the runtime is shut down.
    ///
    /// # Cancel safety
    ///
    /// Cancelled, it is between two calls of `f`, none of which did anything.
    pub async fn async_io_mut<R>(
        &mut self,
        interest: Interest,
        mut f: impl FnMut(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        let object = self.object.as_mut().expect(PRESENT);
        self.registration.io(interest, || f(object)).await
    }

    /// Calls `f` if the descriptor is ready, as far as is known; does not wait.
    ///
    /// # Errors
    ///
    /// `f`'s; or [`WouldBlock`](io::ErrorKind::WouldBlock), without a call, when the
    /// descriptor is not ready.
    pub fn try_io<R>(
        &self,
        interest: Interest,
        f: impl FnOnce(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.registration.try_io(interest, || f(self.get_ref()))
    }

    /// [`try_io`](Self::try_io), lending the object mutably.
    ///
    /// # Errors
    ///
    /// As for [`try_io`](Self::try_io).
    pub fn try_io_mut<R>(
        &mut self,
        interest: Interest,
        f: impl FnOnce(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        let object = self.object.as_mut().expect(PRESENT);
        self.registration.try_io(interest, || f(object))
    }

    fn guard(&self, event: ReadyEvent) -> AsyncFdReadyGuard<'_, T> {
        AsyncFdReadyGuard {
            async_fd: self,
            seen: Seen(Some(event)),
        }
    }

    fn guard_mut(&mut self, event: ReadyEvent) -> AsyncFdReadyMutGuard<'_, T> {
        AsyncFdReadyMutGuard {
            async_fd: self,
            seen: Seen(Some(event)),
        }
    }
}

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

impl<T: AsRawFd> Drop for AsyncFd<T> {
    fn drop(&mut self) {
        drop(self.take());
    }
}

impl<T: AsRawFd> AsRawFd for AsyncFd<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.get_ref().as_raw_fd()
    }
}

impl<T: AsRawFd> AsFd for AsyncFd<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        let fd = self.as_raw_fd();
        // Safe code can come here with it: by the deprecated `new`, and an object
        // that answers otherwise than when it was registered.
        assert_ne!(fd, -1, "the object has no descriptor any more");
        // SAFETY: it is not -1; it stays open as long as this lives, which who
        // registered it has promised.
        unsafe { BorrowedFd::borrow_raw(fd) }
    }
}

impl<T: fmt::Debug + AsRawFd> fmt::Debug for AsyncFd<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFd")
            .field("inner", self.get_ref())
            .finish()
    }
}

/// A descriptor could not be registered. Gives back its owner.
pub struct AsyncFdRegisterError<T> {
    object: T,
    cause: io::Error,
}

/// The name of [`AsyncFdRegisterError`] in older programs.
#[doc(hidden)]
#[deprecated(note = "its name is `AsyncFdRegisterError`")]
pub type AsyncFdTryNewError<T> = AsyncFdRegisterError<T>;

impl<T> AsyncFdRegisterError<T> {
    /// The object, and why its descriptor was not registered.
    pub fn into_parts(self) -> (T, io::Error) {
        (self.object, self.cause)
    }
}

impl<T> fmt::Display for AsyncFdRegisterError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.cause, f)
    }
}

impl<T> fmt::Debug for AsyncFdRegisterError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.cause, f)
    }
}

impl<T> Error for AsyncFdRegisterError<T> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.cause)
    }
}

impl<T> From<AsyncFdRegisterError<T>> for io::Error {
    fn from(error: AsyncFdRegisterError<T>) -> Self {
        error.cause
    }
}

#[cfg(all(test, not(loom)))]
#[path = "async_fd_tests.rs"]
mod tests;
