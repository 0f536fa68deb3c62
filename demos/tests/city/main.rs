//! **Does the API answer, under a load and to a person, and what if those whom it asks
//! do not?** The demo `city` from outside: its transcript and its claims on each runtime,
//! `--serve`, and everything that can go wrong with the services, each with a line that
//! says so and nobody left behind.

#[path = "../common/mod.rs"]
mod common;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use serde_json::Value;

use common::{demos, end, json, ran, runtimes, transcript};

/// A short load that one thread falls behind with: 47 ms a request, 60 a second.
const SHORT: &str = "--time-scale 0.05 --rate 60 --seconds 0.3 --threads 1";

fn words(page: &str) -> String {
    page.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn it_answers_on_threads_and_on_every_runtime() {
    let ended = ran(&format!("run city {SHORT}"));
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    let mut titles = vec![("on threads".to_owned(), "1 thread answers")];
    let available = runtimes();
    titles.extend(
        available
            .iter()
            .map(|runtime| (format!("awaited, {runtime}"), "a task answers each")),
    );
    for (title, crew) in &titles {
        let lines = transcript(&ended.out, title);
        assert_eq!(
            lines[0],
            format!("18 requests arrive, 60 a second; {crew}.")
        );
        let starts = [
            "18 answered, ",
            "From when it was due, a request takes ",
            "The server's CPU: ",
            "At most ",
        ];
        assert_eq!(lines.len(), 1 + starts.len(), "{title}: {lines:?}");
        for (line, start) in lines[1..].iter().zip(starts) {
            assert!(line.starts_with(start), "{title}: {line}");
        }
    }
    assert_eq!(
        transcript(&ended.out, "on threads")[4],
        "At most 1 request waited for the services at once."
    );
    let beside: Vec<_> = ended
        .out
        .lines()
        .skip_while(|line| !line.starts_with(" under load "))
        .skip(2)
        .take_while(|line| !line.is_empty())
        .collect();
    assert_eq!(beside.len(), titles.len(), "{beside:?}");
    // Of eighteen requests nobody can say what one in a hundred takes.
    assert!(!ended.out.contains("median; p99 "), "{}", ended.out);
    assert!(
        ended.out.contains(" in the median; at most "),
        "{}",
        ended.out
    );
    assert!(ended.out.contains("checks hold"), "{}", ended.out);
}

#[test]
fn its_numbers_are_those_of_the_load() {
    let report = json(&format!("run city --rt tokio-current {SHORT}"));
    assert_eq!(report["settings"]["city"]["threads"], 1);
    let rows = report["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 2);
    for row in rows {
        let sample = &row["samples"][0];
        assert_eq!(sample["items"], 18, "{row}");
        let load = |name: &str| sample["under_load"][name].as_f64().expect("a number");
        assert_eq!(load("arriving"), 60.0);
        assert!(load("answered") > 0.0);
        // Nine of the eighteen answers are in it: enough to tell how sure it is.
        assert!((0.0..1.0).contains(&load("uncertainty")), "{row}");
        assert!(load("p50") <= load("p99") && load("p99") <= load("p999"));
        assert!(load("p999") <= load("most"));
        // Two waits of at least 0.288 and 0.399 s, at this scale.
        let least = sample["latency_s"]["min"].as_f64().expect("a number");
        assert!(least >= 0.687 * 0.05 * 0.999, "{row}");
    }
    // Eighteen requests of 47 ms, one after the other, and the last due after 283 ms.
    let most = |row: &Value| row["samples"][0]["under_load"]["most"].as_f64();
    assert!(most(&rows[0]) > Some(0.5), "{}", rows[0]);
    assert_eq!(rows[0]["program"], "on threads");
}

#[test]
fn compare_runs_it_in_fresh_processes() {
    let line = format!("compare city --runs 2 --rt kolo-current {SHORT}");
    let ended = ran(&line);
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    assert!(ended.out.contains("city, awaited, kolo-current"));
    assert!(ended.out.contains("checks hold"), "{}", ended.out);
}

#[test]
fn a_port_in_use_is_said_with_its_cure() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("bound").port();
    let ended = ran(&format!("run city {SHORT} --port {port}"));
    assert_eq!(ended.code, Some(1), "{}", ended.out);
    let said = format!("can't listen on 127.0.0.1:{port}: ");
    let page = words(&ended.out);
    // Where each failed, and once for all of them below the table.
    assert_eq!(page.matches(&said).count(), 1 + runtimes().len() + 1);
    assert!(page.contains("choose another --port"), "{page}");
}

/// Services that do this with everybody who asks; the address of their root.
fn services(answer: impl Fn(TcpStream) + Send + Sync + Copy + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.expect("a guest");
            thread::spawn(move || answer(stream));
        }
    });
    format!("http://{address}")
}

/// Reads a request, to its end; the path.
fn asked(stream: &TcpStream) -> String {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let request = lines.next().unwrap_or_default();
    let _rest = lines.take_while(|line| !line.is_empty()).count();
    request.split(' ').nth(1).unwrap_or_default().to_owned()
}

