//! **How is one test run on one runtime?** On a thread of its own (so that no
//! thread-local of another test is there), under a guard against hangs, and its
//! result is compared with what [`expected`] says.
//!
//! A test that hangs is reported as failed and its thread is left behind: the
//! other tests still say what they have to say.

use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use crate::{bystanders, expected, panics};

/// Which executor of a library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One thread: whoever is in `block_on`.
    CurrentThread,
    /// Workers that steal from each other.
    MultiThread,
}

/// Where a test makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On both executors.
    Everywhere,
    /// It needs the paused clock or a fixed order of polls.
    CurrentThread,
    /// It needs workers of its own.
    MultiThread,
}

impl Place {
    /// Does a test of this place run on `kind`?
    pub fn has(self, kind: Kind) -> bool {
        match self {
            Place::Everywhere => true,
            Place::CurrentThread => kind == Kind::CurrentThread,
            Place::MultiThread => kind == Kind::MultiThread,
        }
    }
}

/// One test of the suite, compiled for one library.
#[derive(Clone, Copy)]
pub struct Case {
    /// Its name, which begins with the promise.
    pub name: &'static str,
    /// The executors it is for.
    pub place: Place,
    /// The test; it panics when the promise is broken.
    pub run: fn(Kind),
}

/// What came of one test on one runtime.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The runtime's name, as in `kolo-current`.
    pub runtime: &'static str,
    /// The test's name.
    pub test: &'static str,
    /// Did the runtime keep the promise?
    pub kept: bool,
    /// Is it listed as broken?
    pub listed: bool,
}

static OUTCOMES: Mutex<Vec<Outcome>> = Mutex::new(Vec::new());

/// Everything that ran so far.
pub fn outcomes() -> Vec<Outcome> {
    OUTCOMES
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

/// Runs `test`; `Err` says why the suite must fail.
pub fn judge(
    runtime: &'static str,
    name: &'static str,
    test: impl FnOnce() + Send + 'static,
) -> Result<(), String> {
    let broken = expected::broken(runtime, name);
    let result = guarded(name, test);
    OUTCOMES
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(Outcome {
            runtime,
            test: name,
            kept: result.is_ok(),
            listed: broken.is_some(),
        });
    match (result, broken) {
        (Ok(()), None) => Ok(()),
        (Err(_), Some(_)) => Ok(()),
        (Err(why), None) => Err(why),
        (Ok(()), Some(entry)) => Err(format!(
            "{runtime} keeps this, but src/expected.rs lists it as broken ({}): remove it there",
            entry.why
        )),
    }
}

/// How long a test may take before it counts as hung. Slow builds (sanitizers)
/// raise it with `KOLO_TESTS_GUARD_SECS`.
fn guard() -> Duration {
    let secs = std::env::var("KOLO_TESTS_GUARD_SECS")
        .ok()
        .and_then(|s| s.parse().ok());
    Duration::from_secs(secs.unwrap_or(30))
}

pub(crate) fn guarded(
    name: &'static str,
    test: impl FnOnce() + Send + 'static,
) -> Result<(), String> {
    let _on = bystanders::enter();
    let (done, finished) = mpsc::channel();
    let thread = thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            let result = panics::catch(test).map_err(|panic| panic.to_string());
            let _ = done.send(());
            result
        })
        .map_err(|e| format!("no thread for the test: {e}"))?;
    match finished.recv_timeout(guard()) {
        // After `done` only thread-local destructors are left; they must end too.
        Ok(()) => thread
            .join()
            .unwrap_or_else(|_| Err("a thread-local destructor panicked".into())),
        Err(RecvTimeoutError::Timeout) => Err(format!("hung: not done after {:?}", guard())),
        Err(RecvTimeoutError::Disconnected) => Err("the test's thread died".into()),
    }
}
