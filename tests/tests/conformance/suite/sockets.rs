//! What tests of sockets need: connections, full buffers, and to know that the
//! driver has looked.

use std::io::{ErrorKind, Write};
use std::os::unix::net as std_unix;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kolo_tests::CountWaker;

use super::rt;
use rt::io::AsyncWriteExt;
use rt::net::{TcpStream, UdpSocket, UnixStream};

/// A connection over loopback; the far end is std's, and blocking.
pub(crate) async fn connection() -> (TcpStream, std::net::TcpStream) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let here = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let (there, _) = listener.accept().unwrap();
    (here, there)
}

/// A pair of Unix streams; the far end is std's, and blocking.
pub(crate) fn unix_pair() -> (UnixStream, std_unix::UnixStream) {
    let (here, there) = std_unix::UnixStream::pair().unwrap();
    here.set_nonblocking(true).unwrap();
    (UnixStream::from_std(here).unwrap(), there)
}

/// A datagram socket, and one of std's that is connected to it.
pub(crate) async fn udp_pair() -> (UdpSocket, std::net::UdpSocket) {
    let here = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let there = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    there.connect(here.local_addr().unwrap()).unwrap();
    here.connect(there.local_addr().unwrap()).await.unwrap();
    (here, there)
}

/// Waits until `done`, letting others run meanwhile.
pub(crate) async fn until(done: impl Fn() -> bool) {
    while !done() {
        rt::task::yield_now().await;
    }
}

/// Returns when the driver has looked for events since the call: the second of two
/// events that come one after the other is reported by a look of its own.
pub(crate) async fn driver_looked() {
    for _ in 0..2 {
        let (here, mut there) = UnixStream::pair().unwrap();
        there.write_all(b"!").await.unwrap();
        here.readable().await.unwrap();
    }
}

/// Writes until the socket takes no more; says how many bytes it took.
pub(crate) fn fill(mut write: impl FnMut(&[u8]) -> std::io::Result<usize>) -> usize {
    let chunk = [7; 4096];
    let mut total = 0;
    loop {
        match write(&chunk) {
            Ok(0) => panic!("took nothing"),
            Ok(n) => total += n,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                return total;
            }
        }
    }
}

/// One byte from the far end.
pub(crate) fn send(mut there: impl Write) {
    there.write_all(b"x").unwrap();
}

/// How many clones of the waker that feeds `count` are left, once it is dropped. One
/// that another thread calls at this moment may go.
pub(crate) async fn clones(count: &Arc<CountWaker>) -> usize {
    let patience = Instant::now() + Duration::from_secs(5);
    loop {
        let left = Arc::strong_count(count) - 1;
        if left == 0 || Instant::now() > patience {
            return left;
        }
        rt::task::yield_now().await;
    }
}

/// Polls `$future` once, finds it pending, and drops it; then again, but drops it
/// after `$event` has woken it. Yields how many clones of the waker are left.
macro_rules! given_up {
    ($future:expr, $event:expr) => {{
        let waker = std::task::Waker::noop();
        assert!(kolo_tests::poll_once(std::pin::pin!($future), waker).is_pending());
        let (count, waker) = kolo_tests::CountWaker::pair();
        // `match`: what the future borrows lives as long as it.
        match std::pin::pin!($future) {
            mut waiting => {
                assert!(kolo_tests::poll_once(waiting.as_mut(), &waker).is_pending());
                $event;
                super::sockets::until(|| count.wakes() > 0).await;
            }
        }
        drop(waker);
        super::sockets::clones(&count).await
    }};
}
pub(crate) use given_up;
