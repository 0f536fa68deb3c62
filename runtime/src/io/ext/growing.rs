//! **How does a vector grow under a reader of unknown length?** By whatever
//! capacity it has, and, when that is used up, by what its own growth adds (it
//! doubles); with one exception.
//!
//! A caller who knows the length gives a vector of just that capacity. It is full
//! when the last byte is read, and the read that finds the end then has no room;
//! to grow for it would double a vector that was right. So, while the vector has
//! the capacity that it came with, and no room, the next read goes to a few bytes
//! on the stack, and only if they are filled does the vector grow. (From std's
//! `read_to_end`, 2022, which tokio follows; how far a vector grows can be seen,
//! and so is part of the interface.)
//!
//! Invariant: the `initialized` bytes after the vector's end hold values, be they
//! of earlier reads; so a reader that wants zeroed memory has it zeroed once. The
//! vector is not reachable from elsewhere, and nothing here but `grow` moves it.

use std::io;
use std::mem::MaybeUninit;
use std::task::{Poll, ready};

use crate::io::ReadBuf;

/// The least room that a read is given, and the size of the probe.
const ROOM: usize = 32;

/// A vector, owned or borrowed. Private: `Growing` trusts the implementors to
/// name the same vector each time.
pub(super) trait Bytes {
    fn vec(&mut self) -> &mut Vec<u8>;
}

impl Bytes for Vec<u8> {
    fn vec(&mut self) -> &mut Vec<u8> {
        self
    }
}

impl Bytes for &mut Vec<u8> {
    fn vec(&mut self) -> &mut Vec<u8> {
        self
    }
}

/// A vector that is read into.
#[derive(Debug)]
pub(super) struct Growing<V> {
    vec: V,
    /// Bytes after the vector's end that hold values.
    initialized: usize,
    first_capacity: usize,
}

impl<V: Bytes> Growing<V> {
    pub(super) fn new(mut vec: V) -> Self {
        let first_capacity = vec.vec().capacity();
        Growing {
            vec,
            initialized: 0,
            first_capacity,
        }
    }

    /// The vector; nothing may be read any more.
    pub(super) fn into_vec(self) -> V {
        self.vec
    }

    /// Lets `read` add to the vector, and says how many bytes it did.
    pub(super) fn poll_read(
        &mut self,
        read: impl FnOnce(&mut ReadBuf<'_>) -> Poll<io::Result<()>>,
    ) -> Poll<io::Result<usize>> {
        let vec = self.vec.vec();
        let room = vec.capacity() - vec.len();
        let may_be_just_right = vec.capacity() == self.first_capacity && vec.capacity() >= ROOM;
        if room < ROOM && may_be_just_right {
            return self.poll_probe(read);
        }
        self.grow();

        let vec = self.vec.vec();
        let mut spare = ReadBuf::uninit(vec.spare_capacity_mut());
        // SAFETY: the invariant of `initialized`.
        unsafe { spare.assume_init(self.initialized) };
        let result = spare.lend(read);
        self.initialized = spare.initialized().len();
        let n = spare.filled().len();
        ready!(result)?;
        let len = vec.len() + n;
        // SAFETY: n bytes after the end are filled, hence initialized, and are within
        // the capacity; `lend` has made sure that it is this vector's n.
        unsafe { vec.set_len(len) };
        self.initialized -= n;
        Poll::Ready(Ok(n))
    }

    /// Reads a few bytes elsewhere, and grows only if there are some.
    fn poll_probe(
        &mut self,
        read: impl FnOnce(&mut ReadBuf<'_>) -> Poll<io::Result<()>>,
    ) -> Poll<io::Result<usize>> {
        let mut memory = [const { MaybeUninit::uninit() }; ROOM];
        let mut probe = ReadBuf::uninit(&mut memory);
        ready!(read(&mut probe))?;
        let bytes = probe.filled();
        self.initialized = self.initialized.saturating_sub(bytes.len());
        let vec = self.vec.vec();
        if bytes.len() > vec.capacity() - vec.len() {
            self.grow();
        }
        self.vec.vec().extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    /// Makes room for a read.
    fn grow(&mut self) {
        let vec = self.vec.vec();
        if vec.capacity() - vec.len() < ROOM {
            // What moves is the vector's length, no more.
            self.initialized = 0;
            vec.reserve(ROOM);
        }
    }
}
