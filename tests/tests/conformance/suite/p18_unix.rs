//! **How do connections within the machine begin and end?** Half-closed, refused and
//! abandoned ones are reported; what was cancelled took nothing.

use std::ffi::CString;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::task::Waker;

use kolo_tests::{CountWaker, caught, poll_once};

use super::On;
use super::files::Scratch;
use super::rt;
use rt::io::{AsyncReadExt, AsyncWriteExt, Interest};
use rt::net::unix::pipe;
use rt::net::{UnixDatagram, UnixListener, UnixStream};

kolo_tests::tests! {
    everywhere: [
        p18_unix_half_closed,
        p18_unix_owned_write_half_ends_the_stream,
        p18_unix_refused,
        p18_unix_listener_that_goes_away,
        p18_unix_peer_that_goes_away,
        p18_unix_read_closed_is_seen_by_ready,
        p18_datagram_peer_that_goes_away,
        p18_pipe_ends,
        p18_fifo_with_one_writer_after_the_other,
        p18_fifo_without_an_end,
        p19_datagram_queue_is_full,
        p19_pipe_is_full,
        p14_unix_accept_cancelled,
        p14_datagram_recv_cancelled,
        p14_pipe_write_cancelled,
        p08_unix_fails_who_waits_and_who_comes,
        p07_unix_without_a_runtime,
    ],
}

fn p18_unix_half_closed(on: On) {
    on.run(async {
        let (mut here, mut there) = UnixStream::pair().unwrap();
        here.write_all(b"last words").await.unwrap();
        here.shutdown().await.unwrap();
        let mut words = String::new();
        there.read_to_string(&mut words).await.unwrap();
        assert_eq!(words, "last words");
        there.write_all(b"understood").await.unwrap();
        drop(there);
        words.clear();
        here.read_to_string(&mut words).await.unwrap();
        assert_eq!(words, "understood");
        here.shutdown().await.unwrap();
    });
}

fn p18_unix_owned_write_half_ends_the_stream(on: On) {
    on.run(async {
        let (here, mut there) = UnixStream::pair().unwrap();
        let (mut reader, mut writer) = here.into_split();
        let task = rt::spawn(async move { writer.write_all(b"all").await });
        let mut all = Vec::new();
        there.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, b"all");
        task.await.unwrap().unwrap();
        there.write_all(b"x").await.unwrap();
        assert_eq!(reader.read_u8().await.unwrap(), b'x');
    });
}

fn p18_unix_refused(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let path = scratch.path("socket");
        let kind = async || UnixStream::connect(&path).await.unwrap_err().kind();
        assert_eq!(kind().await, ErrorKind::NotFound);
        drop(UnixListener::bind(&path).unwrap());
        assert_eq!(kind().await, ErrorKind::ConnectionRefused);
        let taken = UnixListener::bind(&path).unwrap_err();
        assert_eq!(taken.kind(), ErrorKind::AddrInUse);
    });
}

fn p18_unix_listener_that_goes_away(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let path = scratch.path("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let mut stream = UnixStream::connect(&path).await.unwrap();
        drop(listener); // which has not accepted it
        let error = stream.read(&mut [0]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    });
}

fn p18_unix_peer_that_goes_away(on: On) {
    on.run(async {
        let (mut here, there) = UnixStream::pair().unwrap();
        drop(there);
        assert_eq!(here.read(&mut [0]).await.unwrap(), 0);
        let error = here.write_all(b"x").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        here.shutdown().await.unwrap();
    });
}

fn p18_unix_read_closed_is_seen_by_ready(on: On) {
    on.run(async {
        let (mut here, there) = UnixStream::pair().unwrap();
        let ready = there.ready(Interest::WRITABLE).await.unwrap();
        assert!(!ready.is_read_closed() && !ready.is_write_closed());
        here.write_all(b"12345").await.unwrap();
        drop(here);
        while !there
            .ready(Interest::READABLE)
            .await
            .unwrap()
            .is_read_closed()
        {
            rt::task::yield_now().await;
        }
        // What was sent before is there, and then the end, again and again.
        let mut bytes = Vec::with_capacity(64);
        assert_eq!(there.try_read_buf(&mut bytes).unwrap(), 5);
        for _ in 0..3 {
            there.readable().await.unwrap();
            assert_eq!(there.try_read(&mut [0]).unwrap(), 0);
        }
    });
}

