//! A queue of many producers and many consumers: asyncio's.
//!
//! [`Queue`] is what the course's programs pass their items through. It differs
//! from [`mpsc`](crate::sync::mpsc) in that anybody who has the handle may put,
//! get, close and wait for the work to be done.
//!
//! **Who gets the next item, and who puts the next one?** Whoever came first.
//! One lock holds the items and two lines of tasks that wait, getters and
//! putters:
//!
//! ```text
//!   putters ──▶ ┌───────────────────────────────┐ ──▶ getters
//!   (full)      │ items, free slots             │     (empty)
//!               │ promised slots, promised items│
//!               └───────────────────────────────┘
//! ```
//!
//! An item that is put while getters wait is *promised* to the first of them,
//! which is woken: the item stays in the queue until that getter is polled, but
//! nobody else may take it. Slots are promised to putters likewise. A promise
//! belongs to a place in line rather than to an item: if its owner is dropped,
//! the promise goes to the next in line, and no item moves. asyncio promises
//! nothing: there a getter that was woken may find the queue empty again, and
//! goes to the back of its line.
//!
//! Invariants:
//!
//! - Getters are queued only while every item is promised; putters only while
//!   every free slot is.
//! - Closed: nobody is queued; slots promised before are void, items promised
//!   before are not.
//! - Wakers are woken and dropped, and items dropped, after the lock is
//!   released. A waker is cloned under it, which is to count a reference. There
//!   is no atomic here.
//! - A waker that panics loses no item: a put has put it by then, and a get
//!   keeps the panic from spreading (`sync/wake.rs`).
//!
//! A put and a get are one short critical section each and allocate nothing in
//! steady state; after a burst the queue gives room back as it empties.
//!
//! Semantics: CPython's `asyncio/queues.py` (3.13, with its `shutdown`).
//!
//! Read next: `queue/line.rs`, then `wait_list.rs`.

mod error;
mod line;
#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(all(test, not(loom)))]
mod tests;

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use crate::loom::sync::{Arc, Mutex, MutexGuard};
use crate::sync::wait_list::{Key, WaitList};
use crate::sync::wake::{wake, wake_in_passing};
use crate::task::coop::poll_proceed;
use crate::util::wake_batch::WakeBatch;
use line::{Line, Turn};

pub use error::{GetError, PutError, TryGetError, TryPutError};

/// A queue that holds at most this many items' room keeps it.
const KEPT: usize = 256;

/// Items between tasks, first in, first out; with or without a bound.
///
/// A `Queue` is a handle: clone it for each task that puts or gets. There is no
/// sender or receiver side, so the queue does not end by itself when producers
/// are gone: count the items, wait with [`join`](Self::join), or
/// [`close`](Self::close) it.
///
/// It belongs to no runtime. Any number of tasks of any runtime may use it, on
/// any threads; [`try_put`](Self::try_put) and [`try_get`](Self::try_get) work
/// outside of tasks too. On kolo each completed `put` and `get` takes a unit of
/// the task's [budget](crate::task::coop). Other runtimes know nothing of that
/// budget: there, a task that finds its queue never empty and never full should
/// yield by itself now and then.
///
/// The course's program in short:
///
/// ```
/// use kolo::sync::Queue;
///
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let queue = Queue::unbounded();
/// for idx in 0..3 {
///     queue.put(idx * idx).await.unwrap();
/// }
/// queue.close();
/// while let Ok(item) = queue.get().await {
///     println!("got {item}");
///     queue.task_done();
/// }
/// queue.join().await;
/// # });
/// ```
///
/// Idea: Python's `asyncio.Queue`.
pub struct Queue<T> {
    desk: Arc<Mutex<Desk<T>>>,
}

/// All that the handles share.
struct Desk<T> {
    items: VecDeque<T>,
    /// How many items it may hold; `usize::MAX` stands for no bound.
    capacity: usize,
    getters: Line,
    putters: Line,
    closed: bool,
    /// Items that were put and not yet reported as done.
    unfinished: usize,
    /// Tasks in `join`.
    joiners: WaitList<()>,
}

impl<T> Desk<T> {
    /// Adds an item; returns the getter to be woken.
    #[inline]
    #[must_use]
    fn add(&mut self, item: T) -> Option<Waker> {
        self.items.push_back(item);
        self.unfinished += 1;
        self.getters.call()
    }

