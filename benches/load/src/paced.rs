//! **How long does a message take that comes when it comes?** Messages are due at
//! even intervals, whether or not those before them are back, on connections in
//! turn.
//!
//! A client that sends the next message only when the last is back takes a load off
//! a slow server just when it is slow, and asks it least often in its worst moments:
//! that is *coordinated omission* (Gil Tene, and his `wrk2`), and its quantiles are
//! too good. Here time counts from the moment at which a message was *due*. What a
//! message waited because the kernel took no more of its connection, or because the
//! client itself came late, is in its time like the server's part: it is what a user
//! would have waited.
//!
//! So there may be several messages under way on one connection, in their order.
//!
//! A client that gets up for each message alone spends more on that than on messages,
//! and takes the core that the server needs. So it sleeps for [`GATHERED`], unless
//! there is news, and then sends all that became due, as a network card gathers what
//! comes before it interrupts anybody. That wait is in a message's time too.
//!
//! ```text
//!   due        1     2     3     4     5 …         every 1 s / rate
//!   sent       1      2────3.4     5               late: the client was busy
//!   back          1           2 3    4   5
//!                             └─ 2's time began when it was due
//! ```
//!
//! Invariant: `back` ≤ `sent` ≤ the bytes of all that were due, on each connection.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use mio::net::TcpStream;
use mio::{Events, Token};

use crate::client::{ALARM, Courier, Stopwatch, hung_up, told};
use crate::echo::{MOST, Text, latency, not_the_same};
use crate::plan::{Findings, Plan};

/// How long a client that has nothing else to do lets messages gather.
const GATHERED: Duration = Duration::from_micros(50);

struct Link {
    stream: TcpStream,
    /// When those that are not yet back were due.
    due: VecDeque<Instant>,
    /// Messages that have been due so far.
    messages: u64,
    /// Bytes of them all.
    sent: u64,
    back: u64,
}

/// When which message is due.
#[derive(Clone, Copy, Debug)]
struct Schedule {
    start: Instant,
    rate: u64,
}

impl Schedule {
    fn due(self, message: u64) -> Instant {
        let nanos = u128::from(message) * 1_000_000_000 / u128::from(self.rate);
        self.start + Duration::from_nanos(nanos as u64)
    }
}

struct Paced {
    courier: Courier,
    links: Vec<Link>,
    text: Text,
    size: u64,
    buffer: Vec<u8>,
    /// Messages of all connections that have not been measured.
    warm_up: u64,
    /// Messages that are back.
    done: u64,
    latencies: Histogram<u64>,
}

pub(crate) fn run(
    plan: &Plan,
    connections: usize,
    size: usize,
    rate: u64,
    [warm_up, measured]: [u64; 2],
) -> io::Result<Findings> {
    if rate == 0 || size == 0 {
        let said = "messages need a rate and a size above zero";
        return Err(io::Error::new(ErrorKind::InvalidInput, said));
    }
    let courier = Courier::new(plan)?;
    let link = |number| {
        Ok(Link {
            stream: courier.connect(plan.server, Token(number))?,
            due: VecDeque::new(),
            messages: 0,
            sent: 0,
            back: 0,
        })
    };
    let links = (0..connections).map(link).collect::<io::Result<_>>()?;
    let paced = Paced {
        courier,
        links,
        text: Text::new(size),
        size: size as u64,
        buffer: vec![0; (2 * size).clamp(4096, 65_536)],
        warm_up,
        done: 0,
        latencies: Histogram::new_with_bounds(1, MOST, 3).expect("fixed bounds"),
    };
    paced.go_through(plan, rate, measured)
}

