//! **Does `scrape` find what there is, and say what there is not?** Its programs on
//! each runtime, against the bundled site; and against sites that answer with
//! anything but a page.
//!
//! A page that can't be had costs its own line and nothing else: the others go on,
//! in each of the four programs, and the exit code is 1.

#[path = "../common/mod.rs"]
mod common;
mod site;

use std::io::Read;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, thread};

use serde_json::Value;

use common::{Ended, demos, end, json, ran, runtimes, transcript};
use site::{Page, serve, serve_something_else, serve_tls};

const TITLES: [&str; 10] = [
    "Technical Lessons Learned from Pythonic Refactoring",
    "Gradual Typing of Production Applications",
    "Understanding and using Python's AST",
    "How Python Evolves",
    "Python in Biology and Genomics",
    "Practical steps for moving to Python 3",
    "Python History and Perspectives",
    "The Journal of Open Source Software",
    "Quantum Computing and Python",
    "Inside the new PyPI launch",
];

/// The titles of all transcripts of a run.
fn programs() -> Vec<String> {
    programs_on(&runtimes())
}

fn programs_on(runtimes: &[String]) -> Vec<String> {
    let mut titles = vec!["synchronous".to_owned()];
    for program in ["one by one", "at once", "with a limit"] {
        let on = |runtime: &String| format!("{program}, {runtime}");
        titles.extend(runtimes.iter().map(on));
    }
    titles
}

/// The lines that a program ends an episode with, in order.
fn results(lines: &[String]) -> Vec<&str> {
    lines
        .iter()
        .filter(|line| line.starts_with("Title found") || line.starts_with("No title"))
        .map(String::as_str)
        .collect()
}

fn file(name: &str, text: &str) -> PathBuf {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&file, text).expect("a file in target");
    file
}

// The bundled site.

#[test]
fn the_titles_are_found_on_every_runtime() {
    let ended = ran("run scrape --time-scale 0.02");
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    assert_eq!(ended.err, "", "a progress bar is for terminals");
    let found = TITLES.map(|title| format!("Title found: {title}"));
    for program in programs() {
        let lines = transcript(&ended.out, &program);
        assert_eq!(results(&lines), found, "{program}");
        let asked = lines.iter().filter(|line| line.starts_with("Getting HTML"));
        assert_eq!(asked.count(), 10, "{program}");
        assert!(
            lines.iter().any(|line| line.starts_with("Done in ")),
            "{program}"
        );
    }
    assert!(ended.out.contains("checks hold"), "{}", ended.out);
}

#[test]
fn one_by_one_is_the_courses_transcript() {
    let ended = ran("run scrape --time-scale 0.01 --rt kolo-current");
    let mut course = Vec::new();
    for (number, title) in (150..).zip(TITLES) {
        course.push(format!("Getting HTML for episode {number}"));
        course.push(format!("Getting TITLE for episode {number}"));
        course.push(format!("Title found: {title}"));
    }
    for program in ["synchronous", "one by one, kolo-current"] {
        let lines = transcript(&ended.out, program);
        assert_eq!(lines[..30], course, "{program}");
        assert!(lines.contains(&"The site saw at most 1 request at once.".to_owned()));
    }
    // On one thread, all are asked for before the first is read.
    let lines = transcript(&ended.out, "at once, kolo-current");
    let asked: Vec<_> = (150..160)
        .map(|number| format!("Getting HTML for episode {number}"))
        .collect();
    assert_eq!(lines[..10], asked);
}

#[test]
fn pages_and_limit_are_heeded_in_fresh_processes_too() {
    let report = json("compare scrape --runs 1 --time-scale 0.01 --pages 12 --limit 1");
    let rows = report["rows"].as_array().expect("rows");
    assert_eq!(report["settings"]["visit"]["pages"], 12);
    for row in rows.iter().filter(|row| row["status"] == "done") {
        assert_eq!(row["items"], 12, "{row}");
        let checks = row["checks"].as_array().expect("checks");
        let one = checks
            .iter()
            .any(|check| check["claim"] == "one request after the other" && check["holds"] == true);
        assert_eq!(one, row["program"] != "at once", "{row}");
    }
    let done = rows.iter().filter(|row| row["status"] == "done").count();
    assert_eq!(done, programs().len());
}

