//! **Are tasks safe from each other on one thread?** At every await others run, on one
//! thread as on many: what may not be interrupted needs a lock that can be held across
//! an await, the library's own. All else is as with threads, deadlocks included.
//!
//! ```text
//! $ demos run bank
//!
//! All good: Consistent account balance: $44,500
//! Starting transfers...
//! ERROR: Inconsistent account balance: $44,489 vs $44,500     without a lock
//! …
//! Transfers complete (0.12) sec: 50,000 of them               one lock, or one for each
//! All good: Consistent account balance: $44,500
//! …
//! DEADLOCK: 2 workers wait for each other                     two locks in wrong order
//!   worker 3 holds account 2 and waits for account 5, held by worker 1
//!   worker 1 holds account 5 and waits for account 2, held by worker 3
//! ```
//!
//! The mirror image is `../on_threads/bank.rs`: the same banks, for threads.
//!
//! Read next: `bank_unlocked.rs`, `bank_locked.rs` and `bank_watched.rs`, the banks;
//! `../bank/wait_graph.rs`, how the circle is found; `../bank/story.rs`.

use std::io;
use std::sync::Arc;

use super::bank_locked::{LockEach, OneLock};
use super::bank_unlocked::NoLock;
use super::bank_watched::Watched;
use super::rt;
use crate::bank::books::{Books, Day};
use crate::bank::wait_graph::{Deadlock, Worker};
use crate::bank::{Gap, Kind, OPENING, Transfer, story};
use crate::stage::Stage;
use rt::sync::Mutex;

pub(super) trait Bank: Send + Sync + 'static {
    fn do_transfer(
        &self,
        worker: Worker,
        transfer: Transfer,
        gap: Gap,
    ) -> impl Future<Output = Result<(), Deadlock>> + Send;

    /// The total, as this bank is able to find it.
    fn total(&self, worker: Worker) -> impl Future<Output = Result<i64, Deadlock>> + Send;

    /// Whether nobody holds or waits for a lock, where that is known.
    fn all_given_back(&self) -> bool {
        true
    }
}

pub(super) async fn pass(gap: Gap) {
    match gap {
        Gap::Yield => rt::task::yield_now().await,
        Gap::Wide => rt::time::sleep(Gap::WIDTH).await,
    }
}

/// What a worker does all day.
async fn do_bank_stuff(bank: &impl Bank, books: &Books, worker: Worker) -> Result<(), Deadlock> {
    for (transfer, check) in books.orders(worker) {
        bank.do_transfer(worker, transfer, books.gap()).await?;
        books.transferred();
        if check {
            books.checked(bank.total(worker).await?);
        }
    }
    Ok(())
}

async fn day(bank: impl Bank, books: Arc<Books>) -> Day {
    let bank = Arc::new(bank);
    let start = |worker| {
        let (bank, books) = (bank.clone(), books.clone());
        rt::spawn(async move {
            let ended = do_bank_stuff(&*bank, &books, worker).await;
            books.goes_home(worker, ended);
        })
    };
    let tasks: Vec<_> = (0..books.workers()).map(start).collect();
    for task in tasks {
        task.await.expect("a worker does not panic");
    }
    let took = books.elapsed();
    let all_given_back = bank.all_given_back();
    let total = bank.total(books.workers()).await;
    books.close(
        took,
        total.expect("nobody else holds a lock"),
        all_given_back,
    )
}

async fn at(kind: Kind, books: Arc<Books>) -> Day {
    match kind {
        Kind::NoLock(change) => day(NoLock::open(change), books).await,
        Kind::OneLock => day(OneLock(Mutex::new(OPENING)), books).await,
        Kind::LockEach => day(LockEach(OPENING.map(Mutex::new)), books).await,
        Kind::Watched(order) => day(Watched::open(order), books).await,
    }
}

pub(crate) fn without_locks(stage: &Stage) -> io::Result<()> {
    let event_loop = super::new_loop(stage.threads())?;
    story::without_locks(stage, |kind, books| event_loop.block_on(at(kind, books)));
    Ok(())
}

pub(crate) fn with_locks(stage: &Stage, kind: Kind) -> io::Result<()> {
    let event_loop = super::new_loop(stage.threads())?;
    story::with_locks(stage, kind, |kind, books| {
        event_loop.block_on(at(kind, books))
    });
    Ok(())
}

pub(crate) fn wrong_order(stage: &Stage) -> io::Result<()> {
    let event_loop = super::new_loop(stage.threads())?;
    story::wrong_order(stage, |kind, books| event_loop.block_on(at(kind, books)));
    Ok(())
}
