//! **Do the chapters on threads end as they should?** Greeters that are waited for, and
//! ones that are not; and a bank whose total is off, never off, or out of reach. What a
//! person at a terminal can do to them is in `terminal.rs`.

#[path = "../common/mod.rs"]
mod common;
mod terminal;

use serde_json::Value;

use common::{interrupt, json, ran, runtimes, transcript};

/// The titles of a demo that has `programs` on threads and as tasks.
fn titles(programs: &[&str]) -> Vec<String> {
    let with = |who: &str, program: &str| match program {
        "" => who.to_owned(),
        program => format!("{who}, {program}"),
    };
    let mut titles = Vec::new();
    for program in programs {
        titles.push(with("threads", program));
        let on = |runtime: &String| format!("{}, {runtime}", with("tasks", program));
        titles.extend(runtimes().iter().map(on));
    }
    titles
}

fn position(lines: &[String], line: &str) -> Option<usize> {
    lines.iter().position(|said| said == line)
}

// greeters

const GREETERS: [(&str, usize); 4] = [("Michael", 10), ("Sarah", 5), ("Zoe", 2), ("Mark", 11)];

/// The greetings of one greeter, in the order in which they were said.
fn greetings<'a>(lines: &'a [String], name: &str) -> Vec<&'a str> {
    let end = format!(". Hello there {name}");
    let said = lines.iter().filter_map(|line| line.strip_suffix(&end));
    said.collect()
}

#[test]
fn greeters_are_waited_for_and_greet_to_the_end() {
    let ended = ran("run greeters --time-scale 0.02");
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    for title in titles(&[""]) {
        let lines = transcript(&ended.out, &title);
        for (name, times) in GREETERS {
            let numbers: Vec<_> = (0..times).map(|n| n.to_string()).collect();
            assert_eq!(greetings(&lines, name), numbers, "{title}: {name}");
            let end = position(&lines, &format!("{name} has ended."));
            let last = position(&lines, &format!("{}. Hello there {name}", times - 1));
            assert!(last.is_some() && last < end, "{title}: {lines:#?}");
        }
        let work = position(&lines, "This is other work.");
        assert!(
            work.is_some() && work < position(&lines, "4"),
            "{title}: {lines:#?}"
        );
        assert_eq!(position(&lines, "Done."), Some(lines.len() - 2), "{title}");
        assert!(lines[lines.len() - 1].starts_with("It took "), "{title}");
    }
}

#[test]
fn tasks_of_one_thread_greet_when_it_awaits() {
    let ended = ran("run greeters --time-scale 0.02 --rt kolo-current,tokio-current");
    for runtime in ["kolo-current", "tokio-current"] {
        let lines = transcript(&ended.out, &format!("tasks, {runtime}"));
        let first = [
            "This is other work.",
            "4",
            "0. Hello there Michael",
            "0. Hello there Sarah",
            "0. Hello there Zoe",
            "0. Hello there Mark",
        ];
        assert_eq!(lines[..6], first, "{runtime}");
    }
}

#[test]
fn daemons_are_joined_once_and_then_cut_short() {
    let ended = ran("run greeters --daemon --time-scale 0.02");
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    for title in titles(&[""]) {
        let lines = transcript(&ended.out, &title);
        for (name, times) in GREETERS {
            let alone = position(&lines, &format!("{name} has ended."));
            let cut = position(&lines, &format!("{name} was cut short."));
            assert_eq!(alone.is_some(), cut.is_none(), "{title}: {name}");
            let greeted = greetings(&lines, name).len();
            assert!(greeted <= times, "{title}: {name}");
            let end = alone.or(cut).expect("one of the two");
            assert!(greetings(&lines[end..], name).is_empty(), "{title}: {name}");
        }
        // On one thread rests and joins go in step: Mark has no time for eleven.
        if title.ends_with("-current") {
            let done = position(&lines, "Done.").expect("in the end");
            assert!(
                lines[done..].contains(&"Mark was cut short.".to_owned()),
                "{title}"
            );
        }
    }
}

