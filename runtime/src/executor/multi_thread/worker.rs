//! **What does a worker do next?** This file is the whole policy of one thread of many.
//!
//! ```text
//!        ┌──────────────────────────────────────────────────────────┐
//!        ▼                                                          │
//!   run a stretch: pop, poll, pop, poll …  (pace.rs: how long)      │
//!        │                                                          │
//!        ├── queue not empty ──► look: driver, one from the injector┤
//!        │                                                          │
//!        └── queue empty ──► search: injector, other workers ───────┤ found
//!                              │ nothing                            │
//!                              ▼                                    │
//!                            rest: fall asleep, look once more, ────┘
//!                                  sleep in the driver or on the token
//! ```
//!
//! # Fairness
//!
//! The injector is looked into between two stretches, 61 polls apart at most, so that
//! outsiders get on while the workers' own queues never run dry. A task that was woken
//! while it was polled, as by a yield, goes to the back of the deque. What the driver
//! wakes goes there too, in order: only what a task wakes takes the LIFO slot.
//!
//! # Whom a spawn rouses
//!
//! Nobody, if the new task is the only one that is ready here: most often its spawner
//! awaits it, or the next thing, at once, and this worker runs it before another could
//! have woken up. (Told of each spawn, the other of two workers woke up for nothing or
//! took the task to another core: "spawn and join" took 2.4 times as long.) It lies in
//! the deque, where a worker that searches finds it; if its spawner computes on, the
//! watcher sees to it. The second task that is ready rouses a worker that is parked, if
//! none searches, and so does each after it.
//!
//! # Invariants
//!
//! - The thread-local pointer is set while a [`Worker`] lives on the thread's stack, and
//!   no longer.
//! - The post may go while a task is polled (`hand_over.rs`), and at no other time.
//!
//! Read next: `idle.rs`, on which the sleep rests.

use std::cell::{Cell, Ref, RefCell};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use super::queue::{RunQueue, Steal};
use super::{MultiThread, Station};
use crate::driver::Turn;
use crate::executor::pace::Pace;
use crate::handle::{self, Handle};
use crate::loom::hint;
use crate::task::{Ran, Runnable, contain, coop};
use crate::trace::Event;
use crate::util::rng::{FastRand, fresh_seed};

/// A worker's place: its number and its queue. Whoever has it is the worker.
pub(super) struct Post {
    pub(super) index: usize,
    pub(super) queue: RunQueue,
    pub(super) pace: RefCell<Pace>,
    /// Does it count as searching?
    pub(super) searching: Cell<bool>,
    /// What it saw of the others when it last watched: their polls.
    pub(super) seen: RefCell<Vec<u64>>,
    /// Where to begin to steal.
    dice: RefCell<FastRand>,
    /// Since when it has not slept.
    pub(super) up_since: Cell<Instant>,
}

impl Post {
    pub(super) fn new(index: usize, workers: usize) -> Self {
        Self {
            index,
            queue: RunQueue::new(),
            pace: RefCell::new(Pace::new()),
            searching: Cell::new(false),
            seen: RefCell::new(vec![0; workers]),
            dice: RefCell::new(FastRand::from_seed(fresh_seed())),
            up_since: Cell::new(Instant::now()),
        }
    }
}

/// A thread that works for an executor.
pub(super) struct Worker {
    pub(super) executor: Arc<MultiThread>,
    /// Its runtime, whatever context a task has entered. (Models have none.)
    pub(super) handle: Option<Handle>,
    /// Empty once another thread took it over.
    pub(super) post: RefCell<Option<Box<Post>>>,
    /// The number of the post that it has, or had last.
    pub(super) index: Cell<usize>,
    /// A task is being polled.
    pub(super) polling: Cell<bool>,
}

#[cfg(not(loom))]
thread_local! {
    /// The worker that this thread is.
    static WORKER: Cell<*const Worker> = const { Cell::new(ptr::null()) };
}
#[cfg(loom)]
loom::thread_local! {
    static WORKER: Cell<*const Worker> = Cell::new(ptr::null());
}

/// How a stretch of polls ended.
enum Stretch {
    /// It was long enough, and more may be ready.
    Over,
    /// Nothing is ready.
    Dry,
    /// Another thread has the post.
    PostGone,
}

/// Works at the post of that number until the executor shuts down or another thread
/// takes over.
pub(super) fn work(executor: Arc<MultiThread>, index: usize) {
    let post = executor.stations[index].post.lock().take();
    let Some(post) = post else {
        // Who handed it over has it back.
        return;
    };
    let handle = Handle::current();
    let _entered = handle::enter_to_drive(&handle);
    work_at(executor, post, Some(handle));
}

