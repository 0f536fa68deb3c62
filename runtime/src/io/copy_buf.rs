//! **And if the reader has a buffer already?** Then there is no need for another:
//! what it lends is written, and as much as was written is consumed.
//!
//! Flushes are as in `copy.rs`. A unit of the budget is taken for each pass that the
//! writer answers, be it the last flush: to wait, for either side, takes none.

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::{AsyncBufRead, AsyncWrite};
use crate::task::coop::poll_proceed;

/// How far a copy got.
#[derive(Default)]
struct Progress {
    /// Bytes that the writer took.
    total: u64,
    /// The writer took something since it was last flushed.
    unflushed: bool,
}

impl Progress {
    fn poll<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        reader: &mut R,
        writer: &mut W,
    ) -> Poll<io::Result<u64>>
    where
        R: AsyncBufRead + Unpin + ?Sized,
        W: AsyncWrite + Unpin + ?Sized,
    {
        let (mut reader, mut writer) = (Pin::new(reader), Pin::new(writer));
        loop {
            let unit = ready!(poll_proceed(cx));
            let Poll::Ready(lent) = reader.as_mut().poll_fill_buf(cx) else {
                // The flush may spend units of its own.
                drop(unit);
                if self.unflushed {
                    ready!(writer.as_mut().poll_flush(cx))?;
                    self.unflushed = false;
                }
                return Poll::Pending;
            };
            let written = match lent {
                Ok([]) => {
                    ready!(writer.as_mut().poll_flush(cx))?;
                    unit.made_progress();
                    return Poll::Ready(Ok(self.total));
                }
                Ok(bytes) => ready!(writer.as_mut().poll_write(cx, bytes)),
                Err(e) => Err(e),
            };
            unit.made_progress();
            match written {
                Ok(0) => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
                Ok(n) => {
                    reader.as_mut().consume(n);
                    self.total += n as u64;
                    self.unflushed = true;
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Poll::Ready(Err(e)),
            }
        }
    }
}

/// Writes all that `reader` brings to `writer`, out of the reader's own buffer,
/// and says how many bytes that was.
///
/// It ends when the reader does, and has flushed the writer then, but not shut it
/// down. While the reader makes it wait, the writer is flushed too.
///
/// # Errors
///
/// The first of the reader's or the writer's; `WriteZero` if the writer takes no
/// more. What was not written by then is still the reader's. `Interrupted` is met
/// by trying again.
///
/// # Cancel safety
///
/// Nothing is lost: what was not written so far is still the reader's.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use kolo::io;
///
/// let mut reader: &[u8] = b"round dance";
/// let mut writer = Vec::new();
/// assert_eq!(io::copy_buf(&mut reader, &mut writer).await.unwrap(), 11);
/// assert_eq!(writer, b"round dance");
/// # });
/// ```
pub async fn copy_buf<R, W>(reader: &mut R, writer: &mut W) -> io::Result<u64>
where
    R: AsyncBufRead + Unpin + ?Sized,
    W: AsyncWrite + Unpin + ?Sized,
{
    let mut progress = Progress::default();
    poll_fn(|cx| progress.poll(cx, reader, writer)).await
}
