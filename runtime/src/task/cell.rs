//! **What does one task occupy?** One allocation: a header that knows nothing of
//! the future's type, then the scheduler, then the future or its outcome.
//!
//! ```text
//! offset  0  state       lifecycle bits, registry key, reference count   Header
//!         8  vtable      what the code for F and S does
//!        16  id          for people
//!        24  join waker  who awaits the outcome, in one word
//!        32  scheduler   S, one pointer: who gets the runnable
//!        40  stage       the future F, and later in its place the outcome
//! ```
//!
//! So a task costs 40 bytes beside its future, and is aligned to what the future
//! asks for. (Aligning to a cache line, as tokio does, keeps neighbours from
//! sharing a line, but misses malloc's fast path: 45 ns against 20.)
//!
//! Which of future and outcome the stage holds is not stored in it: the executor
//! knows (it polls, or it has just completed the task), and everyone else reads
//! COMPLETE in the state word first.
//!
//! # Who may touch what
//!
//! | field | who, when |
//! |---|---|
//! | state | anyone, atomically |
//! | vtable, id, scheduler | anyone, read only |
//! | join waker | JoinHandle or executor, as `state.rs` says |
//! | stage | the executor until COMPLETE; then JoinHandle or executor, as `state.rs` says; the last reference |
//!
//! Code that is generic over the future is compiled once per spawned type, so
//! there is as little of it as possible: the functions behind [`Vtable`]. All
//! decisions are in `runnable.rs` and `join.rs`, compiled once.
//!
//! # Panics
//!
//! A panic of the future, in `poll` or in a destructor, becomes the outcome. A
//! panic in the destructor of an outcome that nobody wants goes nowhere: the
//! panic hook has reported it, and nobody is left to tell.
//!
//! Read next: `runnable.rs`, how a task is polled.

use std::any::Any;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll};

use crate::loom::cell::UnsafeCell;
use crate::task::id::{self, Id};
use crate::task::runnable::{Anchor, Runnable};
use crate::task::state::State;
use crate::task::waker_word::WakerWord;

/// Where a woken task goes. An executor's side of the contract with its tasks.
pub(crate) trait Schedule: 'static {
    /// Takes the runnable of a task that was just woken or aborted, on whichever
    /// thread that happened. An executor that is closed drops it.
    ///
    /// `self` lives inside the task's cell: if the caller gave up its reference,
    /// then once another thread can reach the runnable, `self` may be freed. Who
    /// hands it to another thread takes an [`anchor`](Caller::anchor) first and
    /// returns it, for the caller to drop when nothing borrows from the cell.
    fn schedule(&self, runnable: Runnable, caller: Caller) -> Option<Anchor>;

    /// The same by pointer, for an executor that lets other threads have the runnable
    /// and can do without an anchor: nothing that it needs lies in the cell.
    ///
    /// # Safety
    ///
    /// `this` is valid until another thread can reach the runnable.
    unsafe fn schedule_at(this: *const Self, runnable: Runnable, caller: Caller) -> Option<Anchor> {
        // SAFETY: `schedule` anchors the cell before it lets go of the runnable.
        unsafe { &*this }.schedule(runnable, caller)
    }
}

/// For tasks that no wake queues, such as the pool's jobs, which are queued when they
/// are submitted.
pub(crate) struct Unscheduled;

impl Schedule for Unscheduled {
    fn schedule(&self, runnable: Runnable, caller: Caller) -> Option<Anchor> {
        let anchor = caller.anchor(&runnable);
        drop(runnable);
        anchor
    }
}

/// Who polls a task and keeps it in a registry: an executor, or a part of one.
pub(crate) trait Owner {
    /// May several threads poll tasks of this owner at the same time? Then a task that
    /// is polled is marked so, which costs an instruction more (see `state.rs`).
    const MANY_THREADS: bool;

    /// A task is about to complete that was registered under this key.
    fn forget(&self, key: u32);
}

/// What a waker still has when it hands the runnable over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// A reference on the task, until `schedule` returns.
    HoldsTask,
    /// None: it was spent on the wake.
    GaveUpTask,
}

