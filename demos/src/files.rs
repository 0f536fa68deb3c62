//! **Which files are written and read again?** Those on a [`Shelf`]: a folder of one run
//! alone, with as many [`Sheet`]s as were asked for, the contents of each drawn from its
//! number. They stay on the disk only as long as the run lasts: see `scratch.rs`.
//!
//! A sheet is on the disk when the disk says so: every version of the program asks for
//! that (`sync_all`), and that is the wait, a few milliseconds for each. Left to the
//! page cache (`--unsynced`) a file is only memory with a name, and nothing waits.

use std::env;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::scratch::{Scratch, trouble};
use crate::stage::{Dice, Stage, thousands};
use crate::web::ask_for_all_descriptors;

/// What `files` can be told.
#[derive(Args, Clone, Debug, Serialize, Deserialize)]
#[command(next_help_heading = "What to write")]
pub(crate) struct FileOptions {
    /// How many files, before --time-scale multiplies them
    #[arg(long, value_name = "N", default_value_t = USUAL.files, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    pub(crate) files: u64,

    /// How many bytes a file has
    #[arg(long, value_name = "BYTES", default_value_t = USUAL.size, value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    pub(crate) size: u32,

    /// Leave the files to the page cache: nothing waits for the disk then
    #[arg(long)]
    pub(crate) unsynced: bool,

    /// Where the folder for them is made, and removed again [default: where temporary files go]
    #[arg(long, value_name = "DIR", value_parser = |text: &str| Ok::<_, String>(PathBuf::from(text)))]
    pub(crate) dir: Option<PathBuf>,
}

/// What is meant where nothing is said.
pub(crate) static USUAL: FileOptions = FileOptions {
    files: 200,
    size: 16_384,
    unsynced: false,
    dir: None,
};

impl FileOptions {
    /// Where the folder is made.
    pub(crate) fn place(&self) -> PathBuf {
        self.dir.clone().unwrap_or_else(env::temp_dir)
    }
}

/// The most files there may be: each is open for a moment, and all may be at once.
const MOST: u64 = 1_000;

/// The files of one run.
pub(crate) struct Shelf {
    stage: Stage,
    scratch: Scratch,
    wish: FileOptions,
    files: u64,
}

/// One of them: all that is needed to write it, and to know it again.
#[derive(Clone, Debug)]
pub(crate) struct Sheet {
    pub(crate) path: PathBuf,
    pub(crate) synced: bool,
    number: u64,
    size: u32,
}

impl Shelf {
    /// # Errors
    ///
    /// A sentence if its folder can't be made.
    pub(crate) fn new(stage: &Stage) -> io::Result<Self> {
        ask_for_all_descriptors();
        let wish = stage.wishes().files.clone();
        Ok(Self {
            stage: stage.clone(),
            scratch: Scratch::new(&wish.place())?,
            files: stage.work(wish.files).min(MOST),
            wish,
        })
    }

    fn numbers(&self) -> Range<u64> {
        1..self.files + 1
    }

    /// All of them, in order.
    pub(crate) fn sheets(&self) -> impl Iterator<Item = Sheet> {
        self.numbers().map(|number| Sheet {
            path: self.scratch.path().join(format!("{number}.txt")),
            synced: !self.wish.unsynced,
            number,
            size: self.wish.size,
        })
    }

    /// Says what is to be done, and starts the clock.
    pub(crate) fn begin(&self, how: &str) -> Instant {
        let to = if self.wish.unsynced {
            "page cache"
        } else {
            "disk"
        };
        let (files, size) = (self.count(), thousands(self.wish.size.into()));
        self.stage.white(format_args!(
            "{files} of {size} bytes, {how}, to the {to} and back."
        ));
        Instant::now()
    }

    fn count(&self) -> String {
        let s = if self.files == 1 { "" } else { "s" };
        format!("{} file{s}", thousands(self.files))
    }

    /// The sheets are written that were begun then; and now they are read.
    pub(crate) fn written(&self, began: Instant) -> Instant {
        let took = self.report(" -- wrote", began.elapsed());
        self.stage.yellow(took);
        Instant::now()
    }

    fn report(&self, what: &str, took: Duration) -> String {
        let each = took.div_f64(self.files as f64).as_secs_f64() * 1e6;
        let (files, seconds) = (self.count(), self.stage.seconds(took));
        format!("{what} {files} in {seconds} sec., {each:.0} µs each")
    }

    /// They are read too; so many came back as they were written.
    pub(crate) fn read(self, began: Instant, reading: Instant, intact: u64) {
        let took = began.elapsed();
        self.stage.cyan(self.report(" +++ read", reading.elapsed()));
        let total = self.stage.seconds(took);
        self.stage
            .white(format_args!("App exiting, total time: {total} sec."));
        self.stage.took(took);
        self.stage.processed(self.files);
        let claim = "every file came back as it was written";
        self.stage.check(claim, intact == self.files);
        let Self { stage, scratch, .. } = self;
        let folder = scratch.path().to_owned();
        drop(scratch);
        stage.check("nothing is left behind", !folder.exists());
    }
}

impl Sheet {
    /// What is to be written on it.
    pub(crate) fn contents(&self) -> Vec<u8> {
        let mut dice = Dice::new(self.number);
        let words = (0..self.size.div_ceil(8)).flat_map(|_| dice.next().to_le_bytes());
        words.take(self.size as usize).collect()
    }

    /// Whether that is what was read.
    pub(crate) fn says(&self, read: &[u8]) -> bool {
        read == self.contents()
    }

    /// What to say if it can't be written.
    pub(crate) fn not_written(&self, error: io::Error) -> io::Error {
        trouble(&format!("can't write {}", self.path.display()), error)
    }

    /// What to say if it can't be read.
    pub(crate) fn not_read(&self, error: io::Error) -> io::Error {
        trouble(&format!("can't read {}", self.path.display()), error)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;

    fn sheet(number: u64, size: u32) -> Sheet {
        Sheet {
            path: "/dev/full".into(),
            synced: true,
            number,
            size,
        }
    }

    #[test]
    fn a_sheet_knows_its_contents_again() {
        for size in [1, 7, 8, 9, 16_384] {
            let (one, other) = (sheet(1, size), sheet(2, size));
            assert_eq!(one.contents().len(), size as usize);
            assert!(one.says(&one.contents()));
            assert!(!one.says(&other.contents()));
            assert!(!one.says(&[]));
        }
    }

    #[test]
    fn a_disk_that_is_full_is_said_with_its_cure() {
        let sheet = sheet(1, 10);
        let full = fs::OpenOptions::new().write(true).open(&sheet.path);
        let error = full
            .and_then(|mut full| full.write_all(&sheet.contents()))
            .expect_err("it is always full");
        let line = sheet.not_written(error).to_string();
        assert!(line.starts_with("can't write /dev/full: "), "{line}");
        assert!(line.contains("; no space is left for it; "), "{line}");
        assert!(line.contains("--dir") && line.contains("--files"), "{line}");
    }
}
