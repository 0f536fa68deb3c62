//! **Do the functions on files and directories have tokio's shape?** Each does
//! what std's does, on the pool, and reports the same errors.

use std::collections::BTreeSet;
use std::io::{ErrorKind, SeekFrom};
use std::os::unix::fs::PermissionsExt;
use std::panic::{RefUnwindSafe, UnwindSafe};

use super::On;
use super::files::Scratch;
use super::rt;
use rt::fs::{self, DirBuilder, DirEntry, File, OpenOptions, ReadDir};
use rt::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, BufReader};

kolo_tests::tests! {
    everywhere: [
        api_fs_bounds,
        api_fs_whole_files,
        api_fs_errors_are_std_s,
        api_fs_directories,
        api_fs_dir_builder,
        api_fs_read_dir,
        api_fs_read_dir_of_many,
        api_fs_links,
        api_fs_rename_copy_remove,
        api_fs_permissions_and_times,
        api_fs_open_options,
        api_fs_file_write_then_read,
        api_fs_file_set_len_and_sync,
        api_fs_file_std_and_clone,
        api_fs_file_append_from_many_tasks,
        api_fs_file_through_buffers,
        api_fs_unflushed_bytes_are_written,
    ],
}

fn api_fs_bounds(_: On) {
    fn all<T: Send + Sync + Unpin>() {}
    fn safe<T: UnwindSafe + RefUnwindSafe>() {}
    fn send<T: Send>(_: &T) {}
    all::<File>();
    all::<OpenOptions>();
    all::<DirBuilder>();
    all::<DirEntry>();
    all::<ReadDir>();
    safe::<OpenOptions>();
    safe::<DirBuilder>();
    send(&fs::read("x"));
    send(&fs::write("x", "y"));
    send(&File::open("x"));
    send(&fs::read_dir("x"));
}

fn api_fs_whole_files(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let path = scratch.path("file");
        fs::write(&path, "text").await.unwrap();
        assert_eq!(fs::read(&path).await.unwrap(), b"text");
        assert_eq!(fs::read_to_string(&path).await.unwrap(), "text");
        fs::write(&path, vec![0xff]).await.unwrap();
        let error = fs::read_to_string(&path).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        let much: Vec<u8> = (0..5_000_000_u32).map(|i| i as u8).collect();
        fs::write(&path, &much).await.unwrap();
        assert!(fs::read(&path).await.unwrap() == much);
    });
}

fn api_fs_errors_are_std_s(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let none = scratch.path("none");
        let kinds = [
            fs::read(&none).await.unwrap_err().kind(),
            fs::metadata(&none).await.unwrap_err().kind(),
            fs::remove_file(&none).await.unwrap_err().kind(),
            fs::remove_dir(&none).await.unwrap_err().kind(),
            fs::read_dir(&none).await.unwrap_err().kind(),
            fs::rename(&none, &none).await.unwrap_err().kind(),
            fs::canonicalize(&none).await.unwrap_err().kind(),
            File::open(&none).await.unwrap_err().kind(),
        ];
        assert!(kinds.iter().all(|&kind| kind == ErrorKind::NotFound));
        assert!(!fs::try_exists(&none).await.unwrap());
        let error = fs::create_dir(scratch.path("")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    });
}

fn api_fs_directories(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let (parent, child) = (scratch.path("a"), scratch.path("a/b/c"));
        assert!(fs::create_dir(&child).await.is_err());
        fs::create_dir_all(&child).await.unwrap();
        fs::create_dir_all(&child).await.unwrap();
        assert!(fs::metadata(&child).await.unwrap().is_dir());
        let error = fs::remove_dir(&parent).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DirectoryNotEmpty);
        fs::remove_dir(&child).await.unwrap();
        fs::remove_dir_all(&parent).await.unwrap();
        assert!(!fs::try_exists(&parent).await.unwrap());
    });
}

fn api_fs_dir_builder(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let path = scratch.path("x/y");
        let mut builder = DirBuilder::new();
        assert!(builder.create(&path).await.is_err());
        builder.recursive(true).mode(0o700);
        builder.create(&path).await.unwrap();
        let mode = fs::metadata(&path).await.unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    });
}

