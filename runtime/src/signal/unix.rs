//! Signals of Unix.
//!
//! ```
//! # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use kolo::signal::unix::{SignalKind, signal};
//!
//! let mut resized = signal(SignalKind::window_change())?;
//! # unsafe extern "C" { fn raise(signal: i32) -> i32; }
//! # // SAFETY: it has no preconditions, and the signal is handled.
//! # unsafe { raise(SignalKind::window_change().as_raw_value()) };
//! resized.recv().await; // and again, for as long as it is kept
//! # std::io::Result::Ok(())
//! # }).unwrap();
//! ```

use std::ffi::c_int;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};

use super::listeners::Listener;

/// Which signal, by its number.
///
/// ```
/// use kolo::signal::unix::SignalKind;
///
/// assert_eq!(SignalKind::from_raw(15), SignalKind::terminate());
/// ```
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub struct SignalKind(c_int);

impl SignalKind {
    /// The signal of this number: for those that have no name here, such as the
    /// realtime signals, `libc::SIGRTMIN()` to `libc::SIGRTMAX()`.
    ///
    /// Whether one may listen to it, [`signal`] says.
    #[must_use]
    pub const fn from_raw(signum: c_int) -> Self {
        Self(signum)
    }

    /// Its number.
    #[must_use]
    pub const fn as_raw_value(&self) -> c_int {
        self.0
    }

    /// SIGALRM: a timer of the operating system ran out.
    #[must_use]
    pub const fn alarm() -> Self {
        Self(libc::SIGALRM)
    }

    /// SIGCHLD: a child process ended or was stopped.
    #[must_use]
    pub const fn child() -> Self {
        Self(libc::SIGCHLD)
    }

    /// SIGHUP: the terminal is gone; by custom, "read your configuration again".
    #[must_use]
    pub const fn hangup() -> Self {
        Self(libc::SIGHUP)
    }

    /// SIGINFO: the user asks how far the program is.
    #[cfg(any(
        target_vendor = "apple",
        target_os = "dragonfly",
        target_os = "freebsd",
        target_os = "illumos",
        target_os = "netbsd",
        target_os = "openbsd"
    ))]
    #[must_use]
    pub const fn info() -> Self {
        Self(libc::SIGINFO)
    }

    /// SIGINT: Ctrl-C.
    #[must_use]
    pub const fn interrupt() -> Self {
        Self(libc::SIGINT)
    }

    /// SIGIO: a descriptor that was set to tell so is ready.
    #[must_use]
    pub const fn io() -> Self {
        Self(libc::SIGIO)
    }

    /// SIGPIPE: a write to a pipe or socket that nobody reads.
    #[must_use]
    pub const fn pipe() -> Self {
        Self(libc::SIGPIPE)
    }

    /// SIGQUIT: Ctrl-\, which by default ends the program and dumps its memory.
    #[must_use]
    pub const fn quit() -> Self {
        Self(libc::SIGQUIT)
    }

    /// SIGTERM: the program is asked to end.
    #[must_use]
    pub const fn terminate() -> Self {
        Self(libc::SIGTERM)
    }

    /// SIGUSR1: the program's own.
    #[must_use]
    pub const fn user_defined1() -> Self {
        Self(libc::SIGUSR1)
    }

    /// SIGUSR2: the program's own.
    #[must_use]
    pub const fn user_defined2() -> Self {
        Self(libc::SIGUSR2)
    }

    /// SIGWINCH: the terminal's size changed.
    #[must_use]
    pub const fn window_change() -> Self {
        Self(libc::SIGWINCH)
    }
}

impl From<c_int> for SignalKind {
    fn from(signum: c_int) -> Self {
        Self::from_raw(signum)
    }
}

impl From<SignalKind> for c_int {
    fn from(kind: SignalKind) -> Self {
        kind.as_raw_value()
    }
}

/// Hears one kind of signal; made by [`signal`].
///
/// Signals that come while it is not asked are kept for it, as one. There may be
/// any number of listeners of a kind, in any number of runtimes: each gets each
/// signal, and dropping one takes nothing from the others.
#[must_use = "a listener that is dropped hears nothing"]
pub struct Signal {
    kind: SignalKind,
    listener: Listener,
}

/// Listens to a kind of signal.
///
/// The first call for a kind in this process installs a handler, which stays: what
/// the signal did before, such as ending the program, it no longer does.
///
/// # Errors
///
/// For SIGKILL, SIGSTOP, SIGILL, SIGFPE and SIGSEGV, which can't be listened to, for
/// numbers that are no signal's, and the operating system's errors.
///
/// # Panics
///
/// Outside of a runtime, or in one without I/O enabled.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use kolo::signal::unix::{SignalKind, signal};
///
/// let mut terminate = signal(SignalKind::terminate())?;
/// kolo::select! {
///     _ = terminate.recv() => println!("asked to end"),
///     () = async { /* the program's work */ } => {}
/// }
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn signal(kind: SignalKind) -> io::Result<Signal> {
    let listener = Listener::new(kind.0)?;
    Ok(Signal { kind, listener })
}

impl Signal {
    /// Waits for the next signal. It is never `None`.
    ///
    /// # Cancel safety
    ///
    /// Cancelled, it has lost no signal: one that came is there for the next call.
    pub async fn recv(&mut self) -> Option<()> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// [`recv`](Self::recv), for who polls by hand. The last to poll is woken.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<()>> {
        self.listener.poll_hear(cx).map(Some)
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signal")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
