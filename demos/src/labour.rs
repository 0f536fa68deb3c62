//! **What is work, where a demo needs some?** Square roots, one after another, a fixed
//! number of them: the same work on every runtime, however busy the machine is. A thread
//! that spun until a clock had advanced would do less of it the more the others do.
//!
//! A millisecond's labour is as many steps as an ordinary core of the 2020s takes in
//! about a millisecond (a build without optimisation takes longer); what a program needs
//! is their number being the same everywhere, not the time.
//!
//! **Pace.** Labour is scaled as waits are, by `--time-scale`: it is given as a time that
//! [`Stage::wait`](crate::stage::Stage::wait) has scaled.

use std::hint::black_box;
use std::ops::Range;
use std::time::Duration;

const STEPS_PER_SECOND: f64 = 200e6;

/// How many steps are the labour of about this time.
pub(crate) fn steps(time: Duration) -> u64 {
    (time.as_secs_f64() * STEPS_PER_SECOND) as u64
}

/// These steps: a sum that is the same however they are divided.
pub(crate) fn labour(steps: Range<u64>) -> u64 {
    let mut sum = 0_u64;
    for step in steps {
        sum = sum.wrapping_add((black_box(step) as f64).sqrt().to_bits());
    }
    sum
}

/// The labour of about this time, its result of no interest.
pub(crate) fn spend(time: Duration) {
    black_box(labour(0..steps(time)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_parts_sum_up_to_the_whole() {
        let parts = labour(0..77).wrapping_add(labour(77..1000));
        assert_eq!(parts, labour(0..1000));
        assert_ne!(parts, labour(0..999));
    }
}
