//! **What does one step of the loop cost?** For whoever changes the run queue or
//! the state word: the workload of `compare`'s `yield`, in small.

mod common;

use common::{compare, criterion_config, runtimes};
use criterion::{Criterion, criterion_group, criterion_main};
use kolo_benches::libraries::{kolo, tokio};
use kolo_benches::{floors, peers};

fn yields(criterion: &mut Criterion) {
    let (on_kolo, on_tokio) = runtimes();
    compare(
        criterion,
        "yield/500 tasks",
        50_000,
        &mut [
            ("kolo", &mut |n| kolo::tasks::yields(&on_kolo, n)),
            ("tokio", &mut |n| tokio::tasks::yields(&on_tokio, n)),
            ("smol", &mut peers::smol::yields),
            ("floor", &mut floors::yields),
        ],
    );
}

criterion_group! { name = groups; config = criterion_config(); targets = yields }
criterion_main!(groups);
