//! **How is more than one waiter woken without holding a lock?** Their wakers
//! are collected while it is held and woken after.
//!
//! A waker is foreign code: it may run a task's destructor, take any lock, or
//! panic. So no lock of ours is held while one is woken or dropped. The first
//! few wakers stay on the stack; more go to a `Vec`, so that one pass under the
//! lock serves everybody who waited at that moment, and nobody who came later.
//! (tokio's `WakeList` holds 32 and releases the lock between batches; its
//! callers must then tell old waiters from new.)
//!
//! A batch wakes whatever it holds when it is dropped. Make it *before* taking
//! the lock: the guard is then dropped first, even by a panic.
//!
//! ```text
//! let mut batch = WakeBatch::new();
//! let mut waiters = self.waiters.lock();
//! while let Some((waker, state)) = waiters.pop_front() { batch.push(waker); }
//! drop(waiters);
//! batch.wake_all();
//! ```
//!
//! A waker that panics does not cost the others their wake-up: the rest of the
//! batch is still woken while the panic unwinds.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

use crate::util::prefetch::prefetch;

/// Wakers that need no allocation.
const NEAR: usize = 8;

/// Wakers to be woken, in order, once the lock is released.
#[derive(Default)]
pub(crate) struct WakeBatch {
    near: [Option<Waker>; NEAR],
    /// How many of `near` were filled.
    filled: usize,
    far: Vec<Waker>,
}

impl WakeBatch {
    pub(crate) const fn new() -> Self {
        WakeBatch {
            near: [const { None }; NEAR],
            filled: 0,
            far: Vec::new(),
        }
    }

    /// Adds a waker, to be woken after those already here.
    #[inline]
    pub(crate) fn push(&mut self, waker: Waker) {
        // Whatever it is the waker of, most often a task: its state is changed first.
        prefetch(waker.data(), 1);
        if self.filled < NEAR {
            self.near[self.filled] = Some(waker);
            self.filled += 1;
        } else {
            self.far.push(waker);
        }
    }

    fn is_empty(&self) -> bool {
        self.filled == 0 && self.far.is_empty()
    }

    /// Wakes them all, first come first woken. No lock may be held.
    #[inline]
    pub(crate) fn wake_all(&mut self) {
        let rest = Rest(self);
        rest.0.wake_each(Waker::wake);
    }

    #[inline]
    fn wake_each(&mut self, mut wake: impl FnMut(Waker)) {
        for place in &mut self.near[..self.filled] {
            if let Some(waker) = place.take() {
                wake(waker);
            }
        }
        self.filled = 0;
        if self.far.is_empty() {
            return;
        }
        // Popping from the front of what is left, should a waker panic.
        self.far.reverse();
        while let Some(waker) = self.far.pop() {
            wake(waker);
        }
    }
}

/// Wakes, at its end, whom a panic left behind.
struct Rest<'a>(&'a mut WakeBatch);

impl Rest<'_> {
    #[cold]
    fn wake_all(&mut self) {
        // A second panic would abort.
        self.0.wake_each(|waker| {
            let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
        });
    }
}

impl Drop for Rest<'_> {
    #[inline]
    fn drop(&mut self) {
        if !self.0.is_empty() {
            self.wake_all();
        }
    }
}

impl Drop for WakeBatch {
    fn drop(&mut self) {
        drop(Rest(self));
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use std::task::Wake;

    struct Named {
        number: usize,
        woken: Arc<Mutex<Vec<usize>>>,
    }

    impl Wake for Named {
        fn wake(self: Arc<Self>) {
            self.woken.lock().unwrap().push(self.number);
            assert!(
                !self.number.is_multiple_of(10),
                "waker {} panics",
                self.number
            );
        }
    }

    fn batch_of(numbers: std::ops::Range<usize>) -> (WakeBatch, Arc<Mutex<Vec<usize>>>) {
        let woken = Arc::new(Mutex::new(Vec::new()));
        let mut batch = WakeBatch::new();
        for number in numbers {
            batch.push(Waker::from(Arc::new(Named {
                number,
                woken: woken.clone(),
            })));
        }
        (batch, woken)
    }

    #[test]
    fn wakes_in_order_whether_few_or_many() {
        for n in [1, NEAR, NEAR + 1] {
            let (mut batch, woken) = batch_of(1..1 + n);
            batch.wake_all();
            assert_eq!(*woken.lock().unwrap(), (1..1 + n).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_waker_that_panics_costs_nobody_a_wake_up() {
        // The first to panic stands among the near ones, then among the far ones.
        for start in [5, 95, 11 - NEAR] {
            let (mut batch, woken) = batch_of(start..start + 40);
            let panic = catch_unwind(AssertUnwindSafe(|| batch.wake_all()));
            assert!(panic.is_err());
            let mut woken = woken.lock().unwrap().clone();
            woken.sort_unstable();
            assert_eq!(woken, (start..start + 40).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_panic_under_the_lock_still_wakes_those_collected() {
        let woken = Arc::new(Mutex::new(Vec::new()));
        let panic = catch_unwind(AssertUnwindSafe(|| {
            let (mut batch, list) = batch_of(1..3);
            batch.push(Waker::from(Arc::new(Named {
                number: 3,
                woken: list.clone(),
            })));
            *woken.lock().unwrap() = vec![list];
            panic!("under the lock");
        }));
        assert!(panic.is_err());
        assert_eq!(*woken.lock().unwrap()[0].lock().unwrap(), [1, 2, 3]);
    }
}
