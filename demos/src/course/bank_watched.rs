//! **How does a bank notice that its workers wait for each other?** Whoever wants a lock
//! asks the graph first, and is told if the wait would never end. The lock itself is the
//! library's own, and knows nothing of it.

use super::bank::{Bank, pass};
use super::rt;
use crate::bank::wait_graph::{Deadlock, Held, WaitGraph, Worker};
use crate::bank::{Gap, LockOrder, OPENING, Transfer};
use rt::sync::{Mutex, MutexGuard};

/// A lock for each account, and a graph of who waits for whom.
pub(super) struct Watched {
    accounts: [Mutex<i64>; 6],
    order: LockOrder,
    graph: WaitGraph,
}

impl Watched {
    pub(super) fn open(order: LockOrder) -> Self {
        Self {
            accounts: OPENING.map(Mutex::new),
            order,
            graph: WaitGraph::default(),
        }
    }

    async fn lock(
        &self,
        worker: Worker,
        account: usize,
    ) -> Result<Held<'_, MutexGuard<'_, i64>>, Deadlock> {
        let is_locked = |account: usize| self.accounts[account].try_lock().is_err();
        let asked = self.graph.ask(worker, account);
        let wish = asked.map_err(|deadlock| deadlock.confirm(is_locked))?;
        Ok(wish.granted(self.accounts[account].lock().await))
    }
}

impl Bank for Watched {
    async fn do_transfer(
        &self,
        worker: Worker,
        transfer: Transfer,
        gap: Gap,
    ) -> Result<(), Deadlock> {
        let [first, second] = self.order.of(transfer);
        let mut first_balance = self.lock(worker, first).await?;
        pass(gap).await;
        let mut second_balance = self.lock(worker, second).await?;
        transfer.pay(first, &mut first_balance, &mut second_balance);
        Ok(())
    }

    async fn total(&self, worker: Worker) -> Result<i64, Deadlock> {
        let mut all = Vec::new();
        for account in 0..OPENING.len() {
            all.push(self.lock(worker, account).await?);
        }
        Ok(all.iter().map(|balance| **balance).sum())
    }

    fn all_given_back(&self) -> bool {
        self.graph.is_empty()
    }
}
