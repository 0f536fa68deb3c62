//! **What can be read, and how?** Once, or so many bytes, or all; into a slice, a
//! buffer, a vector, a string; or numbers. [`AsyncReadExt`] names it all; the
//! futures are in `ext/`.

use bytes::BufMut;

use super::ext::{
    BigEndian, LittleEndian, Read, ReadChunk, ReadExact, ReadNumber, ReadToEnd, ReadToString,
};
use super::{AsyncRead, Chain, Take};

/// A method for each type of number: in which order its bytes come (in words, as
/// a type, and as it was written), and what a dropped future loses.
macro_rules! numbers {
    (
        $note:literal, $order:ident, $encode:literal, $cancel:literal;
        $($read:ident: $type:ident),+
    ) => {$(
        #[doc = concat!("Reads one `", stringify!($type), "`", $note, ".")]
        ///
        /// # Errors
        ///
        /// `UnexpectedEof` if the end comes before the number is complete; else the
        /// reader's. `Interrupted` is met by reading again.
        ///
        /// # Cancel safety
        ///
        #[doc = $cancel]
        ///
        /// ```
        /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
        /// use kolo::io::AsyncReadExt;
        ///
        #[doc = concat!("let mut reader = &(42 as ", stringify!($type), ").", $encode, "()[..];")]
        #[doc = concat!("assert_eq!(reader.", stringify!($read), "().await.unwrap(), 42 as ",
            stringify!($type), ");")]
        /// # });
        /// ```
        fn $read(&mut self) -> ReadNumber<'_, Self, $type, [u8; size_of::<$type>()], $order>
        where
            Self: Unpin,
        {
            ReadNumber::new(self)
        }
    )+};
}

/// Methods to read from anything that is [`AsyncRead`].
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use kolo::io::AsyncReadExt;
///
/// let mut reader: &[u8] = b"\x05hello, world";
/// let length = reader.read_u8().await.unwrap();
/// let mut word = vec![0; length.into()];
/// reader.read_exact(&mut word).await.unwrap();
/// assert_eq!(word, b"hello");
/// # });
/// ```
pub trait AsyncReadExt: AsyncRead {
    /// Reads from this until its end, and then from `next`.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kolo::io::AsyncReadExt;
    ///
    /// let mut reader = (&b"round "[..]).chain(&b"dance"[..]);
    /// let mut text = String::new();
    /// reader.read_to_string(&mut text).await.unwrap();
    /// assert_eq!(text, "round dance");
    /// # });
    /// ```
    fn chain<R>(self, next: R) -> Chain<Self, R>
    where
        Self: Sized,
        R: AsyncRead,
    {
        Chain::new(self, next)
    }

    /// Reads some bytes into `buf`, and says how many.
    ///
    /// It waits until there is at least one. Zero means that the end is reached,
    /// or that `buf` is empty.
    ///
    /// # Errors
    ///
    /// The reader's; nothing was read then. `Interrupted` is passed on.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped before it is ready, it has read nothing.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kolo::io::AsyncReadExt;
    ///
    /// let mut reader: &[u8] = b"kolo";
    /// let mut buf = [0; 3];
    /// assert_eq!(reader.read(&mut buf).await.unwrap(), 3);
    /// assert_eq!(reader.read(&mut buf).await.unwrap(), 1);
    /// assert_eq!(reader.read(&mut buf).await.unwrap(), 0);
    /// # });
    /// ```
    fn read<'a>(&'a mut self, buf: &'a mut [u8]) -> Read<'a, Self>
    where
        Self: Unpin,
    {
        Read::new(self, buf)
    }

    /// Reads some bytes to the end of `buf`, and says how many.
    ///
    /// It is one read, of as many bytes as the next chunk of `buf` has room for; a
    /// `Vec` or a `BytesMut` that is full grows first. Zero means that the end is
    /// reached, or that `buf` can take no more.
    ///
    /// # Errors
    ///
    /// The reader's; nothing was read then. `Interrupted` is passed on.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped before it is ready, it has read nothing.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kolo::io::AsyncReadExt;
    ///
    /// let mut reader: &[u8] = b"kolo";
    /// let mut buf = Vec::with_capacity(8);
    /// assert_eq!(reader.read_buf(&mut buf).await.unwrap(), 4);
    /// assert_eq!(buf, b"kolo");
    /// # });
    /// ```
    fn read_buf<'a, B>(&'a mut self, buf: &'a mut B) -> ReadChunk<'a, Self, B>
    where
        Self: Unpin,
        B: BufMut + ?Sized,
    {
        ReadChunk::new(self, buf)
    }

