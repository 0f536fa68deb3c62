//! **Does the command line keep its word?** Exit codes, formats, colours, Ctrl-C, a
//! reader who leaves; and the transcripts of the course's programs on each runtime.
//!
//! Every test runs the binary itself. Waits are scaled down; nothing waits for a
//! moment that may not come; Python is played by a script of a few lines, so that its
//! rows are the same on every machine.

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use common::{demos, end, interrupt, json, ran, runtimes, signal, transcript};

fn rows(report: &Value) -> &Vec<Value> {
    report["rows"].as_array().expect("rows")
}

/// A folder of this test alone, emptied before.
fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder in target");
    folder
}

/// A Python that has no uvloop and answers at once; its loop of 2,000 has this sum, and
/// its `unsync` one part.
fn python(test: &str, sum: u64) -> PathBuf {
    let script = folder(test).join("python");
    let text = format!(
        "#!/bin/sh\n\
         if [ \"$3\" = probe ]; then echo '{{\"python\": \"3.0\", \"uvloop\": null}}'\n\
         else echo '{{\"wall_s\": 0.5, \"cpu_s\": 0.4, \"peak_bytes\": null, \"sum\": {sum}, \"lines\": [], \
         \"parts\": [{{\"kind\": \"waiting\", \"seconds\": 0.5, \"thread\": \"MainThread\", \"well\": true}}]}}'; fi\n"
    );
    fs::write(&script, text).expect("a file in target");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("its own file");
    script
}

/// The sum of what `loop` sends with `--items 2000`.
const SUM: u64 = 667_667_000;

// The course.

#[test]
fn count_on_every_runtime() {
    let ended = ran("run count --time-scale 0.01");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let synchronous = transcript(&ended.out, "synchronous");
    assert_eq!(synchronous[..6], ["one", "two", "one", "two", "one", "two"]);
    for runtime in runtimes() {
        let gathered = transcript(&ended.out, &format!("gathered, {runtime}"));
        assert_eq!(
            gathered[..6],
            ["one", "one", "one", "two", "two", "two"],
            "{runtime}"
        );
        assert!(gathered[6].starts_with("time elapsed: "), "{}", gathered[6]);
        assert_eq!(gathered.len(), 7);
    }
    assert!(ended.out.contains("checks hold"), "{}", ended.out);
}

#[test]
fn fib_on_every_runtime() {
    let ended = ran("run fib");
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    for runtime in runtimes() {
        let lines = transcript(&ended.out, &format!("steps, {runtime}"));
        let endless = "1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987, 1597, 2584, 4181, 6765, 10946";
        assert_eq!(lines[0], "[1, 1, 2, 3, 5, 8, 13, 21, 34, 55]");
        assert_eq!(lines[1], endless);
        assert_eq!(
            lines[3],
            "     1   Some(1)            Pending          is at 1"
        );
        assert_eq!(
            lines[22],
            "    20   Some(6765)         Pending          is at 6765"
        );
        assert_eq!(lines[23], "    21   Some(10946)        Ready(10946)");
        assert_eq!(
            lines[24],
            "The event loop polled it 21 times too, and has Ready(10946)."
        );
        assert_eq!(lines.len(), 25);
    }
}

#[test]
fn producers_draw_the_same_waits_on_every_runtime() {
    let waits = |seed: u32| {
        let out = ran(&format!(
            "run producer-consumer --time-scale 0.004 --seed {seed}"
        ))
        .out;
        let all = |runtime: &String| {
            let lines = transcript(&out, &format!("two producers, {runtime}"));
            let line = lines
                .iter()
                .find(|line| line.starts_with("One wait after the other"));
            line.expect("the sum of all waits").clone()
        };
        let mut sums: Vec<_> = runtimes().iter().map(all).collect();
        sums.dedup();
        assert_eq!(sums.len(), 1, "{sums:?}");
        sums.remove(0)
    };
    assert_eq!(waits(7), waits(7));
    assert_ne!(waits(7), waits(8));
}

