//! **What can be set on a TCP connection?** Delays, lingering, hops; each method is
//! one call of the system.
//!
//! Read next: `socket.rs`, for what is set before there is a connection.

use std::io;
use std::time::Duration;

use socket2::SockRef;

use super::stream::TcpStream;

/// Options of the socket.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use kolo::net::{TcpListener, TcpStream};
/// # let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let stream = TcpStream::connect(listener.local_addr()?).await?;
/// stream.set_nodelay(true)?;
/// assert!(stream.nodelay()?);
/// stream.set_ttl(9)?;
/// assert_eq!(stream.ttl()?, 9);
/// assert_eq!(stream.linger()?, None);
/// stream.set_zero_linger()?;
/// assert_eq!(stream.linger()?, Some(std::time::Duration::ZERO));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
impl TcpStream {
    /// Is what is written sent at once (`TCP_NODELAY`)?
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.registered().nodelay()
    }

    /// Sends what is written at once (`TCP_NODELAY`), or, false, gathers small
    /// writes while a packet is under way.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.registered().set_nodelay(nodelay)
    }

    /// Is what is received acknowledged at once (`TCP_QUICKACK`)?
    ///
    /// # Errors
    ///
    /// The system's.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn quickack(&self) -> io::Result<bool> {
        SockRef::from(self).tcp_quickack()
    }

    /// Acknowledges what is received at once (`TCP_QUICKACK`), or, false, with the
    /// answer if one comes soon. The system may go back to its own judgement later.
    ///
    /// # Errors
    ///
    /// The system's.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn set_quickack(&self, quickack: bool) -> io::Result<()> {
        SockRef::from(self).set_tcp_quickack(quickack)
    }

    /// How long closing waits for what was not sent yet (`SO_LINGER`).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        SockRef::from(self).linger()
    }

    /// Has closing wait for what was not sent yet (`SO_LINGER`), in whole seconds,
    /// and reset the connection after that.
    ///
    /// `None` is the default: closing returns at once, and the system goes on
    /// sending.
    ///
    /// # Errors
    ///
    /// The system's.
    #[deprecated = "the drop of the stream blocks the thread for that long; \
                    `set_zero_linger` is the case that doesn't"]
    pub fn set_linger(&self, dur: Option<Duration>) -> io::Result<()> {
        SockRef::from(self).set_linger(dur)
    }

    /// Has closing reset the connection, and drop what was not sent (`SO_LINGER` of
    /// zero).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_zero_linger(&self) -> io::Result<()> {
        SockRef::from(self).set_linger(Some(Duration::ZERO))
    }

    /// How many hops packets may take (`IP_TTL`).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn ttl(&self) -> io::Result<u32> {
        self.registered().ttl()
    }

    /// Sets how many hops packets may take (`IP_TTL`).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.registered().set_ttl(ttl)
    }
}
