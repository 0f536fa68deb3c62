//! **What time is it for this runtime?** Real time, or, when a test paused the
//! clock, exactly what it says.
//!
//! A clock runs from an origin, the instant of its making, and tells time as
//! nanoseconds since then (u64: 584 years; what lies further ahead counts as
//! the end of it, what lies before the origin as 0). A std `Instant` counts
//! nanoseconds too, so both directions are exact and nothing is rounded here.
//! Where a sleep is rounded, it is the driver that does it, upwards.
//!
//! ```text
//!            pause: at := now                 advance(d): at += d
//!  Running ───────────────────────► Paused ──┐
//!  since, at ◄───────────────────── at    ◄──┘
//!            resume: since := real now
//! ```
//!
//! A resumed clock goes on from where it was paused: it neither jumps to the
//! real time nor goes back, and from then on differs from it by what the
//! pause cost and the advances gave.
//!
//! Reading the time must stay at the price of std's (19 ns), and nearly no
//! process ever pauses a clock. So [`EVER_PAUSED`], one flag for the whole
//! process, is looked at before any lock or thread-local.
//!
//! # Memory ordering
//!
//! `EVER_PAUSED` is a hint and Relaxed: it goes from false to true once and
//! guards no memory (the hands are behind their lock). Whoever was told of a
//! pause, in whatever way establishes happens-before, sees it by coherence.
//!
//! Source: the process-wide flag and the auto-advance inhibited by blocking
//! work are tokio's (`time/clock.rs`); the paused test clock that moves when
//! nothing can run is trio's `MockClock`.
//!
//! Read next: [`super::timers`].

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::loom::sync::Mutex;

/// Was any clock of this process ever paused? std's own atomic: loom has no
/// statics, and this is no part of a protocol.
static EVER_PAUSED: AtomicBool = AtomicBool::new(false);

/// See [`EVER_PAUSED`].
#[inline]
pub(crate) fn ever_paused() -> bool {
    // In a model a run must not depend on what another model did.
    cfg!(loom) || EVER_PAUSED.load(Ordering::Relaxed)
}

/// Nanoseconds in `duration`, at most `u64::MAX`.
#[inline]
pub(crate) fn nanos(duration: Duration) -> u64 {
    let whole = duration.as_secs().saturating_mul(1_000_000_000);
    whole.saturating_add(u64::from(duration.subsec_nanos()))
}

/// The time of one runtime.
pub(crate) struct Clock {
    origin: Instant,
    pausable: bool,
    hands: Mutex<Course>,
}

/// Nanoseconds since the origin, and whether they pass.
#[derive(Clone, Copy, Debug)]
enum Course {
    Running { since: Instant, at: u64 },
    Paused { at: u64 },
}

impl Course {
    fn now(self) -> u64 {
        match self {
            Course::Running { since, at } => at.saturating_add(nanos(since.elapsed())),
            Course::Paused { at } => at,
        }
    }
}

/// Said to whoever wants to pause the clock of a runtime with several threads.
pub(crate) const NOT_PAUSABLE: &str = "`time::pause()` requires the `current_thread` Tokio \
     runtime. This is the default Runtime used by `#[tokio::test].";

/// Why the clock refused; [`text`](ClockError::text) is for the caller's panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClockError {
    NotPausable,
    AlreadyPaused,
    NotPaused,
    EndOfTime,
}

impl ClockError {
    /// tokio's words: tests of programs match them.
    pub(crate) fn text(self) -> &'static str {
        match self {
            ClockError::NotPausable => NOT_PAUSABLE,
            ClockError::AlreadyPaused => "time is already frozen",
            ClockError::NotPaused => "time is not frozen",
            ClockError::EndOfTime => "overflow when adding duration to instant",
        }
    }
}

impl Clock {
    /// A running clock. Only a `pausable` one can be paused: time that stands
    /// still until nothing can run needs a single thread that can tell.
    pub(crate) fn new(pausable: bool) -> Self {
        let origin = Instant::now();
        let course = Course::Running {
            since: origin,
            at: 0,
        };
        Self {
            origin,
            pausable,
            hands: Mutex::new(course),
        }
    }

