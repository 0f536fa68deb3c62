//! **What does Python take for the same?** Two programs of the course are bundled in
//! Python too, `loop` and `unsync`, and run by whatever python3 there is. asyncio comes
//! with it; uvloop is a row only if it imports. A program measures itself, so that
//! neither the interpreter's start nor ours is counted.
//!
//! Read next: `course/engine.py`, which loop runs; `course/loop_program.py`,
//! `course/unsync.py`.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::catalogue::{Engine, Program};
use crate::console::{Console, Voice};
use crate::course::on_tokio::Site;
use crate::crew::mix::{self, Kind, Mix, Took};
use crate::report::{Measured, Status};
use crate::session::Session;
use crate::stage::{Settings, Stage, Threads};
use crate::web::episodes::{FIRST, LATENCY};

const LOOP: &str = concat!(
    include_str!("course/engine.py"),
    include_str!("course/loop_program.py")
);

const UNSYNC: &str = concat!(
    include_str!("course/engine.py"),
    include_str!("course/unsync.py")
);

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

/// What a program answers: what it took and found, or what was in its way.
#[derive(Deserialize)]
#[serde(untagged)]
enum Answer<F> {
    Failed {
        error: String,
    },
    Found {
        wall_s: f64,
        cpu_s: f64,
        peak_bytes: Option<u64>,
        #[serde(flatten)]
        found: F,
    },
}

/// What `loop` finds.
#[derive(Deserialize)]
struct Sum {
    sum: u64,
}

/// What `unsync` is to do.
#[derive(Serialize)]
struct Plan {
    host: String,
    port: u16,
    path: String,
    roots: u64,
    sleeps: u64,
    sleep_s: f64,
}

/// What `unsync` finds.
#[derive(Deserialize)]
struct Parts {
    parts: Vec<Part>,
    lines: Vec<(Voice, String)>,
}

#[derive(Deserialize)]
struct Part {
    kind: Kind,
    seconds: f64,
    thread: String,
    well: bool,
}

fn command(python: &Path, program: &str) -> Command {
    let mut command = Command::new(python);
    command
        .arg("-c")
        .arg(program)
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
        let mut command = command(path, LOOP);
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

    /// Why it has no such loop, if it has none.
    pub(crate) fn lacks(&self, engine: Engine) -> Option<String> {
        let lacks = engine == Engine::Uvloop && self.uvloop.is_none();
        lacks.then(|| {
            format!(
                "{} can't import uvloop; --python names another Python",
                self.path.display()
            )
        })
    }

    /// Runs a program once, in a process of its own as ever.
    pub(crate) fn measure(
        &self,
        session: &Session,
        program: Program,
        engine: Engine,
        settings: &Settings,
    ) -> Measured {
        let console = Arc::new(Console::new(true));
        let stage = Stage::new(program, Threads::One, settings.clone(), console);
        let run = Run {
            python: self,
            session,
            engine,
            stage: &stage,
        };
        let ended = match program {
            Program::UnsyncPython => run.unsync(),
            _ => run.the_loop(),
        };
        match ended {
            Ok(peak_bytes) => stage.measured(0.0, peak_bytes),
            Err(error) => Measured::without_result(Status::Failed, error.to_string()),
        }
    }
}

/// One run of a program. It ends with the most memory that the process had in use.
struct Run<'a> {
    python: &'a Python,
    session: &'a Session,
    engine: Engine,
    stage: &'a Stage,
}

impl Run<'_> {
    fn the_loop(&self) -> io::Result<Option<u64>> {
        let stage = self.stage;
        let lim = stage.items() / 2;
        stage.plain(format_args!(
            "Running standard loop with {} actions.",
            stage.thousands(2 * lim)
        ));
        let (took, peak_bytes, Sum { sum }) = self.answer(LOOP, &stage.items())?;
        stage.white(format_args!(
            "App exiting, total time: {} sec.",
            stage.seconds(took)
        ));
        stage.took(took);
        stage.processed(2 * lim);
        let whole = 2 * (1..=lim).map(|idx| idx * idx).sum::<u64>();
        stage.check("every item arrived", sum == whole);
        Ok(peak_bytes)
    }

    fn unsync(&self) -> io::Result<Option<u64>> {
        let stage = self.stage;
        let site = Site::bundled(1, stage.long_wait(LATENCY))?.remove(0);
        let page = site.address().page(&FIRST.to_string());
        let plan = Plan {
            host: page.host().to_owned(),
            port: page.port(),
            path: page.path().to_owned(),
            roots: stage.work(mix::ROOTS),
            sleeps: stage.many(mix::SLEEPS),
            sleep_s: stage.wait(mix::SLEEP).as_secs_f64(),
        };
        let (took, peak_bytes, Parts { parts, lines }) = self.answer(UNSYNC, &plan)?;
        for (voice, line) in lines {
            stage.say(voice, &line);
        }
        let mut mix = Mix::begin(stage);
        for part in parts {
            let time = Duration::from_secs_f64(part.seconds);
            mix.add(Took::elsewhere(part.kind, time, part.thread, part.well));
        }
        mix.done_at_once_in(took);
        Ok(peak_bytes)
    }

    /// Has the program run, and notes its CPU time: how long it took, its memory, and what
    /// it found.
    fn answer<F: DeserializeOwned>(
        &self,
        program: &str,
        plan: &impl Serialize,
    ) -> io::Result<(Duration, Option<u64>, F)> {
        let mut command = command(&self.python.path, program);
        let plan = serde_json::to_string(plan).expect("plain data");
        command.arg(self.engine.name()).arg(plan);
        let (status, answer) = self.session.run_child(command)?;
        let answer = serde_json::from_slice(&answer)
            .map_err(|_| io::Error::other(format!("python ended with {status}")))?;
        match answer {
            Answer::Failed { error } => Err(io::Error::other(error)),
            Answer::Found {
                wall_s,
                cpu_s,
                peak_bytes,
                found,
            } => {
                self.stage.used(Duration::from_secs_f64(cpu_s));
                Ok((Duration::from_secs_f64(wall_s), peak_bytes, found))
            }
        }
    }
}
