//! UDP over loopback, at ports of the kernel's choice.

use std::future::{Future, poll_fn};
use std::io::ErrorKind;
use std::mem::MaybeUninit;
use std::net::Ipv4Addr;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use super::*;
use crate::io::ReadBuf;
use crate::runtime::{Builder, Runtime, is_rt_shutdown_err};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

async fn socket() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// Two sockets, connected to one another.
async fn pair() -> (UdpSocket, UdpSocket) {
    let ((one, at_one), (other, at_other)) = (socket().await, socket().await);
    one.connect(at_other).await.unwrap();
    other.connect(at_one).await.unwrap();
    (one, other)
}

/// Polls once, in the runtime; nobody is woken later.
fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn datagrams_keep_their_bounds_however_short() {
    runtime().block_on(async {
        let (one, other) = pair().await;
        for datagram in [&b"first"[..], b"", b"third"] {
            assert_eq!(one.send(datagram).await.unwrap(), datagram.len());
        }
        // One event told of all three: short ones don't clear it.
        let mut buf = [0; 64];
        assert_eq!(other.recv(&mut buf).await.unwrap(), 5);
        assert_eq!(other.recv(&mut buf).await.unwrap(), 0);
        assert_eq!(other.try_recv(&mut buf).unwrap(), 5);
        assert_eq!(&buf[..5], b"third");
        assert_eq!(
            other.try_recv(&mut buf).unwrap_err().kind(),
            ErrorKind::WouldBlock
        );
    });
}

#[test]
fn what_the_buffer_has_no_room_for_is_lost() {
    runtime().block_on(async {
        let (one, other) = pair().await;
        one.send(b"too long").await.unwrap();
        one.send(b"next").await.unwrap();
        let mut buf = [0; 3];
        assert_eq!(other.recv(&mut buf).await.unwrap(), 3);
        assert_eq!(&buf, b"too");
        assert_eq!(other.recv(&mut buf).await.unwrap(), 3);
        assert_eq!(&buf, b"nex");
    });
}

#[test]
fn strangers_are_answered_and_the_connected_hear_only_their_peer() {
    runtime().block_on(async {
        let ((server, at), (client, from), (stranger, _)) =
            (socket().await, socket().await, socket().await);
        let mut buf = [0; 64];
        client.send_to(b"ping", at).await.unwrap();
        let (len, peer) = server.recv_from(&mut buf).await.unwrap();
        assert_eq!((&buf[..len], peer), (&b"ping"[..], from));

        assert_eq!(
            client.peer_addr().unwrap_err().kind(),
            ErrorKind::NotConnected
        );
        client.connect(at).await.unwrap();
        assert_eq!(client.peer_addr().unwrap(), at);
        stranger.send_to(b"spam", from).await.unwrap();
        server.send_to(b"pong", peer).await.unwrap();
        assert_eq!(client.recv_from(&mut buf).await.unwrap(), (4, at));
        assert_eq!(&buf[..4], b"pong");
    });
}

