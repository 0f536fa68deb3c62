//! **How is a report told?** As a table: in a terminal's colours, or as
//! markdown with machine, date and command above it.
//!
//! Costs are absolute and belong to this machine on this day; what may be
//! carried away is the ratio.

use std::fmt::Write;

use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, Table};
use kolo_load::Placement;

use crate::contenders::Contender;
use crate::report::{Finding, Judgement, Report};
use crate::rows::{Aim, Kind, Row, Rows};
use crate::stats::Estimate;
use crate::verdict::Standing;

/// The report for a terminal, with colours; the stream takes them off again
/// where they are not wanted.
#[must_use]
pub fn human(report: &Report) -> String {
    let mut table = table(report);
    table.load_style(comfy_table::presets::UTF8_FULL_CONDENSED);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.enforce_styling();
    format!(
        "{}; {}\n{table}\n{}",
        place(report),
        versions(report),
        foot(report)
    )
}

/// The report as a page of markdown.
#[must_use]
pub fn markdown(report: &Report) -> String {
    let mut table = table(report);
    table.load_style(comfy_table::presets::ASCII_MARKDOWN);
    table.force_no_tty();
    let Report { date, command, .. } = report;
    format!(
        "`{command}`\n\n{}; {date}; {}\n\n{table}\n\n{}",
        place(report),
        versions(report),
        foot(report)
    )
}

/// The machine, and how much of it was asked for.
fn place(report: &Report) -> String {
    let workers = report.workers.map(|workers| match workers {
        1 => "; 1 worker".to_owned(),
        workers => format!("; {workers} workers"),
    });
    format!("{}{}", report.machine, workers.unwrap_or_default())
}

/// The rows that can be asked for.
#[must_use]
pub fn list(rows: &Rows) -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::UTF8_FULL_CONDENSED);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header([
        "row",
        "unit",
        "target, current",
        "target, multi",
        "weights",
        "what it does",
        "its floor",
    ]);
    for row in &rows.rows {
        let weight =
            |aim: &Option<Aim>| aim.as_ref().map_or_else(dash, |aim| aim.weight.to_string());
        table.add_row([
            row.name.clone(),
            row.unit.clone(),
            target(row, Kind::Current),
            target(row, Kind::Multi),
            format!("{}, {}", weight(&row.current), weight(&row.multi)),
            row.what.clone(),
            row.floor.clone().unwrap_or_else(dash),
        ]);
    }
    table.to_string()
}

fn target(row: &Row, kind: Kind) -> String {
    row.aim(kind)
        .map_or_else(dash, |aim| aim.target.to_string())
}

fn table(report: &Report) -> Table {
    let kind = Kind::of(report.contenders[0]);
    let mut table = Table::new();
    let mut header = vec!["row".to_owned(), "unit".to_owned()];
    header.extend(report.contenders.iter().map(ToString::to_string));
    header.extend(
        [
            "ratio (95 %)",
            "CPU",
            "floor",
            "floors",
            "target",
            "verdict",
        ]
        .map(String::from),
    );
    table.set_header(header);

    for line in &report.rows {
        let mut cells = vec![Cell::new(&line.row.name), Cell::new(&line.row.unit)];
        match &line.finding {
            Finding::Judged(judgement) => {
                cells.extend(report.contenders.iter().map(|&who| cost(judgement, who)));
                cells.push(number(interval(judgement.ratio)));
                cells.push(number(
                    judgement
                        .cpu_ratio
                        .map_or_else(dash, |ratio| times(ratio.median)),
                ));
                cells.push(cost(judgement, Contender::Floor));
                cells.push(number(
                    judgement
                        .floors
                        .map_or_else(dash, |ratio| times(ratio.median)),
                ));
                cells.push(Cell::new(target(&line.row, kind)));
                cells.push(verdict(judgement));
            }
            Finding::Skipped(_) | Finding::Failed(_) => {
                let blanks = report.contenders.len() + 4;
                cells.extend((0..blanks).map(|_| number(dash())));
                cells.push(Cell::new(target(&line.row, kind)));
                cells.push(match line.finding {
                    Finding::Failed(_) => Cell::new("failed").fg(Color::Red),
                    _ => Cell::new("skipped").fg(Color::Yellow),
                });
            }
        }
        table.add_row(cells);
    }
    table
}

fn verdict(judgement: &Judgement) -> Cell {
    let standing = match judgement.standing {
        Standing::Ahead => "ahead",
        Standing::Level => "level",
        Standing::Undecided => "undecided",
        Standing::Behind => "behind",
    };
    let (text, colour) = match judgement.met {
        Some(true) => (format!("{standing}, met"), Color::Green),
        Some(false) => (format!("{standing}, missed"), Color::Red),
        None => (standing.to_owned(), Color::Reset),
    };
    let cell = Cell::new(text);
    match judgement.standing {
        Standing::Behind => cell.fg(Color::Red).add_attribute(Attribute::Bold),
        Standing::Undecided => cell.fg(Color::Yellow),
        Standing::Ahead | Standing::Level => cell.fg(colour),
    }
}

