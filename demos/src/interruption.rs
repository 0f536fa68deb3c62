//! **Who can end a command from outside?** A person who presses Ctrl-C, whoever ends the
//! program with SIGTERM (`kill`, `timeout`, a service manager, a machine that shuts
//! down), and the terminal that goes away, with SIGHUP. All three mean the same: the
//! session tidies up, and shows what there was until then. The exit code says which it
//! was, as a shell's would: 128 and the signal's number.
//!
//! SIGHUP is left alone where it was ignored from the start: that is what `nohup` does,
//! for programs that are to outlive their terminal.
//!
//! Read next: `session.rs`.

use std::{fs, io, thread};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interruption {
    CtrlC,
    Terminated,
    HungUp,
}

impl Interruption {
    fn of(signal: i32) -> Self {
        match signal {
            SIGTERM => Interruption::Terminated,
            SIGHUP => Interruption::HungUp,
            _ => Interruption::CtrlC,
        }
    }

    /// What people call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Interruption::CtrlC => "Ctrl-C",
            Interruption::Terminated => "SIGTERM",
            Interruption::HungUp => "SIGHUP",
        }
    }

    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Interruption::CtrlC => 130,
            Interruption::Terminated => 143,
            Interruption::HungUp => 129,
        }
    }

    /// Calls `interrupted` at the first of them, on a thread of its own; those that come
    /// after it change nothing.
    ///
    /// # Errors
    ///
    /// The kernel's.
    pub(crate) fn listen(interrupted: impl FnOnce(Self) + Send + 'static) -> io::Result<()> {
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        if !is_ignored(SIGHUP) {
            signals.add_signal(SIGHUP)?;
        }
        let listener = thread::Builder::new().name("interruptions".to_owned());
        listener.spawn(move || {
            if let Some(signal) = signals.forever().next() {
                interrupted(Self::of(signal));
            }
        })?;
        Ok(())
    }
}

/// Whether this process was started so that the signal does nothing to it, as far as the
/// kernel says.
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut lines = status.lines();
    let mask = lines.find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}
