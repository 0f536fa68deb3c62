//! The gate's protocols under loom. The loop is reduced to what it asks the
//! gate; it sleeps in a `park::Token`, which loom sees.

use std::sync::Arc;
use std::task::Poll;

use crate::executor::gate::{Gate, Rouse, Seat};
use crate::loom::sync::atomic::AtomicBool;
use crate::loom::sync::atomic::Ordering::Relaxed;
use crate::loom::{model, thread};
use crate::park::Token;
use crate::task::{Runnable, Unregistered, Unscheduled, new_task};

/// A loop with its sleep, as the models drive it.
struct House {
    gate: Gate<()>,
    bed: Token,
}

impl House {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            gate: Gate::new(),
            bed: Token::default(),
        })
    }

    fn send(&self, runnable: Runnable) {
        if let Ok(Rouse::Loop) = self.gate.push(runnable) {
            self.bed.unpark();
        }
    }

    fn wake(&self, seat: &Arc<Seat<()>>) {
        if !seat.mark_woken() {
            return;
        }
        match self.gate.call(seat) {
            Rouse::Nobody => {}
            Rouse::Loop => self.bed.unpark(),
            Rouse::Thread => seat.unpark(),
        }
    }

    fn nudge(&self) {
        if let Rouse::Loop = self.gate.nudge() {
            self.bed.unpark();
        }
    }

    /// `block_on`, as `current_thread.rs` does it. Runnables are counted, not run.
    fn block_on(&self, seat: &Arc<Seat<()>>, mut poll: impl FnMut(usize) -> Poll<()>) {
        let mut received = 0;
        while !self.gate.arrive(seat) {
            if seat.take_wake() {
                if poll(0).is_ready() {
                    self.gate.leave(seat);
                    return;
                }
            } else {
                seat.park();
            }
        }
        loop {
            let mut mail = Vec::new();
            self.gate.collect(&mut mail);
            for runnable in mail {
                received += 1;
                let _ = runnable.run(&Unregistered);
            }
            if (seat.take_wake() || received > 0) && poll(received).is_ready() {
                self.gate.leave(seat);
                return;
            }
            if self.gate.sleep() {
                self.bed.park();
                self.gate.awake();
            }
        }
    }
}

/// Two threads push while the loop goes to sleep: it receives both, and whoever
/// finds it asleep unparks it.
#[test]
fn loom_push_against_sleep() {
    model(3, || {
        let house = House::new();
        let pushing: Vec<_> = (0..2)
            .map(|_| {
                let house = house.clone();
                thread::spawn(move || {
                    let (runnable, handle) = new_task(async {}, Unscheduled);
                    house.send(runnable);
                    drop(handle);
                })
            })
            .collect();
        let seat = Seat::new(());
        house.block_on(&seat, |received| match received {
            2 => Poll::Ready(()),
            _ => Poll::Pending,
        });
        for thread in pushing {
            thread.join().unwrap();
        }
    });
}

/// The main future is woken from outside while the loop goes to sleep; what the
/// waker wrote before is seen by the poll.
#[test]
fn loom_call_against_sleep() {
    model(3, || {
        let house = House::new();
        let seat = Seat::new(());
        let ready = Arc::new(AtomicBool::new(false));
        let (there, signal, called) = (house.clone(), ready.clone(), seat.clone());
        let waking = thread::spawn(move || {
            signal.store(true, Relaxed);
            there.wake(&called);
        });
        house.block_on(&seat, |_| match ready.load(Relaxed) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        });
        waking.join().unwrap();
    });
}

/// What the loop waits for changes without a message, and whoever changed it
/// nudges: so blocking work ends while a loop on a paused clock goes to sleep. The
/// loop looks again.
#[test]
fn loom_nudge_against_sleep() {
    model(3, || {
        let house = House::new();
        let busy = Arc::new(AtomicBool::new(true));
        let (there, work) = (house.clone(), busy.clone());
        let working = thread::spawn(move || {
            work.store(false, Relaxed);
            there.nudge();
        });
        let seat = Seat::new(());
        assert!(house.gate.arrive(&seat));
        let mut mail = Vec::new();
        while busy.load(Relaxed) {
            if house.gate.sleep() {
                house.bed.park();
                house.gate.awake();
            }
            house.gate.collect(&mut mail);
        }
        house.gate.leave(&seat);
        working.join().unwrap();
    });
}

/// Two threads in `block_on`, each woken from outside: whoever drives first hands
/// over when it leaves, and both end.
#[test]
fn loom_block_on_hand_over() {
    model(3, || {
        let house = House::new();
        let ready = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
        let seat = Seat::new(());
        let (there, flags) = (house.clone(), ready.clone());
        let other = thread::spawn(move || {
            let seat = Seat::new(());
            let (waker_house, waker_flags, waker_seat) =
                (there.clone(), flags.clone(), seat.clone());
            let waking = thread::spawn(move || {
                waker_flags[1].store(true, Relaxed);
                waker_house.wake(&waker_seat);
            });
            there.block_on(&seat, |_| match flags[1].load(Relaxed) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            });
            waking.join().unwrap();
        });
        ready[0].store(true, Relaxed);
        house.wake(&seat);
        house.block_on(&seat, |_| match ready[0].load(Relaxed) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        });
        other.join().unwrap();
    });
}

/// Shutdown against spawn: a task that is pushed while the gate closes is ended by
/// the one or the other.
#[test]
fn loom_close_against_push() {
    model(3, || {
        let house = House::new();
        let there = house.clone();
        let spawning = thread::spawn(move || {
            let held = crate::loom::sync::Arc::new(());
            let (runnable, handle) = new_task(async move { drop(held) }, Unscheduled);
            if let Err(rejected) = there.gate.push(runnable) {
                rejected.cancel(&Unregistered);
            }
            handle
        });
        for runnable in house.gate.close() {
            runnable.cancel(&Unregistered);
        }
        let handle = spawning.join().unwrap();
        assert!(loom::future::block_on(handle).unwrap_err().is_cancelled());
    });
}
