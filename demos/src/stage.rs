//! **What does a program of the course need besides its runtime?** Somewhere to
//! speak, a pace for its waits, dice that fall alike on every runtime, and
//! somebody to note what it found. That is a [`Stage`]: cheap to clone, so that
//! every task can have one, and ignorant of runtimes.
//!
//! **Pace.** `--time-scale F` multiplies each wait by F. A wait below a millisecond
//! would measure the timer and no longer the program, so from there on it is the
//! number of waits that shrinks: [`Stage::many`]. Work that waits for nothing is as
//! much work times F: [`Stage::work`].
//!
//! **Dice.** The rests of producer n are drawn from the seed and n alone, never
//! from the order in which tasks run, and so are the same on each runtime.

use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::catalogue::{Demo, Program};
use crate::console::{Console, Voice};
use crate::lock::lock;
use crate::machine;
use crate::picture::Picture;
use crate::report::{Check, Measured, Sample, Spread, Status, UnderLoad};
use crate::wishes::Wishes;

/// What every run of one command has in common.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) time_scale: f64,
    pub(crate) seed: u64,
    pub(crate) items: u64,
    /// What was asked of single demos.
    #[serde(flatten)]
    pub(crate) wishes: Wishes,
}

/// How many threads the loop is to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Threads {
    One,
    PerCore,
}

const MILLISECOND: Duration = Duration::from_millis(1);

/// `--time-scale` for one demo: what waits are multiplied by, and what their
/// number is. The product is the scale that was asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Pace {
    waits_by: f64,
    number_by: f64,
}

impl Pace {
    fn new(scale: f64, shortest: Option<Duration>) -> Self {
        match shortest.map(|wait| MILLISECOND.div_duration_f64(wait)) {
            Some(floor) if scale < floor => Self {
                waits_by: floor,
                number_by: scale / floor,
            },
            _ => Self {
                waits_by: scale,
                number_by: 1.0,
            },
        }
    }
}

/// The stage on which one program runs once.
#[derive(Clone)]
pub(crate) struct Stage(Arc<Set>);

struct Set {
    threads: Threads,
    pace: Pace,
    settings: Settings,
    decimals: usize,
    console: Arc<Console>,
    stolen_before: Duration,
    notes: Mutex<Notes>,
}

/// What the program said and found.
#[derive(Default)]
struct Notes {
    lines: Vec<(Voice, String)>,
    took: Option<Duration>,
    items: Option<u64>,
    latencies: Vec<Duration>,
    /// Of messages that somebody else has timed.
    spread: Option<Spread>,
    under_load: Option<UnderLoad>,
    /// Where it is not that of this whole process.
    cpu: Option<Duration>,
    checks: Vec<Check>,
    pictures: Vec<Picture>,
}

impl Notes {
    fn latency(&self) -> Option<Spread> {
        if self.spread.is_some() {
            return self.spread;
        }
        Spread::of(self.latencies.iter().map(Duration::as_secs_f64).collect())
    }
}

impl Stage {
    pub(crate) fn new(
        program: Program,
        threads: Threads,
        settings: Settings,
        console: Arc<Console>,
    ) -> Self {
        let demo = program.demo();
        let pace = Pace::new(settings.time_scale, demo.chapter().shortest_wait);
        let decimals = match demo {
            Demo::Loop | Demo::Files | Demo::Compute => 4,
            Demo::Unsync => 3,
            _ => 2 + (-pace.waits_by.log10()).ceil().max(0.0) as usize,
        };
        Self(Arc::new(Set {
            threads,
            pace,
            settings,
            decimals,
            console,
            stolen_before: machine::stolen(),
            notes: Mutex::default(),
        }))
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        lock(&self.0.notes)
    }

    // Somewhere to speak.

    pub(crate) fn plain(&self, line: impl Display) {
        self.say(Voice::Plain, &line);
    }

    /// Start and exit.
    pub(crate) fn white(&self, line: impl Display) {
        self.say(Voice::White, &line);
    }

    /// What was produced.
    pub(crate) fn yellow(&self, line: impl Display) {
        self.say(Voice::Yellow, &line);
    }

    /// What was consumed.
    pub(crate) fn cyan(&self, line: impl Display) {
        self.say(Voice::Cyan, &line);
    }

    /// What went wrong.
    pub(crate) fn red(&self, line: impl Display) {
        self.say(Voice::Red, &line);
    }

    pub(crate) fn say(&self, voice: Voice, line: &dyn Display) {
        let line = line.to_string();
        // Noted under the lock that is held while it is shown: one order for both.
        let mut notes = self.notes();
        self.0.console.line(voice, &line);
        notes.lines.push((voice, line));
    }

