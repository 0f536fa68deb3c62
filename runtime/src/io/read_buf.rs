//! **How does a reader fill memory that nobody has zeroed?** By a slice that
//! knows how much of itself was ever written: [`ReadBuf`].
//!
//! ```text
//! 0          filled       initialized        capacity
//! |  filled  |         unfilled              |
//! |      initialized      | perhaps never written |
//! ```
//!
//! Invariants: `filled <= initialized <= buf.len()`, and the first `initialized`
//! bytes hold values. Nothing makes a byte uninitialized again: the memory may be
//! borrowed from a `[u8]`, whose owner reads all of it later, whatever this
//! knows of it. That is why handing out `&mut [MaybeUninit<u8>]` is `unsafe`:
//! safe code could write `MaybeUninit::uninit()` there.
//!
//! A reader is foreign code, and may put another `ReadBuf` in the place of the
//! one that it was lent. Whoever takes a reader's word for how much of a memory is
//! initialized lends it by `lend`, which looks. (`ext/growing.rs` does too.)
//!
//! The shape is tokio's, from std's RFC 2930; std itself has it as `BorrowedBuf`.
//!
//! Read next: `async_read.rs`, which passes it around.

use std::fmt;
use std::io;
use std::mem::MaybeUninit;
use std::task::{Poll, ready};

use bytes::BufMut;
use bytes::buf::UninitSlice;

/// A buffer to read into, which knows how much of it is filled and how much is
/// initialized.
///
/// The filled bytes come first and are always initialized; bytes may be
/// initialized without being filled, by an earlier use of the same memory.
///
/// ```
/// use kolo::io::ReadBuf;
///
/// let mut memory = [0; 8];
/// let mut buf = ReadBuf::new(&mut memory);
/// buf.put_slice(b"kolo");
/// assert_eq!(buf.filled(), b"kolo");
/// assert_eq!(buf.remaining(), 4);
/// ```
pub struct ReadBuf<'a> {
    buf: &'a mut [MaybeUninit<u8>],
    /// Bytes at the front that hold what was read.
    filled: usize,
    /// Bytes at the front that hold any value.
    initialized: usize,
}

impl<'a> ReadBuf<'a> {
    /// An empty buffer over memory that is initialized.
    #[inline]
    pub fn new(buf: &'a mut [u8]) -> ReadBuf<'a> {
        let initialized = buf.len();
        let buf: *mut [u8] = buf;
        // SAFETY: the two element types have the same layout, and the exclusive
        // borrow is passed on. No byte is made uninitialized through this.
        let buf = unsafe { &mut *(buf as *mut [MaybeUninit<u8>]) };
        ReadBuf {
            buf,
            filled: 0,
            initialized,
        }
    }

    /// An empty buffer over memory that may be uninitialized.
    ///
    /// Where part of it is known to hold values, [`assume_init`](Self::assume_init)
    /// says so.
    ///
    /// ```
    /// use std::mem::MaybeUninit;
    ///
    /// let mut memory = [const { MaybeUninit::uninit() }; 4];
    /// let mut buf = kolo::io::ReadBuf::uninit(&mut memory);
    /// assert_eq!(buf.initialized().len(), 0);
    /// assert_eq!(buf.initialize_unfilled_to(2), [0, 0]);
    /// assert_eq!(buf.initialized().len(), 2);
    /// ```
    #[inline]
    pub fn uninit(buf: &'a mut [MaybeUninit<u8>]) -> ReadBuf<'a> {
        ReadBuf {
            buf,
            filled: 0,
            initialized: 0,
        }
    }

    /// The length of the memory, in bytes.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.buf.len()
    }

    /// Bytes that are not filled yet.
    #[inline]
    pub fn remaining(&self) -> usize {
        self.capacity() - self.filled
    }

    /// What was read.
    #[inline]
    pub fn filled(&self) -> &[u8] {
        // SAFETY: filled <= initialized.
        unsafe { self.buf[..self.filled].assume_init_ref() }
    }

    /// What was read, to be changed in place.
    #[inline]
    pub fn filled_mut(&mut self) -> &mut [u8] {
        // SAFETY: filled <= initialized.
        unsafe { self.buf[..self.filled].assume_init_mut() }
    }

    /// All bytes known to hold a value: the filled ones and some after them.
    #[inline]
    pub fn initialized(&self) -> &[u8] {
        // SAFETY: the invariant of `initialized`.
        unsafe { self.buf[..self.initialized].assume_init_ref() }
    }

    /// All bytes known to hold a value, to be changed in place.
    #[inline]
    pub fn initialized_mut(&mut self) -> &mut [u8] {
        // SAFETY: the invariant of `initialized`.
        unsafe { self.buf[..self.initialized].assume_init_mut() }
    }

    /// A buffer of its own over the next `n` unfilled bytes, or as many as there are.
    ///
    /// What is put into it is not filled here until this buffer is told, by
    /// [`assume_init`](Self::assume_init) and [`advance`](Self::advance).
    #[inline]
    pub fn take(&mut self, n: usize) -> ReadBuf<'_> {
        let n = n.min(self.remaining());
        ReadBuf {
            buf: &mut self.buf[self.filled..self.filled + n],
            filled: 0,
            initialized: n.min(self.initialized - self.filled),
        }
    }

