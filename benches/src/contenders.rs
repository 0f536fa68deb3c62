//! **Who takes part?** Two flavours of kolo, two of tokio, smol where it is
//! cheap to ask, and the floor.
//!
//! [`run`] is what a child process does: one row, one program, one reading.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::libraries::{Flavour, kolo, tokio};
use crate::reading::{Reading, Setting};
use crate::{floors, peers};

/// Workers of an executor of many threads, where nobody asked for a number: as many
/// as the targets speak of, whatever the machine has.
pub const WORKERS: usize = 2;

/// A program that can be asked for a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Contender {
    KoloCurrent,
    KoloMulti,
    TokioCurrent,
    TokioMulti,
    Smol,
    /// The fastest plain program; takes part in each row that has one.
    #[value(hide = true)]
    Floor,
}

/// What a child says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    Reading(Reading),
    /// This program does not do this row, and why.
    Skipped(String),
}

impl Contender {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Contender::KoloCurrent => "kolo-current",
            Contender::KoloMulti => "kolo-multi",
            Contender::TokioCurrent => "tokio-current",
            Contender::TokioMulti => "tokio-multi",
            Contender::Smol => "smol",
            Contender::Floor => "floor",
        }
    }
}

impl std::fmt::Display for Contender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// Does `row` once, on `contender`, in this process.
#[must_use]
pub fn run(row: &str, contender: Contender, setting: Setting) -> Answer {
    let multi = Flavour::Multi(setting.workers.unwrap_or(WORKERS));
    match contender {
        Contender::KoloCurrent => kolo::row::run(row, Flavour::Current, setting),
        Contender::KoloMulti => kolo::row::run(row, multi, setting),
        Contender::TokioCurrent => tokio::row::run(row, Flavour::Current, setting),
        Contender::TokioMulti => tokio::row::run(row, multi, setting),
        Contender::Smol => or_skipped(peers::smol::run(row, setting.sizes), "not asked of smol"),
        Contender::Floor => or_skipped(floors::run(row, setting), "has no floor"),
    }
}

fn or_skipped(reading: Option<Reading>, reason: &str) -> Answer {
    reading.map_or_else(|| Answer::Skipped(reason.into()), Answer::Reading)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::Sizes;
    use crate::rows::{Cost, Kind, Row, Rows};

    const OF_CURRENT: [Contender; 2] = [Contender::KoloCurrent, Contender::TokioCurrent];
    const OF_MULTI: [Contender; 2] = [Contender::KoloMulti, Contender::TokioMulti];

    #[test]
    fn every_row_runs_on_one_thread() {
        every_row_runs(Kind::Current, OF_CURRENT, None);
    }

    #[test]
    fn every_row_runs_on_workers() {
        every_row_runs(Kind::Multi, OF_MULTI, Some(2));
    }

    /// One is where nobody can help, and more than there are cores is a crowd.
    #[test]
    fn rows_run_on_any_number_of_workers() {
        let rows = Rows::load();
        for workers in [1, 5] {
            for name in [
                "fork-join",
                "build-each-drop",
                "mutex",
                "remote-spawn",
                "lifo-third",
            ] {
                let row = rows.find(name).unwrap();
                for contender in OF_MULTI {
                    runs(row, contender, Some(workers));
                }
            }
        }
    }

    /// Every row of a kind, on every program that claims it, at a small size.
    fn every_row_runs(kind: Kind, contenders: [Contender; 2], workers: Option<usize>) {
        // The bytes need the counting allocator, and hello is counted in seconds;
        // tests/compare.rs asks for them. Of several rows on one load, one is enough.
        let elsewhere = |row: &Row| {
            let starts = |start| row.name.starts_with(start);
            let again = row.io && (row.same_as.is_some() || row.cost.is_seen_from_outside());
            starts("bytes") || starts("hello") || again
        };
        let rows = Rows::load().rows.into_iter();
        for row in rows.filter(|row| !elsewhere(row) && row.aim(kind).is_some()) {
            for contender in contenders {
                runs(&row, contender, workers);
            }
            runs(&row, Contender::Floor, workers);
        }
    }

    fn runs(row: &Row, contender: Contender, workers: Option<usize>) {
        let sizes = Sizes {
            warm_up: 2,
            // Each of these takes 50 ms.
            measured: if row.name.starts_with("stuck") { 2 } else { 20 },
        };
        let setting = Setting {
            sizes,
            workers,
            rate: row.rate_of.as_ref().map(|_| 1_000),
        };
        let answer = run(&row.name, contender, setting);
        let absent = contender == Contender::Floor && row.floor.is_none();
        match answer {
            Answer::Reading(reading) => {
                assert!(!absent, "{} has no floor by the file", row.name);
                assert!(reading.wall > 0.0, "{} on {contender}", row.name);
                let counts = row.cost == Cost::Reading;
                // An echo's latency is always there; a row need not look at it.
                let echo = row.name.starts_with("echo");
                assert!(reading.counted.is_some() >= counts, "{}", row.name);
                assert!(
                    reading.counted.is_some() <= (counts || echo),
                    "{}",
                    row.name
                );
                assert_eq!(
                    reading.p50.is_some(),
                    echo || row.io && counts,
                    "{}",
                    row.name
                );
            }
            Answer::Skipped(_) => assert!(absent, "{} on {contender}", row.name),
        }
    }

    #[test]
    fn names_are_the_ones_on_the_command_line() {
        for contender in Contender::value_variants() {
            let value = contender.to_possible_value().unwrap();
            assert_eq!(value.get_name(), contender.name());
        }
    }
}
