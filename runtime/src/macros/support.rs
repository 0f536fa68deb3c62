//! **What do the macros expand to?** To calls of what is in here. It is public
//! because an expansion is compiled in the caller's crate; it is hidden, and no
//! part of the API.

use std::fmt;

use pin_project_lite::pin_project;

use crate::task::coop;
use crate::util::rng;

pub use std::future::{Future, IntoFuture, poll_fn};
pub use std::option::Option;
pub use std::pin::{Pin, pin};
pub use std::result::Result;
pub use std::stringify;
pub use std::task::{Context, Poll};

/// `Pending`, and the task woken, once the budget of its poll is spent.
///
/// `select!` asks this first. Without it a branch that takes no budget would
/// win every time against one that has to wait for a fresh budget.
#[inline]
pub fn poll_budget_available(cx: &mut Context<'_>) -> Poll<()> {
    if coop::has_budget_remaining() {
        Poll::Ready(())
    } else {
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Every branch is disabled and the caller wrote no `else`.
#[cold]
#[track_caller]
pub fn all_disabled() -> ! {
    panic!("all branches are disabled and there is no else branch")
}

/// For match arms that the compiler can't see to be dead.
#[cold]
#[track_caller]
pub fn never() -> ! {
    unreachable!("a macro of kolo took an arm that can't be taken")
}

/// One visit of each branch.
#[derive(Debug)]
pub struct Round {
    next: u32,
    left: u32,
    branches: u32,
}

impl Round {
    #[inline]
    fn from(start: u32, branches: usize) -> Self {
        // A branch is a line of source: they are few.
        let branches = branches as u32;
        Self {
            next: start,
            left: branches,
            branches,
        }
    }
}

impl Iterator for Round {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        self.left = self.left.checked_sub(1)?;
        let branch = self.next;
        self.next = if branch + 1 == self.branches {
            0
        } else {
            branch + 1
        };
        Some(branch)
    }
}

/// As written, first to last: `biased;`.
#[derive(Debug, Default)]
pub struct InOrder;

impl InOrder {
    /// Starts at the first branch.
    #[inline]
    pub fn round(&mut self, branches: usize) -> Round {
        Round::from(0, branches)
    }
}

/// From a branch drawn anew for each poll.
#[derive(Debug, Default)]
pub struct Random;

impl Random {
    /// Starts anywhere. Where there is no choice, no number is drawn.
    #[inline]
    pub fn round(&mut self, branches: usize) -> Round {
        let start = if branches > 1 {
            rng::thread_below(branches as u32)
        } else {
            0
        };
        Round::from(start, branches)
    }
}

/// From the branch after the one that the last poll started with.
#[derive(Debug, Default)]
pub struct Rotating {
    start: u32,
}

impl Rotating {
    /// Starts one branch later each time.
    #[inline]
    pub fn round(&mut self, branches: usize) -> Round {
        let start = self.start;
        self.start = if start + 1 == branches as u32 {
            0
        } else {
            start + 1
        };
        Round::from(start, branches)
    }
}

pin_project! {
    /// A future, then its output, then nothing.
    //
    // `repr(C)` keeps the tag out of the future's bytes. Rust would otherwise
    // be free to store it in a niche of a future that borrows from itself, and
    // reading the tag would then touch what the future holds a `&mut` to
    // (<https://github.com/rust-lang/miri/issues/3780>).
    #[project = Stage]
    #[project_replace = OwnedStage]
    #[repr(C)]
    pub enum MaybeDone<F: Future> {
        /// Still to be polled.
        Running { #[pin] future: F },
        /// Ready; nobody took the output yet.
        Done { output: F::Output },
        /// The output was taken, or was an error that ended the `try_join!`.
        Taken,
    }
}

/// `future` before its first poll.
pub fn maybe_done<F: IntoFuture>(future: F) -> MaybeDone<F::IntoFuture> {
    MaybeDone::Running {
        future: future.into_future(),
    }
}

impl<F: Future> MaybeDone<F> {
    /// Polls the future until it is done, for `join!`. Is it still running?
    #[inline]
    pub fn is_running(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool {
        let Stage::Running { future } = self.as_mut().project() else {
            return false;
        };
        let Poll::Ready(output) = future.poll(cx) else {
            return true;
        };
        self.set(MaybeDone::Done { output });
        false
    }

    /// The output of a future that is done. Once only.
    #[inline]
    pub fn take_output(self: Pin<&mut Self>) -> F::Output {
        match self.project_replace(MaybeDone::Taken) {
            OwnedStage::Done { output } => output,
            _ => panic!("the output of a future was asked for twice, or before it was ready"),
        }
    }
}

impl<F, T, E> MaybeDone<F>
where
    F: Future<Output = Result<T, E>>,
{
    /// Polls the future until it is done, for `try_join!`: its error, if it
    /// failed just now, else whether it is still running.
    ///
    /// The error comes as the `Result` that the whole `try_join!` returns: where
    /// `E` is uninhabited, an expression of type `E` in the caller's code would
    /// make the compiler warn of unreachable code there.
    #[inline]
    pub fn is_running_or_failed<R>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Result<bool, Result<R, E>> {
        let Stage::Running { future } = self.as_mut().project() else {
            return Ok(false);
        };
        match future.poll(cx) {
            Poll::Pending => Ok(true),
            Poll::Ready(Ok(output)) => {
                self.set(MaybeDone::Done { output: Ok(output) });
                Ok(false)
            }
            Poll::Ready(Err(error)) => {
                self.set(MaybeDone::Taken);
                Err(Err(error))
            }
        }
    }

    /// The value of a future that is done and did not fail. Once only.
    #[inline]
    pub fn take_ok(self: Pin<&mut Self>) -> T {
        match self.take_output() {
            Ok(output) => output,
            Err(_) => unreachable!("an error ends try_join! in the poll that sees it"),
        }
    }
}

impl<F: Future> fmt::Debug for MaybeDone<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MaybeDone::Running { .. } => "Running",
            MaybeDone::Done { .. } => "Done",
            MaybeDone::Taken => "Taken",
        })
    }
}
