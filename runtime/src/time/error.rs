//! What can go wrong with time.

use std::fmt;
use std::io;

/// The deadline came first; from [`timeout`](super::timeout()).
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// use kolo::time::{Duration, timeout};
///
/// let never = std::future::pending::<()>();
/// let elapsed = timeout(Duration::from_secs(1), never).await.unwrap_err();
/// assert_eq!(elapsed.to_string(), "deadline has elapsed");
/// assert_eq!(std::io::Error::from(elapsed).kind(), std::io::ErrorKind::TimedOut);
/// # });
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Elapsed(());

impl Elapsed {
    pub(super) fn new() -> Self {
        Self(())
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("deadline has elapsed")
    }
}

impl std::error::Error for Elapsed {}

impl From<Elapsed> for io::Error {
    fn from(_: Elapsed) -> Self {
        io::ErrorKind::TimedOut.into()
    }
}

/// Why a timer could not be used.
///
/// kolo's own waits never return it; the type is here for libraries that build
/// timers on the runtime's and name it in their signatures.
///
/// ```
/// use kolo::time::error::Error;
///
/// assert!(Error::shutdown().is_shutdown());
/// assert!(!Error::at_capacity().is_invalid());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Error(Why);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    Shutdown,
    AtCapacity,
    Invalid,
}

impl Error {
    /// The runtime was shut down. Permanent.
    #[must_use]
    pub fn shutdown() -> Self {
        Self(Why::Shutdown)
    }

    /// Is it [`shutdown`](Error::shutdown)?
    #[must_use]
    pub fn is_shutdown(&self) -> bool {
        self.0 == Why::Shutdown
    }

    /// Too many timers wait. Trying again later may succeed.
    #[must_use]
    pub fn at_capacity() -> Self {
        Self(Why::AtCapacity)
    }

    /// Is it [`at_capacity`](Error::at_capacity)?
    #[must_use]
    pub fn is_at_capacity(&self) -> bool {
        self.0 == Why::AtCapacity
    }

    /// The duration is none that the timer can serve.
    #[must_use]
    pub fn invalid() -> Self {
        Self(Why::Invalid)
    }

    /// Is it [`invalid`](Error::invalid)?
    #[must_use]
    pub fn is_invalid(&self) -> bool {
        self.0 == Why::Invalid
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Why::Shutdown => "the runtime of this timer was shut down",
            Why::AtCapacity => "too many timers wait; try again when some have fired",
            Why::Invalid => "the timer can't wait that long",
        })
    }
}

impl std::error::Error for Error {}
