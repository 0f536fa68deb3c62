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

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, ValueEnum, value_parser};
use indicatif::{ProgressBar, ProgressStyle};
use kolo_benches::alloc::CountingAlloc;
use kolo_benches::contenders::{self, Contender, WORKERS};
use kolo_benches::contest::{Contest, Outcome};
use kolo_benches::libraries::{Flavour, kolo, tokio};
use kolo_benches::machine::Machine;
use kolo_benches::matrix::Matrix;
use kolo_benches::reading::{Setting, Sizes};
use kolo_benches::report::{Finding, Report, RowReport};
use kolo_benches::rows::{Cost, Kind, Row, Rows};
use kolo_benches::table;

// For the rows about bytes; see its header for what it costs the others.
#[global_allocator]
static COUNTED: CountingAlloc = CountingAlloc;

const EXAMPLES: &str = "\
Examples (in a clone, `cargo run --release -p kolo-benches --bin compare --` stands for `compare`):
  compare                                  every row, in about ten minutes
  compare --quick                          a first look, in about three
  compare --rows yield,spawn-join --runs 31
  compare --rt kolo-current,tokio-current,smol --rows loop-mpsc
  compare --rt kolo-multi,tokio-multi      executors of many threads, two workers each
  compare --workers 1,2,4,8,16             the same at each number of workers, one table
  compare --check --export-markdown TABLE.md
  compare --list                           the rows, their targets and floors

Exit codes:
  0  no row is behind (with --check: and every target is met)
  1  a row is behind or broke down (with --check: or a target is missed)
  2  the command line is wrong
  3  what was asked for by name can't run here, or a file can't be written";

/// Compares runtimes row by row: ratios of paired runs, with their intervals.
#[derive(Debug, Parser)]
#[command(name = "compare", after_help = EXAMPLES)]
struct Arguments {
    /// The runtimes: ours, the peer it is judged against, others to be shown [default:
    /// kolo-current,tokio-current; with --workers kolo-multi,tokio-multi]
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    rt: Vec<Contender>,

    /// How many workers kolo-multi and tokio-multi have, two if nothing is said; several
    /// numbers make one table of ratios
    #[arg(
        long,
        value_name = "NUMBERS",
        value_delimiter = ',',
        value_parser = value_parser!(u16).range(1..=1024)
    )]
    workers: Vec<u16>,

    /// Only these rows, instead of all that are asked of the first runtime's kind
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = row_names())]
    rows: Vec<String>,

    /// Rounds of each row whose cost varies, instead of what ROWS.json says
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(1..=1000))]
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

    /// Operations of each row, instead of what ROWS.json says
    #[arg(long, hide = true, value_parser = value_parser!(u64).range(1..))]
    size: Option<u64>,

    /// Messages a second, of a row in which that is fixed
    #[arg(long, hide = true, requires = "one", value_parser = value_parser!(u64).range(1..))]
    rate: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

fn row_names() -> PossibleValuesParser {
    PossibleValuesParser::new(Rows::load().rows.into_iter().map(|row| row.name))
}

/// What came of it: one number of workers, or several.
enum Told {
    One(Box<Report>),
    Several(Matrix),
}

fn main() -> ExitCode {
    kolo_load::be_client_if_asked();
    let mut arguments = Arguments::parse();
    let rows = Rows::load();
    if arguments.list {
        anstream::println!("{}", table::list(&rows));
        return ExitCode::SUCCESS;
    }
    if let Some(name) = &arguments.one {
        let row = rows.find(name).expect("clap knows the rows");
        return one(row, &arguments);
    }

    if arguments.rt.is_empty() {
        arguments.rt = if arguments.workers.is_empty() {
            vec![Contender::KoloCurrent, Contender::TokioCurrent]
        } else {
            vec![Contender::KoloMulti, Contender::TokioMulti]
        };
    }
    if let Err(said) = check_contenders(&arguments.rt).and_then(|()| check_workers(&arguments)) {
        wrong(said);
    }
    let most = arguments.workers.iter().copied().map(usize::from).max();
    let buildable = |&contender: &Contender| can_be_built(contender, most.unwrap_or(WORKERS));
    if let Err(said) = arguments.rt.iter().try_for_each(buildable) {
        anstream::eprintln!("error: {said}");
        return ExitCode::from(3);
    }
    // Before ten minutes of measuring, not after them.
    for file in [&arguments.export_json, &arguments.export_markdown] {
        let Some(file) = file else { continue };
        let opened = OpenOptions::new().append(true).create(true).open(file);
        if let Err(error) = opened {
            return unwritable(file, &error);
        }
    }
    if cfg!(debug_assertions) {
        anstream::eprintln!("warning: not built with --release: these numbers mean nothing");
    }

    let told = match compare(rows, &arguments) {
        Ok(told) => told,
        Err(error) => {
            anstream::eprintln!("error: can't find this program to start it again: {error}");
            return ExitCode::from(3);
        }
    };
    match arguments.format {
        Format::Human => anstream::println!("{}", told.human()),
        Format::Json => println!("{}", told.json()),
    }
    let exports = [
        (&arguments.export_json, Told::json as fn(&Told) -> String),
        (&arguments.export_markdown, Told::markdown),
    ];
    for (file, written) in exports {
        let Some(file) = file else { continue };
        if let Err(error) = fs::write(file, written(&told) + "\n") {
            return unwritable(file, &error);
        }
    }
    exit_code(told.reports(), &arguments)
}