#[test]
fn a_port_in_use_is_said() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback");
    let port = taken.local_addr().expect("it is bound").port();
    let ended = ran(&format!("run scrape --pages 1 --port {port}"));
    assert_eq!(ended.code, Some(1), "{}{}", ended.out, ended.err);
    let said = format!("the site can't be served at 127.0.0.1:{port}: Address already in use");
    assert!(ended.out.contains(&said), "{}", ended.out);
    assert!(ended.out.contains("choose another --port"), "{}", ended.out);

    drop(taken);
    let ended = ran(&format!(
        "run scrape --pages 1 --time-scale 0.01 --port {port}"
    ));
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
}

#[test]
fn a_terminal_has_a_progress_bar() {
    let terminal = nix::pty::openpty(None, None).expect("a terminal");
    let mut command = demos("run scrape --pages 3 --time-scale 0.01 --rt kolo-current");
    let child = command
        .env("TERM", "xterm")
        .stdout(Stdio::null())
        .stderr(terminal.slave)
        .spawn()
        .expect("demos starts");
    drop(command); // and with it our end of the terminal
    let reading = thread::spawn(move || {
        let mut drawn = Vec::new();
        // When the last writer has gone, Linux says so with an error.
        let _ = fs::File::from(terminal.master).read_to_end(&mut drawn);
        String::from_utf8_lossy(&drawn).into_owned()
    });
    let ended = child.wait_with_output().expect("demos ends");
    assert!(ended.status.success());
    let drawn = reading.join().expect("it reads");
    assert!(drawn.contains("0/3") && drawn.contains("3/3"), "{drawn:?}");
}

// Sites that misbehave.

/// Runs all programs on a site whose second page of three is `bad`, and looks for the
/// line that should be said of it.
#[track_caller]
fn one_bad_page(bad: Page, trouble: &str) {
    one_bad_page_on(&runtimes(), "", bad, trouble);
}

#[track_caller]
fn one_bad_page_on(runtimes: &[String], options: &str, bad: Page, trouble: &str) {
    let site = serve(move |number| match number {
        151 => bad,
        150 => Page::Html("<h1>One</h1>"),
        _ => Page::Html("<p>no header</p>"),
    });
    let on = runtimes.join(",");
    let ended = ran(&format!(
        "run scrape --pages 3 --limit 2 --base-url {site} --rt {on} {options}"
    ));
    assert_eq!(ended.code, Some(1), "{}{}", ended.out, ended.err);
    assert_eq!(ended.err, "");
    let expected = [
        "Title found: One",
        &format!("No title for episode 151: {trouble}."),
        "Title found: MISSING",
    ];
    for program in programs_on(runtimes) {
        let lines = transcript(&ended.out, &program);
        assert_eq!(results(&lines), expected, "{program}");
    }
    assert!(
        ended.out.contains("does not hold: every page was had"),
        "{}",
        ended.out
    );
}

#[test]
fn a_404() {
    let said =
        "the site answers 404 Not Found; look at --base-url, and whether there are so many --pages";
    one_bad_page(Page::Head("404 Not Found"), said);
}

#[test]
fn a_503() {
    let said = "the site answers 503 Service Unavailable; try again later";
    one_bad_page(Page::Head("503 Service Unavailable"), said);
}

#[test]
fn nothing() {
    let said = "the site closed the connection without an answer; try again, and look at --base-url: \
                http and https are not answered at the same port";
    one_bad_page(Page::Nothing, said);
}

#[test]
fn half_a_page() {
    let said = "the site closed the connection in the middle of the page; try again";
    one_bad_page(Page::Half, said);
}

#[test]
fn garbage() {
    let said = "what answers there does not speak HTTP; look at the port in --base-url";
    one_bad_page(Page::Garbage, said);
}

#[test]
fn too_much() {
    let said = "the page is longer than 4 MB, and was not read to its end; look at --base-url";
    one_bad_page(Page::Endless, said);
}

#[test]
fn never() {
    let said = "there was no page after 1 s; try again, or give it longer with --timeout";
    // One runtime of each library: every program waits here for as long as that.
    let runtimes = ["kolo-current", "tokio-current"].map(str::to_owned);
    one_bad_page_on(&runtimes, "--timeout 1", Page::Never, said);
}

