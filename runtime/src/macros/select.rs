//! **How is the first of several futures awaited?** Like a join that ends with
//! the first output that fits its pattern. Three things are added.
//!
//! *A pattern is tried before it binds.* A branch whose output does not fit is
//! out of the race, and the others go on; so each poll must know whether the
//! pattern fits without taking the output apart, since the handler can only run
//! once the losers are gone. The output goes into a `match` with the caller's
//! pattern and a guard that notes that it was asked, and says no:
//!
//! ```text
//! match output { PATTERN if { fits = true; false } => never(), _ => {} }
//! ```
//!
//! The arm is never taken, so nothing is moved; the guard is reached if and only
//! if the pattern fits. (tokio strips `ref` and `mut` off the pattern by a
//! procedural macro, and matches by reference. This needs none, and sees into
//! patterns that are macros too.)
//!
//! *The race and the handler are two scopes.* The race ends in a value of an
//! enum with a variant per branch, made for this one call; by then the tuple of
//! futures is dropped. So a handler may use what a loser had borrowed, and its
//! `return`, `break`, `?` and `.await` are the caller's own.
//!
//! *Who is still in the race is a bit mask*, which starts with the branches
//! whose `if` says no. Hence the limit of 64 branches.
//!
//! As in `join.rs`, [`__select!`](crate::__select) takes the branches one by one
//! and numbers them.

/// Waits for the first of several futures, drops the others, and runs the
/// handler of the one that won.
///
/// Must be used in async code. Each branch is
///
/// ```text
/// <pattern> = <async expression> (, if <condition>)? => <handler>,
/// ```
///
/// and after the last of them may stand
///
/// ```text
/// else => <expression>
/// ```
///
/// At most 64 branches. The comma after a handler may be left out where the
/// handler is a block. What happens, in order:
///
/// 1. Each `<condition>` is evaluated; where it is false the branch is disabled.
/// 2. Each `<async expression>` is evaluated, also those of disabled branches
///    (which are never polled). Anything that is `IntoFuture` will do. The
///    expressions live side by side: two of them can't both borrow a variable
///    mutably, but each handler can use what any of them borrowed.
/// 3. The futures that are not disabled are polled until one is ready.
/// 4. If its output fits `<pattern>`, all futures are dropped, `<handler>` is
///    run with the pattern's variables, and its value is that of the `select!`.
///    If not, the branch is disabled and the wait goes on.
/// 5. Once all branches are disabled, the futures are dropped and the expression
///    after `else` is run.
///
/// Handlers are ordinary code of the function around: `.await`, `?`, `return`,
/// `break` and `continue` mean there what they mean outside.
///
/// All branches run on the one task, so one that blocks its thread blocks the
/// others too. For parallelism [`spawn`](crate::spawn) them and select between
/// the handles.
///
/// # Fairness
///
/// Each time the task is polled, `select!` starts at a branch drawn at random, so
/// that none of several that are always ready can starve the others. With
/// `biased;` in front of the first branch, the branches are polled in the order
/// in which they are written: no dice, and a known order, but then a branch that
/// is always ready keeps all later ones from running. Put the rare and urgent
/// ones (a shutdown signal) first.
///
/// When the budget of the task (see [`task::coop`](crate::task::coop)) is used
/// up, `select!` yields before it polls anything.
///
/// # Panics
///
/// If all branches are disabled and there is no `else`.
///
/// # Cancel safety
///
/// The losers are dropped. In a loop, that must not lose what they were doing:
/// a future is *cancel safe* if dropping it before it is ready, and making a new
/// one, is as good as having kept it. Whatever is awaited inside must be so at
/// each `.await`, or be kept outside of the loop and polled by reference (see
/// the third example).
///
/// Cancel safe are, among others, `recv` of [`mpsc`](crate::sync::mpsc)'s
/// receivers, a [`oneshot`](crate::sync::oneshot) receiver by reference,
/// [`Interval::tick`](crate::time::Interval::tick), and
/// [`JoinSet::join_next`](crate::task::JoinSet::join_next).
///
/// Not quite: [`Mutex::lock`](crate::sync::Mutex::lock),
/// [`Semaphore::acquire`](crate::sync::Semaphore::acquire) and
/// [`Notify::notified`](crate::sync::Notify::notified) lose nothing but their
/// place in the queue.
///
/// Not at all: anything that moves data in several steps, such as a `read_exact`
/// or a `write_all`, or a function of your own that receives twice.
///
/// # Examples
///
/// The first of two:
///
/// ```
/// use kolo::time::{Duration, sleep};
///
/// # #[kolo::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let first = kolo::select! {
///     _ = sleep(Duration::from_millis(20)) => "twenty",
///     _ = sleep(Duration::from_millis(10)) => "ten",
/// };
/// assert_eq!(first, "ten");
/// # }
/// ```
///
/// Everything from two channels, until both are closed:
///
/// ```
/// use kolo::sync::mpsc;
///
/// # #[kolo::main(flavor = "current_thread")]
/// # async fn main() {
/// let (numbers, mut number) = mpsc::unbounded_channel();
/// let (words, mut word) = mpsc::unbounded_channel();
/// kolo::spawn(async move {
///     numbers.send(1).unwrap();
///     words.send("one").unwrap();
///     numbers.send(2).unwrap();
/// });
///
/// let (mut sum, mut text) = (0, String::new());
/// loop {
///     kolo::select! {
///         Some(n) = number.recv() => sum += n,
///         Some(w) = word.recv() => text.push_str(w),
///         else => break,
///     }
/// }
/// assert_eq!((sum, text.as_str()), (3, "one"));
/// # }
/// ```
///
/// One deadline for a whole loop: the future is made and pinned outside, and
/// polled by reference. (A new `sleep` in each turn would start over.)
///
/// ```
/// use kolo::time::{Duration, interval, sleep};
///
/// # #[kolo::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let mut interval = interval(Duration::from_millis(10));
/// let deadline = sleep(Duration::from_millis(25));
/// kolo::pin!(deadline);
///
/// let mut ticks = 0;
/// loop {
///     kolo::select! {
///         _ = &mut deadline => break,
///         _ = interval.tick() => ticks += 1,
///     }
/// }
/// assert_eq!(ticks, 3); // at 0, 10 and 20 ms
/// # }
/// ```
///
/// Conditions: a branch that is done is left out of the next turn, because a
/// future must not be polled after it was ready.
///
/// ```
/// use kolo::sync::oneshot;
///
/// # #[kolo::main(flavor = "current_thread")]
/// # async fn main() {
/// let (left_tx, mut left_rx) = oneshot::channel();
/// let (right_tx, mut right_rx) = oneshot::channel();
/// kolo::spawn(async move {
///     right_tx.send("right").unwrap();
///     left_tx.send("left").unwrap();
/// });
///
/// let (mut left, mut right) = (None, None);
/// while left.is_none() || right.is_none() {
///     kolo::select! {
///         value = &mut left_rx, if left.is_none() => left = value.ok(),
///         value = &mut right_rx, if right.is_none() => right = value.ok(),
///     }
/// }
/// assert_eq!((left, right), (Some("left"), Some("right")));
/// # }
/// ```
///
/// A condition is looked at once, before the first poll. So don't ask there what
/// the future itself will tell: in
/// `_ = &mut sleep, if !sleep.is_elapsed() => …` the sleep may elapse between the
/// last poll and the question, and its handler is then never run.
///
/// `biased;`:
///
/// ```
/// use std::future::ready;
///
/// # #[kolo::main(flavor = "current_thread")]
/// # async fn main() {
/// let winner = kolo::select! {
///     biased;
///     None = ready(Some(1)) => 1, // does not fit: disabled
///     n = ready(2) => n,
///     n = ready(3) => n,
/// };
/// assert_eq!(winner, 2);
/// # }
/// ```
#[macro_export]
macro_rules! select {
    (biased; $($branches:tt)*) => { $crate::__select!(InOrder $($branches)*) };
    ($($branches:tt)*) => { $crate::__select!(Random $($branches)*) };
}

