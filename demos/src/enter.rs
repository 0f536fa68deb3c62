//! **How does a program hear that a person presses enter, and go on meanwhile?** A
//! plain thread reads; what it has heard goes through a channel to whoever waits, a
//! thread or a task. A read that blocks would hold up a runtime, and can't be taken
//! back: so the thread first polls, its input and a pipe of its own, and reads only
//! what is there. When the pipe is closed it leaves, and is joined.
//!
//! It reads by the byte, up to the end of a line and no further: what else was typed is
//! for whoever reads next. At the end of the input nobody can press any more, and the
//! program goes on to its own end.
//!
//! Where nobody sits at a terminal (none is there, or a shell has put the program into
//! the background), and in the tour, a script presses; the lines say so.
//!
//! Read next: `course/threaded_producer.rs`.

use std::any::Any;
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, PipeReader, Read, pipe};
use std::os::fd::AsFd;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use clap::Args;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{getpgrp, tcgetpgrp};
use serde::{Deserialize, Serialize};

use crate::stage::Stage;

/// What `threaded-producer` can be told.
#[derive(Args, Clone, Copy, Debug, Serialize, Deserialize)]
#[command(next_help_heading = "Who presses enter")]
pub(crate) struct Press {
    /// Let a script press enter after so long, at the course's pace [default: you do; 3 without a terminal]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) press_after: Option<f64>,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.0..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err("a number from 0 to 3600".to_owned()),
    }
}

impl Press {
    /// When a script presses that nobody has told when.
    const USUAL: f64 = 3.0;

    pub(crate) const fn by_script() -> Self {
        Self {
            press_after: Some(Self::USUAL),
        }
    }

    /// When a script presses, if it is one that does.
    pub(crate) fn script(self) -> f64 {
        self.press_after.unwrap_or(Self::USUAL)
    }
}

/// Somebody who may press enter. Dropped, it listens no longer.
pub(crate) struct Enter {
    listener: Option<JoinHandle<()>>,
    /// The other end of what the listener waits for beside the press.
    listening: Option<Box<dyn Any + Send>>,
}

impl Enter {
    /// Asks for enter, and calls `pressed` with the moment, on a thread of its own; or
    /// drops it uncalled, if it is never pressed.
    ///
    /// # Errors
    ///
    /// If there can't be such a thread, or a pipe to end it with.
    pub(crate) fn listen(
        stage: &Stage,
        pressed: impl FnOnce(Instant) + Send + 'static,
    ) -> io::Result<Self> {
        stage.red("Press enter to cancel...");
        let press = stage.wishes().press;
        if press.press_after.is_none() && stage.is_heard() && somebody_sits_there() {
            Self::of_person(
                stage,
                File::from(io::stdin().as_fd().try_clone_to_owned()?),
                pressed,
            )
        } else {
            Self::of_script(stage, press, pressed)
        }
    }

    fn of_person(
        stage: &Stage,
        input: File,
        pressed: impl FnOnce(Instant) + Send + 'static,
    ) -> io::Result<Self> {
        let (stop, listening) = pipe()?;
        let stage = stage.clone();
        Self::start(Box::new(listening), move || match a_line(&input, &stop) {
            Ok(Heard::Line) => pressed(Instant::now()),
            Ok(Heard::Stop) => {}
            Ok(Heard::End) => stage.plain("The input has ended: nobody can press enter now."),
            Err(error) => stage.plain(format_args!("Nobody can press enter now: {error}.")),
        })
    }

    fn of_script(
        stage: &Stage,
        press: Press,
        pressed: impl FnOnce(Instant) + Send + 'static,
    ) -> io::Result<Self> {
        let after = stage.wait(Duration::from_secs_f64(press.script()));
        let seconds = stage.seconds(after);
        stage.plain(format_args!("(A script presses it, after {seconds} sec.)"));
        let (listening, stop) = channel::<()>();
        let stage = stage.clone();
        Self::start(Box::new(listening), move || {
            if stop.recv_timeout(after) == Err(RecvTimeoutError::Timeout) {
                stage.plain("(Enter, by the script.)");
                pressed(Instant::now());
            }
        })
    }

