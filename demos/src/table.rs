//! **How is a report read at a glance?** As one table: its demos one below the
//! other, programs named once, numbers right-aligned with three digits and their
//! unit, and the speed in units of tokio-current's. Columns without a value are left
//! out; what does not fit into the terminal's width goes first from the right of
//! [`COLUMNS`]' order of importance.
//!
//! What could not run has a row that says so: nothing is missing silently.
//!
//! Read next: `matrix.rs`, which shows many demos at once.

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

use crate::catalogue::{Demo, Runner};
use crate::console::Voice;
use crate::matrix;
use crate::report::{Report, Row, Spread, Status};
use crate::runtimes::Runtime;
use crate::under_load;

/// A column: its title, its place in the order of importance (0 always stays),
/// and what it shows of a row.
struct Column {
    title: &'static str,
    right: bool,
    sheds: u8,
    cell: fn(&Report, &Row) -> String,
}

const COLUMNS: [Column; 11] = [
    Column {
        title: "demo",
        right: false,
        sheds: 0,
        cell: |_, row| row.demo().name().to_owned(),
    },
    Column {
        title: "program",
        right: false,
        sheds: 0,
        cell: |_, row| row.contender.program.name().to_owned(),
    },
    Column {
        title: "runtime",
        right: false,
        sheds: 0,
        cell: |_, row| row.contender.runner.name().to_owned(),
    },
    Column {
        title: "time",
        right: true,
        sheds: 0,
        cell: time,
    },
    Column {
        title: "spread",
        right: true,
        sheds: 2,
        cell: |_, row| spread(row),
    },
    Column {
        title: "CPU",
        right: true,
        sheds: 3,
        cell: |_, row| or_blank(row.cpu().map(|s| duration(s.median))),
    },
    Column {
        title: "memory",
        right: true,
        sheds: 4,
        cell: |_, row| or_blank(row.peak().map(|s| bytes(s.median))),
    },
    Column {
        title: "per item",
        right: true,
        sheds: 5,
        cell: |_, row| or_blank(row.per_item().map(duration)),
    },
    Column {
        title: "latency",
        right: true,
        sheds: 1,
        cell: |_, row| or_blank(row.latency().map(|s| duration(s.median))),
    },
    Column {
        title: "speed",
        right: true,
        sheds: 0,
        cell: |report, row| or_blank(report.ratio(row).map(|r| times(r.median))),
    },
    Column {
        title: "95 %",
        right: true,
        sheds: 6,
        cell: interval,
    },
];

fn or_blank(cell: Option<String>) -> String {
    cell.unwrap_or_default()
}

fn time(_: &Report, row: &Row) -> String {
    match row.wall() {
        Some(wall) if row.status == Status::Done => duration(wall.median),
        _ => row.status.text().to_owned(),
    }
}

fn spread(row: &Row) -> String {
    match row.wall() {
        Some(Spread { min, median, max }) if row.samples.len() > 1 => {
            format!("±{:.0} %", (max - min) / 2.0 / median * 100.0)
        }
        _ => String::new(),
    }
}

fn interval(report: &Report, row: &Row) -> String {
    match report.ratio(row).and_then(|ratio| ratio.interval) {
        Some([low, high]) => format!("{} to {}", digits(low), digits(high)),
        None => String::new(),
    }
}

/// `33.1 ms`: three digits and a unit, which is two letters wide so that a column
/// of them stands straight.
pub(crate) fn duration(seconds: f64) -> String {
    let (scaled, unit) = match seconds {
        s if s >= 0.999_5 => (s, "s "),
        s if s >= 0.999_5e-3 => (s * 1e3, "ms"),
        s if s >= 0.999_5e-6 => (s * 1e6, "µs"),
        s => (s * 1e9, "ns"),
    };
    format!("{} {unit}", digits(scaled))
}

pub(crate) fn bytes(bytes: f64) -> String {
    format!("{} MB", digits(bytes / 1e6))
}

pub(crate) fn times(ratio: f64) -> String {
    format!("{}×", digits(ratio))
}

/// Three digits, as long as they say something.
pub(crate) fn digits(number: f64) -> String {
    let decimals = match number {
        n if n >= 99.95 => 0,
        n if n >= 9.995 => 1,
        _ => 2,
    };
    format!("{number:.decimals$}")
}

/// A table's cells: titles, and the texts of each row that is shown.
struct Cells<'a> {
    columns: Vec<&'static Column>,
    shown: Vec<&'a Row>,
    rows: Vec<Vec<String>>,
}

