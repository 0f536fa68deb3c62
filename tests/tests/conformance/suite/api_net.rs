//! **Do TCP and UDP have tokio's shape?** The paths, bounds and meanings that real
//! programs use: halves, options, std's sockets and back, every way to receive.

use std::io::{ErrorKind, IoSlice, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use super::On;
use super::rt;
use super::sockets::{connection, udp_pair};
use rt::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Interest, ReadBuf};
use rt::net::{TcpListener, TcpSocket, TcpStream, ToSocketAddrs, UdpSocket, lookup_host, tcp};

kolo_tests::tests! {
    everywhere: [
        api_net_bounds,
        api_addresses_of_every_kind,
        api_lookup_host,
        api_tcp_borrowed_halves,
        api_tcp_owned_halves,
        api_tcp_generic_halves,
        api_tcp_std_and_back,
        api_tcp_options,
        api_tcp_socket_options,
        api_tcp_vectored,
        api_tcp_buffers,
        api_tcp_try_io,
        api_tcp_peek,
        api_tcp_port_in_use,
        api_udp_unconnected,
        api_udp_connected,
        api_udp_try,
        api_udp_poll,
        api_udp_buffers,
        api_udp_options,
        api_udp_std_and_back,
    ],
}

fn api_net_bounds(_: On) {
    fn all<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + std::fmt::Debug>() {}
    fn stream<T: AsyncRead + AsyncWrite>() {}
    fn descriptor<T: AsFd + AsRawFd>() {}
    fn send<T: Send>(_: &T) {}
    fn address<T: ToSocketAddrs>() {}
    all::<TcpStream>();
    all::<TcpListener>();
    all::<UdpSocket>();
    all::<tcp::OwnedReadHalf>();
    all::<tcp::OwnedWriteHalf>();
    all::<tcp::ReadHalf<'_>>();
    all::<tcp::WriteHalf<'_>>();
    all::<tcp::ReuniteError>();
    stream::<TcpStream>();
    descriptor::<TcpStream>();
    descriptor::<TcpListener>();
    descriptor::<TcpSocket>();
    descriptor::<UdpSocket>();
    address::<&str>();
    address::<String>();
    address::<(&str, u16)>();
    address::<(String, u16)>();
    address::<(Ipv4Addr, u16)>();
    address::<&[SocketAddr]>();
    send(&TcpStream::connect("127.0.0.1:1"));
    send(&TcpListener::bind("127.0.0.1:1"));
    send(&lookup_host("127.0.0.1:1"));
    send(&UdpSocket::bind("127.0.0.1:1"));
}

fn api_addresses_of_every_kind(on: On) {
    on.run(async {
        for listener in [
            TcpListener::bind("127.0.0.1:0").await,
            TcpListener::bind(String::from("127.0.0.1:0")).await,
            TcpListener::bind(("127.0.0.1", 0)).await,
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await,
            TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await,
            TcpListener::bind("localhost:0").await,
        ] {
            let address = listener.unwrap().local_addr().unwrap();
            assert!(address.ip().is_loopback() && address.port() != 0);
        }
        let none: &[SocketAddr] = &[];
        let error = TcpStream::connect(none).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        for wrong in ["nowhere", "127.0.0.1:70000", "127.0.0.1"] {
            let error = TcpStream::connect(wrong).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{wrong}");
        }
    });
}

fn api_lookup_host(on: On) {
    on.run(async {
        let found: Vec<_> = lookup_host("127.0.0.1:80").await.unwrap().collect();
        assert_eq!(found, ["127.0.0.1:80".parse().unwrap()]);
        let mut found = lookup_host(("localhost", 80)).await.unwrap();
        assert!(found.any(|address| address.ip().is_loopback() && address.port() == 80));
    });
}

fn api_tcp_borrowed_halves(on: On) {
    on.run(async {
        let (mut here, there) = connection().await;
        let (mut read, mut write) = here.split();
        write.write_all(b"echo").await.unwrap();
        std::io::copy(&mut std::io::Read::take(&there, 4), &mut &there).unwrap();
        let mut room = [0; 4];
        assert_eq!(read.peek(&mut room[..2]).await.unwrap(), 2);
        read.read_exact(&mut room).await.unwrap();
        assert_eq!(&room, b"echo");
        assert_eq!(read.peer_addr().unwrap(), there.local_addr().unwrap());
        let stream: &TcpStream = read.as_ref();
        assert_eq!(stream.local_addr().unwrap(), write.local_addr().unwrap());
        assert!(write.ready(Interest::WRITABLE).await.unwrap().is_writable());
    });
}

