//! **How does one future wait for one deadline?** [`Delay`]: a deadline, the
//! runtime that keeps it, and how far it got.
//!
//! ```text
//!            poll: ahead           poll: its key finds nothing
//!   Asked ─────────────────► Armed ───────────────────────────► Over
//!   (new or reset)             │                                  ▲
//!     │  ▲                     │ reset: moved, or if reached:     │
//!     │  └─────────────────────┘ woken, and asked again           │
//!     └───────────────────────────────────────────────────────────┘
//!            poll: the deadline is reached already
//! ```
//!
//! Nothing is in the wheel before the first poll, so that a `Sleep` can move
//! until then, and one that is never polled costs nothing. It could move
//! afterwards as well: the wheel holds its waker, and it holds a key, no
//! pointers. [`Sleep`] is `!Unpin` all the same, as in tokio, where programs
//! have come to name it so; [`Delay`] is what [`Interval`](super::Interval) and
//! [`Timeout`](super::Timeout) contain, without a box and without a pin.
//!
//! A delay made from a duration has just read the clock, and is not made to
//! read it again by its first poll (`Asked::Ahead`): reading it costs more than
//! a lock does, and most timeouts are polled right after they are made.
//!
//! Read next: `driver/timers.rs`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use pin_project_lite::pin_project;

use super::{Duration, Instant, addable};
use crate::driver::registration::SHUTTING_DOWN;
use crate::driver::timers::{ShutDown, Timer, Timers};
use crate::handle::{self, Handle};
use crate::task::coop;

/// What a wait does when its runtime is gone.
#[cold]
fn shutting_down() -> ! {
    panic!("{SHUTTING_DOWN}")
}

/// Says that there is no runtime, or none with time enabled.
#[cold]
#[track_caller]
fn no_timers() -> ! {
    Handle::current().timers();
    unreachable!("one of the two just panicked");
}

/// A deadline that can be waited for.
pub(super) struct Delay {
    deadline: Instant,
    runtime: handle::Id,
    stage: Stage,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    /// Not in the wheel.
    Asked(Asked),
    /// In the wheel, unless it has fired since.
    Armed(Timer),
    /// Was seen to be reached.
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// Made from the clock's time just now, and later than that.
    Ahead,
    /// Made from any instant.
    Anytime,
    /// Given a new deadline since.
    Again,
}

impl Asked {
    /// How a wait of `duration` from now is asked for.
    #[inline]
    fn after(duration: Duration) -> Self {
        if duration.is_zero() {
            Asked::Anytime
        } else {
            Asked::Ahead
        }
    }
}

impl Delay {
    /// A wait of `duration` from now.
    #[inline]
    #[track_caller]
    pub(super) fn lasting(duration: Duration) -> Self {
        let deadline = Instant::now() + addable(duration);
        Self::new(deadline, Asked::after(duration))
    }

    /// The same; `None` if no instant stands for its end.
    #[inline]
    #[track_caller]
    pub(super) fn lasting_exactly(duration: Duration) -> Option<Self> {
        let deadline = Instant::now().checked_add(duration)?;
        Some(Self::new(deadline, Asked::after(duration)))
    }

    /// A wait until `deadline`.
    #[track_caller]
    pub(super) fn until(deadline: Instant) -> Self {
        Self::new(deadline, Asked::Anytime)
    }

