//! **How is a whole report read on a screen that is no terminal?** As one page, for a
//! phone as for a desk: where there are many demos, all of them at a glance; then each
//! with its question, its pictures, its table and its checks; then the machine, the
//! versions and the day. The page is one file: style sheet and pictures are within it, it
//! has no script, and asks the network for nothing.
//!
//! [`html()`] takes any report, of one demo or of many.
//!
//! A picture stands in the page twice, drawn for a wide and for a narrow screen, and the
//! style sheet shows one: scaled down, its text would be too small to read.
//!
//! Read next: `picture/svg.rs`.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::catalogue::Demo;
use crate::console::Voice;
use crate::export;
use crate::machine::{self, Machine};
use crate::matrix::{self, Cell, Matrix};
use crate::picture::{self, Plate, svg};
use crate::report::{Report, Row, Status};
use crate::table::{self, Grid};
use crate::under_load;

const STYLE: &str = include_str!("page.css");

/// How wide a picture is drawn for a desk and for a phone.
const WIDE: f64 = 780.0;
const NARROW: f64 = 340.0;

pub(crate) fn html(report: &Report) -> String {
    let shown = |demo: &Demo| report.rows.iter().any(|row| row.demo() == *demo);
    let demos: Vec<Demo> = Demo::all().filter(shown).collect();
    let title = match &demos[..] {
        [demo] => format!("demos {} {}", report.command, demo.name()),
        _ => format!("demos {}", report.command),
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(svg::STYLE)) (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "The course on every loop" }
                    p {
                        "The programs of the course " cite { "Async Techniques and Examples in Python" }
                        ", in Rust: one source text, run on kolo and on tokio. "
                        code { (title) } ", " (machine::now()) "."
                    }
                    (verdict(report))
                    @if demos.len() > 1 {
                        nav aria-label="Demos" {
                            @for demo in &demos { a href=(format!("#{}", demo.name())) { (demo.name()) } " " }
                        }
                    }
                }
                main {
                    @for &asks in matrix::questions(report) { (at_a_glance(&Matrix::of(report, asks))) }
                    @for demo in demos { (section(report, demo)) }
                }
                footer { (colophon(report)) }
            }
        }
    };
    page.into_string() + "\n"
}

fn verdict(report: &Report) -> Markup {
    let all = report.checks().count();
    let held = report.checks().filter(|(_, check)| check.holds).count();
    let failed = report
        .rows
        .iter()
        .filter(|row| row.status == Status::Failed);
    let mut where_failed: Vec<_> = failed.clone().map(|row| row.demo().name()).collect();
    where_failed.dedup();
    let failed = failed.count();
    html! {
        @if let Some(by) = report.interrupted { p class="bad" { (by.name()) ": this is what there was until then." } }
        @if failed > 0 {
            p class="bad" {
                "✗ " (failed) " of " (report.rows.len()) " rows failed: "
                @for (at, demo) in where_failed.iter().enumerate() {
                    @if at > 0 { ", " } a href=(format!("#{demo}")) { (demo) }
                }
                "."
            }
        }
        @if all > 0 {
            @if held == all && failed > 0 { p class="quiet" { "All " (all) " checks of the others hold." } }
            @else if held == all { p class="good" { "✓ All " (all) " checks hold." } }
            @else { p class="bad" { "✗ " (all - held) " of " (all) " checks do not hold." } }
        }
    }
}