#[test]
fn a_producers_log_is_the_courses() {
    let ended = ran("run producer-consumer --rt tokio-current --time-scale 0.004");
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    let synchronous = transcript(&ended.out, "synchronous");
    assert_eq!(synchronous[0], "App started.");
    let made: Vec<_> = (1..=20)
        .map(|idx| format!(" -- generated item {idx}"))
        .collect();
    assert_eq!(synchronous[1..21], made);
    for (line, idx) in synchronous[21..41].iter().zip(1..) {
        let start = format!(" +++ Processed value {} after ", idx * idx);
        assert!(
            line.starts_with(&start) && line.ends_with(" sec."),
            "{line}"
        );
    }
    assert!(
        synchronous[41].starts_with("App exiting, total time: "),
        "{}",
        synchronous[41]
    );
    let two = transcript(&ended.out, "two producers, tokio-current");
    assert_eq!(
        two.iter()
            .filter(|line| line.starts_with(" +++ Processed"))
            .count(),
        40
    );
}

#[test]
fn below_a_millisecond_the_number_of_waits_shrinks() {
    // 0.5 s × 0.002 is a millisecond; a quarter of that scale leaves a quarter of 20.
    let ended = ran("run producer-consumer --rt tokio-current --time-scale 0.0005");
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    let made = |title: &str| {
        let lines = transcript(&ended.out, title);
        lines
            .iter()
            .filter(|line| line.starts_with(" -- generated"))
            .count()
    };
    assert_eq!(made("synchronous"), 5);
    assert_eq!(made("two producers, tokio-current"), 10);
}

#[test]
fn loop_has_its_rows() {
    let python = python("loop_has_its_rows", SUM);
    let report = json(&format!(
        "run loop --items 2000 --python {}",
        python.display()
    ));
    for program in ["mpsc", "Queue", "mpsc, armed", "Queue, armed"] {
        for runtime in runtimes() {
            let row = rows(&report)
                .iter()
                .find(|row| row["program"] == program && row["runtime"] == *runtime);
            assert_eq!(
                row.expect("a row for each")["status"],
                "done",
                "{program}, {runtime}"
            );
        }
    }
    let row = |runtime: &str| {
        rows(&report)
            .iter()
            .find(|row| row["runtime"] == runtime)
            .expect("a row")
            .clone()
    };
    assert_eq!(row("asyncio")["wall_s"]["median"], 0.5);
    assert_eq!(row("uvloop")["status"], "skipped");
    let row = row("tokio-current");
    assert_eq!(row["items"], 2000);
    assert_eq!(row["speed"]["median"], 1.0);
    assert!(row["samples"][0]["peak_bytes"].as_u64() > Some(0), "{row}");
    let claims: Vec<_> = row["checks"].as_array().expect("checks").iter().collect();
    assert!(
        !claims.is_empty() && claims.iter().all(|check| check["holds"] == true),
        "{row}"
    );
}

#[test]
fn echo_on_every_runtime_and_by_hand() {
    let ended = ran("run echo --seconds 0.05 --connections 3 --message-size 100");
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    let mut titles = vec!["mio by hand".to_owned()];
    titles.extend(
        runtimes()
            .iter()
            .map(|runtime| format!("server, {runtime}")),
    );
    for title in titles {
        let lines = transcript(&ended.out, &title);
        let starts = [
            "3 connections, messages of 100 bytes; ",
            "",
            "A message is under way ",
            "The server's CPU: ",
        ];
        assert_eq!(lines.len(), starts.len(), "{title}: {lines:?}");
        assert!(
            lines
                .iter()
                .zip(starts)
                .all(|(line, start)| line.starts_with(start)),
            "{lines:?}"
        );
        assert!(lines[1].contains(" messages in "), "{}", lines[1]);
    }
    assert!(ended.out.contains("checks hold"), "{}", ended.out);
}

#[test]
fn echo_counts_its_messages() {
    let report = json("run echo --rt tokio-current --seconds 0.05 --connections 1");
    assert_eq!(report["settings"]["load"]["connections"], 1);
    let row = &rows(&report)[1];
    assert_eq!(row["runtime"], "tokio-current");
    assert_eq!(row["speed"]["median"], 1.0);
    let items = row["samples"][0]["items"].as_u64().expect("messages");
    assert!(items > 0 && row["items"] == items, "{row}");
    let latency = |name: &str| row["latency_s"][name].as_f64().expect("seconds");
    assert!(latency("min") <= latency("median") && latency("median") <= latency("max"));
}

