//! Datagrams.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::Shutdown;
use std::path::PathBuf;
use std::process;

use super::{finish, place, run};
use crate::io::{Interest, ReadBuf};
use crate::net::unix::SocketAddr;
use crate::net::{UnixDatagram, UnixSocket};
use crate::sync::testing::by_hand;

/// Receives one datagram of at most 64 bytes.
async fn recv(socket: &UnixDatagram) -> Vec<u8> {
    let mut bytes = [0; 64];
    let len = socket.recv(&mut bytes).await.unwrap();
    bytes[..len].to_vec()
}

#[test]
fn a_pair_can_be_sent_to_before_the_driver_looks() {
    run(async {
        let (here, there) = UnixDatagram::pair().unwrap();
        by_hand(poll_fn(|cx| here.poll_send_ready(cx)))
            .ready()
            .unwrap();
        by_hand(poll_fn(|cx| here.poll_recv_ready(cx))).assert_pending();
        assert_eq!(here.try_send(b"hi").unwrap(), 2);
        assert_eq!(there.try_send(b"yo").unwrap(), 2);
        let early = here.try_recv(&mut [0]).unwrap_err();
        assert_eq!(early.kind(), ErrorKind::WouldBlock);
        assert_eq!(
            (recv(&here).await, recv(&there).await),
            (b"yo".into(), b"hi".into())
        );
    });
}

#[test]
fn a_datagram_comes_whole_in_order_and_cut_off_at_the_buffers_end() {
    run(async {
        let (here, there) = UnixDatagram::pair().unwrap();
        for datagram in ["one", "", "three"] {
            assert_eq!(
                here.send(datagram.as_bytes()).await.unwrap(),
                datagram.len()
            );
        }
        assert_eq!(recv(&there).await, b"one");
        assert_eq!(recv(&there).await, b"");
        let mut short = [0; 2];
        assert_eq!(there.recv(&mut short).await.unwrap(), 2);
        assert_eq!(&short, b"th");
        let rest = there.try_recv(&mut short).unwrap_err();
        assert_eq!(rest.kind(), ErrorKind::WouldBlock);
        by_hand(there.readable()).assert_pending();
    });
}

#[test]
fn who_sent_it() {
    run(async {
        let at = place();
        let server = UnixDatagram::bind(&at).unwrap();
        assert_eq!(
            server.local_addr().unwrap().as_pathname(),
            Some(at.as_ref())
        );

        let path = place();
        let by_path = UnixDatagram::bind(&path).unwrap();
        let unnamed = UnixDatagram::unbound().unwrap();
        let name = PathBuf::from(format!("\0kolo-unit-{}-sender", process::id()));
        let socket = UnixSocket::new_datagram().unwrap();
        socket.bind(&name).unwrap();
        let by_name = socket.datagram().unwrap();

        // Each of them twice: received in one way, and in the other.
        for sender in [&by_path, &unnamed, &by_name] {
            sender.send_to(b"slice", &at).await.unwrap();
            sender.send_to(b"buf", &at).await.unwrap();
            let (mut slice, mut buf) = ([0; 8], Vec::with_capacity(8));
            let (len, from_slice) = server.recv_from(&mut slice).await.unwrap();
            assert_eq!(&slice[..len], b"slice");
            let (len, from_buf) = server.recv_buf_from(&mut buf).await.unwrap();
            assert_eq!((len, buf.as_slice()), (3, &b"buf"[..]));
            let own = sender.local_addr().unwrap();
            assert_eq!(format!("{from_slice:?}"), format!("{own:?}"));
            assert_eq!(format!("{from_buf:?}"), format!("{own:?}"));
        }
        // Which can be answered, where there is a path.
        by_path.send_to(b"?", &at).await.unwrap();
        let (_, sender) = server.recv_from(&mut [0; 8]).await.unwrap();
        let sender = sender.as_pathname().unwrap().to_owned();
        server.send_to(b"!", &sender).await.unwrap();
        assert_eq!(recv(&by_path).await, b"!");
    });
}

