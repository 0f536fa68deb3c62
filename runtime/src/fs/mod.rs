//! Files and directories, without blocking a task's thread.
//!
//! **How does a task wait for a disk?** Not as for a socket: a file is always
//! "ready", and then the call blocks. So each operation here is std's, run on the
//! pool of [`spawn_blocking`], and the task awaits
//! its end.
//!
//! - [`read`], [`read_to_string`] and [`write`](fn@write) do a whole file in one go:
//!   one trip to the pool, the cheapest way.
//! - [`File`] reads and writes piece by piece, by [`AsyncRead`](crate::io::AsyncRead),
//!   [`AsyncWrite`](crate::io::AsyncWrite) and [`AsyncSeek`](crate::io::AsyncSeek);
//!   [`OpenOptions`] says how it is opened. Each piece is a trip, so wrap it in a
//!   `BufReader` or `BufWriter` if the pieces are small, and `flush` at the end:
//!   a write is done when its bytes are taken over, not when they are on the disk.
//! - [`read_dir()`] lists a directory, [`DirBuilder`] makes one; [`metadata`],
//!   [`rename`], [`copy`] and the others are std's functions of the same name.
//!
//! A trip costs some ten microseconds. Who makes many in a row is better off with
//! one `spawn_blocking` around std's own calls. Pipes and devices, whose calls may
//! block for ever, keep a thread of the pool, and the runtime's shutdown, waiting.
//!
//! # Panics
//!
//! All of these panic outside of a runtime, and if the pool has no thread and none
//! can be started.
//!
//! # Errors
//!
//! The operating system's. And, of kind [`Other`](std::io::ErrorKind::Other), "background
//! task failed": the runtime was shut down first.
//!
//! # Cancel safety
//!
//! An operation that has begun goes on to its end, whether or not it is awaited: a
//! [`write()`](fn@write) that is dropped after its first poll still writes the file.
//!
//! Read next: `file.rs`; then `blocking.rs`, the pool.

mod dir;
mod file;
mod open_options;
mod path;
mod read_dir;
mod times;
mod whole;

#[cfg(all(test, not(loom)))]
mod testing;

pub use dir::{DirBuilder, create_dir, create_dir_all, remove_dir, remove_dir_all};
pub use file::File;
pub use open_options::OpenOptions;
pub use path::{
    canonicalize, copy, hard_link, metadata, read_link, remove_file, rename, set_permissions,
    symlink, symlink_metadata, try_exists,
};
pub use read_dir::{DirEntry, ReadDir, read_dir};
pub use times::FileTimes;
pub use whole::{read, read_to_string, write};

use std::io;

use crate::handle::spawn_blocking;

/// Runs `f` on the pool and waits for it.
async fn on_pool<T: Send + 'static>(
    f: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    match spawn_blocking(f).await {
        Ok(result) => result,
        Err(_) => Err(job_failed()),
    }
}

/// The pool did not run a job to its end.
fn job_failed() -> io::Error {
    io::Error::other("background task failed")
}
