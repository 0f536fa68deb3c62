//! **How many may knock before one is let in?** As many as ever connect at once here,
//! for every server alike.
//!
//! A connection that finds the queue full is not heard, and knocks again only after a
//! second: that would look like a slow server. What the libraries take by themselves
//! differs: 128 with std and tokio, what the system allows with kolo.

use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Socket, Type};

/// As many as Linux allows, unless it is told otherwise (`net.core.somaxconn`).
pub const BACKLOG: u32 = 4096;

/// A listener with that queue, which blocks; its address can be bound again at once.
///
/// # Errors
///
/// The kernel's: the port may be in use.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG.cast_signed())?;
    Ok(socket.into())
}