/// As Linux reports it: one byte longer than the record, whose path has no zero byte.
#[test]
fn a_sender_whose_path_std_cannot_spell_is_unnamed() {
    let full = |record: *mut libc::sockaddr_storage, len: *mut libc::socklen_t| {
        let record = record.cast::<libc::sockaddr_un>();
        // SAFETY: the storage is zeroed, aligned for any address and long enough.
        let address = unsafe { &mut *record };
        address.sun_family = libc::AF_UNIX as libc::sa_family_t;
        address.sun_path.fill(b'x' as libc::c_char);
        // SAFETY: it is the caller's, to be written to.
        unsafe { *len = size_of::<libc::sockaddr_un>() as libc::socklen_t + 1 };
        Ok(())
    };
    // SAFETY: it is an address of its family, and so long; the storage is longer.
    let (_, sender) = unsafe { socket2::SockAddr::try_init(|r, l| full(r.cast(), l)) }.unwrap();
    assert!(SocketAddr::of_sender(&sender).unwrap().is_unnamed());
}

#[test]
fn connected_to_a_path() {
    run(async {
        let (at, from) = (place(), place());
        let (server, client) = (
            UnixDatagram::bind(&at).unwrap(),
            UnixDatagram::bind(&from).unwrap(),
        );
        assert_eq!(
            client.peer_addr().unwrap_err().kind(),
            ErrorKind::NotConnected
        );
        assert_eq!(
            client.send(b"x").await.unwrap_err().kind(),
            ErrorKind::NotConnected
        );
        client.connect(&at).unwrap();
        assert_eq!(client.peer_addr().unwrap().as_pathname(), Some(at.as_ref()));
        client.send(b"hello").await.unwrap();
        assert_eq!(recv(&server).await, b"hello");

        drop(server);
        assert_eq!(
            client.send(b"x").await.unwrap_err().kind(),
            ErrorKind::ConnectionRefused
        );
        let nobody = client.send_to(b"x", "/nonexistent").await.unwrap_err();
        assert_eq!(nobody.kind(), ErrorKind::NotFound);
        assert_eq!(
            client.connect("/nonexistent").unwrap_err().kind(),
            ErrorKind::NotFound
        );
        let taken = UnixDatagram::bind(&from).unwrap_err();
        assert_eq!(taken.kind(), ErrorKind::AddrInUse);
    });
}

#[test]
fn a_full_queue_makes_senders_wait() {
    run(async {
        let (here, there) = UnixDatagram::pair().unwrap();
        let mut sent = 0_u32;
        while here.try_send(&sent.to_ne_bytes()).is_ok() {
            sent += 1;
        }
        let last = sent.to_ne_bytes();
        let mut waiting = by_hand(here.send(&last));
        waiting.assert_pending();
        for expected in 0..sent {
            assert_eq!(recv(&there).await, expected.to_ne_bytes());
        }
        assert_eq!(finish(waiting).await.unwrap(), 4);
        assert_eq!(recv(&there).await, last);
    });
}

#[test]
fn several_wait_and_one_that_gives_up_takes_nothing() {
    run(async {
        let (here, there) = UnixDatagram::pair().unwrap();
        let (mut a, mut b, mut c) = ([0; 8], [0; 8], [0; 8]);
        let mut given_up = by_hand(there.recv(&mut a));
        let mut first = by_hand(there.recv(&mut b));
        let mut second = by_hand(there.recv(&mut c));
        given_up.assert_pending();
        first.assert_pending();
        second.assert_pending();
        drop(given_up);
        here.send(b"one").await.unwrap();
        here.send(b"three").await.unwrap();
        assert_eq!(finish(first).await.unwrap(), 3);
        assert_eq!(finish(second).await.unwrap(), 5);
    });
}

