//! **How long may the loop run tasks before it looks at its driver?** Each look
//! is a system call once anything is armed, some 300 ns; each poll not looked
//! after lets an event wait. Three bounds, the tightest wins:
//!
//! - at most 61 polls (tokio's number: prime, so that it falls into step with no
//!   program);
//! - at most 8 polls of any one task: a queue of n tasks that all keep yielding
//!   gets 8 n. So a task that yields until something arrives sees it arrive
//!   within nine yields;
//! - at most about 200 µs: one clock read per look tells how long the last
//!   stretch took, and from that how many polls fit into the next.
//!
//! But never less than the last look brought. Whom a look wakes comes to the back
//! of the queue, so while those whom the look before has woken are still in
//! front, looking again would not serve anybody sooner. A thousand sockets that
//! become readable together are read in one stretch, and the system is asked
//! once, not seventeen times.
//!
//! Pure: it is told the time.

use std::mem;
use std::time::{Duration, Instant};

/// Polls between two looks, when they are short.
const MOST: u32 = 61;
/// Polls of one task between two looks.
const PER_TASK: usize = 8;
/// A stretch longer than this was too long.
const STRETCH: Duration = Duration::from_micros(200);

#[derive(Debug)]
pub(super) struct Pace {
    /// The bound that the clock adapts.
    polls: u32,
    /// How many the last look woke.
    brought: u32,
    /// The stretch that runs: how many polls it was given, and since when.
    given: u32,
    since: Option<Instant>,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self {
            polls: MOST,
            brought: 0,
            given: 0,
            since: None,
        }
    }

    /// How many polls until the next look, with `ready` tasks in the queue.
    #[inline]
    pub(super) fn next_stretch(&mut self, ready: usize) -> u32 {
        let fair = ready.max(1).saturating_mul(PER_TASK);
        let bound = u32::try_from(fair).unwrap_or(MOST).min(self.polls);
        self.given = bound.max(mem::take(&mut self.brought));
        self.given
    }

    /// A look, or a sleep, woke so many.
    #[inline]
    pub(super) fn brought(&mut self, woken: usize) {
        self.brought = u32::try_from(woken).unwrap_or(u32::MAX);
    }

    /// The loop looks, at `now`, with tasks still waiting.
    #[inline]
    pub(super) fn looked(&mut self, now: Instant) {
        if let Some(since) = self.since.replace(now) {
            let took = now.saturating_duration_since(since);
            if took > STRETCH {
                self.polls = fitting(self.given, took);
            } else if took < STRETCH / 2 && self.given >= self.polls {
                self.polls = (self.polls * 2).min(MOST);
            }
        }
    }

    /// The loop slept: the time that passed says nothing about its tasks.
    pub(super) fn slept(&mut self) {
        self.since = None;
    }
}

/// Of polls like these, how many fit into a stretch?
fn fitting(polls: u32, took: Duration) -> u32 {
    let fit = u128::from(polls) * STRETCH.as_nanos() / took.as_nanos();
    u32::try_from(fit).unwrap_or(MOST).clamp(1, MOST)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn one_yielding_task_gets_eight_polls() {
        assert_eq!(Pace::new().next_stretch(1), 8);
        assert_eq!(Pace::new().next_stretch(0), 8);
    }

    #[test]
    fn a_long_queue_gets_sixty_one() {
        assert_eq!(Pace::new().next_stretch(8), 61);
        assert_eq!(Pace::new().next_stretch(usize::MAX), 61);
    }

    #[test]
    fn long_stretches_shorten_it_and_short_ones_bring_it_back() {
        let mut pace = Pace::new();
        let mut now = Instant::now();
        let mut seen = Vec::new();
        pace.looked(now);
        for took in [400, 400, 400, 5000, 300, 150, 50, 50, 50, 50, 50, 50] {
            seen.push(pace.next_stretch(100));
            now += Duration::from_micros(took);
            pace.looked(now);
        }
        assert_eq!(seen, [61, 30, 15, 7, 1, 1, 1, 2, 4, 8, 16, 32]);
        assert_eq!(pace.next_stretch(100), 61);
    }

    #[test]
    fn what_a_look_brought_is_served_before_the_next() {
        let mut pace = Pace::new();
        let mut now = Instant::now();
        pace.looked(now);
        pace.brought(1000);
        assert_eq!(pace.next_stretch(1000), 1000);
        // It took 4 µs a poll, of which 50 fit into 200 µs.
        now += Duration::from_millis(4);
        pace.looked(now);
        assert_eq!(pace.next_stretch(1000), 50);
        pace.brought(3);
        assert_eq!(pace.next_stretch(1000), 50);
    }

    #[test]
    fn sleep_is_not_held_against_the_tasks() {
        let mut pace = Pace::new();
        let now = Instant::now();
        pace.looked(now);
        pace.next_stretch(100);
        pace.slept();
        pace.looked(now + Duration::from_secs(1));
        assert_eq!(pace.next_stretch(100), 61);
    }
}