#[test]
fn elsewhere_without_end() {
    let said = "the site says more than 5 times that the page is elsewhere; look at --base-url";
    one_bad_page(Page::Head("302 Found\r\nlocation: /a/151"), said);
}

#[test]
fn elsewhere_at_no_place() {
    let said = "the site says that the page is at \"ftp://a/\", and it should look like \
                https://host or http://host:port/path; look at --base-url";
    one_bad_page(
        Page::Head("301 Moved Permanently\r\nlocation: ftp://a/"),
        said,
    );
}

#[test]
fn a_page_that_has_moved_is_followed() {
    let site = serve(|number| match number {
        150 => Page::Head("308 Permanent Redirect\r\nlocation: shows/7"),
        7 => Page::Html("<h1>Seven</h1>"),
        _ => Page::Nothing,
    });
    let ended = ran(&format!("run scrape --pages 1 --base-url {site}/all/"));
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    for program in programs() {
        let lines = transcript(&ended.out, &program);
        assert_eq!(results(&lines), ["Title found: Seven"], "{program}");
    }
}

/// Every program says this, and nothing else, of its one page.
#[track_caller]
fn no_page(base_url: &str, options: &str, trouble: &str) -> Ended {
    let ended = ran(&format!(
        "run scrape --pages 1 --base-url {base_url} {options}"
    ));
    assert_eq!(ended.code, Some(1), "{}{}", ended.out, ended.err);
    for program in programs() {
        let lines = transcript(&ended.out, &program);
        let results = results(&lines);
        assert!(
            results.len() == 1
                && results[0].starts_with(&format!("No title for episode 150: {trouble}")),
            "{program}: {results:?}"
        );
    }
    ended
}

#[test]
fn nobody_listens() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback");
    let at = listener.local_addr().expect("it is bound");
    drop(listener);
    let said = "nobody listens there; look at the host and the port in --base-url, and whether the site is up.";
    no_page(&format!("http://{at}"), "", said);
}

#[test]
fn no_such_host() {
    // No resolver is asked for a name of this form.
    let said = "there is no host no..host; look at --base-url, and at the network.";
    no_page("http://no..host", "", said);
}

#[test]
fn a_wrong_url_is_refused_at_once() {
    for wrong in [
        "127.0.0.1",
        "ftp://127.0.0.1",
        "http://",
        "http://a:b",
        "http://me@127.0.0.1",
        "http://127.0.0.1/?page=",
    ] {
        let ended = ran(&format!("run scrape --base-url {wrong}"));
        assert_eq!((ended.code, &*ended.out), (Some(2), ""), "{wrong}");
        let said = "for '--base-url <URL>'";
        assert!(ended.err.contains(said), "{wrong}: {}", ended.err);
    }
}

#[test]
fn no_descriptor_left() {
    let site = serve(|_| Page::Html("<h1>One of a hundred</h1>"));
    // On one thread all hundred are asked for before the first is read.
    for runtime in ["kolo-current", "tokio-current"] {
        let mut shell = Command::new("sh");
        let few = "ulimit -n 64; exec \"$@\"";
        shell.args(["-c", few, "sh", env!("CARGO_BIN_EXE_demos"), "measure"]);
        shell.args(["scrape-at-once", "--rt", runtime]);
        let mut settings = json("run fib --rt kolo-current")["settings"].clone();
        settings["visit"]["pages"] = 100.into();
        settings["visit"]["base_url"] = site.as_str().into();
        shell.args(["--settings", &settings.to_string()]);
        let ended = end(shell.output().expect("a shell"));
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        let measured: Value = serde_json::from_str(&ended.out).expect("JSON");
        assert_eq!(measured["status"], "failed");
        let said = |words: &str| {
            let lines = measured["lines"].as_array().expect("lines").iter();
            lines
                .filter(|line| line[1].as_str().is_some_and(|line| line.contains(words)))
                .count()
        };
        let (found, left_out) = (
            said("Title found: One of a hundred"),
            said(": no file descriptor is left for it; ask for fewer --pages"),
        );
        assert!(found > 0 && left_out > 0, "{runtime}: {found}, {left_out}");
        assert_eq!(found + left_out, 100, "{runtime}");
    }
}