    /// Whether anybody may hear what is said, while it is said.
    pub(crate) fn is_heard(&self) -> bool {
        !self.0.console.is_mute()
    }

    /// Shows, where a person looks, that so many things are to be done.
    pub(crate) fn expect(&self, steps: u64) {
        self.0.console.measure(steps);
    }

    /// One of them is done.
    pub(crate) fn advance(&self) {
        self.0.console.advance();
    }

    /// Whether what was said so far begins with these lines.
    pub(crate) fn said<const N: usize>(&self, lines: [&str; N]) -> bool {
        let notes = self.notes();
        notes.lines.len() >= N
            && notes
                .lines
                .iter()
                .zip(lines)
                .all(|((_, said), line)| said == line)
    }

    /// A time as the course prints it: hundredths, and finer where waits were scaled.
    pub(crate) fn seconds(&self, time: Duration) -> String {
        format!("{:.*}", self.0.decimals, time.as_secs_f64())
    }

    /// `500,000`.
    pub(crate) fn thousands(&self, number: u64) -> String {
        thousands(number)
    }

    // A pace, and dice.

    pub(crate) fn threads(&self) -> Threads {
        self.0.threads
    }

    /// A wait of the course, at this run's pace.
    pub(crate) fn wait(&self, wait: Duration) -> Duration {
        wait.mul_f64(self.0.pace.waits_by)
    }

    /// How many of `number` waits there are at this run's pace: all, unless they
    /// would be shorter than a millisecond; never none.
    pub(crate) fn many(&self, number: u64) -> u64 {
        ((number as f64 * self.0.pace.number_by).round() as u64).max(1)
    }

    /// How much of some work there is at this run's pace, where nothing waits: never
    /// none.
    pub(crate) fn work(&self, amount: u64) -> u64 {
        ((amount as f64 * self.0.settings.time_scale).round() as u64).max(1)
    }

    /// A wait that is far from the chapter's shortest, at this run's pace: never below a
    /// millisecond.
    pub(crate) fn long_wait(&self, wait: Duration) -> Duration {
        wait.mul_f64(self.0.settings.time_scale).max(MILLISECOND)
    }

    /// How many items `loop` sends.
    pub(crate) fn items(&self) -> u64 {
        self.0.settings.items
    }

    /// What was asked of single demos.
    pub(crate) fn wishes(&self) -> &Wishes {
        &self.0.settings.wishes
    }

    /// What a bound on elapsed time forgives: a machine busy with other things, and all
    /// that was stolen from it meanwhile; much more in a build that is not optimized, for
    /// tests run many at a time, and under sanitizers.
    pub(crate) fn slack(&self) -> Duration {
        let busy = if cfg!(debug_assertions) { 5_000 } else { 500 };
        let stolen = machine::stolen().saturating_sub(self.0.stolen_before);
        Duration::from_millis(busy) + stolen
    }

    /// The dice of one worker.
    pub(crate) fn dice(&self, seat: u64) -> Dice {
        let mut dice = Dice::new(self.0.settings.seed);
        for _ in 0..seat {
            dice = Dice::new(dice.next());
        }
        dice
    }

    /// The random rests of one producer: 0.5 to 1.5 s each.
    pub(crate) fn random_rests(&self, seat: u64) -> Rests {
        Rests {
            dice: self.dice(seat),
            by: self.0.pace.waits_by,
            sum: Duration::ZERO,
        }
    }

    // Somebody to note what was found.

    /// The time that stands in the table.
    pub(crate) fn took(&self, time: Duration) {
        self.notes().took = Some(time);
    }

    /// The CPU time of that time, where more was done than is to be measured.
    pub(crate) fn used(&self, cpu: Duration) {
        self.notes().cpu = Some(cpu);
    }

    /// The latencies of items that somebody else has timed.
    pub(crate) fn latencies(&self, least: Duration, median: Duration, most: Duration) {
        let [min, median, max] = [least, median, most].map(|time| time.as_secs_f64());
        self.notes().spread = Some(Spread { min, median, max });
    }

    /// How it fared with requests that arrived at a fixed rate.
    pub(crate) fn under_load(&self, load: UnderLoad) {
        self.notes().under_load = Some(load);
    }

    /// How many items the time was spent on: the table shows the time of each.
    pub(crate) fn processed(&self, items: u64) {
        self.notes().items = Some(items);
    }

