//! **What can be asked of a reader that lends its buffer?** To read up to a
//! delimiter, to be cut up by one, and the buffer itself.

use std::pin::Pin;

use super::fill_buf::FillBuf;
use super::read_line::ReadLine;
use super::read_until::ReadUntil;
use super::{Lines, Split};
use crate::io::AsyncBufRead;

/// Methods of every [`AsyncBufRead`].
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use kolo::io::{AsyncBufReadExt, BufReader};
///
/// let mut reader = BufReader::new(&b"GET /\nHost: here\n\nbody"[..]);
/// let mut head = String::new();
/// while reader.read_line(&mut head).await? > 1 {}
/// assert_eq!(head, "GET /\nHost: here\n\n");
/// assert_eq!(reader.fill_buf().await?, b"body");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub trait AsyncBufReadExt: AsyncBufRead {
    /// Appends bytes to `buf` up to and with the delimiter `byte`, or up to the end
    /// of the stream. Answers how many; 0 is the end.
    ///
    /// # Errors
    ///
    /// What the reader says, except [`Interrupted`](std::io::ErrorKind::Interrupted),
    /// after which it goes on. What was read before the error is in `buf`.
    ///
    /// # Cancel safety
    ///
    /// Given up, it loses nothing: what was read is in `buf`, and another call goes
    /// on from there. That call's number counts only its own bytes.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kolo::io::AsyncBufReadExt;
    ///
    /// let mut reader = &b"left-right"[..];
    /// let mut side = Vec::new();
    /// assert_eq!(reader.read_until(b'-', &mut side).await?, 5);
    /// assert_eq!(side, b"left-");
    /// assert_eq!(reader.read_until(b'-', &mut side).await?, 5);
    /// assert_eq!(side, b"left-right");
    /// assert_eq!(reader.read_until(b'-', &mut side).await?, 0);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    fn read_until<'a>(&'a mut self, byte: u8, buf: &'a mut Vec<u8>) -> ReadUntil<'a, Self>
    where
        Self: Unpin,
    {
        ReadUntil::new(self, byte, buf)
    }

    /// Appends a line to `buf`, up to and with the newline (`\n`), or up to the end
    /// of the stream. Answers how many bytes it has; 0 is the end.
    ///
    /// # Errors
    ///
    /// What the reader says, as with [`read_until`](Self::read_until), and
    /// [`InvalidData`](std::io::ErrorKind::InvalidData) if the line is not UTF-8. The
    /// latter leaves `buf` as it was, and the line is gone. After an error of the
    /// reader `buf` has what was read before, if that is UTF-8.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: given up, it loses the bytes that it has read, and leaves
    /// `buf` empty. [`Lines::next_line`] and [`read_until`](Self::read_until) lose
    /// nothing.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kolo::io::AsyncBufReadExt;
    ///
    /// let mut reader = "kolo se toci\nu krug".as_bytes();
    /// let mut line = String::new();
    /// assert_eq!(reader.read_line(&mut line).await?, 13);
    /// assert_eq!(line, "kolo se toci\n");
    /// line.clear();
    /// assert_eq!(reader.read_line(&mut line).await?, 6);
    /// assert_eq!(line, "u krug");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    fn read_line<'a>(&'a mut self, buf: &'a mut String) -> ReadLine<'a, Self>
    where
        Self: Unpin,
    {
        ReadLine::new(self, buf)
    }

    /// Cuts the stream into what is between the delimiters `byte`; see
    /// [`Split::next_segment`].
    fn split(self, byte: u8) -> Split<Self>
    where
        Self: Sized + Unpin,
    {
        Split::new(self, byte)
    }

    /// Cuts the stream into lines; see [`Lines::next_line`].
    fn lines(self) -> Lines<Self>
    where
        Self: Sized,
    {
        Lines::new(self)
    }

    /// Lends the bytes that the reader has ready, after a read if there are none. No
    /// bytes is the end of the stream.
    ///
    /// They count as read only when they are [consumed](Self::consume); until then
    /// each call and each read answers them again.
    ///
    /// # Errors
    ///
    /// What the reader says.
    ///
    /// # Cancel safety
    ///
    /// Given up, it has read nothing.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kolo::io::{AsyncBufReadExt, BufReader};
    ///
    /// let mut reader = BufReader::new(&b"12 monkeys"[..]);
    /// let digits = reader.fill_buf().await?.iter().take_while(|b| b.is_ascii_digit()).count();
    /// reader.consume(digits);
    /// assert_eq!(reader.fill_buf().await?, b" monkeys");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    fn fill_buf(&mut self) -> FillBuf<'_, Self>
    where
        Self: Unpin,
    {
        FillBuf::new(self)
    }

    /// Counts `amt` of the bytes that [`fill_buf`](Self::fill_buf) lent as read. It
    /// may be at most as many as it lent.
    fn consume(&mut self, amt: usize)
    where
        Self: Unpin,
    {
        Pin::new(self).consume(amt);
    }
}

impl<R: AsyncBufRead + ?Sized> AsyncBufReadExt for R {}
