//! The suite, written against `rt`: whichever library the module above names.

// An unused test is a forgotten one; each file lists its tests in `tests!`.
#![deny(dead_code)]
// A clone that is woken by value is a wake of its own kind; `map(|()| ())` names
// the output of a task that only panics.
#![allow(clippy::waker_clone_wake, clippy::map_identity)]
// A timer made inside of a runtime and taken out of it, unawaited, is the test.
#![allow(clippy::async_yields_async)]
// `AsyncFd::new` asks for less than it should; programs call it all the same.
#![allow(deprecated)]

use std::future::Future;

use kolo_tests::{Case, Kind};

use super::rt;

mod api_fs;
mod api_fs_file;
mod api_io;
mod api_join_set;
mod api_macros;
mod api_net;
mod api_runtime;
mod api_streams;
mod api_sync;
mod api_task;
mod api_unix;
mod api_unix_sockets;
mod files;
mod p01_wakeups;
mod p02_wakes_are_harmless;
mod p03_panics;
mod p03_task_cases;
mod p04_abort;
mod p05_runtime_drop;
mod p06_shutdown;
mod p07_misuse;
mod p07_misuse_time_sync;
mod p08_after_shutdown;
mod p08_files;
mod p08_sockets;
mod p09_timers;
mod p10_timer_changes;
mod p11_paused_clock;
mod p12_timeouts;
mod p13_mpsc;
mod p13_oneshot_and_locks;
mod p13_queue;
mod p14_cancel_channels;
mod p14_cancel_io;
mod p14_cancel_io_methods;
mod p14_cancel_waiters;
mod p15_join;
mod p15_select;
mod p16_fairness;
mod p16_io;
mod p16_workers;
mod p17_async_fd;
mod p17_fd;
mod p17_readiness;
mod p18_endings;
mod p18_unix;
mod p19_descriptors;
mod p19_exhaustion;
mod p20_local;
mod p20_signals;
mod p20_signals_alone;
mod sockets;
pub(crate) mod transcripts;

/// Every test of the suite.
pub(crate) fn all() -> Vec<Case> {
    [
        p01_wakeups::TESTS,
        p02_wakes_are_harmless::TESTS,
        p03_panics::TESTS,
        p03_task_cases::TESTS,
        p04_abort::TESTS,
        p05_runtime_drop::TESTS,
        p06_shutdown::TESTS,
        p07_misuse::TESTS,
        p07_misuse_time_sync::TESTS,
        p08_after_shutdown::TESTS,
        p08_files::TESTS,
        p08_sockets::TESTS,
        p09_timers::TESTS,
        p10_timer_changes::TESTS,
        p11_paused_clock::TESTS,
        p12_timeouts::TESTS,
        p13_mpsc::TESTS,
        p13_oneshot_and_locks::TESTS,
        p13_queue::TESTS,
        p14_cancel_channels::TESTS,
        p14_cancel_io::TESTS,
        p14_cancel_io_methods::TESTS,
        p14_cancel_waiters::TESTS,
        p15_join::TESTS,
        p15_select::TESTS,
        p16_fairness::TESTS,
        api_fs::TESTS,
        p16_io::TESTS,
        p16_workers::TESTS,
        p17_async_fd::TESTS,
        p17_fd::TESTS,
        p17_readiness::TESTS,
        p18_endings::TESTS,
        p18_unix::TESTS,
        p19_descriptors::TESTS,
        p19_exhaustion::TESTS,
        p20_local::TESTS,
        p20_signals::TESTS,
        p20_signals_alone::TESTS,
        api_fs_file::TESTS,
        api_io::TESTS,
        api_join_set::TESTS,
        api_macros::TESTS,
        api_net::TESTS,
        api_runtime::TESTS,
        api_streams::TESTS,
        api_sync::TESTS,
        api_task::TESTS,
        api_unix::TESTS,
        api_unix_sockets::TESTS,
    ]
    .concat()
}

/// The library that the suite is compiled for: `kolo` or `tokio`.
pub(crate) fn library() -> &'static str {
    let module = module_path!().split("::").nth(1).expect("on_kolo::suite");
    module.trim_start_matches("on_")
}

/// The name of the runtime that this thread is in, if it is in one.
pub(crate) fn whereabouts() -> Option<String> {
    rt::runtime::Handle::try_current()
        .ok()?
        .name()
        .map(str::to_owned)
}

/// The runtime that a test runs on.
#[derive(Clone, Copy)]
pub(crate) struct On {
    pub(crate) kind: Kind,
}

impl On {
    /// A builder with everything enabled, and two workers where there are workers.
    pub(crate) fn builder(self) -> rt::runtime::Builder {
        let mut builder = self.bare_builder();
        builder.enable_all();
        builder
    }

    /// A builder with nothing enabled.
    pub(crate) fn bare_builder(self) -> rt::runtime::Builder {
        match self.kind {
            Kind::CurrentThread => rt::runtime::Builder::new_current_thread(),
            Kind::MultiThread => {
                let mut builder = rt::runtime::Builder::new_multi_thread();
                builder.worker_threads(2);
                builder
            }
        }
    }

    /// A runtime with everything enabled.
    pub(crate) fn runtime(self) -> rt::runtime::Runtime {
        self.builder().build().expect("a runtime")
    }

    /// A runtime with everything enabled, and a name to tell it by.
    pub(crate) fn named(self, name: &str) -> rt::runtime::Runtime {
        self.builder().name(name).build().expect("a runtime")
    }

    /// A current-thread runtime whose clock is paused from the start.
    pub(crate) fn paused(self) -> rt::runtime::Runtime {
        assert_eq!(
            self.kind,
            Kind::CurrentThread,
            "the clock is paused on one thread only"
        );
        self.builder()
            .start_paused(true)
            .build()
            .expect("a runtime")
    }

    /// Runs `body`, the whole of a test, in a process where nothing else runs.
    pub(crate) fn alone(self, body: impl FnOnce()) {
        kolo_tests::alone(library(), self.kind, body);
    }

    /// Runs `future` on a fresh runtime.
    pub(crate) fn run<F: Future>(self, future: F) -> F::Output {
        self.runtime().block_on(future)
    }

    /// Runs `future` on a fresh runtime with a paused clock.
    pub(crate) fn run_paused<F: Future>(self, future: F) -> F::Output {
        self.paused().block_on(future)
    }
}
