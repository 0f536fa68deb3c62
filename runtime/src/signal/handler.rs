//! **What happens in the instant of a signal?** [`on_signal`] runs, on whatever
//! thread the operating system chose, between any two of its instructions.
//!
//! That thread may hold any lock, or be inside of malloc. So the handler does what
//! POSIX calls async-signal-safe and nothing else: it loads and stores atomics,
//! calls `write`, and puts `errno` back as it found it. Its socket does not block:
//! when it is full, there are bytes enough to be read.
//!
//! A handler that stood there before, another library's, is called after ours.
//! (Chaining is `signal-hook-registry`'s idea. Whoever installs one later should do
//! the same; if he does not, kolo's listeners hear that signal no longer.)
//!
//! Invariants: the socket exists, and what stood there before is noted, before the
//! handler is installed; both stay for ever.
//!
//! Orderings: a mark is stored before its byte is written and taken after a byte was
//! read. The socket orders the two: its lock in the kernel is released by the write
//! and acquired by the read. The `Release` of the store pairs with the `Acquire` of
//! the swap all the same, for who takes a mark before its byte arrives.

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{AcqRel, Release};

use libc::{c_int, c_void, sigaction, siginfo_t};

/// One more than the highest number of a signal.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) const SIGNALS: usize = 65;
/// One more than the highest number of a signal that every Unix has.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) const SIGNALS: usize = 33;

/// What the handler knows of one signal.
struct Entry {
    /// It came, and has not been announced.
    mark: AtomicBool,
    /// What the process did with it before.
    before: OnceLock<sigaction>,
    /// Whether the handler is installed; or the operating system's error number.
    installed: OnceLock<Result<(), i32>>,
}

/// By the number of the signal.
static ENTRIES: [Entry; SIGNALS] = [const {
    Entry {
        mark: AtomicBool::new(false),
        before: OnceLock::new(),
        installed: OnceLock::new(),
    }
}; SIGNALS];

static SOCKET: OnceLock<Socket> = OnceLock::new();

struct Socket {
    /// Where the handler writes.
    inner_end: UnixStream,
    /// What the ears read.
    outer_end: UnixStream,
    /// Its descriptor.
    outer_fd: RawFd,
}

/// The process's socket; made by the first call.
fn socket() -> io::Result<&'static Socket> {
    if let Some(socket) = SOCKET.get() {
        return Ok(socket);
    }
    let (inner_end, outer_end) = UnixStream::pair()?;
    inner_end.set_nonblocking(true)?;
    outer_end.set_nonblocking(true)?;
    // Of two who come at once, one keeps its pair.
    Ok(SOCKET.get_or_init(|| Socket {
        outer_fd: outer_end.as_raw_fd(),
        inner_end,
        outer_end,
    }))
}

/// What becomes readable with each signal, and its descriptor. Any number of poll
/// sets may have it; what one reads there, nobody else does.
pub(super) fn outer_end() -> io::Result<(&'static UnixStream, &'static RawFd)> {
    let socket = socket()?;
    Ok((&socket.outer_end, &socket.outer_fd))
}

/// Has the signal marked whenever it comes, from now on.
///
/// # Errors
///
/// For signals that can't be caught or must not be, and the operating system's.
pub(super) fn install(signal: c_int) -> io::Result<()> {
    if signal <= 0 || FORBIDDEN.contains(&signal) {
        return Err(io::Error::other(format!(
            "Refusing to register signal {signal}"
        )));
    }
    let Some(entry) = ENTRIES.get(signal as usize) else {
        return Err(io::Error::other("signal too large"));
    };
    socket()?;
    entry
        .installed
        .get_or_init(|| replace_handler(signal, entry))
        .map_err(io::Error::from_raw_os_error)
}

/// Two that can't be caught, and three that a thread inflicts on itself: it would
/// run the faulty instruction again and again.
const FORBIDDEN: [c_int; 5] = [
    libc::SIGKILL,
    libc::SIGSTOP,
    libc::SIGILL,
    libc::SIGFPE,
    libc::SIGSEGV,
];

