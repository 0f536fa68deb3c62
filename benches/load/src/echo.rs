//! **How long is a message under way, and how many go through?** Connections that
//! stay, each with one message under way: when all of it is back, the next is
//! sent.
//!
//! A message begins with the connection's number and its own, as far as it is
//! long enough; the rest is the same in all. Every byte that comes back is
//! compared. The clock is read once per message: the moment at which one is
//! complete is the moment at which the next is sent.

use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use mio::net::TcpStream;
use mio::{Events, Token};

use crate::client::{Courier, Stopwatch, hung_up, told};
use crate::plan::{Amount, Findings, Latency, Plan};

/// Bytes that number a message.
const HEADER: usize = 8;

/// The greatest latency that the histogram tells apart, in nanoseconds.
pub(crate) const MOST: u64 = 60_000_000_000;

struct Link {
    stream: TcpStream,
    /// The number of the message under way.
    message: u64,
    sent_at: Instant,
    sent: usize,
    back: usize,
}

/// The messages of all connections: one text, whose header is written anew for
/// whichever message is at hand.
pub(crate) struct Text(Vec<u8>);

impl Text {
    pub(crate) fn new(size: usize) -> Self {
        Self((0..size).map(|at| (at * 31 + 7) as u8).collect())
    }

    pub(crate) fn of(&mut self, connection: usize, message: u64) -> &[u8] {
        let header = ((connection as u64) << 40 | message & 0xff_ffff_ffff).to_le_bytes();
        let length = HEADER.min(self.0.len());
        self.0[..length].copy_from_slice(&header[..length]);
        &self.0
    }
}

/// What one part of the work, warm-up or measured, has still to do.
struct Part {
    unsent: u64,
    until: Option<Instant>,
    under_way: usize,
    done: u64,
    latencies: Option<Histogram<u64>>,
}

impl Part {
    fn new(amount: Amount, latencies: Option<Histogram<u64>>) -> Self {
        let (unsent, until) = match amount {
            Amount::Messages(messages) => (messages, None),
            Amount::Time(time) => (u64::MAX, Some(Instant::now() + time)),
        };
        Self {
            unsent,
            until,
            under_way: 0,
            done: 0,
            latencies,
        }
    }

    /// May another message be sent? If so, it is counted.
    fn begin(&mut self, now: Instant) -> bool {
        let may = self.unsent > 0 && self.until.is_none_or(|until| now < until);
        if may {
            self.unsent -= 1;
            self.under_way += 1;
        }
        may
    }

    fn end(&mut self, took: Duration) {
        self.under_way -= 1;
        self.done += 1;
        if let Some(latencies) = &mut self.latencies {
            latencies.saturating_record(took.as_nanos() as u64);
        }
    }
}

struct Echo {
    courier: Courier,
    links: Vec<Link>,
    text: Text,
    buffer: Vec<u8>,
    bytes: u64,
}

pub(crate) fn run(
    plan: &Plan,
    connections: usize,
    size: usize,
    [warm_up, measured]: [Amount; 2],
) -> io::Result<Findings> {
    let courier = Courier::new(plan)?;
    let link = |number| {
        Ok(Link {
            stream: courier.connect(plan.server, Token(number))?,
            message: 0,
            sent_at: Instant::now(),
            sent: size,
            back: size,
        })
    };
    let links = (0..connections).map(link).collect::<io::Result<_>>()?;
    let mut echo = Echo {
        courier,
        links,
        text: Text::new(size),
        // Room for a message and more, so that a full read is rare.
        buffer: vec![0; (2 * size).clamp(4096, 65_536)],
        bytes: 0,
    };
    echo.go_through(Part::new(warm_up, None))?;

    let latencies = Histogram::new_with_bounds(1, MOST, 3).expect("fixed bounds");
    let stopwatch = Stopwatch::start(plan.process)?;
    let part = echo.go_through(Part::new(measured, Some(latencies)))?;
    Ok(Findings {
        latency: part.latencies.as_ref().map(latency),
        bytes: echo.bytes,
        ..stopwatch.stop(part.done)?
    })
}

