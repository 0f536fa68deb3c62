//! **What can be set on a UDP socket?** Broadcast, multicast, hops and classes; each
//! method is one call of the system.
//!
//! Read next: `net/tcp/socket.rs`, the same for TCP.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

use socket2::SockRef;

use super::UdpSocket;

/// Options. Each getter and setter fails as the system's call does.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use kolo::net::UdpSocket;
///
/// let socket = UdpSocket::bind("127.0.0.1:0").await?;
/// socket.set_broadcast(true)?;
/// socket.set_multicast_loop_v4(false)?;
/// socket.set_multicast_ttl_v4(3)?;
/// socket.set_ttl(9)?;
/// socket.set_tos_v4(0x10)?;
/// assert!(socket.broadcast()? && !socket.multicast_loop_v4()?);
/// assert_eq!((socket.multicast_ttl_v4()?, socket.ttl()?, socket.tos_v4()?), (3, 9, 0x10));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
impl UdpSocket {
    /// May the socket send to broadcast addresses (`SO_BROADCAST`)?
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn broadcast(&self) -> io::Result<bool> {
        self.socket.broadcast()
    }

    /// Lets the socket send to broadcast addresses (`SO_BROADCAST`).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_broadcast(&self, on: bool) -> io::Result<()> {
        self.socket.set_broadcast(on)
    }

    /// Does this machine receive what it sends to a group (`IP_MULTICAST_LOOP`)?
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        self.socket.multicast_loop_v4()
    }

    /// Has this machine receive what it sends to a group (`IP_MULTICAST_LOOP`).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_multicast_loop_v4(&self, on: bool) -> io::Result<()> {
        self.socket.set_multicast_loop_v4(on)
    }

    /// How many hops datagrams to a group may take (`IP_MULTICAST_TTL`).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn multicast_ttl_v4(&self) -> io::Result<u32> {
        self.socket.multicast_ttl_v4()
    }

    /// Sets how many hops datagrams to a group may take (`IP_MULTICAST_TTL`): 1, the
    /// default, stays in the local network.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_multicast_ttl_v4(&self, ttl: u32) -> io::Result<()> {
        self.socket.set_multicast_ttl_v4(ttl)
    }

    /// Does this machine receive what it sends to a group of IPv6
    /// (`IPV6_MULTICAST_LOOP`)?
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn multicast_loop_v6(&self) -> io::Result<bool> {
        self.socket.multicast_loop_v6()
    }

    /// Has this machine receive what it sends to a group of IPv6
    /// (`IPV6_MULTICAST_LOOP`).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_multicast_loop_v6(&self, on: bool) -> io::Result<()> {
        self.socket.set_multicast_loop_v6(on)
    }

    /// The traffic class of IPv6 packets (`IPV6_TCLASS`).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn tclass_v6(&self) -> io::Result<u32> {
        SockRef::from(self).tclass_v6()
    }

    /// Sets the traffic class of IPv6 packets (`IPV6_TCLASS`).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_tclass_v6(&self, tclass: u32) -> io::Result<()> {
        SockRef::from(self).set_tclass_v6(tclass)
    }

    /// How many hops packets may take (`IP_TTL`).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn ttl(&self) -> io::Result<u32> {
        self.socket.ttl()
    }

    /// Sets how many hops packets may take (`IP_TTL`).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.socket.set_ttl(ttl)
    }

    /// The type of service of IPv4 packets (`IP_TOS`).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn tos_v4(&self) -> io::Result<u32> {
        SockRef::from(self).tos_v4()
    }

    /// Sets the type of service of IPv4 packets (`IP_TOS`).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_tos_v4(&self, tos: u32) -> io::Result<()> {
        SockRef::from(self).set_tos_v4(tos)
    }

    /// As [`tos_v4`](Self::tos_v4).
    #[deprecated = "its name is `tos_v4` now: it is of IPv4 only"]
    #[doc(hidden)]
    pub fn tos(&self) -> io::Result<u32> {
        self.tos_v4()
    }

    /// As [`set_tos_v4`](Self::set_tos_v4).
    #[deprecated = "its name is `set_tos_v4` now: it is of IPv4 only"]
    #[doc(hidden)]
    pub fn set_tos(&self, tos: u32) -> io::Result<()> {
        self.set_tos_v4(tos)
    }

    /// The network interface that the socket is bound to (`SO_BINDTODEVICE`).
    ///
    /// # Errors
    ///
    /// The system's.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn device(&self) -> io::Result<Option<Vec<u8>>> {
        SockRef::from(self).device()
    }

    /// Binds the socket to a network interface, such as `b"eth0"` (`SO_BINDTODEVICE`);
    /// `None` unbinds it.
    ///
    /// # Errors
    ///
    /// The system's; some systems ask for a privilege.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub fn bind_device(&self, interface: Option<&[u8]>) -> io::Result<()> {
        SockRef::from(self).bind_device(interface)
    }

    /// Receives what is sent to a group (`IP_ADD_MEMBERSHIP`), on the interface that
    /// has this address; 0.0.0.0 lets the system choose.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn join_multicast_v4(&self, multiaddr: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.socket.join_multicast_v4(&multiaddr, &interface)
    }

    /// Receives what is sent to a group of IPv6 (`IPV6_ADD_MEMBERSHIP`), on the
    /// interface of this number; 0 lets the system choose.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn join_multicast_v6(&self, multiaddr: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.socket.join_multicast_v6(multiaddr, interface)
    }

    /// Undoes [`join_multicast_v4`](Self::join_multicast_v4).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn leave_multicast_v4(&self, multiaddr: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.socket.leave_multicast_v4(&multiaddr, &interface)
    }

    /// Undoes [`join_multicast_v6`](Self::join_multicast_v6).
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn leave_multicast_v6(&self, multiaddr: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.socket.leave_multicast_v6(multiaddr, interface)
    }
}
