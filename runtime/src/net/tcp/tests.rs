//! TCP over loopback, at ports of the kernel's choice. Where "refused" is wanted, a
//! socket holds the port without listening, so that nobody else can get it.

use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use crate::io::calls;
use crate::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use crate::net::{TcpListener, TcpSocket, TcpStream};
use crate::process_testing;
use crate::runtime::{Builder, Runtime, is_rt_shutdown_err};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn loopback() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(loopback()).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// The two ends of a connection.
async fn pair() -> (TcpStream, TcpStream) {
    let (listener, address) = listen().await;
    let here = TcpStream::connect(address).await.unwrap();
    (here, listener.accept().await.unwrap().0)
}

/// An address that refuses while the socket lives.
fn refusing() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(loopback()).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// One read of at most 64 bytes.
async fn read(reader: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut bytes = [0; 64];
    let mut buf = ReadBuf::new(&mut bytes);
    poll_fn(|cx| Pin::new(&mut *reader).poll_read(cx, &mut buf)).await?;
    Ok(buf.filled().to_vec())
}

/// One write, which has room for so little.
async fn write(writer: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) {
    let written = poll_fn(|cx| Pin::new(&mut *writer).poll_write(cx, bytes)).await;
    assert_eq!(written.unwrap(), bytes.len());
}

async fn shutdown(writer: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    poll_fn(|cx| Pin::new(&mut *writer).poll_shutdown(cx)).await
}

/// Polls once, in the runtime; nobody is woken later.
fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Who finds the queue full knocks again after a second.
#[test]
#[cfg(target_os = "linux")]
fn as_many_may_knock_as_the_system_allows() {
    let allowed = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
    let many = allowed.trim().parse::<usize>().unwrap().min(200);
    runtime().block_on(async {
        let (_listener, address) = listen().await;
        let less_than_a_second = std::time::Duration::from_millis(900);
        let knock = |_| std::net::TcpStream::connect_timeout(&address, less_than_a_second);
        let knocking: io::Result<Vec<_>> = (0..many).map(knock).collect();
        assert_eq!(knocking.unwrap().len(), many);
    });
}

#[test]
fn the_first_address_that_answers_is_connected_to() {
    runtime().block_on(async {
        let (_holder, refused) = refusing();
        let (listener, address) = listen().await;
        let stream = TcpStream::connect(&[refused, address][..]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), address);
        let (accepted, peer) = listener.accept().await.unwrap();
        assert_eq!(peer, stream.local_addr().unwrap());
        assert_eq!(accepted.local_addr().unwrap(), address);
    });
}

#[test]
fn the_first_address_that_is_free_is_listened_at() {
    runtime().block_on(async {
        let (_listener, taken) = listen().await;
        let taken_error = TcpListener::bind(taken).await.unwrap_err();
        assert_eq!(taken_error.kind(), ErrorKind::AddrInUse);
        let second = TcpListener::bind(&[taken, loopback()][..]).await.unwrap();
        assert_ne!(second.local_addr().unwrap(), taken);
    });
}

