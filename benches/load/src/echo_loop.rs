//! **How fast can one thread echo?** A loop over mio, written by hand: no
//! futures, no tasks, no wakers. It is the floor under every runtime's echo
//! server.
//!
//! A connection is registered once, edge-triggered, for both directions. When it
//! has news, bytes go through one buffer that all connections share, straight
//! back. A connection's own memory is an empty `Vec`; only what the kernel does
//! not take at once is kept there, and until it is gone the connection is not
//! read.
//!
//! A read that does not fill the buffer has emptied the socket, so that no
//! second read asks for the `EAGAIN`: whatever arrives after it comes with a new
//! edge. The exception is the end of the stream, which may already be behind the
//! bytes and then gets no edge of its own: a connection whose event said *read
//! closed* is read until there is nothing.
//!
//! A floor that can be made faster must be: slowing one is a defect.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use mio::event::Event;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};
use slab::Slab;

use crate::listen::listen;

const LISTENER: Token = Token(usize::MAX);
const ENDER: Token = Token(usize::MAX - 1);

/// An echo server, on the thread that runs it.
#[derive(Debug)]
pub struct EchoLoop {
    poll: Poll,
    listener: TcpListener,
    connections: Slab<Connection>,
    buffer: Vec<u8>,
    /// Kept here too: a waker that is dropped takes its wake-up with it.
    waker: Arc<Waker>,
    echoed: u64,
    accepted: u64,
}

/// Ends the loop of another thread.
#[derive(Debug)]
pub struct Ender(Arc<Waker>);

#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    /// What the kernel has not taken yet.
    unsent: Vec<u8>,
    /// An event said that the other side sends no more.
    read_closed: bool,
}

/// What is to become of a connection.
#[must_use]
enum Next {
    Wait,
    Close,
}

impl EchoLoop {
    /// Listens on `address`, and echoes by at most `buffer` bytes at a time.
    ///
    /// # Errors
    ///
    /// The kernel's: the port may be in use.
    pub fn bind(address: SocketAddr, buffer: usize) -> io::Result<Self> {
        let poll = Poll::new()?;
        let listener = listen(address)?;
        listener.set_nonblocking(true)?;
        let mut listener = TcpListener::from_std(listener);
        poll.registry()
            .register(&mut listener, LISTENER, Interest::READABLE)?;
        let waker = Arc::new(Waker::new(poll.registry(), ENDER)?);
        Ok(Self {
            poll,
            listener,
            waker,
            connections: Slab::new(),
            buffer: vec![0; buffer],
            echoed: 0,
            accepted: 0,
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// The kernel's.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// What ends it.
    #[must_use]
    pub fn ender(&self) -> Ender {
        Ender(self.waker.clone())
    }

    /// Serves until it is ended and the last connection is gone. Returns how
    /// many bytes were echoed.
    ///
    /// # Errors
    ///
    /// What `epoll_wait` and `accept` say; an error of one connection closes
    /// that connection alone.
    pub fn run(&mut self) -> io::Result<u64> {
        let mut events = Events::with_capacity(1024);
        let mut ended = false;
        while !(ended && self.connections.is_empty()) {
            ended |= self.turn(&mut events)?;
        }
        Ok(self.echoed)
    }

    /// Serves until `connections` have been accepted.
    ///
    /// # Errors
    ///
    /// As of [`run`](Self::run).
    pub fn run_until_accepted(&mut self, connections: u64) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        while self.accepted < connections {
            self.turn(&mut events)?;
        }
        Ok(())
    }

    /// Waits for news once; `true` if the ender was among them.
    fn turn(&mut self, events: &mut Events) -> io::Result<bool> {
        let mut ended = false;
        match self.poll.poll(events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(false),
            polled => polled?,
        }
        for event in events.iter() {
            match event.token() {
                LISTENER => self.accept()?,
                ENDER => ended = true,
                token => self.serve(token.0, event),
            }
        }
        Ok(ended)
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                // Gone before it was taken; the next may be there.
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => continue,
                Err(error) => return Err(error),
            };
            stream.set_nodelay(true)?;
            let entry = self.connections.vacant_entry();
            let both = Interest::READABLE | Interest::WRITABLE;
            self.poll
                .registry()
                .register(&mut stream, Token(entry.key()), both)?;
            entry.insert(Connection {
                stream,
                unsent: Vec::new(),
                read_closed: false,
            });
            self.accepted += 1;
        }
    }

    fn serve(&mut self, key: usize, event: &Event) {
        let Some(connection) = self.connections.get_mut(key) else {
            return;
        };
        connection.read_closed |= event.is_read_closed();
        // A socket with room to write and nothing to read is no news.
        if !event.is_readable() && connection.unsent.is_empty() {
            return;
        }
        let next = connection.echo(&mut self.buffer, &mut self.echoed);
        if !matches!(next, Ok(Next::Wait)) {
            // Closing takes it out of the poll.
            self.connections.remove(key);
        }
    }
}

impl Connection {
    /// Sends back all that has arrived, as far as the kernel takes it.
    fn echo(&mut self, buffer: &mut [u8], echoed: &mut u64) -> io::Result<Next> {
        if !self.unsent.is_empty() {
            let sent = send(&mut self.stream, &self.unsent)?;
            *echoed += sent as u64;
            self.unsent.drain(..sent);
            if !self.unsent.is_empty() {
                return Ok(Next::Wait);
            }
        }
        loop {
            let got = match self.stream.read(buffer) {
                Ok(0) => return Ok(Next::Close),
                Ok(got) => got,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Next::Wait),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let sent = send(&mut self.stream, &buffer[..got])?;
            *echoed += sent as u64;
            if sent < got {
                self.unsent.extend_from_slice(&buffer[sent..got]);
                return Ok(Next::Wait);
            }
            if got < buffer.len() && !self.read_closed {
                return Ok(Next::Wait);
            }
        }
    }
}

/// Sends as much as the kernel takes. Less than all means that an event will say
/// when it takes more.
fn send(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<usize> {
    loop {
        match stream.write(bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(0),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            sent => return sent,
        }
    }
}

impl Ender {
    /// The loop ends as soon as it has no connection.
    ///
    /// # Errors
    ///
    /// The kernel's.
    pub fn end(&self) -> io::Result<()> {
        self.0.wake()
    }
}
