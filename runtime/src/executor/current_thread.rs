//! **What does the loop do next?** This file is the whole policy of the
//! single-threaded executor.
//!
//! ```text
//!        ┌────────────────────────────────────────────────────────┐
//!        ▼                                                        │
//!   run a stretch: pop, poll, pop, poll …  (pace.rs: how long)    │
//!        │                                                        │
//!        ├── queue not empty ──► look: mail, driver (no sleep) ───┤
//!        │                                                        │
//!        └── queue and mail empty ► idle: paused clock? ──────────┤
//!                                   else park in the driver ──────┘
//! ```
//!
//! One run queue, first in first out. The future that `block_on` was given
//! stands in it like any task, as the entry `Main`: it has no privileges, so a
//! main that yields lets every ready task run once.
//!
//! # Wakes
//!
//! The thread that drives pushes straight onto the run queue: no lock, no atomic
//! beyond the task's own. It knows itself by a thread-local pointer to the
//! executor it drives. Every other thread goes through the gate (`gate.rs`),
//! whose mail the loop collects whole: between two stretches, whenever the queue
//! runs dry within one, and before it sleeps.
//!
//! # Invariants
//!
//! - [`Loop`] is touched only by the thread that holds the gate's token.
//! - No borrow of the run queue or the registry is held while foreign code (a
//!   task, a waker, a hook) runs.
//! - The loop sleeps only when the run queue is empty and the gate, under its
//!   lock, agreed.
//! - With nothing armed (no timer, no socket) a look makes no system call.
//!
//! # Shutdown
//!
//! ```text
//!   (1) close the gate     from here on, a spawn comes back cancelled, and a
//!        │                 wake from anywhere drops its runnable
//!   (2) end every task     in the runtime's context, one at a time; destructors
//!        │                 may wake, abort, spawn: (1) answers them
//!   (3) drop the queue     runnables of tasks that are complete by now
//!        │
//!   (4) shut the driver    whoever waits for a timer from outside fails
//! ```
//!
//! A waker on another thread may be between setting SCHEDULED and reaching the
//! gate all the while. It finds the gate closed and drops the runnable, and the
//! state word settles who of the two releases the task (see `task/state.rs`).
//!
//! Read next: `park.rs` and `driver/mod.rs`, where it sleeps.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::{Pin, pin};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use crate::driver::{AtPlace, Driver, DriverHandle, Timers, Turn};
use crate::executor::Hooks;
use crate::executor::gate::{Gate, Rouse, Seat};
use crate::executor::pace::Pace;
use crate::handle::{self, Executor, Handle, WorkerCounts};
use crate::park;
use crate::task::{Anchor, Caller, Owner, Registry, Runnable, Unregistered, contain, coop};
use crate::trace::{Event, Tally};

/// A `block_on` of this executor; also its future's waker.
type MainSeat = Seat<Arc<CurrentThread>>;

/// An entry of the run queue.
enum Entry {
    Task(Runnable),
    /// The future of `block_on`.
    Main,
}

/// What only the token's holder touches.
struct Loop {
    queue: RefCell<VecDeque<Entry>>,
    registry: RefCell<Registry>,
    /// Where it sleeps, if there is I/O or time.
    driver: RefCell<Option<(Driver, Arc<DriverHandle>)>>,
    pace: RefCell<Pace>,
    /// The other half of the inbox's swap.
    spare: RefCell<Vec<Runnable>>,
    /// The seat whose future is `Main`.
    main: Cell<*const MainSeat>,
}

impl Loop {
    /// Takes who is next in the run queue. Who comes after that is fetched while it runs.
    #[inline]
    fn next(&self) -> Option<Entry> {
        let mut queue = self.queue.borrow_mut();
        let next = queue.pop_front();
        if let Some(Entry::Task(after)) = queue.front() {
            after.prefetch();
        }
        next
    }
}

/// The executor: one loop, and its gate.
pub(crate) struct CurrentThread {
    gate: Gate<Arc<CurrentThread>>,
    loop_: Loop,
    /// What ends that sleep.
    driver_handle: Option<Arc<DriverHandle>>,
    /// Where it sleeps without a driver.
    token: park::Token,
    hooks: Hooks,
    alive: AtomicUsize,
    tally: Tally,
}

// SAFETY: everything but `loop_` is `Sync`. `loop_` is reached only through
// `CurrentThread::held`, whose callers hold the gate's token.
unsafe impl Sync for CurrentThread {}
// SAFETY: nothing in it is bound to a thread while no thread holds the token.
unsafe impl Send for CurrentThread {}

