//! Time in a test's hands: futures on a paused clock that jumps when nothing can
//! run, or polled one by one with a waker that counts. Nothing sleeps.

mod elsewhere;
mod interval;
mod sleep;
mod timeout;

use std::cell::RefCell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use super::{Duration, Instant};
use crate::driver::clock::Clock;
use crate::driver::timers::{AtPlace, Timers};
use crate::handle::{EnterGuard, Handle};

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// A thread inside a runtime that is nothing but timers on a paused clock.
struct Paused {
    /// As a loop does: its timers go to the own wheel. (Those of the shared one are
    /// tested in `driver/timers_tests.rs`.) Dropped before the timers are.
    driving: Option<AtPlace>,
    handle: Handle,
    start: Instant,
    _entered: EnterGuard<'static>,
}

impl Paused {
    fn new() -> Self {
        let clock = Clock::new(true);
        clock.pause().unwrap();
        Self::with_clock(clock)
    }

    fn with_clock(clock: Clock) -> Self {
        let handle = Handle::of_timers(Some(Timers::new(clock, 0, || ())));
        let entered = handle.enter_and_own();
        Self {
            // SAFETY: no loop drives these timers, and no other thread does.
            driving: Some(unsafe { handle.timers().drive() }),
            handle,
            start: Instant::now(),
            _entered: entered,
        }
    }

    /// As a runtime that is dropped.
    fn shut_down(&mut self) {
        drop(self.driving.take());
        // SAFETY: no loop drives these timers, and this thread does no longer.
        unsafe { self.timers().shutdown() };
    }

    fn timers(&self) -> &Timers {
        self.handle.timers()
    }

    /// Since the start, by the paused clock.
    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Drives all to their end, in turn; jumps when none can run.
    fn run_all(&self, futures: Vec<Pin<Box<dyn Future<Output = ()> + '_>>>) {
        let mut tasks: Vec<_> = futures
            .into_iter()
            .map(|f| Some((f, Woken::new())))
            .collect();
        loop {
            let mut polled = false;
            for task in &mut tasks {
                let Some((future, woken)) = task else {
                    continue;
                };
                if !woken.take() {
                    continue;
                }
                polled = true;
                let waker = woken.waker();
                if future
                    .as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_ready()
                {
                    *task = None;
                }
            }
            if tasks.iter().all(Option::is_none) {
                return;
            }
            if !polled {
                assert!(
                    self.timers().advance_to_next(),
                    "nothing can ever run again"
                );
                self.timers().fire(self.timers().clock().now());
            }
        }
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        let mut result = None;
        self.run_all(vec![Box::pin(async { result = Some(future.await) })]);
        result.unwrap()
    }

    /// Jumps by `duration`, firing what is passed.
    fn advance(&self, duration: Duration) {
        self.block_on(super::advance(duration));
    }
}

/// A waker that counts; born woken, so that a task is polled once.
struct Woken(Arc<Count>);

struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Woken {
    fn new() -> Self {
        Self(Arc::new(Count(AtomicUsize::new(1))))
    }

    fn waker(&self) -> Waker {
        Waker::from(self.0.clone())
    }

    /// Was it woken since the last call?
    fn take(&self) -> bool {
        self.0.0.swap(0, Ordering::Relaxed) > 0
    }
}

/// A future polled by hand.
struct Poller<F> {
    future: Pin<Box<F>>,
    woken: Woken,
}

impl<F: Future> Poller<F> {
    fn new(future: F) -> Self {
        let woken = Woken::new();
        woken.take();
        Self {
            future: Box::pin(future),
            woken,
        }
    }

    fn poll(&mut self) -> Poll<F::Output> {
        let waker = self.woken.waker();
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }
}

/// What happened when, as a test reads it.
struct Transcript<'a> {
    rt: &'a Paused,
    lines: RefCell<Vec<String>>,
}

impl<'a> Transcript<'a> {
    fn new(rt: &'a Paused) -> Self {
        Self {
            rt,
            lines: RefCell::default(),
        }
    }

    fn note(&self, what: &str) {
        let line = format!("{:?} {what}", self.rt.elapsed());
        self.lines.borrow_mut().push(line);
    }

    #[track_caller]
    fn expect(&self, lines: &[&str]) {
        assert_eq!(*self.lines.borrow(), lines);
    }
}

/// The message of the panic in `f`, and its file.
fn panic_of(f: impl FnOnce()) -> (String, String) {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    thread_local! {
        static FILE: RefCell<String> = const { RefCell::new(String::new()) };
    }
    static HOOK: std::sync::Once = std::sync::Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let file = info.location().map(|l| l.file().to_string());
            FILE.set(file.unwrap_or_default());
            before(info);
        }));
    });
    let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("no panic");
    let message = match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => payload.downcast::<&str>().unwrap().to_string(),
    };
    (message, FILE.take())
}

#[test]
fn paused_time_stands_still_and_moves_when_told() {
    let rt = Paused::new();
    let now = Instant::now();
    assert_eq!(Instant::now(), now);
    for duration in [
        ms(1),
        Duration::from_nanos(1),
        Duration::from_micros(51_592),
    ] {
        let before = Instant::now();
        rt.advance(duration);
        assert_eq!(before.elapsed(), duration);
    }
}

