//! **How are a hundred thousand deadlines kept, when most of them never come?**
//! In a hierarchical timing wheel: eight levels of 64 slots, each slot a list.
//!
//! The workload decides. Nearly every timer of a server is a *timeout*: set
//! seconds ahead, cancelled microseconds later because the answer arrived. What
//! has to be cheap is therefore not finding the earliest deadline but setting
//! one and taking it back. A heap or a search tree sorts every deadline on the
//! way in, O(log n), and for most of them the sorting is wasted. The wheel sorts
//! as late as it can, and never what was cancelled before: insert and remove
//! each link one entry into, or out of, a list.
//!
//! # Slots and levels
//!
//! Time is nanoseconds since some origin. A *tick* is 2^16 of them, 65.5 µs:
//! of the size of the 2^-14 s that the timers' precision asks for, and a shift
//! instead of a division. A tick's number has 48 bits, which are eight digits
//! of six bits, one per level: 8 × 64 slots reach from now to the end of u64
//! (584 years), so that there is no "too far".
//!
//! ```text
//!  deadline  │ 12 │ 40 │ 07 │ 63 │ 00 │ 21 │ 33 │ 18 │ 16 bits of ns │
//!  level        7    6    5    4    3    2    1    0
//!  one slot   9.1y  52d 19.5h  18m  17s 268ms 4.2ms 65µs
//! ```
//!
//! An entry lies in the level of the *highest digit in which its tick differs
//! from now's*, in the slot which that digit names. Everything in one slot of
//! level 2 has thus the same 268 ms; when now reaches the slot's start, the
//! slot is *cascaded*: its entries differ from now in lower digits only and
//! move down, at most seven times in a life. A slot of level 0 is one tick:
//! when now reaches it, what is due of it is sorted, and goes to the *due* list,
//! from which it is handed out.
//!
//! # Invariants
//!
//! 1. An entry in level *l* has the digits of now above *l*, and in *l* a
//!    greater one (in level 0: greater or equal). So no slot behind now's digit
//!    is in use, nothing wraps around, and the earliest deadline lies in the
//!    lowest level in use, in its first slot in use: two bit scans.
//! 2. `now` passes the start of no slot in use: [`expire`](Wheel::expire) empties
//!    each slot first. (Level 0's current slot is at its start already.)
//! 3. A bit of `occupied` is set exactly if its list has entries.
//! 4. Each list is a ring through its two ends: an entry's `prev` and `next`
//!    name another entry or, with the bit `END`, the list. Thus an entry can be
//!    unlinked without knowing where it lies, and only the last one to leave a
//!    list tells its name, to clear the bit.
//! 5. Equal deadlines lie in the same list, in the order of their insertion:
//!    by 1 and 2 a later one is dealt the slot that the earlier one is in, and
//!    a cascade keeps the order. So sorting a tick by deadline alone suffices
//!    for this: entries leave in order of (deadline, insertion), and none
//!    before its deadline, to the nanosecond.
//! 6. A [`Key`] holds the entry's insertion number, which is never used twice: a
//!    key kept too long finds nothing, whoever lives in its place by then.
//!
//! The wheel knows no clock, no lock and no waker: [`super::timers`] has those.
//! It never shrinks: a program that once had n timers keeps room for n. The
//! entries have a free list of their own rather than the crate slab, which
//! moves a whole entry on remove: a fifth of the cost of an insert and a remove.
//!
//! # Source
//!
//! Varghese and Lauck, *Hashed and Hierarchical Timing Wheels* (SOSP 1987),
//! scheme 7. Linux's `timer.c` and tokio's `runtime/time/wheel` are wheels of
//! the same family; choosing the level by the highest differing bit is theirs.
//! Not taken: Linux's saving of the cascade at the price of exactness, and
//! tokio's entries inside the futures, which save the vector and cost `unsafe`.
//!
//! Read next: [`super::timers`].

use std::mem;

/// A tick is 2 to this power nanoseconds.
pub(crate) const TICK_SHIFT: u32 = 16;
/// One tick in nanoseconds.
pub(crate) const TICK: u64 = 1 << TICK_SHIFT;