    /// Nanoseconds since the origin.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        if ever_paused() {
            return self.hands.lock().now();
        }
        nanos(self.origin.elapsed())
    }

    /// The same as an instant.
    #[inline]
    pub(crate) fn now_instant(&self) -> Instant {
        if ever_paused() {
            return self.origin + Duration::from_nanos(self.now());
        }
        Instant::now()
    }

    /// Where an instant lies on this clock.
    #[inline]
    pub(crate) fn nanos_at(&self, instant: Instant) -> u64 {
        nanos(instant.saturating_duration_since(self.origin))
    }

    pub(crate) fn is_paused(&self) -> bool {
        ever_paused() && matches!(*self.hands.lock(), Course::Paused { .. })
    }

    /// Stops the clock where it is.
    pub(crate) fn pause(&self) -> Result<(), ClockError> {
        if !self.pausable {
            return Err(ClockError::NotPausable);
        }
        EVER_PAUSED.store(true, Ordering::Relaxed);
        let mut hands = self.hands.lock();
        match *hands {
            Course::Paused { .. } => Err(ClockError::AlreadyPaused),
            running => {
                *hands = Course::Paused { at: running.now() };
                Ok(())
            }
        }
    }

    /// Lets the clock run on from where it was stopped.
    pub(crate) fn resume(&self) -> Result<(), ClockError> {
        let mut hands = self.hands.lock();
        match *hands {
            Course::Running { .. } => Err(ClockError::NotPaused),
            Course::Paused { at } => {
                let since = Instant::now();
                *hands = Course::Running { since, at };
                Ok(())
            }
        }
    }

    /// Moves a paused clock forward.
    pub(crate) fn advance(&self, by: Duration) -> Result<(), ClockError> {
        match &mut *self.hands.lock() {
            Course::Running { .. } => Err(ClockError::NotPaused),
            Course::Paused { at } => {
                let by = u64::try_from(by.as_nanos()).ok();
                let sum = by.and_then(|by| at.checked_add(by));
                *at = sum.ok_or(ClockError::EndOfTime)?;
                Ok(())
            }
        }
    }

    /// Moves a paused clock to `deadline`, unless it is there or past it.
    pub(crate) fn advance_to(&self, deadline: u64) {
        if let Course::Paused { at } = &mut *self.hands.lock() {
            *at = deadline.max(*at);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn a_paused_clock_says_what_it_was_told() {
        let clock = Clock::new(true);
        clock.pause().unwrap();
        let at = clock.now();
        clock.advance(Duration::from_nanos(1)).unwrap();
        assert_eq!(clock.now(), at + 1);
        clock.advance(Duration::from_millis(5)).unwrap();
        assert_eq!(clock.now(), at + 1 + 5 * MS);
        clock.advance_to(at);
        assert_eq!(clock.now(), at + 1 + 5 * MS, "not back");
        clock.advance_to(at + 9 * MS);
        assert_eq!(clock.now(), at + 9 * MS);
        assert_eq!(clock.nanos_at(clock.now_instant()), clock.now());
    }

    #[test]
    fn a_resumed_clock_goes_on_from_where_it_was() {
        let clock = Clock::new(true);
        clock.pause().unwrap();
        clock.advance(Duration::from_secs(3600)).unwrap();
        let paused_at = clock.now();
        clock.resume().unwrap();
        let resumed = clock.now();
        assert!(resumed >= paused_at);
        assert!(resumed < paused_at + 3600 * 1000 * MS, "counted twice");
        clock.pause().unwrap();
        assert!(clock.now() >= resumed);
    }

    #[test]
    fn misuse_is_refused_and_changes_nothing() {
        let clock = Clock::new(true);
        assert_eq!(clock.resume(), Err(ClockError::NotPaused));
        assert_eq!(clock.advance(Duration::ZERO), Err(ClockError::NotPaused));
        clock.pause().unwrap();
        let at = clock.now();
        assert_eq!(clock.pause(), Err(ClockError::AlreadyPaused));
        assert_eq!(clock.advance(Duration::MAX), Err(ClockError::EndOfTime));
        assert_eq!(clock.now(), at);
        assert_eq!(Clock::new(false).pause(), Err(ClockError::NotPausable));
    }

    #[test]
    fn the_far_and_the_past_saturate() {
        let clock = Clock::new(false);
        let long_ago = clock.origin.checked_sub(Duration::from_secs(1)).unwrap();
        assert_eq!(clock.nanos_at(long_ago), 0);
        assert_eq!(clock.nanos_at(clock.origin), 0);
        assert_eq!(clock.nanos_at(clock.origin + Duration::from_nanos(7)), 7);
        let far = clock.origin + Duration::from_secs(1000 * 365 * 86400);
        assert_eq!(clock.nanos_at(far), u64::MAX);
        assert_eq!(nanos(Duration::MAX), u64::MAX);
        assert_eq!(nanos(Duration::from_nanos(u64::MAX)), u64::MAX);
        assert_eq!(nanos(Duration::from_nanos(u64::MAX - 1)), u64::MAX - 1);
    }
}
