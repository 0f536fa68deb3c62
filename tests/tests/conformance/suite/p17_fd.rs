//! **Is a foreign descriptor's readiness exact?** `AsyncFd`: a clear can't swallow
//! what came in between, bits go one by one, and a descriptor may come and go.

use std::fs::File;
use std::io::{self, ErrorKind, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use kolo_tests::{CountWaker, poll_once};

use super::On;
use super::rt;
use super::sockets::{driver_looked, fill, send, until};
use rt::io::unix::AsyncFd;
use rt::io::{Interest, Ready};

kolo_tests::tests! {
    everywhere: [
        p17_fd_clear_waits_for_the_next_event,
        p17_fd_clear_spares_what_came_in_between,
        p17_fd_clear_of_one_bit_leaves_the_other,
        p17_fd_guard_that_is_dropped_clears_nothing,
        p17_fd_try_io_clears_on_would_block_only,
        p17_fd_async_io_waits_and_repeats,
        p17_fd_writable_again,
        p17_fd_every_waiter_is_woken,
        p17_fd_pollers_and_waiters_together,
        p17_fd_drop_takes_it_out_of_the_poll_set,
        p17_fd_registered_again,
        p17_fd_registered_twice_fails,
        p17_fd_regular_file_fails,
        p17_fd_error_of_a_pipe,
        p17_fd_priority_of_a_socket,
        p17_fd_interest_is_a_filter,
        p17_fd_end_of_a_pipe,
    ],
}

fn pair() -> (UnixStream, UnixStream) {
    let (here, there) = UnixStream::pair().unwrap();
    here.set_nonblocking(true).unwrap();
    (here, there)
}

fn is_pending<T: AsRawFd>(fd: &AsyncFd<T>) -> bool {
    poll_once(pin!(fd.readable()), Waker::noop()).is_pending()
}

fn p17_fd_clear_waits_for_the_next_event(on: On) {
    on.run(async {
        let (here, there) = pair();
        let here = AsyncFd::new(here).unwrap();
        assert!(is_pending(&here));
        for _ in 0..10 {
            send(&there);
            let mut guard = here.readable().await.unwrap();
            guard.get_inner().read_exact(&mut [0]).unwrap();
            guard.clear_ready();
            assert!(is_pending(&here));
            driver_looked().await;
            assert!(is_pending(&here), "an event that never was");
        }
    });
}

fn p17_fd_clear_spares_what_came_in_between(on: On) {
    on.run(async {
        let (here, there) = pair();
        let here = AsyncFd::new(here).unwrap();
        for _ in 0..10 {
            send(&there);
            let mut guard = here.readable().await.unwrap();
            guard.get_inner().read_exact(&mut [0]).unwrap();
            send(&there);
            driver_looked().await;
            guard.clear_ready();
            let mut next = here.readable().await.unwrap();
            next.get_inner().read_exact(&mut [0]).unwrap();
            next.clear_ready();
        }
    });
}

fn p17_fd_clear_of_one_bit_leaves_the_other(on: On) {
    on.run(async {
        let (here, there) = pair();
        let here = AsyncFd::new(here).unwrap();
        send(&there);
        here.readable().await.unwrap().retain_ready();
        let both = Interest::READABLE | Interest::WRITABLE;
        let mut guard = here.ready(both).await.unwrap();
        assert_eq!(guard.ready(), Ready::READABLE | Ready::WRITABLE);
        guard.clear_ready_matching(Ready::READABLE);
        assert_eq!(guard.ready(), Ready::WRITABLE);
        assert!(is_pending(&here));
        assert!(poll_once(pin!(here.writable()), Waker::noop()).is_ready());
        // The end of the stream is a fact that no clear takes back.
        drop(there);
        for _ in 0..3 {
            let mut guard = here.readable().await.unwrap();
            assert!(guard.ready().is_read_closed());
            guard.clear_ready();
        }
    });
}

fn p17_fd_guard_that_is_dropped_clears_nothing(on: On) {
    on.run(async {
        let (here, there) = pair();
        let here = AsyncFd::new(here).unwrap();
        send(&there);
        for _ in 0..3 {
            drop(here.readable().await.unwrap());
        }
        here.readable().await.unwrap().clear_ready();
        assert!(is_pending(&here));
    });
}

fn p17_fd_try_io_clears_on_would_block_only(on: On) {
    on.run(async {
        let (here, there) = pair();
        let here = AsyncFd::new(here).unwrap();
        send(&there);
        let mut guard = here.readable().await.unwrap();
        let failed = guard.try_io(|_| Err::<(), _>(ErrorKind::InvalidData.into()));
        assert!(failed.is_ok_and(|result| result.is_err()));
        let read = guard.try_io(|fd| fd.get_ref().read(&mut [0; 8]));
        assert_eq!(read.unwrap().unwrap(), 1);
        assert!(!is_pending(&here));
        assert!(guard.try_io(|fd| fd.get_ref().read(&mut [0; 8])).is_err());
        assert!(is_pending(&here));
        let unready = here.try_io(Interest::READABLE, |_| -> io::Result<()> {
            panic!("called, and nothing to read")
        });
        assert_eq!(unready.unwrap_err().kind(), ErrorKind::WouldBlock);
    });
}

fn p17_fd_async_io_waits_and_repeats(on: On) {
    on.run(async {
        let (here, there) = pair();
        let here = Arc::new(AsyncFd::new(here).unwrap());
        let reader = rt::spawn({
            let here = here.clone();
            async move {
                let mut calls = 0;
                let read = here
                    .async_io(Interest::READABLE, |mut stream| {
                        calls += 1;
                        match calls {
                            // Ready was wrong.
                            1 => Err(ErrorKind::WouldBlock.into()),
                            _ => stream.read(&mut [0; 8]),
                        }
                    })
                    .await;
                (calls, read.unwrap())
            }
        });
        send(&there);
        while !reader.is_finished() {
            send(&there);
            driver_looked().await;
        }
        let (calls, read) = reader.await.unwrap();
        assert_eq!(calls, 2);
        assert!(read >= 2, "the first byte was still there");
    });
}

fn p17_fd_writable_again(on: On) {
    on.run(async {
        let (here, mut there) = pair();
        let here = AsyncFd::with_interest(here, Interest::WRITABLE).unwrap();
        let mut guard = here.writable().await.unwrap();
        let filled = fill(|chunk| guard.get_inner().write(chunk));
        guard.clear_ready();
        let (count, waker) = CountWaker::pair();
        let mut waiting = pin!(here.writable());
        assert!(poll_once(waiting.as_mut(), &waker).is_pending());
        driver_looked().await;
        // A wake-up from before the clear may still have been on its way; there is no
        // room all the same.
        assert!(poll_once(waiting.as_mut(), &waker).is_pending());
        let before = count.wakes();
        there.read_exact(&mut vec![0; filled]).unwrap();
        until(|| count.wakes() > before).await;
        assert!(waiting.await.is_ok());
    });
}

fn p17_fd_every_waiter_is_woken(on: On) {
    on.run(async {
        let (here, there) = pair();
        let here = Arc::new(AsyncFd::new(here).unwrap());
        let waiters: Vec<_> = (0..40)
            .map(|_| {
                let here = here.clone();
                rt::spawn(async move { here.readable().await.unwrap().ready() })
            })
            .collect();
        rt::task::yield_now().await;
        send(&there);
        for waiter in waiters {
            assert!(waiter.await.unwrap().is_readable());
        }
    });
}

fn p17_fd_pollers_and_waiters_together(on: On) {
    on.run(async {
        let (here, there) = pair();
        let here = AsyncFd::new(here).unwrap();
        let ((poller, one), (waiter, two)) = (CountWaker::pair(), CountWaker::pair());
        let mut waiting = pin!(here.readable());
        assert!(
            here.poll_read_ready(&mut Context::from_waker(&one))
                .is_pending()
        );
        assert!(poll_once(waiting.as_mut(), &two).is_pending());
        send(&there);
        until(|| poller.wakes() == 1 && waiter.wakes() == 1).await;
        assert!(
            here.poll_read_ready(&mut Context::from_waker(&one))
                .is_ready()
        );
        assert!(waiting.await.is_ok());
    });
}

/// A descriptor that is shared, so that it outlives its `AsyncFd`.
#[derive(Debug)]
struct Borrowed<'a>(&'a UnixStream);

