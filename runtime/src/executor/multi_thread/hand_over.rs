//! **What happens to a worker's tasks while one of them blocks its thread?** Said to
//! [`block_in_place`], the thread gives its post, number, queue and all, to another
//! thread before it blocks.
//!
//! ```text
//!   thread A: polls a task ── block_in_place ── post to the station ── f() ── takes the
//!                                   │              ▲        │             post back if
//!                                   │ starts       │        │ takes       it is there
//!                                   ▼              │        ▼
//!   thread B (of the pool): ───────────────────────┴─── works at it
//! ```
//!
//! If A finds the post gone, it finishes the poll as anybody: what it wakes goes to the
//! injector. Then it leaves, and is a thread of the pool like others.
//!
//! Invariant: the post is at A, in the station, or at B; the station's lock passes it
//! on. A is counted among the `holders` from before it gives the post away until its
//! poll is over, since the task is its own until then.

use std::time::Instant;

use super::worker::{self, Worker};
use crate::executor::local;
use crate::handle::Handle;
use crate::park;
use crate::task::coop;

/// Runs a closure that blocks, here and now, and lets other tasks run meanwhile.
///
/// On a multi-thread runtime the tasks of this worker are handed to another thread
/// first. What is joined to the task that calls this (by `join!`, `select!`) waits all
/// the same. Outside of a runtime, or on a thread of its blocking pool, the closure is
/// simply called.
///
/// # Panics
///
/// On a current-thread runtime and in a [`LocalSet`](crate::task::LocalSet), where there
/// is no other thread to go on; and if the system starts no other thread.
///
/// ```
/// # let runtime = kolo::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
/// # runtime.block_on(async {
/// let (sender, receiver) = std::sync::mpsc::channel();
/// let blocked = kolo::spawn(async move { kolo::task::block_in_place(|| receiver.recv()) });
/// kolo::spawn(async move { sender.send(1) });
/// assert_eq!(blocked.await.unwrap(), Ok(1));
/// # });
/// ```
#[track_caller]
pub fn block_in_place<F, R>(f: F) -> R
where
    F: FnOnce() -> R,
{
    if !park::drives() {
        return f();
    }
    let handed = !local::is_ticking() && Worker::current(Worker::hand_over) == Some(true);
    // In `block_on` of a runtime with workers nobody waits for this thread.
    let many =
        || Handle::try_current().is_ok_and(|handle| handle.home().executor.has_many_threads());
    assert!(
        handed || many() && !local::is_ticking(),
        "can call blocking only when running on the multi-threaded runtime"
    );
    let _back = Back(handed);
    park::set_drives(false);
    coop::with_unconstrained(f)
}

/// Ends the time in which the thread may block, also by a panic.
struct Back(bool);

impl Drop for Back {
    fn drop(&mut self) {
        park::set_drives(true);
        if self.0 {
            Worker::current(Worker::take_back);
        }
    }
}

impl Worker {
    /// Gives the post to another thread. False: there was none to give.
    ///
    /// # Panics
    ///
    /// If no thread can be started.
    fn hand_over(&self) -> bool {
        if !self.polling.get() {
            // A hook or a waker: there is no task of ours to finish later.
            return false;
        }
        let Some(handle) = &self.handle else {
            return false;
        };
        let Some(post) = self.post.take() else {
            return false;
        };
        self.count_time_up(&post, Instant::now());
        let index = post.index;
        let executor = self.executor.clone();
        executor.sign_on();
        *executor.stations[index].post.lock() = Some(post);
        let another = executor.clone();
        self.index.set(index);
        if let Err(error) = handle.host(move || worker::work(another, index)) {
            self.take_back();
            panic!(
                "OS can't spawn worker thread: {error}; `block_in_place` needs one to work on \
                 while this one is blocked: raise the limit on threads"
            );
        }
        true
    }

    /// Takes the post back if no thread has come for it.
    fn take_back(&self) {
        let station = &self.executor.stations[self.index.get()];
        let post = station.post.lock().take();
        if let Some(post) = post {
            post.up_since.set(Instant::now());
            post.begin_anew();
            *self.post.borrow_mut() = Some(post);
            let last = self.executor.sign_off();
            debug_assert!(!last, "the post's holder is counted");
        }
    }
}
