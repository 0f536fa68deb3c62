//! **Where did it panic, and in which words?** A hook that stays quiet (most
//! panics here are what a test is about) and remembers the last panic of each
//! thread. With `KOLO_TESTS_LOUD` set, panics are printed as usual.

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};

/// One panic: its text, and the line that is blamed for it.
#[derive(Clone, Debug)]
pub struct Panic {
    /// The message, if it was a string.
    pub text: String,
    /// File of the blamed line, as the compiler spells it.
    pub file: String,
    /// The blamed line.
    pub line: u32,
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.text)
    }
}

impl Panic {
    /// Asserts that the message holds each of `parts`.
    #[track_caller]
    pub fn says(&self, parts: &[&str]) -> &Self {
        for part in parts {
            assert!(
                self.text.contains(part),
                "expected {part:?} in {:?}",
                self.text
            );
        }
        self
    }

    /// Asserts that the panic is blamed on a line of `file` (the test's `file!()`).
    #[track_caller]
    pub fn blames(&self, file: &str) -> &Self {
        assert_eq!(
            self.file, file,
            "blamed the wrong file (line {}, {:?})",
            self.line, self.text
        );
        self
    }
}

thread_local! {
    static LAST: RefCell<Option<Panic>> = const { RefCell::new(None) };
}

/// Installs the hook; once, by the suite's `main`.
pub fn install() {
    let loud = std::env::var_os("KOLO_TESTS_LOUD").is_some();
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let location = info.location().expect("std always gives one");
        let seen = Panic {
            text: text(info.payload()),
            file: location.file().to_owned(),
            line: location.line(),
        };
        let _ = LAST.try_with(|last| last.replace(Some(seen)));
        if loud {
            before(info);
        }
    }));
}

/// The text of a panic's payload.
pub fn text(payload: &(dyn Any + Send)) -> String {
    if let Some(s) = payload.downcast_ref::<&str>() {
        (*s).to_owned()
    } else if let Some(s) = payload.downcast_ref::<String>() {
        s.clone()
    } else {
        "(not a string)".to_owned()
    }
}

/// Runs `f`; a panic comes back as a value.
pub fn catch<R>(f: impl FnOnce() -> R) -> Result<R, Panic> {
    LAST.with(|last| last.take());
    panic::catch_unwind(AssertUnwindSafe(f)).map_err(|payload| {
        LAST.with(|last| last.take()).unwrap_or_else(|| Panic {
            text: text(&*payload),
            file: String::new(),
            line: 0,
        })
    })
}

/// Runs `f`, which must panic.
#[track_caller]
pub fn caught<R>(f: impl FnOnce() -> R) -> Panic {
    match catch(f) {
        Ok(_) => panic!("expected a panic, and there was none"),
        Err(panic) => panic,
    }
}
