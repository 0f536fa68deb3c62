//! **What do a few runs say?** Their median and spread; and against another
//! program the median of *paired* ratios: run i against run i, which the machine
//! served at about the same time, so that its slow drift cancels out.
//!
//! The interval is a percentile bootstrap of that median (Efron 1979), with its own
//! dice: the same runs give the same interval.

use serde::Serialize;

use crate::stage::Dice;

/// `None` for no values.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        n if n % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

/// How much faster one contender is than another.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Ratio {
    pub(crate) median: f64,
    /// The 95 % interval of the median; absent below five pairs.
    pub(crate) interval: Option<[f64; 2]>,
}

/// The speed of `ours` in units of `theirs`, pair by pair.
pub(crate) fn paired_ratio(theirs: &[f64], ours: &[f64]) -> Option<Ratio> {
    let ratios: Vec<f64> = theirs.iter().zip(ours).map(|(t, o)| t / o).collect();
    let median = median(ratios.clone())?;
    Some(Ratio {
        median,
        interval: (ratios.len() >= 5).then(|| bootstrap(&ratios)),
    })
}

fn bootstrap(values: &[f64]) -> [f64; 2] {
    const RESAMPLES: usize = 2_000;
    let mut dice = Dice::new(1979);
    let mut pick = || values[(dice.unit() * values.len() as f64) as usize];
    let mut medians: Vec<f64> = (0..RESAMPLES)
        .filter_map(|_| median(values.iter().map(|_| pick()).collect()))
        .collect();
    medians.sort_by(f64::total_cmp);
    [
        medians[RESAMPLES / 40],
        medians[RESAMPLES - 1 - RESAMPLES / 40],
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0]), Some(2.5));
    }

    #[test]
    fn pairs_cancel_what_slows_both() {
        let theirs = [2.0, 4.0, 20.0, 2.0, 6.0];
        let ours = [1.0, 2.0, 10.0, 1.0, 3.0];
        let ratio = paired_ratio(&theirs, &ours).expect("five pairs");
        assert_eq!((ratio.median, ratio.interval), (2.0, Some([2.0, 2.0])));
    }

    #[test]
    fn the_interval_holds_the_median_and_stays_within_the_ratios() {
        let theirs = [1.0, 1.1, 1.2, 1.3, 1.4, 9.0];
        let ratio = paired_ratio(&theirs, &[1.0; 6]).expect("six pairs");
        let [low, high] = ratio.interval.expect("six pairs");
        assert!(1.0 <= low && low <= ratio.median && ratio.median <= high && high <= 9.0);
    }

    #[test]
    fn too_few_pairs_have_no_interval() {
        assert!(
            paired_ratio(&[1.0; 4], &[1.0; 4])
                .expect("four pairs")
                .interval
                .is_none()
        );
        assert!(paired_ratio(&[], &[1.0]).is_none());
    }
}
