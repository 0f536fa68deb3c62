//! **What is there to compute?** The course's sum: at each step the distance from a
//! million, the long way round, as the root of its square. 30,000,000 steps, cut into
//! as many parts as there are cores; the result of a part is its mean.
//!
//! **The same numbers everywhere.** Each distance is a whole number, and the root of a
//! square is exact, rounded or not. They are added up in blocks so short that a block's
//! sum is exact in an `f64` too, and the blocks as integers. So a part has one sum,
//! whoever adds it up, and arithmetic knows it without adding: [`exact`].
//!
//! Nothing here is inlined into a caller, and the bounds come out of a `black_box`: every
//! contender runs the same instructions, and none is worked out by the compiler.

use std::fmt;
use std::hint::black_box;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use super::Errand;
use crate::perform::{cpu_time, cpu_time_of_children};
use crate::stage::{Stage, thousands};

/// k², where k is 1,000.
const K_SQ: u64 = 1_000_000;

/// How many steps a block has: with distances below 5·10⁹ its sum stays below 2⁵³.
const BLOCK: u64 = 100_000;

/// The sum over the steps after `from`, up to and with `to`.
#[inline(never)]
pub(crate) fn sum(from: u64, to: u64) -> u64 {
    let (mut at, to) = (black_box(from), black_box(to));
    let mut sum = 0;
    while at < to {
        let end = to.min(at + BLOCK);
        sum += block(at, end) as u64;
        at = end;
    }
    sum
}

#[inline(never)]
fn block(from: u64, to: u64) -> f64 {
    let mut sum = 0.0;
    for pos in from + 1..=to {
        let apart = pos as f64 - K_SQ as f64;
        sum += (apart * apart).sqrt();
    }
    sum
}

/// The same, as arithmetic knows it.
pub(crate) fn exact(from: u64, to: u64) -> u64 {
    let up_to = |n: u64| {
        let (n, k_sq) = (u128::from(n), u128::from(K_SQ));
        match n.checked_sub(k_sq) {
            None => n * k_sq - n * (n + 1) / 2,
            Some(beyond) => k_sq * (k_sq - 1) / 2 + beyond * (beyond + 1) / 2,
        }
    };
    u64::try_from(up_to(to) - up_to(from)).expect("so many steps can't be asked for")
}

/// A part of the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) from: u64,
    pub(crate) to: u64,
}

impl Part {
    pub(crate) fn sum(self) -> u64 {
        sum(self.from, self.to)
    }

    pub(crate) fn errand(self) -> Errand {
        let Self { from, to } = self;
        Errand::Sum { from, to }
    }

    /// What stands in the results: the mean of the part whose sum this is.
    pub(crate) fn mean(self, sum: u64) -> f64 {
        sum as f64 / (self.to - self.from).max(1) as f64
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (thousands(self.from + 1), thousands(self.to));
        write!(f, "steps {first} to {last}")
    }
}

/// The steps of this run, in parts: the same for every contender.
fn parts(stage: &Stage) -> Vec<Part> {
    let wish = stage.wishes().compute;
    let steps = stage.work(wish.steps);
    // No part without a step.
    cut(steps, u64::from(wish.parts).min(steps))
}

fn cut(steps: u64, parts: u64) -> Vec<Part> {
    let edge = |number| steps * number / parts;
    let part = |number| Part {
        from: edge(number),
        to: edge(number + 1),
    };
    (0..parts).map(part).collect()
}

/// The time of a run, and the machine's, from its start to its results.
pub(crate) struct Clock {
    stage: Stage,
    began: Instant,
    used: Duration,
}

/// What this process used of the machine so far, with the children it has waited for.
fn used() -> Duration {
    cpu_time() + cpu_time_of_children()
}

impl Clock {
    /// Says what begins, and starts.
    pub(crate) fn start(stage: &Stage, workers: &str) -> (Self, Vec<Part>) {
        let parts = parts(stage);
        let steps = thousands(stage.work(stage.wishes().compute.steps));
        let (number, cores) = (parts.len(), cores());
        let (s, cores_s) = (plural(number), plural(cores));
        stage.white(format_args!(
            "Doing math on {cores} processor{cores_s}: {steps} steps in {number} part{s}, {workers}."
        ));
        let clock = Self {
            stage: stage.clone(),
            began: Instant::now(),
            used: used(),
        };
        (clock, parts)
    }

    /// These are the parts' sums.
    pub(crate) fn done(self, parts: &[Part], sums: Vec<u64>) {
        let took = self.began.elapsed();
        let used = used().saturating_sub(self.used);
        let (stage, cores) = (self.stage, cores());
        let share = used.div_duration_f64(took) / cores as f64 * 100.0;
        stage.white(format_args!(
            "Done in {} sec.: {share:.0} % of the machine.",
            stage.seconds(took)
        ));
        stage.plain("Our results:");
        for (part, &sum) in parts.iter().zip(&sums) {
            let hundredths = (part.mean(sum) * 100.0).round() as u64;
            let (whole, rest) = (thousands(hundredths / 100), hundredths % 100);
            stage.cyan(format_args!("  {whole:>13}.{rest:02}   {part}"));
        }
        stage.took(took);
        stage.used(used);
        let expected = parts.iter().map(|part| exact(part.from, part.to));
        stage.check(
            "every part has the sum that it must have",
            expected.eq(sums),
        );
    }
}

fn plural(number: usize) -> &'static str {
    if number == 1 { "" } else { "s" }
}

fn cores() -> usize {
    available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_up_is_what_arithmetic_knows() {
        for (from, to) in [
            (0, 0),
            (0, 1),
            (999_999, 1_000_001),
            (0, 2_345_678),
            (1_500_000, 1_500_001),
            (1_499_950, 1_700_050),
            // Where the longest run ends: blocks are still exact there.
            (4_999_700_000, 5_000_000_000),
        ] {
            assert_eq!(sum(from, to), exact(from, to), "{from} to {to}");
        }
        assert_eq!(exact(0, 3), 999_999 + 999_998 + 999_997);
        assert!(exact(0, 5_000_000_000) > 0, "it fits");
    }

    #[test]
    fn parts_meet_at_their_edges() {
        for (steps, number) in [(30_000_000, 2), (10, 3), (2, 4)] {
            let parts = cut(steps, number);
            assert_eq!((parts[0].from, parts[parts.len() - 1].to), (0, steps));
            assert!(parts.windows(2).all(|pair| pair[0].to == pair[1].from));
            let whole: u64 = parts.iter().map(|part| part.sum()).sum();
            assert_eq!(whole, exact(0, steps));
        }
    }

    #[test]
    fn a_part_without_steps_has_a_mean() {
        let part = Part { from: 1, to: 1 };
        assert!(part.mean(part.sum()).abs() < f64::EPSILON);
    }
}
