//! **How does a poll wake up at a moment?** Its own timeout counts whole
//! milliseconds, and a request that leaves a millisecond late looks like a slow
//! server. The kernel's timer is a file like any other, and as precise as its clock.
//!
//! It is never read: to set it anew takes back what it said, and a poll that is
//! told of edges hears of the next one all the same.

use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

/// Zero would stop it.
const SOON: Duration = Duration::from_nanos(1);

/// News for a poll, at a moment.
pub(crate) struct Alarm(TimerFd);

impl Alarm {
    pub(crate) fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?;
        let fd = timer.as_fd().as_raw_fd();
        registry.register(&mut SourceFd(&fd), token, Interest::READABLE)?;
        Ok(Self(timer))
    }

    /// Rings once, at this moment or as soon as that has passed.
    pub(crate) fn set(&self, moment: Instant) -> io::Result<()> {
        let wait = moment.saturating_duration_since(Instant::now()).max(SOON);
        let once = Expiration::OneShot(wait.into());
        Ok(self.0.set(once, TimerSetTimeFlags::empty())?)
    }
}
