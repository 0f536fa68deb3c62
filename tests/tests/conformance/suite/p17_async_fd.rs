//! **Is readiness exact at the edges?** Seen through `AsyncFd`, which shows it as it
//! is: what was seen stays until it is cleared, and a clear takes nothing newer.

use std::future::poll_fn;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;

use kolo_tests::{CountWaker, caught, poll_once};

use super::On;
use super::rt;
use super::sockets::until;
use rt::io::unix::AsyncFd;
use rt::io::{Interest, Ready};

kolo_tests::tests! {
    everywhere: [
        p17_async_fd_stays_readable_until_cleared,
        p17_async_fd_stays_writable_until_cleared,
        p17_async_fd_partial_clear,
        p17_async_fd_try_io,
        p17_async_fd_wakes_every_waiter,
        p17_async_fd_wakes_the_latest_poller_of_each_direction,
        p17_async_fd_drop_leaves_closing_to_the_object,
        p17_async_fd_registers_again,
        p17_async_fd_gives_back_what_is_refused,
        p17_async_fd_priority,
        p08_async_fd_fails_who_waits_and_who_comes,
        p08_async_fd_races_shutdown,
        p14_async_fd_cancelled_wait_takes_nothing,
        p07_async_fd_without_a_runtime,
        p07_async_fd_without_io,
    ],
    current: [p17_async_fd_clear_takes_nothing_newer],
}

fn pair() -> (UnixStream, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    theirs.set_nonblocking(true).unwrap();
    (ours, theirs)
}

fn register<T: AsRawFd>(object: T) -> AsyncFd<T> {
    // SAFETY: the objects here keep their descriptors open.
    unsafe { AsyncFd::register(object) }.unwrap()
}

fn fill(mut stream: &UnixStream) {
    while stream.write(&[0; 4096]).is_ok() {}
}

fn drain(mut stream: &UnixStream) {
    while stream.read(&mut [0; 4096]).is_ok_and(|n| n > 0) {}
}

/// More yields than a loop may take between two looks at its driver.
async fn let_the_driver_look() {
    for _ in 0..100 {
        rt::task::yield_now().await;
    }
}

macro_rules! assert_pending {
    ($wait:expr) => {
        let mut wait = Box::pin($wait);
        assert!(poll_once(wait.as_mut(), Waker::noop()).is_pending());
    };
}

fn p17_async_fd_stays_readable_until_cleared(on: On) {
    on.run(async {
        let (ours, mut theirs) = pair();
        let ours = register(ours);
        assert_pending!(ours.readable());
        theirs.write_all(b"0").unwrap();
        let mut guard = ours.readable().await.unwrap();
        drain(ours.get_ref());
        // Empty now, which nobody has said.
        ours.readable().await.unwrap().retain_ready();
        guard.clear_ready();
        assert_pending!(ours.readable());
        theirs.write_all(b"0").unwrap();
        ours.readable().await.unwrap().clear_ready();
    });
}

fn p17_async_fd_stays_writable_until_cleared(on: On) {
    on.run(async {
        let (ours, theirs) = pair();
        let ours = register(ours);
        let mut guard = ours.writable().await.unwrap();
        while guard.try_io(|fd| fd.get_ref().write(&[0; 512])).is_ok() {}
        assert_pending!(ours.writable());
        drain(&theirs);
        ours.writable().await.unwrap().clear_ready();
    });
}

fn p17_async_fd_clear_takes_nothing_newer(on: On) {
    on.run(async {
        let (ours, mut theirs) = pair();
        let ours = register(ours);
        theirs.write_all(b"1").unwrap();
        let mut guard = ours.readable().await.unwrap();
        drain(ours.get_ref());
        theirs.write_all(b"2").unwrap();
        let_the_driver_look().await;
        guard.clear_ready();
        let mut readable = Box::pin(ours.readable());
        let Poll::Ready(still) = poll_once(readable.as_mut(), Waker::noop()) else {
            panic!("the clear took the second event");
        };
        still.unwrap().clear_ready();
    });
}