#[test]
fn nobody_there_is_an_error_for_the_receiver() {
    runtime().block_on(async {
        let (socket, _) = socket().await;
        // An address of this test's own, and nobody was ever there: what is closed
        // is held for a moment by each process that another test starts.
        socket.connect("127.83.8.1:1").await.unwrap();
        let mut buf = [0; 8];
        let mut recv = pin!(socket.recv(&mut buf));
        assert!(poll_once(recv.as_mut()).is_pending());
        socket.send(b"anybody?").await.unwrap();
        assert_eq!(recv.await.unwrap_err().kind(), ErrorKind::ConnectionRefused);

        socket.send(b"still?").await.unwrap();
        let mut buf = ReadBuf::uninit(&mut []);
        let error = poll_fn(|cx| socket.poll_recv(cx, &mut buf))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn polls_fill_what_nobody_zeroed() {
    runtime().block_on(async {
        let (one, other) = pair().await;
        let at_one = one.local_addr().unwrap();
        assert_eq!(
            poll_fn(|cx| one.poll_send(cx, b"datagram")).await.unwrap(),
            8
        );
        poll_fn(|cx| other.poll_recv_ready(cx)).await.unwrap();

        let mut room = [MaybeUninit::uninit(); 64];
        let mut buf = ReadBuf::uninit(&mut room);
        poll_fn(|cx| other.poll_peek(cx, &mut buf)).await.unwrap();
        let sender = poll_fn(|cx| other.poll_peek_from(cx, &mut buf))
            .await
            .unwrap();
        assert_eq!(sender, at_one);
        let sender = poll_fn(|cx| other.poll_peek_sender(cx)).await.unwrap();
        assert_eq!(sender, at_one);
        let sender = poll_fn(|cx| other.poll_recv_from(cx, &mut buf))
            .await
            .unwrap();
        assert_eq!(sender, at_one);
        assert_eq!(buf.filled(), b"datagramdatagramdatagram");

        buf.clear();
        let mut poll = pin!(poll_fn(|cx| other.poll_recv(cx, &mut buf)));
        assert!(poll_once(poll.as_mut()).is_pending());
        let at_other = other.local_addr().unwrap();
        poll_fn(|cx| one.poll_send_ready(cx)).await.unwrap();
        let sent = poll_fn(|cx| one.poll_send_to(cx, b"again", at_other)).await;
        assert_eq!(sent.unwrap(), 5);
        poll.await.unwrap();
        assert_eq!(buf.filled(), b"again");
    });
}

#[test]
fn trying_does_not_wait() {
    runtime().block_on(async {
        let (one, at_one) = socket().await;
        let (other, at_other) = socket().await;
        let mut buf = [0; 16];
        assert_eq!(
            other.try_recv_from(&mut buf).unwrap_err().kind(),
            ErrorKind::WouldBlock
        );
        one.writable().await.unwrap();
        assert_eq!(one.try_send_to(b"a", at_other).unwrap(), 1);
        assert_eq!(one.try_send_to(b"bc", at_other).unwrap(), 2);
        assert_eq!(one.try_send_to(b"def", at_other).unwrap(), 3);

        other.readable().await.unwrap();
        assert_eq!(other.try_peek_sender().unwrap(), at_one);
        assert_eq!(other.try_peek_from(&mut buf).unwrap(), (1, at_one));
        assert_eq!(other.try_peek(&mut buf).unwrap(), 1);
        assert_eq!(other.try_recv_from(&mut buf).unwrap(), (1, at_one));
        let mut growing = Vec::with_capacity(16);
        assert_eq!(other.try_recv_buf(&mut growing).unwrap(), 2);
        assert_eq!(other.try_recv_buf_from(&mut growing).unwrap(), (3, at_one));
        assert_eq!(growing, b"bcdef");
        assert_eq!(
            other.try_peek_sender().unwrap_err().kind(),
            ErrorKind::WouldBlock
        );
    });
}

#[test]
fn a_dropped_receive_takes_nothing() {
    runtime().block_on(async {
        let (one, other) = pair().await;
        let mut buf = [0; 8];
        {
            let mut recv = pin!(other.recv(&mut buf));
            assert!(poll_once(recv.as_mut()).is_pending());
            one.send(b"kept").await.unwrap();
            other.readable().await.unwrap();
        }
        assert_eq!(other.recv(&mut buf).await.unwrap(), 4);
        assert_eq!(&buf[..4], b"kept");
    });
}

#[test]
fn what_is_done_takes_of_the_budget_and_what_waits_does_not() {
    runtime().block_on(async {
        let (one, other) = pair().await;
        one.writable().await.unwrap();
        crate::task::yield_now().await; // a poll, and a budget, of its own
        for _ in 0..200 {
            assert!(poll_once(pin!(other.recv(&mut [])).as_mut()).is_pending());
            assert!(poll_once(pin!(one.writable()).as_mut()).is_ready());
        }
        let send = || poll_once(pin!(one.send(b"")).as_mut()).is_ready();
        let sent = (0..200).take_while(|_| send()).count();
        assert!((100..=128).contains(&sent), "{sent}");
    });
}

#[test]
fn there_must_be_an_address_to_send_to() {
    runtime().block_on(async {
        let (socket, _) = socket().await;
        let nobody: &[SocketAddr] = &[];
        let error = socket.send_to(b"?", nobody).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert_eq!(error.to_string(), "no addresses to send data to");
        assert_eq!(
            socket.connect(nobody).await.unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
        assert!(socket.send(b"to no peer").await.is_err());
        let too_long = vec![0; 70_000];
        let peer = socket.local_addr().unwrap();
        let error = socket.send_to(&too_long, peer).await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EMSGSIZE));
    });
}

#[test]
fn groups_are_joined_and_left() {
    runtime().block_on(async {
        let (socket, _) = socket().await;
        let (group, here) = (Ipv4Addr::new(224, 0, 0, 251), Ipv4Addr::LOCALHOST);
        socket.join_multicast_v4(group, here).unwrap();
        socket.leave_multicast_v4(group, here).unwrap();
        assert!(socket.leave_multicast_v4(group, here).is_err());
    });
}

#[test]
fn a_socket_outlives_its_runtime_only_as_a_descriptor() {
    let its_own = runtime();
    let (socket, _) = its_own.block_on(socket());
    drop(its_own);
    runtime().block_on(async {
        let error = socket.recv(&mut [0; 8]).await.unwrap_err();
        assert!(is_rt_shutdown_err(&error));
        socket.into_std().unwrap();
    });
}

#[test]
fn the_type_goes_anywhere() {
    fn anywhere<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe>() {}
    fn travels<T: Send + Sync>(_: T) {}
    anywhere::<UdpSocket>();
    travels(UdpSocket::bind("localhost:1"));
}