impl AsRawFd for Borrowed<'_> {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

fn p17_fd_drop_takes_it_out_of_the_poll_set(on: On) {
    on.run(async {
        let (here, there) = pair();
        for _ in 0..10 {
            // Still in the poll set, it could not be put there again.
            let fd = AsyncFd::new(Borrowed(&here)).unwrap();
            assert!(is_pending(&fd));
        }
        send(&there);
        driver_looked().await;
        let fd = AsyncFd::new(Borrowed(&here)).unwrap();
        assert!(fd.readable().await.unwrap().ready().is_readable());
    });
}

fn p17_fd_registered_again(on: On) {
    on.run(async {
        let (mut here, there) = pair();
        for _ in 0..10 {
            let fd = AsyncFd::new(here).unwrap();
            assert!(is_pending(&fd));
            send(&there);
            // What is there to read is news to the new registration.
            let fd = AsyncFd::new(fd.into_inner()).unwrap();
            let mut guard = fd.readable().await.unwrap();
            guard.get_inner().read_exact(&mut [0]).unwrap();
            guard.clear_ready();
            assert!(is_pending(&fd));
            here = fd.into_inner();
        }
    });
}

fn p17_fd_registered_twice_fails(on: On) {
    on.run(async {
        let (here, there) = pair();
        let fd = AsyncFd::new(Borrowed(&here)).unwrap();
        let error = AsyncFd::try_new(Borrowed(&here)).unwrap_err();
        let (given_back, cause) = error.into_parts();
        assert_eq!(cause.kind(), ErrorKind::AlreadyExists);
        assert_eq!(given_back.as_raw_fd(), here.as_raw_fd());
        // The first is none the worse.
        send(&there);
        fd.readable().await.unwrap().clear_ready();
    });
}

