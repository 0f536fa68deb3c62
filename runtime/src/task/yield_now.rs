//! **How does a task step back?** It wakes itself and answers `Pending` once: it
//! goes to the back of the run queue. asyncio's `sleep(0)`.

use std::future::poll_fn;
use std::task::Poll;

/// Lets the other ready tasks run, then goes on.
///
/// A task that keeps yielding does not keep the loop from its driver: I/O and
/// timers are looked at within nine of its yields.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let other = kolo::spawn(async {});
/// kolo::task::yield_now().await;
/// assert!(other.is_finished());
/// # });
/// ```
pub async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}
