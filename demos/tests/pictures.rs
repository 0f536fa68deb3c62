//! **Do the demos draw what happened, and can everybody see it?** `upper-bound` and
//! `requests` on each runtime; their pictures in the terminal, in JSON, as SVG and in a
//! page.
//!
//! Every test runs the binary itself, with waits and work scaled down.

mod common;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use scraper::{Html, Selector};
use serde_json::Value;

use common::{demos, end, json, ran, runtimes, transcript};

/// A file of this test alone, not there before.
fn file(name: &str) -> PathBuf {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_file(&file);
    file
}

/// What the rows of a program drew: of each runtime (`none` for a plain one), a picture.
fn drawn<'a>(report: &'a Value, program: &str) -> Vec<(&'a str, &'a Value)> {
    let rows = report["rows"].as_array().expect("rows").iter();
    let mine = rows.filter(|row| row["program"] == program && row["status"] != "not built yet");
    let picture = |row: &'a Value| {
        let pictures = row["pictures"].as_array().expect("pictures");
        assert_eq!(pictures.len(), 1, "{row}");
        (row["runtime"].as_str().expect("a name"), &pictures[0])
    };
    mine.map(picture).collect()
}

#[test]
fn requests_wait_for_one_another_or_overlap() {
    let report = json("run requests --time-scale 0.04");
    let lanes = |picture: &Value| {
        assert_eq!(picture["kind"], "timeline");
        let lanes = picture["lanes"].as_array().expect("lanes").clone();
        assert_eq!(lanes.len(), 3);
        lanes
    };
    // When a lane's second span, the first work, begins, and when its last ends.
    let began = |lane: &Value| lane["spans"][1]["from_s"].as_f64().expect("seconds");
    let ended = |lane: &Value| {
        let spans = lane["spans"].as_array().expect("spans");
        let doing: Vec<_> = spans.iter().map(|span| &span["doing"]).collect();
        assert_eq!(doing, ["in-line", "working", "waiting", "working"]);
        spans[3]["to_s"].as_f64().expect("seconds")
    };

    let in_turn = drawn(&report, "one after another");
    let [(_, picture)] = in_turn[..] else {
        panic!("{in_turn:?}")
    };
    let lanes_in_turn = lanes(picture);
    for pair in lanes_in_turn.windows(2) {
        assert!(ended(&pair[0]) <= began(&pair[1]), "{pair:?}");
    }
    let overlapped = drawn(&report, "overlapped");
    assert_eq!(overlapped.len(), runtimes().len());
    for (runtime, picture) in overlapped {
        let lanes = lanes(picture);
        // The second begins while the first waits.
        assert!(began(&lanes[1]) < ended(&lanes[0]), "{runtime}: {lanes:?}");
    }
}

#[test]
fn requests_come_faster_until_response_time_degrades() {
    let ended = ran("run requests --time-scale 0.04");
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    let mut titles = vec!["rush, one thread".to_owned()];
    titles.extend(runtimes().iter().map(|name| format!("rush, {name}")));
    for title in titles {
        let lines = transcript(&ended.out, &title);
        assert!(lines.len() >= 2, "{title}: {lines:?}");
        let (last, rates) = lines.split_last().expect("lines");
        let rate = |line: &String| -> u32 {
            let (rate, rest) = line.trim_start().split_once(' ').expect("a rate");
            assert!(rest.starts_with("requests a second: nine of ten answered within "));
            rate.replace(',', "").parse().expect("a number")
        };
        assert!(
            rates.iter().map(rate).is_sorted_by(|a, b| a < b),
            "{rates:?}"
        );
        assert!(last.starts_with("It degrades there: "), "{last}");
    }
}

#[test]
fn upper_bound_has_a_point_for_each_number_beside_its_bounds() {
    let report = json("run upper-bound --time-scale 0.04 --share 0.5,1");
    assert_eq!(report["settings"]["shares"], serde_json::json!([0.5, 1.0]));
    for program in ["computing, threads", "computing", "waiting"] {
        for (runtime, picture) in drawn(&report, program) {
            let series = picture["series"].as_array().expect("series");
            let names: Vec<_> = series.iter().map(|series| &series["name"]).collect();
            assert_eq!(names, ["50 %", "100 %", ""], "{program}, {runtime}");
            assert_eq!(series[0]["drawn"], "bound");
            let half = series[0]["points"].as_array().expect("points");
            assert_eq!(half[0], serde_json::json!([1.0, 1.0]));
            assert!(half.last().expect("points")[1].as_f64() < Some(2.0));
            assert_eq!(series[2]["drawn"], "marks");
            let marks = series[2]["points"].as_array().expect("points");
            let ones = marks.iter().filter(|mark| mark[0] == 1.0);
            assert!(ones.clone().count() == 2, "one for each share: {marks:?}");
            assert!(ones.into_iter().all(|mark| mark[1] == 1.0), "{marks:?}");
        }
    }
}

#[test]
fn upper_bound_says_what_is_used() {
    let ended = ran("run upper-bound --rt tokio-current --time-scale 0.04 --share 0.8");
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    let lines = transcript(&ended.out, "computing, tokio-current");
    assert_eq!(
        lines[0],
        "80 % of the job can be concurrent: never more than 5.0 times as fast."
    );
    assert!(lines[1].starts_with("   1 thread   "), "{}", lines[1]);
    assert!(
        lines[1].contains(" 1.00 times as fast (bound: 1.00); "),
        "{}",
        lines[1]
    );
    let last = lines.last().expect("lines");
    assert!(last.starts_with("One thread of this machine's "), "{last}");
    assert!(last.ends_with("Of the course's 12: 8 %."), "{last}");
}

