//! **Do the demos that use the machine leave it as it was?** `files`, `compute`, `pools`
//! and `unsync` on each runtime: what they say and claim; and what is left of them when
//! something goes wrong: no file, no process.

#[path = "../common/mod.rs"]
mod common;
mod leftovers;
#[path = "../scrape/site.rs"]
#[allow(dead_code)] // pages of other kinds are for `scrape`
mod site;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use common::{json, ran, runtimes, transcript};

const TITLES: [&str; 5] = [
    "Technical Lessons Learned from Pythonic Refactoring",
    "Gradual Typing of Production Applications",
    "Understanding and using Python's AST",
    "How Python Evolves",
    "Python in Biology and Genomics",
];

/// A folder of this test alone, emptied before.
pub(crate) fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder in target");
    folder
}

#[track_caller]
pub(crate) fn is_empty(folder: &Path) {
    let left: Vec<_> = fs::read_dir(folder).expect("it is ours").collect();
    assert!(left.is_empty(), "{left:?}");
}

/// The titles of a demo's transcripts: these programs, and these on each runtime.
fn programs(plain: &[&str], on_runtimes: &[&str]) -> Vec<String> {
    let mut titles: Vec<_> = plain.iter().map(|&title| title.to_owned()).collect();
    for program in on_runtimes {
        titles.extend(runtimes().iter().map(|on| format!("{program}, {on}")));
    }
    titles
}

#[test]
fn help_has_examples() {
    for demo in ["files", "compute", "pools", "unsync"] {
        for command in ["run", "compare"] {
            let ended = ran(&format!("{command} {demo} --help"));
            assert_eq!(ended.code, Some(0));
            let example = format!("\n  demos run {demo}");
            assert!(ended.out.contains(&example), "{}", ended.out);
        }
    }
}

#[test]
fn misuse_is_2() {
    for line in [
        "run files --files 0",
        "run files --files 1001",
        "run files --size 0",
        "run files --parts 2",
        "run compute --steps 0",
        "run compute --parts 0",
        "run compute --parts 65",
        "run pools --workers 0",
        "run pools --site example.org",
        "run pools --timeout 0",
        "run unsync --workers 2",
    ] {
        let ended = ran(line);
        assert_eq!((ended.code, &*ended.out), (Some(2), ""), "{line}");
        assert!(ended.err.contains("error:"), "{line}: {}", ended.err);
    }
}

// files

#[test]
fn files_come_back_on_every_runtime() {
    let place = folder("files_come_back");
    let ended = ran(&format!(
        "run files --files 7 --size 5000 --dir {}",
        place.display()
    ));
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    for program in programs(&["synchronous"], &["one by one", "at once"]) {
        let lines = transcript(&ended.out, &program);
        let how = match program.starts_with("at once") {
            true => "all at once",
            false => "one after the other",
        };
        let first = format!("7 files of 5,000 bytes, {how}, to the disk and back.");
        assert_eq!(lines[0], first, "{program}");
        assert!(
            lines[1].starts_with(" -- wrote 7 files in "),
            "{}",
            lines[1]
        );
        assert!(
            lines[2].starts_with(" +++ read 7 files in "),
            "{}",
            lines[2]
        );
        assert!(lines[3].starts_with("App exiting, total time: "));
        assert_eq!(lines.len(), 4, "{program}");
    }
    assert!(ended.out.contains("checks hold"), "{}", ended.out);
    is_empty(&place);
}

