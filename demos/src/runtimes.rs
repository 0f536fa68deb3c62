//! **Which runtimes are there, and which of them can run here?** Four names, the
//! same everywhere: two libraries, and in each the Builder's choice of one thread
//! or one per core. Whether a runtime can run is tried: its Builder is asked for a
//! loop, which takes descriptors and threads, and why it has none stands in the table.
//!
//! Read next: `course/mod.rs`, where a program meets its library.

use std::io;
use std::sync::OnceLock;

use clap::ValueEnum;

use crate::catalogue::Program;
use crate::course::{on_kolo, on_tokio};
use crate::stage::{Stage, Threads};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Runtime {
    KoloCurrent,
    KoloMulti,
    TokioCurrent,
    TokioMulti,
}

impl Runtime {
    pub(crate) const ALL: [Runtime; 4] = [
        Runtime::KoloCurrent,
        Runtime::KoloMulti,
        Runtime::TokioCurrent,
        Runtime::TokioMulti,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Runtime::KoloCurrent => "kolo-current",
            Runtime::KoloMulti => "kolo-multi",
            Runtime::TokioCurrent => "tokio-current",
            Runtime::TokioMulti => "tokio-multi",
        }
    }

    pub(crate) fn threads(self) -> Threads {
        match self {
            Runtime::KoloCurrent | Runtime::TokioCurrent => Threads::One,
            Runtime::KoloMulti | Runtime::TokioMulti => Threads::PerCore,
        }
    }

    /// Runs `program` here, with this runtime's library and threads.
    pub(crate) fn play(self, program: Program, stage: &Stage) -> io::Result<()> {
        match self {
            Runtime::KoloCurrent | Runtime::KoloMulti => on_kolo::play(program, stage),
            Runtime::TokioCurrent | Runtime::TokioMulti => on_tokio::play(program, stage),
        }
    }

    /// `Ok` if its Builder gives a loop; else why not. Asked once, but by those who come at once.
    pub(crate) fn available(self) -> Result<(), String> {
        static ANSWERS: [OnceLock<Result<(), String>>; 4] = [const { OnceLock::new() }; 4];
        let ask = || match self {
            Runtime::KoloCurrent | Runtime::KoloMulti => {
                on_kolo::new_loop(self.threads()).map(drop)
            }
            Runtime::TokioCurrent | Runtime::TokioMulti => {
                on_tokio::new_loop(self.threads()).map(drop)
            }
        };
        let answer = &ANSWERS[self as usize];
        if let Some(known) = answer.get() {
            return known.clone();
        }
        // Not while others wait for the answer: a loop is built for it.
        let asked = ask().map_err(|error| error.to_string());
        answer.get_or_init(|| asked).clone()
    }
}
