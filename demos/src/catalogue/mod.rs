//! **What is there to run?** [`Demo`]s, each a [`Chapter`] of the course; their
//! [`Program`]s, of which a chapter shows one or several; and the [`Contender`]s of a
//! table: a program together with what runs it.
//!
//! Nothing here runs anything: `perform.rs` does, `course/` holds the texts. A chapter
//! has a file of its own here, with all that is said of it: its question, its
//! programs and what runs them, and its [`Lesson`].
//!
//! **To add one**: its text in `course/`, a file here, a line in [`Demo`] and in
//! [`Demo::chapter`], its programs in [`Program`], its name and help in `cli.rs`. The
//! compiler asks for what is forgotten, a test for the rest.
//!
//! Read next: `count.rs`.

use std::time::Duration;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::runtimes::Runtime;
use crate::stage::Settings;

mod bank;
mod city;
mod compute;
mod count;
mod echo;
mod fib;
mod files;
mod greeters;
mod lesson;
mod loop_program;
mod pools;
mod producer_consumer;
mod requests;
mod scrape;
mod threaded_producer;
mod unsync;
mod upper_bound;

#[cfg(test)]
mod tests;

pub(crate) use lesson::{Excerpt, Lesson};

/// A chapter's name, in the order of the course.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Demo {
    UpperBound,
    Requests,
    Count,
    Fib,
    ProducerConsumer,
    Loop,
    Scrape,
    Files,
    Greeters,
    ThreadedProducer,
    Compute,
    Bank,
    Pools,
    Unsync,
    City,
    Echo,
}

/// One program of a demo. The names are those of the hidden `measure` command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Program {
    UpperBoundOnThreads,
    UpperBoundComputing,
    UpperBoundWaiting,
    RequestsInTurn,
    RequestsOnThreads,
    RequestsOverlapped,
    RequestsRushOneThread,
    RequestsRush,
    CountSynchronous,
    CountGathered,
    FibSteps,
    OneAfterTheOther,
    OneProducer,
    TwoProducers,
    LoopMpsc,
    LoopQueue,
    LoopMpscArmed,
    LoopQueueArmed,
    LoopPython,
    ScrapeSynchronous,
    ScrapeOneByOne,
    ScrapeAtOnce,
    ScrapeLimited,
    FilesSynchronous,
    FilesOneByOne,
    FilesAtOnce,
    GreeterThreads,
    GreeterTasks,
    ProducerThreads,
    ProducerTasks,
    ComputeOneThread,
    ComputeThreads,
    ComputeProcesses,
    ComputeTasks,
    ComputeBlocking,
    BankUnsafeThreads,
    BankUnsafeTasks,
    BankOneLockThreads,
    BankOneLockTasks,
    BankLockEachThreads,
    BankLockEachTasks,
    BankWrongOrderThreads,
    BankWrongOrderTasks,
    PoolsThreads,
    PoolsProcesses,
    PoolsBlocking,
    PoolsTasks,
    UnsyncSynchronous,
    UnsyncAtOnce,
    UnsyncPython,
    CityOnThreads,
    CityAwaited,
    EchoByHand,
    Echo,
}

/// A chapter of the course.
pub(crate) struct Chapter {
    pub(crate) name: &'static str,
    /// The question that its programs answer.
    pub(crate) question: &'static str,
    /// Where in the course it is.
    pub(crate) place: &'static str,
    /// The shortest wait in its programs, at the course's pace. Scaled below a
    /// millisecond, the number of waits shrinks instead.
    pub(crate) shortest_wait: Option<Duration>,
    /// What `--time-scale` multiplies: what of it there is less, or what is shorter.
    pub(crate) scaled: Option<&'static str>,
    /// Whether its programs throw dice: a reader then wants to know the seed.
    pub(crate) throws_dice: bool,
    pub(crate) parts: &'static [Part],
    pub(crate) lesson: Lesson,
}

/// One program of a chapter.
pub(crate) struct Part {
    pub(crate) program: Program,
    /// Its name in a table of its demo.
    pub(crate) name: &'static str,
    pub(crate) runs_on: RunsOn,
    /// The program whose tokio-current row its speed is measured against: itself,
    /// or, where no runtime of ours runs it, the one that does the same work.
    pub(crate) peer: Program,
    /// How long it takes at the course's pace, in seconds.
    pub(crate) seconds: fn(&Settings) -> f64,
    /// Whether it stands for its demo where there is room for one program: see
    /// [`Chapter::key`].
    pub(crate) key: bool,
}

