//! **What does a source file say, without its prose and its tests?** A reader
//! just good enough for this house's source: it blanks comments and strings,
//! cuts out what stands under `#[cfg(…test…)]`, and keeps the line numbers.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// One file of the library.
pub(crate) struct Source {
    /// Below `runtime/src`.
    pub(crate) path: String,
    /// Its code; each other line is blank.
    pub(crate) code: String,
}

/// All files of the library but its tests.
pub(crate) fn files() -> &'static [Source] {
    static FILES: OnceLock<Vec<Source>> = OnceLock::new();
    FILES.get_or_init(read_files)
}

fn read_files() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/src");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    paths.sort();
    assert!(!paths.is_empty(), "no source under {}", root.display());
    let mut tests = Vec::new();
    let mut sources = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).expect("a source file is text");
        let (code, modules) = cut_tests(&blank(&text), &text);
        for module in modules {
            tests.push(module_path(&path, &module));
        }
        sources.push((path, code));
    }
    sources
        .into_iter()
        .filter(|(path, _)| {
            !tests
                .iter()
                .any(|t| path.starts_with(t) || *path == t.with_extension("rs"))
        })
        .map(|(path, code)| {
            let path = path.strip_prefix(&root).expect("found below it");
            Source {
                path: path.to_str().expect("plain names").to_owned(),
                code,
            }
        })
        .collect()
}

fn collect(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("the library is beside this package") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

/// Where `mod name;` (or its `#[path]`) of `file` lives, without the extension.
fn module_path(file: &Path, module: &TestModule) -> PathBuf {
    let dir = file.parent().expect("files are in folders");
    let stem = file
        .file_stem()
        .and_then(|s| s.to_str())
        .expect("plain names");
    match (&module.path, stem) {
        (Some(path), _) => dir.join(path).with_extension(""),
        (None, "mod" | "lib") => dir.join(&module.name),
        (None, stem) => dir.join(stem).join(&module.name),
    }
}

/// The same text with comments and the contents of strings blanked.
fn blank(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let bytes: Vec<char> = text.chars().collect();
    let at = |i: usize| bytes.get(i).copied().unwrap_or('\0');
    let mut i = 0;
    while i < bytes.len() {
        match (at(i), at(i + 1)) {
            ('/', '/') => {
                while i < bytes.len() && at(i) != '\n' {
                    i += 1;
                }
            }
            ('/', '*') => {
                while i < bytes.len() && (at(i), at(i + 1)) != ('*', '/') {
                    if at(i) == '\n' {
                        out.push('\n');
                    }
                    i += 1;
                }
                i += 2;
            }
            ('"', _) => {
                out.push('"');
                i += 1;
                while i < bytes.len() && at(i) != '"' {
                    if at(i) == '\\' {
                        i += 1;
                    }
                    if at(i) == '\n' {
                        out.push('\n');
                    }
                    i += 1;
                }
                out.push('"');
                i += 1;
            }
            // Char literals that hold a quote or a brace would confuse what follows.
            ('\'', c) if c != '\\' && at(i + 2) == '\'' => {
                out.push_str("' '");
                i += 3;
            }
            ('\'', '\\') => {
                out.push_str("' '");
                i += 2;
                while at(i + 1) != '\'' && i < bytes.len() {
                    i += 1;
                }
                i += 2;
            }
            (c, _) => {
                out.push(c);
                i += 1;
            }
        }
    }
    out
}

struct TestModule {
    name: String,
    path: Option<String>,
}

/// Blanks each item under a `cfg` that needs `test` or `loom`; names the modules among them
/// that live in files of their own. `text` has the attributes' strings.
fn cut_tests(code: &str, text: &str) -> (String, Vec<TestModule>) {
    let mut lines: Vec<String> = code.lines().map(str::to_owned).collect();
    let originals: Vec<&str> = text.lines().collect();
    let mut modules = Vec::new();
    let mut i = 0;
    while i < lines.len() {
        let attribute = lines[i].trim().to_owned();
        if !(attribute.starts_with("#[cfg(")
            && (has_word(&attribute, "test") && !attribute.contains("not(test")
                || has_word(&attribute, "loom") && !attribute.contains("not(loom")))
        {
            i += 1;
            continue;
        }
        let mut path = None;
        let mut item = i + 1;
        while lines[item].trim().starts_with("#[") || lines[item].trim().is_empty() {
            if let Some(rest) = originals[item].trim().strip_prefix("#[path = \"") {
                path = rest.split('"').next().map(str::to_owned);
            }
            item += 1;
        }
        let words: Vec<&str> = lines[item].split_whitespace().collect();
        if let Some(at) = words.iter().position(|w| *w == "mod")
            && let Some(name) = words.get(at + 1).and_then(|w| w.strip_suffix(';'))
        {
            modules.push(TestModule {
                name: name.to_owned(),
                path,
            });
        }
        let end = end_of_item(&lines, item);
        lines[i..=end].fill(String::new());
        i = end + 1;
    }
    (lines.join("\n"), modules)
}

/// The last line of the item that begins at `start`: its `;`, or its closing brace.
fn end_of_item(lines: &[String], start: usize) -> usize {
    let mut depth = 0_i32;
    for (n, line) in lines.iter().enumerate().skip(start) {
        for c in line.chars() {
            match c {
                '{' | '(' | '[' => depth += 1,
                '}' | ')' | ']' => {
                    depth -= 1;
                    if depth == 0 && c == '}' {
                        return n;
                    }
                }
                ';' if depth == 0 => return n,
                _ => {}
            }
        }
    }
    lines.len() - 1
}

/// Does `word` stand in `code` as a word of its own?
pub(crate) fn has_word(code: &str, word: &str) -> bool {
    code.split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|w| w == word)
}