impl Paced {
    fn go_through(mut self, plan: &Plan, rate: u64, measured: u64) -> io::Result<Findings> {
        let all = self.warm_up + measured;
        let alarm = self.courier.alarm()?;
        let mut events = Events::with_capacity(1024);
        let mut stopwatch = None;
        let schedule = Schedule {
            start: Instant::now(),
            rate,
        };
        let mut next = 0;
        // When the alarm does; it is not set again before.
        let mut rings = schedule.start;
        while self.done < all {
            let now = Instant::now();
            while next < all && schedule.due(next) <= now {
                if next == self.warm_up {
                    stopwatch = Some(Stopwatch::start_at(schedule.due(next), plan.process)?);
                }
                self.begin(next, schedule.due(next))?;
                next += 1;
            }
            if next < all && rings <= now {
                rings = schedule.due(next).max(now + GATHERED);
                alarm.set(rings)?;
            }
            self.courier.wait(&mut events)?;
            for event in events.iter().filter(|event| event.token() != ALARM) {
                let number = event.token().0;
                self.serve(number).map_err(|error| named(error, number))?;
            }
        }
        let stopwatch = match stopwatch {
            Some(stopwatch) => stopwatch,
            None => Stopwatch::start(plan.process)?,
        };
        Ok(Findings {
            latency: Some(latency(&self.latencies)),
            bytes: self.links.iter().map(|link| link.back).sum(),
            ..stopwatch.stop(measured)?
        })
    }

    fn begin(&mut self, message: u64, due: Instant) -> io::Result<()> {
        let number = (message % self.links.len() as u64) as usize;
        let link = &mut self.links[number];
        link.due.push_back(due);
        link.messages += 1;
        self.send(number).map_err(|error| named(error, number))
    }

    /// Sends what is due, as far as the kernel takes it.
    fn send(&mut self, number: usize) -> io::Result<()> {
        let link = &mut self.links[number];
        while link.sent < link.messages * self.size {
            let text = self.text.of(number, link.sent / self.size + 1);
            let rest = &text[(link.sent % self.size) as usize..];
            match link.stream.write(rest) {
                Ok(sent) => link.sent += sent as u64,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn serve(&mut self, number: usize) -> io::Result<()> {
        self.send(number)?;
        loop {
            let got = match self.links[number].stream.read(&mut self.buffer) {
                Ok(0) => return Err(hung_up(number, self.done)),
                Ok(got) => got,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.take_back(number, got)?;
            // A short read has emptied the socket; what comes has a new edge.
            if got < self.buffer.len() {
                return Ok(());
            }
        }
    }

    /// Compares the first `got` bytes of the buffer, of whichever messages they are.
    fn take_back(&mut self, number: usize, got: usize) -> io::Result<()> {
        let now = Instant::now();
        let connections = self.links.len() as u64;
        let link = &mut self.links[number];
        let mut got = &self.buffer[..got];
        if link.back + got.len() as u64 > link.sent {
            return Err(not_the_same(number));
        }
        while !got.is_empty() {
            let message = link.back / self.size;
            let text = self.text.of(number, message + 1);
            let expected = &text[(link.back % self.size) as usize..];
            let length = expected.len().min(got.len());
            if got[..length] != expected[..length] {
                return Err(not_the_same(number));
            }
            got = &got[length..];
            link.back += length as u64;
            if length == expected.len() {
                let due = link.due.pop_front().expect("it was sent, so it was due");
                self.done += 1;
                if message * connections + number as u64 >= self.warm_up {
                    let took = now.saturating_duration_since(due);
                    self.latencies.saturating_record(took.as_nanos() as u64);
                }
            }
        }
        Ok(())
    }
}

fn named(error: io::Error, connection: usize) -> io::Error {
    match error.kind() {
        ErrorKind::UnexpectedEof | ErrorKind::InvalidData => error,
        _ => told(error, &format!("connection {connection}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_due_at_even_intervals_that_add_up() {
        let schedule = Schedule {
            start: Instant::now(),
            rate: 30_000,
        };
        let after = |message| schedule.due(message) - schedule.start;
        assert_eq!(after(0), Duration::ZERO);
        assert_eq!(after(1), Duration::from_nanos(33_333));
        assert_eq!(after(30_000 * 3600), Duration::from_secs(3600), "no drift");
    }
}
