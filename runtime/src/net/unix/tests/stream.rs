//! Streams, listeners, and the sockets that they are before.

use std::future::poll_fn;
use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd};
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::process;

use super::{finish, place, read, run, shutdown, write};
use crate::io::Interest;
use crate::net::unix::{ReuniteError, SocketAddr};
use crate::net::{UnixDatagram, UnixListener, UnixSocket, UnixStream};
use crate::process_testing;
use crate::runtime::{Builder, is_rt_shutdown_err};
use crate::sync::testing::by_hand;

/// A name that is no path, and a test's own.
fn abstract_name(name: &str) -> PathBuf {
    PathBuf::from(format!("\0kolo-unit-{}-{name}", process::id()))
}

/// A connection over a path: who connected, and who accepted.
async fn connected() -> (UnixStream, UnixStream) {
    let place = place();
    let listener = UnixListener::bind(&place).unwrap();
    let client = UnixStream::connect(&place).await.unwrap();
    (client, listener.accept().await.unwrap().0)
}

#[test]
fn connects_accepts_and_reads_the_end() {
    run(async {
        let place = place();
        let listener = UnixListener::bind(&place).unwrap();
        let mut client = UnixStream::connect(&place).await.unwrap();
        let (mut server, peer) = listener.accept().await.unwrap();

        let is_place = |address: SocketAddr| address.as_pathname() == Some(place.as_ref());
        assert!(is_place(listener.local_addr().unwrap()));
        assert!(is_place(client.peer_addr().unwrap()));
        assert!(is_place(server.local_addr().unwrap()));
        assert!(peer.is_unnamed() && client.local_addr().unwrap().is_unnamed());

        write(&mut client, b"ping").await;
        assert_eq!(read(&mut server).await.unwrap(), b"ping");
        write(&mut server, b"pong").await;
        assert_eq!(read(&mut client).await.unwrap(), b"pong");
        drop(client);
        assert_eq!(read(&mut server).await.unwrap(), b"");
        assert!(server.take_error().unwrap().is_none());
        assert!(listener.take_error().unwrap().is_none());
    });
}

#[test]
fn what_came_before_the_accept_is_read_without_waiting() {
    run(async {
        let place = place();
        let listener = UnixListener::bind(&place).unwrap();
        let mut client = std::os::unix::net::UnixStream::connect(&place).unwrap();
        client.write_all(b"early").unwrap();
        let (server, _) = listener.accept().await.unwrap();
        let mut buf = [0; 8];
        assert_eq!(server.try_read(&mut buf).unwrap(), 5);
        assert_eq!(server.try_write(b"and back").unwrap(), 8);
    });
}

#[test]
fn an_abstract_name_is_no_file() {
    let _closed_is_closed = process_testing::none_starts();
    run(async {
        let name = abstract_name("listener");
        let listener = UnixListener::bind(&name).unwrap();
        let taken = UnixListener::bind(&name).unwrap_err();
        assert_eq!(taken.kind(), ErrorKind::AddrInUse);

        let address = listener.local_addr().unwrap();
        let bytes = name.as_os_str().as_encoded_bytes();
        assert_eq!(address.as_abstract_name(), Some(&bytes[1..]));
        assert_eq!((address.is_unnamed(), address.as_pathname()), (false, None));

        let by_path = UnixStream::connect(&name).await.unwrap();
        let by_address = UnixStream::connect_addr(&address).await.unwrap();
        for client in [by_path, by_address] {
            let address = client.peer_addr().unwrap();
            assert_eq!(address.as_abstract_name(), Some(&bytes[1..]));
            listener.accept().await.unwrap();
        }
        drop(listener);
        let gone = UnixStream::connect(&name).await.unwrap_err();
        assert_eq!(gone.kind(), ErrorKind::ConnectionRefused);
        // Nothing stays of it.
        UnixListener::bind_addr(&address).unwrap();
    });
}

#[test]
fn paths_that_fail() {
    let _closed_is_closed = process_testing::none_starts();
    run(async {
        let place = place();
        let kind_of = async |path: &Path| UnixStream::connect(path).await.unwrap_err().kind();
        assert_eq!(kind_of(place.as_ref()).await, ErrorKind::NotFound);
        drop(UnixListener::bind(&place).unwrap());
        assert_eq!(kind_of(place.as_ref()).await, ErrorKind::ConnectionRefused);
        let taken = UnixListener::bind(&place).unwrap_err();
        assert_eq!(taken.kind(), ErrorKind::AddrInUse);

        for path in ["x".repeat(200), "zero \0 within".into()] {
            let path = Path::new(&path);
            assert_eq!(kind_of(path).await, ErrorKind::InvalidInput);
            let bound = UnixListener::bind(path).unwrap_err();
            assert_eq!(bound.kind(), ErrorKind::InvalidInput);
        }
    });
}

