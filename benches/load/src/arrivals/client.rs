//! **How does one thread keep the hours of so many requests?** An [`Alarm`] rings when the
//! next is due; whatever is due and has no connection stands in a queue. A connection is
//! sent on, read and settled whenever there is news of it.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

use super::pace::Pace;
use super::{Arrivals, Failure, Served};
use crate::alarm::Alarm;
use crate::client::Stopwatch;
use crate::echo::latency;
use crate::machine::need_open_files;

/// The longest latency that the histogram tells apart, in nanoseconds: an hour.
const MOST: u64 = 3_600_000_000_000;

/// What a failure's body is cut to.
const WORDS: usize = 300;

/// An answer is to be no longer than this.
const LONGEST: usize = 1 << 20;

const ALARM: Token = Token(usize::MAX);

/// A connection.
struct Link {
    stream: TcpStream,
    /// The request under way.
    number: Option<u64>,
    unsent: Vec<u8>,
    got: Vec<u8>,
    /// The other side has said its last.
    ended: bool,
}

/// An answer, when all of it is there.
struct Answer {
    status: u16,
    body: String,
    /// May the connection be used again?
    stays: bool,
}

struct Client<'a> {
    plan: &'a Arrivals,
    poll: Poll,
    began: Instant,
    links: Slab<Link>,
    idle: Vec<usize>,
    /// How many requests have become due.
    due: u64,
    waiting: VecDeque<u64>,
    pace: Pace,
    last_answer: Option<Instant>,
    latencies: Histogram<u64>,
    served: Served,
}

/// Does what the plan says, on the calling thread.
///
/// # Errors
///
/// A sentence: nobody listens, or it falls silent; or there are too few files for so
/// many connections.
pub fn run(plan: &Arrivals) -> io::Result<Served> {
    need_open_files(plan.connections)?;
    let poll = Poll::new()?;
    let alarm = Alarm::new(poll.registry(), ALARM)?;
    let stopwatch = Stopwatch::start(plan.process)?;
    let mut client = Client {
        plan,
        poll,
        began: Instant::now(),
        links: Slab::new(),
        idle: Vec::new(),
        due: 0,
        waiting: VecDeque::new(),
        pace: Pace::of(plan.requests),
        last_answer: None,
        latencies: Histogram::new_with_bounds(1, MOST, 3).expect("fixed bounds"),
        served: Served::default(),
    };
    client.go_through(&alarm)?;
    let found = stopwatch.stop(client.served.answered)?;
    let mut served = client.served;
    if let Some(last) = client.last_answer {
        served.wall = last - client.began;
        served.rate = served.answered as f64 / served.wall.as_secs_f64();
        if let Some(rate) = client.pace.rate() {
            served.rate = rate.each_second;
            served.uncertainty = rate.uncertainty;
        }
        served.latency = Some(latency(&client.latencies));
    } else {
        served.wall = found.wall;
    }
    (served.server_cpu, served.client_cpu) = (found.server_cpu, found.client_cpu);
    Ok(served)
}

