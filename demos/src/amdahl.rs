//! **How much faster can a job become?** The part of it that must be done in order stays,
//! however many hands there are: with a share `s` that can be concurrent and `n` hands, it
//! takes `1 - s + s/n` of its time, and so is never faster than `1 / (1 - s)` (Amdahl,
//! *Validity of the single processor approach*, 1967).
//!
//! Here is what the programs of `upper-bound` have in common: the [`Job`], of whose parts
//! each program decides how they are run; and the measurement, for each share and each
//! number of hands: computing, the best of a few repeats; a wait needs none.
//!
//! **Pace.** Labour and waits are scaled alike. Where the shortest wait would go below a
//! millisecond, it is the number of repeats that shrinks.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread::available_parallelism;
use std::time::Duration;

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::labour::{self, labour};
use crate::perform::cpu_time;
use crate::picture::{Axis, Curves, Drawn, Picture, Series, Spacing, Unit};
use crate::stage::Stage;
use crate::table::duration;

/// What `upper-bound` can be told.
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
#[command(next_help_heading = "What to measure")]
pub(crate) struct Shares {
    /// Which shares of the job can be concurrent, from 0 to 1, by comma [default: 0.5,0.8,0.95]
    #[arg(long = "share", value_name = "SHARES", value_delimiter = ',', default_values_t = Shares::usual().shares, hide_default_value = true, value_parser = share)]
    pub(crate) shares: Vec<f64>,
}

impl Shares {
    /// What is meant where nothing is said.
    pub(crate) fn usual() -> Self {
        Self {
            shares: vec![0.5, 0.8, 0.95],
        }
    }
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("a number from 0 to 1".to_owned()),
    }
}

/// What one thread computes in at the course's pace, about.
const LABOUR: Duration = Duration::from_millis(200);
/// What waits take in a row at the course's pace.
const WAITS: Duration = Duration::from_millis(500);
/// How many waits there are at once, in turn.
const AT_ONCE: [u64; 4] = [1, 2, 4, 8];
/// The shortest wait, of the usual shares.
pub(crate) const SHORTEST: Duration = WAITS.checked_div(16).expect("not by zero");

/// A job, of which a share can be concurrent.
#[derive(Clone)]
pub(crate) struct Job {
    share: f64,
    whole: Duration,
    gauge: Arc<Gauge>,
}

/// How many pieces are under way at once, now and at most.
#[derive(Default)]
struct Gauge {
    now: AtomicU64,
    most: AtomicU64,
}

/// A piece that is under way.
pub(crate) struct UnderWay(Arc<Gauge>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Relaxed);
    }
}

impl Job {
    fn new(share: f64, whole: Duration) -> Self {
        Self {
            share,
            whole,
            gauge: Arc::default(),
        }
    }

    /// Computes what must come first, alone.
    pub(crate) fn first(&self) -> u64 {
        labour(0..self.alone())
    }

    /// Computes one piece of `of` of the rest; all sums together are those of one thread.
    pub(crate) fn piece(&self, at: u64, of: u64) -> u64 {
        let _under_way = self.under_way();
        let (alone, all) = (self.alone(), labour::steps(self.whole));
        let border = |at| alone + (all - alone) * at / of;
        labour(border(at)..border(at + 1))
    }

    /// A piece of it is under way until this is dropped.
    pub(crate) fn under_way(&self) -> UnderWay {
        let at_once = self.gauge.now.fetch_add(1, Relaxed) + 1;
        self.gauge.most.fetch_max(at_once, Relaxed);
        UnderWay(self.gauge.clone())
    }

    fn alone(&self) -> u64 {
        (labour::steps(self.whole) as f64 * (1.0 - self.share)) as u64
    }

    /// The wait that must come first.
    pub(crate) fn first_wait(&self) -> Duration {
        self.whole.mul_f64(1.0 - self.share)
    }

    /// One of the `of` waits of the rest.
    pub(crate) fn piece_wait(&self, of: u64) -> Duration {
        self.whole.mul_f64(self.share / of as f64)
    }
}

/// How many times as fast a job is at most.
fn bound(share: f64, hands: f64) -> f64 {
    1.0 / (1.0 - share + share / hands)
}

fn cores() -> u64 {
    available_parallelism().map_or(1, |cores| cores.get() as u64)
}

