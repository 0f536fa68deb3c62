//! **How is a server measured from outside?** By one thread over mio, which keeps
//! messages under way and looks at the clock once per message.
//!
//! [`run`] does a plan from its first connection to its findings. A [`Stopwatch`]
//! reads the wall clock and the CPU clocks of both processes, so that nothing
//! but the measured part is in the findings. A [`Courier`] waits for news, and
//! sees to it that a server that has gone silent is an error, and not a client
//! that waits forever.
//!
//! A server that is apart ([`Placement`](crate::Placement)) meets a client that
//! does not sleep. A client that slept would be woken by the server's writes, and
//! the server would pay for that, most on a virtual machine. Only when there was
//! no news for a millisecond, which means that the server's core is somebody
//! else's at the moment, does it give its own away too.
//!
//! In `echo.rs` each message is under way alone on its connection, so more load
//! means more connections, and a slow server is asked less often. In `paced.rs`
//! messages come at times of their own, whether it has answered or not.
//! In `arrivals` it is requests to a server of HTTP that do.
//!
//! Read next: `echo.rs`.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant, SystemTime};

use mio::net::TcpStream;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

use crate::machine::{CpuClock, need_open_files};
use crate::plan::{Findings, Plan, Work};
use crate::{bulk, churn, echo, paced};

/// How long a server may say nothing at all.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a client that does not sleep asks in vain before it does.
const AWHILE: Duration = Duration::from_millis(1);

/// Does what the plan says, on the calling thread.
///
/// # Errors
///
/// A sentence: the server can't be reached, goes away, falls silent or sends back
/// something else; or there are too few files for so many connections.
pub fn run(plan: &Plan) -> io::Result<Findings> {
    need_open_files(plan.work.connections())?;
    let _pinned = plan.placement.pin_client()?;
    match plan.work {
        Work::Echo {
            connections,
            size,
            warm_up,
            measured,
        } => echo::run(plan, connections, size, [warm_up, measured]),
        Work::Paced {
            connections,
            size,
            rate,
            warm_up,
            measured,
        } => paced::run(plan, connections, size, rate, [warm_up, measured]),
        Work::Churn {
            at_once,
            size,
            warm_up,
            measured,
        } => churn::run(plan, at_once, size, [warm_up, measured]),
        Work::Bulk { warm_up, measured } => bulk::run(plan, [warm_up, measured]),
        Work::Idle { connections } => bulk::idle(plan, connections),
    }
}

/// The clocks of a measured part.
pub(crate) struct Stopwatch {
    server: CpuClock,
    client: CpuClock,
    began: (Instant, Duration, Duration),
    at: SystemTime,
}

impl Stopwatch {
    /// Of a server in this process.
    pub(crate) fn start(server: u32) -> io::Result<Self> {
        Self::start_at(Instant::now(), server)
    }

    /// The same, with a wall clock that began at `due`, for one who may come late. The
    /// CPU clocks begin now.
    pub(crate) fn start_at(due: Instant, server: u32) -> io::Result<Self> {
        let server = CpuClock::of(server)?;
        let client = CpuClock::of(std::process::id())?;
        Ok(Self {
            server,
            client,
            at: SystemTime::now() - due.elapsed(),
            began: (due, server.now()?, client.now()?),
        })
    }

    pub(crate) fn stop(self, operations: u64) -> io::Result<Findings> {
        let (began, server, client) = self.began;
        Ok(Findings {
            began: Some(self.at),
            operations,
            wall: began.elapsed(),
            server_cpu: self.server.now()? - server,
            client_cpu: self.client.now()? - client,
            ..Findings::default()
        })
    }
}

/// Waits for news of connections.
pub(crate) struct Courier {
    poll: Poll,
    spins: bool,
    /// Since when there is no news; the clock is read only while there is none.
    silent_since: Option<Instant>,
}

/// The name under which an alarm is news.
pub(crate) const ALARM: Token = Token(usize::MAX);

/// Ends a courier's wait at a moment, to the microsecond: the poll's own timeout
/// knows milliseconds.
pub(crate) struct Alarm(TimerFd);

impl Alarm {
    pub(crate) fn set(&self, at: Instant) -> io::Result<()> {
        // Nothing at all would be no alarm.
        let after = at
            .saturating_duration_since(Instant::now())
            .max(Duration::from_nanos(1));
        let once = Expiration::OneShot(TimeSpec::from_duration(after));
        Ok(self.0.set(once, TimerSetTimeFlags::empty())?)
    }
}

impl Courier {
    /// An alarm that this courier hears. It is never read: setting it anew is enough.
    pub(crate) fn alarm(&self) -> io::Result<Alarm> {
        let flags = TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK;
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?;
        let fd = timer.as_fd().as_raw_fd();
        self.poll
            .registry()
            .register(&mut SourceFd(&fd), ALARM, Interest::READABLE)?;
        Ok(Alarm(timer))
    }

    pub(crate) fn new(plan: &Plan) -> io::Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            spins: plan.placement.spins(),
            silent_since: None,
        })
    }

    /// A connection to `server`, and its news under the name `token`.
    pub(crate) fn connect(&self, server: SocketAddr, token: Token) -> io::Result<TcpStream> {
        let stream = std::net::TcpStream::connect(server)
            .map_err(|error| told(error, &format!("can't connect to {server}")))?;
        self.adopt(stream, token)
    }

    /// Takes a stream that is connected already.
    pub(crate) fn adopt(&self, stream: std::net::TcpStream, token: Token) -> io::Result<TcpStream> {
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        let both = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut stream, token, both)?;
        Ok(stream)
    }

    /// Waits until there is news; or perhaps comes back without any.
    pub(crate) fn wait(&mut self, events: &mut Events) -> io::Result<()> {
        let in_vain = self.silent_since.map(|since| since.elapsed());
        let spin = self.spins && in_vain.is_none_or(|in_vain| in_vain < AWHILE);
        let most = if spin { Duration::ZERO } else { PATIENCE };
        match self.poll.poll(events, Some(most)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            polled => polled?,
        }
        if !events.is_empty() {
            self.silent_since = None;
            return Ok(());
        }
        if spin {
            self.silent_since.get_or_insert_with(Instant::now);
            return Ok(());
        }
        let seconds = PATIENCE.as_secs();
        Err(io::Error::other(format!(
            "the server has said nothing for {seconds} s"
        )))
    }
}

/// The same error with what was being done before it.
pub(crate) fn told(error: io::Error, doing: &str) -> io::Error {
    io::Error::new(error.kind(), format!("{doing}: {error}"))
}

/// What a connection's end in the middle is.
pub(crate) fn hung_up(connection: usize, messages: u64) -> io::Error {
    io::Error::new(
        ErrorKind::UnexpectedEof,
        format!(
            "the server closed connection {connection} in the middle, after {messages} messages of all"
        ),
    )
}
