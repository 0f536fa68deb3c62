//! **What can be written, and how?** Some of it or all of it; of a slice, of
//! several, of a buffer; or numbers; and then flushed or ended. [`AsyncWriteExt`]
//! names it all; the futures are in `ext/`.

use std::io::IoSlice;

use bytes::Buf;

use super::AsyncWrite;
use super::ext::{
    Flush, Shutdown, Write, WriteAll, WriteAllBuf, WriteBuf, WriteNumber, WriteVectored,
};

/// A method for each type of number: in which order its bytes go, how it is taken
/// apart, and what a dropped future has done.
macro_rules! numbers {
    (
        $order:literal, $encode:ident, $cancel:literal;
        $($write:ident: $type:ident),+
    ) => {$(
        #[doc = concat!("Writes one `", stringify!($type), "`", $order, ".")]
        ///
        /// # Errors
        ///
        /// `WriteZero` if the writer takes no more; else the writer's. `Interrupted`
        /// is met by writing again.
        ///
        /// # Cancel safety
        ///
        #[doc = $cancel]
        ///
        /// ```
        /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
        /// use kolo::io::AsyncWriteExt;
        ///
        /// let mut bytes = Vec::new();
        #[doc = concat!("bytes.", stringify!($write), "(42 as ", stringify!($type),
            ").await.unwrap();")]
        #[doc = concat!("assert_eq!(bytes, (42 as ", stringify!($type), ").",
            stringify!($encode), "());")]
        /// # });
        /// ```
        fn $write(&mut self, n: $type) -> WriteNumber<'_, Self, [u8; size_of::<$type>()]>
        where
            Self: Unpin,
        {
            WriteNumber::new(self, n.$encode())
        }
    )+};
}

/// Methods to write to anything that is [`AsyncWrite`].
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use kolo::io::AsyncWriteExt;
///
/// let mut writer = Vec::new();
/// writer.write_u8(5).await.unwrap();
/// writer.write_all(b"hello").await.unwrap();
/// writer.flush().await.unwrap();
/// assert_eq!(writer, b"\x05hello");
/// # });
/// ```
pub trait AsyncWriteExt: AsyncWrite {
    /// Writes some of `src`, from its front, and says how many bytes.
    ///
    /// It waits until there is room for one. Zero means that the writer takes no
    /// more, or that `src` is empty.
    ///
    /// # Errors
    ///
    /// The writer's; nothing was written then. `Interrupted` is passed on.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped before it is ready, it has written nothing.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kolo::io::AsyncWriteExt;
    ///
    /// let mut memory = [0; 3];
    /// let mut writer = std::io::Cursor::new(&mut memory[..]);
    /// assert_eq!(writer.write(b"kolo").await.unwrap(), 3);
    /// assert_eq!(&memory, b"kol");
    /// # });
    /// ```
    fn write<'a>(&'a mut self, src: &'a [u8]) -> Write<'a, Self>
    where
        Self: Unpin,
    {
        Write::new(self, src)
    }

