//! **Who keeps a server waiting, without a thread for each wait?** A service that
//! answers every request after a time that the answer names: one thread over mio,
//! and a heap of the answers that are not due yet.
//!
//! It stands for what a server asks before it can answer: a service elsewhere. Like
//! the load client it is nobody's runtime, so that it favours none; it runs in a
//! process of its own, so that its work is not counted as the server's.
//!
//! One request for each connection, which is closed after the answer. It ends when
//! `until` ends: the reading end of a pipe, whose other end is its owner's, and
//! closes with it, whatever becomes of the owner.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use mio::net::{TcpListener, TcpStream};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

use crate::alarm::Alarm;

/// What to answer, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// After the request has come.
    pub after: Duration,
    pub status: u16,
    /// JSON.
    pub body: String,
}

/// A request's head is to be no longer than this.
const LONGEST: usize = 8192;

const LISTENER: Token = Token(usize::MAX);
const UNTIL: Token = Token(usize::MAX - 1);
const ALARM: Token = Token(usize::MAX - 2);

/// Somebody who asks.
struct Guest {
    stream: TcpStream,
    /// Among all that ever came: keys are used again, this is not.
    number: u64,
    got: Vec<u8>,
    /// Once the request is there.
    answer: Option<Answer>,
}

enum Answer {
    NotDue(Reply),
    Sending(Vec<u8>),
}

/// What is to become of a guest.
#[must_use]
enum Next {
    Wait,
    Leave,
}

struct Service<F> {
    poll: Poll,
    listener: TcpListener,
    guests: Slab<Guest>,
    welcomed: u64,
    /// When, who, and their number, the earliest on top. Those who left stay in it
    /// until their time has come.
    due: BinaryHeap<Reverse<(Instant, usize, u64)>>,
    /// Requests that wait for their answer now, and the most at once.
    now: usize,
    most: usize,
    reply: F,
}

/// Answers each request by what `reply` says of its path, until `until` ends. Returns
/// how many requests were waiting at once, at most.
///
/// # Errors
///
/// The kernel's; an error of one connection closes that connection alone.
pub fn serve(
    listener: std::net::TcpListener,
    until: &impl AsRawFd,
    reply: impl FnMut(&str) -> Reply,
) -> io::Result<usize> {
    listener.set_nonblocking(true)?;
    let mut listener = TcpListener::from_std(listener);
    let poll = Poll::new()?;
    let registry = poll.registry();
    registry.register(&mut listener, LISTENER, Interest::READABLE)?;
    registry.register(&mut SourceFd(&until.as_raw_fd()), UNTIL, Interest::READABLE)?;
    let alarm = Alarm::new(registry, ALARM)?;
    let mut service = Service {
        poll,
        listener,
        guests: Slab::new(),
        welcomed: 0,
        due: BinaryHeap::new(),
        now: 0,
        most: 0,
        reply,
    };
    let mut events = Events::with_capacity(1024);
    loop {
        if let Some(&Reverse((moment, ..))) = service.due.peek() {
            alarm.set(moment)?;
        }
        match service.poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            polled => polled?,
        }
        for event in &events {
            match event.token() {
                UNTIL => return Ok(service.most),
                LISTENER => service.welcome()?,
                ALARM => {}
                Token(key) => service.attend(key),
            }
        }
        service.answer_due();
    }
}

impl<F: FnMut(&str) -> Reply> Service<F> {
    fn welcome(&mut self) -> io::Result<()> {
        loop {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => continue,
                Err(error) => return Err(error),
            };
            stream.set_nodelay(true)?;
            let entry = self.guests.vacant_entry();
            let both = Interest::READABLE | Interest::WRITABLE;
            let key = Token(entry.key());
            self.poll.registry().register(&mut stream, key, both)?;
            self.welcomed += 1;
            entry.insert(Guest {
                stream,
                number: self.welcomed,
                got: Vec::new(),
                answer: None,
            });
        }
    }

    fn attend(&mut self, key: usize) {
        let Some(guest) = self.guests.get_mut(key) else {
            return;
        };
        let waited = guest.is_waiting();
        let next = guest.attend(&mut self.reply);
        if let (false, Some(Answer::NotDue(reply))) = (waited, &guest.answer) {
            let moment = Instant::now() + reply.after;
            self.due.push(Reverse((moment, key, guest.number)));
            self.now += 1;
            self.most = self.most.max(self.now);
        }
        if !matches!(next, Ok(Next::Wait)) {
            self.leave(key);
        }
    }

    fn leave(&mut self, key: usize) {
        let guest = self.guests.remove(key);
        self.now -= usize::from(guest.is_waiting());
    }

    fn answer_due(&mut self) {
        let now = Instant::now();
        while let Some(&Reverse((moment, key, number))) = self.due.peek() {
            if moment > now {
                return;
            }
            self.due.pop();
            let guest = self.guests.get_mut(key);
            let Some(guest) = guest.filter(|guest| guest.number == number) else {
                continue; // who left meanwhile
            };
            let Some(Answer::NotDue(reply)) = &guest.answer else {
                continue;
            };
            guest.answer = Some(Answer::Sending(reply.bytes()));
            self.now -= 1;
            if !matches!(guest.send(), Ok(Next::Wait)) {
                self.leave(key);
            }
        }
    }
}

