//! **How does a task read and write a file whose every call may block?** By jobs
//! on the blocking pool, one at a time per file, with a [`Buffer`] that goes along.
//!
//! ```text
//!                read, write, seek, set_len: a job begins
//!   Idle(buffer) ────────────────────────────────────────> Busy(job)
//!        ^                                                    │
//!        └────────────────────────────────────────────────────┘
//!          whoever asks next sees it end: what was done, and the buffer
//! ```
//!
//! So the future that began an operation and the one that sees its end need not
//! be the same, and that makes the rules (which are tokio's):
//!
//! - *A write* is ready when its bytes are in the buffer and its job is queued. Its
//!   error is reported by the next write, flush or shutdown; an operation of another
//!   kind that comes in between sets it aside for them. A flush waits for the job.
//! - *A read* that is dropped is a read ahead: its bytes come first in the next
//!   read. What moves in the file or changes it (write, seek, `set_len`) begins by
//!   going back by what was read ahead and not asked for.
//! - *Dropping* the file waits for nothing. A write that was ready is done even
//!   if the runtime shuts down meanwhile ([`Handle::spawn_blocking_surely`]).
//! - *A job that was lost*, because its runtime is gone, is an error once, and
//!   leaves the file idle.
//!
//! An operation that panics, since there is no runtime, does so before it takes the
//! buffer. The calls with `&self` that must come in order (`sync_all`, `set_len` …) take
//! turns by an async lock. They hold it while their job runs, and who has the file
//! to itself (`&mut`) needs no lock.
//!
//! Read next: `file/buffer.rs`.

use std::fmt;
use std::fs::{File as StdFile, Metadata, Permissions};
use std::future::{Future, poll_fn};
use std::io::{self, IoSlice, Seek, SeekFrom};
use std::panic::UnwindSafe;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use self::buffer::Buffer;
use super::{FileTimes, OpenOptions, job_failed, on_pool};
use crate::handle::{Handle, spawn_blocking};
use crate::io::{AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};
use crate::sync::{Mutex, MutexGuard};
use crate::task::{JoinHandle, coop};

mod buffer;
#[cfg(unix)]
mod descriptor;
#[cfg(all(test, not(loom)))]
mod tests;

/// Bytes per job, unless [`File::set_max_buf_size`] says otherwise.
const MAX_BUF_SIZE: usize = 2 * 1024 * 1024;

/// An open file.
///
/// It reads, writes and seeks by [`AsyncRead`], [`AsyncWrite`] and [`AsyncSeek`].
/// Each operation is one job on the blocking pool, of at most
/// [`max_buf_size`](Self::max_buf_size) bytes.
///
/// A write is done when its bytes are taken over; a flush waits until they are
/// the system's, and says whether that went well. Dropping the file does neither:
/// the last write is done all the same, and its error is lost.
///
/// # Cancel safety
///
/// A read that is dropped loses nothing: what arrives after is there for the next
/// one. A write that was pending had written nothing.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use kolo::fs::{self, File};
/// use kolo::io::AsyncWrite;
/// use std::{future::poll_fn, pin::Pin};
///
/// let path = std::env::temp_dir().join(format!("kolo-doc-file-{}", std::process::id()));
/// let mut file = File::create(&path).await?;
/// poll_fn(|cx| Pin::new(&mut file).poll_write(cx, b"a line\n")).await?;
/// poll_fn(|cx| Pin::new(&mut file).poll_flush(cx)).await?;
/// assert_eq!(fs::read(&path).await?, b"a line\n");
/// fs::remove_file(&path).await?;
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
pub struct File {
    /// Jobs hold it too.
    std: Arc<StdFile>,
    progress: Mutex<Progress>,
    max_buf_size: usize,
}

/// What a file is doing.
struct Progress {
    state: State,
    /// Of a write, for the next write or flush.
    write_error: Option<io::Error>,
    /// Where the last seek went.
    position: u64,
}

enum State {
    Idle(Buffer),
    Busy(JoinHandle<(Done, Buffer)>),
}

/// What a job did.
enum Done {
    Read(io::Result<()>),
    Write(io::Result<()>),
    Seek(io::Result<u64>),
    SetLen(io::Result<()>),
}

// Nothing is left half done where a panic can come from.
impl UnwindSafe for File {}