fn p18_datagram_peer_that_goes_away(on: On) {
    on.run(async {
        let (here, there) = UnixDatagram::pair().unwrap();
        there.send(b"bye").await.unwrap();
        drop(there);
        assert_eq!(here.recv(&mut [0; 8]).await.unwrap(), 3);
        let error = here.send(b"x").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    });
}

fn p18_pipe_ends(on: On) {
    on.run(async {
        let (mut sender, mut receiver) = pipe::pipe().unwrap();
        let task = rt::spawn(async move {
            let mut all = String::new();
            receiver.read_to_string(&mut all).await.map(|_| all)
        });
        sender.write_all(b"to the end").await.unwrap();
        drop(sender);
        assert_eq!(task.await.unwrap().unwrap(), "to the end");

        let (mut sender, receiver) = pipe::pipe().unwrap();
        drop(receiver);
        let error = sender.write_all(b"x").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}

fn fifo(scratch: &Scratch) -> PathBuf {
    let path = scratch.path("fifo");
    // No `mkfifo`: a process that starts holds what the other tests close.
    let name = CString::new(path.as_os_str().as_bytes()).unwrap();
    // SAFETY: the name is a C string that lives across the call.
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
    path
}

fn p18_fifo_with_one_writer_after_the_other(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let path = fifo(&scratch);
        let none = pipe::OpenOptions::new().open_sender(&path).unwrap_err();
        assert_eq!(none.raw_os_error(), Some(libc::ENXIO));
        let mut receiver = pipe::OpenOptions::new().open_receiver(&path).unwrap();
        for round in 0..3 {
            let mut sender = pipe::OpenOptions::new().open_sender(&path).unwrap();
            // It waits, after an end, while there is a writer that says nothing.
            let mut byte = [0];
            let mut reading = Box::pin(receiver.read(&mut byte));
            let early = poll_once(reading.as_mut(), Waker::noop());
            assert!(early.is_pending());
            sender.write_u8(round).await.unwrap();
            assert_eq!(reading.await.unwrap(), 1);
            assert_eq!(byte, [round]);
            drop(sender);
            assert_eq!(receiver.read(&mut [0]).await.unwrap(), 0);
        }
    });
}

fn p18_fifo_without_an_end(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let path = fifo(&scratch);
        let mut receiver = pipe::OpenOptions::new()
            .read_write(true)
            .open_receiver(&path)
            .unwrap();
        for round in 0..3 {
            let mut sender = pipe::OpenOptions::new().open_sender(&path).unwrap();
            sender.write_u8(round).await.unwrap();
            drop(sender);
            assert_eq!(receiver.read_u8().await.unwrap(), round);
        }
    });
}

