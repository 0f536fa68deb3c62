//! **What does every runtime owe its user, and who keeps it?** The conformance
//! suite: each test is written once and run on kolo and on tokio.
//!
//! ```text
//! tests/conformance/suite/*.rs   the tests; p01_… to p20_… after the promise, api_… the rest
//! tests/conformance/main.rs      loads the suite once per library, runs it per runtime, prints the table
//! src/expected.rs                which runtime is known to break what, and why
//! src/harness.rs                 one test on one runtime: fresh thread, hang guard, verdict
//! src/alone.rs                   a test that needs a process of its own
//! src/bystanders.rs              a moment when no other test is on
//! src/tools.rs  src/panics.rs    transcripts, counting wakers, caught panics
//! tests/layering.rs              what kolo's own source may import, where `unsafe` may stand
//! ```
//!
//! `cargo test -p kolo-tests --test conformance` runs all of it; add
//! `-- kolo-current` for one runtime, `-- p09` for one promise.
//!
//! A test waits for events or uses the paused clock. It never sleeps and hopes.

pub mod alone;
mod bystanders;
pub mod expected;
pub mod harness;
pub mod panics;
pub mod table;
pub mod tools;

pub use alone::alone;
pub use harness::{Case, Kind, Place};
pub use panics::caught;
pub use tools::{CountWaker, Transcript, lock_seen, on_drop, poll_once, unclonable_waker};

/// Lists the tests of one file: those for every runtime, those for
/// current-thread ones (a paused clock, exact order), those for several threads.
///
/// A test that is written but not listed is dead code, and the build says so.
#[macro_export]
macro_rules! tests {
    ($($place:ident: [$($test:ident),* $(,)?]),* $(,)?) => {
        pub(crate) const TESTS: &[$crate::Case] = &[$($(
            $crate::Case {
                name: stringify!($test),
                place: $crate::tests!(@ $place),
                run: |kind| $test(super::On { kind }),
            },
        )*)*];
    };
    (@ everywhere) => { $crate::Place::Everywhere };
    (@ current) => { $crate::Place::CurrentThread };
    (@ multi) => { $crate::Place::MultiThread };
}
