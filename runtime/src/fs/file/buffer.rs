//! **What travels between a file and the pool?** Bytes on their way: read and not
//! asked for yet, or taken over and not written yet. Never both.
//!
//! The bytes are always initialized, those that are in no use too: the memory is
//! zeroed once when it is had, and so this file needs no `unsafe`.

use std::io::{self, ErrorKind, Read, Write};
use std::ops::Range;

use crate::io::ReadBuf;

#[derive(Debug, Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    /// Which of them are on their way.
    held: Range<usize>,
}

impl Buffer {
    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Forgets what is held; says how much that was.
    pub(super) fn discard(&mut self) -> usize {
        std::mem::take(&mut self.held).len()
    }

    /// Hands out as much as there is room for.
    pub(super) fn move_to(&mut self, to: &mut ReadBuf<'_>) {
        let n = self.held.len().min(to.remaining());
        to.put_slice(&self.bytes[self.held.clone()][..n]);
        self.held.start += n;
    }

    /// Takes over the beginning of `from`, as much as makes `most` in all.
    pub(super) fn append(&mut self, from: &[u8], most: usize) -> usize {
        let n = from.len().min(most - self.held.len());
        let end = self.held.end;
        let used = &mut self.bytes[end..];
        let (over, beyond) = from[..n].split_at(n.min(used.len()));
        used[..over.len()].copy_from_slice(over);
        self.bytes.extend_from_slice(beyond);
        self.held.end = end + n;
        n
    }

    /// Reads once, at most `most` bytes, into the empty buffer.
    pub(super) fn read_from(&mut self, mut source: impl Read, most: usize) -> io::Result<()> {
        debug_assert!(self.is_empty());
        if self.bytes.len() < most {
            self.bytes = vec![0; most];
        }
        let n = loop {
            match source.read(&mut self.bytes[..most]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        self.held = 0..n;
        Ok(())
    }

    /// Writes all that is held; empty after, whatever came of it.
    pub(super) fn write_to(&mut self, mut sink: impl Write) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        sink.write_all(&self.bytes[held])
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn moved(buffer: &mut Buffer, room: usize) -> Vec<u8> {
        let mut to = vec![0; room];
        let mut to = ReadBuf::new(&mut to);
        buffer.move_to(&mut to);
        to.filled().to_vec()
    }

    #[test]
    fn what_is_read_comes_out_in_pieces() {
        let mut buffer = Buffer::default();
        buffer.read_from(&b"0123456789"[..], 8).unwrap();
        assert_eq!(moved(&mut buffer, 3), b"012");
        assert_eq!(moved(&mut buffer, 0), b"");
        assert_eq!(moved(&mut buffer, 9), b"34567");
        assert!(buffer.is_empty());
        buffer.read_from(&b"ab"[..], 8).unwrap();
        assert_eq!(moved(&mut buffer, 1), b"a");
        assert_eq!(buffer.discard(), 1);
        assert!(buffer.is_empty());
    }

    #[test]
    fn what_is_appended_is_written_and_no_more() {
        let mut buffer = Buffer::default();
        // Over bytes that an earlier read left, and beyond them.
        buffer.read_from(&b"old"[..], 3).unwrap();
        buffer.discard();
        assert_eq!(buffer.append(b"ab", 7), 2);
        assert_eq!(buffer.append(b"cdef", 7), 4);
        assert_eq!(buffer.append(b"ghi", 7), 1);
        assert_eq!(buffer.append(b"hi", 7), 0);
        let mut written = Vec::new();
        buffer.write_to(&mut written).unwrap();
        assert_eq!(written, b"abcdefg");
        assert!(buffer.is_empty());
        buffer.write_to(&mut written).unwrap();
        assert_eq!(written, b"abcdefg");
    }

    #[test]
    fn a_failed_write_leaves_nothing_for_a_reader() {
        let mut buffer = Buffer::default();
        buffer.append(b"abc", 3);
        let mut too_small = [0; 2];
        let failed = buffer.write_to(&mut too_small[..]).unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::WriteZero);
        assert!(buffer.is_empty());
    }

    /// Interrupted, then the bytes, then broken.
    struct Rocky(Vec<io::Result<&'static [u8]>>);

    impl Read for Rocky {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            let bytes = self.0.remove(0)?;
            to[..bytes.len()].copy_from_slice(bytes);
            Ok(bytes.len())
        }
    }

    #[test]
    fn a_signal_does_not_end_a_read_and_an_error_does() {
        let mut source = Rocky(vec![
            Err(ErrorKind::Interrupted.into()),
            Ok(b"ab"),
            Err(ErrorKind::TimedOut.into()),
        ]);
        let mut buffer = Buffer::default();
        buffer.read_from(&mut source, 4).unwrap();
        assert_eq!(moved(&mut buffer, 4), b"ab");
        let failed = buffer.read_from(&mut source, 4).unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::TimedOut);
        assert!(buffer.is_empty());
    }
}