fn api_fs_read_dir(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let file = scratch.file("file", "abc");
        fs::create_dir(scratch.path("dir")).await.unwrap();
        let mut entries = fs::read_dir(scratch.path("")).await.unwrap();
        let mut seen = BTreeSet::new();
        while let Some(entry) = entries.next_entry().await.unwrap() {
            let kind = entry.file_type().await.unwrap();
            let metadata = entry.metadata().await.unwrap();
            assert_eq!(
                (kind.is_dir(), kind.is_file()),
                (metadata.is_dir(), metadata.is_file())
            );
            if kind.is_file() {
                assert_eq!((entry.path(), metadata.len()), (file.clone(), 3));
            }
            seen.insert(entry.file_name().into_string().unwrap());
        }
        assert!(seen.iter().eq(["dir", "file"]));
        assert!(entries.next_entry().await.unwrap().is_none());
    });
}

fn api_fs_read_dir_of_many(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        for i in 0..300 {
            scratch.file(&i.to_string(), "");
        }
        let mut entries = fs::read_dir(scratch.path("")).await.unwrap();
        let mut seen = BTreeSet::new();
        while let Some(entry) = entries.next_entry().await.unwrap() {
            seen.insert(entry.file_name());
        }
        assert_eq!(seen.len(), 300);
    });
}

fn api_fs_links(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let (file, soft, hard) = (
            scratch.file("file", "abc"),
            scratch.path("soft"),
            scratch.path("hard"),
        );
        fs::symlink(&file, &soft).await.unwrap();
        fs::hard_link(&file, &hard).await.unwrap();
        assert_eq!(fs::read_link(&soft).await.unwrap(), file);
        assert!(fs::symlink_metadata(&soft).await.unwrap().is_symlink());
        assert!(fs::metadata(&soft).await.unwrap().is_file());
        let canonical = fs::canonicalize(&file).await.unwrap();
        assert_eq!(fs::canonicalize(&soft).await.unwrap(), canonical);
        fs::write(&hard, "new").await.unwrap();
        assert_eq!(fs::read(&soft).await.unwrap(), b"new");
    });
}

fn api_fs_rename_copy_remove(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let (one, two) = (scratch.file("one", "abc"), scratch.path("two"));
        assert_eq!(fs::copy(&one, &two).await.unwrap(), 3);
        fs::remove_file(&one).await.unwrap();
        fs::rename(&two, &one).await.unwrap();
        assert_eq!(fs::read(&one).await.unwrap(), b"abc");
        assert!(!fs::try_exists(&two).await.unwrap());
    });
}

fn api_fs_permissions_and_times(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let path = scratch.file("file", "abc");
        let mut permissions = fs::metadata(&path).await.unwrap().permissions();
        permissions.set_mode(0o640);
        fs::set_permissions(&path, permissions).await.unwrap();
        let file = File::open(&path).await.unwrap();
        let metadata = file.metadata().await.unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o640);
        file.set_permissions(PermissionsExt::from_mode(0o600))
            .await
            .unwrap();
        let mode = fs::metadata(&path).await.unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    });
}

fn api_fs_open_options(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let path = scratch.path("file");
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        drop(options.open(&path).await.unwrap());
        let error = options.open(&path).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        let mut file = OpenOptions::new().append(true).open(&path).await.unwrap();
        file.write_all(b"ab").await.unwrap();
        file.flush().await.unwrap();
        assert!(file.read(&mut [0; 8]).await.is_err());
        let mut file = File::options().read(true).open(&path).await.unwrap();
        file.write_all(b"x").await.unwrap();
        assert!(file.flush().await.is_err());
        let mut options = std::fs::OpenOptions::new();
        options.write(true).truncate(true);
        drop(OpenOptions::from(options).open(&path).await.unwrap());
        assert!(fs::read(&path).await.unwrap().is_empty());
    });
}

