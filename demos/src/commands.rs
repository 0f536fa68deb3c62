//! **What does each command do?** `run` plays one demo once, with all its lines;
//! `compare` measures it, or all of them; without a command, the tour plays every demo in
//! a short setting. All three end in [`conclude`]: the table, the exports, the exit code.
//!
//! Read next: `playbill.rs`.

use std::cell::OnceCell;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap_complete::Shell;

use crate::catalogue::{Demo, Runner};
use crate::cli::{Comparison, DemoName, Format, Options};
use crate::console::{Console, Manner, Voice};
use crate::matrix::{Asks, COMPARE_ALL, Matrix, TOUR};
use crate::picture::{Plate, plates, svg, text};
use crate::playbill::Playbill;
use crate::report::{Report, Status};
use crate::runtimes::Runtime;
use crate::session::Session;
use crate::stage::{Dice, Settings, thousands};
use crate::wishes::Wishes;
use crate::{arguments, explain, export, machine, matrix, page, table, under_load};

/// How often the tour runs each contender of `loop`, if there is time.
const TOUR_ROUNDS: u32 = 3;

/// The pace of the tour and of comparisons, where none is asked for.
const BRISK: f64 = 0.05;

/// What `--time-scale` multiplies where all demos are run.
const ALL_SCALED: &str = "waits and work";

/// How many seconds of load an echo server gets there.
const A_MOMENT: f64 = 0.3;

/// The exit codes, as `--help` lists them.
const DONE: u8 = 0;
const FAILED: u8 = 1;
const CANNOT_RUN: u8 = 3;

pub(crate) fn run(options: &Options, named: &DemoName) -> ! {
    let demo = named.demo();
    let settings = settings(options, named.wishes(1.0), 1.0);
    if settings.wishes.city.serve && options.format == Format::Json {
        arguments::refuse("--serve is for people: --format json would not say where it serves");
    }
    let playbill = start("run", options, settings, None);
    heading(&playbill.session.console, demo, &playbill.settings);
    say_scale(&playbill, demo);
    say_how_long(&playbill, demo);
    playbill.play(demo, 1, |_| Manner::Full);
    show_pictures(&playbill, demo);
    playbill.session.end()
}

pub(crate) fn tour(options: &Options) -> ! {
    let settings = settings(options, Wishes::usual(A_MOMENT), BRISK);
    let playbill = start(TOUR, options, settings, None);
    let (console, settings) = (&playbill.session.console, &playbill.settings);
    let scale = settings.time_scale;
    console.write(
        Voice::Dim,
        &format!("The course in a short setting ({ALL_SCALED} × {scale})"),
    );
    console.write(
        Voice::Dim,
        &format!("on {}.", machine::Machine::this().line()),
    );
    for demo in Demo::all() {
        console.write(Voice::Plain, "");
        heading(console, demo, settings);
        let first = playbill
            .runtimes
            .iter()
            .copied()
            .find(|runtime| runtime.available().is_ok());
        if demo == Demo::Loop {
            let actions = thousands(settings.items);
            console.write(
                Voice::Plain,
                &format!("Running standard loop with {actions} actions."),
            );
        }
        // One runtime is seen; the others run the same text, and stand in the table.
        playbill.play(demo, TOUR_ROUNDS, |runner| match runner {
            Runner::Plain => Manner::Digest,
            Runner::On(runtime) if Some(runtime) == first => Manner::Digest,
            _ => Manner::Silent,
        });
        show_pictures(&playbill, demo);
        let outcome = matrix::in_a_line(&playbill.session.report(), demo);
        if let Some(outcome) = outcome {
            console.write(Voice::Plain, "");
            for (voice, line) in table::notes(vec![(Voice::Bold, outcome)], width()) {
                console.write(voice, &line);
            }
        }
    }
    playbill.session.end()
}

/// Measures one demo, or, where none is named, all of them.
pub(crate) fn compare(options: &Options, how: &Comparison, named: Option<&DemoName>) -> ! {
    let wishes = named.map_or_else(|| Wishes::usual(A_MOMENT), |named| named.wishes(A_MOMENT));
    if wishes.city.serve {
        arguments::refuse("--serve goes on until Ctrl-C: it is for `demos run city`");
    }
    let settings = settings(options, wishes, BRISK);
    let command = match named {
        Some(_) => "compare",
        None => COMPARE_ALL,
    };
    let playbill = start(command, options, settings, Some(how));
    let console = &playbill.session.console;
    let scaled = match named {
        Some(named) => {
            heading(console, named.demo(), &playbill.settings);
            playbill.scaled(named.demo())
        }
        None => {
            console.write(Voice::Bold, "All demos, on every runtime");
            Some(ALL_SCALED)
        }
    };
    playbill.say_how_it_is_measured(how.runs, scaled);
    let Some(named) = named else {
        say_how_long_all(&playbill, how.runs);
        for demo in Demo::all() {
            let began = Instant::now();
            heading(console, demo, &playbill.settings);
            playbill.measure(demo, how.runs);
            let took = table::duration(began.elapsed().as_secs_f64());
            console.write(Voice::Dim, &format!("  measured in {}", took.trim_end()));
        }
        playbill.session.end()
    };
    playbill.measure(named.demo(), how.runs);
    playbill.session.end()
}