    fn start(
        listening: Box<dyn Any + Send>,
        body: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        let listener = thread::Builder::new()
            .name("enter".to_owned())
            .spawn(body)?;
        Ok(Self {
            listener: Some(listener),
            listening: Some(listening),
        })
    }
}

impl Drop for Enter {
    fn drop(&mut self) {
        drop(self.listening.take());
        if let Some(listener) = self.listener.take() {
            // Its panic has been reported, and nothing is lost with it.
            let _ = listener.join();
        }
    }
}

/// Whether standard input is a terminal, and its keys are ours.
fn somebody_sits_there() -> bool {
    let input = io::stdin();
    // A terminal that is not the one in control of us has no foreground: an error.
    let in_background = || tcgetpgrp(&input).is_ok_and(|group| group != getpgrp());
    input.is_terminal() && !in_background()
}

#[derive(Debug, PartialEq, Eq)]
enum Heard {
    Line,
    /// There will be no line.
    End,
    /// It is no longer of interest.
    Stop,
}

/// Reads to the end of a line, unless the other end of `stop` is closed before.
fn a_line(mut input: impl Read + AsFd, stop: &PipeReader) -> io::Result<Heard> {
    loop {
        let both = [input.as_fd(), stop.as_fd()];
        let mut both = both.map(|source| PollFd::new(source, PollFlags::POLLIN));
        match poll(&mut both, PollTimeout::NONE) {
            Ok(_) => {}
            Err(nix::Error::EINTR) => continue,
            Err(error) => return Err(error.into()),
        }
        let [readable, stopped] = both.map(|source| source.any().unwrap_or(true));
        if stopped {
            return Ok(Heard::Stop);
        }
        if readable {
            let mut byte = [0];
            match input.read(&mut byte) {
                Ok(0) => return Ok(Heard::End),
                Ok(_) if byte == *b"\n" => return Ok(Heard::Line),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_line_is_read_and_nothing_after_it() {
        let (mut input, mut typed) = pipe().expect("a pipe");
        let (stop, _listening) = pipe().expect("a pipe");
        typed.write_all(b"so\nwhat\n\nrest").expect("room for it");
        assert_eq!(a_line(&input, &stop).ok(), Some(Heard::Line));
        assert_eq!(a_line(&input, &stop).ok(), Some(Heard::Line));
        assert_eq!(a_line(&input, &stop).ok(), Some(Heard::Line));
        let mut rest = [0; 4];
        input.read_exact(&mut rest).expect("it is left");
        assert_eq!(rest, *b"rest");
    }

    #[test]
    fn the_end_of_the_input_is_no_press() {
        let (input, typed) = pipe().expect("a pipe");
        let (stop, _listening) = pipe().expect("a pipe");
        (&typed).write_all(b"no end of line").expect("room for it");
        drop(typed);
        assert_eq!(a_line(&input, &stop).ok(), Some(Heard::End));
    }

    #[test]
    fn who_is_no_longer_listened_to_leaves_the_input_alone() {
        let (mut input, mut typed) = pipe().expect("a pipe");
        let (stop, listening) = pipe().expect("a pipe");
        thread::scope(|scope| {
            let listener = scope.spawn(|| a_line(&input, &stop).ok());
            drop(listening);
            assert_eq!(listener.join().expect("it listens"), Some(Heard::Stop));
        });
        // Nor does it read if both are there at once.
        typed.write_all(b"\n").expect("room for it");
        assert_eq!(a_line(&input, &stop).ok(), Some(Heard::Stop));
        let mut left = [0];
        input.read_exact(&mut left).expect("it is left");
        assert_eq!(left, *b"\n");
    }
}
