//! **How is a directory listed?** In batches of [`BATCH`] entries, each one job
//! on the pool, the next begun when the last is used up. (Batches, and their
//! size, are tokio's.)

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{FileType, Metadata};
use std::future::{Future, poll_fn};
use std::io;
#[cfg(unix)]
use std::os::unix::fs::DirEntryExt;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::{job_failed, on_pool};
use crate::handle::spawn_blocking;
use crate::task::{JoinHandle, coop};

/// Entries read per job.
const BATCH: usize = 32;

/// Begins to list a directory.
///
/// # Errors
///
/// As [`std::fs::read_dir`]; [more](crate::fs#errors).
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use kolo::fs;
///
/// let dir = std::env::temp_dir().join(format!("kolo-doc-list-{}", std::process::id()));
/// fs::create_dir(&dir).await?;
/// fs::write(dir.join("a.txt"), "").await?;
/// fs::create_dir(dir.join("b")).await?;
///
/// let mut names = Vec::new();
/// let mut entries = fs::read_dir(&dir).await?;
/// while let Some(entry) = entries.next_entry().await? {
///     names.push((entry.file_name().into_string().unwrap(), entry.file_type().await?.is_dir()));
/// }
/// names.sort();
/// assert_eq!(names, [("a.txt".to_owned(), false), ("b".to_owned(), true)]);
/// fs::remove_dir_all(&dir).await?;
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub async fn read_dir(path: impl AsRef<Path>) -> io::Result<ReadDir> {
    let path = path.as_ref().to_owned();
    let first = on_pool(move || std::fs::read_dir(path).map(Batch::first)).await?;
    Ok(ReadDir(State::Idle(first)))
}

/// The entries of a directory, in no order; made by [`read_dir`].
#[derive(Debug)]
#[must_use = "entries are read when asked for"]
pub struct ReadDir(State);

#[derive(Debug)]
enum State {
    Idle(Batch),
    Busy(JoinHandle<Batch>),
}

/// What was read of a directory and not handed out yet.
#[derive(Debug, Default)]
struct Batch {
    entries: VecDeque<io::Result<DirEntry>>,
    /// `None`: there are no more.
    rest: Option<std::fs::ReadDir>,
}

impl Batch {
    fn first(rest: std::fs::ReadDir) -> Self {
        let empty = Batch {
            entries: VecDeque::with_capacity(BATCH),
            rest: Some(rest),
        };
        empty.next()
    }

    /// Reads on. An error ends the batch, not the directory.
    fn next(mut self) -> Self {
        while self.entries.len() < BATCH {
            match self.rest.as_mut().and_then(Iterator::next) {
                None => {
                    self.rest = None;
                    break;
                }
                Some(Ok(entry)) => self.entries.push_back(Ok(DirEntry {
                    file_type: entry.file_type().ok(),
                    std: Arc::new(entry),
                })),
                Some(Err(error)) => {
                    self.entries.push_back(Err(error));
                    break;
                }
            }
        }
        self
    }
}

impl ReadDir {
    /// The next entry; `None` at the end.
    ///
    /// # Errors
    ///
    /// The system's, for this entry; [more](crate::fs#errors).
    ///
    /// # Cancel safety
    ///
    /// Dropped early, it takes no entry.
    pub async fn next_entry(&mut self) -> io::Result<Option<DirEntry>> {
        poll_fn(|cx| self.poll_next_entry(cx)).await
    }

    /// Polls for the next entry; `None` at the end.
    ///
    /// The waker of the last call is the one that is woken.
    pub fn poll_next_entry(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<DirEntry>>> {
        loop {
            match &mut self.0 {
                State::Idle(batch) => {
                    if !batch.entries.is_empty() {
                        ready!(coop::poll_proceed(cx)).made_progress();
                        let entry = batch.entries.pop_front().expect("not empty");
                        return Poll::Ready(entry.map(Some));
                    }
                    if batch.rest.is_none() {
                        return Poll::Ready(Ok(None));
                    }
                    let batch = std::mem::take(batch);
                    self.0 = State::Busy(spawn_blocking(move || batch.next()));
                }
                State::Busy(job) => {
                    let read = ready!(Pin::new(job).poll(cx));
                    let failed = read.is_err();
                    self.0 = State::Idle(read.unwrap_or_default());
                    if failed {
                        return Poll::Ready(Err(job_failed()));
                    }
                }
            }
        }
    }
}

/// One entry of a directory.
#[derive(Debug)]
pub struct DirEntry {
    /// As the directory has it; not every file system says.
    file_type: Option<FileType>,
    std: Arc<std::fs::DirEntry>,
}

impl DirEntry {
    /// The path: the directory's, as given to [`read_dir`], and the name.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.std.path()
    }

