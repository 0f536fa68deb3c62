//! The protocols of many threads under loom: every interleaving of two or three of them,
//! up to a bound on preemptions.
//!
//! The first models put together what sleeping rests on (`idle.rs`, `bed.rs`,
//! `queue.rs`) and nothing else, so that the watcher can't come and save what was
//! forgotten. The others run the worker's own code. Its driver is held by the model all
//! along, for loom can't see into a system call: workers sleep on their tokens.
//!
//! What was seen to fail when it was weakened:
//!
//! | weakened | by | fails |
//! |---|---|---|
//! | `Idle::pushed` | no fence | `loom_push_against_sleep` |
//! | `Idle::fall_asleep` | no fence | `loom_push_against_sleep` |
//! | a worker falling asleep | no look after it | `loom_push_against_sleep` |
//! | `Idle::fall_asleep` | the last to lie down leaves the hush | `loom_push_in_a_hush` |
//! | `Idle::fall_asleep` | the last to lie down leaves the crowd | `loom_push_while_one_stands_back` |
//! | `Idle::stand_back` | the last may | `loom_push_while_one_stands_back` |
//! | `Idle::stop_searching` | no fence, or no look after it | `loom_push_against_last_search` |
//! | `RunnableSlot::take` | load and store instead of the exchange | `loom_slot_theft_against_pop` |
//! | `Idle::get_up` | no appointment | `loom_who_gets_up_leaves_a_watcher` |
//! | a watcher | does not try the driver again | `loom_watcher_takes_the_driver` |
//! | `MultiThread::inject` | does not look at CLOSED | `loom_injector_close_against_push` |
//! | `MultiThread::end` | does not drain, or no fence before it | `loom_injector_close_against_push` |
//! | `Roll::enter` | does not look at `closed` | `loom_shutdown_against_spawn` |

use std::future::{Future, poll_fn};
use std::sync::Mutex as UnseenMutex;
use std::task::{Poll, Waker};

use super::*;
use crate::driver::Wanted;
use crate::loom::sync::Arc as Shared;
use crate::loom::sync::atomic::AtomicUsize as Counter;
use crate::loom::sync::atomic::Ordering::AcqRel;
use crate::loom::{model, thread};
use crate::park::Token;
use crate::task::{JoinHandle, Ran, Schedule, Unscheduled, new_task};

/// Workers that sleep and search, with nothing else about them.
struct Hall {
    idle: Idle,
    injector: Injector<Runnable>,
    beds: Vec<Bed>,
    queues: Vec<Arc<ThievesEnd>>,
    /// Tasks that have not run.
    left: Counter,
}

impl Hall {
    /// A hall of so many workers, and their queues.
    fn new(workers: usize, tasks: usize) -> (Arc<Self>, Vec<queue::RunQueue>) {
        let queues: Vec<_> = (0..workers).map(|_| queue::RunQueue::new()).collect();
        let hall = Arc::new(Self {
            idle: Idle::new(workers),
            injector: Injector::new(),
            beds: (0..workers).map(|_| Bed::default()).collect(),
            queues: queues.iter().map(|queue| queue.others().clone()).collect(),
            left: Counter::new(tasks),
        });
        (hall, queues)
    }

    fn rouse(&self, worker: usize) {
        assert!(!self.beds[worker].rouse(), "nobody lies in a driver");
    }

    fn inject(self: &Arc<Self>, before: impl FnOnce() + 'static) {
        self.injector.push(self.task(before));
        self.tell();
    }

    fn tell(&self) {
        if let (_, Some(worker)) = self.idle.pushed() {
            self.rouse(worker);
        }
    }

    /// A task that does `before`, and with the last of them the work is over.
    fn task(self: &Arc<Self>, before: impl FnOnce() + 'static) -> Runnable {
        let hall = self.clone();
        let work = async move {
            before();
            if hall.left.fetch_sub(1, AcqRel) == 1 {
                hall.idle.close();
                (0..hall.beds.len()).for_each(|worker| hall.rouse(worker));
            }
        };
        new_task(work, Unscheduled).0
    }

    fn has_work(&self) -> bool {
        !self.injector.is_empty() || self.queues.iter().any(|queue| !queue.is_empty())
    }

