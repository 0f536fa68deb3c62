//! **Who plays when?** The playbill of one command goes through a demo's contenders
//! and fills the report: [`play`](Playbill::play) so that they are seen and heard,
//! [`measure`](Playbill::measure) in fresh processes and in turn (A B A B), so that a
//! machine that slows down slows all of them.
//!
//! A contender that can't run gets its row at once, and is asked once.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::catalogue::{Contender, Demo, Program, Runner};
use crate::console::{Manner, Voice};
use crate::python::{self, Python};
use crate::report::Measured;
use crate::runtimes::Runtime;
use crate::session::Session;
use crate::stage::Settings;
use crate::{machine, perform};

/// A round of the tour that would probably end later than this after the start is
/// not begun.
const TOUR_ENDS: Duration = Duration::from_secs(40);

/// What one command plays, on what, and where it is noted.
pub(crate) struct Playbill {
    pub(crate) session: Arc<Session>,
    pub(crate) settings: Settings,
    pub(crate) runtimes: Vec<Runtime>,
    pub(crate) python_path: PathBuf,
    pub(crate) began: Instant,
}

impl Playbill {
    pub(crate) fn contenders(&self, demo: Demo) -> Vec<Contender> {
        let mut contenders = demo.contenders(&self.runtimes);
        if demo == Demo::City && self.settings.wishes.city.serve {
            // One of them serves, for as long as somebody wants it to.
            contenders.retain(|contender| contender.program == Program::CityAwaited);
            let able = |contender: &Contender| self.standing(*contender).is_none();
            let first = contenders.iter().position(able).unwrap_or(0);
            contenders = vec![contenders[first]];
        }
        contenders
    }

    /// The row of a contender that can't run; `None` if it can.
    pub(crate) fn standing(&self, contender: Contender) -> Option<Measured> {
        match contender.runner {
            Runner::On(runtime) => {
                let (status, note) = runtime.available().err()?;
                Some(Measured::without_result(status, note))
            }
            Runner::Plain | Runner::Python(_) => None,
        }
    }

    /// Finds the Python; what it lacks, its rows will say.
    fn find_python(&self) -> Result<Python, String> {
        let python = Python::find(&self.session, &self.python_path)?;
        self.session.report().python = Some(python.clone());
        Ok(python)
    }

    /// Plays every program of a demo. `loop` runs in fresh processes, `rounds` times,
    /// in turn; the others once, here, so that their lines are seen as they are said.
    pub(crate) fn play(&self, demo: Demo, rounds: u32, manner: impl Fn(Runner) -> Manner) {
        if demo == Demo::Loop {
            return self.play_loop(rounds);
        }
        for contender in self.contenders(demo) {
            let console = &self.session.console;
            let manner = manner(contender.runner);
            if let Some(row) = self.standing(contender) {
                if manner == Manner::Full {
                    self.title(contender);
                    console.write(Voice::Dim, &format!("{}, skipped", row.status.text()));
                }
                self.session.report().add(contender, row);
                continue;
            }
            self.session.report().running = Some(contender);
            match manner {
                Manner::Full | Manner::Digest if !console.is_mute() => self.title(contender),
                _ => console.progress(self.doing(contender)),
            }
            console.begin(manner);
            let on = match contender.runner {
                Runner::On(runtime) => Some(runtime),
                _ => None,
            };
            let measured = perform::here(contender.program, on, self.settings.clone(), console);
            console.hush();
            console.end();
            self.session.report().add(contender, measured);
        }
    }

    /// `loop` says little and is soon over: each run has a fresh process, and its lines
    /// are shown when it has ended.
    fn play_loop(&self, rounds: u32) {
        let console = &self.session.console;
        self.in_turn(Demo::Loop, rounds, |contender, measured| {
            if rounds > 1 {
                return; // the tour: the table says it all
            }
            self.title(contender);
            for (voice, line) in &measured.lines {
                console.write(*voice, line);
            }
            if let Some(note) = &measured.note {
                console.write(Voice::Dim, &format!("{}: {note}", measured.status.text()));
            }
        });
        console.hush();
    }

    /// `compare`: every contender in a fresh process, in turn.
    pub(crate) fn measure(&self, demo: Demo, rounds: u32) {
        let console = &self.session.console;
        let runs = if rounds == 1 {
            "one run".to_owned()
        } else {
            format!("{rounds} runs")
        };
        let mut how = format!("{runs} of each contender, in turn, each in a fresh process");
        if demo.chapter().shortest_wait.is_some() {
            how += &format!("; waits × {}", self.settings.time_scale);
        }
        console.write(Voice::Dim, &format!("{how},"));
        console.write(
            Voice::Dim,
            &format!("on {}.", machine::Machine::this().line()),
        );
        self.in_turn(demo, rounds, |_, _| {});
        console.hush();
    }

    fn in_turn(&self, demo: Demo, rounds: u32, seen: impl Fn(Contender, &Measured)) {
        let console = &self.session.console;
        let python = (demo == Demo::Loop).then(|| self.find_python());
        let tour = self.session.report().command == "tour";
        for round in 1..=rounds {
            let round_began = Instant::now();
            for contender in self.contenders(demo) {
                let unable = match (contender.runner, &python) {
                    (Runner::Python(_), Some(Err(why))) => Some(python::absent(why)),
                    _ => self.standing(contender),
                };
                let stands = unable.is_some() && round > 1;
                // The tour has no time for Python thrice.
                let once = tour && matches!(contender.runner, Runner::Python(_));
                if stands || (once && round > 1) {
                    continue;
                }
                let turn = if rounds > 1 {
                    format!("round {round} of {rounds}: ")
                } else {
                    String::new()
                };
                console.progress(format!("{turn}{}", self.doing(contender)));
                self.session.report().running = Some(contender);
                let measured = match (unable, contender.runner, &python) {
                    (Some(row), ..) => row,
                    (None, Runner::Python(engine), Some(Ok(python))) => {
                        python.measure(&self.session, engine, &self.settings)
                    }
                    _ => perform::in_fresh_process(contender, &self.settings, &self.session),
                };
                seen(contender, &measured);
                self.session.report().add(contender, measured);
            }
            if tour && self.began.elapsed() + round_began.elapsed() > TOUR_ENDS {
                break;
            }
        }
    }

    fn doing(&self, contender: Contender) -> String {
        let program = contender.program;
        format!(
            "{}, {}, {}",
            program.demo().name(),
            program.name(),
            contender.runner.name()
        )
    }

    fn title(&self, contender: Contender) {
        let program = contender.program.name();
        let title = match contender.runner {
            Runner::Plain => format!("── {program} "),
            runner => format!("── {program}, {} ", runner.name()),
        };
        self.session.console.write(Voice::Plain, "");
        self.session
            .console
            .write(Voice::Dim, &format!("{title:─<48}"));
    }
}
