//! **How does one value get from one task to another?** Through a cell on the
//! heap that the two ends share, and that the last of them to leave frees.
//!
//! Each end does one thing that matters to the other, once, by one
//! compare-exchange of the state word: the sender sends (or gives up) and leaves,
//! the receiver closes or leaves. Before that it may register a waker.
//!
//! ```text
//!   word:  | registrations so far .... | RX_WAKER | TX_WAKER | LEFT | CLOSED | DONE |
//!
//!          ┌──────┐ receiver polls, pending   ┌───────────┐
//!          │ open ├──────────────────────────>│ RX_WAKER  │
//!          └─┬──┬─┘                           └─┬───────┬─┘
//!            │  │ send, or drop of the sender   │       │
//!            │  └──────────────> DONE <─────────┘       │
//!            │       the receiver takes the value,      │
//!            │       and the cell with it               │
//!            │                                          │
//!            │ close: CLOSED; drop: CLOSED | LEFT       │
//!            └──────────────────> CLOSED <──────────────┘
//!                    the sender gets its value back, and frees
//!                    the cell if the receiver has LEFT
//! ```
//!
//! (TX_WAKER, for `closed`, is the mirror image of RX_WAKER.) Locked instructions
//! for a value that is awaited first: two, to register and to send; for one that
//! was sent first: one.
//!
//! There is no reference count: DONE says that the sender has left, LEFT that the
//! receiver has, and who sees that the other has left owns the cell.
//!
//! How can the sender leave by the same change by which it takes the receiver's
//! waker along? It reads the waker's two words *before*, when they may be about
//! to change, and its compare-exchange succeeds only if they did not: whoever
//! replaces a waker clears its bit first, and each registration counts up the
//! word, so that no earlier state comes back (the count wraps after 2⁵⁹; on 32 bits
//! after 2²⁷, all within one look and change). The two words are atomics, since
//! they may be read while they are written; such a reading is thrown away.
//!
//! Invariants:
//!
//! - *Value.* Belongs to the sender until DONE, then to the receiver.
//! - *Wakers.* A slot is written by its owner alone (`rx_waker` by the receiver),
//!   while its bit is clear. The bit says that the slot's two words are a waker;
//!   whoever clears the bit owns it. DONE and CLOSED clear both bits, and no bit
//!   is set after.
//! - *Leaving.* Who sets DONE or LEFT does not touch the cell again. LEFT comes
//!   only with CLOSED, and not after DONE.
//! - So at most one of DONE and LEFT is ever set, the other end frees the cell, and
//!   no waker is in it then.
//!
//! Ordering. Every change of the word is AcqRel, every look Acquire. DONE pairs
//! with the receiver's look (the value, and the freeing after all that the sender
//! did); CLOSED and LEFT with the sender's look; a waker's bit with the look before
//! the change that takes it (the slot's two words, which are Relaxed for that
//! reason). All changes are read-modify-writes, so one in between keeps the others'
//! release sequences. No fence: every decision is about this one word.
//!
//! tokio's oneshot has the same bits, a reference count beside them, and wakes by
//! reference.
//!
//! Read next: `task/state.rs`, the same craft with more bits.

use std::fmt;
use std::future::{Future, poll_fn};
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll, ready};

use self::error::{RecvError, TryRecvError};
use self::waker_slot::{Registered, WakerSlot, wake_and_drop};
use super::blocking;
use crate::loom::cell::UnsafeCell;
use crate::loom::sync::atomic::AtomicUsize;
use crate::loom::sync::atomic::Ordering::{AcqRel, Acquire};
use crate::task::coop;

pub mod error;
#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(all(test, not(loom)))]
mod tests;
mod waker_slot;

/// The sender has sent, or will not, and has left.
const DONE: usize = 1;
/// The receiver takes no value any more.
const CLOSED: usize = 1 << 1;
/// The receiver has left.
const LEFT: usize = 1 << 2;
const TX_WAKER: usize = 1 << 3;
const RX_WAKER: usize = 1 << 4;
const WAKERS: usize = TX_WAKER | RX_WAKER;
/// One registration of a waker. The count wraps.
const REGISTRATION: usize = 1 << 5;

/// What the two ends share.
struct Cell<T> {
    state: AtomicUsize,
    value: UnsafeCell<Option<T>>,
    rx_waker: WakerSlot,
    tx_waker: WakerSlot,
}