    fn search(&self, index: usize, queue: &queue::RunQueue) -> Option<Runnable> {
        if let Steal::Success(found) = queue.take_from(&self.injector, u32::MAX) {
            return Some(found);
        }
        let others = (0..self.queues.len()).filter(|&other| other != index);
        others
            .map(|other| queue.steal_from(&self.queues[other]))
            .find_map(|steal| match steal {
                Steal::Success(found) => Some(found),
                _ => None,
            })
    }

    /// The steps of `worker.rs`, without a watcher.
    fn work(&self, index: usize, queue: &queue::RunQueue, mut searching: bool) {
        while !self.idle.is_closed() {
            let mut next = queue.pop();
            if next.is_none() {
                searching = searching || self.idle.start_searching();
                if searching {
                    next = self.search(index, queue);
                }
            }
            if let Some(runnable) = next {
                if std::mem::take(&mut searching) && self.idle.stop_searching() && self.has_work() {
                    self.tell();
                }
                assert_eq!(runnable.run(&Unregistered), Ran::Complete);
                continue;
            }
            self.idle
                .fall_asleep(index, std::mem::take(&mut searching), false);
            let stay_up = self.idle.is_closed() || self.has_work();
            if stay_up {
                thread::yield_now();
            } else {
                self.beds[index].wait(None);
            }
            searching = self.idle.get_up(index, stay_up).roused || stay_up;
        }
    }

    fn start(self: &Arc<Self>, index: usize, queue: queue::RunQueue) -> thread::JoinHandle<()> {
        let hall = self.clone();
        thread::spawn(move || hall.work(index, &queue, false))
    }
}

/// Sleep against push, the store buffer: the pusher sees the sleeper, or the sleeper
/// the push. Else the worker sleeps for ever, which loom reports as a deadlock.
#[test]
fn loom_push_against_sleep() {
    model(3, || {
        let (hall, mut queues) = Hall::new(1, 1);
        let worker = hall.start(0, queues.pop().unwrap());
        hall.inject(|| {});
        worker.join().unwrap();
    });
}

/// Two workers and a pusher that pushes twice.
#[test]
fn loom_two_pushes_against_two_workers() {
    model(2, || {
        let (hall, queues) = Hall::new(2, 2);
        let workers: Vec<_> = queues
            .into_iter()
            .enumerate()
            .map(|(index, queue)| hall.start(index, queue))
            .collect();
        hall.inject(|| {});
        hall.inject(|| {});
        workers.into_iter().for_each(|w| w.join().unwrap());
    });
}

/// The second push finds somebody searching, and rouses nobody. The one that searches
/// finds the first task, which does not end before the second has run. So it must tell
/// the other worker.
#[test]
fn loom_push_against_last_search() {
    model(2, || {
        let (hall, queues) = Hall::new(2, 2);
        let done = Shared::new(Token::default());
        let workers: Vec<_> = queues
            .into_iter()
            .enumerate()
            .map(|(index, queue)| hall.start(index, queue))
            .collect();
        let waited_for = done.clone();
        hall.inject(move || waited_for.park());
        hall.inject(move || done.unpark());
        workers.into_iter().for_each(|w| w.join().unwrap());
    });
}

/// A push in a hush rouses nobody, since somebody is up. That one lies down meanwhile:
/// then it sees the push, or the pusher the end of the hush.
#[test]
fn loom_push_in_a_hush() {
    model(2, || {
        let (hall, mut queues) = Hall::new(2, 1);
        hall.idle.fall_asleep(1, false, true);
        assert!(hall.idle.glance().is_hushed());
        let (there, queue) = (hall.clone(), queues.pop().unwrap());
        let left_in_peace = thread::spawn(move || {
            there.beds[1].wait(None);
            let up = there.idle.get_up(1, false);
            there.work(1, &queue, up.roused);
        });
        let is_up = hall.start(0, queues.pop().unwrap());
        hall.inject(|| {});
        is_up.join().unwrap();
        left_in_peace.join().unwrap();
    });
}