/// What every row says, when this is what the services do and `timeout`, in seconds,
/// is how long each is waited for.
fn told_of(services: &str, timeout: &str) -> String {
    let line = format!("run city --time-scale 0.05 --rate 60 --seconds 0.1 --upstreams {services}");
    let ended = ran(&format!("{line} --timeout {timeout}"));
    assert_eq!(ended.code, Some(1), "{}{}", ended.out, ended.err);
    let page = words(&ended.out);
    let rows = 1 + runtimes().len();
    assert_eq!(
        page.matches("6 of 6 requests failed: ").count(),
        rows + 1, // below the table, once for all
        "{page}"
    );
    page
}

/// A timeout that is not meant to come.
const AGES: &str = "20";

#[test]
fn a_service_that_hangs_is_a_504() {
    let services = services(|mut stream| {
        let _ = asked(&stream);
        // Until the other side has had enough.
        let _ = stream.read(&mut [0]);
    });
    let page = told_of(&services, "0.1");
    let said = "6 × 504: the location service said nothing for 0.1 s";
    assert!(page.contains(said), "{page}");
}

#[test]
fn a_service_that_breaks_off_is_a_502() {
    let services = services(|mut stream| {
        let path = asked(&stream);
        let spot = r#"{"city":"Somewhere","latitude":1.5,"longitude":2.5}"#;
        let length = spot.len();
        let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length:";
        let answer = if path.starts_with("/location/") {
            format!("{head} {length}\r\n\r\n{spot}")
        } else {
            format!("{head} 100\r\n\r\n{{\"sun")
        };
        let _ = stream.write_all(answer.as_bytes());
    });
    let page = told_of(&services, AGES);
    let said = "6 × 502: the sun service broke off in the middle of its answer";
    assert!(page.contains(said), "{page}");
}

