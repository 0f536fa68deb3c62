//! **How does a client come to stand beside a server?** As a second process of the
//! same binary, so that the two have nothing in common but the kernel.
//!
//! A binary that is to be its own client calls [`be_client_if_asked`] first of
//! all. Where it did not (a test's binary), the client is a thread of the
//! server's process: everything works, and the CPU time is that of both.
//!
//! A server that is traced must not have its client among its children, or the
//! client would be traced too. With [`OUTSIDE`] in its environment it writes the
//! plan to standard output, and whoever started it runs the client and answers
//! with the findings: [`run_for`].
//!
//! There are two clients, each with a plan of its own: [`start`] starts the one for
//! servers that echo, [`start_arrivals`] the one for servers of HTTP, whose requests
//! arrive at a fixed rate.

use std::env;
use std::io::{self, BufRead, Write};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::arrivals::{self, Arrivals, Served};
use crate::client;
use crate::plan::{Findings, Plan};

/// The first argument of a process that is a client.
const CLIENT: &str = "--be-the-load-client";

/// The same of the one whose requests arrive at a fixed rate.
const ARRIVALS: &str = "--be-the-load-client-of-arrivals";

/// The name of the environment variable that asks for a client from outside.
pub const OUTSIDE: &str = "KOLO_LOAD_OUTSIDE";

/// Can this binary be its own client? Only a fact about `main`: no memory is
/// published by it.
static OWN_CLIENT: AtomicBool = AtomicBool::new(false);

/// What a client process prints: one line.
type Answer<F> = Result<F, String>;

/// Is the client, and ends the process, if that is what it was started for. To be
/// called before anything else in `main`.
pub fn be_client_if_asked() {
    let mut arguments = env::args().skip(1);
    match arguments.next().as_deref() {
        Some(CLIENT) => be(client::run, arguments.next()),
        Some(ARRIVALS) => be(arrivals::run, arguments.next()),
        _ => OWN_CLIENT.store(true, Relaxed),
    }
}

fn be<P: DeserializeOwned, F: Serialize>(run: fn(&P) -> io::Result<F>, plan: Option<String>) -> ! {
    let answer: Answer<F> = serde_json::from_str(&plan.unwrap_or_default())
        .map_err(io::Error::other)
        .and_then(|plan: P| run(&plan))
        .map_err(|error| error.to_string());
    let line = serde_json::to_string(&answer).expect("plain data");
    // Nobody there to be told is no reason to complain.
    let _ = writeln!(io::stdout(), "{line}");
    std::process::exit(0)
}

/// Is the client a process of its own?
pub(crate) fn is_a_process() -> bool {
    OWN_CLIENT.load(Relaxed)
}

/// Starts the client; `ended` is called on another thread with what it found.
///
/// # Errors
///
/// When the client can't be started. What it then comes to is `ended`'s.
pub fn start(
    plan: &Plan,
    ended: impl FnOnce(io::Result<Findings>) + Send + 'static,
) -> io::Result<()> {
    if env::var_os(OUTSIDE).is_some() {
        let plan = serde_json::to_string(plan).expect("plain data");
        writeln!(io::stdout(), "{plan}")?;
        thread::spawn(move || {
            let mut line = String::new();
            let read = io::stdin().lock().read_line(&mut line);
            ended(read.and_then(|_| answer(line.as_bytes())));
        });
        return Ok(());
    }
    start_beside(CLIENT, client::run, plan, ended)
}

/// Starts the client whose requests arrive at a fixed rate; `ended` is called on
/// another thread with what became of them.
///
/// # Errors
///
/// When the client can't be started. What it then comes to is `ended`'s.
pub fn start_arrivals(
    plan: &Arrivals,
    ended: impl FnOnce(io::Result<Served>) + Send + 'static,
) -> io::Result<()> {
    start_beside(ARRIVALS, arrivals::run, plan, ended)
}

fn start_beside<P, F>(
    name: &str,
    run: fn(&P) -> io::Result<F>,
    plan: &P,
    ended: impl FnOnce(io::Result<F>) + Send + 'static,
) -> io::Result<()>
where
    P: Clone + Serialize + Send + 'static,
    F: DeserializeOwned + 'static,
{
    if !is_a_process() {
        let plan = plan.clone();
        thread::spawn(move || ended(run(&plan)));
        return Ok(());
    }
    let plan = serde_json::to_string(plan).expect("plain data");
    let child = Command::new(env::current_exe()?)
        .args([name, &plan])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    thread::spawn(move || {
        let output = child.wait_with_output();
        ended(output.and_then(|output| {
            if output.status.success() {
                return answer(&output.stdout);
            }
            let said = String::from_utf8_lossy(&output.stderr);
            Err(io::Error::other(format!(
                "the load client ended with {} {}",
                output.status,
                said.trim()
            )))
        }));
    });
    Ok(())
}

fn answer<F: DeserializeOwned>(line: &[u8]) -> io::Result<F> {
    let answer: Answer<F> = serde_json::from_slice(line)
        .map_err(|_| io::Error::other("the load client ended without an answer"))?;
    answer.map_err(io::Error::other)
}

/// The client of a server that was started with [`OUTSIDE`]: `line` is what that
/// wrote. Returns what the client came to, and the line that tells it to the server,
/// to be written to its standard input.
///
/// # Errors
///
/// When `line` is no plan.
pub fn run_for(line: &str) -> io::Result<(io::Result<Findings>, String)> {
    let plan: Plan = serde_json::from_str(line)?;
    let found = client::run(&plan);
    let answer: Answer<Findings> = match &found {
        Ok(found) => Ok(*found),
        Err(error) => Err(error.to_string()),
    };
    let line = serde_json::to_string(&answer).expect("plain data");
    Ok((found, line + "\n"))
}
