//! **What is a pool of processes?** This binary again, several times, each fed by a
//! thread of ours through a pipe: `ProcessPoolExecutor`. Nothing is shared, and so an
//! errand and its reply are packed: a line of JSON each.
//!
//! Invariants: a worker has at most one errand; a worker that ended is waited for by
//! its feeder before the errand's ticket learns of it, so that no zombie is there to be
//! seen. Workers are in a process group of their own each: a terminal's Ctrl-C is for
//! this process, and they end when their standard input does, which is also how they
//! learn that this process was killed.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use super::worker::{WORKER, Word};
use super::{Call, Gone, Inlet, Outlet, Pool, Reply, Roll, lock};

pub(crate) struct ProcessPool {
    /// Dropped first, which ends the feeders whose workers are idle.
    inlet: Option<Inlet>,
    workers: Vec<Worker>,
}

/// A worker process, and the thread that feeds it.
struct Worker {
    child: Arc<Mutex<Child>>,
    feeder: Option<JoinHandle<()>>,
}

impl Pool for ProcessPool {
    fn start(workers: usize, roll: &Arc<Roll>) -> io::Result<Self> {
        let (inlet, outlet) = super::queue();
        let mut pool = Self {
            inlet: Some(inlet),
            workers: Vec::new(),
        };
        for number in 1..=workers {
            let worker = Worker::start(number, outlet.clone(), roll.clone());
            let worker = worker.map_err(|error| {
                let line = format!("can't start a worker process: {error}");
                io::Error::new(error.kind(), line)
            })?;
            pool.workers.push(worker);
        }
        Ok(pool)
    }

    fn hand(&self, call: Call) {
        let inlet = self.inlet.as_ref();
        inlet.expect("open until dropped").hand(call);
    }
}

impl Drop for ProcessPool {
    fn drop(&mut self) {
        drop(self.inlet.take());
        // Their feeders see the end of the pipe, and wait for them.
        self.workers.clear();
    }
}

impl Worker {
    fn start(number: usize, outlet: Outlet, roll: Arc<Roll>) -> io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args([WORKER, &format!("Process-{number}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let mut line = Line {
            orders: child.stdin.take().expect("a pipe"),
            words: BufReader::new(child.stdout.take().expect("a pipe")),
        };
        let pid = child.id();
        let child = Arc::new(Mutex::new(child));
        let mut worker = Self {
            child: child.clone(),
            feeder: None,
        };
        let feed = move || {
            while let Some(call) = outlet.next() {
                match line.ask(&call, &roll) {
                    Ok(reply) => call.answer(Ok(reply)),
                    Err(_) => {
                        if let Ok(status) = end(&child) {
                            call.answer(Err(Gone::Ended { pid, status }));
                        }
                        return;
                    }
                }
            }
        };
        let feeder = thread::Builder::new().name(format!("feeder {number}"));
        worker.feeder = Some(feeder.spawn(feed)?);
        Ok(worker)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It has nothing to tidy up, and nobody wants what it still does.
        let _ = end(&self.child);
        if let Some(feeder) = self.feeder.take() {
            let _ = feeder.join();
        }
    }
}

/// Ends a worker, or learns how it ended by itself: whichever was first.
fn end(child: &Mutex<Child>) -> io::Result<ExitStatus> {
    let mut child = lock(child);
    child.kill()?;
    child.wait()
}

/// The pipes to a worker and back.
struct Line {
    orders: ChildStdin,
    words: BufReader<ChildStdout>,
}

impl Line {
    /// Gives the worker an errand, and waits for its reply.
    ///
    /// # Errors
    ///
    /// When the worker is gone, or says what no worker would.
    fn ask(&mut self, call: &Call, roll: &Roll) -> io::Result<Reply> {
        let mut order = serde_json::to_string(&call.errand)?;
        order.push('\n');
        self.orders.write_all(order.as_bytes())?;
        let mut word = String::new();
        loop {
            word.clear();
            if self.words.read_line(&mut word)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            match serde_json::from_str(&word)? {
                Word::Begun(whom) => roll.begun(&call.errand, whom),
                Word::Done(reply) => return Ok(reply),
            }
        }
    }
}
