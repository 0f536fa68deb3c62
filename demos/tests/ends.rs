//! **How does each command end, when it can't end well?** A reader who leaves, a full
//! disk, a name that is none, an export that can't be written, Ctrl-C and its like: a
//! clear line, the right exit code, and no process left behind.

mod common;

use std::fs::{self, OpenOptions};
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;

use common::{Ended, all_demos, demos, demos_with_sighup, end, ran, signal, start_until};

/// A few seconds of each, so that there is time to be interrupted.
const UNHURRIED: &str = "--time-scale 0.5";

/// Every command, as short as it can be.
fn commands() -> Vec<String> {
    let brief = "--time-scale 0.001 --items 2000 --python /nowhere/python3";
    vec![
        format!("{brief} --rt kolo-current"),
        "list".to_owned(),
        "explain".to_owned(),
        "explain loop".to_owned(),
        "explain loop --format json".to_owned(),
        "completions bash".to_owned(),
        "completions zsh".to_owned(),
        format!("run count {brief}"),
        format!("run fib --format json {brief}"),
        format!("compare count --runs 1 {brief}"),
        format!("compare --all --runs 1 --rt kolo-current {brief}"),
        "--help".to_owned(),
        "run scrape --help".to_owned(),
    ]
}

#[test]
fn a_reader_who_leaves_is_no_error_for_any_command() {
    for line in commands() {
        let mut child = demos(&line)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("demos starts");
        drop(child.stdout.take());
        let ended = end(child.wait_with_output().expect("demos ends"));
        assert_eq!((ended.code, &*ended.err), (Some(0), ""), "{line}");
    }
}

#[test]
fn a_full_disk_is_1_and_said_once() {
    for line in commands().iter().filter(|line| !line.contains("--help")) {
        let full = OpenOptions::new().write(true).open("/dev/full");
        let Ok(full) = full else { return }; // only Linux has it
        let output = demos(line).stdout(full).stderr(Stdio::piped()).output();
        let ended = end(output.expect("demos starts"));
        assert_eq!(ended.code, Some(1), "{line}: {}", ended.err);
        let said = ended.err.matches("cannot write to standard output").count();
        assert_eq!(said, 1, "{line}: {}", ended.err);
    }
}

#[test]
fn an_export_of_all_that_cannot_be_written_is_1_before_anything_runs() {
    for option in ["--export-json", "--export-markdown", "--html", "--svg"] {
        let ended = ran(&format!(
            "compare --all --time-scale 100 {option} /nowhere/x"
        ));
        assert_eq!((ended.code, &*ended.out), (Some(1), ""), "{option}");
        let why = "demos: cannot write /nowhere/x: No such file or directory";
        assert!(ended.err.starts_with(why), "{}", ended.err);
    }
}

#[test]
fn a_wrong_name_is_2_with_the_right_one() {
    for (line, meant) in [
        ("explian count", "'explain'"),
        ("compar count", "'compare'"),
        ("run cuont", "'count'"),
        ("compare scrap", "'scrape'"),
        ("explain produce-consumer", "'producer-consumer'"),
        ("run count --rt kolo-curent", "'kolo-current'"),
        ("completions bsh", "'bash'"),
        ("compare --al", "'--all'"),
    ] {
        let ended = ran(line);
        assert_eq!((ended.code, &*ended.out), (Some(2), ""), "{line}");
        assert!(ended.err.contains(meant), "{line}: {}", ended.err);
    }
    for (line, said) in [
        ("compare", "Name one, or ask for --all"),
        ("compare --all count", "name one of them, or say --all"),
        ("compare count --all", "name one of them, or say --all"),
        ("explain count fib", "unexpected argument 'fib'"),
        ("completions", "<SHELL>"),
        ("run count --all", "unexpected argument '--all'"),
    ] {
        let ended = ran(line);
        assert_eq!((ended.code, &*ended.out), (Some(2), ""), "{line}");
        assert!(ended.err.contains(said), "{line}: {}", ended.err);
    }
}

// Ctrl-C, and its like.

/// What ends a command from outside: its name for `kill`, for people, and its exit code.
type Interruption = (&'static str, &'static str, i32);

const CTRL_C: Interruption = ("-INT", "Ctrl-C", 130);
const SIGTERM: Interruption = ("-TERM", "SIGTERM", 143);
const SIGHUP: Interruption = ("-HUP", "SIGHUP", 129);

/// The processes that have this mark in their environment, as their children have.
fn marked(mark: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").expect("Linux").flatten();
    let has_mark = |environment: Vec<u8>| {
        let mut variables = environment.split(|byte| *byte == 0);
        variables.any(|variable| variable == mark.as_bytes())
    };
    processes
        .map(|entry| entry.path())
        .filter(|process| fs::read(process.join("environ")).is_ok_and(has_mark))
        .filter_map(|process| Some(process.file_name()?.to_str()?.to_owned()))
        .collect()
}

