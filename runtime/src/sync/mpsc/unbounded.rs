//! **What does a channel cost when nobody ever waits for room?** One short lock
//! per send; and per receive almost nothing, because the receiver takes all
//! messages at once.
//!
//! The receiver owns a *backlog*. While it holds messages, receiving pops one
//! and touches nothing shared. When it is empty, the receiver locks the mailbox
//! and swaps the full deque there for its empty one. Two buffers go round, so
//! in steady state nothing is allocated; a buffer that comes back almost unused
//! after a burst gives half of its room back each time.
//!
//! Order is kept: the backlog is older than anything in the mailbox. The length
//! of the channel is the sum of both.
//!
//! The backlog stands in a mutex that is never contended: the receiver's
//! methods go past it by `get_mut`, which costs nothing; it is there so that
//! `&UnboundedReceiver` may be shared between threads whatever the messages are.
//!
//! Lineage: the swap is how mailboxes of actors and event loops without
//! lock-free queues are drained; kolo's current-thread executor treats its
//! inbox likewise. tokio's `sync::mpsc` gave the interface.
//!
//! Read next: `bounded.rs`.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use super::channel::{Channel, Strong, Weak};
use super::error::{SendError, TryRecvError};
use crate::loom::sync::{Arc, Mutex};
use crate::sync::wake::wake;
use crate::task::coop::poll_proceed;

/// A buffer of at most this many messages is never given back.
const KEPT: usize = 64;

/// Creates a channel without a bound.
///
/// Sending never waits. If the receiver is slower than the senders for long,
/// memory is what grows.
///
/// ```
/// use kolo::sync::mpsc;
///
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (tx, mut rx) = mpsc::unbounded_channel();
/// tx.send(1).unwrap();
/// tx.send(2).unwrap();
/// drop(tx);
/// assert_eq!(rx.recv().await, Some(1));
/// assert_eq!(rx.recv().await, Some(2));
/// assert_eq!(rx.recv().await, None);
/// # });
/// ```
pub fn unbounded_channel<T>() -> (UnboundedSender<T>, UnboundedReceiver<T>) {
    let (first, channel) = Strong::first(usize::MAX);
    let backlog = Mutex::new(Backlog {
        messages: VecDeque::new(),
        taken: 0,
    });
    (
        UnboundedSender { channel: first },
        UnboundedReceiver { channel, backlog },
    )
}

/// Sends to the [`UnboundedReceiver`] without ever waiting.
///
/// Made by [`unbounded_channel`]; cloned for each producer. The channel ends
/// when the last clone is dropped.
pub struct UnboundedSender<T> {
    channel: Strong<T>,
}

/// An [`UnboundedSender`] that does not keep the channel open.
///
/// [`upgrade`](Self::upgrade) it to send. Made by [`UnboundedSender::downgrade`].
pub struct WeakUnboundedSender<T> {
    channel: Weak<T>,
}

/// Receives what the [`UnboundedSender`]s send.
///
/// Made by [`unbounded_channel`].
pub struct UnboundedReceiver<T> {
    channel: Arc<Channel<T>>,
    backlog: Mutex<Backlog<T>>,
}

/// Messages that the receiver has taken out of the mailbox.
struct Backlog<T> {
    messages: VecDeque<T>,
    /// How many came with the last swap.
    taken: usize,
}

impl<T> UnboundedSender<T> {
    /// Sends a message.
    ///
    /// # Errors
    ///
    /// If the receiver was closed or dropped; the message comes back.
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        let mut mailbox = self.channel.lock();
        if mailbox.is_closed() {
            return Err(SendError(message));
        }
        let receiver = mailbox.push(message);
        drop(mailbox);
        wake(receiver);
        Ok(())
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
    /// let (tx, rx) = kolo::sync::mpsc::unbounded_channel::<u32>();
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

    /// A sender that does not keep the channel open.
    #[must_use = "this makes a weak sender beside this one, which stays as it is"]
    pub fn downgrade(&self) -> WeakUnboundedSender<T> {
        WeakUnboundedSender {
            channel: self.channel.downgrade(),
        }
    }

    /// How many [`UnboundedSender`]s there are.
    pub fn strong_count(&self) -> usize {
        self.channel.senders()
    }

    /// How many [`WeakUnboundedSender`]s there are.
    pub fn weak_count(&self) -> usize {
        self.channel.weak_senders()
    }
}

impl<T> Clone for UnboundedSender<T> {
    fn clone(&self) -> Self {
        UnboundedSender {
            channel: self.channel.clone(),
        }
    }
}

impl<T> fmt::Debug for UnboundedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnboundedSender")
            .field("channel", &*self.channel)
            .finish()
    }
}

impl<T> WeakUnboundedSender<T> {
    /// A sender, unless the last one is gone.
    pub fn upgrade(&self) -> Option<UnboundedSender<T>> {
        self.channel
            .upgrade()
            .map(|channel| UnboundedSender { channel })
    }

    /// How many [`UnboundedSender`]s there are.
    pub fn strong_count(&self) -> usize {
        self.channel.senders()
    }

