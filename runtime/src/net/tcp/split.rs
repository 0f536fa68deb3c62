//! **Who may read and who may write one TCP connection?** Its halves: see
//! `net/halves.rs`, of which this is an instance, with what only TCP has.
//!
//! Read next: `net/halves.rs`.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use super::stream::TcpStream;
use crate::io::ReadBuf;
use crate::net::halves::split_halves;

split_halves!(TcpStream, "TcpStream", mio::net::TcpStream, SocketAddr);

macro_rules! peek_methods {
    () => {
        /// Reads without taking from the stream; how many bytes. Wakes the task when
        /// there are some.
        ///
        /// See [`TcpStream::poll_peek`].
        ///
        /// # Errors
        ///
        /// The system's, or that the runtime is shut down.
        pub fn poll_peek(
            &mut self,
            cx: &mut Context<'_>,
            buf: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<usize>> {
            self.as_ref().poll_peek(cx, buf)
        }

        /// Reads without taking from the stream; how many bytes.
        ///
        /// See [`TcpStream::peek`].
        ///
        /// # Errors
        ///
        /// The system's, or that the runtime is shut down.
        ///
        /// # Cancel safety
        ///
        /// Cancel safe: nothing is taken.
        pub async fn peek(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let mut buf = ReadBuf::new(buf);
            poll_fn(|cx| self.poll_peek(cx, &mut buf)).await
        }
    };
}

impl ReadHalf<'_> {
    peek_methods!();
}

impl OwnedReadHalf {
    peek_methods!();
}
