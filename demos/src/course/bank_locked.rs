//! **How can a task be sure that nobody comes between?** It holds a lock until it has done
//! all of it, its awaits included. std's lock could not be held there: its guard may not
//! go to another thread with its task, and waiting for it would keep the thread.

use super::bank::{Bank, pass};
use super::rt;
use crate::bank::wait_graph::{Deadlock, Worker};
use crate::bank::{Gap, LockOrder, Transfer};
use rt::sync::Mutex;

/// One lock for all accounts.
pub(super) struct OneLock(pub(super) Mutex<[i64; 6]>);

impl Bank for OneLock {
    async fn do_transfer(&self, _: Worker, transfer: Transfer, gap: Gap) -> Result<(), Deadlock> {
        let Transfer { from, to, amount } = transfer;
        let mut accounts = self.0.lock().await;
        if accounts[from] >= amount {
            accounts[from] -= amount;
            pass(gap).await;
            accounts[to] += amount;
        }
        Ok(())
    }

    async fn total(&self, _: Worker) -> Result<i64, Deadlock> {
        Ok(self.0.lock().await.iter().sum())
    }
}

/// A lock for each account, the lower one first.
pub(super) struct LockEach(pub(super) [Mutex<i64>; 6]);

impl Bank for LockEach {
    async fn do_transfer(&self, _: Worker, transfer: Transfer, gap: Gap) -> Result<(), Deadlock> {
        let [lower, higher] = LockOrder::LowerFirst.of(transfer);
        let mut lower_balance = self.0[lower].lock().await;
        let mut higher_balance = self.0[higher].lock().await;
        pass(gap).await;
        transfer.pay(lower, &mut lower_balance, &mut higher_balance);
        Ok(())
    }

    async fn total(&self, _: Worker) -> Result<i64, Deadlock> {
        let mut all = Vec::new();
        for account in &self.0 {
            all.push(account.lock().await); // in their order, too
        }
        Ok(all.iter().map(|balance| **balance).sum())
    }
}