fn api_tcp_owned_halves(on: On) {
    on.run(async {
        let (one, _far) = connection().await;
        let (two, _farther) = connection().await;
        let address = one.local_addr().unwrap();
        let ((read, write), (other_read, other_write)) = (one.into_split(), two.into_split());
        // Of two streams they are no stream, and both come back.
        let tcp::ReuniteError(read, other_write) = read.reunite(other_write).unwrap_err();
        let stream = write.reunite(read).unwrap();
        assert_eq!(stream.local_addr().unwrap(), address);
        let error = other_read.reunite(other_write);
        assert!(error.is_ok());
    });
}

fn api_tcp_generic_halves(on: On) {
    on.run(async {
        let (here, there) = connection().await;
        let (mut read, mut write) = rt::io::split(here);
        assert!(read.is_pair_of(&write));
        let writer = rt::spawn(async move {
            write.write_all(b"from a task").await.unwrap();
            write.shutdown().await.unwrap();
            write
        });
        let far = std::thread::spawn(move || {
            let mut all = String::new();
            std::io::Read::read_to_string(&mut &there, &mut all).unwrap();
            all
        });
        assert_eq!(read.read(&mut [0]).await.unwrap(), 0);
        assert_eq!(far.join().unwrap(), "from a task");
        let stream: TcpStream = read.unsplit(writer.await.unwrap());
        assert!(stream.local_addr().is_ok());
    });
}

