//! What tests of files need: a directory of their own, a pool that stands still,
//! and reads and writes by the bare traits.

use std::future::poll_fn;
use std::io::{self, SeekFrom};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use super::On;
use super::rt;
use rt::fs::File;
use rt::io::{AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};
use rt::runtime::Runtime;

/// A directory, removed when dropped.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let library = module_path!().split("::").nth(1).unwrap();
        let name = format!("{library}-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A file `name` with these contents.
    pub(crate) fn file(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, contents).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let removed = std::fs::remove_dir_all(&self.0);
        assert!(removed.is_ok() || std::thread::panicking());
    }
}

/// A runtime whose pool has one thread.
pub(crate) fn one_blocking_thread(on: On) -> Runtime {
    on.builder().max_blocking_threads(1).build().unwrap()
}

/// Keeps the pool's one thread until dropped.
pub(crate) struct Held(#[allow(dead_code)] mpsc::Sender<()>); // dropping is its use

pub(crate) fn hold_pool() -> Held {
    let (held, released) = mpsc::channel();
    let (entered, enters) = mpsc::channel();
    rt::task::spawn_blocking(move || {
        entered.send(()).unwrap();
        let _ = released.recv();
    });
    enters.recv().unwrap();
    Held(held)
}

/// One read with room for `room` bytes.
pub(crate) async fn read(file: &mut File, room: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; room];
    let mut buf = ReadBuf::new(&mut bytes);
    poll_fn(|cx| Pin::new(&mut *file).poll_read(cx, &mut buf)).await?;
    let n = buf.filled().len();
    bytes.truncate(n);
    Ok(bytes)
}

/// One write.
pub(crate) async fn write(file: &mut File, bytes: &[u8]) -> io::Result<usize> {
    poll_fn(|cx| Pin::new(&mut *file).poll_write(cx, bytes)).await
}

pub(crate) async fn flush(file: &mut File) -> io::Result<()> {
    poll_fn(|cx| Pin::new(&mut *file).poll_flush(cx)).await
}

pub(crate) async fn seek(file: &mut File, to: SeekFrom) -> io::Result<u64> {
    poll_fn(|cx| Pin::new(&mut *file).poll_complete(cx)).await?;
    Pin::new(&mut *file).start_seek(to)?;
    poll_fn(|cx| Pin::new(&mut *file).poll_complete(cx)).await
}
