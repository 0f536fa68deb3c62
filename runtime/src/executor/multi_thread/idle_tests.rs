use super::*;

/// The tables of IDLE.md name what the code calls so.
#[test]
fn the_page_speaks_of_this_code() {
    let page = include_str!("IDLE.md");
    let code = include_str!("idle.rs");
    let models = include_str!("models.rs");
    let mut functions = 0;
    for row in page.lines().filter(|line| line.starts_with("| `")) {
        let name = row.split('`').nth(1).unwrap();
        assert!(code.contains(&format!("fn {name}(")), "no function {name}");
        functions += 1;
    }
    assert!(functions >= 9, "{functions} names");
    for name in page.split('`').filter(|name| name.starts_with("loom_")) {
        assert!(models.contains(&format!("fn {name}(")), "no model {name}");
    }
    for constant in ["CLOSED", "HUSHED", "CROWDED", "PARKED", "SEARCHING"] {
        assert!(page.contains(constant));
        assert!(code.contains(&format!("const {constant}: u64")));
    }
}

fn counts(idle: &Idle) -> (u64, u64) {
    let word = idle.glance();
    (word.searching(), word.parked())
}

#[test]
fn a_push_rouses_one_and_only_if_nobody_searches() {
    let idle = Idle::new(3);
    assert_eq!(idle.pushed().1, None, "nobody is parked");
    idle.fall_asleep(0, false, false);
    idle.fall_asleep(1, false, false);
    assert_eq!(counts(&idle), (0, 2));
    // 0 watches, so 1 it is.
    assert_eq!(idle.pushed().1, Some(1));
    assert_eq!(counts(&idle), (1, 1));
    assert_eq!(idle.pushed().1, None, "1 is on its way");
    let up = idle.get_up(1, false);
    assert!(up.roused && up.appointed.is_none());
    assert!(idle.stop_searching(), "it was the only one");
    assert_eq!(counts(&idle), (0, 1));
    assert_eq!(idle.pushed().1, Some(0), "the watcher, if it is alone");
}

#[test]
fn half_of_the_workers_search() {
    let idle = Idle::new(3);
    assert!(idle.start_searching());
    assert!(idle.start_searching());
    assert!(!idle.start_searching());
    idle.fall_asleep(0, true, false);
    assert_eq!(counts(&idle), (1, 1));
    assert!(idle.start_searching());
    assert!(!idle.stop_searching());
    assert!(idle.stop_searching());
}

/// Worker 1 of `idle` lies down, once more than is borne in a tick.
fn lie_down_in_vain(idle: &Idle) {
    for _ in 0..PATIENCE * idle.workers {
        idle.fall_asleep(1, false, true);
        assert!(!idle.glance().is_hushed());
        assert_eq!(idle.pushed().1, Some(1));
        assert!(idle.get_up(1, false).roused && idle.stop_searching());
    }
    idle.fall_asleep(1, false, true);
}

#[test]
fn who_runs_dry_again_and_again_is_left_in_peace_until_the_watcher_looks() {
    let idle = Idle::new(2);
    lie_down_in_vain(&idle);
    assert!(idle.glance().is_hushed());
    assert_eq!(idle.pushed().1, None, "0 is up, and gets on");
    idle.end_hush();
    assert_eq!(idle.pushed().1, Some(1));
    // Half of it is forgotten: it takes fewer now.
    assert!(idle.get_up(1, false).roused && idle.stop_searching());
    idle.fall_asleep(1, false, true);
    assert!(!idle.glance().is_hushed());
}

#[test]
fn the_last_to_lie_down_ends_the_hush() {
    let idle = Idle::new(2);
    lie_down_in_vain(&idle);
    idle.fall_asleep(0, false, true);
    assert!(!idle.glance().is_hushed());
    assert_eq!(idle.pushed().1, Some(0), "1 watches");
}

#[test]
fn who_stands_back_is_left_in_peace_until_the_watcher_looks() {
    let idle = Idle::new(2);
    assert!(idle.stand_back(1));
    assert!(!idle.stand_back(0), "it is the last");
    assert_eq!(counts(&idle), (0, 1));
    assert_eq!(idle.pushed().1, None, "0 is up");
    assert!(idle.glance().is_hushed() && idle.glance().is_crowded());
    assert!(idle.look_around(1).unwrap().watching);
    idle.end_hush();
    assert_eq!(idle.pushed().1, Some(1));
    // Twice in a row is no more than once.
    let idle = Idle::new(3);
    assert!(idle.stand_back(2) && idle.stand_back(1));
    assert_eq!(counts(&idle), (0, 2));
    idle.fall_asleep(0, false, false);
    assert_eq!(counts(&idle), (0, 3));
    assert_eq!(idle.pushed().1, Some(0), "the last ended it");
}