/// Bits per digit.
const DIGIT: u32 = 6;
const SLOTS: usize = 1 << DIGIT;
const LEVELS: usize = ((u64::BITS - TICK_SHIFT) / DIGIT) as usize;

/// The list of what has expired and was not handed out yet.
const DUE: usize = LEVELS * SLOTS;
/// A link with this bit names a list, not an entry.
const END: u32 = 1 << 31;

/// How many entries of a slot [`Wheel::next_look`] looks at.
const GLANCE: usize = 8;

/// The number of the tick that `ns` lies in.
#[inline]
pub(crate) fn tick_of(ns: u64) -> u64 {
    ns >> TICK_SHIFT
}

/// Names an entry from its insertion until it leaves the wheel, and nothing after.
// Two halves of a u64, so that a key takes twelve bytes and an enum around it 16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    index: u32,
    number: [u32; 2],
}

impl Key {
    fn new(index: u32, number: u64) -> Self {
        Self {
            index,
            number: [number as u32, (number >> 32) as u32],
        }
    }

    fn number(self) -> u64 {
        u64::from(self.number[0]) | u64::from(self.number[1]) << 32
    }
}

struct Entry<T> {
    deadline: u64,
    /// Which insertion this was; [`VACANT`] when the place is free.
    number: u64,
    prev: u32,
    /// Of a free place: the next free one.
    next: u32,
    value: Option<T>,
}

/// No insertion has this number.
const VACANT: u64 = 0;

/// The two ends of a list; each names the list itself when it is empty.
#[derive(Clone, Copy)]
struct Ends {
    first: u32,
    last: u32,
}

/// Values with deadlines.
pub(crate) struct Wheel<T> {
    /// What was advanced to.
    now: u64,
    /// Insertions so far.
    inserted: u64,
    /// Grows, never moves an entry to another place.
    entries: Vec<Entry<T>>,
    /// The first free place, or [`END`].
    free: u32,
    /// Places in use.
    len: usize,
    /// One bit per slot, for each level.
    occupied: [u64; LEVELS],
    /// The slots, level by level, then [`DUE`].
    lists: Box<[Ends]>,
    /// Room to sort a tick in: deadline, place in the slot, index.
    sorting: Vec<u128>,
}

impl<T> Wheel<T> {
    pub(crate) fn new() -> Self {
        Self {
            now: 0,
            inserted: 0,
            entries: Vec::new(),
            free: END,
            len: 0,
            occupied: [0; LEVELS],
            lists: (0..=DUE).map(empty_list).collect(),
            sorting: Vec::new(),
        }
    }

    /// How many entries there are.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The time that the wheel was last advanced to.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    /// Adds an entry. A deadline that has passed counts as now: such an entry
    /// leaves with the next advance.
    #[inline]
    pub(crate) fn insert(&mut self, deadline: u64, value: T) -> Key {
        let deadline = deadline.max(self.now);
        let number = self.next_number();
        let index = self.occupy(deadline, number, value);
        self.push_back(self.list_for(deadline), index);
        Key::new(index, number)
    }

