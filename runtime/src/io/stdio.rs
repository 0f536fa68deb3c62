//! **How do tasks read and write the process's own three streams?** By std's
//! blocking handles, on the blocking pool: what they are connected to, a file, a
//! pipe that others share, a terminal, can't in general be waited for.
//!
//! Each handle has its own buffer and its own job; what order two handles of the
//! same stream write in is not defined.
//!
//! Names and semantics are tokio's, except that `shutdown` flushes.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::blocking_io::BlockingIo;
use crate::io::{AsyncRead, AsyncWrite, ReadBuf};

#[cfg(all(test, not(loom)))]
#[path = "stdio_tests.rs"]
mod tests;

/// The process's standard input; see [`stdin`].
#[derive(Debug)]
pub struct Stdin {
    io: BlockingIo<io::Stdin>,
    std: io::Stdin,
}

/// A handle on the process's standard input, for input that comes from a file or a
/// pipe.
///
/// Reads are blocking reads on the blocking pool, and nothing can stop one: while
/// one waits for input, the drop of the runtime waits for it
/// ([`shutdown_background`](crate::runtime::Runtime::shutdown_background) does not).
/// A program that talks to somebody had better read on a thread of its own, and send
/// what it reads through a channel.
///
/// # Panics
///
/// Reads, outside of a runtime.
///
/// # Cancel safety
///
/// A read that is given up loses nothing: what it reads goes to the next read of the
/// same handle.
///
/// ```no_run
/// # #[kolo::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use kolo::io::{AsyncBufReadExt, BufReader};
///
/// let mut lines = BufReader::new(kolo::io::stdin()).lines();
/// while let Some(line) = lines.next_line().await? {
///     println!("{}", line.len());
/// }
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn stdin() -> Stdin {
    Stdin {
        io: BlockingIo::new(io::stdin()),
        std: io::stdin(),
    }
}

impl AsyncRead for Stdin {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.io.poll_read(cx, buf)
    }
}

/// The process's standard output; see [`stdout`].
#[derive(Debug)]
pub struct Stdout {
    io: BlockingIo<io::Stdout>,
    std: io::Stdout,
}

/// A handle on the process's standard output.
///
/// A write copies the bytes (up to 2 MiB of them) and has the blocking pool write
/// them, behind what std's own buffer holds; it answers before that is done. What
/// went wrong is said by the next write, or by a
/// [`flush`](crate::io::AsyncWriteExt::flush), which waits until all is out. Bytes
/// that were accepted are written even if the runtime is shut down meanwhile.
///
/// Only what one write accepted stays together among the output of other threads.
/// And two handles know nothing of each other: make one and keep it, rather than one
/// for each message.
///
/// # Panics
///
/// Writes, outside of a runtime.
///
/// # Cancel safety
///
/// A write that is given up before it answered has accepted nothing. A flush that is
/// given up goes on with the next.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use kolo::io::AsyncWriteExt;
///
/// let mut out = kolo::io::stdout();
/// for n in 1..=3 {
///     out.write_all(format!("{n}\n").as_bytes()).await?;
/// }
/// out.flush().await?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[must_use]
pub fn stdout() -> Stdout {
    Stdout {
        io: BlockingIo::new(io::stdout()),
        std: io::stdout(),
    }
}

/// The process's standard error; see [`stderr`].
#[derive(Debug)]
pub struct Stderr {
    io: BlockingIo<io::Stderr>,
    std: io::Stderr,
}

/// A handle on the process's standard error. It works as [`stdout`] does.
///
/// # Panics
///
/// Writes, outside of a runtime.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use kolo::io::AsyncWriteExt;
///
/// kolo::io::stderr().write_all(b"not quite right\n").await?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[must_use]
pub fn stderr() -> Stderr {
    Stderr {
        io: BlockingIo::new(io::stderr()),
        std: io::stderr(),
    }
}

macro_rules! writes {
    ($stream:ty) => {
        impl AsyncWrite for $stream {
            fn poll_write(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.io.poll_write(cx, buf)
            }

            fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.io.poll_flush(cx)
            }

            fn poll_shutdown(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
            ) -> Poll<io::Result<()>> {
                self.io.poll_flush(cx)
            }
        }
    };
}

writes!(Stdout);
writes!(Stderr);

macro_rules! is_a_descriptor {
    ($stream:ty) => {
        impl AsRawFd for $stream {
            fn as_raw_fd(&self) -> RawFd {
                self.std.as_raw_fd()
            }
        }

        impl AsFd for $stream {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.std.as_fd()
            }
        }
    };
}

is_a_descriptor!(Stdin);
is_a_descriptor!(Stdout);
is_a_descriptor!(Stderr);
