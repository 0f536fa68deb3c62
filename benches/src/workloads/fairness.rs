//! **What does a task suffer from others who behave badly?** From one that computes
//! for 50 ms in a single poll, and from two who wake each other without end.
//!
//! A worker that is stuck in a long poll may hold things hostage that another,
//! idle, could see to. Which, depends on how it came to that poll:
//!
//! ```text
//!   it lay in the driver, an event woke the task ──► nobody lies in the driver now:
//!                                                     timers, I/O   timer, io
//!   the task woke another before it computed     ──► that one is next on this worker,
//!                                                     and nobody was roused for it   woken
//! ```
//!
//! Each is measured by the worst of its trials. The other worker has nothing to do
//! in all of them. tokio's issues: 4730 and 6315 (the driver), 4941 (the one woken
//! just before), 5712 ([`third`]).
//!
//! [`third`] counts messages instead of time: how many the two exchange while another
//! task gets one turn says who is let in between, whatever the machine is doing. All
//! workers but one are kept by tasks that block, so that the three must share it.
//!
//! What it does not show: all workers stuck, of whom nobody can help it.

use std::future::poll_fn;
use std::io::Write;
use std::net::TcpStream as StdStream;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use super::row::root;
use super::rt;
use crate::load::LOOPBACK;
use rt::io::AsyncReadExt;
use rt::net::{TcpListener, TcpStream};
use rt::runtime::Runtime;
use rt::sync::{Notify, oneshot};
use rt::task::yield_now;
use rt::time::sleep_until;

/// How long one poll computes.
const LONG: Duration = Duration::from_millis(50);
/// Until it begins, all are at rest.
const LEAD: Duration = Duration::from_millis(5);
/// What the others wait for comes so long after it has begun.
const AFTER: Duration = Duration::from_millis(5);

fn compute() {
    let start = Instant::now();
    while start.elapsed() < LONG {
        std::hint::spin_loop();
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// How late a timer ends, at worst of so many trials, in milliseconds.
pub fn timer(runtime: &Runtime, trials: u64) -> f64 {
    root(runtime, async move {
        let mut worst = Duration::ZERO;
        for _ in 0..trials {
            let begin = rt::time::Instant::now() + LEAD;
            let busy = rt::spawn(async move {
                sleep_until(begin).await;
                compute();
            });
            let late = rt::spawn(async move {
                sleep_until(begin + AFTER).await;
                (begin + AFTER).elapsed()
            });
            worst = worst.max(late.await.unwrap());
            busy.await.unwrap();
        }
        millis(worst)
    })
}

/// How late a task reads what has arrived, at worst, in milliseconds.
pub fn io(runtime: &Runtime, trials: u64) -> f64 {
    root(runtime, async move {
        let listener = TcpListener::bind(LOOPBACK).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (begun, begins) = channel();
        let (ended, ends) = channel();
        let (seen, sights) = channel::<Instant>();

        let outsider = thread::spawn(move || {
            let mut to_busy = StdStream::connect(address).unwrap();
            let mut to_prompt = StdStream::connect(address).unwrap();
            let mut trial = || {
                thread::sleep(LEAD);
                to_busy.write_all(&[1]).unwrap();
                begins.recv().unwrap();
                thread::sleep(AFTER);
                let sent = Instant::now();
                to_prompt.write_all(&[1]).unwrap();
                let late = sights.recv().unwrap() - sent;
                ends.recv().unwrap();
                late
            };
            (0..trials).map(|_| trial()).max().unwrap_or_default()
        });
        let (busy, _) = listener.accept().await.unwrap();
        let (prompt, _) = listener.accept().await.unwrap();
        let busy = rt::spawn(for_each_byte(busy, move || {
            begun.send(()).unwrap();
            compute();
            ended.send(()).unwrap();
        }));
        let prompt = rt::spawn(for_each_byte(prompt, move || seen.send(Instant::now()).unwrap()));
        // They end when the outsider has closed its streams.
        busy.await.unwrap();
        prompt.await.unwrap();
        millis(outsider.join().unwrap())
    })
}

async fn for_each_byte(mut stream: TcpStream, mut then: impl FnMut()) {
    let mut byte = [0];
    while stream.read(&mut byte).await.unwrap() > 0 {
        then();
    }
}

/// How late a task is polled whose waker then computes, at worst, in milliseconds.
pub fn woken(runtime: &Runtime, trials: u64) -> f64 {
    root(runtime, async move {
        let mut worst = Duration::ZERO;
        for _ in 0..trials {
            let (wake, woken) = oneshot::channel::<Instant>();
            let waits = Arc::new(AtomicBool::new(false));
            let late = rt::spawn({
                let waits = waits.clone();
                async move {
                    let mut woken = pin!(woken);
                    let at = poll_fn(|cx| {
                        let polled = woken.as_mut().poll(cx);
                        waits.store(true, Relaxed);
                        polled
                    });
                    at.await.unwrap().elapsed()
                }
            });
            // A message to a task that does not wait yet would wake nobody.
            while !waits.load(Relaxed) {
                yield_now().await;
            }
            let busy = rt::spawn(async move {
                wake.send(Instant::now()).unwrap();
                compute();
            });
            worst = worst.max(late.await.unwrap());
            busy.await.unwrap();
        }
        millis(worst)
    })
}

/// One of a pair.
struct Player {
    mine: Arc<Notify>,
    other: Arc<Notify>,
    /// Only these two write it, and one at a time.
    messages: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

impl Player {
    async fn play(self) {
        loop {
            self.mine.notified().await;
            self.messages.fetch_add(1, Relaxed);
            let over = self.over.load(Relaxed);
            self.other.notify_one();
            if over {
                return;
            }
        }
    }
}

/// Messages of a pair for each of the `turns` that another task gets, on the only one
/// of the workers that is not kept.
///
/// The keepers are spawned from this thread, which is no worker, and have all begun
/// before the others exist: a task that yields on a worker that is then kept may have
/// to wait for as long as that lasts.
pub fn third(runtime: &Runtime, workers: usize, turns: u64) -> f64 {
    let (began, begun) = channel();
    let keepers: Vec<_> = (1..workers)
        .map(|_| {
            let began = began.clone();
            let (release, released) = channel::<()>();
            let keeper = runtime.spawn(async move {
                began.send(()).unwrap();
                // Blocks the worker until the other end is dropped.
                let _ = released.recv();
            });
            (release, keeper)
        })
        .collect();
    for _ in &keepers {
        begun.recv().unwrap();
    }
    let messages = root(runtime, third_of_three(turns));
    for (release, keeper) in keepers {
        drop(release);
        runtime.block_on(keeper).unwrap();
    }
    messages
}

async fn third_of_three(turns: u64) -> f64 {
    let over = Arc::new(AtomicBool::new(false));
    let messages = Arc::new(AtomicU64::new(0));
    let (left, right) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let players = [(&left, &right), (&right, &left)].map(|(mine, other)| {
        let player = Player {
            mine: mine.clone(),
            other: other.clone(),
            messages: messages.clone(),
            over: over.clone(),
        };
        rt::spawn(player.play())
    });
    left.notify_one();

    let third = rt::spawn(async move {
        while messages.load(Relaxed) == 0 {
            yield_now().await;
        }
        let before = messages.load(Relaxed);
        for _ in 0..turns {
            yield_now().await;
        }
        (messages.load(Relaxed) - before) as f64 / turns as f64
    });
    let messages = third.await.unwrap();
    over.store(true, Relaxed);
    for player in players {
        player.await.unwrap();
    }
    messages
}