#[test]
fn a_listener_that_goes_away_fails_who_connects() {
    run(async {
        let place = place();
        let listener = UnixListener::bind(&place).unwrap();
        let mut connecting = by_hand(UnixStream::connect(&place));
        connecting.assert_pending(); // the driver has not confirmed it
        drop(listener);
        let error = finish(connecting).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    });
}

#[test]
fn too_many_who_wait_to_be_accepted() {
    run(async {
        let place = place();
        let socket = UnixSocket::new_stream().unwrap();
        socket.bind(&place).unwrap();
        let listener = socket.listen(0).unwrap();
        let _first = UnixStream::connect(&place).await.unwrap();
        let error = UnixStream::connect(&place).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        listener.accept().await.unwrap();
        UnixStream::connect(&place).await.unwrap();
    });
}

#[test]
fn any_number_wait_to_accept_and_one_polls() {
    run(async {
        let place = place();
        let listener = UnixListener::bind(&place).unwrap();
        let mut waits = [by_hand(listener.accept()), by_hand(listener.accept())];
        let mut given_up = by_hand(listener.accept());
        let mut poller = by_hand(poll_fn(|cx| listener.poll_accept(cx)));
        waits.iter_mut().for_each(|wait| wait.assert_pending());
        given_up.assert_pending();
        poller.assert_pending();
        drop(given_up);

        let mut clients = Vec::new();
        for _ in 0..3 {
            clients.push(UnixStream::connect(&place).await.unwrap());
        }
        for wait in waits {
            finish(wait).await.unwrap();
        }
        assert!(poller.take_wakes() > 0);
        poller.ready().unwrap();
        by_hand(listener.accept()).assert_pending();
    });
}

#[test]
fn a_pair_can_be_written_before_the_driver_looks() {
    run(async {
        let (here, mut there) = UnixStream::pair().unwrap();
        assert_eq!(here.try_write(b"hi").unwrap(), 2);
        let early = here.try_read(&mut [0]).unwrap_err();
        assert_eq!(early.kind(), ErrorKind::WouldBlock);
        by_hand(poll_fn(|cx| here.poll_write_ready(cx)))
            .ready()
            .unwrap();
        by_hand(poll_fn(|cx| here.poll_read_ready(cx))).assert_pending();
        assert_eq!(read(&mut there).await.unwrap(), b"hi");
        assert!(here.local_addr().unwrap().is_unnamed());

        let (_client, server) = connected().await;
        assert_eq!(server.try_write(b"hi").unwrap(), 2);
    });
}

#[test]
fn tries_wait_for_readiness_and_clear_it() {
    run(async {
        let (here, there) = UnixStream::pair().unwrap();
        let parts = [IoSlice::new(b"one "), IoSlice::new(b"two")];
        assert_eq!(here.try_write_vectored(&parts).unwrap(), 7);
        there.readable().await.unwrap();
        let (mut first, mut second) = ([0; 3], [0; 3]);
        let mut parts = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
        assert_eq!(there.try_read_vectored(&mut parts).unwrap(), 6);
        assert_eq!((&first, &second), (b"one", b" tw"));
        let mut rest = Vec::new();
        assert_eq!(there.try_read_buf(&mut rest).unwrap(), 1);
        assert_eq!(rest, b"o");
        let empty = there.try_read(&mut first).unwrap_err();
        assert_eq!(empty.kind(), ErrorKind::WouldBlock);
        by_hand(there.readable()).assert_pending();

        // Full, until the other end reads.
        while here.try_write(&[0; 65536]).is_ok() {}
        let mut writable = by_hand(here.writable());
        writable.assert_pending();
        loop {
            match there.try_read(&mut [0; 65536]) {
                Ok(_) => {}
                Err(_) if writable.take_wakes() > 0 => break,
                Err(_) => crate::task::yield_now().await,
            }
        }
        writable.ready().unwrap();

        drop(writable);
        drop(here);
        let ready = there.ready(Interest::READABLE).await.unwrap();
        assert!(ready.is_read_closed());
    });
}

