//! **What does a program that reads our numbers get?** One JSON document per
//! command: `--format json` on standard output, `--export-json` in a file. Times are
//! in seconds, sizes in bytes; a value that was not measured is `null`.
//!
//! ```text
//! { "schema": "kolo-demos/1",
//!   "command": "compare",                    or "compare --all", "run", "tour"
//!   "date": "2026-01-31T12:00:00Z",
//!   "machine":  { "os", "arch", "cpu", "cores" },
//!   "versions": { "kolo", "tokio", "rustc", "python", "uvloop" },
//!   "settings": { "time_scale", "seed", "items", "shares": [0.5, 0.8, 0.95],
//!                 "visit": { "pages", "limit", "base_url", "ca_file", "timeout", "port" },
//!                 "city": { "rate", "seconds", "connections", "threads", "timeout", "port",
//!                           "upstreams", "serve", "pace_seconds" },
//!                 "load": { "connections", "message_size", "seconds", "port" } },
//!   "interrupted": false,
//!   "rows": [
//!     { "demo": "loop", "program": "mpsc", "runtime": "kolo-current",
//!       "status": "done",                    "failed", "skipped", "interrupted"
//!       "note": null,                        why, where it is not done
//!       "items": 500000,
//!       "wall_s": { "min", "median", "max" },
//!       "cpu_s":  { … },
//!       "peak_bytes": { … },
//!       "latency_s":  { … },                 from made to taken, per item
//!       "speed": { "against": "tokio-current", "program": "mpsc",
//!                  "median": 6.3, "interval": [6.1, 6.5] },
//!       "checks":  [ { "claim", "holds" } ],
//!       "pictures": [ … ],                   see below
//!       "samples": [ { "wall_s", "cpu_s", "items", "peak_bytes", "latency_s",
//!                        "under_load": { "arriving", "answered",       a second; or null
//!                                        "uncertainty",                share of answered
//!                                        "p50", "p99", "p999", "most" } } ] } ] }
//! ```
//!
//! A picture is what one run of the row's program drew, in the last of its runs:
//!
//! ```text
//! { "kind": "timeline", "title": "Three requests …",
//!   "lanes": [ { "name": "Request 1",
//!                "spans": [ { "doing": "in-line", "working" or "waiting",
//!                             "from_s", "to_s" } ] } ] }
//! { "kind": "curves", "title": "Response time …",
//!   "x": { "name", "unit", "spacing" },      "seconds", "count", "times"; "linear", "log"
//!   "y": { … },
//!   "series": [ { "name",                    "" for the row's own
//!                 "drawn": "line",           or "marks"; "bound": computed, not measured
//!                 "points": [ [x, y] ] } ] }
//! ```
//!
//! A field is added without a new schema number, and never changes its meaning
//! under an old one. The same for programs: `schema/compare.schema.json`, against which
//! a test holds what each command writes.

use std::fs::{self, OpenOptions};
use std::path::Path;

use serde::Serialize;

use crate::machine::{self, Machine, Versions};
use crate::matrix::{self, Matrix};
use crate::picture::Picture;
use crate::report::{Check, Report, Row, Sample, Spread};
use crate::stage::Settings;
use crate::table;

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    command: &'static str,
    date: String,
    machine: Machine,
    versions: Versions,
    settings: &'a Settings,
    interrupted: bool,
    rows: Vec<DocumentRow<'a>>,
}

#[derive(Serialize)]
struct DocumentRow<'a> {
    demo: &'static str,
    program: &'static str,
    runtime: &'static str,
    status: &'static str,
    note: Option<&'a str>,
    items: Option<u64>,
    wall_s: Option<Spread>,
    cpu_s: Option<Spread>,
    peak_bytes: Option<Spread>,
    latency_s: Option<Spread>,
    speed: Option<Speed>,
    checks: &'a [Check],
    pictures: &'a [Picture],
    samples: &'a [Sample],
}

#[derive(Serialize)]
struct Speed {
    against: &'static str,
    program: &'static str,
    median: f64,
    interval: Option<[f64; 2]>,
}

pub(crate) fn versions(report: &Report) -> Versions {
    let python = report.python.as_ref();
    Versions {
        kolo: machine::locked("kolo"),
        tokio: machine::locked("tokio"),
        rustc: env!("DEMOS_RUSTC"),
        python: python.map(|python| python.python.clone()),
        uvloop: python.and_then(|python| python.uvloop.clone()),
    }
}

fn row<'a>(report: &Report, row: &'a Row) -> DocumentRow<'a> {
    DocumentRow {
        demo: row.demo().name(),
        program: row.contender.program.name(),
        runtime: row.contender.runner.name(),
        status: row.status.text(),
        note: row.note.as_deref(),
        items: row.items,
        wall_s: row.wall(),
        cpu_s: row.cpu(),
        peak_bytes: row.peak(),
        latency_s: row.latency(),
        speed: report.ratio(row).map(|ratio| Speed {
            against: "tokio-current",
            program: row.contender.program.peer().name(),
            median: ratio.median,
            interval: ratio.interval,
        }),
        checks: &row.checks,
        pictures: &row.pictures,
        samples: &row.samples,
    }
}

pub(crate) fn json(report: &Report) -> String {
    let document = Document {
        schema: "kolo-demos/1",
        command: report.command,
        date: machine::now(),
        machine: Machine::this(),
        versions: versions(report),
        settings: &report.settings,
        interrupted: report.interrupted.is_some(),
        rows: report.rows.iter().map(|r| row(report, r)).collect(),
    };
    serde_json::to_string_pretty(&document).expect("plain data")
}

pub(crate) fn markdown(report: &Report) -> String {
    let versions = versions(report);
    let mut text = format!("# demos {}\n\n", report.command);
    let questions = matrix::questions(report);
    for &asks in questions {
        let matrix = Matrix::of(report, asks).markdown();
        text += &format!("## {}\n\n{matrix}\n", asks.title());
    }
    if !questions.is_empty() {
        text += "## Every row\n\n";
    }
    text += &format!("{}\n", table::markdown(report));
    text += "time and speed are medians; speed: tokio-current takes this many times as long for the same work.\n\n";
    text += &format!("- {}\n- {}\n", machine::now(), Machine::this().line());
    text += &format!(
        "- kolo {}, tokio {}, {}",
        versions.kolo, versions.tokio, versions.rustc
    );
    for (name, version) in [("python", versions.python), ("uvloop", versions.uvloop)] {
        if let Some(version) = version {
            text += &format!(", {name} {version}");
        }
    }
    let Settings {
        time_scale,
        seed,
        items,
        wishes: _,
    } = &report.settings;
    text += &format!("\n- time scale {time_scale}, seed {seed}, {items} items\n");
    if let Some(by) = report.interrupted {
        text += &format!("- {}: what there was until then\n", by.name());
    }
    text
}

/// Whether `path` can be written, asked before anything is measured for it.
///
/// # Errors
///
/// A sentence that names the file.
pub(crate) fn writable(path: &Path) -> Result<(), String> {
    let opened = OpenOptions::new().append(true).create(true).open(path);
    opened
        .map(drop)
        .map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// # Errors
///
/// A sentence that names the file.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}