impl File {
    /// Opens a file for reading.
    ///
    /// # Errors
    ///
    /// As [`std::fs::File::open`]; [more](crate::fs#errors).
    pub async fn open(path: impl AsRef<Path>) -> io::Result<File> {
        Self::options().read(true).open(path).await
    }

    /// Opens a file for writing; makes it, or empties the one that is there.
    ///
    /// # Errors
    ///
    /// As [`std::fs::File::create`]; [more](crate::fs#errors).
    pub async fn create(path: impl AsRef<Path>) -> io::Result<File> {
        let mut options = Self::options();
        options.write(true).create(true).truncate(true);
        options.open(path).await
    }

    /// Makes a file, for reading and writing.
    ///
    /// # Errors
    ///
    /// If it is there, and as [`std::fs::File::create_new`]; [more](crate::fs#errors).
    pub async fn create_new(path: impl AsRef<Path>) -> io::Result<File> {
        let mut options = Self::options();
        options.read(true).write(true).create_new(true);
        options.open(path).await
    }

    /// The same as [`OpenOptions::new`].
    #[must_use]
    pub fn options() -> OpenOptions {
        OpenOptions::new()
    }

    /// A file that std has opened.
    #[must_use]
    pub fn from_std(std: StdFile) -> File {
        File {
            std: Arc::new(std),
            progress: Mutex::new(Progress {
                state: State::Idle(Buffer::default()),
                write_error: None,
                position: 0,
            }),
            max_buf_size: MAX_BUF_SIZE,
        }
    }

    /// Waits until all that was written is on the disk, with its metadata.
    ///
    /// # Errors
    ///
    /// As [`std::fs::File::sync_all`]; [more](crate::fs#errors). That of an earlier
    /// write is left to the next write or flush.
    pub async fn sync_all(&self) -> io::Result<()> {
        self.in_turn(StdFile::sync_all).await
    }

    /// As [`sync_all`](Self::sync_all), with as little metadata as will do.
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn sync_data(&self) -> io::Result<()> {
        self.in_turn(StdFile::sync_data).await
    }

    /// Cuts the file off at `size` bytes, or fills it up with zeros. The position
    /// stays.
    ///
    /// # Errors
    ///
    /// As [`std::fs::File::set_len`]; [more](crate::fs#errors).
    pub async fn set_len(&self, size: u64) -> io::Result<()> {
        let mut progress = self.settled().await;
        let runtime = Handle::current();
        let mut buffer = progress.take_buffer();
        let ahead = buffer.discard();
        let std = self.std.clone();
        progress.state = State::Busy(runtime.spawn_blocking(move || {
            let set = go_back(&std, ahead).and_then(|()| std.set_len(size));
            (Done::SetLen(set), buffer)
        }));
        match poll_fn(|cx| progress.poll_done(cx)).await? {
            Some(Done::SetLen(result)) => result,
            _ => unreachable!("the lock kept all others out"),
        }
    }

    /// What the system knows about the file.
    ///
    /// # Errors
    ///
    /// As [`std::fs::File::metadata`]; [more](crate::fs#errors).
    pub async fn metadata(&self) -> io::Result<Metadata> {
        let std = self.std.clone();
        on_pool(move || std.metadata()).await
    }

    /// A second File, with a descriptor of its own, for the same open file: they
    /// share the position.
    ///
    /// # Errors
    ///
    /// As [`std::fs::File::try_clone`]; [more](crate::fs#errors).
    pub async fn try_clone(&self) -> io::Result<File> {
        let std = self.in_turn(StdFile::try_clone).await?;
        let mut file = File::from_std(std);
        file.max_buf_size = self.max_buf_size;
        Ok(file)
    }

    /// The file as std's, when what it does is done.
    ///
    /// What was read ahead for a dropped read is lost, and so is a write's error
    /// that nobody asked for: flush first.
    ///
    /// # Panics
    ///
    /// If an operation with `&self` was dropped and still runs, and the process
    /// has no descriptor left for a second one.
    pub async fn into_std(mut self) -> StdFile {
        let progress = self.progress.get_mut();
        poll_fn(|cx| progress.poll_settled(cx)).await;
        match Arc::try_unwrap(self.std) {
            Ok(std) => std,
            Err(shared) => shared.try_clone().expect("no descriptor is left"),
        }
    }

