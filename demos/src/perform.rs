//! **How is one program run once?** Either [`here`], in this process, where its
//! lines are seen as they are said; or [`in_fresh_process`], where no earlier run
//! has warmed or littered the allocator, and where peak memory is the program's own.
//! The fresh process is this binary again, with the hidden command `measure`.
//!
//! CPU time is `getrusage`'s, before and after. Peak memory is `VmHWM` rather than
//! `ru_maxrss`: that one survives exec, so that a child would report its parent's.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

use crate::catalogue::{Contender, Demo, Program, Runner};
use crate::console::Console;
use crate::course::on_tokio;
use crate::report::{Measured, Status};
use crate::runtimes::Runtime;
use crate::scratch::Scratch;
use crate::session::Session;
use crate::stage::{Settings, Stage, Threads};

/// Runs a program in this process.
pub(crate) fn here(
    program: Program,
    on: Option<Runtime>,
    settings: Settings,
    console: &Arc<Console>,
) -> Measured {
    let threads = on.map_or(Threads::One, Runtime::threads);
    let stage = Stage::new(program, threads, settings, console.clone());
    let before = cpu_time();
    let ended = catch_unwind(AssertUnwindSafe(|| match on {
        Some(runtime) => runtime.play(program, &stage),
        // A synchronous program is the same in both copies of the text.
        None => on_tokio::play(program, &stage),
    }));
    let cpu = cpu_time().saturating_sub(before);
    match ended {
        Ok(Ok(())) => stage.measured(cpu.as_secs_f64(), None),
        Ok(Err(error)) => Measured::without_result(Status::Failed, error.to_string()),
        Err(panic) => {
            Measured::without_result(Status::Failed, format!("panicked: {}", said(&*panic)))
        }
    }
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied())
        .unwrap_or("(no message)")
}

/// What the hidden command does: run, and hand over one line of JSON.
pub(crate) fn measure(program: Program, on: Option<Runtime>, settings: Settings) -> String {
    ends_with_its_parent();
    let mut measured = here(program, on, settings, &Arc::new(Console::new(true)));
    if let Some(sample) = &mut measured.sample {
        sample.peak_bytes = peak_memory();
    }
    serde_json::to_string(&measured).expect("plain data")
}

/// A session that is killed can't end its child; the kernel can, where it is Linux.
fn ends_with_its_parent() {
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL);
}

/// Runs a contender in a process of its own.
pub(crate) fn in_fresh_process(
    contender: Contender,
    settings: &Settings,
    session: &Session,
) -> Measured {
    let Ok(demos) = std::env::current_exe() else {
        return Measured::without_result(
            Status::Failed,
            "this program's own file is gone".to_owned(),
        );
    };
    let mut command = Command::new(demos);
    command.arg("measure").arg(
        contender
            .program
            .to_possible_value()
            .expect("none is skipped")
            .get_name(),
    );
    if let Runner::On(runtime) = contender.runner {
        command.arg("--rt").arg(runtime.name());
    }
    let (settings, _scratch) = with_scratch(contender.program, settings);
    let settings = serde_json::to_string(&settings).expect("plain data");
    command.arg("--settings").arg(settings);
    command.stdin(Stdio::null());
    match session.run_child(command) {
        Ok((status, written)) => serde_json::from_slice(&written).unwrap_or_else(|_| {
            Measured::without_result(Status::Failed, format!("its process ended with {status}"))
        }),
        Err(error) => Measured::without_result(
            Status::Failed,
            format!("its process does not start: {error}"),
        ),
    }
}

/// The settings for a process of its own. If it is to make files, they are in a folder
/// of ours, which is gone afterwards whatever becomes of the process.
fn with_scratch(program: Program, settings: &Settings) -> (Settings, Option<Scratch>) {
    let mut settings = settings.clone();
    let wish = &mut settings.wishes.files;
    // Where there can be no folder, the process will say why.
    let scratch = (program.demo() == Demo::Files)
        .then(|| Scratch::new(&wish.place()).ok())
        .flatten();
    if let Some(scratch) = &scratch {
        wish.dir = scratch.path().to_str().map(Into::into);
    }
    (settings, scratch)
}

/// What this process has used until now.
pub(crate) fn cpu_time() -> Duration {
    used_by(UsageWho::RUSAGE_SELF)
}

/// And what its children have, of those that it has waited for.
pub(crate) fn cpu_time_of_children() -> Duration {
    used_by(UsageWho::RUSAGE_CHILDREN)
}

fn used_by(who: UsageWho) -> Duration {
    let of = |time: TimeVal| {
        Duration::from_secs(time.tv_sec() as u64) + Duration::from_micros(time.tv_usec() as u64)
    };
    getrusage(who).map_or(Duration::ZERO, |used| {
        of(used.user_time()) + of(used.system_time())
    })
}

/// The most memory that this process has had in use, on Linux.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}
