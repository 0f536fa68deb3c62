//! Primitives by which tasks exchange values, take turns and wake each other.
//!
//! | for | there is |
//! |---|---|
//! | messages from many tasks to one | [`mpsc`] |
//! | work from many tasks for many, and to wait until it is done | [`Queue`] |
//! | one value, once | [`oneshot`] |
//! | a value that one task at a time may touch, across its awaits | [`Mutex`] |
//! | a limited number of something | [`Semaphore`] |
//! | "look again", without a value | [`Notify`] |
//!
//! They work on any executor, and between tasks and plain threads: none needs a
//! runtime to be there. Waiters are served first come first served. A future that
//! is dropped leaves its line, and what it had been given and never saw goes to
//! the next; each method says what that means under "Cancel safety". A thread that
//! drives no tasks waits by the `blocking_` methods.
//!
//! Names and semantics are tokio's. How they work: `wait_list.rs` keeps the line,
//! `permits.rs` counts; both are read first.

mod blocking;
pub mod mpsc;
mod mutex;
mod notify;
pub mod oneshot;
mod permits;
pub mod queue;
mod semaphore;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod wait_list;
pub(crate) mod wake;

pub use mutex::{
    MappedMutexGuard, Mutex, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard, TryLockError,
};
pub use notify::Notify;
pub use queue::Queue;
pub use semaphore::{
    AcquireError, OwnedSemaphorePermit, Semaphore, SemaphorePermit, TryAcquireError,
};

/// Futures of this module that have a name.
pub mod futures {
    pub use super::notify::{Notified, OwnedNotified};
}
