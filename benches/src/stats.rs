//! **What may be concluded from a handful of noisy pairs?** The median of their
//! ratios, and how far it would have moved had the pairs been others.
//!
//! Two programs run one after the other share the state of the machine: its
//! clock, its neighbours, its caches. The ratio within a pair cancels what they
//! share; a ratio of two medians does not. The interval is the percentile
//! bootstrap (Efron, 1979): the pairs are drawn anew, with replacement,
//! [`RESAMPLES`] times, and the middle 95 % of the medians are kept. The draws
//! come from a fixed seed, so the same readings always give the same interval.
//!
//! Calls and instructions are counted and not timed. What two neighbouring rounds share
//! is little there beside what varies by chance (how many events a wait brings depends on
//! who is ahead for a moment, server or client), and a rare high count is no accident to
//! be shrugged off. So of those the means of all rounds are compared, and each side is
//! drawn anew by itself. (That came after numbers had been seen: medians of such pairs
//! made 1.13 times the floor's of 0.008 calls against 0.017.)
//!
//! With three pairs the interval is no more than their smallest and largest
//! ratio: `--quick` is for a look, not for a claim.

use serde::{Deserialize, Serialize};

/// How often the pairs are drawn anew.
pub const RESAMPLES: usize = 2000;

const SEED: u64 = 0x6b6f_6c6f;

/// A median, or mean, and the interval that holds it in 95 of 100 resamplings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    pub median: f64,
    pub low: f64,
    pub high: f64,
}

/// The middle value; the mean of the two middle ones if their number is even.
///
/// # Panics
///
/// If there are no values.
#[must_use]
pub fn median(values: &[f64]) -> f64 {
    assert!(!values.is_empty(), "the median of nothing");
    let mut sorted = values.to_vec();
    median_in_place(&mut sorted)
}

fn median_in_place(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 || values[middle - 1] == values[middle] {
        values[middle]
    } else {
        f64::midpoint(values[middle - 1], values[middle])
    }
}

/// How many times `ours` goes into `theirs`, pair by pair.
///
/// Nothing against nothing is 1; something against nothing is infinite.
#[must_use]
pub fn paired_ratios(ours: &[f64], theirs: &[f64]) -> Vec<f64> {
    let pairs = ours.iter().zip(theirs);
    pairs.map(|(&ours, &theirs)| ratio(ours, theirs)).collect()
}

fn ratio(ours: f64, theirs: f64) -> f64 {
    if ours == 0.0 && theirs == 0.0 {
        1.0
    } else {
        theirs / ours
    }
}

/// What `ours` has above the floor, over what `theirs` has, pair by pair.
///
/// Whoever is at the floor or below it has nothing above it.
#[must_use]
pub fn above_floor(floor: &[f64], ours: &[f64], theirs: &[f64]) -> Vec<f64> {
    let above = |costs: &[f64]| -> Vec<f64> {
        let pairs = costs.iter().zip(floor);
        pairs.map(|(cost, floor)| (cost - floor).max(0.0)).collect()
    };
    paired_ratios(&above(theirs), &above(ours))
}

/// The median of `values` with its bootstrap interval.
///
/// # Panics
///
/// If there are no values.
#[must_use]
pub fn estimate(values: &[f64]) -> Estimate {
    let mut rng = fastrand::Rng::with_seed(SEED);
    let mut drawn = vec![0.0; values.len()];
    interval(median(values), || {
        for slot in &mut drawn {
            *slot = values[rng.usize(..values.len())];
        }
        median_in_place(&mut drawn)
    })
}

/// The mean of `values` with its bootstrap interval.
///
/// # Panics
///
/// If there are no values.
#[must_use]
pub fn estimate_mean(values: &[f64]) -> Estimate {
    let mut rng = fastrand::Rng::with_seed(SEED);
    interval(mean(values), || drawn_mean(&mut rng, values))
}

/// The mean of `theirs` over that of `ours`, with its bootstrap interval. The readings are
/// not paired.
///
/// # Panics
///
/// If there are no values of one of them.
#[must_use]
pub fn ratio_of_means(ours: &[f64], theirs: &[f64]) -> Estimate {
    let mut rng = fastrand::Rng::with_seed(SEED);
    interval(ratio(mean(ours), mean(theirs)), || {
        let ours = drawn_mean(&mut rng, ours);
        ratio(ours, drawn_mean(&mut rng, theirs))
    })
}

fn mean(values: &[f64]) -> f64 {
    assert!(!values.is_empty(), "the mean of nothing");
    values.iter().sum::<f64>() / values.len() as f64
}

/// The mean of as many values, drawn from these with replacement.
fn drawn_mean(rng: &mut fastrand::Rng, values: &[f64]) -> f64 {
    let drawn = (0..values.len()).map(|_| values[rng.usize(..values.len())]);
    drawn.sum::<f64>() / values.len() as f64
}

