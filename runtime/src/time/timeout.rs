//! **What if it takes too long?** [`Timeout`] polls the future first and the
//! deadline second: what is ready is never thrown away for being late.
//!
//! One exception has to be made from fairness. A future that uses up the task's
//! whole budget in every poll would leave none to look at the deadline, and
//! could run past it for ever. If it was the future that exhausted the budget,
//! the deadline is looked at without one. (From tokio, PR 4314.)

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::error::Elapsed;
use super::sleep::Delay;
use super::{Duration, Instant};
use crate::task::coop;

pin_project! {
    /// A future with a deadline; made by [`timeout`] and [`timeout_at`].
    #[project(!Unpin)]
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Timeout<T> {
        #[pin]
        value: T,
        // None: no instant stands for the deadline, which thus never comes.
        delay: Option<Delay>,
    }
}

/// Gives `future` so much time to complete, or else drops it.
///
/// # Errors
///
/// [`Elapsed`] if the deadline passes first. A future found ready is always
/// taken, even after the deadline; one that never returns from its poll can't be
/// interrupted.
///
/// # Panics
///
/// Outside a runtime, or on one without time enabled.
///
/// # Cancel safety
///
/// Dropping it drops the future, and is as safe as that is.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// use kolo::time::{Duration, sleep, timeout};
///
/// let second = Duration::from_secs(1);
/// assert_eq!(timeout(second, async { 42 }).await, Ok(42));
/// assert!(timeout(second, sleep(2 * second)).await.is_err());
/// # });
/// ```
#[track_caller]
pub fn timeout<F: IntoFuture>(duration: Duration, future: F) -> Timeout<F::IntoFuture> {
    let delay = Delay::lasting_exactly(duration);
    let value = future.into_future();
    Timeout { value, delay }
}

/// Gives `future` until `deadline` to complete, or else drops it.
///
/// # Errors
///
/// [`Elapsed`] if the deadline passes first. A future found ready is always
/// taken, even after the deadline.
///
/// # Panics
///
/// Outside a runtime, or on one without time enabled.
///
/// # Cancel safety
///
/// Dropping it drops the future, and is as safe as that is.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// use kolo::time::{Duration, Instant, timeout_at};
///
/// // One deadline for the two of them.
/// let deadline = Instant::now() + Duration::from_secs(1);
/// assert_eq!(timeout_at(deadline, async { "in time" }).await, Ok("in time"));
/// assert!(timeout_at(deadline, std::future::pending::<()>()).await.is_err());
/// # });
/// ```
#[track_caller]
pub fn timeout_at<F: IntoFuture>(deadline: Instant, future: F) -> Timeout<F::IntoFuture> {
    let delay = Some(Delay::until(deadline));
    let value = future.into_future();
    Timeout { value, delay }
}

impl<T> Timeout<T> {
    /// The future.
    pub fn get_ref(&self) -> &T {
        &self.value
    }

    /// The future.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.value
    }

    /// The future, without its deadline.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T: Future> Future for Timeout<T> {
    type Output = Result<T::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let had_budget = coop::has_budget_remaining();
        if let Poll::Ready(value) = this.value.poll(cx) {
            return Poll::Ready(Ok(value));
        }
        let Some(delay) = this.delay else {
            return Poll::Pending;
        };
        let exhausted_by_value = had_budget && !coop::has_budget_remaining();
        let elapsed = if exhausted_by_value {
            coop::with_unconstrained(|| delay.poll(cx))
        } else {
            delay.poll(cx)
        };
        elapsed.map(|()| Err(Elapsed::new()))
    }
}
