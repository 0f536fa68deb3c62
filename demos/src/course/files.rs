//! **What does a file have to do with a loop?** Nothing, says the kernel: it tells when a
//! socket is ready, and calls a file always ready, even if the disk then takes its time.
//! So a library that awaits files (aiofiles in the course, `fs` in a runtime) has each
//! call made by a thread that may block, and the task waits for that thread.
//!
//! ```text
//! $ demos run files
//!
//! ── synchronous ──
//! 200 files of 16,384 bytes, one after the other, to the disk and back.
//!  -- wrote 200 files in 0.7631 sec., 3815 µs each
//!  +++ read 200 files in 0.0040 sec., 20 µs each
//! ── at once, kolo-current ──
//!  -- wrote 200 files in 0.0397 sec., 198 µs each
//!  +++ read 200 files in 0.0124 sec., 62 µs each
//! ```
//!
//! Written at once, the files wait for the disk together, and it has them all in a few
//! rounds. Read, they come out of memory, nothing waits, and the way to a thread and
//! back is all that await adds: there the plain thread is ahead.
//!
//! Read next: `../files.rs`, the files; `../scratch.rs`, how they go away again.

use std::fs;
use std::io::{self, Write};

use super::{new_loop, rt};
use crate::files::{Sheet, Shelf};
use crate::stage::Stage;
use rt::io::AsyncWriteExt;

// The synchronous version: the thread waits for the disk, file by file.

fn write_synchronously(sheet: &Sheet) -> io::Result<()> {
    let mut file = fs::File::create(&sheet.path)?;
    file.write_all(&sheet.contents())?;
    if sheet.synced {
        file.sync_all()?;
    }
    Ok(())
}

pub(crate) fn synchronous(stage: &Stage) -> io::Result<()> {
    let shelf = Shelf::new(stage)?;
    let began = shelf.begin("one after the other");
    for sheet in shelf.sheets() {
        write_synchronously(&sheet).map_err(|error| sheet.not_written(error))?;
    }
    let reading = shelf.written(began);
    let mut intact = 0;
    for sheet in shelf.sheets() {
        let read = fs::read(&sheet.path).map_err(|error| sheet.not_read(error))?;
        intact += u64::from(sheet.says(&read));
    }
    shelf.read(began, reading, intact);
    Ok(())
}

// The same with await.

async fn write(sheet: &Sheet) -> io::Result<()> {
    let mut file = rt::fs::File::create(&sheet.path).await?;
    file.write_all(&sheet.contents()).await?;
    file.flush().await?; // until then a thread may still be writing
    if sheet.synced {
        file.sync_all().await?;
    }
    Ok(())
}

async fn save(sheet: Sheet) -> io::Result<()> {
    let written = write(&sheet).await;
    written.map_err(|error| sheet.not_written(error))
}

/// Reads it; one, if it is as it was written.
async fn load(sheet: Sheet) -> io::Result<u64> {
    let read = rt::fs::read(&sheet.path).await;
    let read = read.map_err(|error| sheet.not_read(error))?;
    Ok(sheet.says(&read).into())
}

pub(crate) fn one_by_one(stage: &Stage) -> io::Result<()> {
    let shelf = Shelf::new(stage)?;
    let event_loop = new_loop(stage.threads())?;
    let (began, reading, intact) = event_loop.block_on(async {
        let began = shelf.begin("one after the other");
        for sheet in shelf.sheets() {
            save(sheet).await?;
        }
        let reading = shelf.written(began);
        let mut intact = 0;
        for sheet in shelf.sheets() {
            intact += load(sheet).await?;
        }
        io::Result::Ok((began, reading, intact))
    })?;
    shelf.read(began, reading, intact);
    Ok(())
}

// All at once: a task for each file, and only then the waiting.

pub(crate) fn at_once(stage: &Stage) -> io::Result<()> {
    let shelf = Shelf::new(stage)?;
    let event_loop = new_loop(stage.threads())?;
    let (began, reading, intact) = event_loop.block_on(async {
        let began = shelf.begin("all at once");
        let saving: Vec<_> = shelf.sheets().map(|sheet| rt::spawn(save(sheet))).collect();
        for task in saving {
            task.await.expect("a file does not panic")?;
        }
        let reading = shelf.written(began);
        let loading: Vec<_> = shelf.sheets().map(|sheet| rt::spawn(load(sheet))).collect();
        let mut intact = 0;
        for task in loading {
            intact += task.await.expect("a file does not panic")?;
        }
        io::Result::Ok((began, reading, intact))
    })?;
    shelf.read(began, reading, intact);
    Ok(())
}
