use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::worker::{Post, Worker, work_at};
use super::{Hooks, MultiThread};
use crate::driver::{Driver, Wanted};
use crate::loom::contention;
use crate::process_testing;
use crate::runtime::{Builder, Runtime};
use crate::task::{JoinHandle, Runnable, Unregistered, Unscheduled, new_task, yield_now};
use crate::time::sleep_until;

/// Longer than any of this takes; only a hang comes to its end.
const HANG: Duration = Duration::from_secs(20);

fn runtime(workers: usize) -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(workers).enable_all();
    builder.build().unwrap()
}

/// Who searches and runs dry was needless beside others that are fast by now, whatever
/// they did an hour ago.
#[test]
fn who_ran_dry_is_judged_by_what_the_others_do_now() {
    let post = Post::new(0, 2);
    let start = Instant::now();
    let judge = |millis, begun| post.was_needless(begun, start + Duration::from_millis(millis));
    let hour = 3_600_000;
    post.up_to_search.set(true);
    assert!(judge(hour, 10 * hour), "ten polls a millisecond");
    assert!(!judge(hour + 100, 10 * hour + 1), "one in 100 ms");
    assert!(
        judge(hour + 110, 10 * hour + 101),
        "ten a millisecond again"
    );
    assert!(!judge(2 * hour, 10 * hour + 102), "a rest");
    assert!(judge(2 * hour + 1, 10 * hour + 112));
    // Shorter than a tick: it is not noted anew.
    assert!(judge(2 * hour + 2, 10 * hour + 112));
    post.up_to_search.set(false);
    assert!(!judge(2 * hour + 2, 10 * hour + 112), "nobody roused it");
}

/// What is found held in its time, and with as many parked as before, makes a crowd.
#[test]
fn a_crowd_is_judged_by_the_locks_found_held_in_its_time() {
    let post = Post::new(0, 4);
    let start = Instant::now();
    let judge = |micros, parked, found_held: u32| {
        (0..found_held).for_each(|_| contention::note());
        post.is_crowded(parked, start + Duration::from_micros(micros))
    };
    assert_eq!(judge(1_000, 0, 1_000), None, "it has only begun");
    assert_eq!(judge(1_050, 0, 0), Some(false), "nothing was held since");
    assert_eq!(judge(1_150, 0, 26), Some(true), "once in 3.8 µs");
    assert_eq!(judge(1_250, 0, 25), Some(false), "once in 4 µs");
    assert_eq!((judge(1_260, 0, 10), judge(1_299, 0, 2)), (None, None));
    assert_eq!(judge(1_300, 0, 1), Some(true), "13 in 50 µs");
    assert_eq!(judge(1_400, 1, 100), None, "it was another crowd");
    assert_eq!(judge(1_450, 1, 0), Some(false));
    post.begin_anew();
    assert_eq!(judge(1_550, 1, 100), None, "it slept");
}

/// Fifty tasks whose polls are `work`, each of which finds more locks held than it should,
/// so that every worker wants to stand back whenever it is asked. They are always ready:
/// no worker parks for want of work.
struct Crowd {
    tasks: Vec<JoinHandle<()>>,
    over: std::sync::Arc<AtomicBool>,
}

impl Crowd {
    fn gather(runtime: &Runtime, work: fn()) -> Self {
        let over = std::sync::Arc::new(AtomicBool::new(false));
        let tasks = (0..50)
            .map(|_| {
                let over = over.clone();
                runtime.spawn(async move {
                    while !over.load(Ordering::Relaxed) {
                        work();
                        (0..150).for_each(|_| contention::note());
                        yield_now().await;
                    }
                })
            })
            .collect();
        Self { tasks, over }
    }

    /// Waits until `reached`, and for the end of them all.
    #[track_caller]
    fn last_until(self, runtime: &Runtime, reached: impl Fn() -> bool) {
        let start = Instant::now();
        while !reached() {
            assert!(start.elapsed() < HANG, "what is waited for does not come");
            std::thread::yield_now();
        }
        self.over.store(true, Ordering::Relaxed);
        runtime.block_on(async {
            for task in self.tasks {
                task.await.unwrap();
            }
        });
    }
}

