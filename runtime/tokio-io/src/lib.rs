//! **How does a kolo stream get into a crate that asks for tokio's?** Wrapped in
//! [`ForTokio`], which passes every call on; and back by [`ForKolo`].
//!
//! Crates that take a stream (TLS, WebSockets, database drivers) often name the
//! traits [`tokio::io::AsyncRead`] and [`tokio::io::AsyncWrite`]. Kolo's own traits
//! have the same methods, but to the compiler they are others. Neither adapter
//! buffers, spawns or waits by itself, and tokio's runtime takes no part: tokio is
//! compiled without a feature here, for its traits alone.
//!
//! ```text
//! kolo::net::TcpStream ── ForTokio ──▶ tokio_rustls::TlsStream ── ForKolo ──▶ your program
//! ```
//!
//! ```
//! use kolo::io::{AsyncReadExt, AsyncWriteExt};
//! use kolo_tokio_io::{ForKolo, ForTokio};
//!
//! # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let (near, mut far) = kolo::io::duplex(64);
//! // A crate of tokio's world would take this, and give back something like it …
//! let theirs = ForTokio::new(near);
//! // … which a program of kolo's world then reads and writes.
//! let mut ours = ForKolo::new(theirs);
//!
//! ours.write_all(b"there").await.unwrap();
//! let mut buf = [0; 5];
//! far.read_exact(&mut buf).await.unwrap();
//! assert_eq!(&buf, b"there");
//! # });
//! ```
//!
//! (tokio-util's `compat` does this between tokio's traits and those of the crate
//! futures; for hyper see kolo-hyper, which needs no tokio at all.)
#![warn(missing_docs)]

use std::io::{self, IoSlice, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

/// One adapter: from a stream with the I/O traits of library `$from` to those of `$to`.
/// The two are each other's mirror image, and so is the text.
macro_rules! adapter {
    ($(#[$doc:meta])* $Adapter:ident: $from:ident to $to:ident) => {
        pin_project! {
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, Default)]
            pub struct $Adapter<T> {
                #[pin]
                stream: T,
            }
        }

        impl<T> $Adapter<T> {
            /// Wraps a stream.
            pub const fn new(stream: T) -> Self {
                Self { stream }
            }

            /// The stream.
            pub fn get_ref(&self) -> &T {
                &self.stream
            }

            /// The stream. Nothing is lost by reading from it directly: the adapter
            /// holds no bytes.
            pub fn get_mut(&mut self) -> &mut T {
                &mut self.stream
            }

            /// The stream, pinned.
            pub fn get_pin_mut(self: Pin<&mut Self>) -> Pin<&mut T> {
                self.project().stream
            }

            /// The stream, without the adapter.
            pub fn into_inner(self) -> T {
                self.stream
            }
        }

        impl<T: $from::io::AsyncRead> $to::io::AsyncRead for $Adapter<T> {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &mut $to::io::ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                let known = buf.initialized().len() - buf.filled().len();
                // SAFETY: what is written there is written through the other library's
                // `ReadBuf`, which makes no byte uninitialized, and forbids its callers
                // to do so.
                let room = unsafe { buf.unfilled_mut() };
                let start = room.as_ptr().cast::<u8>();
                let mut theirs = $from::io::ReadBuf::uninit(room);
                // SAFETY: `buf` vouches for these bytes, and both buffers begin at the
                // first that is unfilled.
                unsafe { theirs.assume_init(known) };

                ready!(self.project().stream.poll_read(cx, &mut theirs))?;

                // Safe code can leave another buffer in the place of this one, and its
                // lengths would say nothing about our memory.
                assert!(
                    std::ptr::eq(theirs.initialized().as_ptr(), start),
                    "a reader has exchanged the buffer that it was to fill"
                );
                let (known, read) = (theirs.initialized().len(), theirs.filled().len());
                // SAFETY: `theirs` lies over our unfilled bytes, and vouches for `known`
                // of them.
                unsafe { buf.assume_init(known) };
                buf.advance(read);
                Poll::Ready(Ok(()))
            }
        }

        impl<T: $from::io::AsyncBufRead> $to::io::AsyncBufRead for $Adapter<T> {
            fn poll_fill_buf(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
            ) -> Poll<io::Result<&[u8]>> {
                self.project().stream.poll_fill_buf(cx)
            }

            fn consume(self: Pin<&mut Self>, amount: usize) {
                self.project().stream.consume(amount);
            }
        }

        impl<T: $from::io::AsyncSeek> $to::io::AsyncSeek for $Adapter<T> {
            fn start_seek(self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
                self.project().stream.start_seek(position)
            }

            fn poll_complete(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
                self.project().stream.poll_complete(cx)
            }
        }

        impl<T: $from::io::AsyncWrite> $to::io::AsyncWrite for $Adapter<T> {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.project().stream.poll_write(cx, buf)
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.project().stream.poll_flush(cx)
            }

            fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.project().stream.poll_shutdown(cx)
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                self.project().stream.poll_write_vectored(cx, bufs)
            }

            fn is_write_vectored(&self) -> bool {
                self.stream.is_write_vectored()
            }
        }
    };
}

adapter! {
    /// Tokio's I/O traits for a stream that has kolo's.
    ///
    /// It has as many of them as the stream has: `AsyncRead`, `AsyncWrite`,
    /// `AsyncBufRead`, `AsyncSeek`. Errors, panics and cancel safety are the stream's.
    ForTokio: kolo to tokio
}

adapter! {
    /// Kolo's I/O traits for a stream that has tokio's.
    ///
    /// It has as many of them as the stream has: `AsyncRead`, `AsyncWrite`,
    /// `AsyncBufRead`, `AsyncSeek`. Errors, panics and cancel safety are the stream's.
    /// A socket of tokio's still needs tokio's runtime.
    ForKolo: tokio to kolo
}
