//! **When is a file's operation done, and what does the next one find?** Buffered
//! writes and their errors, reads ahead, and what is done about them.

use std::fs::File as StdFile;
use std::future::Future;
use std::io::{ErrorKind, IoSlice, SeekFrom};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use kolo_tests::caught;

use super::On;
use super::files::{Scratch, flush, hold_pool, one_blocking_thread, read, seek, write};
use super::rt;
use rt::fs::{File, FileTimes, OpenOptions};
use rt::io::{AsyncSeek, AsyncWrite};

kolo_tests::tests! {
    everywhere: [
        api_file_write_then_read,
        api_file_write_vectored,
        api_file_appends,
        api_file_read_at_the_end_and_beyond,
        api_file_empty_read_is_no_end,
        api_file_write_is_ready_before_it_is_done,
        api_file_shutdown_flushes,
        api_file_drop_does_not_wait_and_the_write_is_done,
        api_file_read_ahead_comes_first,
        api_file_read_ahead_is_undone_by_a_write,
        api_file_read_ahead_is_undone_by_a_seek,
        api_file_read_ahead_is_undone_by_set_len,
        api_file_read_ahead_survives_a_flush,
        api_file_write_error_comes_with_the_next_write_or_flush,
        api_file_read_error_leaves_it_usable,
        api_file_seek_while_busy,
        api_file_seek_error_leaves_the_position,
        api_file_sync_comes_after_the_write,
        api_file_into_std,
        api_file_try_into_std,
        api_file_clone_shares_the_position,
        api_file_set_len,
        api_file_max_buf_size,
        api_file_max_buf_size_zero,
        api_file_metadata_permissions_times,
        api_file_descriptors,
        api_file_outside_of_a_runtime,
        api_file_usable_after_a_panic,
    ],
}

async fn open_both(path: impl AsRef<Path>) -> File {
    let mut options = OpenOptions::new();
    options.read(true).write(true).open(path).await.unwrap()
}

/// Polls once, and drops what is not ready.
fn at_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// A file of ten digits, eight of them read by a read that nobody awaited.
async fn read_ahead(scratch: &Scratch) -> File {
    let mut file = open_both(scratch.file("digits", "0123456789")).await;
    let held = hold_pool();
    assert!(at_once(read(&mut file, 8)).is_none());
    drop(held);
    file
}

fn api_file_write_then_read(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let path = scratch.path("file");
        let mut file = File::create_new(&path).await.unwrap();
        assert_eq!(write(&mut file, b"hello").await.unwrap(), 5);
        assert_eq!(write(&mut file, b" world").await.unwrap(), 6);
        flush(&mut file).await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"hello world");
        assert_eq!(seek(&mut file, SeekFrom::Start(6)).await.unwrap(), 6);
        assert_eq!(read(&mut file, 100).await.unwrap(), b"world");

        let there = File::create_new(&path).await.unwrap_err();
        assert_eq!(there.kind(), ErrorKind::AlreadyExists);
        let mut opened = File::open(&path).await.unwrap();
        assert_eq!(read(&mut opened, 5).await.unwrap(), b"hello");
        drop(File::create(&path).await.unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"");
        let missing = File::open(scratch.path("none")).await.unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::NotFound);
    });
}

fn api_file_write_vectored(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let mut file = File::create(scratch.path("file")).await.unwrap();
        assert!(file.is_write_vectored());
        file.set_max_buf_size(7);
        let parts = [b"abc", b"def", b"ghi"].map(|part| IoSlice::new(part));
        let n = std::future::poll_fn(|cx| Pin::new(&mut file).poll_write_vectored(cx, &parts));
        assert_eq!(n.await.unwrap(), 7);
        flush(&mut file).await.unwrap();
        assert_eq!(std::fs::read(scratch.path("file")).unwrap(), b"abcdefg");
    });
}

fn api_file_appends(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let path = scratch.file("log", "one ");
        let mut options = OpenOptions::from(StdFile::options());
        let mut file = options.read(true).append(true).open(&path).await.unwrap();
        assert_eq!(read(&mut file, 2).await.unwrap(), b"on");
        write(&mut file, b"two").await.unwrap();
        flush(&mut file).await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"one two");
    });
}

