//! **What does a sleeping loop sleep in?** In the driver: the operating system's
//! poll, which an event, a due timer or an [`unpark`](DriverHandle::unpark) ends.
//!
//! The driver has two halves. The [`Driver`] is turned by whoever holds the
//! loop: it owns the `mio::Poll`. The [`DriverHandle`] is for everyone else: it
//! holds what others register with (timers, descriptors) and the waker.
//!
//! ```text
//!   look:                             poll(0) ─► bring the events to their
//!   park:  next deadline ─► alarm ─► poll(∞)     records, wake; fire what is due
//! ```
//!
//! To wait for a deadline, the driver sets a timerfd (see `sys.rs`) that is in
//! the same poll set, and only when the time to wait for has changed. Where there
//! is no timerfd, it gives the poll a timeout in whole milliseconds, rounded up.
//!
//! Wakers are called with no lock held, so they may do anything: drop the timer
//! that fired, close the socket, spawn, unpark.
//!
//! Read next: `ready.rs`, `readiness.rs`, `registrations.rs`, from a descriptor's
//! event to who waits for it; `timers.rs`, who waits for which deadline;
//! `wheel.rs`, how they are kept.

pub(crate) mod clock;
pub(crate) mod readiness;
pub(crate) mod ready;
pub(crate) mod registration;
mod registrations;
pub(crate) mod timers;
pub(crate) mod wheel;

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

use mio::{Events, Poll, Token, Waker};

pub(crate) use clock::Clock;
pub(crate) use clock::NOT_PAUSABLE;
use clock::ever_paused;
pub(crate) use readiness::{Direction, ReadyEvent};
pub use ready::{Interest, Ready};
pub(crate) use registration::Registration;
pub use registration::is_rt_shutdown_err;
use registrations::Registrations;
pub(crate) use timers::{AtPlace, Timers};

use crate::sys::Alarm;
use crate::util::wake_batch::WakeBatch;

const WAKER: Token = Token(usize::MAX);
const ALARM: Token = Token(usize::MAX - 1);

/// The poll's timeout is rounded up to whole milliseconds: it may last longer by this.
const ROUNDED_BY: u64 = 1_000_000;

/// Events taken from the operating system in one turn.
const EVENTS: usize = 1024;

/// What one turn did.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turn {
    /// Descriptors that became ready.
    pub(crate) events: usize,
    /// Timers that fired.
    pub(crate) timers: usize,
}

/// The half that the loop's holder turns.
pub(crate) struct Driver {
    poll: Poll,
    events: Events,
    /// Empty between turns; kept for its memory.
    wakers: WakeBatch,
    /// Made by the first sleep that has a deadline.
    alarm: AlarmClock,
}

enum AlarmClock {
    Untried,
    /// `set_for`: the time it will go off at, in the clock's nanoseconds.
    Ready {
        alarm: Alarm,
        set_for: Option<u64>,
    },
    /// This system has none, or no descriptor was left for it.
    Missing,
}

/// The half that everyone may reach.
pub(crate) struct DriverHandle {
    waker: Arc<Waker>,
    registrations: Option<Registrations>,
    timers: Option<Timers>,
}

impl fmt::Debug for DriverHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DriverHandle").finish_non_exhaustive()
    }
}

/// Which halves of the driver a runtime wants, and its clock's state.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wanted {
    pub(crate) io: bool,
    pub(crate) time: bool,
    pub(crate) start_paused: bool,
    /// Threads that poll. 0: one, which drives as well, and so can tell when nothing
    /// can run.
    pub(crate) workers: usize,
}

impl Turn {
    /// How many it woke, at most: nobody may have waited for an event.
    pub(crate) fn woken(self) -> usize {
        self.events + self.timers
    }
}

