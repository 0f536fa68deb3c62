//! **Whose titles are wanted, and were they had?** Those of five bundled sites, or of the
//! ones that `--site` names; what each executor of `pools` is asked, and what is said
//! and claimed at its end, which is the same for all of them.

use std::collections::HashSet;
use std::process;
use std::time::{Duration, Instant};

use super::{Errand, Gone, Reply, Roll, Ticket};
use crate::stage::Stage;
use crate::web::address::Address;
use crate::web::episodes::{self, LATENCY};
use crate::web::guests::Guests;
use crate::web::trouble::Trouble;

/// How many bundled sites there are.
pub(crate) const SITES: u64 = 5;

/// What a page may cost besides its latency, and a process to start, on a machine busy
/// with other things.
const WORK: Duration = Duration::from_millis(50);

/// What is wanted of whom.
pub(crate) struct Wanted {
    stage: Stage,
    errands: Vec<Errand>,
    /// Of bundled sites, what they are called.
    titles: Option<Vec<String>>,
}

/// A title, or what was in its way.
pub(crate) type Title = Result<String, String>;

/// Where an executor's workers are: what the claims are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Workers {
    /// In this process, as many.
    Threads(u16),
    /// In processes of their own, as many.
    Processes(u16),
    /// There are none: a task for each, on the loop.
    Tasks,
}

impl Wanted {
    /// The titles of these bundled sites, each of another episode; without any, those of
    /// the sites that were asked for.
    pub(crate) fn of(stage: &Stage, bundled: &[Address]) -> Self {
        let wish = &stage.wishes().pools;
        let errand = |site: &Address, page: String| Errand::Title {
            site: site.clone(),
            page,
            timeout: wish.timeout,
        };
        let numbers = episodes::numbers(bundled.len() as u64);
        let (errands, titles) = if bundled.is_empty() {
            let asked = wish.sites.iter();
            (
                asked.map(|site| errand(site, String::new())).collect(),
                None,
            )
        } else {
            let pages = bundled.iter().zip(numbers.clone());
            let errands = pages.map(|(site, number)| errand(site, number.to_string()));
            (
                errands.collect(),
                Some(numbers.filter_map(episodes::title).collect()),
            )
        };
        Self {
            stage: stage.clone(),
            errands,
            titles,
        }
    }

    pub(crate) fn errands(&self) -> Vec<Errand> {
        self.errands.clone()
    }

    /// Ends a program that found these titles, in the order of the errands.
    pub(crate) fn done(
        self,
        began: Instant,
        titles: Vec<Title>,
        roll: &Roll,
        workers: Workers,
        guests: Option<&Guests>,
    ) {
        let (took, stage) = (began.elapsed(), self.stage);
        if let Some(guests) = guests {
            let most = guests.most();
            let s = if most == 1 { "" } else { "s" };
            stage.plain(format_args!(
                "The sites saw at most {most} request{s} at once."
            ));
        }
        stage.white(format_args!("Done in {} sec.", stage.seconds(took)));
        for (errand, title) in self.errands.iter().zip(&titles) {
            match title {
                Ok(title) => stage.cyan(title),
                Err(why) => stage.red(format_args!("No title from {}: {why}.", errand.site())),
            }
        }
        stage.took(took);
        stage.processed(titles.len() as u64);

        stage.check("every title was had", titles.iter().all(Result::is_ok));
        let here = HashSet::from([process::id()]);
        match workers {
            Workers::Processes(_) => {
                let elsewhere = roll.pids().is_disjoint(&here);
                stage.check("the work was done in other processes", elsewhere);
            }
            Workers::Threads(_) | Workers::Tasks => {
                stage.check("the work was done in this process", roll.pids() == here);
            }
        }
        let (Some(expected), Some(guests)) = (self.titles, guests) else {
            return; // of a real site only the page is known to be there
        };
        let expected = expected.into_iter().map(Ok);
        stage.check("the titles are the sites' own", expected.eq(titles));

        let sites = self.errands.len() as u64;
        let most = guests.most() as u64;
        let (at_once, starts) = match workers {
            Workers::Threads(workers) => (sites.min(workers.into()), 0),
            Workers::Processes(workers) => (sites.min(workers.into()), workers.into()),
            Workers::Tasks => {
                stage.check("the pages overlap", most >= sites.min(2));
                (sites, 0)
            }
        };
        // Not at least as many: a worker that is up early may have done it all before
        // another begins.
        let claim = "no more pages at once than there are workers";
        stage.check(claim, (1..=at_once).contains(&most));
        let rounds = sites.div_ceil(at_once) as u32;
        let latency = stage.wait(LATENCY);
        stage.check("no wait was cut short", took >= rounds * latency);
        let late = latency + WORK * (sites + starts) as u32 + stage.slack();
        let claim = "in about as many latencies as there are rounds";
        stage.check(claim, took < rounds * latency + late);
    }
}

/// What was in the way, in the words of a demo whose sites are named by `--site`.
pub(crate) fn said(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Status(status) if !status.is_server_error() => {
            format!("the site answers {status}; look at --site")
        }
        Trouble::Unproven(why) => {
            format!("the site can't prove that it is what --site names ({why})")
        }
        Trouble::OutOfFiles => {
            "no file descriptor is left for it; raise the limit with ulimit -n".to_owned()
        }
        other => other.to_string().replace("--base-url", "--site"),
    }
}

impl Errand {
    /// The site, the page and the seconds that it may take.
    pub(crate) fn into_visit(self) -> (Address, String, f64) {
        match self {
            Errand::Title {
                site,
                page,
                timeout,
            } => (site, page, timeout),
            Errand::Sum { .. } => unreachable!("titles are asked for"),
        }
    }

    /// Whom it is asked of.
    fn site(&self) -> &str {
        match self {
            Errand::Title { site, .. } => site.authority(),
            Errand::Sum { .. } => unreachable!("titles are asked for"),
        }
    }
}

impl Reply {
    pub(crate) fn title(self) -> Title {
        match self {
            Reply::Title(title) => title,
            Reply::Sum(_) => unreachable!("a title was asked for"),
        }
    }
}

impl Ticket {
    /// Waits for the title.
    pub(crate) fn title(self) -> Title {
        self.reply()
            .map_err(|gone: Gone| gone.to_string())
            .and_then(Reply::title)
    }
}
