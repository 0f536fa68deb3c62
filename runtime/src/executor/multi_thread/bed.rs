//! **Where does a worker sleep, and how is it roused there?** One of the parked workers
//! lies in the driver, which events, deadlines and its eventfd end; the others on a
//! condition variable of their own. To rouse a worker is to find out which, and that
//! is what the [`Bed`] notes, under its lock.
//!
//! ```text
//!            wait                  rouse: notify
//!   Awake ─────────► OnToken ────────────────────► Awake
//!     │ rouse: Roused, and the next sleep ends at once
//!     │     lie_in_driver           rouse: the driver's eventfd
//!     └──────────────► InDriver ────────────────────► rise ──► Awake
//! ```
//!
//! No rouse is lost: one that finds the worker awake leaves [`Position::Roused`]. One
//! may come too late, when its worker is up for another reason; then a sleep ends for
//! nothing, and the worker asks `idle.rs` whether it is still parked.
//!
//! Memory ordering: the lock's.
//!
//! Read next: `worker.rs`, who sleeps when.

use std::time::Duration;

use crate::loom::sync::{Condvar, Mutex};

/// Where a worker lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Position {
    #[default]
    Awake,
    OnToken,
    InDriver,
    Roused,
}

/// One worker's sleep.
#[derive(Default)]
pub(super) struct Bed {
    position: Mutex<Position>,
    roused: Condvar,
}

impl Bed {
    /// Ends the worker's sleep, or its next one. True if it lies in the driver: then
    /// the caller owes it an unpark of that.
    #[must_use]
    pub(super) fn rouse(&self) -> bool {
        let mut position = self.position.lock();
        let before = std::mem::replace(&mut *position, Position::Roused);
        drop(position);
        if before == Position::OnToken {
            self.roused.notify_one();
        }
        before == Position::InDriver
    }

    /// Sleeps until roused, for at most so long.
    pub(super) fn wait(&self, at_most: Option<Duration>) {
        let mut position = self.position.lock();
        if *position != Position::Roused {
            *position = Position::OnToken;
        }
        while *position == Position::OnToken {
            match at_most {
                None => position = self.roused.wait(position),
                Some(time) => {
                    let (back, timed_out) = self.roused.wait_timeout(position, time);
                    position = back;
                    if timed_out {
                        break;
                    }
                }
            }
        }
        *position = Position::Awake;
    }

    /// The worker is about to sleep in the driver. False: it was roused, and must not.
    #[must_use]
    pub(super) fn lie_in_driver(&self) -> bool {
        let mut position = self.position.lock();
        let roused = *position == Position::Roused;
        *position = if roused {
            Position::Awake
        } else {
            Position::InDriver
        };
        !roused
    }

    /// The driver's sleep is over.
    pub(super) fn rise(&self) {
        *self.position.lock() = Position::Awake;
    }
}
