//! Does the command line of `compare` do what its help says?

use std::path::PathBuf;
use std::process::{Command, Output};

use kolo_benches::contenders::Answer;
use serde_json::Value;

fn compare(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_compare"))
        .args(arguments)
        .output()
        .unwrap()
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn scratch(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[test]
fn wrong_arguments_end_with_2_and_say_what_is_wrong() {
    let cases: [(&[&str], &str); 9] = [
        (&["--rows", "yeild"], "'yield'"), // clap's nearest
        (&["--rt", "kolo-current"], "two runtimes or more"),
        (&["--rt", "kolo-current,kolo-current"], "named twice"),
        (&["--rt", "kolo-current,floor"], "is not named"),
        (&["--rt", "kolo-current,nobody"], "tokio-current"),
        (&["--runs", "0"], "1..=1000"),
        (&["--runs", "3", "--quick"], "--quick"),
        (&["--format", "xml"], "json"),
        (&["--one", "yield"], "exactly one"),
    ];
    for (arguments, expected) in cases {
        let output = compare(arguments);
        assert_eq!(code(&output), Some(2), "{arguments:?}");
        assert!(
            stderr(&output).contains(expected),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn help_shows_examples_and_exit_codes() {
    let output = compare(&["--help"]);
    assert_eq!(code(&output), Some(0));
    let help = stdout(&output);
    assert!(
        help.contains("compare --quick") && help.contains("Exit codes:"),
        "{help}"
    );
    assert!(
        !help.contains("--one"),
        "the child's mode is nobody's to type"
    );
}

#[test]
fn list_names_the_rows() {
    let output = compare(&["--list"]);
    assert_eq!(code(&output), Some(0));
    assert!(stdout(&output).contains("spawn-many"));
}

#[test]
fn a_child_prints_one_line() {
    let output = compare(&["--one", "yield", "--rt", "tokio-current", "--size", "1000"]);
    assert_eq!(code(&output), Some(0), "{}", stderr(&output));
    let answer: Answer = serde_json::from_slice(&output.stdout).unwrap();
    assert!(
        matches!(answer, Answer::Reading(reading) if reading.wall > 0.0),
        "{answer:?}"
    );
    assert_eq!(stdout(&output).lines().count(), 1);
}

/// The client is a process of its own there, or the CPU time would be both's.
#[test]
fn a_row_about_sockets_has_a_client_beside_it() {
    for rt in ["kolo-current", "floor"] {
        let output = compare(&["--one", "echo-64", "--rt", rt, "--size", "2000"]);
        assert_eq!(code(&output), Some(0), "{}", stderr(&output));
        let answer: Answer = serde_json::from_slice(&output.stdout).unwrap();
        let Answer::Reading(reading) = answer else {
            panic!("{answer:?}")
        };
        assert!(reading.cpu > 0.0 && reading.wall > 0.0, "{reading:?}");
        assert!(reading.counted.unwrap() > 0.0, "{reading:?}");
    }
}

#[test]
fn wrk_asks_hyper_on_both_libraries() {
    for rt in ["kolo-current", "tokio-current"] {
        let output = compare(&["--one", "hello", "--rt", rt, "--size", "1"]);
        assert_eq!(code(&output), Some(0), "{}", stderr(&output));
        match serde_json::from_slice(&output.stdout).unwrap() {
            Answer::Reading(reading) => assert!(reading.cpu > 0.0 && reading.wall > 0.0),
            Answer::Skipped(reason) => assert_eq!(reason, "wrk is not installed"),
        }
    }
}

/// Both rows of one workload, and the calls that strace counts.
#[test]
fn readings_are_shared_and_calls_are_counted() {
    let names = "echo-1,echo-1-p99,echo-1-transfers";
    let output = compare(&["--rows", names, "--runs", "1", "--format", "json"]);
    assert!(
        matches!(code(&output), Some(0 | 1 | 3)),
        "{}",
        stderr(&output)
    );
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let finding = |row: usize| &report["rows"][row]["finding"];
    let cpu = |row: usize| {
        finding(row)["judged"]["programs"][0]["cpu"]
            .as_f64()
            .unwrap()
    };
    assert_eq!(cpu(0), cpu(1), "the same run");
    if let Some(reason) = finding(2)["skipped"].as_str() {
        assert!(reason.contains("strace"), "{reason}");
        return;
    }
    for program in finding(2)["judged"]["programs"].as_array().unwrap() {
        // One read, one write. A first read that came too early differs.
        let calls = program["cost"]["median"].as_f64().unwrap();
        assert!((1.9..3.1).contains(&calls), "{program}");
    }
}

#[test]
fn a_row_goes_through_children_to_every_output() {
    let (json, markdown) = (scratch("report.json"), scratch("report.md"));
    let output = compare(&[
        "--rows",
        "bytes-16,bytes-1024",
        "--format",
        "json",
        "--export-json",
        json.to_str().unwrap(),
        "--export-markdown",
        markdown.to_str().unwrap(),
    ]);
    // 1: behind, which is kolo's business and not this test's.
    assert!(matches!(code(&output), Some(0 | 1)), "{}", stderr(&output));

    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let exported: Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    assert_eq!(report, exported);
    for row in report["rows"].as_array().unwrap() {
        let programs = row["finding"]["judged"]["programs"].as_array().unwrap();
        let names: Vec<_> = programs
            .iter()
            .map(|program| &program["contender"])
            .collect();
        assert_eq!(names, ["kolo-current", "tokio-current", "floor"]);
        for program in programs {
            let bytes = program["cost"]["median"].as_f64().unwrap();
            assert!((4.0..1000.0).contains(&bytes), "{row}");
        }
    }

    let page = std::fs::read_to_string(&markdown).unwrap();
    assert!(page.contains("--rows bytes-16,bytes-1024"), "{page}");
    assert!(page.contains("| bytes-16 "), "{page}");
}

#[test]
fn no_colour_where_there_is_no_terminal() {
    let output = compare(&["--rows", "bytes-16"]);
    assert!(stdout(&output).contains("bytes-16"));
    assert!(!stdout(&output).contains('\u{1b}'));
}
