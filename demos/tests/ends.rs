//! **How does each command end, when it can't end well?** A reader who leaves, a full
//! disk, a name that is none, an export that can't be written, Ctrl-C and its like: a
//! clear line, the right exit code, and no process left behind.

mod common;

use std::fs::{self, OpenOptions};
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;

use common::{
    Ended, all_demos, demos, demos_with_sighup, end, ran, runtimes, signal, start_until, transcript,
};

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

#[test]
fn a_wrong_number_is_2_with_those_that_are_right() {
    let scale = "a number above 0, and at most 100";
    for (line, said) in [
        ("run count --time-scale 0", scale),
        ("run count --time-scale -1", scale),
        ("--time-scale=-1", scale),
        ("run count --time-scale fast", scale),
        ("compare count --runs 0", "0 is not in 1..=1000"),
        ("compare --all --runs -3", "-3 is not in 1..=1000"),
        ("run loop --items 1", "1 is not in 2..=4000000"),
        ("run upper-bound --share 2", "a number from 0 to 1"),
        (
            "run scrape --timeout -1",
            "a number above 0, and at most 3600",
        ),
        ("run city --rate many", "a number from 0.1 to 100000"),
        ("run city --seconds -1", "a number from 0.01 to 600"),
        ("run echo --seconds -1", "a number from 0.01 to 600"),
        ("run echo --port -1", "-1 is not in 1..=65535"),
        (
            "run threaded-producer --press-after -1",
            "a number from 0 to 3600",
        ),
    ] {
        let ended = ran(line);
        assert_eq!((ended.code, &*ended.out), (Some(2), ""), "{line}");
        assert!(ended.err.contains(said), "{line}: {}", ended.err);
    }
}

#[test]
fn a_folder_is_no_file_for_a_result_and_one_file_is_not_for_two() {
    let folder = env!("CARGO_TARGET_TMPDIR");
    for option in ["--html", "--svg"] {
        let ended = ran(&format!("run count --time-scale 100 {option} {folder}"));
        assert_eq!((ended.code, &*ended.out), (Some(1), ""), "{option}");
        let why = format!("demos: cannot write {folder}: Is a directory");
        assert!(ended.err.starts_with(&why), "{}", ended.err);
    }
    let file = format!("{folder}/twice_{}", std::process::id());
    let ended = ran(&format!(
        "compare count --time-scale 100 --html {file} --export-json {file}"
    ));
    assert_eq!((ended.code, &*ended.out), (Some(2), ""));
    assert!(ended.err.contains("is named twice"), "{}", ended.err);
    assert!(!Path::new(&file).exists(), "nothing was to be written");
}

// What fails on the way.

/// A port in use, and an echo server that is to have it.
fn echo_without_a_port(command: &str) -> (TcpListener, String) {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("it is bound").port();
    let line = format!("{command} echo --seconds 0.05 --port {port}");
    (taken, line)
}

/// The page's lines, and where the table begins among them.
fn above_the_table(out: &str) -> Vec<&str> {
    let lines = out.lines();
    lines
        .take_while(|line| !line.starts_with(" program ") && !line.starts_with(" demo "))
        .collect()
}

#[test]
fn what_fails_in_a_run_is_said_below_its_title_and_once_below_the_table() {
    let (_taken, line) = echo_without_a_port("run");
    let ended = ran(&line);
    assert_eq!((ended.code, &*ended.err), (Some(1), ""), "{}", ended.out);
    let mut titles = vec!["mio by hand".to_owned()];
    titles.extend(runtimes().iter().map(|name| format!("server, {name}")));
    for title in titles {
        let lines = transcript(&ended.out, &title);
        let [only] = &lines[..] else {
            panic!("{title}: {lines:?}")
        };
        assert!(only.starts_with("failed: can't listen on "), "{only}");
    }
    let all = ended.out.matches("Address already in use").count();
    let above = above_the_table(&ended.out).join("\n");
    assert_eq!(above.matches("Address already in use").count(), all - 1);
}

#[test]
fn what_fails_in_a_comparison_is_said_once_where_it_does() {
    let (_taken, line) = echo_without_a_port("compare");
    let ended = ran(&format!("{line} --runs 3"));
    assert_eq!((ended.code, &*ended.err), (Some(1), ""), "{}", ended.out);
    let above = above_the_table(&ended.out);
    for contender in ["mio by hand", "server, kolo-multi", "server, tokio-current"] {
        let start = format!("failed: echo, {contender}: can't listen on ");
        let said = above.iter().filter(|line| line.starts_with(&start));
        assert_eq!(said.count(), 1, "{contender}: {}", ended.out);
    }
}

#[test]
fn what_fails_is_said_on_standard_error_where_json_has_the_output() {
    let (_taken, line) = echo_without_a_port("run");
    let ended = ran(&format!("{line} --rt kolo-current --format json"));
    assert_eq!(ended.code, Some(1));
    let report: serde_json::Value = serde_json::from_str(&ended.out).expect("JSON");
    let note = report["rows"][1]["note"].as_str().expect("why");
    let said = format!("demos: failed: echo, server, kolo-current: {note}");
    assert!(ended.err.lines().any(|line| line == said), "{}", ended.err);
}

#[test]
fn what_fails_in_the_tour_is_said_whether_or_not_its_program_is_seen() {
    let page = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("tour_{}", std::process::id()));
    let mut command = demos(&format!(
        "--time-scale 0.001 --items 2000 --python /nowhere/python3 --rt kolo-current,tokio-multi --html {}",
        page.display()
    ));
    // No place for the files of `files`.
    let output = command.env("TMPDIR", "/nowhere").output();
    let ended = end(output.expect("demos starts"));
    assert_eq!((ended.code, &*ended.err), (Some(1), ""), "{}", ended.out);
    let lines = transcript(&ended.out, "at once, kolo-current");
    let above = above_the_table(&ended.out);
    let why = "can't make a folder in /nowhere: No such file or directory";
    let said = |start: &str| {
        let start = format!("failed: {start}{why}");
        above.iter().filter(|line| line.starts_with(&start)).count()
    };
    assert!(!lines.is_empty());
    // Three programs have a title; the runtime that is not seen has two.
    assert_eq!(said(""), 3, "{}", ended.out);
    assert_eq!(said("files, at once, tokio-multi: "), 1, "{}", ended.out);
    let skipped = "skipped: loop, asyncio.Queue, uvloop: /nowhere/python3 does not start: ";
    let skipped = above.iter().filter(|line| line.starts_with(skipped));
    assert_eq!(skipped.count(), 1, "{}", ended.out);
    // Below the table, one reason has one line.
    let below = ended.out.split_whitespace().collect::<Vec<_>>().join(" ");
    let rows = "files, synchronous, one by one on kolo-current, one by one on tokio-multi, \
at once on kolo-current, at once on tokio-multi: can't make a folder";
    assert!(below.contains(rows), "{below}");
    assert!(below.contains("checks of the others hold"), "{below}");
    // Nor does the page begin with what is well.
    let html = fs::read_to_string(&page).expect("it was written");
    assert!(html.contains("✗ 5 of "), "{html}");
    assert!(!html.contains("checks hold"), "{html}");
    assert!(
        html.contains("✗ synchronous, one by one on kolo-current, "),
        "{html}"
    );
    fs::remove_file(page).expect("it is ours");
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
