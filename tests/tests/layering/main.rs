//! **Is the house built as its plan says?** Three checks of kolo's own source:
//! imports point down the layers, `unsafe` stands in few files, and the core
//! stays small enough to read.
//!
//! ```text
//! 6  lib.rs  runtime/  macros/                  what users build and hold
//! 5  time/ net/ io/ fs/ process/ signal/ …      leaf futures: ask the handle
//! 4  executor/                                  policy
//! 3  handle.rs                                  which runtime am I in
//! 2  park.rs  driver/  blocking.rs              mechanism
//! 1  task/  sync/  trace/                       cells, primitives, what is observed
//! 0  util/  loom.rs  sys.rs
//! ```
//!
//! Tests within the source are left out: they may use what they like.
//!
//! Read next: `source.rs`, which reads the files.

mod source;

use source::{Source, files};

/// Which layer a module is in, by the beginning of its path.
const LAYERS: &[(&str, u8)] = &[
    ("util", 0),
    ("loom", 0),
    ("sys", 0),
    ("task", 1),
    ("sync", 1),
    ("trace", 1),
    ("park", 2),
    ("driver", 2),
    ("blocking", 2),
    ("handle", 3),
    ("executor", 4),
    ("time", 5),
    ("net", 5),
    ("io", 5),
    ("fs", 5),
    ("process", 5),
    ("signal", 5),
    ("join_set", 5),
    ("local", 5),
    ("lib", 6),
    ("runtime", 6),
    ("macros", 6),
];

/// Public paths whose bodies live higher up: what a façade re-exports, and
/// blocking calls of primitives, which must know whether they may block.
const FACADES: &[(&str, &str)] = &[
    ("task/mod.rs", "executor"),
    ("task/mod.rs", "handle"),
    ("task/mod.rs", "join_set"),
    ("sync/blocking.rs", "park"),
];

/// Sees executor and leaf alike: `JoinSet::spawn_local` needs the `LocalSet`.
const BRIDGES: &[&str] = &["join_set.rs"];

/// The files that may hold `unsafe`, and what for.
const UNSAFE: &[(&str, &str)] = &[
    (
        "task/cell.rs",
        "one allocation of changing contents, behind a vtable",
    ),
    ("task/waker.rs", "the raw waker over a cell"),
    ("task/runnable.rs", "polls and drops the future in the cell"),
    ("task/join.rs", "takes the output out of the cell"),
    ("task/abort.rs", "a reference to the cell"),
    ("task/registry.rs", "the list of cells"),
    ("task/slot.rs", "a runnable in one word"),
    (
        "executor/current_thread.rs",
        "state that only the holder of the token may touch",
    ),
    (
        "executor/multi_thread/worker.rs",
        "the worker that this thread is, by pointer, while it works",
    ),
    (
        "executor/multi_thread/leave.rs",
        "ends all tasks, when no thread polls any more",
    ),
    (
        "executor/multi_thread/roll.rs",
        "passes on that no thread polls any more",
    ),
    (
        "executor/local.rs",
        "futures that are not Send, kept at home",
    ),
    (
        "handle.rs",
        "the current runtime, by pointer, while it is entered",
    ),
    (
        "sync/oneshot.rs",
        "one value, written by one side and read by the other",
    ),
    (
        "sync/oneshot/waker_slot.rs",
        "a waker in two words, valid when its bit says so",
    ),
    ("task/waker_word.rs", "a waker in one word"),
    (
        "util/prefetch.rs",
        "an instruction that takes any address, and reads nothing",
    ),
    ("sync/mutex.rs", "the value that the lock protects"),
    ("sync/mutex/guard.rs", "the value that the lock protects"),
    (
        "driver/timers.rs",
        "a wheel that only the thread that drives may touch",
    ),
    ("driver/mod.rs", "passes on who holds the loop's token"),
    (
        "io/read_buf.rs",
        "bytes that may be uninitialized, and a count of those that are not",
    ),
    (
        "io/buffered/fill_buf.rs",
        "lends a reader's buffer for as long as the reader was borrowed",
    ),
    (
        "io/ext/growing.rs",
        "a vector's spare capacity, read into and then counted in",
    ),
    (
        "io/calls.rs",
        "bytes sent, and received into memory that nobody has zeroed",
    ),
    ("net/tcp/socket.rs", "a socket from a bare descriptor"),
    ("macros/join.rs", "pins its own locals"),
    ("macros/select.rs", "pins its own locals"),
    ("fs/file/descriptor.rs", "a descriptor that the caller owns"),
    ("sys.rs", "libc"),
    ("io/async_fd.rs", "the promise that a descriptor stays open"),
    ("net/unix/pipe.rs", "fcntl: which end of a pipe"),
    ("net/unix/socket.rs", "FromRawFd, whose method is unsafe"),
    ("net/unix/ucred.rs", "getsockopt: who is at the other end"),
    ("signal/handler.rs", "sigaction, and the handler"),
];

