//! **How does a connection end?** Half closed, reset, refused, with a letter in
//! the box: each is reported for what it is, none hangs.

use std::future::poll_fn;
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::pin::pin;
use std::task::Poll;
use std::thread;

use super::On;
use super::rt;
use super::sockets::connection;
use rt::io::{
    AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Interest, copy_bidirectional, duplex,
};
use rt::net::{TcpListener, TcpStream, UdpSocket, UnixStream};

kolo_tests::tests! {
    everywhere: [
        p18_half_closed_still_sends,
        p18_data_and_end_together_are_both_read,
        p18_end_is_read_again_and_again,
        p18_read_that_waits_sees_the_end,
        p18_shutdown_twice_is_fine,
        p18_shutdown_after_a_reset_is_fine,
        p18_reset_is_an_error_for_a_waiting_reader,
        p18_reset_is_an_error_for_a_waiting_writer,
        p18_write_to_one_who_left_fails,
        p18_refused_connection_says_so,
        p18_refused_connection_tries_the_next_address,
        p18_connect_given_up_leaves_nothing,
        p18_dropped_write_half_ends_the_stream,
        p18_forgotten_write_half_does_not,
        p18_copy_both_ways_after_one_side_ended,
        p18_copy_both_ways_ends_on_an_error,
        p18_lines_without_a_last_newline,
        p18_unix_peer_that_left,
        p18_duplex_peer_that_left,
        p18_datagram_to_nobody_fails_the_next_call,
        p18_datagram_to_nobody_wakes_a_waiting_receiver,
        p18_readiness_names_what_ended,
    ],
}

/// Ends a connection with a reset: input that stays unread at the close makes one.
fn reset(stream: std::net::TcpStream) {
    stream.peek(&mut [0]).expect("something to leave unread");
}

fn p18_half_closed_still_sends(on: On) {
    on.run(async {
        let (mut here, mut there) = connection().await;
        here.write_all(b"question").await.unwrap();
        here.shutdown().await.unwrap();
        let far = thread::spawn(move || {
            let mut question = String::new();
            there.read_to_string(&mut question).unwrap();
            there
                .write_all(format!("{question}: answer").as_bytes())
                .unwrap();
        });
        let mut answer = String::new();
        here.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer, "question: answer");
        far.join().unwrap();
    });
}

/// The data and the end come in one event; a short read clears "readable", and
/// the end must still be seen.
fn p18_data_and_end_together_are_both_read(on: On) {
    on.run(async {
        for _ in 0..50 {
            let (mut here, mut there) = connection().await;
            there.write_all(b"last").unwrap();
            drop(there);
            let mut room = [0; 64];
            assert_eq!(here.read(&mut room).await.unwrap(), 4);
            assert_eq!(here.read(&mut room).await.unwrap(), 0);
        }
    });
}

fn p18_end_is_read_again_and_again(on: On) {
    on.run(async {
        let (mut here, there) = connection().await;
        drop(there);
        for _ in 0..10 {
            assert_eq!(here.read(&mut [0; 8]).await.unwrap(), 0);
        }
    });
}

fn p18_read_that_waits_sees_the_end(on: On) {
    on.run(async {
        let (mut here, there) = connection().await;
        let reader = rt::spawn(async move { here.read(&mut [0; 8]).await });
        rt::task::yield_now().await;
        there.shutdown(Shutdown::Write).unwrap();
        assert_eq!(reader.await.unwrap().unwrap(), 0);
    });
}

fn p18_shutdown_twice_is_fine(on: On) {
    on.run(async {
        let (mut here, mut there) = connection().await;
        for _ in 0..3 {
            here.shutdown().await.unwrap();
        }
        assert_eq!(there.read(&mut [0; 8]).unwrap(), 0);
        assert!(here.write_all(b"too late").await.is_err());
    });
}

fn p18_shutdown_after_a_reset_is_fine(on: On) {
    on.run(async {
        let (mut here, there) = connection().await;
        here.write_all(b"unread").await.unwrap();
        reset(there);
        // Until the reset is here.
        let error = here.read(&mut [0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        here.shutdown().await.unwrap();
    });
}

fn p18_reset_is_an_error_for_a_waiting_reader(on: On) {
    on.run(async {
        let (mut here, there) = connection().await;
        here.write_all(b"unread").await.unwrap();
        let reader = rt::spawn(async move { here.read(&mut [0; 8]).await });
        rt::task::yield_now().await;
        reset(there);
        let error = reader.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    });
}

fn p18_reset_is_an_error_for_a_waiting_writer(on: On) {
    on.run(async {
        let (mut here, there) = connection().await;
        let writer = rt::spawn(async move {
            let chunk = vec![0; 1 << 16];
            loop {
                if let Err(error) = here.write_all(&chunk).await {
                    return error;
                }
            }
        });
        rt::task::yield_now().await;
        reset(there);
        let error = writer.await.unwrap();
        assert!(
            matches!(
                error.kind(),
                ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
            ),
            "{error}"
        );
    });
}

fn p18_write_to_one_who_left_fails(on: On) {
    on.run(async {
        let (mut here, there) = connection().await;
        drop(there);
        let error = loop {
            if let Err(error) = here.write_all(b"anybody there?").await {
                break error;
            }
            // The first write is answered by the reset that fails the next.
            rt::task::yield_now().await;
        };
        assert!(
            matches!(
                error.kind(),
                ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
            ),
            "{error}"
        );
    });
}

/// An address where nobody listens: the port was free a moment ago.
fn nobody() -> std::net::SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

fn p18_refused_connection_says_so(on: On) {
    on.run(async {
        let error = TcpStream::connect(nobody()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    });
}

fn p18_refused_connection_tries_the_next_address(on: On) {
    on.run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addresses = [nobody(), listener.local_addr().unwrap()];
        let stream = TcpStream::connect(&addresses[..]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), addresses[1]);
    });
}

