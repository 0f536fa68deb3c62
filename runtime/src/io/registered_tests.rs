//! On a pair of sockets and a runtime of its own, polled by hand where it counts.

use std::future::poll_fn;
use std::io::{ErrorKind, Read};
use std::os::fd::AsRawFd;
use std::pin::pin;
use std::{mem, net, ptr};

use mio::net::{TcpStream, UnixStream};

use super::*;
use crate::runtime::{Builder, Runtime, is_rt_shutdown_err};
use crate::sync::testing::by_hand;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn pair() -> (Registered<UnixStream>, UnixStream) {
    let (here, there) = UnixStream::pair().unwrap();
    (Registered::new(here).unwrap(), there)
}

/// One read, into room for `room` bytes.
async fn read(socket: &Registered<impl ByteStream>, room: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; room];
    let mut buf = ReadBuf::new(&mut bytes);
    poll_fn(|cx| socket.poll_read(cx, &mut buf)).await?;
    Ok(buf.filled().to_vec())
}

#[test]
fn a_read_waits_for_what_is_written() {
    runtime().block_on(async {
        let (here, mut there) = pair();
        let reading = async { read(&here, 16).await.unwrap() };
        let mut reading = pin!(reading);
        assert!(poll_fn(|cx| Poll::Ready(reading.as_mut().poll(cx).is_pending())).await);
        there.write_all(b"kolo").unwrap();
        assert_eq!(reading.await, b"kolo");
    });
}

fn tcp_pair() -> (Registered<TcpStream>, net::TcpStream) {
    let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let there = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (here, _) = listener.accept().unwrap();
    here.set_nonblocking(true).unwrap();
    let here = Registered::new(TcpStream::from_std(here)).unwrap();
    (here, there)
}

#[test]
fn over_tcp_a_short_read_clears_and_a_full_one_does_not() {
    runtime().block_on(async {
        let (here, mut there) = tcp_pair();
        let readable = || here.registration.readiness().now(Interest::READABLE).ready;
        there.write_all(b"12345").unwrap();
        assert_eq!(read(&here, 4).await.unwrap(), b"1234");
        assert!(readable().is_readable());
        assert_eq!(read(&here, 4).await.unwrap(), b"5");
        assert!(readable().is_empty());
    });
}

/// Sends `bytes` in one message, and with it a descriptor.
fn send_with_descriptor(socket: &UnixStream, bytes: &mut [u8]) {
    const LEN: u32 = size_of::<libc::c_int>() as u32;
    let fd = socket.as_raw_fd();
    let mut piece = libc::iovec {
        iov_base: bytes.as_mut_ptr().cast(),
        iov_len: bytes.len(),
    };
    // Aligned as a header has to be, and long enough for one with a descriptor.
    let mut control = [0_u64; 4];
    // SAFETY: all zeros is a message without address, pieces and control data.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_iov = &raw mut piece;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    // SAFETY: it only reckons.
    message.msg_controllen = unsafe { libc::CMSG_SPACE(LEN) } as _;
    assert!(message.msg_controllen as usize <= size_of_val(&control));
    // SAFETY: the message has control data, with room for a header at least.
    let header = unsafe { libc::CMSG_FIRSTHDR(&raw const message) };
    // SAFETY: it points to the header's place in `control`, aligned.
    let header_ref = unsafe { &mut *header };
    header_ref.cmsg_level = libc::SOL_SOCKET;
    header_ref.cmsg_type = libc::SCM_RIGHTS;
    // SAFETY: it only reckons.
    header_ref.cmsg_len = unsafe { libc::CMSG_LEN(LEN) } as _;
    // SAFETY: behind the header `control` has room for the descriptor.
    unsafe { ptr::write_unaligned(libc::CMSG_DATA(header).cast(), fd) };
    // SAFETY: the message, its piece and its control data live across the call.
    let sent = unsafe { libc::sendmsg(fd, &raw const message, 0) };
    assert_eq!(sent, bytes.len() as isize);
}

/// Linux ends a read at it, however much room is left.
#[test]
fn what_was_written_after_a_message_with_a_descriptor_is_read() {
    runtime().block_on(async {
        let (here, mut there) = pair();
        send_with_descriptor(&there, &mut b"with".to_vec());
        there.write_all(b"without").unwrap();
        let mut all = Vec::new();
        while all.len() < b"withwithout".len() {
            here.ready(Interest::READABLE).await.unwrap();
            let mut reading = by_hand(read(&here, 64));
            // Nothing more comes, so no driver's turn would bring it.
            all.extend(reading.ready().unwrap());
            assert!(
                here.registration
                    .readiness()
                    .now(Interest::READABLE)
                    .ready
                    .is_readable()
            );
        }
        assert_eq!(all, b"withwithout");
        by_hand(read(&here, 64)).assert_pending();
    });
}

