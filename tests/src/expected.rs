//! **Which runtime is known to break which promise, and why?** Every test that
//! is not listed here must pass on every runtime it is for. A test that is
//! listed must fail there: when a runtime mends its ways, the entry goes.

/// One known failure.
#[derive(Debug)]
pub struct Broken {
    /// The test's name.
    pub test: &'static str,
    /// The runtimes that fail it.
    pub on: &'static [&'static str],
    /// Why they do.
    pub why: &'static str,
}

/// The known failures.
pub const BROKEN: &[Broken] = &[
    Broken {
        test: "api_file_usable_after_a_panic",
        on: &["tokio-current", "tokio-multi"],
        why: "the file's buffer is taken before the panic, and missed by the next read",
    },
    Broken {
        test: "p03_panic_in_drop_of_a_stale_join_waker",
        on: &["tokio-current"],
        why: "the old waker is dropped with the task's memory, in the loop",
    },
    Broken {
        test: "p07_block_on_inside_block_on_blames_the_caller",
        on: &["tokio-multi"],
        why: "the panic is blamed on a line of tokio",
    },
    Broken {
        test: "p07_spawn_local_outside_blames_the_caller",
        on: &["tokio-current", "tokio-multi"],
        why: "the panic is blamed on a line of tokio",
    },
    Broken {
        test: "p07_too_many_permits_blames_the_caller",
        on: &["tokio-current", "tokio-multi"],
        why: "the panic is blamed on a line of tokio",
    },
    Broken {
        test: "p07_too_many_permits_change_nothing",
        on: &["tokio-current", "tokio-multi"],
        why: "the permits are counted before the check panics",
    },
    Broken {
        test: "p11_below_a_millisecond_exactly",
        on: &["tokio-current"],
        why: "its wheel ticks in milliseconds, on the paused clock too",
    },
    Broken {
        test: "p11_pause_in_the_middle_is_exact",
        on: &["tokio-current"],
        why: "its wheel ticks in milliseconds, on the paused clock too",
    },
    Broken {
        test: "p16_queue_lets_other_tasks_run",
        on: &["tokio-current"],
        why: "kolo's queue takes units of kolo's budget; tokio's is not open to others",
    },
    Broken {
        test: "p16_yields_take_turns",
        on: &["tokio-current"],
        why: "it resumes the tasks that yielded last come, first served",
    },
];

/// The entry for `test` on `runtime`, if there is one.
pub fn broken(runtime: &str, test: &str) -> Option<&'static Broken> {
    BROKEN
        .iter()
        .find(|b| b.test == test && b.on.contains(&runtime))
}
