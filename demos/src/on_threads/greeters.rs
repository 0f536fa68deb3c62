//! **How does a thread join another, and not for ever?** std has no such join, and nobody
//! can end a thread from outside. Both are messages here: the greeter holds an end of
//! a channel while it runs, and main holds an end of another while the greeter may stay.
//! Nothing is ever sent: that the other end is dropped is the message, and it comes even
//! from a thread that panics.
//!
//! The mirror image is `../course/greeters.rs`, for tasks.

use std::convert::Infallible;
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Instant;

use crate::greeting::{A_SECOND, Ending, GREETERS, Meanwhile};
use crate::stage::Stage;

struct Greeter {
    name: &'static str,
    thread: thread::JoinHandle<Ending>,
    /// The thread holds the other end while it runs.
    running: Receiver<Infallible>,
    /// Dropped, it asks the thread to leave.
    stay: Sender<Infallible>,
}

fn greet(name: &str, times: u64, stage: &Stage, stay: &Receiver<Infallible>) -> Ending {
    for n in 0..times {
        stage.plain(format_args!("{n}. Hello there {name}"));
        // time.sleep(1), for somebody who can still be asked to leave.
        match stay.recv_timeout(stage.wait(A_SECOND)) {
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ending::CutShort,
        }
    }
    Ending::Greeted(times)
}

impl Greeter {
    fn start(name: &'static str, times: u64, stage: &Stage) -> io::Result<Self> {
        let (runs, running) = channel();
        let (stay, asked) = channel();
        let stage = stage.clone();
        let body = move || {
            let _runs = runs;
            greet(name, times, &stage, &asked)
        };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(body)?;
        Ok(Self {
            name,
            thread,
            running,
            stay,
        })
    }

    /// `thread.join(timeout=1)`: whether it has ended.
    fn join_within(&self, stage: &Stage) -> bool {
        let ended = self.running.recv_timeout(stage.wait(A_SECOND));
        ended == Err(RecvTimeoutError::Disconnected)
    }
}

pub(crate) fn greeters(stage: &Stage) -> io::Result<()> {
    let t0 = Instant::now();
    let start = |&(name, times): &(_, _)| Greeter::start(name, stage.many(times), stage);
    let mut greeters: Vec<_> = GREETERS.iter().map(start).collect::<Result<_, _>>()?;
    let mut meanwhile = Meanwhile::begin(stage, t0);
    loop {
        let mut left = Vec::new();
        for greeter in greeters {
            if greeter.join_within(stage) {
                let ending = greeter.thread.join().expect("a greeter does not panic");
                meanwhile.joined(greeter.name, ending);
            } else {
                meanwhile.other_work(greeter.name);
                left.push(greeter);
            }
        }
        greeters = left;
        if greeters.is_empty() || stage.wishes().greeting.daemon {
            break;
        }
    }
    meanwhile.done();
    // Nobody can end a thread. It can be asked, if it listens.
    for Greeter {
        name, thread, stay, ..
    } in greeters
    {
        drop(stay);
        let ending = thread.join().expect("a greeter does not panic");
        meanwhile.joined(name, ending);
    }
    meanwhile.end();
    Ok(())
}
