//! **The floors of spawning, yielding, taking turns, waking from outside, and of a
//! runtime's own life.**

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{poll_fn, ready};
use std::hint::black_box;
use std::pin::pin;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::task::{Context, Poll, Waker};
use std::thread;

use super::{Boxed, bare_loop, yield_once};
use crate::libraries::kolo::locks::WAITERS;
use crate::libraries::kolo::outside::{WOKEN, spin_until};
use crate::libraries::kolo::tasks::{CHAIN, MANY, YIELDERS};

fn noop_context() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

fn boxed_number(i: u64) -> Boxed<'static> {
    Box::pin(async move {
        black_box(i);
    })
}

/// The floor of `tasks::spawn_then_join`.
pub fn spawn_then_join(count: u64) {
    let mut cx = noop_context();
    for i in 0..count {
        let mut task = black_box(boxed_number(i));
        assert!(task.as_mut().poll(&mut cx).is_ready());
    }
}

/// The floor of `tasks::spawn_many`.
pub fn spawn_many(count: u64) {
    let mut cx = noop_context();
    let mut left = count;
    while left > 0 {
        let batch = left.min(MANY);
        let mut tasks: VecDeque<_> = (0..batch).map(boxed_number).collect();
        while let Some(mut task) = tasks.pop_front() {
            assert!(task.as_mut().poll(&mut cx).is_ready());
        }
        left -= batch;
    }
}

/// The floor of `tasks::yields`.
pub fn yields(count: u64) {
    let mut left = count;
    while left > 0 {
        let each = 500.min(left.div_ceil(YIELDERS));
        let tasks = (0..YIELDERS).map(|_| -> Boxed<'_> {
            Box::pin(async move {
                for _ in 0..each {
                    yield_once().await;
                }
            })
        });
        bare_loop(tasks.collect());
        left = left.saturating_sub(each * YIELDERS);
    }
}

/// The floor of `tasks::spawn_chain`: each future leaves the next one in a queue.
pub fn spawn_chain(count: u64) {
    type Queue = RefCell<VecDeque<Boxed<'static>>>;
    thread_local!(static QUEUE: Queue = const { RefCell::new(VecDeque::new()) });

    fn link(left: u64) {
        let task = Box::pin(async move {
            if black_box(left) > 1 {
                link(left - 1);
            }
        });
        QUEUE.with_borrow_mut(|queue| queue.push_back(task));
    }

    let mut cx = noop_context();
    let mut left = count;
    while left > 0 {
        let length = left.min(CHAIN);
        link(length);
        while let Some(mut task) = QUEUE.with_borrow_mut(VecDeque::pop_front) {
            assert!(task.as_mut().poll(&mut cx).is_ready());
        }
        left -= length;
    }
}

/// The floor of `tasks::yield_alone`.
pub fn yield_alone(count: u64) {
    bare_loop(vec![Box::pin(async move {
        for _ in 0..count {
            yield_once().await;
        }
    })]);
}

/// The floor of `locks::mutex` and `locks::semaphore`: whoever is polled has its
/// turn.
pub fn locks(count: u64) {
    let each = count.div_ceil(WAITERS);
    let sum = Cell::new(0);
    let tasks = (0..WAITERS).map(|_| -> Boxed<'_> {
        Box::pin(async {
            for _ in 0..each {
                sum.set(sum.get() + 1);
                yield_once().await;
            }
        })
    });
    bare_loop(tasks.collect());
    assert_eq!(sum.get(), each * WAITERS);
}

/// The floor of `outside::wakes`: a flag per task, set by the outsider, looked at
/// by the loop in every turn; one future more is polled in each.
pub fn wakes(count: u64) {
    let rounds = count.div_ceil(WOKEN);
    let flags: Vec<AtomicBool> = (0..WOKEN).map(|_| AtomicBool::new(false)).collect();
    let polled = AtomicU64::new(0);

    let mut tasks: Vec<Boxed<'_>> = (0..WOKEN)
        .map(|_| -> Boxed<'_> {
            let (mut left, polled) = (rounds, &polled);
            Box::pin(poll_fn(move |_| {
                left -= 1;
                polled.fetch_add(1, SeqCst);
                if left == 0 {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            }))
        })
        .collect();
    let mut busy: Boxed<'_> = Box::pin(async {
        loop {
            yield_once().await;
        }
    });

    thread::scope(|scope| {
        scope.spawn(|| {
            for round in 1..=rounds {
                flags.iter().for_each(|flag| flag.store(true, Release));
                spin_until(|| polled.load(SeqCst) >= round * WOKEN);
            }
        });
        let mut cx = noop_context();
        let mut ended = 0;
        while ended < WOKEN {
            for (flag, task) in flags.iter().zip(&mut tasks) {
                // The outsider does not set a flag again before it was seen.
                if flag.load(Acquire) {
                    flag.store(false, Relaxed);
                    ended += u64::from(task.as_mut().poll(&mut cx).is_ready());
                }
            }
            assert!(busy.as_mut().poll(&mut cx).is_pending());
        }
    });
}

/// The floor of `lives::block_on_ready`.
pub fn block_on_ready(count: u64) {
    let mut cx = noop_context();
    for i in 0..count {
        let future = pin!(ready(black_box(i)));
        assert!(black_box(future.poll(&mut cx)).is_ready());
    }
}

/// The floor of `lives::build_and_drop`: what the kernel is asked for.
pub fn build_and_drop(count: u64) {
    let mut cx = noop_context();
    for i in 0..count {
        let poll = mio::Poll::new().unwrap();
        let waker = mio::Waker::new(poll.registry(), mio::Token(0)).unwrap();
        assert!(black_box(boxed_number(i)).as_mut().poll(&mut cx).is_ready());
        drop((waker, poll));
    }
}
