//! **How long may the loop run tasks before it looks at its driver?** Each look
//! is a system call once anything is armed, some 300 ns; each poll not looked
//! after lets an event wait. Three bounds, the tightest wins:
//!
//! - at most 61 polls (tokio's number: prime, so that it falls into step with no
//!   program);
//! - at most 8 rounds, a round being as many polls as tasks are ready when it
//!   begins. So a task that yields until something arrives sees it arrive within
//!   nine yields, however many others run beside it, or cease to;
//! - at most about 200 µs: the clock tells how long the polls take, and from that how
//!   many fit into the next stretch. As long as 61 do it is read once in as many, and at
//!   every look from then on: so the first 61 that take long come as a surprise, no more.
//!
//! What a look wakes comes to the back of the queue. So while those whom the look
//! before has woken still stand in front, another serves nobody here sooner, and
//! the driver is not asked: a thousand sockets that become readable together are
//! read one after the other, and the system is asked once, not seventeen times. For
//! those who wait for this driver elsewhere (a second `block_on`, another runtime's
//! task) it is asked again after 5 ms all the same.
//!
//! # Is it worth a wake?
//!
//! One of many loops asks two things more: are these tasks worth that another thread is
//! woken up for them? After a sleep yes, unless it is known that they are short: of what
//! is not known, or took long lately, the worst is expected. In a hush no, unless it is
//! known that they are long, by two stretches in a row, for in a hush experience speaks
//! against it.
//!
//! Pure: it is told the time.

use std::mem;
use std::time::{Duration, Instant};

/// Polls between two looks, when they are short.
const MOST: u32 = 61;
/// Rounds between two looks.
const ROUNDS: u32 = 8;
/// A stretch longer than this was too long.
const STRETCH: Duration = Duration::from_micros(200);
/// A poll that takes longer is a long one.
const LONG: Duration = Duration::from_micros(20);
/// What is expected to take no longer is kept: another thread, woken up for it, could
/// hardly begin sooner. If it takes longer after all, the watcher comes.
const SOON: Duration = Duration::from_micros(50);
/// Those whom a look woke put off the next look no longer than this.
const LONGEST: Duration = Duration::from_millis(5);