/// The top-level modules that `code` names, with the line: by `crate::x`,
/// `crate::{x, y::z}`, or enough `super::`s to leave its own folder.
pub(crate) fn imports(path: &str, code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let depth = path
        .strip_suffix("/mod.rs")
        .unwrap_or(path)
        .split('/')
        .count();
    let up = "super::".repeat(depth);
    for root in ["crate::", &up] {
        for (at, _) in code.match_indices(root) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '$') {
                continue;
            }
            let line = code[..at].matches('\n').count() + 1;
            for name in heads(&code[at + root.len()..]) {
                found.push((line, name));
            }
        }
    }
    found
}

/// The first segments after `crate::`: one, or those of a brace group.
fn heads(rest: &str) -> Vec<String> {
    let word = |s: &str| -> String {
        s.trim_start()
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    let Some(group) = rest.strip_prefix('{') else {
        return vec![word(rest)];
    };
    let mut names = vec![word(group)];
    let mut depth = 1;
    for (i, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => names.push(word(&group[i + 1..])),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names.retain(|n| !n.is_empty());
    names
}

#[test]
fn reads_what_it_must() {
    let text = "use crate::{task::{a, b}, sync};\n// use crate::time;\nlet s = \"crate::net\";\nsuper::super::io::x();\n";
    let code = blank(text);
    let names: Vec<_> = imports("sync/queue.rs", &code)
        .into_iter()
        .map(|(_, n)| n)
        .collect();
    assert_eq!(names, ["task", "sync", "io"]);

    let text = "fn kept() {}\n#[cfg(all(test, loom))]\n#[path = \"x_tests.rs\"]\nmod tests;\n#[cfg(test)]\nmod inline {\n    fn f() {}\n}\nfn also() {}\n";
    let (code, modules) = cut_tests(&blank(text), text);
    let left: Vec<_> = code.lines().filter(|l| !l.is_empty()).collect();
    assert_eq!(left, ["fn kept() {}", "fn also() {}"]);
    assert_eq!(modules.len(), 1);
    assert_eq!(modules[0].path.as_deref(), Some("x_tests.rs"));
}
