//! **Who plays when?** The playbill of one command goes through a demo's contenders
//! and fills the report: [`play`](Playbill::play) so that they are seen and heard,
//! [`measure`](Playbill::measure) in fresh processes and in turn (A B A B), so that a
//! machine that slows down slows all of them.
//!
//! A contender that can't run gets its row at once, and is asked once.

use std::cell::OnceCell;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::catalogue::{Contender, Demo, Program, Runner};
use crate::console::{Manner, Voice};
use crate::python::Python;
use crate::report::{Measured, Status};
use crate::runtimes::Runtime;
use crate::session::Session;
use crate::stage::Settings;
use crate::{commands, machine, matrix, perform, table};

/// The tour is to be over in a minute, and the demos after `loop` take a third of it: a
/// further round of `loop` that would probably end later than this after the start is
/// not begun.
const TOUR_LEAVES_LOOP: Duration = Duration::from_secs(33);

/// What one command plays, on what, and where it is noted.
pub(crate) struct Playbill {
    pub(crate) session: Arc<Session>,
    pub(crate) settings: Settings,
    pub(crate) runtimes: Vec<Runtime>,
    pub(crate) python_path: PathBuf,
    /// What was found there, once somebody has looked.
    pub(crate) python: OnceCell<Result<Python, String>>,
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

