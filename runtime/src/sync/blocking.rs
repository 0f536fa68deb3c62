//! **How does a thread outside of the runtime wait for a primitive?** It polls
//! the very future that a task would poll, and sleeps between polls.
//!
//! The one place from which `sync` reaches up to the thread it runs on; what
//! waits in here is an ordinary future, so the primitives know no threads.

use std::future::Future;

/// Waits on the calling thread.
///
/// # Panics
///
/// On a thread that drives tasks: none of them would make progress meanwhile.
#[track_caller]
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    crate::park::forbid_blocking();
    crate::park::block_on_thread(future)
}