fn p18_connect_given_up_leaves_nothing(on: On) {
    on.run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        for _ in 0..20 {
            let mut connect = pin!(TcpStream::connect(address));
            // Polled once, and dropped whether it was through or not.
            let _ = poll_fn(|cx| Poll::Ready(connect.as_mut().poll(cx))).await;
        }
        let stream = TcpStream::connect(address).await.unwrap();
        let here = stream.local_addr().unwrap();
        // The others' connections may stand before this one; they have ended.
        loop {
            let (mut accepted, from) = listener.accept().await.unwrap();
            if from == here {
                break;
            }
            assert_eq!(accepted.read(&mut [0; 8]).await.unwrap_or(0), 0);
        }
    });
}

fn p18_dropped_write_half_ends_the_stream(on: On) {
    on.run(async {
        let (here, mut there) = connection().await;
        let (mut read, mut write) = here.into_split();
        write.write_all(b"bye").await.unwrap();
        drop(write);
        let mut all = String::new();
        there.read_to_string(&mut all).unwrap();
        assert_eq!(all, "bye");
        there.write_all(b"still here").unwrap();
        let mut room = [0; 10];
        read.read_exact(&mut room).await.unwrap();
        assert_eq!(&room, b"still here");
    });
}

fn p18_forgotten_write_half_does_not(on: On) {
    on.run(async {
        let (here, there) = connection().await;
        let (read, write) = here.into_split();
        write.forget();
        there.set_nonblocking(true).unwrap();
        let error = (&there).read(&mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        drop(read);
    });
}

fn p18_copy_both_ways_after_one_side_ended(on: On) {
    on.run(async {
        let (mut left, mut client) = connection().await;
        let (mut right, mut server) = connection().await;
        let proxy = rt::spawn(async move { copy_bidirectional(&mut left, &mut right).await });
        let far = thread::spawn(move || {
            client.write_all(b"question").unwrap();
            client.shutdown(Shutdown::Write).unwrap();
            let mut question = Vec::new();
            server.read_to_end(&mut question).unwrap();
            assert_eq!(question, b"question");
            // The client has long ended its half; the answer still gets through.
            server.write_all(b"the answer").unwrap();
            drop(server);
            let mut answer = String::new();
            client.read_to_string(&mut answer).unwrap();
            answer
        });
        assert_eq!(proxy.await.unwrap().unwrap(), (8, 10));
        assert_eq!(far.join().unwrap(), "the answer");
    });
}

fn p18_copy_both_ways_ends_on_an_error(on: On) {
    on.run(async {
        let (mut left, mut far) = duplex(64);
        let (mut right, gone) = duplex(64);
        drop(gone);
        far.write_all(b"into the void").await.unwrap();
        let error = copy_bidirectional(&mut left, &mut right).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}

fn p18_lines_without_a_last_newline(on: On) {
    on.run(async {
        let (here, mut there) = connection().await;
        there.write_all(b"one\r\ntwo\n\nlast").unwrap();
        drop(there);
        let mut lines = BufReader::new(here).lines();
        let mut seen = Vec::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            seen.push(line);
        }
        assert_eq!(seen, ["one", "two", "", "last"]);
    });
}

fn p18_unix_peer_that_left(on: On) {
    on.run(async {
        let (mut here, mut there) = UnixStream::pair().unwrap();
        there.write_all(b"bye").await.unwrap();
        drop(there);
        let mut all = String::new();
        here.read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "bye");
        let error = here.write_all(b"?").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        // That the peer left may be told later than that it wrote.
        while !here
            .ready(Interest::READABLE)
            .await
            .unwrap()
            .is_read_closed()
        {
            rt::task::yield_now().await;
        }
    });
}

fn p18_duplex_peer_that_left(on: On) {
    on.run(async {
        let (mut here, mut there) = duplex(4);
        let writer = rt::spawn(async move {
            there.write_all(b"more than fits").await.unwrap();
        });
        let mut all = String::new();
        here.read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "more than fits");
        writer.await.unwrap();
        let error = here.write_all(b"?").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}

/// A connected socket whose peer is a port where nobody is.
async fn to_nobody() -> UdpSocket {
    let gone = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(gone.local_addr().unwrap()).await.unwrap();
    socket
}

fn p18_datagram_to_nobody_fails_the_next_call(on: On) {
    on.run(async {
        let socket = to_nobody().await;
        socket.send(b"hello?").await.unwrap();
        let error = socket.recv(&mut [0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    });
}

/// The system reports an error and nothing to read; the receiver must hear of it.
fn p18_datagram_to_nobody_wakes_a_waiting_receiver(on: On) {
    on.run(async {
        let socket = std::sync::Arc::new(to_nobody().await);
        let receiver = socket.clone();
        let waiting = rt::spawn(async move { receiver.recv(&mut [0; 8]).await });
        rt::task::yield_now().await;
        socket.send(b"hello?").await.unwrap();
        let error = waiting.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    });
}

fn p18_readiness_names_what_ended(on: On) {
    on.run(async {
        let (here, there) = connection().await;
        let ready = here.ready(Interest::WRITABLE).await.unwrap();
        assert!(ready.is_writable() && !ready.is_write_closed() && !ready.is_read_closed());
        there.shutdown(Shutdown::Write).unwrap();
        let ready = here.ready(Interest::READABLE).await.unwrap();
        assert!(ready.is_read_closed());
        let ready = here.ready(Interest::WRITABLE).await.unwrap();
        assert!(!ready.is_write_closed(), "one half only has ended");
    });
}