    /// The whole memory, filled and unfilled.
    ///
    /// # Safety
    ///
    /// The caller must not make any byte of it uninitialized, not even those
    /// beyond what this buffer knows to be initialized.
    #[inline]
    pub unsafe fn inner_mut(&mut self) -> &mut [MaybeUninit<u8>] {
        self.buf
    }

    /// The unfilled bytes, whether initialized or not.
    ///
    /// Written to, they are made known by [`assume_init`](Self::assume_init) and
    /// then filled by [`advance`](Self::advance).
    ///
    /// # Safety
    ///
    /// The caller must not make any byte of it uninitialized, not even those
    /// beyond what this buffer knows to be initialized.
    #[inline]
    pub unsafe fn unfilled_mut(&mut self) -> &mut [MaybeUninit<u8>] {
        &mut self.buf[self.filled..]
    }

    /// The unfilled bytes, zeroed where they held nothing.
    ///
    /// They are zeroed once: the second call costs nothing.
    #[inline]
    pub fn initialize_unfilled(&mut self) -> &mut [u8] {
        self.initialize_unfilled_to(self.remaining())
    }

    /// The next `n` unfilled bytes, zeroed where they held nothing.
    ///
    /// # Panics
    ///
    /// If fewer than `n` bytes are unfilled.
    #[inline]
    #[track_caller]
    pub fn initialize_unfilled_to(&mut self, n: usize) -> &mut [u8] {
        assert!(n <= self.remaining(), "n overflows remaining");
        let end = self.filled + n;
        if self.initialized < end {
            self.buf[self.initialized..end].fill(MaybeUninit::new(0));
            self.initialized = end;
        }
        // SAFETY: initialized >= end, by the lines above.
        unsafe { self.buf[self.filled..end].assume_init_mut() }
    }

    /// Forgets what was read; what is initialized stays so.
    #[inline]
    pub fn clear(&mut self) {
        self.filled = 0;
    }

    /// Takes the next `n` bytes, which were written to, for filled.
    ///
    /// # Panics
    ///
    /// If they are not all initialized.
    #[inline]
    #[track_caller]
    pub fn advance(&mut self, n: usize) {
        let filled = self.filled.checked_add(n).expect("filled overflow");
        self.set_filled(filled);
    }

    /// Takes the first `n` bytes of the memory for filled, be they more or fewer
    /// than before.
    ///
    /// # Panics
    ///
    /// If they are not all initialized.
    #[inline]
    #[track_caller]
    pub fn set_filled(&mut self, n: usize) {
        assert!(
            n <= self.initialized,
            "filled must not become larger than initialized"
        );
        self.filled = n;
    }

    /// Takes the next `n` unfilled bytes for initialized.
    ///
    /// # Safety
    ///
    /// They must hold values: `n` is at most [`remaining`](Self::remaining), and
    /// each of these bytes was written to at some time.
    #[inline]
    pub unsafe fn assume_init(&mut self, n: usize) {
        debug_assert!(n <= self.remaining(), "assumed beyond the end");
        self.initialized = self.initialized.max(self.filled + n);
    }

