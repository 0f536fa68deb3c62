//! **How many bytes does a parked task cost besides its future?** Everything
//! that became live between "no tasks" and "all parked", as malloc rounded it,
//! over the number of tasks, less the size of the future.
//!
//! That includes a runtime's registry of tasks and what its run queue grew by.
//! Tasks are spawned a hundred at a time and polled before the next hundred, as
//! connections arrive at a server, so the run queue stays short. Handles are
//! dropped: the vector that would hold them is the program's.
//!
//! What it does not show: bytes under way (a task that waits on a timer or a
//! channel has an entry there), and fragmentation.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::task::{Context, Poll};

use super::rt;
use crate::alloc::live_bytes_of;
use rt::runtime::Runtime;
use rt::task::yield_now;

static PARKED: AtomicU64 = AtomicU64::new(0);

/// A future of `WORDS` words that parks for good.
struct Parked<const WORDS: usize> {
    _words: [u64; WORDS],
}

impl<const WORDS: usize> Future for Parked<WORDS> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        PARKED.fetch_add(1, SeqCst);
        Poll::Pending
    }
}

const BATCH: u64 = 100;

/// Bytes per task, of `tasks` parked tasks, besides the future of `WORDS` words.
pub fn bytes_per_task<const WORDS: usize>(runtime: &Runtime, tasks: u64) -> f64 {
    // What a first use of the runtime allocates once is not the tasks'.
    runtime.block_on(async { rt::spawn(yield_now()).await.unwrap() });
    PARKED.store(0, SeqCst);

    let live = live_bytes_of(|| {
        runtime.block_on(async {
            let mut spawned = 0;
            while spawned < tasks {
                for _ in 0..BATCH.min(tasks - spawned) {
                    drop(rt::spawn(Parked { _words: [spawned; WORDS] }));
                    spawned += 1;
                }
                while PARKED.load(SeqCst) < spawned {
                    yield_now().await;
                }
            }
        });
    });
    live as f64 / tasks as f64 - (WORDS * 8) as f64
}
