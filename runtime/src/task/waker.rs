//! **What does a waker do?** It makes the task's next runnable and hands it to
//! the scheduler: wake → schedule; the scheduler then unparks its thread if that
//! sleeps.
//!
//! A waker is one pointer to the task's cell and one reference on it. While the
//! executor polls, it lends the task a waker that holds no reference
//! ([`borrowed`]): most polls never clone it.
//!
//! Read next: `executor/current_thread.rs`, where the runnable goes.

use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::task::{RawWaker, RawWakerVTable, Waker};

use crate::task::cell::{self, Caller, Header, TaskRef};
use crate::task::state::Wake;

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

/// A waker that is lent for the length of a poll.
///
/// # Safety
///
/// The task must not be freed while the waker lives, nor the waker be taken out of
/// its `ManuallyDrop`.
#[inline]
pub(super) unsafe fn borrowed(task: TaskRef) -> ManuallyDrop<Waker> {
    let raw = RawWaker::new(task.as_ptr().cast_const().cast(), &VTABLE);
    // SAFETY: the functions keep RawWaker's contract. The reference that this
    // waker does not hold is never released: it is not dropped, and `wake` takes
    // a `Waker` by value, which a borrow can't give.
    ManuallyDrop::new(unsafe { Waker::from_raw(raw) })
}

/// The task behind a waker's pointer.
fn task(data: *const ()) -> TaskRef {
    // SAFETY: every waker's pointer came from a `TaskRef`.
    unsafe { NonNull::new_unchecked(data.cast_mut().cast::<Header>()) }
}

unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: the waker that is cloned keeps the cell alive.
    unsafe { task(data).as_ref() }.state.clone_reference();
    RawWaker::new(data, &VTABLE)
}

unsafe fn wake(data: *const ()) {
    let task = task(data);
    // SAFETY: the waker's reference keeps the cell alive until it is spent here.
    let header = unsafe { task.as_ref() };
    match header.state.wake_by_value() {
        // SAFETY: SCHEDULED was just set; it keeps the executor's reference, and
        // so the cell, until the runnable is spent.
        Wake::Schedule => unsafe { (header.vtable.schedule)(task, Caller::GaveUpTask) },
        Wake::Nothing => {}
        // SAFETY: the waker's reference was the last.
        Wake::Free => unsafe { (header.vtable.free)(task) },
    }
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: the waker keeps the cell alive.
    unsafe { wake_task(task(data)) };
}

/// Wakes a task through any reference to it.
///
/// # Safety
///
/// The cell is alive.
pub(super) unsafe fn wake_task(task: TaskRef) {
    // SAFETY: as the caller promises.
    let header = unsafe { task.as_ref() };
    if header.state.wake() == Wake::Schedule {
        // SAFETY: SCHEDULED was just set by this wake.
        unsafe { (header.vtable.schedule)(task, Caller::HoldsTask) };
    }
}

unsafe fn drop_waker(data: *const ()) {
    // SAFETY: the waker's reference is released.
    unsafe { cell::release(task(data)) };
}