    /// Copies `bytes` to the unfilled part, and takes them for filled.
    ///
    /// # Panics
    ///
    /// If there is no room for all of them.
    #[inline]
    #[track_caller]
    pub fn put_slice(&mut self, bytes: &[u8]) {
        let remaining = self.remaining();
        let Some(room) = self.buf[self.filled..].get_mut(..bytes.len()) else {
            panic!(
                "buf.len() must fit in remaining(); buf.len() = {}, remaining() = {remaining}",
                bytes.len(),
            );
        };
        room.write_copy_of_slice(bytes);
        self.filled += bytes.len();
        self.initialized = self.initialized.max(self.filled);
    }
}

// For the rest of `io`: buffers lent to readers, which are foreign code.
impl ReadBuf<'_> {
    /// Lets `read` fill this buffer; panics if it put another in its place, whose
    /// filled bytes would then be taken for this one's.
    pub(super) fn lend<T>(&mut self, read: impl FnOnce(&mut ReadBuf<'_>) -> T) -> T {
        let memory = self.buf.as_ptr_range();
        let result = read(self);
        assert_eq!(
            self.buf.as_ptr_range(),
            memory,
            "a reader exchanged the buffer that it was lent"
        );
        result
    }

    /// Lets `read` fill at most `limit` bytes of this, and says how many it did.
    pub(super) fn poll_part(
        &mut self,
        limit: usize,
        read: impl FnOnce(&mut ReadBuf<'_>) -> Poll<io::Result<()>>,
    ) -> Poll<io::Result<usize>> {
        let mut part = self.take(limit);
        let result = part.lend(read);
        let (initialized, filled) = (part.initialized, part.filled);
        // SAFETY: they are in the part, which is the front of the unfilled bytes.
        unsafe { self.assume_init(initialized) };
        ready!(result)?;
        self.filled += filled;
        Poll::Ready(Ok(filled))
    }
}

/// Lets `read` fill the next chunk of `buf`, and says how many bytes it filled.
pub(super) fn poll_chunk<B: BufMut + ?Sized>(
    buf: &mut B,
    read: impl FnOnce(&mut ReadBuf<'_>) -> Poll<io::Result<()>>,
) -> Poll<io::Result<usize>> {
    // SAFETY: what is made of it is a `ReadBuf`, which makes no byte uninitialized.
    let chunk = unsafe { buf.chunk_mut().as_uninit_slice_mut() };
    let mut chunk = ReadBuf::uninit(chunk);
    ready!(chunk.lend(read))?;
    let n = chunk.filled;
    // SAFETY: the first n bytes of the chunk are filled, hence initialized; `lend`
    // has made sure that it is this chunk's n.
    unsafe { buf.advance_mut(n) };
    Poll::Ready(Ok(n))
}

// SAFETY: `chunk_mut` is the unfilled part, all of it, and `advance_mut` fills as
// many bytes of it as it is told, within its bounds or with a panic.
unsafe impl BufMut for ReadBuf<'_> {
    #[inline]
    fn remaining_mut(&self) -> usize {
        self.remaining()
    }

    #[inline]
    unsafe fn advance_mut(&mut self, n: usize) {
        // Past the end it is the caller's mistake, which `BufMut` wants to panic.
        assert!(n <= self.remaining(), "advanced beyond the end");
        // SAFETY: the caller has written to the first `n` bytes of `chunk_mut`,
        // and there are so many.
        unsafe { self.assume_init(n) };
        self.filled += n;
    }

    #[inline]
    fn chunk_mut(&mut self) -> &mut UninitSlice {
        // An `UninitSlice` lets nobody make a byte uninitialized.
        UninitSlice::uninit(&mut self.buf[self.filled..])
    }
}

impl fmt::Debug for ReadBuf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadBuf")
            .field("filled", &self.filled)
            .field("initialized", &self.initialized)
            .field("capacity", &self.capacity())
            .finish()
    }
}

#[cfg(all(test, not(loom)))]
#[path = "read_buf_tests.rs"]
mod tests;
