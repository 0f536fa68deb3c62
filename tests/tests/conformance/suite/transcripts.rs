//! **Do both libraries tell the same story?** Programs made from a seed, run on
//! a paused clock, on one thread. Where the order is defined (distinct
//! deadlines, first come first served) the transcripts must be equal, line by
//! line. `yield_now` is left out: tokio runs a task that yielded after all that
//! are ready, kolo after those that were ready then.

use std::sync::Arc;
use std::time::Duration;

use kolo_tests::Transcript;

use super::rt;
use rt::sync::{Mutex, Notify, Semaphore, mpsc, oneshot};
use rt::time::{Instant, sleep, timeout};

/// A program: from a seed to what it wrote.
pub(crate) type Program = fn(u64) -> Vec<String>;

/// All of them, by name.
pub(crate) const PROGRAMS: &[(&str, Program)] = &[
    ("same_sleeps_and_spawns", sleeps_and_spawns),
    ("same_channels", channels),
    ("same_locks", locks),
    ("same_cancellations", cancellations),
    ("same_notifications", notifications),
];

/// A small generator (splitmix64): the same numbers on both sides.
#[derive(Clone)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    /// Milliseconds that no other task `i` of 16 can hit: its own residue.
    fn delay(&mut self, i: u64) -> Duration {
        Duration::from_millis(self.roll(60) * 16 + i)
    }
}

/// The transcript with the paused clock's time before each line.
#[derive(Clone)]
struct Log {
    lines: Transcript,
    start: Instant,
}

impl Log {
    fn say(&self, line: String) {
        self.lines
            .say(format!("{:>6} {line}", self.start.elapsed().as_millis()));
    }
}

fn tell<F: Future<Output = ()>>(program: impl FnOnce(Log) -> F) -> Vec<String> {
    let runtime = rt::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let lines = Transcript::new();
    runtime.block_on(async {
        program(Log {
            lines: lines.clone(),
            start: Instant::now(),
        })
        .await;
    });
    drop(runtime);
    lines.lines()
}

/// Sleeps until the next instant that is `i` modulo 16, at least `rolls` rounds away.
async fn sleep_to_own(log: &Log, dice: &mut Dice, i: u64) {
    let now = u64::try_from(log.start.elapsed().as_millis()).unwrap();
    let target = (now / 16 + 1 + dice.roll(60)) * 16 + i;
    sleep(Duration::from_millis(target - now)).await;
}

fn sleeps_and_spawns(seed: u64) -> Vec<String> {
    tell(|log| async move {
        let tasks: Vec<_> = (0..16)
            .map(|i| {
                let (log, mut dice) = (log.clone(), Dice(seed << 8 | i));
                rt::spawn(async move {
                    for round in 0..4 {
                        sleep_to_own(&log, &mut dice, i).await;
                        log.say(format!("task {i} round {round}"));
                        let child = rt::spawn({
                            let log = log.clone();
                            async move { log.say(format!("child of {i} in round {round}")) }
                        });
                        if dice.roll(2) == 0 {
                            child.await.unwrap();
                            log.say(format!("task {i} joined"));
                        }
                    }
                })
            })
            .collect();
        for (i, task) in tasks.into_iter().enumerate() {
            task.await.unwrap();
            log.say(format!("main joined {i}"));
        }
    })
}

fn channels(seed: u64) -> Vec<String> {
    tell(|log| async move {
        let mut dice = Dice(seed);
        let (tx, mut rx) = mpsc::channel(1 + usize::try_from(dice.roll(3)).unwrap());
        for i in 0..8 {
            let (log, tx, mut dice) = (log.clone(), tx.clone(), Dice(seed << 8 | i));
            rt::spawn(async move {
                for message in 0..5 {
                    if dice.roll(2) == 0 {
                        sleep_to_own(&log, &mut dice, i).await;
                    }
                    tx.send((i, message)).await.unwrap();
                    log.say(format!("{i} sent {message}"));
                }
            });
        }
        drop(tx);
        while let Some((i, message)) = rx.recv().await {
            log.say(format!("got {message} of {i}"));
            if dice.roll(3) == 0 {
                sleep_to_own(&log, &mut dice, 8).await;
            }
        }
        log.say("closed".into());
    })
}

fn locks(seed: u64) -> Vec<String> {
    tell(|log| async move {
        let mutex = Arc::new(Mutex::new(0));
        let semaphore = Arc::new(Semaphore::new(3));
        let tasks: Vec<_> = (0..10)
            .map(|i| {
                let (log, mut dice) = (log.clone(), Dice(seed << 8 | i));
                let (mutex, semaphore) = (mutex.clone(), semaphore.clone());
                rt::spawn(async move {
                    for _ in 0..4 {
                        sleep_to_own(&log, &mut dice, i).await;
                        let wanted = 1 + u32::try_from(dice.roll(3)).unwrap();
                        let permits = semaphore.acquire_many(wanted).await.unwrap();
                        log.say(format!("{i} has {wanted} permits"));
                        let mut count = mutex.lock().await;
                        *count += 1;
                        log.say(format!("{i} counts {count}"));
                        if dice.roll(2) == 0 {
                            sleep_to_own(&log, &mut dice, i).await;
                        }
                        drop(count);
                        drop(permits);
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    })
}

fn cancellations(seed: u64) -> Vec<String> {
    tell(|log| async move {
        let mut dice = Dice(seed);
        let mutex = Arc::new(Mutex::new(()));
        let mut tasks = Vec::new();
        for i in 0..12 {
            let (log, mutex) = (log.clone(), mutex.clone());
            let (work, patience) = (dice.delay(i), dice.delay(i) + Duration::from_millis(160));
            tasks.push(rt::spawn(async move {
                let locked = timeout(patience, async {
                    let _guard = mutex.lock().await;
                    log.say(format!("{i} locked"));
                    sleep(work).await;
                    log.say(format!("{i} worked"));
                });
                let result = locked.await;
                log.say(format!(
                    "{i}: {}",
                    if result.is_ok() { "done" } else { "gave up" }
                ));
            }));
        }
        for (i, task) in tasks.into_iter().enumerate() {
            if dice.roll(4) == 0 {
                task.abort();
            }
            let ended = match task.await {
                Ok(()) => "ended",
                Err(e) if e.is_cancelled() => "cancelled",
                Err(_) => "panicked",
            };
            log.say(format!("{i} {ended}"));
        }
    })
}

fn notifications(seed: u64) -> Vec<String> {
    tell(|log| async move {
        let notify = Arc::new(Notify::new());
        let mut dice = Dice(seed);
        let mut ends = Vec::new();
        for i in 0..6 {
            let (log, notify) = (log.clone(), notify.clone());
            let (tx, rx) = oneshot::channel::<()>();
            ends.push(rx);
            rt::spawn(async move {
                let _tx = tx;
                for round in 0..3 {
                    notify.notified().await;
                    log.say(format!("{i} notified, round {round}"));
                }
            });
        }
        for mut end in ends {
            while end.try_recv() == Err(oneshot::error::TryRecvError::Empty) {
                sleep(dice.delay(6) + Duration::from_millis(16)).await;
                if dice.roll(3) == 0 {
                    log.say("all".into());
                    notify.notify_waiters();
                } else {
                    log.say("one".into());
                    notify.notify_one();
                }
            }
        }
    })
}
