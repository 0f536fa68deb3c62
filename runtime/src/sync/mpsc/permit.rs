//! **How does a sender get a slot, and how does it hold one?** It claims; what
//! it is lent becomes a permit, or a message at once.
//!
//! ```text
//!              (1) free               (4) send
//!   claim ───────────────▶ permit ────────────────▶ message in the mailbox
//!     │ (2) none                 │ (5) drop
//!     ▼          (3) served      ▼
//!   queued ──────▶ permit     slot free, passed on to the first claim
//!     │ (6) dropped, or closed
//!     └────────▶ whatever it was given is passed on likewise
//! ```
//!
//! [`Claiming`] is (1) to (3) and (6); [`Sending`] and [`Reserving`] are the futures
//! around it. `Sending` fills the slot in the same critical section in which it
//! gets it. A claim that has been served but not polled holds its slots: the
//! channel does not end before it is polled or dropped; after a close it fails
//! even so and gives them back.
//!
//! All futures here are `Unpin`: what is queued is a record in the mailbox's
//! wait list, named by a key.
//!
//! Read next: `queue.rs`, where both ends wait in line.

use std::fmt;
use std::future::Future;
use std::iter::FusedIterator;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::bounded::Sender;
use super::channel::{Channel, Claim, Mailbox, refresh};
use super::error::{SendError, TrySendError};
use crate::loom::sync::MutexGuard;
use crate::sync::wait_list::Key;
use crate::sync::wake::wake;
use crate::task::coop::poll_proceed;
use crate::util::wake_batch::WakeBatch;

impl<T> Channel<T> {
    /// Lends `n` slots if as many are free. `n` may be anything.
    pub(super) fn try_lend(&self, n: usize) -> Result<(), TrySendError<()>> {
        let mut mailbox = self.lock();
        if n > mailbox.bound() {
            Err(TrySendError::Full(()))
        } else if mailbox.is_closed() {
            Err(TrySendError::Closed(()))
        } else if n > mailbox.free() {
            Err(TrySendError::Full(()))
        } else {
            mailbox.lent += n;
            Ok(())
        }
    }
}

/// A sender on its way to slots.
struct Claiming<'a, T> {
    channel: &'a Channel<T>,
    /// Its record in the list of claims, once it had to wait.
    key: Option<Key>,
}

impl<'a, T> Claiming<'a, T> {
    /// Ready with `n` slots lent, and the mailbox still locked.
    fn poll_lent(
        &mut self,
        n: usize,
        cx: &mut Context<'_>,
    ) -> Poll<Result<MutexGuard<'a, Mailbox<T>>, SendError<()>>> {
        let unit = ready!(poll_proceed(cx));
        let mut mailbox = self.channel.lock();
        if mailbox.is_closed() || n > mailbox.bound() {
            drop(mailbox);
            self.give_up();
            unit.made_progress();
            return Poll::Ready(Err(SendError(())));
        }
        let replaced = match self.key {
            None if n <= mailbox.free() => {
                mailbox.lent += n;
                unit.made_progress();
                return Poll::Ready(Ok(mailbox));
            }
            None => {
                let waker = cx.waker().clone();
                let given = mailbox.free();
                mailbox.lent += given;
                let claim = Claim {
                    given,
                    missing: n - given,
                };
                self.key = Some(mailbox.claims.push_back(waker, claim));
                None
            }
            Some(key) if mailbox.claims.is_queued(key) => {
                refresh(&mut mailbox.claims, key, cx.waker())
            }
            Some(key) => {
                // Only the account is left: the waker went to wake us.
                let _ = mailbox.claims.remove(key);
                self.key = None;
                unit.made_progress();
                return Poll::Ready(Ok(mailbox));
            }
        };
        drop(mailbox);
        drop(replaced);
        Poll::Pending
    }

    /// Leaves the line; what was given goes to the next.
    #[inline]
    fn give_up(&mut self) {
        if let Some(key) = self.key.take() {
            self.leave(key);
        }
    }

    #[inline(never)]
    fn leave(&self, key: Key) {
        let mut batch = WakeBatch::new();
        let mut mailbox = self.channel.lock();
        let (claim, waker) = mailbox.claims.remove(key);
        mailbox.take_back(claim.given, &mut batch);
        drop(mailbox);
        drop(waker);
        batch.wake_all();
    }
}

impl<T> Drop for Claiming<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.give_up();
    }
}

/// Waits for `n` slots; they are lent when it completes.
pub(super) struct Reserving<'a, T> {
    claiming: Claiming<'a, T>,
    n: usize,
}

impl<'a, T> Reserving<'a, T> {
    pub(super) fn new(channel: &'a Channel<T>, n: usize) -> Self {
        Reserving {
            claiming: Claiming { channel, key: None },
            n,
        }
    }
}

impl<T> Future for Reserving<'_, T> {
    type Output = Result<(), SendError<()>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let n = self.n;
        self.claiming.poll_lent(n, cx).map_ok(drop)
    }
}

/// Waits for a slot and fills it.
pub(super) struct Sending<'a, T> {
    claiming: Claiming<'a, T>,
    /// Until it is sent.
    message: Option<T>,
}

impl<'a, T> Sending<'a, T> {
    #[inline]
    pub(super) fn new(channel: &'a Channel<T>, message: T) -> Self {
        Sending {
            claiming: Claiming { channel, key: None },
            message: Some(message),
        }
    }
}

