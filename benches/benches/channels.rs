//! **What does it cost to hand something on?** For whoever changes `sync`: the
//! workloads of `compare`'s `oneshot` and `pipeline`, in small.

mod common;

use common::{compare, criterion_config, runtimes};
use criterion::{Criterion, criterion_group, criterion_main};
use kolo_benches::floors;
use kolo_benches::libraries::{kolo, tokio};

fn channels(criterion: &mut Criterion) {
    let (on_kolo, on_tokio) = runtimes();
    compare(
        criterion,
        "channels/oneshot ping-pong",
        10_000,
        &mut [
            ("kolo", &mut |n| kolo::channels::ping_pong(&on_kolo, n)),
            ("tokio", &mut |n| tokio::channels::ping_pong(&on_tokio, n)),
            ("floor", &mut floors::ping_pong),
        ],
    );
    compare(
        criterion,
        "channels/pipeline of four",
        10_000,
        &mut [
            ("kolo", &mut |n| kolo::channels::pipeline(&on_kolo, n)),
            ("tokio", &mut |n| tokio::channels::pipeline(&on_tokio, n)),
            ("floor", &mut floors::pipeline),
        ],
    );
}

criterion_group! { name = groups; config = criterion_config(); targets = channels }
criterion_main!(groups);