#[test]
fn advance_lets_those_run_first_whose_time_it_passes() {
    let rt = Paused::new();
    let log = Transcript::new(&rt);
    rt.run_all(vec![
        Box::pin(async {
            log.note("sleeper sleeps");
            super::sleep(ms(2)).await;
            log.note("sleeper wakes");
        }),
        Box::pin(async {
            super::advance(ms(1)).await;
            log.note("advanced once");
            super::advance(ms(1)).await;
            log.note("advanced twice");
        }),
    ]);
    log.expect(&[
        "0ns sleeper sleeps",
        "1ms advanced once",
        "2ms sleeper wakes",
        "2ms advanced twice",
    ]);
}

#[test]
fn the_clock_s_controls_refuse_misuse_at_the_caller_s_line() {
    let rt = Paused::new();
    let frozen = panic_of(super::pause);
    assert_eq!(frozen.0, "time is already frozen");
    super::resume();
    let (message, file) = panic_of(|| super::resume());
    assert_eq!(
        (message.as_str(), file.as_str()),
        ("time is not frozen", file!())
    );
    let (message, _) = panic_of(|| rt.advance(ms(1)));
    assert_eq!(message, "time is not frozen");
    super::pause();
    let (message, file) = panic_of(|| super::pause());
    assert_eq!(
        (message.as_str(), file.as_str()),
        ("time is already frozen", file!())
    );
    let (message, _) = panic_of(|| rt.advance(Duration::MAX));
    assert_eq!(message, "overflow when adding duration to instant");
    drop(rt);

    let (message, file) = panic_of(|| super::pause());
    let expected = "time cannot be frozen from outside the Tokio runtime";
    assert_eq!((message.as_str(), file.as_str()), (expected, file!()));

    let _rt = Paused::with_clock(Clock::new(false));
    let (message, file) = panic_of(|| super::pause());
    assert!(message.starts_with("`time::pause()` requires the `current_thread`"));
    assert_eq!(file, file!());
}

#[test]
fn without_a_runtime_or_without_time_waits_panic_at_the_caller_s_line() {
    let never = std::future::pending::<()>;
    let now = Instant::now();
    let makers: [fn(Instant); 6] = [
        |_| drop(super::sleep(ms(1))),
        |now| drop(super::sleep_until(now)),
        |_| drop(super::timeout(ms(1), std::future::pending::<()>())),
        |now| drop(super::timeout_at(now, std::future::pending::<()>())),
        |_| drop(super::interval(ms(1))),
        |now| drop(super::interval_at(now, ms(1))),
    ];
    for make in makers {
        let (message, file) = panic_of(|| make(now));
        let expected =
            "there is no reactor running, must be called from the context of a Tokio 1.x runtime";
        assert_eq!((message.as_str(), file.as_str()), (expected, file!()));
    }
    let handle = Handle::of_timers(None);
    let _entered = handle.enter();
    for make in makers {
        let (message, file) = panic_of(|| make(now));
        let expected = "A Tokio 1.x context was found, but timers are disabled. \
                        Call `enable_time` on the runtime builder to enable timers.";
        assert_eq!((message.as_str(), file.as_str()), (expected, file!()));
    }
    // The clock itself needs neither, nor does a timeout that never comes.
    assert!(Instant::now() >= now);
    drop(super::timeout(Duration::MAX, never()));
}

#[test]
fn instants_follow_the_clock_of_their_runtime_only() {
    let rt = Paused::new();
    rt.advance(Duration::from_secs(86400));
    let here = Instant::now();
    let there = std::thread::spawn(Instant::now).join().unwrap();
    assert!(here - there > Duration::from_secs(86000));
    assert_eq!(there - here, Duration::ZERO);
    assert_eq!(there.checked_duration_since(here), None);
    assert_eq!(here.checked_add(Duration::MAX), None);
    assert_eq!(here + ms(5) - ms(5), here);
    assert_eq!(Instant::from(std::time::Instant::from(here)), here);
}

#[test]
fn what_is_send_and_unpin_is_as_in_tokio() {
    fn send_sync<T: Send + Sync>() {}
    fn unpin<T: Unpin>() {}
    send_sync::<super::Sleep>();
    send_sync::<super::Timeout<()>>();
    send_sync::<super::Interval>();
    send_sync::<super::error::Elapsed>();
    unpin::<super::Interval>();

    // `Sleep` and `Timeout` are not: else the calls would be ambiguous.
    trait NotUnpin<A> {
        fn holds() {}
    }
    struct IsUnpin;
    impl<T> NotUnpin<()> for T {}
    impl<T: Unpin> NotUnpin<IsUnpin> for T {}
    <super::Sleep as NotUnpin<_>>::holds();
    <super::Timeout<()> as NotUnpin<_>>::holds();

    assert_eq!(size_of::<super::Sleep>(), 40);
}

#[test]
fn a_wait_in_a_wait_is_driven_to_its_end() {
    let rt = Paused::new();
    rt.block_on(async {
        let mut inner = pin!(super::sleep(ms(5)));
        super::sleep(ms(3)).await;
        inner.as_mut().await;
    });
    assert_eq!(rt.elapsed(), ms(5));
}
