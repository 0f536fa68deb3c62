//! **How do tasks share a limited number of something?** By permits: whoever
//! holds one may go on, and gives it back by dropping it.
//!
//! The API of [`Permits`], which has the protocol. Methods and semantics are
//! tokio's; two things differ under the hood and can't be told from outside: a
//! release with nobody waiting takes no lock, and a waiter holds all its permits
//! or none.
//!
//! Read next: `permits.rs`.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::blocking;
use super::permits::Permits;

#[cfg(all(test, not(loom)))]
mod tests;

/// Shares a number of permits between tasks, first come first served.
///
/// [`acquire`](Self::acquire) waits for a permit; dropping the permit gives it
/// back. Waiters are served strictly in the order of their first poll: one that
/// needs many permits is not overtaken by those that need few, and
/// [`try_acquire`](Self::try_acquire) finds no permits while somebody waits.
///
/// The idea is Dijkstra's (1965); that the permit is a value is Rust's way of
/// not forgetting to give it back.
///
/// # Examples
///
/// At most two at a time:
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use kolo::sync::{Semaphore, TryAcquireError};
///
/// let doors = Semaphore::new(2);
/// let first = doors.acquire().await.unwrap();
/// let second = doors.acquire().await.unwrap();
/// assert_eq!(doors.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
///
/// drop(first);
/// assert_eq!(doors.available_permits(), 1);
/// # drop(second);
/// # });
/// ```
#[derive(Debug)]
pub struct Semaphore {
    permits: Permits,
}

/// What a [`Semaphore`] gives out; dropped, it goes back.
///
/// Made by [`acquire`](Semaphore::acquire) and its kin.
#[derive(Debug)]
#[must_use = "a permit that is dropped at once limits nothing"]
#[clippy::has_significant_drop]
pub struct SemaphorePermit<'a> {
    semaphore: &'a Semaphore,
    permits: usize,
}

/// A permit that keeps its [`Semaphore`] alive, to be moved into a task.
///
/// Made by [`acquire_owned`](Semaphore::acquire_owned) and its kin.
#[derive(Debug)]
#[must_use = "a permit that is dropped at once limits nothing"]
#[clippy::has_significant_drop]
pub struct OwnedSemaphorePermit {
    semaphore: Arc<Semaphore>,
    permits: usize,
}

impl Semaphore {
    /// The most permits that a semaphore can have: `usize::MAX >> 3`.
    pub const MAX_PERMITS: usize = Permits::MAX;

    /// A semaphore with this many permits.
    ///
    /// # Panics
    ///
    /// If `permits` is more than [`MAX_PERMITS`](Self::MAX_PERMITS).
    #[track_caller]
    pub fn new(permits: usize) -> Self {
        check_max(permits);
        Semaphore {
            permits: Permits::new(permits),
        }
    }

    /// [`new`](Self::new) for statics.
    ///
    /// # Panics
    ///
    /// If `permits` is more than [`MAX_PERMITS`](Self::MAX_PERMITS); in a static,
    /// that is an error of the compiler.
    ///
    /// ```
    /// use kolo::sync::Semaphore;
    ///
    /// static DOORS: Semaphore = Semaphore::const_new(2);
    /// assert_eq!(DOORS.available_permits(), 2);
    /// ```
    #[cfg(not(loom))]
    #[track_caller]
    pub const fn const_new(permits: usize) -> Self {
        check_max(permits);
        Semaphore {
            permits: Permits::new(permits),
        }
    }

    /// How many permits [`try_acquire_many`](Self::try_acquire_many) could get now.
    ///
    /// None while somebody waits: what is free is then kept for the first in line.
    pub fn available_permits(&self) -> usize {
        self.permits.available()
    }

    /// Adds `n` new permits.
    ///
    /// # Panics
    ///
    /// If there would be more than [`MAX_PERMITS`](Self::MAX_PERMITS).
    #[track_caller]
    pub fn add_permits(&self, n: usize) {
        self.permits.release(n);
    }