/// Takes the marks of all signals that came; says which.
pub(super) fn take_marks() -> impl Iterator<Item = usize> {
    ENTRIES
        .iter()
        .enumerate()
        .filter(|(_, entry)| entry.mark.swap(false, AcqRel))
        .map(|(signal, _)| signal)
}

fn replace_handler(signal: c_int, entry: &Entry) -> Result<(), i32> {
    let last_error = || io::Error::last_os_error().raw_os_error().unwrap_or(0);
    // SAFETY: all zeros is a `sigaction`: numbers, a set, and optional pointers.
    let (mut before, mut ours): (sigaction, sigaction) = unsafe { mem::zeroed() };
    // SAFETY: no new action is given; `before` lives across the call.
    if unsafe { libc::sigaction(signal, ptr::null(), &raw mut before) } != 0 {
        return Err(last_error());
    }
    // Noted first: the handler may be called as soon as it is installed.
    let _ = entry.before.set(before);
    let handler: Handler = on_signal;
    ours.sa_sigaction = handler as usize;
    // A blocking system call goes on after it; a small stack is not used for it.
    ours.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_ONSTACK;
    // SAFETY: `ours` is a handler of the form that SA_SIGINFO announces, which may
    // run at any instant (see the header); the old action is not asked for.
    if unsafe { libc::sigaction(signal, &raw const ours, ptr::null_mut()) } != 0 {
        return Err(last_error());
    }
    Ok(())
}

type Handler = extern "C" fn(c_int, *mut siginfo_t, *mut c_void);

extern "C" fn on_signal(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    // A pointer, as a reference would claim that nothing else writes it meanwhile.
    // SAFETY: this function has no preconditions.
    let errno = unsafe { errno_location() };
    // SAFETY: it is this thread's, valid while the thread runs.
    let errno_before = unsafe { *errno };
    let entry = usize::try_from(signal).ok().and_then(|i| ENTRIES.get(i));
    if let (Some(entry), Some(socket)) = (entry, SOCKET.get()) {
        entry.mark.store(true, Release);
        let byte = 0_u8;
        // SAFETY: one byte is read, from this function's stack; the descriptor is
        // the static's, open for ever. What can fail is that the socket is full.
        unsafe { libc::write(socket.inner_end.as_raw_fd(), (&raw const byte).cast(), 1) };
        if let Some(before) = entry.before.get() {
            // SAFETY: it is what stood there for this signal, called as it would be.
            unsafe { call(before, signal, info, context) };
        }
    }
    // SAFETY: as above; the calls in between have returned.
    unsafe { *errno = errno_before };
}

/// Calls the handler that `action` holds, if it holds one.
///
/// # Safety
///
/// `action` was this signal's, and `info` and `context` are from the system.
unsafe fn call(action: &sigaction, signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    let handler = action.sa_sigaction;
    if handler == libc::SIG_DFL || handler == libc::SIG_IGN {
        return;
    }
    if action.sa_flags & libc::SA_SIGINFO != 0 {
        // SAFETY: a handler of this form, as the flag says.
        let handler: Handler = unsafe { mem::transmute(handler) };
        handler(signal, info, context);
    } else {
        // SAFETY: a handler of the other form, as the flag's absence says.
        let handler: extern "C" fn(c_int) = unsafe { mem::transmute(handler) };
        handler(signal);
    }
}

#[cfg(any(target_os = "solaris", target_os = "illumos"))]
pub(super) use libc::___errno as errno_location;
#[cfg(any(target_os = "android", target_os = "netbsd", target_os = "openbsd"))]
pub(super) use libc::__errno as errno_location;
#[cfg(any(target_os = "linux", target_os = "emscripten", target_os = "redox"))]
pub(super) use libc::__errno_location as errno_location;
#[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
pub(super) use libc::__error as errno_location;
