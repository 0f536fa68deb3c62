//! **Whose event is this?** The operating system gives back the token that a
//! descriptor was registered with; a slab leads from it to the descriptor's
//! record.
//!
//! ```text
//!   token:  generation │ key          slab[key] ──► record { generation, Readiness }
//!
//!   register    record into the slab ─► descriptor into epoll, with its token
//!   an event    lock, slab[key], same generation? ─► set its readiness
//!   deregister  descriptor out of epoll ─► record out of the slab
//! ```
//!
//! A key is used again as soon as its record is gone, so an event that was
//! already on its way to the old record finds the new one there, or none. Its
//! generation tells: it is not the new one's, and the event is dropped. (tokio
//! and the first plan of this file keep records until the batch of events is
//! through, for their tokens are pointers. Here the slab's lock is held while the
//! events of a turn are looked up, once for all of them, and so a record may go
//! whenever its owner likes.)
//!
//! Descriptors are registered once, for all that is of interest, edge-triggered.
//!
//! # Invariants
//!
//! - A record is in the slab before its descriptor can have an event.
//! - No waker is called, and no system call made, with the lock held.
//! - After [`shut_down`](Registrations::shut_down) the slab is empty and stays so.
//!
//! `armed` mirrors the slab's length, Relaxed: a hint for the loop, like the one
//! of `timers.rs`.
//!
//! Read next: `registration.rs`, what a leaf future holds.

use std::io;
use std::sync::Arc;

use mio::event::{Event, Source};
use mio::{Registry, Token};
use slab::Slab;

use super::readiness::Readiness;
use super::ready::{Interest, Ready};
use super::registration::shutting_down;
use crate::loom::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use crate::loom::sync::{Mutex, MutexGuard};
use crate::util::wake_batch::WakeBatch;

/// Half of a token is the key, the other half, but for its top bit, the
/// generation: tokens of the driver's own have that bit.
const KEY_BITS: u32 = usize::BITS / 2;
const KEY: usize = (1 << KEY_BITS) - 1;
const GENERATIONS: usize = 1 << (KEY_BITS - 1);

/// The record of one descriptor.
#[derive(Debug)]
pub(super) struct Record {
    token: Token,
    pub(super) readiness: Readiness,
}

/// The records of every descriptor of one runtime.
pub(super) struct Registrations {
    registry: Registry,
    records: Mutex<Records>,
    armed: AtomicUsize,
}

#[derive(Default)]
pub(super) struct Records {
    by_key: Slab<Arc<Record>>,
    generation: usize,
    shut_down: bool,
}

impl Records {
    /// Brings an event to its record; who waited for it is put into `wakers`.
    #[inline]
    pub(super) fn bring(&self, event: &Event, wakers: &mut WakeBatch) {
        let token = event.token();
        if let Some(record) = self.by_key.get(token.0 & KEY)
            && record.token == token
        {
            let ready = Ready::of_event(event);
            record.readiness.set(ready, |waker| wakers.push(waker));
        }
    }
}

impl Registrations {
    pub(super) fn new(registry: Registry) -> Self {
        Self {
            registry,
            records: Mutex::default(),
            armed: AtomicUsize::new(0),
        }
    }

    /// Is there any descriptor to look at? Takes no lock.
    #[inline]
    pub(super) fn is_armed(&self) -> bool {
        self.armed.load(Relaxed) != 0
    }

    /// # Errors
    ///
    /// The operating system's, and [`shutting_down`] once the runtime is gone.
    pub(super) fn register(
        &self,
        source: &mut impl Source,
        interest: Interest,
    ) -> io::Result<Arc<Record>> {
        let record = self.insert()?;
        self.registry
            .register(source, record.token, interest.to_mio())
            .inspect_err(|_| self.remove(&record))?;
        Ok(record)
    }

    fn insert(&self) -> io::Result<Arc<Record>> {
        let mut records = self.records.lock();
        if records.shut_down {
            return Err(shutting_down());
        }
        let key = records.by_key.vacant_key();
        if key > KEY {
            return Err(io::Error::other(format!(
                "a runtime on this platform holds at most {KEY} descriptors"
            )));
        }
        records.generation = (records.generation + 1) % GENERATIONS;
        let record = Arc::new(Record {
            token: Token(records.generation << KEY_BITS | key),
            readiness: Readiness::new(),
        });
        records.by_key.insert(record.clone());
        self.armed.store(records.by_key.len(), Relaxed);
        Ok(record)
    }

    /// Takes the descriptor out of the poll set.
    pub(super) fn deregister(&self, source: &mut impl Source) -> io::Result<()> {
        self.registry.deregister(source)
    }

    /// Forgets a record, once. Events that are on their way to it are dropped.
    pub(super) fn remove(&self, record: &Record) {
        let mut records = self.records.lock();
        // It is not there any more if the runtime was shut down; nor is any other then.
        let removed = records.by_key.try_remove(record.token.0 & KEY);
        self.armed.store(records.by_key.len(), Relaxed);
        drop(records);
        drop(removed);
    }

    /// Locks the records, for the events of one turn.
    #[inline]
    pub(super) fn open(&self) -> MutexGuard<'_, Records> {
        self.records.lock()
    }

    /// The runtime is going away: whoever waits is woken and fails.
    pub(super) fn shut_down(&self) {
        let mut wakers = WakeBatch::new();
        let mut records = self.records.lock();
        records.shut_down = true;
        let left = std::mem::take(&mut records.by_key);
        self.armed.store(0, Relaxed);
        drop(records);
        for (_, record) in &left {
            record.readiness.shut_down(|waker| wakers.push(waker));
        }
        wakers.wake_all();
    }
}