fn api_file_read_at_the_end_and_beyond(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let path = scratch.file("file", "ab");
        let mut file = File::open(&path).await.unwrap();
        assert_eq!(read(&mut file, 8).await.unwrap(), b"ab");
        assert_eq!(read(&mut file, 8).await.unwrap(), b"");
        std::fs::write(&path, "abcd").unwrap();
        assert_eq!(read(&mut file, 8).await.unwrap(), b"cd");
    });
}

fn api_file_empty_read_is_no_end(on: On) {
    one_blocking_thread(on).block_on(async {
        let scratch = Scratch::new();
        let mut file = File::open(scratch.file("file", "ab")).await.unwrap();
        let held = hold_pool();
        assert_eq!(at_once(read(&mut file, 0)).unwrap().unwrap(), b"");
        drop(held);
        assert_eq!(read(&mut file, 8).await.unwrap(), b"ab");
    });
}

fn api_file_write_is_ready_before_it_is_done(on: On) {
    one_blocking_thread(on).block_on(async {
        let scratch = Scratch::new();
        let path = scratch.path("file");
        let mut file = File::create(&path).await.unwrap();
        let held = hold_pool();
        assert_eq!(at_once(write(&mut file, b"ab")).unwrap().unwrap(), 2);
        assert_eq!(std::fs::read(&path).unwrap(), b"");
        // One at a time: the next write waits, and so does a flush.
        assert!(at_once(write(&mut file, b"--")).is_none());
        assert!(at_once(flush(&mut file)).is_none());
        drop(held);
        flush(&mut file).await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"ab");
        at_once(flush(&mut file)).unwrap().unwrap();
    });
}

fn api_file_shutdown_flushes(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let mut file = File::create(scratch.path("file")).await.unwrap();
        write(&mut file, b"ab").await.unwrap();
        std::future::poll_fn(|cx| Pin::new(&mut file).poll_shutdown(cx))
            .await
            .unwrap();
        assert_eq!(std::fs::read(scratch.path("file")).unwrap(), b"ab");
    });
}

fn api_file_drop_does_not_wait_and_the_write_is_done(on: On) {
    one_blocking_thread(on).block_on(async {
        let scratch = Scratch::new();
        let mut file = File::create(scratch.path("file")).await.unwrap();
        let held = hold_pool();
        at_once(write(&mut file, b"ab")).unwrap().unwrap();
        drop(file);
        assert_eq!(std::fs::read(scratch.path("file")).unwrap(), b"");
        drop(held);
        // The pool's one thread comes to this after the write.
        rt::task::spawn_blocking(|| ()).await.unwrap();
        assert_eq!(std::fs::read(scratch.path("file")).unwrap(), b"ab");
    });
}

fn api_file_read_ahead_comes_first(on: On) {
    one_blocking_thread(on).block_on(async {
        let scratch = Scratch::new();
        let mut file = read_ahead(&scratch).await;
        assert_eq!(read(&mut file, 3).await.unwrap(), b"012");
        // What is at hand, and no more, without the pool.
        let held = hold_pool();
        assert_eq!(at_once(read(&mut file, 9)).unwrap().unwrap(), b"34567");
        drop(held);
        assert_eq!(read(&mut file, 9).await.unwrap(), b"89");
    });
}

fn api_file_read_ahead_is_undone_by_a_write(on: On) {
    for handed_out in [0, 3, 8] {
        one_blocking_thread(on).block_on(async {
            let scratch = Scratch::new();
            let mut file = read_ahead(&scratch).await;
            if handed_out > 0 {
                read(&mut file, handed_out).await.unwrap();
            }
            write(&mut file, b"XY").await.unwrap();
            flush(&mut file).await.unwrap();
            let mut expected = b"0123456789".to_vec();
            expected[handed_out..handed_out + 2].copy_from_slice(b"XY");
            assert_eq!(std::fs::read(scratch.path("digits")).unwrap(), expected);
            let rest = read(&mut file, 10).await.unwrap();
            assert_eq!(rest, expected[handed_out + 2..]);
        });
    }
}

