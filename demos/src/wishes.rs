//! **What was asked of single demos?** The options that only one demo has, each demo's
//! with its usual values where nothing was said. A program reads its own from its stage;
//! a run in a process of its own gets all of them as JSON.

use serde::{Deserialize, Serialize};

use crate::amdahl::Shares;
use crate::load::{self, LoadSettings};
use crate::web::visit::{self, Visit};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Wishes {
    /// What can be concurrent in `upper-bound`.
    #[serde(flatten)]
    pub(crate) shares: Shares,
    /// What `scrape` gets.
    pub(crate) visit: Visit,
    /// What the client of `echo` does.
    pub(crate) load: LoadSettings,
}

impl Wishes {
    /// What is meant where nothing is said; a load takes this many seconds.
    pub(crate) fn usual(moment: f64) -> Self {
        Self {
            shares: Shares::usual(),
            visit: visit::USUAL.clone(),
            load: load::USUAL.settings(moment),
        }
    }
}
