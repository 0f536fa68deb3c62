//! **What does a message through a socket cost?** A server that sends back what
//! it gets, a task for each connection, and beside it a client that keeps a
//! message under way on every one of them.
//!
//! ```text
//! $ demos run echo
//!
//! 64 connections, messages of 64 bytes; the server on core 1, the client on core 0.
//! 281,023 messages in 1.00 s: 281,011 a second.
//! A message is under way 214 µs in the median; p99 297 µs, p99.9 512 µs, at most 1.20 ms.
//! The server's CPU: 3.42 µs a message, 96 % of a core; the client's: 98 %.
//! ```
//!
//! The first row of the table is the floor: the same by hand over mio, without
//! a future. The kernel takes nearly all of the time, for every row.
//!
//! Read next: `../load.rs`, the client's side.

use std::io;
use std::net::SocketAddr;

use super::rt;
use crate::load;
use crate::stage::Stage;
use rt::io::{AsyncReadExt, AsyncWriteExt};
use rt::net::{TcpListener, TcpStream};

/// Sends back all that comes. Returns how much that was.
async fn echo(mut stream: TcpStream) -> io::Result<u64> {
    let mut buffer = vec![0; load::BUFFER];
    let mut echoed = 0;
    loop {
        let got = stream.read(&mut buffer).await?;
        if got == 0 {
            return Ok(echoed);
        }
        stream.write_all(&buffer[..got]).await?;
        echoed += got as u64;
    }
}

/// With a queue as long for every library, see `kolo_load::listen`.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = kolo_load::listen(address)?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

pub(crate) fn server(stage: &Stage) -> io::Result<()> {
    let placement = load::placement(stage);
    let _pinned = placement.pin_server()?;
    let event_loop = super::new_loop(stage.threads())?;
    event_loop.block_on(async {
        let address: SocketAddr = load::address(stage);
        let listener = listen(address).map_err(|error| load::cannot_listen(address, error))?;

        // The client, in a process of its own: it ends when it has seen enough.
        let (tell, mut told) = rt::sync::oneshot::channel();
        let address = listener.local_addr()?;
        load::start(stage, address, placement, |ended| {
            let _ = tell.send(ended);
        })?;

        let mut connections = Vec::new();
        let found = loop {
            rt::select! {
                accepted = listener.accept() => {
                    let (stream, _) = accepted?;
                    stream.set_nodelay(true)?;
                    connections.push(rt::spawn(echo(stream)));
                }
                ended = &mut told => break ended.expect("the client's end is told")?,
            }
        };
        let mut echoed = 0;
        for connection in connections {
            echoed += connection.await.expect("an echo does not panic")?;
        }
        load::report(stage, &found, echoed);
        Ok(())
    })
}
