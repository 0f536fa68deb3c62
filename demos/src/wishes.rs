//! **What was asked of single demos?** The options that only one demo has, each demo's
//! with its usual values where nothing was said. A program reads its own from its stage;
//! a run in a process of its own gets all of them as JSON.

use serde::{Deserialize, Serialize};

use crate::crew::options::{self, ComputeSettings, PoolOptions};
use crate::files::{self, FileOptions};
use crate::load::{self, LoadSettings};
use crate::web::visit::{self, Visit};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Wishes {
    /// What `scrape` gets.
    pub(crate) visit: Visit,
    /// What `files` writes, and where.
    pub(crate) files: FileOptions,
    /// What `compute` adds up.
    pub(crate) compute: ComputeSettings,
    /// Who works in `pools`, and for which sites.
    pub(crate) pools: PoolOptions,
    /// What the client of `echo` does.
    pub(crate) load: LoadSettings,
}

impl Wishes {
    /// What is meant where nothing is said; a load takes this many seconds.
    pub(crate) fn usual(moment: f64) -> Self {
        Self {
            visit: visit::USUAL.clone(),
            files: files::USUAL.clone(),
            compute: options::USUAL_COMPUTE.settings(),
            pools: options::USUAL_POOLS.clone(),
            load: load::USUAL.settings(moment),
        }
    }
}
