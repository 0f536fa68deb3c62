use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use hyper::rt::Timer as _;

use super::{Sleep, Timer};

const SECOND: Duration = Duration::from_secs(1);

/// On a loop whose clock stands still until there is nothing to do.
fn paused<F: Future>(test: F) -> F::Output {
    let mut builder = kolo::runtime::Builder::new_current_thread();
    let paused = builder.enable_time().start_paused(true).build();
    paused.expect("a loop").block_on(test)
}

fn poll(future: Pin<&mut (impl Future<Output = ()> + ?Sized)>) -> Poll<()> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_sleep_ends_by_the_librarys_clock() {
    paused(async {
        let timer = Timer::new();
        let start = timer.now();
        timer.sleep(60 * SECOND).await;
        assert_eq!(timer.now() - start, 60 * SECOND);
        timer.sleep_until(start + 90 * SECOND).await;
        assert_eq!(timer.now() - start, 90 * SECOND);
        // What has passed already is over at once.
        assert!(poll(pin!(timer.sleep_until(start))).is_ready());
        assert_eq!(timer.now() - start, 90 * SECOND);
    });
}

#[test]
fn a_reset_sleep_stays_in_its_place() {
    paused(async {
        let timer = Timer::new();
        let start = timer.now();
        let mut sleep = timer.sleep(10 * SECOND);
        let place: *const dyn hyper::rt::Sleep = &*sleep;
        assert!(poll(sleep.as_mut()).is_pending());
        timer.reset(&mut sleep, start + 20 * SECOND);
        timer.sleep(15 * SECOND).await;
        assert!(poll(sleep.as_mut()).is_pending(), "it was put off");
        timer.reset(&mut sleep, start + 16 * SECOND);
        sleep.as_mut().await;
        assert_eq!(timer.now() - start, 16 * SECOND);
        // And once more, although it is over.
        timer.reset(&mut sleep, start + 30 * SECOND);
        sleep.as_mut().await;
        assert_eq!(timer.now() - start, 30 * SECOND);
        assert!(std::ptr::addr_eq(place, &*sleep), "it is the same sleep");
    });
}

/// Another runtime's sleep; it never ends.
struct Foreign;

impl Future for Foreign {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

impl hyper::rt::Sleep for Foreign {}

#[test]
fn a_foreign_sleep_is_replaced() {
    paused(async {
        let timer = Timer::new();
        let deadline = timer.now() + SECOND;
        let mut sleep: Pin<Box<dyn hyper::rt::Sleep>> = Box::pin(Foreign);
        timer.reset(&mut sleep, deadline);
        assert!(sleep.is::<Sleep>());
        sleep.await;
        assert_eq!(timer.now(), deadline);
    });
}

#[test]
fn the_farthest_deadline_does_not_wrap() {
    paused(async {
        let mut sleep = Timer::new().sleep(Duration::MAX);
        assert!(poll(sleep.as_mut()).is_pending());
        kolo::time::advance(1_000_000 * SECOND).await;
        assert!(poll(sleep.as_mut()).is_pending());
    });
}

#[test]
#[should_panic(expected = "no reactor running")]
fn outside_of_a_runtime_it_panics() {
    drop(Timer::new().sleep_until(Instant::now()));
}
