//! **May a socket that is always ready starve the others?** It may not: each
//! operation takes a unit of the budget, so does what never waits, and the driver
//! is looked at whatever runs.

use std::future::{Future, poll_fn};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, Waker};

use kolo_tests::poll_once;

use super::On;
use super::files::Scratch;
use super::rt;
use super::sockets::{connection, driver_looked, send, udp_pair, unix_pair};
use rt::io::unix::AsyncFd;
use rt::io::{
    AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Interest, copy, copy_bidirectional,
    copy_buf, duplex, empty, repeat, sink,
};
use rt::net::TcpListener;
use rt::task::yield_now;

kolo_tests::tests! {
    everywhere: [
        p16_tcp_read_is_cooperative,
        p16_tcp_write_is_cooperative,
        p16_tcp_peek_is_cooperative,
        p16_accept_is_cooperative,
        p16_udp_receive_is_cooperative,
        p16_udp_send_is_cooperative,
        p16_fd_async_io_is_cooperative,
        p16_duplex_is_cooperative,
        p16_file_read_is_cooperative,
        p16_repeat_is_cooperative,
        p16_empty_is_cooperative,
        p16_sink_is_cooperative,
        p16_copy_without_end_lets_others_run,
        p16_copy_buf_without_end_lets_others_run,
        p16_copy_both_ways_lets_others_run,
        p16_lines_without_end_let_others_run,
        p16_read_until_of_much_lets_others_run,
        p16_data_gets_through_under_load,
        p16_waiting_costs_no_budget,
    ],
    current: [
        p16_yielders_see_sockets,
    ],
}

/// How often `$future` is ready within one poll of a task, up to 1,000 times.
macro_rules! ready_in_a_row {
    ($future:expr) => {
        poll_fn(|_| {
            let mut count = 0;
            while count < 1_000 && poll_once(pin!($future), Waker::noop()).is_ready() {
                count += 1;
            }
            Poll::Ready(count)
        })
    };
}

/// A task of its own has a budget that is full.
async fn in_a_task<F>(future: F) -> F::Output
where
    F: Future<Output: Send> + Send + 'static,
{
    rt::spawn(future).await.unwrap()
}

fn p16_tcp_read_is_cooperative(on: On) {
    on.run(async {
        let (mut here, mut there) = connection().await;
        there.write_all(&[0; 1_000]).unwrap();
        here.readable().await.unwrap();
        driver_looked().await;
        let count = in_a_task(async move { ready_in_a_row!(here.read(&mut [0])).await });
        assert_eq!(count.await, 128);
    });
}

fn p16_tcp_write_is_cooperative(on: On) {
    on.run(async {
        let (mut here, _there) = connection().await;
        here.writable().await.unwrap();
        let count = in_a_task(async move { ready_in_a_row!(here.write(&[0])).await });
        assert_eq!(count.await, 128);
    });
}

fn p16_tcp_peek_is_cooperative(on: On) {
    on.run(async {
        let (here, there) = connection().await;
        send(&there);
        here.readable().await.unwrap();
        let count = in_a_task(async move { ready_in_a_row!(here.peek(&mut [0])).await });
        assert_eq!(count.await, 128);
    });
}

fn p16_accept_is_cooperative(on: On) {
    on.run(async {
        let listener = rt::net::TcpSocket::new_v4().unwrap();
        listener.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener: TcpListener = listener.listen(1_024).unwrap();
        let address = listener.local_addr().unwrap();
        let connect = |_| std::net::TcpStream::connect(address).unwrap();
        let clients: Vec<_> = (0..140).map(connect).collect();
        driver_looked().await;
        let count = in_a_task(async move { ready_in_a_row!(listener.accept()).await });
        assert_eq!(count.await, 128);
        drop(clients);
    });
}

fn p16_udp_receive_is_cooperative(on: On) {
    on.run(async {
        let (here, there) = udp_pair().await;
        for _ in 0..140 {
            there.send(&[]).unwrap();
        }
        driver_looked().await;
        let count = in_a_task(async move { ready_in_a_row!(here.recv(&mut [0])).await });
        assert_eq!(count.await, 128);
    });
}

fn p16_udp_send_is_cooperative(on: On) {
    on.run(async {
        let (here, _there) = udp_pair().await;
        here.writable().await.unwrap();
        let count = in_a_task(async move { ready_in_a_row!(here.send(&[])).await });
        assert_eq!(count.await, 128);
    });
}

/// A stream with a byte to read, that the runtime knows of.
async fn ready_fd() -> (AsyncFd<StdUnixStream>, StdUnixStream) {
    let (here, there) = StdUnixStream::pair().unwrap();
    here.set_nonblocking(true).unwrap();
    let here = AsyncFd::new(here).unwrap();
    send(&there);
    here.readable().await.unwrap().retain_ready();
    (here, there)
}

fn p16_fd_async_io_is_cooperative(on: On) {
    on.run(async {
        let (here, _there) = ready_fd().await;
        let count = in_a_task(async move {
            ready_in_a_row!(here.async_io(Interest::READABLE, |_| Ok(()))).await
        });
        assert_eq!(count.await, 128);
    });
}

