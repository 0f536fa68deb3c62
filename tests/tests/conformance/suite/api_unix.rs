//! **What are tokio's Unix sockets and pipes, in names and meaning?** How they begin,
//! who they say they are, the forms of sending and receiving, what they refuse.

use std::future::{Future, poll_fn};
use std::io::ErrorKind;
use std::task::Poll;

use super::On;
use super::files::Scratch;
use super::rt;
use rt::io::{AsyncReadExt, AsyncWriteExt, ReadBuf};
use rt::net::unix::pipe;
use rt::net::{UnixDatagram, UnixListener, UnixSocket, UnixStream};

kolo_tests::tests! {
    everywhere: [
        api_unix_pair_is_writable_at_once,
        api_unix_addresses,
        api_unix_abstract_names,
        api_unix_credentials,
        api_unix_halves_reunite,
        api_unix_std_and_back,
        api_unix_datagram_forms,
        api_unix_socket,
        api_pipe_checks_its_ends,
    ],
}

fn api_unix_pair_is_writable_at_once(on: On) {
    on.run(async {
        let (here, there) = UnixStream::pair().unwrap();
        assert_eq!(here.try_write(b"hi").unwrap(), 2);
        there.readable().await.unwrap();
        assert_eq!(there.try_read(&mut [0; 8]).unwrap(), 2);
        let (here, there) = UnixDatagram::pair().unwrap();
        assert_eq!(here.try_send(b"hi").unwrap(), 2);
        there.readable().await.unwrap();
        assert_eq!(there.try_recv(&mut [0; 8]).unwrap(), 2);
    });
}

fn api_unix_addresses(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let path = scratch.path("socket");
        let address = std::os::unix::net::SocketAddr::from_pathname(&path).unwrap();
        let listener = UnixListener::bind_addr(&address.into()).unwrap();
        let address = listener.local_addr().unwrap();
        assert_eq!(address.as_pathname(), Some(path.as_path()));
        assert!(!address.is_unnamed());

        let client = UnixStream::connect_addr(&address).await.unwrap();
        let (server, peer) = listener.accept().await.unwrap();
        assert!(peer.is_unnamed() && client.local_addr().unwrap().is_unnamed());
        assert_eq!(peer.as_pathname(), None);
        for address in [client.peer_addr().unwrap(), server.local_addr().unwrap()] {
            assert_eq!(address.as_pathname(), Some(path.as_path()));
            let shown = format!("{address:?}");
            let std = std::os::unix::net::SocketAddr::from(address);
            assert_eq!(shown, format!("{std:?}"));
        }
        assert!(server.take_error().unwrap().is_none());
        assert!(listener.take_error().unwrap().is_none());
    });
}

fn api_unix_abstract_names(on: On) {
    on.run(async {
        let library = module_path!();
        let name = format!("{library}-{}-{:?}", std::process::id(), on.kind);
        let path = format!("\0{name}");
        let listener = UnixListener::bind(&path).unwrap();
        let mut client = UnixStream::connect(&path).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        for address in [client.peer_addr().unwrap(), server.local_addr().unwrap()] {
            assert_eq!(address.as_abstract_name(), Some(name.as_bytes()));
        }
        client.write_u8(1).await.unwrap();
        assert_eq!(server.read_u8().await.unwrap(), 1);
        let taken = UnixListener::bind(&path).unwrap_err();
        assert_eq!(taken.kind(), ErrorKind::AddrInUse);
    });
}

fn api_unix_credentials(on: On) {
    on.run(async {
        // SAFETY: these two have no preconditions.
        let (uid, gid) = unsafe { (libc::geteuid(), libc::getegid()) };
        let (here, _there) = UnixStream::pair().unwrap();
        let peer = here.peer_cred().unwrap();
        assert_eq!((peer.uid(), peer.gid()), (uid, gid));
        assert_eq!(peer.pid(), Some(std::process::id().cast_signed()));
        assert_eq!(peer, here.peer_cred().unwrap());
    });
}

