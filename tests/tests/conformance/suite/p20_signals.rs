//! **Who hears of a signal?** Every listener, on every runtime, whatever others are
//! dropped meanwhile.
//!
//! Signals go to the whole process, in which these tests run beside each other, on
//! two libraries: so a test may hear another's. None here asserts silence.

use std::future::{Future, poll_fn};
use std::io::ErrorKind;
use std::pin::pin;
use std::sync::mpsc;
use std::task::{Poll, Waker};
use std::thread;

use kolo_tests::{caught, poll_once};

use super::On;
use super::rt;
use rt::signal::ctrl_c;
use rt::signal::unix::{Signal, SignalKind, signal};

kolo_tests::tests! {
    everywhere: [
        p20_signals_reach_every_listener,
        p20_signals_reach_every_runtime,
        p20_signals_come_again_and_again,
        p20_signals_are_kept_between_two_waits,
        p20_signals_of_each_kind_reach_their_listener,
        p20_signals_survive_a_dropped_listener,
        p20_signals_survive_a_dropped_runtime,
        p20_signals_survive_a_wait_that_is_given_up,
        p20_signals_reach_who_moved_to_another_runtime,
        p20_signals_that_are_refused,
        p20_ctrl_c,
        p07_signal_without_a_runtime,
        p07_signal_without_io,
    ],
}

fn number(nth: i32) -> i32 {
    libc::SIGRTMIN() + nth
}

fn listen(nth: i32) -> Signal {
    signal(SignalKind::from_raw(number(nth))).unwrap()
}

/// Sends a signal that has a handler to this thread.
fn raise(signal: i32) {
    // SAFETY: it has no preconditions.
    assert_eq!(unsafe { libc::raise(signal) }, 0);
}

fn p20_signals_reach_every_listener(on: On) {
    on.run(async {
        let tasks: Vec<_> = (0..5)
            .map(|_| {
                let mut signal = listen(0);
                rt::spawn(async move { signal.recv().await })
            })
            .collect();
        raise(number(0));
        for task in tasks {
            assert_eq!(task.await.unwrap(), Some(()));
        }
    });
}

fn p20_signals_reach_every_runtime(on: On) {
    for _ in 0..5 {
        let (ready, all_ready) = mpsc::channel();
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let ready = ready.clone();
                thread::spawn(move || {
                    on.run(async {
                        let mut signal = listen(1);
                        ready.send(()).unwrap();
                        signal.recv().await
                    })
                })
            })
            .collect();
        for _ in &threads {
            all_ready.recv().unwrap();
        }
        raise(number(1));
        for thread in threads {
            assert_eq!(thread.join().unwrap(), Some(()));
        }
    }
}

fn p20_signals_come_again_and_again(on: On) {
    on.run(async {
        let mut signal = listen(2);
        for _ in 0..100 {
            raise(number(2));
            assert_eq!(signal.recv().await, Some(()));
        }
    });
}

fn p20_signals_are_kept_between_two_waits(on: On) {
    on.run(async {
        let (mut waits, mut comes_late) = (listen(3), listen(3));
        raise(number(3));
        waits.recv().await;
        // Announced before this one was ever polled.
        assert_eq!(comes_late.recv().await, Some(()));
    });
}

fn p20_signals_of_each_kind_reach_their_listener(on: On) {
    on.run(async {
        let kinds = 4..libc::SIGRTMAX() - libc::SIGRTMIN();
        let mut signals: Vec<_> = kinds.clone().map(listen).collect();
        for kind in kinds {
            raise(number(kind));
        }
        for signal in &mut signals {
            assert_eq!(signal.recv().await, Some(()));
        }
    });
}

fn p20_signals_survive_a_dropped_listener(on: On) {
    on.run(async {
        let (first, mut kept, last) = (listen(0), listen(0), listen(0));
        drop((first, last));
        raise(number(0));
        assert_eq!(kept.recv().await, Some(()));

        // Even the last one: its handler stays, and serves the next.
        drop(kept);
        raise(number(0));
        let mut next = listen(0);
        raise(number(0));
        assert_eq!(next.recv().await, Some(()));
    });
}

fn p20_signals_survive_a_dropped_runtime(on: On) {
    let (first, second) = (on.runtime(), on.runtime());
    let mut in_first = first.block_on(async { listen(1) });
    let mut in_second = second.block_on(async { listen(1) });
    raise(number(1));
    first.block_on(in_first.recv());
    drop(first);
    drop(in_first);
    second.block_on(in_second.recv());
    raise(number(1));
    assert_eq!(second.block_on(in_second.recv()), Some(()));
}

fn p20_signals_survive_a_wait_that_is_given_up(on: On) {
    on.run(async {
        let mut signal = listen(2);
        for _ in 0..10 {
            let mut recv = Box::pin(signal.recv());
            let _ = poll_once(recv.as_mut(), Waker::noop());
        }
        raise(number(2));
        assert_eq!(signal.recv().await, Some(()));
    });
}

fn p20_signals_reach_who_moved_to_another_runtime(on: On) {
    let (made_in, awaited_in) = (on.runtime(), on.runtime());
    let mut signal = made_in.block_on(async { listen(3) });
    // Nobody drives the first one any more, if it has one thread.
    awaited_in.block_on(async {
        raise(number(3));
        assert_eq!(signal.recv().await, Some(()));
    });
    drop(made_in);
    awaited_in.block_on(async {
        raise(number(3));
        assert_eq!(signal.recv().await, Some(()));
    });
}

fn p20_signals_that_are_refused(on: On) {
    on.run(async {
        for number in [
            -1,
            0,
            libc::SIGKILL,
            libc::SIGSTOP,
            libc::SIGILL,
            libc::SIGFPE,
            libc::SIGSEGV,
            libc::SIGRTMAX() + 1,
        ] {
            let error = signal(SignalKind::from_raw(number)).map(drop).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Other, "signal {number}");
        }
    });
}

fn p20_ctrl_c(on: On) {
    on.run(async {
        let mut waiting = pin!(ctrl_c());
        // It listens from its first poll on.
        let early = poll_fn(|cx| Poll::Ready(waiting.as_mut().poll(cx))).await;
        let waited = match early {
            Poll::Ready(waited) => waited, // another test's
            Poll::Pending => {
                raise(libc::SIGINT);
                waiting.await
            }
        };
        waited.unwrap();
    });
}

fn p07_signal_without_a_runtime(_: On) {
    caught(|| signal(SignalKind::hangup()))
        .says(&["there is no reactor running"])
        .blames(file!());
}

fn p07_signal_without_io(on: On) {
    let runtime = on.bare_builder().build().unwrap();
    runtime.block_on(async {
        caught(|| signal(SignalKind::hangup())).blames(file!());
    });
}
