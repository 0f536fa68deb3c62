//! The macros, polled by hand: each test says when what is polled, and compares
//! a transcript of it.

mod join;
mod select;

use std::cell::RefCell;
use std::future::{Future, IntoFuture, Ready, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use super::support::{InOrder, Random, Rotating};
use crate::util::rng;

/// A waker that counts.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Polls once; says how many wakes the poll itself caused.
fn poll_counted<F: Future>(future: Pin<&mut F>) -> (Poll<F::Output>, usize) {
    let wakes = Arc::new(Wakes::default());
    let polled = future.poll(&mut Context::from_waker(&wakes.clone().into()));
    (polled, wakes.0.load(Ordering::Relaxed))
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// The output of a future that needs one poll.
fn now<F: Future>(future: F) -> F::Output {
    match poll(pin!(future)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("not ready after one poll"),
    }
}

/// What happened, in order.
#[derive(Default)]
struct Log(RefCell<Vec<String>>);

impl Log {
    fn note(&self, what: impl Into<String>) {
        self.0.borrow_mut().push(what.into());
    }

    fn take(&self) -> Vec<String> {
        self.0.take()
    }

    /// A future that notes its polls and its end, and is ready at the poll after
    /// `pending` others.
    fn countdown<T>(&self, name: &'static str, pending: usize, output: T) -> Countdown<'_, T> {
        Countdown {
            log: self,
            name,
            pending,
            output: Some(output),
        }
    }
}

struct Countdown<'a, T> {
    log: &'a Log,
    name: &'static str,
    pending: usize,
    output: Option<T>,
}

impl<T> Unpin for Countdown<'_, T> {}

impl<T> Future for Countdown<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
        self.log.note(format!("poll {}", self.name));
        match self.pending.checked_sub(1) {
            Some(less) => {
                self.pending = less;
                Poll::Pending
            }
            None => Poll::Ready(self.output.take().expect("polled after it was ready")),
        }
    }
}

impl<T> Drop for Countdown<'_, T> {
    fn drop(&mut self) {
        self.log.note(format!("drop {}", self.name));
    }
}

/// A value that notes its end.
struct Noted<'a>(&'a Log, &'static str);

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        self.0.note(format!("drop {}", self.1));
    }
}

struct NotAFuture;

impl IntoFuture for NotAFuture {
    type Output = u32;
    type IntoFuture = Ready<u32>;

    fn into_future(self) -> Ready<u32> {
        std::future::ready(7)
    }
}

/// Spends `units` of the budget, then is ready: within one poll, if it lasts.
async fn spend(mut units: u32) {
    poll_fn(|cx| {
        while units > 0 {
            std::task::ready!(crate::task::coop::poll_proceed(cx)).made_progress();
            units -= 1;
        }
        Poll::Ready(())
    })
    .await;
}

/// Runs `test` with this thread's dice thrown from a known start.
fn with_seed<R>(seed: u64, test: impl FnOnce() -> R) -> R {
    let before = rng::reseed_thread(seed);
    let result = test();
    rng::reseed_thread(before);
    result
}

#[test]
fn a_round_visits_each_branch_once() {
    let mut rotating = Rotating::default();
    for turn in 0..10 {
        assert_eq!(InOrder.round(3).collect::<Vec<_>>(), [0, 1, 2]);

        let expected: Vec<u32> = (0..3).map(|i| (turn + i) % 3).collect();
        assert_eq!(rotating.round(3).collect::<Vec<_>>(), expected);

        let mut visited: Vec<u32> = Random.round(64).collect();
        let start = visited[0];
        assert_eq!(
            visited,
            (0..64).map(|i| (start + i) % 64).collect::<Vec<_>>()
        );
        visited.sort_unstable();
        assert_eq!(visited, (0..64).collect::<Vec<_>>());
    }
    assert_eq!(Random.round(1).collect::<Vec<_>>(), [0]);
    assert_eq!(
        Rotating::default()
            .round(1)
            .chain(InOrder.round(1))
            .collect::<Vec<_>>(),
        [0, 0]
    );
}

#[test]
fn dice_are_thrown_only_where_there_is_a_choice() {
    let draw = |branches| {
        with_seed(5, || {
            Random.round(branches);
            rng::thread_below(1 << 30)
        })
    };
    let untouched = with_seed(5, || rng::thread_below(1 << 30));
    assert_eq!(draw(1), untouched);
    assert_ne!(draw(2), untouched);
}

#[test]
fn pin_keeps_the_name() {
    let log = Log::default();
    let first = log.countdown("first", 1, 1);
    let second = log.countdown("second", 0, 2);
    crate::pin!(first, second,);
    let first: Pin<&mut Countdown<'_, i32>> = first;
    assert_eq!(now(second), 2);
    let mut first = first;
    assert!(poll(first.as_mut()).is_pending());
    assert_eq!(now(first), 1);
}

#[test]
fn pin_of_values_made_on_the_spot() {
    let log = Log::default();
    {
        crate::pin! {
            let first = log.countdown("first", 1, 1);
            let unmoved = async { std::marker::PhantomPinned };
        }
        assert!(poll(first.as_mut()).is_pending());
        now(unmoved);
        log.note("end");
    }
    assert_eq!(log.take(), ["poll first", "end", "drop first"]);
}
