//! Within this process, at paths of this test's own.

mod datagram;
mod pipe;
mod stream;

use std::future::{Future, poll_fn};
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::io::{AsyncRead, AsyncWrite, ReadBuf};
use crate::runtime::Builder;
use crate::sync::testing::ByHand;

/// Runs `test` on a runtime of its own.
fn run(test: impl Future<Output = ()>) {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(test);
}

static PATHS: AtomicUsize = AtomicUsize::new(0);

/// A path at which there is nothing yet, and nothing any more when this is dropped.
struct Place(PathBuf);

fn place() -> Place {
    let number = PATHS.fetch_add(1, Relaxed);
    let name = format!("kolo-unit-{}-{number}", std::process::id());
    Place(std::env::temp_dir().join(name))
}

impl AsRef<std::path::Path> for Place {
    fn as_ref(&self) -> &std::path::Path {
        &self.0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Goes on as an ordinary future.
async fn finish<F: Future>(by_hand: ByHand<F>) -> F::Output {
    by_hand.future.await
}

/// One read of at most 64 bytes.
async fn read(reader: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(64);
    let mut buf = ReadBuf::uninit(bytes.spare_capacity_mut());
    poll_fn(|cx| Pin::new(&mut *reader).poll_read(cx, &mut buf)).await?;
    let read = buf.filled().to_vec();
    bytes.extend(&read);
    Ok(bytes)
}

/// One write, which has room for so little.
async fn write(writer: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) {
    let written = poll_fn(|cx| Pin::new(&mut *writer).poll_write(cx, bytes)).await;
    assert_eq!(written.unwrap(), bytes.len());
}

async fn shutdown(writer: &mut (impl AsyncWrite + Unpin)) {
    poll_fn(|cx| Pin::new(&mut *writer).poll_shutdown(cx))
        .await
        .unwrap();
}
