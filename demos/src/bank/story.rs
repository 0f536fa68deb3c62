//! **What is to be seen at the bank?** Three stories, told alike of threads and of
//! tasks: wrong totals without a lock, right ones with one, and the deadlock of locks
//! that are taken in the wrong order, with its cure.
//!
//! Whether workers come between each other is for the scheduler to say. A story that
//! needs it tries again, a few times ([`GAPS`]): first as the course does, yielding at
//! the moment when others should not come; then staying away for a millisecond there,
//! with fewer transfers, which no scheduler lets pass unused. What was seen, and at
//! which attempt, is said.

use std::sync::Arc;

use super::books::{Books, Day, balance, dollars};
use super::{Change, Gap, Kind, LockOrder, TOTAL};
use crate::stage::Stage;

/// What is tried, until what must be seen is seen.
const GAPS: [Gap; 6] = [
    Gap::Yield,
    Gap::Yield,
    Gap::Wide,
    Gap::Wide,
    Gap::Wide,
    Gap::Wide,
];

/// How many transfers a worker makes at most that stays away in each.
const FEW: u64 = 100;

/// The first day on which something was seen, or else the last.
struct Tried {
    day: Day,
    seen: bool,
}

/// One day: opens the bank, lets everybody work, and says how it ended.
fn one_day(
    stage: &Stage,
    kind: Kind,
    gap: Gap,
    at: &mut impl FnMut(Kind, Arc<Books>) -> Day,
) -> Day {
    let most = if gap == Gap::Wide { FEW } else { u64::MAX };
    let transfers = stage.wishes().bank.transfers(stage).min(most);
    let books = Arc::new(Books::open(stage, gap, transfers));
    stage.white("Starting transfers...");
    let day = at(kind, books);
    let how = if day.deadlocks.is_empty() {
        "complete"
    } else {
        "stopped"
    };
    let (took, number) = (stage.seconds(day.took), stage.thousands(day.transferred));
    stage.white(format_args!(
        "Transfers {how} ({took}) sec: {number} of them"
    ));
    validate(stage, day.in_the_end);
    day
}

fn validate(stage: &Stage, total: i64) {
    let line = balance(stage, total);
    if total == TOTAL {
        stage.cyan(line);
    } else {
        stage.red(line);
    }
}

/// Days of more and more time to come between, until one shows what is wanted.
fn until_seen(
    stage: &Stage,
    kind: Kind,
    what: &str,
    is_seen: impl Fn(&Day) -> bool,
    at: &mut impl FnMut(Kind, Arc<Books>) -> Day,
) -> Tried {
    let mut attempts = (1..).zip(GAPS);
    loop {
        let (attempt, gap) = attempts.next().expect("the last one returns");
        let day = one_day(stage, kind, gap, at);
        let seen = is_seen(&day);
        let wide = match gap {
            Gap::Yield => "",
            Gap::Wide => ", with a millisecond for others to come between",
        };
        if seen {
            stage.plain(format_args!("{what}: seen at attempt {attempt}{wide}."));
        } else {
            stage.plain(format_args!("{what}: not seen at attempt {attempt}{wide}."));
        }
        if seen || attempt == GAPS.len() {
            return Tried { day, seen };
        }
    }
}

fn say_checks(stage: &Stage, day: &Day) {
    let [wrong, checks] = [day.wrong, day.checks].map(|number| stage.thousands(number));
    stage.plain(format_args!(
        "{wrong} of {checks} checks of the total found it wrong."
    ));
}

/// Everybody did all there was to do.
fn check_a_whole_day(stage: &Stage, day: &Day) {
    let business = stage.wishes().bank;
    let transfers = business.transfers(stage);
    let checks = business.workers * (transfers / business.check_every);
    stage.check("every worker ended", day.home == business.workers);
    stage.check(
        "every transfer was made",
        day.transferred == business.workers * transfers,
    );
    stage.check("every check was made", day.checks == checks);
    stage.check("the total was never off", day.wrong == 0);
    stage.check("the total is right in the end", day.in_the_end == TOTAL);
}

/// Balances that are read and written back, and then ones that change in one step.
pub(crate) fn without_locks(stage: &Stage, mut at: impl FnMut(Kind, Arc<Books>) -> Day) {
    validate(stage, TOTAL);
    let lost = until_seen(
        stage,
        Kind::NoLock(Change::ReadThenWrite),
        "Updates that were lost, for good",
        |day| day.in_the_end != TOTAL,
        &mut at,
    );
    say_checks(stage, &lost.day);
    let by = lost.day.in_the_end - TOTAL;
    if by != 0 {
        let amount = dollars(stage, by.abs());
        let what = if by < 0 { "missing" } else { "too much" };
        stage.plain(format_args!(
            "{amount} {what}: workers wrote over what others had written."
        ));
    }
    stage.took(lost.day.took);
    stage.processed(lost.day.transferred);

    stage.plain(
        "Now each balance changes in one step. Nothing is lost, but a transfer is two steps:",
    );
    let under_way = until_seen(
        stage,
        Kind::NoLock(Change::InOneStep),
        "Money under way, in no account",
        |day| day.wrong > 0,
        &mut at,
    );
    say_checks(stage, &under_way.day);

    stage.check("wrong totals that stay were seen", lost.seen);
    stage.check("money under way was seen", under_way.seen);
    stage.check(
        "steps that are whole lose nothing",
        under_way.day.in_the_end == TOTAL,
    );
    let workers = stage.wishes().bank.workers;
    stage.check(
        "every worker ended",
        lost.day.home == workers && under_way.day.home == workers,
    );
}

