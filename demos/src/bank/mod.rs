//! **What does a bank need besides its locks?** Accounts, orders to transfer money that
//! are the same on every runtime, books on what was seen, and a graph of who waits for
//! whom. The banks themselves are in `on_threads/bank.rs`, for threads,
//! and in `course/bank.rs`, for tasks: the same text but for the awaits.
//!
//! **Pace.** Nothing waits here, so `--time-scale` shrinks the number of transfers.
//!
//! Read next: `../on_threads/bank.rs`, `wait_graph.rs`, `story.rs`.

use std::time::Duration;

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::stage::Stage;

pub(crate) mod books;
pub(crate) mod story;
pub(crate) mod wait_graph;

/// What is in the course's six accounts at first, in dollars.
pub(crate) const OPENING: [i64; 6] = [5000, 10_000, 7500, 7000, 6000, 9000];

/// What must be in all of them together at any time.
pub(crate) const TOTAL: i64 = 44_500;

/// What `bank` can be told.
#[derive(Args, Clone, Copy, Debug, Serialize, Deserialize)]
#[command(next_help_heading = "How much is going on")]
pub(crate) struct Business {
    /// How many transfers each worker makes, before --time-scale multiplies them
    #[arg(long, value_name = "N", default_value_t = USUAL.transfers, value_parser = clap::value_parser!(u64).range(20..=1_000_000))]
    pub(crate) transfers: u64,

    /// How many workers there are
    #[arg(long, value_name = "N", default_value_t = USUAL.workers, value_parser = clap::value_parser!(u64).range(2..=64))]
    pub(crate) workers: u64,

    /// Check the total after every so many transfers of a worker
    #[arg(long, value_name = "N", default_value_t = USUAL.check_every, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) check_every: u64,
}

/// What is meant where nothing is said.
pub(crate) static USUAL: Business = Business {
    transfers: 10_000,
    workers: 5,
    check_every: 1,
};

/// A worker makes no fewer, or there would be nothing to see.
const FEWEST: u64 = 20;

impl Business {
    /// How many transfers a worker makes at this run's pace.
    pub(crate) fn transfers(&self, stage: &Stage) -> u64 {
        stage.many(self.transfers).max(FEWEST)
    }
}

/// Money to be moved from one account to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Transfer {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) amount: i64,
}

impl Transfer {
    /// A worker's, drawn from the seed: 1 to 100 dollars, between two accounts.
    pub(crate) fn of_worker(
        stage: &Stage,
        worker: usize,
    ) -> impl Iterator<Item = Self> + Send + use<> {
        let mut dice = stage.dice(worker as u64);
        let accounts = OPENING.len() as u64;
        std::iter::repeat_with(move || {
            let from = dice.next() % accounts;
            let to = (from + 1 + dice.next() % (accounts - 1)) % accounts;
            let amount = 1 + dice.next() % 100;
            Self {
                from: from as usize,
                to: to as usize,
                amount: amount as i64,
            }
        })
    }

    /// Moves the money where nobody can come between. `first` is the account of the
    /// first balance, payer or not.
    pub(crate) fn pay(self, first: usize, first_balance: &mut i64, second_balance: &mut i64) {
        let (from, to) = if first == self.from {
            (first_balance, second_balance)
        } else {
            (second_balance, first_balance)
        };
        if *from >= self.amount {
            *from -= self.amount;
            *to += self.amount;
        }
    }
}

/// Which bank is open: the same orders, carried out in another way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// No lock at all.
    NoLock(Change),
    /// One lock for all accounts.
    OneLock,
    /// A lock for each account, the lower one first.
    LockEach,
    /// The same with somebody who watches who waits for whom.
    Watched(LockOrder),
}

/// How a balance that no lock guards is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Read, and written back later: what others wrote meanwhile is lost.
    ReadThenWrite,
    /// In one step, and nothing is lost. But a transfer is two steps, and between them
    /// money is in no account.
    InOneStep,
}

/// In which order a transfer locks its two accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LockOrder {
    /// The payer's first. Of two transfers in opposite directions each has one.
    PayerFirst,
    /// The one with the lower number first, whatever the direction.
    LowerFirst,
}

impl LockOrder {
    pub(crate) fn of(self, transfer: Transfer) -> [usize; 2] {
        let Transfer { from, to, .. } = transfer;
        match self {
            LockOrder::PayerFirst => [from, to],
            LockOrder::LowerFirst => [from.min(to), from.max(to)],
        }
    }
}

/// What a worker does at the moment when others should not come between: the course's
/// `time.sleep(.000)`, which makes them come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gap {
    /// Lets others run, if the scheduler likes.
    Yield,
    /// Stays away so long that others do run.
    Wide,
}

impl Gap {
    pub(crate) const WIDTH: Duration = Duration::from_millis(1);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::catalogue::Program;
    use crate::console::Console;
    use crate::stage::{Settings, Threads};
    use crate::wishes::Wishes;

    pub(super) fn stage(transfers: u64) -> Stage {
        let mut wishes = Wishes::usual(1.0);
        wishes.bank.transfers = transfers;
        let settings = Settings {
            time_scale: 1.0,
            seed: 7,
            items: 2,
            wishes,
        };
        let console = Arc::new(Console::new(true));
        Stage::new(Program::BankUnsafeThreads, Threads::One, settings, console)
    }

    #[test]
    fn the_total_is_that_of_the_accounts() {
        assert_eq!(OPENING.iter().sum::<i64>(), TOTAL);
    }

    #[test]
    fn orders_are_between_two_accounts_and_the_same_again() {
        let stage = stage(20);
        let orders = |worker| {
            Transfer::of_worker(&stage, worker)
                .take(1000)
                .collect::<Vec<_>>()
        };
        let mut pairs = [[0; OPENING.len()]; OPENING.len()];
        for order in orders(0) {
            assert!((1..=100).contains(&order.amount), "{order:?}");
            pairs[order.from][order.to] += 1;
        }
        for (from, row) in pairs.iter().enumerate() {
            for (to, seen) in row.iter().enumerate() {
                assert_eq!(*seen == 0, from == to, "{from} to {to}: {seen}");
            }
        }
        assert_eq!(orders(3), orders(3));
        assert_ne!(orders(3), orders(4));
    }

    #[test]
    fn nobody_pays_what_they_have_not() {
        let transfer = |amount| Transfer {
            from: 4,
            to: 2,
            amount,
        };
        let (mut payer, mut payee) = (50, 0);
        transfer(51).pay(4, &mut payer, &mut payee);
        assert_eq!((payer, payee), (50, 0));
        transfer(50).pay(4, &mut payer, &mut payee);
        assert_eq!((payer, payee), (0, 50));
    }

    #[test]
    fn the_payer_pays_whoever_is_locked_first() {
        for order in [LockOrder::PayerFirst, LockOrder::LowerFirst] {
            for (from, to) in [(1, 3), (3, 1)] {
                let transfer = Transfer {
                    from,
                    to,
                    amount: 5,
                };
                let [first, second] = order.of(transfer);
                let mut balances = [10; 4];
                let mut of_first = balances[first];
                transfer.pay(first, &mut of_first, &mut balances[second]);
                balances[first] = of_first;
                assert_eq!((balances[from], balances[to]), (5, 15), "{order:?}");
            }
        }
    }
}
