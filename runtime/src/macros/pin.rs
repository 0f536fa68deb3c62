//! **How is a future kept where it is?** It is moved into a place that the
//! caller can't name any more, and only its `Pin<&mut _>` is left under its old
//! name. That is `std::pin::pin!`; what this adds is several at once, and that
//! the name stays.

/// Pins values on the stack (in async code: in the task) under their own names.
///
/// `pin!(a, b)` takes the variables `a` and `b`, and leaves a `Pin<&mut _>` of
/// each under the same name. `pin! { let a = …; let b = …; }` does so for values
/// made on the spot.
///
/// A future has to be pinned to be polled more than once by reference, as in a
/// [`select!`](crate::select) in a loop. Unlike `Box::pin` this allocates
/// nothing; unlike `std::pin::pin!` it can't be an expression, and so can't
/// borrow a temporary.
///
/// # Examples
///
/// A future that goes on where the last turn of the loop left it:
///
/// ```
/// use std::time::Duration;
///
/// # #[kolo::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let mut interval = kolo::time::interval(Duration::from_millis(10));
/// let end = kolo::time::sleep(Duration::from_millis(35));
/// kolo::pin!(end);
///
/// let mut ticks = 0;
/// loop {
///     kolo::select! {
///         _ = &mut end => break,
///         _ = interval.tick() => ticks += 1,
///     }
/// }
/// assert_eq!(ticks, 4); // at 0, 10, 20 and 30 ms
/// # }
/// ```
///
/// Futures made on the spot:
///
/// ```
/// async fn double(n: u32) -> u32 {
///     n * 2
/// }
///
/// # #[kolo::main(flavor = "current_thread")]
/// # async fn main() {
/// kolo::pin! {
///     let first = double(1);
///     let second = double(2);
/// }
/// assert_eq!(first.as_mut().await, 2);
/// assert_eq!(second.await, 4);
/// # }
/// ```
///
/// A value that is not owned can't be pinned:
///
/// ```compile_fail,E0507
/// async fn wait(pending: &std::future::Pending<()>) {
///     let moved = *pending;
///     kolo::pin!(moved);
/// }
/// ```
#[macro_export]
macro_rules! pin {
    ($($value:ident),* $(,)?) => { $(
        #[allow(unused_mut)]
        let mut $value = $crate::macros::support::pin!($value);
    )* };

    ($( let $value:ident = $init:expr; )*) => { $(
        let $value = $init;
        $crate::pin!($value);
    )* };
}