    /// Takes the first item; returns the putter to be woken too.
    #[inline]
    fn take(&mut self) -> Option<(T, Option<Waker>)> {
        let item = self.items.pop_front()?;
        let room = self.items.capacity();
        if room > KEPT && self.items.len() < room / 16 {
            self.items.shrink_to(room / 2);
        }
        Some((item, self.putters.call()))
    }

    /// Slots without an item, promised ones included.
    #[inline]
    fn slots(&self) -> usize {
        self.capacity - self.items.len()
    }
}

impl<T> Queue<T> {
    fn with_capacity(capacity: usize) -> Self {
        Queue {
            desk: Arc::new(Mutex::new(Desk {
                items: VecDeque::new(),
                capacity,
                getters: Line::new(),
                putters: Line::new(),
                closed: false,
                unfinished: 0,
                joiners: WaitList::new(),
            })),
        }
    }

    /// A queue into which a put never waits.
    pub fn unbounded() -> Self {
        Queue::with_capacity(usize::MAX)
    }

    /// A queue of at most `capacity` items; while it is full, [`put`](Self::put)
    /// waits.
    ///
    /// # Panics
    ///
    /// If `capacity` is zero.
    ///
    /// ```
    /// let queue = kolo::sync::Queue::bounded(1);
    /// queue.try_put("one").unwrap();
    /// assert!(queue.is_full());
    /// ```
    #[track_caller]
    pub fn bounded(capacity: usize) -> Self {
        assert!(
            capacity > 0,
            "Queue::bounded needs a capacity of at least 1; Queue::unbounded() makes a queue without a bound"
        );
        Queue::with_capacity(capacity)
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, Desk<T>> {
        self.desk.lock()
    }

    /// Leaves a line early: who is next is woken.
    #[inline(never)]
    fn leave(&self, line: impl FnOnce(&mut Desk<T>) -> (Option<Waker>, Option<Waker>)) {
        let (next, own) = line(&mut self.lock());
        drop(own);
        wake(next);
    }

    /// Puts an item in; waits while the queue is full.
    ///
    /// Those that wait are served in the order in which they came.
    ///
    /// # Errors
    ///
    /// If the queue is closed, before or while it waits; the item comes back.
    ///
    /// # Cancel safety
    ///
    /// The item is the future's until the moment at which it completes: a `put`
    /// that is dropped before has put nothing and drops the item, which the
    /// queue never took. [`Put::into_item`] gets it back instead.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kolo::sync::Queue;
    ///
    /// let queue = Queue::bounded(1);
    /// queue.put(1).await.unwrap();
    /// queue.close();
    /// assert_eq!(queue.put(2).await.unwrap_err().0, 2);
    /// # });
    /// ```
    #[inline]
    pub fn put(&self, item: T) -> Put<'_, T> {
        Put {
            queue: self,
            item: Some(item),
            place: None,
        }
    }

