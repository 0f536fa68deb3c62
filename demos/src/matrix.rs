//! **How do all demos compare, at a glance?** As a matrix: a line for each program, a
//! column for each runtime, and beside them what does the same work without one of our
//! runtimes: synchronously, on threads, in processes, in Python.
//!
//! A matrix answers one question ([`Asks`]): the comparison of all demos has one for
//! speed, one for CPU time and one for memory, the tour a single one, with the key
//! program of each demo alone. The terminal, Markdown and the page show the same cells.
//!
//! Where the terminal is narrow, the second number of a cell goes below the first, and
//! that of what stands beside is left out; then a program's name goes below its demo's;
//! where it is narrower still, all that stands beside is left out, and a note says so.
//!
//! Read next: `export.rs`.

use comfy_table::presets::NOTHING;
use comfy_table::{
    Cell as TableCell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle,
};

use crate::catalogue::{Demo, Program, Runner, RunsOn};
use crate::console::Voice;
use crate::report::{Report, Row, Status};
use crate::runtimes::Runtime;
use crate::table::{UNBROKEN, bytes, digits, duration, times};

/// What a matrix asks of each row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asks {
    /// How many times as long tokio-current takes, and the interval.
    Speed,
    Cpu,
    Memory,
    /// The time, and the speed: of key programs alone.
    Glance,
}

impl Asks {
    pub(crate) fn title(self) -> &'static str {
        match self {
            Asks::Speed => {
                "Speed: tokio-current takes this many times as long; its own column has its time"
            }
            Asks::Cpu => "CPU time of a run",
            Asks::Memory => "Peak memory of a run",
            Asks::Glance => "Time, and speed in units of tokio-current's",
        }
    }
}

/// What the commands are called that show all demos.
pub(crate) const TOUR: &str = "tour";
pub(crate) const COMPARE_ALL: &str = "compare --all";

/// The questions that a report answers with a matrix each: none where it is of one demo.
pub(crate) fn questions(report: &Report) -> &'static [Asks] {
    match report.command {
        TOUR => &[Asks::Glance],
        COMPARE_ALL => &[Asks::Speed, Asks::Cpu, Asks::Memory],
        _ => &[],
    }
}

pub(crate) struct Matrix {
    pub(crate) asks: Asks,
    pub(crate) runtimes: Vec<Runtime>,
    pub(crate) lines: Vec<Line>,
}

/// A program, wherever it ran.
pub(crate) struct Line {
    pub(crate) demo: &'static str,
    pub(crate) program: &'static str,
    /// One for each runtime of the matrix.
    pub(crate) cells: Vec<Cell>,
    /// What does the same work in another way, by name.
    pub(crate) beside: Vec<(&'static str, Cell)>,
    pub(crate) failed: bool,
}

/// A number, and a second one that belongs to it; either may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) first: String,
    pub(crate) second: String,
}

impl Cell {
    fn of(report: &Report, row: &Row, asks: Asks) -> Self {
        let blank = String::new;
        if row.status != Status::Done {
            let (first, second) = (row.status.text().to_owned(), blank());
            return Self { first, second };
        }
        let time = || row.wall().map(|wall| duration(wall.median));
        // Against itself there is no ratio to be seen.
        let is_base = row.contender.runner == Runner::On(Runtime::TokioCurrent);
        let ratio = report.ratio(row).filter(|_| !is_base);
        let (first, second) = match asks {
            Asks::Speed => match ratio {
                Some(ratio) => {
                    let interval = ratio.interval;
                    let within =
                        interval.map(|[low, high]| format!("{}–{}", digits(low), digits(high)));
                    (Some(times(ratio.median)), within)
                }
                None => (time(), None),
            },
            Asks::Cpu => (row.cpu().map(|cpu| duration(cpu.median)), None),
            Asks::Memory => (row.peak().map(|peak| bytes(peak.median)), None),
            Asks::Glance => (time(), ratio.map(|ratio| times(ratio.median))),
        };
        let [first, second] = [first, second].map(|text| {
            let text = text.unwrap_or_default();
            text.trim_end().to_owned()
        });
        Self { first, second }
    }

    /// Both numbers in a line.
    pub(crate) fn text(&self) -> String {
        format!("{} {}", self.first, self.second).trim().to_owned()
    }
}

