//! **How does a channel hold its senders back?** By slots: each message fills
//! one, the receiver frees it, and who finds none free waits in line.
//!
//! Sending and receiving are one critical section each. The receiver frees a
//! slot in the section in which it pops, so that `capacity` is right after each
//! `recv` and a sender that waits is woken by it: the swap of whole mailboxes
//! that makes the unbounded receiver cheap would have to hide freed slots.
//!
//! A sender that must wait queues a claim (`permit.rs`). When its turn comes
//! the slot is lent to it at once, so that nobody overtakes between its wake-up
//! and its next poll.
//!
//! `send_timeout` lives in `time/`, the `blocking_` methods in `blocking.rs`.
//!
//! Semantics, names and error texts are those of tokio's `sync::mpsc`.
//!
//! Read next: `permit.rs`.

use std::fmt;
use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use super::channel::{Channel, Strong, Weak};
use super::error::{SendError, TryRecvError, TrySendError};
use super::permit::{OwnedPermit, Permit, PermitIterator, Reserving, Sending};
use super::unbounded::take_up_to;
use crate::loom::sync::Arc;
use crate::sync::wake::{wake, wake_in_passing};
use crate::task::coop::poll_proceed;
use crate::util::wake_batch::WakeBatch;

/// Creates a channel with `buffer` slots.
///
/// While all are taken, [`send`](Sender::send) waits.
///
/// # Panics
///
/// If `buffer` is zero.
///
/// ```
/// use kolo::sync::mpsc;
///
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (tx, mut rx) = mpsc::channel(2);
/// tx.send(1).await.unwrap();
/// tx.send(2).await.unwrap();
/// assert!(tx.try_send(3).is_err());
/// assert_eq!(rx.recv().await, Some(1));
/// tx.send(3).await.unwrap();
/// drop(tx);
/// assert_eq!(rx.recv().await, Some(2));
/// assert_eq!(rx.recv().await, Some(3));
/// assert_eq!(rx.recv().await, None);
/// # });
/// ```
#[track_caller]
pub fn channel<T>(buffer: usize) -> (Sender<T>, Receiver<T>) {
    assert!(buffer > 0, "mpsc bounded channel requires buffer > 0");
    let (first, channel) = Strong::first(buffer);
    (Sender { channel: first }, Receiver { channel })
}

/// Sends to the [`Receiver`]; waits while no slot is free.
///
/// Made by [`channel`]; cloned for each producer. The channel ends when the
/// last clone is dropped.
pub struct Sender<T> {
    pub(super) channel: Strong<T>,
}

/// A [`Sender`] that does not keep the channel open.
///
/// [`upgrade`](Self::upgrade) it to send. Made by [`Sender::downgrade`].
///
/// ```
/// let (tx, _rx) = kolo::sync::mpsc::channel::<u32>(1);
/// let weak = tx.downgrade();
/// assert!(weak.upgrade().is_some());
/// drop(tx);
/// assert!(weak.upgrade().is_none());
/// ```
pub struct WeakSender<T> {
    channel: Weak<T>,
}

/// Receives what the [`Sender`]s send.
///
/// Made by [`channel`].
pub struct Receiver<T> {
    channel: Arc<Channel<T>>,
}

impl<T> Sender<T> {
    /// Sends a message; waits while no slot is free.
    ///
    /// Senders that wait are served in the order in which they came.
    ///
    /// # Errors
    ///
    /// If the receiver was closed or dropped; the message comes back. `Ok` does
    /// not mean that the message will be received: the receiver may be dropped
    /// before it is.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it completes, it has sent nothing and dropped the
    /// message, and has lost its place in line. To keep the message,
    /// [`reserve`](Self::reserve) first.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (tx, mut rx) = kolo::sync::mpsc::channel(1);
    /// std::thread::spawn(move || {
    ///     while let Some(i) = rx.blocking_recv() {
    ///         println!("got {i}");
    ///     }
    /// });
    /// for i in 0..10 {
    ///     tx.send(i).await.unwrap();
    /// }
    /// # });
    /// ```
    pub fn send(&self, value: T) -> impl Future<Output = Result<(), SendError<T>>> {
        Sending::new(&self.channel, value)
    }