    /// The file as std's, if it does nothing.
    ///
    /// # Errors
    ///
    /// The file, if an operation runs.
    #[allow(clippy::result_large_err)] // the error is the file
    pub fn try_into_std(mut self) -> Result<StdFile, Self> {
        match Arc::try_unwrap(self.std) {
            Ok(std) => Ok(std),
            Err(shared) => {
                self.std = shared;
                Err(self)
            }
        }
    }

    /// Says who may do what with the file.
    ///
    /// # Errors
    ///
    /// As [`std::fs::File::set_permissions`]; [more](crate::fs#errors).
    pub async fn set_permissions(&self, perm: Permissions) -> io::Result<()> {
        let std = self.std.clone();
        on_pool(move || std.set_permissions(perm)).await
    }

    /// Sets the times that the file bears, after what was written before.
    ///
    /// # Errors
    ///
    /// As [`std::fs::File::set_times`]; [more](crate::fs#errors).
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kolo::fs::{self, File, FileTimes};
    /// use std::time::SystemTime;
    ///
    /// let path = std::env::temp_dir().join(format!("kolo-doc-times-{}", std::process::id()));
    /// let file = File::create(&path).await?;
    /// file.set_times(FileTimes::new().set_modified(SystemTime::UNIX_EPOCH)).await?;
    /// assert_eq!(fs::metadata(&path).await?.modified()?, SystemTime::UNIX_EPOCH);
    /// fs::remove_file(&path).await?;
    /// # std::io::Result::Ok(()) }).unwrap();
    /// ```
    pub async fn set_times(&self, times: FileTimes) -> io::Result<()> {
        self.in_turn(move |std| std.set_times(times.into_std()))
            .await
    }

    /// Sets the time of the last write.
    ///
    /// # Errors
    ///
    /// As [`set_times`](Self::set_times).
    pub async fn set_modified(&self, time: SystemTime) -> io::Result<()> {
        self.set_times(FileTimes::new().set_modified(time)).await
    }

    /// Sets how many bytes a job reads or writes at most.
    ///
    /// # Panics
    ///
    /// If that is zero.
    #[track_caller]
    pub fn set_max_buf_size(&mut self, max_buf_size: usize) {
        assert!(max_buf_size > 0, "`max_buf_size` must be greater than 0");
        self.max_buf_size = max_buf_size;
    }

    /// How many bytes a job reads or writes at most: 2 MiB, unless set.
    #[must_use]
    pub fn max_buf_size(&self) -> usize {
        self.max_buf_size
    }

    /// Does `operation` after what was begun before, and before what begins after.
    async fn in_turn<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&StdFile) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let _turn = self.settled().await;
        let std = self.std.clone();
        on_pool(move || operation(&std)).await
    }

    /// The lock, with nothing under way.
    async fn settled(&self) -> MutexGuard<'_, Progress> {
        let mut progress = self.progress.lock().await;
        poll_fn(|cx| progress.poll_settled(cx)).await;
        progress
    }

    /// Hands a write to the pool; `take` takes over its bytes, at most as many as
    /// it is told.
    fn poll_write_of(
        &mut self,
        cx: &mut Context<'_>,
        take: impl FnOnce(&mut Buffer, usize) -> usize,
    ) -> Poll<io::Result<usize>> {
        let progress = self.progress.get_mut();
        ready!(progress.poll_written(cx))?;

        let runtime = Handle::current();
        let mut buffer = progress.take_buffer();
        let ahead = buffer.discard();
        let n = take(&mut buffer, self.max_buf_size);
        let std = self.std.clone();
        let job = runtime.spawn_blocking_surely(move || {
            let written = match go_back(&std, ahead) {
                Ok(()) => buffer.write_to(&*std),
                Err(error) => {
                    buffer.discard();
                    Err(error)
                }
            };
            (Done::Write(written), buffer)
        });
        progress.state = State::Busy(job.ok_or_else(job_failed)?);
        Poll::Ready(Ok(n))
    }
}

