//! **How does a task move about in a file?** In two steps: one that begins, and
//! one that waits until it is done, because a file's own seek may have to wait
//! for its turn on another thread. (The trait is tokio's.)

use std::io::{self, Cursor, Seek, SeekFrom};
use std::ops::DerefMut;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Moves the place where the next read or write happens.
///
/// [`AsyncSeekExt`](super::AsyncSeekExt) has the methods that programs call.
pub trait AsyncSeek {
    /// Begins to move to `position`.
    ///
    /// An earlier seek must be over: call [`poll_complete`](Self::poll_complete)
    /// first, or this may fail. To go beyond the end is allowed or not, as the
    /// implementor says.
    ///
    /// # Errors
    ///
    /// If the move can't begin. One that began may yet fail.
    fn start_seek(self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()>;

    /// Waits for the move to be done, and says where that is, in bytes from the
    /// beginning. With no move under way, it says where this stands.
    ///
    /// `Pending` means that the task of `cx` will be woken to ask again.
    fn poll_complete(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>>;
}

/// What points to something that can seek can seek.
macro_rules! seek_through_pointer {
    () => {
        #[inline]
        fn start_seek(self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
            Pin::new(&mut **self.get_mut()).start_seek(position)
        }

        #[inline]
        fn poll_complete(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
            Pin::new(&mut **self.get_mut()).poll_complete(cx)
        }
    };
}

impl<T: ?Sized + AsyncSeek + Unpin> AsyncSeek for Box<T> {
    seek_through_pointer!();
}

impl<T: ?Sized + AsyncSeek + Unpin> AsyncSeek for &mut T {
    seek_through_pointer!();
}

impl<P> AsyncSeek for Pin<P>
where
    P: DerefMut,
    P::Target: AsyncSeek,
{
    #[inline]
    fn start_seek(self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        self.as_deref_mut().start_seek(position)
    }

    #[inline]
    fn poll_complete(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        self.as_deref_mut().poll_complete(cx)
    }
}

impl<T: AsRef<[u8]> + Unpin> AsyncSeek for Cursor<T> {
    #[inline]
    fn start_seek(self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        self.get_mut().seek(position).map(drop)
    }

    #[inline]
    fn poll_complete(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Poll::Ready(Ok(self.position()))
    }
}
