//! `select!`.

use std::cell::Cell;
use std::future::{pending, ready};
use std::mem::size_of_val;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll::Ready;

use super::*;
use crate::select;
use crate::task::coop;

#[test]
fn losers_are_dropped_before_the_handler_runs() {
    let log = Log::default();
    let winner = now(async {
        select! {
            biased;
            () = log.countdown("one", 1, ()) => 1,
            () = log.countdown("two", 0, ()) => { log.note("handler"); 2 }
            () = log.countdown("three", 0, ()) => 3,
        }
    });
    assert_eq!(winner, 2);
    assert_eq!(
        log.take(),
        [
            "poll one",
            "poll two",
            "drop one",
            "drop two",
            "drop three",
            "handler"
        ]
    );
}

#[test]
fn losers_are_dropped_before_else_runs() {
    let log = Log::default();
    now(async {
        select! {
            Some(()) = log.countdown("one", 0, None) => {}
            else => log.note("else"),
        }
    });
    assert_eq!(log.take(), ["poll one", "drop one", "else"]);
}

#[test]
fn a_handler_may_use_what_the_losers_borrowed() {
    async fn push(to: &mut Vec<u32>) {
        to.push(1);
        pending::<()>().await;
    }

    let mut values = Vec::new();
    now(async {
        select! {
            biased;
            () = push(&mut values) => values.push(2),
            () = ready(()) => values.push(3),
            else => values.push(4),
        }
    });
    assert_eq!(values, [1, 3]);
}

#[test]
fn polls_until_one_is_ready() {
    let log = Log::default();
    let mut selecting = pin!(async {
        select! {
            biased;
            n = log.countdown("one", 2, 1) => n,
            n = log.countdown("two", 1, 2) => n,
        }
    });
    assert!(poll(selecting.as_mut()).is_pending());
    assert_eq!(poll(selecting.as_mut()), Ready(2));
    assert_eq!(
        log.take(),
        [
            "poll one", "poll two", "poll one", "poll two", "drop one", "drop two"
        ]
    );
}

#[test]
fn an_output_that_does_not_fit_disables_its_branch() {
    let log = Log::default();
    let mut selecting = pin!(async {
        select! {
            biased;
            (true, _) = log.countdown("one", 0, (false, Noted(&log, "output"))) => 1,
            2 = log.countdown("two", 1, 2) => 2,
        }
    });
    assert!(poll(selecting.as_mut()).is_pending());
    // The output is gone at once; the future stays, but is not polled again.
    assert_eq!(log.take(), ["poll one", "drop output", "poll two"]);
    assert_eq!(poll(selecting.as_mut()), Ready(2));
    assert_eq!(log.take(), ["poll two", "drop one", "drop two"]);
}

#[test]
fn conditions_come_first_and_disabled_futures_are_made_but_not_polled() {
    let log = Log::default();
    let asked = |name: &str, answer| {
        log.note(format!("if {name}"));
        answer
    };
    let made = |name, output| {
        log.note(format!("make {name}"));
        log.countdown(name, 0, output)
    };
    let winner = now(async {
        select! {
            biased;
            n = made("one", 1), if asked("one", false) => n,
            n = made("two", 2), if asked("two", true) => n,
        }
    });
    assert_eq!(winner, 2);
    assert_eq!(
        log.take(),
        [
            "if one", "if two", "make one", "make two", "poll two", "drop one", "drop two"
        ]
    );
}

#[test]
fn conditions_may_await_and_ask_what_a_branch_borrows() {
    let mut left = 2;
    let mut turns = 0;
    now(async {
        loop {
            select! {
                () = async { left -= 1 }, if left > 0 && ready(true).await => turns += 1,
                else => break,
            }
        }
    });
    assert_eq!((left, turns), (0, 2));
}

#[test]
#[should_panic(expected = "all branches are disabled and there is no else branch")]
fn panics_without_else_when_no_output_fits() {
    now(async {
        select! {
            Some(()) = ready(None) => {}
        }
    });
}

#[test]
#[should_panic(expected = "all branches are disabled and there is no else branch")]
fn panics_without_else_when_no_condition_holds() {
    now(async {
        select! {
            () = pending(), if false => {}
            () = pending(), if false => {}
        }
    });
}

#[test]
fn else_alone() {
    assert_eq!(select! { else => 1 }, 1);
    assert_eq!(select! { biased; else => { 2 }, }, 2);
}

#[test]
fn without_biased_each_ready_branch_wins_at_times() {
    let mut wins = [0; 3];
    with_seed(11, || {
        for _ in 0..300 {
            let winner = now(async {
                select! {
                    w = ready(0usize) => w,
                    w = ready(1usize) => w,
                    w = ready(2usize) => w,
                }
            });
            wins[winner] += 1;
        }
    });
    assert!(wins.iter().all(|&w| (60..140).contains(&w)), "{wins:?}");
}