fn p17_fd_regular_file_fails(on: On) {
    on.run(async {
        let file = || File::open(std::env::current_exe().unwrap()).unwrap();
        let error = AsyncFd::new(file()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        let error = AsyncFd::try_with_interest(file(), Interest::READABLE).unwrap_err();
        let (file, _) = error.into_parts();
        assert!(file.metadata().unwrap().is_file());
    });
}

fn pipe() -> (PipeReader, PipeWriter) {
    io::pipe().unwrap()
}

fn p17_fd_error_of_a_pipe(on: On) {
    on.run(async {
        let (reader, writer) = pipe();
        let writer = AsyncFd::with_interest(writer, Interest::ERROR).unwrap();
        let (count, waker) = CountWaker::pair();
        let mut waiting = pin!(writer.ready(Interest::ERROR));
        assert!(poll_once(waiting.as_mut(), &waker).is_pending());
        driver_looked().await;
        assert_eq!(count.wakes(), 0);
        drop(reader);
        assert!(waiting.await.unwrap().ready().is_error());
    });
}

fn p17_fd_priority_of_a_socket(on: On) {
    on.run(async {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let there = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (here, _) = listener.accept().unwrap();
        here.set_nonblocking(true).unwrap();
        let here = AsyncFd::with_interest(here, Interest::PRIORITY).unwrap();
        let (count, waker) = CountWaker::pair();
        let mut waiting = pin!(here.ready(Interest::PRIORITY));
        assert!(poll_once(waiting.as_mut(), &waker).is_pending());
        // Plain data is none of its business.
        send(&there);
        driver_looked().await;
        assert_eq!(count.wakes(), 0);
        // SAFETY: the descriptor is open, and one byte is at the pointer.
        let sent = unsafe { libc::send(there.as_raw_fd(), b"!".as_ptr().cast(), 1, libc::MSG_OOB) };
        assert_eq!(sent, 1);
        assert!(waiting.await.unwrap().ready().is_priority());
    });
}

fn p17_fd_interest_is_a_filter(on: On) {
    on.run(async {
        let (here, there) = pair();
        let here = AsyncFd::with_interest(here, Interest::READABLE).unwrap();
        send(&there);
        let guard = here.readable().await.unwrap();
        assert_eq!(guard.ready(), Ready::READABLE);
        driver_looked().await;
        assert!(poll_once(pin!(here.writable()), Waker::noop()).is_pending());
    });
}

fn p17_fd_end_of_a_pipe(on: On) {
    on.run(async {
        let (reader, writer) = pipe();
        let reader = AsyncFd::with_interest(reader, Interest::READABLE).unwrap();
        send(&writer);
        let guard = reader.readable().await.unwrap();
        assert!(!guard.ready().is_read_closed());
        drop(guard);
        drop(writer);
        driver_looked().await;
        let guard = reader.readable().await.unwrap();
        assert!(guard.ready().is_read_closed());
        let mut reader = guard.get_inner();
        assert_eq!(reader.read(&mut [0; 8]).unwrap(), 1);
        assert_eq!(reader.read(&mut [0; 8]).unwrap(), 0);
    });
}
