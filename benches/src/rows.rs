//! **What does `compare` ask?** What `ROWS.json` says: one entry a row.
//!
//! The file is compiled in, so that a binary and its questions can't come
//! apart; its own `about` explains the fields. It was committed before the
//! first table, and is the only place where a target or a weight is written.
//!
//! What is to be reached depends on the [`Kind`] of executor: a row has an
//! [`Aim`] for one of them or for both.

use serde::{Deserialize, Serialize};

use crate::contenders::Contender;

const TEXT: &str = include_str!("../ROWS.json");

/// Everything in `ROWS.json`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rows {
    pub about: Vec<String>,
    pub mean_without_io: Means,
    pub rows: Vec<Row>,
}

/// One question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    pub name: String,
    pub what: String,
    pub cost: Cost,
    pub unit: String,
    /// Operations in the measured part of one process.
    pub size: u64,
    /// Operations before the measured part; under callgrind, the smaller size.
    pub warm_up: u64,
    /// Rounds of a full comparison.
    pub runs: usize,
    /// Do rounds differ? Most counts don't: they need few rounds, and no option changes that.
    pub varies: bool,
    /// For executors of one thread.
    #[serde(default)]
    pub current: Option<Aim>,
    /// For executors of many.
    #[serde(default)]
    pub multi: Option<Aim>,
    /// Do sockets take part? [`verdict`](crate::verdict) is a little milder
    /// there, and a load client keeps the clock.
    #[serde(default)]
    pub io: bool,
    /// Under `--quick`, instead of `size`.
    #[serde(default)]
    pub quick: Option<u64>,
    /// The row whose readings this one looks at again.
    #[serde(default)]
    pub same_as: Option<String>,
    /// The system calls that [`Cost::Strace`] counts.
    #[serde(default)]
    pub calls: Vec<String>,
    /// The row half of whose rate, as the peer does it, is the rate of arrival here.
    #[serde(default)]
    pub rate_of: Option<String>,
    /// With fewer workers it would be another question.
    #[serde(default)]
    pub least_workers: Option<usize>,
    /// What the floor program is, if there is one.
    pub floor: Option<String>,
}

/// Which kind of executor is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// One thread.
    Current,
    /// Workers.
    Multi,
}

/// What is to be reached in a row, and how much the row counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aim {
    pub target: Targets,
    pub weight: f64,
}

/// What the mean of all rows without sockets is to reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Means {
    #[serde(default)]
    pub current: Option<f64>,
    #[serde(default)]
    pub multi: Option<f64>,
}

/// What of a process counts as its cost. Less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cost {
    /// Wall-clock nanoseconds per operation.
    Wall,
    /// CPU nanoseconds per operation, user and system, all threads.
    Cpu,
    /// What the workload itself has counted; of sockets, the 99th percentile of a
    /// message's time under way.
    Reading,
    /// The median of that time.
    P50,
    /// The 99th percentile over the median.
    Tail,
    /// User instructions per operation.
    Callgrind,
    /// System calls per operation.
    Strace,
}

impl Cost {
    /// Is it counted from outside the process?
    #[must_use]
    pub fn is_seen_from_outside(self) -> bool {
        matches!(self, Cost::Callgrind | Cost::Strace)
    }
}

/// What the row is to reach.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The peer's cost is at least this many times ours.
    TimesLess(f64),
    /// The whole interval of the ratio lies above 1.
    Ahead,
    /// Our cost, in the row's unit, is not above this.
    AtMost(f64),
    /// Our cost is not above this many times the floor's.
    FloorsAtMost(f64),
    /// Judged level, or ahead.
    Level,
    /// What our cost has above the floor's is at most this share of what the
    /// peer's has.
    AboveFloorAtMost(f64),
    /// Our cost is not above this many times kolo-current's.
    CurrentAtMost(f64),
}

/// One target, or several that are all to be met.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Targets {
    One(Target),
    All(Vec<Target>),
}

