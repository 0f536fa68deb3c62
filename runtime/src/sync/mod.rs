//! Primitives by which tasks exchange values and take turns.

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
mod wake;

pub use mutex::{
    MappedMutexGuard, Mutex, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard, TryLockError,
};
pub use notify::Notify;
pub use queue::Queue;
pub use semaphore::{
    AcquireError, OwnedSemaphorePermit, Semaphore, SemaphorePermit, TryAcquireError,
};

/// Futures that have a name.
pub mod futures {
    pub use super::notify::{Notified, OwnedNotified};
}
