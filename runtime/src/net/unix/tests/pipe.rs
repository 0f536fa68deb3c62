//! Pipes, with a name and without.

use std::ffi::CString;
use std::fs::{self, File};
use std::future::poll_fn;
use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::pin::Pin;

use super::{Place, finish, place, read, run, shutdown, write};
use crate::io::{AsyncWrite, Interest};
use crate::net::unix::pipe::{OpenOptions, Receiver, Sender, pipe};
use crate::process_testing;
use crate::sync::testing::by_hand;

fn fifo() -> Place {
    let place = place();
    let path = CString::new(place.0.as_os_str().as_encoded_bytes()).unwrap();
    // SAFETY: a C string that lives across the call.
    assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o600) }, 0);
    place
}

fn is_nonblocking(end: &impl AsFd) -> bool {
    socket2::SockRef::from(end).nonblocking().unwrap()
}

#[test]
fn bytes_go_one_way_until_the_end() {
    run(async {
        let (mut sender, mut receiver) = pipe().unwrap();
        let mut reading = by_hand(read(&mut receiver));
        reading.assert_pending();
        write(&mut sender, b"through").await;
        assert_eq!(finish(reading).await.unwrap(), b"through");
        shutdown(&mut sender).await; // which is nothing
        write(&mut sender, b"and on").await;
        drop(sender);
        assert_eq!(read(&mut receiver).await.unwrap(), b"and on");
        assert_eq!(read(&mut receiver).await.unwrap(), b"");
    });
}

#[test]
fn nobody_reads() {
    let _closed_is_closed = process_testing::none_starts();
    run(async {
        let (mut sender, receiver) = pipe().unwrap();
        drop(receiver);
        let written = poll_fn(|cx| Pin::new(&mut sender).poll_write(cx, b"x")).await;
        assert_eq!(written.unwrap_err().kind(), ErrorKind::BrokenPipe);
        let ready = sender.ready(Interest::WRITABLE).await.unwrap();
        assert!(ready.is_write_closed());
    });
}

#[test]
fn a_full_pipe_makes_the_sender_wait() {
    run(async {
        let (mut sender, receiver) = pipe().unwrap();
        sender.writable().await.unwrap();
        let mut sent = 0;
        while let Ok(n) = sender.try_write(&[7; 4096]) {
            sent += n;
        }
        let mut writing = by_hand(write(&mut sender, &[7; 4096]));
        writing.assert_pending();
        receiver.readable().await.unwrap();
        let mut received = 0;
        while let Ok(n) = receiver.try_read(&mut [0; 4096]) {
            received += n;
        }
        assert_eq!(received, sent);
        finish(writing).await;
    });
}

#[test]
fn tries() {
    run(async {
        let (sender, receiver) = pipe().unwrap();
        let early = receiver.try_read(&mut [0]).unwrap_err();
        assert_eq!(early.kind(), ErrorKind::WouldBlock);
        poll_fn(|cx| sender.poll_write_ready(cx)).await.unwrap();
        let parts = [IoSlice::new(b"one "), IoSlice::new(b"two")];
        assert_eq!(sender.try_write_vectored(&parts).unwrap(), 7);
        poll_fn(|cx| receiver.poll_read_ready(cx)).await.unwrap();
        let (mut first, mut second) = ([0; 2], [0; 2]);
        let mut parts = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
        assert_eq!(receiver.try_read_vectored(&mut parts).unwrap(), 4);
        let mut rest = Vec::with_capacity(8);
        assert_eq!(receiver.try_read_buf(&mut rest).unwrap(), 3);
        assert_eq!(
            (&first, &second, rest.as_slice()),
            (b"on", b"e ", &b"two"[..])
        );
        let empty = receiver.try_read_buf(&mut rest).unwrap_err();
        assert_eq!(empty.kind(), ErrorKind::WouldBlock);
        by_hand(receiver.readable()).assert_pending();

        // An operation is called when ready, and says when that is over.
        let blocks = || -> std::io::Result<()> { Err(ErrorKind::WouldBlock.into()) };
        assert!(sender.try_io(|| Ok(())).is_ok());
        assert!(sender.try_io(blocks).is_err());
        assert!(
            sender
                .try_io(|| -> std::io::Result<()> { panic!("not ready") })
                .is_err()
        );
        assert!(
            receiver
                .try_io(|| -> std::io::Result<()> { panic!("not ready") })
                .is_err()
        );
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_pipe_that_keeps_boundaries() {
    run(async {
        let mut fds = [0; 2];
        let flags = libc::O_DIRECT | libc::O_NONBLOCK | libc::O_CLOEXEC;
        // SAFETY: the array holds the two descriptors that the call returns.
        assert_eq!(unsafe { libc::pipe2(fds.as_mut_ptr(), flags) }, 0);
        // SAFETY: just opened, and nobody else's.
        let [reading, writing] = fds.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) });
        let mut sender = Sender::from_owned_fd_unchecked(writing).unwrap();
        let mut receiver = Receiver::from_owned_fd_unchecked(reading).unwrap();
        write(&mut sender, b"one").await;
        write(&mut sender, b"two").await;
        // A short read, and yet there is more, of which no event will tell.
        assert_eq!(read(&mut receiver).await.unwrap(), b"one");
        let mut second = by_hand(read(&mut receiver));
        assert_eq!(second.ready().unwrap(), b"two");
    });
}