/// The same for who has the post and is in the runtime's context.
pub(super) fn work_at(executor: Arc<MultiThread>, post: Box<Post>, handle: Option<Handle>) {
    post.up_since.set(Instant::now());
    post.pace.borrow_mut().slept();
    let index = post.index;
    let _timers = executor.driver_handle.work_at(index);
    let worker = Worker {
        executor,
        handle,
        post: RefCell::new(Some(post)),
        index: Cell::new(index),
        polling: Cell::new(false),
    };
    let _known = Known(WORKER.with(|known| known.replace(&worker)));
    worker.work();
    worker.leave();
}

/// Puts back what the thread knew of itself.
struct Known(*const Worker);

impl Drop for Known {
    fn drop(&mut self) {
        WORKER.with(|known| known.set(self.0));
    }
}

impl Worker {
    /// Calls `f` if this thread is one of the executor's workers, and has its post.
    #[inline]
    pub(super) fn here<R>(
        executor: &MultiThread,
        f: impl FnOnce(&Worker, &Post) -> R,
    ) -> Option<R> {
        Self::current(|worker| {
            if !ptr::eq(&*worker.executor, executor) {
                return None;
            }
            worker.post().map(|post| f(worker, &post))
        })?
    }

    /// Calls `f` if this thread is a worker.
    #[inline]
    pub(super) fn current<R>(f: impl FnOnce(&Worker) -> R) -> Option<R> {
        let worker = WORKER.try_with(Cell::get).unwrap_or(ptr::null());
        // SAFETY: while the pointer is set, the worker lives on this thread's stack, below
        // this call, and is reached by shared references only.
        unsafe { worker.as_ref() }.map(f)
    }

