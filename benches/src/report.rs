//! **What did the comparison find?** Readings turned into estimates, and judged.
//!
//! Everything the table shows is in [`Report`], which is also what
//! `--export-json` writes; a ratio that is infinite (nothing against something)
//! is `null` there, for JSON has no word for it. What is called `median` there is a mean
//! where calls or instructions were counted (`stats.rs`).

use serde::Serialize;

use crate::contenders::{Contender, WORKERS};
use crate::contest::{Held, Outcome};
use crate::machine::{Machine, version};
use crate::reading::Reading;
use crate::rows::{Cost, Kind, Row};
use crate::stats::{
    Estimate, above_floor, estimate, estimate_mean, paired_ratios, ratio_of_means,
    weighted_geometric_mean,
};
use crate::verdict::{Measured, Standing, all_met};

/// A whole comparison.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    pub machine: Machine,
    /// UTC, RFC 3339.
    pub date: String,
    /// What to type to get another such table.
    pub command: String,
    /// Package and version.
    pub versions: Vec<(&'static str, &'static str)>,
    pub contenders: Vec<Contender>,
    /// Of executors of many threads.
    pub workers: Option<usize>,
    pub rows: Vec<RowReport>,
    /// The weighted geometric mean of the rows' ratios.
    pub overall: Option<f64>,
    /// The same of the rows without sockets.
    pub without_io: Option<f64>,
    /// What that is to reach, where all of them were asked for.
    pub without_io_target: Option<f64>,
}

/// One line of the table.
#[derive(Clone, Debug, Serialize)]
pub struct RowReport {
    pub row: Row,
    /// Messages a second that were due, where that was fixed.
    pub rate: Option<u64>,
    pub finding: Finding,
}

/// What became of a row.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Finding {
    Judged(Judgement),
    Skipped(String),
    Failed(String),
}

/// A row that was held.
#[derive(Clone, Debug, Serialize)]
pub struct Judgement {
    pub rounds: usize,
    /// Rounds that were taken again, because the machine's host had interfered.
    pub again: usize,
    pub programs: Vec<ProgramReport>,
    /// The peer's cost over ours.
    pub ratio: Estimate,
    /// The same of CPU time, where the cost is wall time.
    pub cpu_ratio: Option<Estimate>,
    /// Our cost over the floor's.
    pub floors: Option<Estimate>,
    /// What our cost has above the floor's, over what the peer's has.
    pub above_floor: Option<Estimate>,
    /// Our cost over that of kolo's executor of one thread, where a target asks.
    pub over_current: Option<Estimate>,
    pub standing: Standing,
    /// `None` where the target does not bind these two, or can't be judged.
    pub met: Option<bool>,
}

/// One program in one row.
#[derive(Clone, Debug, Serialize)]
pub struct ProgramReport {
    pub contender: Contender,
    /// In the row's unit.
    pub cost: Estimate,
    /// CPU nanoseconds per operation.
    pub cpu: f64,
    /// Every reading's cost, in the order of the rounds.
    pub costs: Vec<f64>,
}

impl Report {
    /// Gathers the rows found.
    #[must_use]
    pub fn new(
        contenders: Vec<Contender>,
        workers: Option<usize>,
        rows: Vec<RowReport>,
        machine: Machine,
    ) -> Self {
        let kind = Kind::of(contenders[0]);
        let weighed = |line: &RowReport| match &line.finding {
            Finding::Judged(judgement) => {
                let weight = line.row.aim(kind).map_or(0.0, |aim| aim.weight);
                Some((judgement.ratio.median, weight))
            }
            Finding::Skipped(_) | Finding::Failed(_) => None,
        };
        let overall = weighted_geometric_mean(rows.iter().filter_map(weighed));
        let without_io = rows.iter().filter(|line| !line.row.io).filter_map(weighed);
        let without_io = weighted_geometric_mean(without_io);
        let now = std::time::SystemTime::now();
        Self {
            machine,
            date: humantime::format_rfc3339_seconds(now).to_string(),
            command: command(std::env::args().skip(1)),
            versions: ["kolo", "tokio", "smol"]
                .into_iter()
                .filter_map(|name| Some((name, version(name)?)))
                .collect(),
            contenders,
            workers,
            rows,
            overall,
            without_io,
            without_io_target: None,
        }
    }