impl Targets {
    pub fn iter(&self) -> impl Iterator<Item = Target> {
        match self {
            Targets::One(target) => std::slice::from_ref(target),
            Targets::All(targets) => targets,
        }
        .iter()
        .copied()
    }
}

impl Rows {
    /// The rows that this binary was built with.
    ///
    /// # Panics
    ///
    /// If `ROWS.json` doesn't parse, which a test rules out.
    #[must_use]
    pub fn load() -> Self {
        serde_json::from_str(TEXT).expect("ROWS.json parses")
    }

    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }
}

impl Kind {
    /// The kind of a comparison is that of the first who takes part.
    #[must_use]
    pub fn of(contender: Contender) -> Self {
        match contender {
            Contender::KoloMulti | Contender::TokioMulti => Kind::Multi,
            Contender::KoloCurrent
            | Contender::TokioCurrent
            | Contender::Smol
            | Contender::Floor => Kind::Current,
        }
    }
}

impl Means {
    #[must_use]
    pub fn of(self, kind: Kind) -> Option<f64> {
        match kind {
            Kind::Current => self.current,
            Kind::Multi => self.multi,
        }
    }
}

impl Row {
    /// What is to be reached here by executors of this kind.
    #[must_use]
    pub fn aim(&self, kind: Kind) -> Option<&Aim> {
        match kind {
            Kind::Current => self.current.as_ref(),
            Kind::Multi => self.multi.as_ref(),
        }
    }

    /// Is kolo's executor of one thread to be held against?
    #[must_use]
    pub fn needs_current(&self, kind: Kind) -> bool {
        self.aim(kind).is_some_and(|aim| {
            let mut targets = aim.target.iter();
            targets.any(|target| matches!(target, Target::CurrentAtMost(_)))
        })
    }

    /// How many rounds, when `asked` were asked for.
    #[must_use]
    pub fn rounds(&self, asked: Option<usize>) -> usize {
        match asked {
            Some(asked) if self.varies => asked,
            _ => self.runs,
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Target::TimesLess(n) => write!(f, "≥ {n}×"),
            Target::Ahead => write!(f, "ahead"),
            Target::AtMost(n) => write!(f, "≤ {n}"),
            Target::FloorsAtMost(n) => write!(f, "≤ {n} floors"),
            Target::Level => write!(f, "level"),
            Target::AboveFloorAtMost(n) => write!(f, "≤ {n}× above floor"),
            Target::CurrentAtMost(n) => write!(f, "≤ {n}× current"),
        }
    }
}

impl std::fmt::Display for Targets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, target) in self.iter().enumerate() {
            let comma = if place > 0 { ", " } else { "" };
            write!(f, "{comma}{target}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_file_parses_and_names_are_unique() {
        let rows = Rows::load();
        let names: HashSet<_> = rows.rows.iter().map(|row| &row.name).collect();
        assert_eq!(names.len(), rows.rows.len());
    }

    #[test]
    fn every_row_is_whole() {
        for row in Rows::load().rows {
            assert!(row.size > 0 && row.runs > 0, "{row:?}");
            assert!(!row.what.is_empty() && !row.unit.is_empty(), "{row:?}");
            if row.cost == Cost::Callgrind {
                assert!(row.warm_up < row.size, "two sizes to take apart: {row:?}");
            }
            assert_eq!(row.cost == Cost::Strace, !row.calls.is_empty(), "{row:?}");
            let latency = row.name.starts_with("echo");
            let of_messages = matches!(row.cost, Cost::P50 | Cost::Tail);
            assert!(latency || !of_messages, "{row:?}");
            let aims: Vec<&Aim> = row.current.iter().chain(&row.multi).collect();
            assert!(!aims.is_empty(), "something to reach: {row:?}");
            assert!(aims.iter().all(|aim| aim.weight >= 0.0), "{row:?}");
            for target in aims.iter().flat_map(|aim| aim.target.iter()) {
                if let Target::FloorsAtMost(_) | Target::AboveFloorAtMost(_) = target {
                    assert!(row.floor.is_some(), "a floor to hold against: {row:?}");
                }
                if let Target::TimesLess(n) | Target::FloorsAtMost(n) = target {
                    assert!(n >= 1.0, "{row:?}");
                }
            }
            assert!(
                !row.needs_current(Kind::Current),
                "it is kolo-current that is judged: {row:?}"
            );
        }
    }