impl Caller {
    /// A reference on the task in place of the one that was given up.
    pub(crate) fn anchor(self, runnable: &Runnable) -> Option<Anchor> {
        (self == Caller::GaveUpTask).then(|| runnable.anchor())
    }
}

/// How a task ended, as the cell stores it.
pub(crate) enum Outcome<T> {
    Done(T),
    Cancelled,
    /// Boxed twice: one word here, so that small tasks stay small.
    Panicked(Box<Box<dyn Any + Send>>),
    /// The JoinHandle took it.
    Taken,
}

/// The part of a task that every handle, waker and queue sees.
pub(crate) struct Header {
    pub(super) state: State,
    pub(super) vtable: &'static Vtable,
    pub(super) id: Id,
    pub(super) join_waker: UnsafeCell<WakerWord>,
}

/// A pointer to a task's cell whose type of future is forgotten.
pub(crate) type TaskRef = NonNull<Header>;

/// The code that knows the types. Each function's contract is its entry in the
/// table "who may touch what".
pub(super) struct Vtable {
    /// Polls the future; if it is ready or panics, drops it and stores the outcome.
    pub(super) poll: unsafe fn(TaskRef, &mut Context<'_>) -> Poll<()>,
    /// Drops the future; stores "cancelled", or the panic of its destructor.
    pub(super) cancel: unsafe fn(TaskRef),
    /// Moves the outcome to `*mut Outcome<T>`.
    pub(super) take_outcome: unsafe fn(TaskRef, *mut ()),
    /// Drops the outcome.
    pub(super) drop_outcome: unsafe fn(TaskRef),
    /// Frees the cell of a complete task.
    pub(super) free: unsafe fn(TaskRef),
    /// Hands the runnable to the scheduler.
    pub(super) schedule: unsafe fn(TaskRef, Caller),
}

/// One task in memory.
#[repr(C)]
struct Cell<F: Future, S> {
    header: Header,
    scheduler: S,
    stage: UnsafeCell<Stage<F>>,
}

/// The future, or what became of it.
union Stage<F: Future> {
    future: ManuallyDrop<F>,
    outcome: ManuallyDrop<Outcome<F::Output>>,
}

/// Allocates a task. The caller owns its first runnable and the JoinHandle's
/// reference.
pub(super) fn allocate<F, S>(future: F, scheduler: S) -> TaskRef
where
    F: Future,
    S: Schedule,
{
    let cell = Box::new(Cell::<F, S> {
        header: Header {
            state: State::new(),
            vtable: const {
                &Vtable {
                    poll: poll::<F, S>,
                    cancel: cancel::<F, S>,
                    take_outcome: take_outcome::<F, S>,
                    drop_outcome: drop_outcome::<F, S>,
                    free: free::<F, S>,
                    schedule: schedule::<F, S>,
                }
            },
            id: Id::next(),
            join_waker: UnsafeCell::new(WakerWord::NONE),
        },
        scheduler,
        stage: UnsafeCell::new(Stage {
            future: ManuallyDrop::new(future),
        }),
    });
    NonNull::from(Box::leak(cell)).cast()
}

/// The cell behind a task reference.
///
/// # Safety
///
/// `task` was allocated for these F and S and is not freed.
unsafe fn cell<'a, F: Future, S>(task: TaskRef) -> &'a Cell<F, S> {
    // SAFETY: the header is the first field of a `repr(C)` cell, and the pointer
    // came from the whole cell's box.
    unsafe { task.cast::<Cell<F, S>>().as_ref() }
}

/// Replaces the future, which may panic as it drops, by an outcome.
///
/// # Safety
///
/// The stage is the caller's and holds the future.
unsafe fn finish<F: Future>(stage: *mut Stage<F>, outcome: Outcome<F::Output>) {
    // SAFETY: the stage holds the future, as the caller promises; it is dropped
    // in place, as pinning asks, and overwritten below even if that panics.
    let dropped = catch_unwind(AssertUnwindSafe(|| unsafe {
        ManuallyDrop::drop(&mut (*stage).future);
    }));
    let outcome = match dropped {
        Ok(()) => outcome,
        Err(panic) => {
            // The outcome gives way to the panic; its own destructor must not
            // leave the stage unwritten.
            contain(|| drop(outcome));
            Outcome::Panicked(Box::new(panic))
        }
    };
    // SAFETY: the stage is the caller's, and what was in it is dropped.
    unsafe {
        stage.write(Stage {
            outcome: ManuallyDrop::new(outcome),
        });
    }
}

/// Runs `f`; a panic ends here. For destructors and wakers that are not ours,
/// where nobody is left to tell.
pub(crate) fn contain(f: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        // A payload may panic as it drops; that one is forgotten, and there is an end.
        if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(another);
        }
    }
}