fn unwritable(file: &Path, error: &io::Error) -> ExitCode {
    anstream::eprintln!("error: cannot write {}: {error}", file.display());
    ExitCode::from(3)
}

/// Ends for a command line that makes no sense.
fn wrong(said: impl std::fmt::Display) -> ! {
    Arguments::command()
        .error(ErrorKind::ValueValidation, said)
        .exit()
}

/// The child's part.
fn one(row: &Row, arguments: &Arguments) -> ExitCode {
    let &[contender] = &arguments.rt[..] else {
        wrong("--one takes exactly one name in --rt");
    };
    if row.rate_of.is_some() && arguments.rate.is_none() {
        wrong("--one takes a --rate for this row");
    }
    let measured = arguments.size.unwrap_or(row.size);
    // Two sizes taken from each other need no warm-up.
    let warm_up = if row.cost == Cost::Callgrind {
        0
    } else {
        row.warm_up.min(measured)
    };
    let setting = Setting {
        sizes: Sizes { warm_up, measured },
        workers: arguments.workers.first().copied().map(usize::from),
        rate: arguments.rate,
    };
    let answer = contenders::run(&row.name, contender, setting);
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

fn check_workers(arguments: &Arguments) -> Result<(), String> {
    let Arguments { workers, rt, .. } = arguments;
    let multi = |contender: &Contender| Kind::of(*contender) == Kind::Multi;
    if !workers.is_empty() && !rt.iter().any(multi) {
        return Err("--workers is about kolo-multi and tokio-multi: name them in --rt".into());
    }
    for (place, number) in workers.iter().enumerate() {
        if workers[..place].contains(number) {
            return Err(format!("{number} is named twice in --workers"));
        }
    }
    Ok(())
}

/// A runtime asked for by name has to exist.
fn can_be_built(contender: Contender, workers: usize) -> Result<(), String> {
    let multi = Flavour::Multi(workers);
    match contender {
        Contender::KoloCurrent => kolo::row::build(Flavour::Current).map(drop),
        Contender::KoloMulti => kolo::row::build(multi).map(drop),
        Contender::TokioCurrent => tokio::row::build(Flavour::Current).map(drop),
        Contender::TokioMulti => tokio::row::build(multi).map(drop),
        Contender::Smol | Contender::Floor => Ok(()),
    }
    .map_err(|error| format!("{contender} can't be built: {error}"))
}

fn compare(rows: Rows, arguments: &Arguments) -> std::io::Result<Told> {
    let machine = Machine::here();
    let kind = Kind::of(arguments.rt[0]);
    let numbers: Vec<Option<usize>> = match (&arguments.workers[..], kind) {
        ([], Kind::Current) => vec![None],
        ([], Kind::Multi) => vec![Some(WORKERS)],
        (numbers, _) => numbers.iter().map(|&number| Some(number.into())).collect(),
    };
    let program = std::env::current_exe()?;
    let contests: Vec<Contest> = numbers
        .iter()
        .map(|&workers| Contest {
            program: program.clone(),
            contenders: arguments.rt.clone(),
            workers,
            // A table of ratios has no room for them.
            floors: numbers.len() == 1,
            // A look is to be short.
            takes_again: !arguments.quick,
        })
        .collect();
    let asked = if arguments.quick {
        Some(3)
    } else {
        arguments.runs.map(usize::from)
    };
    let sized = |row: &Row| {
        let quick = row.quick.filter(|_| arguments.quick);
        Row {
            size: arguments.size.or(quick).unwrap_or(row.size),
            ..row.clone()
        }
    };
    let wanted = |row: &&Row| match &arguments.rows[..] {
        [] => row.aim(kind).is_some(),
        names => names.contains(&row.name),
    };
    let chosen: Vec<Row> = rows.rows.iter().filter(wanted).map(sized).collect();
    // Readings that another row has taken in this comparison are not taken again.
    let shared = |row: &Row| {
        let name = row.same_as.as_ref()?;
        chosen.iter().position(|other| other.name == *name)
    };

    let processes = |row: &Row, contest: &Contest| contest.processes(row, row.rounds(asked)) as u64;
    let own = chosen.iter().filter(|row| shared(row).is_none());
    let all = own.flat_map(|row| contests.iter().map(move |contest| processes(row, contest)));
    // Draws on stderr, and only if that is a terminal.
    let progress = ProgressBar::new(all.sum());
    let style = "{bar:30} {pos}/{len} {msg} (about {eta} left)";
    progress.set_style(ProgressStyle::with_template(style).expect("a fixed template"));

    // By number of workers, then by row: what came of it, and at which rate.
    let mut found: Vec<Vec<(Outcome, Option<u64>)>> = vec![Vec::new(); contests.len()];
    let mut before = 0;
    for row in &chosen {
        for (contest, found) in contests.iter().zip(&mut found) {
            if let Some(place) = shared(row) {
                found.push(found[place].clone());
                continue;
            }
            let of = row.rate_of.as_ref().and_then(|name| rows.find(name));
            progress.set_message(row.name.clone());
            let rate = of.map(|of| contest.half_rate(&sized(of))).transpose();
            found.push(match rate {
                Err(outcome) => (outcome, None),
                Ok(rate) => {
                    let with = contest.workers.filter(|_| contests.len() > 1);
                    let with = with.map_or_else(String::new, |n| format!(" with {n}"));
                    let step = |contender| {
                        progress.set_message(format!("{} on {contender}{with}", row.name));
                        progress.inc(1);
                    };
                    (contest.hold(row, row.rounds(asked), rate, step), rate)
                }
            });
            // A row that was skipped, or lost a program, took fewer than planned.
            before += processes(row, contest);
            progress.set_position(before);
        }
    }
    progress.finish_and_clear();

    // A mean of a few rows is another mean.
    let least = rows
        .mean_without_io
        .of(kind)
        .filter(|_| arguments.rows.is_empty());
    let mut reports: Vec<Report> = contests
        .into_iter()
        .zip(found)
        .map(|(contest, found)| {
            let workers = contest.workers;
            let lines = chosen.iter().cloned().zip(found);
            let lines =
                lines.map(|(row, (outcome, rate))| RowReport::new(row, outcome, workers, rate));
            Report::new(
                contest.contenders,
                workers,
                lines.collect(),
                machine.clone(),
            )
            .to_reach(least)
        })
        .collect();
    Ok(match reports.len() {
        1 => Told::One(Box::new(reports.remove(0))),
        _ => Told::Several(Matrix::new(reports)),
    })
}

impl Told {
    fn reports(&self) -> &[Report] {
        match self {
            Told::One(report) => std::slice::from_ref(report),
            Told::Several(matrix) => &matrix.by_workers,
        }
    }

    fn human(&self) -> String {
        match self {
            Told::One(report) => table::human(report),
            Told::Several(matrix) => matrix.human(),
        }
    }

    fn markdown(&self) -> String {
        match self {
            Told::One(report) => table::markdown(report),
            Told::Several(matrix) => matrix.markdown(),
        }
    }

    fn json(&self) -> String {
        match self {
            Told::One(report) => serde_json::to_string_pretty(report),
            Told::Several(matrix) => serde_json::to_string_pretty(matrix),
        }
        .expect("a report is plain data")
    }
}

fn exit_code(reports: &[Report], arguments: &Arguments) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for report in reports {
        if report.behind().next().is_some() || report.failed().next().is_some() {
            return ExitCode::FAILURE;
        }
        let missed = report.missed().next().is_some() || report.mean_met() == Some(false);
        if arguments.check && missed {
            return ExitCode::FAILURE;
        }
        let skipped = |row: &RowReport| matches!(row.finding, Finding::Skipped(_));
        if !arguments.rows.is_empty() && report.rows.iter().any(skipped) {
            code = ExitCode::from(3);
        }
    }
    code
}
