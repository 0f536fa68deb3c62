//! **What does a server do to people who come when they like?** Requests arrive at
//! a fixed rate, whether those before them are answered or not; each is timed from
//! the moment at which it was due.
//!
//! A client that sends the next request when it has the last answer waits with its
//! server: one that is slow gets fewer requests, and the waiting that others would
//! have done meanwhile is in no number (*coordinated omission*, Gil Tene, whose
//! histogram this is). Here a request that can't leave, because every connection is
//! taken or because this client is late, is already waiting, and its time counts.
//!
//! ```text
//!   due ──────────► waiting ──────────► under way ──────────► answered, or failed
//!   start + n/rate   no connection is    on a connection       histogram: from due
//!                    free                of its own
//! ```
//!
//! A connection is opened when a request needs one, and kept for the next where the
//! server agrees. Every request ends in one of two ways and is counted: an answer
//! that is the one expected, to the byte, or a failure, by what it was. A failed
//! request is not in the histogram: its time would be that of something else.
//!
//! Only what makes all the rest pointless is an error: nobody listens any more, or
//! nothing at all is heard for longer than the server may take.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use serde::{Deserialize, Serialize};
use slab::Slab;

use crate::alarm::Alarm;
use crate::client::Stopwatch;
use crate::echo::latency;
use crate::machine::need_open_files;
use crate::plan::Latency;

/// Requests at a fixed rate, against an HTTP server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Arrivals {
    /// Where it listens.
    pub server: SocketAddr,
    /// The process whose CPU time is the server's.
    pub process: u32,
    /// Requests that are due each second.
    pub rate: f64,
    /// How many there are in all.
    pub requests: u64,
    /// The most connections at once.
    pub connections: usize,
    /// For how long the server may say nothing while it owes an answer.
    pub patience: Duration,
    /// What is asked for, in turn.
    pub targets: Vec<Target>,
}

/// Something to ask for, and what it is to be answered with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    pub path: String,
    pub body: String,
}

/// What became of all the requests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Served {
    pub sent: u64,
    /// With status 200 and the body that was expected.
    pub answered: u64,
    /// By what happened: how many.
    pub failures: Vec<(Failure, u64)>,
    /// From the moment at which the first was due to the last answer.
    pub wall: Duration,
    /// From the first answer to the last.
    pub answering: Duration,
    /// Of those answered, from the moment at which each was due.
    pub latency: Option<Latency>,
    pub server_cpu: Duration,
    pub client_cpu: Duration,
}

/// Why a request was not answered as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// It has another status, or another body: the status, and what it says.
    Answer(u16, String),
    /// The connection ended before the answer did.
    Closed,
    /// What came is no HTTP.
    Foreign,
    /// The socket's error.
    Socket(String),
}

