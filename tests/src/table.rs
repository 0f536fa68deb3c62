//! **Who keeps what?** The closing table: a row per promise, a column per
//! runtime, made from what just ran.

use std::collections::BTreeMap;

use crate::harness::Outcome;

/// The names of the runtimes, in the order of the columns.
pub const RUNTIMES: [&str; 4] = ["kolo-current", "kolo-multi", "tokio-current", "tokio-multi"];

/// Each promise in a few words, by the prefix of its tests.
pub const PROMISES: &[(&str, &str)] = &[
    ("p01", "no wake-up is lost"),
    ("p02", "a wake is idempotent and harmless"),
    ("p03", "a panic reaches its JoinHandle only"),
    ("p04", "abort drops promptly, once"),
    ("p05", "dropping the runtime drops every task"),
    ("p06", "shutdown waits for what it must"),
    ("p07", "misuse panics at the caller's line"),
    ("p08", "after the runtime, operations fail"),
    ("p09", "timers: never early, never starved"),
    ("p10", "timers may change at any moment"),
    ("p11", "a paused clock is deterministic"),
    ("p12", "a ready future beats its deadline"),
    ("p13", "channels close exactly"),
    ("p14", "a cancelled waiter leaves no trace"),
    ("p15", "select! and join! do what they say"),
    ("p16", "nobody starves"),
    ("p17", "readiness is exact at the edges"),
    ("p18", "half-closed, reset, refused: reported"),
    ("p19", "running out is an error, recoverable"),
    ("p20", "signals, and thread-bound work, arrive"),
    ("api", "tokio's names and semantics"),
    ("same", "same transcript on kolo and tokio"),
];

/// Is `name` a test of the promise `prefix`?
pub fn belongs(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix)
        .is_some_and(|rest| rest.starts_with('_'))
}

/// The table as text. A cell reads `12` (all kept) or `12, 1 broken as listed`.
pub fn render(outcomes: &[Outcome]) -> String {
    let mut cells: BTreeMap<(usize, &str), [usize; 3]> = BTreeMap::new();
    for outcome in outcomes {
        let row = PROMISES
            .iter()
            .position(|(prefix, _)| belongs(outcome.test, prefix));
        let counts = cells
            .entry((row.unwrap_or(usize::MAX), outcome.runtime))
            .or_default();
        counts[match (outcome.kept, outcome.listed) {
            (true, false) => 0,
            (false, true) => 1,
            _ => 2,
        }] += 1;
    }
    let mut out = format!("{:<46}", "promise: tests kept");
    for runtime in RUNTIMES {
        out += &format!("{runtime:>18}");
    }
    out.push('\n');
    for (row, (prefix, words)) in PROMISES.iter().enumerate() {
        if !cells.keys().any(|(r, _)| *r == row) {
            continue;
        }
        out += &format!("{prefix:<5}{words:<41}");
        for runtime in RUNTIMES {
            let cell = match cells.get(&(row, runtime)) {
                None => "–".to_owned(),
                Some([kept, 0, 0]) => kept.to_string(),
                Some([kept, broken, 0]) => format!("{kept}, {broken} broken"),
                Some([kept, broken, wrong]) => format!("{kept}/{} WRONG", kept + broken + wrong),
            };
            out += &format!("{cell:>18}");
        }
        out.push('\n');
    }
    let mut broken: Vec<_> = outcomes.iter().filter(|o| o.listed && !o.kept).collect();
    broken.sort_by_key(|o| (o.test, o.runtime));
    if !broken.is_empty() {
        out += "\nbroken as listed in src/expected.rs:\n";
        for outcome in broken {
            let why = crate::expected::broken(outcome.runtime, outcome.test).map_or("", |b| b.why);
            out += &format!("  {} on {}: {why}\n", outcome.test, outcome.runtime);
        }
    }
    out
}
