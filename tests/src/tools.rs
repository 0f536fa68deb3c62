//! Small instruments: a shared transcript, a lock that a sanitizer sees, a waker that
//! counts, one that can't be cloned, a value that reports its drop.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::{Context, Poll, RawWakerVTable, Wake, Waker};
use std::thread;

/// Lines that tasks write, in the order in which they wrote them.
#[derive(Clone, Debug, Default)]
pub struct Transcript(Arc<Mutex<Vec<String>>>);

impl Transcript {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a line.
    pub fn say(&self, line: impl Into<String>) {
        lock_seen(&self.0).push(line.into());
    }

    /// All lines so far.
    pub fn lines(&self) -> Vec<String> {
        lock_seen(&self.0).clone()
    }

    /// How many lines so far.
    pub fn len(&self) -> usize {
        lock_seen(&self.0).len()
    }

    /// Is it still empty?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Locks `mutex`, whether or not a holder has panicked; so that ThreadSanitizer sees
/// who had it before, for how std's lock waits is in std, which is not compiled with it.
pub fn lock_seen<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    if !cfg!(kolo_tsan) {
        return mutex.lock().unwrap_or_else(PoisonError::into_inner);
    }
    loop {
        match mutex.try_lock() {
            Ok(guard) => return guard,
            Err(TryLockError::Poisoned(panicked)) => return panicked.into_inner(),
            Err(TryLockError::WouldBlock) => thread::yield_now(),
        }
    }
}

/// A waker that only counts, for futures polled by hand.
#[derive(Debug, Default)]
pub struct CountWaker(AtomicUsize);

impl CountWaker {
    /// The counter and a waker that feeds it.
    pub fn pair() -> (Arc<Self>, Waker) {
        let count = Arc::new(Self::default());
        (count.clone(), Waker::from(count))
    }

    /// Wakes so far.
    pub fn wakes(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for CountWaker {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A waker whose clone panics; that it is woken or dropped has no effect.
pub fn unclonable_waker() -> Waker {
    static VTABLE: RawWakerVTable =
        RawWakerVTable::new(|_| panic!("cloned a waker"), |_| (), |_| (), |_| ());

    // SAFETY: the functions use no data, from any thread; the clone returns nothing.
    unsafe { Waker::new(std::ptr::null(), &VTABLE) }
}

/// Polls `future` once with `waker`.
pub fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

/// Runs a closure when it is dropped.
#[must_use]
pub struct OnDrop<F: FnOnce()>(Option<F>);

/// A value that runs `f` when it is dropped.
pub fn on_drop<F: FnOnce()>(f: F) -> OnDrop<F> {
    OnDrop(Some(f))
}

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(f) = self.0.take() {
            f();
        }
    }
}