    /// Takes the first item out; waits while there is none.
    ///
    /// Those that wait are served in the order in which they came.
    ///
    /// # Errors
    ///
    /// If the queue is closed and nothing is left for this call.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a `get` that is dropped before it completes has taken
    /// nothing, and passes its turn on.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let queue = kolo::sync::Queue::unbounded();
    /// let producer = queue.clone();
    /// std::thread::spawn(move || producer.try_put("hello"));
    /// assert_eq!(queue.get().await, Ok("hello"));
    /// # });
    /// ```
    #[inline]
    pub fn get(&self) -> Get<'_, T> {
        Get {
            queue: self,
            place: None,
        }
    }

    /// Puts an item in if there is room.
    ///
    /// # Errors
    ///
    /// The item comes back if the queue is closed, or if it is full; also if
    /// what room there is is promised to a `put` that waited for it.
    pub fn try_put(&self, item: T) -> Result<(), TryPutError<T>> {
        let mut desk = self.lock();
        if desk.closed {
            return Err(TryPutError::Closed(item));
        }
        if desk.slots() <= desk.putters.promised {
            return Err(TryPutError::Full(item));
        }
        let getter = desk.add(item);
        drop(desk);
        wake(getter);
        Ok(())
    }

    /// Takes the first item out if there is one.
    ///
    /// # Errors
    ///
    /// [`Empty`](TryGetError::Empty) if there is none, also if what there is is
    /// promised to a `get` that waited for it;
    /// [`Closed`](TryGetError::Closed) if, besides, the queue is closed.
    pub fn try_get(&self) -> Result<T, TryGetError> {
        let mut desk = self.lock();
        let taken = match desk.items.len() > desk.getters.promised {
            true => desk.take(),
            false => None,
        };
        match taken {
            Some((item, putter)) => {
                drop(desk);
                wake_in_passing(putter);
                Ok(item)
            }
            None if desk.closed => Err(TryGetError::Closed),
            None => Err(TryGetError::Empty),
        }
    }

    /// Reports that the work on one item is done.
    ///
    /// Consumers call it once for each item that they got, if somebody waits in
    /// [`join`](Self::join).
    ///
    /// # Panics
    ///
    /// If it is called more often than items were put, where asyncio raises
    /// `ValueError`.
    #[track_caller]
    pub fn task_done(&self) {
        let mut batch = WakeBatch::new();
        let mut desk = self.lock();
        let Some(left) = desk.unfinished.checked_sub(1) else {
            drop(desk);
            panic!("Queue::task_done() was called more often than items were put into the queue");
        };
        desk.unfinished = left;
        if left == 0 {
            while let Some((joiner, ())) = desk.joiners.pop_front() {
                batch.push(joiner);
            }
        }
        drop(desk);
        batch.wake_all();
    }

    /// Waits until the work on all items is done.
    ///
    /// That is the moment at which [`task_done`](Self::task_done) has been called
    /// as often as items were put; a queue into which nothing was put has no
    /// work. A close changes nothing about it.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let queue = kolo::sync::Queue::unbounded();
    /// queue.put(1).await.unwrap();
    /// let worker = queue.clone();
    /// std::thread::spawn(move || {
    ///     let item = worker.try_get().unwrap();
    ///     println!("working on {item}");
    ///     worker.task_done();
    /// });
    /// queue.join().await;
    /// # });
    /// ```
    pub async fn join(&self) {
        let mut join = Join {
            queue: self,
            place: None,
        };
        poll_fn(|cx| join.poll_done(cx)).await;
    }

    /// Ends the queue: puts fail from now on; gets take what is left, then fail.
    ///
    /// Every put that waits fails and gives its item back, every get that waits
    /// in vain fails. Items that are left stay in the queue. Closing again
    /// changes nothing. (asyncio: `shutdown()`.)
    pub fn close(&self) {
        let mut batch = WakeBatch::new();
        let mut desk = self.lock();
        desk.closed = true;
        desk.getters.dismiss(&mut batch);
        desk.putters.dismiss(&mut batch);
        drop(desk);
        batch.wake_all();
    }

    /// Was it closed?
    pub fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// How many items are in the queue, promised ones included.
    pub fn len(&self) -> usize {
        self.lock().items.len()
    }

    /// Is there no item in it?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Are there as many items in it as it may hold?
    pub fn is_full(&self) -> bool {
        self.lock().slots() == 0
    }

    /// How many items it may hold; `None` if there is no bound.
    pub fn capacity(&self) -> Option<usize> {
        Some(self.lock().capacity).filter(|&capacity| capacity != usize::MAX)
    }
}

impl<T> Clone for Queue<T> {
    /// Another handle to the same queue.
    fn clone(&self) -> Self {
        Queue {
            desk: self.desk.clone(),
        }
    }
}

impl<T> Default for Queue<T> {
    /// An unbounded queue.
    fn default() -> Self {
        Queue::unbounded()
    }
}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut queue = f.debug_struct("Queue");
        if let Some(desk) = self.desk.try_lock() {
            queue
                .field("items", &desk.items.len())
                .field("getters", &desk.getters.waiting.len())
                .field("putters", &desk.putters.waiting.len())
                .field("unfinished", &desk.unfinished)
                .field("closed", &desk.closed);
        }
        queue.finish_non_exhaustive()
    }
}

/// The future of [`Queue::put`].
#[must_use = "futures do nothing unless polled"]
pub struct Put<'a, T> {
    queue: &'a Queue<T>,
    /// Until the queue has it.
    item: Option<T>,
    /// Its place among the putters, while it waits.
    place: Option<Key>,
}

