//! **What if something runs out?** An error or a wait, never a loss: of pool
//! threads, of channel slots, of permits.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc as std_mpsc;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use super::On;
use super::rt;
use rt::sync::{Semaphore, mpsc};
use rt::task::spawn_blocking;

kolo_tests::tests! {
    everywhere: [
        p19_pool_grows_to_its_cap,
        p19_more_work_than_threads_waits_its_turn,
        p19_no_work_lost_at_the_edge_of_idleness,
        p19_full_pool_recovers,
        p19_pool_abort_before_start,
        p19_pool_abort_after_start_has_no_effect,
        p19_pool_threads_run_the_hooks,
        p19_full_channel_says_so_and_recovers,
        p19_no_permits_says_so_and_recovers,
        p19_a_hundred_thousand_tasks,
    ],
}

/// Eight pieces of work that all wait for each other need eight threads.
fn p19_pool_grows_to_its_cap(on: On) {
    let runtime = on.builder().max_blocking_threads(8).build().unwrap();
    runtime.block_on(async {
        let together = Arc::new(Barrier::new(8));
        let work: Vec<_> = (0..8)
            .map(|_| {
                let together = together.clone();
                spawn_blocking(move || together.wait().is_leader())
            })
            .collect();
        let mut leaders = 0;
        for work in work {
            leaders += usize::from(work.await.unwrap());
        }
        assert_eq!(leaders, 1);
    });
}

fn p19_more_work_than_threads_waits_its_turn(on: On) {
    let runtime = on.builder().max_blocking_threads(2).build().unwrap();
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    runtime.block_on(async {
        let work: Vec<_> = (0..200)
            .map(|i| {
                let (running, most) = (running.clone(), most.clone());
                spawn_blocking(move || {
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::yield_now();
                    running.fetch_sub(1, Ordering::SeqCst);
                    i
                })
            })
            .collect();
        for (i, work) in work.into_iter().enumerate() {
            assert_eq!(work.await.unwrap(), i);
        }
    });
    assert!(most.load(Ordering::SeqCst) <= 2);
}

/// Threads of the pool end when idle; work that comes just then is not lost.
fn p19_no_work_lost_at_the_edge_of_idleness(on: On) {
    let runtime = on
        .builder()
        .max_blocking_threads(2)
        .thread_keep_alive(Duration::from_micros(50))
        .build()
        .unwrap();
    runtime.block_on(async {
        for i in 0..500_u64 {
            assert_eq!(spawn_blocking(move || i).await.unwrap(), i);
            // A pause near the keep-alive, of varying length: spinning, not sleeping.
            let pause = std::time::Instant::now();
            while pause.elapsed() < Duration::from_micros(i % 120) {
                std::hint::spin_loop();
            }
        }
    });
}

/// All threads are stuck; what is queued behind them runs when they are not.
fn p19_full_pool_recovers(on: On) {
    let runtime = on.builder().max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        let (release, released) = std_mpsc::channel::<()>();
        let stuck = spawn_blocking(move || released.recv());
        let mut queued = spawn_blocking(|| 5);
        for _ in 0..100 {
            rt::task::yield_now().await;
        }
        let early =
            kolo_tests::poll_once(std::pin::Pin::new(&mut queued), std::task::Waker::noop());
        assert!(early.is_pending());
        release.send(()).unwrap();
        stuck.await.unwrap().unwrap();
        assert_eq!(queued.await.unwrap(), 5);
    });
}

fn p19_pool_abort_before_start(on: On) {
    let runtime = on.builder().max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        let (release, released) = std_mpsc::channel::<()>();
        let stuck = spawn_blocking(move || released.recv());
        let ran = Arc::new(AtomicUsize::new(0));
        let count = ran.clone();
        let queued = spawn_blocking(move || count.fetch_add(1, Ordering::SeqCst));
        queued.abort();
        release.send(()).unwrap();
        stuck.await.unwrap().unwrap();
        assert!(queued.await.unwrap_err().is_cancelled());
        spawn_blocking(|| ()).await.unwrap();
        assert_eq!(ran.load(Ordering::SeqCst), 0);
    });
}

fn p19_pool_abort_after_start_has_no_effect(on: On) {
    on.run(async {
        let (began, has_begun) = rt::sync::oneshot::channel();
        let (release, released) = std_mpsc::channel::<()>();
        let work = spawn_blocking(move || {
            began.send(()).unwrap();
            released.recv().unwrap();
            3
        });
        has_begun.await.unwrap();
        work.abort();
        release.send(()).unwrap();
        assert_eq!(work.await.unwrap(), 3);
    });
}

fn p19_pool_threads_run_the_hooks(on: On) {
    let (starts, stops) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (started, stopped) = (starts.clone(), stops.clone());
    let runtime = on
        .builder()
        .thread_name("of-the-pool")
        .on_thread_start(move || {
            started.fetch_add(1, Ordering::SeqCst);
        })
        .on_thread_stop(move || {
            stopped.fetch_add(1, Ordering::SeqCst);
        })
        .build()
        .unwrap();
    runtime.block_on(async {
        let name = spawn_blocking(|| std::thread::current().name().map(str::to_owned)).await;
        assert_eq!(name.unwrap().as_deref(), Some("of-the-pool"));
    });
    drop(runtime);
    assert!(starts.load(Ordering::SeqCst) >= 1);
    assert_eq!(starts.load(Ordering::SeqCst), stops.load(Ordering::SeqCst));
}

fn p19_full_channel_says_so_and_recovers(on: On) {
    on.run(async {
        let (tx, mut rx) = mpsc::channel(2);
        for round in 0..10 {
            tx.try_send(round).unwrap();
            tx.try_send(round).unwrap();
            for _ in 0..3 {
                assert!(tx.try_send(round).is_err());
            }
            assert_eq!(
                (rx.recv().await, rx.recv().await),
                (Some(round), Some(round))
            );
        }
    });
}

fn p19_no_permits_says_so_and_recovers(on: On) {
    on.run(async {
        let semaphore = Semaphore::new(2);
        for _ in 0..10 {
            let both = semaphore.try_acquire_many(2).unwrap();
            assert!(semaphore.try_acquire().is_err());
            drop(both);
        }
        assert_eq!(semaphore.available_permits(), 2);
    });
}

fn p19_a_hundred_thousand_tasks(on: On) {
    on.run(async {
        let tasks: Vec<_> = (0..100_000_u64)
            .map(|i| {
                rt::spawn(async move {
                    rt::task::yield_now().await;
                    i
                })
            })
            .collect();
        let mut sum = 0;
        for task in tasks {
            sum += task.await.unwrap();
        }
        assert_eq!(sum, 4_999_950_000);
    });
}