/// Of such polls 61 take longer than a tick: still the driver is looked at in time.
#[test]
fn a_crowd_holds_no_timer_hostage() {
    let runtime = runtime(3);
    let crowd = Crowd::gather(&runtime, || {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_micros(200) {}
    });
    let timers = runtime.spawn(async {
        for _ in 0..100 {
            sleep_until(crate::time::Instant::now() + Duration::from_millis(1)).await;
        }
    });
    crowd.last_until(&runtime, || timers.is_finished());
}

/// One of two workers always stays up, what the other leaves is polled, and it comes back
/// for its trial.
#[test]
fn who_stands_back_leaves_nothing_undone() {
    let runtime = runtime(2);
    let metrics = runtime.metrics();
    let parks = || metrics.worker_park_count(0) + metrics.worker_park_count(1);
    let crowd = Crowd::gather(&runtime, || {});
    let before = parks();
    crowd.last_until(&runtime, || parks() >= before + 50);
}

/// A task that wakes another, into its worker's LIFO slot, and then blocks until that one
/// has run.
fn spawn_stuck(runtime: &Runtime) -> JoinHandle<Result<(), mpsc::RecvTimeoutError>> {
    let waker = std::sync::Arc::new(Mutex::new(None::<Waker>));
    let (waits, does_wait) = mpsc::channel();
    let (ran, has_run) = mpsc::channel();
    let left = waker.clone();
    runtime.spawn(poll_fn(move |cx| {
        if left.lock().unwrap().replace(cx.waker().clone()).is_none() {
            waits.send(()).unwrap();
            return Poll::Pending;
        }
        ran.send(()).unwrap();
        Poll::Ready(())
    }));
    does_wait.recv().unwrap();
    runtime.spawn(async move {
        waker.lock().unwrap().as_ref().unwrap().wake_by_ref();
        has_run.recv_timeout(HANG)
    })
}

/// The watcher brings a task in the slot of a stuck worker to a worker that can run it.
#[test]
fn a_stuck_worker_holds_no_task_hostage() {
    let runtime = runtime(2);
    for _ in 0..5 {
        let stuck = spawn_stuck(&runtime);
        assert_eq!(runtime.block_on(stuck).unwrap(), Ok(()));
    }
}

/// The same with what it spawned.
#[test]
fn a_stuck_worker_holds_no_queue_hostage() {
    let runtime = runtime(2);
    let sum = runtime.spawn(async {
        let (sender, receiver) = mpsc::channel();
        for i in 0..100 {
            let sender = sender.clone();
            crate::spawn(async move { sender.send(i).unwrap() });
        }
        drop(sender);
        let mut sum = 0;
        while let Ok(i) = receiver.recv_timeout(HANG) {
            sum += i;
        }
        sum
    });
    assert_eq!(runtime.block_on(sum).unwrap(), 4950);
}

/// A worker that just looked at the driver blocks until a timer fires.
#[test]
fn a_stuck_worker_holds_no_driver_hostage() {
    let runtime = runtime(2);
    for _ in 0..5 {
        let stuck = runtime.spawn(async {
            let (fired, has_fired) = mpsc::channel();
            crate::spawn(async move {
                crate::time::sleep(Duration::from_millis(1)).await;
                fired.send(()).unwrap();
            });
            yield_now().await;
            has_fired.recv_timeout(HANG)
        });
        assert_eq!(runtime.block_on(stuck).unwrap(), Ok(()));
    }
}

/// The timer that fires was set by the stuck worker itself, in its own part.
#[test]
fn a_stuck_worker_holds_no_timer_hostage() {
    let runtime = runtime(2);
    for _ in 0..5 {
        let stuck = runtime.spawn(async {
            let (fired, has_fired) = mpsc::channel();
            let waker = Waker::from(std::sync::Arc::new(Sends(Mutex::new(fired))));
            let mut nap = std::pin::pin!(crate::time::sleep(Duration::from_millis(1)));
            let polled = nap.as_mut().poll(&mut Context::from_waker(&waker));
            assert!(polled.is_pending());
            has_fired.recv_timeout(HANG)
        });
        assert_eq!(runtime.block_on(stuck).unwrap(), Ok(()));
    }
}

