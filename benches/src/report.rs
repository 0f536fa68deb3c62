//! **What did the comparison find?** Readings turned into estimates, and judged.
//!
//! Everything the table shows is in [`Report`], which is also what
//! `--export-json` writes; a ratio that is infinite (nothing against something)
//! is `null` there, for JSON has no word for it.

use serde::Serialize;

use crate::contenders::Contender;
use crate::contest::Outcome;
use crate::machine::{Machine, version};
use crate::reading::Reading;
use crate::rows::{Cost, Row};
use crate::stats::{Estimate, above_floor, estimate, paired_ratios, weighted_geometric_mean};
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
    pub rows: Vec<RowReport>,
    /// The weighted geometric mean of the rows' ratios.
    pub overall: Option<f64>,
}

/// One line of the table.
#[derive(Clone, Debug, Serialize)]
pub struct RowReport {
    pub row: Row,
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
    pub programs: Vec<ProgramReport>,
    /// The peer's cost over ours.
    pub ratio: Estimate,
    /// The same of CPU time, where the cost is wall time.
    pub cpu_ratio: Option<Estimate>,
    /// Our cost over the floor's.
    pub floors: Option<Estimate>,
    /// What our cost has above the floor's, over what the peer's has.
    pub above_floor: Option<Estimate>,
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
    pub fn new(contenders: Vec<Contender>, rows: Vec<RowReport>, machine: Machine) -> Self {
        let overall = weighted_geometric_mean(rows.iter().filter_map(|row| match &row.finding {
            Finding::Judged(judgement) => Some((judgement.ratio.median, row.row.weight)),
            Finding::Skipped(_) | Finding::Failed(_) => None,
        }));
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
            rows,
            overall,
        }
    }

    /// Rows judged behind.
    pub fn behind(&self) -> impl Iterator<Item = &Row> {
        self.judged()
            .filter(|(_, judgement)| judgement.standing == Standing::Behind)
            .map(|(row, _)| row)
    }

    /// Rows whose target is missed.
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

    fn judged(&self) -> impl Iterator<Item = (&Row, &Judgement)> {
        self.rows.iter().filter_map(|row| match &row.finding {
            Finding::Judged(judgement) => Some((&row.row, judgement)),
            Finding::Skipped(_) | Finding::Failed(_) => None,
        })
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
    /// Judges what was held.
    #[must_use]
    pub fn new(row: Row, outcome: Outcome) -> Self {
        let finding = match outcome {
            Outcome::Held(held) => Finding::Judged(judge(&row, &held)),
            Outcome::Skipped(reason) => Finding::Skipped(reason),
            Outcome::Failed(said) => Finding::Failed(said),
        };
        Self { row, finding }
    }
}

fn judge(row: &Row, held: &[(Contender, Vec<Reading>)]) -> Judgement {
    let programs: Vec<ProgramReport> = held
        .iter()
        .map(|(contender, readings)| {
            let costs: Vec<f64> = readings.iter().map(|reading| cost(row, reading)).collect();
            let cpu: Vec<f64> = readings.iter().map(|reading| reading.cpu).collect();
            ProgramReport {
                contender: *contender,
                cost: estimate(&costs),
                cpu: crate::stats::median(&cpu),
                costs,
            }
        })
        .collect();

    let (ours, peer) = (&programs[0], &programs[1]);
    let ratio = estimate(&paired_ratios(&ours.costs, &peer.costs));
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
    let floor = programs
        .iter()
        .find(|program| program.contender == Contender::Floor);
    let floors = floor.map(|floor| estimate(&paired_ratios(&floor.costs, &ours.costs)));
    let above_floor =
        floor.map(|floor| estimate(&above_floor(&floor.costs, &ours.costs, &peer.costs)));

    let bound =
        (ours.contender, peer.contender) == (Contender::KoloCurrent, Contender::TokioCurrent);
    let standing = Standing::of(ratio, row.io);
    let measured = Measured {
        cost: ours.cost,
        ratio,
        floors,
        above_floor,
        standing,
    };
    Judgement {
        rounds: ours.costs.len(),
        ratio,
        cpu_ratio,
        floors,
        above_floor,
        standing,
        met: if bound {
            all_met(&row.target, measured)
        } else {
            None
        },
        programs,
    }
}

fn cost(row: &Row, reading: &Reading) -> f64 {
    match row.cost {
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
            })
            .collect()
    }

    fn judged(name: &str, held: Vec<(Contender, Vec<Reading>)>) -> Judgement {
        let row = Rows::load().find(name).unwrap().clone();
        match RowReport::new(row, Outcome::Held(held)).finding {
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
    fn targets_bind_the_current_thread_pair_only() {
        let slow = vec![
            (Contender::KoloMulti, readings(&[20.0])),
            (Contender::TokioMulti, readings(&[10.0])),
        ];
        let judgement = judged("yield", slow);
        assert_eq!(judgement.met, None);
        assert_eq!(judgement.standing, Standing::Behind);
    }

    #[test]
    fn the_report_names_who_is_behind_missed_and_failed() {
        let rows = Rows::load();
        let report =
            |name: &str, outcome| RowReport::new(rows.find(name).unwrap().clone(), outcome);
        let held = |ours: f64, theirs: f64| {
            Outcome::Held(vec![
                (Contender::KoloCurrent, readings(&[ours])),
                (Contender::TokioCurrent, readings(&[theirs])),
            ])
        };
        let report = Report::new(
            vec![Contender::KoloCurrent, Contender::TokioCurrent],
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
