//! **Who greets, how often, and how long does anybody wait for them?** The course's
//! four, what `greeters` can be told, and what is claimed of a run; the same for
//! threads and for tasks.
//!
//! Read next: `course/greeters.rs`.

use std::time::{Duration, Instant};

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::stage::Stage;

/// Each greeter's name, and how often it greets.
pub(crate) const GREETERS: [(&str, u64); 4] =
    [("Michael", 10), ("Sarah", 5), ("Zoe", 2), ("Mark", 11)];

/// A greeter rests so long after each greeting, and nobody joins it for longer.
pub(crate) const A_SECOND: Duration = Duration::from_secs(1);

/// What `greeters` can be told.
#[derive(Args, Clone, Copy, Debug, Serialize, Deserialize)]
#[command(next_help_heading = "How long to wait for greeters")]
pub(crate) struct Greeting {
    /// Join each once, as the course does, and end what greets on then
    #[arg(long)]
    pub(crate) daemon: bool,
}

/// How a greeter ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// By itself, having greeted so often.
    Greeted(u64),
    /// By whoever had started it.
    CutShort,
}

/// What else there is to do, and what came of it all.
pub(crate) struct Meanwhile<'a> {
    stage: &'a Stage,
    began: Instant,
    done: u64,
    endings: Vec<(&'static str, Ending)>,
}

impl<'a> Meanwhile<'a> {
    /// The greeters have been started; here is what else is to be done.
    pub(crate) fn begin(stage: &'a Stage, began: Instant) -> Self {
        stage.plain("This is other work.");
        stage.plain(2 * 2);
        Self {
            stage,
            began,
            done: 2,
            endings: Vec::new(),
        }
    }

    /// A join has come back without its greeter.
    pub(crate) fn other_work(&mut self, name: &str) {
        self.done += 1;
        let (n, square) = (self.done, self.done * self.done);
        self.stage.cyan(format_args!(
            "{name} greets on. Other work meanwhile: {n} * {n} is {square}"
        ));
    }

    /// A greeter has been joined.
    pub(crate) fn joined(&mut self, name: &'static str, ending: Ending) {
        self.stage.yellow(match ending {
            Ending::Greeted(_) => format!("{name} has ended."),
            Ending::CutShort => format!("{name} was cut short."),
        });
        self.endings.push((name, ending));
    }

    /// Nobody is joined any more; some may greet on.
    pub(crate) fn done(&self) {
        self.stage.white("Done.");
    }

    /// All have ended: the claims.
    pub(crate) fn end(self) {
        let Self { stage, began, .. } = self;
        let took = began.elapsed();
        let rest = stage.wait(A_SECOND);
        let one_by_one: u64 = GREETERS.iter().map(|(_, times)| stage.many(*times)).sum();
        let most = GREETERS.iter().map(|(_, times)| stage.many(*times)).max();
        let (took_s, all_s) = (stage.seconds(took), stage.seconds(rest * one_by_one as u32));
        stage.plain(format_args!(
            "It took {took_s} sec.; one greeter after the other takes {all_s}."
        ));
        stage.took(took);

        let times = |name: &str| {
            let mut of_name = GREETERS.iter().filter(|(greeter, _)| *greeter == name);
            stage.many(of_name.next().expect("one of the four").1)
        };
        stage.check(
            "nobody greets on",
            GREETERS
                .iter()
                .all(|(name, _)| self.endings.iter().any(|(ended, _)| ended == name)),
        );
        stage.check(
            "who ended alone had greeted to the end",
            self.endings.iter().all(|(name, ending)| match ending {
                Ending::Greeted(greeted) => *greeted == times(name),
                Ending::CutShort => true,
            }),
        );
        if stage.wishes().greeting.daemon {
            let joins = rest * GREETERS.len() as u32;
            stage.check("no join took longer", took < joins + stage.slack());
        } else {
            let longest = rest * most.unwrap_or(0) as u32;
            stage.check("no rest was cut short", took >= longest);
            stage.check(
                "every greeter was waited for",
                !self.endings.iter().any(|end| end.1 == Ending::CutShort),
            );
            let sum = rest * one_by_one as u32;
            stage.check("the rests overlap", took < sum + stage.slack());
        }
    }
}
