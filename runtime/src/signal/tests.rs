//! Real signals, sent to this process. Each test has a realtime signal of its own,
//! so that tests which run at the same time do not hear each other's. But the ear of
//! any test's runtime may be the one that announces.

use std::ffi::c_int;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::Duration;
use std::{io, mem, ptr};

use super::listeners::Drained;
use super::unix::{Signal, SignalKind, signal};
use super::{ctrl_c, handler, listeners};
use crate::process_testing;
use crate::runtime::{Builder, Runtime};
use crate::sync::testing::{ByHand, by_hand};
use crate::task::yield_now;

/// One number for each test.
#[derive(Clone, Copy)]
enum Own {
    Coalesce,
    Two,
    Late,
    Drops,
    Runtimes,
    Orphan,
    Elsewhere,
    Kept,
    Wakers,
    Chain,
    Full,
    Storm,
    Moves,
    Reopens,
    Limit,
}

impl Own {
    fn number(self) -> c_int {
        let number = libc::SIGRTMIN() + self as c_int;
        assert!(number <= libc::SIGRTMAX());
        number
    }

    fn listen(self) -> Signal {
        signal(SignalKind::from_raw(self.number())).unwrap()
    }

    /// Comes back once the handler has run, on this thread.
    fn raise(self) {
        raise(self.number());
    }
}

fn raise(signal: c_int) {
    // SAFETY: no preconditions; the signal has a handler by now, or the test dies.
    assert_eq!(unsafe { libc::raise(signal) }, 0);
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// More yields than the loop takes between two looks at the driver.
async fn let_the_driver_look() {
    for _ in 0..20 {
        yield_now().await;
    }
}

async fn assert_silent(signal: &mut Signal) {
    let mut recv = by_hand(signal.recv());
    recv.assert_pending();
    let_the_driver_look().await;
    recv.assert_pending();
}

#[test]
fn signals_that_nobody_has_looked_at_are_one() {
    runtime().block_on(async {
        let (mut slow, mut quick) = (Own::Coalesce.listen(), Own::Coalesce.listen());
        assert_silent(&mut slow).await;
        for _ in 0..3 {
            Own::Coalesce.raise();
            assert_eq!(quick.recv().await, Some(())); // so it has been announced
        }
        assert_eq!(slow.recv().await, Some(()));
        assert_silent(&mut slow).await;

        Own::Coalesce.raise();
        assert_eq!(slow.recv().await, Some(()));
    });
}

#[test]
fn one_that_came_between_two_waits_is_kept() {
    runtime().block_on(async {
        let (mut first, mut second) = (Own::Two.listen(), Own::Two.listen());
        Own::Two.raise();
        assert_eq!(first.recv().await, Some(()));
        // Nobody waited here while it was announced; and a wait that is given up
        // takes nothing with it.
        let mut given_up = by_hand(first.recv());
        given_up.assert_pending();
        drop(given_up);
        Own::Two.raise();
        let_the_driver_look().await;
        assert_eq!(first.recv().await, Some(()));
        assert_eq!(second.recv().await, Some(()));
        assert_silent(&mut second).await;
    });
}

#[test]
fn who_comes_later_does_not_hear_what_was_announced() {
    runtime().block_on(async {
        let mut early = Own::Late.listen();
        Own::Late.raise();
        early.recv().await;
        let mut late = Own::Late.listen();
        assert_silent(&mut late).await;
        Own::Late.raise();
        late.recv().await;
    });
}

#[test]
fn dropping_a_listener_deafens_no_other() {
    runtime().block_on(async {
        let (first, mut kept, last) = (
            Own::Drops.listen(),
            Own::Drops.listen(),
            Own::Drops.listen(),
        );
        let mut first = Box::pin(first);
        let mut waiting = by_hand(first.recv());
        waiting.assert_pending();
        drop(waiting);
        drop((first, last));
        Own::Drops.raise();
        kept.recv().await;
    });
}

#[test]
fn every_runtime_hears_every_signal() {
    for _ in 0..10 {
        let (ready, all_ready) = mpsc::channel();
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let ready = ready.clone();
                thread::spawn(move || {
                    runtime().block_on(async {
                        let mut signal = Own::Runtimes.listen();
                        ready.send(()).unwrap();
                        signal.recv().await;
                    });
                })
            })
            .collect();
        for _ in &threads {
            all_ready.recv().unwrap();
        }
        Own::Runtimes.raise();
        for thread in threads {
            thread.join().unwrap();
        }
    }
}

