#![doc = include_str!("IDLE.md")]

use crate::loom::sync::Mutex;
use crate::loom::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, SeqCst};
use crate::loom::sync::atomic::{AtomicU64, fence};

/// One searching worker, in the word's lowest bits.
const SEARCHING: u64 = 1;
/// One parked worker, in the bits above.
const PARKED: u64 = 1 << 24;
const COUNT: u64 = PARKED - 1;
/// Workers ran dry too often of late: nobody is roused until the watcher looks.
const HUSHED: u64 = 1 << 62;
/// A worker stood back from the crowd: likewise.
const CROWDED: u64 = 1 << 61;
/// The executor shuts down.
const CLOSED: u64 = 1 << 63;

/// How often, for each worker, one may run dry beside others between two looks of a
/// watcher. (Models have it happen the first time.)
const PATIENCE: usize = if cfg!(loom) { 0 } else { 2 };

/// What the word says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word(u64);

impl Word {
    fn searching(self) -> u64 {
        self.0 & COUNT
    }

    pub(super) fn parked(self) -> u64 {
        (self.0 / PARKED) & COUNT
    }

    /// Does the executor shut down?
    pub(super) fn is_closed(self) -> bool {
        self.0 & CLOSED != 0
    }

    /// Is a push nobody's business? Somebody searches and will come upon it, nobody is
    /// parked, or those who are up get on well enough without.
    pub(super) fn needs_nobody(self) -> bool {
        self.parked() == 0 || self.searching() != 0 || self.is_hushed()
    }

    /// Is nobody roused, though some are parked and nobody searches?
    pub(super) fn is_hushed(self) -> bool {
        self.0 & (HUSHED | CROWDED) != 0
    }

    /// Did a worker stand back?
    pub(super) fn is_crowded(self) -> bool {
        self.0 & CROWDED != 0
    }
}

/// Who is parked, and how.
#[derive(Debug, Default)]
struct Sleepers {
    /// The numbers of the parked workers, in the order in which they lay down.
    parked: Vec<usize>,
    /// Which of them holds the driver.
    in_driver: Option<usize>,
    /// Which of them has promised to look around now and then.
    watcher: Option<usize>,
    /// How many were up needlessly of late: halved at each look of a watcher.
    needless: usize,
}

/// The idle protocol's one word, and the list behind it.
pub(super) struct Idle {
    word: AtomicU64,
    sleepers: Mutex<Sleepers>,
    workers: usize,
}

/// What a worker finds when it gets up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GotUp {
    /// It was roused by `wake_one`, and so counts as searching already.
    pub(super) roused: bool,
    /// A parked worker that has to watch from now on: rouse it to tell it.
    pub(super) appointed: Option<usize>,
}

/// What the watcher sees of those around it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Around {
    /// Is the caller the watcher?
    pub(super) watching: bool,
    /// Is every worker parked?
    pub(super) all_parked: bool,
}

impl Idle {
    pub(super) fn new(workers: usize) -> Self {
        assert!((workers as u64) < COUNT, "more than {COUNT} workers");
        Self {
            word: AtomicU64::new(0),
            sleepers: Mutex::new(Sleepers::default()),
            workers,
        }
    }

    /// Something was pushed where others may take it. Returns the worker to rouse, if
    /// one has to be, and what the word said.
    #[inline]
    pub(super) fn pushed(&self) -> (Word, Option<usize>) {
        // Pairs with the fences of `fall_asleep` and `stop_searching`.
        fence(SeqCst);
        let word = Word(self.word.load(Relaxed));
        if word.needs_nobody() {
            return (word, None);
        }
        (word, self.wake_one())
    }

    /// Takes a worker off the list to search. `None` if that has become needless.
    #[cold]
    fn wake_one(&self) -> Option<usize> {
        let mut sleepers = self.sleepers.lock();
        if Word(self.word.load(Relaxed)).needs_nobody() {
            return None;
        }
        let chosen = sleepers.choose()?;
        sleepers.remove(chosen);
        self.word.fetch_sub(PARKED - SEARCHING, AcqRel);
        Some(chosen)
    }

    /// What the word says, without a promise that it is the latest.
    #[inline]
    pub(super) fn glance(&self) -> Word {
        Word(self.word.load(Relaxed))
    }

    /// Does the executor shut down? If so, what happened before is seen.
    #[inline]
    pub(super) fn is_closed(&self) -> bool {
        Word(self.word.load(Acquire)).is_closed()
    }

    /// A worker without work wants to look for some. Not more than half of them at a
    /// time: more would only be in each other's way.
    pub(super) fn start_searching(&self) -> bool {
        let mut now = self.word.load(Relaxed);
        loop {
            if 2 * Word(now).searching() >= self.workers as u64 {
                return false;
            }
            match self
                .word
                .compare_exchange(now, now + SEARCHING, AcqRel, Relaxed)
            {
                Ok(_) => return true,
                Err(actual) => now = actual,
            }
        }
    }

    /// A searching worker found work. True if it was the last that searched: then it
    /// looks at all queues once more, and if there is anything left, rouses another.
    pub(super) fn stop_searching(&self) -> bool {
        let before = Word(self.word.fetch_sub(SEARCHING, AcqRel));
        debug_assert!(before.searching() > 0);
        if before.searching() != 1 {
            return false;
        }
        // Pairs with the fence of `pushed`: who saw this search and so roused nobody,
        // has its push seen by what follows.
        fence(SeqCst);
        true
    }

