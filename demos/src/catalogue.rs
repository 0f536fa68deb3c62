//! **What is there to run?** [`Demo`]s, each a chapter of the course; their
//! [`Program`]s, of which the chapter shows one or several; and the
//! [`Contender`]s of a table: a program together with what runs it.
//!
//! Nothing here runs anything: `perform.rs` does, `course/` holds the texts.

use std::time::Duration;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::runtimes::Runtime;
use crate::web::episodes::LATENCY;

/// A chapter of the course.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Demo {
    Count,
    Fib,
    ProducerConsumer,
    Loop,
    Scrape,
    Echo,
}

/// One program of a demo. The names are those of the hidden `measure` command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Program {
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
    EchoByHand,
    Echo,
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
    pub(crate) const ALL: [Demo; 6] = [
        Demo::Count,
        Demo::Fib,
        Demo::ProducerConsumer,
        Demo::Loop,
        Demo::Scrape,
        Demo::Echo,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Demo::Count => "count",
            Demo::Fib => "fib",
            Demo::ProducerConsumer => "producer-consumer",
            Demo::Loop => "loop",
            Demo::Scrape => "scrape",
            Demo::Echo => "echo",
        }
    }

    /// The question that the program answers.
    pub(crate) fn question(self) -> &'static str {
        match self {
            Demo::Count => "What can a thread do while a function waits?",
            Demo::Fib => "How can a function stop in the middle, and go on later?",
            Demo::ProducerConsumer => "How long does an item wait for its consumer?",
            Demo::Loop => "What does a loop cost when there is nothing to wait for?",
            Demo::Scrape => "What if most of a program's time is spent waiting for others?",
            Demo::Echo => "What does a message through a socket cost?",
        }
    }

    /// The chapter of the course.
    pub(crate) fn chapter(self) -> &'static str {
        match self {
            Demo::Count => "asyncio: introduction",
            Demo::Fib => "asyncio: generators",
            Demo::ProducerConsumer => "asyncio: the producer-consumer app",
            Demo::Loop => "asyncio: uvloop",
            Demo::Scrape => "asyncio: web scraping with aiohttp",
            Demo::Echo => "beyond the course: sockets",
        }
    }

    pub(crate) fn programs(self) -> &'static [Program] {
        match self {
            Demo::Count => &[Program::CountSynchronous, Program::CountGathered],
            Demo::Fib => &[Program::FibSteps],
            Demo::ProducerConsumer => &[
                Program::OneAfterTheOther,
                Program::OneProducer,
                Program::TwoProducers,
            ],
            Demo::Loop => &[
                Program::LoopMpsc,
                Program::LoopQueue,
                Program::LoopMpscArmed,
                Program::LoopQueueArmed,
                Program::LoopPython,
            ],
            Demo::Scrape => &[
                Program::ScrapeSynchronous,
                Program::ScrapeOneByOne,
                Program::ScrapeAtOnce,
                Program::ScrapeLimited,
            ],
            Demo::Echo => &[Program::EchoByHand, Program::Echo],
        }
    }

    /// The shortest wait in its programs, at the course's pace. Scaled below a
    /// millisecond, the number of waits shrinks instead.
    pub(crate) fn shortest_wait(self) -> Option<Duration> {
        match self {
            Demo::Count => Some(Duration::from_secs(1)),
            Demo::ProducerConsumer => Some(Duration::from_millis(500)),
            Demo::Scrape => Some(LATENCY),
            Demo::Fib | Demo::Loop | Demo::Echo => None,
        }
    }

    /// Its rows: each program on each runtime that was asked for.
    pub(crate) fn contenders(self, runtimes: &[Runtime]) -> Vec<Contender> {
        let on = |program: Program| -> Vec<Runner> {
            match program {
                Program::CountSynchronous
                | Program::OneAfterTheOther
                | Program::ScrapeSynchronous
                | Program::EchoByHand => vec![Runner::Plain],
                Program::LoopPython => {
                    vec![
                        Runner::Python(Engine::Asyncio),
                        Runner::Python(Engine::Uvloop),
                    ]
                }
                _ => runtimes.iter().copied().map(Runner::On).collect(),
            }
        };
        self.programs()
            .iter()
            .flat_map(|&program| {
                on(program)
                    .into_iter()
                    .map(move |runner| Contender { program, runner })
            })
            .collect()
    }
}

impl Program {
    pub(crate) fn demo(self) -> Demo {
        match self {
            Program::CountSynchronous | Program::CountGathered => Demo::Count,
            Program::FibSteps => Demo::Fib,
            Program::OneAfterTheOther | Program::OneProducer | Program::TwoProducers => {
                Demo::ProducerConsumer
            }
            Program::EchoByHand | Program::Echo => Demo::Echo,
            Program::ScrapeSynchronous
            | Program::ScrapeOneByOne
            | Program::ScrapeAtOnce
            | Program::ScrapeLimited => Demo::Scrape,
            Program::LoopMpsc
            | Program::LoopQueue
            | Program::LoopMpscArmed
            | Program::LoopQueueArmed
            | Program::LoopPython => Demo::Loop,
        }
    }

    /// Its name in a table of its demo.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Program::CountSynchronous | Program::OneAfterTheOther | Program::ScrapeSynchronous => {
                "synchronous"
            }
            Program::CountGathered => "gathered",
            Program::FibSteps => "steps",
            Program::OneProducer => "one producer",
            Program::TwoProducers => "two producers",
            Program::LoopMpsc => "mpsc",
            Program::LoopQueue => "Queue",
            Program::LoopMpscArmed => "mpsc, armed",
            Program::LoopQueueArmed => "Queue, armed",
            Program::LoopPython => "asyncio.Queue",
            Program::ScrapeOneByOne => "one by one",
            Program::ScrapeAtOnce => "at once",
            Program::ScrapeLimited => "with a limit",
            Program::EchoByHand => "mio by hand",
            Program::Echo => "server",
        }
    }

    /// The program whose tokio-current row its speed is measured against: itself,
    /// or, where no runtime of ours runs it, the one that does the same work.
    pub(crate) fn peer(self) -> Program {
        match self {
            Program::CountSynchronous => Program::CountGathered,
            Program::OneAfterTheOther => Program::OneProducer,
            Program::LoopPython => Program::LoopQueue,
            Program::ScrapeSynchronous => Program::ScrapeOneByOne,
            Program::EchoByHand => Program::Echo,
            other => other,
        }
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
