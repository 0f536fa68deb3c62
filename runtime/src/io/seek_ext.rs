//! **How is a seek awaited?** First the one before it, which an earlier future may
//! have begun and left, then its own.

use std::future::Future;
use std::io::{self, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::AsyncSeek;

pin_project! {
    /// A move to another place.
    #[project(!Unpin)]
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Seek<'a, S: ?Sized> {
        file: &'a mut S,
        // Where to; None once it has begun.
        to: Option<SeekFrom>,
    }
}

impl<S: AsyncSeek + Unpin + ?Sized> Future for Seek<'_, S> {
    type Output = io::Result<u64>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        let me = self.project();
        let mut file = Pin::new(&mut **me.file);
        if let Some(to) = *me.to {
            ready!(file.as_mut().poll_complete(cx))?;
            file.as_mut().start_seek(to)?;
            *me.to = None;
        }
        file.poll_complete(cx)
    }
}

/// Methods to move about in anything that is [`AsyncSeek`].
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use kolo::io::{AsyncReadExt, AsyncSeekExt, SeekFrom};
///
/// let mut file = std::io::Cursor::new("round dance");
/// assert_eq!(file.seek(SeekFrom::End(-5)).await.unwrap(), 6);
/// let mut text = String::new();
/// file.read_to_string(&mut text).await.unwrap();
/// assert_eq!(text, "dance");
/// # });
/// ```
pub trait AsyncSeekExt: AsyncSeek {
    /// Moves to `pos`, and says where that is, in bytes from the beginning.
    ///
    /// # Errors
    ///
    /// That of an earlier seek, left halfway, and then this one did not begin; or
    /// its own, as for a place before the beginning.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: the move may have begun. The next call waits for it first.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kolo::io::{AsyncReadExt, AsyncSeekExt, SeekFrom};
    ///
    /// let mut file = std::io::Cursor::new([1, 2, 3]);
    /// file.seek(SeekFrom::Start(2)).await.unwrap();
    /// assert_eq!(file.read_u8().await.unwrap(), 3);
    /// # });
    /// ```
    fn seek(&mut self, pos: SeekFrom) -> Seek<'_, Self>
    where
        Self: Unpin,
    {
        let to = Some(pos);
        Seek { file: self, to }
    }

    /// Moves to the beginning.
    ///
    /// # Errors
    ///
    /// As of [`seek`](Self::seek).
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: the move may have begun. The next call waits for it first.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kolo::io::{AsyncReadExt, AsyncSeekExt};
    ///
    /// let mut file = std::io::Cursor::new([1, 2, 3]);
    /// assert_eq!(file.read_u8().await.unwrap(), 1);
    /// file.rewind().await.unwrap();
    /// assert_eq!(file.read_u8().await.unwrap(), 1);
    /// # });
    /// ```
    fn rewind(&mut self) -> Seek<'_, Self>
    where
        Self: Unpin,
    {
        self.seek(SeekFrom::Start(0))
    }

    /// Where the next read or write happens, in bytes from the beginning.
    ///
    /// # Errors
    ///
    /// As of [`seek`](Self::seek).
    ///
    /// # Cancel safety
    ///
    /// The place is not changed, whenever it is dropped.
    ///
    /// ```
    /// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use kolo::io::{AsyncReadExt, AsyncSeekExt};
    ///
    /// let mut file = std::io::Cursor::new([1, 2, 3]);
    /// file.read_u16().await.unwrap();
    /// assert_eq!(file.stream_position().await.unwrap(), 2);
    /// # });
    /// ```
    fn stream_position(&mut self) -> Seek<'_, Self>
    where
        Self: Unpin,
    {
        self.seek(SeekFrom::Current(0))
    }
}

impl<S: AsyncSeek + ?Sized> AsyncSeekExt for S {}