fn api_fs_file_write_then_read(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let path = scratch.path("file");
        let mut file = File::create_new(&path).await.unwrap();
        assert!(File::create_new(&path).await.is_err());
        file.write_all(b"0123456789").await.unwrap();
        file.seek(SeekFrom::Start(3)).await.unwrap();
        file.write_all(b"xyz").await.unwrap();
        assert_eq!(file.stream_position().await.unwrap(), 6);
        file.flush().await.unwrap();
        assert_eq!(fs::read(&path).await.unwrap(), b"012xyz6789");
        let mut file = File::open(&path).await.unwrap();
        let mut room = [0; 4];
        file.read_exact(&mut room).await.unwrap();
        assert_eq!(file.seek(SeekFrom::Current(-2)).await.unwrap(), 2);
        file.read_exact(&mut room).await.unwrap();
        assert_eq!(&room, b"2xyz");
        assert_eq!(file.seek(SeekFrom::End(0)).await.unwrap(), 10);
        assert_eq!(file.read(&mut room).await.unwrap(), 0);
        assert!(file.seek(SeekFrom::Current(-11)).await.is_err());
        file.rewind().await.unwrap();
        assert_eq!(file.read_u8().await.unwrap(), b'0');
    });
}

fn api_fs_file_set_len_and_sync(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let path = scratch.path("file");
        let mut file = File::create(&path).await.unwrap();
        file.write_all(b"0123456789").await.unwrap();
        file.set_len(4).await.unwrap();
        file.sync_all().await.unwrap();
        file.sync_data().await.unwrap();
        assert_eq!(file.metadata().await.unwrap().len(), 4);
        assert_eq!(fs::read(&path).await.unwrap(), b"0123");
    });
}

fn api_fs_file_std_and_clone(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let path = scratch.file("file", "abcdef");
        let mut file = File::from_std(std::fs::File::open(&path).unwrap());
        file.read_exact(&mut [0; 2]).await.unwrap();
        // A clone shares the position of the descriptor.
        let clone = file.try_clone().await.unwrap();
        let std = clone.into_std().await;
        assert_eq!(std.metadata().unwrap().len(), 6);
        let file: File = file.into_std().await.into();
        assert!(file.try_into_std().is_ok());
    });
}

fn api_fs_file_append_from_many_tasks(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let path = scratch.file("file", "");
        let tasks: Vec<_> = (0..20)
            .map(|i| {
                let path = path.clone();
                rt::spawn(async move {
                    let mut file = File::options().append(true).open(path).await.unwrap();
                    for _ in 0..10 {
                        file.write_all(format!("{i:03}\n").as_bytes())
                            .await
                            .unwrap();
                        file.flush().await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let all = fs::read_to_string(&path).await.unwrap();
        for i in 0..20 {
            let line = format!("{i:03}");
            assert_eq!(all.lines().filter(|l| *l == line).count(), 10);
        }
        assert_eq!(all.len(), 800);
    });
}

fn api_fs_file_through_buffers(on: On) {
    on.run(async {
        let scratch = Scratch::new();
        let text: String = (0..10_000).map(|i| format!("line {i}\n")).collect();
        let path = scratch.file("file", &text);
        let mut reader = BufReader::new(File::open(&path).await.unwrap());
        let mut copy = File::create(scratch.path("copy")).await.unwrap();
        let copied = rt::io::copy_buf(&mut reader, &mut copy).await.unwrap();
        copy.flush().await.unwrap();
        assert_eq!(copied, text.len() as u64);
        assert!(fs::read_to_string(scratch.path("copy")).await.unwrap() == text);
    });
}

/// What was taken over is written, though nobody waited for it.
fn api_fs_unflushed_bytes_are_written(on: On) {
    let scratch = Scratch::new();
    let path = scratch.path("file");
    on.run(async {
        let mut file = File::create(&path).await.unwrap();
        file.write_all(b"not flushed").await.unwrap();
    });
    // The runtime has waited for its pool.
    assert_eq!(std::fs::read(&path).unwrap(), b"not flushed");
}
