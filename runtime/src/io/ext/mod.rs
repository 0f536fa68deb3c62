//! **How does a method of a trait become something to await?** By a struct that
//! keeps the call's arguments, and polls: one for each method of
//! [`AsyncReadExt`](super::AsyncReadExt) and [`AsyncWriteExt`](super::AsyncWriteExt).
//!
//! They are structs, and not `async fn`s, so that a caller that knows no more of
//! its reader than `R: AsyncReadExt + Send` may still spawn what it awaits: each
//! is `Send` and `Sync` as its parts are. None of them is `Unpin`, though nothing
//! in them minds being moved: an `async fn` would not be either. (Both as in tokio.)
//!
//! What a future has done when it is dropped is the caller's to know: it either
//! did nothing before it was ready ("cancel safe" in the methods' documentation),
//! or kept its progress in the arguments, where the caller finds it, or lost it.
//!
//! `ErrorKind::Interrupted` is met by trying again wherever a method tries more
//! than once; where it tries once (`read`, `write`), it is passed on.
//!
//! Read next: `read.rs`, `write.rs`, then `read_to_end.rs`.

mod growing;
mod read;
mod read_to_end;
mod write;

pub(super) use read::{BigEndian, LittleEndian, Read, ReadChunk, ReadExact, ReadNumber};
pub(super) use read_to_end::{ReadToEnd, ReadToString};
pub(super) use write::{
    Flush, Shutdown, Write, WriteAll, WriteAllBuf, WriteBuf, WriteNumber, WriteVectored,
};

#[cfg(all(test, not(loom)))]
mod read_tests;
#[cfg(all(test, not(loom)))]
mod read_to_end_tests;
#[cfg(all(test, not(loom)))]
mod write_tests;