    /// Notes how long ago an item was made, now that it is taken; in the course's
    /// words for the log.
    pub(crate) fn latency(&self, made: Instant) -> String {
        let latency = made.elapsed();
        self.notes().latencies.push(latency);
        self.seconds(latency)
    }

    pub(crate) fn shortest_latency(&self) -> Duration {
        self.notes()
            .latencies
            .iter()
            .copied()
            .min()
            .unwrap_or_default()
    }

    pub(crate) fn longest_latency(&self) -> Duration {
        self.notes()
            .latencies
            .iter()
            .copied()
            .max()
            .unwrap_or_default()
    }

    /// One line on all of them.
    pub(crate) fn say_latencies(&self) {
        let spread = self.notes().latency();
        if let Some(Spread { min, median, max }) = spread {
            let [min, median, max] =
                [min, median, max].map(|s| self.seconds(Duration::from_secs_f64(s)));
            self.plain(format_args!(
                "Latency per item: min {min}, median {median}, max {max} sec."
            ));
        }
    }

    /// A claim of the course, and whether it held in this run.
    pub(crate) fn check(&self, claim: &str, holds: bool) {
        self.notes().checks.push(Check {
            claim: claim.to_owned(),
            holds,
        });
    }

    /// A picture of what was done or found.
    pub(crate) fn draw(&self, picture: Picture) {
        self.notes().pictures.push(picture);
    }

    /// Everything noted, once the program has ended.
    pub(crate) fn measured(&self, cpu_s: f64, peak_bytes: Option<u64>) -> Measured {
        let notes = std::mem::take(&mut *self.notes());
        let latency_s = notes.latency();
        let failed = notes.took.is_none() || notes.checks.iter().any(|check| !check.holds);
        Measured {
            status: if failed { Status::Failed } else { Status::Done },
            note: None,
            lines: notes.lines,
            items: notes.items,
            checks: notes.checks,
            pictures: notes.pictures,
            sample: notes.took.map(|took| Sample {
                wall_s: took.as_secs_f64(),
                cpu_s: notes.cpu.map_or(cpu_s, |cpu| cpu.as_secs_f64()),
                items: notes.items,
                peak_bytes,
                latency_s,
                under_load: notes.under_load,
            }),
        }
    }
}

/// One producer's rests.
pub(crate) struct Rests {
    dice: Dice,
    by: f64,
    sum: Duration,
}

impl Rests {
    /// `random.random() + .5` seconds, at the run's pace.
    pub(crate) fn draw(&mut self) -> Duration {
        let rest = Duration::from_secs_f64((self.dice.unit() + 0.5) * self.by);
        self.sum += rest;
        rest
    }

    /// All that were drawn so far.
    pub(crate) fn sum(&self) -> Duration {
        self.sum
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): every seed gives a good sequence.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// In `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// `500,000`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_shrink_down_to_a_millisecond_and_then_their_number_does() {
        let half = Some(Duration::from_millis(500));
        assert_eq!(
            Pace::new(1.0, half),
            Pace {
                waits_by: 1.0,
                number_by: 1.0
            }
        );
        assert_eq!(
            Pace::new(0.002, half),
            Pace {
                waits_by: 0.002,
                number_by: 1.0
            }
        );
        assert_eq!(
            Pace::new(0.001, half),
            Pace {
                waits_by: 0.002,
                number_by: 0.5
            }
        );
        assert_eq!(
            Pace::new(0.001, None),
            Pace {
                waits_by: 0.001,
                number_by: 1.0
            }
        );
    }

    #[test]
    fn each_producer_draws_the_same_rests_again() {
        let stage = |seed| {
            let settings = Settings {
                time_scale: 1.0,
                seed,
                items: 2,
                wishes: Wishes::usual(1.0),
            };
            Stage::new(
                Program::TwoProducers,
                Threads::One,
                settings,
                Arc::new(Console::new(true)),
            )
        };
        let draw = |seed, seat| {
            let mut rests = stage(seed).random_rests(seat);
            (0..5).map(|_| rests.draw()).collect::<Vec<_>>()
        };
        assert_eq!(draw(7, 1), draw(7, 1));
        assert_ne!(draw(7, 0), draw(7, 1));
        assert_ne!(draw(7, 0), draw(8, 0));
        let bounds = Duration::from_millis(500)..Duration::from_millis(1500);
        assert!(draw(7, 0).iter().all(|rest| bounds.contains(rest)));
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(
            ["2", "999", "1,000", "500,000", "1,000,000"].map(str::to_owned),
            [2, 999, 1000, 500_000, 1_000_000].map(thousands)
        );
    }
}