    /// Takes up to `n` permits away for good; says how many there were to take.
    ///
    /// Only permits that are [available](Self::available_permits) can be taken.
    /// For those in use see [`SemaphorePermit::forget`].
    pub fn forget_permits(&self, n: usize) -> usize {
        self.permits.forget(n)
    }

    /// Waits for a permit.
    ///
    /// # Errors
    ///
    /// [`AcquireError`] if the semaphore is closed, before or meanwhile.
    ///
    /// # Cancel safety
    ///
    /// Cancelled, it loses its place in line and nothing else: a permit that it
    /// had been granted goes to the next.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let semaphore = kolo::sync::Semaphore::new(1);
    /// {
    ///     let _permit = semaphore.acquire().await?;
    ///     assert_eq!(semaphore.available_permits(), 0);
    /// }
    /// assert_eq!(semaphore.available_permits(), 1);
    /// # Ok::<(), kolo::sync::AcquireError>(())
    /// # }).unwrap();
    /// ```
    pub async fn acquire(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.permits.acquire(1).await?;
        Ok(SemaphorePermit {
            semaphore: self,
            permits: 1,
        })
    }

    /// Waits for `n` permits, and gets them all at once.
    ///
    /// While it is the first in line, those behind it wait, even if they need
    /// less. `n` may be 0: that never waits.
    ///
    /// # Errors
    ///
    /// [`AcquireError`] if the semaphore is closed, before or meanwhile.
    ///
    /// # Cancel safety
    ///
    /// Cancelled, it loses its place in line and nothing else.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let semaphore = kolo::sync::Semaphore::new(5);
    /// let permits = semaphore.acquire_many(3).await?;
    /// assert_eq!(permits.num_permits(), 3);
    /// assert_eq!(semaphore.available_permits(), 2);
    /// # Ok::<(), kolo::sync::AcquireError>(())
    /// # }).unwrap();
    /// ```
    pub async fn acquire_many(&self, n: u32) -> Result<SemaphorePermit<'_>, AcquireError> {
        let permits = n as usize;
        self.permits.acquire(permits).await?;
        Ok(SemaphorePermit {
            semaphore: self,
            permits,
        })
    }

    /// Takes a permit if one is available now.
    ///
    /// # Errors
    ///
    /// [`TryAcquireError::NoPermits`] if there is none, or others wait;
    /// [`TryAcquireError::Closed`] if there will be none.
    pub fn try_acquire(&self) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// Takes `n` permits if they are available now.
    ///
    /// # Errors
    ///
    /// [`TryAcquireError::NoPermits`] if there are fewer, or others wait;
    /// [`TryAcquireError::Closed`] if there will be none.
    pub fn try_acquire_many(&self, n: u32) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        let permits = n as usize;
        self.permits.try_take(permits)?;
        Ok(SemaphorePermit {
            semaphore: self,
            permits,
        })
    }

    /// [`acquire`](Self::acquire) for threads outside of the runtime.
    ///
    /// # Errors
    ///
    /// [`AcquireError`] if the semaphore is closed, before or meanwhile.
    ///
    /// # Panics
    ///
    /// On a thread that drives tasks.
    ///
    /// ```
    /// let semaphore = kolo::sync::Semaphore::new(1);
    /// std::thread::scope(|s| {
    ///     let permit = semaphore.blocking_acquire().unwrap();
    ///     s.spawn(|| semaphore.blocking_acquire().unwrap().forget()); // waits
    ///     drop(permit);
    /// });
    /// assert_eq!(semaphore.available_permits(), 0);
    /// ```
    #[track_caller]
    pub fn blocking_acquire(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        blocking::wait(self.acquire())
    }

    /// [`acquire_many`](Self::acquire_many) for threads outside of the runtime.
    ///
    /// # Errors
    ///
    /// [`AcquireError`] if the semaphore is closed, before or meanwhile.
    ///
    /// # Panics
    ///
    /// On a thread that drives tasks.
    #[track_caller]
    pub fn blocking_acquire_many(&self, n: u32) -> Result<SemaphorePermit<'_>, AcquireError> {
        blocking::wait(self.acquire_many(n))
    }

    /// [`acquire`](Self::acquire), for a permit that may outlive this reference.
    ///
    /// # Errors
    ///
    /// [`AcquireError`] if the semaphore is closed, before or meanwhile.
    ///
    /// # Cancel safety
    ///
    /// Cancelled, it loses its place in line and nothing else.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::sync::Arc;
    ///
    /// let semaphore = Arc::new(kolo::sync::Semaphore::new(1));
    /// let permit = semaphore.clone().acquire_owned().await.unwrap();
    /// // `permit` can now be moved into a task, and limits it until it ends.
    /// assert_eq!(permit.semaphore().available_permits(), 0);
    /// # });
    /// ```
    pub async fn acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, AcquireError> {
        self.acquire_many_owned(1).await
    }

    /// [`acquire_many`](Self::acquire_many), for permits that may outlive this
    /// reference.
    ///
    /// # Errors
    ///
    /// [`AcquireError`] if the semaphore is closed, before or meanwhile.
    ///
    /// # Cancel safety
    ///
    /// Cancelled, it loses its place in line and nothing else.
    pub async fn acquire_many_owned(
        self: Arc<Self>,
        n: u32,
    ) -> Result<OwnedSemaphorePermit, AcquireError> {
        let permits = n as usize;
        self.permits.acquire(permits).await?;
        Ok(OwnedSemaphorePermit {
            semaphore: self,
            permits,
        })
    }

    /// [`try_acquire`](Self::try_acquire), for a permit that may outlive this
    /// reference.
    ///
    /// # Errors
    ///
    /// As [`try_acquire`](Self::try_acquire).
    pub fn try_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.try_acquire_many_owned(1)
    }

    /// [`try_acquire_many`](Self::try_acquire_many), for permits that may outlive
    /// this reference.
    ///
    /// # Errors
    ///
    /// As [`try_acquire_many`](Self::try_acquire_many).
    pub fn try_acquire_many_owned(
        self: Arc<Self>,
        n: u32,
    ) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        let permits = n as usize;
        self.permits.try_take(permits)?;
        Ok(OwnedSemaphorePermit {
            semaphore: self,
            permits,
        })
    }

    /// [`acquire_owned`](Self::acquire_owned) for threads outside of the runtime.
    ///
    /// # Errors
    ///
    /// [`AcquireError`] if the semaphore is closed, before or meanwhile.
    ///
    /// # Panics
    ///
    /// On a thread that drives tasks.
    #[track_caller]
    pub fn blocking_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, AcquireError> {
        blocking::wait(self.acquire_owned())
    }

    /// [`acquire_many_owned`](Self::acquire_many_owned) for threads outside of the
    /// runtime.
    ///
    /// # Errors
    ///
    /// [`AcquireError`] if the semaphore is closed, before or meanwhile.
    ///
    /// # Panics
    ///
    /// On a thread that drives tasks.
    #[track_caller]
    pub fn blocking_acquire_many_owned(
        self: Arc<Self>,
        n: u32,
    ) -> Result<OwnedSemaphorePermit, AcquireError> {
        blocking::wait(self.acquire_many_owned(n))
    }

    /// Gives out no more permits: whoever waits, or comes later, gets an error.
    ///
    /// Permits in use stay valid. There is no way to open it again.
    ///
    /// ```
    /// let semaphore = kolo::sync::Semaphore::new(1);
    /// semaphore.close();
    /// assert_eq!(semaphore.try_acquire().unwrap_err(), kolo::sync::TryAcquireError::Closed);
    /// ```
    pub fn close(&self) {
        self.permits.close();
    }

    /// Has [`close`](Self::close) been called?
    pub fn is_closed(&self) -> bool {
        self.permits.is_closed()
    }
}

