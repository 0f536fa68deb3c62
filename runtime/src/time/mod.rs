//! Waiting for a while, and giving up after a while.
//!
//! **How does a future wait for a moment?** By a place in the runtime's wheel of
//! deadlines: [`Sleep`] leaves its waker there, and the driver calls it.
//!
//! - [`sleep`](fn@sleep) and [`sleep_until`] wait.
//! - [`timeout`](fn@timeout) and [`timeout_at`] end a future that takes too long.
//! - [`interval`](fn@interval) ticks: one tick per period, whatever happens in between.
//! - [`pause`], [`advance`] and [`resume`] put a test in charge of time.
//!
//! Nothing here ends early. On a runtime that is idle, a wait ends late by less
//! than 0.1 ms in the median: waits that end within 65 µs of one another share
//! a wake-up. On a paused clock, waits end on the nanosecond.
//!
//! These need a runtime with time enabled
//! ([`enable_time`](crate::runtime::Builder::enable_time) or `enable_all`), and
//! panic, at the caller's line, without one.
//!
//! Invariants: a wait reads the clock at most once before it is in the wheel; it
//! is put there when first polled, not when made; nothing is allocated per wait.
//! `Delay` in `sleep.rs` is the one thing that talks to the wheel; `Sleep`,
//! [`Timeout`] and [`Interval`] are made of it.
//!
//! Read next: `sleep.rs`, then `driver/timers.rs` and `driver/wheel.rs`.

pub mod error;
mod instant;
mod interval;
mod send_timeout;
mod sleep;
mod timeout;

#[cfg(all(test, not(loom)))]
mod tests;

use std::future::poll_fn;
use std::task::Poll;

#[doc(no_inline)]
pub use std::time::Duration;

pub use instant::Instant;
pub use interval::{Interval, MissedTickBehavior, interval, interval_at};
pub use sleep::{Sleep, sleep, sleep_until};
pub use timeout::{Timeout, timeout, timeout_at};

use crate::driver::clock::ClockError;
use crate::driver::timers::Timers;
use crate::handle::Handle;

/// Stops the runtime's clock: from now on time passes only when told to.
///
/// [`Instant::now`] then stands still, until [`advance`] moves it or until no
/// task can run: then the clock jumps to the next deadline, so that a test of
/// an hour's sleep takes no time and ends at exactly one hour. While
/// [`spawn_blocking`](crate::task::spawn_blocking) work runs, it does not jump.
/// Start with a stopped clock by
/// [`start_paused`](crate::runtime::Builder::start_paused).
///
/// # Panics
///
/// If the clock is paused already, outside a runtime, on a multi-thread one (it
/// can't tell when nothing can run), or on one without time enabled.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// use kolo::time::{self, Duration, Instant};
///
/// time::pause();
/// let start = Instant::now();
/// time::sleep(Duration::from_secs(3600)).await;
/// assert_eq!(start.elapsed(), Duration::from_secs(3600));
/// # });
/// ```
#[track_caller]
pub fn pause() {
    let refused = with_timers(|timers| timers.clock().pause());
    if let Err(why) = refused {
        panic!("{why}");
    }
}

/// Lets a paused clock run again, from where it stands.
///
/// # Panics
///
/// If the clock is not paused, outside a runtime, or on one without time enabled.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// use kolo::time::{self, Duration, Instant};
///
/// time::pause();
/// time::advance(Duration::from_secs(10)).await;
/// let before = Instant::now();
/// time::resume();
/// assert!(Instant::now() >= before); // not ten seconds back
/// # });
/// ```
#[track_caller]
pub fn resume() {
    if let Err(why) = with_timers(Timers::resume) {
        panic!("{why}");
    }
}

/// Moves a paused clock forward, and yields.
///
/// All deadlines up to the new time are met at once: their tasks are woken, and
/// run before this future is polled again. Those that wait on the runtime's thread
/// are woken in order of their deadlines, and so are those that other threads
/// set; between the two there is no order. What they set up in turn may lie within
/// the stretch that was jumped over; to live through the time rather than to jump
/// it, `sleep` on the paused clock.
///
/// Awaited on a thread that does not run the tasks, as by
/// [`Handle::block_on`](crate::runtime::Handle::block_on), it leaves it to the
/// runtime's thread to wake those that wait there, and does not wait for that.
///
/// # Panics
///
/// When polled: if the clock is not paused, outside a runtime, on one without
/// time enabled, or if the sum is later than 584 years after the start.
///
/// # Cancel safety
///
/// The clock moves with the first poll, or not at all.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// use kolo::time::{self, Duration, Instant};
///
/// let start = Instant::now();
/// let nap = kolo::spawn(time::sleep(Duration::from_millis(250)));
/// kolo::task::yield_now().await; // it falls asleep
/// time::advance(Duration::from_millis(250)).await;
/// assert!(nap.is_finished());
/// assert_eq!(start.elapsed(), Duration::from_millis(250));
/// # });
/// ```
pub async fn advance(duration: Duration) {
    if let Err(why) = with_timers(|timers| timers.advance(duration)) {
        panic!("{why}");
    }
    let mut yielded = false;
    poll_fn(|cx| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        // Behind those that the advance woke.
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Applies one of the clock's controls to the current runtime; why not, if not.
#[track_caller]
fn with_timers(
    control: impl FnOnce(&Timers) -> Result<(), ClockError>,
) -> Result<(), &'static str> {
    let Some(handle) = Handle::try_current().ok() else {
        return Err("time cannot be frozen from outside the Tokio runtime");
    };
    control(handle.timers()).map_err(ClockError::text)
}

/// A duration that can be added to any instant that a clock shows. Thirty years
/// stand for all that is longer, as in tokio: some platforms' instants end soon.
fn addable(duration: Duration) -> Duration {
    duration.min(Duration::from_secs(30 * 365 * 86400))
}
