//! **Does every listener hear each signal?** Whichever runtime it is on, whoever
//! else listens or has stopped to. Signals belong to the process: each test has one.

use std::io::ErrorKind;
use std::pin::pin;
use std::sync::mpsc;
use std::task::Waker;
use std::thread;

use kolo_tests::poll_once;

use super::On;
use super::rt;
use super::sockets::{driver_looked, given_up};
use rt::signal::unix::{Signal, SignalKind, signal};

kolo_tests::tests! {
    everywhere: [
        p20_signal_is_heard,
        p20_signal_that_came_before_recv,
        p20_signal_that_came_before_its_listener,
        p20_every_listener_hears,
        p20_signals_are_not_mixed_up,
        p20_signals_coalesce,
        p20_every_runtime_hears,
        p20_dropped_listener_deafens_no_other,
        p20_dropped_runtime_deafens_no_other,
        p20_runtime_made_later_hears,
        p20_listener_given_up_loses_nothing,
        p20_listener_moves_between_tasks,
        p20_ctrl_c_is_heard,
        p20_signals_under_load,
        p20_signals_race_dropped_runtimes,
        p20_signals_that_nobody_may_catch,
    ],
}

fn usr1() -> Signal {
    signal(SignalKind::user_defined1()).unwrap()
}

/// Sends a signal to this process. Its handler has run when this returns, on some
/// thread: `raise` is for the calling one.
fn raise(signal: SignalKind) {
    // SAFETY: no pointers; who raises a signal here listens to it.
    assert_eq!(unsafe { libc::raise(signal.as_raw_value()) }, 0);
}

fn raise_usr1() {
    raise(SignalKind::user_defined1());
}

fn is_quiet(listener: &mut Signal) -> bool {
    poll_once(pin!(listener.recv()), Waker::noop()).is_pending()
}

fn p20_signal_is_heard(on: On) {
    on.alone(|| {
        on.run(async {
            let mut listener = usr1();
            assert!(is_quiet(&mut listener));
            for _ in 0..10 {
                raise_usr1();
                assert_eq!(listener.recv().await, Some(()));
                driver_looked().await;
                assert!(is_quiet(&mut listener), "heard twice");
            }
        });
    });
}

fn p20_signal_that_came_before_recv(on: On) {
    on.alone(|| {
        on.run(async {
            let mut listener = usr1();
            raise_usr1();
            driver_looked().await;
            assert_eq!(listener.recv().await, Some(()));
        });
    });
}

fn p20_signal_that_came_before_its_listener(on: On) {
    on.alone(|| {
        on.run(async {
            let mut first = usr1();
            raise_usr1();
            assert_eq!(first.recv().await, Some(()));
            driver_looked().await;
            let mut late = usr1();
            driver_looked().await;
            assert!(is_quiet(&mut late), "that was before its time");
        });
    });
}

fn p20_every_listener_hears(on: On) {
    on.alone(|| {
        on.run(async {
            let mut tasks = Vec::new();
            for _ in 0..100 {
                let mut listener = usr1();
                tasks.push(rt::spawn(async move { listener.recv().await }));
            }
            rt::task::yield_now().await;
            raise_usr1();
            for task in tasks {
                assert_eq!(task.await.unwrap(), Some(()));
            }
        });
    });
}

fn p20_signals_are_not_mixed_up(on: On) {
    on.alone(|| {
        on.run(async {
            let kinds = [
                SignalKind::user_defined1(),
                SignalKind::user_defined2(),
                SignalKind::hangup(),
                SignalKind::window_change(),
                SignalKind::from_raw(libc::SIGRTMIN() + 3),
            ];
            let mut listeners: Vec<_> = kinds.iter().map(|&k| signal(k).unwrap()).collect();
            for (i, &kind) in kinds.iter().enumerate() {
                raise(kind);
                assert_eq!(listeners[i].recv().await, Some(()));
                driver_looked().await;
                for (j, listener) in listeners.iter_mut().enumerate() {
                    assert!(is_quiet(listener), "{j} heard {i}");
                }
            }
        });
    });
}

/// Signals that come before the listener looks are one.
fn p20_signals_coalesce(on: On) {
    on.alone(|| {
        on.run(async {
            let mut listener = usr1();
            for _ in 0..1_000 {
                raise_usr1();
            }
            driver_looked().await;
            driver_looked().await;
            assert_eq!(listener.recv().await, Some(()));
            assert!(is_quiet(&mut listener));
            raise_usr1();
            assert_eq!(listener.recv().await, Some(()));
        });
    });
}

/// A runtime on a thread of its own, that says when it listens, and when it heard.
struct Far {
    listens: mpsc::Receiver<()>,
    heard: mpsc::Receiver<()>,
    thread: thread::JoinHandle<()>,
}

/// A runtime that waits for `times` signals.
fn far(on: On, times: usize) -> Far {
    let (now_listens, listens) = mpsc::channel();
    let (hears, heard) = mpsc::channel();
    let thread = thread::spawn(move || {
        on.run(async {
            let mut listener = usr1();
            now_listens.send(()).unwrap();
            for _ in 0..times {
                assert_eq!(listener.recv().await, Some(()));
                hears.send(()).unwrap();
            }
        });
    });
    Far {
        listens,
        heard,
        thread,
    }
}

