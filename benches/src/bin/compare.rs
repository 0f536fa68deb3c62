//! **How does kolo compare, here and now?** Runs the rows of `ROWS.json` on the
//! runtimes in turn, each time in a fresh process, and judges them.
//!
//! ```text
//! cargo run --release -p kolo-benches --bin compare
//! ```
//!
//! The table goes to stdout, progress to stderr if that is a terminal. The same
//! binary is also the child: `--one ROW --rt NAME` does one row once and prints
//! one line of JSON.
//!
//! Read next: `contest.rs`, who runs when; `verdict.rs`, what is concluded.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use kolo_benches::alloc::CountingAlloc;
use kolo_benches::contenders::{self, Contender};
use kolo_benches::contest::{Contest, Outcome};
use kolo_benches::libraries::{Flavour, kolo, tokio};
use kolo_benches::machine::Machine;
use kolo_benches::reading::Sizes;
use kolo_benches::report::{Finding, Report, RowReport};
use kolo_benches::rows::{Row, Rows};
use kolo_benches::table;

// For the rows about bytes; see its header for what it costs the others.
#[global_allocator]
static COUNTED: CountingAlloc = CountingAlloc;

const EXAMPLES: &str = "\
Examples:
  compare                                  every row, in about ten minutes
  compare --quick                          a first look, in about three
  compare --rows yield,spawn-join --runs 31
  compare --rt kolo-current,tokio-current,smol --rows loop-mpsc
  compare --check --export-markdown TABLE.md
  compare --list                           the rows, their targets and floors

Exit codes:
  0  no row is behind (with --check: and every target is met)
  1  a row is behind or broke down (with --check: or a target is missed)
  2  the command line is wrong
  3  what was asked for by name can't run here";

/// Compares runtimes row by row: ratios of paired runs, with their intervals.
#[derive(Debug, Parser)]
#[command(name = "compare", after_help = EXAMPLES)]
struct Arguments {
    /// The runtimes: ours, the peer it is judged against, others to be shown
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        default_value = "kolo-current,tokio-current"
    )]
    rt: Vec<Contender>,

    /// Only these rows
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = row_names())]
    rows: Vec<String>,

    /// Rounds of each row whose cost varies, instead of what ROWS.json says
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    runs: Option<u16>,

    /// Three rounds: for a look, not for a claim
    #[arg(long, conflicts_with = "runs")]
    quick: bool,

    /// Also fail if a target is missed
    #[arg(long)]
    check: bool,

    /// What stdout gets
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,

    /// Also write the whole report, every reading included, as JSON
    #[arg(long, value_name = "FILE")]
    export_json: Option<PathBuf>,

    /// Also write the table with machine, date and command, as markdown
    #[arg(long, value_name = "FILE")]
    export_markdown: Option<PathBuf>,

    /// List the rows and end
    #[arg(long)]
    list: bool,

    /// Do this row once, on the one runtime named, and print a line of JSON
    #[arg(long, hide = true, value_name = "ROW", value_parser = row_names())]
    one: Option<String>,

    /// Operations of the row done once
    #[arg(long, hide = true, requires = "one")]
    size: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

fn row_names() -> PossibleValuesParser {
    PossibleValuesParser::new(Rows::load().rows.into_iter().map(|row| row.name))
}

fn main() -> ExitCode {
    kolo_load::be_client_if_asked();
    let arguments = Arguments::parse();
    let rows = Rows::load();
    if arguments.list {
        anstream::println!("{}", table::list(&rows));
        return ExitCode::SUCCESS;
    }
    if let Some(name) = &arguments.one {
        let row = rows.find(name).expect("clap knows the rows");
        return one(row, &arguments);
    }

    if let Err(said) = check_contenders(&arguments.rt) {
        Arguments::command()
            .error(ErrorKind::ValueValidation, said)
            .exit();
    }
    if let Err(said) = arguments
        .rt
        .iter()
        .try_for_each(|&contender| can_be_built(contender))
    {
        anstream::eprintln!("error: {said}");
        return ExitCode::from(3);
    }
    if cfg!(debug_assertions) {
        anstream::eprintln!("warning: not built with --release: these numbers mean nothing");
    }

    let report = match compare(rows, &arguments) {
        Ok(report) => report,
        Err(error) => {
            anstream::eprintln!("error: can't find this program to start it again: {error}");
            return ExitCode::from(3);
        }
    };
    match arguments.format {
        Format::Human => anstream::println!("{}", table::human(&report)),
        Format::Json => println!("{}", json(&report)),
    }
    let exports = [
        (&arguments.export_json, json as fn(&Report) -> String),
        (&arguments.export_markdown, table::markdown),
    ];
    for (file, written) in exports {
        let Some(file) = file else { continue };
        if let Err(error) = fs::write(file, written(&report) + "\n") {
            anstream::eprintln!("error: {}: {error}", file.display());
            return ExitCode::from(3);
        }
    }
    exit_code(&report, &arguments)
}