/// The same with a single task that nobody was told of.
#[test]
fn a_stuck_worker_holds_no_task_hostage_that_it_spawned() {
    let runtime = runtime(2);
    for _ in 0..5 {
        let stuck = runtime.spawn(async {
            let (ran, has_run) = mpsc::channel();
            crate::spawn(async move { ran.send(()).unwrap() });
            has_run.recv_timeout(HANG)
        });
        assert_eq!(runtime.block_on(stuck).unwrap(), Ok(()));
    }
}

/// A waker for a thread that waits.
struct Sends(Mutex<mpsc::Sender<()>>);

impl std::task::Wake for Sends {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.lock().unwrap().send(()).unwrap();
    }
}

/// A waker panics in the turn that also wakes a task: that one runs at once, without the
/// pause that a driver which does nothing but fail is given.
#[test]
fn a_turn_that_panics_holds_no_task_up() {
    struct Panics;
    impl std::task::Wake for Panics {
        fn wake(self: std::sync::Arc<Self>) {
            panic!("a waker's own fault");
        }
    }
    let runtime = runtime(1);
    let late = runtime.spawn(async {
        let mut late = Vec::new();
        for _ in 0..20 {
            let deadline = crate::time::Instant::now() + Duration::from_millis(2);
            let waker = Waker::from(std::sync::Arc::new(Panics));
            let mut nap = std::pin::pin!(sleep_until(deadline));
            let polled = nap.as_mut().poll(&mut Context::from_waker(&waker));
            assert!(polled.is_pending());
            sleep_until(deadline).await;
            late.push(deadline.elapsed());
        }
        late.into_iter().min().unwrap()
    });
    let late = runtime.block_on(late).unwrap();
    assert!(late < super::watch::TICK, "never less than {late:?}");
}

/// Two posts, and no thread at either.
fn two_posts() -> std::sync::Arc<MultiThread> {
    let wanted = Wanted {
        workers: 2,
        ..Wanted::default()
    };
    let (driver, handle) = Driver::new(wanted).unwrap();
    let driver = (driver, std::sync::Arc::new(handle));
    MultiThread::new(2, driver, Hooks::default())
}

/// Worker 0, which has a task that yields for ever, looks around and finds three in the
/// injector, of which nobody was told. Before it polls the first it rouses worker 1,
/// which the test has put to sleep.
#[test]
fn who_takes_a_batch_tells_of_it_before_it_polls() {
    let executor = two_posts();
    assert!(!executor.sign_off(), "worker 1 has no thread");
    let inject = |executor: &MultiThread, runnable: Runnable| {
        assert!(executor.roll.enter(&runnable, 0));
        executor.inject(runnable);
    };
    let told = std::sync::Arc::new(Mutex::new(None));
    let (there, says, mut begun) = (executor.clone(), told.clone(), false);
    let yields = poll_fn(move |cx| {
        if !std::mem::replace(&mut begun, true) {
            for _ in 0..3 {
                let (executor, told) = (there.clone(), says.clone());
                let long = async move {
                    let roused = executor.idle.look_around(1).is_none();
                    told.lock().unwrap().get_or_insert(roused);
                    executor.close();
                };
                inject(&there, new_task(long, Unscheduled).0);
            }
            there.idle.fall_asleep(1, false, false);
        }
        cx.waker().wake_by_ref();
        Poll::<()>::Pending
    });
    inject(&executor, new_task(yields, Unscheduled).0);
    let post = executor.stations[0].post.lock().take().unwrap();
    work_at(executor, post, None);
    assert_eq!(*told.lock().unwrap(), Some(true));
}