impl Progress {
    /// Waits for what is under way. `None`: nothing was.
    fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Done>>> {
        let State::Busy(job) = &mut self.state else {
            return Poll::Ready(Ok(None));
        };
        let ended = ready!(Pin::new(job).poll(cx));
        let (done, buffer) = match ended {
            Ok((done, buffer)) => (Ok(Some(done)), buffer),
            Err(lost) => (Err(lost.into()), Buffer::default()),
        };
        self.state = State::Idle(buffer);
        Poll::Ready(done)
    }

    /// Waits for what is under way, and sets aside what others should know of it.
    fn poll_settled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match ready!(self.poll_done(cx)) {
            Ok(Some(done)) => self.note(done),
            Ok(None) => {}
            Err(lost) => self.write_error = Some(lost),
        }
        Poll::Ready(())
    }

    /// Waits for what is under way, and reports the error of a write.
    fn poll_written(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(done) = ready!(self.poll_done(cx))? {
            self.note(done);
        }
        Poll::Ready(self.write_error.take().map_or(Ok(()), Err))
    }

    /// Notes what an operation did that nobody waits for any more.
    fn note(&mut self, done: Done) {
        match done {
            Done::Write(Err(error)) => self.write_error = Some(error),
            Done::Seek(Ok(position)) => self.position = position,
            Done::Write(Ok(())) | Done::Read(_) | Done::Seek(Err(_)) | Done::SetLen(_) => {}
        }
    }

    /// The buffer, for a job. An empty one stands in for it.
    fn take_buffer(&mut self) -> Buffer {
        match &mut self.state {
            State::Idle(buffer) => std::mem::take(buffer),
            State::Busy(_) => unreachable!("one job at a time"),
        }
    }
}

/// Undoes what was read ahead.
fn go_back(mut std: &StdFile, ahead: usize) -> io::Result<()> {
    if ahead > 0 {
        std.seek_relative(-(ahead as i64))?;
    }
    Ok(())
}

impl AsyncRead for File {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let file = self.get_mut();
        let progress = file.progress.get_mut();
        loop {
            let done = ready!(progress.poll_done(cx))?;
            let has_read = matches!(done, Some(Done::Read(Ok(()))));
            match done {
                Some(Done::Read(result)) => result?,
                Some(done) => progress.note(done),
                None => {}
            }

            let mut held = progress.take_buffer();
            if has_read || !held.is_empty() || buf.remaining() == 0 {
                // A job that was awaited has taken of the budget.
                let taken = match has_read {
                    true => Poll::Ready(()),
                    false => coop::poll_proceed(cx).map(|unit| unit.made_progress()),
                };
                if taken.is_ready() {
                    held.move_to(buf);
                }
                progress.state = State::Idle(held);
                return taken.map(Ok);
            }
            let std = file.std.clone();
            let most = buf.remaining().min(file.max_buf_size);
            progress.state = State::Busy(spawn_blocking(move || {
                let read = held.read_from(&*std, most);
                (Done::Read(read), held)
            }));
        }
    }
}

impl AsyncWrite for File {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut()
            .poll_write_of(cx, |buffer, most| buffer.append(buf, most))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_write_of(cx, |buffer, most| {
            bufs.iter().map(|buf| buffer.append(buf, most)).sum()
        })
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().progress.get_mut().poll_written(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

impl AsyncSeek for File {
    fn start_seek(self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        let file = self.get_mut();
        let progress = file.progress.get_mut();
        if let State::Busy(_) = progress.state {
            return Err(io::Error::other(
                "other file operation is pending, call poll_complete before start_seek",
            ));
        }
        let runtime = Handle::current();
        let mut buffer = progress.take_buffer();
        let ahead = buffer.discard();
        let std = file.std.clone();
        progress.state = State::Busy(runtime.spawn_blocking(move || {
            let sought = go_back(&std, ahead).and_then(|()| (&*std).seek(position));
            (Done::Seek(sought), buffer)
        }));
        Ok(())
    }

    fn poll_complete(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        let progress = self.get_mut().progress.get_mut();
        match ready!(progress.poll_done(cx))? {
            Some(Done::Seek(Err(error))) => return Poll::Ready(Err(error)),
            Some(done) => progress.note(done),
            None => {}
        }
        Poll::Ready(Ok(progress.position))
    }
}

impl From<StdFile> for File {
    fn from(std: StdFile) -> Self {
        Self::from_std(std)
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File").field("std", &self.std).finish()
    }
}