/// The child's part.
fn one(row: &Row, arguments: &Arguments) -> ExitCode {
    let &[contender] = &arguments.rt[..] else {
        Arguments::command()
            .error(
                ErrorKind::ValueValidation,
                "--one takes exactly one name in --rt",
            )
            .exit();
    };
    let measured = arguments.size.unwrap_or(row.size);
    // Two sizes taken from each other need no warm-up.
    let warm_up = if row.cost.is_difference() {
        0
    } else {
        row.warm_up
    };
    let sizes = Sizes { warm_up, measured };
    let answer = contenders::run(&row.name, contender, sizes);
    println!(
        "{}",
        serde_json::to_string(&answer).expect("an answer is plain data")
    );
    ExitCode::SUCCESS
}

fn check_contenders(contenders: &[Contender]) -> Result<(), String> {
    if contenders.len() < 2 {
        return Err("--rt takes two runtimes or more: one alone compares with nothing".into());
    }
    if contenders.contains(&Contender::Floor) {
        return Err("the floor takes part in every row that has one, and is not named".into());
    }
    for (place, contender) in contenders.iter().enumerate() {
        if contenders[..place].contains(contender) {
            return Err(format!("{contender} is named twice in --rt"));
        }
    }
    Ok(())
}

/// A runtime asked for by name has to exist.
fn can_be_built(contender: Contender) -> Result<(), String> {
    match contender {
        Contender::KoloCurrent => kolo::row::build(Flavour::Current).map(drop),
        Contender::KoloMulti => kolo::row::build(Flavour::Multi).map(drop),
        Contender::TokioCurrent => tokio::row::build(Flavour::Current).map(drop),
        Contender::TokioMulti => tokio::row::build(Flavour::Multi).map(drop),
        Contender::Smol | Contender::Floor => Ok(()),
    }
    .map_err(|error| format!("{contender} can't be built: {error}"))
}

fn compare(rows: Rows, arguments: &Arguments) -> std::io::Result<Report> {
    let machine = Machine::here();
    let contest = Contest {
        program: std::env::current_exe()?,
        contenders: arguments.rt.clone(),
    };
    let asked = if arguments.quick {
        Some(3)
    } else {
        arguments.runs.map(usize::from)
    };
    let chosen: Vec<Row> = rows
        .rows
        .into_iter()
        .filter(|row| arguments.rows.is_empty() || arguments.rows.contains(&row.name))
        .map(|mut row| {
            if arguments.quick {
                row.size = row.quick.unwrap_or(row.size);
            }
            row
        })
        .collect();
    // Readings that another row has taken in this comparison are not taken again.
    let shared = |row: &Row| {
        let name = row.same_as.as_ref()?;
        chosen.iter().position(|other| other.name == *name)
    };

    let processes: usize = chosen
        .iter()
        .filter(|row| shared(row).is_none())
        .map(|row| contest.processes(row, row.rounds(asked)))
        .sum();
    // Draws on stderr, and only if that is a terminal.
    let progress = ProgressBar::new(processes as u64);
    let style = "{bar:30} {pos}/{len} {msg} (about {eta} left)";
    progress.set_style(ProgressStyle::with_template(style).expect("a fixed template"));

    let mut outcomes: Vec<Outcome> = Vec::new();
    let mut before = 0;
    for row in &chosen {
        if let Some(place) = shared(row) {
            outcomes.push(outcomes[place].clone());
            continue;
        }
        let rounds = row.rounds(asked);
        outcomes.push(contest.hold(row, rounds, |contender| {
            progress.set_message(format!("{} on {contender}", row.name));
            progress.inc(1);
        }));
        // A row that was skipped, or lost a program, took fewer than planned.
        before += contest.processes(row, rounds) as u64;
        progress.set_position(before);
    }
    progress.finish_and_clear();
    let found = chosen.into_iter().zip(outcomes);
    let found = found
        .map(|(row, outcome)| RowReport::new(row, outcome))
        .collect();
    Ok(Report::new(arguments.rt.clone(), found, machine))
}

fn json(report: &Report) -> String {
    serde_json::to_string_pretty(report).expect("a report is plain data")
}

fn exit_code(report: &Report, arguments: &Arguments) -> ExitCode {
    if report.behind().next().is_some() || report.failed().next().is_some() {
        return ExitCode::FAILURE;
    }
    if arguments.check && report.missed().next().is_some() {
        return ExitCode::FAILURE;
    }
    let by_name = !arguments.rows.is_empty();
    if by_name
        && report
            .rows
            .iter()
            .any(|row| matches!(row.finding, Finding::Skipped(_)))
    {
        return ExitCode::from(3);
    }
    ExitCode::SUCCESS
}