    /// Sends a message if a slot is free.
    ///
    /// # Errors
    ///
    /// The message comes back if no slot is free, or if the receiver was closed
    /// or dropped.
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        let mut mailbox = self.channel.lock();
        if mailbox.is_closed() {
            return Err(TrySendError::Closed(message));
        }
        if mailbox.free() == 0 {
            return Err(TrySendError::Full(message));
        }
        let receiver = mailbox.push(message);
        drop(mailbox);
        wake(receiver);
        Ok(())
    }

    /// Waits for a free slot and holds it.
    ///
    /// The permit sends one message without waiting; dropped, it frees the slot.
    ///
    /// # Errors
    ///
    /// If the receiver was closed or dropped.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it completes, it holds nothing and has lost its place in
    /// line.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (tx, mut rx) = kolo::sync::mpsc::channel(1);
    /// let permit = tx.reserve().await.unwrap();
    /// assert!(tx.try_send(123).is_err());
    /// permit.send(456);
    /// assert_eq!(rx.recv().await, Some(456));
    /// # });
    /// ```
    pub async fn reserve(&self) -> Result<Permit<'_, T>, SendError<()>> {
        Reserving::new(&self.channel, 1).await?;
        Ok(Permit::new(&self.channel))
    }

    /// Waits for `n` free slots and holds them all.
    ///
    /// The permits come as an iterator; those that are left when it is dropped
    /// free their slots.
    ///
    /// # Errors
    ///
    /// If the receiver was closed or dropped, or if the channel has fewer than
    /// `n` slots in all.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it completes, it holds nothing and has lost its place in
    /// line.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (tx, mut rx) = kolo::sync::mpsc::channel(2);
    /// let mut permits = tx.reserve_many(2).await.unwrap();
    /// permits.next().unwrap().send("a");
    /// permits.next().unwrap().send("b");
    /// assert_eq!(rx.recv().await, Some("a"));
    /// assert_eq!(rx.recv().await, Some("b"));
    /// # });
    /// ```
    pub async fn reserve_many(&self, n: usize) -> Result<PermitIterator<'_, T>, SendError<()>> {
        Reserving::new(&self.channel, n).await?;
        Ok(PermitIterator::new(&self.channel, n))
    }

    /// Waits for a free slot and holds it, together with this sender.
    ///
    /// # Errors
    ///
    /// If the receiver was closed or dropped.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it completes, it holds nothing, and the sender is dropped
    /// with it; `clone` it first to keep one.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (tx, mut rx) = kolo::sync::mpsc::channel(1);
    /// let permit = tx.reserve_owned().await.unwrap();
    /// let tx = permit.send(456);
    /// assert_eq!(rx.recv().await, Some(456));
    /// # drop(tx);
    /// # });
    /// ```
    pub async fn reserve_owned(self) -> Result<OwnedPermit<T>, SendError<()>> {
        Reserving::new(&self.channel, 1).await?;
        Ok(OwnedPermit::new(self))
    }

    /// Holds a slot if one is free.
    ///
    /// # Errors
    ///
    /// If no slot is free, or if the receiver was closed or dropped.
    pub fn try_reserve(&self) -> Result<Permit<'_, T>, TrySendError<()>> {
        self.channel.try_lend(1)?;
        Ok(Permit::new(&self.channel))
    }

    /// Holds `n` slots if as many are free.
    ///
    /// # Errors
    ///
    /// If fewer are free, or if the receiver was closed or dropped.
    ///
    /// ```
    /// let (tx, _rx) = kolo::sync::mpsc::channel::<u32>(2);
    /// assert_eq!(tx.try_reserve_many(2).unwrap().len(), 2);
    /// assert!(tx.try_reserve_many(3).is_err());
    /// ```
    pub fn try_reserve_many(&self, n: usize) -> Result<PermitIterator<'_, T>, TrySendError<()>> {
        self.channel.try_lend(n)?;
        Ok(PermitIterator::new(&self.channel, n))
    }

    /// Holds a slot if one is free, together with this sender.
    ///
    /// # Errors
    ///
    /// The sender comes back if no slot is free, or if the receiver was closed
    /// or dropped.
    pub fn try_reserve_owned(self) -> Result<OwnedPermit<T>, TrySendError<Self>> {
        match self.channel.try_lend(1) {
            Ok(()) => Ok(OwnedPermit::new(self)),
            Err(TrySendError::Full(())) => Err(TrySendError::Full(self)),
            Err(TrySendError::Closed(())) => Err(TrySendError::Closed(self)),
        }
    }

    /// Completes when the receiver is closed or dropped.
    ///
    /// A producer can wait for it beside its work, and stop when nobody wants
    /// the result.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the channel, once closed, remains so.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (tx, rx) = kolo::sync::mpsc::channel::<u32>(1);
    /// drop(rx);
    /// tx.closed().await;
    /// # });
    /// ```
    pub async fn closed(&self) {
        self.channel.closed().await;
    }

    /// Was the receiver closed or dropped?
    pub fn is_closed(&self) -> bool {
        self.channel.lock().is_closed()
    }

    /// Do both send to one receiver?
    pub fn same_channel(&self, other: &Self) -> bool {
        self.channel.same_channel(&other.channel)
    }

    /// How many slots are free now.
    ///
    /// A slot is taken from the moment it is reserved until its message is
    /// received.
    pub fn capacity(&self) -> usize {
        self.channel.lock().free()
    }

    /// How many slots there are: what [`channel`] was given.
    pub fn max_capacity(&self) -> usize {
        self.channel.lock().bound()
    }

    /// A sender that does not keep the channel open.
    #[must_use = "this makes a weak sender beside this one, which stays as it is"]
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender {
            channel: self.channel.downgrade(),
        }
    }

    /// How many [`Sender`]s there are; one in an [`OwnedPermit`] counts.
    pub fn strong_count(&self) -> usize {
        self.channel.senders()
    }

    /// How many [`WeakSender`]s there are.
    pub fn weak_count(&self) -> usize {
        self.channel.weak_senders()
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Sender {
            channel: self.channel.clone(),
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("channel", &*self.channel)
            .finish()
    }
}

