//! **How does a waker fit in one word?** By what it shares with others: a program
//! has any number of wakers but few kinds of them, and a kind is a vtable.
//!
//! The first seven vtables that a process shows us get a number each. A waker of
//! such a kind is its data pointer with the number in the three low bits, which
//! are free when the pointer is aligned to eight bytes, as those to heap cells
//! are. Any other waker is boxed, and its number is 0.
//!
//! ```text
//!   data pointer | 1 … 7     a waker of a known kind
//!   box pointer  | 0         any other
//!   null                     none
//! ```
//!
//! Why: a task that waits costs memory, and a million of them a million times
//! that. With the join waker in 8 bytes instead of 16, and the registry's key in
//! the state word, a task costs 40 bytes beside its future instead of 56: one
//! size class of malloc.
//!
//! Memory ordering: a kind's vtable is a `'static` that was written before the
//! program started, so its pointer publishes nothing, and `Relaxed` will do.

use std::mem::ManuallyDrop;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering::Relaxed};
use std::task::{RawWakerVTable, Waker};

const KINDS: usize = 7;
const TAG: usize = KINDS;

/// The vtables that have a number. Not the shim's atomics: a table of constants
/// is no part of a protocol.
static KNOWN: [AtomicPtr<RawWakerVTable>; KINDS] =
    [const { AtomicPtr::new(ptr::null_mut()) }; KINDS];

/// A waker, or none, in one word. It owns the waker.
pub(super) struct WakerWord(*mut ());

/// A waker at an address whose three low bits are free, on 32-bit systems too.
#[repr(align(8))]
struct Boxed(Waker);

// SAFETY: a waker is Send and Sync, and this is one.
unsafe impl Send for WakerWord {}
// SAFETY: as above.
unsafe impl Sync for WakerWord {}

impl WakerWord {
    pub(super) const NONE: WakerWord = WakerWord(ptr::null_mut());

    pub(super) fn new(waker: Waker) -> Self {
        let data = waker.data().cast_mut();
        match number_of(waker.vtable()) {
            Some(number) if data.addr() & TAG == 0 => {
                let _owned_by_the_word = ManuallyDrop::new(waker);
                Self(data.map_addr(|bits| bits | number))
            }
            _ => Self(Box::into_raw(Box::new(Boxed(waker))).cast()),
        }
    }

    /// Takes the waker out.
    pub(super) fn take(&mut self) -> Option<Waker> {
        let word = std::mem::replace(&mut self.0, ptr::null_mut());
        if word.is_null() {
            return None;
        }
        let number = word.addr() & TAG;
        if number == 0 {
            // SAFETY: a word without a number came from a box, and was not taken before.
            return Some(unsafe { Box::from_raw(word.cast::<Boxed>()) }.0);
        }
        // SAFETY: these are the two parts of a waker that the word has owned, and
        // the vtable is a `'static`, for it has a number.
        Some(unsafe { Waker::new(data(word), &*KNOWN[number - 1].load(Relaxed)) })
    }

    /// Is this a waker that wakes the same task as `other`?
    pub(super) fn will_wake(&self, other: &Waker) -> bool {
        let number = self.0.addr() & TAG;
        if number == 0 {
            // SAFETY: a word without a number is null or a box's pointer.
            let boxed = unsafe { self.0.cast::<Boxed>().as_ref() };
            return boxed.is_some_and(|boxed| boxed.0.will_wake(other));
        }
        ptr::eq(data(self.0), other.data())
            && ptr::eq(KNOWN[number - 1].load(Relaxed), other.vtable())
    }
}

impl Drop for WakerWord {
    #[inline]
    fn drop(&mut self) {
        if !self.0.is_null() {
            drop(self.take());
        }
    }
}

fn data(word: *mut ()) -> *const () {
    word.map_addr(|bits| bits & !TAG)
}

/// The number of a vtable, 1 to 7, if it has one or can still get one.
#[inline]
fn number_of(vtable: &'static RawWakerVTable) -> Option<usize> {
    let vtable = ptr::from_ref(vtable).cast_mut();
    for (place, known) in KNOWN.iter().enumerate() {
        let mut now = known.load(Relaxed);
        if now.is_null() {
            now = match known.compare_exchange(ptr::null_mut(), vtable, Relaxed, Relaxed) {
                Ok(_) => vtable,
                Err(other) => other,
            };
        }
        if now == vtable {
            return Some(place + 1);
        }
    }
    None
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::task::{RawWaker, Wake};

    /// `N` makes a type, and so a vtable, of its own.
    struct Kind<const N: usize>;

    impl<const N: usize> Wake for Kind<N> {
        fn wake(self: Arc<Self>) {}
    }

    fn there_and_back<const N: usize>() {
        let kind = Arc::new(Kind::<N>);
        let waker = Waker::from(kind.clone());
        let mut word = WakerWord::new(waker.clone());
        assert!(word.will_wake(&waker));
        assert!(!word.will_wake(Waker::noop()));
        let back = word.take().unwrap();
        assert!(back.will_wake(&waker));
        assert!(word.take().is_none());
        drop((back, waker));
        drop(WakerWord::new(Waker::from(kind.clone())));
        assert_eq!(Arc::strong_count(&kind), 1, "each waker was dropped once");
    }

    #[test]
    fn more_kinds_than_numbers() {
        there_and_back::<0>();
        there_and_back::<1>();
        there_and_back::<2>();
        there_and_back::<3>();
        there_and_back::<4>();
        there_and_back::<5>();
        there_and_back::<6>();
        there_and_back::<7>();
        there_and_back::<8>();
        there_and_back::<0>();
    }

    #[test]
    fn data_that_is_not_aligned_is_boxed() {
        static VTABLE: RawWakerVTable =
            RawWakerVTable::new(|data| RawWaker::new(data, &VTABLE), |_| (), |_| (), |_| ());
        let data = ptr::without_provenance(1001);
        // SAFETY: the functions touch nothing.
        let waker = unsafe { Waker::new(data, &VTABLE) };
        let mut word = WakerWord::new(waker.clone());
        assert!(word.will_wake(&waker));
        assert_eq!(word.take().unwrap().data(), data);
    }

    #[test]
    fn null_data_is_not_none() {
        let mut word = WakerWord::new(Waker::noop().clone());
        assert!(word.take().is_some());
        let mut none = WakerWord::NONE;
        assert!(none.take().is_none());
    }
}