#[test]
fn daemons_are_daemons_in_fresh_processes_too() {
    let report = json("compare greeters --daemon --runs 1 --time-scale 0.01 --rt kolo-multi");
    assert_eq!(report["settings"]["greeting"]["daemon"], true);
    for row in report["rows"].as_array().expect("rows") {
        assert_eq!(row["status"], "done", "{row}");
        // They would take eleven waits of 10 ms if they were waited for.
        assert!(claims(row).contains(&"no join took longer"), "{row}");
    }
}

// bank

const GOOD: &str = "All good: Consistent account balance: $44,500";

fn is_error(line: &&String) -> bool {
    line.starts_with("ERROR: Inconsistent account balance: ") && line.ends_with(" vs $44,500")
}

fn claims(row: &Value) -> Vec<&str> {
    let checks = row["checks"].as_array().expect("checks").iter();
    checks
        .map(|check| check["claim"].as_str().expect("a claim"))
        .collect()
}

#[test]
fn without_a_lock_the_total_is_off() {
    let ended = ran("run bank --transfers 200");
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    for title in titles(&["no lock"]) {
        let lines = transcript(&ended.out, &title);
        assert_eq!(lines[..2], [GOOD, "Starting transfers..."], "{title}");
        let seen = |what: &str| {
            let begins = format!("{what}: seen at attempt ");
            lines.iter().position(|line| line.starts_with(&begins))
        };
        let lost = seen("Updates that were lost, for good").expect("it is said");
        assert!(
            is_error(&&lines[lost - 1]),
            "{title}: in the end, too: {lines:#?}"
        );
        let under_way = seen("Money under way, in no account").expect("it is said");
        assert_eq!(lines[under_way - 1], GOOD, "{title}: nothing was lost");
        assert!(
            lines[lost..under_way].iter().any(|line| is_error(&line)),
            "{title}"
        );
    }
    for title in titles(&["one lock", "a lock each"]) {
        let lines = transcript(&ended.out, &title);
        assert_eq!(lines.len(), 5, "{title}: {lines:#?}");
        assert_eq!(lines[..2], [GOOD, "Starting transfers..."], "{title}");
        assert!(lines[2].starts_with("Transfers complete ("), "{}", lines[2]);
        assert!(lines[2].ends_with(") sec: 1,000 of them"), "{}", lines[2]);
        assert_eq!(lines[3], GOOD, "{title}");
        assert_eq!(
            lines[4], "0 of 1,000 checks of the total found it wrong.",
            "{title}"
        );
    }
}

/// Who holds what, waits for what, and who holds that.
fn circle(lines: &[String]) -> Vec<[u32; 4]> {
    let link = |line: &String| {
        let words = line.strip_prefix("  worker ")?;
        let numbers: Vec<u32> = words
            .split(|c: char| !c.is_ascii_digit())
            .filter_map(|number| number.parse().ok())
            .collect();
        numbers.try_into().ok()
    };
    lines.iter().filter_map(link).collect()
}

#[test]
fn wrong_order_makes_a_circle_that_is_named_and_cured() {
    let ended = ran("run bank --transfers 500 --workers 6");
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    for title in titles(&["wrong order"]) {
        let lines = transcript(&ended.out, &title);
        let circle = circle(&lines);
        let head = format!("DEADLOCK: {} workers wait for each other", circle.len());
        assert!(position(&lines, &head).is_some(), "{title}: {lines:#?}");
        assert!(circle.len() >= 2, "{title}: {lines:#?}");
        for (at, [_, _, wants, holder]) in circle.iter().enumerate() {
            let [worker, holds, ..] = &circle[(at + 1) % circle.len()];
            assert_eq!((wants, holder), (holds, worker), "{title}: {lines:#?}");
        }
        let told = format!("Worker {} closed the circle: ", circle[0][0]);
        assert!(
            lines.iter().any(|line| line.starts_with(&told)),
            "{title}: {lines:#?}"
        );
        assert!(
            position(&lines, "6 of 6 workers have ended.").is_some(),
            "{title}"
        );
        let cure = lines.iter().position(|line| line.starts_with("The cure: "));
        let cured = &lines[cure.expect("it is told") + 1..];
        assert_eq!(cured[0], "Starting transfers...", "{title}");
        assert!(
            cured[1].ends_with(") sec: 3,000 of them"),
            "{title}: {}",
            cured[1]
        );
        assert_eq!(cured[2], GOOD, "{title}");
        assert_eq!(cured.len(), 4, "{title}: {cured:#?}");
    }
}

