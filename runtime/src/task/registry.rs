//! **Which tasks are alive?** An executor enters each task it owns, so that it
//! can end them all when it shuts down.
//!
//! Pages of 256 slots, eight bytes a slot: a slot holds a task's pointer, or, in
//! the free list, the next free key. Pages never move and never double, so the
//! registry costs a task its eight bytes, and growing it never copies. (`slab` would cost 16 bytes a task and up to twice that after it
//! doubled; an intrusive list 16, and pointers between tasks.)
//!
//! No lock and no atomic in here: the registry belongs to the executor. Another
//! thread's spawn travels as a runnable, and the loop registers it when it gets
//! there.
//!
//! An executor of many threads has several, each behind a lock, and one range of keys
//! for all: each registry counts in strides, from a start of its own.
//!
//! Invariant: a task in the registry is not complete, and holds the executor's
//! reference. Where the keys of tasks that ended elsewhere come here late, whoever
//! follows pointers (`claim_idle`, `take_one`) sees to it first that none is on its way:
//! `executor/multi_thread/roll.rs`.

use std::ptr::NonNull;

use crate::task::cell::{Header, Owner, TaskRef};
use crate::task::runnable::{self, Unregistered};
use crate::task::state::KEYS;

const PAGE: usize = 256;

/// A task's pointer, or a free key with the lowest bit set. Headers are aligned
/// to eight bytes, so no pointer has that bit.
#[derive(Clone, Copy)]
struct Slot(*mut Header);

impl Slot {
    fn task(task: TaskRef) -> Self {
        Self(task.as_ptr())
    }

    fn free(next: u32) -> Self {
        Self(std::ptr::without_provenance_mut(((next as usize) << 1) | 1))
    }

    fn read(self) -> Result<TaskRef, u32> {
        let bits = self.0.addr();
        if bits & 1 == 1 {
            return Err((bits >> 1) as u32);
        }
        Ok(NonNull::new(self.0).expect("a slot is never null"))
    }
}

/// The end of the free list.
const NONE: u32 = u32::MAX >> 1;

/// The tasks of one executor.
pub(crate) struct Registry {
    #[allow(clippy::vec_box)] // growing moves the boxes, not the pages
    pages: Vec<Box<[Slot; PAGE]>>,
    /// Head of the free list.
    free: u32,
    len: usize,
    /// Slot `n` has the key `(n << stride) | start`.
    start: u32,
    stride: u32,
}

// SAFETY: the registry owns a reference on each of its tasks; what else it may
// do with them is the executor's affair, which alone can reach it.
unsafe impl Send for Registry {}

impl Registry {
    pub(crate) const fn new() -> Self {
        Self::part(0, 0)
    }

    /// Number `start` of `2^stride` that share their keys.
    pub(crate) const fn part(start: u32, stride: u32) -> Self {
        Self {
            pages: Vec::new(),
            free: NONE,
            len: 0,
            start,
            stride,
        }
    }

    /// How many tasks are alive.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Enters a task and notes the key in it.
    pub(super) fn insert(&mut self, task: TaskRef) -> u32 {
        if self.free == NONE {
            self.grow();
        }
        let key = self.free;
        let slot = self.slot(key);
        let next = slot.read().expect_err("a key of the free list is free");
        *slot = Slot::task(task);
        self.free = next;
        self.len += 1;
        (key << self.stride) | self.start
    }

    /// Takes out a task that completed.
    pub(crate) fn remove(&mut self, key: u32) {
        self.vacate(key >> self.stride);
    }

    fn vacate(&mut self, key: u32) {
        let free = self.free;
        let slot = self.slot(key);
        debug_assert!(slot.read().is_ok(), "removed twice");
        *slot = Slot::free(free);
        self.free = key;
        self.len -= 1;
    }

    /// Takes out one task, for the executor that shuts down; `None` if none is left.
    ///
    /// One at a time: a destructor may reach the executor again, and finds the
    /// registry at rest.
    pub(crate) fn take_one(&mut self) -> Option<Doomed> {
        while self.len > 0
            && let Some(page) = self.pages.last_mut()
        {
            let taken = page.iter_mut().rev().find_map(|slot| {
                let task = slot.read().ok()?;
                *slot = Slot::free(NONE);
                Some(task)
            });
            if let Some(task) = taken {
                self.len -= 1;
                return Some(Doomed(task));
            }
            // The free list may still name this page's keys; nothing is
            // entered any more, so nobody will follow it.
            self.pages.pop();
        }
        self.free = NONE;
        None
    }

    /// Asks tasks to end, from slot `from` on, up to the first that is idle, which it
    /// takes out; `from` is then the slot behind that one.
    ///
    /// For an executor of many threads that shuts down. What is not idle ends by
    /// whoever runs it or has its runnable. One at a time: its destructor may wait for
    /// another to end.
    pub(crate) fn claim_idle(&mut self, from: &mut u32) -> Option<Claimed> {
        while self.len > 0 && (*from as usize) < self.pages.len() * PAGE {
            let key = *from;
            *from += 1;
            if let Ok(task) = self.slot(key).read()
                // SAFETY: what is registered holds the executor's reference.
                && unsafe { task.as_ref() }.state.claim()
            {
                self.vacate(key);
                return Some(Claimed(task));
            }
        }
        None
    }

    /// Has it a free key, without another page?
    #[inline]
    pub(crate) fn has_free_key(&self) -> bool {
        self.free != NONE
    }

    /// Has it a key for another task?
    #[inline]
    pub(crate) fn has_room(&self) -> bool {
        self.has_free_key() || self.pages.len() < self.most_pages()
    }

    fn most_pages(&self) -> usize {
        (KEYS >> self.stride) as usize / PAGE
    }

    fn slot(&mut self, key: u32) -> &mut Slot {
        let key = key as usize;
        &mut self.pages[key / PAGE][key % PAGE]
    }

    /// Another page, for a free list that is empty.
    fn grow(&mut self) {
        assert!(
            self.pages.len() < self.most_pages(),
            "more than {KEYS} tasks at once"
        );
        let base = (self.pages.len() * PAGE) as u32;
        let mut page = Box::new([Slot::free(NONE); PAGE]);
        for (i, slot) in page.iter_mut().enumerate().take(PAGE - 1) {
            *slot = Slot::free(base + i as u32 + 1);
        }
        self.free = base;
        self.pages.push(page);
    }
}

/// A task out of the registry whose end is due.
#[must_use]
pub(crate) struct Doomed(TaskRef);

impl Doomed {
    /// Drops the future; the outcome is "cancelled".
    ///
    /// # Safety
    ///
    /// The caller is the task's executor, on the thread that its future is bound to,
    /// and no thread of it polls anything any more.
    pub(crate) unsafe fn shut_down(self) {
        // SAFETY: what was registered holds the executor's reference.
        if unsafe { self.0.as_ref() }.state.cancel() {
            // A runnable may be on its way meanwhile: it will find the task complete.
            // SAFETY: it is not complete yet, and nobody polls it: the stage is ours.
            unsafe { runnable::end::<Unregistered>(self.0) };
        }
    }
}

/// A task out of the registry that nobody else can poll.
#[must_use]
pub(crate) struct Claimed(TaskRef);

impl Claimed {
    /// Drops the future; the outcome is "cancelled".
    pub(crate) fn end<O: Owner>(self) {
        const { assert!(O::MANY_THREADS) };
        // SAFETY: the claim, by `claim_idle`, made the stage ours.
        unsafe { runnable::end::<O>(self.0) };
    }
}
