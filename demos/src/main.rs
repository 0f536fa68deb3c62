//! **What does the course look like on each runtime, and how do they compare?**
//! The binary `demos`: the programs of the course, one source text compiled once per
//! runtime library, and the command line around them.
//!
//! Reading order: `course/mod.rs` and its programs, `runtimes.rs`; `web/mod.rs`, the
//! HTTP around one of them; `city/mod.rs`, what surrounds the API of another; then what
//! is around all of them: `stage.rs` (what a program needs besides its runtime),
//! `perform.rs` (one run), `report.rs`, `table.rs`, `matrix.rs`, `export.rs` (what was
//! found), `commands.rs`, `session.rs` and `interruption.rs` (what each command does, and
//! what ends it before its time), `list.rs`
//! and `explain.rs` (what can be read without running anything); `load.rs` (what stands
//! beside an echo server);
//! `on_threads/mod.rs`, `greeting.rs`, `enter.rs`, `bank/mod.rs` (what stands beside the
//! chapters on threads); `crew/mod.rs` (who works, where a loop should not), `files.rs` and
//! `scratch.rs` (files that go away again); `lock.rs` (what they share); `picture/` (what a program drew) and `page.rs`
//! (all of a report in a page).

mod amdahl;
mod arguments;
mod bank;
mod catalogue;
mod city;
mod cli;
mod commands;
mod console;
mod course;
mod crew;
mod enter;
mod explain;
mod export;
mod files;
mod greeting;
mod interruption;
mod labour;
mod list;
mod load;
mod lock;
mod machine;
mod matrix;
mod on_threads;
mod page;
mod perform;
mod picture;
mod playbill;
mod python;
mod report;
mod runtimes;
mod rush;
mod scratch;
mod session;
mod stage;
mod stats;
mod table;
mod under_load;
mod web;
mod wishes;

use cli::Command;
use console::Console;

fn main() {
    kolo_load::be_client_if_asked();
    city::be_upstreams_if_asked();
    crew::worker::be_worker_if_asked();
    let cli = arguments::parse();
    let options = &cli.options;
    match &cli.command {
        None => commands::tour(options),
        Some(Command::List) => list::show(options, list::Hint::Run),
        Some(Command::Explain { demo: None }) => list::show(options, list::Hint::Explain),
        Some(Command::Explain { demo: Some(demo) }) => commands::explain(options, *demo),
        Some(Command::Completions { shell }) => commands::completions(*shell),
        Some(Command::Run { demo }) => commands::run(options, demo),
        Some(Command::Compare { how, demo }) => commands::compare(options, how, demo.as_ref()),
        Some(Command::Measure { program, settings }) => {
            let on = options
                .rt
                .as_ref()
                .and_then(|runtimes| runtimes.first().copied());
            Console::new(true).document(&perform::measure(*program, on, settings.clone()));
        }
    }
}