unsafe fn poll<F: Future, S>(task: TaskRef, cx: &mut Context<'_>) -> Poll<()> {
    // SAFETY: the vtable belongs to this cell.
    let cell = unsafe { cell::<F, S>(task) };
    cell.stage.with_mut(|stage| {
        // SAFETY: the executor polls, so the stage is its own and holds the
        // future, which never moves: the cell is pinned on the heap.
        let future = unsafe { Pin::new_unchecked(&mut *(*stage).future) };
        let outcome = match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Outcome::Done(output),
            Err(panic) => Outcome::Panicked(Box::new(panic)),
        };
        // SAFETY: as above.
        unsafe { finish(stage, outcome) };
        Poll::Ready(())
    })
}

unsafe fn cancel<F: Future, S>(task: TaskRef) {
    // SAFETY: the vtable belongs to this cell.
    let cell = unsafe { cell::<F, S>(task) };
    cell.stage.with_mut(|stage| {
        // SAFETY: the executor cancels a task that is not complete.
        unsafe { finish(stage, Outcome::Cancelled) };
    });
}

unsafe fn take_outcome<F: Future, S>(task: TaskRef, to: *mut ()) {
    // SAFETY: the vtable belongs to this cell.
    let cell = unsafe { cell::<F, S>(task) };
    cell.stage.with_mut(|stage| {
        // SAFETY: the task is complete and the outcome the JoinHandle's, which
        // passes a place for an `Outcome<F::Output>`; `Taken` needs no drop.
        unsafe {
            let outcome = std::mem::replace(&mut *(*stage).outcome, Outcome::Taken);
            to.cast::<Outcome<F::Output>>().write(outcome);
        }
    });
}

unsafe fn drop_outcome<F: Future, S>(task: TaskRef) {
    // SAFETY: the vtable belongs to this cell.
    let cell = unsafe { cell::<F, S>(task) };
    let _current = id::enter(cell.header.id);
    // SAFETY: the task is complete and the outcome the caller's.
    let outcome = cell
        .stage
        .with_mut(|stage| unsafe { std::mem::replace(&mut *(*stage).outcome, Outcome::Taken) });
    contain(|| drop(outcome));
}

unsafe fn free<F: Future, S>(task: TaskRef) {
    // SAFETY: the vtable belongs to this cell, and the caller released the last
    // reference. The outcome is taken or dropped by then, and the stage, a
    // union, drops nothing of itself.
    let cell = unsafe { Box::from_raw(task.cast::<Cell<F, S>>().as_ptr()) };
    // What may still be in there is a join waker whose clone panicked.
    contain(|| drop(cell));
}

unsafe fn schedule<F: Future, S: Schedule>(task: TaskRef, caller: Caller) {
    // No reference into the cell: it may be freed before `schedule_at` returns.
    // SAFETY: the vtable belongs to this cell, which is alive.
    let scheduler = unsafe { &raw const (*task.cast::<Cell<F, S>>().as_ptr()).scheduler };
    // SAFETY: the caller set SCHEDULED and so owns the new runnable.
    let runnable = unsafe { Runnable::from_task(task) };
    // SAFETY: while the runnable is in its hands, the executor's reference holds.
    let anchor = unsafe { S::schedule_at(scheduler, runnable, caller) };
    drop(anchor);
}

/// Releases one reference.
///
/// # Safety
///
/// The reference is the caller's.
pub(super) unsafe fn release(task: TaskRef) {
    // SAFETY: the caller's reference keeps the cell alive.
    let header = unsafe { task.as_ref() };
    if header.state.release() {
        // SAFETY: that was the last reference.
        unsafe { (header.vtable.free)(task) };
    }
}
