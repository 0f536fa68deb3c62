//! **Who ends what, when a command is interrupted?** The session: it holds the report
//! and the one child process that may be running. Ctrl-C and its like
//! (`interruption.rs`) arrive on a thread of their own; that thread kills the child,
//! shows the report as it stands, and exits. The program that was running is left where
//! it is; its files are taken away by `scratch.rs`, its worker processes end with their
//! pipes.
//!
//! The child is in a process group of its own: what a terminal, or a kill, sends to the
//! whole group is for this process, and a child that ended by a signal ended by itself.
//!
//! Invariants: at most one child at a time; whoever ends the process holds
//! `ending` until there is no process, so that two ends never mix on the page, and
//! no child starts, nor its result counts, after an end has begun. Locks are taken
//! in the order ending, child, report.

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::console::Console;
use crate::interruption::Interruption;
use crate::lock::lock;
use crate::report::Report;
use crate::scratch;

pub(crate) struct Session {
    pub(crate) console: Arc<Console>,
    report: Mutex<Report>,
    child: Mutex<Option<Child>>,
    ending: Mutex<()>,
    /// Shows the report; its exit code, unless interrupted.
    conclude: Box<Conclude>,
}

type Conclude = dyn Fn(&Session, &Report) -> u8 + Send + Sync;

impl Session {
    /// A session that answers to Ctrl-C and its like.
    pub(crate) fn start(
        console: Arc<Console>,
        report: Report,
        conclude: impl Fn(&Session, &Report) -> u8 + Send + Sync + 'static,
    ) -> Arc<Self> {
        let session = Arc::new(Self {
            console,
            report: Mutex::new(report),
            child: Mutex::new(None),
            ending: Mutex::new(()),
            conclude: Box::new(conclude),
        });
        let handler = session.clone();
        let listening = Interruption::listen(move |by| handler.interrupted(by));
        if let Err(error) = listening {
            eprintln!("demos: Ctrl-C will end without a table: {error}");
        }
        session
    }

    pub(crate) fn report(&self) -> MutexGuard<'_, Report> {
        lock(&self.report)
    }

    /// Shows the report and ends the process.
    pub(crate) fn end(&self) -> ! {
        let _ending = lock(&self.ending);
        self.console.last_words();
        let code = (self.conclude)(self, &self.report());
        std::process::exit(code.into())
    }

    fn interrupted(&self, by: Interruption) -> ! {
        let _ending = lock(&self.ending);
        if let Some(child) = &mut *lock(&self.child) {
            let _ = child.kill();
            // It makes no file any more: now what it made can be removed.
            let _ = child.wait();
        }
        self.console.last_words();
        self.console.goes_on_unheard();
        let mut report = self.report();
        report.interrupt(by);
        (self.conclude)(self, &report);
        scratch::leave(by.exit_code())
    }

    /// Runs a child to its end: its exit status, and what it wrote.
    ///
    /// # Errors
    ///
    /// When it can't be started or read.
    pub(crate) fn run_child(&self, mut command: Command) -> io::Result<(ExitStatus, Vec<u8>)> {
        let mut output = {
            let _not_ending = lock(&self.ending);
            let mut child = lock(&self.child);
            let started = command.stdout(Stdio::piped()).process_group(0).spawn()?;
            let output = child.insert(started).stdout.take();
            output.expect("its output is a pipe")
        };
        let mut written = Vec::new();
        // Not under the lock: an interruption must get at the child meanwhile.
        output.read_to_end(&mut written)?;
        let mut child = lock(&self.child);
        let status = child
            .as_mut()
            .expect("only this thread takes it out")
            .wait()?;
        *child = None;
        drop(child);
        // What an interruption killed is no result.
        drop(lock(&self.ending));
        Ok((status, written))
    }
}