fn api_file_read_ahead_is_undone_by_a_seek(on: On) {
    for (to, expected) in [
        (SeekFrom::Start(1), 1),
        (SeekFrom::Current(0), 3),
        (SeekFrom::Current(2), 5),
        (SeekFrom::Current(-2), 1),
        (SeekFrom::End(-1), 9),
    ] {
        one_blocking_thread(on).block_on(async {
            let scratch = Scratch::new();
            let mut file = read_ahead(&scratch).await;
            read(&mut file, 3).await.unwrap();
            assert_eq!(seek(&mut file, to).await.unwrap(), expected, "{to:?}");
            let next = read(&mut file, 1).await.unwrap();
            assert_eq!(next, [b'0' + expected as u8], "{to:?}");
        });
    }
}

fn api_file_read_ahead_is_undone_by_set_len(on: On) {
    one_blocking_thread(on).block_on(async {
        let scratch = Scratch::new();
        let mut file = read_ahead(&scratch).await;
        assert_eq!(read(&mut file, 3).await.unwrap(), b"012");
        file.set_len(5).await.unwrap();
        assert_eq!(read(&mut file, 9).await.unwrap(), b"34");
    });
}

fn api_file_read_ahead_survives_a_flush(on: On) {
    one_blocking_thread(on).block_on(async {
        let scratch = Scratch::new();
        let mut file = read_ahead(&scratch).await;
        flush(&mut file).await.unwrap();
        file.sync_all().await.unwrap();
        assert_eq!(read(&mut file, 9).await.unwrap(), b"01234567");
    });
}

/// What comes between a write that fails and the operation that says so.
#[derive(Clone, Copy, Debug)]
enum Between {
    Nothing,
    Read,
    Seek,
    Sync,
    Clone,
}

fn api_file_write_error_comes_with_the_next_write_or_flush(on: On) {
    use Between::*;
    for between in [Nothing, Read, Seek, Sync, Clone] {
        for by_flush in [false, true] {
            on.run(async {
                let mut file = open_both("/dev/full").await;
                assert_eq!(write(&mut file, b"ab").await.unwrap(), 2);
                match between {
                    Nothing => {}
                    Read => assert_eq!(read(&mut file, 2).await.unwrap(), [0, 0]),
                    Seek => assert_eq!(seek(&mut file, SeekFrom::Start(0)).await.unwrap(), 0),
                    // A device has nothing to sync, which may be an error of its own.
                    Sync => drop(file.sync_all().await),
                    Clone => {
                        let mut clone = file.try_clone().await.unwrap();
                        flush(&mut clone).await.unwrap();
                    }
                }
                let error = match by_flush {
                    false => write(&mut file, b"ab").await.unwrap_err(),
                    true => flush(&mut file).await.unwrap_err(),
                };
                assert_eq!(
                    error.kind(),
                    ErrorKind::StorageFull,
                    "{between:?} {by_flush}"
                );
                // Once.
                flush(&mut file).await.unwrap();
                assert_eq!(write(&mut file, b"ab").await.unwrap(), 2);
                flush(&mut file).await.unwrap_err();
            });
        }
    }
}

fn api_file_read_error_leaves_it_usable(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let mut file = File::create(scratch.path("file")).await.unwrap();
        for _ in 0..2 {
            let refused = read(&mut file, 8).await.unwrap_err();
            assert_eq!(refused.raw_os_error(), Some(9), "not open for reading");
        }
        write(&mut file, b"ab").await.unwrap();
        flush(&mut file).await.unwrap();
        assert_eq!(std::fs::read(scratch.path("file")).unwrap(), b"ab");
    });
}

fn api_file_seek_while_busy(on: On) {
    one_blocking_thread(on).block_on(async {
        let scratch = Scratch::new();
        let mut file = open_both(scratch.file("file", "abcd")).await;
        let held = hold_pool();
        at_once(write(&mut file, b"XY")).unwrap().unwrap();
        let refused = Pin::new(&mut file).start_seek(SeekFrom::Start(1));
        assert_eq!(
            refused.unwrap_err().to_string(),
            "other file operation is pending, call poll_complete before start_seek"
        );
        drop(held);
        assert_eq!(seek(&mut file, SeekFrom::Start(1)).await.unwrap(), 1);
        assert_eq!(read(&mut file, 8).await.unwrap(), b"Ycd");
    });
}