fn api_tcp_std_and_back(on: On) {
    on.run(async {
        let std = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        std.set_nonblocking(true).unwrap();
        let listener = TcpListener::try_from(std).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let (accepted, client) = rt::join!(listener.accept(), client);
        let std = accepted.unwrap().0.into_std().unwrap();
        let mut here = TcpStream::try_from(std).unwrap();
        here.write_all(b"x").await.unwrap();
        assert_eq!(client.unwrap().read(&mut [0; 8]).await.unwrap(), 1);
        let std = listener.into_std().unwrap();
        // As it was: it does not block.
        assert_eq!(std.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    });
}

fn api_tcp_options(on: On) {
    on.run(async {
        let (here, there) = connection().await;
        for nodelay in [true, false] {
            here.set_nodelay(nodelay).unwrap();
            assert_eq!(here.nodelay().unwrap(), nodelay);
        }
        here.set_ttl(123).unwrap();
        assert_eq!(here.ttl().unwrap(), 123);
        #[allow(deprecated)]
        {
            let linger = Some(Duration::from_secs(1));
            here.set_linger(linger).unwrap();
            assert_eq!(here.linger().unwrap(), linger);
            here.set_linger(None).unwrap();
        }
        assert_eq!(here.linger().unwrap(), None);
        assert!(here.take_error().unwrap().is_none());
        assert_eq!(here.peer_addr().unwrap(), there.local_addr().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.set_ttl(77).unwrap();
        assert_eq!(listener.ttl().unwrap(), 77);
    });
}

fn api_tcp_socket_options(on: On) {
    on.run(async {
        let socket = TcpSocket::new_v4().unwrap();
        assert!(!socket.keepalive().unwrap());
        socket.set_keepalive(true).unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.set_reuseport(true).unwrap();
        socket.set_nodelay(true).unwrap();
        assert!(socket.keepalive().unwrap() && socket.reuseaddr().unwrap());
        assert!(socket.reuseport().unwrap() && socket.nodelay().unwrap());
        socket.set_send_buffer_size(10_000).unwrap();
        socket.set_recv_buffer_size(10_000).unwrap();
        assert!(socket.send_buffer_size().unwrap() >= 10_000);
        assert!(socket.recv_buffer_size().unwrap() >= 10_000);
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = socket.local_addr().unwrap();
        let listener = socket.listen(16).unwrap();
        assert_eq!(listener.local_addr().unwrap(), address);

        let client = TcpSocket::new_v4().unwrap();
        client.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let from = client.local_addr().unwrap();
        let stream = client.connect(address).await.unwrap();
        assert_eq!(listener.accept().await.unwrap().1, from);
        assert_eq!(stream.peer_addr().unwrap(), address);
    });
}

fn api_tcp_vectored(on: On) {
    on.run(async {
        let (mut here, mut there) = connection().await;
        assert!(here.is_write_vectored());
        let pieces = [IoSlice::new(b"one "), IoSlice::new(b"and two")];
        assert_eq!(here.write_vectored(&pieces).await.unwrap(), 11);
        let mut room = [0; 11];
        std::io::Read::read_exact(&mut there, &mut room).unwrap();
        assert_eq!(&room, b"one and two");
        assert_eq!(here.try_write_vectored(&pieces).unwrap(), 11);
        std::io::Write::write_all(&mut there, b"abcd").unwrap();
        here.readable().await.unwrap();
        let (mut first, mut second) = ([0; 3], [0; 3]);
        let mut rooms = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
        assert_eq!(here.try_read_vectored(&mut rooms).unwrap(), 4);
        assert_eq!((&first, &second), (b"abc", b"d\0\0"));
    });
}

fn api_tcp_buffers(on: On) {
    on.run(async {
        let (mut here, mut there) = connection().await;
        std::io::Write::write_all(&mut there, b"abcdef").unwrap();
        let mut room = Vec::with_capacity(3);
        here.readable().await.unwrap();
        assert_eq!(here.try_read_buf(&mut room).unwrap(), 3);
        let mut room = bytes::BytesMut::new();
        assert_eq!(here.read_buf(&mut room).await.unwrap(), 3);
        assert_eq!(&room[..], b"def");
        let mut written = bytes::Bytes::from_static(b"from bytes");
        while !written.is_empty() {
            here.write_buf(&mut written).await.unwrap();
        }
        std::io::Read::read_exact(&mut there, &mut [0; 10]).unwrap();
        here.write_u32(0xdead_beef).await.unwrap();
        let mut room = [0; 4];
        std::io::Read::read_exact(&mut there, &mut room).unwrap();
        assert_eq!(room, [0xde, 0xad, 0xbe, 0xef]);
    });
}

fn api_tcp_try_io(on: On) {
    on.run(async {
        let (here, mut there) = connection().await;
        std::io::Write::write_all(&mut there, b"x").unwrap();
        here.readable().await.unwrap();
        let peek = || {
            let mut room = [0_u8; 8];
            // SAFETY: the descriptor is open, and the room is as long as said.
            let n = unsafe { libc::recv(here.as_raw_fd(), room.as_mut_ptr().cast(), 8, 0) };
            usize::try_from(n).map_err(|_| std::io::Error::last_os_error())
        };
        assert_eq!(here.try_io(Interest::READABLE, peek).unwrap(), 1);
        let error = here.try_io(Interest::READABLE, peek).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        // Known to be empty: not even called.
        let unready = here.try_io(Interest::READABLE, || -> std::io::Result<()> {
            panic!("called, and not ready")
        });
        assert_eq!(unready.unwrap_err().kind(), ErrorKind::WouldBlock);
        std::io::Write::write_all(&mut there, b"y").unwrap();
        assert_eq!(here.async_io(Interest::READABLE, peek).await.unwrap(), 1);
    });
}

fn api_tcp_peek(on: On) {
    on.run(async {
        let (mut here, mut there) = connection().await;
        std::io::Write::write_all(&mut there, b"abc").unwrap();
        let mut room = [0; 2];
        for _ in 0..3 {
            assert_eq!(here.peek(&mut room).await.unwrap(), 2);
            assert_eq!(&room, b"ab");
        }
        let mut all = [0; 3];
        here.read_exact(&mut all).await.unwrap();
        assert_eq!(&all, b"abc");
        drop(there);
        assert_eq!(here.peek(&mut room).await.unwrap(), 0);
    });
}

fn api_tcp_port_in_use(on: On) {
    on.run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let error = TcpListener::bind(address).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        drop(listener);
        TcpListener::bind(address).await.unwrap();
    });
}

