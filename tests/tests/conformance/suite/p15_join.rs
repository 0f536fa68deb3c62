//! **What do `join!`, `try_join!` and `pin!` say, exactly?** All, in one task;
//! the first error; in place.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::task::{Poll, Waker};

use kolo_tests::{Transcript, on_drop, poll_once};

use super::On;
use super::rt;
use rt::sync::oneshot;

kolo_tests::tests! {
    everywhere: [
        p15_join_waits_for_all,
        p15_join_polls_each_in_one_poll,
        p15_join_drops_outputs_never_twice,
        p15_join_borrows,
        p15_join_starts_elsewhere_each_time,
        p15_join_biased_keeps_the_order,
        p15_try_join_all_ok,
        p15_try_join_first_error_ends_it,
        p15_pin_macro,
    ],
}

fn p15_join_waits_for_all(on: On) {
    on.run(async {
        let (tx, rx) = oneshot::channel();
        let both = rt::join!(rx, async move {
            rt::task::yield_now().await;
            tx.send(1).unwrap();
            2
        });
        assert_eq!(both, (Ok(1), 2));
    });
}

fn p15_join_polls_each_in_one_poll(_: On) {
    let polls = RefCell::new([0; 3]);
    let counted = |i: usize| {
        let polls = &polls;
        poll_fn(move |_| {
            polls.borrow_mut()[i] += 1;
            if i == 1 {
                Poll::Ready(i)
            } else {
                Poll::Pending
            }
        })
    };
    let mut joined = pin!(async { rt::join!(counted(0), counted(1), counted(2)) });
    assert!(poll_once(joined.as_mut(), Waker::noop()).is_pending());
    assert_eq!(*polls.borrow(), [1, 1, 1]);
    assert!(poll_once(joined.as_mut(), Waker::noop()).is_pending());
    assert_eq!(*polls.borrow(), [2, 1, 2], "what is done is polled no more");
}

fn p15_join_drops_outputs_never_twice(on: On) {
    let drops = Cell::new(0);
    let made = || on_drop(|| drops.set(drops.get() + 1));
    let kept = on.run(async { rt::join!(async { made() }, async { made() }) });
    assert_eq!(drops.get(), 0);
    drop(kept);
    assert_eq!(drops.get(), 2);
    {
        let mut left = pin!(async { rt::join!(async { made() }, pending::<()>()) });
        assert!(poll_once(left.as_mut(), Waker::noop()).is_pending());
    }
    assert_eq!(drops.get(), 3);
}

fn p15_join_borrows(on: On) {
    on.run(async {
        let value = String::from("borrowed");
        let lengths = rt::join!(async { value.len() }, async { value.chars().count() });
        assert_eq!(lengths, (8, 8));
    });
}

/// Which branch went first, in each of three polls.
fn first_polled<F: Future>(log: &Transcript, joined: F) -> Vec<String> {
    let mut joined = pin!(joined);
    (0..3)
        .map(|_| {
            let before = log.len();
            assert!(poll_once(joined.as_mut(), Waker::noop()).is_pending());
            log.lines()[before].clone()
        })
        .collect()
}

fn logged<'a>(log: &'a Transcript, name: &'a str) -> impl Future<Output = ()> + 'a {
    poll_fn(move |_| {
        log.say(name);
        Poll::Pending
    })
}

fn p15_join_starts_elsewhere_each_time(_: On) {
    let log = Transcript::new();
    let joined = async { rt::join!(logged(&log, "a"), logged(&log, "b"), logged(&log, "c")) };
    assert_eq!(first_polled(&log, joined), ["a", "b", "c"]);
}

fn p15_join_biased_keeps_the_order(_: On) {
    let log = Transcript::new();
    let joined = async { rt::join!(biased; logged(&log, "a"), logged(&log, "b")) };
    assert_eq!(first_polled(&log, joined), ["a", "a", "a"]);
}

fn p15_try_join_all_ok(on: On) {
    on.run(async {
        let both: Result<_, String> = rt::try_join!(async { Ok(1) }, async { Ok("two") });
        assert_eq!(both, Ok((1, "two")));
    });
}

fn p15_try_join_first_error_ends_it(on: On) {
    on.run(async {
        let result: Result<((), u8), &str> = rt::try_join!(
            async {
                pending::<()>().await;
                Ok(())
            },
            async {
                rt::task::yield_now().await;
                Err("stop")
            }
        );
        assert_eq!(result, Err("stop"));
    });
}

fn p15_pin_macro(on: On) {
    on.run(async {
        rt::pin! {
            let sleep = rt::time::sleep(std::time::Duration::from_millis(1));
            let value = async { 5 };
        }
        (&mut sleep).await;
        assert!(sleep.is_elapsed());
        assert_eq!(value.await, 5);
        let moved = async { 6 };
        rt::pin!(moved);
        assert_eq!(moved.await, 6);
    });
}
