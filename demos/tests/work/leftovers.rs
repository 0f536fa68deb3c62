//! **What is left when something is killed?** A worker, the process it works for, a
//! program in the middle of its files: what is said, the exit code, and that no process
//! and no file stays behind.
//!
//! Where a test must wait for something in another process, it looks for it in `/proc`
//! or on the page until it is there.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::yield_now;

use serde_json::Value;

use super::common::{Ended, demos, demos_with_sighup, end, json};
use super::site::{Page, serve};
use super::{folder, is_empty};

// Processes, as `/proc` knows them.

/// The state and the parent of a process, if there is one.
fn stat(process: &Path) -> Option<(char, u32)> {
    let stat = fs::read_to_string(process.join("stat")).ok()?;
    // pid (name) state parent …
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut words = rest.split(' ');
    let state = words.next()?.chars().next()?;
    Some((state, words.next()?.parse().ok()?))
}

/// How long a process has computed, in the kernel's hundredths of a second.
fn ticks(process: &Path) -> u64 {
    let stat = fs::read_to_string(process.join("stat")).expect("it runs");
    let (_, rest) = stat.rsplit_once(") ").expect("a name before");
    let user = rest.split(' ').nth(11).expect("utime");
    user.parse().expect("a number")
}

/// The children of a process.
fn children(of: u32) -> Vec<PathBuf> {
    let processes = fs::read_dir("/proc").expect("Linux").flatten();
    let processes = processes.map(|entry| entry.path());
    processes
        .filter(|process| stat(process).is_some_and(|(_, parent)| parent == of))
        .collect()
}

fn is_started_as(process: &Path, argument: &str) -> bool {
    let line = fs::read(process.join("cmdline")).unwrap_or_default();
    line.split(|&byte| byte == 0)
        .any(|word| word == argument.as_bytes())
}

/// Waits until a process has so many children that were started so.
fn await_children(of: u32, argument: &str, number: usize) -> Vec<PathBuf> {
    loop {
        let mut found = children(of);
        found.retain(|child| is_started_as(child, argument));
        if found.len() >= number {
            return found;
        }
        yield_now();
    }
}

/// Waits until it is gone, or nobody's child any more and a zombie for init.
fn await_end(process: &Path) {
    while stat(process).is_some_and(|(state, _)| state != 'Z') {
        yield_now();
    }
}

/// How `kill` names what interrupts a command, and the exit code of it.
const INTERRUPTIONS: [(&str, i32); 3] = [("-INT", 130), ("-TERM", 143), ("-HUP", 129)];

fn pid(process: &Path) -> String {
    let name = process.file_name().expect("a pid");
    name.to_string_lossy().into_owned()
}

fn signal(which: &str, pid: &str) {
    let killed = Command::new("kill").args([which, pid]).status();
    assert!(killed.expect("kill starts").success());
}

fn start(line: &str) -> (Child, BufReader<ChildStdout>) {
    let mut child = demos_with_sighup("default", line)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("demos starts");
    let out = BufReader::new(child.stdout.take().expect("a pipe"));
    (child, out)
}

/// Reads up to the line that begins so.
fn read_to(out: &mut BufReader<ChildStdout>, mark: &str) -> String {
    let mut page = String::new();
    while !page
        .lines()
        .last()
        .is_some_and(|last| last.starts_with(mark))
    {
        assert_ne!(out.read_line(&mut page).expect("UTF-8"), 0, "{page}");
    }
    page
}

fn ended(child: Child, mut out: BufReader<ChildStdout>) -> Ended {
    let mut page = String::new();
    out.read_to_string(&mut page).expect("UTF-8");
    let ended = end(child.wait_with_output().expect("demos ends"));
    Ended { out: page, ..ended }
}

// Workers.

/// The line that plays the processes of `compute` alone, with more to do than they can.
fn endless_compute() -> Command {
    let report = json("run compute --rt kolo-current --time-scale 0.001 --parts 2");
    let mut settings = report["settings"].clone();
    settings["time_scale"] = Value::from(100.0);
    settings["compute"]["steps"] = Value::from(50_000_000);
    let mut command = demos("measure compute-processes --settings");
    command.arg(settings.to_string()).stdout(Stdio::piped());
    command
}

#[test]
fn a_worker_that_is_killed_fails_its_row_with_a_clear_line() {
    let child = endless_compute().spawn().expect("demos starts");
    let workers = await_children(child.id(), "--be-a-worker", 2);
    let killed = pid(&workers[0]);
    signal("-KILL", &killed);
    let ended = end(child.wait_with_output().expect("demos ends"));
    let measured: Value = serde_json::from_str(&ended.out).expect("JSON");
    assert_eq!(measured["status"], "failed");
    let note = measured["note"].as_str().expect("a note");
    let said = format!("its worker, PID {killed}, ended before it was done: signal: 9");
    assert!(note.starts_with("no mean of steps "), "{note}");
    assert!(note.contains(&said), "{note}");
    for worker in &workers {
        await_end(worker); // the other one is not left to compute for nobody
    }
}

