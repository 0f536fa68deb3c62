//! **Which atomics, cells, locks and threads does kolo run on?** Those of std,
//! or, under `--cfg loom`, those of the model checker loom.
//!
//! Everything that takes part in a protocol of threads (`task/`, `sync/`, `park.rs`,
//! `executor/`, `blocking.rs`) imports its primitives from here and nowhere else.
//! Then the very code that ships is the code that loom explores.
//!
//! Three small differences from std, so that both sides look alike:
//!
//! - [`cell::UnsafeCell`] is reached through `with` and `with_mut`: loom checks
//!   that no two threads are inside at once.
//! - [`sync::Mutex::lock`] and [`sync::Condvar::wait`] return the guard itself.
//!   A panic while a lock is held does not poison it: every critical section in
//!   kolo leaves its structure consistent before it calls foreign code, and
//!   a runtime must go on after a task panicked.
//! - there is no `compare_exchange_weak`: it helps no platform we measure on.
//!
//! A third set, `loom/seen.rs`, is std's again, with locks that ThreadSanitizer
//! can follow. A static has its lock from `loom/unmodelled.rs` in every build: loom's
//! can't be one.
//!
//! loom treats `SeqCst` accesses as `AcqRel`. What needs a total order uses
//! `fence(SeqCst)`, which loom does model.
//!
//! crossbeam's deque and injector come by way of this page too: loom can't see into
//! them, and has a stand-in, `loom/deque.rs`.

pub(crate) mod contention;
#[cfg(not(loom))]
pub(crate) use crossbeam_deque as deque;
#[cfg(loom)]
pub(crate) mod deque;
#[cfg(kolo_tsan)]
pub(crate) mod seen;
#[cfg(not(kolo_tsan))]
pub(crate) mod unmodelled;
#[cfg(kolo_tsan)]
pub(crate) use seen as unmodelled;

#[cfg(not(loom))]
mod imp {
    pub(crate) mod cell {
        /// `std::cell::UnsafeCell` behind loom's closure interface.
        #[derive(Debug)]
        #[repr(transparent)]
        pub(crate) struct UnsafeCell<T: ?Sized>(std::cell::UnsafeCell<T>);

        impl<T> UnsafeCell<T> {
            pub(crate) const fn new(value: T) -> Self {
                Self(std::cell::UnsafeCell::new(value))
            }

            #[inline(always)]
            pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
                f(self.0.get())
            }

            #[inline(always)]
            pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
                f(self.0.get())
            }

            #[allow(dead_code)] // not every build has a caller
            pub(crate) fn into_inner(self) -> T {
                self.0.into_inner()
            }
        }
    }

    pub(crate) use std::{hint, thread};

    #[cfg(kolo_tsan)]
    pub(crate) use super::seen as sync;

    #[cfg(not(kolo_tsan))]
    pub(crate) mod sync {
        pub(crate) use std::sync::Arc;
        use std::sync::PoisonError;
        pub(crate) use std::sync::atomic;
        use std::time::Duration;

        pub(crate) use crate::loom::unmodelled::{Mutex, MutexGuard};

        /// `std::sync::Condvar` for that mutex.
        #[derive(Debug, Default)]
        pub(crate) struct Condvar(std::sync::Condvar);

        impl Condvar {
            pub(crate) const fn new() -> Self {
                Self(std::sync::Condvar::new())
            }

            pub(crate) fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
                self.0.wait(guard).unwrap_or_else(PoisonError::into_inner)
            }

            /// The guard, and whether the time ran out.
            pub(crate) fn wait_timeout<'a, T>(
                &self,
                guard: MutexGuard<'a, T>,
                timeout: Duration,
            ) -> (MutexGuard<'a, T>, bool) {
                let (guard, result) = self
                    .0
                    .wait_timeout(guard, timeout)
                    .unwrap_or_else(PoisonError::into_inner);
                (guard, result.timed_out())
            }

            pub(crate) fn notify_one(&self) {
                self.0.notify_one();
            }

            pub(crate) fn notify_all(&self) {
                self.0.notify_all();
            }
        }
    }
}

#[cfg(loom)]
mod imp {
    /// Explores with at most so many preemptions, unless LOOM_MAX_PREEMPTIONS says
    /// otherwise; all there are with `None`. What goes wrong at all nearly always goes
    /// wrong with two.
    #[allow(dead_code)] // only tests have callers
    pub(crate) fn model(
        preemptions: impl Into<Option<usize>>,
        check: impl Fn() + Send + Sync + 'static,
    ) {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = builder.preemption_bound.or(preemptions.into());
        builder.check(check);
    }

    pub(crate) mod cell {
        pub(crate) use loom::cell::UnsafeCell;
    }

    pub(crate) mod sync {
        pub(crate) use loom::sync::{Arc, MutexGuard, atomic};
        use std::sync::atomic::Ordering::Relaxed;
        use std::time::Duration;

        /// loom's mutex with the shim's interface.
        #[derive(Debug, Default)]
        pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

        impl<T> Mutex<T> {
            pub(crate) fn new(value: T) -> Self {
                Self(loom::sync::Mutex::new(value))
            }

            #[allow(dead_code)] // not every build has a caller
            pub(crate) fn into_inner(self) -> T {
                self.0.into_inner().unwrap()
            }

            pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
                self.0.lock().unwrap()
            }

            pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
                self.0.try_lock().ok()
            }

            pub(crate) fn get_mut(&mut self) -> &mut T {
                self.0.get_mut().unwrap()
            }
        }

        /// loom's condvar with the shim's interface. Time does not pass in a model: a
        /// wait with a timeout ends at once; one of [`AGES`] or more is over when
        /// somebody notifies it, or when the model lets its time run out.
        #[derive(Debug, Default)]
        pub(crate) struct Condvar {
            condvar: loom::sync::Condvar,
            /// How often time has run out; read and written with the lock held.
            run_out: std::sync::atomic::AtomicUsize,
        }

        /// Longer than a model takes.
        pub(crate) const AGES: Duration = Duration::from_secs(1 << 32);

        impl Condvar {
            pub(crate) fn new() -> Self {
                Self::default()
            }

            pub(crate) fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
                self.condvar.wait(guard).unwrap()
            }

            pub(crate) fn wait_timeout<'a, T>(
                &self,
                guard: MutexGuard<'a, T>,
                timeout: Duration,
            ) -> (MutexGuard<'a, T>, bool) {
                if timeout < AGES {
                    loom::thread::yield_now();
                    return (guard, true);
                }
                let before = self.run_out.load(Relaxed);
                let guard = self.wait(guard);
                (guard, self.run_out.load(Relaxed) != before)
            }

            /// The time of all who wait with that lock runs out, now.
            #[allow(dead_code)] // only tests have callers
            pub(crate) fn let_time_run_out<T>(&self, _locked: &MutexGuard<'_, T>) {
                self.run_out.fetch_add(1, Relaxed);
                self.notify_all();
            }

            pub(crate) fn notify_one(&self) {
                self.condvar.notify_one();
            }

            pub(crate) fn notify_all(&self) {
                self.condvar.notify_all();
            }
        }
    }

    pub(crate) use loom::{hint, thread};
}

#[allow(unused_imports)] // each build uses its part
pub(crate) use imp::*;
