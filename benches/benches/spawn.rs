//! **What does a task's birth and end cost?** For whoever changes the task cell:
//! the workloads of `compare`'s `spawn-join` and `spawn-many`, in small.

mod common;

use common::{compare, criterion_config, runtimes};
use criterion::{Criterion, criterion_group, criterion_main};
use kolo_benches::libraries::{kolo, tokio};
use kolo_benches::{floors, peers};

fn spawn(criterion: &mut Criterion) {
    let (on_kolo, on_tokio) = runtimes();
    compare(
        criterion,
        "spawn/join one at a time",
        1_000,
        &mut [
            ("kolo", &mut |n| kolo::tasks::spawn_then_join(&on_kolo, n)),
            ("tokio", &mut |n| {
                tokio::tasks::spawn_then_join(&on_tokio, n)
            }),
            ("smol", &mut peers::smol::spawn_then_join),
            ("floor", &mut floors::spawn_then_join),
        ],
    );
    compare(
        criterion,
        "spawn/10,000 then join",
        10_000,
        &mut [
            ("kolo", &mut |n| kolo::tasks::spawn_many(&on_kolo, n)),
            ("tokio", &mut |n| tokio::tasks::spawn_many(&on_tokio, n)),
            ("smol", &mut peers::smol::spawn_many),
            ("floor", &mut floors::spawn_many),
        ],
    );
}

criterion_group! { name = groups; config = criterion_config(); targets = spawn }
criterion_main!(groups);
