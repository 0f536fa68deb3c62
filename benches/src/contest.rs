//! **Who runs when?** In every round each program once, in a process of its
//! own, in the same order: A B F, A B F, …
//!
//! A fresh process has a fresh heap, fresh address layout and cold caches of
//! its own; what one program leaves behind can't help or hurt the next, and one
//! unlucky layout spoils one pair instead of all. Neighbours in time share the
//! machine's mood, and are compared with each other only
//! ([`stats`](crate::stats)).
//!
//! On a virtual machine the host may give the cores to somebody else, for longer than
//! the programs differ: such a round is taken again, which the table says.
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
use crate::machine::Host;
use crate::reading::Reading;
use crate::rows::{Cost, Kind, Row};
use crate::stats::median;
use crate::{callgrind, strace};

/// How long one process may take before it is taken for hung.
const PATIENCE: Duration = Duration::from_secs(60);

/// All readings of one row.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Held(Held),
    /// It can't be held here, and why.
    Skipped(String),
    /// A program broke down, and what it said.
    Failed(String),
}

/// A row that was held.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// The programs that took part, in their order, with as many readings each.
    pub readings: Vec<(Contender, Vec<Reading>)>,
    /// Rounds that were taken again.
    pub again: usize,
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
    /// How many workers executors of many threads have; `None` where the first is of
    /// one thread.
    pub workers: Option<usize>,
    /// Do the floors take part?
    pub floors: bool,
    /// Is a round taken again if the machine's host interfered?
    pub takes_again: bool,
}

/// How often the peer is asked how fast it is, before messages come at half that rate.
const SATURATED: usize = 3;

impl Contest {
    /// The kind of executor that is compared.
    #[must_use]
    pub fn kind(&self) -> Kind {
        Kind::of(self.contenders[0])
    }

    /// Half of what the peer does of `row` in a second, when it has all it can do.
    ///
    /// # Errors
    ///
    /// If the peer has none to offer: what became of the row instead.
    pub fn half_rate(&self, row: &Row) -> Result<u64, Outcome> {
        let peer = self.contenders[1];
        let mut walls = Vec::new();
        for _ in 0..SATURATED {
            match self.run(row, peer, row.size, None) {
                Ok(reading) => walls.push(reading.wall),
                Err(absence) => return Err(absence.outcome(peer)),
            }
        }
        Ok(((0.5e9 / median(&walls)) as u64).max(1))
    }

    /// Does `row` in as many rounds, at a `rate` of arrival if it needs one; calls
    /// `step` before each process with the program's turn.
    ///
    /// A round in which the machine's host interfered may be taken again, whoever fared
    /// how in it; so many rounds in all at most, for a host may never stop.
    ///
    /// A program that does not know the row drops out of it, unless it is one
    /// of the first two: without them there is nothing to judge.
    pub fn hold(
        &self,
        row: &Row,
        rounds: usize,
        rate: Option<u64>,
        mut step: impl FnMut(Contender),
    ) -> Outcome {
        if let (Some(least), Some(workers)) = (row.least_workers, self.workers)
            && workers < least
        {
            return Outcome::Skipped(format!("asks for {least} workers"));
        }
        if row.cost == Cost::Callgrind && !callgrind::installed() {
            return Outcome::Skipped("valgrind is not installed".into());
        }
        if row.cost == Cost::Strace && !strace::usable() {
            return Outcome::Skipped("strace is not installed, or may not trace".into());
        }
        let mut held: Vec<(Contender, Vec<Reading>)> = self.contenders(row);
        let (mut round, mut again) = (0, 0);
        while round < rounds {
            let host = Host::watched();
            let mut place = 0;
            while let Some((contender, readings)) = held.get_mut(place) {
                let contender = *contender;
                step(contender);
                let dispensable = !self.contenders[..2].contains(&contender);
                match self.ask(row, contender, rate) {
                    Ok(reading) => readings.push(reading),
                    Err(Absence::Skipped(_)) if dispensable => {
                        held.remove(place);
                        continue;
                    }
                    Err(absence) => return absence.outcome(contender),
                }
                place += 1;
            }
            if self.takes_again && row.varies && again < rounds && host.interfered() {
                for (_, readings) in &mut held {
                    readings.pop();
                }
                again += 1;
            } else {
                round += 1;
            }
        }
        Outcome::Held(Held {
            readings: held,
            again,
        })
    }

    /// Processes that [`hold`](Self::hold) starts at most.
    #[must_use]
    pub fn processes(&self, row: &Row, rounds: usize) -> usize {
        self.contenders(row).len() * rounds
    }

    fn contenders(&self, row: &Row) -> Vec<(Contender, Vec<Reading>)> {
        let floor = row.floor.as_ref().filter(|_| self.floors);
        let current = Contender::KoloCurrent;
        let beside = row.needs_current(self.kind()) && !self.contenders.contains(&current);
        self.contenders
            .iter()
            .copied()
            .chain(beside.then_some(current))
            .chain(floor.map(|_| Contender::Floor))
            .map(|contender| (contender, Vec::new()))
            .collect()
    }

