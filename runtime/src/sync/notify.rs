//! **How does a task say "look again" to another?** One word holds at most one
//! permit and counts the broadcasts; a [`WaitList`] holds those who wait.
//!
//! ```text
//!   word:  | broadcasts so far ............... | EMPTY, PERMIT or WAITING |
//!
//!                     notify_one                  notified, the first to wait
//!          ┌────────┐ ──────────> PERMIT      ┌────────┐ ──────────> ┌─────────┐
//!          │ EMPTY  │ <──────────             │ EMPTY  │ <────────── │ WAITING │
//!          └────────┘  notified               └────────┘  the last   └─────────┘
//!                                                         is notified, or leaves
//! ```
//!
//! `notify_one` with nobody waiting leaves a permit, which the next to wait takes
//! at once: one compare-exchange each. With somebody waiting it takes the lock,
//! pops one, and writes into its record by which end it was chosen.
//! `notify_waiters` pops all, or, with nobody waiting, just counts itself: a
//! [`Notified`] made before and polled after then sees a number that is not its
//! own.
//!
//! A future that was chosen by `notify_one` and is dropped before it saw that
//! notifies the next one from the same end, or leaves the permit in the word. What
//! came by a broadcast was for everybody and is not passed on.
//!
//! Invariants:
//!
//! - With the lock free, the state is WAITING exactly if the list is not empty.
//! - While it is WAITING the word belongs to the holder of the lock, and is
//!   written by plain stores; otherwise by compare-exchange, by anybody.
//! - A record is queued and says `None`, or popped and says why.
//!
//! Deliberately outside of the cooperative budget, as in tokio: a notified future
//! is always ready, and `enable` can say so.
//!
//! Ordering. What was written before a notification is seen after it. By permit:
//! the change to PERMIT (Release; also from PERMIT to PERMIT, which is why that is
//! a read-modify-write too) pairs with the change from it (Acquire). By broadcast:
//! the count's change or store (Release) pairs with the load that finds it
//! different (Acquire). By record: the lock. While it is WAITING the lock orders
//! the word as well; a store that ends that is Release, so that it passes on an
//! earlier broadcast to who looks without the lock.
//!
//! The API, and passing on a dropped notification, are tokio's.
//!
//! Read next: `permits.rs`, the same pattern with more than one permit.

use std::future::Future;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

use super::wait_list::{Key, WaitList};
use crate::loom::sync::Mutex;
use crate::loom::sync::atomic::AtomicUsize;
use crate::loom::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::util::wake_batch::WakeBatch;

#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(all(test, not(loom)))]
mod tests;

const EMPTY: usize = 0;
const WAITING: usize = 1;
const PERMIT: usize = 2;
const STATE: usize = 0b11;
/// One broadcast, in the word. The count wraps.
const BROADCAST: usize = 0b100;

/// Wakes tasks that wait for something to happen; carries no value.
///
/// [`notified`](Self::notified) waits. [`notify_one`](Self::notify_one) wakes one
/// waiter, or, if there is none, lets the next one through: a notification is kept
/// until somebody waits for it, but only one.
/// [`notify_waiters`](Self::notify_waiters) wakes all who wait and keeps nothing.
///
/// A semaphore that starts with no permits and never has more than one.
///
/// # Examples
///
/// A queue is a list and a `Notify`: look, and wait if there was nothing.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use kolo::sync::Notify;
/// use std::collections::VecDeque;
/// use std::sync::{Arc, Mutex};
///
/// #[derive(Default)]
/// struct Queue {
///     items: Mutex<VecDeque<u32>>,
///     filled: Notify,
/// }
///
/// let queue = Arc::new(Queue::default());
/// let producer = queue.clone();
/// std::thread::spawn(move || {
///     producer.items.lock().unwrap().push_back(1);
///     producer.filled.notify_one();
/// });
/// let item = loop {
///     if let Some(item) = queue.items.lock().unwrap().pop_front() {
///         break item;
///     }
///     queue.filled.notified().await; // at once if it was filled since we looked
/// };
/// assert_eq!(item, 1);
/// # });
/// ```
#[derive(Debug)]
pub struct Notify {
    word: AtomicUsize,
    waiters: Mutex<WaitList<Option<Notification>>>,
}

