//! `join!` and `try_join!`.

use std::convert::Infallible;
use std::future::{pending, ready};
use std::mem::size_of_val;
use std::task::Poll::Ready;

use super::*;
use crate::task::coop;
use crate::{join, try_join};

#[test]
fn outputs_stand_in_the_order_written() {
    let log = Log::default();
    let mut joining = pin!(async { join!(log.countdown("a", 1, 1), log.countdown("b", 0, "two")) });
    assert!(poll(joining.as_mut()).is_pending());
    // What is done is dropped at once, and not polled again.
    assert_eq!(log.take(), ["poll a", "poll b", "drop b"]);
    assert_eq!(poll(joining.as_mut()), Ready((1, "two")));
    assert_eq!(log.take(), ["poll a", "drop a"]);
}

#[test]
fn each_poll_starts_with_the_next_branch() {
    let log = Log::default();
    let mut joining = pin!(async {
        join!(
            log.countdown("a", 9, ()),
            log.countdown("b", 9, ()),
            log.countdown("c", 9, ())
        )
    });
    let mut trying = pin!(async {
        try_join!(
            log.countdown("a", 9, Ok::<_, ()>(())),
            log.countdown("b", 9, Ok(())),
            log.countdown("c", 9, Ok(())),
        )
    });
    for order in [
        ["a", "b", "c"],
        ["b", "c", "a"],
        ["c", "a", "b"],
        ["a", "b", "c"],
    ] {
        let expected = order.map(|name| format!("poll {name}"));
        assert!(poll(joining.as_mut()).is_pending());
        assert_eq!(log.take(), expected);
        assert!(poll(trying.as_mut()).is_pending());
        assert_eq!(log.take(), expected);
    }
}

#[test]
fn biased_keeps_the_order() {
    let log = Log::default();
    let mut joining =
        pin!(async { join!(biased; log.countdown("a", 9, ()), log.countdown("b", 9, ())) });
    let mut trying = pin!(async {
        try_join!(biased; log.countdown("a", 9, Ok::<_, ()>(())), log.countdown("b", 9, Ok(())))
    });
    for _ in 0..3 {
        assert!(poll(joining.as_mut()).is_pending());
        assert_eq!(log.take(), ["poll a", "poll b"]);
        assert!(poll(trying.as_mut()).is_pending());
        assert_eq!(log.take(), ["poll a", "poll b"]);
    }
}

#[test]
fn a_branch_that_spends_the_budget_does_not_starve_the_next() {
    let greedy = u32::from(coop::BUDGET) * 3;
    let polls_until_modest = |mut joining: Pin<&mut dyn Future<Output = ()>>, log: &Log| {
        (1..)
            .find(|_| {
                let _ = coop::with_budget(|| {
                    joining
                        .as_mut()
                        .poll(&mut Context::from_waker(Waker::noop()))
                });
                !log.take().is_empty()
            })
            .unwrap()
    };
    let log = Log::default();
    let modest = || async {
        spend(1).await;
        log.note("modest");
    };

    let fair = pin!(async {
        join!(spend(greedy), modest());
    });
    assert_eq!(polls_until_modest(fair, &log), 2);

    // The third poll of the greedy one is its last; it leaves nothing.
    let biased = pin!(async {
        join!(biased; spend(greedy), modest());
    });
    assert_eq!(polls_until_modest(biased, &log), 4);
}

#[test]
fn try_join_gives_all_values_or_the_first_error() {
    let both = now(async { try_join!(ready(Ok::<_, ()>(1)), async { Ok("two") }) });
    assert_eq!(both, Ok((1, "two")));

    let log = Log::default();
    let mut trying = pin!(async {
        let failed: Result<((), (), ()), &str> = try_join!(
            biased;
            log.countdown("a", 0, Ok(())),
            log.countdown("b", 1, Err("b")),
            log.countdown("c", 1, Err("c")),
        );
        log.note("failed");
        failed
    });
    assert!(poll(trying.as_mut()).is_pending());
    assert_eq!(log.take(), ["poll a", "drop a", "poll b", "poll c"]);
    assert_eq!(poll(trying.as_mut()), Ready(Err("b")));
    // Nothing after the failing branch is polled; all are gone before it ends.
    assert_eq!(log.take(), ["poll b", "drop b", "drop c", "failed"]);
}

#[test]
fn errors_convert_outside() {
    async fn run() -> Result<u32, Box<dyn std::error::Error>> {
        let (a, b) = try_join!(async { "1".parse::<u32>() }, async { "x".parse::<u32>() })?;
        Ok(a + b)
    }
    assert_eq!(
        now(run()).unwrap_err().to_string(),
        "invalid digit found in string"
    );
}