impl Matrix {
    pub(crate) fn of(report: &Report, asks: Asks) -> Self {
        let ran_on = |runtime: &Runtime| {
            let runner = Runner::On(*runtime);
            report.rows.iter().any(|row| row.contender.runner == runner)
        };
        let runtimes: Vec<_> = Runtime::ALL.into_iter().filter(ran_on).collect();
        let lines = Demo::all()
            .flat_map(|demo| programs(demo, asks))
            .filter_map(|program| Line::of(report, program, &runtimes, asks))
            .collect();
        Self {
            asks,
            runtimes,
            lines,
        }
    }
}

/// The programs that have a line: those that run on the runtimes.
fn programs(demo: Demo, asks: Asks) -> Vec<Program> {
    if asks == Asks::Glance {
        return vec![demo.chapter().key()];
    }
    let parts = demo.chapter().parts.iter();
    parts
        .filter(|part| part.runs_on == RunsOn::Runtimes)
        .map(|part| part.program)
        .collect()
}

impl Line {
    /// `None` where nothing of it was measured.
    fn of(report: &Report, program: Program, runtimes: &[Runtime], asks: Asks) -> Option<Self> {
        let rows = report.rows.iter();
        let on = |runtime: &Runtime| {
            let runner = Runner::On(*runtime);
            rows.clone()
                .find(|row| row.contender.program == program && row.contender.runner == runner)
        };
        let rows_on: Vec<Option<&Row>> = runtimes.iter().map(on).collect();
        let beside: Vec<&Row> = rows
            .clone()
            .filter(|row| !matches!(row.contender.runner, Runner::On(_)))
            .filter(|row| match asks {
                // One line has to do for the whole demo.
                Asks::Glance => row.demo() == program.demo(),
                _ => row.contender.program.peer() == program,
            })
            .collect();
        let all = || rows_on.iter().flatten().chain(&beside);
        all().next()?;
        let cell = |row: &Row| Cell::of(report, row, asks);
        Some(Self {
            demo: program.demo().name(),
            program: program.name(),
            failed: all().any(|row| row.status == Status::Failed),
            cells: rows_on
                .iter()
                .map(|row| row.map(cell).unwrap_or_default())
                .collect(),
            beside: beside
                .into_iter()
                .map(|row| (beside_name(row), alone(cell(row), asks)))
                .collect(),
        })
    }
}

fn beside_name(row: &Row) -> &'static str {
    match row.contender.runner {
        Runner::Python(engine) => engine.name(),
        _ => row.contender.program.name(),
    }
}

/// In the tour the programs beside may do other work than the key program, so that
/// there a time says more than a ratio.
fn alone(cell: Cell, asks: Asks) -> Cell {
    match asks {
        Asks::Glance => Cell {
            second: String::new(),
            ..cell
        },
        _ => cell,
    }
}

/// How a demo's key program did on each runtime, and what stands beside, in a line.
pub(crate) fn in_a_line(report: &Report, demo: Demo) -> Option<String> {
    let matrix = Matrix::of(report, Asks::Glance);
    let line = matrix
        .lines
        .into_iter()
        .find(|line| line.demo == demo.name())?;
    let runtimes = matrix.runtimes.iter().map(|runtime| runtime.name());
    let on = runtimes
        .zip(&line.cells)
        .filter(|(_, cell)| !cell.first.is_empty())
        .map(|(name, cell)| format!("{name} {}", cell.first));
    let beside = line.beside.iter();
    let beside = beside.map(|(name, cell)| format!("{name} {}", cell.first));
    let all: Vec<_> = on.chain(beside).collect();
    // A name stays with its number, where the line is broken.
    let all: Vec<_> = all.iter().map(|one| one.replace(' ', UNBROKEN)).collect();
    Some(format!(
        "{}: {}",
        line.program,
        all.join(&format!("{UNBROKEN}· "))
    ))
}

const DEMO: &str = "demo";
const PROGRAM: &str = "program";
const BESIDE: &str = "beside it";

/// How the cells are laid out.
#[derive(Clone, Copy)]
struct Layout {
    /// The second number of a cell stands below the first.
    stacked: bool,
    beside: bool,
    /// A program's name stands below its demo's.
    one_name: bool,
}