fn p16_duplex_is_cooperative(on: On) {
    on.run(async {
        let (mut here, mut there) = duplex(4_096);
        there.write_all(&[0; 2_000]).await.unwrap();
        let count = in_a_task(async move { ready_in_a_row!(here.read(&mut [0])).await });
        assert_eq!(count.await, 128);
    });
}

/// Served from the file's buffer, it never waits.
fn p16_file_read_is_cooperative(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let path = scratch.file("file", [0; 2_000]);
        let mut file = rt::fs::File::open(path).await.unwrap();
        let count = in_a_task(async move {
            file.read_exact(&mut [0]).await.unwrap();
            yield_now().await;
            ready_in_a_row!(file.read(&mut [0])).await
        });
        let count = count.await;
        assert!(count <= 128, "{count}");
    });
}

fn p16_repeat_is_cooperative(on: On) {
    on.run(async {
        let count = in_a_task(async { ready_in_a_row!(repeat(0).read(&mut [0])).await });
        assert_eq!(count.await, 128);
    });
}

fn p16_empty_is_cooperative(on: On) {
    on.run(async {
        let count = in_a_task(async { ready_in_a_row!(empty().read(&mut [0])).await });
        assert_eq!(count.await, 128);
    });
}

fn p16_sink_is_cooperative(on: On) {
    on.run(async {
        let count = in_a_task(async { ready_in_a_row!(sink().write(&[0])).await });
        assert_eq!(count.await, 128);
    });
}

/// Runs `endless` beside a task that yields; the latter must get its turns.
async fn lets_others_run(endless: impl Future<Output: Send> + Send + 'static) {
    let endless = rt::spawn(async move {
        endless.await;
    });
    in_a_task(async {
        for _ in 0..20 {
            yield_now().await;
        }
    })
    .await;
    assert!(!endless.is_finished(), "it was to have no end");
    endless.abort();
    assert!(endless.await.unwrap_err().is_cancelled());
}

fn p16_copy_without_end_lets_others_run(on: On) {
    on.run(lets_others_run(async {
        copy(&mut repeat(0), &mut sink()).await
    }));
}

fn p16_copy_buf_without_end_lets_others_run(on: On) {
    on.run(lets_others_run(async {
        copy_buf(&mut BufReader::new(repeat(0)), &mut sink()).await
    }));
}

fn p16_copy_both_ways_lets_others_run(on: On) {
    on.run(lets_others_run(async {
        let mut left = rt::io::join(repeat(0), sink());
        let mut right = rt::io::join(repeat(1), sink());
        copy_bidirectional(&mut left, &mut right).await
    }));
}

fn p16_lines_without_end_let_others_run(on: On) {
    on.run(lets_others_run(async {
        let mut lines = BufReader::with_capacity(16, repeat(b'\n')).lines();
        while lines.next_line().await.unwrap().is_some() {}
    }));
}

fn p16_read_until_of_much_lets_others_run(on: On) {
    on.run(lets_others_run(async {
        let mut reader = BufReader::with_capacity(16, repeat(0));
        reader.read_until(1, &mut Vec::new()).await
    }));
}

fn p16_data_gets_through_under_load(on: On) {
    on.run(async {
        let load: Vec<_> = (0..200)
            .map(|_| {
                rt::spawn(async {
                    loop {
                        yield_now().await;
                    }
                })
            })
            .collect();
        let (mut here, mut there) = connection().await;
        let far = std::thread::spawn(move || {
            let mut room = [0; 8];
            for _ in 0..100 {
                there.read_exact(&mut room).unwrap();
                there.write_all(&room).unwrap();
            }
        });
        in_a_task(async move {
            for i in 0..100_u64 {
                here.write_all(&i.to_le_bytes()).await.unwrap();
                let mut room = [0; 8];
                here.read_exact(&mut room).await.unwrap();
                assert_eq!(u64::from_le_bytes(room), i);
            }
        })
        .await;
        far.join().unwrap();
        load.iter().for_each(|task| task.abort());
    });
}

/// Looking at a socket that has nothing gives its unit back.
fn p16_waiting_costs_no_budget(on: On) {
    on.run(async {
        let (mut here, _there) = unix_pair();
        in_a_task(poll_fn(move |_| {
            for _ in 0..500 {
                let mut room = [0];
                let polled = poll_once(pin!(here.read(&mut room)), Waker::noop());
                assert!(polled.is_pending());
            }
            assert!(rt::task::coop::has_budget_remaining());
            Poll::Ready(())
        }))
        .await;
    });
}

/// A task that keeps yielding sees the driver looked at within 9 yields.
fn p16_yielders_see_sockets(on: On) {
    on.run(async {
        for _ in 0..20 {
            let (here, there) = unix_pair();
            let here = Arc::new(here);
            let reader = rt::spawn({
                let here = here.clone();
                async move { here.readable().await.unwrap() }
            });
            yield_now().await;
            send(&there);
            let mut yields = 0;
            while !reader.is_finished() {
                yields += 1;
                assert!(yields <= 9, "the driver was not looked at");
                yield_now().await;
            }
        }
    });
}
