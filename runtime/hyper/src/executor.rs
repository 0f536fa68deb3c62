//! **Where do hyper's own tasks run?** On the runtime whose task called hyper, as
//! tasks like any other: [`kolo::spawn`].

/// Runs hyper's tasks on the current kolo runtime.
///
/// HTTP/1 has none; HTTP/2 needs one per stream on the server, and one per
/// connection on the client.
///
/// # Panics
///
/// [`execute`](hyper::rt::Executor::execute) panics outside of a runtime.
///
/// ```
/// use kolo::sync::oneshot;
/// use hyper::rt::Executor as _;
///
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (tx, rx) = oneshot::channel();
/// kolo_hyper::Executor::new().execute(async { tx.send("ran") });
/// assert_eq!(rx.await, Ok("ran"));
/// # });
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Executor {}

impl Executor {
    /// The executor; it holds nothing.
    pub const fn new() -> Self {
        Self {}
    }
}

impl<F> hyper::rt::Executor<F> for Executor
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    #[track_caller]
    fn execute(&self, future: F) {
        // Detached: hyper learns of its tasks' ends by channels of its own.
        drop(kolo::spawn(future));
    }
}
