//! Sleeps that were set on the thread that drives, and then are polled, reset or
//! dropped on another.

use std::thread;

use super::*;
use crate::time::sleep;

/// A sleep of 10 ms that waits in the own wheel.
fn waiting(rt: &Paused) -> Poller<crate::time::Sleep> {
    let mut wait = Poller::new(sleep(ms(10)));
    assert!(wait.poll().is_pending());
    assert!(rt.timers().is_armed());
    wait
}

fn on_another_thread(f: impl FnOnce() + Send) {
    thread::scope(|scope| scope.spawn(f).join().unwrap());
}

#[test]
fn polled_elsewhere_it_wakes_the_one_who_polled_there() {
    let rt = Paused::new();
    let mut wait = waiting(&rt);
    let there = Woken::new();
    assert!(there.take());
    on_another_thread(|| {
        let waker = there.waker();
        let poll = wait.future.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(poll.is_pending());
    });
    rt.advance(ms(10));
    assert!(there.take(), "the last to poll is woken");
    assert!(!wait.woken.take(), "the first to poll is not");
    assert!(wait.poll().is_ready());
}

#[test]
fn polled_elsewhere_when_it_is_over_it_is_over() {
    let rt = Paused::new();
    let mut wait = waiting(&rt);
    rt.advance(ms(10));
    on_another_thread(|| {
        let poll = wait
            .future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        assert!(poll.is_ready());
    });
}

#[test]
fn reset_elsewhere_to_either_side() {
    for to in [2, 50] {
        let rt = Paused::new();
        let mut wait = waiting(&rt);
        let deadline = rt.start + ms(to);
        on_another_thread(|| wait.future.as_mut().reset(deadline));
        // The order is carried out: the task polls, and sets the timer anew.
        rt.timers().fire(rt.timers().clock().now());
        assert!(wait.woken.take());
        assert!(wait.poll().is_pending());
        rt.advance(ms(to) - Duration::from_nanos(1));
        assert!(!wait.woken.take());
        rt.advance(Duration::from_nanos(1));
        assert!(wait.woken.take());
        assert!(wait.poll().is_ready());
    }
}

#[test]
fn dropped_elsewhere_it_leaves_no_waker() {
    let rt = Paused::new();
    let wait = waiting(&rt);
    let count = wait.woken.0.clone();
    let Poller { future, woken } = wait;
    drop(woken);
    on_another_thread(|| drop(future));
    assert!(rt.timers().is_armed(), "an order waits");
    rt.timers().fire(rt.timers().clock().now());
    assert!(!rt.timers().is_armed());
    assert_eq!(Arc::strong_count(&count), 1);
}

#[test]
fn an_order_ends_a_sleep_before_it_begins() {
    let rt = Paused::new();
    let wait = waiting(&rt);
    on_another_thread(|| drop(wait.future));
    assert_eq!(rt.timers().prepare_park(None), Some(0));
    rt.timers().after_park();
}

/// The runtime's own thread sleeps; it is roused to wake whom the advance passed.
#[test]
fn advanced_elsewhere_the_loop_wakes_its_sleepers() {
    let rt = crate::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let handle = rt.handle().clone();
    rt.block_on(async {
        let sleeper = crate::spawn(sleep(ms(5_000)));
        crate::task::yield_now().await; // it falls asleep
        let advances = crate::task::spawn_blocking(move || {
            handle.block_on(async {
                crate::time::advance(ms(10_000)).await;
                sleeper.await.unwrap();
            });
        });
        advances.await.unwrap();
    });
}

/// The future of `block_on` is dropped by a thread that drives no longer, and so are its
/// timers; a loop that never comes to a look forgets them all the same.
#[test]
fn short_stays_leave_no_timers_behind() {
    let rt = crate::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let hour = ms(3_600_000);
    for _ in 0..100 {
        let nap = {
            let _context = rt.enter();
            crate::time::timeout(hour, crate::task::yield_now())
        };
        rt.block_on(nap).unwrap();
    }
    assert_eq!(rt.block_on(async { rt.handle().timers().held() }), 0);
}