thread_local! {
    /// The executor whose loop this thread drives.
    static DRIVING: Cell<*const CurrentThread> = const { Cell::new(ptr::null()) };
}

impl CurrentThread {
    pub(crate) fn new(driver: Option<(Driver, Arc<DriverHandle>)>, hooks: Hooks) -> Self {
        let driver_handle = driver.as_ref().map(|(_, handle)| handle.clone());
        Self {
            gate: Gate::new(),
            loop_: Loop {
                queue: RefCell::default(),
                registry: RefCell::new(Registry::new()),
                driver: RefCell::new(driver),
                pace: RefCell::new(Pace::new()),
                spare: RefCell::default(),
                main: Cell::new(ptr::null()),
            },
            driver_handle,
            token: park::Token::default(),
            hooks,
            alive: AtomicUsize::new(0),
            tally: Tally::default(),
        }
    }

    /// Runs `future` and, while it holds the token, every task.
    #[track_caller]
    pub(crate) fn block_on<F: Future>(self: &Arc<Self>, handle: &Handle, future: F) -> F::Output {
        let _entered = handle::enter_to_drive(handle);
        let seat = Seat::new(self.clone());
        let waker = Waker::from(seat.clone());
        let mut cx = Context::from_waker(&waker);
        let mut future = pin!(future);
        loop {
            if self.gate.arrive(&seat) {
                return Token::new(self, &seat).drive(handle, future, &mut cx);
            }
            let place = PlaceInLine(self, &seat);
            if seat.take_wake() {
                let polled = coop::with_budget(|| future.as_mut().poll(&mut cx));
                if let Poll::Ready(output) = polled {
                    return output;
                }
            } else {
                seat.park();
            }
            std::mem::forget(place);
        }
    }

    /// Is the loop driven by the calling thread?
    #[inline]
    fn is_mine(&self) -> bool {
        DRIVING
            .try_with(|d| ptr::eq(d.get(), self))
            .unwrap_or(false)
    }

    /// The loop, if the calling thread drives it.
    #[inline]
    fn held(&self) -> Option<&Loop> {
        self.is_mine().then_some(&self.loop_)
    }

    fn unpark(&self) {
        match &self.driver_handle {
            Some(driver) => driver.unpark(),
            None => self.token.unpark(),
        }
    }

    fn timers(&self) -> Option<&Timers> {
        self.driver_handle.as_ref().and_then(|d| d.timers())
    }

    /// Mirrors the registry's length for whoever asks from outside.
    #[inline]
    fn count_alive(&self, registry: &Registry) {
        self.alive.store(registry.len(), Relaxed);
    }

    /// Another thread brings a runnable.
    #[inline(never)] // the driving thread's way stays short
    fn schedule_from_outside(&self, runnable: Runnable, caller: Caller) -> Option<Anchor> {
        // Once the gate has the runnable, the task may complete, its cell be
        // freed, and with it what keeps this executor alive.
        let anchor = caller.anchor(&runnable);
        // An error is a runnable that came back from a closed gate: dropped.
        if let Ok(Rouse::Loop) = self.gate.push(runnable) {
            self.unpark();
        }
        anchor
    }

    /// Another thread brings a task.
    #[inline(never)]
    fn admit_from_outside(&self, runnable: Runnable) {
        match self.gate.push(runnable) {
            Ok(Rouse::Loop) => self.unpark(),
            Ok(_) => {}
            Err(rejected) => {
                rejected.cancel(&Unregistered);
            }
        }
    }

    /// Wakes the future of `seat`.
    fn wake_main(&self, seat: &Arc<MainSeat>) {
        if !seat.mark_woken() {
            return;
        }
        match self.held() {
            Some(held) if ptr::eq(held.main.get(), Arc::as_ptr(seat)) => {
                held.queue.borrow_mut().push_back(Entry::Main);
            }
            _ => self.wake_main_from_outside(seat),
        }
    }

    /// The future's thread does not drive this loop, or is not the calling one.
    #[inline(never)]
    fn wake_main_from_outside(&self, seat: &Arc<MainSeat>) {
        match self.gate.call(seat) {
            Rouse::Nobody => {}
            Rouse::Loop => self.unpark(),
            Rouse::Thread => seat.unpark(),
        }
    }
}

/// Leaves the line when the wait for the token ends, by return or by panic.
struct PlaceInLine<'a>(&'a CurrentThread, &'a Arc<MainSeat>);

impl Drop for PlaceInLine<'_> {
    fn drop(&mut self) {
        self.0.gate.leave(self.1);
    }
}

