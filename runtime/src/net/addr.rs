//! **Which addresses does "localhost:80" mean?** Whoever takes an address takes
//! anything that is one or can be looked up, [`ToSocketAddrs`].
//!
//! An argument becomes a [`Lookup`]: known at once, for addresses and for strings
//! that spell one; or asked of the system's resolver, which blocks, and so is called
//! on a thread for such work. Then [`first_that`] tries the addresses in their order.
//!
//! The trait is sealed, so that its method can change: tokio's is too, from where
//! the implementations are taken. Other than there, all of them answer with the same
//! type.
//!
//! Read next: `tcp/stream.rs`.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::option;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec;

use socket2::SockAddr;

use crate::task::{JoinHandle, spawn_blocking};

/// What can be turned into addresses without blocking the task.
///
/// | type | |
/// |---|---|
/// | [`SocketAddr`], [`SocketAddrV4`], [`SocketAddrV6`] | is one |
/// | `(IpAddr, u16)`, `(Ipv4Addr, u16)`, `(Ipv6Addr, u16)` | an address and a port |
/// | `&[SocketAddr]` | several, tried in this order |
/// | `str`, `String` | `"127.0.0.1:80"`, or a name, `"localhost:80"` |
/// | `(&str, u16)`, `(String, u16)` | an address or a name, and a port |
/// | `&T` | what `T` is |
///
/// Names are resolved by the system, in
/// [`spawn_blocking`]; what spells an address needs no
/// thread. For the addresses themselves there is [`lookup_host`].
///
/// Nobody else can implement this trait.
pub trait ToSocketAddrs: sealed::ToLookup {}

/// Resolves a name, and yields its addresses, of which there may be none.
///
/// # Errors
///
/// The resolver's, or what is wrong with the name.
///
/// # Panics
///
/// If a name has to be resolved outside of a runtime.
///
/// # Cancel safety
///
/// Cancel safe; the resolver works on, and its answer is dropped.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use kolo::net::lookup_host;
///
/// let mut addresses = lookup_host("localhost:3000").await?;
/// assert!(addresses.all(|address| address.ip().is_loopback() && address.port() == 3000));
///
/// let mut addresses = lookup_host(("::1", 80)).await?;
/// assert_eq!(addresses.next(), "[::1]:80".parse().ok());
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn lookup_host<T>(host: T) -> io::Result<impl Iterator<Item = SocketAddr>>
where
    T: ToSocketAddrs,
{
    lookup(host).await
}

pub(crate) fn lookup(addr: impl ToSocketAddrs) -> Lookup {
    addr.to_lookup(sealed::Seal)
}

/// Calls `attempt` with one address after the other, until it succeeds.
///
/// # Errors
///
/// The last attempt's, or that there is no address.
pub(crate) fn first_that<T>(
    addresses: Addresses,
    attempt: impl FnMut(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let mut last_error = None;
    for result in addresses.map(attempt) {
        match result {
            Ok(found) => return Ok(found),
            Err(error) => last_error = Some(error),
        }
    }
    Err(last_error.unwrap_or_else(no_address))
}

/// There was no address to try.
pub(crate) fn no_address() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        "could not resolve to any address",
    )
}

/// The system's form of an address, as Rust's.
pub(crate) fn ip_address(addr: SockAddr) -> io::Result<SocketAddr> {
    addr.as_socket().ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            "the socket's address is neither IPv4 nor IPv6",
        )
    })
}

/// The addresses that an argument means, once they are known.
#[derive(Debug)]
#[doc(hidden)]
pub struct Lookup(State);

#[derive(Debug)]
enum State {
    Known(Addresses),
    Asked(JoinHandle<io::Result<vec::IntoIter<SocketAddr>>>),
}

/// Addresses, in the order to try them.
#[derive(Debug)]
#[doc(hidden)]
pub enum Addresses {
    One(option::IntoIter<SocketAddr>),
    Many(vec::IntoIter<SocketAddr>),
}

impl Lookup {
    fn one(addr: SocketAddr) -> Self {
        Self(State::Known(Addresses::One(Some(addr).into_iter())))
    }

    fn many(addrs: Vec<SocketAddr>) -> Self {
        Self(State::Known(Addresses::Many(addrs.into_iter())))
    }

    /// Asks the system's resolver.
    fn ask<N>(name: N) -> Self
    where
        N: std::net::ToSocketAddrs<Iter = vec::IntoIter<SocketAddr>> + Send + 'static,
    {
        Self(State::Asked(spawn_blocking(move || name.to_socket_addrs())))
    }
}

impl Future for Lookup {
    type Output = io::Result<Addresses>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Known(known) => {
                let none = Addresses::One(None.into_iter());
                Poll::Ready(Ok(std::mem::replace(known, none)))
            }
            State::Asked(answer) => {
                let answer = ready!(Pin::new(answer).poll(cx))?;
                Poll::Ready(answer.map(Addresses::Many))
            }
        }
    }
}

impl Iterator for Addresses {
    type Item = SocketAddr;

    fn next(&mut self) -> Option<SocketAddr> {
        match self {
            Self::One(addr) => addr.next(),
            Self::Many(addrs) => addrs.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::One(addr) => addr.size_hint(),
            Self::Many(addrs) => addrs.size_hint(),
        }
    }
}

mod sealed {
    use super::Lookup;

