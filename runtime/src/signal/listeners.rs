//! **Who hears of a signal?** Every [`Listener`] of it, in whatever runtime, as
//! soon as one runtime's ear has read the socket.
//!
//! Each signal has a [`Line`]: how often it was announced, and who waits. A listener
//! remembers the number that it last heard; a higher one is news. To wait, it
//! stands in line with its waker.
//!
//! An [`Ear`] is a source in its runtime's driver like any other, but the waker that
//! waits for it is no task's: it is the ear itself. Woken, in the driver's turn, it
//! reads what is there, announces, and waits again.
//!
//! ```text
//!  open ─► Pending ──► woken by the driver ─► read until empty ─► announce ─┐
//!             ▲                                    │                        │
//!             └────────────────────────────────────┼────────────────────────┘
//!                                                  └─ fails, or ends: close
//! ```
//!
//! It closes when the driver is gone, or if somebody closed the socket behind our
//! back. All ears read the process's one socket, each by its own poll set: to open
//! one takes no descriptor, and so can hardly fail.
//!
//! Invariants:
//!
//! - A listener's record is queued, or there is news for it. So an announcement
//!   reaches who waits, and who looks later.
//! - There is one ear per runtime at most, from its first listener to its end. It is
//!   kept then, because `ctrl_c()` in a loop's `select!` makes a listener per turn.
//! - A listener sees to it, at each poll, that the runtime that polls it has an ear:
//!   it may have been made in another, which nobody drives now, or the ear may have
//!   closed. Where none can be opened it waits for what the others hear.
//! - Wakers are cloned, woken and dropped without a lock held.
//!
//! Read next: `sync/wait_list.rs`.

use std::io::{self, ErrorKind, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker, ready};

use libc::c_int;
use mio::unix::SourceFd;

use super::handler::{self, SIGNALS};
use crate::driver::DriverHandle;
use crate::handle::{self, Id};
use crate::io::{Interest, Registered};
use crate::loom::unmodelled::Mutex;
use crate::sync::wait_list::{Key, WaitList};
use crate::task::coop;
use crate::util::wake_batch::WakeBatch;

/// By the number of the signal.
static LINES: [Mutex<Line>; SIGNALS] = [const {
    Mutex::new(Line {
        announced: 0,
        waiters: WaitList::new(),
    })
}; SIGNALS];

static EARS: Mutex<Vec<Arc<Ear>>> = Mutex::new(Vec::new());

/// Who waits for one signal.
struct Line {
    /// Announcements so far.
    announced: u64,
    waiters: WaitList<()>,
}

/// Tells every listener of each signal that came.
fn announce() {
    let mut batch = WakeBatch::new();
    for signal in handler::take_marks() {
        let mut line = LINES[signal].lock();
        line.announced += 1;
        while let Some((waker, ())) = line.waiters.pop_front() {
            batch.push(waker);
        }
    }
    batch.wake_all();
}

/// Hears one signal.
pub(super) struct Listener {
    line: &'static Mutex<Line>,
    /// The announcement that it last heard of.
    heard: u64,
    /// Its record, while it waits.
    place: Option<Key>,
}

impl Listener {
    /// Hears the signal from now on, through the current runtime.
    ///
    /// # Errors
    ///
    /// For a signal that can't be listened to, and the operating system's.
    ///
    /// # Panics
    ///
    /// Outside of a runtime, or in one without I/O enabled.
    #[track_caller]
    pub(super) fn new(signal: c_int) -> io::Result<Self> {
        open_ear()?;
        handler::install(signal)?;
        let line = &LINES[signal as usize];
        let heard = line.lock().announced;
        Ok(Self {
            line,
            heard,
            place: None,
        })
    }

    /// Ready if the signal came since this was last ready.
    pub(super) fn poll_hear(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let budget = ready!(coop::poll_proceed(cx));
        listen_here();
        let waker = cx.waker().clone();
        let mut line = self.line.lock();
        if line.announced != self.heard {
            self.heard = line.announced;
            if let Some(key) = self.place.take() {
                line.waiters.remove(key); // popped: no waker is in it
            }
            drop(line);
            budget.made_progress();
            return Poll::Ready(());
        }
        let stale = match self.place {
            Some(key) => Some(line.waiters.set_waker(key, waker)),
            None => {
                self.place = Some(line.waiters.push_back(waker, ()));
                None
            }
        };
        drop(line);
        drop(stale);
        Poll::Pending
    }
}

