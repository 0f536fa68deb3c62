//! **Who keeps up with what arrives?** A second table below the first one, of the
//! programs that were under a load: how many requests arrived each second and how many
//! were answered, and how long one took from when it was due. Where the terminal is
//! narrow, the last columns are left out.

use crate::catalogue::Runner;
use crate::console::Voice;
use crate::report::{Report, Row, UnderLoad};
use crate::stats;
use crate::table::duration;

const TITLES: [&str; 6] = ["arriving", "answered", "p50", "p99", "p99.9", "at most"];

/// How wide a number's column is.
const WIDE: usize = 11;

/// The table's lines; none where no row was under a load.
pub(crate) fn lines(report: &Report, width: usize) -> Vec<(Voice, String)> {
    let rows: Vec<_> = report
        .rows
        .iter()
        .filter_map(|row| Some((row, row.under_load()?)))
        .collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let names = rows.iter().map(|(row, _)| name(row).chars().count());
    let wide = names.max().unwrap_or(0);
    let columns = (width.saturating_sub(1 + wide) / WIDE).clamp(3, TITLES.len());
    let line = |name: &str, cells: [String; 6]| {
        let cells = cells.map(|cell| format!("{cell:>WIDE$}"));
        let cells = cells[..columns].concat();
        format!(" {name:<wide$}{cells}").trim_end().to_owned()
    };
    let titles = line("under load", TITLES.map(str::to_owned));
    let rule = "─".repeat(1 + wide + WIDE * columns);
    let mut lines = vec![
        (Voice::Plain, String::new()),
        (Voice::Bold, titles),
        (Voice::Dim, rule),
    ];
    for (row, load) in rows {
        let rates = [load.arriving, load.answered].map(|rate| format!("{rate:.1}/s"));
        let times = [load.p50, load.p99, load.p999, load.most].map(duration);
        let [arriving, answered] = rates;
        let [p50, p99, p999, most] = times;
        let cells = [arriving, answered, p50, p99, p999, most];
        lines.push((Voice::Plain, line(&name(row), cells)));
    }
    lines
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
            p50: of(|load| load.p50)?,
            p99: of(|load| load.p99)?,
            p999: of(|load| load.p999)?,
            most: of(|load| load.most)?,
        })
    }
}
