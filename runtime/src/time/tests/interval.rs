//! Intervals: the rhythm, missed ticks, resets.

use super::*;
use crate::time::{Interval, MissedTickBehavior, interval, interval_at};

/// An interval polled by hand; instants as milliseconds since the start.
struct Ticks<'a> {
    rt: &'a Paused,
    interval: Interval,
    woken: Woken,
}

impl<'a> Ticks<'a> {
    fn new(rt: &'a Paused, behavior: MissedTickBehavior) -> Self {
        let mut interval = interval_at(rt.start, ms(300));
        interval.set_missed_tick_behavior(behavior);
        assert_eq!(interval.missed_tick_behavior(), behavior);
        assert_eq!(interval.period(), ms(300));
        Self {
            rt,
            interval,
            woken: Woken::new(),
        }
    }

    /// All ticks that are ready after `advance` milliseconds more.
    fn after(&mut self, advance: u64) -> Vec<u128> {
        self.rt.advance(ms(advance));
        let waker = self.woken.waker();
        let mut ticks = Vec::new();
        while let Poll::Ready(at) = self.interval.poll_tick(&mut Context::from_waker(&waker)) {
            ticks.push((at - self.rt.start).as_millis());
        }
        ticks
    }
}

#[test]
fn burst_catches_up() {
    let rt = Paused::new();
    let mut ticks = Ticks::new(&rt, MissedTickBehavior::Burst);
    assert_eq!(ticks.after(0), [0]);
    assert_eq!(ticks.after(299), []);
    assert_eq!(ticks.after(1), [300]);
    assert_eq!(ticks.after(950), [600, 900, 1200]); // it is 1250
    assert_eq!(ticks.after(249), []);
    assert_eq!(ticks.after(1), [1500]);
}

#[test]
fn delay_starts_over() {
    let rt = Paused::new();
    let mut ticks = Ticks::new(&rt, MissedTickBehavior::Delay);
    assert_eq!(ticks.after(0), [0]);
    assert_eq!(ticks.after(300), [300]);
    assert_eq!(ticks.after(950), [600]); // it is 1250
    assert_eq!(ticks.after(299), []);
    assert_eq!(ticks.after(1), [1550]);
    assert_eq!(ticks.after(300), [1850]);
}

#[test]
fn skip_keeps_the_rhythm() {
    let rt = Paused::new();
    let mut ticks = Ticks::new(&rt, MissedTickBehavior::Skip);
    assert_eq!(ticks.after(0), [0]);
    assert_eq!(ticks.after(300), [300]);
    assert_eq!(ticks.after(950), [600]); // it is 1250
    assert_eq!(ticks.after(249), []);
    assert_eq!(ticks.after(1), [1500]);
    assert_eq!(ticks.after(600), [1800]); // it is 2100 exactly: that tick is skipped
    assert_eq!(ticks.after(300), [2400]);
}

#[test]
fn a_little_late_is_punctual_for_all() {
    use MissedTickBehavior::{Burst, Delay, Skip};
    for behavior in [Burst, Delay, Skip] {
        let rt = Paused::new();
        let mut ticks = Ticks::new(&rt, behavior);
        assert_eq!(ticks.after(5), [0], "{behavior:?}");
        assert_eq!(ticks.after(294), [], "{behavior:?}");
        assert_eq!(ticks.after(1), [300], "{behavior:?}");
    }
}

#[test]
fn resets_start_a_new_rhythm() {
    let rt = Paused::new();
    let mut ticks = Ticks::new(&rt, MissedTickBehavior::Burst);
    assert_eq!(ticks.after(0), [0]);
    assert_eq!(ticks.after(100), []);
    ticks.interval.reset();
    assert_eq!(ticks.after(299), []);
    assert_eq!(ticks.after(1), [400]);
    ticks.interval.reset_immediately();
    assert_eq!(ticks.after(0), [400]);
    ticks.interval.reset_after(ms(20));
    assert_eq!(ticks.after(20), [420]);
    assert_eq!(ticks.after(300), [720]);
    ticks.interval.reset_at(rt.start + ms(1000));
    assert_eq!(ticks.after(279), []);
    assert_eq!(ticks.after(1), [1000]);
    ticks.interval.reset_at(rt.start + ms(400)); // past: 400 and 700 are missed
    assert_eq!(ticks.after(0), [400, 700, 1000]);
}

#[test]
fn a_waiting_task_is_woken_at_the_reset_time() {
    let rt = Paused::new();
    let mut ticks = Ticks::new(&rt, MissedTickBehavior::Burst);
    assert_eq!(ticks.after(0), [0]);
    ticks.woken.take();
    ticks.interval.reset_after(ms(7));
    rt.advance(ms(6));
    assert!(!ticks.woken.take());
    rt.advance(ms(1));
    assert!(ticks.woken.take());
}

#[test]
fn ticks_do_not_drift_and_their_futures_can_be_dropped() {
    let rt = Paused::new();
    let log = Transcript::new(&rt);
    rt.block_on(async {
        let mut ticks = interval(ms(10));
        ticks.tick().await;
        for work in [7, 3, 9] {
            crate::time::sleep(ms(work)).await;
            let given_up = crate::time::timeout(Duration::ZERO, ticks.tick()).await;
            assert!(given_up.is_err());
            ticks.tick().await;
            log.note("tick");
        }
    });
    log.expect(&["10ms tick", "20ms tick", "30ms tick"]);
}

#[test]
fn the_longest_periods_do_not_overflow() {
    let rt = Paused::new();
    let mut ticks = interval(Duration::MAX);
    ticks.reset();
    ticks.reset_after(Duration::MAX);
    let year = Duration::from_secs(365 * 86400);
    assert_eq!(rt.block_on(ticks.tick()) - rt.start, 30 * year);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    rt.advance(100 * year);
    rt.block_on(ticks.tick());
}

#[test]
fn a_period_of_zero_is_refused_at_the_caller_s_line() {
    let _rt = Paused::new();
    let now = Instant::now();
    let makers: [fn(Instant); 2] = [
        |_| drop(interval(Duration::ZERO)),
        |now| drop(interval_at(now, Duration::ZERO)),
    ];
    for make in makers {
        let (message, file) = panic_of(|| make(now));
        assert_eq!(
            (message.as_str(), file.as_str()),
            ("`period` must be non-zero.", file!())
        );
    }
}
