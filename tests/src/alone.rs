//! **How does a test get a process of its own?** Signals, limits and the table of
//! descriptors belong to the process, where the other tests are too. Such a test
//! is run again by a second process of the same binary, which runs nothing else.
//!
//! ```text
//!   alone(library, kind, body)
//!     the suite's process   runs the binary again, waits, hands its verdict on
//!     the second process    main() finds the test named in KOLO_TESTS_ALONE: body()
//! ```
//!
//! A process that is being started holds a copy of all descriptors until it is
//! another program: for that moment nothing that a test closes is closed, and a
//! pipe without a reader takes bytes. So it is started when no other test is on
//! (`bystanders.rs`).

use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;

use crate::bystanders;
use crate::harness::{Case, Kind, guarded};

/// Names the test for the second process: library, executor, test.
const VARIABLE: &str = "KOLO_TESTS_ALONE";

fn label(library: &str, kind: Kind, test: &str) -> String {
    format!("{library} {kind:?} {test}")
}

/// Runs `body`, the whole of the calling test, in a process where nothing else runs.
pub fn alone(library: &str, kind: Kind, body: impl FnOnce()) {
    // The harness gives each test a thread of its name.
    let test = thread::current().name().expect("named").to_owned();
    let label = label(library, kind, &test);
    if std::env::var(VARIABLE).is_ok_and(|only| only == label) {
        return body();
    }
    let mut again = Command::new(std::env::current_exe().expect("this binary"));
    again
        .env(VARIABLE, &label)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let output = bystanders::wait_for_all(|| again.spawn())
        .and_then(Child::wait_with_output)
        .expect("a second process");
    assert!(
        output.status.success(),
        "alone ({}): {}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
}

/// In a second process: runs the one test that it is for.
pub fn only_test(libraries: &[(&str, Vec<Case>)]) -> Option<ExitCode> {
    let only = std::env::var(VARIABLE).ok()?;
    for (library, cases) in libraries {
        for case in cases {
            for kind in [Kind::CurrentThread, Kind::MultiThread] {
                if only == label(library, kind, case.name) {
                    let run = case.run;
                    return Some(match guarded(case.name, move || run(kind)) {
                        Ok(()) => ExitCode::SUCCESS,
                        Err(why) => {
                            eprintln!("{why}");
                            ExitCode::FAILURE
                        }
                    });
                }
            }
        }
    }
    eprintln!("no test is called {only:?}");
    Some(ExitCode::FAILURE)
}
