//! On pairs of sockets, polled by hand where it counts.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use super::*;
use crate::driver::Ready;
use crate::runtime::{Builder, Runtime, is_rt_shutdown_err};
use crate::sync::testing::by_hand;
use crate::task::yield_now;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn pair() -> (UnixStream, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    theirs.set_nonblocking(true).unwrap();
    (ours, theirs)
}

fn register<T: AsRawFd>(object: T) -> AsyncFd<T> {
    // SAFETY: the objects of these tests keep their descriptors open, or have none.
    unsafe { AsyncFd::register(object) }.unwrap()
}

/// More yields than the loop takes between two looks at the driver.
async fn let_the_driver_look() {
    for _ in 0..20 {
        yield_now().await;
    }
}

/// Writes until there is no room; how many bytes.
fn fill(mut stream: &UnixStream) -> usize {
    let mut written = 0;
    while let Ok(n) = stream.write(&[0; 4096]) {
        written += n;
    }
    written
}

fn drain(mut stream: &UnixStream) -> usize {
    let mut read = 0;
    while let Ok(n) = stream.read(&mut [0; 4096]) {
        read += n;
    }
    read
}

#[test]
fn a_new_one_is_writable_and_not_readable() {
    runtime().block_on(async {
        let (ours, theirs) = pair();
        let (ours, theirs) = (register(ours), register(theirs));
        ours.writable().await.unwrap().clear_ready();
        theirs.writable().await.unwrap().clear_ready();
        let mut waits = [by_hand(ours.readable()), by_hand(theirs.readable())];
        waits.iter_mut().for_each(|w| w.assert_pending());
        let_the_driver_look().await;
        waits.iter_mut().for_each(|w| w.assert_pending());
    });
}

#[test]
fn readiness_stays_until_it_is_cleared() {
    runtime().block_on(async {
        let (ours, mut theirs) = pair();
        let ours = register(ours);
        let mut readable = by_hand(ours.readable());
        readable.assert_pending();
        theirs.write_all(b"0").unwrap();
        let mut guard = readable.future.await.unwrap();
        let read = guard.try_io(|fd| fd.get_ref().read(&mut [0])).unwrap();
        assert_eq!(read.unwrap(), 1);

        // Empty now, which nobody has said.
        ours.readable().await.unwrap().retain_ready();
        guard.clear_ready();
        let mut readable = by_hand(ours.readable());
        readable.assert_pending();
        let_the_driver_look().await;
        readable.assert_pending();

        theirs.write_all(b"0").unwrap();
        readable.future.await.unwrap().clear_ready();
    });
}

#[test]
fn a_clear_takes_nothing_that_came_since() {
    runtime().block_on(async {
        let (ours, mut theirs) = pair();
        let ours = register(ours);
        theirs.write_all(b"1").unwrap();
        let mut guard = ours.readable().await.unwrap();
        assert_eq!(drain(ours.get_ref()), 1);
        theirs.write_all(b"2").unwrap();
        let_the_driver_look().await; // the second edge
        guard.clear_ready();
        by_hand(ours.readable()).ready().unwrap().clear_ready();
        by_hand(ours.readable()).assert_pending();
    });
}

#[test]
fn would_block_clears_for_writing_too() {
    runtime().block_on(async {
        let (ours, theirs) = pair();
        let ours = register(ours);
        let mut guard = ours.writable().await.unwrap();
        let mut written = 0;
        while let Ok(result) = guard.try_io(|fd| fd.get_ref().write(&[0; 512])) {
            written += result.unwrap();
        }
        assert!(guard.ready().is_empty());
        let mut writable = by_hand(ours.writable());
        writable.assert_pending();
        let_the_driver_look().await;
        writable.assert_pending();
        assert_eq!(drain(&theirs), written);
        writable.future.await.unwrap().clear_ready();
    });
}

