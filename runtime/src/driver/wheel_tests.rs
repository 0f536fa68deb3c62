//! The wheel against a sorted map, with generated operations; then its edges.

use std::collections::BTreeMap;
use std::task::Waker;

use proptest::prelude::*;

use super::*;

/// What the wheel should be: a sorted map, and entries' names in a second one.
#[derive(Default)]
struct Model {
    now: u64,
    inserted: u64,
    by_deadline: BTreeMap<(u64, u64), u32>,
}

impl Model {
    fn insert(&mut self, deadline: u64, id: u32) -> (u64, u64) {
        self.inserted += 1;
        let place = (deadline.max(self.now), self.inserted);
        self.by_deadline.insert(place, id);
        place
    }

    fn advance(&mut self, to: u64) -> Vec<u32> {
        self.now = self.now.max(to);
        let mut expired = Vec::new();
        while let Some(first) = self.by_deadline.first_entry()
            && first.key().0 <= self.now
        {
            expired.push(first.remove());
        }
        expired
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Nanoseconds from now.
    InsertIn(u64),
    InsertAt(u64),
    /// Which of the entries so far, those that have left included.
    Remove(usize),
    ResetIn(usize, u64),
    Advance(u64),
    /// To the earliest deadline, less this: the exactness of one nanosecond.
    AdvanceToFirst(u64),
    /// Expire, hand out so many, then remove any entry, due ones not excepted.
    HandOut(u64, usize, usize),
}

/// Distances of every size: each power of two, and its neighbours.
fn distance() -> impl Strategy<Value = u64> {
    prop_oneof![
        4 => (0u32..64, any::<u64>()).prop_map(|(bits, low)| low >> bits),
        2 => (0u32..64, 0u64..3).prop_map(|(bit, off)| (1u64 << bit).wrapping_add(off).wrapping_sub(1)),
        2 => 0u64..200,
        2 => (0u64..70).prop_map(|ticks| ticks * TICK),
        1 => Just(u64::MAX),
    ]
}

/// Mostly short, or everything would expire at once.
fn stride() -> impl Strategy<Value = u64> {
    prop_oneof![
        4 => 0u64..(3 * TICK),
        2 => 0u64..(200 * TICK),
        1 => distance(),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => distance().prop_map(Step::InsertIn),
        3 => stride().prop_map(Step::InsertIn),
        1 => any::<u64>().prop_map(Step::InsertAt),
        3 => any::<usize>().prop_map(Step::Remove),
        3 => (any::<usize>(), distance()).prop_map(|(which, to)| Step::ResetIn(which, to)),
        5 => stride().prop_map(Step::Advance),
        3 => (0u64..3).prop_map(Step::AdvanceToFirst),
        1 => (stride(), 0usize..3, any::<usize>())
            .prop_map(|(to, n, which)| Step::HandOut(to, n, which)),
    ]
}

/// Takes everything out that is due at `to`, or `limit` of it.
fn pop(wheel: &mut Wheel<u32>, to: u64, limit: usize) -> Vec<u32> {
    std::iter::from_fn(|| wheel.pop_expired(to).map(|(_, id)| id))
        .take(limit)
        .collect()
}

fn check_against_model(steps: &[Step]) -> Result<(), TestCaseError> {
    let mut wheel = Wheel::new();
    let mut model = Model::default();
    // For each id: the wheel's key and the model's, as of its last (re)set.
    let mut keys: Vec<(Key, (u64, u64))> = Vec::new();

    for &step in steps {
        match step {
            Step::InsertIn(_) | Step::InsertAt(_) => {
                let deadline = match step {
                    Step::InsertIn(ns) => model.now.saturating_add(ns),
                    Step::InsertAt(ns) => ns,
                    _ => unreachable!(),
                };
                let id = keys.len() as u32;
                keys.push((wheel.insert(deadline, id), model.insert(deadline, id)));
            }
            Step::Remove(which) if !keys.is_empty() => {
                let (key, place) = keys[which % keys.len()];
                let removed = wheel.remove(key);
                prop_assert_eq!(removed, model.by_deadline.remove(&place));
                prop_assert_eq!(wheel.remove(key), None);
            }
            Step::ResetIn(which, ns) if !keys.is_empty() => {
                let id = which % keys.len();
                let (key, place) = keys[id];
                let deadline = model.now.saturating_add(ns);
                let moved = wheel.reset(key, deadline);
                let known = model.by_deadline.remove(&place);
                prop_assert_eq!(moved.is_some(), known.is_some());
                if let (Some(moved), Some(value)) = (moved, known) {
                    prop_assert_eq!(wheel.get_mut(key).copied(), None);
                    prop_assert_eq!(wheel.get_mut(moved).copied(), Some(value));
                    keys[id] = (moved, model.insert(deadline, value));
                }
            }
            Step::Advance(ns) => {
                let to = model.now.saturating_add(ns);
                prop_assert_eq!(pop(&mut wheel, to, usize::MAX), model.advance(to));
            }
            Step::AdvanceToFirst(less) => {
                if let Some(first) = wheel.earliest() {
                    let to = first.saturating_sub(less);
                    prop_assert_eq!(pop(&mut wheel, to, usize::MAX), model.advance(to));
                }
            }
            Step::HandOut(ns, limit, which) => {
                let to = model.now.saturating_add(ns);
                let popped = pop(&mut wheel, to, limit);
                model.now = wheel.now(); // not `to` if none was asked for
                for id in popped {
                    let first = model.by_deadline.pop_first();
                    prop_assert_eq!(first.map(|(_, id)| id), Some(id));
                }
                if !keys.is_empty() {
                    let (key, place) = keys[which % keys.len()];
                    prop_assert_eq!(wheel.remove(key), model.by_deadline.remove(&place));
                }
            }
            Step::Remove(_) | Step::ResetIn(..) => {}
        }
        prop_assert_eq!(wheel.len(), model.by_deadline.len());
        let first = model.by_deadline.first_key_value().map(|(&(ns, _), _)| ns);
        prop_assert_eq!(wheel.earliest(), first);
        let tick_end = first.map(|ns| ns.max(model.now) | (TICK - 1));
        prop_assert_eq!(wheel.next_look().is_some(), first.is_some());
        prop_assert!(wheel.next_look() <= tick_end);
    }
    // Nothing is left behind at the end of time.
    prop_assert_eq!(
        pop(&mut wheel, u64::MAX, usize::MAX),
        model.advance(u64::MAX)
    );
    prop_assert_eq!(wheel.len(), 0);
    prop_assert_eq!(wheel.occupied, [0; LEVELS]);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn behaves_like_a_sorted_map(steps in prop::collection::vec(step(), 1..120)) {
        check_against_model(&steps)?;
    }

    /// Following `next_look` alone serves every deadline: never before it, and
    /// at most a tick after.
    #[test]
    fn next_look_is_never_early_and_at_most_a_tick_late(
        deadlines in prop::collection::vec(distance(), 1..60),
        crowd in 0usize..20,
        crowded in distance(),
    ) {
        let mut wheel = Wheel::new();
        for &deadline in &deadlines {
            wheel.insert(deadline, deadline);
        }
        for offset in 0..crowd as u64 {
            let deadline = crowded.saturating_add(offset * 1000);
            wheel.insert(deadline, deadline);
        }
        let mut looks = 0;
        while let Some(look) = wheel.next_look() {
            prop_assert!(look >= wheel.now());
            while let Some((_, deadline)) = wheel.pop_expired(look) {
                prop_assert!(deadline <= look, "early");
                prop_assert!(look - deadline < TICK, "late by {}", look - deadline);
            }
            looks += 1;
            prop_assert!(looks < 10_000, "the looks lead nowhere");
        }
        prop_assert_eq!(wheel.len(), 0);
    }
}

#[test]
fn fires_at_its_nanosecond() {
    let mut wheel = Wheel::new();
    wheel.insert(1_000_000, "1 ms");
    wheel.insert(1_000_001, "1 ms and 1 ns");
    assert!(wheel.pop_expired(999_999).is_none());
    assert_eq!(wheel.pop_expired(1_000_000).unwrap().1, "1 ms");
    assert!(wheel.pop_expired(1_000_000).is_none());
    assert_eq!(wheel.earliest(), Some(1_000_001));
    assert_eq!(wheel.pop_expired(1_000_001).unwrap().1, "1 ms and 1 ns");
}

#[test]
fn equal_deadlines_leave_in_the_order_of_their_setting() {
    let mut wheel = Wheel::new();
    let deadline = 5_000_000_000;
    let first = wheel.insert(deadline, "first, then set again");
    wheel.insert(deadline, "second");
    // From nearby it is a lower level that a deadline enters.
    assert!(wheel.pop_expired(deadline - 100_000).is_none());
    wheel.insert(deadline, "third");
    wheel.insert(deadline - 1, "a nanosecond before");
    wheel.reset(first, deadline).unwrap();
    let mut order = Vec::new();
    while let Some((_, name)) = wheel.pop_expired(deadline) {
        order.push(name);
    }
    let expected = [
        "a nanosecond before",
        "second",
        "third",
        "first, then set again",
    ];
    assert_eq!(order, expected);
}

#[test]
fn an_old_key_finds_nothing_in_its_old_place() {
    let mut wheel = Wheel::new();
    let old = wheel.insert(10, 'a');
    assert_eq!(wheel.remove(old), Some('a'));
    let new = wheel.insert(10, 'b');
    assert_eq!(old.index, new.index);
    assert_eq!(wheel.get_mut(old), None);
    assert_eq!(wheel.remove(old), None);
    assert_eq!(wheel.reset(old, 20), None);
    assert_eq!(wheel.remove(new), Some('b'));
}

#[test]
fn what_is_due_can_still_be_taken_back() {
    let mut wheel = Wheel::new();
    let keys: Vec<_> = (0..4).map(|i| wheel.insert(100 + i, i)).collect();
    assert_eq!(wheel.pop_expired(1000).unwrap().1, 0);
    assert_eq!(wheel.next_look(), Some(1000), "three more are due at once");
    assert_eq!(wheel.remove(keys[1]), Some(1));
    wheel.reset(keys[2], 2000).unwrap();
    assert_eq!(wheel.pop_expired(1000).unwrap().1, 3);
    assert!(wheel.pop_expired(1999).is_none());
    assert_eq!(wheel.pop_expired(2000).unwrap().1, 2);
}

#[test]
fn a_lone_deadline_is_one_look() {
    let mut wheel = Wheel::new();
    let hour = 3_600_000_000_000;
    wheel.insert(hour, ());
    assert_eq!(wheel.next_look(), Some(hour));
}

#[test]
fn the_end_of_time_is_a_deadline_like_any_other() {
    let mut wheel = Wheel::new();
    wheel.insert(u64::MAX, 1);
    wheel.insert(u64::MAX - 1, 0);
    assert_eq!(wheel.pop_expired(u64::MAX - 1).unwrap().1, 0);
    assert!(wheel.pop_expired(u64::MAX - 1).is_none());
    assert_eq!(wheel.earliest(), Some(u64::MAX));
    assert_eq!(wheel.pop_expired(u64::MAX).unwrap().1, 1);
    // Time stands at its end: whatever is set now is due at once.
    wheel.insert(u64::MAX, 2);
    wheel.insert(7, 3);
    assert_eq!(wheel.pop_expired(u64::MAX).unwrap().1, 2);
    assert_eq!(wheel.pop_expired(u64::MAX).unwrap().1, 3);
}

#[test]
fn time_does_not_go_back() {
    let mut wheel = Wheel::new();
    wheel.insert(500, ());
    assert!(wheel.pop_expired(400).is_none());
    assert!(wheel.pop_expired(100).is_none());
    assert_eq!(wheel.now(), 400);
    assert!(wheel.pop_expired(500).is_some());
}

#[test]
fn take_all_leaves_a_usable_wheel() {
    let mut wheel = Wheel::new();
    let stale = wheel.insert(3, 0);
    for i in 1..200u64 {
        wheel.insert(i * i * i * 1_000_000, i);
    }
    assert_eq!(wheel.pop_expired(3).unwrap().1, 0);
    let mut taken: Vec<_> = wheel.take_all().collect();
    taken.sort_unstable();
    assert!(taken.into_iter().eq(1..200));
    assert_eq!((wheel.len(), wheel.next_look()), (0, None));
    wheel.insert(1_000_000, 7);
    assert_eq!(wheel.remove(stale), None);
    assert_eq!(wheel.pop_expired(u64::MAX).unwrap().1, 7);
}

#[test]
fn an_entry_is_five_words_and_a_key_fits_beside_a_tag() {
    assert_eq!(size_of::<Entry<Waker>>(), 40);
    assert_eq!(size_of::<Option<Key>>(), 16);
}
