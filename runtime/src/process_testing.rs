//! **What do the tests beside it notice of a process that starts?** Until it is
//! another program it holds a copy of every descriptor: what they close stays open. A
//! test that closes something and looks at once keeps processes from starting.

use std::io;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

static STARTS: RwLock<()> = RwLock::new(());

/// No process starts while this is held.
pub(crate) fn none_starts() -> RwLockReadGuard<'static, ()> {
    STARTS.read().unwrap_or_else(PoisonError::into_inner)
}

/// `Command::spawn`, when nobody would notice.
pub(crate) fn start(command: &mut Command) -> io::Result<Child> {
    let _nobody_looks = STARTS.write().unwrap_or_else(PoisonError::into_inner);
    command.spawn()
}

/// `Command::output`, which starts when nobody would notice.
pub(crate) fn output(command: &mut Command) -> io::Result<Output> {
    let piped = command.stdin(Stdio::null()).stdout(Stdio::piped());
    start(piped.stderr(Stdio::piped()))?.wait_with_output()
}
