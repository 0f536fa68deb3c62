//! Timers in parts, as many workers set them: generated operations against a sorted
//! map, then one by one what the parts have to do with each other.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;

use proptest::prelude::*;

use super::tests::{Log, MS, logging, read, timers};
use super::*;

const WORKERS: usize = 3;

/// Timers of three workers, on a paused clock.
fn paused() -> Arc<Timers> {
    let clock = Clock::new(true);
    clock.pause().unwrap();
    timers(clock, WORKERS).0
}

/// Does `f` as that worker, or as nobody who has a part.
fn by<R>(timers: &Timers, worker: usize, f: impl FnOnce() -> R) -> R {
    let _here = (worker < WORKERS).then(|| timers.work_at(worker));
    f()
}

/// What a thread does, and as whom: a worker, or with the last number an outsider.
#[derive(Clone, Copy, Debug)]
enum Step {
    SetIn(u64),
    Cancel(usize),
    ResetIn(usize, u64),
    /// Another waker for it.
    Check(usize),
    Fire(u64),
    Jump,
}

fn step() -> impl Strategy<Value = Step> {
    let ns = || {
        prop_oneof![
            3 => 0..200 * MS,
            2 => 0..3_000u64,
            1 => any::<u64>().prop_map(|far| far >> 4),
        ]
    };
    prop_oneof![
        6 => ns().prop_map(Step::SetIn),
        3 => any::<usize>().prop_map(Step::Cancel),
        3 => (any::<usize>(), ns()).prop_map(|(which, to)| Step::ResetIn(which, to)),
        1 => any::<usize>().prop_map(Step::Check),
        3 => (0..50 * MS).prop_map(Step::Fire),
        1 => Just(Step::Jump),
    ]
}

/// A timer that was set, as the test knows it.
struct Known {
    timer: Timer,
    /// In which part, and where among those that wait there.
    part: usize,
    waits: (u64, usize),
    /// What its last waker logs.
    says: String,
}

fn check_against_map(steps: &[(usize, Step)]) -> Result<(), TestCaseError> {
    let timers = paused();
    let log = Log::default();
    let now = || timers.clock().now();
    // Who waits in each part, in order: their place in `known`.
    let mut model: [BTreeMap<(u64, usize), usize>; WORKERS + 1] = Default::default();
    let mut known: Vec<Known> = Vec::new();

    for (number, &(worker, step)) in steps.iter().enumerate() {
        let which = |which: usize, known: &[Known]| which.checked_rem(known.len());
        let mut due_until = None;
        match step {
            Step::SetIn(ns) => {
                let deadline = now().saturating_add(ns);
                let says = format!("{number}");
                let set = by(&timers, worker, || {
                    timers.register(timers.instant(deadline), false, &logging(&log, &says))
                });
                prop_assert_eq!(set.unwrap().is_some(), ns > 0);
                if let Ok(Some(timer)) = set {
                    let waits = (deadline, number);
                    model[worker].insert(waits, known.len());
                    known.push(Known {
                        timer,
                        part: worker,
                        waits,
                        says,
                    });
                }
            }
            Step::Cancel(any) => {
                let Some(i) = which(any, &known) else {
                    continue;
                };
                let Known {
                    timer, part, waits, ..
                } = known[i];
                by(&timers, worker, || timers.cancel(timer));
                model[part].remove(&waits);
                prop_assert_eq!(timers.is_waiting(timer), Some(false));
            }
            Step::ResetIn(any, ns) => {
                let Some(i) = which(any, &known) else {
                    continue;
                };
                let deadline = now().saturating_add(ns);
                let Known {
                    timer,
                    part,
                    waits,
                    ref says,
                } = known[i];
                let reset = by(&timers, worker, || {
                    timers.reset(timer, timers.instant(deadline))
                });
                let waited = model[part].remove(&waits).is_some();
                prop_assert_eq!(reset.is_some(), waited && ns > 0);
                if let Some(timer) = reset {
                    // It stays where it was set.
                    let waits = (deadline, number);
                    model[part].insert(waits, i);
                    (known[i].timer, known[i].waits) = (timer, waits);
                } else {
                    let woken = if waited { vec![says.clone()] } else { vec![] };
                    prop_assert_eq!(read(&log), woken);
                }
            }
            Step::Check(any) => {
                let Some(i) = which(any, &known) else {
                    continue;
                };
                let Known {
                    timer, part, waits, ..
                } = known[i];
                let says = format!("{number}");
                let deadline = timers.instant(waits.0);
                let checked = by(&timers, worker, || {
                    timers.check(timer, deadline, &logging(&log, &says))
                });
                let waits = model[part].contains_key(&waits);
                prop_assert_eq!(checked.map(|it| it.is_pending()), Some(waits));
                known[i].says = says;
            }
            Step::Fire(by) => {
                timers.clock().advance(Duration::from_nanos(by)).unwrap();
                due_until = Some(now());
            }
            Step::Jump => {
                let earliest = model.iter().filter_map(|part| part.keys().next()).min();
                let expected = earliest.map(|&(deadline, _)| deadline.max(now()));
                prop_assert_eq!(timers.advance_to_next(), expected.is_some());
                prop_assert!(expected.is_none_or(|at| at == now()));
                due_until = Some(now());
            }
        }
        if let Some(until) = due_until {
            // Whoever fires, fires for all, in each part in order.
            let mut expected: Vec<Vec<String>> = Vec::new();
            for part in &mut model {
                let later = part.split_off(&(until + 1, 0));
                let due = std::mem::replace(part, later);
                expected.push(due.into_values().map(|i| known[i].says.clone()).collect());
            }
            let count = by(&timers, worker, || timers.fire(until));
            prop_assert_eq!(count, expected.iter().map(Vec::len).sum::<usize>());
            let fired = read(&log);
            prop_assert_eq!(fired.len(), count);
            for due in expected {
                let here: Vec<_> = fired.iter().filter(|says| due.contains(says)).collect();
                prop_assert_eq!(here, due.iter().collect::<Vec<_>>());
            }
        }
        let armed = model.iter().any(|part| !part.is_empty());
        prop_assert_eq!(timers.is_armed(), armed);
    }
    Ok(())
}

