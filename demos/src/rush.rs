//! **How many requests does a server take before it degrades?** A client sends them at a
//! fixed rate, then at twice that, until nine of ten are answered only after more than
//! twice the time that one alone takes: that is where response time leaves the ground.
//!
//! **Open loop.** The client never waits for an answer, and a request's time begins when
//! it was due, not when it could be sent: a server that is behind can't slow down its
//! own test (coordinated omission, Gil Tene, *How NOT to measure latency*, 2015).
//!
//! **Bounds.** A rate is kept up for about half a second at the course's pace, and rates
//! end after [`DOUBLINGS`]. A rate that seems too much gets a second chance: a busy
//! machine may have been at fault. `--time-scale` makes the waits and the work shorter
//! and the rates higher, so that as many requests are sent at any scale.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::lock::lock;
use crate::perform::cpu_time;
use crate::picture::{Axis, Curves, Drawn, Picture, Series, Spacing, Unit};
use crate::stage::Stage;
use crate::table::duration;

/// The first rate, in requests a second at the course's pace.
const SLOWEST: f64 = 3.0;
const DOUBLINGS: i32 = 14;
/// For how long a rate is kept up at the course's pace.
const KEPT_UP: Duration = Duration::from_millis(600);
/// What a timer may be late by, however short the waits are.
const JITTER: Duration = Duration::from_millis(2);

/// A request that has arrived.
pub(crate) struct Request {
    due: Instant,
    book: Arc<Book>,
}

/// What is known of the requests of one rate.
#[derive(Default)]
struct Book {
    answers: Mutex<Vec<Answer>>,
    /// How many are being served, now and at most.
    served: AtomicU64,
    served_at_most: AtomicU64,
}

struct Answer {
    due: Instant,
    at: Instant,
}

impl Request {
    /// Its turn has come.
    pub(crate) fn begin(&self) {
        let served = self.book.served.fetch_add(1, Relaxed) + 1;
        self.book.served_at_most.fetch_max(served, Relaxed);
    }

    pub(crate) fn answer(self) {
        let (due, at) = (self.due, Instant::now());
        self.book.served.fetch_sub(1, Relaxed);
        self.book.answers().push(Answer { due, at });
    }
}

impl Book {
    fn answers(&self) -> MutexGuard<'_, Vec<Answer>> {
        lock(&self.answers)
    }
}

/// The requests of one rate.
pub(crate) struct Arrivals {
    number: u32,
    gap: Duration,
    book: Arc<Book>,
    client: Option<JoinHandle<()>>,
}

impl Arrivals {
    fn new(number: u32, gap: Duration) -> Self {
        Self {
            number,
            gap,
            book: Arc::default(),
            client: None,
        }
    }

    /// The client begins: a thread of its own hands over each request when it is due.
    pub(crate) fn begin(&mut self, send: impl Fn(Request) + Send + 'static) {
        let (number, gap, book) = (self.number, self.gap, self.book.clone());
        let start = Instant::now();
        self.client = Some(thread::spawn(move || {
            for due in (0..number).map(|at| start + gap * at) {
                thread::sleep(due.saturating_duration_since(Instant::now()));
                let book = book.clone();
                send(Request { due, book });
            }
        }));
    }

    /// Waits for the client's end.
    fn end(self) -> Arc<Book> {
        if let Some(client) = self.client {
            client.join().expect("the client does not panic");
        }
        self.book
    }
}

/// What was found at one rate.
struct Found {
    per_second: f64,
    answered: usize,
    fastest: Duration,
    /// Nine of ten took no longer.
    nine_of_ten: Duration,
    /// From the first answer to the last, and the CPU time of the whole.
    answering: Duration,
    cpu: Duration,
}

