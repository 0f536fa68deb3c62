//! **What does the course's loop cost per item?** For whoever changes the
//! executor: the workloads of `compare`'s four `loop` rows, in small.

mod common;

use common::{compare, criterion_config, runtimes};
use criterion::{Criterion, criterion_group, criterion_main};
use kolo_benches::libraries::{kolo, tokio};
use kolo_benches::{floors, peers};

fn course_loop(criterion: &mut Criterion) {
    let (on_kolo, on_tokio) = runtimes();
    compare(
        criterion,
        "loop/own channel",
        10_000,
        &mut [
            ("kolo", &mut |n| kolo::course_loop::mpsc(&on_kolo, n)),
            ("tokio", &mut |n| tokio::course_loop::mpsc(&on_tokio, n)),
            ("smol", &mut peers::smol::course_channel),
            ("floor", &mut floors::course_mpsc),
        ],
    );
    compare(
        criterion,
        "loop/kolo's Queue",
        10_000,
        &mut [
            ("kolo", &mut |n| kolo::course_loop::queue(&on_kolo, n)),
            ("tokio", &mut |n| tokio::course_loop::queue(&on_tokio, n)),
            ("smol", &mut peers::smol::course_queue),
            ("floor", &mut floors::course_queue),
        ],
    );

    kolo::row::arm(&on_kolo);
    tokio::row::arm(&on_tokio);
    compare(
        criterion,
        "loop/own channel, a timer armed",
        10_000,
        &mut [
            ("kolo", &mut |n| kolo::course_loop::mpsc(&on_kolo, n)),
            ("tokio", &mut |n| tokio::course_loop::mpsc(&on_tokio, n)),
        ],
    );
    compare(
        criterion,
        "loop/kolo's Queue, a timer armed",
        10_000,
        &mut [
            ("kolo", &mut |n| kolo::course_loop::queue(&on_kolo, n)),
            ("tokio", &mut |n| tokio::course_loop::queue(&on_tokio, n)),
        ],
    );
}

criterion_group! { name = groups; config = criterion_config(); targets = course_loop }
criterion_main!(groups);
