//! **The same tests, every runtime.** The suite is compiled twice, with `rt`
//! meaning kolo and with `rt` meaning tokio, and run on both executors of each.
//!
//! Read next: `suite/mod.rs`, then the file of the promise you care for.

use std::process::ExitCode;

use kolo_tests::harness::{Case, Kind, judge, outcomes};
use kolo_tests::{alone, expected, panics, table};
use libtest_mimic::{Arguments, Failed, Trial};

/// The suite on kolo.
#[path = "."]
#[allow(clippy::duplicate_mod)] // loaded once per library: that is the point
mod on_kolo {
    pub(crate) use ::kolo as rt;

    #[path = "suite/mod.rs"]
    pub(crate) mod suite;
}

/// The suite on tokio.
#[path = "."]
#[allow(clippy::duplicate_mod)]
mod on_tokio {
    pub(crate) use ::tokio as rt;

    #[path = "suite/mod.rs"]
    pub(crate) mod suite;
}

fn main() -> ExitCode {
    panics::install();
    let libraries = [
        ("kolo", on_kolo::suite::all()),
        ("tokio", on_tokio::suite::all()),
    ];
    if let Some(code) = alone::only_test(&libraries) {
        return code;
    }
    let args = Arguments::from_args();

    let flavours = [
        ("kolo-current", Kind::CurrentThread, on_kolo::suite::all()),
        ("kolo-multi", Kind::MultiThread, on_kolo::suite::all()),
        ("tokio-current", Kind::CurrentThread, on_tokio::suite::all()),
        ("tokio-multi", Kind::MultiThread, on_tokio::suite::all()),
    ];
    let mut trials = vec![Trial::test(
        "the_list_of_broken_promises_is_current",
        list_is_current,
    )];
    for (runtime, kind, cases) in flavours {
        trials.extend(
            cases
                .into_iter()
                .filter(|c| c.place.has(kind))
                .map(|c| trial(runtime, kind, c)),
        );
    }
    trials.extend(same_transcripts());

    let conclusion = libtest_mimic::run(&args, trials);
    let outcomes = outcomes();
    if !args.list && !outcomes.is_empty() {
        println!("{}", table::render(&outcomes));
    }
    conclusion.exit_code()
}

/// The name that cargo prints: `[runtime] test`, with a mark where failure is expected.
fn trial(runtime: &'static str, kind: Kind, case: Case) -> Trial {
    let label = match expected::broken(runtime, case.name) {
        Some(_) => format!("{runtime}, listed as broken"),
        None => runtime.to_owned(),
    };
    Trial::test(case.name, move || {
        judge(runtime, case.name, move || (case.run)(kind)).map_err(Failed::from)
    })
    .with_kind(label)
}

/// Programs whose order is defined must leave the same transcript on both libraries.
fn same_transcripts() -> Vec<Trial> {
    let kolo = on_kolo::suite::transcripts::PROGRAMS;
    let tokio = on_tokio::suite::transcripts::PROGRAMS;
    std::iter::zip(kolo, tokio)
        .map(|(&(name, on_kolo), &(_, on_tokio))| {
            let test = move || {
                judge("kolo-current", name, move || {
                    for seed in 0..20 {
                        assert_eq!(
                            on_kolo(seed),
                            on_tokio(seed),
                            "kolo left, tokio right, seed {seed}"
                        );
                    }
                })
                .map_err(Failed::from)
            };
            Trial::test(name, test).with_kind("kolo-current")
        })
        .collect()
}

/// An entry of the list that names no test is a promise that nobody checks.
fn list_is_current() -> Result<(), Failed> {
    let cases = on_tokio::suite::all();
    let programs = on_tokio::suite::transcripts::PROGRAMS;
    for entry in expected::BROKEN {
        let known = cases.iter().any(|c| c.name == entry.test)
            || programs.iter().any(|p| p.0 == entry.test);
        if !known {
            return Err(format!(
                "{} is listed in src/expected.rs, but there is no such test",
                entry.test
            )
            .into());
        }
        if let Some(runtime) = entry.on.iter().find(|r| !table::RUNTIMES.contains(*r)) {
            return Err(format!("{}: no runtime is called {runtime}", entry.test).into());
        }
    }
    for name in cases
        .iter()
        .map(|c| c.name)
        .chain(programs.iter().map(|p| p.0))
    {
        if !table::PROMISES
            .iter()
            .any(|(prefix, _)| table::belongs(name, prefix))
        {
            return Err(format!("{name} begins with no promise of src/table.rs").into());
        }
    }
    Ok(())
}