#[track_caller]
const fn check_max(permits: usize) {
    assert!(
        permits <= Semaphore::MAX_PERMITS,
        // The start is tokio's text; no number can be formatted in a const fn.
        "a semaphore may not have more than MAX_PERMITS permits (usize::MAX >> 3)"
    );
}

impl SemaphorePermit<'_> {
    /// Never gives its permits back: the semaphore has fewer from now on.
    ///
    /// ```
    /// let semaphore = kolo::sync::Semaphore::new(3);
    /// semaphore.try_acquire().unwrap().forget();
    /// assert_eq!(semaphore.available_permits(), 2);
    /// ```
    pub fn forget(mut self) {
        self.permits = 0;
    }

    /// Adds another's permits to these.
    ///
    /// # Panics
    ///
    /// If they are permits of another semaphore.
    #[track_caller]
    pub fn merge(&mut self, mut other: Self) {
        check_same(std::ptr::eq(self.semaphore, other.semaphore));
        self.permits = merged(self.permits, std::mem::take(&mut other.permits));
    }

    /// Splits off `n` of these permits, if there are as many.
    ///
    /// ```
    /// let semaphore = kolo::sync::Semaphore::new(3);
    /// let mut three = semaphore.try_acquire_many(3).unwrap();
    /// let one = three.split(1).unwrap();
    /// assert_eq!((one.num_permits(), three.num_permits()), (1, 2));
    /// assert!(three.split(3).is_none());
    /// three.merge(one);
    /// assert_eq!(three.num_permits(), 3);
    /// ```
    pub fn split(&mut self, n: usize) -> Option<Self> {
        self.permits = self.permits.checked_sub(n)?;
        Some(Self {
            semaphore: self.semaphore,
            permits: n,
        })
    }

    /// The semaphore that these permits are from.
    pub fn semaphore(&self) -> &Semaphore {
        self.semaphore
    }

    /// How many permits this holds.
    pub fn num_permits(&self) -> usize {
        self.permits
    }
}