    /// Reads until `buf` is full, and says how many bytes that is.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` if the end comes first; else the reader's. What was read by
    /// then is in `buf`, but how much that is can't be told. `Interrupted` is met
    /// by reading again.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: what was read so far is in `buf`, but how much that is
    /// can't be told.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kolo::io::{AsyncReadExt, ErrorKind};
    ///
    /// let mut reader: &[u8] = b"kolo";
    /// let mut buf = [0; 3];
    /// reader.read_exact(&mut buf).await.unwrap();
    /// assert_eq!(&buf, b"kol");
    /// let e = reader.read_exact(&mut buf).await.unwrap_err();
    /// assert_eq!(e.kind(), ErrorKind::UnexpectedEof);
    /// # });
    /// ```
    fn read_exact<'a>(&'a mut self, buf: &'a mut [u8]) -> ReadExact<'a, Self>
    where
        Self: Unpin,
    {
        ReadExact::new(self, buf)
    }

    numbers! {
        "", BigEndian, "to_be_bytes",
        "Cancel safe: dropped before it is ready, it has read nothing.";
        read_u8: u8, read_i8: i8
    }

    numbers! {
        ", most significant byte first", BigEndian, "to_be_bytes",
        "Not cancel safe: of a number read in part, that part is lost.";
        read_u16: u16, read_i16: i16, read_u32: u32, read_i32: i32,
        read_u64: u64, read_i64: i64, read_u128: u128, read_i128: i128,
        read_f32: f32, read_f64: f64
    }

    numbers! {
        ", least significant byte first", LittleEndian, "to_le_bytes",
        "Not cancel safe: of a number read in part, that part is lost.";
        read_u16_le: u16, read_i16_le: i16, read_u32_le: u32, read_i32_le: i32,
        read_u64_le: u64, read_i64_le: i64, read_u128_le: u128, read_i128_le: i128,
        read_f32_le: f32, read_f64_le: f64
    }

    /// Reads to the end, adds all of it to `buf`, and says how many bytes that was.
    ///
    /// A vector with just the capacity for it does not grow.
    ///
    /// # Errors
    ///
    /// The reader's; what was read by then is in `buf`. `Interrupted` is met by
    /// reading again.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: what was read so far is in `buf`. (How much of it, the
    /// caller can tell who knows how long `buf` was.)
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kolo::io::AsyncReadExt;
    ///
    /// let mut bytes = b"ko".to_vec();
    /// assert_eq!((&b"lo"[..]).read_to_end(&mut bytes).await.unwrap(), 2);
    /// assert_eq!(bytes, b"kolo");
    /// # });
    /// ```
    fn read_to_end<'a>(&'a mut self, buf: &'a mut Vec<u8>) -> ReadToEnd<'a, Self>
    where
        Self: Unpin,
    {
        ReadToEnd::new(self, buf)
    }

    /// Reads to the end, adds all of it to `dst`, and says how many bytes that was.
    ///
    /// # Errors
    ///
    /// `InvalidData`, with a [`Utf8Error`](std::str::Utf8Error), if `dst` would not
    /// be UTF-8; else the reader's. `dst` is then as it was, and what was read is
    /// lost. `Interrupted` is met by reading again.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: what was read so far is lost, and `dst` is left empty.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kolo::io::{AsyncReadExt, ErrorKind};
    ///
    /// let mut text = String::from("ko");
    /// assert_eq!((&b"lo"[..]).read_to_string(&mut text).await.unwrap(), 2);
    /// let e = (&b"\xff"[..]).read_to_string(&mut text).await.unwrap_err();
    /// assert_eq!(e.kind(), ErrorKind::InvalidData);
    /// assert_eq!(text, "kolo");
    /// # });
    /// ```
    fn read_to_string<'a>(&'a mut self, dst: &'a mut String) -> ReadToString<'a, Self>
    where
        Self: Unpin,
    {
        ReadToString::new(self, dst)
    }

    /// Reads from this, but no more than `limit` bytes.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kolo::io::{self, AsyncReadExt};
    ///
    /// let mut text = String::new();
    /// io::repeat(b'o').take(3).read_to_string(&mut text).await.unwrap();
    /// assert_eq!(text, "ooo");
    /// # });
    /// ```
    fn take(self, limit: u64) -> Take<Self>
    where
        Self: Sized,
    {
        Take::new(self, limit)
    }
}

impl<R: AsyncRead + ?Sized> AsyncReadExt for R {}
