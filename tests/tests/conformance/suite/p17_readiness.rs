//! **Is a socket's readiness what the system said, no more, no less?** Every waiter
//! is woken, none too often; what came for a socket that is gone goes to no other.

use std::future::poll_fn;
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::thread;

use kolo_tests::{CountWaker, lock_seen, poll_once};

use super::On;
use super::rt;
use super::sockets::{connection, driver_looked, fill, send, udp_pair, unix_pair, until};
use rt::io::{AsyncReadExt, AsyncWriteExt, Interest, Ready};
use rt::net::{TcpListener, TcpStream, UnixStream};

kolo_tests::tests! {
    everywhere: [
        p17_accept_is_polled_once_per_connection,
        p17_accept_many_that_came_before,
        p17_accept_by_many_tasks,
        p17_every_waiter_is_woken,
        p17_the_latest_poller_is_woken,
        p17_reader_and_writer_are_apart,
        p17_halves_are_apart,
        p17_try_read_and_write_at_the_edges,
        p17_short_read_keeps_what_comes_next,
        p17_waiting_writer_is_woken,
        p17_closed_bits_are_not_set_early,
        p17_closed_bits_survive_reads,
        p17_a_wake_may_drop_another_of_its_batch,
        p17_a_new_socket_gets_no_old_event,
        p17_register_and_deregister_while_events_come,
        p17_moves_between_runtimes,
        p17_no_descriptor_is_leaked,
    ],
}

fn p17_accept_is_polled_once_per_connection(on: On) {
    on.run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (polls, accepted) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let task = rt::spawn({
            let (polls, accepted) = (polls.clone(), accepted.clone());
            let mut accept = Box::pin(async move {
                while listener.accept().await.is_ok() {
                    accepted.fetch_add(1, Ordering::SeqCst);
                }
            });
            poll_fn(move |cx| {
                polls.fetch_add(1, Ordering::SeqCst);
                accept.as_mut().poll(cx)
            })
        });
        until(|| polls.load(Ordering::SeqCst) == 1).await;
        for n in 1..=10 {
            let _client = std::net::TcpStream::connect(address).unwrap();
            until(|| accepted.load(Ordering::SeqCst) == n).await;
            driver_looked().await;
            assert_eq!(polls.load(Ordering::SeqCst), 1 + n);
        }
        task.abort();
    });
}

fn p17_accept_many_that_came_before(on: On) {
    on.run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let clients: Vec<_> = (0..60)
            .map(|_| std::net::TcpStream::connect(address).unwrap())
            .collect();
        for client in &clients {
            let (_, from) = listener.accept().await.unwrap();
            assert_eq!(from, client.local_addr().unwrap());
        }
    });
}

fn p17_accept_by_many_tasks(on: On) {
    on.run(async {
        let listener = Arc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
        let address = listener.local_addr().unwrap();
        let tasks: Vec<_> = (0..10)
            .map(|_| {
                let listener = listener.clone();
                rt::spawn(async move { listener.accept().await.unwrap().1 })
            })
            .collect();
        rt::task::yield_now().await;
        let clients: Vec<_> = (0..10)
            .map(|_| std::net::TcpStream::connect(address).unwrap())
            .collect();
        let mut from = Vec::new();
        for task in tasks {
            from.push(task.await.unwrap());
        }
        from.sort();
        let mut expected: Vec<_> = clients.iter().map(|c| c.local_addr().unwrap()).collect();
        expected.sort();
        assert_eq!(from, expected);
    });
}

fn p17_every_waiter_is_woken(on: On) {
    on.run(async {
        let (here, there) = udp_pair().await;
        let here = Arc::new(here);
        let waiters: Vec<_> = (0..40)
            .map(|_| {
                let here = here.clone();
                let mut waiting = Box::pin(async move { here.readable().await });
                let (count, waker) = CountWaker::pair();
                assert!(poll_once(waiting.as_mut(), &waker).is_pending());
                (waiting, count)
            })
            .collect();
        there.send(b"to all").unwrap();
        for (waiting, count) in waiters {
            until(|| count.wakes() > 0).await;
            waiting.await.unwrap();
            assert_eq!(count.wakes(), 1);
        }
    });
}

/// Of several that poll one direction, only the last is promised a wake.
fn p17_the_latest_poller_is_woken(on: On) {
    on.run(async {
        let (here, there) = unix_pair();
        let ((first, one), (second, two)) = (CountWaker::pair(), CountWaker::pair());
        for waker in [&one, &two] {
            let mut cx = Context::from_waker(waker);
            assert!(here.poll_read_ready(&mut cx).is_pending());
        }
        send(&there);
        until(|| second.wakes() == 1).await;
        assert_eq!(first.wakes(), 0);
    });
}

