//! **What does a timer cost that never fires, and one that does?** For whoever
//! changes the wheel: the workloads of `compare`'s `timeouts` and `sleeps`. The
//! second's wall time is mostly its longest sleep; its CPU time is `compare`'s
//! to tell.

mod common;

use common::{compare, criterion_config, runtimes};
use criterion::{Criterion, criterion_group, criterion_main};
use kolo_benches::floors;
use kolo_benches::libraries::{kolo, tokio};

fn timers(criterion: &mut Criterion) {
    let (on_kolo, on_tokio) = runtimes();
    compare(
        criterion,
        "timers/timeouts that never fire",
        10_000,
        &mut [
            ("kolo", &mut |n| kolo::timers::timeouts(&on_kolo, n)),
            ("tokio", &mut |n| tokio::timers::timeouts(&on_tokio, n)),
            ("floor", &mut floors::timeouts),
        ],
    );
    compare(
        criterion,
        "timers/sleeps of 1 to 60 ms",
        1_000,
        &mut [
            ("kolo", &mut |n| kolo::timers::sleeps(&on_kolo, n)),
            ("tokio", &mut |n| tokio::timers::sleeps(&on_tokio, n)),
            ("floor", &mut floors::sleeps),
        ],
    );
}

criterion_group! { name = groups; config = criterion_config(); targets = timers }
criterion_main!(groups);
