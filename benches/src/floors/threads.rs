//! **The floors of jobs that fall into parts by themselves**: as many plain threads
//! as there are workers, who take the next part by a counter that they share.

use std::hint::black_box;
use std::pin::Pin;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use std::thread;

use crate::libraries::kolo::blocking::{Meeting, short_job};
use crate::libraries::kolo::parallel::{compute, fib, trees};

/// Does `parts` parts on so many threads, of which the caller's is one; the sum of
/// what each came to.
fn shared(workers: usize, parts: u64, part: impl Fn(u64) -> u64 + Sync) -> u64 {
    let next = AtomicU64::new(0);
    let work = || {
        let mut sum = 0u64;
        loop {
            let at = next.fetch_add(1, Relaxed);
            if at >= parts {
                return sum;
            }
            sum = sum.wrapping_add(part(at));
        }
    };
    thread::scope(|scope| {
        let others: Vec<_> = (1..workers).map(|_| scope.spawn(work)).collect();
        let mine = work();
        others
            .into_iter()
            .map(|other| other.join().unwrap())
            .fold(mine, u64::wrapping_add)
    })
}

/// Below this depth a subtree is one part.
const PART: u64 = 12;

/// The floor of `parallel::fork_join`: a boxed future for each node, polled by its
/// parent.
pub(super) fn fork_join(workers: usize, count: u64) {
    fn node(n: u64) -> Pin<Box<dyn Future<Output = u64>>> {
        Box::pin(async move {
            if n < 2 {
                return black_box(n);
            }
            let (left, right) = (node(n - 1), node(n - 2));
            left.await + right.await
        })
    }
    fn subtrees(n: u64, into: &mut Vec<u64>) {
        if n <= PART {
            return into.push(n);
        }
        subtrees(n - 1, into);
        subtrees(n - 2, into);
    }

    let (depth, rounds) = trees(count);
    let mut parts = Vec::new();
    for _ in 0..rounds {
        subtrees(depth, &mut parts);
    }
    let sum = shared(workers, parts.len() as u64, |at| {
        let mut cx = Context::from_waker(Waker::noop());
        match node(parts[at as usize]).as_mut().poll(&mut cx) {
            Poll::Ready(sum) => sum,
            Poll::Pending => unreachable!("no node waits"),
        }
    });
    assert_eq!(sum, rounds * fib(depth));
}

/// The floor of `parallel::fan_out`.
pub(super) fn fan_out(workers: usize, count: u64) {
    black_box(shared(workers, count, compute));
}

/// The floor of `blocking::many`.
pub(super) fn short_jobs(workers: usize, count: u64) {
    shared(workers, count, |_| {
        short_job();
        0
    });
}

/// The floor of `blocking::all_at_once`.
pub(super) fn all_at_once(count: u64) {
    let meeting = Meeting::of(count);
    thread::scope(|scope| {
        for _ in 0..count {
            scope.spawn(|| meeting.wait());
        }
    });
}

/// The floor of `lives::build_each_drop`: what the kernel is asked for.
pub(super) fn build_each_drop(workers: usize, count: u64) {
    for _ in 0..count {
        let poll = mio::Poll::new().unwrap();
        let waker = mio::Waker::new(poll.registry(), mio::Token(0)).unwrap();
        let meeting = Barrier::new(workers);
        thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| meeting.wait());
            }
        });
        drop((waker, poll));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_done_once_whoever_does_it() {
        for workers in [1, 2, 5] {
            assert_eq!(shared(workers, 1000, |at| at), 499_500, "{workers}");
            assert_eq!(shared(workers, 0, |at| at), 0, "{workers}");
        }
    }
}