/// What a program needs to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunsOn {
    /// Nothing: it is synchronous, or brings its own threads or processes.
    Plain,
    /// Each runtime, in turn.
    Runtimes,
    /// Each Python event loop.
    Pythons,
}

/// A Python event loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Asyncio,
    Uvloop,
}

/// What runs a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runner {
    /// Nothing: the program is synchronous.
    Plain,
    On(Runtime),
    Python(Engine),
}

/// A row of a table: a program and what runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Contender {
    pub(crate) program: Program,
    pub(crate) runner: Runner,
}

impl Demo {
    /// All of them, in the order of the course.
    pub(crate) fn all() -> impl Iterator<Item = Demo> {
        Demo::value_variants().iter().copied()
    }

    pub(crate) fn chapter(self) -> &'static Chapter {
        match self {
            Demo::UpperBound => &upper_bound::CHAPTER,
            Demo::Requests => &requests::CHAPTER,
            Demo::Count => &count::CHAPTER,
            Demo::Fib => &fib::CHAPTER,
            Demo::ProducerConsumer => &producer_consumer::CHAPTER,
            Demo::Loop => &loop_program::CHAPTER,
            Demo::Scrape => &scrape::CHAPTER,
            Demo::Files => &files::CHAPTER,
            Demo::Greeters => &greeters::CHAPTER,
            Demo::ThreadedProducer => &threaded_producer::CHAPTER,
            Demo::Compute => &compute::CHAPTER,
            Demo::Bank => &bank::CHAPTER,
            Demo::Pools => &pools::CHAPTER,
            Demo::Unsync => &unsync::CHAPTER,
            Demo::City => &city::CHAPTER,
            Demo::Echo => &echo::CHAPTER,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        self.chapter().name
    }

    /// Its rows: each program on each runtime that was asked for.
    pub(crate) fn contenders(self, runtimes: &[Runtime]) -> Vec<Contender> {
        let runners = |part: &Part| -> Vec<Runner> {
            match part.runs_on {
                RunsOn::Plain => vec![Runner::Plain],
                RunsOn::Runtimes => runtimes.iter().copied().map(Runner::On).collect(),
                RunsOn::Pythons => [Engine::Asyncio, Engine::Uvloop].map(Runner::Python).into(),
            }
        };
        let of = |part: &'static Part| {
            let program = part.program;
            let runners = runners(part).into_iter();
            runners.map(move |runner| Contender { program, runner })
        };
        self.chapter().parts.iter().flat_map(of).collect()
    }
}

impl Part {
    /// A program that runs on every runtime, is measured against itself, and is soon
    /// over: what most are, for the rest to be said with `..`.
    pub(crate) const fn of(program: Program, name: &'static str) -> Self {
        Self {
            program,
            name,
            runs_on: RunsOn::Runtimes,
            peer: program,
            seconds: |_| 0.0,
            key: false,
        }
    }
}

impl Chapter {
    /// The program that stands for the demo: the one that says so; or else the peer of
    /// what runs without our runtimes; or else the last.
    pub(crate) fn key(&self) -> Program {
        let mut parts = self.parts.iter();
        if let Some(marked) = parts.clone().find(|part| part.key) {
            return marked.program;
        }
        let beside = parts.clone().find(|part| part.runs_on != RunsOn::Runtimes);
        let part = beside.or_else(|| parts.next_back());
        part.expect("no chapter is empty").peer
    }
}

impl Program {
    fn place(self) -> (Demo, &'static Part) {
        let parts =
            Demo::all().flat_map(|demo| demo.chapter().parts.iter().map(move |part| (demo, part)));
        let mut mine = parts.filter(|(_, part)| part.program == self);
        mine.next().expect("every program is in a chapter")
    }

    pub(crate) fn demo(self) -> Demo {
        self.place().0
    }

    pub(crate) fn part(self) -> &'static Part {
        self.place().1
    }

    /// Its name in a table of its demo.
    pub(crate) fn name(self) -> &'static str {
        self.part().name
    }

    /// The program whose tokio-current row its speed is measured against.
    pub(crate) fn peer(self) -> Program {
        self.part().peer
    }
}

impl Engine {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Engine::Asyncio => "asyncio",
            Engine::Uvloop => "uvloop",
        }
    }
}

impl Runner {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Runner::Plain => "none",
            Runner::On(runtime) => runtime.name(),
            Runner::Python(engine) => engine.name(),
        }
    }
}
