//! **What is an instant, when a test can stop the clock?** A std instant, but
//! [`now`](Instant::now) asks the current runtime's clock.
//!
//! As long as no clock of the process was ever paused, that is std's own `now`:
//! one relaxed load comes on top.

use std::fmt;
use std::ops::{Add, AddAssign, Sub, SubAssign};

use super::Duration;
use crate::driver::clock;
use crate::handle::Handle;

/// A point in time, by the clock of the current runtime.
///
/// Differs from [`std::time::Instant`] in that it follows a clock that a test
/// [paused](super::pause) or [moved](super::advance), and that a difference
/// which would be negative is zero.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// use kolo::time::{Duration, Instant, sleep};
///
/// let start = Instant::now();
/// sleep(Duration::from_secs(3)).await;
/// assert_eq!(Instant::now() - start, Duration::from_secs(3));
/// assert_eq!(start - Instant::now(), Duration::ZERO);
/// # });
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    std: std::time::Instant,
}

impl Instant {
    /// Now, by the clock of the current runtime; outside of one, really now.
    #[inline]
    #[must_use]
    pub fn now() -> Instant {
        if clock::ever_paused() {
            return Self::from_std(now_by_clock());
        }
        Self::from_std(std::time::Instant::now())
    }

    /// The same point in time, as this type.
    #[inline]
    #[must_use]
    pub fn from_std(std: std::time::Instant) -> Instant {
        Instant { std }
    }

    /// The same point in time, as std's type.
    #[inline]
    #[must_use]
    pub fn into_std(self) -> std::time::Instant {
        self.std
    }

    /// How long after `earlier` this is; zero if it is before.
    #[inline]
    #[must_use]
    pub fn duration_since(&self, earlier: Instant) -> Duration {
        self.std.saturating_duration_since(earlier.std)
    }

    /// How long after `earlier` this is; `None` if it is before.
    #[inline]
    #[must_use]
    pub fn checked_duration_since(&self, earlier: Instant) -> Option<Duration> {
        self.std.checked_duration_since(earlier.std)
    }

    /// How long after `earlier` this is; zero if it is before.
    #[inline]
    #[must_use]
    pub fn saturating_duration_since(&self, earlier: Instant) -> Duration {
        self.std.saturating_duration_since(earlier.std)
    }

    /// How long ago this was; zero if it lies ahead.
    #[inline]
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Instant::now().duration_since(*self)
    }

    /// The sum; `None` if no instant can stand for it.
    #[inline]
    #[must_use]
    pub fn checked_add(&self, duration: Duration) -> Option<Instant> {
        self.std.checked_add(duration).map(Self::from_std)
    }

    /// The difference; `None` if no instant can stand for it.
    #[inline]
    #[must_use]
    pub fn checked_sub(&self, duration: Duration) -> Option<Instant> {
        self.std.checked_sub(duration).map(Self::from_std)
    }
}

/// Some clock was paused: it may be this runtime's.
#[cold]
fn now_by_clock() -> std::time::Instant {
    let handle = Handle::try_current().ok();
    match handle.as_ref().and_then(Handle::try_timers) {
        Some(timers) => timers.clock().now_instant(),
        None => std::time::Instant::now(),
    }
}

impl From<std::time::Instant> for Instant {
    fn from(std: std::time::Instant) -> Instant {
        Instant::from_std(std)
    }
}

impl From<Instant> for std::time::Instant {
    fn from(instant: Instant) -> std::time::Instant {
        instant.into_std()
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;

    #[inline]
    fn add(self, duration: Duration) -> Instant {
        Instant::from_std(self.std + duration)
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        self.std += duration;
    }
}

impl Sub for Instant {
    type Output = Duration;

    #[inline]
    fn sub(self, earlier: Instant) -> Duration {
        self.duration_since(earlier)
    }
}

impl Sub<Duration> for Instant {
    type Output = Instant;

    #[inline]
    fn sub(self, duration: Duration) -> Instant {
        Instant::from_std(self.std - duration)
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        self.std -= duration;
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.std.fmt(f)
    }
}