#[test]
fn dropping_a_runtime_deafens_no_other() {
    let (first, second) = (runtime(), runtime());
    let first_id = first.handle().id();
    let mut in_first = first.block_on(async { Own::Orphan.listen() });
    let mut in_second = second.block_on(async { Own::Orphan.listen() });

    Own::Orphan.raise();
    first.block_on(in_first.recv());
    assert_eq!(listeners::ears_of(first_id), 1);
    drop(first);
    assert_eq!(listeners::ears_of(first_id), 0, "it is still registered");

    // Announced by an ear that is gone, and by one that is there.
    second.block_on(in_second.recv());
    Own::Orphan.raise();
    second.block_on(in_second.recv());
    // The orphan has found another runtime.
    second.block_on(in_first.recv());
}

#[test]
fn a_listener_hears_through_the_runtime_that_polls_it() {
    let (made_in, polled_in) = (runtime(), runtime());
    let mut signal = made_in.block_on(async { Own::Elsewhere.listen() });
    // Nobody drives the one that it was made in.
    polled_in.block_on(async {
        let mut recv = by_hand(signal.recv());
        recv.assert_pending();
        Own::Elsewhere.raise();
        drop(recv);
        signal.recv().await;
    });
    assert_eq!(listeners::ears_of(polled_in.handle().id()), 1);
}

#[test]
fn a_runtime_has_one_ear_and_keeps_it() {
    let runtime = runtime();
    let id = runtime.handle().id();
    assert_eq!(listeners::ears_of(id), 0, "before its first listener");
    runtime.block_on(async {
        let listeners: Vec<_> = (0..10).map(|_| Own::Kept.listen()).collect();
        assert_eq!(listeners::ears_of(id), 1);
        drop(listeners);
        assert_eq!(listeners::ears_of(id), 1);
        // It hears on, for the next one.
        let mut next = Own::Kept.listen();
        Own::Kept.raise();
        next.recv().await;
    });
}

#[test]
fn an_ear_that_closed_is_opened_again() {
    let runtime = runtime();
    let id = runtime.handle().id();
    runtime.block_on(async {
        let mut signal = Own::Reopens.listen();
        listeners::close_ear_of(id);
        assert_eq!(listeners::ears_of(id), 0);
        let mut recv = by_hand(signal.recv());
        recv.assert_pending();
        assert_eq!(listeners::ears_of(id), 1);
        drop(recv);
        Own::Reopens.raise();
        signal.recv().await;
    });
}

#[test]
fn an_ear_reads_on_when_interrupted_and_stops_at_the_end() {
    use Poll::{Pending, Ready};
    let interrupted = || Ready(Err(ErrorKind::Interrupted.into()));
    type Case = (Vec<Poll<io::Result<usize>>>, bool, bool);
    let cases: [Case; 5] = [
        (vec![Pending], false, false),
        (
            vec![interrupted(), Ready(Ok(3)), interrupted(), Pending],
            true,
            false,
        ),
        (vec![Ready(Ok(64)), Ready(Ok(0))], true, true),
        (vec![Ready(Ok(0))], false, true),
        (vec![Ready(Err(ErrorKind::Other.into()))], false, true),
    ];
    for (reads, heard, ended) in cases {
        let mut reads = reads.into_iter();
        let drained = listeners::drain(|| reads.next().expect("it has read enough"));
        assert_eq!(drained, Drained { heard, ended });
        assert_eq!(reads.len(), 0, "it has read too little");
    }
}

const CHILD: &str = "KOLO_TEST_WITHOUT_DESCRIPTORS";

