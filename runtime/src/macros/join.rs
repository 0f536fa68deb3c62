//! **How are several futures awaited at once?** Each is kept beside its output
//! (`MaybeDone`) in one tuple, and every poll of the task polls each that is
//! still running. `join!` and `try_join!` differ in one thing: whether an `Err`
//! ends it.
//!
//! The index of a branch has to be a literal (`futures.3`), and a declarative
//! macro can't count. So [`__join!`](crate::__join) takes the futures one by one
//! off the front of the list, and with each the next literal off a list of
//! them. The list is as long as the compiler's default recursion limit allows.
//!
//! A join starts each poll with another branch (`Rotating`): a branch that
//! spends the whole budget leaves none for those after it, and a fixed order
//! would make them wait until it is done. The idea is tokio's.
//!
//! Read next: `select.rs`, which adds patterns and conditions to the same
//! scheme.

/// Waits for all of several futures, concurrently, in the current task.
///
/// Returns a tuple of their outputs, in the order in which they are written.
/// Anything that is `IntoFuture` will do. Must be used in async code.
///
/// All branches run on the one task, so one that blocks its thread blocks the
/// others too. For parallelism [`spawn`](crate::spawn) them, and join the
/// handles.
///
/// # Fairness
///
/// Each time the task is polled another branch is polled first: each one in
/// turn has the budget of the task (see [`task::coop`](crate::task::coop)) to
/// itself. `join!(biased; …)` polls in the order as written instead, which costs
/// nothing to keep track of; fairness is then the caller's business.
///
/// # Panics
///
/// A panic in a branch is a panic of the whole, as in any async code.
///
/// # Cancel safety
///
/// Dropped, it drops the futures that have not finished and the outputs of
/// those that have. It is cancel safe only if no output is worth keeping.
///
/// # Examples
///
/// ```
/// async fn answer() -> u32 {
///     42
/// }
/// async fn question() -> &'static str {
///     "six by nine"
/// }
///
/// # #[kolo::main(flavor = "current_thread")]
/// # async fn main() {
/// let (question, answer) = kolo::join!(question(), answer());
/// assert_eq!((question, answer), ("six by nine", 42));
/// # }
/// ```
///
/// Two sleeps at once take as long as the longer one:
///
/// ```
/// use kolo::time::{Duration, Instant, sleep};
///
/// # #[kolo::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let begin = Instant::now();
/// kolo::join!(
///     biased;
///     sleep(Duration::from_millis(20)),
///     sleep(Duration::from_millis(30)),
/// );
/// assert_eq!(begin.elapsed(), Duration::from_millis(30));
/// # }
/// ```
#[macro_export]
macro_rules! join {
    (biased; $($future:expr),* $(,)?) => { $crate::__join!(join InOrder, $($future,)*) };
    ($($future:expr),* $(,)?) => { $crate::__join!(join Rotating, $($future,)*) };
}

/// Waits for all of several futures, or for the first that fails.
///
/// Every branch is a future of a `Result`, all with the same error type. The
/// whole is `Ok` with a tuple of the values, in the order in which they are
/// written, or, as soon as a branch returns an error, `Err` with that error; the
/// other branches are dropped then. Must be used in async code.
///
/// All branches run on the one task, so one that blocks its thread blocks the
/// others too. For parallelism [`spawn`](crate::spawn) them, and join the
/// handles.
///
/// # Errors
///
/// The first error that a branch returns. If two fail in the same poll, the
/// error of the one polled first.
///
/// # Fairness
///
/// As with [`join!`](crate::join): another branch is polled first each time,
/// unless `biased;` is put in front.
///
/// # Panics
///
/// A panic in a branch is a panic of the whole, as in any async code.
///
/// # Cancel safety
///
/// Dropped, it drops the futures that have not finished and the values of
/// those that have. The same happens to them when one branch fails.
///
/// # Examples
///
/// ```
/// use std::num::ParseIntError;
///
/// async fn parse(text: &str) -> Result<i32, ParseIntError> {
///     text.parse()
/// }
///
/// # #[kolo::main(flavor = "current_thread")]
/// # async fn main() {
/// let both = kolo::try_join!(parse("1"), parse("2"));
/// assert_eq!(both, Ok((1, 2)));
///
/// let failed = kolo::try_join!(parse("1"), parse("two"), std::future::pending());
/// assert!(failed.map(|(one, _, never): (i32, i32, ())| (one, never)).is_err());
/// # }
/// ```
///
/// Spawned tasks, each of which may panic as well as fail:
///
/// ```
/// use std::error::Error;
/// use kolo::task::JoinHandle;
///
/// async fn flatten<T>(
///     handle: JoinHandle<Result<T, Box<dyn Error + Send + Sync>>>,
/// ) -> Result<T, Box<dyn Error + Send + Sync>> {
///     handle.await?
/// }
///
/// # #[kolo::main(flavor = "current_thread")]
/// # async fn main() {
/// let first = kolo::spawn(async { Ok(1) });
/// let second = kolo::spawn(async { Err::<u32, _>("no second".into()) });
///
/// let error = kolo::try_join!(flatten(first), flatten(second)).unwrap_err();
/// assert_eq!(error.to_string(), "no second");
/// # }
/// ```
#[macro_export]
macro_rules! try_join {
    (biased; $($future:expr),* $(,)?) => { $crate::__join!(try_join InOrder, $($future,)*) };
    ($($future:expr),* $(,)?) => { $crate::__join!(try_join Rotating, $($future,)*) };
}

