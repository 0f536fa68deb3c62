//! **How does a mutex know that its holder is done?** By a guard's drop. Four
//! kinds: by reference or by `Arc`, and to the value or to a part of it.
//!
//! Each has the mutex's permit and releases it when dropped. The owned kinds
//! keep it in an [`OwnedTurn`], so that mapping one moves the turn from guard to
//! guard; the borrowed ones are forgotten after the new guard is made. Until a
//! mapping closure has returned, the old guard holds the turn: should it panic,
//! the mutex is unlocked.
//!
//! Read next: `mutex.rs`, whose header has the invariants.

use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::Arc;

use super::Mutex;
use crate::sync::permits::Permits;

/// Access to the value of a [`Mutex`]; unlocks it when dropped.
///
/// Made by [`Mutex::lock`] and [`Mutex::try_lock`].
#[must_use = "a guard that is dropped at once unlocks the mutex"]
#[clippy::has_significant_drop]
pub struct MutexGuard<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
    /// Shared between threads, it shares the value: needs `T: Sync`.
    value: PhantomData<&'a mut T>,
}

/// Access to the value of a [`Mutex`] that it keeps alive; unlocks it when dropped.
///
/// Made by [`Mutex::lock_owned`] and [`Mutex::try_lock_owned`].
#[must_use = "a guard that is dropped at once unlocks the mutex"]
#[clippy::has_significant_drop]
pub struct OwnedMutexGuard<T: ?Sized> {
    turn: OwnedTurn<T>,
    /// Shared between threads, it shares the value: needs `T: Sync`.
    value: PhantomData<T>,
}

/// Access to a part of the value of a [`Mutex`]; unlocks it when dropped.
///
/// Made by [`MutexGuard::map`] and [`MutexGuard::try_map`].
#[must_use = "a guard that is dropped at once unlocks the mutex"]
#[clippy::has_significant_drop]
pub struct MappedMutexGuard<'a, T: ?Sized> {
    turn: &'a Permits,
    value: NonNull<T>,
    lifetime: PhantomData<&'a mut T>,
}

/// Access to a part `U` of the value of a [`Mutex`] that it keeps alive; unlocks
/// it when dropped.
///
/// Made by [`OwnedMutexGuard::map`] and [`OwnedMutexGuard::try_map`].
///
/// It passes for no guard of a shorter-lived part, which would let something
/// short-lived be written into the mutex. A function may take it as it is:
///
/// ```
/// # use kolo::sync::OwnedMappedMutexGuard;
/// type Name = (&'static str,);
/// fn same(name: OwnedMappedMutexGuard<Name, &'static str>)
///     -> OwnedMappedMutexGuard<Name, &'static str>
/// {
///     name
/// }
/// ```
///
/// but not make less of it:
///
/// ```compile_fail
/// # use kolo::sync::OwnedMappedMutexGuard;
/// type Name = (&'static str,);
/// fn shorter<'a>(name: OwnedMappedMutexGuard<Name, &'static str>)
///     -> OwnedMappedMutexGuard<Name, &'a str>
/// {
///     name
/// }
/// ```
#[must_use = "a guard that is dropped at once unlocks the mutex"]
#[clippy::has_significant_drop]
pub struct OwnedMappedMutexGuard<T: ?Sized, U: ?Sized = T> {
    turn: OwnedTurn<T>,
    value: NonNull<U>,
    /// As `&mut U`: a guard of a long-lived U is not one of a shorter-lived.
    invariant: PhantomData<*mut U>,
}

/// The permit of a mutex that it keeps alive.
struct OwnedTurn<T: ?Sized>(Arc<Mutex<T>>);

impl<T: ?Sized> Drop for OwnedTurn<T> {
    #[inline]
    fn drop(&mut self) {
        self.0.turn.release(1);
    }
}

// SAFETY: it is a `&mut U` and a reference to `Permits`, which is Sync.
unsafe impl<U: ?Sized + Send> Send for MappedMutexGuard<'_, U> {}
// SAFETY: as above; shared, it gives `&U` and nothing else.
unsafe impl<U: ?Sized + Sync> Sync for MappedMutexGuard<'_, U> {}