/// Has the runtime that polls a listener hear signals, if it can.
fn listen_here() {
    let has_io = |driver: &Arc<DriverHandle>| driver.has_io();
    let can = handle::with_current(|handle| handle.home().driver.as_ref().is_some_and(has_io));
    if matches!(can, Ok(true)) {
        // If this fails, the next poll tries again.
        let _ = open_ear();
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(key) = self.place.take() {
            let removed = self.line.lock().waiters.remove(key);
            drop(removed); // a waker, and the lock is released
        }
    }
}

/// One runtime's hearing.
struct Ear {
    runtime: Id,
    socket: &'static UnixStream,
    registered: Registered<SourceFd<'static>>,
}

/// Has the current runtime hear signals, unless it does.
#[track_caller]
fn open_ear() -> io::Result<()> {
    let runtime = handle::Handle::current().id();
    let mut ears = EARS.lock();
    if ears.iter().any(|ear| ear.runtime == runtime) {
        return Ok(());
    }
    let (socket, fd) = handler::outer_end()?;
    let ear = Arc::new(Ear {
        runtime,
        socket,
        registered: Registered::with_interest(SourceFd(fd), Interest::READABLE)?,
    });
    ears.push(ear.clone());
    drop(ears);
    ear.listen();
    Ok(())
}

impl Ear {
    /// Takes what there is, announces it, and waits for more.
    fn listen(self: Arc<Self>) {
        let waker = Waker::from(self.clone());
        let mut cx = Context::from_waker(&waker);
        let mut bytes = [0; 64];
        let mut socket = self.socket;
        let Drained { heard, ended } = drain(|| {
            coop::with_unconstrained(|| {
                self.registered
                    .poll_read_io(&mut cx, || socket.read(&mut bytes))
            })
        });
        if ended {
            self.close();
        }
        if heard {
            announce();
        }
    }

    /// Hears no more. Whoever listens in this runtime and is polled, opens another.
    fn close(&self) {
        let mut ears = EARS.lock();
        let closed = ears
            .iter()
            .position(|ear| ear.runtime == self.runtime)
            .map(|index| ears.swap_remove(index));
        drop(ears);
        drop(closed);
    }
}

/// What reading until there was nothing brought.
#[derive(Debug, PartialEq)]
pub(super) struct Drained {
    /// A byte, at least.
    pub(super) heard: bool,
    /// Nobody waits for more: there is none, or it can't be read.
    pub(super) ended: bool,
}

/// Reads until it has to wait, or can't.
pub(super) fn drain(mut read: impl FnMut() -> Poll<io::Result<usize>>) -> Drained {
    let mut heard = false;
    let ended = loop {
        match read() {
            Poll::Ready(Ok(1..)) => heard = true,
            Poll::Ready(Err(e)) if e.kind() == ErrorKind::Interrupted => {}
            Poll::Ready(Ok(0) | Err(_)) => break true,
            Poll::Pending => break false,
        }
    };
    Drained { heard, ended }
}

impl Wake for Ear {
    fn wake(self: Arc<Self>) {
        self.listen();
    }
}

/// How many ears a runtime has.
#[cfg(all(test, not(loom)))]
pub(super) fn ears_of(runtime: Id) -> usize {
    let ears = EARS.lock();
    ears.iter().filter(|ear| ear.runtime == runtime).count()
}

/// Closes a runtime's ear, as when it can't read.
#[cfg(all(test, not(loom)))]
pub(super) fn close_ear_of(runtime: Id) {
    let ears = EARS.lock();
    let ear = ears.iter().find(|ear| ear.runtime == runtime).cloned();
    drop(ears);
    let ear = ear.expect("it has one");
    // Woken, the ear is no waker of the driver's any more: put another in its place.
    let poll = ear
        .registered
        .poll_read_ready(&mut Context::from_waker(Waker::noop()));
    assert!(poll.is_pending());
    ear.close();
}
