//! **What do more cores bring?** A tree in which nothing is worth a task, and jobs
//! that are.
//!
//! [`fork_join`] is fib as no one should write it: every node is a task that spawns
//! its two children and awaits them, so that all of the time is spawning, stealing
//! and joining. [`fan_out`] has jobs of about 100 µs that touch no memory: what is
//! lost against plain threads is lost to the executor alone.
//!
//! What it does not show: jobs that share data, jobs of very different lengths.

use std::hint::black_box;

use super::row::root;
use super::rt;
use rt::runtime::Runtime;
use rt::task::JoinHandle;

/// The deepest tree.
pub const DEPTH: u64 = 21;

/// Nodes of the tree of fib(`n`).
#[must_use]
pub fn nodes(n: u64) -> u64 {
    let (mut before, mut last) = (1, 1);
    for _ in 1..n {
        (before, last) = (last, before + last + 1);
    }
    last
}

/// The tree for so many tasks, as deep as [`DEPTH`] at most, and how often it is
/// to be gone through.
#[must_use]
pub fn trees(count: u64) -> (u64, u64) {
    let depth = (1..=DEPTH).rev().find(|&n| nodes(n) <= count).unwrap_or(1);
    (depth, count / nodes(depth))
}

/// fib, without a tree.
#[must_use]
pub fn fib(n: u64) -> u64 {
    (0..n).fold((0, 1), |(a, b), _| (b, a + b)).0
}

/// About `count` tasks, by whole trees.
pub fn fork_join(runtime: &Runtime, count: u64) {
    fn fork(n: u64) -> JoinHandle<u64> {
        rt::spawn(async move {
            if n < 2 {
                return black_box(n);
            }
            let (left, right) = (fork(n - 1), fork(n - 2));
            left.await.unwrap() + right.await.unwrap()
        })
    }

    let (depth, rounds) = trees(count);
    root(runtime, async move {
        for _ in 0..rounds {
            assert_eq!(fork(depth).await.unwrap(), fib(depth));
        }
    });
}

/// Computes for about 100 µs: xorshift, a chain in which each step needs the one
/// before.
#[must_use]
pub fn compute(seed: u64) -> u64 {
    let mut x = black_box(seed) | 1;
    for _ in 0..50_000 {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    x
}

/// `count` tasks that each [`compute`], all spawned before the first is awaited.
pub fn fan_out(runtime: &Runtime, count: u64) {
    root(runtime, async move {
        let tasks: Vec<_> = (0..count).map(|i| rt::spawn(async move { compute(i) })).collect();
        for task in tasks {
            black_box(task.await.unwrap());
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_as_large_as_it_says() {
        fn counted(n: u64) -> u64 {
            if n < 2 { 1 } else { 1 + counted(n - 1) + counted(n - 2) }
        }
        for n in 0..15 {
            assert_eq!(nodes(n), counted(n), "{n}");
        }
        assert_eq!((nodes(DEPTH), fib(DEPTH)), (35_421, 10_946));
        assert_eq!(trees(354_210), (DEPTH, 10));
        assert_eq!(trees(35_420), (DEPTH - 1, 1));
        assert_eq!(trees(20), (5, 1));
        assert_eq!(trees(1), (1, 1));
    }
}