/// A whole day with locks that are taken as they should be.
pub(crate) fn with_locks(stage: &Stage, kind: Kind, mut at: impl FnMut(Kind, Arc<Books>) -> Day) {
    validate(stage, TOTAL);
    let day = one_day(stage, kind, Gap::Yield, &mut at);
    say_checks(stage, &day);
    stage.took(day.took);
    stage.processed(day.transferred);
    check_a_whole_day(stage, &day);
}

/// The payer's lock first, until workers wait in a circle; then the lower one first.
pub(crate) fn wrong_order(stage: &Stage, mut at: impl FnMut(Kind, Arc<Books>) -> Day) {
    validate(stage, TOTAL);
    stage.plain("Each transfer locks the payer's account first.");
    let tried = until_seen(
        stage,
        Kind::Watched(LockOrder::PayerFirst),
        "A deadlock",
        |day| !day.deadlocks.is_empty(),
        &mut at,
    );
    let workers = stage.wishes().bank.workers;
    let wrong = tried.day;
    let [home, all] = [wrong.home, workers].map(|number| stage.thousands(number));
    stage.plain(format_args!("{home} of {all} workers have ended."));
    stage.check("wrong order made workers wait in a circle", tried.seen);
    stage.check(
        "every lock of a circle was locked indeed",
        wrong.deadlocks.iter().all(|deadlock| deadlock.confirmed),
    );
    stage.check("all of them were let go", wrong.home == workers);
    stage.check("every lock was given back", wrong.all_given_back);
    stage.check(
        "no money was moved by halves",
        wrong.wrong == 0 && wrong.in_the_end == TOTAL,
    );

    stage.plain("The cure: of two accounts the lower one is locked first, whoever pays.");
    let cured = one_day(
        stage,
        Kind::Watched(LockOrder::LowerFirst),
        Gap::Yield,
        &mut at,
    );
    say_checks(stage, &cured);
    stage.took(cured.took);
    stage.processed(cured.transferred);
    stage.check(
        "in order nobody waits in a circle",
        cured.deadlocks.is_empty(),
    );
    check_a_whole_day(stage, &cured);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::tests::stage;
    use super::*;
    use crate::report::Status;

    /// A day that ends with this total, and these checks of which so many were wrong.
    fn day(in_the_end: i64, checks: u64, wrong: u64) -> Day {
        Day {
            took: Duration::from_millis(1),
            transferred: 100,
            checks,
            wrong,
            home: 5,
            deadlocks: Vec::new(),
            in_the_end,
            all_given_back: true,
        }
    }

    fn lines(stage: &Stage) -> (Status, Vec<String>) {
        let measured = stage.measured(0.0, None);
        let lines = measured.lines.into_iter().map(|(_, line)| line);
        (measured.status, lines.collect())
    }

    #[test]
    fn a_race_that_does_not_show_is_tried_again_and_then_owned_up_to() {
        let stage = stage(200);
        let mut gaps = Vec::new();
        without_locks(&stage, |kind, books| {
            gaps.push((kind, books.gap()));
            day(TOTAL, 100, 0)
        });
        let tried = |kind| GAPS.map(|gap| (kind, gap));
        assert_eq!(
            gaps,
            [
                tried(Kind::NoLock(Change::ReadThenWrite)),
                tried(Kind::NoLock(Change::InOneStep))
            ]
            .concat()
        );
        let (status, lines) = lines(&stage);
        assert_eq!(status, Status::Failed);
        let last = "Updates that were lost, for good: not seen at attempt 6, with a millisecond for others to come between.";
        assert!(lines.iter().any(|line| line == last), "{lines:#?}");
    }

    #[test]
    fn a_race_that_shows_at_the_second_attempt_is_enough() {
        let stage = stage(20);
        let mut attempt = 0;
        without_locks(&stage, |kind, _| match kind {
            Kind::NoLock(Change::ReadThenWrite) => {
                attempt += 1;
                if attempt == 2 {
                    day(TOTAL - 31, 100, 12)
                } else {
                    day(TOTAL, 100, 12)
                }
            }
            _ => day(TOTAL, 100, 7),
        });
        let (status, lines) = lines(&stage);
        assert_eq!(status, Status::Done, "{lines:#?}");
        assert!(
            lines
                .iter()
                .any(|line| line.ends_with("seen at attempt 2.")),
            "{lines:#?}"
        );
        assert!(
            lines.iter().any(|line| line.starts_with("$31 missing: ")),
            "{lines:#?}"
        );
    }

    #[test]
    fn a_total_that_was_off_once_fails_a_bank_with_locks() {
        for (wrong, status) in [(0, Status::Done), (1, Status::Failed)] {
            let stage = stage(20);
            with_locks(&stage, Kind::OneLock, |_, _| day(TOTAL, 100, wrong));
            assert_eq!(lines(&stage).0, status, "{wrong}");
        }
    }

    #[test]
    fn no_deadlock_is_no_success() {
        let stage = stage(20);
        wrong_order(&stage, |_, _| day(TOTAL, 100, 0));
        let (status, lines) = lines(&stage);
        assert_eq!(status, Status::Failed);
        let last = "A deadlock: not seen at attempt 6";
        assert!(
            lines.iter().any(|line| line.starts_with(last)),
            "{lines:#?}"
        );
    }
}
