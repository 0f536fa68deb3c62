//! **How many answers come in a second, and how sure is that?** As many as come between
//! the first quarter of all answers and the third: neither the wait for the first nor
//! that for the last is in it.
//!
//! Answers come unevenly, and so the two moments could have been a little earlier or
//! later. By how much, the answers between them tell: they are scattered around the
//! straight line of an even pace, and twice the scatter of both ends together, as a
//! share of the time between them, is the uncertainty (95 %, were the scatter normal). A
//! few dozen requests leave some per cent of it, a thousand next to none. It says how well
//! one run knows its own pace; what differs from run to run, several runs show.
//!
//! The line is found as the answers come, by sums (Welford 1962): none of them is kept.

use std::time::Instant;

/// Fewer answers than this have no scatter to speak of.
const FEW: u64 = 8;

pub(super) struct Pace {
    /// After how many answers a quarter of them is there, and three.
    quarters: [u64; 2],
    seen: u64,
    from: Option<Instant>,
    to: Option<Instant>,
    line: Line,
}

/// Answers a second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    pub(super) each_second: f64,
    /// As a share of it, either way.
    pub(super) uncertainty: Option<f64>,
}

impl Pace {
    pub(super) fn of(requests: u64) -> Self {
        let first = (requests / 4).max(1);
        Self {
            quarters: [first, requests - first],
            seen: 0,
            from: None,
            to: None,
            line: Line::default(),
        }
    }

    pub(super) fn answered(&mut self, at: Instant) {
        self.seen += 1;
        let [first, third] = self.quarters;
        if (first..=third).contains(&self.seen) {
            let from = *self.from.get_or_insert(at);
            self.line.add((at - from).as_secs_f64());
            self.to = (self.seen == third).then_some(at);
        }
    }

    /// `None` if there were too few answers, or all came at once.
    pub(super) fn rate(&self) -> Option<Rate> {
        let [first, third] = self.quarters;
        let seconds = (self.to? - self.from?).as_secs_f64();
        let answers = third - first;
        (seconds > 0.0).then(|| Rate {
            each_second: answers as f64 / seconds,
            uncertainty: (answers >= FEW)
                .then(|| 1.96 * std::f64::consts::SQRT_2 * self.line.scatter() / seconds),
        })
    }
}

/// The straight line through values that are numbered as they come.
#[derive(Default)]
struct Line {
    values: f64,
    mean_number: f64,
    mean: f64,
    /// Sums of squared distances from the means, and of their product.
    numbers_apart: f64,
    apart: f64,
    together: f64,
}

impl Line {
    fn add(&mut self, value: f64) {
        let number = self.values;
        self.values += 1.0;
        let (number_off, off) = (number - self.mean_number, value - self.mean);
        self.mean_number += number_off / self.values;
        self.mean += off / self.values;
        self.numbers_apart += number_off * (number - self.mean_number);
        self.apart += off * (value - self.mean);
        self.together += number_off * (value - self.mean);
    }

    /// The standard deviation of the values from the line.
    fn scatter(&self) -> f64 {
        let along = self.together * self.together / self.numbers_apart;
        ((self.apart - along).max(0.0) / (self.values - 2.0)).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn rate(answers: impl ExactSizeIterator<Item = f64>) -> Rate {
        let mut pace = Pace::of(answers.len() as u64);
        let began = Instant::now();
        for seconds in answers {
            pace.answered(began + Duration::from_secs_f64(seconds));
        }
        pace.rate().expect("answers")
    }

    #[test]
    fn what_comes_evenly_is_certain() {
        let even = rate((0..100).map(|number| 7.0 + f64::from(number) / 25.0));
        assert!((even.each_second - 25.0).abs() < 1e-6, "{even:?}");
        assert!(even.uncertainty.expect("enough") < 1e-6, "{even:?}");
    }

    #[test]
    fn the_wait_before_the_first_and_the_last_is_not_in_it() {
        let middle = |number: u32| f64::from(number) / 10.0;
        let late = |number: u32| if number < 90 { 0.0 } else { 1000.0 };
        let rate = rate((0..100).map(|number| middle(number) + late(number)));
        assert!((rate.each_second - 10.0).abs() < 1e-6, "{rate:?}");
    }

    #[test]
    fn what_comes_in_pairs_is_as_uncertain_as_they_are_apart() {
        // Two by two, 0.2 s apart: each is off the line by 0.05 s, one way or the other.
        let pairs = rate((0..200).map(|number: u32| f64::from(number / 2) / 5.0));
        let expected = 1.96 * std::f64::consts::SQRT_2 * 0.05 / 10.0;
        let uncertainty = pairs.uncertainty.expect("enough");
        assert!((uncertainty / expected - 1.0).abs() < 0.05, "{pairs:?}");
        assert!((pairs.each_second / 10.0 - 1.0).abs() <= uncertainty);
    }

    #[test]
    fn a_few_answers_have_a_rate_and_no_uncertainty() {
        let few = rate((0..12).map(f64::from));
        assert!((few.each_second - 1.0).abs() < 1e-6);
        assert!(few.uncertainty.is_none());
    }

    #[test]
    fn where_answers_are_missing_or_all_at_once_there_is_no_rate() {
        let now = Instant::now();
        let mut pace = Pace::of(100);
        (0..74).for_each(|_| pace.answered(now));
        assert!(pace.rate().is_none());
        (0..26).for_each(|_| pace.answered(now));
        assert!(pace.rate().is_none());
    }
}