/// Work that lasts, after work that was too small to share: whoever ran dry with it was
/// of use, and is no reason to hush again.
#[test]
fn who_was_of_use_hushes_nobody_however_many_ran_dry_before() {
    let idle = Idle::new(2);
    lie_down_in_vain(&idle);
    idle.fall_asleep(0, false, true);
    for worker in [0, 1] {
        assert!(!idle.get_up(worker, false).roused);
    }
    idle.fall_asleep(1, false, false);
    assert!(!idle.glance().is_hushed());
    assert_eq!(idle.pushed().1, Some(1));
    // But who runs dry in vain once more does.
    assert!(idle.get_up(1, false).roused && idle.stop_searching());
    idle.fall_asleep(1, false, true);
    assert!(idle.glance().is_hushed());
}

#[test]
fn who_dozes_off_forgets_who_ran_dry() {
    let idle = Idle::new(2);
    lie_down_in_vain(&idle);
    idle.fall_asleep(0, false, true);
    idle.doze_off(1);
    assert_eq!(idle.get_up(0, false).appointed, Some(1));
    assert!(!idle.get_up(1, false).roused);
    lie_down_in_vain(&idle);
}

#[test]
fn who_was_of_use_is_roused_as_often_as_there_is_work() {
    let idle = Idle::new(2);
    for _ in 0..100 {
        idle.fall_asleep(1, false, false);
        assert_eq!(idle.pushed().1, Some(1));
        assert!(idle.get_up(1, false).roused && idle.stop_searching());
    }
}

#[test]
fn who_found_something_on_the_second_look_searches() {
    let idle = Idle::new(2);
    idle.fall_asleep(0, false, false);
    assert!(!idle.get_up(0, true).roused);
    assert_eq!(counts(&idle), (1, 0));
}

#[test]
fn who_lies_on_its_token_watches_rather_than_the_drivers_holder() {
    let idle = Idle::new(3);
    let watches = |worker| idle.look_around(worker).unwrap().watching;
    idle.fall_asleep(0, false, false);
    idle.settle(0, true);
    assert!(watches(0));
    idle.fall_asleep(1, false, false);
    assert!(watches(0) && !watches(1));
    idle.settle(1, false);
    assert!(!watches(0) && watches(1));
    // The driver's holder is roused before the watcher, others before either.
    idle.fall_asleep(2, false, false);
    idle.settle(2, false);
    assert_eq!(idle.wake_one(), Some(2));
    assert!(idle.stop_searching());
    assert_eq!(idle.wake_one(), Some(0));
    assert!(idle.look_around(0).is_none());
}

#[test]
fn with_all_parked_nobody_watches_and_who_gets_up_appoints() {
    let idle = Idle::new(2);
    idle.fall_asleep(0, false, false);
    idle.settle(0, true);
    idle.doze_off(0);
    assert!(idle.look_around(0).unwrap().watching, "1 is up");
    idle.fall_asleep(1, false, false);
    idle.settle(1, false);
    assert!(idle.look_around(1).unwrap().all_parked);
    idle.doze_off(0);
    assert!(
        idle.look_around(1).unwrap().watching,
        "0 has nothing to take back"
    );
    idle.doze_off(1);
    assert!(!idle.look_around(1).unwrap().watching);
    let up = idle.get_up(0, false);
    assert_eq!((up.roused, up.appointed), (false, Some(1)));
    assert!(idle.look_around(1).unwrap().watching);
    assert_eq!(idle.get_up(1, false).appointed, None, "nobody is left");
}

#[test]
fn one_worker_alone_has_nobody_to_watch() {
    let idle = Idle::new(1);
    idle.fall_asleep(0, false, false);
    idle.settle(0, false);
    assert!(!idle.look_around(0).unwrap().watching);
}

#[test]
fn closing_is_told_to_every_push() {
    let idle = Idle::new(1);
    assert!(!idle.pushed().0.is_closed());
    idle.close();
    assert!(idle.is_closed() && idle.pushed().0.is_closed());
    assert_eq!(counts(&idle), (0, 0));
}