impl Guest {
    /// Is there a request whose answer is not due?
    fn is_waiting(&self) -> bool {
        matches!(self.answer, Some(Answer::NotDue(_)))
    }

    /// Reads what has come, and sends what is due.
    fn attend(&mut self, reply: &mut impl FnMut(&str) -> Reply) -> io::Result<Next> {
        if matches!(self.answer, Some(Answer::Sending(_))) {
            return self.send();
        }
        let mut buffer = [0; 1024];
        loop {
            match self.stream.read(&mut buffer) {
                // Who does not wait for the answer needs none.
                Ok(0) => return Ok(Next::Leave),
                Ok(got) if self.got.len() < LONGEST => self.got.extend_from_slice(&buffer[..got]),
                Ok(_) => return Ok(Next::Leave),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if self.answer.is_none() {
            let mut headers = [httparse::EMPTY_HEADER; 32];
            let mut request = httparse::Request::new(&mut headers);
            match request.parse(&self.got) {
                Ok(httparse::Status::Partial) => {}
                Ok(httparse::Status::Complete(_)) => {
                    let path = request.path.expect("it is complete");
                    self.answer = Some(Answer::NotDue(reply(path)));
                }
                Err(_) => return Ok(Next::Leave),
            }
        }
        Ok(Next::Wait)
    }

    fn send(&mut self) -> io::Result<Next> {
        let Some(Answer::Sending(bytes)) = &mut self.answer else {
            return Ok(Next::Wait);
        };
        while !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(sent) => drop(bytes.drain(..sent)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Next::Wait),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Next::Leave)
    }
}

impl Reply {
    fn bytes(&self) -> Vec<u8> {
        let Self { status, body, .. } = self;
        let length = body.len();
        // The reason is for people, and may be missing.
        format!(
            "HTTP/1.1 {status} \r\ncontent-type: application/json\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
        .into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{PipeWriter, pipe};
    use std::net::{SocketAddr, TcpStream};
    use std::thread::{self, JoinHandle};

    use super::*;

    /// A service whose paths say after how many milliseconds they are answered.
    fn service() -> (SocketAddr, PipeWriter, JoinHandle<io::Result<usize>>) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback");
        let address = listener.local_addr().expect("bound");
        let (until, open) = pipe().expect("a pipe");
        let serving = move || {
            serve(listener, &until, |path| Reply {
                after: Duration::from_millis(path[1..].parse().unwrap_or(0)),
                status: 200,
                body: path.to_owned(),
            })
        };
        (address, open, thread::spawn(serving))
    }

    fn ask(address: SocketAddr, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).expect("it listens");
        write!(stream, "GET {path} HTTP/1.1\r\nhost: here\r\n\r\n").expect("it reads");
        stream
    }

    fn answer(mut stream: TcpStream) -> String {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        answer
    }

    #[test]
    fn each_answer_comes_in_its_own_time() {
        let (address, open, serving) = service();
        let began = Instant::now();
        let slow = ask(address, "/60");
        let asked: Vec<_> = (0..8).map(|_| ask(address, "/30")).collect();
        for stream in asked {
            let answer = answer(stream);
            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
            assert!(answer.ends_with("\r\n\r\n/30"), "{answer}");
            assert!(began.elapsed() >= Duration::from_millis(30));
        }
        assert!(answer(slow).ends_with("/60"));
        assert!(began.elapsed() >= Duration::from_millis(60));
        drop(open);
        let most = serving.join().expect("no panic").expect("no error");
        assert!((1..=9).contains(&most), "{most}");
    }

    #[test]
    fn it_counts_those_who_wait_at_once() {
        let (address, open, serving) = service();
        // None of these is answered; those whose answer is there have all been read.
        let waiting: Vec<_> = (0..5).map(|_| ask(address, "/60000")).collect();
        for _ in &waiting {
            assert!(answer(ask(address, "/0")).ends_with("/0"));
        }
        drop(open);
        let most = serving.join().expect("no panic").expect("no error");
        assert!((5..=6).contains(&most), "{most}");
    }

    #[test]
    fn who_leaves_or_talks_nonsense_is_forgotten() {
        let (address, open, serving) = service();
        drop(ask(address, "/60000"));
        let mut foreign = TcpStream::connect(address).expect("it listens");
        foreign.write_all(b"\0\0\0\r\n\r\n").expect("it reads");
        assert_eq!(answer(foreign), "");
        assert!(answer(ask(address, "/1")).ends_with("/1"));
        drop(open);
        serving.join().expect("no panic").expect("no error");
    }
}