fn api_file_seek_error_leaves_the_position(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let mut file = File::open(scratch.file("file", "abcd")).await.unwrap();
        assert_eq!(read(&mut file, 1).await.unwrap(), b"a");
        let before_it = seek(&mut file, SeekFrom::Current(-2)).await.unwrap_err();
        assert_eq!(before_it.kind(), ErrorKind::InvalidInput);
        assert_eq!(read(&mut file, 1).await.unwrap(), b"b");
    });
}

fn api_file_sync_comes_after_the_write(on: On) {
    one_blocking_thread(on).block_on(async {
        let scratch = Scratch::new();
        let mut file = File::create(scratch.path("file")).await.unwrap();
        for sync_data in [false, true] {
            let held = hold_pool();
            at_once(write(&mut file, b"ab")).unwrap().unwrap();
            let mut sync = pin!(async {
                match sync_data {
                    false => file.sync_all().await,
                    true => file.sync_data().await,
                }
            });
            assert!(at_once(sync.as_mut()).is_none());
            drop(held);
            sync.await.unwrap();
            let written = 2 * (1 + u64::from(sync_data));
            assert_eq!(file.metadata().await.unwrap().len(), written);
        }
    });
}

fn api_file_into_std(on: On) {
    one_blocking_thread(on).block_on(async {
        let scratch = Scratch::new();
        let mut file = File::create(scratch.path("file")).await.unwrap();
        let held = hold_pool();
        at_once(write(&mut file, b"ab")).unwrap().unwrap();
        let mut into_std = pin!(file.into_std());
        assert!(at_once(into_std.as_mut()).is_none());
        drop(held);
        let mut std = into_std.await;
        std::io::Write::write_all(&mut std, b"cd").unwrap();
        assert_eq!(std::fs::read(scratch.path("file")).unwrap(), b"abcd");
    });
}

fn api_file_try_into_std(on: On) {
    one_blocking_thread(on).block_on(async {
        let scratch = Scratch::new();
        let mut file = File::create(scratch.path("file")).await.unwrap();
        let held = hold_pool();
        at_once(write(&mut file, b"ab")).unwrap().unwrap();
        let mut file = file.try_into_std().unwrap_err();
        drop(held);
        flush(&mut file).await.unwrap();
        let mut std = file.try_into_std().unwrap();
        std::io::Write::write_all(&mut std, b"cd").unwrap();
        assert_eq!(std::fs::read(scratch.path("file")).unwrap(), b"abcd");
    });
}

fn api_file_clone_shares_the_position(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let mut file = open_both(scratch.file("file", "abcd")).await;
        let mut clone = file.try_clone().await.unwrap();
        assert_eq!(read(&mut file, 1).await.unwrap(), b"a");
        assert_eq!(read(&mut clone, 1).await.unwrap(), b"b");
        write(&mut file, b"X").await.unwrap();
        drop(file.try_clone().await.unwrap()); // after the write
        assert_eq!(read(&mut clone, 1).await.unwrap(), b"d");
        assert_eq!(std::fs::read(scratch.path("file")).unwrap(), b"abXd");
    });
}

fn api_file_set_len(on: On) {
    one_blocking_thread(on).block_on(async {
        let scratch = Scratch::new();
        let path = scratch.path("file");
        let mut file = File::create(&path).await.unwrap();
        // After the write, however it came to be awaited.
        let held = hold_pool();
        at_once(write(&mut file, b"abcd")).unwrap().unwrap();
        assert!(at_once(file.set_len(2)).is_none());
        drop(held);
        file.set_len(3).await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"abc");
        file.set_len(5).await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"abc\0\0");
        write(&mut file, b"e").await.unwrap();
        flush(&mut file).await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"abc\0e");
        let readable = File::open(&path).await.unwrap();
        let refused = readable.set_len(0).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput);
        readable.sync_all().await.unwrap();
    });
}

