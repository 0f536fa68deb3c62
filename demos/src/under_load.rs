//! **Who keeps up with what arrives?** A second table below the first one, of the
//! programs that were under a load: how many requests arrived each second and how many
//! were answered, give or take how much, and how long one took from when it was due. Where
//! the terminal is narrow, the last columns are left out.

use crate::catalogue::Runner;
use crate::console::Voice;
use crate::report::{Report, Row, UnderLoad};
use crate::stats;
use crate::table::duration;

pub(crate) const TITLES: [&str; 6] = ["arriving", "answered", "p50", "p99", "p99.9", "at most"];

/// How wide the columns are.
const WIDTHS: [usize; 6] = [11, 15, 11, 11, 11, 11];

/// The table's lines; none where no row was under a load.
pub(crate) fn lines(report: &Report, width: usize) -> Vec<(Voice, String)> {
    let rows = rows(report);
    if rows.is_empty() {
        return Vec::new();
    }
    let names = rows.iter().map(|(row, _)| name(row).chars().count());
    let wide = names.max().unwrap_or(0);
    let numbers = |columns: usize| WIDTHS[..columns].iter().sum::<usize>();
    let fits = |columns: &usize| 1 + wide + numbers(*columns) <= width;
    let columns = (3..=TITLES.len()).rev().find(fits).unwrap_or(3);
    let line = |name: &str, cells: [String; 6]| {
        let cells = cells.iter().zip(WIDTHS).take(columns);
        let cells: String = cells
            .map(|(cell, width)| format!("{cell:>width$}"))
            .collect();
        format!(" {name:<wide$}{cells}").trim_end().to_owned()
    };
    let titles = line("under load", TITLES.map(str::to_owned));
    let rule = "─".repeat(1 + wide + numbers(columns));
    let mut lines = vec![
        (Voice::Plain, String::new()),
        (Voice::Bold, titles),
        (Voice::Dim, rule),
    ];
    for (row, cells) in rows {
        lines.push((Voice::Plain, line(&name(row), cells)));
    }
    lines
}

/// Of fewer requests than this, one in a hundred is only the slowest; and one in a
/// thousand of fewer than that.
pub(crate) const FOR_P99: u64 = 100;
pub(crate) const FOR_P999: u64 = 1_000;

/// The rows that were under a load, each with its cells.
pub(crate) fn rows(report: &Report) -> Vec<(&Row, [String; 6])> {
    let rows = report.rows.iter();
    rows.filter_map(|row| Some((row, cells(row.under_load()?, row.items))))
        .collect()
}

fn cells(load: UnderLoad, requests: Option<u64>) -> [String; 6] {
    let [arriving, mut answered] =
        [load.arriving, load.answered].map(|rate| format!("{rate:.1}/s"));
    if let Some(share) = load.uncertainty {
        answered = format!("{answered} {:>5}", give_or_take(share));
    }
    let [p50, mut p99, mut p999, most] = [load.p50, load.p99, load.p999, load.most].map(duration);
    let requests = requests.unwrap_or(0);
    if requests < FOR_P99 {
        p99.clear();
    }
    if requests < FOR_P999 {
        p999.clear();
    }
    [arriving, answered, p50, p99, p999, most]
}

/// A share, either way: `±6 %`.
pub(crate) fn give_or_take(share: f64) -> String {
    format!("±{:.0} %", (share * 100.0).ceil())
}

fn name(row: &Row) -> String {
    let (demo, program) = (row.demo().name(), row.contender.program.name());
    match row.contender.runner {
        Runner::Plain => format!("{demo}, {program}"),
        runner => format!("{demo}, {program}, {}", runner.name()),
    }
}

impl Row {
    /// The median run's, each number by itself.
    fn under_load(&self) -> Option<UnderLoad> {
        let of = |pick: fn(&UnderLoad) -> f64| {
            let loads = self.samples.iter().filter_map(|s| s.under_load.as_ref());
            stats::median(loads.map(pick).collect())
        };
        Some(UnderLoad {
            arriving: of(|load| load.arriving)?,
            answered: of(|load| load.answered)?,
            uncertainty: stats::median(
                self.samples
                    .iter()
                    .filter_map(|s| s.under_load.as_ref()?.uncertainty)
                    .collect(),
            ),
            p50: of(|load| load.p50)?,
            p99: of(|load| load.p99)?,
            p999: of(|load| load.p999)?,
            most: of(|load| load.most)?,
        })
    }
}
