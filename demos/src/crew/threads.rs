//! **What is a pool of threads?** Threads that take errands from one queue until it is
//! closed: `ThreadPoolExecutor`. They share the memory of the process, and so nothing
//! has to be packed; and in Python they share its lock too.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use super::{Call, Inlet, Pool, Roll, Whom};

pub(crate) struct ThreadPool {
    /// Dropped first, which ends the threads.
    inlet: Option<Inlet>,
    threads: Vec<JoinHandle<()>>,
}

impl Pool for ThreadPool {
    fn start(workers: usize, roll: &Arc<Roll>) -> io::Result<Self> {
        let (inlet, outlet) = super::queue();
        let mut pool = Self {
            inlet: Some(inlet),
            threads: Vec::new(),
        };
        for number in 1..=workers {
            let (outlet, roll) = (outlet.clone(), roll.clone());
            let work = move || {
                while let Some(call) = outlet.next() {
                    roll.begun(&call.errand, Whom::here());
                    let reply = call.errand.run();
                    call.answer(Ok(reply));
                }
            };
            let thread = thread::Builder::new().name(format!("Thread-{number}"));
            let thread = thread.spawn(work).map_err(|error| {
                io::Error::new(error.kind(), format!("can't start a thread: {error}"))
            })?;
            pool.threads.push(thread);
        }
        Ok(pool)
    }

    fn hand(&self, call: Call) {
        let inlet = self.inlet.as_ref();
        inlet.expect("open until dropped").hand(call);
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        drop(self.inlet.take());
        for thread in self.threads.drain(..) {
            // One that panicked has dropped its call, and the ticket has said so.
            let _ = thread.join();
        }
    }
}
