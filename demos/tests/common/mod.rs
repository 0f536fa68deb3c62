//! **How does a test run the demos?** The binary itself, to its end; and how its
//! transcripts are read.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

pub(crate) fn demos(line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_demos"));
    command.args(line.split_whitespace()).stdin(Stdio::null());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
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

/// The runtimes that can run today, and those that can't.
pub(crate) fn runtimes() -> (Vec<String>, Vec<String>) {
    let list = json("list");
    let names = |available: bool| {
        let all = list["runtimes"].as_array().expect("runtimes").iter();
        let some = all.filter(|runtime| (runtime["status"] == "available") == available);
        some.map(|runtime| runtime["name"].as_str().expect("a name").to_owned())
            .collect()
    };
    (names(true), names(false))
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
