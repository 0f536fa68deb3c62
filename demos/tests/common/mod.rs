//! **How does a test run the demos?** The binary itself, to its end; and how its
//! transcripts are read.

#![allow(dead_code)] // each test file takes what it needs

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use serde_json::Value;

pub(crate) fn demos(line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_demos"));
    command.args(line.split_whitespace()).stdin(Stdio::null());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command
}

/// The same, with SIGHUP as a program has it by default (`default`) or below `nohup`
/// (`ignore`), whatever the tests were started with.
pub(crate) fn demos_with_sighup(how: &str, line: &str) -> Command {
    let plain = demos(line);
    let mut command = Command::new("env");
    command.arg(format!("--{how}-signal=HUP"));
    command.arg(plain.get_program()).args(plain.get_args());
    for (name, _) in plain.get_envs() {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

pub(crate) fn end(output: Output) -> Ended {
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ended {
        code: output.status.code(),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

pub(crate) fn ran(line: &str) -> Ended {
    end(demos(line).output().expect("demos starts"))
}

/// Runs a command that must end with exit code 0, and reads its JSON.
#[track_caller]
pub(crate) fn json(line: &str) -> Value {
    let ended = ran(&format!("{line} --format json"));
    assert_eq!(ended.code, Some(0), "{line}: {}", ended.err);
    serde_json::from_str(&ended.out).expect("JSON and nothing else")
}

/// The runtimes by name: all of them can run where tests do.
pub(crate) fn runtimes() -> Vec<String> {
    let list = json("list");
    let runtimes = list["runtimes"].as_array().expect("runtimes");
    let mut names = Vec::new();
    for runtime in runtimes {
        assert_eq!(runtime["status"], "available", "{runtime}");
        names.push(runtime["name"].as_str().expect("a name").to_owned());
    }
    names
}

/// The demos by name, in the order of the course.
pub(crate) fn all_demos() -> Vec<String> {
    let list = json("list");
    let demos = list["demos"].as_array().expect("demos").iter();
    demos
        .map(|demo| demo["name"].as_str().expect("a name").to_owned())
        .collect()
}

/// The lines of the program under the title `── title ──…`.
pub(crate) fn transcript(out: &str, title: &str) -> Vec<String> {
    let mut lines = out
        .lines()
        .skip_while(|line| !line.starts_with(&format!("── {title} ")));
    assert!(lines.next().is_some(), "no title {title} in:\n{out}");
    lines
        .take_while(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Starts, reads until a line begins with `mark`, presses Ctrl-C, reads to the end.
pub(crate) fn interrupt(line: &str, mark: &str) -> Ended {
    let (child, mut out, mut text) = start_until(&mut demos(line), mark);
    signal("-INT", &child.id().to_string());
    out.read_to_string(&mut text).expect("UTF-8");
    let ended = end(child.wait_with_output().expect("demos ends"));
    Ended { out: text, ..ended }
}

/// Starts, and reads until a line begins with `mark`: what was read, and what comes.
pub(crate) fn start_until(
    command: &mut Command,
    mark: &str,
) -> (Child, BufReader<ChildStdout>, String) {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("demos starts");
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    let text = read_until(&mut out, mark);
    (child, out, text)
}

/// What is written up to the end of the first line that begins with `mark`.
pub(crate) fn read_until(out: &mut impl BufRead, mark: &str) -> String {
    let mut text = String::new();
    while !text
        .lines()
        .last()
        .is_some_and(|line| line.starts_with(mark))
    {
        assert_ne!(
            out.read_line(&mut text).expect("UTF-8"),
            0,
            "ended early: {text}"
        );
    }
    text
}

/// Sends a signal as a person would: `-INT` to a process, or to a group by `-` and its
/// number.
pub(crate) fn signal(which: &str, process: &str) {
    let killed = Command::new("kill").args([which, "--", process]).status();
    assert!(killed.expect("kill starts").success());
}
