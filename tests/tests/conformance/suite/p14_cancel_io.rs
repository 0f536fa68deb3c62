//! **What does a cancelled read, write or accept leave behind?** Nothing: each is
//! polled once and dropped, before and after its event came; what it waited for is
//! still there for the next.

use std::io::{Read, Write};
use std::pin::pin;
use std::task::Waker;

use kolo_tests::poll_once;

use super::On;
use super::files::{Scratch, hold_pool, one_blocking_thread};
use super::rt;
use super::sockets::{clones, connection, fill, given_up, send, udp_pair, unix_pair, until};
use rt::io::unix::AsyncFd;
use rt::io::{
    AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, BufReader, Interest, duplex,
};
use rt::net::{TcpListener, TcpStream, UnixDatagram, UnixListener, UnixStream};

kolo_tests::tests! {
    everywhere: [
        p14_tcp_accept_given_up,
        p14_tcp_connect_given_up,
        p14_tcp_read_given_up,
        p14_tcp_read_buf_given_up,
        p14_tcp_peek_given_up,
        p14_tcp_readiness_given_up,
        p14_tcp_write_given_up,
        p14_tcp_write_all_buf_given_up,
        p14_udp_receive_given_up,
        p14_udp_peek_given_up,
        p14_unix_accept_given_up,
        p14_unix_datagram_given_up,
        p14_pipe_given_up,
        p14_fd_given_up,
        p14_fill_buf_given_up,
        p14_next_line_given_up,
        p14_next_segment_given_up,
        p14_duplex_given_up,
        p14_file_read_given_up,
        p14_accept_in_select,
        p14_readers_in_timeouts,
    ],
}

fn p14_tcp_accept_given_up(on: On) {
    on.run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let client;
        let connect = || std::net::TcpStream::connect(address).unwrap();
        let kept = given_up!(listener.accept(), client = connect());
        assert_eq!(kept, 0, "a waker was kept");
        let (_, from) = listener.accept().await.unwrap();
        assert_eq!(from, client.local_addr().unwrap());
    });
}

fn p14_tcp_connect_given_up(on: On) {
    on.run(async {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        for _ in 0..20 {
            let (count, waker) = kolo_tests::CountWaker::pair();
            // Through at once or not: the socket is closed with the future.
            drop(kolo_tests::poll_once(
                std::pin::pin!(TcpStream::connect(address)),
                &waker,
            ));
            drop(waker);
            assert_eq!(clones(&count).await, 0, "a waker was kept");
            let (mut there, _) = listener.accept().unwrap();
            assert_eq!(there.read(&mut [0; 8]).unwrap_or(0), 0);
        }
    });
}

fn p14_tcp_read_given_up(on: On) {
    on.run(async {
        let (mut here, there) = connection().await;
        given_up!(here.read(&mut [0; 8]), send(&there));
        assert_eq!(here.read(&mut [0; 8]).await.unwrap(), 1);
        let (mut read, _write) = here.into_split();
        given_up!(read.read(&mut [0; 8]), send(&there));
        assert_eq!(read.read(&mut [0; 8]).await.unwrap(), 1);
    });
}

fn p14_tcp_read_buf_given_up(on: On) {
    on.run(async {
        let (mut here, there) = connection().await;
        let mut room = bytes::BytesMut::with_capacity(64);
        room.extend_from_slice(b"before ");
        given_up!(here.read_buf(&mut room), send(&there));
        assert_eq!(&room[..], b"before ");
        assert_eq!(here.read_buf(&mut room).await.unwrap(), 1);
        assert_eq!(&room[..], b"before x");
    });
}

fn p14_tcp_peek_given_up(on: On) {
    on.run(async {
        let (mut here, there) = connection().await;
        let mut room = [0; 8];
        let kept = given_up!(here.peek(&mut [0; 8]), send(&there));
        assert_eq!(kept, 0, "a waker was kept");
        assert_eq!(here.peek(&mut room).await.unwrap(), 1);
        assert_eq!(here.read(&mut room).await.unwrap(), 1);
        assert_eq!(room[0], b'x');
    });
}

fn p14_tcp_readiness_given_up(on: On) {
    on.run(async {
        let (here, there) = connection().await;
        let kept = given_up!(here.readable(), send(&there));
        assert_eq!(kept, 0, "a waker was kept");
        here.readable().await.unwrap();
        assert_eq!(here.try_read(&mut [0; 8]).unwrap(), 1);
        assert!(here.try_read(&mut [0; 8]).is_err());
        let kept = given_up!(here.ready(Interest::READABLE), send(&there));
        assert_eq!(kept, 0, "a waker was kept");
        let read = here.async_io(Interest::READABLE, || here.try_read(&mut [0; 8]));
        assert_eq!(read.await.unwrap(), 1);
    });
}