impl Driver {
    /// Opens the driver.
    ///
    /// # Errors
    ///
    /// The operating system's, where no descriptor is left.
    pub(crate) fn new(wanted: Wanted) -> io::Result<(Driver, DriverHandle)> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let timers = wanted.time.then(|| {
            let waker = waker.clone();
            let clock = Clock::new(wanted.workers == 0);
            if wanted.start_paused {
                clock.pause().expect("a new clock runs");
            }
            Timers::new(clock, wanted.workers, move || rouse(&waker))
        });
        let registry = wanted.io.then(|| poll.registry().try_clone());
        let driver = Driver {
            poll,
            events: Events::with_capacity(EVENTS),
            wakers: WakeBatch::new(),
            alarm: AlarmClock::Untried,
        };
        let handle = DriverHandle {
            waker,
            registrations: registry.transpose()?.map(Registrations::new),
            timers,
        };
        Ok((driver, handle))
    }

    /// Takes what is ready and fires what is due; does not sleep.
    pub(crate) fn look(&mut self, handle: &DriverHandle) -> Turn {
        let events = self.poll(handle, Some(Duration::ZERO));
        let timers = handle.timers.as_ref().map_or(0, fire);
        Turn { events, timers }
    }

    /// Sleeps until an event, the next deadline, or an unpark; then as `look`. Gives up
    /// after `at_most`, or up to a millisecond later.
    pub(crate) fn park(&mut self, handle: &DriverHandle, at_most: Option<Duration>) -> Turn {
        let Some(timers) = &handle.timers else {
            let events = self.poll(handle, at_most);
            return Turn { events, timers: 0 };
        };
        let end = at_most.map(|time| timers.clock().now() + clock::nanos(time) + ROUNDED_BY);
        let timeout = match timers.prepare_park(end) {
            Some(deadline) if end.is_none_or(|end| deadline < end) => {
                self.set_alarm(deadline, timers.clock().now())
            }
            _ => at_most,
        };
        let events = self.poll(handle, timeout);
        timers.after_park();
        let timers = fire(timers);
        Turn { events, timers }
    }

    /// Has the poll return at `deadline`. What it returns is the timeout that the
    /// poll needs beside the alarm: none, if there is an alarm.
    fn set_alarm(&mut self, deadline: u64, now: u64) -> Option<Duration> {
        let wait = Duration::from_nanos(deadline.saturating_sub(now));
        if wait.is_zero() {
            return Some(wait);
        }
        if let AlarmClock::Untried = self.alarm {
            self.alarm = match Alarm::new(self.poll.registry(), ALARM) {
                Ok(alarm) => AlarmClock::Ready {
                    alarm,
                    set_for: None,
                },
                Err(_) => AlarmClock::Missing,
            };
        }
        let AlarmClock::Ready { alarm, set_for } = &mut self.alarm else {
            return Some(wait);
        };
        // A clock that was ever paused may have gone another way than the alarm's.
        let is_set = *set_for == Some(deadline) && !ever_paused();
        if !is_set && alarm.set(wait).is_err() {
            return Some(wait);
        }
        *set_for = Some(deadline);
        None
    }

    /// One call of the operating system's poll. Events are brought to their
    /// descriptors. How many there were, the driver's own not counted.
    fn poll(&mut self, handle: &DriverHandle, timeout: Option<Duration>) -> usize {
        match self.poll.poll(&mut self.events, timeout) {
            Ok(()) => {}
            // A signal: the loop looks around and comes back.
            Err(e) if e.kind() == io::ErrorKind::Interrupted => return 0,
            Err(e) => panic!(
                "the operating system's poll failed, which it may only for a bug in kolo: {e}"
            ),
        }
        let mut ready = 0;
        let records = handle.registrations.as_ref().map(Registrations::open);
        for event in &self.events {
            match event.token() {
                WAKER => {}
                ALARM => {
                    if let AlarmClock::Ready { set_for, .. } = &mut self.alarm {
                        *set_for = None;
                    }
                }
                _ => {
                    ready += 1;
                    if let Some(records) = &records {
                        records.bring(event, &mut self.wakers);
                    }
                }
            }
        }
        drop(records);
        self.wakers.wake_all();
        ready
    }
}

impl DriverHandle {
    /// Ends the driver's sleep, or the next one if it is awake.
    pub(crate) fn unpark(&self) {
        rouse(&self.waker);
    }

    /// Is there anything that a look could find?
    #[inline]
    pub(crate) fn is_armed(&self) -> bool {
        self.timers.as_ref().is_some_and(Timers::is_armed)
            || self
                .registrations
                .as_ref()
                .is_some_and(Registrations::is_armed)
    }

    /// Can descriptors be registered here?
    pub(crate) fn has_io(&self) -> bool {
        self.registrations.is_some()
    }