#[test]
fn try_io_of_a_guard_clears_only_for_would_block() {
    runtime().block_on(async {
        let (ours, mut theirs) = pair();
        theirs.write_all(b"0").unwrap();
        let mut ours = register(ours);
        let would_block = || io::Error::from(ErrorKind::WouldBlock);

        let mut guard = ours.readable().await.unwrap();
        assert!(guard.try_io(|_| Ok(())).unwrap().is_ok());
        let other = guard.try_io::<()>(|_| Err(ErrorKind::NotFound.into()));
        assert_eq!(other.unwrap().unwrap_err().kind(), ErrorKind::NotFound);
        let mut guard = by_hand(ours.readable()).ready().unwrap();
        assert!(guard.try_io::<()>(|_| Err(would_block())).is_err());
        by_hand(ours.readable()).assert_pending();

        // The same through the guard that lends mutably.
        theirs.write_all(b"0").unwrap();
        let mut guard = ours.readable_mut().await.unwrap();
        assert_eq!(guard.get_inner_mut().read(&mut [0; 2]).unwrap(), 2);
        let read = guard.try_io(|fd| fd.get_mut().read(&mut [0; 2]));
        assert!(read.is_err());
        by_hand(ours.readable_mut()).assert_pending();
    });
}

#[test]
fn some_of_a_readiness_can_be_cleared() {
    runtime().block_on(async {
        let (ours, mut theirs) = pair();
        theirs.write_all(b"0").unwrap();
        let mut ours = register(ours);
        let both = Ready::READABLE | Ready::WRITABLE;

        let mut guard = ours.ready(BOTH).await.unwrap();
        assert_eq!(guard.ready(), both);
        guard.clear_ready_matching(Ready::READABLE);
        assert_eq!(guard.ready(), Ready::WRITABLE);
        by_hand(ours.readable()).assert_pending();
        assert!(by_hand(ours.writable()).poll().is_ready());
        guard.clear_ready_matching(Ready::WRITABLE);
        assert_eq!(guard.ready(), Ready::EMPTY);
        by_hand(ours.writable()).assert_pending();
        guard.clear_ready(); // nothing is left

        drain(ours.get_ref());
        theirs.write_all(b"0").unwrap();
        let mut guard = ours.ready_mut(BOTH).await.unwrap();
        assert_eq!(guard.ready(), both);
        // What was not asked for is not cleared.
        guard.clear_ready_matching(Ready::WRITABLE);
        assert_eq!(guard.ready(), Ready::READABLE);
        guard.clear_ready_matching(Ready::READABLE | Ready::WRITABLE);
        assert_eq!(guard.ready(), Ready::EMPTY);
        by_hand(ours.ready(BOTH)).assert_pending();
    });
}

#[test]
fn async_io_tries_again_until_it_is_done() {
    runtime().block_on(async {
        let (ours, mut theirs) = pair();
        let mut ours = register(ours);
        let mut calls = 0;
        let mut reading = by_hand(ours.async_io_mut(Interest::READABLE, |stream| {
            calls += 1;
            let mut pair = [0; 2];
            match stream.peek_len() {
                0 | 1 => Err(ErrorKind::WouldBlock.into()),
                _ => stream.read(&mut pair).map(|_| pair),
            }
        }));
        reading.assert_pending();
        theirs.write_all(b"o").unwrap();
        let_the_driver_look().await;
        assert_eq!(reading.take_wakes(), 1);
        reading.assert_pending(); // one is too few
        theirs.write_all(b"k").unwrap();
        let_the_driver_look().await;
        assert_eq!(reading.ready().unwrap(), *b"ok");
        drop(reading);
        assert_eq!(calls, 2);

        let failed = ours.async_io::<()>(Interest::WRITABLE, |_| Err(ErrorKind::NotFound.into()));
        assert_eq!(failed.await.unwrap_err().kind(), ErrorKind::NotFound);
    });
}

trait PeekLen {
    fn peek_len(&self) -> usize;
}

impl PeekLen for UnixStream {
    fn peek_len(&self) -> usize {
        let mut room = [std::mem::MaybeUninit::uninit(); 8];
        socket2::SockRef::from(self).peek(&mut room).unwrap_or(0)
    }
}

