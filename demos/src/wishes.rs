//! **What was asked of single demos?** The options that only one demo has, each demo's
//! with its usual values where nothing was said. A program reads its own from its stage;
//! a run in a process of its own gets all of them as JSON.

use serde::{Deserialize, Serialize};

use crate::amdahl::Shares;
use crate::bank::{self, Business};
use crate::city::options::{self as city, City};
use crate::crew::options::{self, ComputeSettings, PoolOptions};
use crate::enter::Press;
use crate::files::{self, FileOptions};
use crate::greeting::Greeting;
use crate::load::{self, LoadSettings};
use crate::web::visit::{self, Visit};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Wishes {
    /// What can be concurrent in `upper-bound`.
    #[serde(flatten)]
    pub(crate) shares: Shares,
    /// What `scrape` gets.
    pub(crate) visit: Visit,
    /// What `files` writes, and where.
    pub(crate) files: FileOptions,
    /// What `compute` adds up.
    pub(crate) compute: ComputeSettings,
    /// Who works in `pools`, and for which sites.
    pub(crate) pools: PoolOptions,
    /// How long `greeters` are waited for.
    pub(crate) greeting: Greeting,
    /// Who cancels `threaded-producer`.
    pub(crate) press: Press,
    /// How much goes on at the `bank`.
    pub(crate) bank: Business,
    /// What arrives at `city`.
    pub(crate) city: City,
    /// What the client of `echo` does.
    pub(crate) load: LoadSettings,
}

impl Wishes {
    /// What is meant where nothing is said, as in the tour; a load takes this many seconds.
    pub(crate) fn usual(moment: f64) -> Self {
        Self {
            shares: Shares::usual(),
            visit: visit::USUAL.clone(),
            files: files::USUAL.clone(),
            compute: options::USUAL_COMPUTE.settings(),
            pools: options::USUAL_POOLS.clone(),
            // The tour has no time to wait for all of them, and nobody who presses enter.
            greeting: Greeting { daemon: true },
            press: Press::by_script(),
            bank: bank::USUAL,
            city: city::USUAL.for_a(moment),
            load: load::USUAL.settings(moment),
        }
    }
}