    /// What of a demo `--time-scale` multiplies: nothing where others set the pace.
    pub(crate) fn scaled(&self, demo: Demo) -> Option<&'static str> {
        let wishes = &self.settings.wishes;
        let pace_of_others = match demo {
            Demo::Scrape => wishes.visit.base_url.is_some(),
            Demo::Pools => !wishes.pools.sites.is_empty(),
            Demo::City => wishes.city.serve && wishes.city.upstreams.is_some(),
            _ => false,
        };
        demo.chapter().scaled.filter(|_| !pace_of_others)
    }

    /// How long a demo takes if it is played once, in seconds, as far as that is known.
    pub(crate) fn seconds(&self, demo: Demo) -> f64 {
        let wishes = &self.settings.wishes;
        if wishes.visit.base_url.is_some() || wishes.city.serve {
            return 0.0; // who knows
        }
        let able = self.contenders(demo).into_iter();
        let able = able.filter(|&contender| self.standing(contender).is_none());
        let each = able.map(|contender| (contender.program.part().seconds)(&self.settings));
        each.sum::<f64>() * self.settings.time_scale
    }

    /// The row of a contender that can't run; `None` if it can.
    pub(crate) fn standing(&self, contender: Contender) -> Option<Measured> {
        let why = match contender.runner {
            Runner::On(runtime) => runtime.available().err()?,
            Runner::Python(engine) => match self.python() {
                Ok(python) => python.lacks(engine)?,
                Err(why) => why.clone(),
            },
            Runner::Plain => return None,
        };
        Some(Measured::without_result(Status::Skipped, why))
    }

    /// Looks for the Python, once.
    fn python(&self) -> &Result<Python, String> {
        self.python.get_or_init(|| {
            let found = Python::find(&self.session, &self.python_path);
            self.session.report().python = found.clone().ok();
            found
        })
    }

    /// Runs a contender in a process of its own.
    fn in_fresh_process(&self, contender: Contender) -> Measured {
        match (contender.runner, self.python.get()) {
            (Runner::Python(engine), Some(Ok(python))) => {
                python.measure(&self.session, contender.program, engine, &self.settings)
            }
            _ => perform::in_fresh_process(contender, &self.settings, &self.session),
        }
    }

    /// Plays every program of a demo. `loop` runs in fresh processes, `rounds` times,
    /// in turn; the others once, here, so that their lines are seen as they are said. Python
    /// is never here: its lines are seen when it has ended.
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
                    let why = row.note.as_deref().unwrap_or_default();
                    console.write(Voice::Dim, &format!("skipped: {why}"));
                }
                if manner != Manner::Full {
                    self.say_if_skipped(contender, &row);
                }
                self.session.report().add(contender, row);
                continue;
            }
            self.session.report().running = Some(contender);
            let titled = manner != Manner::Silent && !console.is_mute();
            match titled {
                true => self.title(contender),
                false => console.progress(self.doing(contender)),
            }
            console.begin(manner);
            let (program, settings) = (contender.program, self.settings.clone());
            let measured = match contender.runner {
                Runner::Plain => perform::here(program, None, settings, console),
                Runner::On(runtime) => perform::here(program, Some(runtime), settings, console),
                Runner::Python(_) => {
                    let mut measured = self.in_fresh_process(contender);
                    if let Some(sample) = &mut measured.sample {
                        sample.peak_bytes = None; // those that are here have none
                    }
                    for (voice, line) in &measured.lines {
                        console.line(*voice, line);
                    }
                    measured
                }
            };
            console.hush();
            console.end();
            self.say_if_failed(contender, &measured, titled);
            self.session.report().add(contender, measured);
        }
    }

    /// What failed is said where it failed: the table may be a minute away.
    fn say_if_failed(&self, contender: Contender, measured: &Measured, titled: bool) {
        let Some(why) = measured.why_failed() else {
            return;
        };
        let of = match titled {
            true => String::new(),
            false => format!("{}: ", self.doing(contender)),
        };
        self.say(Voice::Red, &format!("failed: {of}{why}"));
    }

    /// The same for what can't run, which is no failure.
    fn say_if_skipped(&self, contender: Contender, row: &Measured) {
        let why = row.note.as_deref().unwrap_or_default();
        let line = format!("skipped: {}: {why}", self.doing(contender));
        self.say(Voice::Dim, &line);
    }

    /// In as many lines as a terminal needs; to programs, in one.
    fn say(&self, voice: Voice, line: &str) {
        let console = &self.session.console;
        match commands::terminal_width() {
            Some(width) if !console.is_mute() => {
                for line in table::wrapped(line, width, "", "    ") {
                    console.write(voice, &line);
                }
            }
            _ if voice == Voice::Red => console.complain(line),
            _ => console.write(voice, line),
        }
    }

    /// `loop` says little and is soon over: each run has a fresh process, and its lines
    /// are shown when it has ended.
    fn play_loop(&self, rounds: u32) {
        let console = &self.session.console;
        let tour = rounds > 1; // there the table says what was measured
        self.in_turn(Demo::Loop, rounds, tour, |contender, measured| {
            if tour {
                return;
            }
            self.title(contender);
            for (voice, line) in &measured.lines {
                console.write(*voice, line);
            }
            if let (Status::Skipped, Some(note)) = (measured.status, &measured.note) {
                console.write(Voice::Dim, &format!("skipped: {note}"));
            }
            self.say_if_failed(contender, measured, !console.is_mute());
        });
        console.hush();
    }

    /// `compare`: every contender in a fresh process, in turn.
    pub(crate) fn measure(&self, demo: Demo, rounds: u32) {
        self.in_turn(demo, rounds, true, |_, _| {});
        self.session.console.hush();
    }

    pub(crate) fn say_how_it_is_measured(&self, rounds: u32, scaled: Option<&str>) {
        let console = &self.session.console;
        let runs = if rounds == 1 {
            "one run".to_owned()
        } else {
            format!("{rounds} runs")
        };
        let mut how = format!("{runs} of each contender, in turn, each in a fresh process");
        if let Some(scaled) = scaled {
            how += &format!("; {scaled} × {}", self.settings.time_scale);
        }
        console.write(Voice::Dim, &format!("{how},"));
        console.write(
            Voice::Dim,
            &format!("on {}.", machine::Machine::this().line()),
        );
    }

    /// With `complaints`, what failed or can't run is said, once for each contender.
    fn in_turn(
        &self,
        demo: Demo,
        rounds: u32,
        complaints: bool,
        seen: impl Fn(Contender, &Measured),
    ) {
        let console = &self.session.console;
        let tour = self.session.report().command == matrix::TOUR;
        for round in 1..=rounds {
            // What a further round would take: those that run once are not in it.
            let mut again = Duration::ZERO;
            for contender in self.contenders(demo) {
                let unable = self.standing(contender);
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
                let began = Instant::now();
                let measured = unable.unwrap_or_else(|| self.in_fresh_process(contender));
                if !once {
                    again += began.elapsed();
                }
                seen(contender, &measured);
                if complaints && !self.has_failed(contender) {
                    match measured.status {
                        Status::Skipped => self.say_if_skipped(contender, &measured),
                        _ => self.say_if_failed(contender, &measured, false),
                    }
                }
                self.session.report().add(contender, measured);
            }
            if tour && self.began.elapsed() + again > TOUR_LEAVES_LOOP {
                break;
            }
        }
    }

    /// In an earlier round.
    fn has_failed(&self, contender: Contender) -> bool {
        let report = self.session.report();
        let mut rows = report.rows.iter();
        rows.any(|row| row.contender == contender && row.status == Status::Failed)
    }

    fn doing(&self, contender: Contender) -> String {
        let program = contender.program;
        let mut names = vec![program.demo().name(), program.name()];
        if contender.runner != Runner::Plain {
            names.push(contender.runner.name());
        }
        names.join(", ")
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