/// What [`select!`](crate::select) is made of.
#[doc(hidden)]
#[macro_export]
macro_rules! __select {
    // No race.
    ($order:ident else => $else:expr $(,)?) => { $else };
    ($order:ident) => {
        ::core::compile_error!("select! needs a branch: `pattern = future => handler`")
    };

    // The end of the list, with and without an `else`.
    (@number $order:ident $names:tt $branches:tt) => {
        $crate::__select!(@race $order $branches $crate::macros::support::all_disabled())
    };
    (@number $order:ident $names:tt $branches:tt else => $else:expr $(,)?) => {
        $crate::__select!(@race $order $branches $else)
    };
    (@number $order:ident $names:tt $branches:tt else => $($rest:tt)*) => {
        ::core::compile_error!("the `else` of select! is one expression, after all other branches")
    };
    (@number $order:ident [] $branches:tt $($rest:tt)*) => {
        ::core::compile_error!("select! takes at most 64 branches")
    };

    // One branch: a number and a name for it, off the front of the list. After a
    // handler that is a block the comma may be missing.
    (@number $order:ident [($index:tt $name:ident) $($names:tt)*] [$($branches:tt)*]
        $pattern:pat = $future:expr $(, if $condition:expr)? => $handler:block, $($rest:tt)*
    ) => {
        $crate::__select!(@number $order [$($names)*] [$($branches)*
            ($index $name $pattern = $future, [$($condition)?] => $handler)
        ] $($rest)*)
    };
    (@number $order:ident [($index:tt $name:ident) $($names:tt)*] [$($branches:tt)*]
        $pattern:pat = $future:expr $(, if $condition:expr)? => $handler:block $($rest:tt)*
    ) => {
        $crate::__select!(@number $order [$($names)*] [$($branches)*
            ($index $name $pattern = $future, [$($condition)?] => $handler)
        ] $($rest)*)
    };
    (@number $order:ident [($index:tt $name:ident) $($names:tt)*] [$($branches:tt)*]
        $pattern:pat = $future:expr $(, if $condition:expr)? => $handler:expr $(, $($rest:tt)*)?
    ) => {
        $crate::__select!(@number $order [$($names)*] [$($branches)*
            ($index $name $pattern = $future, [$($condition)?] => $handler)
        ] $($($rest)*)?)
    };

    // All branches are numbered: write the code.
    (@race $order:ident [$((
        $index:tt $name:ident $pattern:pat = $future:expr, [$($condition:expr)?] => $handler:expr
    ))+] $else:expr) => {{
        // How the race ended. The one item: it is visible to the caller's code.
        enum __KoloSelectOutcome<$($name),+> {
            $($name($name),)+
            Disabled,
        }

        #[allow(unused_mut)]
        let mut disabled = 0u64;
        $($(
            if !$condition {
                disabled |= 1 << $index;
            }
        )?)+

        #[allow(unused_mut)]
        let mut outcome = {
            // Bound as they are first: a temporary that an expression borrows
            // (`&mut ready(1)`) then lives as long as the futures.
            let futures = ($($future,)+);
            let mut futures = (
                $( $crate::macros::support::IntoFuture::into_future(futures.$index), )+
            );
            let futures = &mut futures;
            let mut order = $crate::macros::support::$order;

            $crate::macros::support::poll_fn(move |cx| {
                if $crate::macros::support::poll_budget_available(cx).is_pending() {
                    return $crate::macros::support::Poll::Pending;
                }

                let mut pending = false;
                for branch in order.round([$($crate::macros::support::stringify!($index)),+].len())
                {
                    match branch {
                        $(
                            #[allow(
                                unreachable_code,
                                unreachable_patterns,
                                unused_mut,
                                unused_variables
                            )]
                            $index => {
                                if disabled & (1 << $index) != 0 {
                                    continue;
                                }
                                // SAFETY: `futures` is a `&mut` to the tuple
                                // bound just above it. The tuple has no name by
                                // which it could be moved (the `&mut` shadows
                                // it), and stays where it is until it is dropped
                                // in place.
                                let future = unsafe {
                                    $crate::macros::support::Pin::new_unchecked(
                                        &mut futures.$index,
                                    )
                                };
                                let mut output =
                                    match $crate::macros::support::Future::poll(future, cx) {
                                        $crate::macros::support::Poll::Ready(output) => output,
                                        $crate::macros::support::Poll::Pending => {
                                            pending = true;
                                            continue;
                                        }
                                    };
                                // Ready once: never to be polled again.
                                disabled |= 1 << $index;

                                let mut fits = false;
                                match output {
                                    $pattern if {
                                        fits = true;
                                        false
                                    } => $crate::macros::support::never(),
                                    _ => {}
                                }
                                if fits {
                                    return $crate::macros::support::Poll::Ready(
                                        __KoloSelectOutcome::$name(output),
                                    );
                                }
                            }
                        )+
                        _ => $crate::macros::support::never(),
                    }
                }

                if pending {
                    $crate::macros::support::Poll::Pending
                } else {
                    $crate::macros::support::Poll::Ready(__KoloSelectOutcome::Disabled)
                }
            }).await
        };

        match outcome {
            $( __KoloSelectOutcome::$name($pattern) => $handler, )+
            __KoloSelectOutcome::Disabled => $else,
            #[allow(unreachable_patterns)]
            _ => $crate::macros::support::never(),
        }
    }};

    // Not a branch.
    (@number $($rest:tt)*) => {
        ::core::compile_error!(
            "a branch of select! is `pattern = future => handler`, \
             or `pattern = future, if condition => handler`"
        )
    };

    // Number the branches.
    ($order:ident $($branches:tt)+) => {
        $crate::__select!(@number $order [
            (0 _0) (1 _1) (2 _2) (3 _3) (4 _4) (5 _5) (6 _6) (7 _7) (8 _8) (9 _9) (10 _10)
            (11 _11) (12 _12) (13 _13) (14 _14) (15 _15) (16 _16) (17 _17) (18 _18) (19 _19)
            (20 _20) (21 _21) (22 _22) (23 _23) (24 _24) (25 _25) (26 _26) (27 _27) (28 _28)
            (29 _29) (30 _30) (31 _31) (32 _32) (33 _33) (34 _34) (35 _35) (36 _36) (37 _37)
            (38 _38) (39 _39) (40 _40) (41 _41) (42 _42) (43 _43) (44 _44) (45 _45) (46 _46)
            (47 _47) (48 _48) (49 _49) (50 _50) (51 _51) (52 _52) (53 _53) (54 _54) (55 _55)
            (56 _56) (57 _57) (58 _58) (59 _59) (60 _60) (61 _61) (62 _62) (63 _63)
        ] [] $($branches)+)
    };
}
