//! **Which calls of the system move bytes?** Those of this file. What receives takes
//! a [`BufMut`]'s spare room as it is, not zeroed, and counts as filled what the
//! system says it has written. A [`ReadBuf`](crate::io::ReadBuf) is one, and so is a
//! `Vec`.
//!
//! Invariant: `unsafe` rests on the system's promise that of the room it was given,
//! as many bytes are initialised as the call returns; no other closure or reader is
//! let near the room.
//!
//! Each call is made once and waits for nothing: the socket is non-blocking. The two
//! of a stream of bytes, [`recv`] and [`send`], are the system's own, with no layer of
//! a library's between: of the instructions that a message costs kolo, they were a
//! tenth.
//!
//! Read next: `io/registered.rs`, which knows when to call.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd};

use bytes::BufMut;
use libc::{MSG_PEEK, c_int, ssize_t};
use socket2::{SockAddr, SockRef};

/// A peer that is gone is told by an error, not by a signal. (On Apple's systems mio
/// has told the socket so.)
#[cfg(not(target_vendor = "apple"))]
const QUIETLY: c_int = libc::MSG_NOSIGNAL;
#[cfg(target_vendor = "apple")]
const QUIETLY: c_int = 0;

/// Sends what there is room for.
#[inline]
pub(crate) fn send(socket: &impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    let fd = socket.as_fd().as_raw_fd();
    // SAFETY: the descriptor and the bytes are borrowed for the call.
    moved(unsafe { libc::send(fd, bytes.as_ptr().cast(), bytes.len(), QUIETLY) })
}

/// Receives, and takes from the socket what it received.
#[inline]
pub(crate) fn recv(socket: &impl AsFd, buf: &mut impl BufMut) -> io::Result<usize> {
    recv_with_flags(socket, buf, 0)
}

/// Receives what the next call will receive again.
pub(crate) fn peek(socket: &impl AsFd, buf: &mut impl BufMut) -> io::Result<usize> {
    recv_with_flags(socket, buf, MSG_PEEK)
}

/// Reads from a pipe, which has no `recv`.
pub(crate) fn read(pipe: &impl AsFd, buf: &mut impl BufMut) -> io::Result<usize> {
    fill(buf, |room| {
        let fd = pipe.as_fd().as_raw_fd();
        // SAFETY: no more is written to the room than it has, and it is borrowed.
        let filled = unsafe { libc::read(fd, room.as_mut_ptr().cast(), room.len()) };
        Ok((moved(filled)?, ()))
    })
    .map(|(filled, ())| filled)
}

/// Receives a datagram, and from whom.
pub(crate) fn recv_from(
    socket: &impl AsFd,
    buf: &mut impl BufMut,
) -> io::Result<(usize, SockAddr)> {
    recv_from_with_flags(socket, buf, 0)
}

/// Receives a datagram that the next call will receive again, and from whom.
pub(crate) fn peek_from(
    socket: &impl AsFd,
    buf: &mut impl BufMut,
) -> io::Result<(usize, SockAddr)> {
    recv_from_with_flags(socket, buf, MSG_PEEK)
}

#[inline]
fn recv_with_flags(socket: &impl AsFd, buf: &mut impl BufMut, flags: c_int) -> io::Result<usize> {
    fill(buf, |room| {
        let fd = socket.as_fd().as_raw_fd();
        // SAFETY: no more is written to the room than it has, and it is borrowed.
        let filled = unsafe { libc::recv(fd, room.as_mut_ptr().cast(), room.len(), flags) };
        Ok((moved(filled)?, ()))
    })
    .map(|(filled, ())| filled)
}

fn recv_from_with_flags(
    socket: &impl AsFd,
    buf: &mut impl BufMut,
    flags: c_int,
) -> io::Result<(usize, SockAddr)> {
    fill(buf, |room| {
        SockRef::from(socket).recv_from_with_flags(room, flags)
    })
}

/// What a call of the system says it has moved.
#[inline]
fn moved(bytes: ssize_t) -> io::Result<usize> {
    usize::try_from(bytes).map_err(|_| io::Error::last_os_error())
}

/// Has `receive` fill the room. Private, and only for calls of the system.
#[inline]
fn fill<T>(
    buf: &mut impl BufMut,
    receive: impl FnOnce(&mut [MaybeUninit<u8>]) -> io::Result<(usize, T)>,
) -> io::Result<(usize, T)> {
    // SAFETY: nothing is written to the room but by the call, which initialises.
    let room = unsafe { buf.chunk_mut().as_uninit_slice_mut() };
    let (filled, rest) = receive(room)?;
    // SAFETY: the call initialised the first `filled` bytes of the room, this
    // file's invariant, and `filled` is no more than there is room for.
    unsafe { buf.advance_mut(filled) };
    Ok((filled, rest))
}
