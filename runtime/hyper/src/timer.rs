//! **Whose clock do hyper's timeouts go by?** Kolo's: its timers, and its notion of
//! now, which a test can pause. Then `header_read_timeout` of a minute takes no time.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

/// Kolo's timers, for hyper's timeouts.
///
/// # Panics
///
/// Its sleeps panic outside of a runtime, or on one without time enabled.
///
/// ```
/// use std::time::Duration;
/// use hyper::rt::Timer as _;
///
/// # kolo::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let timer = kolo_hyper::Timer::new();
/// let before = timer.now();
/// timer.sleep(Duration::from_secs(60)).await;
/// assert!(timer.now() - before >= Duration::from_secs(60));
/// # });
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Timer;

impl Timer {
    /// The timer; it holds nothing.
    pub const fn new() -> Self {
        Self
    }
}

impl hyper::rt::Timer for Timer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(Sleep {
            sleep: kolo::time::sleep(duration),
        })
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(Sleep {
            sleep: kolo::time::sleep_until(deadline.into()),
        })
    }

    fn now(&self) -> Instant {
        kolo::time::Instant::now().into()
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn hyper::rt::Sleep>>, deadline: Instant) {
        match sleep.as_mut().downcast_mut_pin::<Sleep>() {
            // The timer stays where it is in the wheel's memory; nothing is allocated.
            Some(ours) => ours.project().sleep.reset(deadline.into()),
            None => *sleep = self.sleep_until(deadline),
        }
    }
}

pin_project! {
    /// One of kolo's sleeps, by a type on which hyper's trait may be implemented.
    struct Sleep {
        #[pin]
        sleep: kolo::time::Sleep,
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().sleep.poll(cx)
    }
}

impl hyper::rt::Sleep for Sleep {}

#[cfg(test)]
#[path = "timer_tests.rs"]
mod tests;
