//! **What does one process measure of itself?** Wall time, and CPU time beside
//! it: a runtime that answers sooner because it spins has won nothing.
//!
//! CPU time is `getrusage` of the whole process, user and system, so that a
//! helper thread's work is not forgotten. It is as exact as the kernel's
//! scheduler clock, far finer than any span measured here.

use std::io;
use std::time::{Duration, Instant};

use kolo_load::Findings;
use serde::{Deserialize, Serialize};

/// What one run of a workload reports, as the child prints it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Wall nanoseconds per operation.
    pub wall: f64,
    /// CPU nanoseconds per operation.
    pub cpu: f64,
    /// What the workload counted, if that is what the row is about; of sockets,
    /// the 99th percentile of a message's time under way, in microseconds.
    pub counted: Option<f64>,
    /// The median of a message's time under way, in microseconds.
    pub p50: Option<f64>,
}

impl Reading {
    /// What a load client has read of the server beside it.
    ///
    /// # Panics
    ///
    /// If it came to nothing: there is no reading then.
    #[must_use]
    pub fn of(found: io::Result<Findings>) -> Self {
        let found = found.unwrap_or_else(|error| panic!("the load client: {error}"));
        let micros = |time: Duration| time.as_secs_f64() * 1e6;
        Self {
            wall: found.wall_each(),
            cpu: found.cpu_each(),
            counted: found.latency.map(|latency| micros(latency.p99)),
            p50: found.latency.map(|latency| micros(latency.p50)),
        }
    }
}

/// How often a workload is done before the clock starts, and after.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    pub warm_up: u64,
    pub measured: u64,
}

/// All that a row may be told of how it is to be done.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub sizes: Sizes,
    /// How many workers an executor of many threads has. `None` where executors of
    /// one thread are compared.
    pub workers: Option<usize>,
    /// At which rate messages arrive, in messages a second, where that is fixed.
    pub rate: Option<u64>,
}

/// Times `work`, which does as many operations as it is told, after a warm-up
/// in the same process.
pub fn timed(sizes: Sizes, mut work: impl FnMut(u64)) -> Reading {
    if sizes.warm_up > 0 {
        work(sizes.warm_up);
    }
    let (wall_start, cpu_start) = (Instant::now(), cpu_time());
    work(sizes.measured);
    let (wall, cpu) = (wall_start.elapsed(), cpu_time() - cpu_start);
    let per_operation = |span: Duration| span.as_nanos() as f64 / sizes.measured as f64;
    Reading {
        wall: per_operation(wall),
        cpu: per_operation(cpu),
        counted: None,
        p50: None,
    }
}

/// Reports what `work` counts, after it was given a warm-up.
pub fn counted(sizes: Sizes, mut work: impl FnMut(u64) -> f64) -> Reading {
    let mut count = 0.0;
    let reading = timed(sizes, |size| count = work(size));
    Reading {
        counted: Some(count),
        ..reading
    }
}

/// CPU time that this process has used so far, all its threads together.
#[must_use]
pub fn cpu_time() -> Duration {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: the pointer is to a writable `rusage`, which the call fills.
    let done = unsafe { libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) };
    assert_eq!(done, 0, "getrusage of oneself can't fail");
    // SAFETY: the call succeeded, so the structure is filled.
    let usage = unsafe { usage.assume_init() };
    let span = |time: libc::timeval| {
        Duration::from_secs(time.tv_sec as u64) + Duration::from_micros(time.tv_usec as u64)
    };
    span(usage.ru_utime) + span(usage.ru_stime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_warm_up_is_done_and_not_counted() {
        let mut asked = Vec::new();
        let sizes = Sizes {
            warm_up: 3,
            measured: 10,
        };
        let reading = counted(sizes, |size| {
            asked.push(size);
            size as f64
        });
        assert_eq!(asked, [3, 10]);
        assert_eq!(reading.counted, Some(10.0));
    }

    #[test]
    fn cpu_time_grows_with_work() {
        let before = cpu_time();
        let mut sum = 0u64;
        while cpu_time() == before {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(cpu_time() > before);
    }
}
