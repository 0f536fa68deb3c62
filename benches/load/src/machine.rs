//! **Who runs on which core, whose CPU time is it, and may there be so many open
//! files?** What the operating system is asked before and during a measurement.

use std::io;
use std::time::Duration;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::time::ClockId;
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

/// Where server and client run.
///
/// Apart, neither takes the other's time, and the client need not sleep: it
/// asks for news without end, so that no server pays for waking it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Placement {
    /// Each on a core of its own.
    Apart { server: usize, client: usize },
    /// Wherever the kernel puts them; the client sleeps when it has nothing to do.
    Anywhere,
}

/// The calling thread stays on one core until this is dropped.
#[derive(Debug)]
pub struct Pinned(CpuSet);

const MYSELF: Pid = Pid::from_raw(0);

impl Placement {
    /// Two cores of those that this thread may use; where there is but one, or
    /// the client would be a thread of the server's process,
    /// [`Anywhere`](Self::Anywhere).
    #[must_use]
    pub fn apart() -> Self {
        if crate::beside::is_a_process() {
            Self::two_cores()
        } else {
            Placement::Anywhere
        }
    }

    fn two_cores() -> Self {
        let Ok(allowed) = sched_getaffinity(MYSELF) else {
            return Placement::Anywhere;
        };
        let mut cores = (0..CpuSet::count()).filter(|&core| allowed.is_set(core).unwrap_or(false));
        // Interrupts prefer the first core: the server gets the other one.
        match (cores.next(), cores.next()) {
            (Some(client), Some(server)) => Placement::Apart { server, client },
            _ => Placement::Anywhere,
        }
    }

    /// Puts the calling thread, and those that it will start, on the server's
    /// core.
    ///
    /// # Errors
    ///
    /// The kernel's.
    pub fn pin_server(self) -> io::Result<Option<Pinned>> {
        match self {
            Placement::Apart { server, .. } => pin(server).map(Some),
            Placement::Anywhere => Ok(None),
        }
    }

    /// The same for the client's.
    ///
    /// # Errors
    ///
    /// The kernel's.
    pub fn pin_client(self) -> io::Result<Option<Pinned>> {
        match self {
            Placement::Apart { client, .. } => pin(client).map(Some),
            Placement::Anywhere => Ok(None),
        }
    }

    /// Puts another process's first thread on the server's core: one that runs only
    /// while the server is stopped, and would else stand in the client's way.
    ///
    /// # Errors
    ///
    /// The kernel's.
    pub fn join_server(self, process: u32) -> io::Result<()> {
        match self {
            Placement::Apart { server, .. } => Ok(sched_setaffinity(
                Pid::from_raw(process.cast_signed()),
                &only(server)?,
            )?),
            Placement::Anywhere => Ok(()),
        }
    }

    /// May the client ask without end?
    pub(crate) fn spins(self) -> bool {
        self != Placement::Anywhere
    }
}

fn pin(core: usize) -> io::Result<Pinned> {
    let before = sched_getaffinity(MYSELF)?;
    sched_setaffinity(MYSELF, &only(core)?)?;
    Ok(Pinned(before))
}

fn only(core: usize) -> io::Result<CpuSet> {
    let mut one = CpuSet::new();
    one.set(core)?;
    Ok(one)
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // A thread that has to stay where it is still runs.
        let _ = sched_setaffinity(MYSELF, &self.0);
    }
}

/// The clock of the CPU time of a process, all its threads together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CpuClock(ClockId);

impl CpuClock {
    pub(crate) fn of(process: u32) -> io::Result<Self> {
        let process = Pid::from_raw(process.cast_signed());
        Ok(Self(ClockId::pid_cpu_clock_id(process)?))
    }

    pub(crate) fn now(self) -> io::Result<Duration> {
        Ok(self.0.now()?.into())
    }
}

/// Files that are open in any case: the standard three, the poll's, a library's.
const OTHERS: u64 = 32;

/// Sees to it that this process may have `connections` open beside a few other
/// files; asks for more where it may have more.
///
/// # Errors
///
/// A sentence that says what to do.
pub fn need_open_files(connections: usize) -> io::Result<()> {
    let needed = connections as u64 + OTHERS;
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if soft >= needed {
        return Ok(());
    }
    if hard >= needed {
        return Ok(setrlimit(Resource::RLIMIT_NOFILE, needed, hard)?);
    }
    Err(io::Error::other(format!(
        "{connections} connections need {needed} open files, and this process may have {hard}: \
         ask for fewer, or allow more with `ulimit -n {needed}`"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pinned_thread_is_free_again_afterwards() {
        let placement = Placement::two_cores();
        let before = sched_getaffinity(MYSELF).unwrap();
        let pinned = placement.pin_server().unwrap();
        let during = sched_getaffinity(MYSELF).unwrap();
        let cores = |set: &CpuSet| {
            (0..CpuSet::count())
                .filter(|&n| set.is_set(n).unwrap())
                .count()
        };
        match placement {
            Placement::Apart { server, client } => {
                assert!(during.is_set(server).unwrap() && server != client);
                assert_eq!(cores(&during), 1);
            }
            Placement::Anywhere => assert!(pinned.is_none()),
        }
        drop(pinned);
        assert_eq!(sched_getaffinity(MYSELF).unwrap(), before);
    }

    #[test]
    fn the_clock_of_a_process_advances_with_its_work() {
        let clock = CpuClock::of(std::process::id()).unwrap();
        let before = clock.now().unwrap();
        let mut sum = 0u64;
        while clock.now().unwrap() == before {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(clock.now().unwrap() > before);
    }

    #[test]
    fn too_many_files_are_refused_with_a_cure() {
        need_open_files(8).unwrap();
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        if hard < u64::from(u32::MAX) {
            let said = need_open_files(hard as usize).unwrap_err().to_string();
            let cure = format!("`ulimit -n {}`", hard + OTHERS);
            assert!(said.contains(&cure), "{said}");
            assert_eq!(getrlimit(Resource::RLIMIT_NOFILE).unwrap().0, soft);
        }
    }
}
