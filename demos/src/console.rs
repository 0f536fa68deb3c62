//! **Where do lines go, and in which colours?** To standard output, in the
//! course's colours where somebody looks: anstream takes them out for files,
//! pipes, `NO_COLOR` and `--color never`. Progress goes to standard error, and
//! only if that is a terminal: a spinner, or a bar where the end is known.
//!
//! A reader who leaves (`demos | head`) ends the program without a word, as done.
//! Any other failure to write is said on standard error, with exit code 1.
//!
//! A console can be *silent* (JSON, and runs that are only measured), or give a
//! *digest*: the first lines of a program, and the last.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use anstyle::{AnsiColor, Effects, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::{Deserialize, Serialize};

use crate::lock::lock;
use crate::scratch;

/// How a line is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Voice {
    Plain,
    White,
    Yellow,
    Cyan,
    Dim,
    Bold,
    Red,
    Green,
    Magenta,
}

impl Voice {
    fn style(self) -> Style {
        match self {
            Voice::Plain => Style::new(),
            Voice::White => AnsiColor::White.on_default(),
            Voice::Yellow => AnsiColor::Yellow.on_default(),
            Voice::Cyan => AnsiColor::Cyan.on_default(),
            Voice::Dim => Style::new() | Effects::DIMMED,
            Voice::Bold => Style::new() | Effects::BOLD,
            Voice::Red => AnsiColor::Red.on_default(),
            Voice::Green => AnsiColor::Green.on_default(),
            Voice::Magenta => AnsiColor::Magenta.on_default(),
        }
    }
}

/// How much of what a program says is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    Full,
    /// The first and the last lines.
    Digest,
    Silent,
}

const DIGEST_HEAD: usize = 6;
const DIGEST_TAIL: usize = 4;

pub(crate) struct Console {
    /// No line at all reaches standard output: JSON alone will.
    mute: bool,
    /// Whether a page that can't be written is no reason to end.
    unheard: AtomicBool,
    page: Mutex<Page>,
    progress: Mutex<Option<ProgressBar>>,
}

struct Page {
    manner: Manner,
    shown: usize,
    held_back: VecDeque<(Voice, String)>,
    left_out: usize,
}

impl Console {
    pub(crate) fn new(mute: bool) -> Self {
        let page = Page {
            manner: Manner::Full,
            shown: 0,
            held_back: VecDeque::new(),
            left_out: 0,
        };
        Self {
            mute,
            unheard: AtomicBool::new(false),
            page: Mutex::new(page),
            progress: Mutex::new(None),
        }
    }

    pub(crate) fn is_mute(&self) -> bool {
        self.mute
    }

    fn page(&self) -> MutexGuard<'_, Page> {
        lock(&self.page)
    }

    /// Begins a program that is shown in this manner.
    pub(crate) fn begin(&self, manner: Manner) {
        *self.page() = Page {
            manner,
            shown: 0,
            held_back: VecDeque::new(),
            left_out: 0,
        };
    }

    /// Ends it: a digest shows its last lines now.
    pub(crate) fn end(&self) {
        let mut page = self.page();
        if page.left_out > 0 {
            self.write(Voice::Dim, &format!("   … {} more lines …", page.left_out));
        }
        for (voice, line) in page.held_back.drain(..) {
            self.write(voice, &line);
        }
        page.manner = Manner::Full;
    }

    /// A line of a program, shown in the manner it was begun in.
    pub(crate) fn line(&self, voice: Voice, line: &str) {
        let mut page = self.page();
        match page.manner {
            Manner::Silent => {}
            Manner::Digest if page.shown >= DIGEST_HEAD => {
                page.held_back.push_back((voice, line.to_owned()));
                if page.held_back.len() > DIGEST_TAIL {
                    page.held_back.pop_front();
                    page.left_out += 1;
                }
            }
            Manner::Digest | Manner::Full => {
                page.shown += 1;
                self.write(voice, line);
            }
        }
    }

    /// A line of ours: headings, tables.
    pub(crate) fn write(&self, voice: Voice, line: &str) {
        self.paint(&[(voice, line.to_owned())]);
    }

    /// What went wrong, where it did: in place for people; a program that reads JSON from
    /// standard output leaves standard error to them.
    pub(crate) fn complain(&self, line: &str) {
        if self.mute {
            let _ = writeln!(io::stderr(), "demos: {line}");
        } else {
            self.write(Voice::Red, line);
        }
    }

    /// A line in several voices: a picture's.
    pub(crate) fn paint(&self, line: &[(Voice, String)]) {
        if self.mute {
            return;
        }
        let painted = line.iter().map(|(voice, text)| {
            let style = voice.style();
            format!("{style}{text}{style:#}")
        });
        let painted: String = painted.collect();
        let write = || self.heed(writeln!(anstream::stdout(), "{painted}"));
        match &*self.spinner() {
            Some(spinner) => spinner.suspend(write),
            None => write(),
        }
    }

    /// Text that is written whatever the format: JSON.
    pub(crate) fn document(&self, text: &str) {
        self.hush();
        self.heed(writeln!(io::stdout(), "{text}").and_then(|()| io::stdout().flush()));
    }

    /// What is going on, for a person who wonders: on a terminal only.
    pub(crate) fn progress(&self, doing: String) {
        let spinner = self
            .spinner()
            .get_or_insert_with(|| {
                let spinner = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
                spinner.set_style(
                    ProgressStyle::with_template("{spinner} {msg}").expect("a template"),
                );
                spinner.enable_steady_tick(Duration::from_millis(120));
                spinner
            })
            .clone();
        spinner.set_message(doing);
    }

    /// A bar with so many steps, where a program's lines are shown: on a terminal only.
    pub(crate) fn measure(&self, steps: u64) {
        if self.mute || self.page().manner == Manner::Silent {
            return;
        }
        self.hush();
        let bar = ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::stderr());
        let template = ProgressStyle::with_template("{bar:40} {pos}/{len}, {elapsed}");
        bar.set_style(template.expect("a template"));
        bar.tick();
        *self.spinner() = Some(bar);
    }

    /// Another step of it is done.
    pub(crate) fn advance(&self) {
        if let Some(bar) = self.spinner().as_ref().filter(|bar| bar.length().is_some()) {
            bar.inc(1);
        }
    }

    pub(crate) fn hush(&self) {
        if let Some(spinner) = self.spinner().take() {
            spinner.finish_and_clear();
        }
    }

    fn spinner(&self) -> MutexGuard<'_, Option<ProgressBar>> {
        lock(&self.progress)
    }

    /// From here on no program is heard: what is said now is the end.
    pub(crate) fn last_words(&self) {
        self.hush();
        self.begin(Manner::Silent);
    }

    /// From here on the end is known, and comes whether or not somebody reads of it: a
    /// terminal that hung up takes no more lines.
    pub(crate) fn goes_on_unheard(&self) {
        self.unheard.store(true, Ordering::Relaxed);
    }

    /// Ends the program where its output can't be written.
    fn heed(&self, written: io::Result<()>) {
        match written {
            Ok(()) => {}
            Err(_) if self.unheard.load(Ordering::Relaxed) => {}
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => scratch::leave(0),
            Err(error) => {
                let _ = writeln!(
                    io::stderr(),
                    "demos: cannot write to standard output: {error}"
                );
                scratch::leave(1);
            }
        }
    }
}
