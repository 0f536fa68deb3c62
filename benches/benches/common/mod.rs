//! What the criterion groups share: both runtimes, and a group of programs that
//! do the same number of operations.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use kolo_benches::libraries::{Flavour, kolo, tokio};

/// A program that does as many operations as it is told.
pub(crate) type Program<'a> = &'a mut dyn FnMut(u64);

/// Short spans: a look at a change, not a publication.
pub(crate) fn criterion_config() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
}

/// One current-thread runtime of each library.
pub(crate) fn runtimes() -> (::kolo::runtime::Runtime, ::tokio::runtime::Runtime) {
    (
        kolo::row::build(Flavour::Current).unwrap(),
        tokio::row::build(Flavour::Current).unwrap(),
    )
}

/// A group called `name`: each of `programs` does `size` operations.
pub(crate) fn compare(
    criterion: &mut Criterion,
    name: &str,
    size: u64,
    programs: &mut [(&str, Program<'_>)],
) {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(size));
    for (who, program) in programs {
        group.bench_function(BenchmarkId::from_parameter(who), |bencher| {
            bencher.iter(|| program(size));
        });
    }
    group.finish();
}