fn p17_async_fd_partial_clear(on: On) {
    on.run(async {
        let (ours, mut theirs) = pair();
        theirs.write_all(b"0").unwrap();
        let mut ours = register(ours);
        ours.readable().await.unwrap().retain_ready();
        let both = Interest::READABLE | Interest::WRITABLE;

        let mut guard = ours.ready(both).await.unwrap();
        assert_eq!(guard.ready(), Ready::READABLE | Ready::WRITABLE);
        guard.clear_ready_matching(Ready::READABLE);
        assert_eq!(guard.ready(), Ready::WRITABLE);
        let mut guard = ours.ready_mut(both).await.unwrap();
        assert_eq!(guard.ready(), Ready::WRITABLE);
        guard.clear_ready_matching(Ready::WRITABLE);
        assert_eq!(guard.ready(), Ready::EMPTY);
        assert_pending!(ours.ready(both));
    });
}

fn p17_async_fd_try_io(on: On) {
    on.run(async {
        let (ours, mut theirs) = pair();
        let mut ours = register(ours);
        let never = |_: &UnixStream| -> std::io::Result<()> { panic!("it is not ready") };
        let blocks = |result: std::io::Result<()>| {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::WouldBlock);
        };
        blocks(ours.try_io(Interest::READABLE, never));
        theirs.write_all(b"0").unwrap();
        ours.readable().await.unwrap().retain_ready();
        ours.try_io_mut(Interest::READABLE, |_| Ok(())).unwrap();
        blocks(ours.try_io(Interest::READABLE, |_| Err(ErrorKind::WouldBlock.into())));
        blocks(ours.try_io(Interest::READABLE, never));

        // Waits, and calls again as long as it is told to.
        let mut calls = 0;
        theirs.write_all(b"0").unwrap();
        let read = ours.async_io_mut(Interest::READABLE, |_| {
            calls += 1;
            Ok(calls)
        });
        assert_eq!(read.await.unwrap(), 1);
    });
}

fn p17_async_fd_wakes_every_waiter(on: On) {
    on.run(async {
        let (ours, mut theirs) = pair();
        let ours = register(ours);
        let (counts, wakers): (Vec<_>, Vec<_>) = (0..10).map(|_| CountWaker::pair()).unzip();
        let mut waiting: Vec<_> = (0..10).map(|_| Box::pin(ours.readable())).collect();
        for (waits, waker) in waiting.iter_mut().zip(&wakers) {
            assert!(poll_once(waits.as_mut(), waker).is_pending());
        }
        theirs.write_all(b"0").unwrap(); // one event for all
        until(|| counts.iter().all(|count| count.wakes() > 0)).await;
        for waits in waiting {
            waits.await.unwrap().retain_ready();
        }
    });
}

fn p17_async_fd_wakes_the_latest_poller_of_each_direction(on: On) {
    on.run(async {
        let (ours, mut theirs) = pair();
        fill(&ours);
        let ours = register(ours);
        let ((early, first), (late, second), (writes, third)) =
            (CountWaker::pair(), CountWaker::pair(), CountWaker::pair());
        let read = |waker| {
            ours.poll_read_ready(&mut Context::from_waker(waker))
                .is_ready()
        };
        let write = |waker| {
            ours.poll_write_ready(&mut Context::from_waker(waker))
                .is_ready()
        };
        assert!(!read(&first) && !read(&second) && !write(&third));
        // Waits beside the pollers, and shows that the event is through.
        let beside = ours.readable();
        theirs.write_all(b"0").unwrap();
        beside.await.unwrap().retain_ready();
        assert_eq!((early.wakes(), late.wakes(), writes.wakes()), (0, 1, 0));

        drain(&theirs);
        ours.writable().await.unwrap().retain_ready();
        assert_eq!((early.wakes(), late.wakes(), writes.wakes()), (0, 1, 1));
    });
}

fn p17_async_fd_drop_leaves_closing_to_the_object(on: On) {
    on.run(async {
        let is_open = |mut theirs: &UnixStream| match theirs.read(&mut [0]) {
            Ok(0) => false,
            Err(error) if error.kind() == ErrorKind::WouldBlock => true,
            other => panic!("{other:?}"),
        };
        let (ours, theirs) = pair();
        let ours = register(ours);
        assert!(is_open(&theirs));
        drop(ours);
        assert!(!is_open(&theirs));

        let (ours, theirs) = pair();
        let shared = Arc::new(ours);
        drop(register(shared.clone()));
        assert!(is_open(&theirs));
        let shared = register(shared).into_inner();
        assert!(is_open(&theirs));
        drop(shared);
        assert!(!is_open(&theirs));
    });
}