/// What was `found`, between the edges of what 95 of 100 other draws find.
fn interval(found: f64, mut draw: impl FnMut() -> f64) -> Estimate {
    let mut drawn: Vec<f64> = (0..RESAMPLES).map(|_| draw()).collect();
    drawn.sort_unstable_by(f64::total_cmp);
    let edge = RESAMPLES / 40; // 2.5 % on each side
    Estimate {
        median: found,
        low: drawn[edge],
        high: drawn[RESAMPLES - 1 - edge],
    }
}

/// The geometric mean of `(value, weight)`; `None` if nothing has a weight.
#[must_use]
pub fn weighted_geometric_mean(values: impl IntoIterator<Item = (f64, f64)>) -> Option<f64> {
    let (sum, weights) = values
        .into_iter()
        .filter(|(_, weight)| *weight > 0.0)
        .fold((0.0, 0.0), |(sum, weights), (value, weight)| {
            (sum + value.ln() * weight, weights + weight)
        });
    (weights > 0.0).then(|| (sum / weights).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_odd_and_even_counts() {
        assert_eq!(median(&[3.0]), 3.0);
        assert_eq!(median(&[9.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(&[f64::INFINITY, f64::INFINITY]), f64::INFINITY);
    }

    #[test]
    #[should_panic(expected = "the median of nothing")]
    fn there_is_no_median_of_nothing() {
        let _ = median(&[]);
    }

    #[test]
    fn ratios_are_taken_pair_by_pair() {
        // The machine slowed down threefold between the pairs; the ratio stays.
        assert_eq!(paired_ratios(&[10.0, 30.0], &[20.0, 60.0]), [2.0, 2.0]);
    }

    #[test]
    fn nothing_against_nothing_is_even_and_something_against_nothing_infinite() {
        assert_eq!(
            paired_ratios(&[0.0, 0.0], &[0.0, 5.0]),
            [1.0, f64::INFINITY]
        );
    }

    #[test]
    fn above_the_floor_only_the_rest_counts() {
        let shares = above_floor(&[10.0, 10.0, 10.0], &[15.0, 9.0, 11.0], &[30.0, 12.0, 10.0]);
        assert_eq!(shares, [0.25, 0.0, f64::INFINITY]);
    }

    #[test]
    fn equal_values_have_an_interval_of_one_point() {
        let e = estimate(&[2.0; 7]);
        assert_eq!(
            e,
            Estimate {
                median: 2.0,
                low: 2.0,
                high: 2.0
            }
        );
    }

    #[test]
    fn the_interval_is_the_same_each_time_and_holds_the_median() {
        let values = [1.8, 2.0, 2.1, 1.9, 2.4, 2.05, 1.7, 2.2, 1.95];
        let first = estimate(&values);
        assert_eq!(first, estimate(&values));
        assert!(
            first.low < first.median && first.median < first.high,
            "{first:?}"
        );
        assert!(first.low >= 1.7 && first.high <= 2.4, "{first:?}");
    }

    #[test]
    fn one_wild_pair_moves_the_edge_and_not_the_median() {
        let mut values = vec![2.0; 11];
        values[3] = 90.0;
        let e = estimate(&values);
        assert_eq!((e.median, e.low), (2.0, 2.0));
        assert!(
            e.high <= 2.0,
            "one in eleven is outside the middle 95 %: {e:?}"
        );
    }

    #[test]
    fn of_what_is_no_pair_the_order_is_nothing() {
        let (ours, theirs) = ([1.0, 2.0, 3.0, 10.0], [8.0, 5.0, 4.0, 7.0]);
        let found = ratio_of_means(&ours, &theirs);
        assert_eq!(found.median, 1.5);
        assert!((0.4..found.median).contains(&found.low), "{found:?}");
        assert!((found.median..=8.0).contains(&found.high), "{found:?}");
        assert_eq!(ratio_of_means(&theirs, &ours).median, 4.0 / 6.0);
        let same = ratio_of_means(&[2.0; 3], &[3.0; 3]);
        assert_eq!((same.low, same.median, same.high), (1.5, 1.5, 1.5));
        assert_eq!(ratio_of_means(&[0.0], &[0.0]).median, 1.0);
        assert_eq!(estimate_mean(&ours).median, 4.0);
    }

    #[test]
    fn more_pairs_give_a_narrower_interval() {
        let spread = |n: usize| {
            let values: Vec<f64> = (0..n).map(|i| 2.0 + (i % 5) as f64 * 0.1).collect();
            let e = estimate(&values);
            e.high - e.low
        };
        assert!(spread(200) < spread(5));
    }

    #[test]
    fn the_geometric_mean_obeys_weights() {
        let mean = weighted_geometric_mean([(4.0, 1.0), (1.0, 1.0)]).unwrap();
        assert!((mean - 2.0).abs() < 1e-12);
        let mean = weighted_geometric_mean([(8.0, 1.0), (1.0, 2.0), (f64::INFINITY, 0.0)]).unwrap();
        assert!((mean - 2.0).abs() < 1e-12);
        assert_eq!(weighted_geometric_mean([(3.0, 0.0)]), None);
    }
}