#[test]
fn a_service_that_is_not_there_or_answers_with_something_else_is_a_502() {
    let gone = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let page = told_of(&format!("http://{}", gone.expect("a port")), AGES);
    assert!(
        page.contains("6 × 502: the location service is not there"),
        "{page}"
    );

    let services = services(|mut stream| {
        let _ = asked(&stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nnull");
    });
    let page = told_of(&services, AGES);
    let said = "6 × 502: the location service answers with something else";
    assert!(page.contains(said), "{page}");
}

/// A process that `child` has started, of which this argument is one; waits for it.
fn child_of(child: &Child, argument: &str) -> PathBuf {
    let parent = format!(" {} ", child.id());
    let is_it = |process: &PathBuf| {
        let read = |name| fs::read_to_string(process.join(name)).unwrap_or_default();
        // pid (name) state parent …
        let of_ours = read("stat")
            .rsplit_once(") ")
            .is_some_and(|(_, rest)| rest[1..].starts_with(&parent));
        of_ours && read("cmdline").contains(argument)
    };
    loop {
        let processes = fs::read_dir("/proc")
            .expect("Linux")
            .flatten()
            .map(|entry| entry.path());
        if let Some(found) = processes.into_iter().find(is_it) {
            return found;
        }
        thread::yield_now();
    }
}

fn wait_until_gone(process: &Path) {
    let gone = || {
        // What nobody has waited for yet is a Z there.
        let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
        stat.rsplit_once(") ")
            .is_none_or(|(_, rest)| rest.starts_with('Z'))
    };
    while !gone() {
        thread::yield_now();
    }
}

fn kill(which: &str, process: &str) {
    let killed = Command::new("kill").args([which, process]).status();
    assert!(killed.expect("kill starts").success());
}

fn start(line: &str) -> Child {
    let mut command = demos(line);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("demos starts")
}

const UPSTREAMS: &str = "--be-the-upstreams";

#[test]
fn services_that_die_in_the_middle_fail_their_row_and_no_other() {
    let child = start("run city --rt tokio-current --time-scale 0.05 --rate 20 --seconds 1");
    // The first row waits for the client; then its services are up, and in use.
    let _client = child_of(&child, "--be-the-load-client");
    let services = child_of(&child, UPSTREAMS);
    kill(
        "-KILL",
        &services.file_name().expect("a pid").to_string_lossy(),
    );
    let ended = end(child.wait_with_output().expect("demos ends"));
    assert_eq!(ended.code, Some(1), "{}{}", ended.out, ended.err);
    let page = words(&ended.out);
    assert!(
        page.contains(" on threads: ") && page.contains(" of 20 requests failed: "),
        "{page}"
    );
    assert!(
        page.contains("the services ended in the middle: signal: 9"),
        "{page}"
    );
    let awaited = transcript(&ended.out, "awaited, tokio-current");
    assert!(awaited[1].starts_with("20 answered, "), "{awaited:?}");
}

#[test]
fn a_server_that_is_killed_leaves_nobody_behind() {
    let mut child = start("run city --rt tokio-current --seconds 600");
    let client = child_of(&child, "--be-the-load-client");
    let services = child_of(&child, UPSTREAMS);
    child.kill().expect("it runs");
    child.wait().expect("killed");
    wait_until_gone(&client);
    wait_until_gone(&services);
}

#[test]
fn ctrl_c_ends_it_with_what_there_is() {
    let child = start("run city --rt tokio-current --seconds 600");
    let client = child_of(&child, "--be-the-load-client");
    let services = child_of(&child, UPSTREAMS);
    kill("-INT", &child.id().to_string());
    let ended = end(child.wait_with_output().expect("demos ends"));
    assert_eq!(ended.code, Some(130), "{}", ended.err);
    assert!(ended.out.contains("interrupted"), "{}", ended.out);
    wait_until_gone(&client);
    wait_until_gone(&services);
}

/// An API that serves until it is told not to.
struct Served {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
    page: String,
    /// `127.0.0.1:…`
    address: String,
}

fn serve(runtime: &str) -> Served {
    let line = format!("run city --serve --rt {runtime} --time-scale 0.01");
    let mut child = start(&line);
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut page = String::new();
    let address = loop {
        let before = page.len();
        assert_ne!(out.read_line(&mut page).expect("UTF-8"), 0, "{page}");
        if let Some((_, rest)) = page[before..].split_once("Serving at http://") {
            break rest.split(' ').next().expect("an address").to_owned();
        }
    };
    Served {
        child,
        out,
        page,
        address,
    }
}

impl Served {
    /// The status and the body of what it answers to this.
    fn ask(&self, method: &str, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        let head = "host: here\r\nconnection: close\r\n\r\n";
        write!(stream, "{method} {path} HTTP/1.1\r\n{head}").expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
        let body = answer.split_once("\r\n\r\n").expect("a head").1;
        (status.expect("a status"), body.to_owned())
    }

    /// Presses Ctrl-C; all that it has said.
    fn end(mut self) -> String {
        kill("-INT", &self.child.id().to_string());
        self.out.read_to_string(&mut self.page).expect("UTF-8");
        let ended = end(self.child.wait_with_output().expect("demos ends"));
        assert_eq!(ended.code, Some(130), "{}", ended.err);
        self.page
    }
}

#[test]
fn a_person_can_ask_it_on_every_runtime() {
    for runtime in runtimes() {
        let served = serve(&runtime);
        let services = child_of(&served.child, UPSTREAMS);
        let sun = r#"{"zip":"97201","country":"us","city":"Portland","sunrise":"04:15","sunset":"19:45"}"#;
        let weather =
            r#"{"zip":"10115","country":"de","city":"Berlin","sky":"clear","celsius":23.0}"#;
        let ask = |path: &str| served.ask("GET", path);
        assert_eq!(ask("/api/sun/97201/us"), (200, sun.to_owned()), "{runtime}");
        assert_eq!(ask("/api/weather/10115/DE"), (200, weather.to_owned()));
        let (status, body) = ask("/api/sun/00000/us");
        assert_eq!(status, 404);
        let error = r#"{"error":"the location service knows of no such place"}"#;
        assert_eq!(body, error);
        assert_eq!(ask("/api/sun/97201").0, 400);
        assert_eq!(ask("/api/sun/97201/usa").0, 400);
        assert_eq!(ask("/nowhere").0, 404);
        assert_eq!(served.ask("DELETE", "/api/sun/97201/us").0, 405);
        // Bytes that are no HTTP are its guest's fault, and nobody else's.
        let mut stream = TcpStream::connect(&served.address).expect("it listens");
        stream.write_all(b"\x16\x03\x01\r\n\r\n").expect("it reads");
        drop(stream);
        let page = {
            kill(
                "-KILL",
                &services.file_name().expect("a pid").to_string_lossy(),
            );
            wait_until_gone(&services);
            let (status, body) = ask("/api/sun/97201/us");
            assert_eq!(status, 502, "{body}");
            assert!(body.contains("the location service is not there"), "{body}");
            served.end()
        };
        for said in [
            "200 /api/sun/97201/us after ",
            "502 /api/sun/97201/us after ",
        ] {
            assert!(page.contains(said), "{page}");
        }
    }
}

#[test]
fn curl_is_answered() {
    if Command::new("curl").arg("--version").output().is_err() {
        return; // there is none here; the test above asks by hand
    }
    let served = serve("tokio-current");
    let services = child_of(&served.child, UPSTREAMS);
    // The lines that it shows, as they are.
    let mut page = served.page.clone();
    let mut served = served;
    while page.matches("curl ").count() < 3 {
        assert_ne!(served.out.read_line(&mut page).expect("UTF-8"), 0, "{page}");
    }
    let lines: Vec<_> = page
        .lines()
        .filter_map(|line| line.trim().strip_prefix("curl "))
        .collect();
    let ask = |line: &str| {
        let url = line
            .split_whitespace()
            .find(|word| word.starts_with("http"));
        let asked = Command::new("curl")
            .args(["--silent", "--noproxy", "*", "--write-out", " %{http_code}"])
            .arg(url.expect("an address"))
            .output();
        String::from_utf8(asked.expect("curl starts").stdout).expect("UTF-8")
    };
    assert!(ask(lines[0]).ends_with("\"sunset\":\"19:45\"} 200"));
    assert!(ask(lines[1]).ends_with("\"celsius\":23.0} 200"));
    assert!(ask(lines[2]).ends_with("\"} 404"));
    served.end();
    wait_until_gone(&services);
}