#[test]
fn a_refused_connection_says_so() {
    runtime().block_on(async {
        let (_holder, refused) = refusing();
        let error = TcpStream::connect(refused).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);

        let socket = TcpSocket::new_v4().unwrap();
        let error = socket.connect(refused).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);

        let none: &[SocketAddr] = &[];
        let error = TcpStream::connect(none).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn a_reset_is_an_error_once_and_the_end_afterwards() {
    runtime().block_on(async {
        let (mut here, there) = pair().await;
        there.set_zero_linger().unwrap();
        drop(there);
        let error = read(&mut here).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        assert_eq!(read(&mut here).await.unwrap(), b"");
        // Nothing is connected any more, and to end that is no error.
        shutdown(&mut here).await.unwrap();
        assert!(here.peer_addr().is_err());
    });
}

#[test]
fn a_half_closed_connection_still_goes_the_other_way() {
    runtime().block_on(async {
        let (mut here, mut there) = pair().await;
        write(&mut here, b"last").await;
        shutdown(&mut here).await.unwrap();
        shutdown(&mut here).await.unwrap();
        assert_eq!(read(&mut there).await.unwrap(), b"last");
        assert_eq!(read(&mut there).await.unwrap(), b"");
        let ready = there.ready(Interest::READABLE).await.unwrap();
        assert!(ready.is_read_closed() && !ready.is_write_closed());

        write(&mut there, b"answer").await;
        assert_eq!(read(&mut here).await.unwrap(), b"answer");
    });
}

#[test]
fn a_write_half_ends_the_writing_when_dropped() {
    runtime().block_on(async {
        let (here, mut there) = pair().await;
        let (mut reader, writer) = here.into_split();
        drop(writer);
        assert_eq!(read(&mut there).await.unwrap(), b"");
        write(&mut there, b"for the reader").await;
        assert_eq!(read(&mut reader).await.unwrap(), b"for the reader");
    });
}

#[test]
fn a_write_half_that_forgets_or_is_reunited_ends_nothing() {
    runtime().block_on(async {
        let (here, mut there) = pair().await;
        let (reader, writer) = here.into_split();
        let here = reader.reunite(writer).unwrap();
        let (reader, writer) = here.into_split();
        let here = writer.reunite(reader).unwrap();

        let (mut reader, writer) = here.into_split();
        writer.forget();
        write(&mut there, b"x").await;
        assert_eq!(read(&mut reader).await.unwrap(), b"x");
        let nothing = calls::peek(&there, &mut Vec::new()).unwrap_err();
        assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
    });
}

#[test]
fn halves_of_two_streams_are_given_back() {
    runtime().block_on(async {
        let (one, other) = pair().await;
        let (one, other) = (one.into_split(), other.into_split());
        let error = one.0.reunite(other.1).unwrap_err();
        let text = "tried to reunite halves that are not from the same socket";
        assert_eq!(error.to_string(), text);
        let one = error.0.reunite(one.1).unwrap();
        let other = other.0.reunite(error.1).unwrap();
        assert_eq!(one.peer_addr().unwrap(), other.local_addr().unwrap());
    });
}

#[test]
fn borrowed_halves_read_and_write_at_once() {
    runtime().block_on(async {
        let (mut here, mut there) = pair().await;
        let (mut reader, mut writer) = here.split();
        assert_eq!(reader.local_addr().unwrap(), writer.local_addr().unwrap());
        assert_eq!(reader.peer_addr().unwrap(), there.local_addr().unwrap());
        let mut reading = pin!(read(&mut reader));
        assert!(poll_once(reading.as_mut()).is_pending());
        write(&mut writer, b"there").await;
        assert_eq!(read(&mut there).await.unwrap(), b"there");
        write(&mut there, b"back").await;
        assert_eq!(reading.await.unwrap(), b"back");
        shutdown(&mut writer).await.unwrap();
        assert_eq!(read(&mut there).await.unwrap(), b"");
    });
}

#[test]
fn trying_does_not_wait() {
    runtime().block_on(async {
        let (here, there) = pair().await;
        let mut buf = [0; 8];
        let nothing = there.try_read(&mut buf).unwrap_err();
        assert_eq!(nothing.kind(), ErrorKind::WouldBlock);

        here.writable().await.unwrap();
        let pieces = [IoSlice::new(b"ab"), IoSlice::new(b"cdef")];
        assert_eq!(here.try_write_vectored(&pieces).unwrap(), 6);
        there.readable().await.unwrap();
        let (mut first, mut rest) = ([0; 1], Vec::with_capacity(8));
        let mut rooms = [IoSliceMut::new(&mut first)];
        assert_eq!(there.try_read_vectored(&mut rooms).unwrap(), 1);
        assert_eq!(there.try_read(&mut buf[..2]).unwrap(), 2);
        assert_eq!(there.try_read_buf(&mut rest).unwrap(), 3);
        assert_eq!(
            (&first, &buf[..2], &rest[..]),
            (b"a", &b"bc"[..], &b"def"[..])
        );
        assert_eq!(
            there.try_read_buf(&mut rest).unwrap_err().kind(),
            ErrorKind::WouldBlock
        );
    });
}

#[test]
fn a_full_socket_would_block_until_it_is_read() {
    runtime().block_on(async {
        let (here, there) = pair().await;
        let chunk = vec![7; 64 * 1024];
        let mut written = 0;
        here.writable().await.unwrap();
        let full = loop {
            match here.try_write(&chunk) {
                Ok(n) => written += n,
                Err(error) => break error,
            }
        };
        assert_eq!(full.kind(), ErrorKind::WouldBlock);
        let mut writable = pin!(here.writable());
        assert!(poll_once(writable.as_mut()).is_pending());

        let drain = async {
            let (mut read, mut buf) = (0, vec![0; 64 * 1024]);
            while read < written {
                there.readable().await.unwrap();
                match there.try_read(&mut buf) {
                    Ok(n) => read += n,
                    Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
                }
            }
            read
        };
        assert_eq!(drain.await, written);
        writable.await.unwrap();
        assert_eq!(here.try_write(b"again").unwrap(), 5);
    });
}

#[test]
fn a_peek_takes_nothing_and_zeroes_nothing() {
    runtime().block_on(async {
        let (mut here, there) = pair().await;
        write(&mut here, b"peeked").await;
        let mut room = [MaybeUninit::new(0xEE); 16];
        let mut buf = ReadBuf::uninit(&mut room);
        assert_eq!(
            poll_fn(|cx| there.poll_peek(cx, &mut buf)).await.unwrap(),
            6
        );
        assert_eq!(buf.filled(), b"peeked");
        assert_eq!(buf.initialized().len(), 6);

        let (mut reader, _writer) = there.into_split();
        let mut first = [0; 2];
        assert_eq!(reader.peek(&mut first).await.unwrap(), 2);
        assert_eq!(&first, b"pe");
        assert_eq!(read(&mut reader).await.unwrap(), b"peeked");
    });
}

#[test]
fn what_came_before_the_accept_is_read_without_waiting() {
    runtime().block_on(async {
        let (listener, address) = listen().await;
        let mut client = std::net::TcpStream::connect(address).unwrap();
        io::Write::write_all(&mut client, b"early").unwrap();
        let (mut stream, _) = listener.accept().await.unwrap();
        // The kernel may take its time, and the driver must not be asked.
        while calls::peek(&stream, &mut Vec::new()).is_err() {
            std::thread::yield_now();
        }
        let mut buf = [0; 8];
        assert_eq!(stream.try_read(&mut buf).unwrap(), 5);
        assert_eq!(stream.try_write(b"and back").unwrap(), 8);

        // Had nothing come, the first read would have found out, and waited.
        assert_eq!(
            stream.try_read(&mut buf).unwrap_err().kind(),
            ErrorKind::WouldBlock
        );
        let mut reading = pin!(read(&mut stream));
        assert!(poll_once(reading.as_mut()).is_pending());
        io::Write::write_all(&mut client, b"late").unwrap();
        assert_eq!(reading.await.unwrap(), b"late");
    });
}

#[test]
fn a_dropped_accept_takes_no_connection() {
    runtime().block_on(async {
        let (listener, address) = listen().await;
        {
            let mut accept = pin!(listener.accept());
            assert!(poll_once(accept.as_mut()).is_pending());
        }
        let stream = TcpStream::connect(address).await.unwrap();
        let (_accepted, peer) = listener.accept().await.unwrap();
        assert_eq!(peer, stream.local_addr().unwrap());
    });
}

#[test]
fn a_dropped_connect_closes_what_had_begun() {
    runtime().block_on(async {
        let (listener, address) = listen().await;
        {
            let mut connect = pin!(TcpStream::connect(address));
            assert!(poll_once(connect.as_mut()).is_pending());
        }
        let (mut accepted, _) = listener.accept().await.unwrap();
        assert_eq!(read(&mut accepted).await.unwrap(), b"");
    });
}

#[test]
fn everyone_who_accepts_gets_one() {
    runtime().block_on(async {
        let (listener, address) = listen().await;
        let (mut one, mut other) = (pin!(listener.accept()), pin!(listener.accept()));
        assert!(poll_once(one.as_mut()).is_pending());
        assert!(poll_once(other.as_mut()).is_pending());
        let first = TcpStream::connect(address).await.unwrap();
        let second = TcpStream::connect(address).await.unwrap();
        let mut peers = [one.await.unwrap().1, other.await.unwrap().1];
        let mut local = [first.local_addr().unwrap(), second.local_addr().unwrap()];
        peers.sort();
        local.sort();
        assert_eq!(peers, local);
    });
}

#[test]
fn ports_can_be_shared_and_interfaces_chosen() {
    runtime().block_on(async {
        let shared = |address: SocketAddr| {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_reuseport(true).unwrap();
            socket.bind(address).unwrap();
            socket.listen(16).unwrap()
        };
        let one = shared(loopback());
        let other = shared(one.local_addr().unwrap());
        assert_eq!(one.local_addr().unwrap(), other.local_addr().unwrap());

        let (_listener, address) = listen().await;
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind_device(Some(b"lo")).unwrap();
        assert_eq!(socket.device().unwrap().as_deref(), Some(&b"lo"[..]));
        socket.set_tos_v4(0x10).unwrap();
        assert_eq!(socket.tos_v4().unwrap(), 0x10);
        socket.connect(address).await.unwrap();
    });
}

#[test]
fn a_stream_outlives_its_runtime_only_as_a_descriptor() {
    let runtime_of_the_stream = runtime();
    let (mut here, there) = runtime_of_the_stream.block_on(pair());
    drop(runtime_of_the_stream);
    runtime().block_on(async {
        assert!(is_rt_shutdown_err(&there.readable().await.unwrap_err()));
        assert!(is_rt_shutdown_err(&read(&mut here).await.unwrap_err()));
        there.into_std().unwrap();
    });
}

#[test]
fn what_comes_from_std_keeps_its_address() {
    runtime().block_on(async {
        let (listener, address) = listen().await;
        let std = std::net::TcpStream::connect(address).unwrap();
        std.set_nonblocking(true).unwrap();
        let mut stream = TcpStream::try_from(std).unwrap();
        let (mut accepted, peer) = listener.accept().await.unwrap();
        assert_eq!(peer, stream.local_addr().unwrap());
        write(&mut stream, b"from std").await;
        assert_eq!(read(&mut accepted).await.unwrap(), b"from std");
        assert_eq!(stream.into_std().unwrap().local_addr().unwrap(), peer);
    });
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "this socket blocks")]
fn a_blocking_listener_is_refused() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    runtime().block_on(async { TcpListener::from_std(listener).is_ok() });
}