fn p19_datagram_queue_is_full(on: On) {
    on.run(async {
        let (here, there) = UnixDatagram::pair().unwrap();
        let mut sent = 0_u32;
        loop {
            here.writable().await.unwrap();
            match here.try_send(&sent.to_ne_bytes()) {
                Ok(_) => sent += 1,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
        let last = rt::spawn(async move { here.send(&sent.to_ne_bytes()).await });
        for expected in 0..=sent {
            let mut number = [0; 4];
            there.recv(&mut number).await.unwrap();
            assert_eq!(u32::from_ne_bytes(number), expected);
        }
        assert_eq!(last.await.unwrap().unwrap(), 4);
    });
}

fn p19_pipe_is_full(on: On) {
    on.run(async {
        let (mut sender, mut receiver) = pipe::pipe().unwrap();
        const ALL: usize = 1 << 20; // more than a pipe holds
        let task = rt::spawn(async move { sender.write_all(&[7; ALL]).await });
        let mut all = Vec::new();
        receiver.read_to_end(&mut all).await.unwrap();
        assert!(all.len() == ALL && all.iter().all(|byte| *byte == 7));
        task.await.unwrap().unwrap();
    });
}

fn p14_unix_accept_cancelled(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let path = scratch.path("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let (count, waker) = CountWaker::pair();
        let mut given_up = Box::pin(listener.accept());
        assert!(poll_once(given_up.as_mut(), &waker).is_pending());
        drop(given_up);
        let _client = UnixStream::connect(&path).await.unwrap();
        listener.accept().await.unwrap();
        assert_eq!(count.wakes(), 0);
        drop(waker);
        assert_eq!(Arc::strong_count(&count), 1, "a waker is kept");
    });
}

fn p14_datagram_recv_cancelled(on: On) {
    on.run(async {
        let (here, there) = UnixDatagram::pair().unwrap();
        let (mut lost, mut got) = ([0; 8], [0; 8]);
        let mut given_up = Box::pin(there.recv(&mut lost));
        assert!(poll_once(given_up.as_mut(), Waker::noop()).is_pending());
        here.send(b"datagram").await.unwrap();
        // Woken by now, or soon; and not polled again.
        there.readable().await.unwrap();
        drop(given_up);
        assert_eq!(there.recv(&mut got).await.unwrap(), 8);
        assert_eq!(&got, b"datagram");
    });
}

fn p14_pipe_write_cancelled(on: On) {
    on.run(async {
        let (mut sender, receiver) = pipe::pipe().unwrap();
        sender.writable().await.unwrap();
        let mut sent = 0;
        while let Ok(n) = sender.try_write(&[1; 4096]) {
            sent += n;
        }
        {
            let mut given_up = Box::pin(sender.write(&[2; 4096]));
            assert!(poll_once(given_up.as_mut(), Waker::noop()).is_pending());
        }
        let mut received = Vec::new();
        while received.len() < sent {
            receiver.readable().await.unwrap();
            let _ = receiver.try_read_buf(&mut received);
        }
        assert!(received.iter().all(|byte| *byte == 1));
        sender.write_all(&[3]).await.unwrap();
        drop(sender);
        received.clear();
        let mut receiver = receiver;
        receiver.read_to_end(&mut received).await.unwrap();
        assert_eq!(received, [3]);
    });
}

fn p08_unix_fails_who_waits_and_who_comes(on: On) {
    let scratch = Scratch::new();
    let runtime = on.runtime();
    let (listener, (here, _there), (datagram, _other), (_sender, receiver)) = {
        let _context = runtime.enter();
        (
            UnixListener::bind(scratch.path("socket")).unwrap(),
            UnixStream::pair().unwrap(),
            UnixDatagram::pair().unwrap(),
            pipe::pipe().unwrap(),
        )
    };
    let (count, waker) = CountWaker::pair();
    let mut accepting = Box::pin(listener.accept());
    assert!(poll_once(accepting.as_mut(), &waker).is_pending());
    drop(runtime);
    assert_eq!(count.wakes(), 1);
    on.run(async {
        let errors = [
            accepting.await.map(drop).unwrap_err(),
            listener.accept().await.map(drop).unwrap_err(),
            here.readable().await.unwrap_err(),
            datagram.recv(&mut [0]).await.map(drop).unwrap_err(),
            receiver.readable().await.unwrap_err(),
        ];
        assert!(
            errors.iter().all(rt::runtime::is_rt_shutdown_err),
            "{errors:?}"
        );
    });
}

fn p07_unix_without_a_runtime(on: On) {
    let scratch = Scratch::new();
    caught(|| UnixListener::bind(scratch.path("socket")))
        .says(&["there is no reactor running"])
        .blames(file!());
    let runtime = on.bare_builder().build().unwrap();
    runtime.block_on(async {
        caught(|| UnixListener::bind(scratch.path("other")))
            .says(&["IO is disabled"])
            .blames(file!());
    });
}