impl<'a> Cells<'a> {
    fn of(report: &'a Report) -> Self {
        let shown: Vec<&Row> = report.rows.iter().collect();
        let one_demo = report.is_of_one_demo();
        let columns: Vec<_> = COLUMNS
            .iter()
            .filter(|column| !(column.title == "demo" && one_demo))
            .filter(|column| {
                shown
                    .iter()
                    .any(|row| !(column.cell)(report, row).is_empty())
            })
            .collect();
        let texts = |row: &&Row| {
            columns
                .iter()
                .map(|column| (column.cell)(report, row))
                .collect()
        };
        Self {
            rows: shown.iter().map(texts).collect(),
            shown,
            columns,
        }
    }

    fn width(&self) -> usize {
        let wide = |at: usize, column: &&Column| {
            let cells = self.rows.iter().map(|row| row[at].chars().count());
            cells.max().unwrap_or(0).max(column.title.chars().count()) + 2
        };
        self.columns
            .iter()
            .enumerate()
            .map(|(at, column)| wide(at, column))
            .sum()
    }

    /// Leaves out columns, the least important first, until it fits.
    fn fit(mut self, width: usize) -> Self {
        while self.width() > width {
            let least = (0..self.columns.len()).max_by_key(|&at| self.columns[at].sheds);
            let Some(at) = least.filter(|&at| self.columns[at].sheds > 0) else {
                break;
            };
            self.columns.remove(at);
            for row in &mut self.rows {
                row.remove(at);
            }
        }
        self
    }
}

/// The table, and what there is to say below it.
pub(crate) fn lines(report: &Report, width: usize) -> Vec<(Voice, String)> {
    if report.rows.is_empty() {
        return no_rows(report, width);
    }
    let mut lines = rows(report, width);
    lines.extend(under_load::lines(report, width));
    lines.push((Voice::Plain, String::new()));
    lines.extend(notes(footnotes(report), width));
    lines
}

/// What is said in place of a table: that there is none, and why.
pub(crate) fn no_rows(report: &Report, width: usize) -> Vec<(Voice, String)> {
    let mut lines = vec![(Voice::Dim, "  no rows".to_owned())];
    lines.extend(notes(standing(report), width));
    lines
}

/// A blank within a note where it is not to be broken.
pub(crate) const UNBROKEN: &str = "\u{a0}";

/// Notes, indented, and broken between words.
pub(crate) fn notes(notes: Vec<(Voice, String)>, width: usize) -> Vec<(Voice, String)> {
    let broken = |(voice, note): (Voice, String)| {
        let lines = wrapped(&note, width, "  ", "    ").into_iter();
        lines.map(|line| (voice, line)).collect::<Vec<_>>()
    };
    notes.into_iter().flat_map(broken).collect()
}

/// A text broken between words, of which a runtime's name is one.
pub(crate) fn wrapped(text: &str, width: usize, first: &str, further: &str) -> Vec<String> {
    let how = textwrap::Options::new(width)
        .break_words(false)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
        .initial_indent(first)
        .subsequent_indent(further);
    let lines = textwrap::wrap(text, &how).into_iter();
    lines.map(|line| line.replace(UNBROKEN, " ")).collect()
}

fn rows(report: &Report, width: usize) -> Vec<(Voice, String)> {
    const RULE: TableStyle = NOTHING.header_separator(LineStyle::none().fill('─'));
    let cells = Cells::of(report).fit(width);
    let mut table = Table::new();
    table
        .load_style(RULE)
        .set_content_arrangement(ContentArrangement::Disabled);
    let cell = |at: usize, text: &str| {
        let side = if cells.columns[at].right {
            CellAlignment::Right
        } else {
            CellAlignment::Left
        };
        Cell::new(text).set_alignment(side)
    };
    table.set_header(
        cells
            .columns
            .iter()
            .enumerate()
            .map(|(at, column)| cell(at, column.title)),
    );
    let named = cells
        .columns
        .iter()
        .take_while(|column| matches!(column.title, "demo" | "program"))
        .count();
    let mut above: &[String] = &[];
    for row in &cells.rows {
        // A name that stands in the line above, with all before it, is not repeated.
        let same = row
            .iter()
            .zip(above)
            .take(named)
            .take_while(|(name, above)| name == above)
            .count();
        let shown = row
            .iter()
            .enumerate()
            .map(|(at, text)| cell(at, if at < same { "" } else { text }));
        table.add_row(shown);
        above = row;
    }

    let mut lines = Vec::new();
    let mut demo: Option<Demo> = None;
    for (at, line) in table.lines().enumerate() {
        let line = line.trim_end().to_owned();
        match at.checked_sub(2).map(|at| cells.shown[at]) {
            None if at == 0 => lines.push((Voice::Bold, line)),
            None => lines.push((Voice::Dim, line)),
            Some(row) => {
                if demo.is_some_and(|demo| demo != row.demo()) {
                    lines.push((Voice::Plain, String::new()));
                }
                demo = Some(row.demo());
                lines.push((voice(row), line));
            }
        }
    }
    lines
}

