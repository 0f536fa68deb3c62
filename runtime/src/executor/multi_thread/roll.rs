//! **Which tasks are alive, when any thread may spawn and end them?** A registry per
//! worker, each behind a lock of its own: a task is entered in the part of the worker
//! that spawns it, and its key says which part that was.
//!
//! A worker whose tasks end where they began takes its own lock, uncontended, twice
//! per task. Spawns from outside are spread over the parts. Keys are shared out among
//! the parts too, so one may be full (of 16 million tasks) while others are not: then
//! the next one takes the task.
//!
//! # Invariants
//!
//! - A part that is closed, a bit under its lock, takes in no task. So a spawn is either
//!   seen by the sweep that follows the closing, or comes back.
//! - Foreign code, the futures' destructors, runs with no part locked.
//!
//! Sources: parts by worker and the closed bit are tokio's (`runtime/task/list.rs`).

use crate::loom::sync::Mutex;
use crate::task::{Owner, Registry, Runnable};

/// More parts than this share no fewer locks in practice, and leave each fewer keys.
const PARTS: usize = 16;

/// One part, on cache lines of its own.
#[repr(align(128))]
struct Part(Mutex<Page>);

struct Page {
    registry: Registry,
    closed: bool,
}

/// The tasks of one executor.
pub(super) struct Roll {
    parts: Box<[Part]>,
}

impl Roll {
    pub(super) fn new(workers: usize) -> Self {
        let parts = workers.next_power_of_two().min(PARTS);
        Self::of(parts, parts.trailing_zeros())
    }

    /// A roll of a power of two parts, each with every `2^stride`th key.
    fn of(parts: usize, stride: u32) -> Self {
        Self {
            parts: (0..parts)
                .map(|part| {
                    let start = u32::try_from(part).expect("few parts");
                    Part(Mutex::new(Page {
                        registry: Registry::part(start, stride),
                        closed: false,
                    }))
                })
                .collect(),
        }
    }

    /// Enters a new task, before its JoinHandle is given away. False: closed.
    #[inline]
    pub(super) fn enter(&self, runnable: &Runnable, near: usize) -> bool {
        let mut parts = (0..self.parts.len()).map(|next| self.part(near + next).lock());
        let with_room = parts.find(|page| page.registry.has_room());
        let mut page = with_room.expect("no more than 268 million tasks at once");
        if page.closed {
            return false;
        }
        runnable.register_new(&mut page.registry);
        true
    }

    /// Takes out a task that completes.
    #[inline]
    pub(super) fn remove(&self, key: u32) {
        self.part(key as usize).lock().registry.remove(key);
    }

    /// How many tasks are alive.
    pub(super) fn len(&self) -> usize {
        self.each().map(|part| part.lock().registry.len()).sum()
    }

    /// Takes in no task any more.
    pub(super) fn close(&self) {
        self.each().for_each(|part| part.lock().closed = true);
    }

    /// Asks every task to end, and ends those that are idle. Others may poll meanwhile.
    pub(super) fn end_idle<O: Owner>(&self) {
        for part in self.each() {
            let mut from = 0;
            loop {
                let claimed = part.lock().registry.claim_idle(&mut from);
                let Some(claimed) = claimed else { break };
                claimed.end::<O>();
            }
        }
    }

    /// Ends every task that is left.
    ///
    /// # Safety
    ///
    /// No thread of the executor polls anything any more.
    pub(super) unsafe fn end_all(&self) {
        for part in self.each() {
            loop {
                let doomed = part.lock().registry.take_one();
                let Some(doomed) = doomed else { break };
                // SAFETY: the caller's; and a task of this executor is bound to no thread.
                unsafe { doomed.shut_down() };
            }
        }
    }

    fn part(&self, number: usize) -> &Mutex<Page> {
        &self.parts[number % self.parts.len()].0
    }

    fn each(&self) -> impl Iterator<Item = &Mutex<Page>> {
        self.parts.iter().map(|part| &part.0)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::task::{Anchor, Caller, JoinHandle, Schedule, new_task};

    struct Nowhere;

    impl Schedule for Nowhere {
        fn schedule(&self, runnable: Runnable, caller: Caller) -> Option<Anchor> {
            let anchor = caller.anchor(&runnable);
            drop(runnable);
            anchor
        }
    }

    impl Owner for Roll {
        const MANY_THREADS: bool = true;

        fn forget(&self, key: u32) {
            self.remove(key);
        }
    }

    fn lens(roll: &Roll) -> Vec<usize> {
        roll.each().map(|part| part.lock().registry.len()).collect()
    }

    #[test]
    fn who_finds_a_part_full_goes_to_the_next() {
        // Two parts of three pages each.
        let roll = Roll::of(2, 18);
        let room = 3 * 256;
        let mut tasks: Vec<(Runnable, JoinHandle<()>)> = Vec::new();
        for near in [1, 0] {
            for _ in 0..room - 100 {
                let (runnable, handle) = new_task(async {}, Nowhere);
                assert!(roll.enter(&runnable, near));
                tasks.push((runnable, handle));
            }
        }
        let mut extra = |near| {
            let (runnable, handle) = new_task(async {}, Nowhere);
            assert!(roll.enter(&runnable, near));
            tasks.push((runnable, handle));
        };
        (0..150).for_each(|_| extra(1));
        assert_eq!(lens(&roll), [room - 50, room]);
        (0..50).for_each(|_| extra(1));
        assert_eq!(lens(&roll), [room, room]);
        // Each is found again by its key.
        for (runnable, _) in tasks.drain(..) {
            let _ = runnable.run(&roll);
        }
        assert_eq!(roll.len(), 0);
    }
}
