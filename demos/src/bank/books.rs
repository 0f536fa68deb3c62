//! **What is noted of a day at the bank?** How many transfers there were, how often the
//! total was checked, how often it was wrong, who ran into a deadlock, and that everybody
//! went home. Threads and tasks keep the same books.
//!
//! Atomics here only count, and are read when every worker has ended: `Relaxed`, for
//! the end of a thread or task is what orders them. `closed` is only a hint to stop.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::wait_graph::Deadlock;
use super::{Gap, TOTAL, Transfer};
use crate::lock::lock;
use crate::stage::Stage;

/// So many wrong totals are shown; the others are counted.
const SHOWN: u64 = 3;

/// The books of one day.
pub(crate) struct Books {
    stage: Stage,
    gap: Gap,
    /// How many each worker makes.
    transfers: u64,
    began: Instant,
    transferred: AtomicU64,
    checks: AtomicU64,
    wrong: AtomicU64,
    /// Workers who have ended.
    home: AtomicU64,
    closed: AtomicBool,
    deadlocks: Mutex<Vec<Deadlock>>,
}

/// What they say in the evening.
#[derive(Debug)]
pub(crate) struct Day {
    pub(crate) took: Duration,
    pub(crate) transferred: u64,
    pub(crate) checks: u64,
    /// Checks that found a wrong total.
    pub(crate) wrong: u64,
    pub(crate) home: u64,
    pub(crate) deadlocks: Vec<Deadlock>,
    /// The total when everybody had ended.
    pub(crate) in_the_end: i64,
    /// Whether every lock had been given back by then.
    pub(crate) all_given_back: bool,
}

impl Books {
    pub(crate) fn open(stage: &Stage, gap: Gap, transfers: u64) -> Self {
        Self {
            stage: stage.clone(),
            gap,
            transfers,
            began: Instant::now(),
            transferred: AtomicU64::new(0),
            checks: AtomicU64::new(0),
            wrong: AtomicU64::new(0),
            home: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            deadlocks: Mutex::default(),
        }
    }

    pub(crate) fn workers(&self) -> usize {
        self.stage.wishes().bank.workers as usize
    }

    pub(crate) fn gap(&self) -> Gap {
        self.gap
    }

    /// What a worker has to do today, and after what it checks the total. It ends early
    /// if the bank does.
    pub(crate) fn orders(
        &self,
        worker: usize,
    ) -> impl Iterator<Item = (Transfer, bool)> + Send + '_ {
        let every = self.stage.wishes().bank.check_every;
        Transfer::of_worker(&self.stage, worker)
            .zip(1..=self.transfers)
            .take_while(|_| !self.closed.load(Relaxed))
            .map(move |(transfer, nth)| (transfer, nth.is_multiple_of(every)))
    }

    pub(crate) fn transferred(&self) {
        self.transferred.fetch_add(1, Relaxed);
    }

    /// A worker has checked the total.
    pub(crate) fn checked(&self, total: i64) {
        self.checks.fetch_add(1, Relaxed);
        if total != TOTAL && self.wrong.fetch_add(1, Relaxed) < SHOWN {
            self.stage.red(balance(&self.stage, total));
        }
    }

    /// A worker has ended: it has done all that it had to, or ran into a deadlock.
    pub(crate) fn goes_home(&self, worker: usize, ended: Result<(), Deadlock>) {
        self.home.fetch_add(1, Relaxed);
        let Err(deadlock) = ended else { return };
        let mut deadlocks = self.deadlocks();
        if deadlocks.is_empty() {
            self.closed.store(true, Relaxed);
            let (number, worker) = (deadlock.circle.len(), worker + 1);
            self.stage.red(format_args!(
                "DEADLOCK: {number} workers wait for each other"
            ));
            for line in deadlock.to_string().lines() {
                self.stage.red(format_args!("  {line}"));
            }
            self.stage.plain(format_args!(
                "Worker {worker} closed the circle: it gets an error, gives back what it holds, and ends."
            ));
        }
        deadlocks.push(deadlock);
    }

    fn deadlocks(&self) -> MutexGuard<'_, Vec<Deadlock>> {
        lock(&self.deadlocks)
    }

    /// How long it is since they were opened.
    pub(crate) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Closes them: every worker has ended, after so long, with this total.
    pub(crate) fn close(&self, took: Duration, in_the_end: i64, all_given_back: bool) -> Day {
        let [transferred, checks, wrong, home] =
            [&self.transferred, &self.checks, &self.wrong, &self.home].map(|n| n.load(Relaxed));
        Day {
            took,
            transferred,
            checks,
            wrong,
            home,
            deadlocks: std::mem::take(&mut *self.deadlocks()),
            in_the_end,
            all_given_back,
        }
    }
}

/// The course's line on a total.
pub(crate) fn balance(stage: &Stage, total: i64) -> String {
    if total == TOTAL {
        format!(
            "All good: Consistent account balance: {}",
            dollars(stage, total)
        )
    } else {
        let [total, right] = [total, TOTAL].map(|total| dollars(stage, total));
        format!("ERROR: Inconsistent account balance: {total} vs {right}")
    }
}

/// `$44,500`.
pub(crate) fn dollars(stage: &Stage, amount: i64) -> String {
    let sign = if amount < 0 { "-" } else { "" };
    format!("{sign}${}", stage.thousands(amount.unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::super::tests::stage;
    use super::super::wait_graph::WaitGraph;
    use super::*;

    #[test]
    fn a_total_is_told_in_the_courses_words() {
        let stage = stage(20);
        assert_eq!(
            balance(&stage, TOTAL),
            "All good: Consistent account balance: $44,500"
        );
        assert_eq!(
            balance(&stage, 44_489),
            "ERROR: Inconsistent account balance: $44,489 vs $44,500"
        );
        assert_eq!(dollars(&stage, -1_200), "-$1,200");
    }

    #[test]
    fn a_wrong_total_is_counted() {
        let books = Books::open(&stage(20), Gap::Yield, 20);
        books.checked(TOTAL);
        books.checked(TOTAL - 1);
        let day = books.close(Duration::ZERO, TOTAL, true);
        assert_eq!((day.checks, day.wrong), (2, 1));
    }

    #[test]
    fn a_deadlock_closes_the_bank() {
        let books = Books::open(&stage(20), Gap::Yield, 20);
        assert_eq!(books.orders(0).count(), 20);
        assert!(books.orders(0).all(|(_, check)| check));
        let graph = WaitGraph::default();
        let held = graph.ask(0, 1).expect("nobody waits").granted(Box::new(()));
        let deadlock = graph.ask(0, 1).map(drop).expect_err("it has it");
        books.goes_home(0, Err(deadlock.clone()));
        drop(held);
        assert_eq!(books.orders(1).count(), 0);
        let day = books.close(Duration::ZERO, TOTAL, graph.is_empty());
        assert_eq!((day.home, day.deadlocks), (1, vec![deadlock]));
    }
}