    /// Nobody outside can call what asks for one.
    #[derive(Debug)]
    pub struct Seal;

    pub trait ToLookup {
        #[doc(hidden)]
        fn to_lookup(&self, _: Seal) -> Lookup;
    }
}

use sealed::{Seal, ToLookup};

/// An implementation of the public trait by one of the sealed one.
macro_rules! to_socket_addrs {
    ($($T:ty: |$addr:ident| $lookup:expr;)*) => {$(
        impl ToSocketAddrs for $T {}

        impl ToLookup for $T {
            fn to_lookup(&self, _: Seal) -> Lookup {
                let $addr = self;
                $lookup
            }
        }
    )*};
}

to_socket_addrs! {
    SocketAddr: |addr| Lookup::one(*addr);
    SocketAddrV4: |addr| Lookup::one((*addr).into());
    SocketAddrV6: |addr| Lookup::one((*addr).into());
    (IpAddr, u16): |addr| Lookup::one((*addr).into());
    (Ipv4Addr, u16): |addr| Lookup::one((*addr).into());
    (Ipv6Addr, u16): |addr| Lookup::one((*addr).into());
    &[SocketAddr]: |addrs| Lookup::many(addrs.to_vec());
    str: |name| match name.parse() {
        Ok(addr) => Lookup::one(addr),
        Err(_) => Lookup::ask(name.to_owned()),
    };
    String: |name| name.as_str().to_lookup(Seal);
    (&str, u16): |addr| match addr.0.parse::<IpAddr>() {
        Ok(ip) => Lookup::one((ip, addr.1).into()),
        Err(_) => Lookup::ask((addr.0.to_owned(), addr.1)),
    };
    (String, u16): |addr| (addr.0.as_str(), addr.1).to_lookup(Seal);
}

impl<T: ToSocketAddrs + ?Sized> ToSocketAddrs for &T {}

impl<T: ToLookup + ?Sized> ToLookup for &T {
    fn to_lookup(&self, seal: Seal) -> Lookup {
        (**self).to_lookup(seal)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// The addresses, if they are known without a thread that asks.
    fn known(addr: impl ToSocketAddrs) -> Option<Vec<String>> {
        match lookup(addr).0 {
            State::Known(known) => Some(known.map(|addr| addr.to_string()).collect()),
            State::Asked(_) => None,
        }
    }

    #[test]
    fn what_spells_an_address_needs_no_thread() {
        // Outside of a runtime: there is none to ask on.
        let v4 = SocketAddr::from(([127, 0, 0, 1], 80));
        let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, 80));
        let one = |addr: &str| Some(vec![addr.to_owned()]);

        assert_eq!(known(v4), one("127.0.0.1:80"));
        let by_reference: &&SocketAddr = &&v6;
        assert_eq!(known(by_reference), one("[::1]:80"));
        assert_eq!(known((Ipv4Addr::LOCALHOST, 80)), one("127.0.0.1:80"));
        assert_eq!(
            known((IpAddr::from(Ipv6Addr::LOCALHOST), 1)),
            one("[::1]:1")
        );
        assert_eq!(known("127.0.0.1:80"), one("127.0.0.1:80"));
        assert_eq!(known(String::from("[::1]:80")), one("[::1]:80"));
        assert_eq!(known(("::1", 80)), one("[::1]:80"));
        assert_eq!(known(&(String::from("127.0.0.1"), 80)), one("127.0.0.1:80"));
        assert_eq!(
            known(&[v6, v4][..]),
            Some(vec!["[::1]:80".into(), "127.0.0.1:80".into()])
        );
        assert_eq!(known(&[][..]), Some(vec![]));
    }

    #[test]
    fn names_are_asked_for() {
        let runtime = crate::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let by_port = lookup(("localhost", 7)).await.unwrap();
            let by_name = lookup("localhost:7").await.unwrap();
            let (by_port, by_name): (Vec<_>, Vec<_>) = (by_port.collect(), by_name.collect());
            assert!(!by_name.is_empty());
            assert!(
                by_name
                    .iter()
                    .all(|a| a.ip().is_loopback() && a.port() == 7)
            );
            assert_eq!(by_name, by_port);

            let nonsense = lookup("no port").await.unwrap_err();
            assert_eq!(nonsense.kind(), io::ErrorKind::InvalidInput);
        });
    }

    #[test]
    fn the_first_that_works_is_taken_and_the_last_error_kept() {
        let addrs: Vec<SocketAddr> = (1..=3).map(|port| ([127, 0, 0, 1], port).into()).collect();
        let all = || Addresses::Many(addrs.clone().into_iter());

        let mut tried = Vec::new();
        let found = first_that(all(), |addr| {
            tried.push(addr.port());
            if addr.port() == 2 {
                Ok(addr)
            } else {
                Err(io::ErrorKind::AddrInUse.into())
            }
        });
        assert_eq!(found.unwrap(), addrs[1]);
        assert_eq!(tried, [1, 2]);

        let failed = first_that::<()>(all(), |addr| Err(io::Error::other(addr.to_string())));
        assert_eq!(failed.unwrap_err().to_string(), "127.0.0.1:3");

        let none = first_that(Addresses::One(None.into_iter()), Ok).unwrap_err();
        assert_eq!(none.kind(), io::ErrorKind::InvalidInput);
        assert_eq!(none.to_string(), "could not resolve to any address");
    }
}
