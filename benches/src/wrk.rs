//! **How many requests does a server answer?** wrk asks, Debian's HTTP load
//! generator, in a process and on a core of its own.
//!
//! wrk counts requests and time; the CPU time is the server's whole process's,
//! from wrk's start to its end.

use std::io;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::thread;

use kolo_load::Placement;

use crate::reading::{Reading, Sizes, cpu_time};

/// Connections that wrk keeps open.
const CONNECTIONS: u64 = 64;

/// Is wrk there to ask?
#[must_use]
pub fn installed() -> bool {
    // It knows no option that only answers, and ends with 1.
    Command::new("wrk")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}

/// Asks the server of this process for so many seconds, after a warm-up; `ended`
/// is told on another thread.
pub fn ask(
    server: SocketAddr,
    placement: Placement,
    seconds: Sizes,
    ended: impl FnOnce(Result<Reading, String>) + Send + 'static,
) {
    thread::spawn(move || {
        // What this thread starts stays where the thread is.
        let pinned = placement.pin_client();
        ended(match pinned {
            Ok(_pinned) => asked(server, seconds),
            Err(error) => Err(error.to_string()),
        });
    });
}

fn asked(server: SocketAddr, seconds: Sizes) -> Result<Reading, String> {
    if seconds.warm_up > 0 {
        run(server, seconds.warm_up).map_err(|error| error.to_string())?;
    }
    let before = cpu_time();
    let said = run(server, seconds.measured).map_err(|error| error.to_string())?;
    let cpu = cpu_time() - before;
    let Summary { requests, seconds } = Summary::of(&said)?;
    Ok(Reading {
        wall: seconds * 1e9 / requests,
        cpu: cpu.as_nanos() as f64 / requests,
        counted: None,
        p50: None,
    })
}

fn run(server: SocketAddr, seconds: u64) -> io::Result<String> {
    let output = Command::new("wrk")
        .args(["-t1", &format!("-c{CONNECTIONS}"), &format!("-d{seconds}s")])
        .arg(format!("http://{server}/"))
        .stdin(Stdio::null())
        .output()?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let said = String::from_utf8_lossy(&output.stderr);
        Err(io::Error::other(format!("wrk: {}", said.trim())))
    }
}

#[derive(Debug, PartialEq)]
struct Summary {
    requests: f64,
    seconds: f64,
}

impl Summary {
    /// From wrk's line `  80217 requests in 1.00s, 9.49MB read`.
    fn of(said: &str) -> Result<Self, String> {
        let trouble = |line: &&str| {
            line.trim_start().starts_with("Socket errors:") || line.contains("Non-2xx")
        };
        if let Some(line) = said.lines().find(trouble) {
            return Err(format!("wrk: {}", line.trim()));
        }
        let line = said
            .lines()
            .find_map(|line| line.trim().split_once(" requests in "));
        let summary = line.and_then(|(requests, rest)| {
            let (time, _) = rest.split_once(',')?;
            Some(Self {
                requests: requests.parse().ok().filter(|&requests| requests > 0.0)?,
                seconds: in_seconds(time)?,
            })
        });
        summary.ok_or_else(|| format!("wrk said no number of requests: {}", said.trim()))
    }
}

/// `2.00s`, `1.05m`.
fn in_seconds(time: &str) -> Option<f64> {
    let (number, unit) = time.split_at(time.len().checked_sub(1)?);
    let unit = match unit {
        "s" => 1.0,
        "m" => 60.0,
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\
Running 1s test @ http://127.0.0.1:7007/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   786.44us  107.30us   2.56ms   90.77%
  80217 requests in 1.10s, 9.49MB read
Requests/sec:  72924.52
";

    #[test]
    fn the_summary_is_found_among_the_rest() {
        let expected = Summary {
            requests: 80_217.0,
            seconds: 1.10,
        };
        assert_eq!(Summary::of(SAID), Ok(expected));
        assert_eq!(in_seconds("1.50m"), Some(90.0));
    }

    #[test]
    fn what_went_wrong_is_an_error() {
        let errors = SAID.replace("Requests/sec", "  Socket errors: connect 3, read 0");
        assert!(Summary::of(&errors).unwrap_err().contains("connect 3"));
        let none = SAID.replace("80217 requests", "0 requests");
        assert!(Summary::of(&none).is_err());
    }
}
