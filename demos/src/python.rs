//! **What do asyncio and uvloop take for the same loop?** A bundled program says,
//! run by whatever python3 there is. asyncio comes with it; uvloop is a row only if
//! it imports. The program measures itself, so that neither the interpreter's start
//! nor ours is counted.
//!
//! Read next: `course/loop_program.py`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

use crate::catalogue::Engine;
use crate::console::Voice;
use crate::report::{Check, Measured, Sample, Status};
use crate::session::Session;
use crate::stage::{Settings, thousands};

const PROGRAM: &str = include_str!("course/loop_program.py");

/// A Python that answered.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Python {
    pub(crate) path: PathBuf,
    pub(crate) python: String,
    pub(crate) uvloop: Option<String>,
}

#[derive(Deserialize)]
struct Probe {
    python: String,
    uvloop: Option<String>,
}

#[derive(Deserialize)]
struct Loop {
    wall_s: f64,
    cpu_s: f64,
    peak_bytes: Option<u64>,
    sum: u64,
}

fn command(python: &Path) -> Command {
    let mut command = Command::new(python);
    command
        .arg("-c")
        .arg(PROGRAM)
        .env_remove("PYTHONASYNCIODEBUG")
        .stdin(Stdio::null());
    command
}

impl Python {
    /// Asks the Python at `path` what it has.
    ///
    /// # Errors
    ///
    /// A sentence on why it can't be used.
    pub(crate) fn find(session: &Session, path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let mut command = command(path);
        command.arg("probe").stderr(Stdio::null());
        let (status, answer) = session
            .run_child(command)
            .map_err(|error| format!("{shown} does not start: {error}"))?;
        let Probe { python, uvloop } = serde_json::from_slice(&answer)
            .map_err(|_| format!("{shown} is no Python with asyncio ({status})"))?;
        Ok(Self {
            path: path.to_owned(),
            python,
            uvloop,
        })
    }

    /// Runs the loop once, in a process of its own as ever.
    pub(crate) fn measure(
        &self,
        session: &Session,
        engine: Engine,
        settings: &Settings,
    ) -> Measured {
        if engine == Engine::Uvloop && self.uvloop.is_none() {
            let note = format!("uvloop does not import in {}", self.path.display());
            return Measured::without_result(Status::Skipped, note);
        }
        let mut command = command(&self.path);
        command.arg(engine.name()).arg(settings.items.to_string());
        let (status, answer) = match session.run_child(command) {
            Ok(ended) => ended,
            Err(error) => return Measured::without_result(Status::Failed, error.to_string()),
        };
        let Ok(Loop {
            wall_s,
            cpu_s,
            peak_bytes,
            sum,
        }) = serde_json::from_slice(&answer)
        else {
            return Measured::without_result(Status::Failed, format!("python ended with {status}"));
        };
        let lim = settings.items / 2;
        let holds = sum == 2 * (1..=lim).map(|idx| idx * idx).sum::<u64>();
        Measured {
            status: if holds { Status::Done } else { Status::Failed },
            note: None,
            lines: vec![
                (
                    Voice::Plain,
                    format!("Running standard loop with {} actions.", thousands(2 * lim)),
                ),
                (
                    Voice::White,
                    format!("App exiting, total time: {wall_s:.4} sec."),
                ),
            ],
            items: Some(2 * lim),
            pictures: Vec::new(),
            checks: vec![Check {
                claim: "every item arrived".to_owned(),
                holds,
            }],
            sample: Some(Sample {
                wall_s,
                cpu_s,
                items: Some(2 * lim),
                peak_bytes,
                latency_s: None,
                under_load: None,
            }),
        }
    }
}

/// The row of a Python that is not there.
pub(crate) fn absent(why: &str) -> Measured {
    Measured::without_result(Status::Skipped, why.to_owned())
}
