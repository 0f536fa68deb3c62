//! **Who takes part?** Two flavours of kolo, two of tokio, smol where it is
//! cheap to ask, and the floor.
//!
//! [`run`] is what a child process does: one row, one program, one reading.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::libraries::{Flavour, kolo, tokio};
use crate::reading::{Reading, Sizes};
use crate::{floors, peers};

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
pub fn run(row: &str, contender: Contender, sizes: Sizes) -> Answer {
    match contender {
        Contender::KoloCurrent => kolo::row::run(row, Flavour::Current, sizes),
        Contender::KoloMulti => kolo::row::run(row, Flavour::Multi, sizes),
        Contender::TokioCurrent => tokio::row::run(row, Flavour::Current, sizes),
        Contender::TokioMulti => tokio::row::run(row, Flavour::Multi, sizes),
        Contender::Smol => or_skipped(peers::smol::run(row, sizes), "not asked of smol"),
        Contender::Floor => or_skipped(floors::run(row, sizes), "has no floor"),
    }
}

fn or_skipped(reading: Option<Reading>, reason: &str) -> Answer {
    reading.map_or_else(|| Answer::Skipped(reason.into()), Answer::Reading)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::{Cost, Row, Rows};

    /// Every row, on every program that claims it, at a small size.
    #[test]
    fn every_row_runs_on_every_program() {
        // The bytes need the counting allocator, and hello is counted in seconds;
        // tests/compare.rs asks for them. Of several rows on one load, one is enough.
        let elsewhere = |row: &Row| {
            let starts = |start| row.name.starts_with(start);
            let again = row.io && (row.same_as.is_some() || row.cost.is_difference());
            starts("bytes") || starts("hello") || again
        };
        let rows = Rows::load().rows.into_iter().filter(|row| !elsewhere(row));
        for row in rows {
            let sizes = Sizes {
                warm_up: 2,
                measured: 20,
            };
            for contender in [
                Contender::KoloCurrent,
                Contender::TokioCurrent,
                Contender::Floor,
            ] {
                let answer = run(&row.name, contender, sizes);
                let absent = contender == Contender::Floor && row.floor.is_none();
                match answer {
                    Answer::Reading(reading) => {
                        assert!(!absent, "{} has no floor by the file", row.name);
                        assert!(reading.wall > 0.0, "{} on {contender}", row.name);
                        let counts = row.cost == Cost::Reading;
                        // An echo's latency is always there; a row need not look at it.
                        let may = counts || row.name.starts_with("echo");
                        assert!(reading.counted.is_some() >= counts, "{}", row.name);
                        assert!(reading.counted.is_some() <= may, "{}", row.name);
                    }
                    Answer::Skipped(_) => assert!(absent, "{} on {contender}", row.name),
                }
            }
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