#[test]
fn what_keeps_echo_from_running_is_said_with_its_cure() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("bound").port();
    let ended = ran(&format!("run echo --rt tokio-current --port {port}"));
    assert_eq!(ended.code, Some(1), "{}", ended.out);
    let page = ended.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        page.contains(&format!("can't listen on 127.0.0.1:{port}: ")),
        "{page}"
    );
    assert!(page.contains("choose another --port"), "{page}");

    let few = format!(
        "ulimit -n 64; exec {} run echo --connections 100 --rt tokio-current",
        env!("CARGO_BIN_EXE_demos")
    );
    let output = Command::new("sh").args(["-c", &few]).output();
    let ended = end(output.expect("sh starts"));
    assert_eq!(ended.code, Some(1), "{}", ended.out);
    let page = ended.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        page.contains("100 connections need 132 open files, and this process may have 64"),
        "{page}"
    );
    assert!(page.contains("`ulimit -n 132`"), "{page}");
}

/// Starts a long `echo`, and waits until it has its client: both processes.
fn echo_with_its_client() -> (Child, PathBuf) {
    let child = demos("run echo --rt tokio-current --seconds 600")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("demos starts");
    let parent = format!(" {} ", child.id());
    let is_client = |process: &PathBuf| {
        let read = |name| fs::read_to_string(process.join(name)).unwrap_or_default();
        // pid (name) state parent …
        let of_ours = read("stat")
            .rsplit_once(") ")
            .is_some_and(|(_, rest)| rest[1..].starts_with(&parent));
        of_ours && read("cmdline").contains("--be-the-load-client")
    };
    let client = loop {
        let processes = fs::read_dir("/proc")
            .expect("Linux")
            .flatten()
            .map(|entry| entry.path());
        if let Some(client) = processes.into_iter().find(is_client) {
            break client;
        }
        std::thread::yield_now();
    };
    (child, client)
}

#[test]
fn a_client_that_dies_in_the_middle_fails_its_row() {
    let (mut child, client) = echo_with_its_client();
    let pid = client.file_name().expect("a pid").to_string_lossy();
    signal("-KILL", &pid);
    // That was the client of the first row; the table tells of it when the second
    // is interrupted.
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut page = String::new();
    while !page.contains("── server, ") {
        assert_ne!(out.read_line(&mut page).expect("UTF-8"), 0, "{page}");
    }
    signal("-INT", &child.id().to_string());
    out.read_to_string(&mut page).expect("UTF-8");
    let ended = end(child.wait_with_output().expect("demos ends"));
    assert_eq!(ended.code, Some(130), "{}", ended.err);
    assert!(
        page.contains("mio by hand: the load client ended with signal: 9"),
        "{page}"
    );
}

#[test]
fn a_server_that_dies_in_the_middle_leaves_no_client_behind() {
    let (mut child, client) = echo_with_its_client();
    child.kill().expect("it runs");
    child.wait().expect("killed");
    let gone = || {
        // What nobody has waited for yet is a Z there.
        let stat = fs::read_to_string(client.join("stat")).unwrap_or_default();
        stat.rsplit_once(") ")
            .is_none_or(|(_, rest)| rest.starts_with('Z'))
    };
    while !gone() {
        std::thread::yield_now();
    }
}

// Commands and formats.

#[test]
fn the_tour_shows_every_demo_and_ends_in_one_table() {
    let python = python("the_tour", SUM);
    let options = format!(
        "--time-scale 0.004 --items 2000 --python {}",
        python.display()
    );
    let ended = ran(&options);
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    assert_eq!(ended.err, "");
    for demo in [
        "upper-bound",
        "requests",
        "count",
        "fib",
        "producer-consumer",
        "loop",
        "scrape",
        "greeters",
        "threaded-producer",
        "bank",
        "city",
        "echo",
    ] {
        assert!(ended.out.contains(&format!("\n{demo}: ")), "{demo}");
    }
    let tables = ended
        .out
        .lines()
        .filter(|line| line.starts_with(" demo "))
        .count();
    assert_eq!(tables, 1, "{}", ended.out);
}