impl<T> WeakSender<T> {
    /// A sender, unless the last one is gone.
    pub fn upgrade(&self) -> Option<Sender<T>> {
        self.channel.upgrade().map(|channel| Sender { channel })
    }

    /// How many [`Sender`]s there are.
    pub fn strong_count(&self) -> usize {
        self.channel.senders()
    }

    /// How many [`WeakSender`]s there are.
    pub fn weak_count(&self) -> usize {
        self.channel.weak_senders()
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> Self {
        WeakSender {
            channel: self.channel.clone(),
        }
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakSender").finish_non_exhaustive()
    }
}

impl<T> Receiver<T> {
    /// Receives the next message; waits while there is none.
    ///
    /// `None` means that there never will be one: the channel is closed and no
    /// permit is out, or all senders are gone, and everything sent was received.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a `recv` that is dropped before it completes has received
    /// nothing.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (tx, mut rx) = kolo::sync::mpsc::channel(8);
    /// std::thread::spawn(move || tx.blocking_send("hello"));
    /// assert_eq!(rx.recv().await, Some("hello"));
    /// assert_eq!(rx.recv().await, None);
    /// # });
    /// ```
    pub async fn recv(&mut self) -> Option<T> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// Appends up to `limit` messages to `buffer`; waits while there is none.
    ///
    /// Returns how many. Zero means that there never will be one, or that
    /// `limit` is zero.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped before it completes, it has received nothing.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (tx, mut rx) = kolo::sync::mpsc::channel(8);
    /// for i in 0..5 {
    ///     tx.send(i).await.unwrap();
    /// }
    /// let mut batch = Vec::new();
    /// assert_eq!(rx.recv_many(&mut batch, 3).await, 3);
    /// assert_eq!(rx.recv_many(&mut batch, 3).await, 2);
    /// assert_eq!(batch, [0, 1, 2, 3, 4]);
    /// # });
    /// ```
    pub async fn recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> usize {
        poll_fn(|cx| self.poll_recv_many(cx, buffer, limit)).await
    }