/// In a process of its own, as the limit is the process's.
#[test]
fn a_second_runtime_hears_though_no_descriptor_is_left() {
    if std::env::var_os(CHILD).is_none() {
        let name = "signal::tests::a_second_runtime_hears_though_no_descriptor_is_left";
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", name]).env(CHILD, "");
        let output = process_testing::output(&mut child).unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{said}"
        );
        return;
    }
    let (first, second) = (runtime(), runtime());
    let mut signal = first.block_on(async { Own::Limit.listen() });
    let none = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the limit lives across the call.
    let set = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const none) };
    assert_eq!(set, 0);
    second.block_on(async {
        by_hand(signal.recv()).assert_pending();
        let _another = Own::Limit.listen();
        Own::Limit.raise();
        signal.recv().await;
    });
    assert_eq!(listeners::ears_of(second.handle().id()), 1);
}

#[test]
fn the_latest_waker_is_woken_and_none_is_kept() {
    runtime().block_on(async {
        let mut signal = Own::Wakers.listen();
        let mut recv = by_hand(signal.recv());
        recv.assert_pending();
        let old = recv.change_task();
        recv.assert_pending();
        assert_eq!((old.wakers(), recv.wakers()), (0, 1));

        Own::Wakers.raise();
        while recv.wakers() > 0 {
            yield_now().await; // another test's runtime may be the one to announce it
        }
        assert_eq!((old.take_wakes(), recv.take_wakes()), (0, 1));
        assert_eq!(recv.ready(), Some(()));
        assert_eq!(recv.wakers(), 0);
        drop(recv);

        let mut signal = Box::new(signal);
        let mut recv: ByHand<_> = by_hand(async move { signal.recv().await });
        recv.assert_pending();
        assert_eq!(recv.wakers(), 1);
        let old = recv.change_task();
        drop(recv);
        assert_eq!(old.wakers(), 0, "a listener that is gone is still in line");
    });
}

static CHAINED: AtomicUsize = AtomicUsize::new(0);
static CHAINED_WITH: AtomicI32 = AtomicI32::new(0);

extern "C" fn stood_there_before(signal: c_int) {
    CHAINED.fetch_add(1, SeqCst);
    CHAINED_WITH.store(signal, SeqCst);
    // SAFETY: on every thread there is an errno. Handlers may spoil it.
    unsafe { *handler::errno_location() = libc::ENOTTY };
}

#[test]
fn a_handler_that_stood_there_is_called_and_errno_survives() {
    let number = Own::Chain.number();
    // SAFETY: all zeros is a `sigaction`.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    let before: extern "C" fn(c_int) = stood_there_before;
    action.sa_sigaction = before as usize;
    // SAFETY: a handler of the plain form, that touches atomics and errno only.
    let set = unsafe { libc::sigaction(number, &raw const action, ptr::null_mut()) };
    assert_eq!(set, 0);

    runtime().block_on(async {
        let (mut signal, _again) = (Own::Chain.listen(), Own::Chain.listen());
        // SAFETY: this thread's errno.
        unsafe { *handler::errno_location() = libc::EXDEV };
        // SAFETY: as in `raise`, which would look at errno in between.
        let raised = unsafe { libc::raise(number) };
        let errno = io::Error::last_os_error().raw_os_error();
        assert_eq!((raised, errno), (0, Some(libc::EXDEV)));
        signal.recv().await;
    });
    assert_eq!(CHAINED.load(SeqCst), 1);
    assert_eq!(CHAINED_WITH.load(SeqCst), number);
}

#[test]
fn more_signals_than_the_socket_holds_bytes() {
    runtime().block_on(async {
        let mut signal = Own::Full.listen();
        for _ in 0..2 {
            for _ in 0..2_000 {
                Own::Full.raise();
            }
            signal.recv().await;
        }
    });
}

#[test]
fn signals_from_other_threads_at_any_moment() {
    // The sender awaits the listener's answer, so that none may be lost.
    let (heard, hears) = mpsc::channel();
    let sender = thread::spawn(move || {
        while hears.recv().is_ok() {
            // SAFETY: no preconditions. Any thread may be the one that it interrupts.
            let sent = unsafe { libc::kill(libc::getpid(), Own::Storm.number()) };
            assert_eq!(sent, 0);
        }
    });
    runtime().block_on(async {
        let mut signal = Own::Storm.listen();
        for _ in 0..1_000 {
            heard.send(()).unwrap();
            signal.recv().await;
        }
    });
    drop(heard);
    sender.join().unwrap();
}

