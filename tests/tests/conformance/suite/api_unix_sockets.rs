//! **Do Unix sockets and pipes have tokio's shape?** Streams, listeners and
//! datagrams by path and in pairs, credentials, pipes and fifos.

use std::io::ErrorKind;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::panic::{RefUnwindSafe, UnwindSafe};

use super::On;
use super::files::Scratch;
use super::rt;
use rt::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Interest};
use rt::net::unix::{self, UCred, pipe};
use rt::net::{UnixDatagram, UnixListener, UnixSocket, UnixStream};

kolo_tests::tests! {
    everywhere: [
        api_unix_bounds,
        api_unix_listener_and_stream,
        api_unix_connect_to_nobody,
        api_unix_path_in_use,
        api_unix_halves,
        api_unix_try,
        api_unix_datagram_by_path,
        api_unix_datagram_connected,
        api_unix_datagram_shutdown,
        api_unix_socket_before_it_is_one,
        api_pipe_end_and_back,
        api_pipe_fifo,
        api_pipe_wrong_file,
    ],
}

fn api_unix_bounds(_: On) {
    fn all<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + std::fmt::Debug>() {}
    fn stream<T: AsyncRead + AsyncWrite + AsFd + AsRawFd>() {}
    all::<UnixStream>();
    all::<UnixListener>();
    all::<UnixDatagram>();
    all::<UnixSocket>();
    all::<unix::SocketAddr>();
    all::<UCred>();
    all::<unix::OwnedReadHalf>();
    all::<unix::OwnedWriteHalf>();
    all::<unix::ReadHalf<'_>>();
    all::<unix::WriteHalf<'_>>();
    all::<unix::ReuniteError>();
    all::<pipe::Sender>();
    all::<pipe::Receiver>();
    stream::<UnixStream>();
}

fn api_unix_listener_and_stream(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let path = scratch.path("socket");
        let listener = UnixListener::bind(&path).unwrap();
        assert_eq!(
            listener.local_addr().unwrap().as_pathname(),
            Some(path.as_path())
        );
        let (client, accepted) = rt::join!(UnixStream::connect(&path), listener.accept());
        let (mut client, (mut accepted, from)) = (client.unwrap(), accepted.unwrap());
        assert!(from.is_unnamed());
        let peer = client.peer_addr().unwrap();
        assert_eq!(peer.as_pathname(), Some(path.as_path()));
        client.write_all(b"through a file").await.unwrap();
        client.shutdown().await.unwrap();
        let mut all = String::new();
        accepted.read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "through a file");
        assert!(listener.take_error().unwrap().is_none());
    });
}

fn api_unix_connect_to_nobody(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let path = scratch.path("socket");
        let error = UnixStream::connect(&path).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        drop(UnixListener::bind(&path).unwrap());
        // The file outlives its listener.
        let error = UnixStream::connect(&path).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    });
}

fn api_unix_path_in_use(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let path = scratch.path("socket");
        let _listener = UnixListener::bind(&path).unwrap();
        let error = UnixListener::bind(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        assert!(UnixListener::bind(scratch.path(&"long".repeat(40))).is_err());
    });
}

fn api_unix_halves(on: On) {
    on.run(async {
        let (mut here, mut there) = UnixStream::pair().unwrap();
        {
            let (mut read, mut write) = there.split();
            let (sent, received) = rt::join!(write.write_all(b"x"), here.read_u8());
            sent.unwrap();
            assert_eq!(received.unwrap(), b'x');
            here.write_all(b"y").await.unwrap();
            assert_eq!(read.read_u8().await.unwrap(), b'y');
        }
        let (read, write) = here.into_split();
        let (other_read, other_write) = there.into_split();
        let error = read.reunite(other_write).unwrap_err();
        assert!(!error.to_string().is_empty());
        let unix::ReuniteError(read, other_write) = error;
        assert!(other_write.reunite(other_read).is_ok());
        drop(write.reunite(read).unwrap());
    });
}

fn api_unix_try(on: On) {
    on.run(async {
        let (here, there) = UnixStream::pair().unwrap();
        let mut room = Vec::with_capacity(8);
        let error = here.try_read_buf(&mut room).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        assert_eq!(there.try_write(b"abc").unwrap(), 3);
        assert!(here.ready(Interest::READABLE).await.unwrap().is_readable());
        assert_eq!(here.try_read_buf(&mut room).unwrap(), 3);
        assert_eq!(room, b"abc");
    });
}