    /// Takes an entry out; `None` if it has left already.
    #[inline]
    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        self.find(key)?;
        self.unlink(key.index);
        self.vacate(key.index).1
    }

    /// Gives an entry another deadline, as if inserted anew; `None` if it has left.
    pub(crate) fn reset(&mut self, key: Key, deadline: u64) -> Option<Key> {
        self.find(key)?;
        self.unlink(key.index);
        let deadline = deadline.max(self.now);
        let number = self.next_number();
        let entry = &mut self.entries[key.index as usize];
        entry.deadline = deadline;
        entry.number = number;
        self.push_back(self.list_for(deadline), key.index);
        Some(Key::new(key.index, number))
    }

    /// The entry's value; `None` if it has left.
    #[inline]
    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        self.find(key)?.value.as_mut()
    }

    /// The earliest deadline, exactly. Walks one slot.
    pub(crate) fn earliest(&self) -> Option<u64> {
        let list = self.first_list()?;
        self.deadlines(list).min()
    }

    /// When to advance next: not after the end of the tick of the earliest
    /// deadline, and such that the tick leaves as a whole, as far as a glance
    /// tells. Does not walk a long slot: a crowded one in an upper level is
    /// worth a look at its start, which cascades it.
    pub(crate) fn next_look(&self) -> Option<u64> {
        let list = self.first_list()?;
        if list == DUE {
            return Some(self.now);
        }
        let crowded = self.deadlines(list).nth(GLANCE).is_some();
        if crowded {
            let rest_of_tick = if list < SLOTS { TICK - 1 } else { 0 };
            return Some(self.start_of(list) + rest_of_tick);
        }
        let first_tick = self.deadlines(list).map(tick_of).min();
        let in_first = |deadline: &u64| Some(tick_of(*deadline)) == first_tick;
        self.deadlines(list).filter(in_first).max()
    }

    /// Advances to `now`, unless that is past, and hands out one entry whose
    /// deadline is not after it. Call it until `None`.
    #[inline]
    pub(crate) fn pop_expired(&mut self, now: u64) -> Option<(Key, T)> {
        if self.lists[DUE].first & END != 0 {
            self.expire(now.max(self.now));
        }
        let index = self.lists[DUE].first;
        if index & END != 0 {
            return None;
        }
        self.unlink(index);
        let (number, value) = self.vacate(index);
        Some((Key::new(index, number), value?))
    }

    /// Empties the wheel, in no order.
    pub(crate) fn take_all(&mut self) -> impl Iterator<Item = T> + use<T> {
        if self.len > 0 {
            self.occupied = [0; LEVELS];
            self.lists = (0..=DUE).map(empty_list).collect();
        }
        (self.free, self.len) = (END, 0);
        let entries = mem::take(&mut self.entries);
        entries.into_iter().filter_map(|entry| entry.value)
    }

    /// Moves everything due at `now` to the due list, in order. Amortised O(1)
    /// per entry and level: a cascade only ever moves entries down.
    fn expire(&mut self, now: u64) {
        while let Some((level, list)) = self.first_slot() {
            let start = self.start_of(list);
            if start > now {
                break;
            }
            self.now = self.now.max(start);
            if level > 0 {
                self.cascade(list);
                continue;
            }
            self.expire_tick(list, now);
            if self.lists[list].first & END == 0 {
                break; // the current tick has more to come
            }
        }
        self.now = now;
    }

    /// Deals a slot's entries out to the levels below, in their order.
    fn cascade(&mut self, list: usize) {
        let mut index = self.lists[list].first;
        self.clear_list(list);
        while index & END == 0 {
            let entry = &self.entries[index as usize];
            let (deadline, next) = (entry.deadline, entry.next);
            self.push_back(self.list_for(deadline), index);
            index = next;
        }
    }

    /// Sorts what is due of a tick into the due list; the rest stays.
    fn expire_tick(&mut self, list: usize, now: u64) {
        let mut sorting = mem::take(&mut self.sorting);
        let mut index = self.lists[list].first;
        self.clear_list(list);
        while index & END == 0 {
            let entry = &self.entries[index as usize];
            let (deadline, next) = (entry.deadline, entry.next);
            if deadline <= now {
                let place = sorting.len() as u128;
                sorting.push(u128::from(deadline) << 64 | place << 32 | u128::from(index));
            } else {
                self.push_back(list, index);
            }
            index = next;
        }
        sorting.sort_unstable();
        for sorted in sorting.drain(..) {
            self.push_back(DUE, sorted as u32);
        }
        self.sorting = sorting;
    }

    /// Fills a free place, or a new one.
    #[inline]
    fn occupy(&mut self, deadline: u64, number: u64, value: T) -> u32 {
        self.len += 1;
        let index = self.free;
        let Some(entry) = self.entries.get_mut(index as usize) else {
            return self.add_place(deadline, number, value);
        };
        self.free = entry.next;
        entry.deadline = deadline;
        entry.number = number;
        // The place is vacant. Said so, that no code to drop a value is made here.
        mem::forget(entry.value.replace(value));
        index
    }

    #[inline(never)]
    fn add_place(&mut self, deadline: u64, number: u64, value: T) -> u32 {
        let index = self.entries.len() as u32;
        assert!(index < END, "more than 2^31 timers at once");
        self.entries.push(Entry {
            deadline,
            number,
            prev: END,
            next: END,
            value: Some(value),
        });
        index
    }

    /// Frees an unlinked entry's place; what was its number, and its value.
    #[inline]
    fn vacate(&mut self, index: u32) -> (u64, Option<T>) {
        self.len -= 1;
        let entry = &mut self.entries[index as usize];
        entry.next = mem::replace(&mut self.free, index);
        let number = mem::replace(&mut entry.number, VACANT);
        (number, entry.value.take())
    }

    fn next_number(&mut self) -> u64 {
        self.inserted += 1;
        self.inserted
    }

    #[inline]
    fn find(&mut self, key: Key) -> Option<&mut Entry<T>> {
        self.entries
            .get_mut(key.index as usize)
            .filter(|entry| entry.number == key.number())
    }

    /// Where invariant 1 wants a deadline, which is not before now.
    #[inline]
    fn list_for(&self, deadline: u64) -> usize {
        let tick = tick_of(deadline);
        let differing = tick ^ tick_of(self.now);
        let level = (differing | 1).ilog2() / DIGIT;
        let slot = (tick >> (level * DIGIT)) as usize % SLOTS;
        level as usize * SLOTS + slot
    }

    /// The first nanosecond of a slot.
    fn start_of(&self, list: usize) -> u64 {
        let (level, slot) = (list / SLOTS, list % SLOTS);
        let shift = TICK_SHIFT + level as u32 * DIGIT;
        // The digits above the slot's level are now's; those below are zero.
        let round = u64::MAX.checked_shl(shift + DIGIT).unwrap_or(0);
        (self.now & round) | (slot as u64) << shift
    }

    /// The level and list in which the earliest deadline lies, by invariant 1.
    #[inline]
    fn first_slot(&self) -> Option<(usize, usize)> {
        let level = self.occupied.iter().position(|&slots| slots != 0)?;
        let slot = self.occupied[level].trailing_zeros() as usize;
        Some((level, level * SLOTS + slot))
    }

    /// The same, but the due list before all others.
    fn first_list(&self) -> Option<usize> {
        if self.len == 0 {
            return None;
        }
        if self.lists[DUE].first & END == 0 {
            return Some(DUE);
        }
        self.first_slot().map(|(_, list)| list)
    }

    fn deadlines(&self, list: usize) -> impl Iterator<Item = u64> {
        let mut index = self.lists[list].first;
        std::iter::from_fn(move || {
            (index & END == 0).then(|| {
                let entry = &self.entries[index as usize];
                index = entry.next;
                entry.deadline
            })
        })
    }

    #[inline]
    fn push_back(&mut self, list: usize, index: u32) {
        let end = END | list as u32;
        let last = mem::replace(&mut self.lists[list].last, index);
        let entry = &mut self.entries[index as usize];
        entry.prev = last;
        entry.next = end;
        if last == end && list != DUE {
            self.occupied[list / SLOTS] |= 1 << (list % SLOTS);
        }
        self.set_next(last, index);
    }

    #[inline]
    fn unlink(&mut self, index: u32) {
        let Entry { prev, next, .. } = self.entries[index as usize];
        self.set_next(prev, next);
        self.set_prev(next, prev);
        // Both neighbours are the list itself: this was its only entry.
        if prev == next {
            let list = (prev & !END) as usize;
            if list != DUE {
                self.occupied[list / SLOTS] &= !(1 << (list % SLOTS));
            }
        }
    }

    #[inline]
    fn set_next(&mut self, link: u32, next: u32) {
        if link & END == 0 {
            self.entries[link as usize].next = next;
        } else {
            self.lists[(link & !END) as usize].first = next;
        }
    }

    #[inline]
    fn set_prev(&mut self, link: u32, prev: u32) {
        if link & END == 0 {
            self.entries[link as usize].prev = prev;
        } else {
            self.lists[(link & !END) as usize].last = prev;
        }
    }

    fn clear_list(&mut self, list: usize) {
        self.lists[list] = empty_list(list);
        self.occupied[list / SLOTS] &= !(1 << (list % SLOTS));
    }
}

fn empty_list(list: usize) -> Ends {
    let end = END | list as u32;
    Ends {
        first: end,
        last: end,
    }
}

#[cfg(all(test, not(loom)))]
#[path = "wheel_tests.rs"]
mod tests;