#[test]
fn a_listener_moves_between_tasks_and_threads() {
    fn is_portable<T: Send + Sync + Unpin>(t: T) -> T {
        t
    }
    let runtime = runtime();
    let mut signal = runtime.block_on(async {
        let mut signal = is_portable(Own::Moves.listen());
        by_hand(signal.recv()).assert_pending();
        crate::spawn(async move {
            by_hand(signal.recv()).assert_pending();
            signal
        })
        .await
        .unwrap()
    });
    // Outside of any runtime, on a thread of its own.
    let waiting = thread::spawn(move || {
        crate::park::block_on_thread(async {
            signal.recv().await;
        });
    });
    Own::Moves.raise();
    // The runtime that it was made in has to be driven for that.
    runtime.block_on(async {
        while !waiting.is_finished() {
            yield_now().await;
        }
    });
    waiting.join().unwrap();
}

#[test]
fn what_cannot_be_listened_to() {
    runtime().block_on(async {
        let refused = |number| signal(SignalKind::from_raw(number)).map(drop).unwrap_err();
        for number in [
            -1,
            0,
            libc::SIGKILL,
            libc::SIGSTOP,
            libc::SIGILL,
            libc::SIGFPE,
            libc::SIGSEGV,
        ] {
            let error = refused(number);
            assert_eq!(error.kind(), io::ErrorKind::Other);
            let text = format!("Refusing to register signal {number}");
            assert_eq!(error.to_string(), text);
        }
        for number in [libc::SIGRTMAX() + 1, c_int::MAX] {
            assert_eq!(refused(number).to_string(), "signal too large");
        }
        // The C library's own.
        let error = refused(libc::SIGRTMIN() - 1);
        assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
        assert_eq!(
            refused(libc::SIGRTMIN() - 1).raw_os_error(),
            Some(libc::EINVAL)
        );
    });
}

#[test]
fn a_runtime_with_io_is_needed() {
    let text = |f: &dyn Fn()| {
        let panic = catch_unwind(AssertUnwindSafe(f)).unwrap_err();
        *panic.downcast::<String>().unwrap()
    };
    let listen = || drop(signal(SignalKind::from_raw(-1)));
    assert!(text(&listen).starts_with("there is no reactor running"));
    let without = Builder::new_current_thread().enable_time().build().unwrap();
    assert!(text(&|| without.block_on(async { listen() })).contains("IO is disabled"));

    // To be polled in one without is no mistake.
    let with = runtime();
    let mut signal = with.block_on(async { signal(SignalKind::window_change()).unwrap() });
    without.block_on(async { by_hand(signal.recv()).assert_pending() });
}

#[test]
fn ctrl_c_is_sigint() {
    runtime().block_on(async {
        let mut ctrl_c = by_hand(ctrl_c());
        ctrl_c.assert_pending(); // it listens from here on
        raise(libc::SIGINT);
        let waited = crate::time::timeout(Duration::from_secs(60), ctrl_c.future);
        waited.await.expect("the signal is heard").unwrap();
    });
}

#[test]
fn kinds_are_numbers() {
    assert_eq!(SignalKind::from(2), SignalKind::interrupt());
    assert_eq!(c_int::from(SignalKind::terminate()), libc::SIGTERM);
    let kinds = [
        (SignalKind::alarm(), libc::SIGALRM),
        (SignalKind::child(), libc::SIGCHLD),
        (SignalKind::hangup(), libc::SIGHUP),
        (SignalKind::io(), libc::SIGIO),
        (SignalKind::pipe(), libc::SIGPIPE),
        (SignalKind::quit(), libc::SIGQUIT),
        (SignalKind::user_defined1(), libc::SIGUSR1),
        (SignalKind::user_defined2(), libc::SIGUSR2),
        (SignalKind::window_change(), libc::SIGWINCH),
    ];
    for (kind, number) in kinds {
        assert_eq!(kind.as_raw_value(), number);
    }
    runtime().block_on(async {
        let signal = signal(SignalKind::window_change()).unwrap();
        assert_eq!(format!("{signal:?}"), "Signal { kind: SignalKind(28), .. }");
    });
}