    /// The name, without any path.
    #[must_use]
    pub fn file_name(&self) -> OsString {
        self.std.file_name()
    }

    /// What the system knows about it; a link is not followed.
    ///
    /// # Errors
    ///
    /// As [`std::fs::DirEntry::metadata`]; [more](crate::fs#errors).
    pub async fn metadata(&self) -> io::Result<Metadata> {
        let std = self.std.clone();
        on_pool(move || std.metadata()).await
    }

    /// File, directory, or what; a link is not followed. Costs a trip to the pool
    /// only on file systems whose directories don't say.
    ///
    /// # Errors
    ///
    /// As [`std::fs::DirEntry::file_type`]; [more](crate::fs#errors).
    pub async fn file_type(&self) -> io::Result<FileType> {
        if let Some(file_type) = self.file_type {
            return Ok(file_type);
        }
        let std = self.std.clone();
        on_pool(move || std.file_type()).await
    }

    /// The inode's number.
    #[cfg(unix)]
    #[must_use]
    pub fn ino(&self) -> u64 {
        self.std.ino()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::collections::BTreeSet;

    use super::super::testing::{Scratch, block_on};
    use super::*;
    use crate::runtime::Builder;

    /// Around the edges of one and two batches.
    #[test]
    fn each_entry_comes_once() {
        for count in [0, 1, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH, 2 * BATCH + 1] {
            let scratch = Scratch::new();
            let mut expected = BTreeSet::new();
            for i in 0..count {
                let path = scratch.path(&format!("entry {i}"));
                std::fs::write(&path, "").unwrap();
                expected.insert(path);
            }
            let found = block_on(async {
                let mut found = BTreeSet::new();
                let mut entries = read_dir(scratch.path("")).await.unwrap();
                while let Some(entry) = entries.next_entry().await.unwrap() {
                    assert!(entry.file_type().await.unwrap().is_file());
                    assert_eq!(entry.path().file_name(), Some(&*entry.file_name()));
                    let path = entry.path();
                    assert!(found.insert(path.clone()), "{} twice", path.display());
                }
                assert!(entries.next_entry().await.unwrap().is_none());
                found
            });
            assert_eq!(found, expected, "{count} entries");
        }
    }

    #[test]
    fn an_entry_knows_its_file() {
        let scratch = Scratch::new();
        std::fs::write(scratch.path("file"), "text").unwrap();
        block_on(async {
            let mut entries = read_dir(scratch.path("")).await.unwrap();
            let mut entry = entries.next_entry().await.unwrap().unwrap();
            assert_eq!(entry.metadata().await.unwrap().len(), 4);
            let metadata = std::fs::metadata(scratch.path("file")).unwrap();
            assert_eq!(entry.ino(), std::os::unix::fs::MetadataExt::ino(&metadata));
            entry.file_type = None; // as where the directory doesn't say
            assert!(entry.file_type().await.unwrap().is_file());
        });
    }

    #[test]
    fn a_list_outlives_its_runtime_with_an_error_and_then_ends() {
        let scratch = Scratch::new();
        for i in 0..=BATCH {
            std::fs::write(scratch.path(&i.to_string()), "").unwrap();
        }
        let runtime = Builder::new_current_thread().build().unwrap();
        let mut entries = runtime.block_on(read_dir(scratch.path(""))).unwrap();
        let handle = runtime.handle().clone();
        drop(runtime);
        handle.block_on(async {
            for _ in 0..BATCH {
                assert!(entries.next_entry().await.unwrap().is_some());
            }
            let gone = entries.next_entry().await.unwrap_err();
            assert_eq!(gone.kind(), io::ErrorKind::Other);
            assert!(entries.next_entry().await.unwrap().is_none());
        });
    }

    #[test]
    fn entries_at_hand_take_of_the_budget() {
        let scratch = Scratch::new();
        std::fs::write(scratch.path("file"), "").unwrap();
        block_on(async {
            let mut entries = read_dir(scratch.path("")).await.unwrap();
            poll_fn(|cx| {
                while coop::has_budget_remaining() {
                    ready!(coop::poll_proceed(cx)).made_progress();
                }
                assert!(entries.poll_next_entry(cx).is_pending());
                Poll::Ready(())
            })
            .await;
            assert!(entries.next_entry().await.unwrap().is_some());
        });
    }
}