    /// The mean is to reach `least`, if targets bind these two at all.
    #[must_use]
    pub fn to_reach(mut self, least: Option<f64>) -> Self {
        self.without_io_target = least.filter(|_| bound(&self.contenders, self.workers));
        self
    }

    /// Is the mean what it was to be? `None` where nothing was asked of it.
    #[must_use]
    pub fn mean_met(&self) -> Option<bool> {
        Some(self.without_io? >= self.without_io_target?)
    }

    /// Rows judged behind.
    pub fn behind(&self) -> impl Iterator<Item = &Row> {
        self.judged()
            .filter(|(_, judgement)| judgement.standing == Standing::Behind)
            .map(|(row, _)| row)
    }

    /// Rows whose target is missed; that of the mean is not among them.
    pub fn missed(&self) -> impl Iterator<Item = &Row> {
        self.judged()
            .filter(|(_, judgement)| judgement.met == Some(false))
            .map(|(row, _)| row)
    }

    /// Rows in which a program broke down.
    pub fn failed(&self) -> impl Iterator<Item = &Row> {
        self.rows
            .iter()
            .filter(|row| matches!(row.finding, Finding::Failed(_)))
            .map(|row| &row.row)
    }

    /// Rounds that were taken again; those that rows share, once.
    #[must_use]
    pub fn again(&self) -> usize {
        let has = |name: &String| self.rows.iter().any(|line| line.row.name == *name);
        let own = |row: &Row| !row.same_as.as_ref().is_some_and(has);
        self.judged()
            .filter(|(row, _)| own(row))
            .map(|(_, judgement)| judgement.again)
            .sum()
    }

    fn judged(&self) -> impl Iterator<Item = (&Row, &Judgement)> {
        self.rows.iter().filter_map(|row| match &row.finding {
            Finding::Judged(judgement) => Some((&row.row, judgement)),
            Finding::Skipped(_) | Finding::Failed(_) => None,
        })
    }
}

/// Do targets bind the first two?
fn bound(contenders: &[Contender], workers: Option<usize>) -> bool {
    match contenders[..2] {
        [Contender::KoloCurrent, Contender::TokioCurrent] => true,
        [Contender::KoloMulti, Contender::TokioMulti] => workers == Some(WORKERS),
        _ => false,
    }
}

/// The command line in a form that works from the top of a clone.
fn command(arguments: impl Iterator<Item = String>) -> String {
    let mut command = String::from("cargo run --release -p kolo-benches --bin compare");
    for (i, argument) in arguments.enumerate() {
        command.push_str(if i == 0 { " -- " } else { " " });
        command.push_str(&argument);
    }
    command
}

impl RowReport {
    /// Judges what was held, with so many workers and at such a rate of arrival.
    #[must_use]
    pub fn new(row: Row, outcome: Outcome, workers: Option<usize>, rate: Option<u64>) -> Self {
        let finding = match outcome {
            Outcome::Held(held) => Finding::Judged(judge(&row, &held, workers)),
            Outcome::Skipped(reason) => Finding::Skipped(reason),
            Outcome::Failed(said) => Finding::Failed(said),
        };
        Self { row, rate, finding }
    }
}

