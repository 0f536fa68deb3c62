//! **Who runs when?** In every round each program once, in a process of its
//! own, in the same order: A B F, A B F, …
//!
//! A fresh process has a fresh heap, fresh address layout and cold caches of
//! its own; what one program leaves behind can't help or hurt the next, and one
//! unlucky layout spoils one pair instead of all. Neighbours in time share the
//! machine's mood, and are compared with each other only
//! ([`stats`](crate::stats)).
//!
//! Nothing here polls a clock or spins while a child runs: on two cores that
//! would be a contender too.

use std::ffi::OsString;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::contenders::{Answer, Contender};
use crate::reading::Reading;
use crate::rows::{Cost, Row};
use crate::{callgrind, strace};

/// How long one process may take before it is taken for hung.
const PATIENCE: Duration = Duration::from_secs(60);

/// All readings of one row.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The programs that took part, in their order, with as many readings each.
    Held(Vec<(Contender, Vec<Reading>)>),
    /// It can't be held here, and why.
    Skipped(String),
    /// A program broke down, and what it said.
    Failed(String),
}

/// Why a program gave no reading.
enum Absence {
    Skipped(String),
    Failed(String),
}

/// Holds rows by starting `program` again and again.
#[derive(Debug)]
pub struct Contest {
    /// The `compare` binary.
    pub program: PathBuf,
    /// Ours first, then the peer that it is judged against, then any others.
    pub contenders: Vec<Contender>,
}

impl Contest {
    /// Does `row` in as many rounds; calls `step` before each process with the
    /// program's turn.
    ///
    /// A program that does not know the row drops out of it, unless it is one
    /// of the first two: without them there is nothing to judge.
    pub fn hold(&self, row: &Row, rounds: usize, mut step: impl FnMut(Contender)) -> Outcome {
        if row.cost == Cost::Callgrind && !callgrind::installed() {
            return Outcome::Skipped("valgrind is not installed".into());
        }
        if row.cost == Cost::Strace && !strace::usable() {
            return Outcome::Skipped("strace is not installed, or may not trace".into());
        }
        let mut held: Vec<(Contender, Vec<Reading>)> = self.contenders(row);
        let mut round = 0;
        while round < rounds {
            let mut place = 0;
            while let Some((contender, readings)) = held.get_mut(place) {
                let contender = *contender;
                step(contender);
                match self.ask(row, contender) {
                    Ok(reading) => readings.push(reading),
                    Err(Absence::Failed(said)) => {
                        return Outcome::Failed(format!("{contender}: {said}"));
                    }
                    Err(Absence::Skipped(reason)) if self.contenders[..2].contains(&contender) => {
                        return Outcome::Skipped(format!("{contender}: {reason}"));
                    }
                    Err(Absence::Skipped(_)) => {
                        held.remove(place);
                        continue;
                    }
                }
                place += 1;
            }
            round += 1;
        }
        Outcome::Held(held)
    }

    /// Processes that [`hold`](Self::hold) starts at most.
    #[must_use]
    pub fn processes(&self, row: &Row, rounds: usize) -> usize {
        self.contenders(row).len() * rounds
    }

    fn contenders(&self, row: &Row) -> Vec<(Contender, Vec<Reading>)> {
        let floor = row.floor.as_ref().map(|_| Contender::Floor);
        self.contenders
            .iter()
            .copied()
            .chain(floor)
            .map(|contender| (contender, Vec::new()))
            .collect()
    }

    fn ask(&self, row: &Row, contender: Contender) -> Result<Reading, Absence> {
        if row.cost.is_difference() {
            let count = |size| {
                let arguments = arguments(row, contender, size);
                match row.cost {
                    Cost::Strace => strace::count(&self.program, &arguments, &row.calls),
                    _ => callgrind::instructions(&self.program, &arguments),
                }
                .map_err(Absence::Failed)
            };
            // Asked first with nobody looking on, for an absence has words of its own.
            let reading = self.run(row, contender, row.warm_up)?;
            let (small, large) = (count(row.warm_up)?, count(row.size)?);
            let per_item = (large as f64 - small as f64) / (row.size - row.warm_up) as f64;
            return Ok(Reading {
                counted: Some(per_item),
                ..reading
            });
        }
        self.run(row, contender, row.size)
    }

    /// One process, one answer.
    fn run(&self, row: &Row, contender: Contender, size: u64) -> Result<Reading, Absence> {
        let failed = |said: String| Absence::Failed(said);
        let mut child = Command::new(&self.program)
            .args(arguments(row, contender, size))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| failed(format!("can't be started: {error}")))?;

        // Both pipes are read to their end by threads, which sleep meanwhile.
        let (answered, answer) = mpsc::channel();
        let mut stdout = child.stdout.take().expect("asked for above");
        let mut stderr = child.stderr.take().expect("asked for above");
        let complaints = thread::spawn(move || {
            let mut said = Vec::new();
            let _ = stderr.read_to_end(&mut said);
            String::from_utf8_lossy(&said).into_owned()
        });
        thread::spawn(move || {
            let mut said = Vec::new();
            let _ = stdout.read_to_end(&mut said);
            let _ = answered.send(said);
        });

        let Ok(said) = answer.recv_timeout(PATIENCE) else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(failed(format!("no answer within {} s", PATIENCE.as_secs())));
        };
        let status = child.wait().map_err(|error| failed(error.to_string()))?;
        if !status.success() {
            let complaints = complaints.join().unwrap_or_default();
            // A panic's message is in the line after its place.
            let lines: Vec<_> = complaints.trim().lines().take(2).collect();
            return Err(failed(format!("{status}: {}", lines.join(" "))));
        }
        match serde_json::from_slice(&said) {
            Ok(Answer::Reading(reading)) => Ok(reading),
            Ok(Answer::Skipped(reason)) => Err(Absence::Skipped(reason)),
            Err(error) => Err(failed(format!("its answer can't be read: {error}"))),
        }
    }
}

/// The command line of the hidden mode of `compare`.
fn arguments(row: &Row, contender: Contender, size: u64) -> Vec<OsString> {
    let size = size.to_string();
    [
        "--one",
        &row.name,
        "--rt",
        contender.name(),
        "--size",
        &size,
    ]
    .map(OsString::from)
    .to_vec()
}