#[test]
fn data_and_the_end_in_one_event_are_both_seen() {
    runtime().block_on(async {
        let (here, mut there) = pair();
        there.write_all(b"last words").unwrap();
        drop(there);
        assert_eq!(read(&here, 64).await.unwrap(), b"last words");
        assert_eq!(read(&here, 64).await.unwrap(), b"");
        assert_eq!(read(&here, 64).await.unwrap(), b"");
    });
}

#[test]
fn try_io_does_not_wait_and_clears_what_was_untrue() {
    runtime().block_on(async {
        let (here, mut there) = pair();
        let mut byte = [0];
        let nothing = || -> io::Result<()> { panic!("called though nothing is ready") };
        let error = here.try_io(Interest::READABLE, nothing).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);

        there.write_all(b"x").unwrap();
        assert!(here.ready(Interest::READABLE).await.unwrap().is_readable());
        (&mut &*here).read_exact(&mut byte).unwrap(); // behind its back
        let empty = here.try_io(Interest::READABLE, || (&mut &*here).read(&mut byte));
        assert_eq!(empty.unwrap_err().kind(), ErrorKind::WouldBlock);
        let error = here.try_io(Interest::READABLE, nothing).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    });
}

#[test]
fn a_write_waits_for_room_and_loses_nothing() {
    runtime().block_on(async {
        let (here, there) = pair();
        let there = Registered::new(there).unwrap();
        const ALL: usize = 4 << 20; // more than the kernel takes at once
        let write = async {
            let chunk = [7; 1 << 16];
            let mut written = 0;
            while written < ALL {
                written += poll_fn(|cx| here.poll_write(cx, &chunk)).await.unwrap();
            }
            written
        };
        let mut count = 0;
        let mut written = None;
        let mut write = pin!(write);
        while written != Some(count) {
            let reading = read(&there, 1 << 16);
            let mut reading = pin!(reading);
            let bytes = poll_fn(|cx| {
                if written.is_none()
                    && let Poll::Ready(all) = write.as_mut().poll(cx)
                {
                    written = Some(all);
                }
                reading.as_mut().poll(cx)
            });
            count += bytes.await.unwrap().len();
        }
        assert!(count >= ALL);
    });
}

#[test]
fn the_source_comes_back_out_of_the_poll_set() {
    runtime().block_on(async {
        let (here, mut there) = pair();
        let source = here.into_source().unwrap();
        // Registering it anew would fail if it were in there still.
        let again = Registered::new(source).unwrap();
        there.write_all(b"!").unwrap();
        assert_eq!(read(&again, 8).await.unwrap(), b"!");
    });
}

#[test]
fn when_the_runtime_is_gone_operations_fail() {
    let gone = runtime();
    let (here, _there) = {
        let _context = gone.enter();
        pair()
    };
    let context = gone.handle().clone();
    drop(gone);
    runtime().block_on(async {
        let error = read(&here, 1).await.unwrap_err();
        assert!(is_rt_shutdown_err(&error), "{error}");
        assert!(here.ready(Interest::WRITABLE).await.is_err());
    });
    let _context = context.enter();
    let late = Registered::new(UnixStream::pair().unwrap().0).unwrap_err();
    assert!(is_rt_shutdown_err(&late), "{late}");
}

#[test]
fn a_socket_that_is_always_ready_lets_others_run() {
    runtime().block_on(async {
        let (here, there) = pair();
        let there = Registered::new(there).unwrap();
        let ran = std::rc::Rc::new(std::cell::Cell::new(false));
        let local = crate::task::LocalSet::new();
        local
            .run_until(async {
                let flag = ran.clone();
                crate::task::spawn_local(async move { flag.set(true) });
                let mut rounds = 0;
                while !ran.get() {
                    poll_fn(|cx| here.poll_write(cx, b"x")).await.unwrap();
                    read(&there, 1).await.unwrap();
                    rounds += 1;
                    assert!(rounds <= 128, "it owns the thread");
                }
            })
            .await;
    });
}

#[test]
#[should_panic(expected = "IO is disabled")]
fn without_io_registering_says_how_to_enable_it() {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let _context = runtime.enter();
    let _ = pair();
}

#[test]
#[should_panic(expected = "there is no reactor running")]
fn outside_of_a_runtime_registering_says_so() {
    let _ = pair();
}
