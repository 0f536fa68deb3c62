//! **Which job has the load client in a row, and how is it given?** The same for
//! every runtime and for the floor: what differs is only who serves.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use kolo_load::{Amount, Findings, Placement, Plan, Work};

use crate::reading::Sizes;

/// Where every server binds: a port that the kernel picks.
pub const LOOPBACK: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));

/// Bytes of a message, where the row does not say otherwise.
const MESSAGE: usize = 64;

/// What the client does, and by how many bytes at a time the server echoes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Job {
    pub work: Work,
    pub buffer: usize,
}

/// The job of a row, if it is one for an echo server; `rate` is that of arrival,
/// in messages a second, where messages are to arrive at times of their own.
///
/// # Panics
///
/// If such a row was given no rate.
#[must_use]
pub fn job(row: &str, sizes: Sizes, rate: Option<u64>) -> Option<Job> {
    let (warm_up, measured) = (sizes.warm_up, sizes.measured);
    let (name, rest) = row.split_once('-').unwrap_or((row, ""));
    let (work, buffer) = match name {
        "echo" => {
            let mut rest = rest.split('-');
            let connections = rest.next()?.parse().ok()?;
            let work = if rest.next() == Some("paced") {
                Work::Paced {
                    connections,
                    size: MESSAGE,
                    rate: rate.unwrap_or_else(|| panic!("{row} is given its rate")),
                    warm_up,
                    measured,
                }
            } else {
                Work::Echo {
                    connections,
                    size: MESSAGE,
                    warm_up: Amount::Messages(warm_up),
                    measured: Amount::Messages(measured),
                }
            };
            (work, 4096)
        }
        "churn" => {
            let work = Work::Churn {
                at_once: 16,
                size: MESSAGE,
                warm_up,
                measured,
            };
            (work, 4096)
        }
        // The row counts KiB.
        "bulk" => {
            let work = Work::Bulk {
                warm_up: warm_up * 1024,
                measured: measured * 1024,
            };
            (work, 65_536)
        }
        _ => return None,
    };
    Some(Job { work, buffer })
}

/// The client's plan against a server of this process.
#[must_use]
pub fn plan(server: SocketAddr, placement: Placement, work: Work) -> Plan {
    Plan {
        server,
        process: std::process::id(),
        placement,
        work,
    }
}

/// Starts the client; `ended` is told from another thread what it found.
///
/// # Panics
///
/// If it can't be started.
pub fn beside(plan: &Plan, ended: impl FnOnce(io::Result<Findings>) + Send + 'static) {
    kolo_load::start(plan, ended).unwrap_or_else(|error| panic!("no load client: {error}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_known_by_the_rows_name() {
        let sizes = Sizes {
            warm_up: 3,
            measured: 10,
        };
        let connections = |row| job(row, sizes, None).map(|job| job.work.connections());
        assert_eq!(connections("echo-1000"), Some(1000));
        assert_eq!(connections("echo-64-p99"), Some(64));
        assert_eq!(connections("bulk"), Some(1));
        assert_eq!(connections("bytes-connection"), None);
        assert_eq!(connections("yield"), None);
        let paced = job("echo-1000-paced-p99", sizes, Some(500)).unwrap().work;
        assert!(
            matches!(
                paced,
                Work::Paced {
                    rate: 500,
                    connections: 1000,
                    ..
                }
            ),
            "{paced:?}"
        );
    }
}