/// From one to all cores; of many cores, not every number.
fn hands(cores: u64) -> Vec<u64> {
    let some = |n: &u64| {
        *n <= 4 || cores <= 8 || *n == cores || {
            let power = n.next_power_of_two();
            *n == power || *n == power / 4 * 3
        }
    };
    (1..=cores).filter(some).collect()
}

/// A number of hands, the least time that the job took, and its CPU time.
struct Point {
    hands: u64,
    least: Duration,
    cpu: Duration,
}

impl Point {
    fn used(&self) -> f64 {
        let machine = self.least.as_secs_f64() * cores() as f64;
        (self.cpu.as_secs_f64() / machine).min(1.0)
    }
}

/// Runs a job in so many rounds for each number of hands; the best of them count.
fn points(
    hands: &[u64],
    rounds: u64,
    mut run: impl FnMut(u64) -> io::Result<Duration>,
) -> io::Result<Vec<Point>> {
    let mut points: Vec<Point> = Vec::new();
    // In turn, so that what slows the machine slows all numbers of hands.
    for round in 0..rounds {
        for (at, &hands) in hands.iter().enumerate() {
            let before = cpu_time();
            let took = run(hands)?;
            let cpu = cpu_time().saturating_sub(before);
            let point = Point {
                hands,
                least: took,
                cpu,
            };
            if round == 0 {
                points.push(point);
            } else if took < points[at].least {
                points[at] = point;
            }
        }
    }
    Ok(points)
}

fn speedup(points: &[Point], point: &Point) -> f64 {
    points[0].least.as_secs_f64() / point.least.as_secs_f64()
}

fn say(stage: &Stage, share: f64, hand: &str, points: &[Point], computing: bool) {
    let percent = share * 100.0;
    stage.white(match share < 1.0 {
        true => format!(
            "{percent:.0} % of the job can be concurrent: never more than {:.1} times as fast.",
            bound(share, f64::INFINITY)
        ),
        false => "All of the job can be concurrent.".to_owned(),
    });
    for point in points {
        let s = if point.hands == 1 { " " } else { "s" };
        let took = duration(point.least.as_secs_f64());
        let (fast, most) = (speedup(points, point), bound(share, point.hands as f64));
        let of_machine = match computing {
            true => format!("; {:.0} % of this machine", point.used() * 100.0),
            false => String::new(),
        };
        stage.cyan(format_args!(
            "  {:>2} {hand}{s}  {took}  {fast:.2} times as fast (bound: {most:.2}){of_machine}",
            point.hands
        ));
    }
}

/// What stands in the table: the last job's, with the most hands.
fn note(stage: &Stage, points: &[Point]) {
    let last = points.last().expect("there are some");
    stage.took(last.least);
    stage.used(last.cpu);
}

fn draw(stage: &Stage, title: &str, hand: &str, furthest: u64, measured: Vec<[f64; 2]>) {
    let mut series: Vec<Series> = Vec::new();
    for &share in &stage.wishes().shares.shares {
        let name = format!("{:.0} %", share * 100.0);
        let at = |step: u64| 1.0 + (furthest - 1) as f64 * step as f64 / 48.0;
        let points = (0..=48).map(|step| [at(step), bound(share, at(step))]);
        series.push(Series::new(&name, Drawn::Bound, points.collect()));
    }
    series.push(Series::new("", Drawn::Marks, measured));
    stage.draw(Picture::Curves(Curves {
        title: title.to_owned(),
        x: Axis::new(hand, Unit::Count, Spacing::Linear),
        y: Axis::new(
            "times as fast as one; dotted, the bound where so much can be concurrent",
            Unit::Times,
            Spacing::Linear,
        ),
        series,
    }));
}