fn voice(row: &Row) -> Voice {
    match row.status {
        Status::Done => match row.contender.runner {
            Runner::On(Runtime::KoloCurrent | Runtime::KoloMulti) => Voice::Bold,
            _ => Voice::Plain,
        },
        Status::Failed => Voice::Red,
        Status::Skipped | Status::Interrupted => Voice::Dim,
    }
}

/// All that stands below a table.
pub(crate) fn footnotes(report: &Report) -> Vec<(Voice, String)> {
    let mut notes = meanings(report);
    notes.extend(peculiarities(report));
    notes.extend(standing(report));
    notes
}

/// What the columns mean.
fn meanings(report: &Report) -> Vec<(Voice, String)> {
    let mut notes = Vec::new();
    let mut dim = |text: String| notes.push((Voice::Dim, text));
    if report.rows.iter().any(|row| report.ratio(row).is_some()) {
        dim("speed: tokio-current takes this many times as long for the same work".to_owned());
    }
    if report
        .rows
        .iter()
        .any(|row| !matches!(row.demo(), Demo::City | Demo::Echo) && row.latency().is_some())
    {
        dim("latency: how long an item waited for its consumer, in the median".to_owned());
    }
    notes
}

/// What the numbers of single demos are.
pub(crate) fn peculiarities(report: &Report) -> Vec<(Voice, String)> {
    let mut notes = Vec::new();
    let mut dim = |text: String| notes.push((Voice::Dim, text));
    if report
        .rows
        .iter()
        .any(|row| row.demo() == Demo::City && row.items.is_some())
    {
        dim("city: an item is a request, its latency the time since it was due. Answered is the rate of the middle half of the answers, ± how far chance may have moved it in so short a run; it is above what arrives where a delay is made up for. p99 takes a hundred requests, p99.9 a thousand. The CPU is the server's; speed is by item".to_owned());
    }
    if report
        .rows
        .iter()
        .any(|row| row.demo() == Demo::Echo && row.items.is_some())
    {
        dim("echo: an item is a message, its latency the time under way; the CPU is the server's; speed is by item".to_owned());
    }
    if report
        .rows
        .iter()
        .any(|row| row.demo() == Demo::Fib && row.items.is_some())
    {
        dim("fib: a thousand futures, one by one; an item is a poll".to_owned());
    }
    let done = |demo: Demo| {
        let mut rows = report.rows.iter();
        rows.any(|row| row.demo() == demo && row.wall().is_some())
    };
    if done(Demo::UpperBound) {
        dim("upper-bound: the time of the last job: the last share, and most at once".to_owned());
    }
    if done(Demo::Requests) {
        dim("rush: from the first answer to the last, at the rate at which it degrades; an item is a request".to_owned());
    }
    notes
}

/// How often was measured, why rows have no result, and how the checks went.
pub(crate) fn standing(report: &Report) -> Vec<(Voice, String)> {
    let mut notes = Vec::new();
    let mut dim = |text: String| notes.push((Voice::Dim, text));
    let runs = report
        .rows
        .iter()
        .map(|row| row.samples.len())
        .filter(|&runs| runs > 0);
    let (fewest, most) = (runs.clone().min().unwrap_or(0), runs.max().unwrap_or(0));
    if most > 1 {
        // In the tour it is `loop` alone that runs more than once.
        let up_to = if report.command == matrix::TOUR {
            "loop: up to "
        } else if fewest < most {
            "up to "
        } else {
            ""
        };
        dim(format!(
            "{up_to}{most} runs each, in turn, each in a fresh process: medians"
        ));
    }
    let mut told = Vec::new();
    for row in report
        .rows
        .iter()
        .filter(|row| row.status == Status::Skipped)
    {
        let note = row.note.as_deref().unwrap_or_default();
        let line = format!("{}: {}", row.contender.runner.name(), note);
        if !told.contains(&line) {
            dim(line.clone());
            told.push(line);
        }
    }
    if let Some(by) = report.interrupted {
        let line = format!("{}: this is what there was until then", by.name());
        notes.push((Voice::Red, line));
    }
    let one_demo = report.is_of_one_demo();
    for demo in Demo::all() {
        let of = match one_demo {
            true => String::new(),
            false => format!("{}, ", demo.name()),
        };
        let lines = failures(report, demo).into_iter();
        notes.extend(lines.map(|line| (Voice::Red, format!("{of}{line}"))));
    }
    let (held, all) = report.checks().fold((0, 0), |(held, all), (_, check)| {
        (held + usize::from(check.holds), all + 1)
    });
    match all {
        0 => {}
        // A program that ended without a result has no checks.
        _ if held == all && report.failed() => {
            notes.push((Voice::Dim, format!("all {all} checks of the others hold")));
        }
        _ if held == all => notes.push((Voice::Dim, format!("all {all} checks hold"))),
        _ => notes.push((
            Voice::Red,
            format!("{} of {all} checks do not hold", all - held),
        )),
    }
    notes
}