/// A channel for one value.
///
/// The cost is one allocation; the value is moved once into it and once out.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use kolo::sync::oneshot;
///
/// let (tx, rx) = oneshot::channel();
/// std::thread::spawn(move || tx.send("done").unwrap());
/// assert_eq!(rx.await, Ok("done"));
/// # });
/// ```
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let cell = Box::new(Cell {
        // Not zero: a cell of nothing but zeros would be had from `calloc`, which
        // in glibc before 2.41 misses the thread's cache, and costs four times as
        // much. The count of registrations wraps, so it may start anywhere.
        state: AtomicUsize::new(REGISTRATION),
        value: UnsafeCell::new(None),
        rx_waker: WakerSlot::new(),
        tx_waker: WakerSlot::new(),
    });
    let cell = NonNull::from(Box::leak(cell));
    (Sender { cell }, Receiver { cell: Some(cell) })
}

/// The end that sends, once.
///
/// Dropped without sending, it tells the receiver that nothing will come.
pub struct Sender<T> {
    /// Valid: the sender has not left.
    cell: NonNull<Cell<T>>,
}

/// The end that receives: a future of the value.
///
/// # Errors
///
/// [`RecvError`] if the sender was dropped without sending.
///
/// # Panics
///
/// If it is polled after it was ready, or after [`try_recv`](Self::try_recv) gave
/// the value.
///
/// # Cancel safety
///
/// `&mut rx` is a future too. Dropping that loses nothing: the value stays in
/// the channel. Dropping the receiver closes the channel and drops the value.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (tx, rx) = kolo::sync::oneshot::channel::<u32>();
/// drop(tx);
/// assert!(rx.await.is_err());
/// # });
/// ```
pub struct Receiver<T> {
    /// Valid: the receiver has not left. `None` once it has.
    cell: Option<NonNull<Cell<T>>>,
}

// SAFETY: an end moves the value to the other thread (T: Send); all else in the
// cell is Send, and access to it is ruled by the state word. By `&self` an end
// looks at the word, and at whether there is a value, never at the value.
unsafe impl<T: Send> Send for Sender<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Sender<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Receiver<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Receiver<T> {}

impl<T> Sender<T> {
    /// Sends the value; never waits.
    ///
    /// # Errors
    ///
    /// The value, if the receiver has closed the channel or was dropped. `Ok`
    /// does not mean that the value will be received: the receiver may still be
    /// dropped.
    ///
    /// ```
    /// let (tx, rx) = kolo::sync::oneshot::channel();
    /// drop(rx);
    /// assert_eq!(tx.send(5), Err(5));
    /// ```
    pub fn send(self, value: T) -> Result<(), T> {
        let this = ManuallyDrop::new(self);
        // SAFETY: this is the sender, and it ends here without its drop.
        match unsafe { finish_sender(this.cell, Some(value)) } {
            None => Ok(()),
            Some(value) => Err(value),
        }
    }

    /// Waits until the receiver has closed the channel or was dropped.
    ///
    /// Then sending is of no use, nor is the work for it.
    ///
    /// # Cancel safety
    ///
    /// Cancelled, nothing is lost: call it again.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (mut tx, rx) = kolo::sync::oneshot::channel::<u32>();
    /// std::thread::spawn(move || drop(rx));
    /// tx.closed().await;
    /// assert!(tx.is_closed());
    /// # });
    /// ```
    pub async fn closed(&mut self) {
        poll_fn(|cx| self.poll_closed(cx)).await;
    }

    /// Has the receiver closed the channel, or was it dropped?
    pub fn is_closed(&self) -> bool {
        self.cell().state.load(Acquire) & CLOSED != 0
    }

    /// [`closed`](Self::closed), for a future that is written by hand.
    ///
    /// `Pending`: the task is woken when the channel is closed. Only the task of
    /// the last poll is.
    pub fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let unit = ready!(coop::poll_proceed(cx));
        let Cell {
            state, tx_waker, ..
        } = self.cell();
        // SAFETY: this is the sender, the slot's owner, and `&mut self`.
        match unsafe { tx_waker.register(state, TX_WAKER, CLOSED, cx) } {
            Registered::Waiting => Poll::Pending,
            Registered::Over => {
                unit.made_progress();
                Poll::Ready(())
            }
        }
    }

    fn cell(&self) -> &Cell<T> {
        // SAFETY: the sender has not left, so the cell is there.
        unsafe { self.cell.as_ref() }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        // SAFETY: this is the sender, and it ends here.
        let _none = unsafe { finish_sender(self.cell, None) };
    }
}

