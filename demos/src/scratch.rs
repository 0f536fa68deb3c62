//! **Where may a program leave files, and who takes them away?** In a [`Scratch`]: a
//! folder that nobody else has, and that is gone when the scratch is dropped, also on
//! the way out of a failure or a panic.
//!
//! An interruption drops nothing: it ends the process while the program still runs, from another
//! thread. So every folder is on a list, and whoever ends the process does it by
//! [`leave`], which removes what is on it. From there on no folder is made, and none is
//! dropped; a file that the program manages to make meanwhile costs another attempt.
//!
//! A process that is killed can't leave at all. Where a program runs in a process of its
//! own, that one's folder is in a folder of its parent's, which outlives it.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use crate::lock::lock;

/// The folders that there are, of this process.
static FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A file made meanwhile fails an attempt, and a program makes only so many.
const ATTEMPTS: u32 = 20_000;

/// A folder of one run alone.
pub(crate) struct Scratch {
    folder: PathBuf,
}

impl Scratch {
    /// A new folder in `place`.
    ///
    /// # Errors
    ///
    /// A sentence that says what to do.
    pub(crate) fn new(place: &Path) -> io::Result<Self> {
        let mut folders = folders();
        let made = tempfile::Builder::new()
            .prefix("kolo-demos-")
            .tempdir_in(place);
        let made = made.map_err(|error| {
            // tempfile adds the path that it tried.
            let said = error.to_string();
            let said = said.split(" at path ").next().unwrap_or_default();
            let error = io::Error::new(error.kind(), said);
            trouble(
                &format!("can't make a folder in {}", place.display()),
                error,
            )
        })?;
        let folder = made.keep();
        folders.push(folder.clone());
        Ok(Self { folder })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let mut folders = folders();
        remove(&self.folder);
        folders.retain(|folder| *folder != self.folder);
    }
}

fn folders() -> MutexGuard<'static, Vec<PathBuf>> {
    lock(&FOLDERS)
}

fn remove(folder: &Path) {
    let mut last = None;
    for _ in 0..ATTEMPTS {
        match fs::remove_dir_all(folder) {
            Ok(()) => return,
            Err(error) if error.kind() == ErrorKind::NotFound && !folder.exists() => return,
            Err(error) => last = Some(error),
        }
    }
    if let Some(error) = last {
        eprintln!("demos: {} is left behind: {error}", folder.display());
    }
}

/// Ends the process, and leaves no folder behind.
pub(crate) fn leave(code: u8) -> ! {
    // Held until there is no process: no folder is made any more.
    let folders = folders();
    for folder in &*folders {
        remove(folder);
    }
    std::process::exit(code.into())
}

/// An error on the way to a file, in a line that says what to do about it.
pub(crate) fn trouble(what: &str, error: io::Error) -> io::Error {
    let advice = match error.kind() {
        ErrorKind::NotFound => "there is no such directory; name another with --dir",
        ErrorKind::NotADirectory => "that is no directory; name another with --dir",
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "it may not be written to; name another directory with --dir"
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            "no space is left for it; name another directory with --dir, or ask for fewer --files or a smaller --size"
        }
        _ => "perhaps another directory serves, named with --dir",
    };
    let kind = match error.kind() {
        // That would say that the runtime is not there.
        ErrorKind::Unsupported => ErrorKind::Other,
        kind => kind,
    };
    io::Error::new(kind, format!("{what}: {error}; {advice}"))
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    fn scratch() -> Scratch {
        Scratch::new(&std::env::temp_dir()).expect("a place for temporary files")
    }

    #[test]
    fn a_folder_goes_with_all_that_is_in_it() {
        let scratch = scratch();
        let folder = scratch.path().to_owned();
        fs::create_dir(folder.join("deeper")).expect("it is ours");
        fs::write(folder.join("deeper/file"), "text").expect("it is ours");
        assert!(folders().contains(&folder));
        drop(scratch);
        assert!(!folder.exists());
        assert!(!folders().contains(&folder));
    }

    #[test]
    fn a_panic_leaves_nothing_behind() {
        let scratch = scratch();
        let folder = scratch.path().to_owned();
        let panicked = catch_unwind(AssertUnwindSafe(move || {
            let _scratch = scratch;
            panic!("in the middle");
        }));
        assert!(panicked.is_err());
        assert!(!folder.exists());
    }

    #[test]
    fn a_folder_goes_while_somebody_still_makes_files_in_it() {
        let scratch = scratch();
        let folder = scratch.path().to_owned();
        let (begun, beginning) = std::sync::mpsc::channel();
        let writer = std::thread::spawn({
            let folder = folder.clone();
            move || {
                (0..2_000).find_map(|number| {
                    let written = fs::write(folder.join(number.to_string()), "text");
                    let _ = begun.send(());
                    written.err().map(|error| error.kind())
                })
            }
        });
        beginning.recv().expect("it makes files");
        remove(&folder);
        assert!(!folder.exists());
        let ended = writer.join().expect("it only writes");
        assert!(
            matches!(ended, None | Some(ErrorKind::NotFound)),
            "{ended:?}"
        );
        assert!(!folder.exists(), "nobody made it again");
    }

    #[test]
    fn one_folder_each() {
        assert_ne!(scratch().path(), scratch().path());
    }

    #[test]
    fn what_is_wrong_with_a_place_is_said_with_its_cure() {
        let said = |place: &str| match Scratch::new(Path::new(place)) {
            Ok(scratch) => panic!("{} was made", scratch.path().display()),
            Err(error) => error.to_string(),
        };
        let line = said("/nowhere/at/all");
        assert!(
            line.starts_with("can't make a folder in /nowhere/at/all: "),
            "{line}"
        );
        assert!(
            line.ends_with("; there is no such directory; name another with --dir"),
            "{line}"
        );
        // The name that was to be would make a reason of its own of each row's.
        assert_eq!(line.matches("/nowhere").count(), 1, "{line}");
        let line = said("/dev/null");
        assert!(
            line.ends_with("; that is no directory; name another with --dir"),
            "{line}"
        );
    }
}