    #[test]
    fn a_rate_is_that_of_a_row_without_one() {
        let rows = Rows::load();
        let paced: Vec<&Row> = rows.rows.iter().filter(|r| r.rate_of.is_some()).collect();
        assert!(!paced.is_empty());
        for row in paced {
            let of = rows.find(row.rate_of.as_ref().unwrap()).unwrap();
            assert!(of.rate_of.is_none() && of.cost == Cost::Wall, "{row:?}");
            assert!(row.io && of.aim(Kind::Multi).is_some(), "{row:?}");
        }
    }

    /// Or the readings taken again would be those of another workload.
    #[test]
    fn a_row_that_shares_readings_comes_after_one_of_the_same_size() {
        let rows = Rows::load().rows;
        for (place, row) in rows.iter().enumerate() {
            let Some(name) = &row.same_as else { continue };
            let first = rows[..place].iter().find(|row| row.name == *name);
            let first = first.expect("it stands further up");
            let held = |row: &Row| (row.size, row.quick, row.warm_up, row.runs, row.varies);
            assert_eq!(held(first), held(row), "{}", row.name);
            assert_eq!(first.rate_of, row.rate_of, "{}", row.name);
            for kind in [Kind::Current, Kind::Multi] {
                let both = first.aim(kind).is_some() || row.aim(kind).is_none();
                assert!(both, "{}", row.name);
            }
            assert_eq!(first.floor.is_some(), row.floor.is_some(), "{}", row.name);
        }
    }

    #[test]
    fn several_targets_are_shown_in_one_line() {
        let rows = Rows::load();
        let shown = |name: &str, kind| {
            let row = rows.find(name).unwrap();
            row.aim(kind).map(|aim| aim.target.to_string())
        };
        let known = |text: &str| Some(text.to_owned());
        let (current, multi) = (Kind::Current, Kind::Multi);
        assert_eq!(shown("echo-64", current), known("level, ≤ 1.031 floors"));
        assert_eq!(shown("echo-64", multi), known("level"));
        assert_eq!(
            shown("echo-64-instructions", current),
            known("≤ 0.5× above floor")
        );
        assert_eq!(shown("echo-64-instructions", multi), None);
        assert_eq!(shown("yield-alone", multi), known("level, ≤ 2× current"));
    }

    #[test]
    fn both_kinds_have_targets_of_their_own() {
        let rows = Rows::load();
        let target = |name: &str, kind| {
            let row: &Row = rows.find(name).unwrap();
            row.aim(kind).map(|aim| aim.target.clone())
        };
        let times = |n| Some(Targets::One(Target::TimesLess(n)));
        assert_eq!(target("loop-mpsc", Kind::Current), times(5.0));
        assert_eq!(target("loop-mpsc", Kind::Multi), times(3.0));
        assert_eq!(target("fork-join", Kind::Current), None);
        assert_eq!(target("fork-join", Kind::Multi), times(1.5));
        assert_eq!(rows.mean_without_io.of(Kind::Multi), Some(2.0));
        assert_eq!(rows.mean_without_io.of(Kind::Current), None);
    }

    #[test]
    fn a_typo_in_a_field_is_refused() {
        let text = TEXT.replacen("\"weight\"", "\"wieght\"", 1);
        let error = serde_json::from_str::<Rows>(&text).unwrap_err();
        assert!(error.to_string().contains("wieght"), "{error}");
    }

    #[test]
    fn counts_keep_their_rounds() {
        let rows = Rows::load();
        assert_eq!(rows.find("yield").unwrap().rounds(Some(3)), 3);
        assert_eq!(rows.find("yield").unwrap().rounds(None), 15);
        assert_eq!(rows.find("bytes-16").unwrap().rounds(Some(3)), 1);
    }
}