    /// The registered descriptors. Who asks has seen that I/O is enabled.
    fn registrations(&self) -> &Registrations {
        self.registrations.as_ref().expect("I/O is enabled")
    }

    /// The timers, if time is enabled.
    #[inline]
    pub(crate) fn timers(&self) -> Option<&Timers> {
        self.timers.as_ref()
    }

    /// The calling thread is that worker from now on.
    pub(crate) fn work_at(&self, worker: usize) -> Option<AtPlace> {
        self.timers.as_ref().map(|timers| timers.work_at(worker))
    }

    /// The runtime is going away: everyone who waits here is woken and fails.
    ///
    /// # Safety
    ///
    /// The caller holds the loop's token, and drives no longer.
    pub(crate) unsafe fn shutdown(&self) {
        // A waker of the one that panics must not cost the other its shutdown.
        let sockets = catch_unwind(AssertUnwindSafe(|| {
            if let Some(registrations) = &self.registrations {
                registrations.shut_down();
            }
        }));
        if let Some(timers) = &self.timers {
            // SAFETY: the caller's.
            unsafe { timers.shutdown() };
        }
        if let Err(panic) = sockets {
            resume_unwind(panic);
        }
    }
}

/// A handle with these timers and no driver to turn them, for tests that do.
#[cfg(all(test, not(loom)))]
impl DriverHandle {
    pub(crate) fn of_timers(timers: Option<Timers>) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        Ok(Self {
            waker,
            registrations: None,
            timers,
        })
    }
}

fn fire(timers: &Timers) -> usize {
    if !timers.is_armed() {
        return 0; // and the clock is not read
    }
    timers.fire(timers.clock().now())
}

fn rouse(waker: &Waker) {
    // Writing to an eventfd fails only if it is full, and mio empties it then.
    waker
        .wake()
        .expect("the driver's own eventfd can be written");
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::task::{Context, Wake};
    use std::time::Instant;

    use mio::net::UnixStream;

    use super::*;

    /// A poll with a timeout lasts up to a millisecond longer: what is due by then
    /// has the alarm set.
    #[test]
    fn a_deadline_before_the_rounded_end_is_not_overslept() {
        let hour = Duration::from_secs(3600);
        for (after, alarm) in [
            (Duration::from_secs(60), false),
            (Duration::from_micros(500), true),
        ] {
            let wanted = Wanted {
                time: true,
                ..Wanted::default()
            };
            let (mut driver, handle) = Driver::new(wanted).unwrap();
            let deadline = Instant::now() + hour + after;
            let timer = handle.timers().unwrap();
            let timer = timer.register(deadline, true, std::task::Waker::noop());
            assert!(timer.unwrap().is_some());
            handle.unpark(); // the sleep ends before it begins
            driver.park(&handle, Some(hour));
            let untried = matches!(driver.alarm, AlarmClock::Untried);
            assert_eq!(!untried, alarm, "{after:?}");
        }
    }

    struct Panics;

    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("a waker");
        }
    }

    #[derive(Default)]
    struct Counts(AtomicUsize);

    impl Wake for Counts {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    #[test]
    fn a_panic_over_a_socket_costs_no_timer_its_shutdown() {
        let wanted = Wanted {
            io: true,
            time: true,
            ..Wanted::default()
        };
        let (_driver, handle) = Driver::new(wanted).unwrap();
        let handle = Arc::new(handle);
        let (mut socket, _peer) = UnixStream::pair().unwrap();
        let registration =
            Registration::new(handle.clone(), &mut socket, Interest::READABLE).unwrap();
        let waker = std::task::Waker::from(Arc::new(Panics));
        let waits = registration.poll_ready(&mut Context::from_waker(&waker), Direction::Read);
        assert!(waits.is_pending());

        let count = Arc::new(Counts::default());
        let waker = std::task::Waker::from(count.clone());
        let later = Instant::now() + Duration::from_secs(3600);
        let timer = handle.timers().unwrap().register(later, true, &waker);
        assert!(timer.unwrap().is_some());

        // SAFETY: nobody drives.
        let panic = catch_unwind(AssertUnwindSafe(|| unsafe { handle.shutdown() }));
        assert!(panic.is_err());
        assert_eq!(count.0.load(Relaxed), 1);
    }
}
