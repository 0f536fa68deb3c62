//! **How large a crew, and what for?** What the command line says of `compute` and of
//! `pools`.

use std::thread::available_parallelism;

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::web::address::Address;

/// What `compute` can be told.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "What to compute")]
pub(crate) struct ComputeOptions {
    /// How many steps, before --time-scale multiplies them
    #[arg(long, value_name = "N", default_value_t = STEPS, value_parser = clap::value_parser!(u64).range(1..=50_000_000))]
    pub(crate) steps: u64,

    /// In how many parts: threads, processes or tasks [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) parts: Option<u16>,
}

const STEPS: u64 = 30_000_000;

/// What is meant where nothing is said.
pub(crate) static USUAL_COMPUTE: ComputeOptions = ComputeOptions {
    steps: STEPS,
    parts: None,
};

/// The same, once the machine is known.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct ComputeSettings {
    pub(crate) steps: u64,
    pub(crate) parts: u16,
}

impl ComputeOptions {
    pub(crate) fn settings(self) -> ComputeSettings {
        let cores = || available_parallelism().map_or(1, |cores| cores.get().min(64) as u16);
        ComputeSettings {
            steps: self.steps,
            parts: self.parts.unwrap_or_else(cores),
        }
    }
}

/// What `pools` is told.
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
#[command(next_help_heading = "Who gets what")]
pub(crate) struct PoolOptions {
    /// How many threads or processes a pool has
    #[arg(long, value_name = "N", default_value_t = USUAL_POOLS.workers, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) workers: u16,

    /// A real site, instead of the five bundled ones; may be said several times
    #[arg(long = "site", value_name = "URL", value_parser = Address::of_site)]
    pub(crate) sites: Vec<Address>,

    /// Give a site up after this long
    #[arg(long, value_name = "SECONDS", default_value_t = USUAL_POOLS.timeout, value_parser = crate::web::visit::seconds)]
    pub(crate) timeout: f64,
}

/// What is meant where nothing is said.
pub(crate) static USUAL_POOLS: PoolOptions = PoolOptions {
    workers: 5,
    sites: Vec::new(),
    timeout: 30.0,
};
