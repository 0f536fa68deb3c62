//! **On what were these numbers measured?** The machine, the day and the versions,
//! as an export must name them.

use std::fs;
use std::thread::available_parallelism;
use std::time::{Duration, SystemTime};

use serde::Serialize;

#[derive(Serialize)]
pub(crate) struct Machine {
    pub(crate) os: String,
    pub(crate) arch: &'static str,
    pub(crate) cpu: Option<String>,
    pub(crate) cores: usize,
}

#[derive(Serialize)]
pub(crate) struct Versions {
    pub(crate) kolo: &'static str,
    pub(crate) tokio: &'static str,
    pub(crate) rustc: &'static str,
    pub(crate) python: Option<String>,
    pub(crate) uvloop: Option<String>,
}

impl Machine {
    pub(crate) fn this() -> Self {
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let cpu = cpuinfo
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
            .map(|(_, model)| model.trim().to_owned());
        Self {
            os: format!("{} {}", std::env::consts::OS, kernel.trim())
                .trim()
                .to_owned(),
            arch: std::env::consts::ARCH,
            cpu,
            cores: available_parallelism().map_or(1, usize::from),
        }
    }

    /// In one line.
    pub(crate) fn line(&self) -> String {
        let cores = if self.cores == 1 { "core" } else { "cores" };
        let cpu = self.cpu.as_deref().unwrap_or(self.arch);
        format!("{} {cores} of {cpu}, {}", self.cores, self.os)
    }
}

/// What a virtual machine's host has given to others while it wanted to run, of all
/// cores together, since it started. Zero where nobody says.
pub(crate) fn stolen() -> Duration {
    stolen_in(&fs::read_to_string("/proc/stat").unwrap_or_default())
}

fn stolen_in(stat: &str) -> Duration {
    // cpu user nice system idle iowait irq softirq steal …, in hundredths of a second.
    let ticks = stat.split_whitespace().nth(8);
    let ticks = ticks.and_then(|ticks| ticks.parse::<u64>().ok());
    Duration::from_millis(10 * ticks.unwrap_or(0))
}

/// The version of a package in the lock file that this program was built with.
pub(crate) fn locked(package: &str) -> &'static str {
    const LOCK: &str = include_str!("../../Cargo.lock");
    let mut entries = LOCK.split("[[package]]");
    let field = |entry: &'static str, key: &str| {
        entry.lines().find_map(|line| {
            line.strip_prefix(key)?
                .strip_prefix(" = \"")?
                .strip_suffix('"')
        })
    };
    entries
        .find(|entry| field(entry, "name") == Some(package))
        .and_then(|entry| field(entry, "version"))
        .unwrap_or("unknown")
}

/// `2026-01-31T12:00:00Z`.
pub(crate) fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stolen_is_of_all_cores() {
        let stat = "cpu  10 20 30 40 50 60 70 81 90 0\ncpu0 5 10 15 20 25 30 35 40 45 0\n";
        assert_eq!(stolen_in(stat), Duration::from_millis(810));
        assert_eq!(stolen_in(""), Duration::ZERO);
    }

    #[test]
    fn the_lock_file_knows_tokio() {
        assert!(locked("tokio").starts_with("1."), "{}", locked("tokio"));
        assert_eq!(locked("no-such-package"), "unknown");
    }
}