/// A worker leaves its task to the other and stands back, as does the other, if it can; a
/// push that sees the crowd rouses nobody. Whoever stays up finds both tasks.
#[test]
fn loom_push_while_one_stands_back() {
    model(2, || {
        let (hall, mut queues) = Hall::new(2, 2);
        let (there, queue) = (hall.clone(), queues.pop().unwrap());
        queue.push(hall.task(|| {}));
        let stands_back = thread::spawn(move || {
            while let Some(runnable) = queue.pop() {
                there.injector.push(runnable);
            }
            let roused = there.idle.stand_back(1) && {
                if !there.idle.is_closed() {
                    there.beds[1].wait(None);
                }
                there.idle.get_up(1, false).roused
            };
            there.work(1, &queue, roused);
        });
        let other = hall.start(0, queues.pop().unwrap());
        hall.inject(|| {});
        stands_back.join().unwrap();
        other.join().unwrap();
    });
}

/// The owner pops what it put into its slot, and puts another there, while the watcher
/// takes it: each task comes to one of them.
#[test]
fn loom_slot_theft_against_pop() {
    model(3, || {
        let queue = queue::RunQueue::new();
        let others = queue.others().clone();
        let run = |runnable: Runnable| assert_eq!(runnable.run(&Unregistered), Ran::Complete);
        let make = || new_task(async {}, Unscheduled);
        let (first, first_handle) = make();
        let (second, second_handle) = make();
        assert!(!queue.push_next(first));
        let thief = thread::spawn(move || others.take_slot().map(run));
        let _ = queue.push_next(second);
        while let Some(runnable) = queue.pop() {
            run(runnable);
        }
        thief.join().unwrap();
        assert!(first_handle.is_finished() && second_handle.is_finished());
    });
}

/// The last to lie down stops watching since all are parked, while the driver's holder
/// gets up for an event. One of the two sees to it that somebody watches.
#[test]
fn loom_who_gets_up_leaves_a_watcher() {
    model(3, || {
        let (hall, _queues) = Hall::new(2, 0);
        hall.idle.fall_asleep(0, false, false);
        hall.idle.settle(0, true);
        let watches = Shared::new(Token::default());
        let says = watches.clone();
        let there = hall.clone();
        let lies_down = thread::spawn(move || {
            there.idle.fall_asleep(1, false, false);
            there.idle.settle(1, false);
            there.idle.doze_off(1);
            while !there
                .idle
                .look_around(1)
                .expect("nobody rouses it")
                .watching
            {
                there.beds[1].wait(None);
            }
            says.unpark();
        });
        if let Some(appointed) = hall.idle.get_up(0, false).appointed {
            hall.rouse(appointed);
        }
        // Busy from here on, until somebody else could help.
        watches.park();
        lies_down.join().unwrap();
    });
}

/// A worker looks at the driver and then is stuck until what the driver brings. The
/// watcher, which found the driver taken when it lay down, gets to it.
#[test]
fn loom_watcher_takes_the_driver() {
    model(2, || {
        let (hall, _queues) = Hall::new(2, 0);
        // What the driver has to bring, and to whom.
        let driver = Shared::new(Mutex::new(None::<Shared<Token>>));
        let brought = Shared::new(Token::default());
        let (there, its_driver) = (hall.clone(), driver.clone());
        let watcher = thread::spawn(move || {
            there.idle.fall_asleep(1, false, false);
            let mut held = its_driver.try_lock();
            there.idle.settle(1, held.is_some());
            loop {
                if let Some(event) = held.as_mut().and_then(|held| held.take()) {
                    return event.unpark();
                }
                assert!(there.idle.look_around(1).unwrap().watching);
                drop(held);
                there.beds[1].wait(Some(watch::TICK));
                held = its_driver.try_lock();
                there.idle.settle(1, held.is_some());
            }
        });
        // A look that is too early for the event.
        let look = driver.lock();
        drop(look);
        *driver.lock() = Some(brought.clone());
        brought.park();
        watcher.join().unwrap();
    });
}

/// A task's way to its executor, as `Handle` has it.
#[derive(Clone)]
struct Home(Arc<MultiThread>);

impl Schedule for Home {
    fn schedule(&self, runnable: Runnable, caller: Caller) -> Option<Anchor> {
        Executor::schedule(&*self.0, runnable, caller)
    }

    unsafe fn schedule_at(this: *const Self, runnable: Runnable, caller: Caller) -> Option<Anchor> {
        // SAFETY: as `Handle` does it.
        let executor = Arc::as_ptr(&unsafe { &*this }.0);
        // SAFETY: as there.
        Executor::schedule(unsafe { &*executor }, runnable, caller)
    }
}