impl Served {
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failures.iter().map(|(_, times)| times).sum()
    }

    /// Answers a second, while answers came.
    #[must_use]
    pub fn rate(&self) -> f64 {
        // The first one marks the beginning, and is not one of those that came since.
        let since = self.answered.saturating_sub(1) as f64;
        let seconds = self.answering.as_secs_f64();
        if seconds > 0.0 { since / seconds } else { 0.0 }
    }
}

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
    first_answer: Option<Instant>,
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
        first_answer: None,
        last_answer: None,
        latencies: Histogram::new_with_bounds(1, MOST, 3).expect("fixed bounds"),
        served: Served::default(),
    };
    client.go_through(&alarm)?;
    let found = stopwatch.stop(client.served.answered)?;
    let mut served = client.served;
    if let (Some(first), Some(last)) = (client.first_answer, client.last_answer) {
        served.wall = last - client.began;
        served.answering = last - first;
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
        self.first_answer.get_or_insert(now);
        self.last_answer = Some(now);
        self.served.answered += 1;
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

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::net::{TcpListener, TcpStream};
    use std::thread;

    use super::*;

    /// A server that lets in one at a time, and does this with each.
    fn serve(each: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let address = listener.local_addr().expect("bound");
        thread::spawn(move || {
            for stream in listener.incoming() {
                each(stream.expect("a guest"));
            }
        });
        address
    }

    /// The path that is asked for next; `None` at the end.
    fn asked(stream: &TcpStream) -> Option<String> {
        let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
        let path = lines.next()?.split(' ').nth(1)?.to_owned();
        let _rest = lines.take_while(|line| !line.is_empty()).count();
        Some(path)
    }

    fn plan(server: SocketAddr, rate: f64, requests: u64, connections: usize) -> Arrivals {
        let target = |name: &str| Target {
            path: format!("/{name}"),
            body: name.to_owned(),
        };
        Arrivals {
            server,
            process: std::process::id(),
            rate,
            requests,
            connections,
            patience: Duration::from_secs(20),
            targets: ["one", "two"].map(target).into(),
        }
    }

    fn answer(mut stream: &TcpStream, more: &str, body: &str) {
        let length = body.len();
        let _ = write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n{more}\r\n{body}"
        );
    }

    #[test]
    fn a_connection_is_used_again() {
        // Whoever came second would never be answered.
        let server = serve(|stream| {
            while let Some(path) = asked(&stream) {
                answer(&stream, "", &path[1..]);
            }
        });
        let served = run(&plan(server, 2_000.0, 40, 1)).unwrap();
        assert_eq!((served.sent, served.answered), (40, 40));
        assert_eq!(served.failures, []);
        // The last one is due after 39 of 2,000 parts of a second.
        assert!(served.wall >= Duration::from_micros(19_500), "{served:?}");
    }

    #[test]
    fn a_request_waits_from_the_moment_at_which_it_was_due() {
        const EACH: Duration = Duration::from_millis(5);
        let server = serve(|stream| {
            let path = asked(&stream).expect("a request");
            thread::sleep(EACH);
            answer(&stream, "connection: close\r\n", &path[1..]);
        });
        // All are due within a millisecond; the tenth has nine before it. A client
        // that waited with its server would say that each took 5 ms.
        let served = run(&plan(server, 10_000.0, 10, 1)).unwrap();
        assert_eq!(served.answered, 10);
        let latency = served.latency.expect("answers");
        let rounding = Duration::from_micros(100);
        assert!(latency.most + rounding >= 10 * EACH - Duration::from_millis(1));
        assert!(latency.p50 + rounding >= 5 * EACH - Duration::from_millis(1));
        assert!(latency.p50 <= latency.p99 && latency.p99 <= latency.p999);
        assert!(served.rate() <= 200.0, "{}", served.rate());
    }

    #[test]
    fn what_fails_is_counted_by_what_it_was() {
        let turns = std::sync::atomic::AtomicUsize::new(0);
        let server = serve(move |mut stream| {
            let path = asked(&stream).expect("a request");
            let close = "connection: close\r\n";
            match turns.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
                0 => answer(&stream, close, &path[1..]),
                1 | 5 => answer(&stream, close, "something else"),
                2 => drop(stream.write_all(b"HTTP/1.1 504 Gateway Timeout\r\n\r\nlate")),
                3 => drop(stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf")),
                _ => drop(stream.write_all(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")),
            }
        });
        let served = run(&plan(server, 1_000.0, 6, 1)).unwrap();
        assert_eq!((served.sent, served.answered, served.failed()), (6, 1, 5));
        let failures = [
            (Failure::Answer(200, "something else".to_owned()), 2),
            (Failure::Answer(504, "late".to_owned()), 1),
            (Failure::Closed, 1),
            (Failure::Foreign, 1),
        ];
        assert_eq!(served.failures, failures);
    }

    #[test]
    fn a_server_that_is_gone_or_silent_is_an_error() {
        let gone = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a port");
        let said = run(&plan(gone, 100.0, 1, 1)).unwrap_err().to_string();
        assert!(said.contains("the server is gone"), "{said}");

        let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
        let mut plan = plan(silent.local_addr().expect("bound"), 1_000.0, 3, 2);
        plan.patience = Duration::from_millis(20);
        let said = run(&plan).unwrap_err().to_string();
        assert!(said.contains("said nothing for 0.0 s"), "{said}");
        assert!(said.contains("owes 3 answers"), "{said}");
    }
}