#[test]
fn try_io_calls_only_when_ready() {
    runtime().block_on(async {
        let (ours, mut theirs) = pair();
        let mut ours = register(ours);
        let kind = |result: io::Result<usize>| result.map_err(|e| e.kind());
        let blocks = Err(ErrorKind::WouldBlock);
        let never = |_: &UnixStream| -> io::Result<usize> { panic!("it is not ready") };
        let read = |mut stream: &UnixStream| stream.read(&mut [0; 8]);

        assert_eq!(kind(ours.try_io(Interest::READABLE, never)), blocks);
        theirs.write_all(b"123").unwrap();
        ours.readable().await.unwrap().retain_ready();
        assert_eq!(kind(ours.try_io(Interest::READABLE, read)), Ok(3));
        assert_eq!(kind(ours.try_io(Interest::READABLE, read)), blocks);
        assert_eq!(kind(ours.try_io(Interest::READABLE, never)), blocks);
        assert_eq!(
            kind(ours.try_io_mut(Interest::READABLE, |s| never(s))),
            blocks
        );
        let write = |stream: &mut UnixStream| stream.write(b"4");
        assert_eq!(kind(ours.try_io_mut(Interest::WRITABLE, write)), Ok(1));
    });
}

#[test]
fn any_number_wait_and_all_are_woken() {
    runtime().block_on(async {
        let (ours, mut theirs) = pair();
        let ours = Arc::new(register(ours));
        let tasks: Vec<_> = (0..10)
            .map(|_| {
                let ours = ours.clone();
                crate::spawn(async move {
                    let mut guard = ours.readable().await.unwrap();
                    yield_now().await;
                    guard.clear_ready();
                })
            })
            .collect();
        let_the_driver_look().await;
        assert!(tasks.iter().all(|task| !task.is_finished()));
        theirs.write_all(b"0").unwrap();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

#[test]
fn of_pollers_the_latest_of_each_direction_is_woken() {
    runtime().block_on(async {
        let (ours, theirs) = pair();
        fill(&ours);
        let ours = register(ours);
        let polled = |write: bool| {
            let ours = &ours;
            by_hand(std::future::poll_fn(move |cx| {
                let guard = match write {
                    true => ours.poll_write_ready(cx),
                    false => ours.poll_read_ready(cx),
                };
                guard.map(|guard| guard.unwrap().retain_ready())
            }))
        };
        let (mut early, mut late, mut writer) = (polled(false), polled(false), polled(true));
        let mut beside = by_hand(ours.readable());
        early.assert_pending();
        late.assert_pending();
        writer.assert_pending();
        beside.assert_pending();

        (&theirs).write_all(b"0").unwrap();
        let_the_driver_look().await;
        let wakes = [&early, &late, &writer].map(|poller| poller.take_wakes());
        assert_eq!(wakes, [0, 1, 0]);
        assert_eq!(beside.take_wakes(), 1);
        late.ready();

        drain(&theirs);
        let_the_driver_look().await;
        assert_eq!(writer.take_wakes(), 1);
        writer.ready();
    });
}

#[test]
fn dropping_deregisters_and_leaves_closing_to_the_object() {
    runtime().block_on(async {
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
        let ours = register(ours).into_inner();
        assert!(is_open(&theirs));
        let ours = register(Arc::new(ours)); // again, and shared
        let shared = ours.get_ref().clone();
        drop(ours);
        assert!(is_open(&theirs));
        drop(register(shared));
        assert!(!is_open(&theirs));
    });
}

#[test]
fn a_descriptor_closed_too_early_harms_nobody() {
    runtime().block_on(async {
        let (ours, mut theirs) = pair();
        // The duplicate keeps the file in the poll set when the original is closed.
        let duplicate = ours.try_clone().unwrap();
        let registered = register(ours.as_raw_fd());
        drop(ours);
        drop(registered);
        theirs.write_all(b"for nobody").unwrap();
        let (next, mut its_peer) = pair();
        let next = register(next);
        let mut readable = by_hand(next.readable());
        readable.assert_pending();
        let_the_driver_look().await;
        readable.assert_pending();
        its_peer.write_all(b"0").unwrap();
        readable.future.await.unwrap().clear_ready();
        drop(duplicate);
    });
}

#[derive(Debug)]
struct Nothing;

impl AsRawFd for Nothing {
    fn as_raw_fd(&self) -> RawFd {
        -1
    }
}

#[test]
#[expect(deprecated, reason = "older programs call them")]
fn errors_give_the_object_back() {
    runtime().block_on(async {
        let object = Arc::new(Nothing);
        // SAFETY: of no descriptor nothing is registered.
        let errors = unsafe {
            [
                AsyncFd::register(object.clone()).unwrap_err(),
                AsyncFd::register_with_interest(object.clone(), Interest::READABLE).unwrap_err(),
                AsyncFd::try_new(object.clone()).unwrap_err(),
                AsyncFd::try_with_interest(object.clone(), Interest::READABLE).unwrap_err(),
            ]
        };
        for error in errors {
            assert_eq!(error.to_string(), error.source().unwrap().to_string());
            let (back, cause) = error.into_parts();
            assert!(Arc::ptr_eq(&object, &back));
            assert_eq!(cause.raw_os_error(), Some(libc::EBADF));
        }
        let cause = AsyncFd::new(object.clone()).unwrap_err();
        assert_eq!(cause.raw_os_error(), Some(libc::EBADF));
        assert_eq!(Arc::strong_count(&object), 1);

        let (ours, _theirs) = pair();
        AsyncFd::with_interest(ours, Interest::WRITABLE)
            .unwrap()
            .writable()
            .await
            .unwrap()
            .retain_ready();
    });
}

/// Has a descriptor until it is told to have none.
struct Gone(UnixStream, std::cell::Cell<bool>);

impl AsRawFd for Gone {
    fn as_raw_fd(&self) -> RawFd {
        if self.1.get() { -1 } else { self.0.as_raw_fd() }
    }
}

#[test]
#[expect(
    deprecated,
    reason = "only of these it can be without a broken promise"
)]
#[should_panic(expected = "the object has no descriptor any more")]
fn no_descriptor_is_not_lent() {
    let runtime = runtime();
    let _context = runtime.enter();
    let (ours, _theirs) = pair();
    let fd = AsyncFd::new(Gone(ours, false.into())).unwrap();
    assert_eq!(fd.as_fd().as_raw_fd(), fd.get_ref().0.as_raw_fd());
    fd.get_ref().1.set(true);
    let _ = fd.as_fd();
}

#[test]
fn a_regular_file_is_refused() {
    runtime().block_on(async {
        let file = std::fs::File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
        // SAFETY: the file owns its descriptor.
        let error = unsafe { AsyncFd::register(file.unwrap()) }.unwrap_err();
        let (mut file, cause) = error.into_parts();
        assert_eq!(cause.raw_os_error(), Some(libc::EPERM));
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert!(text.contains("kolo"), "the file came back open");
    });
}

#[test]
fn an_eventfd_is_awaited() {
    runtime().block_on(async {
        // SAFETY: no pointers; the result is checked.
        let fd = unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) };
        assert!(fd >= 0);
        // SAFETY: just opened, and nobody else's.
        let counter = std::fs::File::from(unsafe { OwnedFd::from_raw_fd(fd) });
        let counter = Arc::new(register(counter));
        let task = crate::spawn({
            let counter = counter.clone();
            async move {
                let mut count = [0; 8];
                let read = |mut file: &std::fs::File| file.read(&mut count);
                counter.async_io(Interest::READABLE, read).await.unwrap();
                u64::from_ne_bytes(count)
            }
        });
        let_the_driver_look().await;
        assert!(!task.is_finished());
        counter.get_ref().write_all(&2u64.to_ne_bytes()).unwrap();
        assert_eq!(task.await.unwrap(), 2);
    });
}

