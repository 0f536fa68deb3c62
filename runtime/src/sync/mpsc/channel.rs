//! **What do all handles of one channel share?** One lock, and under it all
//! there is to know: the messages, who waits, who counts, whether it is closed.
//!
//! ```text
//!  Sender ──push──▶ ┌ Mailbox ────────────────────┐ ──pop────▶ Receiver
//!                   │ messages       ≤ bound      │
//!  Permit ─ holds ▶ │ lent slots                  │ ◀─ waits ─ its waker
//!  claim  ─ waits ▶ │ claims, in order of arrival │ ──swap───▶ UnboundedReceiver
//!                   └─────────────────────────────┘            and its backlog
//! ```
//!
//! So the look at the messages and the registration of a waker are one critical
//! section, and no wake-up can fall between them; there is no atomic here and
//! no memory ordering to prove. A critical section is a handful of moves. An
//! uncontended lock costs two locked instructions: four for a send and a receive,
//! where a lock-free list with a semaphore and a waker cell beside it (tokio's)
//! takes five or more.
//!
//! A bounded channel has `bound` slots. Each is free, filled (a message), or
//! lent: to a permit, or to a *claim*, a sender that waits. A slot that becomes
//! free goes to the first claim, which keeps what it was given until it has all
//! it wants; a claim that ends early gives everything back. An unbounded channel
//! lends nothing and looks at no bound.
//!
//! Invariants:
//!
//! - `lent + messages.len() <= bound`, and while a claim is queued no slot is
//!   free: nobody overtakes.
//! - A receiver's waker is here only while `messages` is empty, so whoever
//!   makes it non-empty, or ends the channel, takes the waker out and wakes it.
//! - Closed: no claim is queued and no slot is lent any more; those that are
//!   lent still may be filled. The end comes when the last is filled or returned.
//! - Wakers are woken and dropped, and messages dropped, after the lock is
//!   released. A waker is cloned under it, which is to count a reference.
//! - A waker that panics loses no message: sending has pushed it by then, and
//!   receiving keeps the panic from spreading (`sync/wake.rs`).
//!
//! Read next: `unbounded.rs`, then `permit.rs` for claims.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::task::{Context, Poll, Waker};

use crate::loom::sync::{Arc, Mutex, MutexGuard};
use crate::sync::wait_list::{Key, WaitList};
use crate::sync::wake::wake;
use crate::util::wake_batch::WakeBatch;

/// One channel: a mailbox behind its lock.
pub(super) struct Channel<T> {
    mailbox: Mutex<Mailbox<T>>,
}

/// All that the two ends share.
pub(super) struct Mailbox<T> {
    pub(super) messages: VecDeque<T>,
    /// The receiver's waker, while it waits.
    receiver: Option<Waker>,
    reading: Reading,
    /// Slots, if bounded.
    bound: usize,
    /// Slots held without a message in them, by permits and claims.
    pub(super) lent: usize,
    /// Senders that wait for slots.
    pub(super) claims: WaitList<Claim>,
    senders: usize,
    weak_senders: usize,
    /// Tasks that wait in `Sender::closed`.
    watchers: WaitList<()>,
}

/// What may still be expected of the receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// It takes whatever is sent.
    Open,
    /// It takes what is in the mailbox and what fills lent slots.
    Closed,
    /// It was dropped.
    Gone,
}

/// A waiting sender's account.
#[derive(Debug)]
pub(super) struct Claim {
    /// Slots that it holds.
    pub(super) given: usize,
    /// Slots that it lacks; at least one while it is queued.
    pub(super) missing: usize,
}

impl<T> Mailbox<T> {
    /// Was the channel closed by its receiver?
    #[inline]
    pub(super) fn is_closed(&self) -> bool {
        self.reading != Reading::Open
    }

    /// Will there never be a message again, once there is none now?
    #[inline]
    pub(super) fn is_ended(&self) -> bool {
        self.senders == 0 || (self.is_closed() && self.lent == 0)
    }

    #[inline]
    pub(super) fn bound(&self) -> usize {
        self.bound
    }

    /// Slots that are neither filled nor lent.
    #[inline]
    pub(super) fn free(&self) -> usize {
        self.bound - self.lent - self.messages.len()
    }

