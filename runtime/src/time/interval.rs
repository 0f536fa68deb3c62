//! **How is something done every so often?** [`Interval`] is one [`Delay`], set
//! again each time it ends.
//!
//! The next tick is counted from the *deadline* of the last, not from when it
//! was noticed: so the rhythm does not drift, however late each wake-up is. If a
//! tick is noticed more than [`LATE`] after its time, whole periods may have
//! been missed, and [`MissedTickBehavior`] says how to go on.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use super::sleep::Delay;
use super::{Duration, Instant, addable};

/// Up to this much later than its time, a tick counts as punctual (tokio's 5 ms).
const LATE: Duration = Duration::from_millis(5);

/// Ticks regularly, the first time at once.
///
/// # Panics
///
/// If `period` is zero; outside a runtime, or on one without time enabled.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// use kolo::time::{Duration, Instant, interval, sleep};
///
/// let start = Instant::now();
/// let mut every_second = interval(Duration::from_secs(1));
/// every_second.tick().await; // at once
/// for _ in 0..3 {
///     sleep(Duration::from_millis(700)).await; // work: the rhythm stays
///     every_second.tick().await;
/// }
/// assert_eq!(start.elapsed(), Duration::from_secs(3));
/// # });
/// ```
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    assert_not_zero(period);
    Interval::new(Instant::now(), period)
}

/// Ticks regularly, the first time at `start`.
///
/// # Panics
///
/// If `period` is zero; outside a runtime, or on one without time enabled.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// use kolo::time::{Duration, Instant, interval_at};
///
/// let start = Instant::now() + Duration::from_secs(5);
/// let mut ticks = interval_at(start, Duration::from_secs(1));
/// assert_eq!(ticks.tick().await, start);
/// assert_eq!(ticks.tick().await, start + Duration::from_secs(1));
/// # });
/// ```
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    assert_not_zero(period);
    Interval::new(start, period)
}

#[track_caller]
fn assert_not_zero(period: Duration) {
    assert!(!period.is_zero(), "`period` must be non-zero.");
}

/// How an [`Interval`] goes on after a tick that came late.
///
/// Say the period is 100 ms, and the tick due at 200 is noticed at 430:
///
/// | | the ticks after it | |
/// |---|---|---|
/// | `Burst` | 300 and 400 at once, 500, 600 … | as many ticks as periods |
/// | `Delay` | 530, 630 … | never less than a period apart |
/// | `Skip` | 500, 600 … | the old rhythm, without what was missed |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissedTickBehavior {
    /// Catches up: each missed tick at once, until none is left.
    #[default]
    Burst,
    /// Starts over: the next tick one period from now.
    Delay,
    /// Lets go: the next tick at the next multiple of the period.
    Skip,
}

impl MissedTickBehavior {
    /// The tick after the one that was due at `due`, noticed only `now`.
    fn next(self, due: Instant, now: Instant, period: Duration) -> Instant {
        match self {
            MissedTickBehavior::Burst => due + period,
            MissedTickBehavior::Delay => now + period,
            MissedTickBehavior::Skip => {
                let into_period = (now - due).as_nanos() % period.as_nanos();
                // Less than the period, which is at most thirty years.
                let into_period = Duration::from_nanos(into_period as u64);
                now + (period - into_period)
            }
        }
    }
}

/// A regular tick; made by [`interval`] and [`interval_at`]. It never ends.
#[derive(Debug)]
pub struct Interval {
    delay: Delay,
    period: Duration,
    missed_tick_behavior: MissedTickBehavior,
}

impl Interval {
    #[track_caller]
    fn new(start: Instant, period: Duration) -> Self {
        Self {
            delay: Delay::until(start),
            period: addable(period),
            missed_tick_behavior: MissedTickBehavior::default(),
        }
    }

    /// Waits for the next tick; the instant at which it was due.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, it has used up no tick.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// use kolo::time::{Duration, interval};
    ///
    /// let mut ticks = interval(Duration::from_millis(10));
    /// let first = ticks.tick().await;
    /// assert_eq!(ticks.tick().await - first, Duration::from_millis(10));
    /// # });
    /// ```
    pub async fn tick(&mut self) -> Instant {
        poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// Polls for the next tick; the instant at which it was due.
    ///
    /// If it is not ready, the task of the last such poll is woken when it is.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        ready!(self.delay.poll(cx));
        let due = self.delay.deadline();
        let now = Instant::now();
        let next = if now > due + LATE {
            self.missed_tick_behavior.next(due, now, self.period)
        } else {
            due + self.period
        };
        self.delay.rearm(next, next > now);
        Poll::Ready(due)
    }

    /// Starts over: the next tick one period from now.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// use kolo::time::{Duration, interval, sleep};
    ///
    /// let mut idle = interval(Duration::from_millis(100));
    /// let start = idle.tick().await;
    /// sleep(Duration::from_millis(50)).await;
    /// idle.reset(); // a sign of life
    /// assert_eq!(idle.tick().await - start, Duration::from_millis(150));
    /// # });
    /// ```
    pub fn reset(&mut self) {
        self.delay.reset(Instant::now() + self.period);
    }

    /// Starts over: the next tick now.
    pub fn reset_immediately(&mut self) {
        self.delay.reset(Instant::now());
    }

    /// Starts over: the next tick so long from now, those after it a period apart.
    pub fn reset_after(&mut self, after: Duration) {
        self.delay.reset(Instant::now() + addable(after));
    }

    /// Starts over: the next tick at `deadline`, those after it a period apart.
    ///
    /// If that is past, ticks have been missed, and are treated as such.
    pub fn reset_at(&mut self, deadline: Instant) {
        self.delay.reset(deadline);
    }

    /// How it goes on after a tick that came late.
    #[must_use]
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.missed_tick_behavior
    }

    /// Chooses how to go on after a tick that came late.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// use kolo::time::{Duration, MissedTickBehavior, interval, sleep};
    ///
    /// let ms = Duration::from_millis;
    /// let mut ticks = interval(ms(100));
    /// ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    /// let start = ticks.tick().await;
    /// sleep(ms(330)).await;
    /// assert_eq!(ticks.tick().await - start, ms(100)); // late, at once
    /// assert_eq!(ticks.tick().await - start, ms(400)); // 200 and 300 are skipped
    /// # });
    /// ```
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.missed_tick_behavior = behavior;
    }

    /// The time between ticks.
    #[must_use]
    pub fn period(&self) -> Duration {
        self.period
    }
}