/// The right to drive: the gate's token, and this thread's knowledge of it.
struct Token<'a> {
    executor: &'a CurrentThread,
    seat: &'a Arc<MainSeat>,
    before: *const CurrentThread,
    driving: Option<AtPlace>,
}

impl<'a> Token<'a> {
    /// The seat has just arrived at the gate and was told to drive.
    fn new(executor: &'a CurrentThread, seat: &'a Arc<MainSeat>) -> Self {
        executor.loop_.main.set(Arc::as_ptr(seat));
        let before = DRIVING.with(|d| d.replace(executor));
        Self {
            executor,
            seat,
            before,
            // SAFETY: the token is held until its drop, which drops this first.
            driving: executor.timers().map(|timers| unsafe { timers.drive() }),
        }
    }

    /// The loop.
    fn drive<F: Future>(
        &self,
        handle: &Handle,
        mut future: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> F::Output {
        let held = &self.executor.loop_;
        let pace = &mut *held.pace.borrow_mut();
        pace.slept();
        held.queue.borrow_mut().push_back(Entry::Main);
        self.collect();
        // What the futures of earlier stays left, which are dropped outside of them.
        if let Some(timers) = self.executor.timers() {
            timers.obey_orders();
        }
        loop {
            let ready = held.queue.borrow().len();
            let round = pace.next_round(ready);
            let mut idle = false;
            for _ in 0..round {
                match held.next() {
                    Some(Entry::Task(task)) => self.run(task),
                    Some(Entry::Main) => {
                        if self.seat.take_wake() {
                            self.observe(Event::Poll);
                            coop::fill();
                            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                                return output;
                            }
                        }
                    }
                    // Part of the stretch: mail without end must not keep the
                    // loop from its driver.
                    None if self.executor.gate.has_mail() => self.collect(),
                    None => {
                        idle = true;
                        break;
                    }
                }
            }
            if idle {
                self.idle(handle, pace);
            } else if pace.is_stretch_over() {
                self.look(pace);
            }
        }
    }

    #[inline]
    fn run(&self, task: Runnable) {
        self.observe(Event::Poll);
        coop::fill();
        let _ = task.run(self);
    }

    /// Between two stretches, with tasks waiting: what came meanwhile?
    #[inline]
    fn look(&self, pace: &mut Pace) {
        let held = &self.executor.loop_;
        let ask = pace.looked(pace.wants_time().then(Instant::now));
        self.collect();
        if ask
            && let Some((driver, handle)) = &mut *held.driver.borrow_mut()
            && handle.is_armed()
        {
            self.observe(Event::Look);
            let turn = driver.look(handle);
            self.brought(turn, pace);
        }
    }

    /// The driver was turned: who is first served before it is asked again?
    #[inline]
    fn brought(&self, turn: Turn, pace: &mut Pace) {
        let ready = self.executor.loop_.queue.borrow().len();
        pace.brought(turn.woken(), ready);
    }

    /// No task is ready: sleep until something comes.
    fn idle(&self, handle: &Handle, pace: &mut Pace) {
        // What hooks and wakers poll by hand is no part of the last task.
        coop::lift();
        let hooks = &self.executor.hooks;
        if let Some(hook) = &hooks.before_park {
            hook();
        }
        if !self.executor.loop_.queue.borrow().is_empty() {
            // The hook woke or spawned something.
            self.look(pace);
        } else if !self.advance_paused_clock(handle) {
            self.sleep(pace);
        }
        if let Some(hook) = &hooks.after_park {
            hook();
        }
        self.collect();
    }

    fn sleep(&self, pace: &mut Pace) {
        let held = &self.executor.loop_;
        if self.executor.gate.sleep() {
            self.observe(Event::Park);
            match &mut *held.driver.borrow_mut() {
                Some((driver, handle)) => {
                    let turn = driver.park(handle, None);
                    self.brought(turn, pace);
                }
                None => self.executor.token.park(),
            }
            self.executor.gate.awake();
            self.observe(Event::Unpark);
        }
        pace.slept();
    }