    /// Writes some of the slices, as if they were one, and says how many bytes.
    ///
    /// A writer that has no better way writes of one slice only.
    ///
    /// # Errors
    ///
    /// The writer's; nothing was written then. `Interrupted` is passed on.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped before it is ready, it has written nothing.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kolo::io::AsyncWriteExt;
    /// use std::io::IoSlice;
    ///
    /// let mut bytes = Vec::new();
    /// let slices = [IoSlice::new(b"ko"), IoSlice::new(b"lo")];
    /// assert_eq!(bytes.write_vectored(&slices).await.unwrap(), 4);
    /// assert_eq!(bytes, b"kolo");
    /// # });
    /// ```
    fn write_vectored<'a, 'b>(&'a mut self, bufs: &'a [IoSlice<'b>]) -> WriteVectored<'a, 'b, Self>
    where
        Self: Unpin,
    {
        WriteVectored::new(self, bufs)
    }

    /// Writes some of what `src` holds, which then holds so much less, and says
    /// how many bytes.
    ///
    /// # Errors
    ///
    /// The writer's; nothing was written then. `Interrupted` is passed on.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped before it is ready, it has written nothing.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kolo::io::AsyncWriteExt;
    ///
    /// let mut memory = [0; 3];
    /// let mut writer = std::io::Cursor::new(&mut memory[..]);
    /// let mut src = &b"kolo"[..];
    /// assert_eq!(writer.write_buf(&mut src).await.unwrap(), 3);
    /// assert_eq!(src, b"o");
    /// # });
    /// ```
    fn write_buf<'a, B>(&'a mut self, src: &'a mut B) -> WriteBuf<'a, Self, B>
    where
        Self: Sized + Unpin,
        B: Buf,
    {
        WriteBuf::new(self, src)
    }

    /// Writes all that `src` holds, which then holds nothing.
    ///
    /// # Errors
    ///
    /// `WriteZero` if the writer takes no more; else the writer's. `src` then holds
    /// what was not written. `Interrupted` is met by writing again.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: `src` holds what was not written so far, and a second call
    /// goes on from there.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kolo::io::AsyncWriteExt;
    ///
    /// let mut bytes = Vec::new();
    /// let mut src = std::io::Cursor::new("kolo");
    /// bytes.write_all_buf(&mut src).await.unwrap();
    /// assert_eq!(bytes, b"kolo");
    /// assert_eq!(src.position(), 4);
    /// # });
    /// ```
    fn write_all_buf<'a, B>(&'a mut self, src: &'a mut B) -> WriteAllBuf<'a, Self, B>
    where
        Self: Sized + Unpin,
        B: Buf,
    {
        WriteAllBuf::new(self, src)
    }

    /// Writes all of `src`.
    ///
    /// # Errors
    ///
    /// `WriteZero` if the writer takes no more; else the writer's. How much was
    /// written by then can't be told. `Interrupted` is met by writing again.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: how much was written so far can't be told.
    /// [`write_all_buf`](Self::write_all_buf) keeps count.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kolo::io::{AsyncWriteExt, ErrorKind};
    ///
    /// let mut memory = [0; 6];
    /// let mut writer = std::io::Cursor::new(&mut memory[..]);
    /// writer.write_all(b"kolo").await.unwrap();
    /// let e = writer.write_all(b"kolo").await.unwrap_err();
    /// assert_eq!(e.kind(), ErrorKind::WriteZero);
    /// # });
    /// ```
    fn write_all<'a>(&'a mut self, src: &'a [u8]) -> WriteAll<'a, Self>
    where
        Self: Unpin,
    {
        WriteAll::new(self, src)
    }

    numbers! {
        "", to_be_bytes,
        "Cancel safe: dropped before it is ready, it has written nothing.";
        write_u8: u8, write_i8: i8
    }

    numbers! {
        ", most significant byte first", to_be_bytes,
        "Not cancel safe: the number may have been written in part.";
        write_u16: u16, write_i16: i16, write_u32: u32, write_i32: i32,
        write_u64: u64, write_i64: i64, write_u128: u128, write_i128: i128,
        write_f32: f32, write_f64: f64
    }

    numbers! {
        ", least significant byte first", to_le_bytes,
        "Not cancel safe: the number may have been written in part.";
        write_u16_le: u16, write_i16_le: i16, write_u32_le: u32, write_i32_le: i32,
        write_u64_le: u64, write_i64_le: i64, write_u128_le: u128, write_i128_le: i128,
        write_f32_le: f32, write_f64_le: f64
    }

    /// Brings everything written so far to where it should go.
    ///
    /// # Errors
    ///
    /// The writer's; some of it may have gone by then.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what was not flushed so far is still the writer's, and a second
    /// call goes on from there.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kolo::io::AsyncWriteExt;
    ///
    /// let mut writer = Vec::new();
    /// writer.write_all(b"kolo").await.unwrap();
    /// writer.flush().await.unwrap();
    /// # });
    /// ```
    fn flush(&mut self) -> Flush<'_, Self>
    where
        Self: Unpin,
    {
        Flush::new(self)
    }

    /// Flushes, and then ends the stream of bytes, so that the other side sees the
    /// end. Nothing should be written any more.
    ///
    /// # Errors
    ///
    /// The writer's; the stream may not have ended properly.
    ///
    /// # Cancel safety
    ///
    /// The end may be under way: nothing should be written any more. A second call
    /// goes on from there.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kolo::io::{self, AsyncWriteExt};
    ///
    /// let mut writer = io::sink();
    /// writer.write_all(b"kolo").await.unwrap();
    /// writer.shutdown().await.unwrap();
    /// # });
    /// ```
    fn shutdown(&mut self) -> Shutdown<'_, Self>
    where
        Self: Unpin,
    {
        Shutdown::new(self)
    }
}

impl<W: AsyncWrite + ?Sized> AsyncWriteExt for W {}
