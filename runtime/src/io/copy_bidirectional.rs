//! **How do two streams become one wire?** A copy in each direction, in one task.
//!
//! When one side has nothing more to say, the other is told so, by a shutdown of
//! its writing half, and may still answer: it is the end of a direction and not of
//! the wire. Both must end. An error of either ends it all at once.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::copy::{BUFFER, Transfer};
use super::{AsyncRead, AsyncWrite};

/// Where one direction stands.
enum Direction {
    Copying(Transfer),
    /// The reader has ended, after so many bytes; the writer is told.
    ShuttingDown(u64),
    Done(u64),
}

impl Direction {
    fn poll<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        reader: &mut R,
        writer: &mut W,
    ) -> Poll<io::Result<u64>>
    where
        R: AsyncRead + Unpin + ?Sized,
        W: AsyncWrite + Unpin + ?Sized,
    {
        loop {
            *self = match self {
                Direction::Copying(transfer) => {
                    Direction::ShuttingDown(ready!(transfer.poll(cx, reader, writer))?)
                }
                Direction::ShuttingDown(total) => {
                    ready!(Pin::new(&mut *writer).poll_shutdown(cx))?;
                    Direction::Done(*total)
                }
                Direction::Done(total) => return Poll::Ready(Ok(*total)),
            };
        }
    }
}

/// Copies in both directions, until both have ended; says how many bytes went
/// from `a` to `b`, and how many from `b` to `a`.
///
/// When a side has ended, the other is shut down, and may still be read from.
///
/// # Errors
///
/// The first of either side's; the other direction is not carried on. What was
/// read and not written by then is lost.
///
/// # Cancel safety
///
/// Not cancel safe: what was read and not written is lost.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use kolo::io;
///
/// let mut a = io::join(&b"question"[..], Vec::new());
/// let mut b = io::join(&b"no"[..], Vec::new());
/// assert_eq!(io::copy_bidirectional(&mut a, &mut b).await.unwrap(), (8, 2));
/// assert_eq!((&a.writer()[..], &b.writer()[..]), (&b"no"[..], &b"question"[..]));
/// # });
/// ```
pub async fn copy_bidirectional<A, B>(a: &mut A, b: &mut B) -> io::Result<(u64, u64)>
where
    A: AsyncRead + AsyncWrite + Unpin + ?Sized,
    B: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    copy_both(a, b, BUFFER, BUFFER).await
}

/// Copies in both directions as [`copy_bidirectional`] does, with buffers of so
/// many bytes.
///
/// # Errors
///
/// The first of either side's; the other direction is not carried on.
///
/// # Panics
///
/// If a size is zero.
///
/// # Cancel safety
///
/// Not cancel safe: what was read and not written is lost.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use kolo::io;
///
/// let mut a = io::join(&b"question"[..], Vec::new());
/// let mut b = io::join(&b"no"[..], Vec::new());
/// let copied = io::copy_bidirectional_with_sizes(&mut a, &mut b, 64 * 1024, 16).await;
/// assert_eq!(copied.unwrap(), (8, 2));
/// # });
/// ```
pub async fn copy_bidirectional_with_sizes<A, B>(
    a: &mut A,
    b: &mut B,
    a_to_b_buf_size: usize,
    b_to_a_buf_size: usize,
) -> io::Result<(u64, u64)>
where
    A: AsyncRead + AsyncWrite + Unpin + ?Sized,
    B: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    assert!(
        a_to_b_buf_size > 0,
        "`a_to_b_buf_size` must be greater than 0"
    );
    assert!(
        b_to_a_buf_size > 0,
        "`b_to_a_buf_size` must be greater than 0"
    );
    copy_both(a, b, a_to_b_buf_size, b_to_a_buf_size).await
}

async fn copy_both<A, B>(
    a: &mut A,
    b: &mut B,
    a_to_b: usize,
    b_to_a: usize,
) -> io::Result<(u64, u64)>
where
    A: AsyncRead + AsyncWrite + Unpin + ?Sized,
    B: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    let mut a_to_b = Direction::Copying(Transfer::new(a_to_b));
    let mut b_to_a = Direction::Copying(Transfer::new(b_to_a));
    poll_fn(|cx| {
        // Both are polled before either is waited for.
        let there = a_to_b.poll(cx, a, b)?;
        let back = b_to_a.poll(cx, b, a)?;
        Poll::Ready(Ok((ready!(there), ready!(back))))
    })
    .await
}
