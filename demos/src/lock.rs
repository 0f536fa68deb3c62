//! **What becomes of a lock whose holder has panicked?** The next one goes on with what
//! is behind it: nobody here panics in the middle of a change.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;

/// Locks `mutex`, whether or not a holder has panicked.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    if !cfg!(kolo_tsan) {
        return mutex.lock().unwrap_or_else(PoisonError::into_inner);
    }
    // ThreadSanitizer can't see how std's lock waits, but sees an attempt.
    loop {
        match mutex.try_lock() {
            Ok(guard) => return guard,
            Err(TryLockError::Poisoned(panicked)) => return panicked.into_inner(),
            Err(TryLockError::WouldBlock) => thread::yield_now(),
        }
    }
}
