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
mod registered;

pub use crate::driver::{Interest, Ready};
pub(crate) use registered::Registered;

#[doc(no_inline)]
pub use std::io::{Error, ErrorKind, Result, SeekFrom};
