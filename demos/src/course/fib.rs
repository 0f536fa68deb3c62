//! **How can a function stop in the middle, and go on later?** Its local
//! variables move from the stack into a value. A generator is such a value, and
//! so is a future: "restartable functions", says the course. The difference is
//! what a step hands out. `next` gives an item; `poll` gives only *Pending*, or
//! at the end *Ready*, and somebody must know when to poll again: the loop.
//!
//! ```text
//! $ demos run fib
//!
//! [1, 1, 2, 3, 5, 8, 13, 21, 34, 55]
//! 1, 1, 2, 3, 5, 8, … 4181, 6765, 10946
//!
//!   step   generator.next()   future.poll()
//!      1   Some(1)            Pending          is at 1
//!      …
//!     20   Some(6765)         Pending          is at 6765
//!     21   Some(10946)        Ready(10946)
//! ```
//!
//! Read next: `producer_consumer.rs`, where loops do the polling.

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use super::rt;
use crate::stage::Stage;

const ENOUGH: u64 = 10_000;

/// The list: the caller says beforehand how many.
fn fib(n: usize) -> Vec<u64> {
    let mut numbers = Vec::new();
    let (mut current, mut next) = (0, 1);
    while numbers.len() < n {
        (current, next) = (next, current + next);
        numbers.push(current);
    }
    numbers
}

/// The generator: endless; its consumer stops when it has had enough. What the
/// function would keep in local variables between two items is its captured state.
fn fib_generator() -> impl Iterator<Item = u64> {
    let (mut current, mut next) = (0, 1);
    std::iter::from_fn(move || {
        (current, next) = (next, current + next);
        Some(current)
    })
}

/// The future: the same loop, with an await where the generator yields. Its
/// numbers go into `at`, because a poll that is not the last hands out nothing.
async fn fib_future(at: &Cell<u64>) -> u64 {
    let (mut current, mut next) = (0, 1);
    loop {
        (current, next) = (next, current + next);
        at.set(current);
        if current > ENOUGH {
            return current;
        }
        rt::task::yield_now().await;
    }
}

pub(crate) fn steps(stage: &Stage) -> io::Result<()> {
    stage.plain(format_args!("{:?}", fib(10)));
    stage.check("the list", fib(10) == [1, 1, 2, 3, 5, 8, 13, 21, 34, 55]);

    let mut taken = Vec::new();
    for n in fib_generator() {
        taken.push(n);
        if n > ENOUGH {
            break;
        }
    }
    let shown: Vec<String> = taken.iter().map(u64::to_string).collect();
    stage.plain(shown.join(", "));
    stage.check("the generator's last number", taken.last() == Some(&10_946));

    let by_hand = polled_by_hand(stage);
    stage.check("a poll per number", by_hand == taken.len());

    // The same future on the loop, which polls it whenever it was woken.
    let event_loop = super::new_loop(stage.threads())?;
    let (at, mut by_loop) = (Cell::new(0), 0);
    let mut future = pin!(fib_future(&at));
    let found = event_loop.block_on(poll_fn(|cx| {
        by_loop += 1;
        future.as_mut().poll(cx)
    }));
    stage.white(format_args!(
        "The event loop polled it {by_loop} times too, and has Ready({found})."
    ));
    stage.check("the loop's result", found == 10_946);
    stage.check("the loop polls once per wake", by_loop == by_hand);

    // What a restart costs: the time of a thousand such futures, one by one.
    let start = Instant::now();
    for _ in 0..1_000 {
        event_loop.block_on(fib_future(&at));
    }
    stage.took(start.elapsed());
    stage.processed(1_000 * by_hand as u64);
    Ok(())
}

/// Steps a generator and the future side by side, with no loop anywhere: nobody
/// is there to be woken, so the waker does nothing. Returns the number of polls.
fn polled_by_hand(stage: &Stage) -> usize {
    let at = Cell::new(0);
    let mut generator = fib_generator();
    let mut future = pin!(fib_future(&at));
    let mut cx = Context::from_waker(Waker::noop());

    stage.white(format_args!(
        "{:>6}   {:<18} {}",
        "step", "generator.next()", "future.poll()"
    ));
    for step in 1.. {
        let item = format!("{:?}", generator.next());
        match future.as_mut().poll(&mut cx) {
            Poll::Pending => {
                let at = at.get();
                stage.yellow(format_args!(
                    "{step:>6}   {item:<18} Pending          is at {at}"
                ));
            }
            Poll::Ready(found) => {
                stage.cyan(format_args!("{step:>6}   {item:<18} Ready({found})"));
                return step;
            }
        }
    }
    unreachable!("the numbers grow past every bound")
}
