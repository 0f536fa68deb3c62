//! **How does one value get from one task to another?** Through a cell on the
//! heap that the two ends share, and that the last of them to leave frees.
//!
//! There is no reference count: the state word says of each end whether it has
//! left, in the same read-modify-write that says what it did.
//!
//! ```text
//!   sender's bits                          receiver's bits
//!     DONE     it has sent, or will not      CLOSED    it takes no value any more
//!     TX_LEFT  it is out of the cell         RX_LEFT   it is out of the cell
//!     TX_WAKER its waker is in the cell      RX_WAKER  its waker is in the cell
//!
//!                   poll                  send or drop
//!     (1) · ─────────────────> RX_WAKER ────────────────> DONE (RX_WAKER cleared)
//!         │                                                 │ (3) the waker is moved
//!         │ (2) send or drop                                v     out, then woken
//!         └──────────────────────────────────────────> DONE|TX_LEFT
//!                                                           │
//!                                   poll: takes the value, frees the cell
//! ```
//!
//! Close and `closed` are the mirror image: CLOSED for DONE, TX for RX. Locked
//! instructions for a value that is awaited first and sent then: three, (1) to
//! register, two at (3), since the sender must not leave before it has the waker;
//! one if it was sent first (2). The receiver, seeing TX_LEFT, needs none.
//!
//! Invariants:
//!
//! - *Value.* Belongs to the sender until DONE, then to the receiver.
//! - *Wakers.* A slot is written by its owner alone (`rx_waker` by the receiver),
//!   while the bit is clear. Bit set: there is a waker in it, and both may read.
//!   Whoever clears the bit moves the waker out: the peer with DONE or CLOSED, or
//!   the owner, to replace it. After DONE (CLOSED) the bit stays clear.
//! - *Leaving.* Who sets its LEFT bit does not touch the cell again, and cleared
//!   its waker bit before. Who sees the peer's LEFT bit has the cell for itself,
//!   and frees it when it leaves. DONE comes no later than TX_LEFT, and CLOSED or
//!   a taken value no later than RX_LEFT.
//! - So when the cell is freed no waker is in it.
//!
//! Ordering. Every change of the word is AcqRel, every look Acquire: what an end
//! wrote into the cell before its change (value, waker) is seen by who acts upon
//! the bit. In detail: DONE pairs with the look in `poll`, `try_recv`, `is_empty`
//! (the value); RX_WAKER with the sender's change to DONE, TX_WAKER with the
//! change to CLOSED (the waker); each LEFT bit with the look or change by which
//! the peer learns that it is alone (the freeing, after all the other did). The
//! changes are read-modify-writes, so one that comes between keeps the others'
//! release sequences. No fence: every decision is about this one word.
//!
//! The protocol is tokio's with the reference count folded in, and with wakers
//! moved out instead of woken by reference.
//!
//! Read next: `task/state.rs`, the same craft with more bits.

use std::fmt;
use std::future::{Future, poll_fn};
use std::mem::{ManuallyDrop, MaybeUninit};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll, Waker, ready};

use self::error::{RecvError, TryRecvError};
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

const DONE: usize = 1;
const TX_LEFT: usize = 1 << 1;
const TX_WAKER: usize = 1 << 2;
const CLOSED: usize = 1 << 3;
const RX_LEFT: usize = 1 << 4;
const RX_WAKER: usize = 1 << 5;

/// What the two ends share.
struct Cell<T> {
    state: AtomicUsize,
    value: UnsafeCell<Option<T>>,
    rx_waker: WakerSlot,
    tx_waker: WakerSlot,
}

/// A waker if the bit says so.
struct WakerSlot(UnsafeCell<MaybeUninit<Waker>>);

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
        state: AtomicUsize::new(0),
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
unsafe fn finish_sender<T>(ptr: NonNull<Cell<T>>, value: Option<T>) -> Option<T> {
    // SAFETY: the sender has not left. Not used after a change that sets TX_LEFT,
    // which is why the pointer comes along.
    let cell = unsafe { ptr.as_ref() };
    let mut now = cell.state.load(Acquire);
    let mut returned = None;
    if now & CLOSED == 0 {
        // SAFETY: not yet DONE, so the value is the sender's.
        cell.value.with_mut(|place| unsafe { *place = value });
    } else {
        returned = value;
    }
    loop {
        if now & CLOSED != 0 && returned.is_none() {
            // SAFETY: not yet DONE, so the value is the sender's.
            returned = cell.value.with_mut(|place| unsafe { (*place).take() });
        }
        if now & RX_LEFT != 0 {
            // SAFETY: the receiver has left, so the cell is the sender's.
            drop(unsafe { Box::from_raw(ptr.as_ptr()) });
            return returned;
        }
        let wakers = now & (RX_WAKER | TX_WAKER);
        let leave = if wakers == 0 { TX_LEFT } else { 0 };
        let next = (now & !wakers) | DONE | leave;
        match cell.state.compare_exchange(now, next, AcqRel, Acquire) {
            Err(changed) => now = changed,
            Ok(_) if leave != 0 => return returned,
            Ok(_) => break,
        }
    }
    // There are wakers: take them out while the cell is surely there.
    // SAFETY: this change cleared the bits.
    let (woken, dropped) = unsafe {
        (
            cell.rx_waker.take_if(now & RX_WAKER != 0),
            cell.tx_waker.take_if(now & TX_WAKER != 0),
        )
    };
    if cell.state.fetch_or(TX_LEFT, AcqRel) & RX_LEFT != 0 {
        // SAFETY: the receiver has left, so the cell is the sender's.
        drop(unsafe { Box::from_raw(ptr.as_ptr()) });
    }
    if let Some(waker) = woken {
        waker.wake();
    }
    drop(dropped);
    returned
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
        let Some(Cell {
            state,
            rx_waker,
            tx_waker,
            ..
        }) = self.cell()
        else {
            return;
        };
        let mut now = state.load(Acquire);
        loop {
            if now & (DONE | CLOSED) != 0 {
                return;
            }
            let next = (now & !(RX_WAKER | TX_WAKER)) | CLOSED;
            match state.compare_exchange(now, next, AcqRel, Acquire) {
                Err(changed) => now = changed,
                Ok(_) => break,
            }
        }
        // SAFETY: this change cleared the bits.
        let (woken, dropped) = unsafe {
            (
                tx_waker.take_if(now & TX_WAKER != 0),
                rx_waker.take_if(now & RX_WAKER != 0),
            )
        };
        if let Some(waker) = woken {
            waker.wake();
        }
        drop(dropped);
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

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // tokio's text, which programs may match.
        let Cell {
            state, rx_waker, ..
        } = self.cell().expect("called after complete");
        let unit = ready!(coop::poll_proceed(cx));
        // SAFETY: this is the receiver, the slot's owner, and `&mut self`.
        match unsafe { rx_waker.register(state, RX_WAKER, DONE | CLOSED, cx) } {
            Registered::Waiting => Poll::Pending,
            Registered::Over => {
                unit.made_progress();
                Poll::Ready(self.leave().ok_or(RecvError(())))
            }
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        drop(self.leave());
    }
}