#[test]
fn the_types_go_anywhere() {
    fn anywhere<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe>() {}
    fn travels<T: Send + Sync>(_: T) {}
    anywhere::<TcpListener>();
    anywhere::<TcpSocket>();
    anywhere::<TcpStream>();
    anywhere::<crate::net::tcp::OwnedReadHalf>();
    anywhere::<crate::net::tcp::OwnedWriteHalf>();
    travels(TcpStream::connect("localhost:1"));
    travels(TcpListener::bind(String::new()));
}

/// Runs in a process of its own, as the limit is the process's: this one is it, if
/// the variable is set, and starts it otherwise.
#[test]
fn running_out_of_descriptors_is_an_error_per_call_and_passes() {
    const CHILD: &str = "KOLO_TEST_FEW_DESCRIPTORS";
    if std::env::var_os(CHILD).is_some() {
        return runtime().block_on(accept_without_descriptors());
    }
    let name = "net::tcp::tests::running_out_of_descriptors_is_an_error_per_call_and_passes";
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", name, "--test-threads=1"]);
    let child = process_testing::output(again.env(CHILD, "1")).unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{output}");
    assert!(output.contains("1 passed"), "{output}");
}

async fn accept_without_descriptors() {
    let (listener, address) = listen().await;
    let client = TcpStream::connect(address).await.unwrap();
    poll_fn(|cx| listener.poll_accept(cx)).await.unwrap();
    let waiting = TcpStream::connect(address).await.unwrap();
    let mut few = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: both calls get a pointer to a limit that lives.
    unsafe {
        assert_eq!(libc::getrlimit(libc::RLIMIT_NOFILE, &mut few), 0);
        few.rlim_cur = 1;
        assert_eq!(libc::setrlimit(libc::RLIMIT_NOFILE, &few), 0);
    }
    for _ in 0..3 {
        let error = listener.accept().await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
        // At once, and once: the next call is the one to say it again.
        let mut accept = pin!(listener.accept());
        let Poll::Ready(Err(again)) = poll_once(accept.as_mut()) else {
            panic!("neither waits nor succeeds");
        };
        assert_eq!(again.raw_os_error(), Some(libc::EMFILE));
    }
    few.rlim_cur = few.rlim_max;
    // SAFETY: as above.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &few) }, 0);
    let (_accepted, peer) = listener.accept().await.unwrap();
    assert_eq!(peer, waiting.local_addr().unwrap());
    drop(client);
}
