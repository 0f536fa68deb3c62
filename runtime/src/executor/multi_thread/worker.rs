//! **What does a worker do next?** This file is the whole policy of one thread of many.
//!
//! ```text
//!        ┌──────────────────────────────────────────────────────────┐
//!        ▼                                                          │
//!   run a stretch: pop, poll, pop, poll …  (pace.rs: how long)      │
//!        │                                                          │
//!        ├── queue not empty ──► look: driver, some of the injector ┤
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
//! outsiders get on while the workers' own queues never run dry: as many as the stretch
//! had polls, 32 at most, come to the back of the queue. So outsiders have up to half of
//! what is polled, and a worker that is up takes them in without help. A task that was woken
//! while it was polled, as by a yield, goes to the back of the deque. What the driver
//! wakes goes there too, in order: only what a task wakes takes the LIFO slot.
//!
//! # Whom a push rouses
//!
//! Nobody, if the new task is the only one that is ready here: most often its spawner
//! awaits it, or the next thing, at once, and this worker runs it before another could
//! have woken up. (Told of each spawn, the other of two workers woke up for nothing or
//! took the task to another core: "spawn and join" took 2.4 times as long.) A spawned
//! task lies in the deque, where a worker that searches finds it, and the watcher at its
//! next look: if its spawner computes on, it waits 2 ms at most.
//!
//! A spawn that finds another task ready, in slot or deque, rouses a worker that is
//! parked, if none searches; so does a wake that finds the slot full. So does, between
//! two stretches and after a sleep, whoever has more than one task in the deque, with
//! what it just took from the injector. And no one does in a hush (IDLE.md), or
//! while one stands back (`crowd.rs`).
//!
//! There is one exception. Who wakes up to tasks that will be done within 50 µs, going by
//! its last times up, keeps them to itself: another worker would hardly be awake by then,
//! and would take a core for it, often the one on which the program at the other end of a
//! socket is to run. (A thousand connections at half the load, the client and two workers
//! on two cores: without this the slowest message in a hundred was 1.05 to 4 times as
//! long under way, the more the less room the client had.) The price: if one of those
//! tasks takes long after all, those behind it wait for the watcher, some 2 ms.
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
use std::time::{Duration, Instant};

