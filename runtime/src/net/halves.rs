//! **What do all byte streams do alike?** TCP and Unix sockets have the same
//! methods for waiting and for trying, and split into the same two kinds of halves.
//! They stand here once, as macros, because they are inherent methods of types
//! that have nothing else in common; what there is to compute is in
//! [`Registered`](crate::io::Registered), and each method below is one call of it.
//! Sockets of datagrams and listeners take from here what suits them.
//!
//! A stream `S` over mio's `M` is written so:
//!
//! ```text
//! pub struct S { socket: Registered<M> }
//!
//! impl S {
//!     connect, from_std, local_addr, peer_addr, split, into_split, …
//!
//!     pub(super) fn registered(&self) -> &Registered<M> { &self.socket }
//!     halves::stream_methods!();       ready, readable, try_read, try_io, …
//! }
//! halves::stream_traits!(S);           AsyncRead, AsyncWrite, Debug, AsFd, …
//! ```
//!
//! and its halves, in a module of their own:
//!
//! ```text
//! halves::split_halves!(S, "S", M, SocketAddr);
//! ```
//!
//! That makes `ReadHalf<'a>` and `WriteHalf<'a>`, which borrow the stream, and
//! `OwnedReadHalf` and `OwnedWriteHalf`, which share it by an `Arc`, with their
//! `ReuniteError`; and the functions `split` and `into_split` that the stream calls.
//!
//! Invariants
//!
//! - Of one stream there are at most two owned halves, one of each kind, and nobody
//!   else holds its `Arc`. So whoever has both can have the stream back.
//! - The write half that is dropped ends the stream's writing, as closing would: the
//!   peer reads the end even while the read half lives. Not so if it was told to
//!   [forget](crate::net::tcp::OwnedWriteHalf::forget), was reunited, or did it before.
//! - There is nothing to flush: what was written is the system's.
//! - Shutting down what is no longer connected is no error: the end is there already.
//!
//! tokio's `net::tcp` and `net::unix` gave the interface.
//!
//! Read next: `tcp/stream.rs`, and `io/registered.rs` below it.

/// `ready`, for streams and halves. Asks for `fn registered(&self)`.
macro_rules! ready_method {
    () => {
        /// Waits until the socket is ready for one of the things in `interest`, and
        /// says for what.
        ///
        /// What comes back may be more than was asked for, as it may hold the closed
        /// bits. Readiness is a hint: it stays until an operation finds that it has
        /// to wait, and the first try after it may be that one. So loop, and wait
        /// again upon [`WouldBlock`](std::io::ErrorKind::WouldBlock).
        ///
        /// The runtime watches the socket for reading, for writing and for errors. For
        /// [`PRIORITY`](crate::io::Interest::PRIORITY) it does not, and the wait would
        /// not end.
        ///
        /// # Errors
        ///
        /// If the runtime is shut down.
        ///
        /// # Cancel safety
        ///
        /// Cancel safe: waiting takes nothing from the socket.
        pub async fn ready(
            &self,
            interest: $crate::io::Interest,
        ) -> ::std::io::Result<$crate::io::Ready> {
            self.registered().ready(interest).await
        }
    };
}

/// `readable`, for all that reads or receives. `$attempt` is what to try then.
macro_rules! readable_method {
    ($attempt:ident) => {
        /// Waits until there is something to read: data, the end, or an error.
        ///
        #[doc = concat!("Usually followed by [`Self::", stringify!($attempt), "`]. As with")]
        /// [`ready`](Self::ready), the try may still find nothing.
        ///
        /// # Errors
        ///
        /// If the runtime is shut down.
        ///
        /// # Cancel safety
        ///
        /// Cancel safe: waiting takes nothing from the socket.
        pub async fn readable(&self) -> ::std::io::Result<()> {
            self.ready($crate::io::Interest::READABLE).await?;
            Ok(())
        }
    };
}