pub(super) struct Pace {
    /// The bound that the clock adapts.
    polls: u32,
    /// How many whom the last look woke may still stand in the queue.
    brought: usize,
    /// How long ago the driver was last known to be asked.
    asked_ago: Duration,
    /// How long a poll took in the last two stretches.
    each: [Duration; 2],
    /// The same of each task that a sleep ended with, and of what followed from it: the
    /// worst of late, which is slowly forgotten.
    each_woken: Option<Duration>,
    /// With how many the time up began, if it is known.
    woken: u32,
    /// When the clock was last read, if the loop has not slept since, and the polls of the
    /// stretches from then on.
    since: Option<Instant>,
    untimed: u32,
    /// The stretch that runs: the polls left of it, its rounds so far.
    left: u32,
    rounds: u32,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self {
            polls: MOST,
            brought: 0,
            asked_ago: Duration::ZERO,
            each: [Duration::ZERO; 2],
            each_woken: None,
            woken: 0,
            since: None,
            untimed: 0,
            left: MOST,
            rounds: 0,
        }
    }

    /// How many polls the next round has, with `ready` tasks in the queue; none if the
    /// stretch is over.
    #[inline]
    pub(super) fn next_round(&mut self, ready: usize) -> u32 {
        let round = ready.max(1).min(self.left as usize) as u32;
        self.left -= round;
        self.rounds += 1;
        round
    }

    /// So many polls of the last round are left over: others took those tasks.
    pub(super) fn ran_dry(&mut self, left: u32) {
        self.left = self.polls.min(self.left + left);
    }

    /// Would so many polls take so long that another thread, which has to wake up first,
    /// could relieve this one of a good part? One stretch that took long is no proof: the
    /// system may have had something else for this core. In a crowd, where the other would
    /// be in this one's way, each must be a long one too.
    pub(super) fn is_worth_a_wake(&self, polls: usize, crowded: bool) -> bool {
        let polls = u32::try_from(polls).unwrap_or(u32::MAX);
        let each = self.each[0].min(self.each[1]);
        each.saturating_mul(polls) > STRETCH && !(crowded && each <= LONG)
    }

    /// The loop wakes up to so many tasks. Are they done before another could have woken
    /// up?
    pub(super) fn woke_to_little(&mut self, tasks: usize) -> bool {
        self.woken = u32::try_from(tasks).unwrap_or(u32::MAX);
        let each = self.each_woken.unwrap_or(Duration::MAX);
        each.saturating_mul(self.woken) <= SOON
    }

    /// The loop goes to sleep, after so long a time up. (Where others took a part of what
    /// it woke up to, each took longer than is assumed here: as many times as long as there
    /// were threads at it, at most.)
    pub(super) fn was_up(&mut self, took: Duration) {
        if let Some(each) = took.checked_div(mem::take(&mut self.woken)) {
            let before = self.each_woken.unwrap_or_default();
            self.each_woken = Some(each.max(before - before / 8));
        }
    }

    /// How many polls the stretch that runs had.
    pub(super) fn given(&self) -> u32 {
        self.polls - self.left
    }

    /// Is it time to look?
    #[inline]
    pub(super) fn is_stretch_over(&self) -> bool {
        self.left == 0 || self.rounds >= ROUNDS
    }

    /// A look, or a sleep, woke at most so many, with `ready` tasks now in the queue.
    #[inline]
    pub(super) fn brought(&mut self, woken: usize, ready: usize) {
        self.brought = woken.min(ready);
    }

    /// A stretch is over. Does this look want the time?
    #[inline]
    pub(super) fn wants_time(&self) -> bool {
        self.polls < MOST || self.since.is_none() || self.untimed + self.given() >= MOST
    }

    /// A stretch is over, with tasks still waiting; the time, if it was wanted. Is the
    /// driver to be asked?
    #[inline]
    pub(super) fn looked(&mut self, now: Option<Instant>) -> bool {
        let given = self.given();
        self.untimed += given;
        if let Some(now) = now {
            self.timed(now);
        }
        self.brought = self.brought.saturating_sub(given as usize);
        (self.left, self.rounds) = (self.polls, 0);
        let ask = self.brought == 0 || self.asked_ago > LONGEST;
        if ask {
            self.asked_ago = Duration::ZERO;
        }
        ask
    }

    /// The clock was read.
    fn timed(&mut self, now: Instant) {
        let polled = mem::take(&mut self.untimed).max(1);
        let Some(since) = self.since.replace(now) else {
            return;
        };
        let took = now.saturating_duration_since(since);
        self.asked_ago += took;
        self.each = [self.each[1], took / polled];
        if took > STRETCH {
            self.polls = (polled / 2).clamp(1, MOST);
        } else if self.polls < MOST && self.each[1] * self.polls < STRETCH / 2 {
            self.polls = (self.polls * 2).min(MOST);
        }
    }

    /// The loop slept: the time that passed says nothing about its tasks.
    pub(super) fn slept(&mut self) {
        self.since = None;
        self.woken = 0;
        self.untimed = 0;
        self.asked_ago = Duration::ZERO;
        (self.left, self.rounds) = (self.polls, 0);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// The polls of one stretch, with always so many ready.
    fn stretch(pace: &mut Pace, ready: usize) -> u32 {
        let mut polls = 0;
        loop {
            polls += pace.next_round(ready);
            if pace.is_stretch_over() {
                return polls;
            }
        }
    }

    #[test]
    fn one_yielding_task_gets_eight_polls() {
        assert_eq!(stretch(&mut Pace::new(), 1), 8);
        assert_eq!(stretch(&mut Pace::new(), 0), 8);
    }

    #[test]
    fn a_long_queue_gets_sixty_one() {
        assert_eq!(stretch(&mut Pace::new(), 8), 61);
        assert_eq!(stretch(&mut Pace::new(), usize::MAX), 61);
    }

    #[test]
    fn who_is_left_alone_gets_no_more_than_its_rounds() {
        let mut pace = Pace::new();
        let rounds = [2, 1, 1, 1, 1, 1, 1, 1];
        for (round, ready) in rounds.into_iter().enumerate() {
            assert!(!pace.is_stretch_over(), "{round}");
            assert_eq!(pace.next_round(ready), ready as u32);
        }
        assert!(pace.is_stretch_over());
    }

    #[test]
    fn long_stretches_halve_it_and_short_ones_bring_it_back() {
        let mut pace = Pace::new();
        let mut now = Instant::now();
        let mut seen = Vec::new();
        pace.looked(Some(now));
        for took in [
            300, 300, 300, 300, 300, 300, 300, 150, 50, 50, 50, 50, 50, 50,
        ] {
            seen.push(stretch(&mut pace, 100));
            now += Duration::from_micros(took);
            pace.looked(Some(now));
        }
        assert_eq!(seen, [61, 30, 15, 7, 3, 1, 1, 1, 1, 2, 4, 8, 16, 32]);
        assert_eq!(stretch(&mut pace, 100), 61);
    }

    /// How many polls of so many microseconds each, until the driver is asked?
    fn polls_until_asked(pace: &mut Pace, now: &mut Instant, ready: usize, each: u64) -> u32 {
        let mut polls = 0;
        loop {
            let given = stretch(pace, ready);
            polls += given;
            *now += given * Duration::from_micros(each);
            if pace.looked(Some(*now)) {
                return polls;
            }
        }
    }

    #[test]
    fn a_backlog_that_lasts_is_worth_a_wake() {
        let (mut pace, now) = (Pace::new(), Instant::now());
        pace.looked(Some(now));
        assert!(
            !pace.is_worth_a_wake(1_000_000, false),
            "nothing is known yet"
        );
        stretch(&mut pace, 100);
        pace.looked(Some(now + 61 * Duration::from_micros(2)));
        assert!(
            !pace.is_worth_a_wake(101, false),
            "it may have been an accident"
        );
        stretch(&mut pace, 100);
        pace.looked(Some(now + 2 * 61 * Duration::from_micros(2)));
        assert!(!pace.is_worth_a_wake(100, false));
        assert!(pace.is_worth_a_wake(101, false));
        assert!(
            !pace.is_worth_a_wake(1_000_000, true),
            "short ones, in a crowd"
        );
    }

    #[test]
    fn what_was_short_of_late_is_little() {
        let (short, long) = (Duration::from_micros(5), Duration::from_millis(1));
        let mut pace = Pace::new();
        assert!(!pace.woke_to_little(1), "nothing is known yet");
        pace.was_up(short);
        assert!(pace.woke_to_little(10));
        assert!(!pace.woke_to_little(11));
        assert!(!pace.woke_to_little(usize::MAX));
        pace.slept();
        pace.was_up(long);
        assert!(pace.woke_to_little(1), "what the time was for is not known");
        pace.was_up(long);
        let until_forgotten = (1..100).find(|_| {
            let little = pace.woke_to_little(2);
            pace.was_up(2 * short);
            little
        });
        assert_eq!(until_forgotten, Some(29), "times up");
    }

    /// Of 61 polls that were to be, two came about, and took 300 µs.
    #[test]
    fn what_thieves_took_is_no_poll() {
        let (mut pace, now) = (Pace::new(), Instant::now());
        pace.looked(Some(now));
        assert_eq!(pace.next_round(100), 61);
        pace.ran_dry(60);
        assert!(!pace.is_stretch_over());
        assert_eq!(pace.next_round(1), 1);
        assert_eq!(pace.given(), 2);
        pace.looked(Some(now + Duration::from_micros(300)));
        assert_eq!(stretch(&mut pace, 100), 1);
        pace.looked(Some(now + Duration::from_micros(450)));
        assert!(pace.is_worth_a_wake(2, true), "150 µs each, twice");
    }

    /// Two tasks that yield: a stretch has 16 polls, eight rounds of two.
    #[test]
    fn short_polls_are_timed_once_in_sixty_one() {
        let (mut pace, mut now) = (Pace::new(), Instant::now());
        let mut timed = |pace: &mut Pace, each| {
            let given = stretch(pace, 2);
            now += given * Duration::from_micros(each);
            let wanted = pace.wants_time();
            pace.looked(wanted.then_some(now));
            (given, wanted)
        };
        assert_eq!(timed(&mut pace, 1), (16, true), "nothing is known yet");
        for look in 1..=8 {
            assert_eq!(timed(&mut pace, 1), (16, look % 4 == 0));
        }
        // From here on they take long, which is known after 61.
        for look in 1..=4 {
            assert_eq!(timed(&mut pace, 110), (16, look == 4));
        }
        let seen: Vec<_> = (0..5).map(|_| timed(&mut pace, 110)).collect();
        assert_eq!(seen, [16, 8, 4, 2, 1].map(|given| (given, true)));
        // Short again: as many as before, for eight rounds are not all that would fit.
        let seen: Vec<_> = (0..7).map(|_| timed(&mut pace, 1)).collect();
        assert_eq!(seen[..5], [1, 2, 4, 8, 16].map(|given| (given, true)));
        assert_eq!(seen[5..], [(16, true), (16, false)]);
    }

    #[test]
    fn what_a_look_brought_is_served_before_the_next() {
        let (mut pace, mut now) = (Pace::new(), Instant::now());
        pace.brought(1000, 1000);
        let polls = polls_until_asked(&mut pace, &mut now, 1000, 1);
        assert!((1000..1061).contains(&polls), "{polls}");
        // Nothing came with that look.
        assert_eq!(polls_until_asked(&mut pace, &mut now, 1000, 1), 61);
    }

    #[test]
    fn events_that_woke_nobody_put_nothing_off() {
        let (mut pace, mut now) = (Pace::new(), Instant::now());
        pace.brought(500, 1);
        assert_eq!(polls_until_asked(&mut pace, &mut now, 1, 1), 8);
    }

    #[test]
    fn long_polls_put_it_off_for_some_milliseconds_only() {
        let (mut pace, mut now) = (Pace::new(), Instant::now());
        for _ in 0..10 {
            pace.brought(400, 400);
            polls_until_asked(&mut pace, &mut now, 400, 2000);
        }
        pace.brought(400, 400);
        let polls = polls_until_asked(&mut pace, &mut now, 400, 2000);
        assert!(polls <= 4, "{polls} polls of 2 ms");
    }

    #[test]
    fn sleep_is_not_held_against_the_tasks() {
        let mut pace = Pace::new();
        let now = Instant::now();
        pace.looked(Some(now));
        stretch(&mut pace, 100);
        pace.slept();
        pace.looked(Some(now + Duration::from_secs(1)));
        assert_eq!(stretch(&mut pace, 100), 61);
    }
}