fn api_udp_unconnected(on: On) {
    on.run(async {
        let one = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let two = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let (from_one, from_two) = (one.local_addr().unwrap(), two.local_addr().unwrap());
        assert_eq!(one.send_to(b"to two", from_two).await.unwrap(), 6);
        let mut room = [0; 4];
        // What has no room is cut off.
        assert_eq!(two.recv_from(&mut room).await.unwrap(), (4, from_one));
        assert_eq!(two.send_to(b"", from_one).await.unwrap(), 0);
        assert_eq!(one.recv_from(&mut room).await.unwrap(), (0, from_two));
        assert_eq!(one.peer_addr().unwrap_err().kind(), ErrorKind::NotConnected);
    });
}

fn api_udp_connected(on: On) {
    on.run(async {
        let (here, there) = udp_pair().await;
        assert_eq!(here.peer_addr().unwrap(), there.local_addr().unwrap());
        let here = Arc::new(here);
        let receiver = rt::spawn({
            let here = here.clone();
            async move {
                let mut room = [0; 8];
                let n = here.recv(&mut room).await.unwrap();
                room[..n].to_vec()
            }
        });
        here.send(b"ping").await.unwrap();
        assert_eq!(there.recv(&mut [0; 8]).unwrap(), 4);
        there.send(b"pong!").unwrap();
        assert_eq!(receiver.await.unwrap(), b"pong!");
    });
}

fn api_udp_try(on: On) {
    on.run(async {
        let (here, there) = udp_pair().await;
        let mut room = [0; 8];
        let error = here.try_recv(&mut room).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        for _ in 0..2 {
            there.send(b"abc").unwrap();
        }
        here.readable().await.unwrap();
        assert_eq!(here.try_peek(&mut room).unwrap(), 3);
        assert_eq!(here.try_recv(&mut room).unwrap(), 3);
        here.readable().await.unwrap();
        let (n, from) = here.try_recv_from(&mut room).unwrap();
        assert_eq!((n, from), (3, there.local_addr().unwrap()));
        here.writable().await.unwrap();
        assert_eq!(here.try_send(b"back").unwrap(), 4);
        assert!(here.try_recv(&mut room).is_err());
    });
}

fn api_udp_poll(on: On) {
    on.run(async {
        let (here, there) = udp_pair().await;
        there.send(b"abc").unwrap();
        let mut room = [0; 8];
        let mut buf = ReadBuf::new(&mut room);
        std::future::poll_fn(|cx| here.poll_recv_ready(cx))
            .await
            .unwrap();
        let from = std::future::poll_fn(|cx| here.poll_recv_from(cx, &mut buf));
        assert_eq!(from.await.unwrap(), there.local_addr().unwrap());
        assert_eq!(buf.filled(), b"abc");
        let sent = std::future::poll_fn(|cx| here.poll_send(cx, b"de")).await;
        assert_eq!(sent.unwrap(), 2);
    });
}

fn api_udp_buffers(on: On) {
    on.run(async {
        let (here, there) = udp_pair().await;
        there.send(b"abc").unwrap();
        there.send(b"def").unwrap();
        let mut room = Vec::with_capacity(8);
        assert_eq!(here.recv_buf(&mut room).await.unwrap(), 3);
        assert_eq!(here.recv_buf_from(&mut room).await.unwrap().0, 3);
        assert_eq!(room, b"abcdef");
    });
}

fn api_udp_options(on: On) {
    on.run(async {
        let (here, _there) = udp_pair().await;
        here.set_broadcast(true).unwrap();
        here.set_ttl(9).unwrap();
        here.set_multicast_loop_v4(false).unwrap();
        here.set_multicast_ttl_v4(3).unwrap();
        assert!(here.broadcast().unwrap() && !here.multicast_loop_v4().unwrap());
        assert_eq!(
            (here.ttl().unwrap(), here.multicast_ttl_v4().unwrap()),
            (9, 3)
        );
        assert!(here.take_error().unwrap().is_none());
    });
}

fn api_udp_std_and_back(on: On) {
    on.run(async {
        let (here, there) = udp_pair().await;
        let std = here.into_std().unwrap();
        let here = UdpSocket::from_std(std).unwrap();
        there.send(b"abc").unwrap();
        assert_eq!(here.recv(&mut [0; 8]).await.unwrap(), 3);
        let std = UdpSocket::try_from(here.into_std().unwrap()).unwrap();
        assert!(std.local_addr().is_ok());
    });
}
