//! **Who waits for a primitive, and who is next?** A FIFO list of waiters,
//! shared by every primitive of `sync`.
//!
//! ```text
//!             push_back              pop_front, pop_back
//!  (vacant) ------------> queued ------------------------> popped
//!     ^                     |                                |
//!     +------ remove -------+------------- remove -----------+
//! ```
//!
//! A future that must wait pushes its waker and a state of the primitive's
//! choosing, and keeps the [`Key`]. Whoever serves it pops it: it leaves the
//! queue, its waker moves out to be woken, and its record stays, so that the
//! state can say what it was given. The future's next poll, or its drop, reads
//! that state and removes the record. A future that gives up while it is still
//! queued removes itself from wherever it stands.
//!
//! Records live in slots of one `Vec` and are linked by index, so that push,
//! pop and removal of any waiter are O(1) and safe code. An intrusive list (as
//! in tokio's `util/linked_list.rs`) would save the one allocation that the
//! first waiter of a primitive costs, at the price of pinned, aliased futures
//! in every primitive; the slots are reused, so a busy primitive allocates
//! nothing here either. At rest a list keeps at most [`KEPT`] slots.
//!
//! Invariants:
//!
//! - A record has a waker exactly while it is queued. A waiter that has no
//!   task yet is queued with [`Waker::noop`].
//! - A key belongs to one future, which alone calls [`WaitList::remove`], once.
//!   Slots are therefore reused without a generation count.
//! - No lock, no atomic, and no waker is cloned, woken or dropped in here:
//!   wakers go in by value and come out by value, so that callers can do all
//!   three outside of their locks (`util/wake_batch.rs`).
//!
//! Read next: `semaphore.rs`, its plainest user.

use std::task::Waker;

/// The end of a chain of slots.
const NIL: u32 = u32::MAX;

/// Slots that an unused list keeps for its next waiters.
const KEPT: usize = 32;

/// A waiter's place in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key(u32);

/// Waiters in the order of their arrival, each with a state `S`.
#[derive(Debug)]
pub(crate) struct WaitList<S> {
    slots: Vec<Slot<S>>,
    /// Chain of vacant slots, by `next`.
    vacant: u32,
    /// Records: slots that are not vacant.
    records: u32,
    /// Records that are queued.
    queued: u32,
    first: u32,
    last: u32,
}

/// Vacant: no state. Queued: state and waker. Popped: state alone.
#[derive(Debug)]
struct Slot<S> {
    waker: Option<Waker>,
    state: Option<S>,
    prev: u32,
    next: u32,
}

impl<S> WaitList<S> {
    pub(crate) const fn new() -> Self {
        WaitList {
            slots: Vec::new(),
            vacant: NIL,
            records: 0,
            queued: 0,
            first: NIL,
            last: NIL,
        }
    }

    /// How many are queued.
    pub(crate) fn len(&self) -> usize {
        self.queued as usize
    }

