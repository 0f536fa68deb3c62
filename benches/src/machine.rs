//! **Where and of what were the numbers made?** What has to stand beside a table
//! that is shown to anybody.

use std::fs;
use std::time::{Duration, Instant};

use kolo_load::Placement;
use serde::{Deserialize, Serialize};

const LOCK: &str = include_str!("../../Cargo.lock");

/// The machine, as far as it bears on ratios.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    pub cpu: String,
    pub cores: usize,
    pub kernel: String,
    /// Runnable threads, averaged over the minute before the comparison.
    pub load: f64,
    /// Where server and client of the rows about sockets run, if the server has
    /// one thread.
    pub placement: Placement,
}

impl Machine {
    /// This machine, now.
    #[must_use]
    pub fn here() -> Self {
        let cpu = read("/proc/cpuinfo")
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
            .map_or_else(|| "unknown CPU".into(), |(_, name)| name.trim().into());
        let load = read("/proc/loadavg");
        Self {
            cpu,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: read("/proc/sys/kernel/osrelease").trim().into(),
            load: load
                .split(' ')
                .next()
                .and_then(|load| load.parse().ok())
                .unwrap_or(0.0),
            placement: Placement::apart(),
        }
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            cpu,
            cores,
            kernel,
            load,
            placement: _,
        } = self;
        write!(
            f,
            "{cpu}, {cores} cores, Linux {kernel}, load before {load}"
        )
    }
}

/// How much of the cores' time a host may give to others before a round no longer says
/// anything of the programs: a part in so many, but at least a tick of its clock.
const TOO_MUCH: u32 = 500;

/// The clock tick in which Linux says such times, on every machine.
const TICK: Duration = Duration::from_millis(10);

/// What the host of a virtual machine takes away: its *steal time*.
#[derive(Debug)]
pub struct Host {
    since: Instant,
    stolen: Duration,
}

impl Host {
    /// Looks on from now.
    #[must_use]
    pub fn watched() -> Self {
        Self {
            since: Instant::now(),
            stolen: stolen(&read("/proc/stat")),
        }
    }

    /// Has it given the cores to others for so long that measuring makes no sense?
    #[must_use]
    pub fn interfered(&self) -> bool {
        let stolen = stolen(&read("/proc/stat")).saturating_sub(self.stolen);
        let cores = std::thread::available_parallelism().map_or(1, usize::from) as u32;
        stolen > TICK.max(self.since.elapsed() * cores / TOO_MUCH)
    }
}

/// Of all cores, by the first line of `/proc/stat`: `cpu`, user, nice, system, idle,
/// iowait, irq, softirq, steal.
fn stolen(stat: &str) -> Duration {
    let ticks = stat
        .lines()
        .next()
        .and_then(|line| line.split_whitespace().nth(8)?.parse().ok());
    TICK * ticks.unwrap_or(0)
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// The version of `package` that this binary was built with.
#[must_use]
pub fn version(package: &str) -> Option<&'static str> {
    let (_, after) = LOCK.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    after.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_the_lock_file() {
        assert!(version("tokio").unwrap().starts_with("1."));
        assert_eq!(version("kolo-benches"), Some(env!("CARGO_PKG_VERSION")));
        assert_eq!(version("no-such-package"), None);
    }

    #[test]
    fn what_the_host_takes_is_the_eighth_number() {
        let stat = "cpu  1 2 3 4 5 6 7 80 9 10\ncpu0 1 2 3 4 5 6 7 8 9 10\n";
        assert_eq!(stolen(stat), Duration::from_millis(800));
        assert_eq!(stolen("cpu  1 2 3 4 5 6 7\n"), Duration::ZERO);
        assert_eq!(stolen(""), Duration::ZERO);
    }

    #[test]
    fn a_machine_has_cores() {
        let machine = Machine::here();
        assert!(machine.cores > 0 && machine.to_string().contains("cores"));
    }
}
