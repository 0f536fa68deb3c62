//! **What did the loop do?** Its phases report here, one line where each happens:
//! `observe(Event::Poll)`. Today the reports are counted; a recorder can hang on
//! the same line.
//!
//! A tally has one writer, the thread that drives the loop or works at the post, so a
//! count is a plain load, add and store. Readers on other threads see a count that is
//! at most a moment old.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A phase of a loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// A task or the main future is polled.
    Poll,
    /// The driver is looked at while tasks wait.
    Look,
    /// The loop goes to sleep.
    Park,
    /// The loop woke up.
    Unpark,
    /// A batch was stolen from another worker.
    Theft,
    /// A task was stolen.
    Stolen,
}

const EVENTS: usize = 6;

/// How often each event happened.
#[derive(Debug, Default)]
pub(crate) struct Tally([AtomicU64; EVENTS]);

impl Tally {
    /// For the one thread that drives.
    #[inline]
    pub(crate) fn observe(&self, event: Event) {
        self.add(event, 1);
    }

    /// The same, for what happened `times` over.
    #[inline]
    pub(crate) fn add(&self, event: Event, times: u64) {
        let count = &self.0[event as usize];
        count.store(count.load(Relaxed) + times, Relaxed);
    }

    pub(crate) fn count(&self, event: Event) -> u64 {
        self.0[event as usize].load(Relaxed)
    }
}