fn p20_every_runtime_hears(on: On) {
    on.alone(|| {
        let runtimes: Vec<_> = (0..8).map(|_| far(on, 5)).collect();
        runtimes.iter().for_each(|far| far.listens.recv().unwrap());
        for _ in 0..5 {
            raise_usr1();
            runtimes.iter().for_each(|far| far.heard.recv().unwrap());
        }
        for far in runtimes {
            far.thread.join().unwrap();
        }
    });
}

fn p20_dropped_listener_deafens_no_other(on: On) {
    on.alone(|| {
        on.run(async {
            let mut stays = usr1();
            for _ in 0..5 {
                let mut goes = usr1();
                assert!(is_quiet(&mut goes));
                drop(goes);
                raise_usr1();
                assert_eq!(stays.recv().await, Some(()));
            }
            // None is left: the signal is caught and dropped, not deadly.
            drop(stays);
            raise_usr1();
            driver_looked().await;
            let mut again = usr1();
            raise_usr1();
            assert_eq!(again.recv().await, Some(()));
        });
    });
}

fn p20_dropped_runtime_deafens_no_other(on: On) {
    on.alone(|| {
        let goes = on.runtime();
        let mut orphan = goes.block_on(async { usr1() });
        let stays = on.runtime();
        let mut listener = stays.block_on(async { usr1() });
        drop(goes);
        for _ in 0..3 {
            raise_usr1();
            assert_eq!(stays.block_on(listener.recv()), Some(()));
        }
        // A listener is the process's: it hears by whichever runtime lives.
        assert_eq!(stays.block_on(orphan.recv()), Some(()));
    });
}

fn p20_runtime_made_later_hears(on: On) {
    on.alone(|| {
        for _ in 0..10 {
            on.run(async {
                let mut listener = usr1();
                raise_usr1();
                assert_eq!(listener.recv().await, Some(()));
            });
            // Between two runtimes: nobody hears it, nobody dies of it.
            raise_usr1();
        }
    });
}

fn p20_listener_given_up_loses_nothing(on: On) {
    on.alone(|| {
        on.run(async {
            let mut listener = usr1();
            given_up!(listener.recv(), raise_usr1());
            assert_eq!(listener.recv().await, Some(()));
            assert!(is_quiet(&mut listener));
        });
    });
}

fn p20_listener_moves_between_tasks(on: On) {
    on.alone(|| {
        on.run(async {
            let mut listener = usr1();
            for _ in 0..5 {
                assert!(is_quiet(&mut listener));
                let task = rt::spawn(async move {
                    listener.recv().await.unwrap();
                    listener
                });
                rt::task::yield_now().await;
                raise_usr1();
                listener = task.await.unwrap();
            }
        });
    });
}

fn p20_ctrl_c_is_heard(on: On) {
    on.alone(|| {
        on.run(async {
            for _ in 0..3 {
                let mut waiting = pin!(rt::signal::ctrl_c());
                assert!(poll_once(waiting.as_mut(), Waker::noop()).is_pending());
                raise(SignalKind::interrupt());
                waiting.await.unwrap();
            }
        });
    });
}

fn p20_signals_under_load(on: On) {
    on.alone(|| {
        on.run(async {
            let load: Vec<_> = (0..200)
                .map(|_| {
                    rt::spawn(async {
                        loop {
                            rt::task::yield_now().await;
                        }
                    })
                })
                .collect();
            let mut listener = usr1();
            for _ in 0..10 {
                raise_usr1();
                assert_eq!(listener.recv().await, Some(()));
            }
            load.iter().for_each(|task| task.abort());
        });
    });
}

fn p20_signals_race_dropped_runtimes(on: On) {
    on.alone(|| {
        let (over, is_over) = mpsc::channel::<()>();
        let mut stays = on.runtime().block_on(async { usr1() });
        let noise = thread::spawn(move || {
            while is_over.try_recv() == Err(mpsc::TryRecvError::Empty) {
                raise_usr1();
                thread::yield_now();
            }
        });
        for _ in 0..50 {
            on.run(async {
                let mut listener = usr1();
                assert_eq!(listener.recv().await, Some(()));
                assert_eq!(stays.recv().await, Some(()));
            });
        }
        drop(over);
        noise.join().unwrap();
    });
}

fn p20_signals_that_nobody_may_catch(on: On) {
    on.alone(|| {
        on.run(async {
            for number in [
                libc::SIGKILL,
                libc::SIGSTOP,
                libc::SIGSEGV,
                libc::SIGILL,
                libc::SIGFPE,
                -1,
                10_000,
            ] {
                assert!(signal(SignalKind::from_raw(number)).is_err(), "{number}");
            }
            let error = signal(SignalKind::from_raw(libc::SIGKILL)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Other);
        });
    });
}
