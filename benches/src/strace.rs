//! **How many system calls does an operation take?** strace counts them, of a
//! server whose load client runs out here, untraced.
//!
//! A traced call takes ten times as long as another, and a runtime that decides
//! by the clock when to look for news would decide otherwise. So only the calls
//! that are counted are stopped (`--seccomp-bpf`; all others run as ever), and
//! waits are counted in another run than transfers: there a message costs what
//! it always costs, and only the wait itself is slower. strace runs on the server's
//! core, which is free while it does: on the client's it would keep that from sending,
//! now and then, and a batch would fall apart. What remains is that a slow wait finds
//! more news, for every server alike.
//!
//! Each call is noted with its moment, and those between the client's first message
//! and its last are counted: not what a thousand connections took before, which is
//! never twice the same, and not what their end takes.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, UNIX_EPOCH};

use kolo_load::{Findings, Placement};
use tempfile::NamedTempFile;

/// Is strace there, and may it trace?
#[must_use]
pub fn usable() -> bool {
    Command::new("strace")
        .args(["-f", "--seccomp-bpf", "-c", "-e", "trace=close", "true"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// How many of `calls` the server `program` makes with `arguments`, for each operation
/// of the measured part.
///
/// # Errors
///
/// In words, what strace, the client or the program said.
pub fn count(program: &Path, arguments: &[OsString], calls: &[String]) -> Result<f64, String> {
    let told = |error: std::io::Error| format!("strace: {error}");
    let journal = NamedTempFile::new().map_err(told)?;
    // A name that this machine's kernel does not have is no error.
    let named: Vec<String> = calls.iter().map(|call| format!("?{call}")).collect();
    let mut server = Command::new("strace")
        .args(["-f", "--seccomp-bpf", "-ttt", "-e", "signal=none"])
        // Nobody reads their arguments.
        .args(["-e", "raw=all", "-e"])
        .arg(format!("trace={}", named.join(",")))
        .arg("-o")
        .arg(journal.path())
        .arg(program)
        .args(arguments)
        .env(kolo_load::OUTSIDE, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(told)?;
    let served = serve_as_client(&mut server);
    let output = server.wait_with_output().map_err(told)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("under strace: {}", said.trim()));
    }
    let found = served.map_err(|error| format!("under strace: {error}"))?;
    let journal = fs::read_to_string(journal.path()).map_err(told)?;
    Ok(counted(&journal, calls, &found) as f64 / found.operations as f64)
}

/// Does what the server asks of its client. Its own output is read to the end, so
/// that it need not wait for a reader.
fn serve_as_client(server: &mut Child) -> std::io::Result<Findings> {
    let mut said = BufReader::new(server.stdout.take().expect("asked for above"));
    let mut plan = String::new();
    said.read_line(&mut plan)?;
    // The server has read where it may run, and strace runs only while it is stopped.
    Placement::apart().join_server(server.id())?;
    let (found, answer) = kolo_load::run_for(&plan)?;
    let mut told = server.stdin.take().expect("asked for above");
    told.write_all(answer.as_bytes())?;
    said.read_to_string(&mut plan)?;
    found
}

/// How many of `calls` the journal has in the measured part.
///
/// Its lines are `7 1700000000.123456 recvfrom(0x5, …) = 0x40`: who, when, what. A call
/// that another thread's came between has a second line, `7 … <... recvfrom resumed>`.
fn counted(journal: &str, calls: &[String], found: &Findings) -> usize {
    let Some(began) = found
        .began
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok())
    else {
        return 0;
    };
    let measured = began..began + found.wall;
    let of_it = |line: &&str| {
        let mut words = line.split_whitespace().skip(1);
        let at = words.next().and_then(|at| at.parse().ok());
        let at = at.and_then(|at| Duration::try_from_secs_f64(at).ok());
        let call = words.next().and_then(|word| word.split_once('('));
        at.is_some_and(|at| measured.contains(&at))
            && call.is_some_and(|(name, _)| calls.iter().any(|call| call == name))
    };
    journal.lines().filter(of_it).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_between_the_first_message_and_the_last() {
        let journal = "\
7 1700000000.999999 recvfrom(0x5, 0x7f, 0x40, 0, 0, 0) = 0x40
7 1700000001.000000 recvfrom(0x5, 0x7f, 0x40, 0, 0, 0) = 0x40
8 1700000001.200000 recvfrom(0x6, 0x7f, 0x40, 0, 0, 0 <unfinished ...>
7 1700000001.200001 sendto(0x5, 0x7f, 0x40, 0, 0, 0) = 0x40
8 1700000001.200002 <... recvfrom resumed>) = 0x40
7 1700000001.499999 sendto(0x5, 0x7f, 0x40, 0, 0, 0) = -1 EAGAIN
7 1700000001.500001 sendto(0x5, 0x7f, 0x40, 0, 0, 0) = 0x40
7 1700000009.000000 +++ exited with 0 +++
";
        let found = Findings {
            began: Some(UNIX_EPOCH + Duration::from_secs(1_700_000_001)),
            wall: Duration::from_millis(500),
            ..Findings::default()
        };
        let count = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(ToString::to_string).collect();
            counted(journal, &names, &found)
        };
        assert_eq!(count(&["recvfrom", "sendto"]), 4);
        assert_eq!(count(&["sendto", "write"]), 2);
        assert_eq!(count(&["write"]), 0);
    }
}
