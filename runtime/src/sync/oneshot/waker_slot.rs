//! **How is a waker handed over by one compare-exchange of another word?** Its
//! own two words lie in atomics, read before the exchange, and valid if the
//! exchange succeeds.
//!
//! Read next: `oneshot.rs`, whose header has the protocol.

use std::mem::ManuallyDrop;
use std::ptr;
use std::task::{Context, RawWakerVTable, Waker};

use super::REGISTRATION;
use crate::loom::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use crate::loom::sync::atomic::{AtomicPtr, AtomicUsize};

/// The two words of a waker, if the slot's bit in the state word says so.
pub(super) struct WakerSlot {
    data: AtomicPtr<()>,
    vtable: AtomicPtr<RawWakerVTable>,
}

/// What was in a slot: a waker, if the reading proves to be valid.
#[derive(Clone, Copy)]
pub(super) struct WakerWords {
    data: *const (),
    vtable: *const RawWakerVTable,
}

pub(super) enum Registered {
    /// The waker is in its slot.
    Waiting,
    /// The peer has done what would be waited for.
    Over,
}

/// What came of taking a waker back.
enum Withdrawn {
    /// It stays where it is: it is the right one.
    NotNeeded,
    /// The slot is the owner's, or the wait over: the state word says which.
    Now(usize),
}

impl WakerSlot {
    pub(super) fn new() -> Self {
        WakerSlot {
            data: AtomicPtr::new(ptr::null_mut()),
            vtable: AtomicPtr::new(ptr::null_mut()),
        }
    }

    #[inline]
    fn read(&self) -> WakerWords {
        WakerWords {
            data: self.data.load(Relaxed),
            vtable: self.vtable.load(Relaxed),
        }
    }

    /// What is in the slot, if its bit was seen `set`.
    #[inline]
    pub(super) fn read_if(&self, set: bool) -> Option<WakerWords> {
        set.then(|| self.read())
    }

    /// For the owner, while the bit is clear.
    #[inline]
    fn write(&self, waker: Waker) {
        let waker = ManuallyDrop::new(waker);
        self.data.store(waker.data().cast_mut(), Relaxed);
        self.vtable
            .store(ptr::from_ref(waker.vtable()).cast_mut(), Relaxed);
    }

    /// Has the task woken when the peer sets one of the bits `over`; `mine` is the
    /// slot's own bit.
    ///
    /// # Safety
    ///
    /// Called by the owner of the slot, one call at a time.
    #[inline]
    pub(super) unsafe fn register(
        &self,
        state: &AtomicUsize,
        mine: usize,
        over: usize,
        cx: &mut Context<'_>,
    ) -> Registered {
        let mut now = state.load(Acquire);
        if now & mine != 0 {
            // SAFETY: by the contract.
            match unsafe { self.withdraw(state, mine, over, cx.waker()) } {
                Withdrawn::NotNeeded => return Registered::Waiting,
                Withdrawn::Now(then) => now = then,
            }
        }
        if now & over != 0 {
            return Registered::Over;
        }
        self.write(cx.waker().clone());
        loop {
            let next = (now | mine).wrapping_add(REGISTRATION);
            match state.compare_exchange(now, next, AcqRel, Acquire) {
                Ok(_) => return Registered::Waiting,
                Err(changed) if changed & over == 0 => now = changed,
                Err(_) => break,
            }
        }
        // SAFETY: the owner wrote it and could not set the bit: it is still its own.
        drop(unsafe { self.read().into_waker() });
        Registered::Over
    }

    /// Takes back the waker in the slot, unless it wakes the same task as `waker`.
    ///
    /// # Safety
    ///
    /// As for [`register`](Self::register).
    #[inline(never)]
    unsafe fn withdraw(
        &self,
        state: &AtomicUsize,
        mine: usize,
        over: usize,
        waker: &Waker,
    ) -> Withdrawn {
        let mut now = state.load(Acquire);
        while now & over == 0 && now & mine != 0 {
            let old = self.read();
            if old.will_wake(waker) {
                return Withdrawn::NotNeeded;
            }
            match state.compare_exchange(now, now & !mine, AcqRel, Acquire) {
                Err(changed) => now = changed,
                Ok(_) => {
                    now &= !mine;
                    // SAFETY: this change cleared the bit.
                    drop(unsafe { old.into_waker() });
                }
            }
        }
        Withdrawn::Now(now)
    }
}

impl WakerWords {
    /// As [`Waker::will_wake`]. While the bit was set the waker was alive, and so is
    /// the other: equal words are the same task's.
    fn will_wake(self, other: &Waker) -> bool {
        self.data == other.data() && ptr::eq(self.vtable, other.vtable())
    }

    /// # Safety
    ///
    /// The caller read these while the bit was set, and has just cleared the bit,
    /// by a change that had failed if there had been another registration.
    unsafe fn into_waker(self) -> Waker {
        // SAFETY: so they are the two words of the waker that was registered, which
        // belongs to the caller now.
        unsafe { Waker::new(self.data, &*self.vtable) }
    }
}

/// Wakes the peer, and drops one's own waker.
///
/// # Safety
///
/// As for [`WakerWords::into_waker`], both.
#[inline]
pub(super) unsafe fn wake_and_drop(peer: Option<WakerWords>, own: Option<WakerWords>) {
    // SAFETY: by the contract.
    let own = own.map(|words| unsafe { words.into_waker() });
    if let Some(words) = peer {
        // SAFETY: by the contract.
        unsafe { words.into_waker() }.wake();
    }
    drop(own);
}
