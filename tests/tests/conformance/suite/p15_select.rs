//! **What does `select!` say, exactly?** Random order unless biased; losers
//! dropped before the arm runs; arms may borrow what the losers borrowed.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn, ready};
use std::pin::pin;
use std::task::Poll;

use kolo_tests::{Transcript, caught, on_drop};

use super::On;
use super::rt;
use rt::sync::{mpsc, oneshot};

kolo_tests::tests! {
    everywhere: [
        p15_select_takes_what_is_ready,
        p15_select_biased_asks_in_order,
        p15_select_is_fair_otherwise,
        p15_select_preconditions,
        p15_select_else,
        p15_select_all_disabled_panics,
        p15_select_pattern_that_does_not_match,
        p15_select_losers_go_before_the_arm,
        p15_select_arms_may_borrow,
        p15_select_same_future_in_a_loop,
        p15_select_control_flow,
        p15_select_question_mark,
        p15_select_many_branches,
        p15_select_into_future,
        p15_select_panic_passes_through,
        p15_select_is_aware_of_the_budget,
        p15_select_evaluates_disabled_expressions_lazily_polled,
    ],
}

fn p15_select_takes_what_is_ready(on: On) {
    on.run(async {
        let (_keep, rx) = oneshot::channel::<u8>();
        let won = rt::select! {
            _ = rx => "channel",
            n = ready(5) => if n == 5 { "ready" } else { "?" },
        };
        assert_eq!(won, "ready");
    });
}

fn p15_select_biased_asks_in_order(on: On) {
    let log = Transcript::new();
    let step = |name: &'static str, poll: Poll<()>| {
        let log = log.clone();
        poll_fn(move |_| {
            log.say(name);
            poll
        })
    };
    on.run(async {
        rt::select! {
            biased;
            () = step("a", Poll::Pending) => unreachable!(),
            () = step("b", Poll::Ready(())) => log.say("b won"),
            () = step("c", Poll::Ready(())) => unreachable!(),
        }
    });
    assert_eq!(log.lines(), ["a", "b", "b won"]);
}

fn p15_select_is_fair_otherwise(on: On) {
    on.run(async {
        let mut wins = [0; 3];
        for _ in 0..300 {
            rt::select! {
                () = ready(()) => wins[0] += 1,
                () = ready(()) => wins[1] += 1,
                () = ready(()) => wins[2] += 1,
            }
        }
        // With a fair coin, a branch below 30 of 300 has odds under 1e-14.
        assert!(wins.iter().all(|&n| n >= 30), "{wins:?}");
    });
}

fn p15_select_preconditions(on: On) {
    on.run(async {
        for open in [true, false] {
            let won = rt::select! {
                biased;
                n = ready(1), if open => n,
                n = ready(2), if !open => n,
            };
            assert_eq!(won, if open { 1 } else { 2 });
        }
    });
}

fn p15_select_else(on: On) {
    on.run(async {
        let (tx, mut rx) = mpsc::channel::<u8>(1);
        drop(tx);
        let won = rt::select! {
            Some(n) = rx.recv() => n,
            n = ready(2), if false => n,
            else => 9,
        };
        assert_eq!(won, 9);
    });
}

fn p15_select_all_disabled_panics(on: On) {
    let runtime = on.runtime();
    let panic = caught(|| {
        runtime.block_on(async {
            rt::select! {
                Some(_) = ready(None::<u8>) => {}
                () = ready(()), if false => {}
            }
        })
    });
    panic
        .says(&["all branches are disabled and there is no else branch"])
        .blames(file!());
}

fn p15_select_pattern_that_does_not_match(on: On) {
    on.run(async {
        let polls = Cell::new(0);
        let never_again = poll_fn(|_| {
            polls.set(polls.get() + 1);
            Poll::Ready(None::<u8>)
        });
        let (tx, rx) = oneshot::channel();
        rt::spawn(async move {
            rt::task::yield_now().await;
            tx.send(3).unwrap();
        });
        let won = rt::select! {
            biased;
            Some(n) = never_again => n,
            Ok(n) = rx => n,
        };
        assert_eq!(
            (won, polls.get()),
            (3, 1),
            "a disabled branch is polled no more"
        );
    });
}

fn p15_select_losers_go_before_the_arm(on: On) {
    let log = Transcript::new();
    on.run(async {
        let (a, b) = (log.clone(), log.clone());
        let loser = async move {
            let _guard = on_drop(move || a.say("loser dropped"));
            pending::<()>().await;
        };
        rt::select! {
            biased;
            () = loser => {}
            () = ready(()) => b.say("arm runs"),
        }
    });
    assert_eq!(log.lines(), ["loser dropped", "arm runs"]);
}

