//! **What if there are no descriptors left?** Each call says so once, nothing
//! spins, and all is well when one is free again. The limit belongs to the process.

use std::fs::File;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use kolo_tests::{CountWaker, poll_once};

use super::On;
use super::files::{Scratch, hold_pool, one_blocking_thread};
use super::rt;
use super::sockets::{connection, driver_looked, fill, until};
use rt::io::{AsyncReadExt, AsyncWriteExt};
use rt::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};

kolo_tests::tests! {
    everywhere: [
        p19_accept_says_so_once_per_call,
        p19_accept_does_not_spin,
        p19_accept_goes_on_after_a_close,
        p19_unix_accept_goes_on_after_a_close,
        p19_connect_says_so_and_recovers,
        p19_files_say_so_and_recover,
        p19_runtime_says_so_and_recovers,
        p19_full_socket_waits_and_loses_nothing,
        p19_full_datagram_queue_waits_its_turn,
        p19_files_wait_for_the_pool,
    ],
}

/// All descriptors there are; dropped, they are free again.
struct Taken(Vec<File>);

impl Taken {
    /// Lowers the limit, and takes what is left below it.
    fn all() -> Self {
        let limit = libc::rlimit {
            rlim_cur: 100,
            rlim_max: 100,
        };
        // SAFETY: the pointer is to a limit.
        assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
        let mut taken = Vec::new();
        loop {
            match File::open("/dev/null") {
                Ok(file) => taken.push(file),
                Err(error) => {
                    assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
                    return Self(taken);
                }
            }
        }
    }

    fn release(&mut self, n: usize) {
        for _ in 0..n {
            self.0.pop().expect("one to release");
        }
    }
}

#[track_caller]
fn says_so<T: std::fmt::Debug>(result: io::Result<T>) {
    assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::EMFILE));
}

/// A listener with `n` clients at the door.
async fn besieged(n: usize) -> (TcpListener, Vec<std::net::TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connect = |_| std::net::TcpStream::connect(address).unwrap();
    (listener, (0..n).map(connect).collect())
}

fn p19_accept_says_so_once_per_call(on: On) {
    on.alone(|| {
        on.run(async {
            let (listener, _clients) = besieged(1).await;
            let _taken = Taken::all();
            for _ in 0..10 {
                says_so(listener.accept().await);
            }
            // Of a waiter that is polled by hand: one poll, one error.
            let (count, waker) = CountWaker::pair();
            for _ in 0..10 {
                match listener.poll_accept(&mut Context::from_waker(&waker)) {
                    Poll::Ready(result) => says_so(result),
                    Poll::Pending => panic!("the client is still at the door"),
                }
            }
            assert_eq!(count.wakes(), 0);
        });
    });
}

/// The time on a processor that this process has used.
fn cpu_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the pointer is to a timespec.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    assert_eq!(result, 0);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// The client stays at the door while a timer runs: nobody has anything to do.
fn p19_accept_does_not_spin(on: On) {
    on.alone(|| {
        let parks = Arc::new(AtomicUsize::new(0));
        let counted = parks.clone();
        let runtime = on
            .builder()
            .on_thread_park(move || {
                counted.fetch_add(1, Ordering::SeqCst);
            })
            .build()
            .unwrap();
        runtime.block_on(async {
            let (listener, _clients) = besieged(1).await;
            let _taken = Taken::all();
            says_so(listener.accept().await);
            let (parked, used) = (parks.load(Ordering::SeqCst), cpu_time());
            rt::time::sleep(Duration::from_millis(400)).await;
            let parked = parks.load(Ordering::SeqCst) - parked;
            assert!(parked < 50, "looked for events {parked} times");
            let used = cpu_time() - used;
            assert!(used < Duration::from_millis(100), "busy for {used:?}");
            says_so(listener.accept().await);
        });
    });
}

fn p19_accept_goes_on_after_a_close(on: On) {
    on.alone(|| {
        on.run(async {
            let (listener, clients) = besieged(3).await;
            let mut taken = Taken::all();
            for client in &clients {
                says_so(listener.accept().await);
                taken.release(1);
                // The clients came long ago: no event tells of them again.
                let (stream, from) = listener.accept().await.unwrap();
                assert_eq!(from, client.local_addr().unwrap());
                says_so(File::open("/dev/null"));
                taken.0.push(stream_to_file(stream));
            }
        });
    });
}

