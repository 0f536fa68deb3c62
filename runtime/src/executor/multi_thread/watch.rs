//! **What becomes of a runtime whose worker is stuck in a long poll?** While any worker
//! is up, one that is parked *watches*: it gets up every few milliseconds and sees
//! whether the others get on.
//!
//! A poll that computes for 50 ms keeps three things from others: the tasks in its
//! worker's deque, if nobody was roused for them; the task in its LIFO slot, which
//! thieves leave alone; and the driver, if no parked worker lies in it. At each look the
//! watcher gets up if there is anything in the queues: so the first wait one tick at
//! most. And it compares how many polls each worker has begun with what it saw a tick
//! ago, or longer. Who is up and has begun none is stuck: the watcher takes its slot, and
//! the driver if that is free. So neither waits longer than two ticks.
//!
//! A tick is counted from the last look, whether the watcher slept meanwhile or was
//! roused and worked: it looks when it lies down after the tick is over. Nor is a sleep
//! that ends early a look. (Who stands back from a crowd then looks for the stuck before it
//! lies down, or it would find, at once, the tasks that it has just left to the others.)
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

use std::time::{Duration, Instant};

use super::worker::{Post, Worker};
use crate::driver::Driver;
use crate::loom::sync::MutexGuard;
use crate::trace::Event;

/// How long the watcher sleeps between two looks. Twice this, and two wake-ups of a
/// thread, is how long a stuck worker holds anything hostage.
pub(super) const TICK: Duration = Duration::from_millis(2);
/// Who begins a poll as often as this, on average, soon looks around.
const BRISK: Duration = Duration::from_millis(1);

impl Post {
    /// It ran dry at `now`, with so many polls begun by the others. Had it got up to
    /// search, while they get on so fast that what waits for them does not wait long?
    pub(super) fn was_needless(&self, begun: u64, now: Instant) -> bool {
        let (before, at) = self.others_begun.get();
        let time = now.saturating_duration_since(at);
        if time > TICK {
            self.others_begun.set((begun, now));
        }
        let brisk = time.as_nanos() / BRISK.as_nanos() < u128::from(begun - before);
        brisk && self.up_to_search.get()
    }
}

impl Worker {
    /// How many polls the others have begun.
    pub(super) fn begun_by_others(&self, post: &Post) -> u64 {
        (self.executor.stations.iter().enumerate())
            .filter(|&(index, _)| index != post.index)
            .map(|(_, station)| station.tally.count(Event::Poll))
            .sum()
    }

    /// How long a parked worker may sleep until it has to look around; without end, if
    /// it isn't the watcher. (No model may come here with more than one worker: it
    /// depends on the time.)
    pub(super) fn left_of_tick(&self, post: &Post, watching: bool) -> Option<Duration> {
        watching.then(|| TICK.saturating_sub(post.seen_at.get().elapsed()))
    }

    /// Notes how many polls each worker has begun. Who has begun none since the last
    /// time, the watcher aside?
    fn note_polls(&self, post: &Post) -> Vec<usize> {
        post.seen_at.set(Instant::now());
        let mut seen = post.seen.borrow_mut();
        let mut still = Vec::new();
        for (index, station) in self.executor.stations.iter().enumerate() {
            let polls = station.tally.count(Event::Poll);
            if std::mem::replace(&mut seen[index], polls) == polls && index != post.index {
                still.push(index);
            }
        }
        still
    }

    /// Takes the task in the slot of each that is stuck: up, and none begun. How many stand
    /// still, those who are parked among them, and is anybody stuck?
    pub(super) fn look_for_stuck(&self, post: &Post) -> (usize, bool) {
        let executor = &*self.executor;
        let still = self.note_polls(post);
        let is_up = |&worker: &usize| executor.idle.look_around(worker).is_none();
        let mut any = false;
        for stuck in still.iter().copied().filter(is_up) {
            any = true;
            if let Some(hostage) = executor.stations[stuck].queue.take_slot() {
                post.queue.push(hostage);
            }
        }
        (still.len(), any)
    }

    /// One look of the watcher, which lies parked, a tick after the one before. True:
    /// there is something to search for.
    pub(super) fn watch<'a>(
        &'a self,
        post: &Post,
        driver: &mut Option<MutexGuard<'a, Driver>>,
        all_parked: bool,
    ) -> bool {
        let executor = &*self.executor;
        let (still, stuck) = self.look_for_stuck(post);
        if all_parked && still + 1 == executor.stations.len() {
            executor.idle.doze_off(post.index);
            return false;
        }
        if stuck && driver.is_none() {
            *driver = executor.driver.try_lock();
            executor.idle.settle(post.index, driver.is_some());
        }
        let found = executor.has_work();
        // In a crowd it gets up alone, and sees whether that is over.
        let on_trial = found && executor.idle.glance().is_crowded();
        post.on_trial.set(on_trial);
        if !on_trial {
            executor.idle.end_hush();
        }
        found
    }
}
