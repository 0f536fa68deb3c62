//! What kolo's File does beyond tokio's. What they have in common is in the
//! conformance suite: `api_fs_file.rs`, `p08_files.rs`.

use std::panic::{AssertUnwindSafe, UnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::mpsc;
use std::task::Waker;

use super::super::testing::{Scratch, block_on, one_blocking_thread};
use super::*;

async fn write(file: &mut File, bytes: &[u8]) -> io::Result<usize> {
    poll_fn(|cx| Pin::new(&mut *file).poll_write(cx, bytes)).await
}

async fn flush(file: &mut File) -> io::Result<()> {
    poll_fn(|cx| Pin::new(&mut *file).poll_flush(cx)).await
}

/// Reads one byte.
fn poll_byte(file: &mut File, cx: &mut Context<'_>) -> Poll<io::Result<Option<u8>>> {
    let mut byte = [0];
    let mut buf = ReadBuf::new(&mut byte);
    ready!(Pin::new(file).poll_read(cx, &mut buf))?;
    Poll::Ready(Ok(buf.filled().first().copied()))
}

/// Keeps the pool's one thread until the sender is dropped.
fn hold_pool() -> mpsc::Sender<()> {
    let (held, released) = mpsc::channel();
    spawn_blocking(move || released.recv());
    held
}

/// A file of `len` bytes, all read by a read that nobody took.
async fn read_ahead(scratch: &Scratch, len: usize) -> File {
    let bytes: Vec<u8> = (0..len).map(|i| i as u8).collect();
    std::fs::write(scratch.path("file"), bytes).unwrap();
    let mut file = File::open(scratch.path("file")).await.unwrap();
    let held = hold_pool();
    let mut room = vec![0; len];
    let mut room = ReadBuf::new(&mut room);
    let pending = poll_fn(|cx| {
        let read = Pin::new(&mut file).poll_read(cx, &mut room);
        Poll::Ready(read.is_pending())
    });
    assert!(pending.await);
    drop(held);
    flush(&mut file).await.unwrap();
    file
}

#[test]
fn a_file_goes_anywhere() {
    fn anywhere<T: Send + Sync + Unpin + UnwindSafe>(_: T) {}
    fn with_its_task<T: Send>(_: T) {}
    let file = File::from_std(StdFile::open("/").unwrap());
    with_its_task(file.set_len(0));
    with_its_task(file.sync_all());
    with_its_task(file.try_clone());
    with_its_task(File::open("/"));
    anywhere(file);
}

#[test]
fn bytes_at_hand_take_of_the_budget() {
    let scratch = Scratch::new();
    one_blocking_thread().block_on(async {
        let mut file = read_ahead(&scratch, 200).await;
        let mut at_once = 0;
        poll_fn(|cx| {
            while poll_byte(&mut file, cx).is_ready() {
                at_once += 1;
            }
            Poll::Ready(())
        })
        .await;
        assert!(at_once <= 128, "{at_once} reads in one poll");
        // None was lost to the pause.
        for expected in at_once..200 {
            let byte = poll_fn(|cx| poll_byte(&mut file, cx)).await.unwrap();
            assert_eq!(byte, Some(expected as u8));
        }
        let end = poll_fn(|cx| poll_byte(&mut file, cx)).await.unwrap();
        assert_eq!(end, None);
    });
}

/// The position is where the last byte was taken, not where the read ahead ended.
#[test]
fn a_seek_that_fails_undoes_the_read_ahead_too() {
    let scratch = Scratch::new();
    one_blocking_thread().block_on(async {
        let mut file = read_ahead(&scratch, 8).await;
        let byte = poll_fn(|cx| poll_byte(&mut file, cx)).await.unwrap();
        assert_eq!(byte, Some(0));
        Pin::new(&mut file)
            .start_seek(SeekFrom::Current(-2))
            .unwrap();
        poll_fn(|cx| Pin::new(&mut file).poll_complete(cx))
            .await
            .unwrap_err();
        let byte = poll_fn(|cx| poll_byte(&mut file, cx)).await.unwrap();
        assert_eq!(byte, Some(1));
    });
}

#[test]
fn an_error_set_aside_keeps_its_code() {
    block_on(async {
        let mut options = File::options();
        let mut file = options.write(true).open("/dev/full").await.unwrap();
        write(&mut file, b"x").await.unwrap();
        drop(file.try_clone().await.unwrap());
        let error = flush(&mut file).await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ENOSPC));
    });
}

/// Its job still has the file, and std's must be had all the same.
#[test]
fn into_std_after_an_operation_was_dropped() {
    let scratch = Scratch::new();
    one_blocking_thread().block_on(async {
        let file = File::create(scratch.path("file")).await.unwrap();
        let held = hold_pool();
        let mut metadata = Box::pin(file.metadata());
        poll_fn(|cx| {
            assert!(metadata.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        drop(metadata);
        let mut std = file.into_std().await;
        std::io::Write::write_all(&mut std, b"ab").unwrap();
        drop(held);
    });
    assert_eq!(std::fs::read(scratch.path("file")).unwrap(), b"ab");
}

#[test]
fn a_panic_outside_of_a_runtime_loses_no_byte() {
    let scratch = Scratch::new();
    let mut file = one_blocking_thread().block_on(read_ahead(&scratch, 2));
    type Operation = fn(&mut File);
    let operations: [Operation; 3] = [
        |file| drop(Pin::new(file).poll_write(&mut Context::from_waker(Waker::noop()), b"x")),
        |file| drop(Pin::new(file).start_seek(SeekFrom::Start(0))),
        |file| {
            let mut set_len = pin!(file.set_len(0));
            let _ = set_len
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
        },
    ];
    for operation in operations {
        catch_unwind(AssertUnwindSafe(|| operation(&mut file))).unwrap_err();
    }
    block_on(async {
        for expected in [Some(0), Some(1), None] {
            let byte = poll_fn(|cx| poll_byte(&mut file, cx)).await.unwrap();
            assert_eq!(byte, expected);
        }
    });
}
