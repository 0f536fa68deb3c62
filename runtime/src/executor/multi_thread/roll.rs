//! **Which tasks are alive, when any thread may spawn and end them?** A registry per
//! worker, each behind a lock of its own: a task is entered in the part of the worker
//! that spawns it, and its key says which part that was.
//!
//! A worker whose tasks end where they began takes its own lock, uncontended, twice
//! per task. Who ends a task of another's part leaves its key in that part's *basket*,
//! behind another lock on another cache line, and it is put away when the part has no
//! key left. So a worker that spawns and a thief that ends what it spawned are not in
//! each other's way. (With one lock for both, 200,000 tasks took twice as long as on
//! one thread.) Spawns from outside are spread over the parts. Keys are shared out among
//! the parts too, so one may be full (of 16 million tasks) while others are not: then
//! the next one takes the task.
//!
//! # Invariants
//!
//! - A part that is closed, a bit under its lock, takes in no task. So a spawn is either
//!   seen by the sweep that follows the closing, or comes back.
//! - Foreign code, the futures' destructors, runs with no part locked.
//! - A task whose key is in the basket may be gone. So whoever follows the registry's
//!   pointers locks the page, then the basket, empties that, and holds both meanwhile:
//!   no task is complete, and so freed, before its key is in there.
//!
//! Sources: parts by worker and the closed bit are tokio's (`runtime/task/list.rs`).

use crate::loom::sync::{Mutex, MutexGuard};
use crate::task::{Owner, Registry, Runnable};

/// More parts than this share no fewer locks in practice, and leave each fewer keys.
const PARTS: usize = 16;

/// One part, its page and its basket each on cache lines of its own.
#[repr(align(128))]
struct Part {
    page: Mutex<Page>,
    basket: Basket,
}

/// The keys of those that ended elsewhere.
#[repr(align(128))]
struct Basket(Mutex<Vec<u32>>);

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
        let part = |start: usize| Part {
            page: Mutex::new(Page {
                registry: Registry::part(start as u32, stride),
                closed: false,
            }),
            basket: Basket(Mutex::new(Vec::new())),
        };
        Self {
            parts: (0..parts).map(part).collect(),
        }
    }

    /// Enters a new task, before its JoinHandle is given away. False: closed.
    #[inline]
    pub(super) fn enter(&self, runnable: &Runnable, near: usize) -> bool {
        let mut parts = (0..self.parts.len()).map(|next| self.part(near + next).to_enter());
        let with_room = parts.find(|page| page.registry.has_room());
        let mut page = with_room.expect("no more than 268 million tasks at once");
        if page.closed {
            return false;
        }
        runnable.register_new(&mut page.registry);
        true
    }

    /// Takes out a task that completes at the worker of that number.
    #[inline]
    pub(super) fn remove(&self, key: u32, near: usize) {
        let part = self.part(key as usize);
        if std::ptr::eq(part, self.part(near)) {
            part.page.lock().registry.remove(key);
        } else {
            part.basket.put(key);
        }
    }

    /// How many tasks are alive.
    pub(super) fn len(&self) -> usize {
        self.each(|page| page.registry.len()).sum()
    }

    /// Takes in no task any more.
    pub(super) fn close(&self) {
        self.each(|page| page.closed = true).for_each(drop);
    }

    /// Asks every task to end, and ends those that are idle. Others may poll meanwhile.
    pub(super) fn end_idle<O: Owner>(&self) {
        for part in &self.parts {
            let mut from = 0;
            let mut claim = || part.with(|page| page.registry.claim_idle(&mut from));
            while let Some(claimed) = claim() {
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
        for part in &self.parts {
            let take_one = || part.with(|page| page.registry.take_one());
            while let Some(doomed) = take_one() {
                // SAFETY: the caller's; and a task of this executor is bound to no thread.
                unsafe { doomed.shut_down() };
            }
        }
    }

    #[inline]
    fn part(&self, number: usize) -> &Part {
        &self.parts[number % self.parts.len()]
    }

    fn each<R>(&self, f: impl Fn(&mut Page) -> R) -> impl Iterator<Item = R> {
        self.parts.iter().map(move |part| part.with(&f))
    }
}

impl Part {
    /// The page, with a key for another task if there is any.
    #[inline]
    fn to_enter(&self) -> MutexGuard<'_, Page> {
        let mut page = self.page.lock();
        if !page.registry.has_free_key() {
            drop(self.basket.empty_into(&mut page));
        }
        page
    }

    /// Calls `f` while no task of this part can end elsewhere.
    fn with<R>(&self, f: impl FnOnce(&mut Page) -> R) -> R {
        let mut page = self.page.lock();
        let _closed = self.basket.empty_into(&mut page);
        f(&mut page)
    }
}

impl Basket {
    #[inline]
    fn put(&self, key: u32) {
        self.0.lock().push(key);
    }

    /// Puts away what is in it, and keeps it locked.
    fn empty_into(&self, page: &mut Page) -> MutexGuard<'_, Vec<u32>> {
        let mut keys = self.0.lock();
        keys.drain(..).for_each(|key| page.registry.remove(key));
        keys
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::task::{JoinHandle, Unscheduled, new_task};

    impl Owner for Roll {
        const MANY_THREADS: bool = true;

        fn forget(&self, key: u32) {
            self.remove(key, 0);
        }
    }

    fn lens(roll: &Roll) -> Vec<usize> {
        roll.each(|page| page.registry.len()).collect()
    }

    #[test]
    fn who_finds_a_part_full_goes_to_the_next() {
        // Two parts of three pages each.
        let roll = Roll::of(2, 18);
        let room = 3 * 256;
        let mut tasks: Vec<(Runnable, JoinHandle<()>)> = Vec::new();
        for near in [1, 0] {
            for _ in 0..room - 100 {
                let (runnable, handle) = new_task(async {}, Unscheduled);
                assert!(roll.enter(&runnable, near));
                tasks.push((runnable, handle));
            }
        }
        let mut extra = |near| {
            let (runnable, handle) = new_task(async {}, Unscheduled);
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

    /// Part 1's room, filled again and again: what part 0 ends is put away in time.
    #[test]
    fn keys_of_tasks_that_end_elsewhere_are_given_out_again() {
        let roll = Roll::of(2, 18);
        let room = 3 * 256;
        for _ in 0..3 {
            let mut tasks = Vec::new();
            for _ in 0..room {
                let (runnable, handle) = new_task(async {}, Unscheduled);
                assert!(roll.enter(&runnable, 1));
                tasks.push((runnable, handle));
            }
            assert_eq!(lens(&roll), [0, room]);
            for (runnable, _) in tasks {
                let _ = runnable.run(&roll);
            }
        }
        assert_eq!(roll.len(), 0);
    }
}