/// Every demo in a line of its own.
fn at_a_glance(matrix: &Matrix) -> Markup {
    let has_beside = matrix.lines.iter().any(|line| !line.beside.is_empty());
    let all = matrix.lines.iter();
    let above = std::iter::once(None).chain(all.clone().map(|line| Some(line.demo)));
    html! {
        section class="glance" {
            h2 { (matrix.asks.title()) }
            div class="scroll" tabindex="0" role="region" aria-label=(matrix.asks.title()) {
                table {
                    thead { tr {
                        th scope="col" { "demo" }
                        th scope="col" { "program" }
                        @for runtime in &matrix.runtimes { th scope="col" class="number" { (runtime.name()) } }
                        @if has_beside { th scope="col" { "beside it" } }
                    } }
                    tbody {
                        @for (line, above) in all.zip(above) {
                            tr class=[line.failed.then_some("bad")] {
                                th scope="row" {
                                    @if above != Some(line.demo) { a href=(format!("#{}", line.demo)) { (line.demo) } }
                                }
                                th scope="row" { (line.program) }
                                // A phone shows no header: each number says whose it is.
                                @for (runtime, cell) in matrix.runtimes.iter().zip(&line.cells) {
                                    td class="number" data-of=(runtime.name()) { span { (number(cell)) } }
                                }
                                @if has_beside {
                                    td class="beside" {
                                        @for (name, cell) in &line.beside { div { (name) " " span { (number(cell)) } } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn number(cell: &Cell) -> Markup {
    html! {
        (cell.first)
        @if !cell.second.is_empty() { " " span class="quiet" { (cell.second) } }
    }
}

fn section(report: &Report, demo: Demo) -> Markup {
    let chapter = demo.chapter();
    html! {
        section id=(chapter.name) {
            h2 { (chapter.name) }
            p class="question" { (chapter.question) }
            p class="quiet" { "In the course: " (chapter.place) "." }
            @for paragraph in chapter.lesson.says.lines() { p { (prose(paragraph)) } }
            @for (at, plate) in picture::plates(report, demo).iter().enumerate() {
                (figure(plate, &format!("{}-{at}", chapter.name)))
            }
            (rows(&table::grid(report, demo)))
            @for line in table::failures(report, demo) { p class="bad" { "✗ " (line) } }
            (loads(report, demo))
            (checks(report, demo))
        }
    }
}

/// What stands between backticks is code.
fn prose(text: &str) -> Markup {
    html! {
        @for (at, part) in text.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// How the demo's programs fared with what arrived, if anything did.
fn loads(report: &Report, demo: Demo) -> Markup {
    let rows = under_load::rows(report).into_iter();
    let rows: Vec<_> = rows.filter(|(row, _)| row.demo() == demo).collect();
    html! {
        @if !rows.is_empty() {
            div class="scroll" tabindex="0" role="region" aria-label="Under load" {
                table {
                    thead { tr {
                        th scope="col" { "under load" }
                        th scope="col" { "runtime" }
                        @for title in under_load::TITLES { th scope="col" class="number" { (title) } }
                    } }
                    tbody {
                        @for (row, cells) in &rows {
                            tr {
                                th scope="row" { (row.contender.program.name()) }
                                th scope="row" { (row.contender.runner.name()) }
                                @for cell in cells { td class="number" { (cell.trim_end()) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn figure(plate: &Plate, name: &str) -> Markup {
    html! {
        figure class="wide" { (svg::figure(plate, WIDE, &format!("{name}-wide"))) }
        figure class="narrow" { (svg::figure(plate, NARROW, &format!("{name}-narrow"))) }
    }
}

fn rows(grid: &Grid<'_>) -> Markup {
    let number = |at: usize| grid.titles[at].1.then_some("number");
    // The first cells name the row.
    let names = grid.titles.iter().take_while(|(_, right)| !right).count();
    html! {
        // A table may be wider than the screen; its own frame scrolls then, not the page.
        div class="scroll" tabindex="0" role="region" aria-label="Table" {
            table {
                thead { tr {
                    @for (at, (title, _)) in grid.titles.iter().enumerate() {
                        th scope="col" class=[number(at)] { (title) }
                    }
                } }
                tbody {
                    @for (row, cells) in &grid.rows {
                        tr class=[standing(row)] {
                            @for (at, cell) in cells.iter().enumerate() {
                                @if at < names { th scope="row" { (cell.trim_end()) } }
                                @else { td class=[number(at)] { (cell.trim_end()) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn standing(row: &Row) -> Option<&'static str> {
    match row.status {
        Status::Done => None,
        Status::Failed => Some("bad"),
        Status::Skipped | Status::Interrupted => Some("quiet"),
    }
}

/// Each claim once, with the rows for which it does not hold.
fn checks(report: &Report, demo: Demo) -> Markup {
    let mut claims: Vec<(&str, usize, Vec<String>)> = Vec::new();
    for (row, check) in report.checks().filter(|(row, _)| row.demo() == demo) {
        let at = claims.iter().position(|(claim, ..)| *claim == check.claim);
        let at = at.unwrap_or_else(|| {
            claims.push((&check.claim, 0, Vec::new()));
            claims.len() - 1
        });
        let (_, rows, failed) = &mut claims[at];
        *rows += 1;
        if !check.holds {
            let contender = row.contender;
            failed.push(format!(
                "{} on {}",
                contender.program.name(),
                contender.runner.name()
            ));
        }
    }
    html! {
        @if !claims.is_empty() {
            ul class="checks" {
                @for (claim, rows, failed) in claims {
                    @if failed.is_empty() {
                        li class="good" { span aria-hidden="true" { "✓ " } (claim)
                            span class="quiet" { " (" (rows) @if rows == 1 { " row)" } @else { " rows)" } } }
                    } @else {
                        li class="bad" { span aria-hidden="true" { "✗ " } (claim) ": not " (failed.join(", ")) }
                    }
                }
            }
        }
    }
}

/// What the columns mean, and on what all this was measured.
fn colophon(report: &Report) -> Markup {
    let versions = export::versions(report);
    let others = [("Python", versions.python), ("uvloop", versions.uvloop)];
    let notes = table::footnotes(report);
    html! {
        h2 { "How to read this" }
        ul {
            @for (voice, note) in &notes {
                li class=[(*voice == Voice::Red).then_some("bad")] { (note) }
            }
        }
        h2 { "Measured on" }
        dl {
            dt { "machine" } dd { (Machine::this().line()) }
            dt { "versions" }
            dd {
                "kolo " (versions.kolo) ", tokio " (versions.tokio) ", " (versions.rustc)
                @for (name, version) in &others {
                    @if let Some(version) = version { ", " (name) " " (version) }
                }
            }
            dt { "settings" }
            dd {
                "time scale " (report.settings.time_scale) ", seed " (report.settings.seed) ", "
                (report.settings.items) " items"
            }
            dt { "date" } dd { (machine::now()) }
        }
    }
}