    fn ask(&self, row: &Row, contender: Contender, rate: Option<u64>) -> Result<Reading, Absence> {
        if !row.cost.is_seen_from_outside() {
            return self.run(row, contender, row.size, rate);
        }
        // Asked first with nobody looking on, for an absence has words of its own.
        let reading = self.run(row, contender, row.warm_up, rate)?;
        let arguments = |size| self.arguments(row, contender, size, rate);
        let count = match row.cost {
            Cost::Strace => strace::count(&self.program, &arguments(row.size), &row.calls),
            _ => callgrind::difference(&self.program, arguments, [row.warm_up, row.size]),
        };
        Ok(Reading {
            counted: Some(count.map_err(Absence::Failed)?),
            ..reading
        })
    }

    /// One process, one answer.
    fn run(
        &self,
        row: &Row,
        contender: Contender,
        size: u64,
        rate: Option<u64>,
    ) -> Result<Reading, Absence> {
        let failed = |said: String| Absence::Failed(said);
        let mut child = Command::new(&self.program)
            .args(self.arguments(row, contender, size, rate))
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

    /// The command line of the hidden mode of `compare`.
    fn arguments(
        &self,
        row: &Row,
        contender: Contender,
        size: u64,
        rate: Option<u64>,
    ) -> Vec<OsString> {
        let mut arguments = vec!["--one".to_owned(), row.name.clone()];
        arguments.extend(["--rt".to_owned(), contender.name().to_owned()]);
        arguments.extend(["--size".to_owned(), size.to_string()]);
        if let Some(workers) = self.workers {
            arguments.extend(["--workers".to_owned(), workers.to_string()]);
        }
        if let Some(rate) = rate {
            arguments.extend(["--rate".to_owned(), rate.to_string()]);
        }
        arguments.into_iter().map(OsString::from).collect()
    }
}

impl Held {
    /// Undisturbed.
    #[cfg(test)]
    pub(crate) fn of(readings: Vec<(Contender, Vec<Reading>)>) -> Self {
        Self { readings, again: 0 }
    }
}

impl Absence {
    /// Of a program without which there is nothing to judge.
    fn outcome(self, of: Contender) -> Outcome {
        match self {
            Absence::Skipped(reason) => Outcome::Skipped(format!("{of}: {reason}")),
            Absence::Failed(said) => Outcome::Failed(format!("{of}: {said}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Rows;

    fn contest(contenders: &[Contender], floors: bool) -> Contest {
        Contest {
            program: PathBuf::from("/bin/false"),
            contenders: contenders.to_vec(),
            workers: Some(2),
            floors,
            takes_again: true,
        }
    }

    const MULTI: [Contender; 2] = [Contender::KoloMulti, Contender::TokioMulti];

    fn who(contest: &Contest, row: &str) -> Vec<Contender> {
        let row = Rows::load().find(row).unwrap().clone();
        let held = contest.contenders(&row).into_iter();
        held.map(|(contender, _)| contender).collect()
    }

    #[test]
    fn kolos_other_executor_takes_part_where_it_is_held_against() {
        let [ours, peer] = MULTI;
        let (current, floor) = (Contender::KoloCurrent, Contender::Floor);
        let multi = contest(&MULTI, true);
        assert_eq!(who(&multi, "yield"), [ours, peer, floor]);
        assert_eq!(who(&multi, "yield-alone"), [ours, peer, current, floor]);
        assert_eq!(who(&multi, "stuck-io"), MULTI);
        assert_eq!(who(&contest(&MULTI, false), "yield"), MULTI);
        let named = contest(&[ours, peer, current], true);
        assert_eq!(who(&named, "yield-alone"), [ours, peer, current, floor]);
    }

    #[test]
    fn a_row_that_needs_more_workers_is_skipped() {
        let row = Rows::load().find("stuck-io").unwrap().clone();
        let mut contest = contest(&MULTI, true);
        contest.workers = Some(1);
        let outcome = contest.hold(&row, 1, None, |_| unreachable!("nobody is asked"));
        assert_eq!(outcome, Outcome::Skipped("asks for 2 workers".into()));
        contest.workers = Some(2);
        let outcome = contest.hold(&row, 1, None, |_| {});
        assert!(matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
    }

    #[test]
    fn a_child_is_told_all_it_needs() {
        let rows = Rows::load();
        let row = rows.find("echo-1000-paced").unwrap();
        let contest = contest(&MULTI, true);
        let told = contest.arguments(row, Contender::KoloMulti, 7, Some(900));
        let expected = "--one echo-1000-paced --rt kolo-multi --size 7 --workers 2 --rate 900";
        assert_eq!(told, expected.split(' ').collect::<Vec<_>>());
    }
}
