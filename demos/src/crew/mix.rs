//! **Did each kind of work go where it suits?** The parts of `unsync`, how long each took
//! and where; and what is said and claimed at the end. Started at once, all of them
//! together take about as long as the longest.

use std::fmt;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::Whom;
use crate::stage::Stage;
use crate::web::trouble::Trouble;

/// How many square roots a part takes.
pub(crate) const ROOTS: u64 = 10_000_000;
/// How often a part sleeps, and for how long.
pub(crate) const SLEEPS: u64 = 1_000;
pub(crate) const SLEEP: Duration = Duration::from_millis(1);

/// What a part does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    Computing,
    Downloading,
    DownloadingMore,
    Waiting,
}

impl Kind {
    const ALL: [Kind; 4] = [
        Kind::Computing,
        Kind::Downloading,
        Kind::DownloadingMore,
        Kind::Waiting,
    ];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Kind::Computing => "computing",
            Kind::Downloading => "downloading",
            Kind::DownloadingMore => "downloading more",
            Kind::Waiting => "waiting",
        })
    }
}

/// A part: under way, and then ended.
#[derive(Clone, Debug)]
pub(crate) struct Took {
    kind: Kind,
    began: Instant,
    time: Duration,
    /// The thread that it ended on.
    thread: String,
    /// Whether it did what it was to do.
    well: bool,
}

impl Took {
    pub(crate) fn begin(kind: Kind) -> Self {
        Self {
            kind,
            began: Instant::now(),
            time: Duration::ZERO,
            thread: String::new(),
            well: false,
        }
    }

    pub(crate) fn so_far(&self) -> Duration {
        self.began.elapsed()
    }

    /// One that ended elsewhere.
    pub(crate) fn elsewhere(kind: Kind, time: Duration, thread: String, well: bool) -> Self {
        Self {
            time,
            thread,
            well,
            ..Self::begin(kind)
        }
    }

    /// Ends it.
    pub(crate) fn end(mut self, well: bool) -> Self {
        self.time = self.so_far();
        self.thread = Whom::here().thread;
        self.well = well;
        self
    }
}

/// All the parts of a run.
pub(crate) struct Mix {
    stage: Stage,
    began: Instant,
    parts: Vec<Took>,
}

impl Mix {
    pub(crate) fn begin(stage: &Stage) -> Self {
        Self {
            stage: stage.clone(),
            began: Instant::now(),
            parts: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, part: Took) {
        self.parts.push(part);
    }

    /// Says what was downloaded; whether it is a page.
    pub(crate) fn downloaded(stage: &Stage, kind: Kind, page: Result<String, Trouble>) -> bool {
        let which = match kind {
            Kind::DownloadingMore => " (more)",
            _ => "",
        };
        match page {
            Ok(page) => {
                let characters = stage.thousands(page.chars().count() as u64);
                stage.cyan(format_args!("Downloaded{which} {characters} characters."));
                page.contains("</html>")
            }
            Err(trouble) => {
                stage.red(format_args!("Downloaded nothing{which}: {trouble}."));
                false
            }
        }
    }

    fn sum(&self) -> Duration {
        self.parts.iter().map(|part| part.time).sum()
    }

    /// Ends the version that does one part after the other.
    pub(crate) fn done_one_by_one(self) {
        let (sum, stage) = (self.sum(), self.stage.clone());
        let took = self.began.elapsed();
        self.done("Synchronous", took);
        stage.check("one part after the other", took >= sum);
    }

    /// Ends the version that starts them all at once.
    pub(crate) fn done_at_once(self) {
        let took = self.began.elapsed();
        self.done_at_once_in(took);
    }

    /// The same, of parts that somebody else has timed.
    pub(crate) fn done_at_once_in(self, took: Duration) {
        let (sum, stage) = (self.sum(), self.stage.clone());
        let longest = self.parts.iter().map(|part| part.time).max();
        let longest = longest.unwrap_or_default();
        self.done("Unsync", took);
        let [longest_s, sum_s] = [longest, sum].map(|time| stage.seconds(time));
        stage.plain(format_args!(
            "The longest part took {longest_s} seconds; one after the other: {sum_s}."
        ));
        let near = took < longest + stage.slack();
        stage.check("the total is near the longest part", near);
        stage.check("the parts overlap", took < sum + stage.slack());
    }

    fn done(self, version: &str, took: Duration) {
        let stage = self.stage;
        stage.white(format_args!(
            "{version} version done in {} seconds.",
            stage.seconds(took)
        ));
        for kind in Kind::ALL {
            let parts = || self.parts.iter().filter(move |part| part.kind == kind);
            let Some(longest) = parts().map(|part| part.time).max() else {
                continue;
            };
            let mut threads: Vec<_> = parts().map(|part| &*part.thread).collect();
            threads.sort_unstable();
            threads.dedup();
            stage.plain(format_args!(
                "  {} × {kind:<17} {} sec. at most, on {}",
                parts().count(),
                stage.seconds(longest),
                threads.join(", ")
            ));
        }
        stage.took(took);
        let well = self.parts.iter().all(|part| part.well);
        stage.check("every page was had, and no wait was cut short", well);
    }
}