/// Worker 0 wakes up to some tasks, while worker 1 is parked: is that one roused?
#[test]
fn who_wakes_up_to_little_rouses_nobody() {
    let executor = two_posts();
    let post = executor.stations[0].post.lock().take().unwrap();
    let worker = Worker {
        executor: executor.clone(),
        handle: None,
        post: RefCell::new(None),
        index: Cell::new(0),
        polling: Cell::new(false),
    };
    let rouses = |ready| {
        executor.idle.fall_asleep(1, false, false);
        for _ in 0..ready {
            post.queue.push(new_task(async {}, Unscheduled).0);
        }
        worker.after_park(&post);
        let roused = executor.idle.get_up(1, false).roused;
        if roused {
            executor.idle.stop_searching();
        }
        while let Some(task) = post.queue.pop() {
            task.cancel(&Unregistered);
        }
        roused
    };
    let takes = |micros| post.pace.borrow_mut().was_up(Duration::from_micros(micros));
    assert!(rouses(2), "nothing is known yet");
    takes(2 * 5);
    assert!(!rouses(1));
    assert!(!rouses(10));
    assert!(rouses(11));
    takes(11 * 50);
    assert!(rouses(2), "the last ones took long");
}

/// A worker that is used to short polls wakes up to two tasks at once, and the first is
/// stuck until the other has run: the watcher brings that one to the other worker.
#[test]
fn who_is_stuck_for_once_holds_nobody_hostage() {
    let runtime = runtime(2);
    let pairs = runtime.spawn(async {
        for _ in 0..5 {
            // So many, so that the last that took long is forgotten, and so short, so that no
            // watcher dozes off.
            for _ in 0..80 {
                crate::time::sleep(Duration::from_micros(300)).await;
            }
            let deadline = crate::time::Instant::now() + Duration::from_millis(2);
            let (ran, has_run) = mpsc::channel();
            let first = std::sync::Arc::new(Mutex::new(Some(has_run)));
            let pair = [(); 2].map(|()| {
                let (first, ran) = (first.clone(), ran.clone());
                crate::spawn(async move {
                    sleep_until(deadline).await;
                    let has_run = first.lock().unwrap().take();
                    if let Some(other) = has_run {
                        return other.recv_timeout(HANG);
                    }
                    ran.send(()).unwrap();
                    Ok(())
                })
            });
            for task in pair {
                assert_eq!(task.await.unwrap(), Ok(()), "nobody took the other");
            }
        }
    });
    runtime.block_on(pairs).unwrap();
}

/// A worker is stuck with a task in its LIFO slot, and the other is roused again and
/// again, by an outsider, long before a tick is over: it watches all the same.
#[test]
fn a_watcher_that_never_sleeps_long_watches() {
    let runtime = runtime(2);
    let stuck = spawn_stuck(&runtime);
    while !stuck.is_finished() {
        runtime.block_on(runtime.spawn(async {})).unwrap();
    }
    assert_eq!(runtime.block_on(stuck).unwrap(), Ok(()));
}

/// With the runtime, two tasks end of which one waits for the other's end.
#[test]
fn a_destructor_that_waits_for_anothers_finds_it_unclaimed() {
    struct Says(mpsc::Sender<()>);
    impl Drop for Says {
        fn drop(&mut self) {
            self.0.send(()).unwrap();
        }
    }
    struct Waits(mpsc::Receiver<()>, mpsc::Sender<bool>);
    impl Drop for Waits {
        fn drop(&mut self) {
            let ended = self.0.recv_timeout(HANG).is_ok();
            self.1.send(ended).unwrap();
        }
    }
    let runtime = runtime(2);
    let (sender, receiver) = mpsc::channel();
    let (ends, has_ended) = mpsc::channel();
    let (waits, says) = (Waits(receiver, ends), Says(sender));
    let wait = std::sync::Arc::new(AtomicUsize::new(0));
    let tasks = runtime.spawn(async move {
        for held in [Box::new(waits) as Box<dyn Send>, Box::new(says)] {
            let waits = wait.clone();
            crate::spawn(async move {
                let _held = held;
                waits.fetch_add(1, Ordering::Relaxed);
                std::future::pending::<()>().await;
            });
        }
        while wait.load(Ordering::Relaxed) < 2 {
            yield_now().await;
        }
    });
    runtime.block_on(tasks).unwrap();
    drop(runtime);
    assert!(has_ended.recv().unwrap(), "another worker ended the other");
}