#[test]
fn without_biased_each_poll_throws_anew_and_polls_each_branch_once() {
    let log = Log::default();
    let mut firsts = Vec::new();
    with_seed(11, || {
        let mut selecting = pin!(async {
            select! {
                () = log.countdown("0", 99, ()) => {}
                () = log.countdown("1", 99, ()) => {}
                () = log.countdown("2", 99, ()) => {}
            }
        });
        for _ in 0..30 {
            assert!(poll(selecting.as_mut()).is_pending());
            let polled = log.take();
            let order: Vec<u32> = polled
                .iter()
                .map(|p| p.strip_prefix("poll ").unwrap().parse().unwrap())
                .collect();
            assert_eq!(order, [order[0], (order[0] + 1) % 3, (order[0] + 2) % 3]);
            firsts.push(order[0]);
        }
    });
    for branch in 0..3 {
        assert!(firsts.contains(&branch), "{firsts:?}");
    }
}

#[test]
fn without_budget_it_wakes_its_task_and_polls_nothing() {
    let log = Log::default();
    let mut selecting = pin!(async {
        select! {
            () = log.countdown("one", 0, ()) => {}
        }
    });
    coop::with_budget(|| {
        now(spend(u32::from(coop::BUDGET)));
        let (polled, wakes) = poll_counted(selecting.as_mut());
        assert!(polled.is_pending());
        assert_eq!(wakes, 1);
    });
    assert_eq!(log.take(), [""; 0]);
    let (polled, wakes) = coop::with_budget(|| poll_counted(selecting.as_mut()));
    assert!(polled.is_ready());
    assert_eq!(wakes, 0);
}

#[test]
fn patterns_of_every_kind() {
    const FOUR: u32 = 4;
    struct Point {
        x: u32,
        name: String,
    }
    macro_rules! pair {
        ($a:pat, $b:pat) => {
            ($a, $b)
        };
    }
    let point = |x| Point {
        x,
        name: "p".to_string(),
    };

    now(async {
        let n = select! { mut n = ready(1) => { n += 1; n } };
        assert_eq!(n, 2);
        let s = select! { Some(mut s) = ready(Some("a".to_string())) => { s.push('b'); s } };
        assert_eq!(s, "ab");
        let l = select! { Some(ref s) = ready(Some("abc".to_string())) => s.len() };
        assert_eq!(l, 3);
        let s = select! {
            Some(ref mut s) = ready(Some("a".to_string())) => { s.push('c'); s.clone() }
        };
        assert_eq!(s, "ac");
        let s = select! { (_, s) = ready((point(1), "moved".to_string())) => s };
        assert_eq!(s, "moved");
        let n = select! { n @ (1..=3 | FOUR) = ready(4) => n };
        assert_eq!(n, 4);
        let n = select! { FOUR = ready(5) => 0, 1 | 2 = ready(5) => 0, _ = ready(5) => 9 };
        assert_eq!(n, 9);
        let (x, name) = select! { Point { x, name } = ready(point(3)) => (x, name) };
        assert_eq!((x, name.as_str()), (3, "p"));
        let n = select! { Point { x: 7, .. } = ready(point(3)) => 0, else => 1 };
        assert_eq!(n, 1);
        let s = select! {
            pair!(Some(mut s), 2) = ready((Some("m".to_string()), 2)) => { s.push('m'); s }
        };
        assert_eq!(s, "mm");
        let l = select! {
            [a, .., ref c] = ready(["a", "b", "c"].map(String::from)) => format!("{a}{c}")
        };
        assert_eq!(l, "ac");
        let all = select! {
            ref all @ Some(ref s) = ready(Some("x".to_string())) => (all.clone(), s.clone())
        };
        assert_eq!(all, (Some("x".to_string()), "x".to_string()));
    });
}

#[test]
fn an_output_is_moved_to_its_handler_and_dropped_once() {
    let log = Log::default();
    now(async {
        select! {
            Some(kept) = ready(Some(Noted(&log, "output"))) => {
                log.note("handler");
                drop(kept);
                log.note("end");
            }
        }
    });
    assert_eq!(log.take(), ["handler", "drop output", "end"]);
}