    /// Receives a message if one is there.
    ///
    /// # Errors
    ///
    /// [`Empty`](TryRecvError::Empty) while more may come,
    /// [`Disconnected`](TryRecvError::Disconnected) after.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let mut mailbox = self.channel.lock();
        let Some(message) = mailbox.messages.pop_front() else {
            return Err(match mailbox.is_ended() {
                true => TryRecvError::Disconnected,
                false => TryRecvError::Empty,
            });
        };
        let sender = mailbox.pass_on(&mut 1);
        drop(mailbox);
        wake_in_passing(sender);
        Ok(message)
    }

    /// Polls for the next message; see [`recv`](Self::recv).
    ///
    /// On `Pending` the task of the latest call is woken by the next message or
    /// by the end of the channel; or, if its
    /// [budget](crate::task::coop) is spent, at once.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let unit = ready!(poll_proceed(cx));
        let mut mailbox = self.channel.lock();
        let Some(message) = mailbox.messages.pop_front() else {
            if mailbox.is_ended() {
                unit.made_progress();
                return Poll::Ready(None);
            }
            let replaced = mailbox.wait_for_message(cx.waker());
            drop(mailbox);
            drop(replaced);
            return Poll::Pending;
        };
        let sender = mailbox.pass_on(&mut 1);
        drop(mailbox);
        unit.made_progress();
        wake_in_passing(sender);
        Poll::Ready(Some(message))
    }

    /// Polls for up to `limit` messages; see [`recv_many`](Self::recv_many) and,
    /// about wake-ups, [`poll_recv`](Self::poll_recv).
    pub fn poll_recv_many(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut Vec<T>,
        limit: usize,
    ) -> Poll<usize> {
        let unit = ready!(poll_proceed(cx));
        let before = buffer.len();
        let mut batch = WakeBatch::new();
        let mut mailbox = self.channel.lock();
        take_up_to(limit, &mut mailbox.messages, buffer);
        let taken = buffer.len() - before;
        if taken == 0 && limit > 0 && !mailbox.is_ended() {
            let replaced = mailbox.wait_for_message(cx.waker());
            drop(mailbox);
            drop(replaced);
            return Poll::Pending;
        }
        let mut free = taken;
        while let Some(sender) = mailbox.pass_on(&mut free) {
            batch.push(sender);
        }
        drop(mailbox);
        unit.made_progress();
        batch.wake_all();
        Poll::Ready(taken)
    }

    /// Refuses new messages. What was sent can still be received, and what is
    /// sent by permits that are out.
    ///
    /// For a clean end, close and then receive until `None`. Senders that wait
    /// for a slot fail at once.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (tx, mut rx) = kolo::sync::mpsc::channel(8);
    /// tx.send(1).await.unwrap();
    /// rx.close();
    /// assert!(tx.send(2).await.is_err());
    /// assert_eq!(rx.recv().await, Some(1));
    /// assert_eq!(rx.recv().await, None);
    /// # });
    /// ```
    pub fn close(&mut self) {
        self.channel.close();
    }

    /// Was the channel closed, or are all senders gone?
    pub fn is_closed(&self) -> bool {
        let mailbox = self.channel.lock();
        mailbox.is_closed() || mailbox.is_ended()
    }

    /// Is there no message to receive?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many messages there are to receive.
    pub fn len(&self) -> usize {
        self.channel.lock().messages.len()
    }

    /// How many slots are free now; see [`Sender::capacity`].
    pub fn capacity(&self) -> usize {
        self.channel.lock().free()
    }

    /// How many slots there are: what [`channel`] was given.
    pub fn max_capacity(&self) -> usize {
        self.channel.lock().bound()
    }

    /// How many [`Sender`]s there are.
    pub fn sender_strong_count(&self) -> usize {
        self.channel.senders()
    }

    /// How many [`WeakSender`]s there are.
    pub fn sender_weak_count(&self) -> usize {
        self.channel.weak_senders()
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.channel.abandon();
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("channel", &*self.channel)
            .finish()
    }
}