/// Why rows of a demo failed. What one reason kept from running stands in one line: a port
/// that is in use keeps a whole demo.
pub(crate) fn failures(report: &Report, demo: Demo) -> Vec<String> {
    let mut failures: Vec<(String, Vec<String>)> = Vec::new();
    for row in report.rows.iter().filter(|row| row.demo() == demo) {
        let Some(why) = row.why_failed() else {
            continue;
        };
        let program = row.contender.program.name();
        let contender = match row.contender.runner {
            Runner::Plain => program.to_owned(),
            runner => format!("{program} on {}", runner.name()),
        };
        match failures.iter_mut().find(|(known, _)| *known == why) {
            Some((_, contenders)) => contenders.push(contender),
            None => failures.push((why, vec![contender])),
        }
    }
    let lines = failures.into_iter();
    lines
        .map(|(why, contenders)| format!("{}: {why}", contenders.join(", ")))
        .collect()
}

/// A demo's rows as a page shows them: titles, and whether numbers stand below them; and
/// of each row its standing and its cells.
pub(crate) struct Grid<'a> {
    pub(crate) titles: Vec<(&'static str, bool)>,
    pub(crate) rows: Vec<(&'a Row, Vec<String>)>,
}

pub(crate) fn grid(report: &Report, demo: Demo) -> Grid<'_> {
    let mut cells = Cells::of(report);
    let columns = cells.columns.iter();
    cells.columns = columns
        .copied()
        .filter(|column| column.title != "demo")
        .collect();
    let rows = cells.shown.iter().filter(|row| row.demo() == demo);
    let texts = |row: &&Row| {
        cells
            .columns
            .iter()
            .map(|column| (column.cell)(report, row))
            .collect()
    };
    let rows: Vec<(&Row, Vec<String>)> = rows.map(|row| (*row, texts(row))).collect();
    // What another demo has may be nothing here.
    let filled = |at: usize| rows.iter().any(|(_, texts)| !texts[at].is_empty());
    let filled: Vec<bool> = (0..cells.columns.len()).map(filled).collect();
    fn kept<'t, T>(
        all: impl IntoIterator<Item = T> + 't,
        filled: &'t [bool],
    ) -> impl Iterator<Item = T> + 't {
        all.into_iter()
            .zip(filled)
            .filter(|(_, filled)| **filled)
            .map(|(one, _)| one)
    }
    Grid {
        titles: kept(
            cells
                .columns
                .iter()
                .map(|column| (column.title, column.right)),
            &filled,
        )
        .collect(),
        rows: rows
            .into_iter()
            .map(|(row, texts)| (row, kept(texts, &filled).collect()))
            .collect(),
    }
}

/// The whole table for a Markdown file.
pub(crate) fn markdown(report: &Report) -> String {
    let cells = Cells::of(report);
    let line = |cells: Vec<&str>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(cells.columns.iter().map(|column| column.title).collect());
    text += &line(
        cells
            .columns
            .iter()
            .map(|column| if column.right { "--:" } else { "---" })
            .collect(),
    );
    for row in &cells.rows {
        text += &line(row.iter().map(|cell| cell.trim_end()).collect());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_broken_between_words() {
        let broken = |note: &str, width| {
            let lines = notes(vec![(Voice::Dim, note.to_owned())], width).into_iter();
            lines.map(|(_, line)| line).collect::<Vec<_>>()
        };
        assert_eq!(broken("one two three", 9), ["  one two", "    three"]);
        assert_eq!(broken("one /a/long/path", 8), ["  one", "    /a/long/path"]);
    }

    #[test]
    fn durations_have_three_digits_and_a_unit_of_two_letters() {
        let shown = [22.0, 1.0, 0.999_6, 0.033_1, 0.000_999_9, 66.2e-9].map(duration);
        assert_eq!(
            shown,
            [
                "22.0 s ", "1.00 s ", "1.00 s ", "33.1 ms", "1.00 ms", "66.2 ns"
            ]
        );
        assert_eq!(duration(0.210_4), "210 ms");
    }
}