    /// How many [`WeakUnboundedSender`]s there are.
    pub fn weak_count(&self) -> usize {
        self.channel.weak_senders()
    }
}

impl<T> Clone for WeakUnboundedSender<T> {
    fn clone(&self) -> Self {
        WeakUnboundedSender {
            channel: self.channel.clone(),
        }
    }
}

impl<T> fmt::Debug for WeakUnboundedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakUnboundedSender")
            .finish_non_exhaustive()
    }
}

impl<T> Backlog<T> {
    /// Exchanges an empty backlog for what is in the mailbox.
    #[inline]
    fn swap(&mut self, mailbox: &mut VecDeque<T>) {
        self.taken = mailbox.len();
        std::mem::swap(&mut self.messages, mailbox);
    }

    /// Before a swap: gives back room that the last ones did not need.
    #[inline]
    fn settle(&mut self) {
        let room = self.messages.capacity();
        if room > KEPT && self.taken < room / 16 {
            self.messages.shrink_to(room / 2);
        }
    }
}

impl<T> UnboundedReceiver<T> {
    /// Receives the next message; waits while there is none.
    ///
    /// `None` means that there never will be one: the channel is closed, or all
    /// senders are gone, and everything sent was received.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a `recv` that is dropped before it completes has received
    /// nothing.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (tx, mut rx) = kolo::sync::mpsc::unbounded_channel();
    /// std::thread::spawn(move || tx.send("hello"));
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
    /// let (tx, mut rx) = kolo::sync::mpsc::unbounded_channel();
    /// for i in 0..5 {
    ///     tx.send(i).unwrap();
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
        let backlog = self.backlog.get_mut();
        if let Some(message) = backlog.messages.pop_front() {
            return Ok(message);
        }
        backlog.settle();
        let mut mailbox = self.channel.lock();
        backlog.swap(&mut mailbox.messages);
        match backlog.messages.pop_front() {
            Some(message) => Ok(message),
            None if mailbox.is_ended() => Err(TryRecvError::Disconnected),
            None => Err(TryRecvError::Empty),
        }
    }

    /// Polls for the next message; see [`recv`](Self::recv).
    ///
    /// On `Pending` the task of the latest call is woken by the next message or
    /// by the end of the channel; or, if its
    /// [budget](crate::task::coop) is spent, at once.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let unit = ready!(poll_proceed(cx));
        let backlog = self.backlog.get_mut();
        if let Some(message) = backlog.messages.pop_front() {
            unit.made_progress();
            return Poll::Ready(Some(message));
        }
        backlog.settle();
        let mut mailbox = self.channel.lock();
        if mailbox.messages.is_empty() {
            if mailbox.is_ended() {
                unit.made_progress();
                return Poll::Ready(None);
            }
            let replaced = mailbox.wait_for_message(cx.waker());
            drop(mailbox);
            drop(replaced);
            return Poll::Pending;
        }
        backlog.swap(&mut mailbox.messages);
        drop(mailbox);
        unit.made_progress();
        Poll::Ready(backlog.messages.pop_front())
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
        let backlog = self.backlog.get_mut();
        let before = buffer.len();
        take_up_to(limit, &mut backlog.messages, buffer);
        let taken = buffer.len() - before;
        if taken < limit {
            backlog.settle();
            let mut mailbox = self.channel.lock();
            if taken == 0 && mailbox.messages.is_empty() && !mailbox.is_ended() {
                let replaced = mailbox.wait_for_message(cx.waker());
                drop(mailbox);
                drop(replaced);
                return Poll::Pending;
            }
            backlog.swap(&mut mailbox.messages);
            drop(mailbox);
            take_up_to(limit - taken, &mut backlog.messages, buffer);
        }
        unit.made_progress();
        Poll::Ready(buffer.len() - before)
    }

    /// Refuses new messages. What was sent can still be received.
    ///
    /// For a clean end, close and then receive until `None`.
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
        let backlog = self.backlog.lock().messages.len();
        backlog + self.channel.lock().messages.len()
    }

    /// How many [`UnboundedSender`]s there are.
    pub fn sender_strong_count(&self) -> usize {
        self.channel.senders()
    }

    /// How many [`WeakUnboundedSender`]s there are.
    pub fn sender_weak_count(&self) -> usize {
        self.channel.weak_senders()
    }
}

#[cfg(all(test, not(loom)))]
impl<T> UnboundedReceiver<T> {
    /// Messages that fit into both buffers.
    pub(super) fn room(&self) -> usize {
        self.backlog.lock().messages.capacity() + self.channel.lock().messages.capacity()
    }
}

/// Moves the first `limit` messages, or all.
pub(super) fn take_up_to<T>(limit: usize, from: &mut VecDeque<T>, to: &mut Vec<T>) {
    to.extend(from.drain(..limit.min(from.len())));
}

impl<T> Drop for UnboundedReceiver<T> {
    fn drop(&mut self) {
        self.channel.abandon();
    }
}

/// Messages are never pinned.
impl<T> Unpin for UnboundedReceiver<T> {}

impl<T> fmt::Debug for UnboundedReceiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnboundedReceiver")
            .field("channel", &*self.channel)
            .finish_non_exhaustive()
    }
}