#[test]
fn workers_end_with_the_process_they_work_for() {
    let mut child = endless_compute().spawn().expect("demos starts");
    let workers = await_children(child.id(), "--be-a-worker", 2);
    child.kill().expect("it runs");
    child.wait().expect("killed");
    for worker in &workers {
        await_end(worker);
    }
}

/// What Python runs for `unsync`.
const UNSYNC_IN_PYTHON: &str = concat!(
    include_str!("../../src/course/engine.py"),
    include_str!("../../src/course/unsync.py")
);

/// `unsync` on asyncio, with more to compute than anybody waits for, and its three
/// processes that compute; `None` where no Python is.
fn endless_python() -> Option<(Child, Vec<PathBuf>)> {
    let site = serve(|_| Page::Html("<html>A page</html>"));
    let port = site.rsplit(':').next().expect("a port");
    let plan = format!(
        r#"{{"host": "127.0.0.1", "port": {port}, "path": "/150", "roots": 1000000000000, "sleeps": 1, "sleep_s": 0.001}}"#
    );
    let mut command = Command::new("python3");
    command.args(["-c", UNSYNC_IN_PYTHON, "asyncio", &plan]);
    let child = command.stdout(Stdio::piped()).spawn().ok()?;
    let workers = await_children(child.id(), "asyncio", 3);
    Some((child, workers))
}

#[test]
fn processes_of_python_that_are_killed_are_told_in_its_answer() {
    let Some((child, workers)) = endless_python() else {
        return;
    };
    for worker in &workers {
        signal("-KILL", &pid(worker));
    }
    let ended = end(child.wait_with_output().expect("python ends"));
    assert_eq!(ended.code, Some(0));
    let answer: Value = serde_json::from_str(&ended.out).expect("JSON");
    let error = answer["error"].as_str().expect("a sentence");
    assert!(error.starts_with("ForkProcess-1, PID "), "{error}");
    assert!(error.ends_with(", ended before it was done"), "{error}");
}

#[test]
fn processes_of_python_end_with_it() {
    let Some((mut child, workers)) = endless_python() else {
        return;
    };
    child.kill().expect("it runs");
    child.wait().expect("killed");
    for worker in &workers {
        await_end(worker);
    }
}

/// A site whose first page is there, for the pool of threads; the next ones don't come
/// until it is told to go on.
fn site_that_keeps_a_worker_waiting() -> (String, Arc<AtomicBool>) {
    let (asked, goes_on) = (AtomicU32::new(0), Arc::new(AtomicBool::new(false)));
    let told = goes_on.clone();
    let site = serve(move |_| {
        let first = asked.fetch_add(1, Ordering::SeqCst) == 0;
        match first || told.load(Ordering::SeqCst) {
            true => Page::Html("<h1>A title</h1>"),
            false => Page::Never,
        }
    });
    (site, goes_on)
}

#[test]
fn a_pool_goes_on_without_a_worker_that_was_killed() {
    let (site, goes_on) = site_that_keeps_a_worker_waiting();
    let other = serve(|_| Page::Html("<h1>Another</h1>"));
    // The thread pool and the process pool ask the site once each, then the runtime.
    let (child, mut out) = start(&format!(
        "run pools --workers 2 --timeout 3600 --rt kolo-current --site {site}/1 --site {other}/2 --site {other}/3"
    ));
    read_to(&mut out, "── process pool ");
    let authority = site.strip_prefix("http://").expect("plain");
    let begun = read_to(&mut out, &format!("Getting title from {authority}, PID: "));
    let line = begun.lines().last().expect("a line");
    let killed = line.split("PID: ").nth(1).expect("a PID");
    let killed = killed.split(',').next().expect("a PID").to_owned();
    signal("-KILL", &killed);
    goes_on.store(true, Ordering::SeqCst);
    let page = read_to(&mut out, "── spawn_blocking, ");
    let zombies = children(child.id())
        .into_iter()
        .filter(|process| pid(process) == killed)
        .count();
    assert_eq!(zombies, 0, "it was waited for");
    let said = format!(
        "No title from {authority}: its worker, PID {killed}, ended before it was done: signal: 9 (SIGKILL)."
    );
    assert!(page.contains(&said), "{page}");
    assert_eq!(page.lines().filter(|&line| line == "Another").count(), 2);
    let ended = ended(child, out);
    assert_eq!(ended.code, Some(1), "{}{}", ended.out, ended.err);
    let page = ended.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        page.contains("does not hold: every title was had"),
        "{page}"
    );
}