impl Client<'_> {
    /// The moment at which a request is due.
    fn moment(&self, number: u64) -> Instant {
        self.began + Duration::from_secs_f64(number as f64 / self.plan.rate)
    }

    fn go_through(&mut self, alarm: &Alarm) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        let mut heard = Instant::now();
        loop {
            let now = Instant::now();
            while self.due < self.plan.requests && self.moment(self.due) <= now {
                self.waiting.push_back(self.due);
                self.due += 1;
            }
            self.send_waiting()?;
            let settled = self.served.answered + self.served.failed();
            if settled == self.plan.requests {
                return Ok(());
            }
            if settled == self.due {
                heard = now; // nothing is owed
            }
            if self.due < self.plan.requests {
                alarm.set(self.moment(self.due))?;
            }
            let left = self.plan.patience.saturating_sub(heard.elapsed());
            if left.is_zero() {
                let seconds = self.plan.patience.as_secs_f64();
                let owed = self.due - settled;
                return Err(io::Error::other(format!(
                    "the server has said nothing for {seconds:.1} s, and owes {owed} answers"
                )));
            }
            match self.poll.poll(&mut events, Some(left)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            for event in events.iter().filter(|event| event.token() != ALARM) {
                heard = Instant::now();
                self.hear(event.token().0)?;
            }
        }
    }

    /// Sends what waits, as far as there are connections.
    fn send_waiting(&mut self) -> io::Result<()> {
        while let Some(&number) = self.waiting.front() {
            let Some(key) = self.connection()? else {
                return Ok(());
            };
            self.waiting.pop_front();
            let target = &self.plan.targets[number as usize % self.plan.targets.len()];
            let (path, server) = (&target.path, self.plan.server);
            let link = &mut self.links[key];
            link.number = Some(number);
            link.unsent = format!(
                "GET {path} HTTP/1.1\r\nhost: {server}\r\naccept: application/json\r\n\r\n"
            )
            .into_bytes();
            self.served.sent += 1;
            self.hear(key)?;
        }
        Ok(())
    }

    /// One that is free, or new.
    fn connection(&mut self) -> io::Result<Option<usize>> {
        if let Some(key) = self.idle.pop() {
            return Ok(Some(key));
        }
        if self.links.len() == self.plan.connections {
            return Ok(None);
        }
        let mut stream = TcpStream::connect(self.plan.server)?;
        stream.set_nodelay(true)?;
        let entry = self.links.vacant_entry();
        let key = entry.key();
        let both = Interest::READABLE | Interest::WRITABLE;
        self.poll
            .registry()
            .register(&mut stream, Token(key), both)?;
        entry.insert(Link {
            stream,
            number: None,
            unsent: Vec::new(),
            got: Vec::new(),
            ended: false,
        });
        Ok(Some(key))
    }

    /// Sends, reads, and settles a request that has its end.
    fn hear(&mut self, key: usize) -> io::Result<()> {
        let Some(link) = self.links.get_mut(key) else {
            return Ok(()); // news of one that was closed a moment ago
        };
        let outcome = match link.advance() {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                let server = self.plan.server;
                return Err(io::Error::new(
                    error.kind(),
                    format!("nobody listens on {server}: the server is gone"),
                ));
            }
            Err(error) if is_hung_up(&error) => Some(Err(Failure::Closed)),
            Err(error) => Some(Err(Failure::Socket(error.to_string()))),
            Ok(()) => match parse(&link.got, link.ended) {
                Ok(None) if link.ended => Some(Err(Failure::Closed)),
                Ok(answer) => answer.map(Ok),
                Err(failure) => Some(Err(failure)),
            },
        };
        let number = link.number;
        match (outcome, number) {
            (None, _) => {}
            (Some(Ok(answer)), Some(number)) => {
                if answer.stays && !link.ended {
                    link.got.clear();
                    link.number = None;
                    self.idle.push(key);
                } else {
                    self.links.remove(key);
                }
                self.answered(number, answer);
            }
            // An idle connection has ended, or speaks unasked: it is of no use.
            (Some(_), None) => {
                self.idle.retain(|idle| *idle != key);
                self.links.remove(key);
            }
            (Some(Err(failure)), Some(_)) => {
                self.links.remove(key);
                self.failed(failure);
            }
        }
        Ok(())
    }

    fn answered(&mut self, number: u64, answer: Answer) {
        let target = &self.plan.targets[number as usize % self.plan.targets.len()];
        if answer.status != 200 || answer.body != target.body {
            let words = answer.body.chars().take(WORDS).collect();
            return self.failed(Failure::Answer(answer.status, words));
        }
        let now = Instant::now();
        let took = now - self.moment(number);
        self.latencies.saturating_record(took.as_nanos() as u64);
        self.last_answer = Some(now);
        self.served.answered += 1;
        self.pace.answered(now);
    }

    fn failed(&mut self, failure: Failure) {
        let failures = &mut self.served.failures;
        match failures.iter_mut().find(|(known, _)| *known == failure) {
            Some((_, times)) => *times += 1,
            None => failures.push((failure, 1)),
        }
    }
}

fn is_hung_up(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted
    )
}

impl Link {
    /// Sends what is unsent and reads what has come, as far as the kernel lets it.
    fn advance(&mut self) -> io::Result<()> {
        if let Some(error) = self.stream.take_error()? {
            return Err(error);
        }
        while !self.unsent.is_empty() {
            match self.stream.write(&self.unsent) {
                Ok(sent) => drop(self.unsent.drain(..sent)),
                // It is not connected yet.
                Err(error) if error.kind() == ErrorKind::NotConnected => return Ok(()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let mut buffer = [0; 4096];
        while self.got.len() < LONGEST {
            match self.stream.read(&mut buffer) {
                Ok(0) => {
                    self.ended = true;
                    return Ok(());
                }
                Ok(got) => self.got.extend_from_slice(&buffer[..got]),
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::NotConnected
                    ) =>
                {
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("the answer goes on and on"))
    }
}

/// The answer in these bytes, if all of it is there. Without a length it is as long as
/// the connection.
fn parse(bytes: &[u8], ended: bool) -> Result<Option<Answer>, Failure> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut headers);
    let head = match response.parse(bytes) {
        Ok(httparse::Status::Complete(head)) => head,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(Failure::Foreign),
    };
    let header = |name: &str| {
        let found = response
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name));
        found.map(|header| String::from_utf8_lossy(header.value).to_ascii_lowercase())
    };
    let body = &bytes[head..];
    let length = match header("content-length") {
        Some(length) => length.parse().map_err(|_| Failure::Foreign)?,
        None if ended => body.len(),
        None => return Ok(None),
    };
    if body.len() < length {
        return Ok(None);
    }
    if body.len() > length {
        return Err(Failure::Foreign);
    }
    Ok(Some(Answer {
        status: response.code.expect("it is complete"),
        body: String::from_utf8_lossy(body).into_owned(),
        stays: header("connection").as_deref() != Some("close"),
    }))
}