fn api_file_max_buf_size(on: On) {
    on.run(async {
        const DEFAULT: usize = 2 * 1024 * 1024;
        let scratch = Scratch::new();
        let path = scratch.path("file");
        let mut file = File::create_new(&path).await.unwrap();
        assert_eq!(file.max_buf_size(), DEFAULT);
        let bytes = vec![b'x'; DEFAULT + 1];
        assert_eq!(write(&mut file, &bytes).await.unwrap(), DEFAULT);
        flush(&mut file).await.unwrap();
        seek(&mut file, SeekFrom::Start(0)).await.unwrap();
        let read_back = read(&mut file, DEFAULT + 1).await.unwrap();
        assert!(read_back == bytes[1..], "2 MiB of x");

        file.set_max_buf_size(3);
        assert_eq!(write(&mut file, b"abcd").await.unwrap(), 3);
        flush(&mut file).await.unwrap();
        let mut clone = file.try_clone().await.unwrap();
        assert_eq!(clone.max_buf_size(), 3);
        assert_eq!(
            seek(&mut clone, SeekFrom::End(-4)).await.unwrap(),
            2 * 1024 * 1024 - 1
        );
        assert_eq!(read(&mut clone, 4).await.unwrap(), b"xab");
        assert_eq!(read(&mut clone, 4).await.unwrap(), b"c");
    });
}

fn api_file_max_buf_size_zero(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let mut file = File::create(scratch.path("file")).await.unwrap();
        caught(|| file.set_max_buf_size(0)).says(&["`max_buf_size` must be greater than 0"]);
    });
}

fn api_file_metadata_permissions_times(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let mut file = File::create(scratch.path("file")).await.unwrap();
        let mut permissions = file.metadata().await.unwrap().permissions();
        permissions.set_mode(0o600);
        file.set_permissions(permissions).await.unwrap();
        let mode = file.metadata().await.unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);

        let [accessed, modified] = [1_600_000_000, 1_500_000_000]
            .map(|seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
        let times = FileTimes::new()
            .set_accessed(accessed)
            .set_modified(modified);
        write(&mut file, b"ab").await.unwrap(); // before the times are set
        file.set_times(times).await.unwrap();
        let metadata = file.metadata().await.unwrap();
        assert_eq!(metadata.len(), 2);
        assert_eq!(metadata.accessed().unwrap(), accessed);
        assert_eq!(metadata.modified().unwrap(), modified);
        file.set_modified(accessed).await.unwrap();
        let metadata = file.metadata().await.unwrap();
        assert_eq!(metadata.modified().unwrap(), accessed);
    });
}

fn api_file_descriptors(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let path = scratch.file("file", "abcd");
        let file = File::from(StdFile::open(&path).unwrap());
        assert_eq!(file.as_fd().as_raw_fd(), file.as_raw_fd());
        let fd = file.into_std().await.into_raw_fd();
        // SAFETY: the descriptor was just given away.
        let mut file = unsafe { File::from_raw_fd(fd) };
        assert_eq!(read(&mut file, 2).await.unwrap(), b"ab");
        let owned = OwnedFd::from(file.try_into_std().unwrap());
        let mut file = File::from(owned);
        assert_eq!(file.as_raw_fd(), fd);
        assert_eq!(read(&mut file, 2).await.unwrap(), b"cd");
    });
}

fn api_file_outside_of_a_runtime(_: On) {
    let scratch = Scratch::new();
    let path = scratch.file("file", "abcd");
    let mut file = File::from_std(StdFile::open(&path).unwrap());
    const SAYS: &str = "must be called from the context of a Tokio 1.x runtime";
    caught(|| at_once(File::open(&path))).says(&[SAYS]);
    caught(|| at_once(read(&mut file, 4))).says(&[SAYS]);
}

fn api_file_usable_after_a_panic(on: On) {
    let scratch = Scratch::new();
    let path = scratch.file("file", "abcd");
    let mut file = File::from_std(StdFile::open(&path).unwrap());
    caught(|| at_once(read(&mut file, 4))).says(&[]);
    on.run(async {
        assert_eq!(read(&mut file, 4).await.unwrap(), b"abcd");
    });
}
