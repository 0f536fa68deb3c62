//! **What becomes of a file whose runtime goes?** What was taken over is written;
//! what comes after fails, and spoils nothing.

use std::future::Future;
use std::io::{self, ErrorKind, SeekFrom};
use std::pin::pin;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;

use kolo_tests::on_drop;

use super::On;
use super::files::{Scratch, flush, hold_pool, one_blocking_thread, read, seek, write};
use super::rt;
use rt::fs::{self, File, OpenOptions};

kolo_tests::tests! {
    everywhere: [
        p06_write_taken_over_before_shutdown_is_done,
        p08_files_stay_usable,
        p08_file_functions_say_so,
    ],
}

fn at_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

fn p06_write_taken_over_before_shutdown_is_done(on: On) {
    let scratch = Scratch::new();
    let runtime = one_blocking_thread(on);
    // The pool is held until the runtime has begun to drop its tasks.
    let (shuts_down, shutdown) = mpsc::channel::<()>();
    let held = runtime.block_on(async {
        rt::spawn(async move {
            let _guard = on_drop(move || drop(shuts_down));
            std::future::pending::<()>().await;
        });
        let mut file = File::create(scratch.path("file")).await.unwrap();
        let held = hold_pool();
        assert_eq!(at_once(write(&mut file, b"ab")).unwrap().unwrap(), 2);
        held
    });
    let release = thread::spawn(move || {
        let _ = shutdown.recv();
        drop(held);
    });
    drop(runtime);
    release.join().unwrap();
    assert_eq!(std::fs::read(scratch.path("file")).unwrap(), b"ab");
}

#[derive(Clone, Copy, Debug)]
enum Operation {
    Read,
    Write,
    Flush,
    Seek,
    SetLen,
    Sync,
}

async fn apply(operation: Operation, file: &mut File) -> io::Result<()> {
    match operation {
        Operation::Read => read(file, 8).await.map(drop),
        Operation::Write => write(file, b"z").await.map(drop),
        Operation::Flush => flush(file).await,
        Operation::Seek => seek(file, SeekFrom::Start(1)).await.map(drop),
        Operation::SetLen => file.set_len(4).await,
        Operation::Sync => file.sync_all().await,
    }
}

/// Any two operations fail on a pool that is gone, and a third on another runtime works.
fn p08_files_stay_usable(on: On) {
    use Operation::*;
    let scratch = Scratch::new();
    let path = scratch.file("file", "abcd");
    let gone = on.runtime().handle().clone();
    let here = on.runtime();
    for first in [Read, Write, Seek, SetLen, Sync] {
        for second in [Read, Write, Flush, Seek, SetLen, Sync] {
            let mut options = std::fs::File::options();
            let std = options.read(true).write(true).open(&path).unwrap();
            let mut file = File::from_std(std);
            gone.block_on(async {
                let failed = apply(first, &mut file).await;
                assert_eq!(failed.unwrap_err().kind(), ErrorKind::Other, "{first:?}");
                let failed = apply(second, &mut file).await;
                // An error is told once, and an idle file has nothing to flush.
                assert!(failed.is_err() || matches!(second, Flush));
            });
            here.block_on(async {
                let _ = flush(&mut file).await;
                seek(&mut file, SeekFrom::Start(0)).await.unwrap();
                assert_eq!(read(&mut file, 8).await.unwrap(), b"abcd");
            });
        }
    }
}

fn p08_file_functions_say_so(on: On) {
    let scratch = Scratch::new();
    let path = scratch.file("file", "abcd");
    let gone = on.runtime().handle().clone();
    gone.block_on(async {
        let failed = [
            fs::read_to_string(&path).await.map(drop),
            fs::write(&path, "new").await,
            fs::remove_file(&path).await,
            fs::read_dir(scratch.path("")).await.map(drop),
            OpenOptions::new().read(true).open(&path).await.map(drop),
        ];
        for result in failed {
            let error = result.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Other);
            assert_eq!(error.to_string(), "background task failed");
        }
    });
    assert_eq!(std::fs::read(&path).unwrap(), b"abcd");
}