    /// Adds a message. Returns the receiver to be woken.
    #[inline]
    #[must_use]
    pub(super) fn push(&mut self, message: T) -> Option<Waker> {
        self.messages.push_back(message);
        self.receiver.take()
    }

    /// Fills a lent slot, which works also after the close. Returns the
    /// receiver to be woken, or, if it is gone, the message to be dropped.
    #[inline]
    pub(super) fn fill_lent(&mut self, message: T) -> Result<Option<Waker>, T> {
        self.lent -= 1;
        if self.reading == Reading::Gone {
            return Err(message);
        }
        Ok(self.push(message))
    }

    /// Registers the receiver, which found nothing. Returns the waker that was
    /// replaced, to be dropped.
    pub(super) fn wait_for_message(&mut self, waker: &Waker) -> Option<Waker> {
        match &self.receiver {
            Some(known) if known.will_wake(waker) => None,
            _ => self.receiver.replace(waker.clone()),
        }
    }

    /// Hands up to `free` slots, which nobody holds, to the first claim, and
    /// subtracts them. Returns that claim's waker if it now has all it wants.
    #[inline]
    #[must_use]
    pub(super) fn pass_on(&mut self, free: &mut usize) -> Option<Waker> {
        if self.claims.is_empty() {
            return None;
        }
        let claim = self.claims.front_mut()?;
        let given = claim.missing.min(*free);
        claim.given += given;
        claim.missing -= given;
        self.lent += given;
        *free -= given;
        if claim.missing > 0 {
            return None;
        }
        self.claims.pop_front().map(|(waker, _)| waker)
    }

    /// Takes `n` lent slots back and passes them on.
    pub(super) fn take_back(&mut self, mut n: usize, batch: &mut WakeBatch) {
        self.lent -= n;
        while let Some(sender) = self.pass_on(&mut n) {
            batch.push(sender);
        }
        // Nobody may be left to send a word: then the receiver must learn it.
        if self.is_ended()
            && let Some(receiver) = self.receiver.take()
        {
            batch.push(receiver);
        }
    }

    fn close(&mut self, batch: &mut WakeBatch) {
        if self.reading == Reading::Open {
            self.reading = Reading::Closed;
        }
        while let Some((sender, _)) = self.claims.pop_front() {
            batch.push(sender);
        }
        while let Some((watcher, ())) = self.watchers.pop_front() {
            batch.push(watcher);
        }
    }
}

impl<T> Channel<T> {
    /// A channel with one sender.
    pub(super) fn new(bound: usize) -> Self {
        Channel {
            mailbox: Mutex::new(Mailbox {
                messages: VecDeque::new(),
                receiver: None,
                reading: Reading::Open,
                bound,
                lent: 0,
                claims: WaitList::new(),
                senders: 1,
                weak_senders: 0,
                watchers: WaitList::new(),
            }),
        }
    }

    #[inline]
    pub(super) fn lock(&self) -> MutexGuard<'_, Mailbox<T>> {
        self.mailbox.lock()
    }

    /// Returns `n` lent slots.
    pub(super) fn take_back(&self, n: usize) {
        let mut batch = WakeBatch::new();
        self.lock().take_back(n, &mut batch);
        batch.wake_all();
    }

    /// The receiver wants nothing new.
    pub(super) fn close(&self) {
        let mut batch = WakeBatch::new();
        self.lock().close(&mut batch);
        batch.wake_all();
    }

    /// The receiver is dropped: closes, then drops what was not received.
    pub(super) fn abandon(&self) {
        let mut batch = WakeBatch::new();
        let mut mailbox = self.lock();
        mailbox.close(&mut batch);
        mailbox.reading = Reading::Gone;
        let receiver = mailbox.receiver.take();
        let messages = std::mem::take(&mut mailbox.messages);
        drop(mailbox);
        drop(receiver);
        batch.wake_all();
        // A message whose destructor panics does not keep the others: `VecDeque`
        // goes on with them while the panic unwinds.
        drop(messages);
    }

    pub(super) fn senders(&self) -> usize {
        self.lock().senders
    }

    pub(super) fn weak_senders(&self) -> usize {
        self.lock().weak_senders
    }

    /// Completes when the receiver is closed or dropped.
    pub(super) async fn closed(&self) {
        let mut watch = Watch {
            channel: self,
            key: None,
        };
        poll_fn(|cx| watch.poll_closed(cx)).await;
    }
}

