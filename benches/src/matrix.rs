//! **How does it go on with more workers?** The same rows at several numbers of
//! them, and one table: a row's ratio at each.
//!
//! Nothing is said here of costs, floors and targets: what each number of workers
//! came to is a [`Report`] of its own, and all of them are in the JSON. Ratios at
//! more workers than there are cores say who is the better at having too many
//! threads, which is why the number of cores stands in the heading.

use std::fmt::Write;

use comfy_table::{Attribute, Cell, Color, ContentArrangement, Table};
use serde::Serialize;

use crate::report::{Finding, Report};
use crate::table::{dash, interval, number, taken_again, times, versions};
use crate::verdict::Standing;

/// Reports of the same rows and contenders, each at its own number of workers.
#[derive(Clone, Debug, Serialize)]
pub struct Matrix {
    pub cores: usize,
    pub by_workers: Vec<Report>,
}

impl Matrix {
    /// Gathers `reports`.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[must_use]
    pub fn new(reports: Vec<Report>) -> Self {
        Self {
            cores: reports[0].machine.cores,
            by_workers: reports,
        }
    }

    /// For a terminal, with colours.
    #[must_use]
    pub fn human(&self) -> String {
        let mut table = self.table();
        table.load_style(comfy_table::presets::UTF8_FULL_CONDENSED);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.enforce_styling();
        let first = &self.by_workers[0];
        format!(
            "{}; {}\n{table}\n{}",
            first.machine,
            versions(first),
            self.foot()
        )
    }

    /// As a page of markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut table = self.table();
        table.load_style(comfy_table::presets::ASCII_MARKDOWN);
        table.force_no_tty();
        let first = &self.by_workers[0];
        let (command, machine, date) = (&first.command, &first.machine, &first.date);
        format!(
            "`{command}`\n\n{machine}; {date}; {}\n\n{table}\n\n{}",
            versions(first),
            self.foot()
        )
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        let mut header = vec!["row".to_owned()];
        let workers = self.by_workers.iter().map(|report| report.workers);
        header.extend(workers.map(|workers| match workers {
            Some(1) => "1 worker".to_owned(),
            Some(workers) => format!("{workers} workers"),
            None => dash(),
        }));
        table.set_header(header);
        for (place, line) in self.by_workers[0].rows.iter().enumerate() {
            let mut cells = vec![Cell::new(&line.row.name)];
            let findings = self
                .by_workers
                .iter()
                .map(|report| &report.rows[place].finding);
            cells.extend(findings.map(finding));
            table.add_row(cells);
        }
        let mut mean = |name: &str, of: fn(&Report) -> Option<f64>| {
            let mut cells = vec![Cell::new(name)];
            let means = self.by_workers.iter().map(of);
            cells.extend(means.map(|mean| number(mean.map_or_else(dash, times))));
            table.add_row(cells);
        };
        mean("mean", |report| report.overall);
        mean("mean without sockets", |report| report.without_io);
        table
    }

    fn foot(&self) -> String {
        let first = &self.by_workers[0];
        let (ours, peer) = (first.contenders[0], first.contenders[1]);
        let cores = match self.cores {
            1 => "1 core".to_owned(),
            cores => format!("{cores} cores"),
        };
        let mut foot = format!(
            "Ratio: {peer}'s cost over {ours}'s, pair by pair, with its bootstrap interval, on {cores}.\n\
             Means are geometric, by the rows' weights."
        );
        foot.push_str(&taken_again(
            self.by_workers.iter().map(Report::again).sum(),
        ));
        for report in &self.by_workers {
            let workers = report.workers.unwrap_or(1);
            for line in &report.rows {
                let (what, why) = match &line.finding {
                    Finding::Skipped(reason) => ("Skipped", reason),
                    Finding::Failed(said) => ("Failed", said),
                    Finding::Judged(_) => continue,
                };
                let name = &line.row.name;
                let _ = write!(foot, "\n{what}: {name} with {workers} ({why}).");
            }
        }
        foot
    }
}

fn finding(finding: &Finding) -> Cell {
    match finding {
        Finding::Judged(judgement) => {
            let cell = number(interval(judgement.ratio));
            match judgement.standing {
                Standing::Behind => cell.fg(Color::Red).add_attribute(Attribute::Bold),
                Standing::Undecided => cell.fg(Color::Yellow),
                Standing::Ahead => cell.fg(Color::Green),
                Standing::Level => cell,
            }
        }
        Finding::Skipped(_) => number(dash()),
        Finding::Failed(_) => number("failed".into()).fg(Color::Red),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contenders::Contender;
    use crate::contest::{Held, Outcome};
    use crate::machine::Machine;
    use crate::reading::Reading;
    use crate::report::RowReport;
    use crate::rows::Rows;

    fn matrix() -> Matrix {
        let rows = Rows::load();
        let contenders = vec![Contender::KoloMulti, Contender::TokioMulti];
        let report = |workers: usize| {
            let of = |wall: f64| {
                let reading = Reading {
                    wall,
                    cpu: wall,
                    counted: None,
                    p50: None,
                };
                vec![reading; 3]
            };
            let held = Outcome::Held(Held::of(vec![
                (contenders[0], of(10.0)),
                (contenders[1], of(10.0 * workers as f64)),
            ]));
            let stuck = match workers {
                1 => Outcome::Skipped("asks for 2 workers".into()),
                _ => Outcome::Failed("kolo-multi: broke".into()),
            };
            let line = |name: &str, outcome| {
                let row = rows.find(name).unwrap().clone();
                RowReport::new(row, outcome, Some(workers), None)
            };
            let lines = vec![line("yield", held), line("stuck-io", stuck)];
            Report::new(contenders.clone(), Some(workers), lines, Machine::here())
        };
        Matrix::new(vec![report(1), report(4)])
    }

    #[test]
    fn a_row_has_its_ratio_at_each_number_of_workers() {
        let page = matrix().markdown();
        let cells = |row: &str| -> Vec<String> {
            let mut lines = page.lines();
            let line = lines
                .find(|line| line.starts_with(&format!("| {row} ")))
                .unwrap();
            let cells = line.trim_matches('|').split('|');
            cells.map(|cell| cell.trim().to_owned()).collect()
        };
        assert_eq!(cells("row"), ["row", "1 worker", "4 workers"]);
        assert_eq!(
            cells("yield"),
            ["yield", "1.00× (1.00–1.00)", "4.00× (4.00–4.00)"]
        );
        assert_eq!(cells("stuck-io"), ["stuck-io", "—", "failed"]);
        assert_eq!(cells("mean"), ["mean", "1.00×", "4.00×"]);
        assert!(page.contains("Skipped: stuck-io with 1 (asks for 2 workers)."));
        assert!(page.contains("Failed: stuck-io with 4 (kolo-multi: broke)."));
        assert!(!page.contains('\u{1b}'), "no colours in a file");
        assert!(matrix().human().contains("\u{1b}["));
    }

    #[test]
    fn it_says_how_many_cores_there_were() {
        let page = matrix().markdown();
        let cores = Machine::here().cores;
        assert!(page.contains(&format!(", on {cores} core")), "{page}");
        let json = serde_json::to_value(matrix()).unwrap();
        assert_eq!(json["cores"], cores);
        assert_eq!(json["by_workers"][1]["workers"], 4);
    }
}
