//! **What is a deque that loom can follow?** A list under a lock that loom does not
//! see, and beside it two counts that it does, as crossbeam's indices: of what was
//! pushed, stored with `Release`, and of what was taken. Whoever is told "empty" by
//! stale counts has missed a push, as with the real one. And each entry has a flag that
//! passes on what was written before its push, to who takes that entry and nobody else.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use crate::loom::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use crate::loom::sync::atomic::{AtomicBool, AtomicUsize};

/// crossbeam's answer to a thief.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Steal<T> {
    Empty,
    Success(T),
    #[allow(dead_code)] // the stand-in never asks for another try
    Retry,
}

/// Flags for entries; more pushes than this to one queue would share them.
const FLAGS: usize = 8;

#[derive(Debug)]
struct List<T> {
    /// What was pushed and not taken, each with the number of its flag.
    entries: Mutex<VecDeque<(usize, T)>>,
    next: std::sync::atomic::AtomicUsize,
    flags: [AtomicBool; FLAGS],
    pushed: AtomicUsize,
    taken: AtomicUsize,
}

impl<T> List<T> {
    fn new() -> Self {
        Self {
            entries: Mutex::new(VecDeque::new()),
            next: std::sync::atomic::AtomicUsize::new(0),
            flags: std::array::from_fn(|_| AtomicBool::new(false)),
            pushed: AtomicUsize::new(0),
            taken: AtomicUsize::new(0),
        }
    }

    fn push(&self, task: T) {
        let number = self.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        assert!(number < FLAGS, "a model pushes little");
        self.flags[number].store(true, Release);
        self.entries.lock().unwrap().push_back((number, task));
        self.pushed.fetch_add(1, Release);
    }

    fn take(&self) -> Option<T> {
        let (number, task) = self.entries.lock().unwrap().pop_front()?;
        self.taken.fetch_add(1, AcqRel);
        let written = self.flags[number].swap(false, Acquire);
        assert!(written, "pushed before it was written");
        Some(task)
    }

    fn len(&self) -> usize {
        let taken = self.taken.load(Acquire);
        self.pushed.load(Acquire).saturating_sub(taken)
    }

    fn steal_batch(&self, to: &Worker<T>, limit: usize) -> Steal<T> {
        if self.len() == 0 {
            return Steal::Empty;
        }
        let half = self.entries.lock().unwrap().len().div_ceil(2).min(limit);
        let Some(first) = self.take() else {
            return Steal::Empty;
        };
        for _ in 1..half {
            if let Some(task) = self.take() {
                to.0.push(task);
            }
        }
        Steal::Success(first)
    }
}

pub(crate) struct Worker<T>(Arc<List<T>>);

impl<T> Worker<T> {
    pub(crate) fn new_fifo() -> Self {
        Self(Arc::new(List::new()))
    }

    pub(crate) fn stealer(&self) -> Stealer<T> {
        Stealer(self.0.clone())
    }

    pub(crate) fn push(&self, task: T) {
        self.0.push(task);
    }

    pub(crate) fn pop(&self) -> Option<T> {
        // The owner knows how much it pushed.
        self.0.take()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn len(&self) -> usize {
        self.0.entries.lock().unwrap().len()
    }
}

pub(crate) struct Stealer<T>(Arc<List<T>>);

impl<T> Stealer<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn steal_batch_and_pop(&self, to: &Worker<T>) -> Steal<T> {
        self.0.steal_batch(to, usize::MAX)
    }
}

pub(crate) struct Injector<T>(List<T>);

impl<T> Injector<T> {
    pub(crate) fn new() -> Self {
        Self(List::new())
    }

    pub(crate) fn push(&self, task: T) {
        self.0.push(task);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn steal(&self) -> Steal<T> {
        if self.is_empty() {
            return Steal::Empty;
        }
        match self.0.take() {
            Some(task) => Steal::Success(task),
            None => Steal::Empty,
        }
    }

    pub(crate) fn steal_batch_with_limit_and_pop(&self, to: &Worker<T>, limit: usize) -> Steal<T> {
        self.0.steal_batch(to, limit)
    }
}
