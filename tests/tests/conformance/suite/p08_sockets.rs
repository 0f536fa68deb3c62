//! **What becomes of sockets whose runtime goes?** Who waits is woken and told;
//! who comes later is told at once; the descriptor itself stays good.

use std::any::Any;
use std::future::Future;
use std::io::{self, Read};
use std::pin::{Pin, pin};
use std::sync::{Arc, Barrier};
use std::task::{Context, Poll};
use std::thread;

use kolo_tests::{CountWaker, poll_once};

use super::On;
use super::rt;
use super::sockets::{connection, fill, udp_pair, unix_pair};
use rt::io::unix::AsyncFd;
use rt::io::{AsyncReadExt, AsyncWriteExt, Interest};
use rt::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixStream};
use rt::runtime::{Handle, is_rt_shutdown_err};

kolo_tests::tests! {
    everywhere: [
        p08_waiting_io_is_woken_and_told,
        p08_io_that_comes_later_is_told,
        p08_new_sockets_are_told,
        p08_waiting_fd_is_woken_and_told,
        p08_pollers_are_woken_and_told,
        p08_readiness_waits_race_the_end,
        p08_blocking_sockets_come_back,
        p08_sockets_are_dropped_after_it,
        p08_shutdown_errors_are_told_from_others,
    ],
}

type Told = Pin<Box<dyn Future<Output = io::Result<()>>>>;