fn judge(row: &Row, held: &Held, workers: Option<usize>) -> Judgement {
    let again = held.again;
    let held = &held.readings;
    // What is counted is judged by all rounds together, what is timed round by round.
    let counted = row.cost.is_seen_from_outside();
    let programs: Vec<ProgramReport> = held
        .iter()
        .map(|(contender, readings)| {
            let costs: Vec<f64> = readings.iter().map(|reading| cost(row, reading)).collect();
            let cpu: Vec<f64> = readings.iter().map(|reading| reading.cpu).collect();
            ProgramReport {
                contender: *contender,
                cost: if counted {
                    estimate_mean(&costs)
                } else {
                    estimate(&costs)
                },
                cpu: crate::stats::median(&cpu),
                costs,
            }
        })
        .collect();

    let (ours, peer) = (&programs[0], &programs[1]);
    let ratio = |below: &ProgramReport, above: &ProgramReport| {
        if counted {
            ratio_of_means(&below.costs, &above.costs)
        } else {
            estimate(&paired_ratios(&below.costs, &above.costs))
        }
    };
    let cpu_ratio = (row.cost == Cost::Wall).then(|| {
        let cpu = |place: usize| {
            held[place]
                .1
                .iter()
                .map(|reading| reading.cpu)
                .collect::<Vec<_>>()
        };
        estimate(&paired_ratios(&cpu(0), &cpu(1)))
    });
    let of = |who| programs.iter().find(|program| program.contender == who);
    let floor = of(Contender::Floor);
    let floors = floor.map(|floor| ratio(floor, ours));
    let above_floor =
        floor.map(|floor| estimate(&above_floor(&floor.costs, &ours.costs, &peer.costs)));

    let kind = Kind::of(ours.contender);
    let current = of(Contender::KoloCurrent).filter(|_| row.needs_current(kind));
    let over_current = current.map(|current| ratio(current, ours));
    let ratio = ratio(ours, peer);
    let standing = Standing::of(ratio, row.io);
    let measured = Measured {
        cost: ours.cost,
        ratio,
        floors,
        above_floor,
        over_current,
        standing,
    };
    let bound = bound(&[ours.contender, peer.contender], workers);
    let aim = row.aim(kind).filter(|_| bound);
    Judgement {
        rounds: ours.costs.len(),
        again,
        ratio,
        cpu_ratio,
        floors,
        above_floor,
        over_current,
        standing,
        met: aim.and_then(|aim| all_met(&aim.target, measured)),
        programs,
    }
}

