//! **How many bytes go through one connection?** As many as the kernel's buffers
//! hold are under way at any time. And beside it, connections that say nothing.
//!
//! What is sent repeats a pattern of 64 KiB. Of every read that comes back, the
//! first and the last bytes are compared with what belongs there: a byte too
//! many or too few anywhere shifts all that follow.

use std::io::{self, ErrorKind, Read, Write};

use mio::{Events, Token};

use crate::client::{Courier, Stopwatch, hung_up, told};
use crate::echo::not_the_same;
use crate::plan::{Findings, Plan};

const PATTERN: usize = 65_536;

/// How many bytes at each end of a read are compared.
const COMPARED: usize = 16;

/// A byte that says where it stands.
fn byte(at: u64) -> u8 {
    let at = at % PATTERN as u64;
    (at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8
}

pub(crate) fn run(plan: &Plan, [warm_up, measured]: [u64; 2]) -> io::Result<Findings> {
    let mut courier = Courier::new(plan)?;
    let mut stream = courier.connect(plan.server, Token(0))?;
    let pattern: Vec<u8> = (0..PATTERN as u64).map(byte).collect();
    let mut buffer = vec![0; PATTERN];
    let mut events = Events::with_capacity(8);
    let (mut sent, mut back) = (0u64, 0u64);

    let mut go_until = |end: u64| -> io::Result<()> {
        // The socket takes bytes now, or says when it does.
        let mut first = true;
        while back < end {
            if !first {
                courier.wait(&mut events)?;
            }
            first = false;
            loop {
                let before = (sent, back);
                let from = (sent % PATTERN as u64) as usize;
                let most = (end - sent).min((PATTERN - from) as u64) as usize;
                if most > 0 {
                    sent += or_later(stream.write(&pattern[from..from + most]))? as u64;
                }
                let got = match stream.read(&mut buffer) {
                    Ok(0) => return Err(hung_up(0, 0)),
                    read => or_later(read)?,
                };
                if !follows(&buffer[..got], back) {
                    return Err(not_the_same(0));
                }
                back += got as u64;
                if (sent, back) == before {
                    break;
                }
            }
        }
        Ok(())
    };
    go_until(warm_up)?;
    let stopwatch = Stopwatch::start(plan.process)?;
    go_until(warm_up + measured)?;
    Ok(Findings {
        bytes: back,
        ..stopwatch.stop(measured / 1024)?
    })
}

/// Nothing, where the call would have had to wait.
fn or_later(moved: io::Result<usize>) -> io::Result<usize> {
    match moved {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
            Ok(0)
        }
        moved => moved.map_err(|error| told(error, "the connection")),
    }
}

/// Are these the bytes that stand at `at`?
fn follows(bytes: &[u8], at: u64) -> bool {
    let length = bytes.len().min(COMPARED);
    let tail = bytes.len() - length;
    (0..length)
        .all(|i| bytes[i] == byte(at + i as u64) && bytes[tail + i] == byte(at + (tail + i) as u64))
}

/// Connects, and waits until the server closes the last connection.
pub(crate) fn idle(plan: &Plan, connections: usize) -> io::Result<Findings> {
    let connect = || {
        std::net::TcpStream::connect(plan.server)
            .map_err(|error| told(error, &format!("can't connect to {}", plan.server)))
    };
    let idle = (0..connections)
        .map(|_| connect())
        .collect::<io::Result<Vec<_>>>()?;
    let stopwatch = Stopwatch::start(plan.process)?;
    // The end may come as a reset: the server leaves without ceremony.
    let _ = connect()?.read(&mut [0]);
    drop(idle);
    stopwatch.stop(connections as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shifted_byte_is_seen_at_either_end() {
        let text: Vec<u8> = (1000..3000).map(byte).collect();
        assert!(follows(&text, 1000) && follows(&text[..3], 1000) && follows(&[], 7));
        assert!(!follows(&text, 1001));
        let mut torn = text.clone();
        torn.remove(900);
        assert!(!follows(&torn, 1000));
    }
}
