//! **What does a wake from another thread cost while the loop is busy?** That
//! is when it need not rouse anybody: a runtime that makes a system call all
//! the same pays here.
//!
//! One outsider holds the wakers of 1,000 tasks and wakes each in turn; when all
//! have been polled it begins again, so no two wakes coalesce. Meanwhile one
//! task yields without end: the loop never sleeps. Both threads want a core; on
//! a machine with a single free one the row measures the kernel's scheduler.
//!
//! What it does not show: waking a loop that sleeps (there the kernel takes
//! nearly all the time), several outsiders at once, spawning from outside.

use std::hint::spin_loop;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;

use super::row::root;
use super::rt;
use rt::runtime::Runtime;
use rt::task::yield_now;

/// Tasks that are woken in turn.
pub const WOKEN: u64 = 1_000;

/// Pending until it has been polled `left` times after the first.
struct Woken {
    left: u64,
    introduce: Option<mpsc::Sender<Waker>>,
    polled: Arc<AtomicU64>,
}

impl Future for Woken {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(introduce) = self.introduce.take() {
            introduce.send(cx.waker().clone()).unwrap();
            return Poll::Pending;
        }
        self.left -= 1;
        self.polled.fetch_add(1, SeqCst);
        if self.left == 0 { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Spins; gives the core away now and then, lest it is the loop's own.
pub fn spin_until(done: impl Fn() -> bool) {
    while !done() {
        if (0..1_000).all(|_| {
            spin_loop();
            !done()
        }) {
            thread::yield_now();
        }
    }
}

/// At least `count` wakes from one other thread.
pub fn wakes(runtime: &Runtime, count: u64) {
    let rounds = count.div_ceil(WOKEN);
    let polled = Arc::new(AtomicU64::new(0));
    let done = Arc::new(AtomicBool::new(false));
    let (introduce, wakers) = mpsc::channel();

    let outsider = thread::spawn({
        let (polled, done) = (polled.clone(), done.clone());
        move || {
            let wakers: Vec<Waker> = wakers.iter().collect();
            for round in 1..=rounds {
                wakers.iter().for_each(Waker::wake_by_ref);
                spin_until(|| polled.load(SeqCst) >= round * WOKEN);
            }
            done.store(true, SeqCst);
        }
    });

    root(runtime, async move {
        let handles: Vec<_> = (0..WOKEN)
            .map(|_| {
                let introduce = Some(introduce.clone());
                rt::spawn(Woken { left: rounds, introduce, polled: polled.clone() })
            })
            .collect();
        drop(introduce);
        let busy = rt::spawn(async move {
            while !done.load(SeqCst) {
                yield_now().await;
            }
        });
        for handle in handles {
            handle.await.unwrap();
        }
        busy.await.unwrap();
    });
    outsider.join().unwrap();
}
