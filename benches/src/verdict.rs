//! **Ahead, level or behind; met or missed?** Rules that don't bend once the
//! numbers are seen.
//!
//! Of a ratio (the peer's cost over ours, so more is better):
//!
//! ```text
//!   ahead      the whole interval lies above 1
//!   behind     the whole interval lies below 1; of rows about I/O, below 0.97,
//!              for there the kernel does nearly all the work for everybody
//!   level      neither, and the median is at least 0.97
//!   undecided  neither, and the median is lower: more rounds are needed
//! ```
//!
//! A row is only *behind* when the numbers are sure of it, and only *level*
//! when the median says so too. The first rule that holds wins, except that a
//! difference of no size is no lead: a row whose interval is exactly 1 is level.
//!
//! A target "at least n times less" is met when the median reaches n and the
//! interval's lower end is within 10 % of it: a lucky median with a long tail
//! below meets nothing; "at least 1 time" reads "not above the peer's". For costs ("not above c") the same, upside down. A target
//! "level" is the standing itself, or a better one. A row with several targets
//! meets all of them or none.

use serde::{Deserialize, Serialize};

use crate::rows::{Target, Targets};
use crate::stats::Estimate;

/// How far the unlucky end of an interval may miss a target that its median
/// meets.
const SLACK: f64 = 0.10;

/// A median ratio from here on is level with 1.
const LEVEL: f64 = 0.97;

/// Where we stand against the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    Ahead,
    Level,
    Undecided,
    Behind,
}

impl Standing {
    /// Judges a ratio, the peer's cost over ours, of a row about I/O or not.
    #[must_use]
    pub fn of(ratio: Estimate, io: bool) -> Self {
        let behind_below = if io { LEVEL } else { 1.0 };
        if ratio.low > 1.0 {
            Standing::Ahead
        } else if ratio.high < behind_below {
            Standing::Behind
        } else if ratio.median >= LEVEL {
            Standing::Level
        } else {
            Standing::Undecided
        }
    }
}

/// Everything that a target may be held against.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// Our own cost in the row's unit.
    pub cost: Estimate,
    /// The peer's cost over ours.
    pub ratio: Estimate,
    /// Our cost over the floor's.
    pub floors: Option<Estimate>,
    /// What our cost has above the floor's, over what the peer's has.
    pub above_floor: Option<Estimate>,
    /// Our cost over that of kolo's executor of one thread.
    pub over_current: Option<Estimate>,
    pub standing: Standing,
}

/// Are all the targets met? `None` if what one speaks of was not measured.
#[must_use]
pub fn all_met(targets: &Targets, measured: Measured) -> Option<bool> {
    let mut all = true;
    for target in targets.iter() {
        all &= met(target, measured)?;
    }
    Some(all)
}

fn met(target: Target, measured: Measured) -> Option<bool> {
    match target {
        Target::TimesLess(n) => Some(at_least(measured.ratio, n)),
        Target::Ahead => Some(measured.ratio.low > 1.0),
        Target::AtMost(most) => Some(at_most(measured.cost, most)),
        Target::FloorsAtMost(most) => Some(at_most(measured.floors?, most)),
        Target::Level => Some(matches!(
            measured.standing,
            Standing::Ahead | Standing::Level
        )),
        Target::AboveFloorAtMost(most) => Some(at_most(measured.above_floor?, most)),
        Target::CurrentAtMost(most) => Some(at_most(measured.over_current?, most)),
    }
}

fn at_least(estimate: Estimate, least: f64) -> bool {
    estimate.median >= least && estimate.low >= least * (1.0 - SLACK)
}