#[test]
fn the_forms_that_poll_and_try() {
    run(async {
        let (at, from) = (place(), place());
        let (server, client) = (
            UnixDatagram::bind(&at).unwrap(),
            UnixDatagram::bind(&from).unwrap(),
        );
        let is_client = |sender: &super::super::SocketAddr| {
            assert_eq!(sender.as_pathname(), Some(from.as_ref()));
        };

        let mut bytes = [0; 64];
        let mut buf = ReadBuf::new(&mut bytes);
        let mut receiving = by_hand(poll_fn(|cx| server.poll_recv_from(cx, &mut buf)));
        receiving.assert_pending();
        poll_fn(|cx| client.poll_send_to(cx, b"poll", &at))
            .await
            .unwrap();
        is_client(&finish(receiving).await.unwrap());
        assert_eq!(buf.filled(), b"poll");

        client.connect(&at).unwrap();
        poll_fn(|cx| client.poll_send(cx, b"ed")).await.unwrap();
        poll_fn(|cx| server.poll_recv(cx, &mut buf)).await.unwrap();
        assert_eq!(buf.filled(), b"polled");

        // Without waiting, once it is known that something is there.
        for _ in 0..4 {
            client.writable().await.unwrap();
            client.try_send_to(b"try", &at).unwrap();
        }
        poll_fn(|cx| server.poll_recv_ready(cx)).await.unwrap();
        assert_eq!(server.try_recv(&mut bytes).unwrap(), 3);
        let (len, sender) = server.try_recv_from(&mut bytes).unwrap();
        assert_eq!(len, 3);
        is_client(&sender);
        let mut room = Vec::with_capacity(16);
        assert_eq!(server.try_recv_buf(&mut room).unwrap(), 3);
        let (len, sender) = server.try_recv_buf_from(&mut room).unwrap();
        assert_eq!((len, room.as_slice()), (3, &b"trytry"[..]));
        is_client(&sender);
        let empty = server.try_recv_buf(&mut room).unwrap_err();
        assert_eq!(empty.kind(), ErrorKind::WouldBlock);

        client.send(b"buf").await.unwrap();
        assert_eq!(server.recv_buf(&mut room).await.unwrap(), 3);
        assert_eq!(room, b"trytrybuf");
        let not_ready = server.try_io(Interest::READABLE, || -> std::io::Result<()> {
            Err(ErrorKind::WouldBlock.into())
        });
        assert_eq!(not_ready.unwrap_err().kind(), ErrorKind::WouldBlock);
    });
}

#[test]
fn ended() {
    run(async {
        let (here, there) = UnixDatagram::pair().unwrap();
        here.send(b"before").await.unwrap();
        there.shutdown(Shutdown::Read).unwrap();
        assert_eq!(
            here.send(b"x").await.unwrap_err().kind(),
            ErrorKind::BrokenPipe
        );
        assert_eq!(recv(&there).await, b"before");
        // The end of datagrams is silent; but waiting for it must not spin.
        let mut waiting = by_hand(recv(&there));
        waiting.assert_pending();
        assert_eq!(waiting.take_wakes(), 0);
        assert!(here.take_error().unwrap().is_none());
    });
}

#[test]
fn from_the_standard_library_and_back() {
    run(async {
        let (socket, peer) = std::os::unix::net::UnixDatagram::pair().unwrap();
        socket.set_nonblocking(true).unwrap();
        let socket = UnixDatagram::try_from(socket).unwrap();
        let mut receiving = by_hand(recv(&socket));
        receiving.assert_pending();
        peer.send(b"std").unwrap();
        assert_eq!(finish(receiving).await, b"std");
        let socket = socket.into_std().unwrap();
        let still = socket.recv(&mut [0]).unwrap_err();
        assert_eq!(still.kind(), ErrorKind::WouldBlock);
    });
}

#[test]
fn portable() {
    fn everywhere<T: Send + Sync>(_: T) {}
    run(async {
        let (here, _there) = UnixDatagram::pair().unwrap();
        fn movable<T: Unpin>(_: &T) {}
        movable(&here);
        everywhere(&here);
        everywhere(here.ready(Interest::READABLE));
        everywhere(here.recv(&mut [0]));
        everywhere(here.recv_from(&mut [0]));
        everywhere(here.send(b"x"));
        everywhere(here.send_to(b"x", "x"));
        assert!(format!("{here:?}").contains("fd"), "{here:?}");
    });
}
