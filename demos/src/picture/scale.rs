//! **Where does a number stand on an axis, and which numbers are written beside it?** A
//! [`Scale`] maps numbers to the axis' length, 0 to 1, and chooses its ticks: round
//! numbers, no more than there is room for.

use super::{Spacing, Unit};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    spacing: Spacing,
    from: f64,
    to: f64,
}

impl Scale {
    /// One on which all these numbers stand, with a little room above the greatest.
    pub(crate) fn over(numbers: impl Iterator<Item = f64> + Clone, spacing: Spacing) -> Self {
        let greatest = numbers.clone().fold(0.0, f64::max);
        let greatest = if greatest > 0.0 { greatest } else { 1.0 };
        match spacing {
            Spacing::Linear => Self {
                spacing,
                from: 0.0,
                to: greatest * 1.05,
            },
            Spacing::Log => {
                // A logarithmic axis has no place for nothing.
                let least = numbers.filter(|&n| n > 0.0).fold(greatest, f64::min);
                Self {
                    spacing,
                    from: least / 1.3,
                    to: greatest * 1.3,
                }
            }
        }
    }

    /// From 0 at its beginning to 1 at its end.
    pub(crate) fn place(&self, number: f64) -> f64 {
        let place = match self.spacing {
            Spacing::Linear => (number - self.from) / (self.to - self.from),
            Spacing::Log => (number.max(self.from) / self.from).ln() / (self.to / self.from).ln(),
        };
        place.clamp(0.0, 1.0)
    }

    /// At most so many round numbers on it, at even distances; whole ones for counts.
    pub(crate) fn ticks(&self, most: usize, unit: Unit) -> Vec<f64> {
        let tens = |exponent| 10f64.powi(exponent);
        if self.spacing == Spacing::Log {
            let exponents = self.from.log10().floor() as i32..=self.to.log10().ceil() as i32;
            let among = |digits: &[f64]| -> Vec<f64> {
                let all = exponents
                    .clone()
                    .flat_map(|e| digits.iter().map(move |d| d * tens(e)));
                all.filter(|n| (self.from..=self.to).contains(n)).collect()
            };
            let choices: [&[f64]; 3] = [&[1.0, 2.0, 5.0], &[1.0, 3.0], &[1.0]];
            let fits = choices
                .map(among)
                .into_iter()
                .find(|ticks| ticks.len() <= most);
            if let Some(ticks) = fits.filter(|ticks| ticks.len() > 1) {
                return ticks;
            }
        }
        let mut step = tens(((self.to - self.from) / most as f64).log10().floor() as i32);
        if unit == Unit::Count {
            step = step.max(1.0);
        }
        let factors = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0].into_iter();
        let all = |step: f64| -> Vec<f64> {
            let first = (self.from / step).ceil() as i64;
            let last = (self.to / step).floor() as i64;
            (first..=last).map(|n| n as f64 * step).collect()
        };
        let mut steps = factors.map(|factor| all(step * factor));
        steps.find(|ticks| ticks.len() <= most).unwrap_or_default()
    }
}

/// A number as it stands at a tick: no more digits than it has.
pub(crate) fn label(number: f64, unit: Unit) -> String {
    let short = |number: f64, decimals: usize| {
        let text = format!("{number:.decimals$}");
        match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
            false => text,
        }
    };
    match unit {
        Unit::Count if number < 10.0 => short(number, 2),
        Unit::Count => crate::stage::thousands(number.round() as u64),
        Unit::Times if number <= 0.0 => "0".to_owned(),
        Unit::Times => format!("{}×", short(number, 1)),
        Unit::Seconds if number <= 0.0 => "0".to_owned(),
        Unit::Seconds if number >= 0.999_5 => format!("{} s", short(number, 2)),
        Unit::Seconds if number >= 0.999_5e-3 => format!("{} ms", short(number * 1e3, 1)),
        Unit::Seconds => format!("{} µs", short(number * 1e6, 0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(numbers: &[f64], spacing: Spacing) -> Scale {
        Scale::over(numbers.iter().copied(), spacing)
    }

    #[test]
    fn ticks_are_round_and_few() {
        let scale = over(&[0.3, 1.08], Spacing::Linear);
        assert_eq!(scale.ticks(3, Unit::Seconds), [0.0, 0.5, 1.0]);
        let scale = over(&[1.0, 4.0], Spacing::Linear);
        assert_eq!(scale.ticks(9, Unit::Count), [0.0, 1.0, 2.0, 3.0, 4.0]);
        let scale = over(&[3.0, 384.0], Spacing::Log);
        assert_eq!(scale.ticks(5, Unit::Count), [3.0, 10.0, 30.0, 100.0, 300.0]);
        assert_eq!(scale.ticks(2, Unit::Count), [10.0, 100.0]);
    }

    #[test]
    fn whatever_is_measured_there_are_ticks_and_never_too_many() {
        for spacing in [Spacing::Linear, Spacing::Log] {
            for least in [1e-6, 0.004, 0.3, 1.0, 700.0] {
                for factor in [1.0, 1.1, 2.0, 50.0, 1e4] {
                    let scale = over(&[least, least * factor], spacing);
                    let ticks = scale.ticks(6, Unit::Seconds);
                    let case = format!("{spacing:?} {least} {factor}: {ticks:?}");
                    assert!((1..=6).contains(&ticks.len()), "{case}");
                    assert!(ticks.is_sorted_by(|a, b| a < b), "{case}");
                    assert!(scale.place(least) < 1.0 && scale.place(least * factor) > 0.0);
                }
            }
        }
    }

    #[test]
    fn places_go_from_beginning_to_end() {
        let scale = over(&[1.0, 100.0], Spacing::Log);
        let [a, b, c] = [1.0, 10.0, 100.0].map(|n| scale.place(n));
        assert!(0.0 < a && ((b - a) - (c - b)).abs() < 1e-9 && c < 1.0);
        assert_eq!(scale.place(0.0), 0.0);
        assert_eq!(over(&[], Spacing::Linear).place(0.0), 0.0);
    }

    #[test]
    fn labels_have_no_idle_digits() {
        let seconds = [0.0, 1.0, 2.5, 0.05, 0.000_2].map(|s| label(s, Unit::Seconds));
        assert_eq!(seconds, ["0", "1 s", "2.5 s", "50 ms", "200 µs"]);
        assert_eq!(label(1000.0, Unit::Count), "1,000");
        assert_eq!(label(1.5, Unit::Times), "1.5×");
        assert_eq!(label(10.0, Unit::Times), "10×");
    }
}