    /// With a paused clock, time passes only when nothing can run: then it jumps
    /// to the next deadline. Not while blocking work is under way, which may yet
    /// make something run. False: sleep.
    fn advance_paused_clock(&self, handle: &Handle) -> bool {
        let timers = self.executor.timers();
        let Some(timers) = timers.filter(|t| t.clock().is_paused()) else {
            return false;
        };
        if handle.has_blocking_work() {
            return false;
        }
        let held = &self.executor.loop_;
        // From here on a timer that another thread sets ends the sleep to come, so
        // that what this look misses, the next one sees.
        timers.prepare_park(None);
        if let Some((driver, handle)) = &mut *held.driver.borrow_mut() {
            driver.look(handle);
        }
        let something = !held.queue.borrow().is_empty() || self.executor.gate.has_mail();
        let moved = !something && timers.advance_to_next();
        // The unpark that came with a rouse may have ended that look: it ends no sleep.
        let again = something || moved || timers.was_roused();
        if again {
            timers.after_park();
        }
        if moved {
            timers.fire(timers.clock().now());
        }
        again
    }

    /// Takes the mail, if there is any: runnables to the back of the queue, new tasks registered.
    fn collect(&self) {
        if !self.executor.gate.has_mail() {
            return;
        }
        let held = &self.executor.loop_;
        let mut mail = held.spare.take();
        let called = self.executor.gate.collect(&mut mail);
        let mut queue = held.queue.borrow_mut();
        let mut registry = held.registry.borrow_mut();
        for runnable in mail.drain(..) {
            runnable.register(&mut registry);
            queue.push_back(Entry::Task(runnable));
        }
        if called {
            queue.push_back(Entry::Main);
        }
        self.executor.count_alive(&registry);
        held.spare.replace(mail);
    }

    #[inline]
    fn observe(&self, event: Event) {
        self.executor.tally.observe(event);
    }
}

impl Owner for Token<'_> {
    const MANY_THREADS: bool = false;

    #[inline]
    fn forget(&self, key: u32) {
        let mut registry = self.executor.loop_.registry.borrow_mut();
        registry.remove(key);
        self.executor.count_alive(&registry);
    }
}

impl Drop for Token<'_> {
    fn drop(&mut self) {
        coop::lift();
        drop(self.driving.take());
        self.executor.loop_.main.set(ptr::null());
        DRIVING.with(|d| d.set(self.before));
        self.executor.gate.leave(self.seat);
    }
}

impl Executor for CurrentThread {
    #[inline]
    fn schedule(&self, runnable: Runnable, caller: Caller) -> Option<Anchor> {
        match self.held() {
            Some(held) => {
                held.queue.borrow_mut().push_back(Entry::Task(runnable));
                None
            }
            None => self.schedule_from_outside(runnable, caller),
        }
    }

    #[inline]
    fn admit(&self, runnable: Runnable) {
        match self.held() {
            Some(held) => {
                let mut registry = held.registry.borrow_mut();
                runnable.register_new(&mut registry);
                self.count_alive(&registry);
                held.queue.borrow_mut().push_back(Entry::Task(runnable));
            }
            None => self.admit_from_outside(runnable),
        }
    }

    fn nudge(&self) {
        if self.gate.nudge() == Rouse::Loop {
            self.unpark();
        }
    }

    fn alive_tasks(&self) -> usize {
        self.alive.load(Relaxed)
    }

    fn injected(&self) -> usize {
        self.gate.inbox_len()
    }

    fn workers(&self) -> usize {
        1
    }

    fn worker(&self, _: usize) -> WorkerCounts<'_> {
        WorkerCounts {
            tally: &self.tally,
            queued: 0,
            busy: Duration::ZERO,
        }
    }

    fn has_many_threads(&self) -> bool {
        false
    }

    fn shutdown(self: Arc<Self>) {
        let seat = Seat::new(self.clone());
        let arrived = self.gate.arrive(&seat);
        assert!(
            arrived,
            "a runtime is dropped by its last owner, so nobody drives it"
        );
        let held = &self.loop_;

        for runnable in self.gate.close() {
            runnable.register(&mut held.registry.borrow_mut());
            // Its task is ended below; this settles the state word.
            drop(runnable);
        }
        let take_one = || held.registry.borrow_mut().take_one();
        while let Some(doomed) = take_one() {
            // SAFETY: the token makes this thread the exclusive executor, and it
            // polls nothing. A local runtime is dropped on its own thread.
            unsafe { doomed.shut_down() };
        }
        self.alive.store(0, Relaxed);
        drop(held.queue.take());
        if let Some(driver) = &self.driver_handle {
            // A waker that panics has been reported; the rest of this must happen.
            // SAFETY: this seat holds the token, and its thread does not drive.
            contain(|| unsafe { driver.shutdown() });
        }
        self.gate.leave(&seat);
    }
}

impl Wake for MainSeat {
    fn wake(self: Arc<Self>) {
        self.owner.wake_main(&self);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.owner.wake_main(self);
    }
}