    #[inline]
    #[track_caller]
    fn new(deadline: Instant, asked: Asked) -> Self {
        // Is time enabled? The panic belongs here.
        let runtime = handle::with_current(|handle| handle.try_timers().map(|_| handle.id()));
        let Ok(Some(runtime)) = runtime else {
            no_timers()
        };
        Self {
            deadline,
            runtime,
            stage: Stage::Asked(asked),
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    pub(super) fn is_elapsed(&self) -> bool {
        match self.stage {
            Stage::Asked(Asked::Ahead | Asked::Anytime) => false,
            Stage::Asked(Asked::Again) => self.is_past(),
            Stage::Armed(timer) => match self.with_timers(|timers| timers.is_waiting(timer)) {
                Some(Some(waiting)) => !waiting,
                Some(None) => self.is_past(),
                None => true,
            },
            Stage::Over => true,
        }
    }

    /// Is the deadline reached, by the runtime's clock?
    fn is_past(&self) -> bool {
        let past = self.with_timers(|timers| {
            let clock = timers.clock();
            clock.nanos_at(self.deadline.into_std()) <= clock.now()
        });
        past.unwrap_or_else(|| self.deadline <= Instant::now())
    }

    /// Another deadline. Whoever waits is woken at that one instead.
    pub(super) fn reset(&mut self, deadline: Instant) {
        self.deadline = deadline;
        let mut moved = None;
        if let Stage::Armed(timer) = self.stage {
            moved = self.with_timers(|timers| timers.reset(timer, deadline.into_std()));
        }
        self.stage = match moved.flatten() {
            Some(timer) => Stage::Armed(timer),
            None => Stage::Asked(Asked::Again),
        };
    }

    /// Another deadline for a wait that is over: nobody is waiting.
    pub(super) fn rearm(&mut self, deadline: Instant, ahead: bool) {
        debug_assert!(matches!(self.stage, Stage::Over));
        self.deadline = deadline;
        self.stage = Stage::Asked(if ahead { Asked::Ahead } else { Asked::Again });
    }

    /// Ready once the deadline is reached; costs a unit of the budget then.
    #[inline]
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match self.stage {
            Stage::Asked(asked) => ready!(self.poll_asked(asked, cx.waker())),
            Stage::Armed(timer) => ready!(self.poll_armed(timer, cx.waker())),
            Stage::Over => {}
        }
        // Over it stays, should the task have to yield first.
        ready!(coop::poll_proceed(cx)).made_progress();
        Poll::Ready(())
    }

    /// Sets the timer, unless the deadline is reached.
    #[inline]
    fn poll_asked(&mut self, asked: Asked, waker: &Waker) -> Poll<()> {
        let (deadline, ahead) = (self.deadline.into_std(), asked == Asked::Ahead);
        let registered = self.with_timers(|timers| timers.register(deadline, ahead, waker));
        match registered {
            Some(Ok(Some(timer))) => {
                self.stage = Stage::Armed(timer);
                Poll::Pending
            }
            Some(Ok(None)) => {
                self.stage = Stage::Over;
                Poll::Ready(())
            }
            Some(Err(ShutDown)) | None => shutting_down(),
        }
    }

    /// Looks after the timer that was set, here or elsewhere.
    fn poll_armed(&mut self, timer: Timer, waker: &Waker) -> Poll<()> {
        let deadline = self.deadline.into_std();
        match self.with_timers(|timers| timers.check(timer, deadline, waker)) {
            Some(Some(Poll::Pending)) => Poll::Pending,
            Some(Some(Poll::Ready(Ok(())))) => {
                self.stage = Stage::Over;
                Poll::Ready(())
            }
            Some(None) => self.poll_asked(Asked::Again, waker),
            Some(Some(Poll::Ready(Err(ShutDown)))) | None => shutting_down(),
        }
    }

    /// Calls `f` with the runtime's timers. `None`: the runtime is gone.
    #[inline]
    fn with_timers<R>(&self, f: impl FnOnce(&Timers) -> R) -> Option<R> {
        handle::with_runtime(self.runtime, |handle| f(handle.timers()))
    }
}

impl Drop for Delay {
    #[inline]
    fn drop(&mut self) {
        if let Stage::Armed(timer) = self.stage {
            let _ = self.with_timers(|timers| timers.cancel(timer));
        }
    }
}

impl fmt::Debug for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delay")
            .field("deadline", &self.deadline)
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// Waits for a deadline; made by [`sleep`] and [`sleep_until`].
    ///
    /// Not `Unpin`: to poll it more than once other than by `.await`, pin it,
    /// on the stack with `std::pin::pin!` or on the heap with `Box::pin`.
    ///
    /// # Panics
    ///
    /// When polled after its runtime was shut down, before the deadline.
    ///
    /// # Cancel safety
    ///
    /// Dropping it takes the timer back. A reference to it may be dropped and
    /// another one awaited: the deadline stays.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// use kolo::time::{Duration, Instant, sleep};
    ///
    /// let start = Instant::now();
    /// let mut alarm = std::pin::pin!(sleep(Duration::from_secs(60)));
    /// alarm.as_mut().await;
    /// alarm.as_mut().reset(start + Duration::from_secs(90)); // snooze
    /// alarm.await;
    /// assert_eq!(start.elapsed(), Duration::from_secs(90));
    /// # });
    /// ```
    #[project(!Unpin)]
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Sleep {
        delay: Delay,
    }
}

/// Waits for `duration`; the asynchronous [`std::thread::sleep`].
///
/// Never shorter, and on an idle runtime longer by less than 0.1 ms in the
/// median. Zero is ready at once. More than thirty years count as thirty years.
///
/// # Panics
///
/// Outside a runtime, or on one without time enabled.
///
/// # Cancel safety
///
/// Dropping the future ends the wait and leaves nothing behind.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// use kolo::time::{Duration, Instant, sleep};
///
/// let start = Instant::now();
/// sleep(Duration::from_millis(100)).await;
/// assert!(start.elapsed() >= Duration::from_millis(100));
/// # });
/// ```
#[inline]
#[track_caller]
pub fn sleep(duration: Duration) -> Sleep {
    let delay = Delay::lasting(duration);
    Sleep { delay }
}

/// Waits until `deadline`; ready at once if that is past.
///
/// A deadline more than 584 years after the runtime's start counts as that.
///
/// # Panics
///
/// Outside a runtime, or on one without time enabled.
///
/// # Cancel safety
///
/// Dropping the future ends the wait and leaves nothing behind.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// use kolo::time::{Duration, Instant, sleep_until};
///
/// let deadline = Instant::now() + Duration::from_millis(100);
/// sleep_until(deadline).await;
/// assert!(Instant::now() >= deadline);
/// # });
/// ```
#[inline]
#[track_caller]
pub fn sleep_until(deadline: Instant) -> Sleep {
    let delay = Delay::until(deadline);
    Sleep { delay }
}

impl Sleep {
    /// When it ends.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.delay.deadline()
    }

    /// Has it ended? Not before it was first polled (or [`reset`](Sleep::reset)).
    #[must_use]
    pub fn is_elapsed(&self) -> bool {
        self.delay.is_elapsed()
    }

    /// Gives it another deadline, sooner or later, whether it has ended or not.
    ///
    /// A task that waits for it is woken at the new deadline instead, at once if
    /// that is past. One that has ended must be polled again.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// use kolo::time::{Duration, Instant, sleep};
    ///
    /// let start = Instant::now();
    /// let mut nap = std::pin::pin!(sleep(Duration::from_secs(10)));
    /// nap.as_mut().reset(start + Duration::from_secs(20));
    /// nap.await;
    /// assert_eq!(start.elapsed(), Duration::from_secs(20));
    /// # });
    /// ```
    pub fn reset(self: Pin<&mut Self>, deadline: Instant) {
        self.project().delay.reset(deadline);
    }
}

impl Future for Sleep {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().delay.poll(cx)
    }
}