fn p15_select_arms_may_borrow(on: On) {
    on.run(async {
        async fn first(values: &mut Vec<u8>) {
            values.push(1);
            pending().await
        }
        async fn second(values: &RefCell<u8>) -> u8 {
            *values.borrow()
        }
        let mut values = Vec::new();
        let other = RefCell::new(7);
        rt::select! {
            biased;
            () = first(&mut values) => unreachable!(),
            n = second(&other) => {
                values.push(n); // borrowed by the loser a moment ago
                *other.borrow_mut() = 8;
            }
        }
        assert_eq!((values, other.into_inner()), (vec![1, 7], 8));
    });
}

fn p15_select_same_future_in_a_loop(on: On) {
    on.run(async {
        let (tx, mut rx) = mpsc::channel(1);
        let mut work = pin!(async {
            for _ in 0..5 {
                rt::task::yield_now().await;
            }
            "worked"
        });
        rt::spawn(async move {
            for i in 0..3 {
                tx.send(i).await.unwrap();
            }
        });
        let (mut messages, mut result) = (0, None);
        while messages < 3 || result.is_none() {
            rt::select! {
                word = &mut work, if result.is_none() => result = Some(word),
                Some(_) = rx.recv(), if messages < 3 => messages += 1,
            }
        }
        assert_eq!((messages, result), (3, Some("worked")));
    });
}

fn p15_select_control_flow(on: On) {
    on.run(async {
        let mut rounds = 0;
        let found = 'outer: loop {
            rounds += 1;
            rt::select! {
                biased;
                () = ready(()), if rounds < 3 => continue,
                n = ready(rounds) => break 'outer n,
            }
        };
        assert_eq!(found, 3);
    });
}

fn p15_select_question_mark(on: On) {
    async fn run(fail: bool) -> Result<u8, String> {
        rt::select! {
            n = ready(if fail { Err("no".to_owned()) } else { Ok(4) }) => Ok(n? + 1),
        }
    }
    on.run(async {
        assert_eq!(run(false).await, Ok(5));
        assert_eq!(run(true).await, Err("no".to_owned()));
    });
}

fn p15_select_many_branches(on: On) {
    on.run(async {
        let p = || pending::<u8>();
        let won = rt::select! {
            n = p() => n, n = p() => n, n = p() => n, n = p() => n,
            n = p() => n, n = p() => n, n = p() => n, n = p() => n,
            n = p() => n, n = p() => n, n = p() => n, n = p() => n,
            n = p() => n, n = p() => n, n = p() => n, n = p() => n,
            n = p() => n, n = p() => n, n = p() => n, n = ready(20) => n,
        };
        assert_eq!(won, 20);
    });
}

fn p15_select_into_future(on: On) {
    struct Later(u8);
    impl IntoFuture for Later {
        type Output = u8;
        type IntoFuture = std::future::Ready<u8>;
        fn into_future(self) -> Self::IntoFuture {
            ready(self.0)
        }
    }
    on.run(async {
        let won = rt::select! { n = Later(3) => n };
        assert_eq!(won, 3);
        assert_eq!(rt::join!(Later(1), Later(2)), (1, 2));
    });
}

fn p15_select_panic_passes_through(on: On) {
    on.run(async {
        let task = rt::spawn(async {
            rt::select! {
                biased;
                () = pending() => {}
                () = async { panic!("in a branch") } => {}
            }
        });
        assert!(task.await.unwrap_err().is_panic());
    });
}

/// Branches that are always ready, in a loop: others still run.
fn p15_select_is_aware_of_the_budget(on: On) {
    on.run(async {
        let (tx, rx) = oneshot::channel();
        let busy = rt::spawn(async move {
            let mut stop = rx;
            loop {
                rt::select! {
                    biased;
                    _ = &mut stop => return,
                    () = rt::task::consume_budget() => {}
                }
            }
        });
        rt::spawn(async {}).await.unwrap();
        tx.send(()).unwrap();
        busy.await.unwrap();
    });
}

/// The expression of a disabled branch is evaluated, its future never polled.
fn p15_select_evaluates_disabled_expressions_lazily_polled(on: On) {
    on.run(async {
        let (made, polled) = (Cell::new(false), Cell::new(false));
        let make = || {
            made.set(true);
            poll_fn(|_| {
                polled.set(true);
                Poll::Ready(())
            })
        };
        rt::select! {
            biased;
            () = make(), if false => {}
            () = ready(()) => {}
        }
        assert_eq!((made.get(), polled.get()), (true, false));
    });
}