fn cost(row: &Row, reading: &Reading) -> f64 {
    let p50 = || reading.p50.expect("such a row has messages");
    match row.cost {
        Cost::P50 => p50(),
        Cost::Tail => reading.counted.expect("such a row has messages") / p50(),
        Cost::Wall => reading.wall,
        Cost::Cpu => reading.cpu,
        Cost::Reading | Cost::Callgrind | Cost::Strace => {
            reading.counted.expect("such a row counts")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Rows;

    fn readings(walls: &[f64]) -> Vec<Reading> {
        walls
            .iter()
            .map(|&wall| Reading {
                wall,
                cpu: wall * 2.0,
                counted: None,
                p50: None,
            })
            .collect()
    }

    fn judged(name: &str, held: Vec<(Contender, Vec<Reading>)>) -> Judgement {
        judged_at(name, WORKERS, held)
    }

    fn judged_at(name: &str, workers: usize, held: Vec<(Contender, Vec<Reading>)>) -> Judgement {
        let row = Rows::load().find(name).unwrap().clone();
        match RowReport::new(row, Outcome::Held(Held::of(held)), Some(workers), None).finding {
            Finding::Judged(judgement) => judgement,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_row_is_judged_by_its_pairs() {
        let judgement = judged(
            "yield",
            vec![
                (Contender::KoloCurrent, readings(&[10.0, 20.0, 10.0])),
                (Contender::TokioCurrent, readings(&[30.0, 60.0, 31.0])),
                (Contender::Floor, readings(&[5.0, 10.0, 5.0])),
            ],
        );
        assert_eq!(judgement.ratio.median, 3.0);
        assert_eq!(judgement.cpu_ratio.unwrap().median, 3.0);
        assert_eq!(judgement.floors.unwrap().median, 2.0);
        assert_eq!(judgement.standing, Standing::Ahead);
        assert_eq!(judgement.met, Some(true), "2.5 times less is asked for");
    }

    #[test]
    fn targets_bind_two_of_a_kind_and_two_workers() {
        use Contender::{KoloCurrent, KoloMulti, TokioCurrent, TokioMulti};
        let met = |ours, theirs, workers| {
            let held = vec![(ours, readings(&[10.0])), (theirs, readings(&[20.0]))];
            judged_at("yield", workers, held).met
        };
        assert_eq!(met(KoloCurrent, TokioCurrent, 2), Some(false), "≥ 2.5×");
        assert_eq!(met(KoloMulti, TokioMulti, 2), Some(true), "≥ 1.5×");
        assert_eq!(met(KoloMulti, TokioMulti, 4), None);
        assert_eq!(met(KoloMulti, TokioCurrent, 2), None);
        assert_eq!(met(TokioMulti, KoloMulti, 2), None);
        let slow = vec![
            (KoloMulti, readings(&[20.0])),
            (TokioCurrent, readings(&[10.0])),
        ];
        assert_eq!(judged("yield", slow).standing, Standing::Behind);
    }

    #[test]
    fn kolos_other_executor_is_what_a_row_is_held_against() {
        let against = |current: f64| {
            let held = vec![
                (Contender::KoloMulti, readings(&[30.0])),
                (Contender::TokioMulti, readings(&[60.0])),
                (Contender::KoloCurrent, readings(&[current])),
            ];
            judged("yield-alone", held)
        };
        assert_eq!(against(15.0).over_current.unwrap().median, 2.0);
        assert_eq!(against(15.0).met, Some(true));
        assert_eq!(against(14.0).met, Some(false));
    }

    #[test]
    fn of_a_tail_its_length_is_the_cost() {
        let of = |contender, p50, p99| {
            let reading = Reading {
                wall: 1.0,
                cpu: 1.0,
                counted: Some(p99),
                p50: Some(p50),
            };
            (contender, vec![reading])
        };
        let held = || {
            vec![
                of(Contender::KoloMulti, 100.0, 400.0),
                of(Contender::TokioMulti, 50.0, 900.0),
            ]
        };
        let tail = judged("echo-1000-tail", held());
        assert_eq!(tail.programs[0].cost.median, 4.0);
        assert_eq!((tail.ratio.median, tail.met), (4.5, Some(true)));
        let median = judged("echo-1000-p50", held());
        assert_eq!((median.ratio.median, median.met), (0.5, Some(false)));
    }

    #[test]
    fn the_mean_without_sockets_has_a_target_of_its_own() {
        let rows = Rows::load();
        let report = |workers, theirs: f64| {
            let line = |name: &str, theirs: f64| {
                let held = vec![
                    (Contender::KoloMulti, readings(&[1.0])),
                    (Contender::TokioMulti, readings(&[theirs])),
                ];
                let row = rows.find(name).unwrap().clone();
                RowReport::new(row, Outcome::Held(Held::of(held)), Some(workers), None)
            };
            Report::new(
                vec![Contender::KoloMulti, Contender::TokioMulti],
                Some(workers),
                vec![
                    line("yield", theirs),
                    line("mutex", theirs),
                    line("echo-64", 1.0),
                ],
                Machine::here(),
            )
            .to_reach(Some(2.0))
        };
        let close = |a: Option<f64>, b: f64| (a.unwrap() - b).abs() < 1e-9;
        assert!(close(report(2, 2.5).without_io, 2.5));
        assert!(report(2, 2.5).overall.unwrap() < 2.5);
        assert_eq!(report(2, 2.5).mean_met(), Some(true));
        assert_eq!(report(2, 1.9).mean_met(), Some(false));
        assert_eq!(report(4, 1.9).mean_met(), None);
    }

    #[test]
    fn the_report_names_who_is_behind_missed_and_failed() {
        let rows = Rows::load();
        let report = |name: &str, outcome| {
            RowReport::new(rows.find(name).unwrap().clone(), outcome, None, None)
        };
        let held = |ours: f64, theirs: f64| {
            Outcome::Held(Held::of(vec![
                (Contender::KoloCurrent, readings(&[ours])),
                (Contender::TokioCurrent, readings(&[theirs])),
            ]))
        };
        let report = Report::new(
            vec![Contender::KoloCurrent, Contender::TokioCurrent],
            None,
            vec![
                report("yield", held(2.0, 1.0)),
                report("oneshot", held(1.0, 1.5)),
                report("pipeline", Outcome::Failed("floor: broke".into())),
                report("spawn-join", Outcome::Skipped("no".into())),
            ],
            Machine::here(),
        );
        let names = |rows: Vec<&Row>| rows.iter().map(|row| row.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(report.behind().collect()), ["yield"]);
        assert_eq!(names(report.missed().collect()), ["yield", "oneshot"]);
        assert_eq!(names(report.failed().collect()), ["pipeline"]);
        // 0.5 with weight 3, 1.5 with weight 2.
        let expected = ((0.5f64.ln() * 3.0 + 1.5f64.ln() * 2.0) / 5.0).exp();
        assert!((report.overall.unwrap() - expected).abs() < 1e-12);
    }

    #[test]
    fn the_command_can_be_typed_again() {
        let arguments = ["--runs", "5"].map(String::from).into_iter();
        assert_eq!(
            command(arguments),
            "cargo run --release -p kolo-benches --bin compare -- --runs 5"
        );
        assert_eq!(command(std::iter::empty()).find("--bin compare -- "), None);
    }
}
