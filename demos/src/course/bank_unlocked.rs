//! **What goes wrong at a bank without a lock?** What took several steps: others come
//! between them, on one thread as on many, wherever there is an await. Without the awaits
//! marked here a runtime of one thread would never lose a dollar; one of many would.
//!
//! Nothing is undefined: each step is whole. The atomics are `Relaxed`, because an
//! account's own value is all that is asked of it, and because no ordering would make
//! one step of two.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use super::bank::{Bank, pass};
use crate::bank::wait_graph::{Deadlock, Worker};
use crate::bank::{Change, Gap, OPENING, Transfer};

/// No lock at all. A balance is an atomic, and changes as it is told to.
pub(super) struct NoLock([AtomicI64; 6], Change);

impl NoLock {
    pub(super) fn open(change: Change) -> Self {
        Self(OPENING.map(AtomicI64::new), change)
    }

    async fn change(&self, account: usize, by: i64, gap: Gap) {
        match self.1 {
            Change::ReadThenWrite => {
                let balance = self.0[account].load(Relaxed);
                pass(gap).await;
                self.0[account].store(balance + by, Relaxed);
            }
            Change::InOneStep => {
                self.0[account].fetch_add(by, Relaxed);
            }
        }
    }
}

impl Bank for NoLock {
    async fn do_transfer(&self, _: Worker, transfer: Transfer, gap: Gap) -> Result<(), Deadlock> {
        let Transfer { from, to, amount } = transfer;
        if self.0[from].load(Relaxed) >= amount {
            self.change(from, -amount, gap).await;
            pass(gap).await;
            self.change(to, amount, gap).await;
        }
        Ok(())
    }

    async fn total(&self, _: Worker) -> Result<i64, Deadlock> {
        Ok(self.0.iter().map(|balance| balance.load(Relaxed)).sum())
    }
}