use super::queue::{RunQueue, Steal};
use super::watch::TICK;
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
    /// When it last judged whether it is in a crowd, if it did not sleep since, and with
    /// how many parked.
    pub(super) judged: Cell<Option<(usize, Instant)>>,
    /// Did it get up to see whether the crowd is over?
    pub(super) on_trial: Cell<bool>,
    /// Does it count as searching?
    pub(super) searching: Cell<bool>,
    /// What it saw when it last watched, and when: the polls that each had begun.
    pub(super) seen: RefCell<Vec<u64>>,
    pub(super) seen_at: Cell<Instant>,
    /// How many polls the others had begun when it ran dry a tick ago, or longer; when.
    pub(super) others_begun: Cell<(u64, Instant)>,
    /// Did it last get up for what stands in others' queues, not for an event?
    pub(super) up_to_search: Cell<bool>,
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
            judged: Cell::new(None),
            on_trial: Cell::new(false),
            searching: Cell::new(false),
            seen: RefCell::new(vec![0; workers]),
            seen_at: Cell::new(Instant::now()),
            others_begun: Cell::new((0, Instant::now())),
            up_to_search: Cell::new(false),
            dice: RefCell::new(FastRand::from_seed(fresh_seed())),
            up_since: Cell::new(Instant::now()),
        }
    }

    /// What was before says nothing of the polls to come.
    pub(super) fn begin_anew(&self) {
        self.pace.borrow_mut().slept();
        self.judged.set(None);
    }

    /// The driver was turned: who is first served before it is asked again?
    fn brought(&self, turn: Turn) {
        let ready = self.queue.len();
        self.pace.borrow_mut().brought(turn.woken(), ready);
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
    post.begin_anew();
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
    if let Some(post) = worker.post() {
        worker.count_time_up(&post, Instant::now());
    }
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
    /// Has `f` take in the runnable if this thread is one of the executor's workers, and
    /// has its post. Else the runnable comes back.
    #[inline]
    pub(super) fn here<R>(
        executor: &MultiThread,
        runnable: Runnable,
        f: impl FnOnce(&Worker, &Post, Runnable) -> R,
    ) -> Result<R, Runnable> {
        let mut runnable = Some(runnable);
        let taken = Self::current(|worker| {
            let post = worker.post()?;
            let ours = ptr::eq(&*worker.executor, executor);
            ours.then(|| f(worker, &post, runnable.take().expect("only here")))
        });
        taken.flatten().ok_or_else(|| runnable.expect("not taken"))
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
        while !self.executor.idle.is_closed() && self.stretch() {}
    }

    /// Polls until it is time to look around, or nothing is ready, and then sees to that.
    /// False: another thread has the post.
    fn stretch(&self) -> bool {
        loop {
            let Some(post) = self.post() else {
                return false;
            };
            if post.pace.borrow().is_stretch_over() {
                self.look(post);
                return true;
            }
            let round = post.pace.borrow_mut().next_round(post.queue.len());
            drop(post);
            for left in (0..round).rev() {
                let Some(post) = self.post() else {
                    return false;
                };
                let Some(next) = post.queue.pop() else {
                    post.pace.borrow_mut().ran_dry(left);
                    self.find_work(post);
                    return true;
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
    fn look(&self, post: Ref<'_, Post>) {
        let executor = &*self.executor;
        let polled = post.pace.borrow().given();
        let now = post.pace.borrow().wants_time().then(Instant::now);
        let ask = post.pace.borrow_mut().looked(now);
        if ask
            && executor.driver_handle.is_armed()
            && let Some(mut driver) = executor.driver.try_lock()
        {
            self.station(&post).tally.observe(Event::Look);
            coop::lift();
            // A waker that panics has been reported. It must not end the worker.
            contain(|| {
                let turn = driver.look(&executor.driver_handle);
                post.brought(turn);
            });
        }
        if now.is_some_and(|now| self.is_crowded(&post, now)) {
            return self.stand_back(&post);
        }
        let mut taken = None;
        if !executor.injector.is_empty()
            && let Steal::Success(runnable) = post.queue.take_from(&executor.injector, polled)
        {
            taken = Some(runnable);
        }
        // The rest of it is where thieves find it, and this poll may be long.
        self.share(post.queue.len() + usize::from(taken.is_some()), &post);
        if let Some(runnable) = taken {
            self.run(post, runnable);
        }
    }

    /// Between stretches, and after a sleep: rouses somebody, if several are ready.
    fn share(&self, ready: usize, post: &Post) {
        let idle = &self.executor.idle;
        let word = idle.glance();
        if word.is_hushed() && post.pace.borrow().is_worth_a_wake(ready, word.is_crowded()) {
            idle.end_hush();
        }
        if ready > 1 && !idle.glance().needs_nobody() {
            self.executor.tell_of_push();
        }
    }

    /// With nothing to run: looks for work elsewhere, or sleeps.
    fn find_work(&self, post: Ref<'_, Post>) {
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
            match post.queue.take_from(&executor.injector, u32::MAX) {
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
        self.before_park();
        if post.queue.is_empty() {
            let slept_at = Instant::now();
            let executor = &*self.executor;
            let searching = post.searching.replace(false);
            let needless = post.was_needless(self.begun_by_others(post), slept_at);
            executor.idle.fall_asleep(post.index, searching, needless);
            let found = executor.idle.is_closed() || executor.has_work();
            if found {
                // Somebody may be taking just that.
                hint::spin_loop();
            }
            self.lie(post, slept_at, found);
        }
        self.after_park(post);
    }

    pub(super) fn before_park(&self) {
        // What hooks and wakers poll by hand is no part of the last task.
        coop::lift();
        self.call_hook(self.executor.hooks.before_park.as_deref());
    }

    /// Parked by now: sleeps, unless something was `found` to search for, and gets up.
    pub(super) fn lie(&self, post: &Post, from: Instant, found: bool) {
        post.on_trial.set(false);
        let search = found || self.sleep(post, from);
        let up = self.executor.idle.get_up(post.index, search);
        post.searching.set(search || up.roused);
        post.up_to_search.set(search || up.roused);
        if let Some(watcher) = up.appointed {
            self.executor.rouse(watcher);
        }
    }

    pub(super) fn after_park(&self, post: &Post) {
        post.begin_anew();
        // No model may come here with anything ready: what follows depends on the time.
        let ready = post.queue.len();
        if !post.pace.borrow_mut().woke_to_little(ready) {
            self.share(ready, post);
        }
        self.call_hook(self.executor.hooks.after_park.as_deref());
    }

    fn call_hook(&self, hook: Option<&(dyn Fn() + Send + Sync)>) {
        if let Some(hook) = hook {
            contain(hook);
        }
    }

    /// It is up no longer: how long it was.
    pub(super) fn count_time_up(&self, post: &Post, now: Instant) -> Duration {
        let up = now.saturating_duration_since(post.up_since.get());
        (self.station(post).busy).fetch_add(up.as_nanos() as u64, Relaxed);
        up
    }

    /// Sleeps from `now` on, in the driver if that is free. True: the watcher saw
    /// something to search for.
    fn sleep(&self, post: &Post, now: Instant) -> bool {
        let executor = &*self.executor;
        let station = self.station(post);
        station.tally.observe(Event::Park);
        let up = self.count_time_up(post, now);
        post.pace.borrow_mut().was_up(up);

        let mut driver = executor.driver.try_lock();
        executor.idle.settle(post.index, driver.is_some());
        let mut found = false;
        while let Some(around) = executor.idle.look_around(post.index) {
            let tick = self.left_of_tick(post, around.watching);
            if tick == Some(Duration::ZERO) {
                found = self.watch(post, &mut driver, around.all_parked);
            } else if let Some(held) = &mut driver {
                if station.bed.lie_in_driver() {
                    let mut turned = false;
                    contain(|| {
                        let turn = held.park(&executor.driver_handle, tick);
                        post.brought(turn);
                        turned = true;
                    });
                    station.bed.rise();
                    if !turned && post.queue.is_empty() {
                        // If it fails for good, it must not do so without a pause.
                        station.bed.wait(Some(TICK));
                    }
                }
            } else {
                station.bed.wait(tick);
            }
            if found || !post.queue.is_empty() || executor.idle.is_closed() {
                break;
            }
        }
        drop(driver);
        post.up_since.set(Instant::now());
        station.tally.observe(Event::Unpark);
        found
    }
}