fn api_unix_datagram_by_path(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let (one, two) = (scratch.path("one"), scratch.path("two"));
        let (first, second) = (
            UnixDatagram::bind(&one).unwrap(),
            UnixDatagram::bind(&two).unwrap(),
        );
        assert_eq!(first.send_to(b"by path", &two).await.unwrap(), 7);
        let mut room = [0; 8];
        let (n, from) = second.recv_from(&mut room).await.unwrap();
        assert_eq!((n, from.as_pathname()), (7, Some(one.as_path())));
        let unnamed = UnixDatagram::unbound().unwrap();
        unnamed.send_to(b"?", &one).await.unwrap();
        assert!(first.recv_from(&mut room).await.unwrap().1.is_unnamed());
        let error = unnamed.send_to(b"?", scratch.path("none")).await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::NotFound);
    });
}

fn api_unix_datagram_connected(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let path = scratch.path("socket");
        let server = UnixDatagram::bind(&path).unwrap();
        let client = UnixDatagram::unbound().unwrap();
        client.connect(&path).unwrap();
        client.send(b"abc").await.unwrap();
        client.try_send(b"de").unwrap();
        let mut room = [0; 8];
        assert_eq!(server.recv(&mut room).await.unwrap(), 3);
        server.readable().await.unwrap();
        assert_eq!(server.try_recv(&mut room).unwrap(), 2);
        drop(server);
        assert!(client.send(b"gone").await.is_err());
    });
}

fn api_unix_datagram_shutdown(on: On) {
    on.run(async {
        let (here, there) = UnixDatagram::pair().unwrap();
        here.shutdown(Shutdown::Write).unwrap();
        let error = here.send(b"late").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        // The other direction is still open.
        there.send(b"abc").await.unwrap();
        assert_eq!(here.recv(&mut [0; 8]).await.unwrap(), 3);
    });
}

fn api_unix_socket_before_it_is_one(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let (one, two) = (scratch.path("one"), scratch.path("two"));
        let socket = UnixSocket::new_stream().unwrap();
        socket.bind(&one).unwrap();
        let listener = socket.listen(8).unwrap();
        let client = UnixSocket::new_stream().unwrap();
        client.bind(&two).unwrap();
        let (client, accepted) = rt::join!(client.connect(&one), listener.accept());
        client.unwrap();
        assert_eq!(accepted.unwrap().1.as_pathname(), Some(two.as_path()));
        let datagram = UnixSocket::new_datagram().unwrap();
        assert!(datagram.datagram().is_ok());
        assert!(UnixSocket::new_datagram().unwrap().listen(8).is_err());
        assert!(UnixSocket::new_stream().unwrap().datagram().is_err());
    });
}

fn api_pipe_end_and_back(on: On) {
    on.run(async {
        let (mut sender, mut receiver) = pipe::pipe().unwrap();
        sender.write_all(b"abc").await.unwrap();
        receiver.read_exact(&mut [0; 3]).await.unwrap();
        let error = receiver.try_read(&mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        let fd: OwnedFd = sender.into_blocking_fd().unwrap();
        std::io::Write::write_all(&mut std::fs::File::from(fd), b"de").unwrap();
        let mut rest = String::new();
        receiver.read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, "de");
        assert_eq!(receiver.try_read(&mut [0; 8]).unwrap(), 0);
        let again = pipe::Receiver::from_owned_fd(receiver.into_nonblocking_fd().unwrap());
        assert!(again.is_ok());
    });
}

fn api_pipe_fifo(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let path = scratch.path("fifo");
        let name = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
        // SAFETY: the pointer is to a string that ends in nought.
        assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
        // Nobody reads yet: a sender has no one to send to.
        let error = pipe::OpenOptions::new().open_sender(&path).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ENXIO));
        let mut receiver = pipe::OpenOptions::new().open_receiver(&path).unwrap();
        for _ in 0..3 {
            let mut sender = pipe::OpenOptions::new().open_sender(&path).unwrap();
            sender.write_all(b"abc").await.unwrap();
            receiver.read_exact(&mut [0; 3]).await.unwrap();
        }
    });
}

fn api_pipe_wrong_file(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let path = scratch.file("file", "no fifo");
        let error = pipe::OpenOptions::new().open_receiver(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        let (reader, writer) = std::io::pipe().unwrap();
        let (reader, writer) = (OwnedFd::from(reader), OwnedFd::from(writer));
        assert!(pipe::Sender::from_owned_fd(reader).is_err());
        assert!(pipe::Receiver::from_owned_fd(writer).is_err());
    });
}
