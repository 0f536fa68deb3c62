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
//! This is the one file of `io/` where uninitialized bytes are handled. (The
//! shape is tokio's, from std's RFC 2930; std itself has it as `BorrowedBuf`.)
//!
//! Read next: `async_read.rs`, which passes it around.

use std::fmt;
use std::mem::MaybeUninit;

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
        let end = self.filled + n.min(self.remaining());
        // Only safe code's `&mut [u8]` and `ReadBuf` itself reach these bytes, and
        // neither makes one uninitialized.
        ReadBuf::uninit(&mut self.buf[self.filled..end])
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
        assert!(
            bytes.len() <= self.remaining(),
            "buf.len() must fit in remaining(); buf.len() = {}, remaining() = {}",
            bytes.len(),
            self.remaining()
        );
        let end = self.filled + bytes.len();
        self.buf[self.filled..end].write_copy_of_slice(bytes);
        self.initialized = self.initialized.max(end);
        self.filled = end;
    }
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