/// The message is moved, never pinned.
impl<T> Unpin for Sending<'_, T> {}

impl<T> Future for Sending<'_, T> {
    type Output = Result<(), SendError<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let lent = ready!(self.claiming.poll_lent(1, cx));
        let message = self.message.take().expect("polled after it completed");
        match lent {
            Ok(mut mailbox) => {
                // Not closed, so the receiver is there.
                mailbox.lent -= 1;
                let receiver = mailbox.push(message);
                drop(mailbox);
                wake(receiver);
                Poll::Ready(Ok(()))
            }
            Err(SendError(())) => Poll::Ready(Err(SendError(message))),
        }
    }
}

/// One slot of a channel, held until it is filled or dropped.
///
/// From [`Sender::reserve`] and [`Sender::try_reserve`]. It counts as a sender:
/// after a close the receiver still waits for it.
pub struct Permit<'a, T> {
    channel: &'a Channel<T>,
}

impl<'a, T> Permit<'a, T> {
    /// For a slot that was lent.
    pub(super) fn new(channel: &'a Channel<T>) -> Self {
        Permit { channel }
    }

    /// Sends a message into the slot. Never waits, never fails.
    ///
    /// If the receiver was dropped meanwhile, the message is dropped.
    pub fn send(self, value: T) {
        let permit = ManuallyDrop::new(self);
        let unwanted = permit.channel.lock().fill_lent(value);
        // The lock is released: what follows is foreign code.
        match unwanted {
            Ok(receiver) => wake(receiver),
            Err(message) => drop(message),
        }
    }
}

impl<T> Drop for Permit<'_, T> {
    fn drop(&mut self) {
        self.channel.take_back(1);
    }
}

impl<T> fmt::Debug for Permit<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("channel", &self.channel)
            .finish()
    }
}

/// Several slots of a channel, as an iterator over permits.
///
/// From [`Sender::reserve_many`] and [`Sender::try_reserve_many`]. Dropped, it
/// frees the slots that are left.
pub struct PermitIterator<'a, T> {
    channel: &'a Channel<T>,
    left: usize,
}

impl<'a, T> PermitIterator<'a, T> {
    /// For `n` slots that were lent.
    pub(super) fn new(channel: &'a Channel<T>, n: usize) -> Self {
        PermitIterator { channel, left: n }
    }
}

impl<'a, T> Iterator for PermitIterator<'a, T> {
    type Item = Permit<'a, T>;

    fn next(&mut self) -> Option<Permit<'a, T>> {
        self.left = self.left.checked_sub(1)?;
        Some(Permit::new(self.channel))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> ExactSizeIterator for PermitIterator<'_, T> {}
impl<T> FusedIterator for PermitIterator<'_, T> {}

impl<T> Drop for PermitIterator<'_, T> {
    fn drop(&mut self) {
        if self.left > 0 {
            self.channel.take_back(self.left);
        }
    }
}

impl<T> fmt::Debug for PermitIterator<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PermitIterator")
            .field("channel", &self.channel)
            .field("left", &self.left)
            .finish()
    }
}

/// One slot of a channel and a [`Sender`], held together.
///
/// From [`Sender::reserve_owned`] and [`Sender::try_reserve_owned`]. It can be
/// moved into a task.
///
/// ```
/// let (tx, mut rx) = kolo::sync::mpsc::channel(1);
/// let permit = tx.try_reserve_owned().unwrap();
/// std::thread::spawn(move || permit.send("done")).join().unwrap();
/// assert_eq!(rx.try_recv(), Ok("done"));
/// ```
pub struct OwnedPermit<T> {
    /// `None` only while it is being taken apart.
    sender: Option<Sender<T>>,
}

impl<T> OwnedPermit<T> {
    /// For a slot that was lent.
    pub(super) fn new(sender: Sender<T>) -> Self {
        OwnedPermit {
            sender: Some(sender),
        }
    }

    /// Sends a message into the slot; the sender comes back. Never waits, never
    /// fails.
    ///
    /// If the receiver was dropped meanwhile, the message is dropped.
    pub fn send(mut self, value: T) -> Sender<T> {
        let sender = self.sender.take().expect(WHOLE);
        Permit::new(&sender.channel).send(value);
        sender
    }

    /// Frees the slot; the sender comes back.
    pub fn release(mut self) -> Sender<T> {
        let sender = self.sender.take().expect(WHOLE);
        drop(Permit::new(&sender.channel));
        sender
    }

    /// Are both for one channel?
    pub fn same_channel(&self, other: &Self) -> bool {
        other
            .sender
            .as_ref()
            .is_some_and(|sender| self.same_channel_as_sender(sender))
    }

    /// Is it for the channel of this sender?
    pub fn same_channel_as_sender(&self, sender: &Sender<T>) -> bool {
        self.sender
            .as_ref()
            .is_some_and(|own| own.same_channel(sender))
    }
}

const WHOLE: &str = "an owned permit gives its sender away only when it ends";

impl<T> Drop for OwnedPermit<T> {
    fn drop(&mut self) {
        if let Some(sender) = &self.sender {
            drop(Permit::new(&sender.channel));
        }
    }
}

impl<T> fmt::Debug for OwnedPermit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedPermit")
            .field("sender", &self.sender)
            .finish()
    }
}
