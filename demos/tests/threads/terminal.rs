//! `threaded-producer`, at a terminal and without one. The terminal is a
//! pseudo-terminal, and who types into it does so when a line has been said.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::OwnedFd;
use std::process::{ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::{Ended, demos, end, json, ran, transcript};
use crate::titles;

const ASKED: &str = "Press enter to cancel...";
const CANCELLED: &str = "Cancelling on your request!";
const BY_SCRIPT: &str = "(Enter, by the script.)";

/// A bound that only a hang can break.
const LONG: Duration = Duration::from_secs(60);

fn is_work(line: &str) -> bool {
    line.starts_with(" -- generated item ") || line.starts_with(" +++ Processed value ")
}

fn count(lines: &[String], begins: &str) -> usize {
    lines.iter().filter(|line| line.starts_with(begins)).count()
}

/// It was cancelled, and nobody worked on afterwards.
#[track_caller]
fn assert_cancelled(lines: &[String], by_script: bool) {
    assert_eq!(lines[..2], ["App started.", ASKED], "{lines:#?}");
    let cancelled = lines.iter().position(|line| line == CANCELLED);
    let exiting = lines
        .iter()
        .position(|line| line.starts_with("App exiting, total time: "));
    let [cancelled, exiting] = [cancelled, exiting].map(|at| at.expect("both are said"));
    assert!(cancelled < exiting, "{lines:#?}");
    assert!(
        !lines[exiting..].iter().any(|line| is_work(line)),
        "{lines:#?}"
    );
    assert!(count(lines, " +++ Processed value ") < 40, "{lines:#?}");
    assert_eq!(
        lines.contains(&BY_SCRIPT.to_owned()),
        by_script,
        "{lines:#?}"
    );
    let last = lines.last().expect("there are lines");
    assert!(last.starts_with("Everybody had stopped "), "{last}");
}

/// Nobody cancelled: 20 items of each producer, and the consumer has had all.
#[track_caller]
fn assert_completed(lines: &[String]) {
    assert_eq!(count(lines, CANCELLED), 0, "{lines:#?}");
    assert_eq!(count(lines, " -- generated item "), 40, "{lines:#?}");
    let mut values: Vec<u64> = lines
        .iter()
        .filter_map(|line| {
            line.strip_prefix(" +++ Processed value ")?
                .split(' ')
                .next()
        })
        .map(|value| value.parse().expect("a number"))
        .collect();
    values.sort_unstable();
    let expected: Vec<_> = (1..=20).flat_map(|n| [n * n; 2]).collect();
    assert_eq!(values, expected);
}

// Without a terminal.

#[test]
fn without_a_terminal_a_script_presses_enter_and_says_so() {
    let ended = ran("run threaded-producer --time-scale 0.02");
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    for title in titles(&[""]) {
        let lines = transcript(&ended.out, &title);
        assert_cancelled(&lines, true);
        assert_eq!(
            lines[2], "(A script presses it, after 0.0600 sec.)",
            "{title}"
        );
    }
}

#[test]
fn who_is_not_cancelled_ends_and_does_not_wait_for_the_press() {
    // The script would press after 36 s.
    let began = Instant::now();
    let ended = ran("run threaded-producer --time-scale 0.01 --press-after 3600");
    assert!(began.elapsed() < LONG);
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    for title in titles(&[""]) {
        assert_completed(&transcript(&ended.out, &title));
    }
}

#[test]
fn a_closed_input_is_no_terminal() {
    let line = format!(
        "exec {} run threaded-producer --time-scale 0.01 --rt kolo-multi <&-",
        env!("CARGO_BIN_EXE_demos")
    );
    let output = Command::new("sh").args(["-c", &line]).output();
    let ended = end(output.expect("sh starts"));
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    for title in ["threads", "tasks, kolo-multi"] {
        assert_cancelled(&transcript(&ended.out, title), true);
    }
}

#[test]
fn what_is_piped_in_is_left_to_others() {
    let line = format!(
        "{} run threaded-producer --time-scale 0.01 --rt kolo-current >&2; cat",
        env!("CARGO_BIN_EXE_demos")
    );
    let mut child = Command::new("sh")
        .args(["-c", &line])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("sh starts");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(b"\n\nall of it\n").expect("room for it");
    drop(input);
    let ended = end(child.wait_with_output().expect("sh ends"));
    assert_eq!((ended.code, &*ended.out), (Some(0), "\n\nall of it\n"));
    assert!(ended.err.contains(BY_SCRIPT), "{}", ended.err);
}

#[test]
fn a_comparison_has_its_script() {
    let report = json("compare threaded-producer --runs 1 --time-scale 0.01 --rt tokio-multi");
    for row in report["rows"].as_array().expect("rows") {
        assert_eq!(row["status"], "done", "{row}");
        let wall = row["wall_s"]["median"].as_f64().expect("a time");
        assert!(wall >= 0.03, "{row}");
        assert_eq!(row["checks"][0]["claim"], "they stopped at once", "{row}");
    }
}

// At a terminal.

/// A process that has a pseudo-terminal as its input, and somebody who types.
struct Sitting {
    keys: File,
    /// Our end of what it reads: kept, so that the terminal stays one when it has ended.
    _terminal: OwnedFd,
    child: std::process::Child,
    out: BufReader<ChildStdout>,
    said: String,
}

impl Sitting {
    fn at(mut command: Command) -> Self {
        let terminal = nix::pty::openpty(None, None).expect("a terminal");
        let input = terminal.slave.try_clone().expect("a descriptor");
        let mut child = command
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        Self {
            keys: terminal.master.into(),
            _terminal: terminal.slave,
            child,
            out,
            said: String::new(),
        }
    }

    /// Reads on until a line begins like this.
    fn hears(&mut self, begins: &str) {
        loop {
            let mut line = String::new();
            let read = self.out.read_line(&mut line).expect("UTF-8");
            assert_ne!(read, 0, "it ended without {begins:?}: {}", self.said);
            self.said += &line;
            if line.starts_with(begins) {
                return;
            }
        }
    }

    fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("room for it");
    }

    fn ends(mut self) -> Ended {
        self.out.read_to_string(&mut self.said).expect("UTF-8");
        let ended = end(self.child.wait_with_output().expect("it ends"));
        Ended {
            out: self.said,
            ..ended
        }
    }
}

