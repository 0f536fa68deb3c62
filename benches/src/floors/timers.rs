//! **The floors of timers**: deadlines in a table, a sorted list, a timerfd.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::FromRawFd;
use std::time::{Duration, Instant};

use super::{Boxed, bare_loop, yield_once};
use crate::libraries::kolo::timers::{SLEEPERS, TIMEOUT_TASKS, nap};
use crate::stats::median;

/// The floor of `timers::timeouts`: each task has a slot for its deadline.
/// Nobody looks for the earliest one, for none is ever near.
pub fn timeouts(count: u64) {
    let each = count.div_ceil(TIMEOUT_TASKS);
    let deadlines: Vec<Cell<Option<Instant>>> =
        (0..TIMEOUT_TASKS).map(|_| Cell::new(None)).collect();
    let tasks = deadlines.iter().map(|deadline| -> Boxed<'_> {
        Box::pin(async move {
            for _ in 0..each {
                deadline.set(Some(Instant::now() + Duration::from_secs(30)));
                yield_once().await;
                assert!(deadline.take().is_some());
            }
        })
    });
    bare_loop(tasks.collect());
}

/// As fine as kolo's wheel turns.
const TICK: Duration = Duration::from_nanos(1_000_000_000 >> 14);

/// The floor of `timers::sleeps`.
pub fn sleeps(count: u64) {
    let mut left = count;
    while left > 0 {
        let batch = left.min(SLEEPERS);
        let start = Instant::now();
        let mut sleepers: Vec<(Instant, Boxed<'_>)> = (0..batch)
            .map(|i| -> (_, Boxed<'_>) { (start + nap(i), Box::pin(yield_once())) })
            .collect();
        // The latest first: those that are due are taken from the end.
        sleepers.sort_unstable_by_key(|(deadline, _)| std::cmp::Reverse(*deadline));
        while let Some((next, _)) = sleepers.last() {
            std::thread::sleep((*next + TICK).saturating_duration_since(Instant::now()));
            let now = Instant::now();
            let due = sleepers
                .iter()
                .rev()
                .take_while(|(deadline, _)| *deadline <= now)
                .count();
            let due = sleepers.split_off(sleepers.len() - due);
            bare_loop(due.into_iter().map(|(_, sleeper)| sleeper).collect());
        }
        left -= batch;
    }
}

/// The floor of `timers::lateness`, in microseconds: a blocking thread and a
/// timerfd, whose wake-up is not put off by the thread's timer slack.
pub fn lateness(count: u64) -> f64 {
    const NAP: Duration = Duration::from_millis(1);
    let mut timer = timerfd().unwrap();
    let mut late = Vec::new();
    for _ in 0..count {
        let start = Instant::now();
        arm(&timer, NAP).unwrap();
        timer.read_exact(&mut [0; 8]).unwrap();
        let by = start
            .elapsed()
            .checked_sub(NAP)
            .expect("no timer fires early");
        late.push(by.as_secs_f64() * 1e6);
    }
    median(&late)
}

fn timerfd() -> io::Result<File> {
    // SAFETY: no pointers are passed; the descriptor returned is ours alone.
    let fd = unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_CLOEXEC) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: `fd` was just opened and belongs to nobody else.
    Ok(unsafe { File::from_raw_fd(fd) })
}

fn arm(timer: &File, after: Duration) -> io::Result<()> {
    use std::os::fd::AsRawFd;

    let zero = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let spec = libc::itimerspec {
        it_interval: zero,
        it_value: libc::timespec {
            tv_nsec: after.subsec_nanos().into(),
            ..zero
        },
    };
    // SAFETY: `spec` lives through the call; a null old value is allowed.
    let done = unsafe {
        libc::timerfd_settime(timer.as_raw_fd(), 0, &raw const spec, std::ptr::null_mut())
    };
    if done < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
