//! **How do threads hand over items, rest, and still stop at once?** By one lock and one
//! bell. Whoever waits, for an item or for its rest to be over, waits for the bell, and
//! so hears a cancellation in the middle of either. A thread that sleeps hears nothing.
//!
//! Invariants: items leave in the order in which they came; once the belt is cancelled,
//! every wait is over and none begins.
//!
//! Read next: `producer.rs`. In `../course/threaded_producer.rs` a task needs none of this.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::lock::lock;

/// What producers and consumers on threads have between them.
pub(crate) struct Belt<T> {
    load: Mutex<Load<T>>,
    /// Rung for an item that has come, and for a cancellation.
    bell: Condvar,
}

struct Load<T> {
    items: VecDeque<T>,
    cancelled: bool,
}

/// Somebody has cancelled what goes on at the belt.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cancelled;

impl<T> Belt<T> {
    pub(crate) fn new() -> Self {
        let load = Load {
            items: VecDeque::new(),
            cancelled: false,
        };
        Self {
            load: Mutex::new(load),
            bell: Condvar::new(),
        }
    }

    fn load(&self) -> MutexGuard<'_, Load<T>> {
        lock(&self.load)
    }

    pub(crate) fn put(&self, item: T) {
        self.load().items.push_back(item);
        // For all: whoever only rests would swallow a call to one.
        self.bell.notify_all();
    }

    /// Waits for an item.
    ///
    /// # Errors
    ///
    /// [`Cancelled`], even if there are items.
    pub(crate) fn take(&self) -> Result<T, Cancelled> {
        let nothing = |load: &mut Load<T>| !load.cancelled && load.items.is_empty();
        let waited = self.bell.wait_while(self.load(), nothing);
        let mut load = waited.unwrap_or_else(PoisonError::into_inner);
        if load.cancelled {
            return Err(Cancelled);
        }
        Ok(load.items.pop_front().expect("it was waited for"))
    }

    /// Rests so long.
    ///
    /// # Errors
    ///
    /// [`Cancelled`], at once when that happens.
    pub(crate) fn rest(&self, rest: Duration) -> Result<(), Cancelled> {
        let going_on = |load: &mut Load<T>| !load.cancelled;
        let waited = self.bell.wait_timeout_while(self.load(), rest, going_on);
        let (load, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if load.cancelled {
            Err(Cancelled)
        } else {
            Ok(())
        }
    }

    /// Ends every wait.
    pub(crate) fn cancel(&self) {
        self.load().cancelled = true;
        self.bell.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// A wait that no test sits out.
    const FOR_EVER: Duration = Duration::from_secs(3600);

    #[test]
    fn items_leave_in_their_order() {
        let belt = Belt::new();
        thread::scope(|scope| {
            let taker = scope.spawn(|| [belt.take(), belt.take(), belt.take()]);
            for item in [1, 4, 9] {
                belt.put(item);
            }
            assert_eq!(taker.join().expect("it takes"), [Ok(1), Ok(4), Ok(9)]);
        });
    }

    #[test]
    fn a_rest_is_not_cut_short_by_an_item() {
        let belt = Belt::new();
        belt.put(1);
        assert_eq!(belt.rest(Duration::from_millis(1)), Ok(()));
        assert_eq!(belt.take(), Ok(1));
    }

    #[test]
    fn cancelling_ends_every_wait_and_lets_none_begin() {
        let belt = Belt::new();
        thread::scope(|scope| {
            let resting = scope.spawn(|| belt.rest(FOR_EVER));
            let taking = scope.spawn(|| belt.take());
            belt.cancel();
            assert_eq!(resting.join().expect("it rests"), Err(Cancelled));
            assert_eq!(taking.join().expect("it takes"), Err(Cancelled));
        });
        belt.put(1);
        assert_eq!(belt.take(), Err(Cancelled));
        assert_eq!(belt.rest(FOR_EVER), Err(Cancelled));
    }
}