fn p14_tcp_write_given_up(on: On) {
    on.run(async {
        let (mut here, mut there) = UnixStream::pair().unwrap();
        here.writable().await.unwrap();
        let filled = fill(|chunk| here.try_write(chunk));
        let mut all = vec![0; filled];
        {
            let make_room = async { there.read_exact(&mut all).await.unwrap() };
            given_up!(here.write(b"never"), make_room.await);
        }
        // Not a byte of what was given up.
        here.write_all(b"written").await.unwrap();
        drop(here);
        let mut rest = String::new();
        there.read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, "written");
    });
}

/// What it wrote is gone from the buffer; what it did not is still in it.
fn p14_tcp_write_all_buf_given_up(on: On) {
    on.run(async {
        let (mut here, mut there) = UnixStream::pair().unwrap();
        let bytes: Vec<u8> = (0..4_u32 << 20).map(|i| i as u8).collect();
        let expected = bytes.clone();
        let reader = rt::spawn(async move {
            let mut all = Vec::new();
            there.read_to_end(&mut all).await.unwrap();
            all
        });
        let mut left = &bytes[..];
        while !left.is_empty() {
            rt::select! {
                biased;
                written = here.write_all_buf(&mut left) => written.unwrap(),
                () = rt::task::yield_now() => {}
            }
        }
        drop(here);
        assert!(reader.await.unwrap() == expected);
    });
}

fn p14_udp_receive_given_up(on: On) {
    on.run(async {
        let (here, there) = udp_pair().await;
        let mut room = [0; 8];
        let kept = given_up!(here.recv(&mut room), there.send(b"one").unwrap());
        assert_eq!(kept, 0, "a waker was kept");
        assert_eq!(here.recv(&mut room).await.unwrap(), 3);
        let kept = given_up!(here.recv_from(&mut room), there.send(b"two!").unwrap());
        assert_eq!(kept, 0, "a waker was kept");
        let (n, from) = here.recv_from(&mut room).await.unwrap();
        assert_eq!((n, from), (4, there.local_addr().unwrap()));
        let mut grown = Vec::with_capacity(8);
        given_up!(here.recv_buf(&mut grown), there.send(b"three").unwrap());
        assert!(grown.is_empty());
        assert_eq!(here.recv_buf_from(&mut grown).await.unwrap().0, 5);
    });
}

fn p14_udp_peek_given_up(on: On) {
    on.run(async {
        let (here, there) = udp_pair().await;
        let mut room = [0; 8];
        let kept = given_up!(here.peek_from(&mut room), there.send(b"one").unwrap());
        assert_eq!(kept, 0, "a waker was kept");
        assert_eq!(here.peek(&mut room).await.unwrap(), 3);
        assert_eq!(
            here.peek_sender().await.unwrap(),
            there.local_addr().unwrap()
        );
        assert_eq!(here.recv(&mut room).await.unwrap(), 3);
    });
}

fn p14_unix_accept_given_up(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let path = scratch.path("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let client;
        let connect = || std::os::unix::net::UnixStream::connect(&path).unwrap();
        let kept = given_up!(listener.accept(), client = connect());
        assert_eq!(kept, 0, "a waker was kept");
        let (mut accepted, _) = listener.accept().await.unwrap();
        send(&client);
        assert_eq!(accepted.read(&mut [0; 8]).await.unwrap(), 1);
    });
}

fn p14_unix_datagram_given_up(on: On) {
    on.run(async {
        let (here, there) = UnixDatagram::pair().unwrap();
        let kept = given_up!(here.recv(&mut [0; 8]), there.try_send(b"one").unwrap());
        assert_eq!(kept, 0, "a waker was kept");
        assert_eq!(here.recv_from(&mut [0; 8]).await.unwrap().0, 3);
        // A full queue, and a sender who gives up.
        there.writable().await.unwrap();
        let mut sent = 0_u32;
        while there.try_send(&sent.to_le_bytes()).is_ok() {
            sent += 1;
        }
        let drain = async {
            for expected in 0..sent {
                let mut room = [0; 8];
                assert_eq!(here.recv(&mut room).await.unwrap(), 4);
                assert_eq!(room[..4], expected.to_le_bytes());
            }
        };
        given_up!(there.send(b"never"), drain.await);
        assert!(here.try_recv(&mut [0; 8]).is_err());
    });
}

fn p14_pipe_given_up(on: On) {
    on.run(async {
        let (mut sender, mut receiver) = rt::net::unix::pipe::pipe().unwrap();
        given_up!(
            receiver.read(&mut [0; 8]),
            sender.write_all(b"one").await.unwrap()
        );
        assert_eq!(receiver.read(&mut [0; 8]).await.unwrap(), 3);
        assert!(receiver.try_read(&mut [0; 8]).is_err());
        let kept = given_up!(receiver.readable(), sender.write_all(b"!").await.unwrap());
        assert_eq!(kept, 0, "a waker was kept");
        assert_eq!(receiver.try_read(&mut [0; 8]).unwrap(), 1);
    });
}