/// In the order in which they are tried.
const LAYOUTS: [Layout; 6] = [
    Layout {
        stacked: false,
        beside: true,
        one_name: false,
    },
    Layout {
        stacked: true,
        beside: true,
        one_name: false,
    },
    Layout {
        stacked: true,
        beside: true,
        one_name: true,
    },
    Layout {
        stacked: false,
        beside: false,
        one_name: false,
    },
    Layout {
        stacked: true,
        beside: false,
        one_name: false,
    },
    Layout {
        stacked: true,
        beside: false,
        one_name: true,
    },
];

impl Matrix {
    /// For a terminal of that width.
    pub(crate) fn shown(&self, width: usize) -> Vec<(Voice, String)> {
        let mut lines = vec![(Voice::Bold, format!(" {}", self.asks.title()))];
        let fits = |lines: &[(Voice, String)]| {
            let widths = lines.iter().map(|(_, line)| line.chars().count());
            widths.max().unwrap_or(0) <= width
        };
        let tried = LAYOUTS.map(|layout| (layout, self.laid_out(layout)));
        let last = tried.len() - 1;
        let chosen = tried.iter().position(|(_, lines)| fits(lines));
        let (layout, rows) = &tried[chosen.unwrap_or(last)];
        lines.extend(rows.iter().cloned());
        if !layout.beside && self.lines.iter().any(|line| !line.beside.is_empty()) {
            let note = "  (a wider terminal shows what stands beside each program)";
            lines.push((Voice::Dim, note.to_owned()));
        }
        lines
    }

    fn laid_out(&self, layout: Layout) -> Vec<(Voice, String)> {
        const RULE: TableStyle = NOTHING.header_separator(LineStyle::none().fill('─'));
        let mut table = Table::new();
        table
            .load_style(RULE)
            .set_content_arrangement(ContentArrangement::Disabled);
        let right = |text: String| TableCell::new(text).set_alignment(CellAlignment::Right);
        let has_beside = layout.beside && self.lines.iter().any(|line| !line.beside.is_empty());
        let columns: Vec<Vec<String>> = (0..self.runtimes.len())
            .map(|at| column(self.lines.iter().map(|line| &line.cells[at]), layout))
            .collect();
        let mut header = vec![TableCell::new(DEMO)];
        header.extend((!layout.one_name).then(|| TableCell::new(PROGRAM)));
        header.extend(
            self.runtimes
                .iter()
                .map(|runtime| right(runtime.name().to_owned())),
        );
        header.extend(has_beside.then(|| TableCell::new(BESIDE)));
        table.set_header(header);

        // Which line of the matrix each line of the table belongs to.
        let mut of = Vec::new();
        let mut demo = "";
        for (at, line) in self.lines.iter().enumerate() {
            let name = if line.demo == demo { "" } else { line.demo };
            demo = line.demo;
            let names = match (layout.one_name, name) {
                (false, _) => vec![name.to_owned(), line.program.to_owned()],
                (true, "") => vec![format!("  {}", line.program)],
                (true, _) => vec![format!("{name}\n  {}", line.program)],
            };
            let mut height = names[0].lines().count();
            let mut row: Vec<_> = names.into_iter().map(TableCell::new).collect();
            row.extend(columns.iter().map(|column| right(column[at].clone())));
            let beside: Vec<_> = line
                .beside
                .iter()
                .map(|(name, cell)| {
                    let number = match layout.stacked {
                        true => cell.first.clone(),
                        false => cell.text(),
                    };
                    format!("{name} {number}")
                })
                .collect();
            let heights = columns.iter().map(|column| column[at].lines().count());
            height = heights.fold(height, usize::max).max(1);
            if has_beside {
                height = height.max(beside.len());
                row.push(TableCell::new(beside.join("\n")));
            }
            of.extend(std::iter::repeat_n(at, height));
            table.add_row(row);
        }

        let mut shown = Vec::new();
        let mut above = None;
        for (at, text) in table.lines().enumerate() {
            let text = text.trim_end().to_owned();
            let Some(&line) = at.checked_sub(2).and_then(|at| of.get(at)) else {
                let voice = if at == 0 { Voice::Bold } else { Voice::Dim };
                shown.push((voice, text));
                continue;
            };
            let line = &self.lines[line];
            // A demo of one line needs no air around it, unless it is of two storeys.
            let airy = self.asks != Asks::Glance || layout.stacked;
            if airy && above.is_some_and(|above| above != line.demo) {
                shown.push((Voice::Plain, String::new()));
            }
            above = Some(line.demo);
            let voice = if line.failed {
                Voice::Red
            } else {
                Voice::Plain
            };
            shown.push((voice, text));
        }
        shown
    }