/// `writable`, for all that writes or sends. `$attempt` is what to try then.
macro_rules! writable_method {
    ($attempt:ident) => {
        /// Waits until there is room to write, or the writing has ended.
        ///
        #[doc = concat!("Usually followed by [`Self::", stringify!($attempt), "`]. As with")]
        /// [`ready`](Self::ready), the try may still find none.
        ///
        /// # Errors
        ///
        /// If the runtime is shut down.
        ///
        /// # Cancel safety
        ///
        /// Cancel safe: waiting writes nothing.
        pub async fn writable(&self) -> ::std::io::Result<()> {
            self.ready($crate::io::Interest::WRITABLE).await?;
            Ok(())
        }
    };
}

/// `try_io` and `async_io`, for whole sockets.
macro_rules! operation_methods {
    () => {
        /// Calls `operation` if the socket is ready for `interest`, and takes note if
        /// it has to wait.
        ///
        /// For calls of the system that the type has no method for: `operation` makes
        /// one on this socket, and returns its
        /// [`WouldBlock`](std::io::ErrorKind::WouldBlock) as it came, or the runtime
        /// waits for what is there, or does not wait for what is not. It must not
        /// use the socket's async methods.
        ///
        /// # Errors
        ///
        /// `WouldBlock` if the socket is not ready; else the operation's.
        pub fn try_io<R>(
            &self,
            interest: $crate::io::Interest,
            operation: impl FnOnce() -> ::std::io::Result<R>,
        ) -> ::std::io::Result<R> {
            self.registered().try_io(interest, operation)
        }

        /// Calls `operation` whenever the socket is ready for `interest`, until it no
        /// longer says that it has to wait.
        ///
        /// What holds for [`try_io`](Self::try_io)'s operation holds for this one.
        ///
        /// # Errors
        ///
        /// The operation's, or that the runtime is shut down.
        ///
        /// # Cancel safety
        ///
        /// Cancel safe if the operation is: when it did something it also ends
        /// the wait.
        pub async fn async_io<R>(
            &self,
            interest: $crate::io::Interest,
            operation: impl FnMut() -> ::std::io::Result<R>,
        ) -> ::std::io::Result<R> {
            self.registered().io(interest, operation).await
        }
    };
}