/// Measures how a program computes the job on one thread, two, up to as many as there
/// are cores; `threads` of those it has, or only one. It tells how long it took and the
/// sum.
///
/// # Errors
///
/// The program's.
pub(crate) fn computing(
    stage: &Stage,
    threads: impl Fn(u64) -> u64,
    mut run: impl FnMut(&Job, u64) -> io::Result<(Duration, u64)>,
) -> io::Result<()> {
    let (whole, hands) = (stage.wait(LABOUR), hands(cores()));
    let mut marks = Vec::new();
    let (mut alike, mut never_more, mut at_once) = (true, true, 1);
    for &share in &stage.wishes().shares.shares {
        let sum = labour(0..labour::steps(whole));
        let points = points(&hands, stage.many(3), |hands| {
            let job = Job::new(share, whole);
            let (took, found) = run(&job, hands)?;
            alike &= found == sum;
            let most = job.gauge.most.load(Relaxed);
            never_more &= most <= threads(hands);
            at_once = at_once.max(most);
            Ok(took)
        })?;
        say(stage, share, "thread", &points, true);
        let mark = |point: &Point| [point.hands as f64, speedup(&points, point)];
        marks.extend(points.iter().map(mark));
        note(stage, &points);
    }
    let (cores, s) = (cores(), if cores() == 1 { "" } else { "s" });
    stage.plain(format_args!(
        "One thread of this machine's {cores} core{s}: {:.0} %. Of the course's 12: 8 %.",
        100.0 / cores as f64
    ));
    let title = "Computing: how much faster on more threads";
    let furthest = (2 * cores).max(4);
    draw(
        stage,
        title,
        "threads, or tasks on one thread",
        furthest,
        marks,
    );

    stage.check("the result is the same however it is divided", alike);
    stage.check("no more ran at once than there were threads", never_more);
    // A second core that has other things to do may come after a short job is over.
    let long = stage.wait(LABOUR) >= Duration::from_millis(50);
    let halves = stage.wishes().shares.shares.iter().any(|&s| s >= 0.5);
    if threads(2) > 1 && cores > 1 && long && halves {
        stage.check("pieces were computed at once", at_once > 1);
    }
    Ok(())
}

/// Measures how a program waits: once, twice at once, up to eight times. It tells how
/// long it took.
///
/// # Errors
///
/// The program's.
pub(crate) fn waiting(
    stage: &Stage,
    mut run: impl FnMut(&Job, u64) -> io::Result<Duration>,
) -> io::Result<()> {
    let whole = stage.wait(WAITS);
    let mut marks = Vec::new();
    let (mut never_faster, mut at_once) = (true, 0);
    for &share in &stage.wishes().shares.shares {
        let points = points(&AT_ONCE, 1, |hands| {
            let job = Job::new(share, whole);
            let took = run(&job, hands)?;
            never_faster &= took >= job.first_wait() + job.piece_wait(hands);
            at_once = at_once.max(job.gauge.most.load(Relaxed));
            Ok(took)
        })?;
        say(stage, share, "wait", &points, false);
        let mark = |point: &Point| [point.hands as f64, speedup(&points, point)];
        marks.extend(points.iter().map(mark));
        note(stage, &points);
    }
    let title = "Waiting: how much faster with more waits at once";
    draw(stage, title, "waits at once", AT_ONCE[3], marks);
    stage.check("no run was faster than its bound", never_faster);
    if stage.wishes().shares.shares.iter().any(|&s| s >= 0.5) {
        stage.check("waits go by at once", at_once > 1);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_amdahls() {
        assert_eq!(bound(0.5, 1.0), 1.0);
        assert_eq!(bound(0.5, f64::INFINITY), 2.0);
        assert_eq!(bound(1.0, 4.0), 4.0);
        assert_eq!(bound(0.0, 4.0), 1.0);
        assert!((bound(0.95, 8.0) - 5.925_9).abs() < 1e-3);
    }

    #[test]
    fn from_one_hand_to_all() {
        assert_eq!(hands(1), [1]);
        assert_eq!(hands(6), [1, 2, 3, 4, 5, 6]);
        assert_eq!(hands(12), [1, 2, 3, 4, 6, 8, 12]);
        assert_eq!(hands(14), [1, 2, 3, 4, 6, 8, 12, 14]);
    }

    #[test]
    fn the_parts_of_a_job_are_the_whole() {
        let whole = Duration::from_micros(50);
        for share in [0.0, 0.3, 1.0] {
            let job = Job::new(share, whole);
            let sum = |of| (0..of).fold(job.first(), |sum, at| sum.wrapping_add(job.piece(at, of)));
            let all = labour(0..labour::steps(whole));
            assert_eq!([1, 3, 7].map(sum), [all; 3], "{share}");
            assert_eq!(job.gauge.most.load(Relaxed), 1);
            let waits = job.first_wait() + job.piece_wait(4) * 4;
            assert!(waits.abs_diff(whole) < Duration::from_nanos(10));
        }
    }
}