#[test]
fn handlers_are_code_of_the_function_around() {
    async fn run(turns: u32) -> Result<u32, String> {
        let mut count = 0;
        let broken = 'outer: loop {
            loop {
                count += 1;
                select! {
                    n = ready(count) => match n {
                        1 => continue,
                        2 => { ready(()).await; }
                        3 if turns == 3 => return Ok(30),
                        3 => break,
                        4 => Err(ready("four".to_string()).await)?,
                        5 => continue 'outer,
                        _ => break 'outer n,
                    },
                }
            }
            if turns == 4 {
                count = 4;
            }
        };
        Ok(broken)
    }
    assert_eq!(now(run(3)), Ok(30));
    assert_eq!(now(run(0)), Err("four".to_string()));
    assert_eq!(now(run(4)), Ok(6));
}

#[test]
fn takes_what_is_into_future_and_temporaries() {
    now(async {
        assert_eq!(select! { n = NotAFuture => n }, 7);
        assert_eq!(select! { n = &mut ready(8) => n }, 8);
        let name = "name".to_string();
        assert_eq!(select! { n = async { name.as_str().len() } => n }, 4);
    });
}

#[test]
#[deny(unreachable_code, unused)]
fn a_branch_that_never_ends_makes_no_warning() {
    async fn never() -> ! {
        pending().await
    }
    let n = now(async {
        select! {
            _ = never() => 0,
            n = ready(1) => n,
        }
    });
    assert_eq!(n, 1);
    let n = now(async {
        select! {
            e = pending::<std::convert::Infallible>() => match e {},
            n = ready(1) => n,
        }
    });
    assert_eq!(n, 1);
}

#[test]
fn sixty_four_branches() {
    let picked = Cell::new(63);
    let select_picked = || async {
        let p = &picked;
        macro_rules! branches {
            ($($n:literal)*) => {
                select! { $( n = ready($n), if p.get() == $n => n ),* }
            };
        }
        branches!(
            0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
            32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60
            61 62 63
        )
    };
    for branch in 0..64 {
        picked.set(branch);
        assert_eq!(now(select_picked()), branch);
    }
}

#[test]
fn names_of_the_caller_are_left_alone() {
    const BRANCHES: u32 = 3;
    enum Outcome {
        Mine(u32),
    }
    let (futures, disabled, order, output, cx) = (1, 2, 3, 4, 5);
    let n = now(async {
        select! {
            Outcome::Mine(n) = async { Outcome::Mine(BRANCHES + futures + disabled) } => {
                n + order + output + cx
            }
        }
    });
    assert_eq!(n, 18);
}

#[test]
fn nested_in_branch_and_handler() {
    let n = now(async {
        select! {
            a = async { select! { a = ready(1) => a, a = ready(1) => a } } => {
                select! { b = ready(2) => a + b }
            }
            a = async { select! { a = pending() => a } } => a,
        }
    });
    assert_eq!(n, 3);
}

#[test]
fn a_panic_in_a_branch_drops_the_others() {
    let log = Log::default();
    let caught = catch_unwind(AssertUnwindSafe(|| {
        now(async {
            select! {
                biased;
                () = log.countdown("one", 1, ()) => {}
                () = async { panic!("in a branch") } => {}
            }
        })
    }));
    assert_eq!(
        *caught.unwrap_err().downcast::<&str>().unwrap(),
        "in a branch"
    );
    assert_eq!(log.take(), ["poll one", "drop one"]);
}

#[test]
fn dropped_it_drops_its_futures() {
    let log = Log::default();
    {
        let mut selecting = pin!(async {
            select! {
                biased;
                () = log.countdown("one", 1, ()) => log.note("handler"),
                () = log.countdown("two", 1, ()) => log.note("handler"),
            }
        });
        assert!(poll(selecting.as_mut()).is_pending());
    }
    assert_eq!(log.take(), ["poll one", "poll two", "drop one", "drop two"]);
}

#[test]
fn a_select_of_send_futures_is_send() {
    fn is_send(_: &impl Send) {}
    let selecting = async {
        select! {
            s = ready("s".to_string()) => { ready(()).await; s }
            else => String::new(),
        }
    };
    is_send(&selecting);
    assert_eq!(now(selecting), "s");
}

#[test]
#[cfg(target_pointer_width = "64")]
fn it_holds_its_futures_and_little_else() {
    // The futures, a pointer to them, the mask, and the state of the block: the
    // sizes that tokio's tests pin.
    let one = async {
        let a = ready(0i32);
        select! { _ = a => {} }
    };
    assert_eq!(size_of_val(&one), 32);
    let two = async {
        let (a, b) = (ready(0i32), ready(0i32));
        select! { _ = a => {}, _ = b => {} }
    };
    assert_eq!(size_of_val(&two), 40);
    let three = async {
        let (a, b, c) = (ready(0i32), ready(0i32), ready(0i32));
        select! { _ = a => {}, _ = b => {}, _ = c => {} }
    };
    assert_eq!(size_of_val(&three), 48);
}
