//! **When do two workers get less done than one?** When what they poll wants the same
//! lock all the time: a semaphore that a hundred tasks wait at, a channel with many ends.
//! Each time the lock changes hands, its cache line and those of what it guards come over
//! from the other core; that takes longer than the work. With two workers up, such tasks
//! took four times as long as with one.
//!
//! ```text
//!   a look, 50 µs or more since the last judgement, and as many parked as then:
//!     was a lock found held once in 4 µs, or more often?
//!        │ no: if it is on trial, the crowd is over, and who pushes rouses others again
//!        │ yes
//!        ▼
//!     all of its tasks into the injector ──► parked, the word CROWDED: who stays up takes
//!        ▲                                   them in, and rouses nobody
//!        │ still held                           │ a tick of the watcher, 2 ms
//!        └────────── on trial ◄─────────────────┘ with anything to take: it gets up, alone
//! ```
//!
//! So a worker *stands back*. It never does if all the others are parked. Of many it is
//! about one at a time, since those who are left begin a new judgement when one goes,
//! until they get on; and one at a time comes back. So work of another kind has all
//! workers again soon, and a crowd that lasts costs one part in twelve for the trials.
//! Where polls take long one by one, others are roused all the same (`share` in
//! `worker.rs`): there a worker more is worth a lock that is held now and then.
//!
//! # Why 4 µs
//!
//! Be a poll alone `t`, and `c` the locks that it finds held if two workers are up, each
//! of which costs `w`. Two get more done than one as long as `t + cw < 2t`, that is, as
//! long as they find a lock held less often than once in `2w` of their time. In the row
//! `semaphore` of `compare`, `w` was 3 µs (on two cores of a Xeon; waiting for the lock is
//! a third of it, the rest are cache lines that come late). Break-even was at 6 µs, and 4
//! errs on the side of more workers. Tasks that compute for a while between two locks are
//! far from it.
//!
//! What it does not see: cache lines that are contended without a lock of kolo's, as in
//! atomics and locks of the program; and who it is that holds the lock. If that is a
//! thread outside, to stand back helps nobody, and another worker does the same work.
//!
//! Sources: that fewer threads at a contended lock get more done, and that those who are
//! too many should sleep, is Dice's (Malthusian Locks, 2017). There the lock chooses who
//! waits; here it is a worker that does, and its tasks go on elsewhere.
//!
//! Why nothing is forgotten: IDLE.md, case 4. Read next: `watch.rs`, whose look is the next
//! trial.

use std::time::{Duration, Instant};

use super::MultiThread;
use super::worker::{Post, Worker};
use crate::loom::contention;

/// Judged is what was found in so long a time, or longer.
const WINDOW: Duration = Duration::from_micros(50);
/// A lock found held as often as once in this time is too much.
const BREATH: Duration = Duration::from_micros(4);

impl Post {
    /// Between two stretches, at `now`, with so many workers parked: would this one do
    /// better to stand back? `None`: it is too early to tell. It begins anew after a
    /// sleep, so that each time up is long enough for the pace to be found.
    pub(super) fn is_crowded(&self, parked: usize, now: Instant) -> Option<bool> {
        if let Some((parked_then, since)) = self.judged.get()
            && parked_then == parked
        {
            let took = now.saturating_duration_since(since);
            return (took >= WINDOW).then(|| {
                self.judged.set(Some((parked, now)));
                took < BREATH * contention::take()
            });
        }
        contention::take();
        self.judged.set(Some((parked, now)));
        None
    }

    /// Leaves its tasks to those who stay up.
    fn leave_all_to(&self, others: &MultiThread) {
        debug_assert!(!self.searching.get(), "it has just polled");
        while let Some(runnable) = self.queue.pop() {
            others.injector.push(runnable);
        }
    }
}

impl Worker {
    /// Does it do better to stand back? If it was on trial, and does not, that ends the
    /// crowd.
    pub(super) fn is_crowded(&self, post: &Post, now: Instant) -> bool {
        let idle = &self.executor.idle;
        let parked = idle.glance().parked() as usize;
        match post.is_crowded(parked, now) {
            Some(true) => parked + 1 < self.executor.stations.len(),
            Some(false) if post.on_trial.take() => {
                idle.end_hush();
                false
            }
            Some(false) | None => false,
        }
    }

    /// Too many are up: leaves its tasks to the others, and sleeps.
    pub(super) fn stand_back(&self, post: &Post) {
        self.before_park();
        // Its next look is a tick from now, or soon after one; else it would be at once.
        if self.left_of_tick(post, true) == Some(Duration::ZERO) {
            self.look_for_stuck(post);
        }
        post.leave_all_to(&self.executor);
        if self.executor.idle.stand_back(post.index) {
            // It left work behind, and is not to search for that.
            self.lie(post, Instant::now(), self.executor.idle.is_closed());
        }
        self.after_park(post);
    }
}
