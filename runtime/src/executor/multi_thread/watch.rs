//! **What becomes of a runtime whose worker is stuck in a long poll?** While any worker
//! is up, one that is parked *watches*: it gets up every few milliseconds and sees
//! whether the others get on.
//!
//! A poll that computes for 50 ms keeps two things from others: the tasks in its
//! worker's LIFO slot, which nobody was roused for and thieves leave alone, and the
//! driver, if no parked worker lies in it. The watcher compares how many polls each
//! worker has begun with what it saw one tick ago. Who is up and has begun none is
//! stuck: the watcher takes its slot and what else it can steal, and the driver if that
//! is free. So neither waits longer than two ticks.
//!
//! With all workers parked and no poll begun for a tick, the watcher stops looking:
//! an idle runtime wakes up zero times a second. Whoever gets up next appoints another
//! (`idle.rs`).
//!
//! What it does not do: start another thread. If all workers are up there is nobody to
//! watch, and those that get on look at the driver themselves.
//!
//! Sources: tokio's issues 4730 and 6315 (the driver), 4941 (the slot; made stealable
//! for all, it cost wakes, and that was taken back: 8065, 8100).

use std::time::Duration;

use super::worker::{Post, Worker};
use crate::driver::Driver;
use crate::loom::sync::MutexGuard;
use crate::trace::Event;

/// How long the watcher sleeps between two looks. Twice this, and two wake-ups of a
/// thread, is how long a stuck worker holds anything hostage.
pub(super) const TICK: Duration = Duration::from_millis(3);

impl Worker {
    /// Notes how many polls each worker has begun. How many it is more than before, and
    /// which workers began none.
    pub(super) fn note_polls(&self, post: &Post) -> (bool, Vec<usize>) {
        let mut seen = post.seen.borrow_mut();
        let mut still = Vec::new();
        for (index, station) in self.executor.stations.iter().enumerate() {
            let polls = station.tally.count(Event::Poll);
            if std::mem::replace(&mut seen[index], polls) == polls && index != post.index {
                still.push(index);
            }
        }
        (still.len() + 1 == seen.len(), still)
    }

    /// One look of the watcher, which lies parked.
    pub(super) fn watch<'a>(&'a self, post: &Post, driver: &mut Option<MutexGuard<'a, Driver>>) {
        let executor = &*self.executor;
        let (nothing_moved, still) = self.note_polls(post);
        let all_parked = executor
            .idle
            .look_around(post.index)
            .is_some_and(|around| around.all_parked);
        if nothing_moved && all_parked {
            executor.idle.doze_off(post.index);
            return;
        }
        for stuck in still {
            if executor.idle.is_parked(stuck) {
                continue;
            }
            let queue = &executor.stations[stuck].queue;
            if let Some(hostage) = queue.take_slot() {
                post.queue.push(hostage);
            }
            if let super::Steal::Success(stolen) = post.queue.steal_from(queue) {
                post.queue.push(stolen);
            }
            if driver.is_none() {
                *driver = executor.driver.try_lock();
                executor.idle.settle(post.index, driver.is_some());
            }
        }
    }
}