pub(crate) fn explain(options: &Options, demo: Demo) {
    let console = Console::new(options.format == Format::Json);
    if options.format == Format::Json {
        let lesson = explain::document(demo);
        console.document(&serde_json::to_string_pretty(&lesson).expect("plain data"));
    }
    explain::tell(&console, demo, width());
}

pub(crate) fn completions(shell: Shell) {
    let mut script = Vec::new();
    clap_complete::generate(
        shell,
        &mut arguments::without_hidden(),
        "demos",
        &mut script,
    );
    let script = String::from_utf8(script).expect("made of strings");
    Console::new(true).document(script.trim_end());
}

/// What every command has at its start: a session that answers to Ctrl-C and its like.
fn start(
    command: &'static str,
    options: &Options,
    settings: Settings,
    exports: Option<&Comparison>,
) -> Playbill {
    let exports = exports_of(options, exports);
    // All names before any file: what is refused leaves none behind.
    for (at, (path, _)) in exports.iter().enumerate() {
        if exports[..at].iter().any(|(other, _)| other == path) {
            let path = path.display();
            arguments::refuse(&format!(
                "{path} is named twice: each result has its own file"
            ));
        }
    }
    for (path, _) in &exports {
        if let Err(error) = export::writable(path) {
            eprintln!("demos: {error}");
            std::process::exit(FAILED.into());
        }
    }
    let json = options.format == Format::Json;
    let console = Arc::new(Console::new(json));
    let asked = options.clone();
    let session = Session::start(
        console,
        Report::new(command, settings.clone()),
        move |session, report| conclude(session, report, &asked, &exports),
    );
    let mut runtimes = Vec::new();
    for runtime in options.rt.as_deref().unwrap_or(&Runtime::ALL) {
        if !runtimes.contains(runtime) {
            runtimes.push(*runtime);
        }
    }
    let python_path = options
        .python
        .clone()
        .unwrap_or_else(|| PathBuf::from("python3"));
    Playbill {
        session,
        settings,
        runtimes,
        python_path,
        python: OnceCell::new(),
        began: Instant::now(),
    }
}

/// A file that was asked for, and what is to stand in it.
type Export = (PathBuf, Text);
type Text = fn(&Report) -> String;

fn exports_of(options: &Options, how: Option<&Comparison>) -> Vec<Export> {
    let [json, markdown] = match how {
        Some(how) => [how.export_json.as_ref(), how.export_markdown.as_ref()],
        None => [None; 2],
    };
    let exports: [(Option<&PathBuf>, Text); 4] = [
        (json, export::json),
        (markdown, export::markdown),
        (options.svg.as_ref(), |report| {
            svg::document(&all_plates(report))
        }),
        (options.html.as_ref(), page::html),
    ];
    let asked = exports.into_iter();
    asked
        .filter_map(|(path, text)| Some((path?.clone(), text)))
        .collect()
}

fn all_plates(report: &Report) -> Vec<Plate> {
    Demo::all().flat_map(|demo| plates(report, demo)).collect()
}

/// What the demo's programs drew, now that all of them have run.
fn show_pictures(playbill: &Playbill, demo: Demo) {
    let plates = plates(&playbill.session.report(), demo);
    for plate in plates {
        playbill.session.console.write(Voice::Plain, "");
        for line in text::lines(&plate, width()) {
            playbill.session.console.paint(&line);
        }
    }
}

/// A line on what is coming.
fn heading(console: &Console, demo: Demo, settings: &Settings) {
    let chapter = demo.chapter();
    let seed = match chapter.throws_dice {
        true => format!("  (seed {})", settings.seed),
        false => String::new(),
    };
    console.write(
        Voice::Bold,
        &format!("{}: {}{seed}", chapter.name, chapter.question),
    );
}

/// What there is less of than in the course, or more.
fn say_scale(playbill: &Playbill, demo: Demo) {
    let scale = playbill.settings.time_scale;
    if let Some(scaled) = playbill.scaled(demo).filter(|_| scale != 1.0) {
        let line = format!("At another pace than the course's: {scaled} × {scale}.");
        playbill.session.console.write(Voice::Dim, &line);
    }
}

