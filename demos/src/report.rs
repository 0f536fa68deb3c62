//! **What did a command find?** A [`Report`]: one [`Row`] per contender, each with
//! the [`Sample`]s of its runs. Everything shown or exported (`table.rs`,
//! `export.rs`) is read from here; a report can be shown at any moment, which is
//! what an interruption does.

use serde::{Deserialize, Serialize};

use crate::catalogue::{Contender, Demo, Runner};
use crate::console::Voice;
use crate::interruption::Interruption;
use crate::picture::Picture;
use crate::python::Python;
use crate::runtimes::Runtime;
use crate::stage::Settings;
use crate::stats::{self, Ratio};

/// How a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    #[serde(rename = "done")]
    Done,
    /// A check failed, or the program ended without a result.
    #[serde(rename = "failed")]
    Failed,
    /// It can't run here.
    #[serde(rename = "skipped")]
    Skipped,
    #[serde(rename = "interrupted")]
    Interrupted,
}

impl Status {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Status::Done => "done",
            Status::Failed => "failed",
            Status::Skipped => "skipped",
            Status::Interrupted => "interrupted",
        }
    }
}

/// A claim, and whether it held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Check {
    pub(crate) claim: String,
    pub(crate) holds: bool,
}

/// Least, middle and greatest of some numbers.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) median: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// `None` for no values.
    pub(crate) fn of(values: Vec<f64>) -> Option<Self> {
        let min = values.iter().copied().reduce(f64::min)?;
        let max = values.iter().copied().reduce(f64::max)?;
        Some(Self {
            min,
            median: stats::median(values)?,
            max,
        })
    }
}

/// One run of one program.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Sample {
    pub(crate) wall_s: f64,
    /// User and system time of the whole process, for the program alone.
    pub(crate) cpu_s: f64,
    /// How many the time was spent on.
    pub(crate) items: Option<u64>,
    /// Of the process; only where it was a fresh one.
    pub(crate) peak_bytes: Option<u64>,
    /// From made to taken, per item.
    pub(crate) latency_s: Option<Spread>,
    /// Where requests arrived at a fixed rate.
    pub(crate) under_load: Option<UnderLoad>,
}

/// How a server fared with requests that arrived at a fixed rate: requests a second,
/// and seconds from when a request was due to its answer.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct UnderLoad {
    pub(crate) arriving: f64,
    pub(crate) answered: f64,
    /// By what share of that it may be wrong, either way, if there is enough to tell.
    pub(crate) uncertainty: Option<f64>,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) most: f64,
}

/// What came of one run: the line that a fresh process hands to its parent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) status: Status,
    pub(crate) note: Option<String>,
    pub(crate) lines: Vec<(Voice, String)>,
    pub(crate) items: Option<u64>,
    pub(crate) checks: Vec<Check>,
    pub(crate) pictures: Vec<Picture>,
    pub(crate) sample: Option<Sample>,
}

impl Measured {
    pub(crate) fn without_result(status: Status, note: String) -> Self {
        Self {
            status,
            note: Some(note),
            lines: Vec::new(),
            items: None,
            checks: Vec::new(),
            pictures: Vec::new(),
            sample: None,
        }
    }

    /// Why it failed, if it did.
    pub(crate) fn why_failed(&self) -> Option<String> {
        why_failed(self.status, self.note.as_deref(), &self.checks)
    }
}

/// What was said of it, or else the claims that do not hold.
fn why_failed(status: Status, note: Option<&str>, checks: &[Check]) -> Option<String> {
    if status != Status::Failed {
        return None;
    }
    if let Some(note) = note {
        return Some(note.to_owned());
    }
    let broken = checks.iter().filter(|check| !check.holds);
    let claims: Vec<_> = broken.map(|check| &*check.claim).collect();
    match &claims[..] {
        [] => Some("it ended without a result".to_owned()),
        claims => Some(format!("does not hold: {}", claims.join("; "))),
    }
}

/// A contender and all its runs.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) contender: Contender,
    pub(crate) status: Status,
    pub(crate) note: Option<String>,
    pub(crate) items: Option<u64>,
    /// Each claim once; it holds if it held in every run.
    pub(crate) checks: Vec<Check>,
    /// Those of its last run.
    pub(crate) pictures: Vec<Picture>,
    pub(crate) samples: Vec<Sample>,
}

impl Sample {
    /// Seconds per item, or of the whole where there are none.
    fn cost(&self) -> f64 {
        self.wall_s / self.items.unwrap_or(1).max(1) as f64
    }
}