/// What read halves and streams share.
macro_rules! read_methods {
    () => {
        $crate::net::halves::readable_method!(try_read);

        /// Reads what is there, without waiting; how many bytes.
        ///
        /// Zero bytes are the stream's end, or `buf` is empty.
        ///
        /// # Errors
        ///
        /// [`WouldBlock`](std::io::ErrorKind::WouldBlock) if nothing is there, or the
        /// runtime has not seen it yet: await [`readable`](Self::readable) then. Else
        /// the system's.
        pub fn try_read(&self, buf: &mut [u8]) -> ::std::io::Result<usize> {
            let socket = self.registered();
            socket.try_io($crate::io::Interest::READABLE, || {
                ::std::io::Read::read(&mut &**socket, buf)
            })
        }

        /// Reads into several buffers, one after the other; else as
        /// [`try_read`](Self::try_read).
        ///
        /// # Errors
        ///
        /// As for `try_read`.
        pub fn try_read_vectored(
            &self,
            bufs: &mut [::std::io::IoSliceMut<'_>],
        ) -> ::std::io::Result<usize> {
            let socket = self.registered();
            socket.try_io($crate::io::Interest::READABLE, || {
                ::std::io::Read::read_vectored(&mut &**socket, bufs)
            })
        }

        /// Reads into the room that `buf` has or makes, and moves its end; else as
        /// [`try_read`](Self::try_read).
        ///
        /// # Errors
        ///
        /// As for `try_read`.
        pub fn try_read_buf<B: ::bytes::BufMut>(&self, buf: &mut B) -> ::std::io::Result<usize> {
            let socket = self.registered();
            socket.try_io($crate::io::Interest::READABLE, || {
                $crate::io::calls::recv(&**socket, buf)
            })
        }
    };
}

/// What write halves and streams share.
macro_rules! write_methods {
    () => {
        $crate::net::halves::writable_method!(try_write);

        /// Writes what there is room for, without waiting; how many bytes.
        ///
        /// # Errors
        ///
        /// [`WouldBlock`](std::io::ErrorKind::WouldBlock) if there is no room, or the
        /// runtime has not seen it yet: await [`writable`](Self::writable) then. Else
        /// the system's.
        pub fn try_write(&self, buf: &[u8]) -> ::std::io::Result<usize> {
            let socket = self.registered();
            socket.try_io($crate::io::Interest::WRITABLE, || {
                ::std::io::Write::write(&mut &**socket, buf)
            })
        }

        /// Writes from several buffers, one after the other; else as
        /// [`try_write`](Self::try_write).
        ///
        /// # Errors
        ///
        /// As for `try_write`.
        pub fn try_write_vectored(
            &self,
            bufs: &[::std::io::IoSlice<'_>],
        ) -> ::std::io::Result<usize> {
            let socket = self.registered();
            socket.try_io($crate::io::Interest::WRITABLE, || {
                ::std::io::Write::write_vectored(&mut &**socket, bufs)
            })
        }
    };
}

/// The methods of a whole stream. Asks for `fn registered(&self)`.
macro_rules! stream_methods {
    () => {
        $crate::net::halves::ready_method!();
        $crate::net::halves::read_methods!();
        $crate::net::halves::write_methods!();

        /// Is there something to read? If not, wakes the task when there is.
        ///
        /// Of all polls for reading, of whatever method, only the latest one's task
        /// is woken; for several tasks there is [`readable`](Self::readable).
        ///
        /// # Errors
        ///
        /// If the runtime is shut down.
        pub fn poll_read_ready(
            &self,
            cx: &mut ::std::task::Context<'_>,
        ) -> ::std::task::Poll<::std::io::Result<()>> {
            self.registered().poll_read_ready(cx)
        }

        /// Is there room to write? If not, wakes the task when there is.
        ///
        /// Of all polls for writing, of whatever method, only the latest one's task
        /// is woken; for several tasks there is [`writable`](Self::writable).
        ///
        /// # Errors
        ///
        /// If the runtime is shut down.
        pub fn poll_write_ready(
            &self,
            cx: &mut ::std::task::Context<'_>,
        ) -> ::std::task::Poll<::std::io::Result<()>> {
            self.registered().poll_write_ready(cx)
        }

        $crate::net::halves::operation_methods!();

        /// Ends the writing. What is no longer connected has ended.
        pub(super) fn end_writing(&self) -> ::std::io::Result<()> {
            match self.registered().shutdown(::std::net::Shutdown::Write) {
                Err(error) if error.kind() == ::std::io::ErrorKind::NotConnected => Ok(()),
                done => done,
            }
        }
    };
}

/// `AsyncRead` of whatever has `fn registered(&self)`.
macro_rules! impl_async_read {
    ($Reader:ty) => {
        impl $crate::io::AsyncRead for $Reader {
            #[inline]
            fn poll_read(
                self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
                buf: &mut $crate::io::ReadBuf<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                self.registered().poll_read(cx, buf)
            }
        }
    };
}

/// `AsyncWrite` of whatever has `fn registered(&self)`. `$end` ends the writing.
macro_rules! impl_async_write {
    ($Writer:ty, $end:expr) => {
        impl $crate::io::AsyncWrite for $Writer {
            #[inline]
            fn poll_write(
                self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
                buf: &[u8],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                self.registered().poll_write(cx, buf)
            }

            #[inline]
            fn poll_write_vectored(
                self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
                bufs: &[::std::io::IoSlice<'_>],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                self.registered().poll_write_vectored(cx, bufs)
            }

            #[inline]
            fn is_write_vectored(&self) -> bool {
                true
            }

            #[inline]
            fn poll_flush(
                self: ::std::pin::Pin<&mut Self>,
                _: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                ::std::task::Poll::Ready(Ok(()))
            }

            fn poll_shutdown(
                self: ::std::pin::Pin<&mut Self>,
                _: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                let end: fn(&mut $Writer) -> ::std::io::Result<()> = $end;
                ::std::task::Poll::Ready(end(self.get_mut()))
            }
        }
    };
}

/// The traits of a whole stream: it is read, written, shown, and has a descriptor.
macro_rules! stream_traits {
    ($Stream:ident) => {
        $crate::net::halves::impl_async_read!($Stream);
        $crate::net::halves::impl_async_write!($Stream, |stream| stream.end_writing());
        $crate::net::halves::descriptor_traits!($Stream);

        impl AsRef<Self> for $Stream {
            fn as_ref(&self) -> &Self {
                self
            }
        }
    };
}

/// What shows any socket, and lends its descriptor. Asks for `fn registered(&self)`.
macro_rules! descriptor_traits {
    ($Socket:ident) => {
        impl ::std::fmt::Debug for $Socket {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                (**self.registered()).fmt(f)
            }
        }

        impl ::std::os::fd::AsRawFd for $Socket {
            fn as_raw_fd(&self) -> ::std::os::fd::RawFd {
                (**self.registered()).as_raw_fd()
            }
        }

        impl ::std::os::fd::AsFd for $Socket {
            fn as_fd(&self) -> ::std::os::fd::BorrowedFd<'_> {
                (**self.registered()).as_fd()
            }
        }
    };
}

/// Makes the halves of a stream, with the functions that split it. `$name` is the
/// stream's name for the documentation, `$Source` what it is to mio, `$Addr` its kind
/// of address.
macro_rules! split_halves {
    ($Stream:ident, $name:literal, $Source:ty, $Addr:ty) => {
        #[doc = concat!("The half of a [`", $name, "`] that reads, borrowed from it.")]
        ///
        #[doc = concat!("Made by [`", $name, "::split`].")]
        #[derive(Debug)]
        pub struct ReadHalf<'a>(&'a $Stream);

        #[doc = concat!("The half of a [`", $name, "`] that writes, borrowed from it.")]
        ///
        #[doc = concat!("Made by [`", $name, "::split`].")]
        /// [Shutting it down](crate::io::AsyncWriteExt::shutdown) ends the stream's
        /// writing; dropping it does nothing.
        #[derive(Debug)]
        pub struct WriteHalf<'a>(&'a $Stream);

        #[doc = concat!("The half of a [`", $name, "`] that reads, for a task of its own.")]
        ///
        #[doc = concat!("Made by [`", $name, "::into_split`].")]
        /// The socket is closed when both halves are dropped.
        #[derive(Debug)]
        pub struct OwnedReadHalf {
            stream: ::std::sync::Arc<$Stream>,
        }

        #[doc = concat!("The half of a [`", $name, "`] that writes, for a task of its own.")]
        ///
        #[doc = concat!("Made by [`", $name, "::into_split`].")]
        /// Dropped, it ends the stream's writing, so that the peer reads the end,
        /// unless it is told to [`forget`](Self::forget). The socket is closed when
        /// both halves are dropped.
        #[derive(Debug)]
        pub struct OwnedWriteHalf {
            stream: ::std::sync::Arc<$Stream>,
            ends_on_drop: bool,
        }

        /// The halves are not of one stream: here they are again.
        #[derive(Debug)]
        pub struct ReuniteError(pub OwnedReadHalf, pub OwnedWriteHalf);

        impl ::std::fmt::Display for ReuniteError {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str("tried to reunite halves that are not from the same socket")
            }
        }

        impl ::std::error::Error for ReuniteError {}

        pub(super) fn split(stream: &mut $Stream) -> (ReadHalf<'_>, WriteHalf<'_>) {
            (ReadHalf(stream), WriteHalf(stream))
        }

        pub(super) fn into_split(stream: $Stream) -> (OwnedReadHalf, OwnedWriteHalf) {
            let stream = ::std::sync::Arc::new(stream);
            let read = OwnedReadHalf {
                stream: stream.clone(),
            };
            let write = OwnedWriteHalf {
                stream,
                ends_on_drop: true,
            };
            (read, write)
        }

        fn reunite(read: OwnedReadHalf, write: OwnedWriteHalf) -> Result<$Stream, ReuniteError> {
            if !::std::sync::Arc::ptr_eq(&read.stream, &write.stream) {
                return Err(ReuniteError(read, write));
            }
            write.forget();
            Ok(::std::sync::Arc::into_inner(read.stream)
                .expect("a stream has two owned halves, and one is gone"))
        }

        impl ReadHalf<'_> {
            fn registered(&self) -> &$crate::io::Registered<$Source> {
                self.0.registered()
            }

            $crate::net::halves::ready_method!();
            $crate::net::halves::read_methods!();
            $crate::net::halves::half_addresses!($Addr);
        }

        impl WriteHalf<'_> {
            fn registered(&self) -> &$crate::io::Registered<$Source> {
                self.0.registered()
            }

            $crate::net::halves::ready_method!();
            $crate::net::halves::write_methods!();
            $crate::net::halves::half_addresses!($Addr);
        }

        impl OwnedReadHalf {
            fn registered(&self) -> &$crate::io::Registered<$Source> {
                self.stream.registered()
            }

            /// Puts the stream together again.
            ///
            /// # Errors
            ///
            /// If the other half is another stream's; both come back.
            pub fn reunite(self, other: OwnedWriteHalf) -> Result<$Stream, ReuniteError> {
                reunite(self, other)
            }

            $crate::net::halves::ready_method!();
            $crate::net::halves::read_methods!();
            $crate::net::halves::half_addresses!($Addr);
        }

        impl OwnedWriteHalf {
            fn registered(&self) -> &$crate::io::Registered<$Source> {
                self.stream.registered()
            }

            /// Puts the stream together again.
            ///
            /// # Errors
            ///
            /// If the other half is another stream's; both come back.
            pub fn reunite(self, other: OwnedReadHalf) -> Result<$Stream, ReuniteError> {
                reunite(other, self)
            }

            /// Drops the half without ending the stream's writing.
            pub fn forget(mut self) {
                self.ends_on_drop = false;
            }

            $crate::net::halves::ready_method!();
            $crate::net::halves::write_methods!();
            $crate::net::halves::half_addresses!($Addr);
        }

        impl Drop for OwnedWriteHalf {
            fn drop(&mut self) {
                if self.ends_on_drop {
                    // A connection that fails has ended as well.
                    let _ = self.stream.end_writing();
                }
            }
        }

        impl AsRef<$Stream> for ReadHalf<'_> {
            fn as_ref(&self) -> &$Stream {
                self.0
            }
        }

        impl AsRef<$Stream> for WriteHalf<'_> {
            fn as_ref(&self) -> &$Stream {
                self.0
            }
        }

        impl AsRef<$Stream> for OwnedReadHalf {
            fn as_ref(&self) -> &$Stream {
                &self.stream
            }
        }

        impl AsRef<$Stream> for OwnedWriteHalf {
            fn as_ref(&self) -> &$Stream {
                &self.stream
            }
        }

        $crate::net::halves::impl_async_read!(ReadHalf<'_>);
        $crate::net::halves::impl_async_read!(OwnedReadHalf);
        $crate::net::halves::impl_async_write!(WriteHalf<'_>, |half| half.0.end_writing());
        $crate::net::halves::impl_async_write!(OwnedWriteHalf, |half| {
            half.stream.end_writing()?;
            half.ends_on_drop = false;
            Ok(())
        });
    };
}

/// The addresses of a half's stream.
macro_rules! half_addresses {
    ($Addr:ty) => {
        /// The peer's address.
        ///
        /// # Errors
        ///
        /// The system's, if the stream is no longer connected.
        pub fn peer_addr(&self) -> ::std::io::Result<$Addr> {
            self.as_ref().peer_addr()
        }

        /// This end's address.
        ///
        /// # Errors
        ///
        /// The system's.
        pub fn local_addr(&self) -> ::std::io::Result<$Addr> {
            self.as_ref().local_addr()
        }
    };
}

pub(crate) use {
    descriptor_traits, half_addresses, impl_async_read, impl_async_write, operation_methods,
    read_methods, readable_method, ready_method, split_halves, stream_methods, stream_traits,
    writable_method, write_methods,
};