pub(crate) fn latency(of: &Histogram<u64>) -> Latency {
    let at = |quantile| Duration::from_nanos(of.value_at_quantile(quantile));
    Latency {
        least: Duration::from_nanos(of.min()),
        p50: at(0.5),
        p99: at(0.99),
        p999: at(0.999),
        most: Duration::from_nanos(of.max()),
    }
}

impl Echo {
    fn go_through(&mut self, mut part: Part) -> io::Result<Part> {
        let mut events = Events::with_capacity(1024);
        for number in 0..self.links.len() {
            self.send_next(number, Instant::now(), &mut part)?;
        }
        while part.under_way > 0 {
            self.courier.wait(&mut events)?;
            for event in &events {
                self.serve(event.token().0, &mut part)
                    .map_err(|error| match error.kind() {
                        ErrorKind::UnexpectedEof | ErrorKind::InvalidData => error,
                        _ => told(error, &format!("connection {}", event.token().0)),
                    })?;
            }
        }
        Ok(part)
    }

    fn send_next(&mut self, number: usize, now: Instant, part: &mut Part) -> io::Result<()> {
        if part.begin(now) {
            let link = &mut self.links[number];
            link.message += 1;
            link.sent_at = now;
            (link.sent, link.back) = (0, 0);
            self.send(number)?;
        }
        Ok(())
    }

    /// Sends what is left of the message, as far as the kernel takes it.
    fn send(&mut self, number: usize) -> io::Result<()> {
        let link = &mut self.links[number];
        let text = self.text.of(number, link.message);
        while link.sent < text.len() {
            match link.stream.write(&text[link.sent..]) {
                Ok(sent) => link.sent += sent,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn serve(&mut self, number: usize, part: &mut Part) -> io::Result<()> {
        self.send(number)?;
        loop {
            let link = &mut self.links[number];
            let got = match link.stream.read(&mut self.buffer) {
                Ok(0) => return Err(hung_up(number, part.done)),
                Ok(got) => got,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.bytes += got as u64;
            let text = self.text.of(number, link.message);
            let expected = text.get(link.back..link.back + got);
            if expected != Some(&self.buffer[..got]) {
                return Err(not_the_same(number));
            }
            link.back += got;
            if link.back == text.len() {
                let now = Instant::now();
                part.end(now - link.sent_at);
                self.send_next(number, now, part)?;
            }
            // A short read has emptied the socket; what comes has a new edge.
            if got < self.buffer.len() {
                return Ok(());
            }
        }
    }
}

pub(crate) fn not_the_same(connection: usize) -> io::Error {
    io::Error::new(
        ErrorKind::InvalidData,
        format!("connection {connection} sent back other bytes than it was sent"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_differ_by_connection_and_number_and_short_ones_end_early() {
        let mut text = Text::new(64);
        let first = text.of(1, 1).to_vec();
        assert_ne!(first, text.of(2, 1));
        assert_ne!(first, text.of(1, 2));
        assert_eq!(first, text.of(1, 1));
        assert_eq!(Text::new(1).of(7, 9), [9]);
    }

    #[test]
    fn a_part_ends_by_number_or_by_time() {
        let now = Instant::now();
        let mut counted = Part::new(Amount::Messages(2), None);
        assert!(counted.begin(now) && counted.begin(now) && !counted.begin(now));
        assert_eq!(counted.under_way, 2);
        let mut timed = Part::new(Amount::Time(Duration::from_secs(1)), None);
        assert!(timed.begin(now) && !timed.begin(now + Duration::from_secs(2)));
    }

    #[test]
    fn quantiles_are_in_order() {
        let mut histogram = Histogram::new_with_bounds(1, MOST, 3).unwrap();
        (1..=1000u64).for_each(|us| histogram.record(us * 1000).unwrap());
        let Latency {
            least,
            p50,
            p99,
            p999,
            most,
        } = latency(&histogram);
        assert!(least < p50 && p50 < p99 && p99 < p999 && p999 <= most);
        let off = p99.abs_diff(Duration::from_micros(990));
        assert!(off < Duration::from_micros(2), "{p99:?}");
    }
}
