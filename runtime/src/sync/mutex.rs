//! **How is a value touched by one task at a time, across its awaits?** Through
//! a guard, of which there is one: it holds the only permit of a [`Permits`].
//!
//! Locking and unlocking with nobody waiting are one compare-exchange each.
//! A guard that is dropped hands the value to the first in line, directly: no
//! newcomer can take it in between, so nobody starves (and a thread that locks
//! again at once goes to the end of the line).
//!
//! Invariants, on which every unsafe block here and in `guard.rs` rests:
//!
//! - A guard exists exactly while it has the permit, so there is one at most.
//! - The value is reached only through the guard, or `&mut Mutex`.
//! - A mapped guard's pointer comes from the `&mut T` of the guard that it
//!   replaced, and took over its permit.
//!
//! No poisoning: a guard dropped by a panic unlocks like any other.
//!
//! The value lies in std's cell, not loom's, since a guard's reference lives
//! longer than any closure; the models put a cell of loom's inside instead,
//! which sees as much.
//!
//! Read next: `permits.rs`, which has the protocol and the memory ordering.

use std::cell::UnsafeCell;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::blocking;
use super::permits::Permits;

mod guard;
#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(all(test, not(loom)))]
mod tests;

pub use guard::{MappedMutexGuard, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard};

/// A value for one task at a time, whose guard may be held across an `.await`.
///
/// Tasks get it in the order in which they first asked. Where no guard lives
/// across an `.await`, std's mutex is the cheaper one and just as good in async
/// code; this one is for a value that is used *while* something is awaited, such
/// as a connection.
///
/// # Examples
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use kolo::sync::Mutex;
///
/// let log = Mutex::new(Vec::new());
/// {
///     let mut log = log.lock().await;
///     log.push("first");
///     // kolo::time::sleep(…).await would be fine here: the guard is kept.
///     log.push("second");
/// }
/// assert_eq!(log.into_inner(), ["first", "second"]);
/// # });
/// ```
pub struct Mutex<T: ?Sized> {
    turn: Permits,
    value: UnsafeCell<T>,
}

// SAFETY: `&Mutex<T>` gives access to the value only through a guard, of which
// there is one at a time: it hands the value from thread to thread (T: Send)
// and never to two at once (so T: Sync is not needed).
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

impl<T: ?Sized> Mutex<T> {
    /// An unlocked mutex.
    pub fn new(value: T) -> Self
    where
        T: Sized,
    {
        Mutex {
            turn: Permits::new(1),
            value: UnsafeCell::new(value),
        }
    }

    /// [`new`](Self::new) for statics.
    ///
    /// ```
    /// use kolo::sync::Mutex;
    ///
    /// static COUNT: Mutex<u32> = Mutex::const_new(0);
    /// *COUNT.try_lock().unwrap() += 1;
    /// ```
    #[cfg(not(loom))]
    pub const fn const_new(value: T) -> Self
    where
        T: Sized,
    {
        Mutex {
            turn: Permits::new(1),
            value: UnsafeCell::new(value),
        }
    }

    /// Waits for the value.
    ///
    /// # Cancel safety
    ///
    /// Cancelled, it loses its place in line and nothing else: a turn that it
    /// had been given goes to the next.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let mutex = kolo::sync::Mutex::new(1);
    /// *mutex.lock().await += 1;
    /// assert_eq!(*mutex.lock().await, 2);
    /// # });
    /// ```
    pub async fn lock(&self) -> MutexGuard<'_, T> {
        self.wait_for_turn().await;
        MutexGuard::with_turn(self)
    }

    /// [`lock`](Self::lock), for a guard that may outlive this reference.
    ///
    /// # Cancel safety
    ///
    /// Cancelled, it loses its place in line and nothing else.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::sync::Arc;
    ///
    /// let mutex = Arc::new(kolo::sync::Mutex::new(1));
    /// let mut guard = mutex.clone().lock_owned().await;
    /// *guard += 1; // `guard` may be moved into a task
    /// drop(guard);
    /// assert_eq!(*mutex.lock().await, 2);
    /// # });
    /// ```
    pub async fn lock_owned(self: Arc<Self>) -> OwnedMutexGuard<T> {
        self.wait_for_turn().await;
        OwnedMutexGuard::with_turn(self)
    }

    #[inline]
    async fn wait_for_turn(&self) {
        let turn = self.turn.acquire(1).await;
        turn.expect("a mutex is never closed");
    }

    /// Takes the value if nobody has it.
    ///
    /// # Errors
    ///
    /// [`TryLockError`] if somebody has it, or is about to.
    ///
    /// ```
    /// let mutex = kolo::sync::Mutex::new(1);
    /// let guard = mutex.try_lock().unwrap();
    /// assert!(mutex.try_lock().is_err());
    /// # drop(guard);
    /// ```
    pub fn try_lock(&self) -> Result<MutexGuard<'_, T>, TryLockError> {
        match self.turn.try_take(1) {
            Ok(()) => Ok(MutexGuard::with_turn(self)),
            Err(_) => Err(TryLockError(())),
        }
    }

    /// [`try_lock`](Self::try_lock), for a guard that may outlive this reference.
    ///
    /// # Errors
    ///
    /// [`TryLockError`] if somebody has it, or is about to.
    pub fn try_lock_owned(self: Arc<Self>) -> Result<OwnedMutexGuard<T>, TryLockError> {
        match self.turn.try_take(1) {
            Ok(()) => Ok(OwnedMutexGuard::with_turn(self)),
            Err(_) => Err(TryLockError(())),
        }
    }

    /// [`lock`](Self::lock) for threads outside of the runtime.
    ///
    /// # Panics
    ///
    /// On a thread that drives tasks.
    ///
    /// ```
    /// let mutex = kolo::sync::Mutex::new(0);
    /// std::thread::scope(|s| {
    ///     for _ in 0..4 {
    ///         s.spawn(|| *mutex.blocking_lock() += 1);
    ///     }
    /// });
    /// assert_eq!(mutex.into_inner(), 4);
    /// ```
    #[track_caller]
    pub fn blocking_lock(&self) -> MutexGuard<'_, T> {
        blocking::wait(self.lock())
    }

    /// [`lock_owned`](Self::lock_owned) for threads outside of the runtime.
    ///
    /// # Panics
    ///
    /// On a thread that drives tasks.
    #[track_caller]
    pub fn blocking_lock_owned(self: Arc<Self>) -> OwnedMutexGuard<T> {
        blocking::wait(self.lock_owned())
    }

    /// The value, without locking: `&mut self` says that nobody else has it.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// The value, out of its mutex.
    pub fn into_inner(self) -> T
    where
        T: Sized,
    {
        self.value.into_inner()
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Self {
        Mutex::new(value)
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Mutex::new(T::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut f = f.debug_struct("Mutex");
        match self.try_lock() {
            Ok(guard) => f.field("data", &&*guard),
            Err(_) => f.field("data", &format_args!("<locked>")),
        };
        f.finish()
    }
}

/// Somebody has the lock, or is first in line for it.
#[derive(Debug)]
pub struct TryLockError(pub(super) ());

impl fmt::Display for TryLockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("operation would block")
    }
}

impl Error for TryLockError {}