fn p17_async_fd_registers_again(on: On) {
    on.run(async {
        let (mut ours, mut theirs) = pair();
        for _ in 0..100 {
            let registered = register(ours);
            theirs.write_all(b"0").unwrap();
            registered.readable().await.unwrap().clear_ready();
            ours = registered.into_inner();
            drain(&ours);
        }
    });
}

fn p17_async_fd_gives_back_what_is_refused(on: On) {
    on.run(async {
        // epoll takes no regular file.
        let file = Arc::new(tempfile());
        // SAFETY: it owns its descriptor.
        let error = unsafe { AsyncFd::register_with_interest(file.clone(), Interest::READABLE) };
        let (back, cause) = error.unwrap_err().into_parts();
        assert!(Arc::ptr_eq(&file, &back));
        assert_eq!(cause.kind(), ErrorKind::PermissionDenied);
    });
}

fn tempfile() -> std::fs::File {
    std::fs::File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap()
}

fn p17_async_fd_priority(on: On) {
    on.run(async {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        // SAFETY: it owns its descriptor.
        let client = unsafe { AsyncFd::register_with_interest(client, Interest::PRIORITY) };
        let client = client.unwrap();
        assert_pending!(client.ready(Interest::PRIORITY));
        // SAFETY: one byte, which lives across the call.
        let sent =
            unsafe { libc::send(server.as_raw_fd(), b"!".as_ptr().cast(), 1, libc::MSG_OOB) };
        assert_eq!(sent, 1);
        let guard = client.ready(Interest::PRIORITY).await.unwrap();
        assert!(guard.ready().is_priority());
    });
}

fn p08_async_fd_fails_who_waits_and_who_comes(on: On) {
    let runtime = on.runtime();
    let (ours, _theirs) = pair();
    fill(&ours);
    let ours = {
        let _context = runtime.enter();
        register(ours)
    };
    let (count, waker) = CountWaker::pair();
    let mut readable = Box::pin(ours.readable());
    let mut polled = Box::pin(poll_fn(|cx| ours.poll_write_ready(cx).map_ok(drop)));
    assert!(poll_once(readable.as_mut(), &waker).is_pending());
    assert!(poll_once(polled.as_mut(), &waker).is_pending());
    drop(runtime);
    assert_eq!(count.wakes(), 2);
    on.run(async {
        let errors = [
            readable.await.map(drop).unwrap_err(),
            polled.await.unwrap_err(),
            ours.readable().await.map(drop).unwrap_err(),
            ours.async_io(Interest::READABLE, |_| Ok(()))
                .await
                .unwrap_err(),
        ];
        assert!(
            errors.iter().all(rt::runtime::is_rt_shutdown_err),
            "{errors:?}"
        );
    });
}

fn p08_async_fd_races_shutdown(on: On) {
    for _ in 0..20 {
        let runtime = on.runtime();
        let (ours, _theirs) = pair();
        fill(&ours);
        let ours = {
            let _context = runtime.enter();
            register(ours)
        };
        let shutdown = thread::spawn(move || drop(runtime));
        on.run(async {
            poll_fn(|cx| ours.poll_read_ready(cx).map_ok(drop))
                .await
                .unwrap_err();
            ours.writable().await.map(drop).unwrap_err();
        });
        shutdown.join().unwrap();
    }
}

fn p14_async_fd_cancelled_wait_takes_nothing(on: On) {
    on.run(async {
        let (ours, mut theirs) = pair();
        let ours = register(ours);
        let (count, waker) = CountWaker::pair();
        let mut given_up = Box::pin(ours.readable());
        assert!(poll_once(given_up.as_mut(), &waker).is_pending());
        drop(given_up);
        theirs.write_all(b"0").unwrap();
        ours.readable().await.unwrap().retain_ready();
        assert_eq!(count.wakes(), 0);
        drop(waker);
        assert_eq!(Arc::strong_count(&count), 1, "a waker is kept");
    });
}

fn p07_async_fd_without_a_runtime(_: On) {
    // SAFETY: it owns its descriptor.
    caught(|| unsafe { AsyncFd::register(pair().0) })
        .says(&["there is no reactor running"])
        .blames(file!());
}

fn p07_async_fd_without_io(on: On) {
    let runtime = on.bare_builder().build().unwrap();
    runtime.block_on(async {
        // SAFETY: it owns its descriptor.
        caught(|| unsafe { AsyncFd::register(pair().0) })
            .says(&["IO is disabled"])
            .blames(file!());
    });
}