#[test]
fn on_one_thread_the_same_seed_makes_the_same_circle() {
    for runtime in ["kolo-current", "tokio-current"] {
        let found = |seed: u32| {
            let ended = ran(&format!(
                "run bank --transfers 50 --seed {seed} --rt {runtime}"
            ));
            let lines = transcript(&ended.out, &format!("tasks, wrong order, {runtime}"));
            circle(&lines)
        };
        assert_eq!(found(7), found(7), "{runtime}");
        let others: Vec<_> = (8..12).map(found).collect();
        assert!(others.iter().any(|circle| *circle != found(7)), "{runtime}");
    }
}

#[test]
fn what_is_asked_of_the_bank_is_heeded_in_fresh_processes_too() {
    let line = "compare bank --transfers 100 --workers 3 --check-every 7 --runs 1 --time-scale 1";
    let report = json(&format!("{line} --rt kolo-current"));
    let bank = &report["settings"]["bank"];
    assert_eq!(
        (&bank["transfers"], &bank["workers"]),
        (&100.into(), &3.into())
    );
    for row in report["rows"].as_array().expect("rows") {
        assert_eq!(row["status"], "done", "{row}");
        if !row["program"]
            .as_str()
            .expect("a name")
            .ends_with("no lock")
        {
            assert_eq!(row["items"], 300, "{row}");
            assert!(claims(row).contains(&"every check was made"), "{row}");
        }
    }
}

#[test]
fn what_is_scaled_is_said_for_each_demo() {
    for (line, said) in [
        (
            "compare bank --runs 1 --transfers 20",
            "fresh process; transfers × 0.05,",
        ),
        (
            "compare count --runs 1 --time-scale 0.01",
            "fresh process; waits × 0.01,",
        ),
        ("compare fib --runs 1", "fresh process,"),
        (
            "run bank --transfers 20 --time-scale 0.5",
            "course's: transfers × 0.5.",
        ),
        ("run compute --time-scale 0.01", "course's: steps × 0.01."),
    ] {
        let ended = ran(&format!("{line} --rt kolo-current"));
        assert_eq!(ended.code, Some(0), "{line}: {}{}", ended.out, ended.err);
        assert!(ended.out.contains(said), "{line}: {}", ended.out);
    }
    let ended = ran("run bank --transfers 20 --rt kolo-current");
    assert!(!ended.out.contains("another pace"), "{}", ended.out);
}

#[test]
fn a_long_run_says_how_long() {
    let line = "run bank --transfers 1000000 --workers 64 --rt kolo-current";
    let ended = interrupt(line, "This takes about ");
    assert_eq!(ended.code, Some(130), "{}{}", ended.out, ended.err);
    // Eight programs, two microseconds a transfer.
    assert!(
        ended.out.contains("This takes about 17m 4s; "),
        "{}",
        ended.out
    );
}

#[test]
fn time_scale_shrinks_the_number_of_transfers() {
    let ended = ran("run bank --time-scale 0.01 --rt kolo-current");
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    let lines = transcript(&ended.out, "tasks, one lock, kolo-current");
    assert!(lines[2].ends_with(") sec: 500 of them"), "{}", lines[2]);
    // But not below what shows something.
    let ended = ran("run bank --time-scale 0.0001 --rt kolo-current");
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    let lines = transcript(&ended.out, "tasks, one lock, kolo-current");
    assert!(lines[2].ends_with(") sec: 100 of them"), "{}", lines[2]);
}
