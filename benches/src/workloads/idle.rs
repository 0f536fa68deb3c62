//! **Does an idle runtime sleep?** How often its threads go to sleep again in a
//! second in which nothing happens, as the kernel counts voluntary context
//! switches. Each is a wake-up that costs a battery or a neighbour.
//!
//! A hundred tasks are parked, a timer is armed an hour ahead, and a listener
//! waits: a wheel that has to be turned by hand shows here.
//!
//! What it does not show: connections, and what follows a burst of work (a
//! spinning runtime may go to sleep late).

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
        let switches = voluntary_switches_of_others() - before;
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

/// Voluntary context switches so far of every thread but the caller.
fn voluntary_switches_of_others() -> u64 {
    let own = fs::read_link("/proc/thread-self").unwrap();
    fs::read_dir("/proc/self/task")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name() != own.file_name())
        // A thread that has ended in between has no status any more.
        .filter_map(|path| fs::read_to_string(path.join("status")).ok())
        .map(|status| {
            let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
            line.unwrap().trim().parse::<u64>().unwrap()
        })
        .sum()
}