#[test]
fn dropped_it_drops_futures_and_outputs() {
    let log = Log::default();
    {
        let mut joining = pin!(async {
            join!(
                log.countdown("a", 0, Noted(&log, "output of a")),
                log.countdown("b", 1, Noted(&log, "output of b")),
            )
        });
        assert!(poll(joining.as_mut()).is_pending());
        assert_eq!(log.take(), ["poll a", "drop a", "poll b"]);
    }
    assert_eq!(
        log.take(),
        ["drop output of a", "drop b", "drop output of b"]
    );
}

#[test]
#[allow(clippy::unit_cmp)]
fn of_none_and_of_one() {
    now(async {
        assert_eq!(join!(), ());
        assert_eq!(join!(biased;), ());
        assert_eq!(try_join!() as Result<(), ()>, Ok(()));
        assert_eq!(try_join!(biased;) as Result<(), ()>, Ok(()));
        assert_eq!(join!(ready(1)), (1,));
        assert_eq!(join!(biased; ready(1),), (1,));
        assert_eq!(try_join!(ready(Ok::<_, ()>(1)),), Ok((1,)));
        assert_eq!(try_join!(biased; ready(Err::<(), _>(1))), Err(1));
    });
}

#[test]
fn of_many() {
    macro_rules! sum {
        ($($n:literal)*) => {{
            let mut sum = 0;
            $( sum += $n; )*
            (sum, join!($(async { $n }),*), try_join!($(async { Ok::<_, ()>($n) }),*))
        }};
    }
    // As many as the compiler's recursion limit leaves room for.
    now(async {
        let (sum, joined, tried) = sum!(
            0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
            32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60
            61 62 63 64 65 66 67 68 69 70 71 72 73 74 75 76 77 78 79 80 81 82 83 84 85 86 87 88 89
            90 91 92 93 94 95 96 97 98 99 100 101 102 103 104 105 106 107 108 109 110 111 112 113
            114 115 116 117 118 119
        );
        assert_eq!(sum, 7140);
        assert_eq!((joined.0, joined.64, joined.119), (0, 64, 119));
        assert_eq!(tried.map(|t| (t.0, t.64, t.119)), Ok((0, 64, 119)));
    });
}

#[test]
fn takes_what_is_into_future_and_what_borrows() {
    let name = "name".to_string();
    let mut count = 0;
    let joined = now(async { join!(NotAFuture, async { name.len() }, async { count += 1 }) });
    assert_eq!(joined, (7, 4, ()));
    assert_eq!(count, 1);
}

#[test]
fn names_of_the_caller_are_left_alone() {
    const COUNT: u32 = 2;
    let (futures, order, running, branch) = (1, 2, 3, 4);
    let joined = now(async {
        join!(async { COUNT + futures + order }, async {
            running + branch
        })
    });
    assert_eq!(joined, (5, 7));
}

#[test]
#[deny(unreachable_code, unused)]
fn uninhabited_outputs_make_no_warning() {
    let mut joining = pin!(async { join!(pending::<Infallible>(), async { 1 }) });
    assert!(poll(joining.as_mut()).is_pending());
    let mut joining = pin!(async { join!(biased; async { 1 }, pending::<Infallible>()) });
    assert!(poll(joining.as_mut()).is_pending());

    let failed = now(async { try_join!(async { Err::<Infallible, _>(1) }, async { Ok(2) }) });
    assert_eq!(failed, Err(1));
    let both = now(async { try_join!(async { Ok::<_, Infallible>(1) }, async { Ok(2) }) });
    assert_eq!(both, Ok((1, 2)));
}

#[test]
#[cfg(target_pointer_width = "64")]
fn they_hold_their_futures_and_little_else() {
    // The futures with their tags, a pointer to them, whose turn it is, and the
    // state of the block: the sizes that tokio's tests pin.
    let one = async {
        let a = ready(0i32);
        join!(a)
    };
    assert_eq!(size_of_val(&one), 32);
    let two = async {
        let (a, b) = (ready(0i32), ready(0i32));
        join!(a, b)
    };
    assert_eq!(size_of_val(&two), 48);
    let one_biased = async {
        let a = ready(0i32);
        join!(biased; a)
    };
    assert_eq!(size_of_val(&one_biased), 24);
    let two_biased = async {
        let (a, b) = (ready(Ok::<_, ()>(0i32)), ready(Ok::<_, ()>(0i32)));
        try_join!(biased; a, b)
    };
    assert_eq!(size_of_val(&two_biased), 40);
    let two_trying = async {
        let (a, b) = (ready(Ok::<_, ()>(0i32)), ready(Ok::<_, ()>(0i32)));
        try_join!(a, b)
    };
    assert_eq!(size_of_val(&two_trying), 48);
}