#[test]
fn a_fifo_is_opened_from_either_side() {
    run(async {
        let fifo = fifo();
        let nobody = OpenOptions::new().open_sender(&fifo).unwrap_err();
        assert_eq!(nobody.raw_os_error(), Some(libc::ENXIO));
        let mut receiver = OpenOptions::new().open_receiver(&fifo).unwrap();
        for word in [&b"one"[..], b"two"] {
            let mut sender = OpenOptions::new().open_sender(&fifo).unwrap();
            write(&mut sender, word).await;
            assert_eq!(read(&mut receiver).await.unwrap(), word);
        }
        assert_eq!(read(&mut receiver).await.unwrap(), b"");
    });
}

#[test]
fn a_fifo_goes_on_after_its_end() {
    run(async {
        let fifo = fifo();
        let mut receiver = OpenOptions::new().open_receiver(&fifo).unwrap();
        drop(OpenOptions::new().open_sender(&fifo).unwrap());
        let ready = receiver.ready(Interest::READABLE).await.unwrap();
        assert!(ready.is_read_closed());
        assert_eq!(read(&mut receiver).await.unwrap(), b"");

        // A sender is there again, which has nothing to say yet.
        let mut sender = OpenOptions::new().open_sender(&fifo).unwrap();
        let mut reading = by_hand(read(&mut receiver));
        reading.assert_pending();
        assert_eq!(reading.take_wakes(), 0, "it waits, and does not spin");
        write(&mut sender, b"again").await;
        assert_eq!(finish(reading).await.unwrap(), b"again");
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_fifo_opened_in_both_directions_has_no_end() {
    run(async {
        let fifo = fifo();
        let mut both = OpenOptions::new();
        both.read_write(true);
        let mut sender = both.open_sender(&fifo).unwrap(); // though nobody reads
        let mut receiver = both.open_receiver(&fifo).unwrap();
        write(&mut sender, b"bye").await;
        drop(sender);
        assert_eq!(read(&mut receiver).await.unwrap(), b"bye");
        let mut reading = by_hand(read(&mut receiver));
        reading.assert_pending();
        let mut next = OpenOptions::new().open_sender(&fifo).unwrap();
        write(&mut next, b"hello").await;
        assert_eq!(finish(reading).await.unwrap(), b"hello");
    });
}

#[test]
fn what_is_no_pipe_is_refused() {
    run(async {
        let place = place();
        fs::write(&place, b"a regular file").unwrap();
        let errors = [
            OpenOptions::new().open_receiver(&place).unwrap_err(),
            OpenOptions::new().open_sender(&place).unwrap_err(),
            Receiver::from_file(File::open(&place).unwrap()).unwrap_err(),
            Sender::from_file(File::create(&place).unwrap()).unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert_eq!(error.to_string(), "not a pipe");
        }
        // Unchecked, it is for the system to refuse it.
        let mut unchecked = OpenOptions::new();
        let error = unchecked.unchecked(true).open_receiver(&place).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EPERM));
    });
}

#[test]
fn an_end_from_elsewhere_is_looked_at() {
    run(async {
        let (reader, writer) = std::io::pipe().unwrap();
        let (reader, writer) = (OwnedFd::from(reader), OwnedFd::from(writer));
        assert!(!is_nonblocking(&reader) && !is_nonblocking(&writer));

        let error = Sender::from_owned_fd(reader.try_clone().unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "not in O_WRONLY or O_RDWR access mode");
        let error = Receiver::from_owned_fd(writer.try_clone().unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "not in O_RDONLY or O_RDWR access mode");
        assert!(!is_nonblocking(&reader), "what was refused is as it was");

        let mut sender = Sender::from_owned_fd(writer).unwrap();
        let mut receiver = Receiver::from_file(reader.into()).unwrap();
        assert!(is_nonblocking(&sender) && is_nonblocking(&receiver));
        write(&mut sender, b"made by std").await;
        assert_eq!(read(&mut receiver).await.unwrap(), b"made by std");
    });
}

#[test]
fn ends_are_given_up_as_one_wants_them() {
    run(async {
        let (sender, receiver) = pipe().unwrap();
        let sender = sender.into_nonblocking_fd().unwrap();
        assert!(is_nonblocking(&sender));
        let receiver = receiver.into_blocking_fd().unwrap();
        assert!(!is_nonblocking(&receiver));
        File::from(sender).write_all(b"plain").unwrap();
        let mut word = String::new();
        File::from(receiver).read_to_string(&mut word).unwrap();
        assert_eq!(word, "plain");

        let (sender, receiver) = pipe().unwrap();
        assert!(!is_nonblocking(&sender.into_blocking_fd().unwrap()));
        assert!(is_nonblocking(&receiver.into_nonblocking_fd().unwrap()));
    });
}

#[test]
fn portable() {
    fn everywhere<T: Send + Sync>(_: T) {}
    run(async {
        let (sender, receiver) = pipe().unwrap();
        fn movable<T: Unpin>(_: &T) {}
        movable(&sender);
        movable(&receiver);
        everywhere(sender.writable());
        everywhere(receiver.readable());
        assert!(format!("{sender:?} {receiver:?}").contains("Receiver"));
        assert_eq!(sender.as_raw_fd(), sender.as_fd().as_raw_fd());
    });
}