impl Found {
    fn of(gap: Duration, answers: &[Answer], cpu: Duration) -> Option<Self> {
        let mut times: Vec<_> = answers
            .iter()
            .map(|answer| answer.at - answer.due)
            .collect();
        times.sort();
        let at = || answers.iter().map(|answer| answer.at);
        Some(Self {
            per_second: 1.0 / gap.as_secs_f64(),
            answered: answers.len(),
            fastest: *times.first()?,
            nine_of_ten: times[(times.len() * 9).div_ceil(10) - 1],
            answering: at().max()? - at().min()?,
            cpu,
        })
    }
}

/// Sends requests to a server at higher and higher rates, until it degrades. The server
/// begins the arrivals, answers all of them, and returns when no more will come. Found is
/// how many requests it served at once, at most.
///
/// # Errors
///
/// The server's.
pub(crate) fn until_it_degrades(
    stage: &Stage,
    mut serve: impl FnMut(&mut Arrivals) -> io::Result<()>,
) -> io::Result<u64> {
    let mut curve: Vec<[f64; 2]> = Vec::new();
    let (mut alone, mut every_one, mut too_much) = (None, true, None);
    let mut at_once = 0;
    for doubling in 0..DOUBLINGS {
        let rate = SLOWEST * f64::from(1 << doubling);
        let gap = stage.wait(Duration::from_secs_f64(1.0 / rate));
        let number = (rate * KEPT_UP.as_secs_f64()).ceil().max(3.0) as u32;
        let mut found = None::<Found>;
        for _chance in 0..2 {
            let before = cpu_time();
            let mut arrivals = Arrivals::new(number, gap);
            serve(&mut arrivals)?;
            let book = arrivals.end();
            let answers = book.answers();
            at_once = at_once.max(book.served_at_most.load(Relaxed));
            every_one &= answers.len() == number as usize;
            let cpu = cpu_time().saturating_sub(before);
            let Some(new) = Found::of(gap, &answers, cpu) else {
                continue;
            };
            if found
                .as_ref()
                .is_none_or(|old| new.nine_of_ten < old.nine_of_ten)
            {
                found = Some(new);
            }
            let best = found.as_ref().expect("there is one");
            let alone = *alone.get_or_insert(best.fastest);
            if best.nine_of_ten <= 2 * alone + JITTER {
                break;
            }
        }
        let (Some(found), Some(alone)) = (found, alone) else {
            break;
        };
        curve.push([found.per_second, found.nine_of_ten.as_secs_f64()]);
        let nine_of_ten = duration(found.nine_of_ten.as_secs_f64());
        let line = format!(
            "{:>7} requests a second: nine of ten answered within {}.",
            stage.thousands(found.per_second.round() as u64),
            nine_of_ten.trim_end()
        );
        if found.nine_of_ten > 2 * alone + JITTER {
            stage.yellow(line);
            too_much = Some(found);
            break;
        }
        stage.cyan(line);
    }
    stage.check("every request is answered", every_one);
    stage.check("response time degrades at last", too_much.is_some());
    draw(stage, curve);
    if let Some(found) = too_much {
        conclude(stage, &found, at_once);
    }
    Ok(at_once)
}

fn conclude(stage: &Stage, found: &Found, at_once: u64) {
    // Between the first answer and the last there is one less than there are answers.
    let answers = found.answered as u64 - 1;
    let per_second = answers as f64 / found.answering.as_secs_f64();
    stage.white(format_args!(
        "It degrades there: {per_second:.1} answers a second, with up to {at_once} served at once."
    ));
    stage.took(found.answering);
    stage.used(found.cpu);
    stage.processed(answers);
}

fn draw(stage: &Stage, curve: Vec<[f64; 2]>) {
    stage.draw(Picture::Curves(Curves {
        title: "Response time as requests come faster, until it degrades".to_owned(),
        x: Axis::new("requests a second", Unit::Count, Spacing::Log),
        y: Axis::new(
            "nine of ten are answered within",
            Unit::Seconds,
            Spacing::Log,
        ),
        series: vec![Series::new("", Drawn::Line, curve)],
    }));
}
