//! **Does an idle runtime sleep?** How often its threads go to sleep again in a
//! second in which nothing happens, as the kernel counts voluntary context
//! switches. Each is a wake-up that costs a battery or a neighbour.
//!
//! A hundred tasks are parked, a timer is armed an hour ahead, and a listener
//! waits: a wheel that has to be turned by hand shows here.
//!
//! What it does not show: connections, and what follows a burst of work (a
//! spinning runtime may go to sleep late).

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::rt;
use rt::runtime::Runtime;
use rt::sync::{Notify, oneshot};

/// Time for everything started to come to rest.
const SETTLE: Duration = Duration::from_millis(100);

/// Wake-ups per second over `millis` milliseconds of idleness.
pub fn wakeups_per_second(runtime: &Runtime, millis: u64) -> f64 {
    let (over, all_over) = oneshot::channel();
    let observer = thread::spawn(move || {
        thread::sleep(SETTLE);
        let before = voluntary_switches_of_others();
        thread::sleep(Duration::from_millis(millis));
        let after = voluntary_switches_of_others();
        // A thread that has ended since takes its count with it.
        let switches: u64 = after
            .iter()
            .map(|(thread, switches)| switches - before.get(thread).unwrap_or(&0))
            .sum();
        over.send(()).unwrap();
        switches as f64 * 1000.0 / millis as f64
    });

    runtime.block_on(async {
        let never = Arc::new(Notify::new());
        let parked: Vec<_> = (0..100)
            .map(|_| {
                let never = never.clone();
                rt::spawn(async move { never.notified().await })
            })
            .collect();
        all_over.await.unwrap();
        parked.iter().for_each(|task| task.abort());
    });
    observer.join().unwrap()
}

/// Voluntary context switches so far of each thread but the caller.
fn voluntary_switches_of_others() -> HashMap<OsString, u64> {
    let own = fs::read_link("/proc/thread-self").unwrap();
    fs::read_dir("/proc/self/task")
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| own.file_name() != Some(&entry.file_name()))
        // One that ends just now has no status any more.
        .filter_map(|entry| {
            let status = fs::read_to_string(entry.path().join("status")).ok()?;
            let switches = status
                .lines()
                .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
            Some((entry.file_name(), switches.trim().parse().unwrap()))
        })
        .collect()
}