/// A line about rounds that were taken again, if there are any.
pub(crate) fn taken_again(rounds: usize) -> String {
    match rounds {
        0 => String::new(),
        1 => "\nOne round was taken again: the host gave the cores to others in it.".into(),
        _ => format!(
            "\n{rounds} rounds were taken again: the host gave the cores to others in them."
        ),
    }
}

/// What stands under the table.
fn foot(report: &Report) -> String {
    let (ours, peer) = (report.contenders[0], report.contenders[1]);
    let mut foot = format!(
        "Costs are medians, less is better. Ratio: {peer}'s cost over {ours}'s, pair by pair, \
         with its bootstrap interval; CPU: the same of CPU time. Of calls and instructions: \
         means of all rounds, and their ratio.\n\
         Floor: the fastest plain program for the job; floors: {ours}'s cost over it."
    );
    if let Some(overall) = report.overall {
        let _ = write!(
            foot,
            "\nAll rows by their weights (geometric mean): {peer} takes {} as much as {ours}.",
            times(overall)
        );
    }
    if let Some(mean) = report.without_io {
        let _ = write!(foot, "\nThose without sockets: {}", times(mean));
        if let (Some(least), Some(met)) = (report.without_io_target, report.mean_met()) {
            let met = if met { "met" } else { "missed" };
            let _ = write!(foot, ", target ≥ {least}×, {met}");
        }
        foot.push('.');
    }
    if report.rows.iter().any(|line| line.row.io) {
        let _ = match report.workers {
            Some(_) => write!(foot, "\nSockets: {}.", Placement::Anywhere),
            None => write!(
                foot,
                "\nSockets, where a server has one thread: {}.",
                report.machine.placement
            ),
        };
        foot.push_str(" CPU is the server's.");
    }
    foot.push_str(&taken_again(report.again()));
    for line in &report.rows {
        if let Some(rate) = line.rate {
            let _ = write!(
                foot,
                "\n{}: {rate} messages are due each second, half of what {peer} can.",
                line.row.name
            );
        }
        match &line.finding {
            Finding::Skipped(reason) => {
                let _ = write!(foot, "\nSkipped: {} ({reason}).", line.row.name);
            }
            Finding::Failed(said) => {
                let _ = write!(foot, "\nFailed: {} ({said}).", line.row.name);
            }
            Finding::Judged(judgement) => {
                if let Some(over) = judgement.over_current {
                    let _ = write!(
                        foot,
                        "\n{}: {ours}'s cost is {} of {}'s.",
                        line.row.name,
                        interval(over),
                        Contender::KoloCurrent
                    );
                }
            }
        }
    }
    foot
}

pub(crate) fn versions(report: &Report) -> String {
    let versions: Vec<_> = report
        .versions
        .iter()
        .map(|(name, at)| format!("{name} {at}"))
        .collect();
    versions.join(", ")
}

fn cost(judgement: &Judgement, who: Contender) -> Cell {
    let program = judgement
        .programs
        .iter()
        .find(|program| program.contender == who);
    number(program.map_or_else(dash, |program| significant(program.cost.median)))
}