    /// Is nobody queued? (Popped records may remain.)
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.queued == 0
    }

    /// Queues a waiter behind all others.
    pub(crate) fn push_back(&mut self, waker: Waker, state: S) -> Key {
        let slot = Slot {
            waker: Some(waker),
            state: Some(state),
            prev: self.last,
            next: NIL,
        };
        let index = if self.vacant == NIL {
            let index = u32::try_from(self.slots.len()).expect("too many waiters");
            assert_ne!(index, NIL, "too many waiters");
            self.slots.push(slot);
            index
        } else {
            let index = self.vacant;
            let place = &mut self.slots[index as usize];
            self.vacant = place.next;
            *place = slot;
            index
        };
        match self.last {
            NIL => self.first = index,
            last => self.slots[last as usize].next = index,
        }
        self.last = index;
        self.records += 1;
        self.queued += 1;
        Key(index)
    }

    /// The state of the waiter that is next.
    pub(crate) fn front_mut(&mut self) -> Option<&mut S> {
        self.slots.get_mut(self.first as usize)?.state.as_mut()
    }

    /// Takes the waiter that came first out of the queue; see [`pop`](Self::pop).
    pub(crate) fn pop_front(&mut self) -> Option<(Waker, &mut S)> {
        self.pop(self.first)
    }

    /// Takes the waiter that came last out of the queue; see [`pop`](Self::pop).
    pub(crate) fn pop_back(&mut self) -> Option<(Waker, &mut S)> {
        self.pop(self.last)
    }

    /// The waker, to be woken once the caller's lock is released, and the state
    /// that the waiter will find. The record stays until its owner removes it.
    fn pop(&mut self, index: u32) -> Option<(Waker, &mut S)> {
        if index == NIL {
            return None;
        }
        self.unlink(index);
        let slot = &mut self.slots[index as usize];
        Some((
            slot.waker.take().expect(QUEUED),
            slot.state.as_mut().expect(OWNED),
        ))
    }

    /// Is this waiter still in the queue?
    pub(crate) fn is_queued(&self, key: Key) -> bool {
        self.slots[key.0 as usize].waker.is_some()
    }

    /// The state of a waiter, queued or popped.
    #[cfg(all(test, not(loom)))]
    fn state_mut(&mut self, key: Key) -> &mut S {
        self.slots[key.0 as usize].state.as_mut().expect(OWNED)
    }

    /// The waker of a queued waiter.
    pub(crate) fn waker(&self, key: Key) -> Option<&Waker> {
        self.slots[key.0 as usize].waker.as_ref()
    }

    /// Replaces the waker of a queued waiter. Comes back, to be dropped outside
    /// of the caller's lock: the old waker, or the new one if the waiter has
    /// been popped meanwhile.
    pub(crate) fn set_waker(&mut self, key: Key, waker: Waker) -> Waker {
        match &mut self.slots[key.0 as usize].waker {
            Some(place) => std::mem::replace(place, waker),
            None => waker,
        }
    }

    /// Ends a record: its state, and its waker if it was still queued.
    pub(crate) fn remove(&mut self, key: Key) -> (S, Option<Waker>) {
        let Key(index) = key;
        let waker = self.slots[index as usize].waker.take();
        if waker.is_some() {
            self.unlink(index);
        }
        let slot = &mut self.slots[index as usize];
        let state = slot.state.take().expect(OWNED);
        slot.next = self.vacant;
        self.vacant = index;
        self.records -= 1;
        if self.records == 0 && self.slots.len() > KEPT {
            // As many pushes as there are slots have paid for this.
            self.slots = Vec::new();
            self.vacant = NIL;
        }
        (state, waker)
    }

    /// Takes a queued slot out of the chain.
    fn unlink(&mut self, index: u32) {
        let Slot { prev, next, .. } = self.slots[index as usize];
        match prev {
            NIL => self.first = next,
            prev => self.slots[prev as usize].next = next,
        }
        match next {
            NIL => self.last = prev,
            next => self.slots[next as usize].prev = prev,
        }
        self.queued -= 1;
    }
}

