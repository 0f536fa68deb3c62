//! **What can happen to one task?** The product of: how its polls end, what its
//! destructors do, what becomes of its JoinHandle, when it is aborted. Each
//! combination is run; the oracle is [`Combination::expected`].

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use kolo_tests::poll_once;

use super::On;
use super::rt;

kolo_tests::tests! {
    everywhere: [p03_every_combination_of_one_tasks_life],
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Polls {
    ReadyAtOnce,
    ReadyAfterYield,
    PanicAtOnce,
    PanicAfterYield,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Join {
    Await,
    PollThenAwait,
    DropAtOnce,
    DropLater,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Abort {
    No,
    /// Before the first poll on a current-thread runtime; at any moment with workers.
    AtOnce,
    /// When the task can make no more progress of its own.
    AtTheEnd,
}

#[derive(Clone, Copy, Debug)]
struct Combination {
    polls: Polls,
    join: Join,
    abort: Abort,
    future_panics_in_drop: bool,
    output_panics_in_drop: bool,
}

#[derive(Debug, PartialEq)]
enum End {
    Output,
    Panicked,
    Cancelled,
}

impl Combination {
    /// How the handle may report it. Two answers where the abort races the task.
    fn expected(self) -> Vec<End> {
        let alone = match self.polls {
            Polls::ReadyAtOnce | Polls::ReadyAfterYield if !self.future_panics_in_drop => {
                End::Output
            }
            // A destructor's panic after the last poll counts as the task's.
            Polls::ReadyAtOnce | Polls::ReadyAfterYield => End::Panicked,
            Polls::PanicAtOnce | Polls::PanicAfterYield => End::Panicked,
            Polls::Never => End::Cancelled,
        };
        let aborted = if self.future_panics_in_drop {
            End::Panicked
        } else {
            End::Cancelled
        };
        match (self.abort, self.polls) {
            (Abort::AtOnce, _) => vec![alone, aborted],
            (Abort::AtTheEnd, Polls::Never) => vec![aborted],
            _ => vec![alone],
        }
    }
}

#[derive(Default)]
struct Counts {
    futures_dropped: AtomicUsize,
    outputs_made: AtomicUsize,
    outputs_dropped: AtomicUsize,
}

/// Not an async block: its drop comes after the last poll, where it may panic.
struct Subject {
    case: Combination,
    counts: Arc<Counts>,
    polled: usize,
}

struct Output {
    case: Combination,
    counts: Arc<Counts>,
    /// Taken by who wants it: then the drop is silent.
    wanted: bool,
}

impl Future for Subject {
    type Output = Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Output> {
        self.polled += 1;
        match (self.case.polls, self.polled) {
            (Polls::ReadyAfterYield | Polls::PanicAfterYield, 1) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            (Polls::ReadyAtOnce | Polls::ReadyAfterYield, _) => {
                self.counts.outputs_made.fetch_add(1, Ordering::SeqCst);
                Poll::Ready(Output {
                    case: self.case,
                    counts: self.counts.clone(),
                    wanted: false,
                })
            }
            (Polls::PanicAtOnce | Polls::PanicAfterYield, _) => panic!("in poll"),
            (Polls::Never, _) => Poll::Pending,
        }
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        self.counts.futures_dropped.fetch_add(1, Ordering::SeqCst);
        if self.case.future_panics_in_drop && !std::thread::panicking() {
            panic!("future dropped");
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.counts.outputs_dropped.fetch_add(1, Ordering::SeqCst);
        if self.case.output_panics_in_drop && !self.wanted && !std::thread::panicking() {
            panic!("output dropped");
        }
    }
}

fn p03_every_combination_of_one_tasks_life(on: On) {
    use Polls::*;
    for polls in [
        ReadyAtOnce,
        ReadyAfterYield,
        PanicAtOnce,
        PanicAfterYield,
        Never,
    ] {
        for join in [
            Join::Await,
            Join::PollThenAwait,
            Join::DropAtOnce,
            Join::DropLater,
        ] {
            for abort in [Abort::No, Abort::AtOnce, Abort::AtTheEnd] {
                for bits in 0..4 {
                    let case = Combination {
                        polls,
                        join,
                        abort,
                        future_panics_in_drop: bits & 1 != 0,
                        output_panics_in_drop: bits & 2 != 0,
                    };
                    live(on, case);
                }
            }
        }
    }
}

fn live(on: On, case: Combination) {
    let counts = Arc::new(Counts::default());
    let runtime = on.runtime();
    let subject = Subject {
        case,
        counts: counts.clone(),
        polled: 0,
    };
    let abort_handle = runtime.block_on(async {
        let task = rt::spawn(subject);
        let abort = task.abort_handle();
        if case.abort == Abort::AtOnce {
            abort.abort();
        }
        let mut task = Some(Box::pin(task));
        if case.join == Join::PollThenAwait {
            // What this waker hears is of no interest: the handle must take the next one.
            let early = poll_once(task.as_mut().unwrap().as_mut(), Waker::noop());
            if let Poll::Ready(result) = early {
                check(case, result);
                return abort;
            }
        }
        if case.join == Join::DropAtOnce {
            discard(task.take().unwrap());
        }
        settle(case, &counts, &abort).await;
        if case.abort == Abort::AtTheEnd {
            abort.abort();
        }
        match (task, case.join) {
            (Some(task), Join::DropLater) => discard(task),
            (Some(mut task), _) if case.polls != Never || case.abort != Abort::No => {
                check(case, poll_fn(|cx| task.as_mut().poll(cx)).await);
            }
            _ => {}
        }
        abort
    });
    drop(runtime);
    assert!(abort_handle.is_finished(), "{case:?}");
    assert_eq!(counts.futures_dropped.load(Ordering::SeqCst), 1, "{case:?}");
    assert_eq!(
        counts.outputs_made.load(Ordering::SeqCst),
        counts.outputs_dropped.load(Ordering::SeqCst),
        "{case:?}"
    );
    drop(abort_handle);
    assert_eq!(Arc::strong_count(&counts), 1, "{case:?}");
}

use Polls::Never;

/// Waits until the task can do no more by itself.
async fn settle(case: Combination, counts: &Counts, abort: &rt::task::AbortHandle) {
    if case.polls == Never && case.abort != Abort::AtOnce {
        return;
    }
    while !abort.is_finished() || counts.futures_dropped.load(Ordering::SeqCst) == 0 {
        rt::task::yield_now().await;
    }
}

/// Drops a handle. An output's destructor may panic into who drops the handle.
fn discard<T>(handle: T) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(handle)));
}

fn check(case: Combination, result: Result<Output, rt::task::JoinError>) {
    let end = match result {
        Ok(mut output) => {
            output.wanted = true;
            End::Output
        }
        Err(e) if e.is_panic() => End::Panicked,
        Err(e) => {
            assert!(e.is_cancelled());
            End::Cancelled
        }
    };
    assert!(case.expected().contains(&end), "{case:?} ended as {end:?}");
}
