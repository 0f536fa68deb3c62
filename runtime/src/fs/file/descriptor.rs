//! **A file is a descriptor**: into one, out of one. The one `unsafe` of `fs/`, as
//! `FromRawFd` is, is here.

use std::fs::File as StdFile;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use super::File;

impl From<OwnedFd> for File {
    fn from(fd: OwnedFd) -> Self {
        Self::from_std(StdFile::from(fd))
    }
}

impl AsFd for File {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.std.as_fd()
    }
}

impl AsRawFd for File {
    fn as_raw_fd(&self) -> RawFd {
        self.std.as_raw_fd()
    }
}

impl FromRawFd for File {
    unsafe fn from_raw_fd(fd: RawFd) -> Self {
        // SAFETY: the caller owns the descriptor and gives it away, which is all
        // that this asks.
        let owned = unsafe { OwnedFd::from_raw_fd(fd) };
        Self::from(owned)
    }
}