fn api_unix_halves_reunite(on: On) {
    on.run(async {
        let (mut here, mut there) = UnixStream::pair().unwrap();
        {
            let (mut reader, mut writer) = here.split();
            writer.write_all(b"borrowed").await.unwrap();
            there.write_u8(2).await.unwrap();
            assert_eq!(reader.read_u8().await.unwrap(), 2);
        }
        let (reader, writer) = here.into_split();
        let (other_reader, other_writer) = there.into_split();
        let error = reader.reunite(other_writer).unwrap_err();
        assert_eq!(
            error.to_string(),
            "tried to reunite halves that are not from the same socket"
        );
        let rt::net::unix::ReuniteError(reader, other_writer) = error;
        let mut here = writer.reunite(reader).unwrap();
        let mut there = other_reader.reunite(other_writer).unwrap();

        let mut borrowed = [0; 8];
        there.read_exact(&mut borrowed).await.unwrap();
        assert_eq!(&borrowed, b"borrowed");
        there.write_u8(3).await.unwrap();
        assert_eq!(here.read_u8().await.unwrap(), 3);

        let (mut reader, writer) = here.into_split();
        writer.forget(); // and ends nothing
        there.write_u8(4).await.unwrap();
        assert_eq!(reader.read_u8().await.unwrap(), 4);
        let mut end = Box::pin(there.read_u8());
        let early = poll_fn(|cx| Poll::Ready(end.as_mut().poll(cx).is_pending()));
        assert!(early.await);
        drop(reader);
        assert_eq!(end.await.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    });
}

fn api_unix_std_and_back(on: On) {
    on.run(async {
        let (stream, peer) = std::os::unix::net::UnixStream::pair().unwrap();
        stream.set_nonblocking(true).unwrap();
        peer.set_nonblocking(true).unwrap();
        let mut stream = UnixStream::from_std(stream).unwrap();
        let mut peer = UnixStream::try_from(peer).unwrap();
        peer.write_u8(1).await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), 1);
        let stream = stream.into_std().unwrap();
        drop(UnixStream::from_std(stream).unwrap());
        assert_eq!(peer.read(&mut [0]).await.unwrap(), 0);
    });
}

fn api_unix_datagram_forms(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let (at, from) = (scratch.path("server"), scratch.path("client"));
        let server = UnixDatagram::bind(&at).unwrap();
        let client = UnixDatagram::bind(&from).unwrap();
        let anonymous = UnixDatagram::unbound().unwrap();
        let mut bytes = [0; 8];

        anonymous.send_to(b"1", &at).await.unwrap();
        let (len, sender) = server.recv_from(&mut bytes).await.unwrap();
        assert!(len == 1 && sender.is_unnamed());

        client.send_to(b"22", &at).await.unwrap();
        let mut room = Vec::with_capacity(8);
        let (len, sender) = server.recv_buf_from(&mut room).await.unwrap();
        assert_eq!((len, sender.as_pathname()), (2, Some(from.as_path())));
        assert_eq!(room, b"22");

        let not_connected = client.send(b"x").await.unwrap_err();
        assert_eq!(not_connected.kind(), ErrorKind::NotConnected);
        client.connect(&at).unwrap();
        client.send(b"333").await.unwrap();
        assert_eq!(server.recv_buf(&mut room).await.unwrap(), 3);
        assert_eq!(room, b"22333");

        poll_fn(|cx| client.poll_send(cx, b"4444")).await.unwrap();
        let mut buf = ReadBuf::new(&mut bytes);
        poll_fn(|cx| server.poll_recv(cx, &mut buf)).await.unwrap();
        assert_eq!(buf.filled(), b"4444");
        poll_fn(|cx| client.poll_send_to(cx, b"5", &at))
            .await
            .unwrap();
        let sender = poll_fn(|cx| server.poll_recv_from(cx, &mut buf))
            .await
            .unwrap();
        assert_eq!(sender.as_pathname(), Some(from.as_path()));
        assert_eq!(buf.filled(), b"44445");

        client.writable().await.unwrap();
        client.try_send_to(b"66", &at).unwrap();
        server.readable().await.unwrap();
        let (len, sender) = server.try_recv_from(&mut bytes).unwrap();
        assert_eq!((len, sender.as_pathname()), (2, Some(from.as_path())));
        let empty = server.try_recv_buf(&mut room).unwrap_err();
        assert_eq!(empty.kind(), ErrorKind::WouldBlock);

        // A datagram that is longer than the buffer loses its rest.
        client.send(b"7777777777").await.unwrap();
        client.send(b"8").await.unwrap();
        assert_eq!(server.recv(&mut bytes).await.unwrap(), 8);
        assert_eq!(server.recv(&mut bytes).await.unwrap(), 1);
    });
}

