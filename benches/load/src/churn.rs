//! **What does it cost that a connection comes and goes?** So many at once connect,
//! send a message, take it back and go.
//!
//! The client closes first, so the connections' last minute (`TIME_WAIT`) is its
//! own, and holds its ports: the connections come from several of loopback's
//! addresses in turn, each of which has all ports to itself. A connect is waited
//! for where it stands: on loopback it takes no longer than the call.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};

use mio::net::TcpStream;
use mio::{Events, Token};
use nix::sys::socket::{setsockopt, sockopt::IpBindAddressNoPort};
use socket2::{Domain, Socket, Type};

use crate::client::{Courier, Stopwatch, hung_up, told};
use crate::echo::{Text, not_the_same};
use crate::plan::{Findings, Plan};

/// How many of loopback's addresses connections come from.
const ADDRESSES: u64 = 8;

struct Visit {
    stream: TcpStream,
    /// Of all visits, the how-manieth.
    number: u64,
    back: usize,
}

struct Churn<'a> {
    plan: &'a Plan,
    courier: Courier,
    visits: Vec<Option<Visit>>,
    text: Text,
    size: usize,
    begun: u64,
    bytes: u64,
}

pub(crate) fn run(
    plan: &Plan,
    at_once: usize,
    size: usize,
    [warm_up, measured]: [u64; 2],
) -> io::Result<Findings> {
    let mut churn = Churn {
        plan,
        courier: Courier::new(plan)?,
        visits: (0..at_once).map(|_| None).collect(),
        text: Text::new(size),
        size,
        begun: 0,
        bytes: 0,
    };
    churn.go_through(warm_up)?;
    let stopwatch = Stopwatch::start(plan.process)?;
    churn.go_through(measured)?;
    Ok(Findings {
        bytes: churn.bytes,
        ..stopwatch.stop(measured)?
    })
}

impl Churn<'_> {
    fn go_through(&mut self, visits: u64) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        let (mut left, mut done) = (visits, 0);
        for seat in 0..self.visits.len() {
            self.begin(seat, &mut left)?;
        }
        while done < visits {
            self.courier.wait(&mut events)?;
            for event in &events {
                let seat = event.token().0;
                if self.serve(seat, done)? {
                    done += 1;
                    self.visits[seat] = None;
                    self.begin(seat, &mut left)?;
                }
            }
        }
        Ok(())
    }

    fn begin(&mut self, seat: usize, left: &mut u64) -> io::Result<()> {
        if *left == 0 {
            return Ok(());
        }
        *left -= 1;
        self.begun += 1;
        let stream = connect(self.plan.server, self.begun % ADDRESSES)
            .map_err(|error| told(error, &format!("connection {}", self.begun)))?;
        let mut stream = self.courier.adopt(stream, Token(seat))?;
        // A new connection takes a message at once.
        stream.write_all(self.text.of(seat, self.begun))?;
        self.visits[seat] = Some(Visit {
            stream,
            number: self.begun,
            back: 0,
        });
        Ok(())
    }

    /// Is the visit over?
    fn serve(&mut self, seat: usize, done: u64) -> io::Result<bool> {
        let mut buffer = [0; 4096];
        let Some(visit) = &mut self.visits[seat] else {
            return Ok(false);
        };
        loop {
            match visit.stream.read(&mut buffer) {
                Ok(0) => return Err(hung_up(visit.number as usize, done)),
                Ok(got) => {
                    let text = self.text.of(seat, visit.number);
                    if text.get(visit.back..visit.back + got) != Some(&buffer[..got]) {
                        return Err(not_the_same(visit.number as usize));
                    }
                    visit.back += got;
                    self.bytes += got as u64;
                    if visit.back == self.size {
                        return Ok(true);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// From one of loopback's addresses, and of that any port which makes the pair of
/// addresses new.
fn connect(server: SocketAddr, from: u64) -> io::Result<std::net::TcpStream> {
    let socket = Socket::new(Domain::for_address(server), Type::STREAM, None)?;
    if server.ip().is_loopback() && server.is_ipv4() {
        setsockopt(&socket, IpBindAddressNoPort, &true)?;
        let from = SocketAddr::from((Ipv4Addr::new(127, 0, 1, from as u8 + 1), 0));
        socket.bind(&from.into())?;
    }
    socket.connect(&server.into())?;
    Ok(socket.into())
}
