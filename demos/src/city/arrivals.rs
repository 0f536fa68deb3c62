//! **Does the API keep up?** The load that arrives, what is said of how it was served,
//! and the claims: every request answered rightly, and by how many at a time.
//!
//! A thread that waits for a service is no thread for others. So threads answer at most
//! as many requests a second as there are threads, divided by how long a request
//! waits; what arrives beyond that waits for a thread, longer and longer. A task that
//! waits costs its memory. How many requests the services were waiting with at once tells
//! the two apart, whatever the clock says.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use kolo_load::arrivals::{Arrivals, Failure, Served, Target};
use kolo_load::need_open_files;

use super::api::{Asked, View};
use super::places::{self, PLACES};
use super::upstreams::Upstreams;
use crate::report::UnderLoad;
use crate::stage::Stage;
use crate::table::duration;
use crate::under_load::{FOR_P99, FOR_P999, give_or_take};

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crew {
    Threads(u32),
    Tasks,
}

/// What is asked for, in turn: every place, now for its weather and now for its sun.
fn targets() -> Vec<Target> {
    let of = |view| {
        PLACES.iter().map(move |place| {
            let (path, answer) = Asked::expected(view, place);
            let body = answer.body;
            Target { path, body }
        })
    };
    of(View::Sun).chain(of(View::Weather)).collect()
}

/// What the `number`th request waits at least, at the course's pace.
fn takes(number: u64) -> Duration {
    places::takes(number as usize % PLACES.len())
}

/// Starts the load client against the API at `address`.
///
/// # Errors
///
/// If it can't be started, or there may not be so many open files.
pub(crate) fn start(
    stage: &Stage,
    crew: Crew,
    address: SocketAddr,
    ended: impl FnOnce(io::Result<Served>) + Send + 'static,
) -> io::Result<()> {
    let city = &stage.wishes().city;
    let (rate, requests) = (city.rate(stage), city.requests(stage));
    let connections = city.connections as usize;
    need_open_files(2 * connections)?;
    let crew = match crew {
        Crew::Threads(1) => "1 thread answers".to_owned(),
        Crew::Threads(threads) => format!("{threads} threads answer"),
        Crew::Tasks => "a task answers each".to_owned(),
    };
    stage.yellow(format_args!(
        "{} requests arrive, {} a second; {crew}.",
        stage.thousands(requests),
        per_second(rate)
    ));
    let plan = Arrivals {
        server: address,
        process: std::process::id(),
        rate,
        requests,
        connections,
        // Two services, each of which may be given up; and a machine that is busy.
        patience: 2 * city.timeout() + Duration::from_secs(10),
        targets: targets(),
    };
    kolo_load::start_arrivals(&plan, ended)
}

fn per_second(rate: f64) -> String {
    if rate >= 99.95 {
        format!("{rate:.0}")
    } else {
        let text = format!("{rate:.1}");
        text.trim_end_matches(".0").to_owned()
    }
}

/// Says and notes what became of the requests to a server that says it has answered so
/// many.
///
/// # Errors
///
/// A sentence, if requests failed, or the services ended before.
pub(crate) fn report(
    stage: &Stage,
    crew: Crew,
    served: &Served,
    answers: u64,
    upstreams: Upstreams,
) -> io::Result<()> {
    let ended = upstreams.end();
    let within = served
        .uncertainty
        .map(|share| format!(" {}", give_or_take(share)));
    stage.cyan(format_args!(
        "{} answered, {} a second{}.",
        stage.thousands(served.answered),
        per_second(served.rate),
        within.unwrap_or_default()
    ));
    for (failure, times) in &served.failures {
        stage.red(format_args!("{times} × {}", told(failure)));
    }
    if served.failed() > 0 || ended.is_err() {
        return Err(failed(served, ended.err()));
    }
    let Some(latency) = served.latency else {
        return Err(io::Error::other("no request was answered"));
    };
    let [p50, p99, p999, most] = [latency.p50, latency.p99, latency.p999, latency.most]
        .map(|time| duration(time.as_secs_f64()).trim_end().to_owned());
    let rare = [
        (FOR_P99, format!("p99 {p99}, ")),
        (FOR_P999, format!("p99.9 {p999}, ")),
    ];
    let rare = rare
        .into_iter()
        .filter(|(enough, _)| served.answered >= *enough);
    let rare: String = rare.map(|(_, text)| text).collect();
    stage.cyan(format_args!(
        "From when it was due, a request takes {p50} in the median; {rare}at most {most}."
    ));
    let cpu = served.server_cpu.as_secs_f64();
    stage.plain(format_args!(
        "The server's CPU: {} a request, {:.0} % of a core.",
        duration(cpu / served.answered as f64).trim_end(),
        cpu / served.wall.as_secs_f64() * 100.0
    ));
    stage.took(served.wall);
    stage.used(served.server_cpu);
    stage.processed(served.answered);
    stage.latencies(latency.least, latency.p50, latency.most);
    stage.under_load(UnderLoad {
        arriving: stage.wishes().city.rate(stage),
        answered: served.rate,
        uncertainty: served.uncertainty,
        p50: latency.p50.as_secs_f64(),
        p99: latency.p99.as_secs_f64(),
        p999: latency.p999.as_secs_f64(),
        most: latency.most.as_secs_f64(),
    });

    let requests = stage.wishes().city.requests(stage);
    stage.check(
        "every request was answered, and once",
        [served.sent, served.answered, answers] == [requests; 3],
    );
    if let Ok(Some(at_once)) = ended {
        claims(stage, crew, served, at_once as u64);
    }
    Ok(())
}