/// The sender's last act: sends the value or the news that there is none, and
/// leaves. Gives the value back if the channel is closed.
///
/// # Safety
///
/// Called by the sender, which does not use the cell after.
#[inline]
unsafe fn finish_sender<T>(ptr: NonNull<Cell<T>>, mut value: Option<T>) -> Option<T> {
    // SAFETY: the sender has not left. Not used after the change that sets DONE.
    let cell = unsafe { ptr.as_ref() };
    let mut now = cell.state.load(Acquire);
    if now & CLOSED == 0 {
        // SAFETY: not yet DONE, so the value is the sender's; what is overwritten
        // is `None`.
        cell.value
            .with_mut(|place| unsafe { place.write(value.take()) });
    }
    while now & CLOSED == 0 {
        let rx_waker = cell.rx_waker.read_if(now & RX_WAKER != 0);
        let tx_waker = cell.tx_waker.read_if(now & TX_WAKER != 0);
        match cell
            .state
            .compare_exchange(now, (now & !WAKERS) | DONE, AcqRel, Acquire)
        {
            Err(changed) => now = changed,
            Ok(_) => {
                // SAFETY: this change cleared the bits.
                unsafe { wake_and_drop(rx_waker, tx_waker) };
                return None;
            }
        }
    }
    // SAFETY: by the contract; CLOSED stays.
    unsafe { finish_closed(ptr, value) }
}

/// The same where the receiver takes no value any more: no waker is left to wake.
///
/// # Safety
///
/// As for `finish_sender`, and the channel is CLOSED.
#[cold]
unsafe fn finish_closed<T>(ptr: NonNull<Cell<T>>, value: Option<T>) -> Option<T> {
    // SAFETY: the sender has not left. Not used after the change that sets DONE,
    // nor after the cell is freed.
    let cell = unsafe { ptr.as_ref() };
    // SAFETY: not yet DONE, so the value is the sender's.
    let value = value.or_else(|| cell.value.with_mut(|place| unsafe { (*place).take() }));
    let mut now = cell.state.load(Acquire);
    loop {
        if now & LEFT != 0 {
            // SAFETY: the receiver has left, so the cell is the sender's.
            drop(unsafe { Box::from_raw(ptr.as_ptr()) });
            return value;
        }
        match cell
            .state
            .compare_exchange(now, now | DONE, AcqRel, Acquire)
        {
            Err(changed) => now = changed,
            Ok(_) => return value,
        }
    }
}

impl<T> Receiver<T> {
    /// Lets nothing more be sent; what was sent before can still be received.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let (tx, mut rx) = kolo::sync::oneshot::channel();
    /// rx.close();
    /// assert_eq!(tx.send("too late"), Err("too late"));
    /// assert!(rx.await.is_err());
    /// # });
    /// ```
    pub fn close(&mut self) {
        if let Some(cell) = self.cell() {
            let _ = cell.close(CLOSED);
        }
    }