fn p17_reader_and_writer_are_apart(on: On) {
    on.run(async {
        let (here, mut there) = unix_pair();
        here.writable().await.unwrap();
        let filled = fill(|chunk| here.try_write(chunk));
        let ((read, reader), (write, writer)) = (CountWaker::pair(), CountWaker::pair());
        assert!(
            here.poll_read_ready(&mut Context::from_waker(&reader))
                .is_pending()
        );
        assert!(
            here.poll_write_ready(&mut Context::from_waker(&writer))
                .is_pending()
        );

        send(&there);
        until(|| read.wakes() == 1).await;
        let still_full = here.poll_write_ready(&mut Context::from_waker(&writer));
        assert!(still_full.is_pending());

        let mut all = vec![0; filled];
        there.read_exact(&mut all).unwrap();
        until(|| write.wakes() > 0).await;
        here.writable().await.unwrap();
        assert!(here.try_write(b"again").is_ok());
    });
}

fn p17_halves_are_apart(on: On) {
    on.run(async {
        let (here, mut there) = connection().await;
        let (mut read, mut write) = here.into_split();
        let much = 8 << 20;
        let reader = rt::spawn(async move {
            let mut room = [0; 3];
            read.read_exact(&mut room).await.unwrap();
            (read, room)
        });
        let writer = rt::spawn(async move {
            write.write_all(&vec![1; much]).await.unwrap();
            write
        });
        rt::task::yield_now().await;
        // The writer has no room yet, and the reader is served.
        there.write_all(b"abc").unwrap();
        let (read, room) = reader.await.unwrap();
        assert_eq!(&room, b"abc");
        let far = thread::spawn(move || {
            let mut all = vec![0; much];
            there.read_exact(&mut all).unwrap();
            all.iter().all(|&byte| byte == 1)
        });
        let write = writer.await.unwrap();
        assert!(far.join().unwrap());
        assert!(read.reunite(write).is_ok());
    });
}

fn p17_try_read_and_write_at_the_edges(on: On) {
    on.run(async {
        let (here, there) = UnixStream::pair().unwrap();
        for round in 0..5 {
            // Nothing to read: no, and again no.
            for _ in 0..2 {
                let error = there.try_read(&mut [0; 8]).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::WouldBlock, "round {round}");
            }
            here.writable().await.unwrap();
            let filled = fill(|chunk| here.try_write(chunk));
            assert!(filled > 0);
            let full = poll_once(pin!(here.writable()), Waker::noop());
            assert!(full.is_pending(), "round {round}");

            let (mut read, mut room) = (0, vec![0; 64 << 10]);
            while read < filled {
                there.readable().await.unwrap();
                match there.try_read(&mut room) {
                    Ok(n) => {
                        assert!(room[..n].iter().all(|&byte| byte == 7));
                        read += n;
                    }
                    Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
                }
            }
            assert_eq!(read, filled);
        }
    });
}

/// A read that did not fill its room may clear "readable"; what comes next is news.
fn p17_short_read_keeps_what_comes_next(on: On) {
    on.run(async {
        let (mut here, there) = connection().await;
        for _ in 0..200 {
            send(&there);
            assert_eq!(here.read(&mut [0; 8]).await.unwrap(), 1);
        }
        // Filled to the brim: more may be there.
        (&there).write_all(&[1; 64]).unwrap();
        for _ in 0..8 {
            here.read_exact(&mut [0; 8]).await.unwrap();
        }
    });
}

fn p17_waiting_writer_is_woken(on: On) {
    on.run(async {
        let (mut here, mut there) = UnixStream::pair().unwrap();
        let much = 4 << 20;
        let writer = rt::spawn(async move { here.write_all(&vec![9; much]).await });
        let mut all = Vec::new();
        there.read_to_end(&mut all).await.unwrap();
        writer.await.unwrap().unwrap();
        assert_eq!(all.len(), much);
    });
}

fn p17_closed_bits_are_not_set_early(on: On) {
    on.run(async {
        let both = Interest::READABLE | Interest::WRITABLE;
        for _ in 0..20 {
            let (mut here, there) = connection().await;
            send(&there);
            here.readable().await.unwrap();
            let ready = here.ready(both).await.unwrap();
            assert_eq!(ready, Ready::READABLE | Ready::WRITABLE);
            assert_eq!(here.read(&mut [0; 8]).await.unwrap(), 1);

            // Our end of writing is not an end of reading.
            here.shutdown().await.unwrap();
            driver_looked().await;
            let reading = poll_once(pin!(here.ready(Interest::READABLE)), Waker::noop());
            assert!(reading.is_pending(), "{reading:?}");

            there.shutdown(Shutdown::Write).unwrap();
            assert!(
                here.ready(Interest::READABLE)
                    .await
                    .unwrap()
                    .is_read_closed()
            );
            driver_looked().await;
            let ready = here.ready(both).await.unwrap();
            assert!(ready.is_read_closed() && ready.is_write_closed());
        }
    });
}

fn p17_closed_bits_survive_reads(on: On) {
    on.run(async {
        let (mut here, there) = connection().await;
        send(&there);
        drop(there);
        let mut all = Vec::new();
        here.read_to_end(&mut all).await.unwrap();
        for _ in 0..3 {
            let ready = here.ready(Interest::READABLE).await.unwrap();
            assert!(ready.is_read_closed() && ready.is_readable());
            assert_eq!(here.try_read(&mut [0; 8]).unwrap(), 0);
        }
    });
}

