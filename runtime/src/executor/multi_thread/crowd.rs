//! **When do two workers get less done than one?** When what they poll wants the same
//! lock all the time: a semaphore that a hundred tasks wait at, a channel with many ends.
//! Each time the lock changes hands, its cache line and those of what it guards come over
//! from the other core; that takes longer than the work. With two workers up, such tasks
//! took four times as long as with one.
//!
//! ```text
//!   a stretch ends ──► 100 µs or more since the last judgement, and as many parked as then?
//!                        │ yes: was a lock found held once in 4 µs, or more often?
//!                        │ yes
//!                        ▼
//!              all of its tasks into the injector ──► parked, the word CROWDED: who stays
//!                                                     up takes them in, and rouses nobody
//! ```
//!
//! So a worker *stands back*. It never does if all the others are parked. Of many it is
//! one at a time, since those who are left begin a new judgement when one goes, until
//! they get on. The watcher's next look, 2 ms later at most, is the next trial: somebody
//! gets up for what waits there, and stands back again if nothing has changed. So work of
//! another kind has all workers again soon, and a crowd that lasts costs one part in
//! twenty for the trials.
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
//! atomics and locks of the program.
//!
//! Why nothing is forgotten: IDLE.md, case 4.

use std::time::{Duration, Instant};

use super::MultiThread;
use super::worker::Post;
use crate::loom::contention;

/// Judged is what was found in so long a time, or longer.
const WINDOW: Duration = Duration::from_micros(100);
/// A lock found held as often as once in this time is too much.
const BREATH: Duration = Duration::from_micros(4);

impl Post {
    /// Between two stretches, at `now`, with so many workers parked: would this one do
    /// better to stand back?
    pub(super) fn is_crowded(&self, parked: usize, now: Instant) -> bool {
        let (parked_then, since) = self.judged.get();
        let took = now.saturating_duration_since(since);
        if parked == parked_then && took < WINDOW {
            return false;
        }
        self.judged.set((parked, now));
        let found_held = contention::take();
        parked == parked_then && took < BREATH * found_held
    }

    /// Leaves its tasks to those who stay up.
    pub(super) fn leave_all_to(&self, others: &MultiThread) {
        debug_assert!(!self.searching.get(), "it has just polled");
        while let Some(runnable) = self.queue.pop() {
            others.injector.push(runnable);
        }
    }
}
