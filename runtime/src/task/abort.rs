//! **Who may end a task early?** Whoever holds its JoinHandle or an
//! [`AbortHandle`]. To abort is a request: it marks the task and schedules it, so
//! that its executor drops the future, on the thread that may.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::task::cell::{self, Caller, Header, TaskRef};
use crate::task::id::Id;
use crate::task::state::Wake;

/// Can abort a task, and ask whether it is complete, but not await it.
///
/// Dropped, it does nothing.
pub struct AbortHandle {
    task: TaskRef,
}

// SAFETY: only atomic operations and the task's number are reached through it.
unsafe impl Send for AbortHandle {}
// SAFETY: as above.
unsafe impl Sync for AbortHandle {}

impl UnwindSafe for AbortHandle {}
impl RefUnwindSafe for AbortHandle {}

/// Marks the task as cancelled and schedules it.
///
/// # Safety
///
/// The cell is alive.
pub(super) unsafe fn abort(task: TaskRef) {
    // SAFETY: as the caller promises.
    let header = unsafe { task.as_ref() };
    if header.state.abort() == Wake::Schedule {
        // SAFETY: SCHEDULED was just set by this abort.
        unsafe { (header.vtable.schedule)(task, Caller::HoldsTask) };
    }
}

impl AbortHandle {
    /// # Safety
    ///
    /// The caller gives one reference.
    pub(super) unsafe fn from_task(task: TaskRef) -> Self {
        Self { task }
    }

    /// Asks the task to end; see [`JoinHandle::abort`](crate::task::JoinHandle::abort).
    pub fn abort(&self) {
        // SAFETY: the handle's reference keeps the cell alive.
        unsafe { abort(self.task) };
    }

    /// Is the task complete?
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.header().state.is_complete()
    }

    /// The task's number.
    #[must_use]
    pub fn id(&self) -> Id {
        self.header().id
    }

    fn header(&self) -> &Header {
        // SAFETY: the handle's reference keeps the cell alive.
        unsafe { self.task.as_ref() }
    }
}

impl Clone for AbortHandle {
    fn clone(&self) -> Self {
        self.header().state.clone_reference();
        Self { task: self.task }
    }
}

impl Drop for AbortHandle {
    fn drop(&mut self) {
        // SAFETY: the handle's own reference.
        unsafe { cell::release(self.task) };
    }
}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortHandle")
            .field("id", &self.id())
            .finish()
    }
}
