//! **How do threads share accounts?** Five banks that carry out the same orders: without
//! a lock a balance is read by one thread and written by another in between; with one
//! lock, or a lock for each account, nobody comes between; and with two locks taken as
//! they come, threads wait for each other for ever, or would.
//!
//! No bank here is unsafe in Rust's sense: a balance that is not locked is an atomic.
//! What goes wrong is that several steps, each whole, are not one. The atomics are
//! `Relaxed` for that reason: an account's own value is all that is asked of it, and a
//! stronger ordering would make no step of two.
//!
//! The mirror image, with an await wherever somebody waits, is `../course/bank.rs`.

use std::io;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use crate::bank::books::{Books, Day};
use crate::bank::wait_graph::{Deadlock, Held, WaitGraph, Worker};
use crate::bank::{Change, Gap, Kind, LockOrder, OPENING, Transfer, story};
use crate::lock::lock;
use crate::stage::Stage;

trait Bank: Sync {
    fn do_transfer(&self, worker: Worker, transfer: Transfer, gap: Gap) -> Result<(), Deadlock>;

    /// The total, as this bank is able to find it.
    fn total(&self, worker: Worker) -> Result<i64, Deadlock>;

    /// Whether nobody holds or waits for a lock, where that is known.
    fn all_given_back(&self) -> bool {
        true
    }
}

impl Gap {
    fn pass(self) {
        match self {
            Gap::Yield => thread::yield_now(),
            Gap::Wide => thread::sleep(Gap::WIDTH),
        }
    }
}

/// No lock at all. A balance is an atomic, and changes as it is told to.
struct NoLock([AtomicI64; 6], Change);

impl NoLock {
    fn change(&self, account: usize, by: i64, gap: Gap) {
        match self.1 {
            Change::ReadThenWrite => {
                let balance = self.0[account].load(Relaxed);
                gap.pass();
                self.0[account].store(balance + by, Relaxed);
            }
            Change::InOneStep => {
                self.0[account].fetch_add(by, Relaxed);
            }
        }
    }
}

impl Bank for NoLock {
    fn do_transfer(&self, _: Worker, transfer: Transfer, gap: Gap) -> Result<(), Deadlock> {
        let Transfer { from, to, amount } = transfer;
        if self.0[from].load(Relaxed) >= amount {
            self.change(from, -amount, gap);
            gap.pass();
            self.change(to, amount, gap);
        }
        Ok(())
    }

    fn total(&self, _: Worker) -> Result<i64, Deadlock> {
        Ok(self.0.iter().map(|balance| balance.load(Relaxed)).sum())
    }
}

/// One lock for all accounts.
struct OneLock(Mutex<[i64; 6]>);

impl Bank for OneLock {
    fn do_transfer(&self, _: Worker, transfer: Transfer, gap: Gap) -> Result<(), Deadlock> {
        let Transfer { from, to, amount } = transfer;
        let mut accounts = lock(&self.0);
        if accounts[from] >= amount {
            accounts[from] -= amount;
            gap.pass();
            accounts[to] += amount;
        }
        Ok(())
    }

    fn total(&self, _: Worker) -> Result<i64, Deadlock> {
        Ok(lock(&self.0).iter().sum())
    }
}

/// A lock for each account, the lower one first.
struct LockEach([Mutex<i64>; 6]);

impl Bank for LockEach {
    fn do_transfer(&self, _: Worker, transfer: Transfer, gap: Gap) -> Result<(), Deadlock> {
        let [lower, higher] = LockOrder::LowerFirst.of(transfer);
        let (mut lower_balance, mut higher_balance) = (lock(&self.0[lower]), lock(&self.0[higher]));
        gap.pass();
        transfer.pay(lower, &mut lower_balance, &mut higher_balance);
        Ok(())
    }

    fn total(&self, _: Worker) -> Result<i64, Deadlock> {
        let all: Vec<_> = self.0.iter().map(lock).collect(); // in their order, too
        Ok(all.iter().map(|balance| **balance).sum())
    }
}

/// A lock for each account, and a graph of who waits for whom.
struct Watched {
    accounts: [Mutex<i64>; 6],
    order: LockOrder,
    graph: WaitGraph,
}

impl Watched {
    fn lock(
        &self,
        worker: Worker,
        account: usize,
    ) -> Result<Held<'_, MutexGuard<'_, i64>>, Deadlock> {
        let is_locked = |account: usize| self.accounts[account].try_lock().is_err();
        let asked = self.graph.ask(worker, account);
        let wish = asked.map_err(|deadlock| deadlock.confirm(is_locked))?;
        Ok(wish.granted(lock(&self.accounts[account])))
    }
}

impl Bank for Watched {
    fn do_transfer(&self, worker: Worker, transfer: Transfer, gap: Gap) -> Result<(), Deadlock> {
        let [first, second] = self.order.of(transfer);
        let mut first_balance = self.lock(worker, first)?;
        gap.pass();
        let mut second_balance = self.lock(worker, second)?;
        transfer.pay(first, &mut first_balance, &mut second_balance);
        Ok(())
    }

    fn total(&self, worker: Worker) -> Result<i64, Deadlock> {
        let all = (0..OPENING.len()).map(|account| self.lock(worker, account));
        let all: Vec<_> = all.collect::<Result<_, _>>()?;
        Ok(all.iter().map(|balance| **balance).sum())
    }

    fn all_given_back(&self) -> bool {
        self.graph.is_empty()
    }
}

/// What a worker does all day.
fn do_bank_stuff(bank: &impl Bank, books: &Books, worker: Worker) -> Result<(), Deadlock> {
    for (transfer, check) in books.orders(worker) {
        bank.do_transfer(worker, transfer, books.gap())?;
        books.transferred();
        if check {
            books.checked(bank.total(worker)?);
        }
    }
    Ok(())
}

fn day(bank: impl Bank, books: &Books) -> Day {
    thread::scope(|scope| {
        for worker in 0..books.workers() {
            let bank = &bank;
            scope.spawn(move || books.goes_home(worker, do_bank_stuff(bank, books, worker)));
        }
    });
    let took = books.elapsed();
    let all_given_back = bank.all_given_back();
    let total = bank
        .total(books.workers())
        .expect("nobody else holds a lock");
    books.close(took, total, all_given_back)
}

fn at(kind: Kind, books: Arc<Books>) -> Day {
    let books = &*books;
    match kind {
        Kind::NoLock(change) => day(NoLock(OPENING.map(AtomicI64::new), change), books),
        Kind::OneLock => day(OneLock(Mutex::new(OPENING)), books),
        Kind::LockEach => day(LockEach(OPENING.map(Mutex::new)), books),
        Kind::Watched(order) => {
            let (accounts, graph) = (OPENING.map(Mutex::new), WaitGraph::default());
            let bank = Watched {
                accounts,
                order,
                graph,
            };
            day(bank, books)
        }
    }
}

pub(crate) fn without_locks(stage: &Stage) -> io::Result<()> {
    story::without_locks(stage, at);
    Ok(())
}

pub(crate) fn with_locks(stage: &Stage, kind: Kind) -> io::Result<()> {
    story::with_locks(stage, kind, at);
    Ok(())
}

pub(crate) fn wrong_order(stage: &Stage) -> io::Result<()> {
    story::wrong_order(stage, at);
    Ok(())
}
