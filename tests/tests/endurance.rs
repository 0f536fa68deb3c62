//! **Is a wake-up ever lost, is anything ever left behind?** Runs so long that what
//! goes wrong once in a million times goes wrong in them. Each ends only if no wake-up
//! was lost: a task is sent the next only when it has seen the last.
//!
//! ```text
//!   outside thread   sent := k ── wake ──► … until seen = k        sent := k + 1 …
//!   a task                         polled: seen := sent
//! ```
//!
//! | test | what is in the way of the wake-up | as a whole |
//! |---|---|---|
//! | `busy_…` | the workers never sleep: the task is running, queued, stolen | 10⁸ wakes |
//! | `parked_…` | every worker is about to sleep, or has just fallen asleep | 10⁶ wakes |
//! | `short_lived_…` | build, work, a drop in the middle of it | 10,000 runtimes |
//!
//! `cargo test` plays a two-hundredth or less. As a whole, and optimised, in some
//! minutes:
//!
//! ```sh
//! KOLO_TESTS_WHOLE=1 cargo test --release -p kolo-tests --test endurance -- --nocapture
//! ```
//!
//! What they do not show: an ordering that this machine's processor does not use. That
//! is what the loom models are for.

use std::env;
use std::fs;
use std::future::{pending, poll_fn};
use std::hint;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool, AtomicU64, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release, SeqCst},
};
use std::sync::{
    Mutex,
    mpsc::{self, RecvTimeoutError, TryRecvError},
};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use kolo::net::TcpListener;
use kolo::runtime::{Builder, Runtime};
use kolo::task::{JoinHandle, yield_now};
use kolo::time::sleep;

/// Wakes on their way at a time, each to a task of its own.
const TASKS: usize = 4;
const WORKERS: usize = 2;
/// With no wake-up seen for so long, one was lost.
const PATIENCE: Duration = Duration::from_secs(60);

/// The part of the whole number that is asked for.
fn part_of(whole: u64, part: u64) -> u64 {
    if env::var_os("KOLO_TESTS_WHOLE").is_some() {
        whole
    } else {
        whole / part
    }
}

/// One wake-up test at a time: each wants the cores to itself.
static ALONE: Mutex<()> = Mutex::new(());

/// A task that is woken from outside, and what was sent to it and seen by it.
#[derive(Default)]
struct Post {
    sent: AtomicU64,
    seen: AtomicU64,
    waker: Mutex<Option<Waker>>,
}

impl Post {
    /// A task that sees what is sent, up to `last`.
    fn recipient(self: &Arc<Self>, runtime: &Runtime, last: u64) -> JoinHandle<()> {
        let post = self.clone();
        runtime.spawn(poll_fn(move |cx| {
            // A task's waker is the same at each poll; it is left once.
            if post.seen.load(Relaxed) == 0 {
                let mut waker = post.waker.lock().unwrap();
                waker.get_or_insert_with(|| cx.waker().clone());
            }
            let sent = post.sent.load(Acquire);
            post.seen.store(sent, Release);
            if sent == last {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }))
    }

    /// The waker, once the task has left it.
    fn waker(&self) -> Waker {
        loop {
            if let Some(waker) = self.waker.lock().unwrap().clone() {
                return waker;
            }
            thread::yield_now();
        }
    }
}

/// Sends to each of the tasks in turn, `last` times: to each only when it has seen what
/// was sent to it before, and after `before_each`.
fn send(posts: &[Arc<Post>], last: u64, mut before_each: impl FnMut()) {
    let wakers: Vec<_> = posts.iter().map(|post| post.waker()).collect();
    for number in 1..=last {
        for (post, waker) in posts.iter().zip(&wakers) {
            let mut turns = 0;
            while post.seen.load(Acquire) != number - 1 {
                wait_a_little(&mut turns);
            }
            before_each();
            post.sent.store(number, Release);
            waker.wake_by_ref();
        }
    }
}

/// Spins for some 100 µs, in which a worker that runs answers, then lets others run.
fn wait_a_little(turns: &mut u32) {
    *turns = turns.saturating_add(1);
    if *turns < 5_000 {
        hint::spin_loop();
    } else {
        thread::yield_now();
    }
}

/// Does `run`, and ends the process if nothing is seen for too long meanwhile: a
/// runtime that sleeps for ever can't be dropped either.
fn watched(what: &str, posts: &[Arc<Post>], run: impl FnOnce()) {
    let began = Instant::now();
    let (done, ended) = mpsc::channel::<()>();
    let watched = posts.to_vec();
    let watcher = thread::spawn(move || {
        let seen = || {
            watched
                .iter()
                .map(|post| post.seen.load(Relaxed))
                .sum::<u64>()
        };
        let mut before = None;
        while ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            if before.replace(seen()) == Some(seen()) {
                eprintln!(
                    "a wake-up was lost: {} seen, and no more in {PATIENCE:?}",
                    seen()
                );
                process::abort();
            }
        }
    });
    run();
    drop(done);
    watcher.join().unwrap();
    let seen: u64 = posts.iter().map(|post| post.seen.load(Relaxed)).sum();
    println!("{what}: {seen}, none lost, in {:.1?}", began.elapsed());
}

