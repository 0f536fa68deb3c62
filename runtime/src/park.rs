//! **How does a thread sleep until somebody rouses it?** With a token: [`unpark`]
//! leaves it, [`park`] waits for it and takes it. An unpark that comes first is
//! not lost; two of them are one.
//!
//! This is the sleep of a thread that has no driver to turn: one that waits in a
//! `blocking_*` call or in `Handle::block_on`, or a loop built without I/O and
//! time. A loop with a driver sleeps in there instead, see `driver/mod.rs`.
//!
//! The token is a flag under a mutex, with a condition variable to wait on, so
//! nothing needs an ordering note: the mutex is the order.
//!
//! Also kept here, per thread: whether it may sleep at all. A thread that drives
//! tasks must not, for none of them would get on; [`forbid_blocking`] is asked by
//! whoever would put it to sleep. (Both belong to layer 1, below the primitives'
//! `blocking_*` methods, which need them.)
//!
//! [`park`]: Token::park
//! [`unpark`]: Token::unpark
//!
//! Read next: `driver/mod.rs`, the sleep that I/O and timers end too.

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use crate::loom::sync::{Condvar, Mutex};

thread_local! {
    static DRIVES: Cell<bool> = const { Cell::new(false) };
}

/// Does this thread drive tasks?
pub(crate) fn drives() -> bool {
    DRIVES.try_with(Cell::get).unwrap_or(false)
}

/// Notes whether this thread drives tasks.
pub(crate) fn set_drives(drives: bool) {
    let _ = DRIVES.try_with(|d| d.set(drives));
}

/// For functions that block the calling thread.
///
/// # Panics
///
/// If the thread drives tasks.
#[track_caller]
pub(crate) fn forbid_blocking() {
    if drives() {
        panic!(
            "Cannot block the current thread from within a runtime. This happens because a \
             function attempted to block the current thread while the thread is being used to \
             drive asynchronous tasks."
        );
    }
}

/// What one side leaves and the other waits for.
#[derive(Debug, Default)]
pub(crate) struct Token {
    left: Mutex<bool>,
    waiting: Condvar,
}

impl Token {
    /// Waits for the token and takes it. One thread at a time.
    pub(crate) fn park(&self) {
        let mut left = self.left.lock();
        while !*left {
            left = self.waiting.wait(left);
        }
        *left = false;
    }

    /// Leaves the token.
    pub(crate) fn unpark(&self) {
        *self.left.lock() = true;
        self.waiting.notify_one();
    }
}

impl Wake for Token {
    fn wake(self: Arc<Self>) {
        self.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.unpark();
    }
}

/// Polls `future` on the calling thread until it is ready, and sleeps between.
///
/// No runtime is driven meanwhile: whatever the future waits for happens elsewhere.
pub(crate) fn block_on_thread<F: Future>(future: F) -> F::Output {
    let token = Arc::new(Token::default());
    let waker = Waker::from(token.clone());
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        let polled = crate::task::coop::with_budget(|| future.as_mut().poll(&mut cx));
        match polled {
            Poll::Ready(output) => return output,
            Poll::Pending => token.park(),
        }
    }
}

#[cfg(all(test, loom))]
mod models {
    use std::sync::Arc;

    use super::Token;
    use crate::loom::{model, thread};

    /// Two unparks against one park: it returns, whoever comes first, and what
    /// is left over is one token at most.
    #[test]
    fn loom_park_takes_an_unpark_before_or_after() {
        model(None, || {
            let token = Arc::new(Token::default());
            let there = token.clone();
            let other = thread::spawn(move || there.unpark());
            token.unpark();
            token.park();
            other.join().unwrap();
        });
    }
}
