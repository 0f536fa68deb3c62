//! Asynchronous reading and writing: the traits, and what is built on them.

// What readers and writers implement.
mod async_buf_read;
mod async_read;
mod async_seek;
mod async_write;
mod read_buf;

pub use async_buf_read::AsyncBufRead;
pub use async_read::AsyncRead;
pub use async_seek::AsyncSeek;
pub use async_write::AsyncWrite;
pub use read_buf::ReadBuf;

// Descriptors and the driver.
mod async_fd;
pub(crate) mod calls;
mod registered;

/// Descriptors of any kind.
pub mod unix {
    #[doc(hidden)]
    #[expect(deprecated, reason = "the name that older programs know")]
    pub use super::async_fd::AsyncFdTryNewError;
    pub use super::async_fd::{
        AsyncFd, AsyncFdReadyGuard, AsyncFdReadyMutGuard, AsyncFdRegisterError, TryIoError,
    };
}

pub use crate::driver::{Interest, Ready};
pub(crate) use registered::Registered;

#[doc(no_inline)]
pub use std::io::{Error, ErrorKind, Result, SeekFrom};

// What programs call.
mod ext;
mod read_ext;
mod seek_ext;
mod write_ext;

pub use read_ext::AsyncReadExt;
pub use seek_ext::AsyncSeekExt;
pub use write_ext::AsyncWriteExt;

// Readers and writers made of others, or of nothing.
mod chain;
mod devices;
mod join;
mod split;
mod take;

pub use chain::Chain;
pub use devices::{Empty, Repeat, Sink, empty, repeat, sink};
pub use join::{Join, join};
pub use split::{ReadHalf, WriteHalf, split};
pub use take::Take;

// From a reader to a writer.
mod copy;
mod copy_bidirectional;
mod copy_buf;

pub use copy::copy;
pub use copy_bidirectional::{copy_bidirectional, copy_bidirectional_with_sizes};
pub use copy_buf::copy_buf;

// Streams with buffers, streams in memory, and the process's own.
mod blocking_io;
mod buffered;
mod memory;
mod stdio;

pub use buffered::{AsyncBufReadExt, BufReader, BufStream, BufWriter, Lines, Split};
pub use memory::{DuplexStream, SimplexStream, duplex, simplex};
pub use stdio::{Stderr, Stdin, Stdout, stderr, stdin, stdout};

#[cfg(all(test, not(loom)))]
mod adapter_tests;
#[cfg(all(test, not(loom)))]
pub(crate) mod testing;