#[test]
fn files_are_fewer_at_a_brisk_pace_and_in_processes_of_their_own() {
    let place = folder("files_are_fewer");
    let report = json(&format!(
        "compare files --runs 1 --files 50 --unsynced --dir {}",
        place.display()
    ));
    let rows = report["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 1 + 2 * runtimes().len());
    for row in rows {
        assert_eq!(row["items"], 3, "fifty times 0.05, rounded: {row}");
        let checks = row["checks"].as_array().expect("checks");
        assert!(checks.iter().all(|check| check["holds"] == true), "{row}");
        let claims: Vec<_> = checks.iter().map(|check| &check["claim"]).collect();
        assert_eq!(
            claims,
            [
                "every file came back as it was written",
                "nothing is left behind"
            ]
        );
    }
    is_empty(&place);
}

#[test]
fn a_place_that_can_have_no_folder_is_said_with_its_cure() {
    for (place, cure) in [
        (
            "/nowhere/at/all",
            "there is no such directory; name another with --dir",
        ),
        ("/dev/null", "that is no directory; name another with --dir"),
        // Nobody may make a folder there, not even root.
        (
            "/sys",
            "it may not be written to; name another directory with --dir",
        ),
    ] {
        let line = format!("run files --files 1 --rt kolo-current --dir {place}");
        let ended = ran(&line);
        assert_eq!(ended.code, Some(1), "{}{}", ended.out, ended.err);
        let page = ended.out.split_whitespace().collect::<Vec<_>>().join(" ");
        let said = format!("can't make a folder in {place}: ");
        assert!(page.contains(&said) && page.contains(cure), "{page}");
        // In a process of its own it says the same.
        let ended = ran(&line.replace("run files", "compare files --runs 1"));
        assert_eq!(ended.code, Some(1), "{}{}", ended.out, ended.err);
        assert!(
            ended.out.contains("can't make a folder in"),
            "{}",
            ended.out
        );
    }
}

// compute

/// The lines below "Our results:".
fn results(lines: &[String]) -> Vec<&str> {
    let lines = lines.iter().map(String::as_str);
    let mut results = lines.skip_while(|&line| line != "Our results:");
    assert!(results.next().is_some(), "no results");
    results.collect()
}

#[test]
fn every_contender_of_compute_has_the_same_results() {
    let ended = ran("run compute --time-scale 0.1 --steps 22500000 --parts 3");
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    let plain = ["one thread", "threads", "processes"];
    for program in programs(&plain, &["tasks", "spawn_blocking"]) {
        let lines = transcript(&ended.out, &program);
        // The distances fall from 999,999 to 250,000; to 0, and rise to 500,000; and rise
        // to 1,250,000.
        let expected = [
            "        624,999.50   steps 1 to 750,000",
            "        208,333.50   steps 750,001 to 1,500,000",
            "        875,000.50   steps 1,500,001 to 2,250,000",
        ];
        assert_eq!(results(&lines), expected, "{program}");
        let start = lines[0].split(": ").nth(1).expect("what is done");
        let work = "2,250,000 steps in 3 parts, ";
        assert!(start.starts_with(work), "{}", lines[0]);
        let done = lines.iter().find(|line| line.starts_with("Done in "));
        let done = done.expect("the time");
        assert!(done.ends_with(" % of the machine."), "{done}");
    }
    assert!(ended.out.contains("checks hold"), "{}", ended.out);
}

#[test]
fn processes_are_processes() {
    let ended = ran("run compute --time-scale 0.001 --parts 4 --rt tokio-current");
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    let lines = transcript(&ended.out, "processes");
    let begun: Vec<_> = lines
        .iter()
        .filter(|line| line.starts_with("Doing steps "))
        .collect();
    assert_eq!(begun.len(), 4, "{lines:?}");
    assert!(
        begun
            .iter()
            .all(|line| line.contains(", ProcessName: Process-"))
    );
}

#[test]
fn there_are_never_more_parts_than_steps() {
    let report = json("run compute --steps 1 --time-scale 1 --parts 64");
    for row in report["rows"].as_array().expect("rows") {
        assert_eq!(row["status"], "done", "{row}");
    }
}

// pools

/// The PIDs in the lines that say who began.
fn pids(lines: &[String]) -> Vec<u32> {
    let begun = lines
        .iter()
        .filter(|line| line.starts_with("Getting title from "));
    begun
        .map(|line| {
            let pid = line.split("PID: ").nth(1).expect("a PID");
            let pid = pid.split(',').next().expect("a number");
            pid.parse().expect("a number")
        })
        .collect()
}

#[test]
fn pools_have_the_titles_on_every_runtime() {
    let ended = ran("run pools --time-scale 0.03");
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    let mut ours = HashSet::new();
    for program in programs(
        &["thread pool", "process pool"],
        &["spawn_blocking", "tasks"],
    ) {
        let lines = transcript(&ended.out, &program);
        assert!(lines.contains(&"Waiting for downloads...".to_owned()));
        let end = lines.len() - 5;
        assert!(lines[end - 1].starts_with("Done in "), "{lines:?}");
        assert_eq!(lines[end..], TITLES, "{program}");
        let pids = pids(&lines);
        assert_eq!(pids.len(), 5, "{program}: {lines:?}");
        if program == "process pool" {
            assert!(ours.is_disjoint(&pids.iter().copied().collect()));
            assert!(
                lines
                    .iter()
                    .any(|line| line.contains("ProcessName: Process-"))
            );
        } else {
            ours.extend(pids);
            assert!(
                lines
                    .iter()
                    .any(|line| line.contains("ProcessName: MainProcess"))
            );
        }
    }
    assert_eq!(ours.len(), 1, "all but the process pool are one process");
    assert!(ended.out.contains("checks hold"), "{}", ended.out);
}

#[test]
fn a_pool_has_as_many_workers_as_it_is_given() {
    let report = json("compare pools --runs 1 --time-scale 0.01 --workers 2");
    let rows = report["rows"].as_array().expect("rows");
    let claims = |row: &Value| -> Vec<String> {
        let checks = row["checks"].as_array().expect("checks").iter();
        let claims = checks.filter(|check| check["holds"] == true);
        claims
            .map(|check| check["claim"].as_str().expect("text").to_owned())
            .collect()
    };
    for row in rows {
        assert_eq!(row["status"], "done", "{row}");
        let claims = claims(row);
        let overlap = usize::from(row["program"] == "tasks");
        assert_eq!(claims.len(), 6 + overlap, "{row}");
        let many = "no more pages at once than there are workers";
        assert!(claims.iter().any(|claim| claim == many), "{row}");
        // Five pages by two: three rounds of 9.5 ms.
        let shortest = row["wall_s"]["min"].as_f64().expect("seconds");
        let rounds = if row["program"] == "tasks" { 1.0 } else { 3.0 };
        assert!(shortest >= rounds * 0.0095, "{row}");
    }
}

#[test]
fn a_site_that_is_not_there_is_said_and_costs_no_other() {
    let there = site::serve(|_| site::Page::Html("<h1>A title</h1>"));
    // A port that nobody listens at: it was ours, and is closed.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let gone = closed.local_addr().expect("bound");
    drop(closed);
    let ended = ran(&format!(
        "run pools --site {there}/1 --site http://{gone} --rt kolo-current"
    ));
    assert_eq!(ended.code, Some(1), "{}{}", ended.out, ended.err);
    let expected = format!(
        "No title from {gone}: nobody listens there; look at the host and the port in --site, and whether the site is up."
    );
    for program in [
        "thread pool",
        "process pool",
        "spawn_blocking, kolo-current",
        "tasks, kolo-current",
    ] {
        let lines = transcript(&ended.out, program);
        assert_eq!(
            lines[lines.len() - 3..],
            [
                "A title",
                &*expected,
                "failed: does not hold: every title was had"
            ],
            "{program}"
        );
    }
}

// unsync

#[test]
fn every_kind_of_work_is_done_on_every_runtime() {
    let ended = ran("run unsync --time-scale 0.02");
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    for program in programs(&["synchronous"], &["at once"]) {
        let lines = transcript(&ended.out, &program);
        let many = |start: &str| lines.iter().filter(|line| line.starts_with(start)).count();
        for (line, times) in [
            ("Computing...", 3),
            ("Downloading...", 2),
            ("Downloading more ...", 2),
            ("Waiting...", 4),
            ("Downloaded ", 4),
            ("Downloaded (more) ", 2),
            ("  3 × computing ", 1),
            ("  2 × downloading ", 2),
            ("  2 × downloading more ", 1),
            ("  4 × waiting ", 1),
        ] {
            assert_eq!(many(line), times, "{program}: {line}: {lines:?}");
        }
        let version = match &*program {
            "synchronous" => "Synchronous version done in ",
            _ => "Unsync version done in ",
        };
        assert_eq!(many(version), 1, "{program}: {lines:?}");
    }
    assert!(ended.out.contains("checks hold"), "{}", ended.out);
}

#[test]
fn python_does_the_same_or_says_why_not() {
    let ended = ran("run unsync --time-scale 0.02 --rt kolo-current");
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    let report = json("run unsync --time-scale 0.02 --rt kolo-current");
    for row in report["rows"].as_array().expect("rows").iter().skip(2) {
        assert_eq!(row["program"], "in Python");
        let loop_name = row["runtime"].as_str().expect("a name");
        let lines = transcript(&ended.out, &format!("in Python, {loop_name}"));
        if row["status"] == "skipped" {
            let why = row["note"].as_str().expect("why");
            assert!(why.contains("python3"), "{why}");
            assert_eq!(lines, [format!("skipped: {why}")]);
            continue;
        }
        assert_eq!(row["status"], "done", "{row}");
        assert_eq!(row["checks"].as_array().expect("checks").len(), 3, "{row}");
        let many = |start: &str| lines.iter().filter(|line| line.starts_with(start)).count();
        assert_eq!(
            (many("Computing..."), many("Waiting...")),
            (3, 4),
            "{lines:?}"
        );
        assert_eq!(many("Unsync version done in "), 1, "{lines:?}");
        let computing = lines.iter().find(|line| line.contains("3 × computing "));
        assert!(computing.expect("said").contains("Process-"), "{lines:?}");
    }
}

#[test]
fn a_python_that_was_named_and_is_none_is_3() {
    let line = "run unsync --time-scale 0.001 --rt kolo-current --python /nowhere/python3";
    let ended = ran(line);
    assert_eq!(ended.code, Some(3), "{}{}", ended.out, ended.err);
    let said = ended
        .out
        .matches("skipped: /nowhere/python3 does not start: ");
    assert_eq!(said.count(), 2, "{}", ended.out);
}

#[test]
fn the_kinds_are_on_threads_that_suit_them() {
    let ended = ran("run unsync --time-scale 0.02 --rt kolo-current");
    let lines = transcript(&ended.out, "at once, kolo-current");
    let threads = |kind: &str| -> HashSet<String> {
        let line = lines
            .iter()
            .find(|line| line.contains(&format!("× {kind} ")));
        let (_, threads) = line
            .expect(kind)
            .split_once(" at most, on ")
            .expect("where");
        threads.split(", ").map(str::to_owned).collect()
    };
    // One thread is the loop; what computes is on none that the loop is on.
    let awaiting = threads("waiting");
    assert_eq!(awaiting.len(), 1, "{lines:?}");
    assert!(awaiting.is_disjoint(&threads("computing")), "{lines:?}");
}

#[test]
fn sleeps_become_fewer_below_a_millisecond_and_longer_above() {
    // 1,000 × 0.01 sleeps of a millisecond; twice as many milliseconds for twice the scale.
    let waited = |scale: &str| {
        let report = json(&format!(
            "run unsync --rt kolo-current --time-scale {scale}"
        ));
        let row = &report["rows"][1];
        assert_eq!(row["runtime"], "kolo-current");
        row["wall_s"]["median"].as_f64().expect("seconds")
    };
    assert!(waited("0.01") >= 0.01);
    assert!(waited("2") >= 2.0);
}
