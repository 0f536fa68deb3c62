//! **How does ThreadSanitizer see what a lock orders?** By an atomic beside it.
//!
//! ThreadSanitizer knows only code that was compiled with it, and std comes
//! ready-made. The quick path of std's mutex is inlined into kolo and seen; the
//! path of a thread that has to wait, and all that a condition variable does
//! with the mutex, is not. Whatever such a lock orders would be reported as a
//! race. So under `--cfg kolo_tsan` (set by `tests/sanitize.sh`, never otherwise)
//! each mutex carries a counter: whoever unlocks bumps it, whoever has locked
//! reads it.
//!
//! The counter adds no order that the lock does not have, so it hides no race:
//! it is read with the lock held, and bumped last before the lock goes.
//!
//! Memory order: the bump is Release and pairs with the read, which is Acquire.
//! It is a read-modify-write, so that one holder's release is not broken off by
//! the next one's.

use std::ops::{Deref, DerefMut};
pub(crate) use std::sync::Arc;
use std::sync::PoisonError;
pub(crate) use std::sync::atomic;
use std::time::Duration;

use atomic::AtomicU32;
use atomic::Ordering::{Acquire, Release};

use super::contention;

/// How often a mutex was unlocked.
#[derive(Debug, Default)]
struct Unlocks(AtomicU32);

impl Unlocks {
    /// To be called with the lock held.
    fn follow(&self) -> Passing<'_> {
        self.0.load(Acquire);
        Passing(self)
    }
}

/// Bumps the counter when it is dropped: before the lock goes.
#[derive(Debug)]
struct Passing<'a>(&'a Unlocks);

impl Drop for Passing<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Release);
    }
}

/// `std::sync::Mutex` without poisoning, and seen.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T: ?Sized> {
    unlocks: Unlocks,
    lock: std::sync::Mutex<T>,
}

/// Its fields are dropped in this order: the counter is bumped, then the lock goes.
#[derive(Debug)]
pub(crate) struct MutexGuard<'a, T: ?Sized> {
    passing: Passing<'a>,
    guard: std::sync::MutexGuard<'a, T>,
}

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self {
            unlocks: Unlocks(AtomicU32::new(0)),
            lock: std::sync::Mutex::new(value),
        }
    }

    #[allow(dead_code)] // not every build has a caller
    pub(crate) fn into_inner(self) -> T {
        self.unlocks.0.load(Acquire);
        self.lock
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: ?Sized> Mutex<T> {
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.try_lock().unwrap_or_else(|| {
            contention::note();
            let guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
            MutexGuard {
                passing: self.unlocks.follow(),
                guard,
            }
        })
    }

    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        let guard = match self.lock.try_lock() {
            Ok(guard) => guard,
            Err(std::sync::TryLockError::Poisoned(e)) => e.into_inner(),
            Err(std::sync::TryLockError::WouldBlock) => return None,
        };
        Some(MutexGuard {
            passing: self.unlocks.follow(),
            guard,
        })
    }

    #[allow(dead_code)] // not every build has a caller
    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.lock.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

/// `std::sync::Condvar` for the mutex above.
#[derive(Debug, Default)]
pub(crate) struct Condvar(std::sync::Condvar);

impl Condvar {
    pub(crate) const fn new() -> Self {
        Self(std::sync::Condvar::new())
    }

    pub(crate) fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        let MutexGuard { passing, guard } = guard;
        let unlocks = passing.0;
        drop(passing);
        let guard = self.0.wait(guard).unwrap_or_else(PoisonError::into_inner);
        MutexGuard {
            passing: unlocks.follow(),
            guard,
        }
    }

    /// The guard, and whether the time ran out.
    pub(crate) fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        timeout: Duration,
    ) -> (MutexGuard<'a, T>, bool) {
        let MutexGuard { passing, guard } = guard;
        let unlocks = passing.0;
        drop(passing);
        let (guard, result) = self
            .0
            .wait_timeout(guard, timeout)
            .unwrap_or_else(PoisonError::into_inner);
        let guard = MutexGuard {
            passing: unlocks.follow(),
            guard,
        };
        (guard, result.timed_out())
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}

#[cfg(test)]
#[path = "seen_tests.rs"]
mod tests;