/// What [`join!`](crate::join) and [`try_join!`](crate::try_join) are made of.
#[doc(hidden)]
#[macro_export]
macro_rules! __join {
    // Nothing to wait for.
    (join $order:ident,) => { async {}.await };
    (try_join $order:ident,) => { async { $crate::macros::support::Result::Ok(()) }.await };

    // Number the branches.
    ($kind:ident $order:ident, $($futures:tt)+) => {
        $crate::__join!(@number $kind $order [
            0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
            32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60
            61 62 63 64 65 66 67 68 69 70 71 72 73 74 75 76 77 78 79 80 81 82 83 84 85 86 87 88 89
            90 91 92 93 94 95 96 97 98 99 100 101 102 103 104 105 106 107 108 109 110 111 112 113
            114 115 116 117 118 119
        ] [] $($futures)+)
    };
    (@number $kind:ident $order:ident [$index:tt $($indices:tt)*] [$($branches:tt)*]
        $future:expr, $($futures:tt)*
    ) => {
        $crate::__join!(@number $kind $order [$($indices)*] [
            $($branches)* ($index $future)
        ] $($futures)*)
    };
    (@number $kind:ident $order:ident [] $branches:tt $($futures:tt)+) => {
        ::core::compile_error!("at most 120 futures can be joined by one macro: nest a second one")
    };

    // All are numbered: write the code.
    (@number $kind:ident $order:ident $indices:tt [$(($index:tt $future:expr))+]) => {{
        let mut futures = ($( $crate::macros::support::maybe_done($future), )+);
        let futures = &mut futures;
        let mut order = <$crate::macros::support::$order as ::core::default::Default>::default();

        $crate::macros::support::poll_fn(move |cx| {
            let mut running = false;
            for branch in order.round([$($crate::macros::support::stringify!($index)),+].len()) {
                match branch {
                    $(
                        #[allow(unreachable_code)]
                        $index => {
                            let future = $crate::__join!(@pin futures $index);
                            running |= $crate::__join!(@poll $kind future cx);
                        }
                    )+
                    _ => $crate::macros::support::never(),
                }
            }

            if running {
                return $crate::macros::support::Poll::Pending;
            }
            // An output may be uninhabited.
            #[allow(unreachable_code)]
            {
                $crate::macros::support::Poll::Ready(
                    $crate::__join!(@outputs $kind $($crate::__join!(@pin futures $index),)+)
                )
            }
        }).await
    }};

    (@pin $futures:ident $index:tt) => {
        // SAFETY: `futures` is a `&mut` to the tuple bound just above it. The
        // tuple has no name by which it could be moved (the `&mut` shadows it),
        // and stays where it is until it is dropped in place.
        unsafe { $crate::macros::support::Pin::new_unchecked(&mut $futures.$index) }
    };

    (@poll join $future:ident $cx:ident) => {
        $future.is_running($cx)
    };
    (@poll try_join $future:ident $cx:ident) => {
        match $future.is_running_or_failed($cx) {
            $crate::macros::support::Result::Ok(running) => running,
            $crate::macros::support::Result::Err(failed) => {
                return $crate::macros::support::Poll::Ready(failed);
            }
        }
    };

    (@outputs join $($future:expr,)+) => {
        ($( $future.take_output(), )+)
    };
    (@outputs try_join $($future:expr,)+) => {
        $crate::macros::support::Result::Ok(($( $future.take_ok(), )+))
    };
}