#[test]
fn a_runtime_whose_workers_find_no_thread_is_not_built() {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).enable_all();
    assert!(builder.thread_stack_size(1 << 46).build().is_err());
}

/// A process that has room for one thread with such a stack, and not for two.
#[test]
#[cfg(target_os = "linux")]
fn block_in_place_says_so_if_there_is_no_thread_to_go_on() {
    const STACK: usize = 1 << 30;
    const INSIDE: &str = "KOLO_TEST_WITH_LITTLE_ROOM";
    if std::env::var_os(INSIDE).is_none() {
        let test = std::thread::current().name().unwrap().to_owned();
        let mut limited = std::process::Command::new("sh");
        limited
            .args(["-c", "ulimit -v 1800000; exec \"$0\" \"$1\" --exact"])
            .arg(std::env::current_exe().unwrap())
            .args([&test])
            .env(INSIDE, "yes");
        let limited = process_testing::output(&mut limited).unwrap();
        let said = String::from_utf8_lossy(&limited.stdout);
        assert!(
            limited.status.success() && said.contains("1 passed"),
            "{said}"
        );
        return;
    }
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(1).thread_stack_size(STACK).build();
    let runtime = runtime.unwrap();
    let blocks = runtime.spawn(async { crate::task::block_in_place(|| ()) });
    let error = runtime.block_on(blocks).unwrap_err().into_panic();
    let text = error.downcast::<String>().unwrap();
    assert!(text.contains("OS can't spawn worker thread"), "{text}");
    // The worker has its post back.
    assert_eq!(runtime.block_on(runtime.spawn(async { 1 })).unwrap(), 1);
}

#[test]
fn who_hands_over_was_busy_until_then() {
    let runtime = runtime(1);
    let metrics = runtime.metrics();
    let task = runtime.spawn(async move {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(1) {
            std::hint::spin_loop();
        }
        let busy = begun.elapsed();
        crate::task::block_in_place(|| (metrics.worker_total_busy_duration(0), busy))
    });
    let (counted, busy) = runtime.block_on(task).unwrap();
    assert!(counted >= busy, "{counted:?} of {busy:?}");
}

#[test]
fn what_the_workers_did_is_counted() {
    let runtime = runtime(2);
    let metrics = runtime.metrics();
    let yields = runtime.spawn(async {
        for _ in 0..1_000 {
            yield_now().await;
        }
    });
    runtime.block_on(yields).unwrap();
    let each = |count: &dyn Fn(usize) -> u64| (0..2).map(count).sum::<u64>();
    assert_eq!(each(&|w| metrics.worker_poll_count(w)), 1_001);
    assert_eq!(each(&|w| metrics.worker_overflow_count(w)), 0);
    assert_eq!(metrics.num_alive_tasks(), 0);
    // A worker that is kept busy, with what stands in its queue.
    let (sender, receiver) = mpsc::channel::<()>();
    let (waits, does_wait) = mpsc::channel();
    let other = std::sync::Arc::new(AtomicBool::new(false));
    let blocked = {
        let waits = waits.clone();
        let other = other.clone();
        runtime.spawn(async move {
            waits.send(()).unwrap();
            while !other.load(Ordering::Acquire) {
                std::hint::spin_loop();
            }
        })
    };
    let queues = runtime.spawn(async move {
        for _ in 0..10 {
            crate::spawn(async {});
        }
        waits.send(()).unwrap();
        let _ = receiver.recv_timeout(HANG);
    });
    does_wait.recv().unwrap();
    does_wait.recv().unwrap();
    // Both workers are in a poll: nobody can take the ten away.
    assert_eq!(
        (0..2)
            .map(|w| metrics.worker_local_queue_depth(w))
            .sum::<usize>(),
        10
    );
    assert_eq!(metrics.num_alive_tasks(), 12);
    other.store(true, Ordering::Release);
    drop(sender);
    runtime.block_on(async {
        blocked.await.unwrap();
        queues.await.unwrap();
    });
    // The ten ran on whichever worker; a batch that was stolen is counted as such.
    let stolen = each(&|w| metrics.worker_steal_count(w));
    assert!(stolen >= each(&|w| metrics.worker_steal_operations(w)));
    let parks = each(&|w| metrics.worker_park_count(w));
    assert!(each(&|w| metrics.worker_park_unpark_count(w)) <= 2 * parks);
    drop(runtime);
    assert!((0..2).any(|w| metrics.worker_total_busy_duration(w) > Duration::ZERO));
}

