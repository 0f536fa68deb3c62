use super::*;

#[test]
fn every_program_is_in_one_chapter() {
    for program in Program::value_variants() {
        let parts = Demo::all().flat_map(|demo| demo.chapter().parts);
        let found = parts.filter(|part| part.program == *program).count();
        assert_eq!(found, 1, "{program:?}");
    }
}

#[test]
fn a_peer_runs_on_the_runtimes_and_is_of_the_same_chapter() {
    for demo in Demo::all() {
        for part in demo.chapter().parts {
            let peer = part.peer.part();
            assert_eq!(peer.runs_on, RunsOn::Runtimes, "{:?}", part.program);
            assert_eq!(part.peer.demo(), demo, "{:?}", part.program);
        }
    }
}

#[test]
fn one_program_stands_for_its_demo() {
    for demo in Demo::all() {
        let chapter = demo.chapter();
        assert_eq!(chapter.key().part().runs_on, RunsOn::Runtimes, "{demo:?}");
        assert!(
            chapter.parts.iter().filter(|part| part.key).count() <= 1,
            "{demo:?}"
        );
    }
}

#[test]
fn the_readme_has_every_demo_with_its_question() {
    let page = include_str!("../../README.md");
    for demo in Demo::all() {
        let row = format!("| `{}` | {} |", demo.name(), demo.chapter().question);
        assert!(page.contains(&row), "demos/README.md has no row {row}");
    }
}

#[test]
fn what_a_lesson_quotes_is_there() {
    for demo in Demo::all() {
        let lesson = &demo.chapter().lesson;
        assert!(!lesson.says.is_empty(), "{demo:?}");
        assert!(!lesson.experiments.is_empty(), "{demo:?}");
        let mut quoted = 0;
        for excerpt in lesson.excerpts {
            let (first, lines) = excerpt.lines().unwrap_or_else(|| {
                panic!("{demo:?}: {:?} is not in {}", excerpt.from, excerpt.file)
            });
            assert!(first > 0);
            let twice = excerpt
                .text
                .lines()
                .filter(|line| line.contains(excerpt.from));
            assert_eq!(
                twice.count(),
                1,
                "{:?} is more than once in {}",
                excerpt.from,
                excerpt.file
            );
            quoted += lines.len();
        }
        assert!(
            (4..=30).contains(&quoted),
            "{demo:?}: {quoted} lines are quoted, not about a dozen"
        );
    }
}