#[test]
fn operations_of_ones_own() {
    run(async {
        let (mut here, there) = UnixStream::pair().unwrap();
        let recv = || socket2::SockRef::from(&there).peek(&mut [std::mem::MaybeUninit::uninit()]);
        let early = there.try_io(Interest::READABLE, recv).unwrap_err();
        assert_eq!(early.kind(), ErrorKind::WouldBlock);
        let mut waiting = by_hand(there.async_io(Interest::READABLE, recv));
        waiting.assert_pending();
        write(&mut here, b"x").await;
        assert_eq!(finish(waiting).await.unwrap(), 1);
        assert_eq!(there.try_io(Interest::READABLE, recv).unwrap(), 1);
    });
}

#[test]
fn shutting_down_ends_one_direction() {
    run(async {
        let (mut here, mut there) = connected().await;
        shutdown(&mut here).await;
        shutdown(&mut here).await; // again is no error
        assert_eq!(read(&mut there).await.unwrap(), b"");
        write(&mut there, b"still").await;
        assert_eq!(read(&mut here).await.unwrap(), b"still");
        let broken = here.try_write(b"x").unwrap_err();
        assert_eq!(broken.kind(), ErrorKind::BrokenPipe);
        drop(there);
        shutdown(&mut here).await; // nor is it without a peer
    });
}

#[test]
fn halves() {
    run(async {
        let (mut here, mut there) = UnixStream::pair().unwrap();
        {
            let (mut reader, mut writer) = here.split();
            write(&mut writer, b"borrowed").await;
            assert_eq!(read(&mut there).await.unwrap(), b"borrowed");
            write(&mut there, b"back").await;
            assert_eq!(read(&mut reader).await.unwrap(), b"back");
            assert!(reader.peer_addr().unwrap().is_unnamed());
        }
        // Borrowed halves end nothing; an owned one that is forgotten neither.
        let (mut reader, writer) = here.into_split();
        writer.forget();
        by_hand(read(&mut there)).assert_pending();
        write(&mut there, b"more").await;
        assert_eq!(read(&mut reader).await.unwrap(), b"more");
        drop(reader);
        assert_eq!(read(&mut there).await.unwrap(), b"");

        let (one, mut its_peer) = UnixStream::pair().unwrap();
        let (other, _peer) = UnixStream::pair().unwrap();
        let (reader, writer) = one.into_split();
        let (other_reader, other_writer) = other.into_split();
        let error = reader.reunite(other_writer).unwrap_err();
        assert!(error.to_string().contains("not from the same socket"));
        let ReuniteError(reader, other_writer) = error;
        other_writer.reunite(other_reader).unwrap();
        let (reader, writer) = writer.reunite(reader).unwrap().into_split();
        drop(writer);
        assert_eq!(read(&mut its_peer).await.unwrap(), b"");
        write(&mut its_peer, b"the read half lives").await;
        drop(reader);
    });
}

#[test]
fn the_peer_is_known() {
    run(async {
        // SAFETY: these two have no preconditions.
        let (uid, gid) = unsafe { (libc::geteuid(), libc::getegid()) };
        let (client, server) = connected().await;
        let (one, _other) = UnixStream::pair().unwrap();
        for stream in [client, server, one] {
            let peer = stream.peer_cred().unwrap();
            assert_eq!((peer.uid(), peer.gid()), (uid, gid));
            assert_eq!(peer.pid(), Some(process::id().cast_signed()));
        }
    });
}

#[test]
fn from_the_standard_library_and_back() {
    run(async {
        let (stream, mut peer) = std::os::unix::net::UnixStream::pair().unwrap();
        stream.set_nonblocking(true).unwrap();
        let mut stream = UnixStream::try_from(stream).unwrap();
        let mut reading = by_hand(read(&mut stream));
        reading.assert_pending();
        peer.write_all(b"std").unwrap();
        assert_eq!(finish(reading).await.unwrap(), b"std");

        let mut stream = stream.into_std().unwrap();
        let still = stream.read(&mut [0]).unwrap_err();
        assert_eq!(still.kind(), ErrorKind::WouldBlock);

        let place = place();
        let listener = std::os::unix::net::UnixListener::bind(&place).unwrap();
        listener.set_nonblocking(true).unwrap();
        let listener = UnixListener::try_from(listener).unwrap();
        let _client = UnixStream::connect(&place).await.unwrap();
        listener.accept().await.unwrap();
        let listener = listener.into_std().unwrap();
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    });
}