#[test]
fn park_hooks_come_in_pairs_and_their_panics_stay_there() {
    let (parks, unparks) = (
        std::sync::Arc::new(AtomicUsize::new(0)),
        std::sync::Arc::new(AtomicUsize::new(0)),
    );
    let (before, after) = (parks.clone(), unparks.clone());
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .on_thread_park(move || {
            if before.fetch_add(1, Ordering::Relaxed) == 1 {
                panic!("a hook's own fault");
            }
        })
        .on_thread_unpark(move || {
            after.fetch_add(1, Ordering::Relaxed);
        })
        .build()
        .unwrap();
    // Workers that have nothing to do park, sooner or later.
    while parks.load(Ordering::Relaxed) < 10 {
        let task = runtime.spawn(async { 1 });
        assert_eq!(runtime.block_on(task).unwrap(), 1);
    }
    drop(runtime);
    let parks = parks.load(Ordering::Relaxed);
    assert_eq!(parks, unparks.load(Ordering::Relaxed));
}

/// No wake-up is lost between workers that keep falling asleep.
#[test]
fn two_workers_pass_a_token_back_and_forth() {
    let runtime = runtime(2);
    let token = std::sync::Arc::new(crate::sync::Notify::new());
    let back = std::sync::Arc::new(crate::sync::Notify::new());
    let (there, here) = (token.clone(), back.clone());
    let far = runtime.spawn(async move {
        for _ in 0..20_000 {
            there.notified().await;
            here.notify_one();
        }
    });
    runtime.block_on(async move {
        for _ in 0..20_000 {
            token.notify_one();
            back.notified().await;
        }
        far.await.unwrap();
    });
}

/// Another runtime's context, entered by the task, is not where the post goes.
#[test]
fn a_post_is_handed_over_within_its_runtime() {
    let (runtime, other) = (runtime(1), Builder::new_current_thread().build().unwrap());
    let there = other.handle().clone();
    let blocked = runtime.spawn(async move {
        let (sender, receiver) = mpsc::channel();
        crate::spawn(async move { sender.send(7).unwrap() });
        let _entered = there.enter();
        crate::task::block_in_place(|| receiver.recv_timeout(HANG))
    });
    assert_eq!(runtime.block_on(blocked).unwrap(), Ok(7));
}

/// A worker is blocked, what it waits for stands in its own queue, and the runtime goes.
#[test]
fn what_stands_behind_a_blocked_worker_ends_with_the_runtime() {
    for _ in 0..20 {
        let runtime = runtime(2);
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        let (blocks, blocked) = std::sync::mpsc::channel();
        runtime.spawn(async move {
            crate::spawn(async move {
                let _held_until_it_ends = sender;
                std::future::pending::<()>().await;
            });
            blocks.send(()).unwrap();
            assert!(receiver.recv().is_err());
        });
        blocked.recv().unwrap();
        drop(runtime);
    }
}

/// The same, with the worker's post handed over.
#[test]
fn what_stands_behind_a_worker_blocked_in_place_ends_with_the_runtime() {
    for _ in 0..20 {
        let runtime = runtime(2);
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        let (blocks, blocked) = std::sync::mpsc::channel();
        runtime.spawn(async move {
            crate::spawn(async move {
                let _held_until_it_ends = sender;
                std::future::pending::<()>().await;
            });
            blocks.send(()).unwrap();
            super::block_in_place(|| assert!(receiver.recv().is_err()));
        });
        blocked.recv().unwrap();
        drop(runtime);
    }
}