    /// A worker found nothing: it counts as parked from here on, and can be roused. It
    /// must then look at all queues, and at [`is_closed`](Self::is_closed), once more
    /// before it sleeps. It was up `needless`ly if it had got up to search, and the
    /// others get on so fast that they had soon done without.
    pub(super) fn fall_asleep(&self, worker: usize, searching: bool, needless: bool) {
        let mut sleepers = self.sleepers.lock();
        sleepers.park(worker, self.workers);
        let change = PARKED - if searching { SEARCHING } else { 0 };
        self.word.fetch_add(change, AcqRel);
        sleepers.needless += usize::from(needless);
        if sleepers.parked.len() == self.workers {
            self.word.fetch_and(!(HUSHED | CROWDED), AcqRel);
        } else if needless && sleepers.needless > PATIENCE * self.workers {
            self.word.fetch_or(HUSHED, AcqRel);
        }
        drop(sleepers);
        // Pairs with the fence of `pushed`: either that push is seen by the look that
        // follows, or it sees this worker parked.
        fence(SeqCst);
    }

    /// Whoever is parked may be roused again.
    pub(super) fn end_hush(&self) {
        self.sleepers.lock().needless /= 2;
        self.word.fetch_and(!(HUSHED | CROWDED), AcqRel);
    }

    /// A worker in a crowd has left its tasks where others take them, and counts as
    /// parked from here on. False, if it is the only one that is up.
    pub(super) fn stand_back(&self, worker: usize) -> bool {
        let mut sleepers = self.sleepers.lock();
        let others_are_up = sleepers.parked.len() + 1 < self.workers;
        if others_are_up {
            sleepers.park(worker, self.workers);
            self.word.fetch_add(PARKED, AcqRel);
            self.word.fetch_or(CROWDED, AcqRel);
        }
        others_are_up
    }

    /// A worker that fell asleep says where it lies: in the driver, or on its token.
    /// If the watcher lies in the driver, who comes upon its token watches in its
    /// stead: then the driver's holder can leave without telling anyone.
    pub(super) fn settle(&self, worker: usize, in_driver: bool) {
        let mut sleepers = self.sleepers.lock();
        if self.workers == 1 || !sleepers.parked.contains(&worker) {
            return;
        }
        if in_driver {
            sleepers.in_driver = Some(worker);
        } else if sleepers.watcher.is_none() || sleepers.watcher == sleepers.in_driver {
            sleepers.watcher = Some(worker);
        }
    }

    /// What does a parked worker have to know? `None`: it was roused.
    pub(super) fn look_around(&self, worker: usize) -> Option<Around> {
        let sleepers = self.sleepers.lock();
        sleepers.parked.contains(&worker).then(|| Around {
            watching: sleepers.watcher == Some(worker),
            all_parked: sleepers.parked.len() == self.workers,
        })
    }

    /// The watcher finds that all are parked, and need not look again until somebody
    /// gets up. Who ran dry until now says nothing of what comes then.
    pub(super) fn doze_off(&self, worker: usize) {
        let mut sleepers = self.sleepers.lock();
        if sleepers.watcher == Some(worker) && sleepers.parked.len() == self.workers {
            sleepers.watcher = None;
            sleepers.needless = 0;
        }
    }

    /// A worker is up again, on its own or because it was roused. With `to_search` it
    /// counts as searching from here on; if it was roused, it does so anyway.
    pub(super) fn get_up(&self, worker: usize, to_search: bool) -> GotUp {
        let mut sleepers = self.sleepers.lock();
        let roused = !sleepers.parked.contains(&worker);
        if !roused {
            sleepers.remove(worker);
            let change = if to_search {
                PARKED - SEARCHING
            } else {
                PARKED
            };
            self.word.fetch_sub(change, AcqRel);
        }
        let appointed = sleepers.appoint();
        GotUp { roused, appointed }
    }

    /// Nothing is taken in any more. Everyone must be roused to learn of it.
    pub(super) fn close(&self) {
        self.word.fetch_or(CLOSED, AcqRel);
    }
}

impl Sleepers {
    /// One of so many workers lies down, and watches if nobody does.
    fn park(&mut self, worker: usize, workers: usize) {
        debug_assert!(!self.parked.contains(&worker));
        self.parked.push(worker);
        if self.watcher.is_none() && workers > 1 {
            self.watcher = Some(worker);
        }
    }

    /// Whom to rouse: the one that lay down last, its cache being the warmest; rather
    /// not the driver's holder, and the watcher only if it is alone.
    fn choose(&self) -> Option<usize> {
        // Of equals, `max_by_key` takes the last.
        self.parked.iter().copied().max_by_key(|&worker| {
            let worker = Some(worker);
            (worker != self.watcher, worker != self.in_driver)
        })
    }

    fn remove(&mut self, worker: usize) {
        self.parked.retain(|&parked| parked != worker);
        if self.in_driver == Some(worker) {
            self.in_driver = None;
        }
        if self.watcher == Some(worker) {
            self.watcher = None;
        }
    }

    /// Somebody is up: if others are parked, one of them has to watch.
    fn appoint(&mut self) -> Option<usize> {
        if self.watcher.is_some() {
            return None;
        }
        let parked = self.parked.iter().copied();
        self.watcher = parked.max_by_key(|&worker| Some(worker) != self.in_driver);
        self.watcher
    }
}

#[cfg(all(test, not(loom)))]
#[path = "idle_tests.rs"]
mod tests;