const QUEUED: &str = "a queued waiter has a waker";
const OWNED: &str = "the owner of a key removes its record, once";

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::Arc;
    use std::task::Wake;

    /// A waker that is told apart by what it carries.
    struct Named;
    impl Wake for Named {
        fn wake(self: Arc<Self>) {}
    }

    #[derive(Clone, Debug)]
    enum Step {
        Push,
        PopFront,
        PopBack,
        /// Each picks among the records that exist.
        Remove(prop::sample::Index),
        SetWaker(prop::sample::Index),
        SetState(prop::sample::Index, u64),
        FrontState(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            5 => Just(Step::Push),
            2 => Just(Step::PopFront),
            1 => Just(Step::PopBack),
            4 => any::<prop::sample::Index>().prop_map(Step::Remove),
            1 => any::<prop::sample::Index>().prop_map(Step::SetWaker),
            1 => (any::<prop::sample::Index>(), any::<u64>()).prop_map(|(i, s)| Step::SetState(i, s)),
            1 => any::<u64>().prop_map(Step::FrontState),
        ]
    }

    /// The plain model: every record in order of arrival.
    struct Record {
        key: Key,
        waker: Waker,
        state: u64,
        queued: bool,
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn behaves_like_a_plain_list(steps in prop::collection::vec(step(), 1..200)) {
            let fresh = || Waker::from(Arc::new(Named));
            let mut list = WaitList::new();
            let mut model: Vec<Record> = Vec::new();
            let mut pushed = 0;
            for step in steps {
                match step {
                    Step::Push => {
                        let waker = fresh();
                        pushed += 1;
                        let key = list.push_back(waker.clone(), pushed);
                        prop_assert!(model.iter().all(|r| r.key != key), "a key in use was given out");
                        model.push(Record { key, waker, state: pushed, queued: true });
                    }
                    Step::PopFront | Step::PopBack => {
                        let front = matches!(step, Step::PopFront);
                        let mut queued = model.iter_mut().filter(|r| r.queued);
                        let expected = if front { queued.next() } else { queued.next_back() };
                        let popped = if front { list.pop_front() } else { list.pop_back() };
                        prop_assert_eq!(popped.is_some(), expected.is_some());
                        if let (Some((waker, state)), Some(record)) = (popped, expected) {
                            prop_assert!(waker.will_wake(&record.waker));
                            prop_assert_eq!(*state, record.state);
                            record.queued = false;
                        }
                    }
                    Step::Remove(index) if !model.is_empty() => {
                        let record = model.remove(index.index(model.len()));
                        let (state, waker) = list.remove(record.key);
                        prop_assert_eq!(state, record.state);
                        prop_assert_eq!(waker.is_some(), record.queued);
                        prop_assert!(waker.is_none_or(|w| w.will_wake(&record.waker)));
                    }
                    Step::SetWaker(index) if !model.is_empty() => {
                        let record = index.index(model.len());
                        let record = &mut model[record];
                        let new = fresh();
                        let back = list.set_waker(record.key, new.clone());
                        if record.queued {
                            prop_assert!(back.will_wake(&record.waker));
                            record.waker = new;
                        } else {
                            prop_assert!(back.will_wake(&new));
                        }
                    }
                    Step::SetState(index, state) if !model.is_empty() => {
                        let record = index.index(model.len());
                        model[record].state = state;
                        *list.state_mut(model[record].key) = state;
                    }
                    Step::FrontState(state) => {
                        let expected = model.iter_mut().find(|r| r.queued);
                        let front = list.front_mut();
                        prop_assert_eq!(front.as_deref(), expected.as_ref().map(|r| &r.state));
                        if let (Some(front), Some(record)) = (front, expected) {
                            (*front, record.state) = (state, state);
                        }
                    }
                    _ => {} // nothing to pick from
                }
                prop_assert_eq!(list.len(), model.iter().filter(|r| r.queued).count());
                prop_assert_eq!(list.is_empty(), model.iter().all(|r| !r.queued));
                for record in &model {
                    prop_assert_eq!(list.is_queued(record.key), record.queued);
                    prop_assert_eq!(*list.state_mut(record.key), record.state);
                    prop_assert_eq!(
                        list.waker(record.key).map(|w| w.will_wake(&record.waker)),
                        record.queued.then_some(true)
                    );
                }
            }
        }
    }

    #[test]
    fn an_unused_list_keeps_few_slots() {
        let mut list = WaitList::new();
        let keys: Vec<_> = (0..10_000)
            .map(|i| list.push_back(Waker::noop().clone(), i))
            .collect();
        for key in keys {
            list.remove(key);
        }
        assert_eq!(list.slots.capacity(), 0);
        for _ in 0..10_000 {
            let key = list.push_back(Waker::noop().clone(), 0);
            list.remove(key);
        }
        assert_eq!(list.slots.len(), 1, "one waiter at a time needs one slot");
    }
}