#[test]
fn compare_exports_what_it_shows() {
    let folder = folder("compare_exports");
    let (json_file, markdown) = (folder.join("loop.json"), folder.join("loop.md"));
    let python = python("compare_exports_python", SUM);
    let line = format!(
        "compare loop --rt tokio-current,tokio-multi --runs 5 --items 2000 --python {} --export-json {} --export-markdown {}",
        python.display(),
        json_file.display(),
        markdown.display()
    );
    let ended = ran(&line);
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    let report: Value =
        serde_json::from_slice(&fs::read(json_file).expect("written")).expect("JSON");
    assert_eq!(report["schema"], "kolo-demos/1");
    assert_eq!(report["command"], "compare");
    assert_eq!(report["interrupted"], false);
    assert!(report["machine"]["cores"].as_u64() >= Some(1));
    assert!(
        report["versions"]["tokio"]
            .as_str()
            .is_some_and(|version| version.starts_with("1."))
    );
    assert_eq!(report["versions"]["python"], "3.0");
    let row = rows(&report)
        .iter()
        .find(|row| row["runtime"] == "tokio-multi")
        .expect("a row");
    assert_eq!(row["samples"].as_array().map(Vec::len), Some(5));
    assert_eq!(row["speed"]["against"], "tokio-current");
    let [low, high] =
        [0, 1].map(|end| row["speed"]["interval"][end].as_f64().expect("an interval"));
    let median = row["speed"]["median"].as_f64().expect("a median");
    assert!(low <= median && median <= high, "{row}");
    let text = fs::read_to_string(markdown).expect("written");
    assert!(text.contains("| program | runtime | time |"), "{text}");
    assert!(text.contains("| mpsc | tokio-multi |"), "{text}");
}

#[test]
fn help_has_examples_everywhere() {
    for line in ["", "list", "run", "compare"] {
        let ended = ran(&format!("{line} --help"));
        assert_eq!(ended.code, Some(0));
        assert!(
            ended.out.contains("stands for `demos`):\n  demos"),
            "{line}: {}",
            ended.out
        );
        assert!(!ended.out.contains("measure "), "the hidden command shows");
    }
    for command in ["run", "compare"] {
        for demo in [
            "upper-bound",
            "requests",
            "count",
            "fib",
            "producer-consumer",
            "loop",
            "scrape",
            "greeters",
            "threaded-producer",
            "bank",
            "city",
            "echo",
        ] {
            let ended = ran(&format!("{command} {demo} --help"));
            assert_eq!(ended.code, Some(0));
            assert!(
                ended.out.contains(&format!("\n  demos run {demo}")),
                "{}",
                ended.out
            );
        }
    }
}

// Exit codes.

#[test]
fn misuse_is_2() {
    for line in [
        "dance",
        "run",
        "run dance",
        "run count --rt tokio",
        "run count --rt",
        "run count --time-scale 0",
        "run count --time-scale NaN",
        "run loop --items 1",
        "run count --format xml",
        "compare loop --runs 0",
        "run count --pages 3",
        "run scrape --pages 0",
        "run scrape --limit 0",
        "run scrape --timeout 0",
        "run scrape --port 0",
        "run scrape --ca-file ca.pem",
        "run scrape --port 8080 --base-url http://127.0.0.1",
        "run count --runs 3",
        "run count --daemon",
        "run greeters --press-after 3",
        "run threaded-producer --press-after -1",
        "run threaded-producer --press-after soon",
        "run bank --workers 1",
        "run bank --transfers 19",
        "run bank --check-every 0",
        "run city --rate 0",
        "run city --seconds 0",
        "run city --threads 0",
        "run city --timeout 0",
        "run city --upstreams nowhere",
        "run city --serve --rate 5",
        "run city --serve --format json",
        "compare city --serve",
        "run echo --connections 0",
        "run echo --connections 20001",
        "run echo --message-size 0",
        "run echo --seconds 0",
        "run echo --port 65536",
    ] {
        let ended = ran(line);
        assert_eq!((ended.code, &*ended.out), (Some(2), ""), "{line}");
        assert!(
            ended.err.contains("error:") || ended.err.contains("Usage:"),
            "{line}: {}",
            ended.err
        );
    }
    assert!(ran("run cuont").err.contains("'count'"));
}

