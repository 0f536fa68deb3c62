//! **What is a deque that loom can follow?** A list under a lock that loom does not
//! see, and beside it two counts that it does, as crossbeam's indices: of what was
//! pushed, stored with `Release`, and of what was taken. Whoever is told "empty" by
//! stale counts has missed a push, as with the real one.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use crate::loom::sync::atomic::AtomicUsize;
use crate::loom::sync::atomic::Ordering::{AcqRel, Acquire, Release};

/// crossbeam's answer to a thief.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Steal<T> {
    Empty,
    Success(T),
    #[allow(dead_code)] // the stand-in never asks for another try
    Retry,
}

#[derive(Debug)]
struct List<T> {
    entries: Mutex<VecDeque<T>>,
    pushed: AtomicUsize,
    taken: AtomicUsize,
}

impl<T> List<T> {
    fn new() -> Self {
        Self {
            entries: Mutex::new(VecDeque::new()),
            pushed: AtomicUsize::new(0),
            taken: AtomicUsize::new(0),
        }
    }

    fn push(&self, task: T) {
        self.entries.lock().unwrap().push_back(task);
        self.pushed.fetch_add(1, Release);
    }

    fn take(&self) -> Option<T> {
        let task = self.entries.lock().unwrap().pop_front();
        if task.is_some() {
            self.taken.fetch_add(1, AcqRel);
        }
        task
    }

    fn len(&self) -> usize {
        let taken = self.taken.load(Acquire);
        self.pushed.load(Acquire).saturating_sub(taken)
    }

    fn steal_batch_and_pop(&self, to: &Deque<T>) -> Steal<T> {
        if self.len() == 0 {
            return Steal::Empty;
        }
        let half = self.entries.lock().unwrap().len().div_ceil(2);
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

pub(crate) struct Deque<T>(Arc<List<T>>);

impl<T> Deque<T> {
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

    pub(crate) fn steal_batch_and_pop(&self, to: &Deque<T>) -> Steal<T> {
        self.0.steal_batch_and_pop(to)
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

    pub(crate) fn steal_batch_and_pop(&self, to: &Deque<T>) -> Steal<T> {
        self.0.steal_batch_and_pop(to)
    }
}