// SAFETY: it is a `&mut U` and an `Arc<Mutex<T>>`, which is Send if T is.
unsafe impl<T: ?Sized + Send, U: ?Sized + Send> Send for OwnedMappedMutexGuard<T, U> {}
// SAFETY: shared, it gives `&U` and a `&Arc<Mutex<T>>`, which is Sync if T is Send.
unsafe impl<T: ?Sized + Send + Sync, U: ?Sized + Send + Sync> Sync for OwnedMappedMutexGuard<T, U> {}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// For who has just taken the permit.
    #[inline]
    pub(super) fn with_turn(mutex: &'a Mutex<T>) -> Self {
        MutexGuard {
            mutex,
            value: PhantomData,
        }
    }

    /// Narrows the guard to a part of the value.
    ///
    /// Not a method, so that it hides none of the value's own.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kolo::sync::{Mutex, MutexGuard};
    ///
    /// let pair = Mutex::new((1, "one"));
    /// *MutexGuard::map(pair.lock().await, |pair| &mut pair.0) = 2;
    /// assert_eq!(pair.into_inner(), (2, "one"));
    /// # });
    /// ```
    #[inline]
    pub fn map<U, F>(mut this: Self, f: F) -> MappedMutexGuard<'a, U>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> &mut U,
    {
        let value = NonNull::from(f(&mut *this));
        this.narrowed(value)
    }

    /// Narrows the guard to a part of the value, if there is such a part.
    ///
    /// # Errors
    ///
    /// The guard itself, if `f` returned `None`.
    #[inline]
    pub fn try_map<U, F>(mut this: Self, f: F) -> Result<MappedMutexGuard<'a, U>, Self>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        match f(&mut *this).map(NonNull::from) {
            Some(value) => Ok(this.narrowed(value)),
            None => Err(this),
        }
    }

    /// The turn passes to the new guard.
    fn narrowed<U: ?Sized>(self, value: NonNull<U>) -> MappedMutexGuard<'a, U> {
        let turn = &self.mutex.turn;
        mem::forget(self);
        MappedMutexGuard {
            turn,
            value,
            lifetime: PhantomData,
        }
    }

    /// The mutex that this locks.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kolo::sync::{Mutex, MutexGuard};
    ///
    /// // Unlocks, waits for its turn again.
    /// async fn relock<T>(guard: MutexGuard<'_, T>) -> MutexGuard<'_, T> {
    ///     let mutex = MutexGuard::mutex(&guard);
    ///     drop(guard);
    ///     mutex.lock().await
    /// }
    /// # let mutex = Mutex::new(1);
    /// # assert_eq!(*relock(mutex.lock().await).await, 1);
    /// # });
    /// ```
    #[inline]
    pub fn mutex(this: &Self) -> &'a Mutex<T> {
        this.mutex
    }
}

impl<T: ?Sized> OwnedMutexGuard<T> {
    /// For who has just taken the permit.
    #[inline]
    pub(super) fn with_turn(mutex: Arc<Mutex<T>>) -> Self {
        OwnedMutexGuard {
            turn: OwnedTurn(mutex),
            value: PhantomData,
        }
    }

    /// Narrows the guard to a part of the value.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kolo::sync::{Mutex, OwnedMutexGuard};
    /// use std::sync::Arc;
    ///
    /// let pair = Arc::new(Mutex::new((1, "one")));
    /// let mut number = OwnedMutexGuard::map(pair.clone().lock_owned().await, |pair| &mut pair.0);
    /// *number = 2;
    /// drop(number);
    /// assert_eq!(*pair.lock().await, (2, "one"));
    /// # });
    /// ```
    #[inline]
    pub fn map<U, F>(mut this: Self, f: F) -> OwnedMappedMutexGuard<T, U>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> &mut U,
    {
        let value = NonNull::from(f(&mut *this));
        OwnedMappedMutexGuard {
            turn: this.turn,
            value,
            invariant: PhantomData,
        }
    }

    /// Narrows the guard to a part of the value, if there is such a part.
    ///
    /// # Errors
    ///
    /// The guard itself, if `f` returned `None`.
    #[inline]
    pub fn try_map<U, F>(mut this: Self, f: F) -> Result<OwnedMappedMutexGuard<T, U>, Self>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        match f(&mut *this).map(NonNull::from) {
            Some(value) => Ok(OwnedMappedMutexGuard {
                turn: this.turn,
                value,
                invariant: PhantomData,
            }),
            None => Err(this),
        }
    }

    /// The mutex that this locks.
    #[inline]
    pub fn mutex(this: &Self) -> &Arc<Mutex<T>> {
        &this.turn.0
    }
}