#[test]
fn what_was_asked_for_by_name_and_cannot_run_is_3() {
    let ended = ran("run loop --rt tokio-current --items 2000 --python /nowhere/python3");
    assert_eq!(ended.code, Some(3), "{}{}", ended.out, ended.err);
    assert!(
        ended.out.contains("/nowhere/python3 does not start"),
        "{}",
        ended.out
    );
}

#[test]
fn a_check_that_does_not_hold_is_1() {
    let python = python("a_check_that_does_not_hold", SUM - 1);
    let ended = ran(&format!(
        "run loop --rt tokio-current --items 2000 --python {}",
        python.display()
    ));
    assert_eq!(ended.code, Some(1), "{}{}", ended.out, ended.err);
    assert!(
        ended
            .out
            .contains("asyncio: does not hold: every item arrived"),
        "{}",
        ended.out
    );
    assert!(ended.out.contains("1 of "), "{}", ended.out);
}

#[test]
fn an_export_that_cannot_be_written_is_1_before_anything_runs() {
    for option in ["--export-json", "--export-markdown"] {
        let ended = ran(&format!(
            "compare count --time-scale 100 {option} /nowhere/at/all"
        ));
        assert_eq!((ended.code, &*ended.out), (Some(1), ""));
        assert!(
            ended.err.contains("cannot write /nowhere/at/all: "),
            "{}",
            ended.err
        );
    }
}

#[test]
fn output_that_cannot_be_written_is_1() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full");
    let Ok(full) = full else { return }; // only Linux has it
    let ended = end(demos("list")
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .expect("demos starts"));
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.err.contains("cannot write to standard output"),
        "{}",
        ended.err
    );
}

// Colours.

#[test]
fn colours_only_where_they_are_wanted() {
    let coloured = |line: &str, set: &[(&str, &str)]| {
        let output = demos(line)
            .envs(set.iter().copied())
            .output()
            .expect("demos starts");
        end(output).out.contains('\u{1b}')
    };
    let run = "run fib --rt tokio-current";
    assert!(!coloured(run, &[]), "a pipe is no terminal");
    assert!(coloured(run, &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(
        run,
        &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]
    ));
    assert!(coloured(&format!("{run} --color always"), &[]));
    assert!(!coloured(
        &format!("{run} --color never"),
        &[("CLICOLOR_FORCE", "1")]
    ));
    assert!(!coloured(
        &format!("{run} --color always --format json"),
        &[]
    ));
    assert!(coloured("run --help --color always", &[]));
    assert!(!coloured("run --help", &[]));
}

// Ctrl-C.

#[test]
fn ctrl_c_ends_with_what_there_is() {
    let ended = interrupt(
        "run producer-consumer --rt tokio-current",
        " -- generated item 1",
    );
    assert_eq!(ended.code, Some(130), "{}", ended.err);
    assert!(
        ended.out.contains(" synchronous  none     interrupted"),
        "{}",
        ended.out
    );
    assert!(
        ended
            .out
            .contains("Ctrl-C: this is what there was until then"),
        "{}",
        ended.out
    );
    assert!(!ended.out.contains("generated item 20"), "it was cut short");
}

#[test]
fn ctrl_c_ends_a_comparison_and_exports_it() {
    let file = folder("ctrl_c_ends_a_comparison").join("out.json");
    let line = format!(
        "compare producer-consumer --time-scale 1 --rt tokio-current --export-json {}",
        file.display()
    );
    let ended = interrupt(&line, "5 runs of each contender");
    assert_eq!(ended.code, Some(130), "{}", ended.err);
    let report: Value = serde_json::from_slice(&fs::read(file).expect("written")).expect("JSON");
    assert_eq!(report["interrupted"], true);
}
