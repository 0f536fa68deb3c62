//! **Which pages are asked for, and where?** What the command line says of `scrape`:
//! ten of the bundled site's unless it says otherwise.

use std::time::Duration;

use clap::Args;
use serde::{Deserialize, Serialize};

use super::address::Address;
use super::trust::Authorities;

#[derive(Args, Clone, Debug, Serialize, Deserialize)]
#[command(next_help_heading = "What to get")]
pub(crate) struct Visit {
    /// How many pages to get, from episode 150 on
    #[arg(long, value_name = "N", default_value_t = USUAL.pages, value_parser = clap::value_parser!(u64).range(1..=MOST))]
    pub(crate) pages: u64,

    /// How many at once, in the program that has a limit
    #[arg(long, value_name = "K", default_value_t = USUAL.limit, value_parser = clap::value_parser!(u64).range(1..=MOST))]
    pub(crate) limit: u64,

    /// A real site: its pages are this address, a slash, and the episode's number
    #[arg(long, value_name = "URL", value_parser = Address::of_site)]
    pub(crate) base_url: Option<Address>,

    /// Trust the authorities in this PEM file, and no others [default: Mozilla's]
    #[arg(long, value_name = "FILE", requires = "base_url", value_parser = Authorities::in_file)]
    pub(crate) ca_file: Option<Authorities>,

    /// Give a page up after this long
    #[arg(long, value_name = "SECONDS", default_value_t = USUAL.timeout, value_parser = seconds)]
    pub(crate) timeout: f64,

    /// Where the bundled site listens [default: a port that is free]
    #[arg(long, value_name = "PORT", conflicts_with = "base_url", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,
}

/// The most pages, all of which may be asked for at once: a connection has two ends
/// here, and a process so many files.
const MOST: u64 = 2_000;

/// What is meant where nothing is said.
pub(crate) static USUAL: Visit = Visit {
    pages: 10,
    limit: 4,
    base_url: None,
    ca_file: None,
    timeout: 30.0,
    port: None,
};

impl Visit {
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs_f64(self.timeout)
    }
}

/// A span on the command line: above zero, and bounded.
pub(crate) fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 3600.0 => Ok(seconds),
        _ => Err("a number above 0, and at most 3600".to_owned()),
    }
}