fn api_unix_socket(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let (at, from) = (scratch.path("server"), scratch.path("client"));
        let socket = UnixSocket::new_stream().unwrap();
        socket.bind(&at).unwrap();
        let listener = socket.listen(8).unwrap();
        let socket = UnixSocket::new_stream().unwrap();
        socket.bind(&from).unwrap();
        let _client = socket.connect(&at).await.unwrap();
        let (_, peer) = listener.accept().await.unwrap();
        assert_eq!(peer.as_pathname(), Some(from.as_path()));

        let socket = UnixSocket::new_datagram().unwrap();
        let path = scratch.path("datagram");
        socket.bind(&path).unwrap();
        let datagram = socket.datagram().unwrap();
        assert_eq!(
            datagram.local_addr().unwrap().as_pathname(),
            Some(path.as_path())
        );

        let texts = [
            UnixSocket::new_stream()
                .unwrap()
                .datagram()
                .map(drop)
                .unwrap_err(),
            UnixSocket::new_datagram()
                .unwrap()
                .listen(1)
                .map(drop)
                .unwrap_err(),
            UnixSocket::new_datagram()
                .unwrap()
                .connect(&at)
                .await
                .map(drop)
                .unwrap_err(),
        ]
        .map(|error| error.to_string());
        assert_eq!(
            texts,
            [
                "datagram cannot be called on a stream socket",
                "listen cannot be called on a datagram socket",
                "connect cannot be called on a datagram socket",
            ]
        );
    });
}

fn api_pipe_checks_its_ends(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let path = scratch.file("regular", "");
        let text = |error: std::io::Error| {
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            error.to_string()
        };
        let options = pipe::OpenOptions::new();
        assert_eq!(
            text(options.open_receiver(&path).unwrap_err()),
            "not a pipe"
        );
        assert_eq!(text(options.open_sender(&path).unwrap_err()), "not a pipe");

        let (reader, writer) = std::io::pipe().unwrap();
        let copy = reader.try_clone().unwrap().into();
        assert_eq!(
            text(pipe::Sender::from_owned_fd(copy).unwrap_err()),
            "not in O_WRONLY or O_RDWR access mode"
        );
        let copy = writer.try_clone().unwrap().into();
        assert_eq!(
            text(pipe::Receiver::from_owned_fd(copy).unwrap_err()),
            "not in O_RDONLY or O_RDWR access mode"
        );
        let mut sender = pipe::Sender::from_owned_fd(writer.into()).unwrap();
        let mut receiver = pipe::Receiver::from_owned_fd(reader.into()).unwrap();
        sender.write_u8(1).await.unwrap();
        assert_eq!(receiver.read_u8().await.unwrap(), 1);

        // As a thread wants it.
        let receiver = receiver.into_blocking_fd().unwrap();
        let sender = sender.into_nonblocking_fd().unwrap();
        let thread = std::thread::spawn(move || {
            let mut byte = [0];
            std::io::Read::read(&mut std::fs::File::from(receiver), &mut byte).map(|_| byte)
        });
        std::io::Write::write_all(&mut std::fs::File::from(sender), &[2]).unwrap();
        assert_eq!(thread.join().unwrap().unwrap(), [2]);
    });
}