impl<T> Put<'_, T> {
    /// Gives up; the item comes back, unless the future has completed.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # use std::{future::{Future, poll_fn}, pin::Pin, task::Poll};
    /// let queue = kolo::sync::Queue::bounded(1);
    /// queue.put("first").await.unwrap();
    ///
    /// let mut put = queue.put("second");
    /// let full = poll_fn(|cx| Poll::Ready(Pin::new(&mut put).poll(cx).is_pending())).await;
    /// assert!(full);
    /// assert_eq!(put.into_item(), Some("second"));
    /// # });
    /// ```
    pub fn into_item(mut self) -> Option<T> {
        self.item.take()
    }
}

/// The item is moved, never pinned.
impl<T> Unpin for Put<'_, T> {}

impl<T> Future for Put<'_, T> {
    type Output = Result<(), PutError<T>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let put = self.get_mut();
        let unit = ready!(poll_proceed(cx));
        let mut guard = put.queue.lock();
        let desk = &mut *guard;
        // Once closed, no slot counts: also a promise is void then.
        let slots = if desk.closed { 0 } else { desk.slots() };
        match desk
            .putters
            .ask(&mut put.place, slots, desk.closed, cx.waker())
        {
            Turn::Come => {
                let getter = desk.add(put.item.take().expect(COMPLETED));
                drop(guard);
                unit.made_progress();
                wake(getter);
                Poll::Ready(Ok(()))
            }
            Turn::Closed => {
                unit.made_progress();
                Poll::Ready(Err(PutError(put.item.take().expect(COMPLETED))))
            }
            Turn::Wait(replaced) => {
                drop(guard);
                drop(replaced);
                Poll::Pending
            }
        }
    }
}

const COMPLETED: &str = "a put was polled after it completed";

impl<T> Drop for Put<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.queue.leave(|desk| desk.putters.leave(place));
        }
    }
}

impl<T> fmt::Debug for Put<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Put")
            .field("queue", self.queue)
            .finish_non_exhaustive()
    }
}

/// The future of [`Queue::get`].
#[must_use = "futures do nothing unless polled"]
pub struct Get<'a, T> {
    queue: &'a Queue<T>,
    /// Its place among the getters, while it waits.
    place: Option<Key>,
}

impl<T> Future for Get<'_, T> {
    type Output = Result<T, GetError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let get = self.get_mut();
        let unit = ready!(poll_proceed(cx));
        let mut guard = get.queue.lock();
        let desk = &mut *guard;
        let items = desk.items.len();
        match desk
            .getters
            .ask(&mut get.place, items, desk.closed, cx.waker())
        {
            Turn::Come => {
                let (item, putter) = desk.take().expect("an item was there");
                drop(guard);
                unit.made_progress();
                wake_in_passing(putter);
                Poll::Ready(Ok(item))
            }
            Turn::Closed => {
                unit.made_progress();
                Poll::Ready(Err(GetError::closed()))
            }
            Turn::Wait(replaced) => {
                drop(guard);
                drop(replaced);
                Poll::Pending
            }
        }
    }
}

impl<T> Drop for Get<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.queue.leave(|desk| desk.getters.leave(place));
        }
    }
}

impl<T> fmt::Debug for Get<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Get")
            .field("queue", self.queue)
            .finish_non_exhaustive()
    }
}

/// A wait in [`Queue::join`].
struct Join<'a, T> {
    queue: &'a Queue<T>,
    /// Its place among the joiners. Popped means done, whatever was put since.
    place: Option<Key>,
}

impl<T> Join<'_, T> {
    fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut desk = self.queue.lock();
        let replaced = match self.place {
            None if desk.unfinished == 0 => return Poll::Ready(()),
            None => {
                self.place = Some(desk.joiners.push_back(cx.waker().clone(), ()));
                None
            }
            Some(key) => match desk.joiners.waker(key) {
                None => return Poll::Ready(()),
                Some(known) if known.will_wake(cx.waker()) => None,
                Some(_) => Some(desk.joiners.set_waker(key, cx.waker().clone())),
            },
        };
        drop(desk);
        drop(replaced);
        Poll::Pending
    }
}

impl<T> Drop for Join<'_, T> {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            let removed = self.queue.lock().joiners.remove(place);
            drop(removed);
        }
    }
}