impl Row {
    pub(crate) fn demo(&self) -> Demo {
        self.contender.program.demo()
    }

    /// What its speed is measured by.
    pub(crate) fn costs(&self) -> Vec<f64> {
        self.samples.iter().map(Sample::cost).collect()
    }

    /// Why it failed, if it did.
    pub(crate) fn why_failed(&self) -> Option<String> {
        why_failed(self.status, self.note.as_deref(), &self.checks)
    }

    pub(crate) fn wall(&self) -> Option<Spread> {
        Spread::of(self.samples.iter().map(|sample| sample.wall_s).collect())
    }

    pub(crate) fn cpu(&self) -> Option<Spread> {
        Spread::of(self.samples.iter().map(|sample| sample.cpu_s).collect())
    }

    pub(crate) fn peak(&self) -> Option<Spread> {
        Spread::of(
            self.samples
                .iter()
                .filter_map(|sample| Some(sample.peak_bytes? as f64))
                .collect(),
        )
    }

    /// The median run's, each number by itself.
    pub(crate) fn latency(&self) -> Option<Spread> {
        let of = |pick: fn(&Spread) -> f64| {
            stats::median(
                self.samples
                    .iter()
                    .filter_map(|s| s.latency_s.as_ref().map(pick))
                    .collect(),
            )
        };
        Some(Spread {
            min: of(|s| s.min)?,
            median: of(|s| s.median)?,
            max: of(|s| s.max)?,
        })
    }

    /// Seconds per item, in the median run.
    pub(crate) fn per_item(&self) -> Option<f64> {
        self.items?;
        stats::median(self.costs())
    }
}

pub(crate) struct Report {
    pub(crate) command: &'static str,
    pub(crate) settings: Settings,
    pub(crate) rows: Vec<Row>,
    pub(crate) python: Option<Python>,
    /// By whom it was cut short.
    pub(crate) interrupted: Option<Interruption>,
    /// What is running at the moment.
    pub(crate) running: Option<Contender>,
}

impl Report {
    pub(crate) fn new(command: &'static str, settings: Settings) -> Self {
        Self {
            command,
            settings,
            rows: Vec::new(),
            python: None,
            interrupted: None,
            running: None,
        }
    }

    /// Adds one run to its contender's row.
    pub(crate) fn add(&mut self, contender: Contender, measured: Measured) {
        self.running = None;
        let Measured {
            status,
            note,
            lines: _,
            items,
            checks,
            pictures,
            sample,
        } = measured;
        let Some(row) = self.rows.iter_mut().find(|row| row.contender == contender) else {
            let samples = sample.into_iter().collect();
            self.rows.push(Row {
                contender,
                status,
                note,
                items,
                checks,
                pictures,
                samples,
            });
            return;
        };
        if status != Status::Done && row.status == Status::Done {
            (row.status, row.note) = (status, note);
        }
        for check in checks {
            match row
                .checks
                .iter_mut()
                .find(|known| known.claim == check.claim)
            {
                Some(known) => known.holds &= check.holds,
                None => row.checks.push(check),
            }
        }
        if !pictures.is_empty() {
            row.pictures = pictures;
        }
        row.samples.extend(sample);
    }

    /// The end before the end: what was running has no result.
    pub(crate) fn interrupt(&mut self, by: Interruption) {
        self.interrupted = Some(by);
        if let Some(contender) = self.running.take()
            && !self.rows.iter().any(|row| row.contender == contender)
        {
            self.add(
                contender,
                Measured::without_result(Status::Interrupted, by.name().to_owned()),
            );
        }
    }

    /// The row's speed in units of tokio-current's in the same program.
    pub(crate) fn ratio(&self, row: &Row) -> Option<Ratio> {
        let base = Contender {
            program: row.contender.program.peer(),
            runner: Runner::On(Runtime::TokioCurrent),
        };
        let base = self.rows.iter().find(|row| row.contender == base)?;
        stats::paired_ratio(&base.costs(), &row.costs())
    }

    /// All checks of all rows.
    pub(crate) fn checks(&self) -> impl Iterator<Item = (&Row, &Check)> {
        self.rows
            .iter()
            .flat_map(|row| row.checks.iter().map(move |check| (row, check)))
    }

    /// Its rows then need not say of which.
    pub(crate) fn is_of_one_demo(&self) -> bool {
        let mut rows = self.rows.iter();
        let first = rows.next().map(Row::demo);
        rows.all(|row| Some(row.demo()) == first)
    }

    pub(crate) fn failed(&self) -> bool {
        self.rows.iter().any(|row| row.status == Status::Failed)
    }
}
