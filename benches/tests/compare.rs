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
    let cases: [(&[&str], &str); 16] = [
        (&["--rows", "yeild"], "'yield'"), // clap's nearest
        (&["--rt", "kolo-current"], "two runtimes or more"),
        (&["--rt", "kolo-current,kolo-current"], "named twice"),
        (&["--rt", "kolo-current,floor"], "is not named"),
        (&["--rt", "kolo-current,nobody"], "tokio-current"),
        (&["--runs", "0"], "1..=1000"),
        (&["--runs", "3", "--quick"], "--quick"),
        (&["--format", "xml"], "json"),
        (&["--one", "yield"], "exactly one"),
        (&["--workers", "0"], "1..=1024"),
        (&["--workers", "2,x"], "invalid digit"),
        (&["--workers", "2,4,2"], "2 is named twice in --workers"),
        (
            &["--workers", "2", "--rt", "kolo-current,smol"],
            "kolo-multi",
        ),
        (&["--rate", "9"], "--one"),
        (
            &["--one", "echo-1000-paced", "--rt", "smol"],
            "takes a --rate",
        ),
        (
            &["--one", "echo-1000-paced", "--rt", "smol", "--rate", "0"],
            "--rate",
        ),
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
fn list_names_the_rows_and_both_targets() {
    let output = compare(&["--list"]);
    assert_eq!(code(&output), Some(0));
    let list = stdout(&output);
    assert!(list.contains("spawn-many") && list.contains("fork-join"));
    assert!(list.contains("target, current") && list.contains("target, multi"));
}

/// What a short comparison of the executors of many threads reports.
fn report_of_multi(rows: &str) -> Value {
    let output = compare(&[
        "--rt",
        "kolo-multi,tokio-multi",
        "--rows",
        rows,
        "--runs",
        "1",
        "--size",
        "1000",
        "--format",
        "json",
    ]);
    assert!(matches!(code(&output), Some(0 | 1)), "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Two workers if nothing is said; kolo's other executor where it is asked for.
#[test]
fn executors_of_many_threads_are_compared_with_each_other() {
    let report = report_of_multi("yield-alone,lifo-third");
    assert_eq!(report["workers"], 2);
    assert_eq!(report["without_io_target"], Value::Null, "not all rows");
    let judged = &report["rows"][0]["finding"]["judged"];
    let programs = judged["programs"].as_array().unwrap().iter();
    let names: Vec<_> = programs.map(|program| &program["contender"]).collect();
    assert_eq!(
        names,
        ["kolo-multi", "tokio-multi", "kolo-current", "floor"]
    );
    assert!(judged["over_current"]["median"].as_f64().unwrap() > 0.0);
    assert!(judged["met"].is_boolean());
}

/// The rate is half of what the peer has just done, and the same for all.
#[test]
fn messages_are_due_at_half_the_peers_rate() {
    let report = report_of_multi("echo-1000-paced,echo-1000-paced-p99");
    let rows = report["rows"].as_array().unwrap();
    let rate = rows[0]["rate"].as_u64().unwrap();
    assert!(rate > 0);
    assert_eq!(rows[1]["rate"].as_u64(), Some(rate));
    let cost = |row: usize, program: usize| {
        let program = &rows[row]["finding"]["judged"]["programs"][program];
        program["cost"]["median"].as_f64().unwrap()
    };
    for program in 0..3 {
        assert!(0.0 < cost(0, program) && cost(0, program) <= cost(1, program));
    }
}

#[test]
fn several_numbers_of_workers_make_one_table() {
    let markdown = scratch("matrix.md");
    let output = compare(&[
        "--workers",
        "1,3",
        "--rows",
        "bytes-16,stuck-wake",
        "--runs",
        "1",
        "--size",
        "3",
        "--format",
        "json",
        "--export-markdown",
        markdown.to_str().unwrap(),
    ]);
    // 3: with one worker nobody is idle while it is stuck.
    assert!(matches!(code(&output), Some(1 | 3)), "{}", stderr(&output));
    let matrix: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(matrix["cores"].as_u64().unwrap() > 0);
    let by_workers = matrix["by_workers"].as_array().unwrap();
    assert_eq!(
        (&by_workers[0]["workers"], &by_workers[1]["workers"]),
        (&1.into(), &3.into())
    );
    let stuck = |place: usize| &by_workers[place]["rows"][1]["finding"];
    assert_eq!(stuck(0)["skipped"], "asks for 2 workers");
    assert!(stuck(1)["judged"]["ratio"]["median"].as_f64().unwrap() > 0.0);
    let page = std::fs::read_to_string(&markdown).unwrap();
    assert!(
        page.contains("| 1 worker ") && page.contains("| 3 workers "),
        "{page}"
    );
    assert!(page.contains(" core"), "{page}");
}

#[test]
fn a_file_that_cannot_be_written_is_3_before_anything_is_measured() {
    for option in ["--export-json", "--export-markdown"] {
        let output = compare(&["--rows", "yield", option, "/nowhere/x"]);
        assert_eq!((code(&output), &*stdout(&output)), (Some(3), ""));
        let said = "error: cannot write /nowhere/x: No such file or directory";
        assert!(stderr(&output).starts_with(said), "{}", stderr(&output));
    }
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