#[test]
fn enter_cancels_in_the_middle() {
    // At the course's pace: 22 s each, if nobody pressed.
    let mut sitting = Sitting::at(demos("run threaded-producer"));
    for title in titles(&[""]) {
        sitting.hears(&format!("── {title} "));
        sitting.hears(" +++ Processed value 1 ");
        sitting.types("\n");
        sitting.hears(CANCELLED);
    }
    let ended = sitting.ends();
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    for title in titles(&[""]) {
        assert_cancelled(&transcript(&ended.out, &title), false);
    }
}

#[test]
fn each_program_takes_one_line_and_leaves_the_rest() {
    let line = format!(
        "{} run threaded-producer --rt kolo-current; read rest; echo \"left: $rest\"",
        env!("CARGO_BIN_EXE_demos")
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]);
    let mut sitting = Sitting::at(shell);
    sitting.types("first\n\nlater\n");
    let ended = sitting.ends();
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    for title in ["threads", "tasks, kolo-current"] {
        assert_cancelled(&transcript(&ended.out, title), false);
    }
    assert!(ended.out.ends_with("left: later\n"), "{}", ended.out);
}

#[test]
fn who_was_not_cancelled_reads_nothing() {
    let line = format!(
        "{} run threaded-producer --time-scale 0.005 --rt kolo-multi; echo; read line; echo \"left: $line\"",
        env!("CARGO_BIN_EXE_demos")
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]);
    let mut sitting = Sitting::at(shell);
    sitting.hears("  all ");
    sitting.types("later\n");
    let ended = sitting.ends();
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    for title in ["threads", "tasks, kolo-multi"] {
        assert_completed(&transcript(&ended.out, title));
    }
    assert!(ended.out.ends_with("left: later\n"), "{}", ended.out);
}

#[test]
fn at_the_end_of_the_input_it_goes_on_to_its_own() {
    let mut sitting = Sitting::at(demos(
        "run threaded-producer --time-scale 0.01 --rt tokio-current",
    ));
    let end_of_input = "\u{4}";
    for _ in 0..2 {
        sitting.hears(ASKED);
        sitting.types(end_of_input);
        sitting.hears("The input has ended: nobody can press enter now.");
    }
    let ended = sitting.ends();
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    for title in ["threads", "tasks, tokio-current"] {
        assert_completed(&transcript(&ended.out, title));
    }
}

#[test]
fn a_script_that_was_asked_for_presses_at_a_terminal_too() {
    let ended = Sitting::at(demos(
        "run threaded-producer --time-scale 0.01 --press-after 2 --rt kolo-current",
    ))
    .ends();
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    for title in ["threads", "tasks, kolo-current"] {
        assert_cancelled(&transcript(&ended.out, title), true);
    }
}

#[test]
fn json_asks_nobody() {
    let ended = Sitting::at(demos(
        "run threaded-producer --time-scale 0.01 --rt kolo-current --format json",
    ))
    .ends();
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    let report: serde_json::Value = serde_json::from_str(&ended.out).expect("JSON");
    for row in report["rows"].as_array().expect("rows") {
        assert_eq!(row["checks"][0]["claim"], "they stopped at once", "{row}");
    }
}

#[test]
fn ctrl_c_ends_it_while_it_listens() {
    let mut sitting = Sitting::at(demos("run threaded-producer --rt kolo-current"));
    sitting.hears(" -- generated item 1");
    let process = sitting.child.id().to_string();
    let killed = Command::new("kill").args(["-INT", &process]).status();
    assert!(killed.expect("kill starts").success());
    let ended = sitting.ends();
    assert_eq!(ended.code, Some(130), "{}{}", ended.out, ended.err);
}

#[test]
fn in_the_background_a_script_presses_and_the_keys_are_the_shells() {
    // A job of a shell in control of the terminal, and that shell reads on meanwhile.
    let line = format!(
        "set -m; {} run threaded-producer --time-scale 0.05 --rt kolo-current & read line; wait; echo \"left: $line\"",
        env!("CARGO_BIN_EXE_demos")
    );
    let mut shell = Command::new("setsid");
    shell.args(["--ctty", "--wait", "bash", "-c", &line]);
    let mut sitting = Sitting::at(shell);
    sitting.hears(ASKED);
    sitting.types("mine\n");
    let ended = sitting.ends();
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    assert!(ended.out.ends_with("left: mine\n"), "{}", ended.out);
    for title in ["threads", "tasks, kolo-current"] {
        assert_cancelled(&transcript(&ended.out, title), true);
    }
}