#[test]
#[cfg(debug_assertions)]
fn one_that_blocks_is_refused() {
    let panic = catch_unwind(|| {
        run(async {
            let (stream, _peer) = std::os::unix::net::UnixStream::pair().unwrap();
            let _ = UnixStream::from_std(stream);
        });
    });
    let text = panic.unwrap_err().downcast::<&str>().unwrap();
    assert!(text.contains("set_nonblocking(true)"), "{text}");
}

#[test]
fn shutdown_of_the_runtime_fails_who_waits() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let place = place();
    let (listener, (here, _there)) = {
        let _context = runtime.enter();
        let listener = UnixListener::bind(&place).unwrap();
        (listener, UnixStream::pair().unwrap())
    };
    let mut accepting = by_hand(listener.accept());
    let mut reading = by_hand(here.readable());
    accepting.assert_pending();
    reading.assert_pending();
    drop(runtime);
    assert_eq!((accepting.take_wakes(), reading.take_wakes()), (1, 1));
    assert!(is_rt_shutdown_err(&accepting.ready().unwrap_err()));
    assert!(is_rt_shutdown_err(&reading.ready().unwrap_err()));
    assert!(is_rt_shutdown_err(
        &by_hand(here.writable()).ready().unwrap_err()
    ));
}

#[test]
fn a_socket_becomes_what_it_was_made_for() {
    run(async {
        let (at, from) = (place(), abstract_name("client"));
        let socket = UnixSocket::new_stream().unwrap();
        socket.bind(&at).unwrap();
        let listener = socket.listen(16).unwrap();
        let socket = UnixSocket::new_stream().unwrap();
        socket.bind(&from).unwrap();
        // By way of a plain number and back.
        assert_eq!(socket.as_raw_fd(), socket.as_fd().as_raw_fd());
        // SAFETY: it was just given up, by its owner.
        let socket = unsafe { UnixSocket::from_raw_fd(socket.into_raw_fd()) };
        let mut client = socket.connect(&at).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        let peer = server.peer_addr().unwrap();
        assert!(peer.as_abstract_name().unwrap().ends_with(b"-client"));
        write(&mut client, b"hello").await;
        assert_eq!(read(&mut server).await.unwrap(), b"hello");

        let place = place();
        let socket = UnixSocket::new_datagram().unwrap();
        socket.bind(&place).unwrap();
        let datagram: UnixDatagram = socket.datagram().unwrap();
        datagram.send_to(b"self", &place).await.unwrap();
        assert_eq!(datagram.recv(&mut [0; 8]).await.unwrap(), 4);
    });
}

#[test]
fn a_socket_becomes_nothing_else() {
    run(async {
        let (stream, datagram) = (UnixSocket::new_stream, UnixSocket::new_datagram);
        let text = |error: std::io::Error| error.to_string();
        assert_eq!(
            text(stream().unwrap().datagram().unwrap_err()),
            "datagram cannot be called on a stream socket"
        );
        assert_eq!(
            text(datagram().unwrap().listen(1).unwrap_err()),
            "listen cannot be called on a datagram socket"
        );
        assert_eq!(
            text(datagram().unwrap().connect("x").await.unwrap_err()),
            "connect cannot be called on a datagram socket"
        );
    });
}

#[test]
fn portable_and_shown() {
    fn everywhere<T: Send + Sync + Unpin>(_: &T) {}
    run(async {
        let (mut here, _there) = UnixStream::pair().unwrap();
        everywhere(&here);
        fn portable<T: Send + Sync>(_: T) {}
        portable(here.readable());
        portable(here.ready(Interest::READABLE));
        portable(UnixStream::connect("x"));
        assert!(format!("{here:?}").contains("fd"), "{here:?}");
        assert_eq!(here.as_raw_fd(), here.as_fd().as_raw_fd());
        let (reader, writer) = here.split();
        everywhere(&reader);
        everywhere(&writer);
        let place = place();
        let listener = UnixListener::bind(&place).unwrap();
        everywhere(&listener);
        portable(listener.accept());
        let address = listener.local_addr().unwrap();
        let std: std::os::unix::net::SocketAddr = address.clone().into();
        assert_eq!(format!("{std:?}"), format!("{:?}", SocketAddr::from(std)));
        assert_eq!(format!("{address:?}"), format!("{:?} (pathname)", place.0));
    });
}