/// Why a waiter was popped.
#[derive(Clone, Copy, Debug)]
enum Notification {
    /// Alone, from this end of the list.
    One(End),
    /// With all others.
    All,
}

#[derive(Clone, Copy, Debug)]
enum End {
    First,
    Last,
}

/// Where a `Notified` stands; what both kinds of it share.
#[derive(Debug)]
struct Wait {
    /// Broadcasts, when it was made.
    since: usize,
    place: Place,
}

#[derive(Debug)]
enum Place {
    New,
    /// Owns a record of the list.
    InLine(Key),
    Done,
}

pin_project! {
    /// Waits for a notification; made by [`Notify::notified`].
    ///
    /// Ready after [`notify_one`](Notify::notify_one) chose it, and after any
    /// [`notify_waiters`](Notify::notify_waiters) since it was made.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it loses its place in line. A notification that was for it alone
    /// goes to the next waiter.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Notified<'a> {
        notify: &'a Notify,
        wait: Wait,
        // As in tokio, so that what compiles here compiles there.
        #[pin]
        pinned: PhantomPinned,
    }

    impl PinnedDrop for Notified<'_> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            this.notify.leave(this.wait);
        }
    }
}

pin_project! {
    /// Waits for a notification, and keeps the [`Notify`] alive; made by
    /// [`Notify::notified_owned`].
    ///
    /// # Cancel safety
    ///
    /// As for [`Notified`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct OwnedNotified {
        notify: Arc<Notify>,
        wait: Wait,
        // As in tokio, so that what compiles here compiles there.
        #[pin]
        pinned: PhantomPinned,
    }

    impl PinnedDrop for OwnedNotified {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            this.notify.leave(this.wait);
        }
    }
}

impl Notify {
    /// Without a notification, and with nobody waiting.
    #[cfg(not(loom))]
    pub fn new() -> Notify {
        Notify::const_new()
    }

    /// Without a notification, and with nobody waiting.
    #[cfg(loom)]
    pub fn new() -> Notify {
        Notify {
            word: AtomicUsize::new(EMPTY),
            waiters: Mutex::new(WaitList::new()),
        }
    }

    /// [`new`](Self::new) for statics.
    ///
    /// ```
    /// static DONE: kolo::sync::Notify = kolo::sync::Notify::const_new();
    /// DONE.notify_one();
    /// ```
    #[cfg(not(loom))]
    pub const fn const_new() -> Notify {
        Notify {
            word: AtomicUsize::new(EMPTY),
            waiters: Mutex::new(WaitList::new()),
        }
    }