/// Tasks that keep their workers awake until told.
fn keep_awake(runtime: &Runtime, over: &Arc<AtomicBool>) -> Vec<JoinHandle<()>> {
    (0..WORKERS)
        .map(|_| {
            let over = over.clone();
            runtime.spawn(async move {
                while !over.load(Relaxed) {
                    yield_now().await;
                }
            })
        })
        .collect()
}

/// Wakes from outside, and from task to task, while no worker sleeps.
#[test]
fn busy_wakes_on_many_threads() {
    let _alone = ALONE.lock().unwrap();
    let runtime = Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .unwrap();
    let each = part_of(50_000_000, 10_000) / TASKS as u64;
    let posts: Vec<Arc<Post>> = (0..2 * TASKS).map(|_| Arc::default()).collect();
    let (outside, inside) = posts.split_at(TASKS);
    watched("busy wakes", &posts, || {
        let over = Arc::new(AtomicBool::new(false));
        let awake = keep_awake(&runtime, &over);
        let mut tasks = ring(&runtime, inside, each);
        tasks.extend(outside.iter().map(|post| post.recipient(&runtime, each)));
        send(outside, each, || ());
        all(&runtime, tasks);
        over.store(true, Relaxed);
        all(&runtime, awake);
    });
}

fn all(runtime: &Runtime, tasks: Vec<JoinHandle<()>>) {
    runtime.block_on(async {
        for task in tasks {
            task.await.unwrap();
        }
    });
}

/// Tasks in a ring, each of which wakes the next when it was woken itself, until each
/// was `last` times. Stolen now and then, the two are on two workers.
fn ring(runtime: &Runtime, posts: &[Arc<Post>], last: u64) -> Vec<JoinHandle<()>> {
    (0..posts.len())
        .map(|own| {
            let (post, next) = (posts[own].clone(), posts[(own + 1) % posts.len()].clone());
            runtime.spawn(async move {
                poll_fn(|cx| {
                    post.waker.lock().unwrap().replace(cx.waker().clone());
                    Poll::Ready(())
                })
                .await;
                while next.waker.lock().unwrap().is_none() {
                    yield_now().await;
                }
                let next_waker = next.waker();
                for number in 1..=last {
                    // The first begins each round; the others are woken for it.
                    let due = if own == 0 { number - 1 } else { number };
                    poll_fn(|_| {
                        let came = post.sent.load(Acquire) >= due;
                        if came { Poll::Ready(()) } else { Poll::Pending }
                    })
                    .await;
                    post.seen.store(number, Relaxed);
                    next.sent.store(number, Release);
                    next_waker.wake_by_ref();
                }
            })
        })
        .collect()
}

/// How many threads sleep, as the hooks tell; and a number that is another each time.
#[derive(Default)]
struct Sleepers(AtomicUsize, AtomicUsize);

impl Sleepers {
    fn told_by(self: &Arc<Self>, builder: &mut Builder) -> Runtime {
        let (parks, wakes) = (self.clone(), self.clone());
        builder
            .enable_all()
            .on_thread_park(move || {
                parks.0.fetch_add(1, SeqCst);
            })
            .on_thread_unpark(move || {
                wakes.0.fetch_sub(1, SeqCst);
            })
            .build()
            .unwrap()
    }