#[test]
fn whatever_interrupts_it_the_workers_end_too() {
    for (kill, code) in INTERRUPTIONS {
        let (site, _goes_on) = site_that_keeps_a_worker_waiting();
        let (child, mut out) = start(&format!(
            "run pools --workers 3 --timeout 3600 --rt kolo-current --site {site}/1"
        ));
        read_to(&mut out, "── process pool ");
        let workers = await_children(child.id(), "--be-a-worker", 3);
        read_to(&mut out, "Getting title from ");
        signal(kill, &child.id().to_string());
        let ended = ended(child, out);
        assert_eq!(ended.code, Some(code), "{}{}", ended.out, ended.err);
        assert!(ended.out.contains("interrupted"), "{}", ended.out);
        for worker in &workers {
            await_end(worker);
        }
    }
}

// Files.

/// More files than are written before somebody is quick.
fn many_files(command: &str, place: &Path) -> String {
    format!(
        "{command} --files 1000 --size 65536 --time-scale 1 --rt kolo-current --dir {}",
        place.display()
    )
}

#[test]
fn whatever_interrupts_it_leaves_no_file() {
    let place = folder("interrupted_files");
    for (kill, code) in INTERRUPTIONS {
        let (child, mut out) = start(&many_files("run files", &place));
        read_to(&mut out, "1,000 files of 65,536 bytes");
        signal(kill, &child.id().to_string());
        let ended = ended(child, out);
        assert_eq!(ended.code, Some(code), "{}{}", ended.out, ended.err);
        assert_eq!(ended.err, "");
        is_empty(&place);
    }
}

#[test]
fn a_reader_who_leaves_leaves_no_file() {
    let place = folder("a_reader_who_leaves");
    let (child, mut out) = start(&many_files("run files --unsynced", &place));
    read_to(&mut out, "1,000 files of 65,536 bytes");
    drop(out); // the next line finds nobody
    let ended = end(child.wait_with_output().expect("demos ends"));
    assert_eq!((ended.code, &*ended.err), (Some(0), ""));
    is_empty(&place);
}

/// Waits until a program in a process of its own has made its first file: the outer
/// folder, which is its parent's.
fn await_first_file(place: &Path) -> PathBuf {
    let folders = |place: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(place).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect()
    };
    loop {
        for outer in folders(place) {
            if folders(&outer)
                .iter()
                .any(|inner| !folders(inner).is_empty())
            {
                return outer;
            }
        }
        yield_now();
    }
}

#[test]
fn whatever_interrupts_it_leaves_no_file_of_a_process_of_its_own() {
    let place = folder("interrupted_comparison");
    for (kill, code) in INTERRUPTIONS {
        let (child, out) = start(&many_files("compare files --runs 1", &place));
        await_first_file(&place);
        signal(kill, &child.id().to_string());
        let ended = ended(child, out);
        assert_eq!(ended.code, Some(code), "{}{}", ended.out, ended.err);
        is_empty(&place);
    }
}

#[test]
fn a_measured_process_ends_with_the_session_that_was_killed() {
    let line = "compare compute --steps 50000000 --time-scale 100 --runs 1";
    let (mut child, _out) = start(line);
    let measured = await_children(child.id(), "measure", 1);
    // What it asks of the kernel, it asks before it works for so long.
    while ticks(&measured[0]) < 20 {
        yield_now();
    }
    child.kill().expect("it runs");
    child.wait().expect("killed");
    await_end(&measured[0]);
}

#[test]
fn a_measured_process_that_is_killed_is_said_at_once_and_the_next_one_has_its_turn() {
    let line = "compare compute --parts 1 --steps 50000000 --time-scale 100 --runs 1";
    let (child, mut out) = start(line);
    let first = await_children(child.id(), "measure", 1).remove(0);
    let killed = pid(&first);
    signal("-KILL", &killed);
    let said = "failed: compute, one thread: its process ended with signal: 9 (SIGKILL)";
    read_to(&mut out, said);
    let next = await_children(child.id(), "measure", 1).remove(0);
    assert_ne!(pid(&next), killed);
    signal("-INT", &child.id().to_string());
    let ended = ended(child, out);
    assert_eq!(ended.code, Some(130), "{}{}", ended.out, ended.err);
    assert!(
        ended
            .out
            .contains(said.trim_start_matches("failed: compute, "))
    );
}

#[test]
fn a_killed_process_leaves_no_file() {
    let place = folder("a_killed_process");
    let (child, out) = start(&many_files("compare files --runs 1", &place));
    let first = await_first_file(&place);
    let measuring = await_children(child.id(), "measure", 1);
    signal("-KILL", &pid(&measuring[0]));
    while first.exists() {
        yield_now();
    }
    // That was the first row; the table tells of it when the second is interrupted.
    await_children(child.id(), "measure", 1);
    signal("-INT", &child.id().to_string());
    let ended = ended(child, out);
    assert_eq!(ended.code, Some(130), "{}{}", ended.out, ended.err);
    let page = ended.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(page.contains("its process ended with signal: 9"), "{page}");
    is_empty(&place);
}