/// What is known beforehand where the services are the bundled ones.
fn claims(stage: &Stage, crew: Crew, served: &Served, at_once: u64) {
    let s = if at_once == 1 { "" } else { "s" };
    stage.plain(format_args!(
        "At most {at_once} request{s} waited for the services at once."
    ));
    let city = &stage.wishes().city;
    let latency = served.latency.unwrap_or_default();
    let requests = city.requests(stage);
    let all: Duration = (0..requests).map(takes).sum();
    let shortest = (0..requests).map(takes).min().unwrap_or_default();
    let longest = (0..requests).map(takes).max().unwrap_or_default();
    let [all, shortest, longest] = [all, shortest, longest].map(|time| stage.wait(time));
    // The histogram keeps three digits.
    let about = |time: Duration| time.mul_f64(0.999);
    stage.check("no wait was cut short", latency.least >= about(shortest));

    let last_due = Duration::from_secs_f64((requests - 1) as f64 / city.rate(stage));
    // Little's law: so many requests are there at once, if none waits for another.
    let there = (city.rate(stage) * (all / requests as u32).as_secs_f64())
        .min(requests as f64)
        .min(city.connections.into());
    let too_many = there >= 2.0 * f64::from(city.threads);
    // By so much, at least, so many threads are behind when the last request arrives.
    let behind = |threads: u32| (all / threads).saturating_sub(last_due);
    match crew {
        Crew::Threads(threads) => {
            stage.check(
                "a request that waits keeps its thread",
                at_once <= threads.into(),
            );
            if too_many {
                stage.check(
                    "what arrives beyond the threads waits for one",
                    latency.most >= about(behind(threads)),
                );
            }
        }
        Crew::Tasks => {
            if too_many {
                stage.check(
                    "more requests wait at once than the other server has threads",
                    at_once > city.threads.into(),
                );
            }
            // The threads' median would be about half of that. Where waits were scaled
            // so far down that a busy machine takes as long, the clock can't tell.
            let median = behind(city.threads) / 2;
            if too_many && median > longest + 2 * stage.slack() {
                stage.check("no request waits for a thread", latency.p50 < median);
            }
        }
    }
}

fn failed(served: &Served, ended: Option<io::Error>) -> io::Error {
    let mut told: Vec<_> = served
        .failures
        .iter()
        .map(|(failure, times)| format!("{times} × {}", told(failure)))
        .collect();
    told.extend(ended.map(|error| error.to_string()));
    let (failed, sent) = (served.failed(), served.sent);
    io::Error::other(format!(
        "{failed} of {sent} requests failed: {}",
        told.join("; ")
    ))
}

/// What a request came to that failed.
fn told(failure: &Failure) -> String {
    match failure {
        Failure::Answer(200, body) => format!("200 with something else: {body}"),
        Failure::Answer(status, body) => {
            let json: Option<serde_json::Value> = serde_json::from_str(body).ok();
            let error = json.as_ref().and_then(|json| json["error"].as_str());
            format!("{status}: {}", error.unwrap_or(body))
        }
        Failure::Closed => "the API closed the connection without an answer".to_owned(),
        Failure::Foreign => "what answered is no HTTP".to_owned(),
        Failure::Socket(error) => error.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_asked_for_both_ways() {
        let targets = targets();
        assert_eq!(targets.len(), 2 * PLACES.len());
        for (at, target) in targets.iter().enumerate() {
            let place = &PLACES[at % PLACES.len()];
            let end = format!("/{}/{}", place.zip, place.country);
            assert!(target.path.ends_with(&end), "{}", target.path);
            assert_eq!(takes(at as u64), places::takes(at % PLACES.len()));
            serde_json::from_str::<serde_json::Value>(&target.body).expect("JSON");
        }
    }

    #[test]
    fn failures_are_told_in_a_line() {
        let body = r#"{"error":"the sun service said nothing for 1 s"}"#;
        let failures = vec![
            (Failure::Answer(504, body.to_owned()), 3),
            (Failure::Answer(200, "{}".to_owned()), 1),
            (Failure::Closed, 2),
        ];
        let served = Served {
            sent: 9,
            answered: 3,
            failures,
            ..Served::default()
        };
        let ended = io::Error::other("the services ended in the middle: signal: 9");
        let line = "6 of 9 requests failed: 3 × 504: the sun service said nothing for 1 s; \
1 × 200 with something else: {}; 2 × the API closed the connection without an answer; \
the services ended in the middle: signal: 9";
        assert_eq!(failed(&served, Some(ended)).to_string(), line);
    }

    #[test]
    fn rates_are_short() {
        assert_eq!(
            [25.0, 8.43, 500.4, 99.96].map(per_second),
            ["25", "8.4", "500", "100"].map(str::to_owned)
        );
    }
}