/// So that the descriptor stays taken.
fn stream_to_file(stream: TcpStream) -> File {
    File::from(std::os::fd::OwnedFd::from(stream.into_std().unwrap()))
}

fn p19_unix_accept_goes_on_after_a_close(on: On) {
    on.alone(|| {
        on.run(async {
            let scratch = Scratch::new();
            let path = scratch.path("socket");
            let listener = UnixListener::bind(&path).unwrap();
            let _client = std::os::unix::net::UnixStream::connect(&path).unwrap();
            let mut taken = Taken::all();
            for _ in 0..3 {
                says_so(listener.accept().await);
            }
            taken.release(1);
            assert!(listener.accept().await.is_ok());
            drop(taken);
        });
    });
}

fn p19_connect_says_so_and_recovers(on: On) {
    on.alone(|| {
        on.run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let mut taken = Taken::all();
            for _ in 0..3 {
                says_so(TcpStream::connect(address).await);
                says_so(TcpListener::bind("127.0.0.1:0").await);
                says_so(UdpSocket::bind("127.0.0.1:0").await);
                says_so(UnixStream::pair());
                says_so(rt::net::unix::pipe::pipe());
                says_so(rt::net::TcpSocket::new_v4());
            }
            taken.release(2);
            let stream = TcpStream::connect(address).await.unwrap();
            let (_, from) = listener.accept().await.unwrap();
            assert_eq!(from, stream.local_addr().unwrap());
        });
    });
}

fn p19_files_say_so_and_recover(on: On) {
    on.alone(|| {
        on.run(async {
            let scratch = Scratch::new();
            let path = scratch.file("file", "contents");
            let mut taken = Taken::all();
            for _ in 0..3 {
                says_so(rt::fs::read(&path).await);
                says_so(rt::fs::File::open(&path).await);
                says_so(rt::fs::read_dir(scratch.path("")).await);
            }
            taken.release(1);
            assert_eq!(rt::fs::read(&path).await.unwrap(), b"contents");
            drop(taken);
        });
    });
}

fn p19_runtime_says_so_and_recovers(on: On) {
    on.alone(|| {
        // What the process opens once, for all runtimes, is open.
        on.run(async {});
        let mut taken = Taken::all();
        for _ in 0..3 {
            says_so(on.builder().build());
        }
        // Too few is as good as none, and leaves none behind.
        for _ in 0..3 {
            taken.release(1);
            let _ = on.builder().build();
        }
        taken.release(10);
        on.run(async { drop(connection().await) });
    });
}

fn p19_full_socket_waits_and_loses_nothing(on: On) {
    on.run(async {
        let (mut here, mut there) = UnixStream::pair().unwrap();
        here.writable().await.unwrap();
        let filled = fill(|chunk| here.try_write(chunk));
        {
            let mut writing = pin!(here.write_all(b"the rest"));
            let (count, waker) = CountWaker::pair();
            assert!(poll_once(writing.as_mut(), &waker).is_pending());
            driver_looked().await;
            assert_eq!(count.wakes(), 0, "there is no room yet");
            let mut all = vec![0; filled];
            there.read_exact(&mut all).await.unwrap();
            until(|| count.wakes() > 0).await;
            writing.await.unwrap();
        }
        drop(here);
        let mut rest = String::new();
        there.read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, "the rest");
    });
}

fn p19_full_datagram_queue_waits_its_turn(on: On) {
    on.run(async {
        let (here, there) = UnixDatagram::pair().unwrap();
        let sender = rt::spawn(async move {
            for i in 0..2_000_u32 {
                here.send(&i.to_le_bytes()).await.unwrap();
            }
        });
        for i in 0..2_000_u32 {
            let mut room = [0; 8];
            assert_eq!(there.recv(&mut room).await.unwrap(), 4);
            assert_eq!(room[..4], i.to_le_bytes());
        }
        sender.await.unwrap();
    });
}

fn p19_files_wait_for_the_pool(on: On) {
    let runtime = one_blocking_thread(on);
    runtime.block_on(async {
        let scratch = Scratch::new();
        let path = scratch.file("file", "contents");
        let held = hold_pool();
        let mut reads: Vec<_> = (0..50).map(|_| Box::pin(rt::fs::read(&path))).collect();
        for read in &mut reads {
            let (_, waker) = CountWaker::pair();
            assert!(poll_once(Pin::new(read), &waker).is_pending());
        }
        drop(held);
        for read in reads {
            assert_eq!(read.await.unwrap(), b"contents");
        }
    });
}