    /// Waits for a notification.
    ///
    /// The future takes its place in line when it is first polled, or
    /// [enabled](Notified::enable); those of `notify_waiters` reach it from now on.
    ///
    /// # Cancel safety
    ///
    /// Cancelled, it loses its place in line; a notification that was for it alone
    /// goes to the next waiter.
    pub fn notified(&self) -> Notified<'_> {
        Notified {
            notify: self,
            wait: self.wait(),
            pinned: PhantomPinned,
        }
    }

    /// [`notified`](Self::notified), for a future that may outlive this reference.
    ///
    /// # Cancel safety
    ///
    /// As for [`notified`](Self::notified).
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let notify = std::sync::Arc::new(kolo::sync::Notify::new());
    /// let notified = notify.clone().notified_owned(); // may move to a task
    /// notify.notify_one();
    /// notified.await;
    /// # });
    /// ```
    pub fn notified_owned(self: Arc<Self>) -> OwnedNotified {
        let wait = self.wait();
        OwnedNotified {
            notify: self,
            wait,
            pinned: PhantomPinned,
        }
    }

    fn wait(&self) -> Wait {
        Wait {
            since: broadcasts(self.word.load(Acquire)),
            place: Place::New,
        }
    }

    /// Wakes the waiter that came first, or lets the next to come through.
    ///
    /// Several notifications with nobody waiting are one.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let notify = kolo::sync::Notify::new();
    /// notify.notify_one();
    /// notify.notified().await;
    /// # });
    /// ```
    pub fn notify_one(&self) {
        self.notify(End::First);
    }

    /// Wakes the waiter that came last, or lets the next to come through.
    ///
    /// For a stack of workers of which the last used is the warmest.
    pub fn notify_last(&self) {
        self.notify(End::Last);
    }

    /// Wakes all who wait, and every [`Notified`] that has been made. Those who
    /// come later are not let through.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let notify = kolo::sync::Notify::new();
    /// let (first, second) = (notify.notified(), notify.notified());
    /// notify.notify_waiters();
    /// first.await;
    /// second.await;
    /// # });
    /// ```
    pub fn notify_waiters(&self) {
        let counted = |word: usize| word.wrapping_add(BROADCAST);
        if self.change_unless_waiting(counted) {
            return;
        }
        let mut batch = WakeBatch::new();
        let mut waiters = self.waiters.lock();
        if !self.change_unless_waiting(counted) {
            while let Some((waker, notification)) = waiters.pop_front() {
                *notification = Some(Notification::All);
                batch.push(waker);
            }
            let word = self.word.load(Relaxed); // WAITING: written under the lock
            self.word.store(counted(word) & !STATE, Release);
        }
        drop(waiters);
        batch.wake_all();
    }

    fn notify(&self, end: End) {
        if self.leave_permit() {
            return;
        }
        let waker = self.notify_locked(&mut self.waiters.lock(), end);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Chooses a waiter, to be woken once the lock is released.
    fn notify_locked(
        &self,
        waiters: &mut WaitList<Option<Notification>>,
        end: End,
    ) -> Option<Waker> {
        if self.leave_permit() {
            return None; // the last of them left
        }
        let (waker, notification) = match end {
            End::First => waiters.pop_front(),
            End::Last => waiters.pop_back(),
        }
        .expect("WAITING: the list is not empty");
        *notification = Some(Notification::One(end));
        self.update_if_last(waiters);
        Some(waker)
    }

    fn leave_permit(&self) -> bool {
        self.change_unless_waiting(|word| word & !STATE | PERMIT)
    }

    /// Changes the word, unless it belongs to the holder of the lock.
    #[inline]
    fn change_unless_waiting(&self, change: impl Fn(usize) -> usize) -> bool {
        let mut word = self.word.load(Acquire);
        while word & STATE != WAITING {
            match self
                .word
                .compare_exchange(word, change(word), AcqRel, Acquire)
            {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    /// After a waiter was taken from the list. It was WAITING, the lock is held.
    fn update_if_last(&self, waiters: &WaitList<Option<Notification>>) {
        if waiters.is_empty() {
            let word = self.word.load(Relaxed);
            self.word.store(word & !STATE, Release);
        }
    }

    /// Without a context it takes its place in line, but has no task to wake.
    fn poll(&self, wait: &mut Wait, cx: Option<&mut Context<'_>>) -> Poll<()> {
        let poll = match wait.place {
            Place::New => match self.poll_take(wait.since, EMPTY) {
                Poll::Ready(()) => Poll::Ready(()),
                Poll::Pending => self.poll_get_in_line(wait, cx),
            },
            Place::InLine(key) => self.poll_in_line(key, cx),
            Place::Done => Poll::Ready(()),
        };
        if poll.is_ready() {
            wait.place = Place::Done;
        }
        poll
    }

    /// Takes what is there for who came after `since` broadcasts: a later
    /// broadcast, or else the permit. If there is neither, EMPTY becomes `waiting`,
    /// by the same change.
    #[inline]
    fn poll_take(&self, since: usize, waiting: usize) -> Poll<()> {
        let mut word = self.word.load(Acquire);
        loop {
            if broadcasts(word) != since {
                return Poll::Ready(());
            }
            let (next, poll) = match word & STATE {
                PERMIT => (word & !STATE, Poll::Ready(())),
                EMPTY if waiting != EMPTY => (word | waiting, Poll::Pending),
                _ => return Poll::Pending,
            };
            match self.word.compare_exchange(word, next, AcqRel, Acquire) {
                Ok(_) => return poll,
                Err(now) => word = now,
            }
        }
    }

    /// There was no notification a moment ago.
    fn poll_get_in_line(&self, wait: &mut Wait, cx: Option<&mut Context<'_>>) -> Poll<()> {
        let waker = cx.map_or(Waker::noop(), |cx| cx.waker()).clone(); // before the lock
        let mut waiters = self.waiters.lock();
        if self.poll_take(wait.since, WAITING).is_ready() {
            drop(waiters);
            return Poll::Ready(()); // `waker` is dropped without the lock
        }
        wait.place = Place::InLine(waiters.push_back(waker, None));
        Poll::Pending
    }

    fn poll_in_line(&self, key: Key, cx: Option<&mut Context<'_>>) -> Poll<()> {
        let mut stale = None; // dropped after the guard
        let mut waiters = self.waiters.lock();
        if let Some(cx) = cx
            && waiters
                .waker(key)
                .is_some_and(|waker| !waker.will_wake(cx.waker()))
        {
            drop(waiters);
            let waker = cx.waker().clone();
            waiters = self.waiters.lock();
            stale = Some(waiters.set_waker(key, waker));
        }
        if waiters.is_queued(key) {
            return Poll::Pending;
        }
        waiters.remove(key);
        drop(waiters);
        drop(stale);
        Poll::Ready(())
    }

    /// The future is dropped.
    fn leave(&self, wait: &mut Wait) {
        let Place::InLine(key) = wait.place else {
            return;
        };
        wait.place = Place::Done;
        let mut waiters = self.waiters.lock();
        let (notification, waker) = waiters.remove(key);
        let next = match notification {
            None => {
                self.update_if_last(&waiters);
                None
            }
            Some(Notification::One(end)) => self.notify_locked(&mut waiters, end),
            Some(Notification::All) => None,
        };
        drop(waiters);
        if let Some(next) = next {
            next.wake();
        }
        drop(waker);
    }
}

fn broadcasts(word: usize) -> usize {
    word / BROADCAST
}

impl Default for Notify {
    fn default() -> Notify {
        Notify::new()
    }
}

impl Notified<'_> {
    /// Takes the place in line without being polled; says whether the notification
    /// is there already.
    ///
    /// So that one can look once more, with no notification missed, before waiting:
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
    /// # let (notify, ready) = (kolo::sync::Notify::new(), AtomicBool::new(true));
    /// let mut notified = std::pin::pin!(notify.notified());
    /// notified.as_mut().enable();
    /// if !ready.load(SeqCst) {
    ///     notified.await; // whoever sets `ready` and notifies after our look, reaches us
    /// }
    /// # });
    /// ```
    pub fn enable(self: Pin<&mut Self>) -> bool {
        let this = self.project();
        this.notify.poll(this.wait, None).is_ready()
    }
}

impl OwnedNotified {
    /// Takes the place in line without being polled; says whether the notification
    /// is there already. See [`Notified::enable`].
    pub fn enable(self: Pin<&mut Self>) -> bool {
        let this = self.project();
        this.notify.poll(this.wait, None).is_ready()
    }
}

impl Future for Notified<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        this.notify.poll(this.wait, Some(cx))
    }
}

impl Future for OwnedNotified {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        this.notify.poll(this.wait, Some(cx))
    }
}