#[test]
fn a_terminal_of_80_columns_and_no_colour_shows_it_all() {
    let line = "run requests --rt tokio-current --time-scale 0.04";
    let ended = ran(line);
    let (_, picture) = ended
        .out
        .split_once("\n  Three requests, ")
        .expect("a picture");
    let (picture, _) = picture.split_once("\n program ").expect("the table");
    assert!(
        picture.lines().all(|line| line.chars().count() <= 80),
        "{picture}"
    );
    assert!(picture.contains("█ working") && picture.contains("░ waiting"));
    assert_eq!(picture.matches("    Request ").count(), 9, "{picture}");
    assert!(picture.contains("● rush, one thread") && picture.contains("□ tokio-current"));
    assert!(!ended.out.contains('\u{1b}'));

    let forced = [("CLICOLOR_FORCE", "1")];
    let coloured = end(demos(line).envs(forced).output().expect("demos starts"));
    assert!(coloured.out.contains("\u{1b}[33m█"), "working is yellow");
    assert!(coloured.out.contains("\u{1b}[36m░"), "waiting is cyan");
}

#[test]
fn the_svg_is_well_formed_and_told() {
    let file = file("requests.svg");
    let line = format!(
        "run requests --rt tokio-current --time-scale 0.04 --svg {}",
        file.display()
    );
    let ended = ran(&line);
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    let text = fs::read_to_string(file).expect("written");
    let document = roxmltree::Document::parse(&text).expect("XML");
    let root = document.root_element();
    assert!(root.has_tag_name(("http://www.w3.org/2000/svg", "svg")));
    let told = |name| {
        let mut all = root
            .children()
            .filter(|node| node.tag_name().name() == name);
        all.next()
            .and_then(|node| node.text())
            .expect("told")
            .to_owned()
    };
    assert!(told("title").starts_with("Three requests, from their arrival to their answer; "));
    assert!(told("desc").contains("overlapped, tokio-current: Request 1 ends after "));
    assert!(told("desc").contains("rush, one thread: "));
    assert!(told("style").contains("prefers-color-scheme: dark"));
    let bars = root
        .descendants()
        .filter(|node| node.attribute("class") == Some("working"));
    assert_eq!(
        bars.count(),
        1 + 3 * 3 * 2,
        "the legend's, and two for each request"
    );
}

#[test]
fn a_page_has_every_demo_and_needs_nobody() {
    let (page, svg) = (file("tour.html"), file("count.svg"));
    let line = format!(
        "compare requests --runs 1 --rt tokio-current --time-scale 0.04 --html {}",
        page.display()
    );
    let ended = ran(&line);
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    let text = fs::read_to_string(page).expect("written");
    // The name of SVG is no address that is asked.
    let others = text.replace("http://www.w3.org/2000/svg", "");
    for asked in [
        "http:", "https:", "<script", "<link", "src=", "@import", "url(",
    ] {
        assert!(!others.contains(asked), "{asked}");
    }
    let html = Html::parse_document(&text);
    let all = |selector: &str| {
        let selector = Selector::parse(selector).expect("a selector");
        html.select(&selector)
            .map(|e| e.text().collect::<String>())
            .collect::<Vec<_>>()
    };
    assert_eq!(all("section#requests h2"), ["requests"]);
    assert_eq!(
        all("section#requests .question"),
        ["How many requests does a system take before it degrades?"]
    );
    assert_eq!(all("section#requests figure.wide svg").len(), 2);
    assert_eq!(all("section#requests figure.narrow svg").len(), 2);
    assert_eq!(all("section#requests tbody tr").len(), 5);
    assert!(all(".checks .bad").is_empty());
    assert!(
        all(".checks .good")
            .iter()
            .any(|claim| claim.contains("another is served"))
    );
    assert_eq!(
        all("footer dt"),
        ["machine", "versions", "settings", "date"]
    );
    let with_id = Selector::parse("[id]").expect("a selector");
    let ids: Vec<_> = html.select(&with_id).filter_map(|e| e.attr("id")).collect();
    let different: HashSet<_> = ids.iter().collect();
    assert_eq!(different.len(), ids.len(), "{ids:?}");

    // A demo that draws nothing has a file that says so.
    let line = format!("run count --time-scale 0.004 --svg {}", svg.display());
    assert_eq!(ran(&line).code, Some(0));
    let text = fs::read_to_string(svg).expect("written");
    assert!(roxmltree::Document::parse(&text).is_ok());
    assert!(text.contains("No picture was drawn."));
}

#[test]
fn a_file_that_cannot_be_written_is_1_before_anything_runs() {
    for option in ["--svg", "--html"] {
        for command in ["", "run requests", "compare count"] {
            let line = format!("{command} --time-scale 100 {option} /nowhere/at/all");
            let ended = ran(&line);
            assert_eq!((ended.code, &*ended.out), (Some(1), ""), "{line}");
            let said = "cannot write /nowhere/at/all: ";
            assert!(ended.err.contains(said), "{}", ended.err);
        }
    }
}

#[test]
fn misuse_is_2() {
    for line in [
        "run upper-bound --share 1.1",
        "run upper-bound --share half",
        "run requests --share 0.5",
        "run requests --svg",
    ] {
        let ended = ran(line);
        assert_eq!((ended.code, &*ended.out), (Some(2), ""), "{line}");
    }
}