/// Takes the value if the sender is DONE, else closes the channel; leaves.
///
/// # Safety
///
/// Called by the receiver, which does not use the cell after.
unsafe fn finish_receiver<T>(ptr: NonNull<Cell<T>>) -> Option<T> {
    // SAFETY: the receiver has not left. Not used after a change that sets RX_LEFT.
    let cell = unsafe { ptr.as_ref() };
    let mut value = None;
    let mut wakers = (None, None);
    let mut now = cell.state.load(Acquire);
    loop {
        if now & DONE != 0 {
            // SAFETY: DONE, so the value is the receiver's.
            value = cell.value.with_mut(|place| unsafe { (*place).take() });
            break;
        }
        let bits = now & (RX_WAKER | TX_WAKER);
        let leave = if bits == 0 { RX_LEFT } else { 0 };
        let next = (now & !bits) | CLOSED | leave;
        match cell.state.compare_exchange(now, next, AcqRel, Acquire) {
            Err(changed) => now = changed,
            Ok(_) if leave != 0 => return None,
            Ok(_) => {
                // SAFETY: this change cleared the bits.
                wakers = unsafe {
                    let tx_waker = cell.tx_waker.take_if(bits & TX_WAKER != 0);
                    (tx_waker, cell.rx_waker.take_if(bits & RX_WAKER != 0))
                };
                now = next;
                break;
            }
        }
    }
    if now & TX_LEFT != 0 || cell.state.fetch_or(RX_LEFT, AcqRel) & TX_LEFT != 0 {
        // SAFETY: the sender has left, so the cell is the receiver's.
        drop(unsafe { Box::from_raw(ptr.as_ptr()) });
    }
    let (woken, dropped) = wakers;
    if let Some(waker) = woken {
        waker.wake();
    }
    drop(dropped);
    value
}

#[derive(Clone, Copy)]
enum Registered {
    /// The waker is in its slot.
    Waiting,
    /// The peer has done what would be waited for.
    Over,
}

impl WakerSlot {
    fn new() -> Self {
        WakerSlot(UnsafeCell::new(MaybeUninit::uninit()))
    }

    /// Has the task woken when the peer sets one of the bits `over`; `mine` is the
    /// slot's own bit.
    ///
    /// # Safety
    ///
    /// Called by the owner of the slot, one call at a time.
    unsafe fn register(
        &self,
        state: &AtomicUsize,
        mine: usize,
        over: usize,
        cx: &mut Context<'_>,
    ) -> Registered {
        let mut now = state.load(Acquire);
        loop {
            if now & over != 0 {
                return Registered::Over;
            }
            if now & mine == 0 {
                break;
            }
            // SAFETY: the bit was set, so there is a waker, or the bits of one that
            // the peer is moving out; comparing looks at no more than the bits.
            let same = self
                .0
                .with(|place| unsafe { (*place).assume_init_ref().will_wake(cx.waker()) });
            if same {
                return Registered::Waiting;
            }
            match state.compare_exchange(now, now & !mine, AcqRel, Acquire) {
                Err(changed) => now = changed,
                Ok(_) => {
                    now &= !mine;
                    // SAFETY: this change cleared the bit.
                    drop(unsafe { self.take_if(true) });
                }
            }
        }
        let waker = cx.waker().clone();
        // SAFETY: the bit is clear, and this is the owner.
        self.0.with_mut(|place| unsafe { (*place).write(waker) });
        while let Err(changed) = state.compare_exchange(now, now | mine, AcqRel, Acquire) {
            now = changed;
            if now & over != 0 {
                // SAFETY: the bit was not set, so the waker is still the owner's.
                drop(unsafe { self.take_if(true) });
                return Registered::Over;
            }
        }
        Registered::Waiting
    }

    /// Moves the waker out, if `set`.
    ///
    /// # Safety
    ///
    /// If `set`, there is a waker, and the caller has just cleared the bit or never
    /// set it.
    unsafe fn take_if(&self, set: bool) -> Option<Waker> {
        if !set {
            return None;
        }
        // SAFETY: by the contract. A read, for the owner may be reading as well.
        Some(self.0.with(|place| unsafe { (*place).assume_init_read() }))
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