/// Registered with a runtime; neither side is driven.
fn registered_in(runtime: &Runtime) -> (AsyncFd<UnixStream>, UnixStream) {
    let (ours, theirs) = pair();
    let _context = runtime.enter();
    (register(ours), theirs)
}

#[test]
fn shutdown_wakes_who_waits_and_fails_who_comes() {
    let runtime = runtime();
    let (ours, theirs) = registered_in(&runtime);
    fill(ours.get_ref());
    let poll_read = || std::future::poll_fn(|cx| ours.poll_read_ready(cx).map_ok(drop));
    let poll_write = || std::future::poll_fn(|cx| ours.poll_write_ready(cx).map_ok(drop));
    let mut waits = (
        by_hand(ours.readable()),
        by_hand(poll_read()),
        by_hand(poll_write()),
    );
    waits.0.assert_pending();
    waits.1.assert_pending();
    waits.2.assert_pending();

    drop(runtime);
    let wakes = [
        waits.0.take_wakes(),
        waits.1.take_wakes(),
        waits.2.take_wakes(),
    ];
    assert_eq!(wakes, [1, 1, 1]);
    let errors = [
        waits.0.ready().unwrap_err(),
        waits.1.ready().unwrap_err(),
        waits.2.ready().unwrap_err(),
        by_hand(ours.writable()).ready().unwrap_err(),
        by_hand(poll_read()).ready().unwrap_err(),
        by_hand(ours.async_io(BOTH, |_| Ok(())))
            .ready()
            .unwrap_err(),
    ];
    assert!(errors.iter().all(is_rt_shutdown_err), "{errors:?}");
    // Taken apart, it is a plain stream again.
    drop(waits);
    drain(&theirs);
    assert_eq!(ours.into_inner().write(b"0").unwrap(), 1);
}