impl<'a, T: ?Sized> MappedMutexGuard<'a, T> {
    /// Narrows the guard further.
    #[inline]
    pub fn map<U, F>(mut this: Self, f: F) -> MappedMutexGuard<'a, U>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> &mut U,
    {
        let value = NonNull::from(f(&mut *this));
        this.narrowed(value)
    }

    /// Narrows the guard further, if there is such a part.
    ///
    /// # Errors
    ///
    /// The guard itself, if `f` returned `None`.
    #[inline]
    pub fn try_map<U, F>(mut this: Self, f: F) -> Result<MappedMutexGuard<'a, U>, Self>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        match f(&mut *this).map(NonNull::from) {
            Some(value) => Ok(this.narrowed(value)),
            None => Err(this),
        }
    }

    /// The turn passes to the new guard.
    fn narrowed<U: ?Sized>(self, value: NonNull<U>) -> MappedMutexGuard<'a, U> {
        let turn = self.turn;
        mem::forget(self);
        MappedMutexGuard {
            turn,
            value,
            lifetime: PhantomData,
        }
    }
}

impl<T: ?Sized, U: ?Sized> OwnedMappedMutexGuard<T, U> {
    /// Narrows the guard further.
    #[inline]
    pub fn map<S, F>(mut this: Self, f: F) -> OwnedMappedMutexGuard<T, S>
    where
        S: ?Sized,
        F: FnOnce(&mut U) -> &mut S,
    {
        let value = NonNull::from(f(&mut *this));
        OwnedMappedMutexGuard {
            turn: this.turn,
            value,
            invariant: PhantomData,
        }
    }

    /// Narrows the guard further, if there is such a part.
    ///
    /// # Errors
    ///
    /// The guard itself, if `f` returned `None`.
    #[inline]
    pub fn try_map<S, F>(mut this: Self, f: F) -> Result<OwnedMappedMutexGuard<T, S>, Self>
    where
        S: ?Sized,
        F: FnOnce(&mut U) -> Option<&mut S>,
    {
        match f(&mut *this).map(NonNull::from) {
            Some(value) => Ok(OwnedMappedMutexGuard {
                turn: this.turn,
                value,
                invariant: PhantomData,
            }),
            None => Err(this),
        }
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.mutex.turn.release(1);
    }
}

impl<T: ?Sized> Drop for MappedMutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.turn.release(1);
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this guard has the permit, and is borrowed for as long.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this guard has the permit, and is mutably borrowed for as long.
        unsafe { &mut *self.mutex.value.get() }
    }
}

impl<T: ?Sized> Deref for OwnedMutexGuard<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this guard has the permit, and is borrowed for as long.
        unsafe { &*self.turn.0.value.get() }
    }
}

impl<T: ?Sized> DerefMut for OwnedMutexGuard<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this guard has the permit, and is mutably borrowed for as long.
        unsafe { &mut *self.turn.0.value.get() }
    }
}

impl<T: ?Sized> Deref for MappedMutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: points into the mutex's value; this guard has the permit.
        unsafe { self.value.as_ref() }
    }
}

impl<T: ?Sized> DerefMut for MappedMutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: points into the mutex's value; this guard has the permit.
        unsafe { self.value.as_mut() }
    }
}

impl<T: ?Sized, U: ?Sized> Deref for OwnedMappedMutexGuard<T, U> {
    type Target = U;

    #[inline]
    fn deref(&self) -> &U {
        // SAFETY: points into the value of the mutex that `turn` keeps alive and
        // has the permit of.
        unsafe { self.value.as_ref() }
    }
}

impl<T: ?Sized, U: ?Sized> DerefMut for OwnedMappedMutexGuard<T, U> {
    #[inline]
    fn deref_mut(&mut self) -> &mut U {
        // SAFETY: points into the value of the mutex that `turn` keeps alive and
        // has the permit of.
        unsafe { self.value.as_mut() }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for OwnedMutexGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MappedMutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: ?Sized, U: ?Sized + fmt::Debug> fmt::Debug for OwnedMappedMutexGuard<T, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for OwnedMutexGuard<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MappedMutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl<T: ?Sized, U: ?Sized + fmt::Display> fmt::Display for OwnedMappedMutexGuard<T, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}