/// Interrupts a command as a terminal does, with its whole group, once a line begins with
/// `mark` and there are `children` below it; and waits until none is left.
fn interrupt(by: Interruption, line: &str, mark: &str, children: usize) -> Ended {
    let (kill, name_of_it, code) = by;
    let name = line.replace(|other: char| !other.is_ascii_alphanumeric(), "_");
    let variable = format!("{}_{name}{kill}", std::process::id());
    let mut command = demos_with_sighup("default", line);
    command.env("DEMOS_TEST", &variable).process_group(0);
    let (mut child, mut out, mut text) = start_until(&mut command, mark);
    let variable = format!("DEMOS_TEST={variable}");
    while marked(&variable).len() <= children {
        let ended = child.try_wait().expect("ours");
        assert!(ended.is_none(), "{line} ended too early: {ended:?}");
        std::thread::yield_now();
    }
    signal(kill, &format!("-{}", child.id()));
    out.read_to_string(&mut text).expect("UTF-8");
    let ended = end(child.wait_with_output().expect("demos ends"));
    while !marked(&variable).is_empty() {
        std::thread::yield_now();
    }
    assert_eq!(ended.code, Some(code), "{line}: {text}{}", ended.err);
    assert_eq!(ended.err, "", "{line}");
    let said = format!("{name_of_it}: this is what there was until then");
    assert_eq!(text.matches(&said).count(), 1, "{line}: {text}");
    Ended { out: text, ..ended }
}

#[test]
fn whatever_interrupts_a_run_it_ends_with_a_table() {
    for by in [CTRL_C, SIGTERM, SIGHUP] {
        let ended = interrupt(by, &format!("run count {UNHURRIED}"), "one", 0);
        let row = " synchronous  none     interrupted";
        assert!(ended.out.contains(row), "{}", ended.out);
    }
}

#[test]
fn whatever_interrupts_a_comparison_its_process_and_the_workers_of_that_end() {
    for by in [CTRL_C, SIGTERM, SIGHUP] {
        // The process that is measured, and then its worker, which comes with the third
        // contender.
        let line = "compare compute --parts 1 --steps 50000000 --runs 1000 --time-scale 1";
        interrupt(by, line, "1000 runs of each contender", 2);
    }
}

#[test]
fn a_program_that_is_to_outlive_its_terminal_does() {
    let line = "run count --time-scale 0.05 --rt kolo-current";
    let (child, mut out, mut text) = start_until(&mut demos_with_sighup("ignore", line), "one");
    signal("-HUP", &child.id().to_string());
    out.read_to_string(&mut text).expect("UTF-8");
    let ended = end(child.wait_with_output().expect("demos ends"));
    assert_eq!((ended.code, &*ended.err), (Some(0), ""), "{text}");
    assert!(text.contains("checks hold"), "{text}");
}

#[test]
fn a_reader_who_has_left_changes_nothing_about_an_interruption() {
    let name = format!("reader_who_left_{}.json", std::process::id());
    let export = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let line = format!(
        "compare count --runs 1000 --export-json {}",
        export.display()
    );
    // The last line before the table is said before anything runs.
    let (child, out, _) = start_until(&mut demos(&line), "on ");
    drop(out);
    signal("-TERM", &child.id().to_string());
    let ended = end(child.wait_with_output().expect("demos ends"));
    assert_eq!((ended.code, &*ended.err), (Some(143), ""));
    let report = fs::read_to_string(&export).expect("it was written");
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["interrupted"], true);
    fs::remove_file(export).expect("it is ours");
}

/// In the matrix of a command that shows all demos, the line of the first one.
fn line_of_first(page: &str, demo: &str) -> String {
    let matrix = page.lines().skip_while(|line| !line.starts_with(" demo "));
    let mut lines = matrix.filter(|line| line.starts_with(&format!(" {demo} ")));
    let line = lines.next();
    line.unwrap_or_else(|| panic!("no line for {demo}: {page}"))
        .to_owned()
}

#[test]
fn ctrl_c_ends_the_tour_with_its_table() {
    let first = all_demos().remove(0);
    let ended = interrupt(CTRL_C, UNHURRIED, "── ", 0);
    let line = line_of_first(&ended.out, &first);
    assert!(line.contains("interrupted"), "{line}");
}

#[test]
fn ctrl_c_ends_a_comparison_of_each_demo_with_its_process() {
    for demo in all_demos() {
        // More rounds than anybody waits for: it can't be over before.
        let line = format!("compare {demo} --runs 1000 --python /nowhere/python3");
        let ended = interrupt(CTRL_C, &line, "1000 runs of each contender", 1);
        assert!(ended.out.contains("interrupted"), "{line}: {}", ended.out);
    }
}

#[test]
fn ctrl_c_ends_a_comparison_of_all() {
    let first = all_demos().remove(0);
    let line = format!("compare --all --runs 1000 {UNHURRIED}");
    let ended = interrupt(CTRL_C, &line, &format!("{first}: "), 1);
    let line = line_of_first(&ended.out, &first);
    assert!(line.contains("interrupted"), "{line}");
}
