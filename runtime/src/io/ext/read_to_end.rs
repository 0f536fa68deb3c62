//! **What if the reader ends who knows when?** Read into a vector that grows,
//! until a read brings nothing.
//!
//! A string must be UTF-8 at every moment that somebody can see it. So its bytes
//! are taken out, added to as a vector, and put back at the end if they are still
//! UTF-8, or else as they were. In between, and after a future dropped halfway,
//! the string is empty. (As in tokio.)

use std::future::Future;
use std::io::{self, ErrorKind};
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::growing::{Bytes, Growing};
use crate::io::AsyncRead;

/// Reads until nothing comes any more; `read` counts.
fn poll_read_to_end<R, V>(
    reader: &mut R,
    cx: &mut Context<'_>,
    to: &mut Growing<V>,
    read: &mut usize,
) -> Poll<io::Result<()>>
where
    R: AsyncRead + Unpin + ?Sized,
    V: Bytes,
{
    loop {
        match ready!(to.poll_read(|buf| Pin::new(&mut *reader).poll_read(cx, buf))) {
            Ok(0) => return Poll::Ready(Ok(())),
            Ok(n) => *read += n,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Poll::Ready(Err(e)),
        }
    }
}

pin_project! {
    /// Everything, at the end of a vector.
    #[project(!Unpin)]
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct ReadToEnd<'a, R: ?Sized> {
        reader: &'a mut R,
        to: Growing<&'a mut Vec<u8>>,
        read: usize,
    }
}

impl<'a, R: ?Sized> ReadToEnd<'a, R> {
    pub(in crate::io) fn new(reader: &'a mut R, vec: &'a mut Vec<u8>) -> Self {
        ReadToEnd {
            reader,
            to: Growing::new(vec),
            read: 0,
        }
    }
}

impl<R: AsyncRead + Unpin + ?Sized> Future for ReadToEnd<'_, R> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let me = self.project();
        ready!(poll_read_to_end(&mut **me.reader, cx, me.to, me.read))?;
        Poll::Ready(Ok(mem::take(me.read)))
    }
}

pin_project! {
    /// Everything, at the end of a string.
    #[project(!Unpin)]
    #[derive(Debug)]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct ReadToString<'a, R: ?Sized> {
        reader: &'a mut R,
        // Empty until the end.
        string: &'a mut String,
        to: Growing<Vec<u8>>,
        read: usize,
    }
}

impl<'a, R: ?Sized> ReadToString<'a, R> {
    pub(in crate::io) fn new(reader: &'a mut R, string: &'a mut String) -> Self {
        let bytes = mem::take(string).into_bytes();
        ReadToString {
            reader,
            string,
            to: Growing::new(bytes),
            read: 0,
        }
    }
}

impl<R: AsyncRead + Unpin + ?Sized> Future for ReadToString<'_, R> {
    type Output = io::Result<usize>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let me = self.project();
        let result = ready!(poll_read_to_end(&mut **me.reader, cx, me.to, me.read));

        let read = mem::take(me.read);
        let bytes = mem::replace(me.to, Growing::new(Vec::new())).into_vec();
        let (mut bytes, result) = match String::from_utf8(bytes) {
            Ok(string) if result.is_ok() => {
                **me.string = string;
                return Poll::Ready(Ok(read));
            }
            Ok(string) => (string.into_bytes(), result),
            Err(e) => {
                let not_utf8 = io::Error::new(ErrorKind::InvalidData, e.utf8_error());
                (e.into_bytes(), result.and(Err(not_utf8)))
            }
        };
        bytes.truncate(bytes.len() - read);
        **me.string = String::from_utf8(bytes).expect("it was a string before");
        Poll::Ready(result.map(|()| read))
    }
}