proptest! {
    #[test]
    fn parts_behave_like_sorted_maps(
        steps in prop::collection::vec((0..=WORKERS, step()), 1..120)
    ) {
        check_against_map(&steps)?;
    }
}

/// A worker that is stuck fires nothing; who has the driver does.
#[test]
fn any_thread_fires_every_part() {
    let timers = paused();
    let log = Log::default();
    let base = timers.clock().now();
    for worker in 0..=WORKERS {
        let name = format!("of {worker}");
        by(&timers, worker, || {
            timers.set(base + MS, &logging(&log, &name))
        });
    }
    thread::scope(|scope| {
        let other = scope.spawn(|| by(&timers, 1, || timers.fire(base + MS)));
        assert_eq!(other.join().unwrap(), WORKERS + 1);
    });
    let mut fired = read(&log);
    fired.sort();
    assert_eq!(fired, ["of 0", "of 1", "of 2", "of 3"]);
}

/// The sleep ends with the earliest deadline of all parts, and any part may end it.
#[test]
fn a_sleep_reckons_with_every_part() {
    let (timers, unparks) = timers(Clock::new(false), WORKERS);
    let hour = Duration::from_secs(3600);
    let now = Instant::now();
    let set = |worker, after: Duration| {
        by(&timers, worker, || {
            let set = timers.register(now + after, true, Waker::noop());
            set.unwrap().expect("hours away")
        })
    };
    let at = |after: Duration| timers.clock().nanos_at(now + after);
    for earliest in 0..=WORKERS {
        let timers_set: Vec<_> = (0..=WORKERS)
            .map(|worker| set(worker, if worker == earliest { hour } else { 2 * hour }))
            .collect();
        let until = timers.prepare_park(None).unwrap();
        assert!(until >= at(hour) && until < at(2 * hour), "{earliest}");
        timers.after_park();
        timers_set
            .into_iter()
            .for_each(|timer| timers.cancel(timer));
    }
    for worker in 0..=WORKERS {
        let before = unparks.load(Relaxed);
        assert_eq!(timers.prepare_park(None), None);
        let timer = set(worker, hour);
        assert_eq!(unparks.load(Relaxed), before + 1);
        timers.after_park();
        timers.cancel(timer);
    }
    // One that ends by itself is not ended for what comes later.
    let before = unparks.load(Relaxed);
    assert_eq!(timers.prepare_park(Some(at(hour))), None);
    set(0, 2 * hour);
    assert_eq!(unparks.load(Relaxed), before);
    set(1, hour / 2);
    assert_eq!(unparks.load(Relaxed), before + 1);
    timers.after_park();
}

#[test]
fn more_workers_than_parts_share_them() {
    let timers = Timers::new(Clock::new(false), 3 * MOST_PARTS, || ());
    let deadline = Instant::now() + Duration::from_secs(3600);
    let set: Vec<_> = (0..3 * MOST_PARTS)
        .map(|worker| {
            let _here = timers.work_at(worker);
            timers.register(deadline, true, Waker::noop())
        })
        .map(|set| set.unwrap().unwrap())
        .collect();
    assert_eq!(set[0].place, set[MOST_PARTS].place);
    assert!(set.iter().all(|timer| timer.place != Place::Part(COMMON)));
    set.into_iter().for_each(|timer| timers.cancel(timer));
    assert!(!timers.is_armed());
}

/// A worker in the context of another runtime sets that one's timers as an outsider.
#[test]
fn a_place_is_a_place_at_home_only() {
    let (home, abroad) = (paused(), paused());
    let _here = home.work_at(2);
    assert_eq!(home.part(), 3);
    assert_eq!(abroad.part(), COMMON);
    let there = abroad.work_at(0);
    assert_eq!(home.part(), COMMON);
    assert_eq!(abroad.part(), 1);
    drop(there);
    assert_eq!(home.part(), 3);
}

#[test]
fn shutdown_ends_every_part() {
    let timers = paused();
    let log = Log::default();
    let base = timers.clock().now();
    let set: Vec<_> = (0..=WORKERS)
        .map(|worker| {
            by(&timers, worker, || {
                timers.set(base + MS, &logging(&log, "ended"))
            })
        })
        .collect();
    // SAFETY: nobody drives.
    unsafe { timers.shutdown() };
    assert_eq!(read(&log).len(), WORKERS + 1);
    let later = timers.instant(base + MS);
    for (worker, timer) in set.into_iter().enumerate() {
        by(&timers, worker, || {
            let checked = timers.check(timer, later, Waker::noop());
            assert_eq!(checked, Some(Poll::Ready(Err(ShutDown))));
            assert_eq!(timers.register(later, true, Waker::noop()), Err(ShutDown));
        });
    }
    assert!(!timers.is_armed());
}