fn p14_fd_given_up(on: On) {
    on.run(async {
        let (here, there) = std::os::unix::net::UnixStream::pair().unwrap();
        here.set_nonblocking(true).unwrap();
        let here = AsyncFd::new(here).unwrap();
        let kept = given_up!(here.readable(), send(&there));
        assert_eq!(kept, 0, "a waker was kept");
        let mut guard = here.readable().await.unwrap();
        guard.get_inner().read_exact(&mut [0]).unwrap();
        guard.clear_ready();
        drop(guard);
        let read = |mut stream: &std::os::unix::net::UnixStream| stream.read(&mut [0; 8]);
        let kept = given_up!(here.async_io(Interest::READABLE, read), send(&there));
        assert_eq!(kept, 0, "a waker was kept");
        assert_eq!(here.async_io(Interest::READABLE, read).await.unwrap(), 1);
    });
}

fn p14_fill_buf_given_up(on: On) {
    on.run(async {
        let (here, there) = unix_pair();
        let mut here = BufReader::new(here);
        given_up!(here.fill_buf(), send(&there));
        assert_eq!(here.fill_buf().await.unwrap(), b"x");
        // Not consumed: there for the next.
        assert_eq!(here.read(&mut [0; 8]).await.unwrap(), 1);
    });
}

fn p14_next_line_given_up(on: On) {
    on.run(async {
        let (here, mut there) = unix_pair();
        let mut lines = BufReader::new(here).lines();
        for piece in ["half ", "a line, ", "and "] {
            there.write_all(piece.as_bytes()).unwrap();
            given_up!(lines.next_line(), send(&there));
        }
        there.write_all(b"its end\nnext\n").unwrap();
        let line = lines.next_line().await.unwrap().unwrap();
        assert_eq!(line, "half xa line, xand xits end");
        assert_eq!(lines.next_line().await.unwrap().unwrap(), "next");
    });
}

fn p14_next_segment_given_up(on: On) {
    on.run(async {
        let (here, mut there) = unix_pair();
        let mut segments = BufReader::new(here).split(b';');
        there.write_all(b"one").unwrap();
        given_up!(segments.next_segment(), send(&there));
        there.write_all(b";two").unwrap();
        drop(there);
        assert_eq!(segments.next_segment().await.unwrap().unwrap(), b"onex");
        assert_eq!(segments.next_segment().await.unwrap().unwrap(), b"two");
        assert!(segments.next_segment().await.unwrap().is_none());
    });
}

fn p14_duplex_given_up(on: On) {
    on.run(async {
        let (mut here, mut there) = duplex(4);
        given_up!(
            here.read(&mut [0; 8]),
            there.write_all(b"abcd").await.unwrap()
        );
        given_up!(
            there.write(b"never"),
            here.read_exact(&mut [0; 4]).await.unwrap()
        );
        there.write_all(b"ok").await.unwrap();
        let mut room = [0; 8];
        assert_eq!(here.read(&mut room).await.unwrap(), 2);
        assert_eq!(&room[..2], b"ok");
    });
}

fn p14_file_read_given_up(on: On) {
    one_blocking_thread(on).block_on(async {
        let scratch = Scratch::new();
        let path = scratch.file("file", b"abcdefgh");
        let mut file = rt::fs::File::open(path).await.unwrap();
        let held = hold_pool();
        let mut room = [0; 4];
        let polled = poll_once(pin!(file.read(&mut room)), Waker::noop());
        assert!(polled.is_pending());
        drop(held);
        let mut all = String::new();
        file.read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "abcdefgh");
        assert_eq!(file.stream_position().await.unwrap(), 8);
    });
}

fn p14_accept_in_select(on: On) {
    on.run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let clients = std::thread::spawn(move || {
            let connect = |_| std::net::TcpStream::connect(address).unwrap();
            (0..50).map(connect).collect::<Vec<_>>()
        });
        let (mut accepted, mut others) = (Vec::new(), 0_u64);
        while accepted.len() < 50 {
            rt::select! {
                stream = listener.accept() => accepted.push(stream.unwrap().1),
                () = rt::task::yield_now() => others += 1,
            }
        }
        let clients = clients.join().unwrap();
        let expected: Vec<_> = clients.iter().map(|c| c.local_addr().unwrap()).collect();
        assert_eq!(accepted, expected, "after {others} that were given up");
    });
}

fn p14_readers_in_timeouts(on: On) {
    on.run(async {
        let (mut here, there) = connection().await;
        let far = std::thread::spawn(move || {
            for i in 0..200_u8 {
                (&there).write_all(&[i]).unwrap();
                std::thread::yield_now();
            }
        });
        let mut seen = Vec::new();
        while seen.len() < 200 {
            let mut room = [0; 3];
            let read = rt::time::timeout(std::time::Duration::ZERO, here.read(&mut room));
            if let Ok(read) = read.await {
                seen.extend_from_slice(&room[..read.unwrap()]);
            }
            rt::task::yield_now().await;
        }
        assert!(seen.iter().copied().eq(0..200));
        until(|| far.is_finished()).await;
        far.join().unwrap();
    });
}