fn at_most(estimate: Estimate, most: f64) -> bool {
    estimate.median <= most && estimate.high <= most * (1.0 + SLACK)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(low: f64, median: f64, high: f64) -> Estimate {
        Estimate { median, low, high }
    }

    fn measured(ratio: Estimate) -> Measured {
        Measured {
            cost: estimate(1.0, 1.0, 1.0),
            ratio,
            floors: None,
            above_floor: None,
            over_current: None,
            standing: Standing::of(ratio, false),
        }
    }

    #[test]
    fn standing_at_its_edges() {
        use Standing::*;
        let cases = [
            (1.01, 1.2, 1.4, Ahead),
            (1.0, 1.2, 1.4, Level), // touches 1: not surely ahead
            (1.0, 1.0, 1.0, Level),
            (0.9, 0.97, 1.0, Level),
            (0.9, 0.969, 1.0, Undecided),
            (0.9, 0.98, 0.999, Behind), // sure of it, if by little
            (0.4, 0.5, 0.6, Behind),
            (0.5, 0.9, 3.0, Undecided),
        ];
        for (low, median, high, expected) in cases {
            let found = Standing::of(estimate(low, median, high), false);
            assert_eq!(found, expected, "{low} {median} {high}");
        }
    }

    #[test]
    fn io_is_only_behind_below_its_own_mark() {
        assert_eq!(
            Standing::of(estimate(0.9, 0.98, 0.999), true),
            Standing::Level
        );
        assert_eq!(
            Standing::of(estimate(0.9, 0.96, 0.97), true),
            Standing::Undecided
        );
        assert_eq!(
            Standing::of(estimate(0.9, 0.95, 0.969), true),
            Standing::Behind
        );
    }

    #[test]
    fn a_ratio_is_met_by_median_and_lower_end() {
        let target = Target::TimesLess(2.0);
        let cases = [
            (1.8, 2.0, 2.2, true), // the lower end exactly 10 % below
            (1.79, 2.0, 2.2, false),
            (1.9, 1.99, 3.0, false), // the median a hair below
            (3.0, 4.0, 5.0, true),
        ];
        for (low, median, high, expected) in cases {
            let found = met(target, measured(estimate(low, median, high)));
            assert_eq!(found, Some(expected), "{low} {median} {high}");
        }
    }

    #[test]
    fn a_cost_is_met_by_median_and_upper_end() {
        let with_cost = |low, median, high| Measured {
            cost: estimate(low, median, high),
            ..measured(estimate(1.0, 1.0, 1.0))
        };
        let target = Target::AtMost(100.0);
        assert_eq!(met(target, with_cost(40.0, 100.0, 109.9)), Some(true));
        assert_eq!(met(target, with_cost(40.0, 100.0, 111.0)), Some(false));
        assert_eq!(met(target, with_cost(40.0, 100.1, 100.2)), Some(false));
        assert_eq!(
            met(Target::AtMost(0.0), with_cost(0.0, 0.0, 0.0)),
            Some(true)
        );
        assert_eq!(
            met(Target::AtMost(0.0), with_cost(0.0, 0.0, 1.0)),
            Some(false)
        );
    }

    #[test]
    fn ahead_means_surely_ahead() {
        assert_eq!(
            met(Target::Ahead, measured(estimate(1.001, 1.1, 2.0))),
            Some(true)
        );
        assert_eq!(
            met(Target::Ahead, measured(estimate(1.0, 1.1, 2.0))),
            Some(false)
        );
    }

    #[test]
    fn level_asks_for_the_standing() {
        let cases = [
            (1.01, 1.2, 1.4, true),
            (0.9, 0.97, 1.0, true),
            (0.9, 0.969, 1.0, false), // undecided is not level
            (0.9, 0.98, 0.999, false),
        ];
        for (low, median, high, expected) in cases {
            let found = met(Target::Level, measured(estimate(low, median, high)));
            assert_eq!(found, Some(expected), "{low} {median} {high}");
        }
    }

    #[test]
    fn of_several_targets_each_counts() {
        let targets = Targets::All(vec![Target::Level, Target::FloorsAtMost(1.1)]);
        let mut measured = measured(estimate(0.99, 1.0, 1.01));
        assert_eq!(all_met(&targets, measured), None);
        measured.floors = Some(estimate(1.0, 1.05, 1.1));
        assert_eq!(all_met(&targets, measured), Some(true));
        measured.standing = Standing::Behind;
        assert_eq!(all_met(&targets, measured), Some(false));
    }

    #[test]
    fn what_is_above_the_floor_is_held_against_what_the_peer_has_there() {
        let mut measured = measured(estimate(1.0, 1.0, 1.0));
        let target = Target::AboveFloorAtMost(0.5);
        assert_eq!(met(target, measured), None);
        measured.above_floor = Some(estimate(0.4, 0.5, 0.55));
        assert_eq!(met(target, measured), Some(true));
        measured.above_floor = Some(estimate(0.4, 0.51, 0.55));
        assert_eq!(met(target, measured), Some(false));
    }

    #[test]
    fn kolos_other_executor_is_a_measure_like_a_floor() {
        let mut measured = measured(estimate(1.0, 1.0, 1.0));
        let target = Target::CurrentAtMost(2.0);
        assert_eq!(met(target, measured), None);
        measured.over_current = Some(estimate(1.5, 2.0, 2.2));
        assert_eq!(met(target, measured), Some(true));
        measured.over_current = Some(estimate(1.5, 2.01, 2.2));
        assert_eq!(met(target, measured), Some(false));
    }

    #[test]
    fn a_target_against_a_floor_that_did_not_run_is_open() {
        let mut measured = measured(estimate(1.0, 1.0, 1.0));
        assert_eq!(met(Target::FloorsAtMost(2.5), measured), None);
        measured.floors = Some(estimate(2.4, 2.5, 2.6));
        assert_eq!(met(Target::FloorsAtMost(2.5), measured), Some(true));
        measured.floors = Some(estimate(2.4, 2.5, 2.8));
        assert_eq!(met(Target::FloorsAtMost(2.5), measured), Some(false));
    }
}