fn say_how_long(playbill: &Playbill, demo: Demo) {
    let seconds = playbill.seconds(demo);
    if seconds > 15.0 {
        let about = humantime::format_duration(Duration::from_secs(seconds as u64));
        let hint = format!(
            "This takes about {about}; --time-scale 0.1 takes a tenth of the course's pace."
        );
        playbill.session.console.write(Voice::Dim, &hint);
    }
}

/// The same for a comparison of all demos, some of which say no time of theirs.
fn say_how_long_all(playbill: &Playbill, runs: u32) {
    let once: f64 = Demo::all().map(|demo| playbill.seconds(demo)).sum();
    let seconds = once * f64::from(runs);
    if seconds > 15.0 {
        let least = humantime::format_duration(Duration::from_secs(seconds as u64));
        let hint = format!(
            "This takes {least} at least; fewer --runs or a smaller --time-scale take less."
        );
        playbill.session.console.write(Voice::Dim, &hint);
    }
}

fn settings(options: &Options, wishes: Wishes, time_scale: f64) -> Settings {
    let fresh = || {
        Dice::new(std::process::id().into())
            .next()
            .wrapping_add(now_nanos())
            % 100_000
    };
    Settings {
        time_scale: options.time_scale.unwrap_or(time_scale),
        seed: options.seed.unwrap_or_else(fresh),
        items: options.items,
        wishes,
    }
}

fn now_nanos() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |since| since.subsec_nanos().into())
}

/// Shows the report, writes what is to be exported, and says with which exit code to
/// leave.
fn conclude(session: &Session, report: &Report, options: &Options, exports: &[Export]) -> u8 {
    let console = &session.console;
    match options.format {
        Format::Json => console.document(&export::json(report)),
        Format::Human => {
            console.write(Voice::Plain, "");
            let lines = match matrix::questions(report) {
                [] => table::lines(report, width()),
                questions => matrices(report, questions),
            };
            for (voice, line) in lines {
                console.write(voice, &line);
            }
        }
    }
    let mut code = exit_code(report, options);
    for (path, text) in exports {
        match export::write(path, &text(report)) {
            Ok(()) => console.write(Voice::Dim, &format!("  written: {}", path.display())),
            Err(error) => {
                eprintln!("demos: {error}");
                code = FAILED;
            }
        }
    }
    code
}

/// Every demo in a line of its own, once for each question.
fn matrices(report: &Report, questions: &[Asks]) -> Vec<(Voice, String)> {
    let mut lines = Vec::new();
    for &asks in questions {
        let matrix = Matrix::of(report, asks);
        if matrix.lines.is_empty() {
            return table::no_rows(report, width());
        }
        // In a file nothing needs to fit.
        lines.extend(matrix.shown(terminal_width().unwrap_or(usize::MAX)));
        lines.push((Voice::Plain, String::new()));
    }
    // The blank line that parts it from a table stands there already.
    let loads = under_load::lines(report, width()).into_iter().skip(1);
    let before = lines.len();
    lines.extend(loads);
    if lines.len() > before {
        lines.push((Voice::Plain, String::new()));
    }
    let mut notes = table::peculiarities(report);
    notes.extend(table::standing(report));
    if report.command == TOUR {
        let more = "Each demo has one program here: demos run <demo> shows the others, \
demos compare <demo> measures them, demos explain <demo> says what to learn from it \
(in a clone, cargo run --release -- stands for demos).";
        notes.push((Voice::Dim, more.to_owned()));
    }
    lines.extend(table::notes(notes, width()));
    lines
}

fn exit_code(report: &Report, options: &Options) -> u8 {
    let cannot_run = |runner: Runner| {
        let by_name = match runner {
            Runner::On(_) => options.rt.is_some(),
            // uvloop may be missing from a Python that was named; Python itself may not.
            Runner::Python(_) => options.python.is_some() && report.python.is_none(),
            Runner::Plain => false,
        };
        let rows = report
            .rows
            .iter()
            .filter(|row| row.contender.runner == runner);
        by_name && rows.into_iter().any(|row| row.status == Status::Skipped)
    };
    if report.failed() {
        FAILED
    } else if report
        .rows
        .iter()
        .any(|row| cannot_run(row.contender.runner))
    {
        CANNOT_RUN
    } else {
        DONE
    }
}

/// Of the terminal; where there is none, what is easy to read.
pub(crate) fn width() -> usize {
    terminal_width().unwrap_or(120)
}

pub(crate) fn terminal_width() -> Option<usize> {
    let (terminal_size::Width(width), _) = terminal_size::terminal_size()?;
    Some(width.into())
}