// TLS.

#[test]
fn https_with_an_authority_of_our_own() {
    let (site, pem) = serve_tls("127.0.0.1", |number| match number {
        150 => Page::Html("<h1>Secured</h1>"),
        _ => Page::Head("302 Found\r\nlocation: 150"),
    });
    let pem = file("an_authority.pem", &pem);
    let ended = ran(&format!(
        "run scrape --pages 2 --base-url {site} --ca-file {}",
        pem.display()
    ));
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    for program in programs() {
        let lines = transcript(&ended.out, &program);
        let found = ["Title found: Secured", "Title found: Secured"];
        assert_eq!(results(&lines), found, "{program}");
    }
    let report = json(&format!(
        "compare scrape --runs 1 --pages 1 --base-url {site} --ca-file {}",
        pem.display()
    ));
    assert_eq!(report["settings"]["visit"]["base_url"], format!("{site}/"));
}

#[test]
fn https_half_a_page() {
    let (site, pem) = serve_tls("127.0.0.1", |_| Page::Half);
    let pem = file("half_a_page.pem", &pem);
    let said = "the site closed the connection in the middle of the page; try again.";
    no_page(&site, &format!("--ca-file {}", pem.display()), said);
}

#[test]
fn tls_that_does_not_verify() {
    let (site, _) = serve_tls("127.0.0.1", |_| Page::Html("<h1>Nobody's</h1>"));
    let said = "the site can't prove that it is what --base-url names (";
    let ended = no_page(&site, "", said);
    assert!(ended.out.contains("UnknownIssuer"), "{}", ended.out);
    assert!(ended.out.contains("with --ca-file."), "{}", ended.out);

    let (site, pem) = serve_tls("127.0.0.2", |_| Page::Html("<h1>Another's</h1>"));
    let pem = file("another_name.pem", &pem);
    let ended = no_page(&site, &format!("--ca-file {}", pem.display()), said);
    assert!(ended.out.contains("not valid for name"), "{}", ended.out);
}

#[test]
fn https_where_there_is_none() {
    let at = serve_something_else();
    let ended = no_page(&format!("https://{at}"), "", "no TLS with this site (");
    assert!(ended.out.contains("perhaps it is http://"), "{}", ended.out);
}

#[test]
fn http_where_there_is_only_https() {
    // What TLS says to a stranger may still arrive, or the connection may just end.
    let (secured, _) = serve_tls("127.0.0.1", |_| Page::Html("<h1>Secured</h1>"));
    let ended = no_page(&secured.replace("https:", "http:"), "", "");
    let said = [
        "what answers there does not speak HTTP",
        "http and https are not answered at the same port",
    ];
    let lines = ended
        .out
        .lines()
        .filter(|line| line.starts_with("No title"));
    for line in lines {
        assert!(said.iter().any(|said| line.contains(said)), "{line}");
    }
}

#[test]
fn a_file_without_a_certificate_is_refused_at_once() {
    let empty = file("empty.pem", "");
    let damaged = file(
        "damaged.pem",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    for (file, why) in [
        (
            Path::new("/nowhere/ca.pem"),
            "it can't be read: No such file",
        ),
        (&empty, "there is no certificate in it"),
        (&damaged, "there is no certificate in it"),
    ] {
        let ended = ran(&format!(
            "run scrape --base-url https://127.0.0.1 --ca-file {}",
            file.display()
        ));
        assert_eq!((ended.code, &*ended.out), (Some(2), ""));
        assert!(ended.err.contains(why), "{}", ended.err);
    }
}

#[test]
fn a_comparison_on_a_site_that_fails_is_1() {
    let site = serve(|_| Page::Head("404 Not Found"));
    let output = demos(&format!(
        "compare scrape --runs 1 --pages 1 --rt kolo-current --base-url {site}"
    ))
    .output();
    let ended = end(output.expect("demos starts"));
    assert_eq!(ended.code, Some(1), "{}{}", ended.out, ended.err);
    assert!(
        ended.out.contains("does not hold: every page was had"),
        "{}",
        ended.out
    );
}
