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
//! As with [`callgrind`](crate::callgrind), two sizes are taken from each other.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use kolo_load::Placement;

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

/// How many of `calls` the server `program` makes with `arguments`.
///
/// # Errors
///
/// In words, what strace, the client or the program said.
pub fn count(program: &Path, arguments: &[OsString], calls: &[String]) -> Result<u64, String> {
    // A name that this machine's kernel does not have is no error.
    let named: Vec<String> = calls.iter().map(|call| format!("?{call}")).collect();
    let mut server = Command::new("strace")
        .args(["-f", "--seccomp-bpf", "-c", "-e"])
        .arg(format!("trace={}", named.join(",")))
        .arg(program)
        .args(arguments)
        .env(kolo_load::OUTSIDE, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("strace: {error}"))?;
    let served = serve_as_client(&mut server);
    let output = server
        .wait_with_output()
        .map_err(|error| format!("strace: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("under strace: {}", said.trim()));
    }
    served.map_err(|error| format!("under strace: {error}"))?;
    Ok(counted(&said, calls))
}

/// Does what the server asks of its client. Its own output is read to the end, so
/// that it need not wait for a reader.
fn serve_as_client(server: &mut Child) -> std::io::Result<()> {
    let mut said = BufReader::new(server.stdout.take().expect("asked for above"));
    let mut plan = String::new();
    said.read_line(&mut plan)?;
    // The server has read where it may run, and strace runs only while it is stopped.
    Placement::apart().join_server(server.id())?;
    let answer = kolo_load::run_for(&plan)?;
    let mut told = server.stdin.take().expect("asked for above");
    told.write_all(answer.as_bytes())?;
    said.read_to_string(&mut plan).map(drop)
}

/// The sum of `calls` in the table of `strace -c`.
fn counted(table: &str, calls: &[String]) -> u64 {
    table
        .lines()
        .filter_map(|line| {
            let cells: Vec<_> = line.split_whitespace().collect();
            let name = cells.last()?;
            let wanted = calls.iter().any(|call| call == name);
            // % time, seconds, usecs/call, calls, perhaps errors, syscall
            wanted.then(|| cells.get(3)?.parse::<u64>().ok()).flatten()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calls_are_found_in_the_table() {
        let table = "\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.000600          20        30           recvfrom
 40.00    0.000400          10        40         7 sendto
------ ----------- ----------- --------- --------- ----------------
100.00    0.001000          14        70         7 total
";
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(counted(table, &names(&["recvfrom", "sendto"])), 70);
        assert_eq!(counted(table, &names(&["sendto", "write"])), 40);
        assert_eq!(counted("", &names(&["write"])), 0);
    }
}