/// Everything that may wait for a socket, on sockets of the current runtime; and
/// their far ends.
async fn waits() -> (Vec<(&'static str, Told)>, Vec<Box<dyn Any>>) {
    let mut waits: Vec<(&'static str, Told)> = Vec::new();
    let mut far: Vec<Box<dyn Any>> = Vec::new();
    macro_rules! wait {
        ($name:literal, $future:expr) => {
            waits.push(($name, Box::pin(async move { $future.await.map(drop) })));
        };
    }
    macro_rules! near {
        ($pair:expr) => {{
            let (here, there) = $pair;
            far.push(Box::new(there));
            here
        }};
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    wait!("accept", listener.accept());
    let mut stream = near!(connection().await);
    wait!("read", stream.read(&mut [0; 8]));
    let stream = near!(connection().await);
    wait!("readable", stream.readable());
    let stream = near!(connection().await);
    wait!("peek", stream.peek(&mut [0; 8]));
    let (mut read, write) = near!(connection().await).into_split();
    far.push(Box::new(write));
    wait!("half's read", read.read(&mut [0; 8]));
    let mut stream = near!(connection().await);
    stream.writable().await.unwrap();
    fill(|chunk| stream.try_write(chunk));
    wait!("write", stream.write_all(&[0; 8 << 20]));
    let here = near!(udp_pair().await);
    wait!("recv", here.recv(&mut [0; 8]));
    let here = near!(udp_pair().await);
    wait!("recv_from", here.recv_from(&mut [0; 8]));
    let mut here = near!(unix_pair());
    wait!("unix read", here.read(&mut [0; 8]));
    let here = near!(UnixDatagram::pair().unwrap());
    wait!("unix recv", here.recv(&mut [0; 8]));
    let mut here = near!({
        let (sender, receiver) = rt::net::unix::pipe::pipe().unwrap();
        (receiver, sender)
    });
    wait!("pipe read", here.read(&mut [0; 8]));
    (waits, far)
}

/// A socket whose runtime is gone.
fn made_and_gone() -> (UdpSocket, Handle) {
    let runtime = rt::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let socket = runtime.block_on(UdpSocket::bind("127.0.0.1:0")).unwrap();
    let handle = runtime.handle().clone();
    (socket, handle)
}

fn p08_waiting_io_is_woken_and_told(on: On) {
    let runtime = on.runtime();
    let (waits, _far) = runtime.block_on(waits());
    let mut waits: Vec<_> = waits
        .into_iter()
        .map(|(name, wait)| (name, wait, CountWaker::pair()))
        .collect();
    for (name, wait, (_, waker)) in &mut waits {
        assert!(poll_once(wait.as_mut(), waker).is_pending(), "{name}");
    }
    drop(runtime);
    for (name, wait, (count, waker)) in &mut waits {
        assert!(count.wakes() > 0, "{name} was not woken");
        match poll_once(wait.as_mut(), waker) {
            Poll::Ready(Err(error)) => {
                assert!(is_rt_shutdown_err(&error), "{name}: {error}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

fn p08_io_that_comes_later_is_told(on: On) {
    let runtime = on.runtime();
    let (waits, _far) = runtime.block_on(waits());
    drop(runtime);
    let elsewhere = on.runtime();
    for (name, wait) in waits {
        let error = elsewhere.block_on(wait).unwrap_err();
        assert!(is_rt_shutdown_err(&error), "{name}: {error}");
    }
}

fn p08_new_sockets_are_told(on: On) {
    let there = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = there.local_addr().unwrap();
    let handle = on.runtime().handle().clone();
    let told = handle.block_on(async {
        let std = std::net::TcpStream::connect(address).unwrap();
        std.set_nonblocking(true).unwrap();
        [
            TcpListener::bind("127.0.0.1:0").await.map(drop),
            TcpStream::connect(address).await.map(drop),
            TcpStream::from_std(std).map(drop),
            UdpSocket::bind("127.0.0.1:0").await.map(drop),
            UnixStream::pair().map(drop),
            UnixDatagram::unbound().map(drop),
            rt::net::unix::pipe::pipe().map(drop),
            AsyncFd::new(io::pipe().unwrap().0).map(drop),
        ]
    });
    for (i, told) in told.into_iter().enumerate() {
        let error = told.unwrap_err();
        assert!(is_rt_shutdown_err(&error), "{i}: {error}");
    }
}

fn p08_waiting_fd_is_woken_and_told(on: On) {
    let runtime = on.runtime();
    let (fd, _there) = runtime.block_on(async {
        let (here, there) = io::pipe().unwrap();
        (AsyncFd::new(here).unwrap(), there)
    });
    let mut waits: Vec<_> = [Interest::READABLE, Interest::WRITABLE, Interest::ERROR]
        .into_iter()
        .map(|interest| (Box::pin(fd.ready(interest)), CountWaker::pair()))
        .collect();
    for (wait, (_, waker)) in &mut waits {
        assert!(poll_once(wait.as_mut(), waker).is_pending());
    }
    drop(runtime);
    for (wait, (count, _)) in waits {
        assert!(count.wakes() > 0);
        let error = on.run(wait).unwrap_err();
        assert!(is_rt_shutdown_err(&error), "{error}");
    }
    // The object comes out of it unharmed.
    assert!(fd.get_ref().try_clone().is_ok());
    drop(fd.into_inner());
}

fn p08_pollers_are_woken_and_told(on: On) {
    let runtime = on.runtime();
    let (here, _there) = runtime.block_on(async { connection().await });
    let ((read, reader), (write, writer)) = (CountWaker::pair(), CountWaker::pair());
    runtime.block_on(async {
        here.writable().await.unwrap();
        fill(|chunk| here.try_write(chunk));
    });
    let polled = here.poll_read_ready(&mut Context::from_waker(&reader));
    assert!(polled.is_pending());
    let polled = here.poll_write_ready(&mut Context::from_waker(&writer));
    assert!(polled.is_pending());
    drop(runtime);
    assert!(read.wakes() > 0 && write.wakes() > 0);
    for polled in [
        here.poll_read_ready(&mut Context::from_waker(&reader)),
        here.poll_write_ready(&mut Context::from_waker(&writer)),
    ] {
        match polled {
            Poll::Ready(Err(error)) => assert!(is_rt_shutdown_err(&error)),
            other => panic!("{other:?}"),
        }
    }
}

/// Threads begin to wait just when the runtime goes; none waits for ever.
fn p08_readiness_waits_race_the_end(on: On) {
    for _ in 0..100 {
        let runtime = on.runtime();
        let socket = Arc::new(runtime.block_on(UdpSocket::bind("127.0.0.1:0")).unwrap());
        let start = Arc::new(Barrier::new(3));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (socket, start) = (socket.clone(), start.clone());
                thread::spawn(move || {
                    start.wait();
                    rt::runtime::Builder::new_current_thread()
                        .build()
                        .unwrap()
                        .block_on(async { socket.recv(&mut [0; 8]).await })
                })
            })
            .collect();
        start.wait();
        drop(runtime);
        for thread in threads {
            assert!(is_rt_shutdown_err(&thread.join().unwrap().unwrap_err()));
        }
    }
}

fn p08_blocking_sockets_come_back(on: On) {
    let runtime = on.runtime();
    let (here, mut there) = runtime.block_on(connection());
    drop(runtime);
    io::Write::write_all(&mut there, b"not lost").unwrap();
    let mut std = here.into_std().unwrap();
    std.set_nonblocking(false).unwrap();
    let mut room = [0; 8];
    std.read_exact(&mut room).unwrap();
    assert_eq!(&room, b"not lost");
    on.run(async {
        std.set_nonblocking(true).unwrap();
        let mut here = TcpStream::from_std(std).unwrap();
        here.write_all(b"again").await.unwrap();
    });
}

fn p08_sockets_are_dropped_after_it(on: On) {
    let runtime = on.runtime();
    let (here, mut there) = runtime.block_on(connection());
    let (read, write) = here.into_split();
    let (count, waker) = CountWaker::pair();
    {
        let _ = poll_once(pin!(read.readable()), &waker);
    }
    drop(runtime);
    drop((read, write));
    assert_eq!(there.read(&mut [0; 8]).unwrap(), 0);
    drop(waker);
    assert_eq!(Arc::strong_count(&count), 1);
}

fn p08_shutdown_errors_are_told_from_others(_: On) {
    let (socket, handle) = made_and_gone();
    let error = handle.block_on(socket.readable()).unwrap_err();
    assert!(is_rt_shutdown_err(&error));
    assert!(!is_rt_shutdown_err(&io::Error::other("another")));
    assert!(!is_rt_shutdown_err(&io::ErrorKind::TimedOut.into()));
}
