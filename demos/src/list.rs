//! **What is there?** The demos with their questions, and the runtimes with what keeps
//! one of them from running here: `demos list`, and `demos explain` without a name.

use serde_json::json;

use crate::catalogue::Demo;
use crate::cli::{Format, Options};
use crate::commands::width;
use crate::console::{Console, Voice};
use crate::runtimes::Runtime;
use crate::table::{self, UNBROKEN};

/// What is said last: what to type next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hint {
    Run,
    Explain,
}

impl Hint {
    fn text(self) -> &'static str {
        match self {
            Hint::Run => {
                "demos run <demo>, demos compare <demo>, demos explain <demo>, or demos alone for the \
                 tour (in a clone, cargo run --release -- stands for demos)"
            }
            Hint::Explain => {
                "demos explain <demo> (in a clone, cargo run --release -- stands for demos)"
            }
        }
    }
}

pub(crate) fn show(options: &Options, hint: Hint) {
    let console = Console::new(options.format == Format::Json);
    if options.format == Format::Json {
        console.document(&document());
        return;
    }
    console.write(Voice::Bold, "The course");
    for demo in Demo::all() {
        let chapter = demo.chapter();
        let name = format!("  {:<19}", chapter.name);
        let indent = format!("  {:<19}", "");
        for line in table::wrapped(chapter.question, width(), &name, &indent) {
            console.write(Voice::Plain, &line);
        }
        let mut programs: Vec<_> = chapter.parts.iter().map(|part| part.name).collect();
        programs.dedup();
        let programs: Vec<_> = programs
            .iter()
            .map(|program| program.replace(' ', UNBROKEN))
            .collect();
        for line in [
            format!("in the course: {}", chapter.place),
            format!("programs: {}", programs.join(&format!("{UNBROKEN}· "))),
        ] {
            for line in table::wrapped(&line, width(), &indent, &indent) {
                console.write(Voice::Dim, &line);
            }
        }
    }
    console.write(Voice::Plain, "");
    if hint == Hint::Run {
        console.write(Voice::Bold, "The runtimes");
        for runtime in Runtime::ALL {
            let (voice, standing) = match runtime.available() {
                Ok(()) => (Voice::Plain, "available".to_owned()),
                Err(why) => (Voice::Dim, format!("can't run here: {why}")),
            };
            console.write(voice, &format!("  {:<19}{standing}", runtime.name()));
        }
        console.write(Voice::Plain, "");
    }
    for line in table::wrapped(hint.text(), width(), "  ", "  ") {
        console.write(Voice::Dim, &line);
    }
}

fn document() -> String {
    let demos = Demo::all().map(|demo| {
        let chapter = demo.chapter();
        let mut programs: Vec<_> = chapter.parts.iter().map(|part| part.name).collect();
        programs.dedup();
        json!({
            "name": chapter.name,
            "question": chapter.question,
            "chapter": chapter.place,
            "programs": programs,
        })
    });
    let runtimes = Runtime::ALL.map(|runtime| {
        let why = runtime.available().err();
        let status = match why {
            None => "available",
            Some(_) => "skipped",
        };
        json!({ "name": runtime.name(), "status": status, "note": why })
    });
    let demos: Vec<_> = demos.collect();
    let document = json!({ "schema": "kolo-demos-list/1", "demos": demos, "runtimes": runtimes });
    serde_json::to_string_pretty(&document).expect("plain data")
}