/// What "the core" is: the parts that a student reads to know how a task gets on. (The
/// blocking pool is a pool of threads beside it, with the half of Handle that fills it.)
const CORE: &[&str] = &[
    "task/",
    "executor/",
    "park.rs",
    "driver/",
    "handle.rs",
    "time/sleep.rs",
];

/// Its lines of code must stay below this: comments, blanks and tests not counted.
const CORE_LINES: usize = 6_000;

fn layer(module: &str) -> Option<u8> {
    LAYERS
        .iter()
        .find(|(name, _)| *name == module)
        .map(|(_, layer)| *layer)
}

/// The first part of a file's path, as a module: `sync/mpsc/mod.rs` is `sync`.
fn module(path: &str) -> &str {
    let first = path.split('/').next().expect("a path has a first part");
    first.strip_suffix(".rs").unwrap_or(first)
}

fn is_leaf(module: &str) -> bool {
    layer(module) == Some(5)
}

#[test]
fn imports_point_down() {
    let mut wrong = Vec::new();
    for Source { path, code } in files() {
        let from = module(path);
        let own = layer(from);
        if own.is_none() {
            wrong.push(format!(
                "{path}: in no layer; add it to LAYERS and to DESIGN.md"
            ));
            continue;
        }
        for (line, to) in source::imports(path, code) {
            let facade = FACADES.contains(&(path.as_str(), to.as_str()));
            if layer(&to) > own && !facade {
                wrong.push(format!(
                    "{path}:{line}: {from} (layer {own:?}) imports {to} ({:?})",
                    layer(&to)
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "imports that point up:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn executors_and_leaves_never_see_each_other() {
    let mut wrong = Vec::new();
    for Source { path, code } in files() {
        let from = module(path);
        for (line, to) in source::imports(path, code) {
            let meet = (from == "executor" && is_leaf(&to)) || (is_leaf(from) && to == "executor");
            if meet && !BRIDGES.contains(&path.as_str()) {
                wrong.push(format!("{path}:{line}: {from} imports {to}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// An exception that nobody needs any more hides the next mistake.
#[test]
fn exceptions_are_in_use() {
    let files = files();
    for (path, to) in FACADES {
        let used = files.iter().find(|f| f.path == *path).is_some_and(|f| {
            source::imports(path, &f.code)
                .iter()
                .any(|(_, module)| module == to)
        });
        assert!(
            used,
            "{path} no longer imports {to}: remove it from FACADES"
        );
    }
    for path in BRIDGES {
        assert!(
            files.iter().any(|f| f.path == *path),
            "{path} is gone: remove it from BRIDGES"
        );
    }
}

#[test]
fn unsafe_stands_in_few_files() {
    let found: Vec<String> = files()
        .iter()
        .filter(|f| source::has_word(&f.code, "unsafe"))
        .map(|f| f.path.clone())
        .collect();
    let new: Vec<_> = found
        .iter()
        .filter(|f| !UNSAFE.iter().any(|(u, _)| u == f))
        .collect();
    assert!(
        new.is_empty(),
        "unsafe in files that are not listed in UNSAFE: {new:?}"
    );
    let stale: Vec<_> = UNSAFE
        .iter()
        .map(|(u, _)| *u)
        .filter(|u| !found.iter().any(|f| f == u))
        .collect();
    assert!(
        stale.is_empty(),
        "listed in UNSAFE, but without unsafe: {stale:?}"
    );
}

#[test]
fn the_core_stays_small() {
    let mut total = 0;
    for part in CORE {
        let lines: usize = files()
            .iter()
            .filter(|f| f.path.starts_with(part))
            .map(|f| f.code.lines().filter(|l| !l.trim().is_empty()).count())
            .sum();
        assert!(lines > 0, "{part} is empty or gone: mend CORE");
        println!("{lines:>6}  {part}");
        total += lines;
    }
    println!("{total:>6}  lines of code in the core (limit {CORE_LINES})");
    assert!(total < CORE_LINES, "the core has {total} lines of code");
}
