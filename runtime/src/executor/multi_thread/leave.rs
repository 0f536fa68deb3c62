//! **How does the executor end?**
//!
//! ```text
//!   (1) close the roll      from here on a spawn comes back cancelled
//!        │
//!   (2) close the word      from here on a push to the injector drains it
//!        │
//!   (3) rouse everyone      each worker stops polling, after its stretch
//!        │
//!   (4) each worker         cancels what stands in the queues and in the injector, then
//!        │                  asks every task to end and ends those that are idle;
//!        │                  others may poll still
//!        │
//!   (5) the last of them    is alone: drains the injector, ends what is left,
//!                           shuts the driver
//! ```
//!
//! The tasks' destructors run on workers, in the runtime's context, with no lock held.
//! They may wake, abort, spawn: a worker that leaves has no queue any more, a wake there
//! is for the injector, which is closed; and a spawn finds the roll closed.
//!
//! Step (4) does not wait for a worker that is stuck in a poll, since what it waits for
//! may be the end of another task. What step (4) can't end is in somebody's hands: being
//! polled (it is marked, and its worker finds it again in its queue), or queued (whoever
//! leaves cancels it), or on its way to the injector. That last one is dropped by
//! whoever sees the word closed, its task left idle; and step (5) ends it. It is not
//! ended there and then: who wakes may be any thread, with any lock held, and is no place
//! for a future's destructor.
//!
//! Tasks are claimed one by one, so that a destructor that waits for another task's end
//! leaves that to the other workers.
//!
//! Memory ordering: `holders` is counted down with `AcqRel`, so that the last sees all
//! that the others did. The injector has no lock: whoever pushes fences and reads the
//! word; the last, who knows it closed, fences and drains. One of the two sees the
//! other's.
//!
//! Read next: `roll.rs`.

use super::MultiThread;
use super::queue::Steal;
use super::worker::{Post, Worker};
use crate::loom::sync::atomic::Ordering::{AcqRel, SeqCst};
use crate::loom::sync::atomic::fence;
use crate::task::{contain, coop};

impl MultiThread {
    /// Steps (1) to (3).
    pub(super) fn close(&self) {
        self.roll.close();
        self.idle.close();
        for worker in 0..self.stations.len() {
            self.rouse(worker);
        }
    }

    /// One thread fewer may poll. True: it was the last.
    pub(super) fn sign_off(&self) -> bool {
        self.holders.fetch_sub(1, AcqRel) == 1
    }

    /// One thread more may poll, beside the caller.
    pub(super) fn sign_on(&self) {
        self.holders.fetch_add(1, AcqRel);
    }

    /// All steps, for an executor so many of whose workers could not be started.
    pub(super) fn give_up(&self, missing: usize) {
        self.close();
        if (0..missing).any(|_| self.sign_off()) {
            // SAFETY: closed, and the workers that were started have left.
            unsafe { self.end() };
        }
    }

    /// Step (5).
    ///
    /// # Safety
    ///
    /// The executor is closed, and no thread may poll any more.
    pub(super) unsafe fn end(&self) {
        // Pairs with the fence of a push.
        fence(SeqCst);
        self.drain_injector(drop);
        // SAFETY: the caller's.
        unsafe { self.roll.end_all() };
        // A waker that panics has been reported; the rest of this must happen.
        // SAFETY: no thread of this executor ever drives the own wheel.
        contain(|| unsafe { self.driver_handle.shutdown() });
    }
}

impl Post {
    /// Ends the tasks that stand in its queue.
    fn cancel_queued(&self, executor: &MultiThread) {
        while let Some(runnable) = self.queue.pop() {
            runnable.cancel(executor);
        }
    }
}

impl Worker {
    /// Steps (4) and (5), for a thread whose work is over: the executor closed, or its
    /// post went to another.
    pub(super) fn leave(&self) {
        let executor = &*self.executor;
        // What destructors poll by hand is no part of the last task.
        coop::lift();
        if executor.idle.is_closed() {
            let post = self.post.take();
            if let Some(post) = &post {
                if post.searching.get() {
                    // Nobody is to search for this one.
                    let _ = executor.idle.stop_searching();
                }
                post.cancel_queued(executor);
                // The others' too: a worker that is stuck may wait for what stands there.
                for station in &executor.stations {
                    while let Some(runnable) = station.queue.take_slot() {
                        runnable.cancel(executor);
                    }
                    loop {
                        match post.queue.steal_from(&station.queue) {
                            Steal::Success(runnable) => runnable.cancel(executor),
                            Steal::Retry => {}
                            Steal::Empty => break,
                        }
                        post.cancel_queued(executor);
                    }
                }
            }
            executor.drain_injector(|runnable| runnable.cancel(executor));
            executor.roll.end_idle::<MultiThread>();
        }
        if executor.sign_off() {
            debug_assert!(executor.idle.is_closed());
            // SAFETY: posts are given up only when the executor closes, and the last
            // one just was.
            unsafe { executor.end() };
        }
    }
}