pub(crate) fn number(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

pub(crate) fn dash() -> String {
    "—".into()
}

pub(crate) fn interval(ratio: Estimate) -> String {
    let bare = |value| times(value).trim_end_matches('×').to_owned();
    format!(
        "{} ({}–{})",
        times(ratio.median),
        bare(ratio.low),
        bare(ratio.high)
    )
}

pub(crate) fn times(value: f64) -> String {
    if value.is_infinite() {
        "∞×".into()
    } else {
        format!("{value:.2}×")
    }
}

/// Three digits that mean something, and no more decimals than that takes.
fn significant(value: f64) -> String {
    let decimals = if value == 0.0 {
        0
    } else {
        let magnitude = value.abs().log10().floor();
        (2.0 - magnitude).clamp(0.0, 3.0) as usize
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contest::{Held, Outcome};
    use crate::machine::Machine;
    use crate::reading::Reading;
    use crate::report::RowReport;

    fn report() -> Report {
        let rows = Rows::load();
        let row = |name: &str| rows.find(name).unwrap().clone();
        let of = |wall: f64| {
            vec![
                Reading {
                    wall,
                    cpu: wall,
                    counted: Some(wall),
                    p50: None,
                };
                3
            ]
        };
        let held = Outcome::Held(Held::of(vec![
            (Contender::KoloCurrent, of(16.04)),
            (Contender::TokioCurrent, of(52.0)),
            (Contender::Floor, of(8.02)),
        ]));
        let asleep = Outcome::Held(Held {
            again: 2,
            ..Held::of(vec![
                (Contender::KoloCurrent, of(0.0)),
                (Contender::TokioCurrent, of(4.0)),
            ])
        });
        Report::new(
            vec![Contender::KoloCurrent, Contender::TokioCurrent],
            None,
            vec![
                RowReport::new(row("yield"), held, None, None),
                RowReport::new(row("idle"), asleep, None, None),
                RowReport::new(
                    row("loop-mpsc-instructions"),
                    Outcome::Skipped("valgrind is not installed".into()),
                    None,
                    None,
                ),
            ],
            Machine::here(),
        )
    }

    /// The cells of a markdown table's line.
    fn cells(page: &str, row: &str) -> Vec<String> {
        let line = page
            .lines()
            .find(|line| line.starts_with(&format!("| {row} ")))
            .unwrap();
        line.split('|')
            .map(|cell| cell.trim().to_owned())
            .filter(|cell| !cell.is_empty())
            .collect()
    }

    #[test]
    fn markdown_bears_the_numbers_the_command_and_the_skipped() {
        let page = markdown(&report());
        assert_eq!(
            cells(&page, "yield"),
            [
                "yield",
                "ns/yield",
                "16.0",
                "52.0",
                "3.24× (3.24–3.24)",
                "3.24×",
                "8.02",
                "2.00×",
                "≥ 2.5×",
                "ahead, met"
            ]
        );
        assert_eq!(
            cells(&page, "idle"),
            [
                "idle",
                "wake-ups/s",
                "0",
                "4.00",
                "∞× (∞–∞)",
                "—",
                "—",
                "—",
                "≤ 0",
                "ahead, met"
            ]
        );
        assert!(page.starts_with("`cargo run --release -p kolo-benches --bin compare"));
        assert!(page.contains("Skipped: loop-mpsc-instructions (valgrind is not installed)."));
        assert!(page.contains("2 rounds were taken again"), "{page}");
        assert!(page.contains("tokio 1."));
        assert!(!page.contains('\u{1b}'), "no colours in a file");
    }

    #[test]
    fn the_terminal_gets_colours() {
        assert!(human(&report()).contains("\u{1b}["));
    }

    #[test]
    fn three_digits() {
        let cases = [
            (0.0, "0"),
            (0.01234, "0.012"),
            (1.2345, "1.23"),
            (16.04, "16.0"),
            (523.4, "523"),
            (21_503.0, "21503"),
        ];
        for (value, expected) in cases {
            assert_eq!(significant(value), expected);
        }
    }

    #[test]
    fn the_foot_says_what_no_column_has() {
        let rows = Rows::load();
        let of = |contender, cost: f64| {
            let reading = Reading {
                wall: cost,
                cpu: cost,
                counted: Some(cost),
                p50: Some(cost),
            };
            (contender, vec![reading; 3])
        };
        let line = |name: &str, rate| {
            let row = rows.find(name).unwrap().clone();
            let held = vec![
                of(Contender::KoloMulti, 20.0),
                of(Contender::TokioMulti, 60.0),
                of(Contender::KoloCurrent, 16.0),
            ];
            RowReport::new(row, Outcome::Held(Held::of(held)), Some(2), rate)
        };
        let report = Report::new(
            vec![Contender::KoloMulti, Contender::TokioMulti],
            Some(2),
            vec![
                line("yield-alone", None),
                line("echo-1000-paced", Some(52_000)),
            ],
            Machine::here(),
        );
        let page = markdown(&report.to_reach(Some(2.0)));
        for expected in [
            "; 2 workers; ",
            "Those without sockets: 3.00×, target ≥ 2×, met.",
            "where the kernel puts them. CPU is the server's.",
            "yield-alone: kolo-multi's cost is 1.25× (1.25–1.25) of kolo-current's.",
            "echo-1000-paced: 52000 messages are due each second, half of what tokio-multi can.",
        ] {
            assert!(page.contains(expected), "{expected}: {page}");
        }
        let row = cells(&page, "yield-alone");
        assert_eq!(row[row.len() - 2..], ["level, ≤ 2× current", "ahead, met"]);
    }

    #[test]
    fn the_list_names_every_row() {
        let rows = Rows::load();
        let list = list(&rows);
        assert!(list.contains("target, current") && list.contains("target, multi"));
        // A long table wraps nothing where there is no terminal.
        assert!(rows.rows.iter().all(|row| list.contains(&row.name)));
    }
}