impl OwnedSemaphorePermit {
    /// Never gives its permits back: the semaphore has fewer from now on.
    pub fn forget(mut self) {
        self.permits = 0;
    }

    /// Adds another's permits to these.
    ///
    /// # Panics
    ///
    /// If they are permits of another semaphore.
    #[track_caller]
    pub fn merge(&mut self, mut other: Self) {
        check_same(Arc::ptr_eq(&self.semaphore, &other.semaphore));
        self.permits = merged(self.permits, std::mem::take(&mut other.permits));
    }

    /// Splits off `n` of these permits, if there are as many.
    pub fn split(&mut self, n: usize) -> Option<Self> {
        self.permits = self.permits.checked_sub(n)?;
        Some(Self {
            semaphore: self.semaphore.clone(),
            permits: n,
        })
    }

    /// The semaphore that these permits are from.
    pub fn semaphore(&self) -> &Arc<Semaphore> {
        &self.semaphore
    }

    /// How many permits this holds.
    pub fn num_permits(&self) -> usize {
        self.permits
    }
}

#[track_caller]
fn merged(permits: usize, other: usize) -> usize {
    permits
        .checked_add(other)
        .expect("number of permits overflowed")
}

#[track_caller]
fn check_same(same: bool) {
    // tokio's text, which programs may match.
    assert!(same, "merging permits from different semaphore instances");
}

impl Drop for SemaphorePermit<'_> {
    #[inline]
    fn drop(&mut self) {
        self.semaphore.permits.release(self.permits);
    }
}

impl Drop for OwnedSemaphorePermit {
    #[inline]
    fn drop(&mut self) {
        self.semaphore.permits.release(self.permits);
    }
}

/// The semaphore is closed: there is no permit and will be none.
#[derive(Debug)]
pub struct AcquireError(());

impl AcquireError {
    pub(crate) fn closed() -> Self {
        AcquireError(())
    }
}

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("semaphore closed")
    }
}

impl Error for AcquireError {}

/// Why there is no permit now.
#[derive(Debug, PartialEq, Eq)]
pub enum TryAcquireError {
    /// The semaphore is closed: there will be none.
    Closed,

    /// Too few are available: waiting would help.
    NoPermits,
}

impl fmt::Display for TryAcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TryAcquireError::Closed => "semaphore closed",
            TryAcquireError::NoPermits => "no permits available",
        })
    }
}

impl Error for TryAcquireError {}