    pub(crate) fn markdown(&self) -> String {
        let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let mut header = vec![DEMO.to_owned(), PROGRAM.to_owned()];
        header.extend(
            self.runtimes
                .iter()
                .map(|runtime| runtime.name().to_owned()),
        );
        header.push(BESIDE.to_owned());
        let mut rule = vec!["---".to_owned(), "---".to_owned()];
        rule.extend(self.runtimes.iter().map(|_| "--:".to_owned()));
        rule.push("---".to_owned());
        let mut text = row(header) + &row(rule);
        for line in &self.lines {
            let mut cells = vec![line.demo.to_owned(), line.program.to_owned()];
            cells.extend(line.cells.iter().map(Cell::text));
            let beside = line.beside.iter();
            let beside: Vec<_> = beside
                .map(|(name, cell)| format!("{name} {}", cell.text()))
                .collect();
            cells.push(beside.join(", "));
            text += &row(cells);
        }
        text
    }
}

/// A runtime's column: its first numbers one below the other, and so its second ones.
fn column<'a>(cells: impl Iterator<Item = &'a Cell> + Clone, layout: Layout) -> Vec<String> {
    let wide = |text: fn(&Cell) -> &str| {
        let all = cells.clone();
        all.map(|cell| text(cell).chars().count())
            .max()
            .unwrap_or(0)
    };
    let second = wide(|cell| &cell.second);
    cells
        .map(
            |Cell {
                 first,
                 second: more,
             }| match (second, layout.stacked) {
                (0, _) => first.clone(),
                (_, true) if more.is_empty() => first.clone(),
                (_, true) => format!("{first}\n{more}"),
                (second, false) => format!("{first} {more:<second$}"),
            },
        )
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Contender;
    use crate::interruption::Interruption;
    use crate::report::{Measured, Sample};
    use crate::stage::Settings;
    use crate::wishes::Wishes;

    fn report(runs: &[(Program, Runner, &[f64])]) -> Report {
        let settings = Settings {
            time_scale: 1.0,
            seed: 1,
            items: 2,
            wishes: Wishes::usual(1.0),
        };
        let mut report = Report::new(COMPARE_ALL, settings);
        for &(program, runner, seconds) in runs {
            for &wall_s in seconds {
                let sample = Sample {
                    wall_s,
                    cpu_s: wall_s / 2.0,
                    items: None,
                    peak_bytes: Some(3_000_000),
                    latency_s: None,
                    under_load: None,
                };
                let measured = Measured {
                    status: Status::Done,
                    note: None,
                    lines: Vec::new(),
                    items: None,
                    checks: Vec::new(),
                    pictures: Vec::new(),
                    sample: Some(sample),
                };
                report.add(Contender { program, runner }, measured);
            }
        }
        report
    }

    fn count() -> Report {
        report(&[
            (Program::CountSynchronous, Runner::Plain, &[3.0; 5]),
            (
                Program::CountGathered,
                Runner::On(Runtime::KoloCurrent),
                &[0.5; 5],
            ),
            (
                Program::CountGathered,
                Runner::On(Runtime::TokioCurrent),
                &[1.0; 5],
            ),
        ])
    }

    #[test]
    fn a_speed_is_against_tokio_current_which_has_its_time() {
        let matrix = Matrix::of(&count(), Asks::Speed);
        assert_eq!(
            matrix.runtimes,
            [Runtime::KoloCurrent, Runtime::TokioCurrent]
        );
        let [line] = &matrix.lines[..] else {
            panic!("synchronous stands beside, and has no line")
        };
        let cells: Vec<_> = line.cells.iter().map(Cell::text).collect();
        assert_eq!(cells, ["2.00× 2.00–2.00", "1.00 s"]);
        assert_eq!(line.beside[0].0, "synchronous");
        assert_eq!(line.beside[0].1.text(), "0.33× 0.33–0.33");
    }

    #[test]
    fn each_question_has_its_numbers() {
        let cells = |asks| {
            let matrix = Matrix::of(&count(), asks);
            let [line] = &matrix.lines[..] else {
                panic!("one program")
            };
            let beside = line.beside.iter().map(|(_, cell)| cell);
            let all = line.cells.iter().chain(beside);
            all.map(Cell::text).collect::<Vec<_>>()
        };
        assert_eq!(cells(Asks::Cpu), ["250 ms", "500 ms", "1.50 s"]);
        assert_eq!(cells(Asks::Memory), ["3.00 MB", "3.00 MB", "3.00 MB"]);
        assert_eq!(cells(Asks::Glance), ["500 ms 2.00×", "1.00 s", "3.00 s"]);
    }

    #[test]
    fn what_was_cut_short_before_a_runtime_had_its_turn_is_seen() {
        let report = report(&[(Program::CountSynchronous, Runner::Plain, &[3.0])]);
        for asks in [Asks::Speed, Asks::Glance] {
            let matrix = Matrix::of(&report, asks);
            let [line] = &matrix.lines[..] else {
                panic!("one program")
            };
            assert_eq!((line.cells.len(), line.beside.len()), (0, 1));
        }
    }

    #[test]
    fn a_narrow_terminal_has_the_second_number_below_and_then_no_beside() {
        let lines = |width| {
            let shown = Matrix::of(&count(), Asks::Speed).shown(width).into_iter();
            shown.map(|(_, line)| line).collect::<Vec<_>>()
        };
        let wide = lines(120);
        assert!(wide[1].ends_with("beside it"), "{}", wide[1]);
        assert!(wide[3].contains("2.00× 2.00–2.00"), "{}", wide[3]);
        assert_eq!(wide.len(), 4);
        let narrow = lines(75);
        assert!(narrow[1].ends_with("beside it"), "{}", narrow[1]);
        assert!(!narrow[3].contains("2.00–2.00  "), "{}", narrow[3]);
        assert!(narrow[4].contains("2.00–2.00"), "{}", narrow[4]);
        let narrower = lines(50);
        assert!(narrower[1].ends_with("tokio-current"), "{}", narrower[1]);
        assert!(narrower.iter().any(|line| line.contains("wider terminal")));
    }

    #[test]
    fn every_program_of_every_demo_fits_80_columns() {
        let mut runs = Vec::new();
        for part in Demo::all().flat_map(|demo| demo.chapter().parts) {
            if part.runs_on == RunsOn::Runtimes {
                let all = Runtime::ALL.into_iter().enumerate();
                // Numbers as wide as they become, and an interval.
                runs.extend(all.map(|(at, runtime)| {
                    let seconds: &[f64] = [&[0.111; 5], &[0.0111; 5], &[0.222; 5], &[0.444; 5]][at];
                    (part.program, Runner::On(runtime), seconds)
                }));
            }
        }
        for asks in [Asks::Glance, Asks::Speed, Asks::Cpu, Asks::Memory] {
            let shown = Matrix::of(&report(&runs), asks).shown(80);
            for (_, line) in &shown[1..] {
                assert!(line.chars().count() <= 80, "{asks:?}: {line}");
            }
            let loops = shown
                .iter()
                .skip_while(|(_, line)| line != " loop" && !line.starts_with(" loop "));
            assert!(loops.count() > 4, "{asks:?}: {shown:?}");
        }
    }

    #[test]
    fn where_nothing_was_measured_it_is_said_why() {
        let mut report = report(&[]);
        assert!(Matrix::of(&report, Asks::Speed).lines.is_empty());
        report.interrupt(Interruption::CtrlC);
        let lines = crate::table::no_rows(&report, 80).into_iter();
        let lines: Vec<_> = lines.map(|(_, line)| line).collect();
        let why = "  Ctrl-C: this is what there was until then";
        assert_eq!(lines, ["  no rows", why]);
    }

    #[test]
    fn a_line_for_whoever_watches() {
        assert_eq!(
            in_a_line(&count(), Demo::Count)
                .map(|line| line.replace(UNBROKEN, " "))
                .as_deref(),
            Some("gathered: kolo-current 500 ms · tokio-current 1.00 s · synchronous 3.00 s")
        );
        assert_eq!(in_a_line(&count(), Demo::Fib), None);
    }

    #[test]
    fn markdown_has_a_line_for_each_program() {
        let text = Matrix::of(&count(), Asks::Speed).markdown();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "| demo | program | kolo-current | tokio-current | beside it |",
                "| --- | --- | --: | --: | --- |",
                "| count | gathered | 2.00× 2.00–2.00 | 1.00 s | synchronous 0.33× 0.33–0.33 |",
            ]
        );
    }
}
