//! **Can what is to be read be found?** Lessons with their files and lines, and the
//! completions, as the shell itself reads them.

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::{all_demos, demos, end, json, ran};

/// The line of a file of this repository, counted from one.
fn line_of(file: &str, number: usize) -> String {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let text = fs::read_to_string(top.expect("a folder").join(file)).expect(file);
    let line = text.lines().nth(number - 1);
    line.unwrap_or_else(|| panic!("{file} has no line {number}"))
        .to_owned()
}

#[test]
fn a_lesson_shows_the_lines_that_stand_in_the_file() {
    for demo in all_demos() {
        let ended = ran(&format!("explain {demo}"));
        assert_eq!((ended.code, &*ended.err), (Some(0), ""), "{demo}");
        let mut lines = ended.out.lines();
        let title = lines.next().expect("a title");
        assert!(title.starts_with(&format!("{demo}: ")), "{title}");
        let (mut file, mut shown) = ("", 0);
        for line in lines {
            if let Some((path, _)) = line.trim().split_once(".rs:") {
                file = &line.trim()[..path.len() + 3];
            }
            if let Some((number, code)) = line.split_once(" │") {
                let Ok(number) = number.trim().parse() else {
                    continue; // the rest of a long line
                };
                let there = line_of(file, number);
                assert!(there.trim().starts_with(code.trim()), "{file}:{number}");
                shown += 1;
            }
        }
        assert!(shown >= 4, "{demo}: {}", ended.out);
        assert!(ended.out.contains("\n  demos "), "something to try: {demo}");
    }
}

#[test]
fn a_lesson_for_programs() {
    for demo in all_demos() {
        let lesson = json(&format!("explain {demo}"));
        assert_eq!(lesson["schema"], "kolo-demos-lesson/1");
        assert_eq!(lesson["demo"], *demo);
        assert!(!lesson["says"].as_str().expect("text").is_empty());
        for excerpt in lesson["excerpts"].as_array().expect("excerpts") {
            let number = excerpt["first_line"].as_u64().expect("a number") as usize;
            let file = excerpt["file"].as_str().expect("a path");
            for (at, line) in excerpt["lines"]
                .as_array()
                .expect("lines")
                .iter()
                .enumerate()
            {
                assert_eq!(line_of(file, number + at), *line, "{file}:{}", number + at);
            }
        }
        let experiments = lesson["experiments"].as_array().expect("experiments");
        assert!(
            experiments
                .iter()
                .all(|e| e["command"].is_string() && e["see"].is_string())
        );
        assert!(!experiments.is_empty(), "{demo}");
    }
}

#[test]
fn a_lesson_has_colours_only_where_they_are_wanted() {
    let coloured = |set: &[(&str, &str)]| {
        let output = demos("explain count").envs(set.iter().copied()).output();
        end(output.expect("demos starts")).out.contains('\u{1b}')
    };
    assert!(!coloured(&[]));
    assert!(coloured(&[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
}

#[test]
fn without_a_name_the_demos_are_listed() {
    let ended = ran("explain");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    for demo in all_demos() {
        assert!(ended.out.contains(&format!("\n  {demo} ")), "{demo}");
    }
    assert!(
        ended.out.contains("\n  demos explain <demo> (in a clone, "),
        "{}",
        ended.out
    );
    assert_eq!(json("explain"), json("list"));
}

#[test]
fn each_shell_has_its_completions() {
    for (shell, mark) in [
        ("bash", "complete -F _demos"),
        ("zsh", "#compdef demos"),
        ("fish", "complete -c demos"),
        ("elvish", "edit:completion:arg-completer[demos]"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let ended = ran(&format!("completions {shell}"));
        assert_eq!((ended.code, &*ended.err), (Some(0), ""), "{shell}");
        assert!(ended.out.contains(mark), "{shell}: {}", ended.out);
        for demo in all_demos() {
            assert!(ended.out.contains(&demo), "{demo} in {shell}");
        }
        assert!(
            !ended.out.contains("--settings"),
            "what nobody types: {shell}"
        );
    }
}

/// The words that bash offers for the last one of a line.
fn offered(line: &str) -> Vec<String> {
    let script = format!(
        "eval \"$({} completions bash)\"\n\
         COMP_WORDS=({line}) COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n\
         _demos demos \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"\n\
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        env!("CARGO_BIN_EXE_demos")
    );
    let ended = end(Command::new("bash")
        .args(["-c", &script])
        .output()
        .expect("bash"));
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let words = ended.out.lines().filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_demos_and_runtimes() {
    assert_eq!(offered("demos exp"), ["explain"]);
    assert_eq!(offered("demos explain cou"), ["count"]);
    assert_eq!(offered("demos run produ"), ["producer-consumer"]);
    assert_eq!(offered("demos compare --al"), ["--all"]);
    assert_eq!(offered("demos run count --rt kolo-c"), ["kolo-current"]);
    assert!(offered("demos meas").is_empty());
}
