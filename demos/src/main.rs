//! **What does the course look like on each runtime, and how do they compare?**
//! The binary `demos`: the programs of the course, one source text compiled once per
//! runtime library, and the command line around them.
//!
//! Reading order: `course/mod.rs` and its programs, `runtimes.rs`; `web/mod.rs`, the
//! HTTP around one of them; then what is around all of them: `stage.rs` (what a program needs besides its runtime), `perform.rs` (one run),
//! `report.rs`, `table.rs`, `export.rs` (what was found), `commands.rs` and `session.rs`
//! (what each command does, and Ctrl-C); `load.rs` (what stands beside an echo server);
//! `on_threads/mod.rs`, `greeting.rs`, `enter.rs`, `bank/mod.rs` (what stands beside the
//! chapters on threads); `picture/` (what a program drew) and `page.rs` (all of a report
//! in a page).

mod amdahl;
mod bank;
mod catalogue;
mod cli;
mod commands;
mod console;
mod course;
mod enter;
mod export;
mod greeting;
mod labour;
mod load;
mod machine;
mod on_threads;
mod page;
mod perform;
mod picture;
mod playbill;
mod python;
mod report;
mod runtimes;
mod rush;
mod session;
mod stage;
mod stats;
mod table;
mod web;
mod wishes;

use cli::Command;
use console::Console;

fn main() {
    kolo_load::be_client_if_asked();
    let cli = cli::parse();
    let options = &cli.options;
    match &cli.command {
        None => commands::tour(options),
        Some(Command::List) => commands::list(options),
        Some(Command::Run { demo }) => commands::run(options, demo),
        Some(Command::Compare { how, demo }) => commands::compare(options, how, demo),
        Some(Command::Measure { program, settings }) => {
            let on = options
                .rt
                .as_ref()
                .and_then(|runtimes| runtimes.first().copied());
            Console::new(true).document(&perform::measure(*program, on, settings.clone()));
        }
    }
}