impl Home {
    /// An executor whose workers are not started, and sleep on their tokens.
    fn new(workers: usize) -> Self {
        let wanted = Wanted {
            workers,
            ..Wanted::default()
        };
        let (driver, handle) = Driver::new(wanted).unwrap();
        Self(MultiThread::new(
            workers,
            (driver, Arc::new(handle)),
            Hooks::default(),
        ))
    }

    fn spawn<F: Future + 'static>(&self, future: F) -> JoinHandle<F::Output> {
        let (runnable, handle) = new_task(future, self.clone());
        self.0.admit(runnable);
        handle
    }

    /// A worker's life, on a thread of its own.
    fn start(&self, index: usize) -> thread::JoinHandle<()> {
        let executor = self.0.clone();
        thread::spawn(move || {
            let post = executor.stations[index].post.lock().take().unwrap();
            worker::work_at(executor, post, None);
        })
    }
}

/// A future that waits to be woken, and leaves its waker.
fn waits(
    wakers: &Arc<UnseenMutex<Vec<Waker>>>,
    held: Shared<()>,
) -> impl Future<Output = ()> + use<> {
    let wakers = wakers.clone();
    poll_fn(move |cx| {
        let _held = &held;
        wakers.lock().unwrap().push(cx.waker().clone());
        Poll::Pending
    })
}

/// A wake from outside, by value and by reference, while the executor shuts down: the
/// task is ended, once, and its handle says so. What leaks, loom reports.
#[test]
fn loom_shutdown_against_wake() {
    model(2, || {
        let home = Home::new(1);
        let wakers = Arc::default();
        let handle = home.spawn(waits(&wakers, Shared::new(())));
        // Its first poll, by a worker that is not at work yet.
        let Steal::Success(runnable) = home.0.injector.steal() else {
            unreachable!("it was spawned from outside")
        };
        assert_eq!(runnable.run(&*home.0), Ran::Pending);
        let waker = wakers.lock().unwrap().pop().unwrap();
        let waking = thread::spawn(move || {
            waker.wake_by_ref();
            waker.wake();
        });
        let driver = home.0.driver.lock();
        let worker = home.start(0);
        home.0.close();
        waking.join().unwrap();
        worker.join().unwrap();
        drop(driver);
        wakers.lock().unwrap().clear();
        assert!(loom::future::block_on(handle).unwrap_err().is_cancelled());
    });
}

/// A spawn from outside while the executor shuts down: the task runs, or comes back
/// cancelled. It is not left.
#[test]
fn loom_shutdown_against_spawn() {
    model(2, || {
        let home = Home::new(1);
        let there = home.clone();
        let spawning = thread::spawn(move || {
            let held = Shared::new(());
            there.spawn(async move { drop(held) })
        });
        let driver = home.0.driver.lock();
        let worker = home.start(0);
        home.0.close();
        let handle = spawning.join().unwrap();
        worker.join().unwrap();
        drop(driver);
        if let Err(error) = loom::future::block_on(handle) {
            assert!(error.is_cancelled());
        }
    });
}

/// A JoinHandle that waits, and one that is dropped, while the executor shuts down.
#[test]
fn loom_shutdown_against_join() {
    model(2, || {
        let home = Home::new(1);
        let held = Shared::new(());
        let there = held.clone();
        let waited_for = home.spawn(async move { drop(there) });
        let dropped = home.spawn(async move { drop(held) });
        let joining = thread::spawn(move || {
            drop(dropped);
            if let Err(error) = loom::future::block_on(waited_for) {
                assert!(error.is_cancelled());
            }
        });
        let driver = home.0.driver.lock();
        let worker = home.start(0);
        home.0.close();
        worker.join().unwrap();
        joining.join().unwrap();
        drop(driver);
    });
}

/// Pushes to the injector while it closes: it is left empty, by the pusher or by the
/// last to leave.
#[test]
fn loom_injector_close_against_push() {
    model(3, || {
        let home = Home::new(1);
        let there = home.clone();
        let (runnable, handle) = new_task(async {}, Unscheduled);
        let pushing = thread::spawn(move || there.0.inject(runnable));
        home.0.idle.close();
        assert!(home.0.sign_off());
        // SAFETY: no worker was started, and none signs on.
        unsafe { home.0.end() };
        pushing.join().unwrap();
        assert!(home.0.injector.is_empty());
        drop(handle);
    });
}
