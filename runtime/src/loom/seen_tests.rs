//! Two kinds of tests: those in which ThreadSanitizer must see nothing, and those
//! with a race on purpose, ignored here, of which `tests/sanitize.sh` demands that
//! it is reported.
//!
//! Statics rather than `Arc`s, and std's barrier, which ThreadSanitizer can't see:
//! no order but the one that a test is about.

use std::sync::Barrier;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use super::{Arc, Condvar, Mutex};
use crate::loom::cell::UnsafeCell;

/// A counter with nothing to protect it.
struct Bare(UnsafeCell<u64>);

// SAFETY: none. Threads that share one race, unless something else orders them;
// whether ThreadSanitizer tells the two apart is what these tests ask.
unsafe impl Sync for Bare {}

impl Bare {
    const fn new() -> Self {
        Self(UnsafeCell::new(0))
    }

    fn bump(&self) -> u64 {
        self.0.with_mut(|count| {
            // SAFETY: the pointer is that of a live cell; see above for the rest.
            unsafe {
                *count += 1;
                *count
            }
        })
    }
}

/// Runs `side(0)` and `side(1)` on two threads.
fn on_two_threads(side: impl Fn(usize) + Copy + Send + 'static) {
    let threads = [0, 1].map(|n| thread::spawn(move || side(n)));
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn a_lock_that_was_waited_for_orders_what_it_protects() {
    static LOCK: Mutex<()> = Mutex::new(());
    static COUNT: Bare = Bare::new();
    const TURNS: u64 = 2_000;

    on_two_threads(|_| {
        for _ in 0..TURNS {
            let _held = LOCK.lock();
            COUNT.bump();
            thread::yield_now(); // with the lock held: the other one has to wait
        }
    });
    let _held = LOCK.lock();
    assert_eq!(COUNT.bump(), 2 * TURNS + 1);
}

#[test]
fn a_condition_that_was_waited_for_orders_what_came_before() {
    static TURN: Mutex<usize> = Mutex::new(0);
    static CHANGED: Condvar = Condvar::new();
    static COUNT: Bare = Bare::new();
    const TURNS: u64 = 200;

    on_two_threads(|me| {
        for _ in 0..TURNS {
            let mut turn = TURN.lock();
            while *turn != me {
                turn = CHANGED.wait(turn);
            }
            COUNT.bump();
            *turn = 1 - me;
            drop(turn);
            CHANGED.notify_one();
        }
    });
    let _turn = TURN.lock();
    assert_eq!(COUNT.bump(), 2 * TURNS + 1);
}

#[test]
#[ignore = "a race on purpose: tests/sanitize.sh demands its report"]
fn planted_in_the_open() {
    static COUNT: Bare = Bare::new();
    static BOTH: Barrier = Barrier::new(2);

    on_two_threads(|_| {
        BOTH.wait();
        COUNT.bump();
    });
}

#[test]
#[ignore = "a race on purpose: tests/sanitize.sh demands its report"]
fn planted_behind_a_relaxed_flag() {
    static COUNT: Bare = Bare::new();
    static WRITTEN: AtomicBool = AtomicBool::new(false);

    on_two_threads(|me| {
        if me == 0 {
            COUNT.bump();
            WRITTEN.store(true, Relaxed); // Release would do
        } else {
            while !WRITTEN.load(Relaxed) {
                thread::yield_now();
            }
            COUNT.bump();
        }
    });
}

#[test]
#[ignore = "a race on purpose: tests/sanitize.sh demands its report"]
fn planted_below_the_drop_of_an_arc() {
    static COUNT: Bare = Bare::new();
    static BOTH: Barrier = Barrier::new(2);
    static HELD: std::sync::Mutex<Vec<Arc<BumpsLast>>> = std::sync::Mutex::new(Vec::new());

    struct BumpsLast;

    impl Drop for BumpsLast {
        fn drop(&mut self) {
            COUNT.bump();
        }
    }

    let first = Arc::new(BumpsLast);
    *HELD.lock().unwrap() = vec![first.clone(), first];
    on_two_threads(|me| {
        let held = HELD.lock().unwrap().pop();
        if me == 0 {
            drop(held);
            BOTH.wait();
            COUNT.bump(); // after it let go: nothing orders this
        } else {
            BOTH.wait();
            drop(held);
        }
    });
}
