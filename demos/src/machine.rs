//! **On what were these numbers measured?** The machine, the day and the versions,
//! as an export must name them.

use std::fs;
use std::thread::available_parallelism;
use std::time::SystemTime;

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
    fn the_lock_file_knows_tokio() {
        assert!(locked("tokio").starts_with("1."), "{}", locked("tokio"));
        assert_eq!(locked("no-such-package"), "unknown");
    }
}