#[test]
fn shutdown_while_somebody_waits_or_clears() {
    for _ in 0..20 {
        let runtime = runtime();
        let (ours, _theirs) = registered_in(&runtime);
        fill(ours.get_ref());
        let shutdown = thread::spawn(move || drop(runtime));
        let poll_write = std::future::poll_fn(|cx| ours.poll_write_ready(cx).map_ok(drop));
        crate::park::block_on_thread(poll_write).unwrap_err();
        crate::park::block_on_thread(ours.readable()).unwrap_err();
        shutdown.join().unwrap();
    }

    let runtime = runtime();
    let (ours, _theirs) = registered_in(&runtime);
    let mut guard = runtime.block_on(ours.writable()).unwrap();
    drop(runtime);
    guard.clear_ready();
}

#[test]
fn registering_needs_a_runtime_with_io() {
    let register = || drop(register(pair().0));
    let text = |f: &dyn Fn()| {
        let panic = catch_unwind(AssertUnwindSafe(f)).unwrap_err();
        *panic.downcast::<String>().unwrap()
    };
    assert!(text(&register).starts_with("there is no reactor running"));
    let without = Builder::new_current_thread().enable_time().build().unwrap();
    assert!(text(&|| without.block_on(async { register() })).contains("IO is disabled"));
}

#[test]
fn out_of_band_data_is_a_priority_event() {
    runtime().block_on(async {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        // SAFETY: the stream owns its descriptor.
        let client = unsafe { AsyncFd::register_with_interest(client, Interest::PRIORITY) };
        let client = client.unwrap();
        let mut urgent = by_hand(client.ready(Interest::PRIORITY));
        urgent.assert_pending();
        socket2::SockRef::from(&server)
            .send_out_of_band(b"!")
            .unwrap();
        assert!(urgent.future.await.unwrap().ready().is_priority());
    });
}

#[test]
fn portable_as_far_as_the_object_is() {
    fn everywhere<T: Send + Sync + Unpin>(_: T) {}
    fn portable<T: Send + Sync>(_: T) {}
    runtime().block_on(async {
        let (ours, theirs) = pair();
        let mut ours = register(ours);
        portable(ours.readable());
        portable(ours.writable_mut());
        everywhere(&ours);
        everywhere(ours.writable().await.unwrap());
        everywhere(ours.writable_mut().await.unwrap());
        let text = format!("{ours:?}");
        assert!(text.starts_with("AsyncFd { inner: UnixStream"), "{text}");
        drop(theirs);
    });
}

/// A FIFO that a new writer opened: its end is refuted, and must not be found for ever.
#[test]
fn a_vain_try_takes_a_lone_end_back() {
    runtime().block_on(async {
        let (ours, theirs) = pair();
        let mut ours = register(ours);
        drop(theirs);
        // The first takes "readable" back, the second the end.
        for _ in 0..2 {
            let mut guard = ours.readable().await.unwrap();
            let refused = guard.try_io(|_| -> io::Result<()> { Err(ErrorKind::WouldBlock.into()) });
            assert!(refused.is_err());
        }
        let mut again = by_hand(ours.readable_mut());
        assert!(again.poll().is_pending());
    });
}
