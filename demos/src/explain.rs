//! **What is there to learn from a demo?** `demos explain` tells its lesson: what the
//! course says, the lines that matter with file and line, what to try next and what is
//! to be seen then. The lesson itself stands in `catalogue/`, the lines are those that
//! were compiled.
//!
//! Prose is broken between words at the terminal's width, and at a hundred columns where
//! that is wider: a longer line is hard to read. Code is broken only where it must be.

use serde_json::{Value, json};

use crate::catalogue::{Demo, Excerpt};
use crate::console::{Console, Voice};

/// The widest line of prose.
const WIDEST: usize = 100;

/// The narrowest that anything is broken to.
const NARROWEST: usize = 40;

/// A line in several voices.
type Spoken = Vec<(Voice, String)>;

pub(crate) fn document(demo: Demo) -> Value {
    let chapter = demo.chapter();
    let excerpts = chapter.lesson.excerpts.iter().map(|excerpt| {
        let (first, lines) = found(excerpt);
        json!({ "file": excerpt.file, "first_line": first, "lines": lines, "why": excerpt.why })
    });
    let experiments = chapter.lesson.experiments.iter();
    let experiments = experiments.map(|(command, see)| json!({ "command": command, "see": see }));
    json!({
        "schema": "kolo-demos-lesson/1",
        "demo": chapter.name,
        "question": chapter.question,
        "chapter": chapter.place,
        "says": chapter.lesson.says,
        "excerpts": excerpts.collect::<Vec<_>>(),
        "experiments": experiments.collect::<Vec<_>>(),
    })
}

pub(crate) fn tell(console: &Console, demo: Demo, width: usize) {
    for line in lines(demo, width) {
        console.paint(&line);
    }
}

fn lines(demo: Demo, width: usize) -> Vec<Spoken> {
    let chapter = demo.chapter();
    let width = width.max(NARROWEST);
    let one = |voice: Voice, text: &str| vec![(voice, text.to_owned())];
    let blank = || one(Voice::Plain, "");
    let mut lines = Vec::new();

    let title = format!("{}: {}", chapter.name, chapter.question);
    lines.extend(prose(Voice::Bold, &title, 0, width));
    lines.push(one(Voice::Dim, chapter.place));
    for paragraph in chapter.lesson.says.split("\n\n") {
        lines.push(blank());
        lines.extend(prose(Voice::Plain, paragraph, 2, width));
    }

    lines.push(blank());
    lines.push(one(Voice::Bold, "The lines that matter"));
    for excerpt in chapter.lesson.excerpts {
        let (first, code_lines) = found(excerpt);
        lines.push(blank());
        lines.push(one(Voice::Cyan, &format!("  {}:{first}", excerpt.file)));
        lines.extend(prose(Voice::Plain, excerpt.why, 2, width));
        lines.push(blank());
        let digits = (first + code_lines.len()).to_string().len().max(4);
        for (number, line) in (first..).zip(unindented(&code_lines)) {
            lines.extend(code(number, digits, &line, width));
        }
    }

    lines.push(blank());
    lines.push(one(Voice::Bold, "What to try next, and what to see"));
    for (command, see) in chapter.lesson.experiments {
        lines.push(blank());
        lines.push(one(Voice::Yellow, &format!("  {command}")));
        lines.extend(prose(Voice::Plain, see, 4, width));
    }
    lines
}

/// A test has looked for each excerpt of each lesson.
fn found(excerpt: &Excerpt) -> (usize, Vec<&'static str>) {
    excerpt.lines().expect("what a lesson quotes is there")
}

fn prose(voice: Voice, text: &str, indent: usize, width: usize) -> Vec<Spoken> {
    let indent = " ".repeat(indent);
    let how = textwrap::Options::new(width.min(WIDEST))
        .break_words(false)
        .initial_indent(&indent)
        .subsequent_indent(&indent);
    let broken = textwrap::wrap(text, &how).into_iter();
    broken
        .map(|line| vec![(voice, line.into_owned())])
        .collect()
}

/// The lines without the indentation that all of them have.
fn unindented(lines: &[&str]) -> Vec<String> {
    let text = textwrap::dedent(&lines.join("\n"));
    text.split('\n').map(str::to_owned).collect()
}

/// A line of code with its number; what does not fit goes on in the next line, deeper.
fn code(number: usize, digits: usize, line: &str, width: usize) -> Vec<Spoken> {
    let indent = &line[..line.len() - line.trim_start().len()];
    let deeper = format!("{indent}        ");
    let how = textwrap::Options::new(width - digits - 5).subsequent_indent(&deeper);
    let broken = textwrap::wrap(line, &how).into_iter().enumerate();
    broken
        .map(|(at, line)| {
            let margin = match at {
                0 => format!("  {number:>digits$} │ "),
                _ => format!("  {:>digits$} │ ", ""),
            };
            vec![(Voice::Dim, margin), (Voice::Plain, line.into_owned())]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: Vec<Spoken>) -> Vec<String> {
        let text = |line: Spoken| line.into_iter().map(|(_, text)| text).collect();
        lines.into_iter().map(text).collect()
    }

    #[test]
    fn every_lesson_fits_into_a_terminal_of_eighty() {
        for demo in Demo::all() {
            for line in texts(lines(demo, 80)) {
                assert!(line.chars().count() <= 80, "{demo:?}: {line}");
            }
        }
    }

    #[test]
    fn code_keeps_its_number_and_goes_on_deeper() {
        let line = "    let answer = client.get(address).await;";
        assert_eq!(
            texts(code(7, 4, line, 80)),
            ["     7 │     let answer = client.get(address).await;"]
        );
        assert_eq!(
            texts(code(7, 4, line, 47)),
            [
                "     7 │     let answer =",
                "       │             client.get(address).await;"
            ]
        );
        // Too narrow for a word.
        assert_eq!(
            texts(code(7, 4, line, 40))[1..],
            [
                "       │             client.get(address)",
                "       │             .await;"
            ]
        );
    }

    #[test]
    fn the_indentation_of_all_lines_is_left_out() {
        let lines = ["        loop {", "            turn();", "        }"];
        assert_eq!(unindented(&lines), ["loop {", "    turn();", "}"]);
    }

    #[test]
    fn a_document_names_file_and_line() {
        let document = document(Demo::Count);
        let first = &document["excerpts"][0];
        assert_eq!(first["file"], "demos/src/course/count.rs");
        let number = first["first_line"].as_u64().expect("a number");
        let text = include_str!("course/count.rs");
        let line = text.lines().nth(number as usize - 1);
        assert_eq!(first["lines"][0].as_str(), line);
    }
}