    /// Takes the value if it is here.
    ///
    /// After `Ok` or [`Closed`](TryRecvError::Closed) the receiver is
    /// [terminated](Self::is_terminated).
    ///
    /// # Errors
    ///
    /// [`TryRecvError::Empty`] if it may still come, [`TryRecvError::Closed`] if
    /// not.
    ///
    /// ```
    /// use kolo::sync::oneshot::{self, error::TryRecvError};
    ///
    /// let (tx, mut rx) = oneshot::channel();
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    /// tx.send("here").unwrap();
    /// assert_eq!(rx.try_recv(), Ok("here"));
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    /// ```
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let Some(cell) = self.cell() else {
            return Err(TryRecvError::Closed);
        };
        if cell.state.load(Acquire) & (DONE | CLOSED) == 0 {
            return Err(TryRecvError::Empty);
        }
        self.leave().ok_or(TryRecvError::Closed)
    }

    /// Waits for the value on a thread outside of the runtime.
    ///
    /// # Errors
    ///
    /// [`RecvError`] if the sender was dropped without sending.
    ///
    /// # Panics
    ///
    /// On a thread that drives tasks.
    ///
    /// ```
    /// let (tx, rx) = kolo::sync::oneshot::channel();
    /// std::thread::spawn(move || tx.send(3).unwrap());
    /// assert_eq!(rx.blocking_recv(), Ok(3));
    /// ```
    #[track_caller]
    pub fn blocking_recv(self) -> Result<T, RecvError> {
        blocking::wait(self)
    }

    /// Has the outcome been received? Then there is nothing to poll for.
    pub fn is_terminated(&self) -> bool {
        self.cell.is_none()
    }

    /// Is there no value to be received now?
    pub fn is_empty(&self) -> bool {
        let Some(cell) = self.cell() else { return true };
        if cell.state.load(Acquire) & DONE == 0 {
            return true;
        }
        // SAFETY: DONE, so the value is the receiver's, and it takes it by `&mut`.
        cell.value.with(|value| unsafe { (*value).is_none() })
    }

    fn cell(&self) -> Option<&Cell<T>> {
        // SAFETY: the receiver has not left, so the cell is there.
        self.cell.as_ref().map(|cell| unsafe { cell.as_ref() })
    }

    /// The receiver's last act: takes the value, if it was sent, and leaves.
    fn leave(&mut self) -> Option<T> {
        let cell = self.cell.take()?;
        // SAFETY: this is the receiver, which has no pointer any more.
        unsafe { finish_receiver(cell) }
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // tokio's text, which programs may match.
        let cell = self.cell().expect("called after complete");
        // SAFETY: this is the receiver, the slot's owner, and `&mut self`.
        if cell.state.load(Acquire) & (DONE | CLOSED) == 0 && unsafe { cell.wait(cx) } {
            return Poll::Pending;
        }
        // Only what is ready costs a unit.
        ready!(coop::poll_proceed(cx)).made_progress();
        Poll::Ready(self.leave().ok_or(RecvError(())))
    }
}

impl<T> Drop for Receiver<T> {
    #[inline]
    fn drop(&mut self) {
        // Nearly always awaited to its end, and nothing to do.
        if self.cell.is_some() {
            drop(self.leave());
        }
    }
}

/// Takes the value if the sender is DONE, else closes the channel; leaves.
///
/// # Safety
///
/// Called by the receiver, which does not use the cell after.
unsafe fn finish_receiver<T>(ptr: NonNull<Cell<T>>) -> Option<T> {
    // SAFETY: the receiver has not left. Not used after the change that sets LEFT.
    match unsafe { ptr.as_ref() }.close(CLOSED | LEFT) {
        Closed::InTime => None,
        Closed::AfterDone => {
            // SAFETY: DONE: the sender has left, so the cell is the receiver's.
            let cell = unsafe { Box::from_raw(ptr.as_ptr()) };
            cell.value.into_inner()
        }
    }
}

#[derive(Clone, Copy)]
#[must_use]
enum Closed {
    /// The sender will get its value back.
    InTime,
    /// The sender has sent before, or given up.
    AfterDone,
}

impl<T> Cell<T> {
    /// For the receiver: has its task woken by the sender. False: there is nothing
    /// to wait for.
    ///
    /// # Safety
    ///
    /// Called by the receiver, one call at a time.
    #[inline(never)] // so that a poll that finds the value stays short
    unsafe fn wait(&self, cx: &mut Context<'_>) -> bool {
        // SAFETY: the slot's owner, by the contract.
        let registered = unsafe {
            self.rx_waker
                .register(&self.state, RX_WAKER, DONE | CLOSED, cx)
        };
        matches!(registered, Registered::Waiting)
    }

    /// For the receiver: sets these bits, unless DONE.
    fn close(&self, bits: usize) -> Closed {
        let mut now = self.state.load(Acquire);
        loop {
            if now & DONE != 0 {
                return Closed::AfterDone;
            }
            let rx_waker = self.rx_waker.read_if(now & RX_WAKER != 0);
            let tx_waker = self.tx_waker.read_if(now & TX_WAKER != 0);
            match self
                .state
                .compare_exchange(now, (now & !WAKERS) | bits, AcqRel, Acquire)
            {
                Err(changed) => now = changed,
                Ok(_) => {
                    // SAFETY: this change cleared the bits.
                    unsafe { wake_and_drop(tx_waker, rx_waker) };
                    return Closed::InTime;
                }
            }
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("closed", &self.is_closed())
            .finish()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("terminated", &self.is_terminated())
            .field("empty", &self.is_empty())
            .finish()
    }
}