impl<T> fmt::Debug for Channel<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut channel = f.debug_struct("Channel");
        if let Some(mailbox) = self.mailbox.try_lock() {
            channel
                .field("messages", &mailbox.messages.len())
                .field("lent", &mailbox.lent)
                .field("reading", &mailbox.reading)
                .field("senders", &mailbox.senders);
        }
        channel.finish_non_exhaustive()
    }
}

/// A wait for the close.
struct Watch<'a, T> {
    channel: &'a Channel<T>,
    /// Its record among the watchers.
    key: Option<Key>,
}

impl<T> Watch<'_, T> {
    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut mailbox = self.channel.lock();
        let replaced = match self.key {
            _ if mailbox.is_closed() => return Poll::Ready(()),
            None => {
                self.key = Some(mailbox.watchers.push_back(cx.waker().clone(), ()));
                None
            }
            Some(key) => refresh(&mut mailbox.watchers, key, cx.waker()),
        };
        drop(mailbox);
        drop(replaced);
        Poll::Pending
    }
}

impl<T> Drop for Watch<'_, T> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let removed = self.channel.lock().watchers.remove(key);
            drop(removed);
        }
    }
}

/// Makes sure that a queued waiter wakes this task. Returns the waker that was
/// replaced, to be dropped outside of the lock.
pub(super) fn refresh<S>(list: &mut WaitList<S>, key: Key, waker: &Waker) -> Option<Waker> {
    match list.waker(key) {
        Some(known) if known.will_wake(waker) => None,
        _ => Some(list.set_waker(key, waker.clone())),
    }
}

/// A counted reference to a channel: as long as one exists, more may be sent.
pub(super) struct Strong<T>(Arc<Channel<T>>);

/// A reference that does not keep the channel open.
pub(super) struct Weak<T>(Arc<Channel<T>>);

impl<T> Strong<T> {
    /// The first one, for which [`Channel::new`] has counted, and the
    /// receiver's reference.
    pub(super) fn first(bound: usize) -> (Self, Arc<Channel<T>>) {
        let channel = Arc::new(Channel::new(bound));
        (Strong(channel.clone()), channel)
    }

    pub(super) fn downgrade(&self) -> Weak<T> {
        self.0.lock().weak_senders += 1;
        Weak(self.0.clone())
    }

    pub(super) fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> std::ops::Deref for Strong<T> {
    type Target = Channel<T>;

    #[inline]
    fn deref(&self) -> &Channel<T> {
        &self.0
    }
}

impl<T> Clone for Strong<T> {
    fn clone(&self) -> Self {
        self.0.lock().senders += 1;
        Strong(self.0.clone())
    }
}

impl<T> Drop for Strong<T> {
    fn drop(&mut self) {
        let mut mailbox = self.0.lock();
        mailbox.senders -= 1;
        let receiver = if mailbox.senders == 0 {
            mailbox.receiver.take()
        } else {
            None
        };
        drop(mailbox);
        wake(receiver);
    }
}

impl<T> Weak<T> {
    /// A strong reference, if there is one yet.
    pub(super) fn upgrade(&self) -> Option<Strong<T>> {
        let mut mailbox = self.0.lock();
        if mailbox.senders == 0 {
            return None;
        }
        mailbox.senders += 1;
        drop(mailbox);
        Some(Strong(self.0.clone()))
    }
}

impl<T> std::ops::Deref for Weak<T> {
    type Target = Channel<T>;

    fn deref(&self) -> &Channel<T> {
        &self.0
    }
}

impl<T> Clone for Weak<T> {
    fn clone(&self) -> Self {
        self.0.lock().weak_senders += 1;
        Weak(self.0.clone())
    }
}

impl<T> Drop for Weak<T> {
    fn drop(&mut self) {
        self.0.lock().weak_senders -= 1;
    }
}
