//! **Is a report what its schema says?** Each command's JSON is held against
//! `schema/compare.schema.json`; and the comparison of all demos has every program on
//! every runtime, in the terminal, in Markdown and in JSON alike.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::{Value, json};

use common::{all_demos, json as json_of, ran, runtimes};

/// No Python, and all as small as it can be.
const BRIEF: &str = "--time-scale 0.001 --items 2000 --python /nowhere/python3";

fn schema() -> Validator {
    let text = include_str!("../schema/compare.schema.json");
    let schema: Value = serde_json::from_str(text).expect("JSON");
    assert!(jsonschema::meta::is_valid(&schema), "no schema by itself");
    jsonschema::validator_for(&schema).expect("a schema")
}

#[track_caller]
fn conforms(report: &Value) {
    let wrong: Vec<_> = schema()
        .iter_errors(report)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[test]
fn what_a_run_writes_conforms() {
    conforms(&json_of("run count --time-scale 0.01"));
    conforms(&json_of(
        "run echo --rt tokio-current --seconds 0.05 --connections 1",
    ));
    conforms(&json_of("run city --rt tokio-current --time-scale 0.01"));
}

#[test]
fn what_a_comparison_writes_conforms() {
    let report = json_of("compare fib --rt kolo-current,tokio-current --runs 5");
    conforms(&report);
    let speed = &report["rows"][0]["speed"];
    assert!(speed["interval"].is_array(), "five pairs have one: {speed}");
}

#[test]
fn what_has_failed_conforms() {
    let ended =
        ran("run scrape --rt tokio-current --pages 1 --base-url http://127.0.0.1:1 --format json");
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    conforms(&serde_json::from_str(&ended.out).expect("JSON"));
}

/// A schema that accepts everything would let everything pass.
#[test]
fn the_schema_knows_a_report_from_what_is_none() {
    let report = json_of("compare count --rt tokio-current --runs 1 --time-scale 0.01");
    conforms(&report);
    let schema = schema();
    let spoilt = |at: &str, value: Value| {
        let mut report = report.clone();
        *report.pointer_mut(at).expect("a field") = value;
        report
    };
    for (at, value) in [
        ("/schema", json!("kolo-demos/0")),
        ("/command", json!("dance")),
        ("/machine/cores", json!(0)),
        ("/settings/seed", json!("seven")),
        ("/rows/0/status", json!("not built yet")),
        ("/rows/0/wall_s", json!(null)),
        ("/rows/0/samples", json!([])),
        ("/rows/0/runtime", json!("smol")),
        ("/rows/0/cpu_s/median", json!(-1)),
    ] {
        assert!(!schema.is_valid(&spoilt(at, value)), "{at}");
    }
    for object in ["", "/rows/0", "/rows/0/samples/0", "/versions"] {
        let mut more = report.clone();
        more.pointer_mut(object).expect("an object")["colour"] = json!("green");
        assert!(!schema.is_valid(&more), "{object} with a field more");
    }
}

#[test]
fn a_comparison_of_all_has_every_program_on_every_runtime() {
    let [json_file, markdown, page] = ["all.json", "all.md", "all.html"].map(file);
    let line = format!(
        "compare --all --runs 1 {BRIEF} --export-json {} --export-markdown {} --html {}",
        json_file.display(),
        markdown.display(),
        page.display()
    );
    let ended = ran(&line);
    // 3: the Python that was named is not there, and its rows say so.
    assert_eq!(ended.code, Some(3), "{}{}", ended.out, ended.err);
    let report = fs::read_to_string(json_file).expect("written");
    let report: Value = serde_json::from_str(&report).expect("JSON");
    conforms(&report);
    assert_eq!(report["command"], "compare --all");

    let rows = report["rows"].as_array().expect("rows");
    let markdown = fs::read_to_string(markdown).expect("written");
    let questions = ["## Speed", "## CPU time", "## Peak memory", "## Every row"];
    let mut rest = &*markdown;
    for question in questions {
        let (_, after) = rest.split_once(question).expect(question);
        rest = after;
    }
    let matrices = &markdown[..markdown.len() - rest.len()];
    for demo in all_demos() {
        assert!(
            ended
                .out
                .lines()
                .any(|line| line.starts_with(&format!(" {demo} "))),
            "{demo}: {}",
            ended.out
        );
        for runtime in runtimes() {
            let row = rows
                .iter()
                .find(|row| row["demo"] == *demo && row["runtime"] == *runtime);
            let row = row.unwrap_or_else(|| panic!("{demo} on {runtime}"));
            assert!(row["samples"][0]["peak_bytes"].as_u64() > Some(0), "{row}");
        }
    }
    let row = |demo: &str, program: &str| {
        let row = format!("| {demo} | {program} | ");
        matrices
            .lines()
            .filter(|line| line.starts_with(&row))
            .count()
    };
    for measured in rows {
        let [demo, program, runtime] =
            ["demo", "program", "runtime"].map(|field| measured[field].as_str().expect("text"));
        if runtime == "kolo-multi" {
            assert_eq!(row(demo, program), 3, "{demo}, {program}: {matrices}");
        }
    }
    assert!(matrices.contains("synchronous"), "{matrices}");
    let page = fs::read_to_string(page).expect("written");
    let glances: Vec<_> = page.split("<section class=\"glance\">").skip(1).collect();
    assert_eq!(glances.len(), 3, "speed, CPU time, memory");
    for demo in all_demos() {
        let link = format!("<a href=\"#{demo}\">{demo}</a>");
        assert!(
            glances.iter().all(|glance| glance.contains(&link)),
            "{demo}"
        );
        assert!(page.contains(&format!("<section id=\"{demo}\">")), "{demo}");
    }
    assert!(page.contains("<code>await</code>") && !page.contains('`'));
    let city = page.split("<section id=\"city\">").nth(1).expect("city");
    assert!(city.contains(">under load</th>") && city.contains(">p99.9</th>"));
    for title in [" Speed: ", " CPU time of a run", " Peak memory of a run"] {
        let found = ended.out.lines().filter(|line| line.starts_with(title));
        assert_eq!(found.count(), 1, "{title}: {}", ended.out);
    }
}

#[test]
fn what_the_tour_writes_conforms_and_has_every_demo() {
    let ended = ran(&format!("{BRIEF} --rt kolo-current --format json"));
    assert_eq!(ended.code, Some(3), "no Python: {}", ended.err);
    let report: Value = serde_json::from_str(&ended.out).expect("JSON");
    conforms(&report);
    let rows = report["rows"].as_array().expect("rows");
    for demo in all_demos() {
        assert!(rows.iter().any(|row| row["demo"] == *demo), "{demo}");
    }
}