    /// Waits until all are about to sleep, and spins more or less often, so that the wake
    /// hits each step of falling asleep.
    fn all_asleep(&self, threads: usize) {
        let mut turns = 0;
        while self.0.load(SeqCst) != threads {
            wait_a_little(&mut turns);
        }
        let some = self.1.fetch_add(7, Relaxed) % 256;
        (0..some).for_each(|_| hint::spin_loop());
    }
}

/// Wakes from outside while every worker sleeps, or is about to: one at a time, and
/// only when the last was seen and all have gone to sleep again.
#[test]
fn parked_wakes_on_many_threads() {
    let _alone = ALONE.lock().unwrap();
    let sleepers = Arc::new(Sleepers::default());
    let runtime = sleepers.told_by(Builder::new_multi_thread().worker_threads(WORKERS));
    let last = part_of(500_000, 1000);
    let post = [Arc::<Post>::default()];
    watched("parked wakes, many threads", &post, || {
        let task = post[0].recipient(&runtime, last);
        send(&post, last, || sleepers.all_asleep(WORKERS));
        all(&runtime, vec![task]);
    });
}

/// The same of the one thread that drives and polls.
#[test]
fn parked_wakes_on_one_thread() {
    let _alone = ALONE.lock().unwrap();
    let sleepers = Arc::new(Sleepers::default());
    let runtime = sleepers.told_by(&mut Builder::new_current_thread());
    let last = part_of(500_000, 1000);
    let post = [Arc::<Post>::default()];
    watched("parked wakes, one thread", &post, || {
        let task = post[0].recipient(&runtime, last);
        thread::scope(|scope| {
            scope.spawn(|| send(&post, last, || sleepers.all_asleep(1)));
            all(&runtime, vec![task]);
        });
    });
}

/// Each is given work of every kind, and dropped in the middle of it.
#[test]
fn short_lived_runtimes_leave_nothing() {
    let _alone = ALONE.lock().unwrap();
    let began = Instant::now();
    let number = part_of(10_000, 200);
    let before = (threads(), descriptors());
    for life in 0..number {
        let runtime = match life % 4 {
            0 => Builder::new_current_thread().enable_all().build(),
            workers => Builder::new_multi_thread()
                .worker_threads(workers as usize)
                .enable_all()
                .build(),
        };
        let runtime = runtime.unwrap();
        let all_dropped = live(&runtime, life);
        assert_eq!(
            all_dropped.try_recv(),
            Err(TryRecvError::Empty),
            "in the middle"
        );
        drop(runtime);
        assert_eq!(
            all_dropped.try_recv(),
            Err(TryRecvError::Disconnected),
            "at the end"
        );
    }
    // A thread is gone a moment after it was joined. Fewer than before are no wonder:
    // other tests have ended.
    while threads() > before.0 || descriptors() > before.1 {
        assert!(
            began.elapsed() < 10 * PATIENCE,
            "threads and descriptors before: {before:?}, left: {:?}",
            (threads(), descriptors())
        );
        thread::yield_now();
    }
    println!(
        "runtimes: {number}, nothing left, in {:.1?}",
        began.elapsed()
    );
}

/// A socket, a timer, a job, and tasks that never end. What is given back is told when
/// those tasks are gone.
fn live(runtime: &Runtime, life: u64) -> mpsc::Receiver<()> {
    let (dropped, all_dropped) = mpsc::channel::<()>();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        for _ in 0..3 {
            let dropped = dropped.clone();
            kolo::spawn(async move {
                let _told_at_its_end = dropped;
                pending::<()>().await;
            });
        }
        let waits = kolo::spawn(async move {
            let _ = listener.accept().await;
        });
        let late = kolo::spawn(sleep(Duration::from_secs(3600)));
        let job = kolo::task::spawn_blocking(move || life);
        let sum = kolo::spawn(async move {
            yield_now().await;
            life
        });
        assert_eq!(job.await.unwrap() + sum.await.unwrap(), 2 * life);
        drop((waits, late));
    });
    drop(dropped);
    all_dropped
}

/// How many threads there are. The system's own number, and not the length of the list
/// in `/proc/self/task`: that breaks off where a thread ends while it is read, as another
/// test's may, which has just given way.
fn threads() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let number = status
        .lines()
        .find_map(|line| line.strip_prefix("Threads:"))
        .unwrap();
    number.trim().parse().unwrap()
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}
