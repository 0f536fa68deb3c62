//! **What does each command do?** `run` plays one demo once, with all its lines;
//! `compare` measures it; without a command, the tour plays every demo in a short
//! setting. All three end in [`conclude`]: the table, the exports, the exit code.
//!
//! Read next: `playbill.rs`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::catalogue::{Demo, Runner};
use crate::cli::{Comparison, DemoName, Format, Options};
use crate::console::{Console, Manner, Voice};
use crate::picture::{Plate, plates, svg, text};
use crate::playbill::Playbill;
use crate::report::{Report, Status};
use crate::runtimes::Runtime;
use crate::session::Session;
use crate::stage::{Dice, Settings, thousands};
use crate::wishes::Wishes;
use crate::{export, machine, page, table};

/// How often the tour runs each contender of `loop`, if there is time.
const TOUR_ROUNDS: u32 = 3;

/// The pace of the tour and of comparisons, where none is asked for.
const BRISK: f64 = 0.05;

/// How many seconds of load an echo server gets there.
const A_MOMENT: f64 = 0.3;

/// The exit codes, as `--help` lists them.
const DONE: u8 = 0;
const FAILED: u8 = 1;
const CANNOT_RUN: u8 = 3;

pub(crate) fn run(options: &Options, named: &DemoName) -> ! {
    let demo = named.demo();
    let settings = settings(options, named.wishes(1.0), 1.0);
    let playbill = start("run", options, settings, None);
    heading(&playbill.session.console, demo, &playbill.settings);
    say_how_long(&playbill, demo);
    playbill.play(demo, 1, |_| Manner::Full);
    show_pictures(&playbill, demo);
    playbill.session.end()
}

pub(crate) fn tour(options: &Options) -> ! {
    let settings = settings(options, Wishes::usual(A_MOMENT), BRISK);
    let playbill = start("tour", options, settings, None);
    let (console, settings) = (&playbill.session.console, &playbill.settings);
    let scale = settings.time_scale;
    console.write(
        Voice::Dim,
        &format!("The course in a short setting (waits × {scale})"),
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
    }
    playbill.session.end()
}

pub(crate) fn compare(options: &Options, how: &Comparison, named: &DemoName) -> ! {
    let demo = named.demo();
    let settings = settings(options, named.wishes(A_MOMENT), BRISK);
    let playbill = start("compare", options, settings, Some(how));
    heading(&playbill.session.console, demo, &playbill.settings);
    playbill.measure(demo, how.runs);
    playbill.session.end()
}

/// What every command has at its start: a session that answers to Ctrl-C.
fn start(
    command: &'static str,
    options: &Options,
    settings: Settings,
    exports: Option<&Comparison>,
) -> Playbill {
    let exports = exports_of(options, exports);
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
        began: Instant::now(),
    }
}

/// A file that was asked for, and what is to stand in it.
type Export = (PathBuf, fn(&Report) -> String);

fn exports_of(options: &Options, how: Option<&Comparison>) -> Vec<Export> {
    let [json, markdown] = match how {
        Some(how) => [how.export_json.as_ref(), how.export_markdown.as_ref()],
        None => [None; 2],
    };
    let exports: [(Option<&PathBuf>, fn(&Report) -> String); 4] = [
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

fn say_how_long(playbill: &Playbill, demo: Demo) {
    let settings = &playbill.settings;
    if settings.wishes.visit.base_url.is_some() {
        return; // who knows
    }
    let seconds: f64 = playbill
        .contenders(demo)
        .into_iter()
        .filter(|&contender| playbill.standing(contender).is_none())
        .map(|contender| (contender.program.part().seconds)(settings))
        .sum();
    let seconds = seconds * settings.time_scale;
    if seconds > 15.0 {
        let about = humantime::format_duration(Duration::from_secs(seconds as u64));
        let hint = format!(
            "This takes about {about}; --time-scale 0.1 takes a tenth of the course's pace."
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
            for (voice, line) in table::lines(report, width()) {
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
        by_name
            && rows
                .into_iter()
                .any(|row| matches!(row.status, Status::NotBuilt | Status::Skipped))
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

/// Of the terminal; where there is none, wide enough for everything.
fn width() -> usize {
    match terminal_size::terminal_size() {
        Some((terminal_size::Width(width), _)) => width.into(),
        None => 120,
    }
}

pub(crate) fn list(options: &Options) {
    let console = Console::new(options.format == Format::Json);
    let standing = |runtime: Runtime| match runtime.available() {
        Ok(()) => ("available", None),
        Err((status, note)) => (status.text(), Some(note)),
    };
    if options.format == Format::Json {
        let demos: Vec<_> = Demo::all().map(|demo| {
            let mut programs: Vec<_> = demo.chapter().parts.iter().map(|part| part.name).collect();
            programs.dedup();
            json!({ "name": demo.name(), "question": demo.chapter().question, "chapter": demo.chapter().place, "programs": programs })
        }).collect();
        let runtimes = Runtime::ALL.map(|runtime| {
            let (status, note) = standing(runtime);
            json!({ "name": runtime.name(), "status": status, "note": note })
        });
        let document =
            json!({ "schema": "kolo-demos-list/1", "demos": demos, "runtimes": runtimes });
        console.document(&serde_json::to_string_pretty(&document).expect("plain data"));
        return;
    }
    console.write(Voice::Bold, "The course");
    for demo in Demo::all() {
        console.write(
            Voice::Plain,
            &format!("  {:<19}{}", demo.name(), demo.chapter().question),
        );
        let programs: Vec<_> = demo.chapter().parts.iter().map(|part| part.name).collect();
        console.write(
            Voice::Dim,
            &format!(
                "  {:<19}{}: {}",
                "",
                demo.chapter().place,
                programs.join(" · ")
            ),
        );
    }
    console.write(Voice::Plain, "");
    console.write(Voice::Bold, "The runtimes");
    for runtime in Runtime::ALL {
        let (status, _) = standing(runtime);
        let voice = if status == "available" {
            Voice::Plain
        } else {
            Voice::Dim
        };
        console.write(voice, &format!("  {:<19}{status}", runtime.name()));
    }
    console.write(Voice::Plain, "");
    console.write(
        Voice::Dim,
        "  demos run <demo>, demos compare <demo>, or demos alone for the tour",
    );
}