    #[inline]
    pub(super) fn post(&self) -> Option<Ref<'_, Post>> {
        Ref::filter_map(self.post.borrow(), Option::as_deref).ok()
    }

    fn station(&self, post: &Post) -> &Station {
        &self.executor.stations[post.index]
    }

    /// Queues a task that was woken on this thread.
    #[inline]
    pub(super) fn schedule(&self, post: &Post, runnable: Runnable) {
        if !self.polling.get() {
            // The driver or a hook: whoever called those tells the others.
            post.queue.push(runnable);
        } else if post.queue.push_next(runnable) {
            self.executor.tell_of_push();
        }
    }

    /// Takes in a task that was spawned on this thread. It comes back if none is taken
    /// in any more: to cancel it is foreign code, and not for here.
    #[inline]
    pub(super) fn admit(&self, post: &Post, runnable: Runnable) -> Result<(), Runnable> {
        if !self.executor.roll.enter(&runnable, post.index) {
            return Err(runnable);
        }
        let alone = post.queue.is_empty();
        post.queue.push(runnable);
        if !alone {
            self.executor.tell_of_push();
        }
        Ok(())
    }

    fn work(&self) {
        while !self.executor.idle.is_closed() {
            match self.stretch() {
                Stretch::Over => self.look(),
                Stretch::Dry => self.find_work(),
                Stretch::PostGone => return,
            }
        }
    }

    /// Polls until it is time to look around, or nothing is ready.
    fn stretch(&self) -> Stretch {
        loop {
            let round = match self.post() {
                Some(post) if post.pace.borrow().is_stretch_over() => return Stretch::Over,
                Some(post) => post.pace.borrow_mut().next_round(post.queue.len()),
                None => return Stretch::PostGone,
            };
            for _ in 0..round {
                let Some(post) = self.post() else {
                    return Stretch::PostGone;
                };
                let Some(next) = post.queue.pop() else {
                    return Stretch::Dry;
                };
                self.run(post, next);
            }
        }
    }

    #[inline]
    fn run(&self, post: Ref<'_, Post>, runnable: Runnable) {
        if post.searching.get() {
            self.stop_searching(&post);
        }
        self.station(&post).tally.observe(Event::Poll);
        drop(post);
        coop::fill();
        self.polling.set(true);
        let ran = runnable.run(&*self.executor);
        self.polling.set(false);
        if let Ran::Again(runnable) = ran {
            match self.post() {
                Some(post) => post.queue.push(runnable),
                None => self.executor.inject(runnable),
            }
        }
    }

    /// Between two stretches: what came meanwhile?
    fn look(&self) {
        let Some(post) = self.post() else { return };
        let executor = &*self.executor;
        let ask = post.pace.borrow_mut().looked(Instant::now());
        if ask
            && executor.driver_handle.is_armed()
            && let Some(mut driver) = executor.driver.try_lock()
        {
            self.station(&post).tally.observe(Event::Look);
            coop::lift();
            // A waker that panics has been reported. It must not end the worker.
            contain(|| {
                let turn = driver.look(&executor.driver_handle);
                self.brought(&post, turn);
            });
        }
        if post.queue.len() > 1 && !executor.idle.glance().needs_nobody() {
            executor.tell_of_push();
        }
        if !executor.injector.is_empty()
            && let Steal::Success(runnable) = executor.injector.steal()
        {
            self.run(post, runnable);
        }
    }

    /// The driver was turned: who is first served before it is asked again?
    fn brought(&self, post: &Post, turn: Turn) {
        let ready = post.queue.len();
        post.pace.borrow_mut().brought(turn.woken(), ready);
    }

    /// With nothing to run: looks for work elsewhere, or sleeps.
    fn find_work(&self) {
        let Some(post) = self.post() else { return };
        match self.search(&post) {
            Some(found) => self.run(post, found),
            None => self.rest(&post),
        }
    }

    /// Takes from the injector or from another worker.
    fn search(&self, post: &Post) -> Option<Runnable> {
        let executor = &*self.executor;
        if !post.searching.get() {
            if !executor.idle.start_searching() {
                return None;
            }
            post.searching.set(true);
        }
        let workers = executor.stations.len();
        loop {
            let mut retry = false;
            match post.queue.take_from(&executor.injector) {
                Steal::Success(runnable) => return Some(runnable),
                Steal::Retry => retry = true,
                Steal::Empty => {}
            }
            let first = post.dice.borrow_mut().below(workers as u32) as usize;
            for victim in (first..workers).chain(0..first) {
                if victim == post.index {
                    continue;
                }
                match post.queue.steal_from(&executor.stations[victim].queue) {
                    Steal::Success(runnable) => {
                        let tally = &self.station(post).tally;
                        tally.observe(Event::Theft);
                        tally.add(Event::Stolen, 1 + post.queue.len() as u64);
                        return Some(runnable);
                    }
                    Steal::Retry => retry = true,
                    Steal::Empty => {}
                }
            }
            if !retry {
                return None;
            }
            hint::spin_loop();
        }
    }

    /// Work was found. The last that searched sees whether there is more.
    fn stop_searching(&self, post: &Post) {
        post.searching.set(false);
        let executor = &*self.executor;
        if executor.idle.stop_searching() && executor.has_work() {
            executor.tell_of_push();
        }
    }

    /// Nothing was found: sleep until something comes.
    fn rest(&self, post: &Post) {
        // What hooks and wakers poll by hand is no part of the last task.
        coop::lift();
        let executor = &*self.executor;
        self.call_hook(executor.hooks.before_park.as_deref());
        if post.queue.is_empty() {
            executor
                .idle
                .fall_asleep(post.index, post.searching.replace(false));
            let stay_up = executor.idle.is_closed() || executor.has_work();
            if stay_up {
                // Somebody may be taking just that.
                hint::spin_loop();
            } else {
                self.sleep(post);
            }
            let up = executor.idle.get_up(post.index, stay_up);
            post.searching.set(stay_up || up.roused);
            if let Some(watcher) = up.appointed {
                executor.rouse(watcher);
            }
        }
        if post.queue.len() > 1 {
            executor.tell_of_push();
        }
        self.call_hook(executor.hooks.after_park.as_deref());
        post.pace.borrow_mut().slept();
    }

    fn call_hook(&self, hook: Option<&(dyn Fn() + Send + Sync)>) {
        if let Some(hook) = hook {
            contain(hook);
        }
    }

    /// Sleeps, in the driver if that is free.
    fn sleep(&self, post: &Post) {
        let executor = &*self.executor;
        let station = self.station(post);
        station.tally.observe(Event::Park);
        let busy = post.up_since.get().elapsed().as_nanos() as u64;
        station
            .busy
            .store(station.busy.load(Relaxed) + busy, Relaxed);

        let mut driver = executor.driver.try_lock();
        executor.idle.settle(post.index, driver.is_some());
        self.note_polls(post);
        while let Some(around) = executor.idle.look_around(post.index) {
            let at_most = around.watching.then_some(super::watch::TICK);
            match &mut driver {
                Some(driver) => {
                    if station.bed.lie_in_driver() {
                        let handle = &executor.driver_handle;
                        contain(|| {
                            let turn = driver.park_at_most(handle, at_most);
                            self.brought(post, turn);
                        });
                        station.bed.rise();
                    }
                }
                None => station.bed.wait(at_most),
            }
            if !post.queue.is_empty() || executor.idle.is_closed() {
                break;
            }
            if around.watching {
                self.watch(post, &mut driver);
                if !post.queue.is_empty() {
                    break;
                }
            }
        }
        drop(driver);
        post.up_since.set(Instant::now());
        station.tally.observe(Event::Unpark);
    }
}