/// Drops what it holds when it is woken.
struct Dropper {
    victims: Mutex<Vec<UnixStream>>,
    woken: AtomicBool,
}

impl Wake for Dropper {
    fn wake(self: Arc<Self>) {
        drop(std::mem::take(&mut *lock_seen(&self.victims)));
        self.woken.store(true, Ordering::SeqCst);
    }
}

fn p17_a_wake_may_drop_another_of_its_batch(on: On) {
    on.run(async {
        for _ in 0..50 {
            let pairs: Vec<_> = (0..20).map(|_| unix_pair()).collect();
            let (here, there): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
            let dropper = Arc::new(Dropper {
                victims: Mutex::new(Vec::new()),
                woken: AtomicBool::new(false),
            });
            let waker = Waker::from(dropper.clone());
            for stream in &here {
                let mut cx = Context::from_waker(&waker);
                assert!(stream.poll_read_ready(&mut cx).is_pending());
            }
            *lock_seen(&dropper.victims) = here;
            for mut there in &there {
                // The first may wake the dropper before the last is sent.
                let _ = there.write_all(b"x");
            }
            until(|| dropper.woken.load(Ordering::SeqCst)).await;
        }
        driver_looked().await;
    });
}

/// The event is with the system, or already with the driver, when its socket goes;
/// the next one has the same number.
fn p17_a_new_socket_gets_no_old_event(on: On) {
    on.run(async {
        for _ in 0..200 {
            let (old, there) = unix_pair();
            send(&there);
            drop(old);
            let (new, _far) = unix_pair();
            let waiting = |waker: &Waker| new.poll_read_ready(&mut Context::from_waker(waker));
            assert!(waiting(Waker::noop()).is_pending());
            driver_looked().await;
            assert!(waiting(Waker::noop()).is_pending(), "an event of another");
        }
    });
}

fn p17_register_and_deregister_while_events_come(on: On) {
    on.run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let noise = thread::spawn(move || {
            for _ in 0..200 {
                let stream = std::net::TcpStream::connect(address).unwrap();
                // The far end may have been dropped already.
                let _ = (&stream).write_all(b"noise");
            }
        });
        let tasks: Vec<_> = (0..4)
            .map(|_| {
                rt::spawn(async {
                    for _ in 0..200 {
                        let (here, there) = unix_pair();
                        send(&there);
                        here.readable().await.unwrap();
                    }
                })
            })
            .collect();
        for round in 0..200 {
            let (mut stream, _) = listener.accept().await.unwrap();
            if round % 2 == 0 {
                assert_eq!(stream.read(&mut [0]).await.unwrap(), 1);
            }
        }
        for task in tasks {
            task.await.unwrap();
        }
        noise.join().unwrap();
    });
}

fn p17_moves_between_runtimes(on: On) {
    let (first, second) = (on.runtime(), on.runtime());
    let (mut here, mut there) = first.block_on(connection());
    for _ in 0..5 {
        for runtime in [&first, &second] {
            let std = here.into_std().unwrap();
            here = runtime.block_on(async {
                let mut here = TcpStream::from_std(std).unwrap();
                here.write_all(b"over here").await.unwrap();
                here
            });
            let mut room = [0; 9];
            there.read_exact(&mut room).unwrap();
        }
    }
    // Served by one, awaited on another.
    let (mut here, there) = first.block_on(connection());
    let (done, is_done) = rt::sync::oneshot::channel();
    let elsewhere = thread::spawn(move || {
        second.block_on(async move {
            let read = here.read(&mut [0]).await.unwrap();
            done.send(read).unwrap();
        });
    });
    drop(there);
    assert_eq!(first.block_on(is_done), Ok(0));
    elsewhere.join().unwrap();
}

/// What is open. Not pipes, if a sanitizer has some to its symbolizer.
fn descriptors() -> Vec<PathBuf> {
    let each = std::fs::read_dir("/proc/self/fd").unwrap();
    let mut open: Vec<_> = each
        .filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok())
        .filter(|of| !cfg!(kolo_tsan) || !of.to_string_lossy().starts_with("pipe:"))
        .collect();
    open.sort();
    open
}

fn p17_no_descriptor_is_leaked(on: On) {
    on.alone(|| {
        let round = || {
            on.run(async {
                let (here, there) = connection().await;
                let (_read, write) = here.into_split();
                let (_here, _there) = unix_pair();
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let address = listener.local_addr().unwrap();
                // Given up on while it connects; failed.
                let _ = poll_once(pin!(TcpStream::connect(address)), Waker::noop());
                drop(listener);
                let _ = TcpStream::connect(address).await;
                let file = std::fs::File::open("/dev/null").unwrap();
                let std = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
                assert!(rt::io::unix::AsyncFd::new(std).is_err());
                rt::spawn(async move {
                    let _kept = (file, write, there);
                    std::future::pending::<()>().await;
                });
                rt::task::yield_now().await;
            });
        };
        round();
        let before = descriptors();
        for _ in 0..50 {
            round();
        }
        assert_eq!(descriptors(), before);
    });
}
