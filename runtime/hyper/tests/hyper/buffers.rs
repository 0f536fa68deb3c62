//! What a reader may do with the buffer that it gets, and what it may not.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use hyper::rt::{Read, ReadBuf as HyperBuf};
use kolo::io::{AsyncRead, ReadBuf};
use kolo_hyper::Io;

/// A reader that does this with its buffer.
struct Reader<F>(F);

impl<F: FnMut(&mut ReadBuf<'_>) -> Poll<io::Result<()>> + Unpin> AsyncRead for Reader<F> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        (self.0)(buf)
    }
}

/// Reads into the six bytes that are left of eight: how it went, and what is filled.
fn read_six(
    read: impl FnMut(&mut ReadBuf<'_>) -> Poll<io::Result<()>> + Unpin,
) -> (Poll<io::Result<()>>, Vec<u8>) {
    let mut memory = [const { std::mem::MaybeUninit::uninit() }; 8];
    let mut buf = HyperBuf::uninit(&mut memory);
    buf.unfilled().put_slice(b"ab");
    let mut cx = Context::from_waker(Waker::noop());
    let polled = Read::poll_read(
        Pin::new(&mut Io::new(Reader(read))),
        &mut cx,
        buf.unfilled(),
    );
    (polled, buf.filled().to_vec())
}

#[test]
fn however_it_is_filled_it_arrives() {
    let (polled, filled) = read_six(|buf| {
        buf.put_slice(b"cd");
        buf.initialize_unfilled_to(3).copy_from_slice(b"efg");
        buf.advance(2);
        Poll::Ready(Ok(()))
    });
    assert!(matches!(polled, Poll::Ready(Ok(()))));
    assert_eq!(filled, b"abcdef");
}

#[test]
fn it_has_the_room_that_is_left() {
    let (_, filled) = read_six(|buf| {
        assert_eq!((buf.remaining(), buf.filled().len()), (6, 0));
        Poll::Ready(Ok(()))
    });
    assert_eq!(filled, b"ab", "nothing was read: the end");
}

#[test]
fn waiting_and_failing_leave_it_as_it_was() {
    let (polled, filled) = read_six(|_| Poll::Pending);
    assert!(polled.is_pending());
    assert_eq!(filled, b"ab");
    let (polled, filled) = read_six(|_| Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())));
    assert!(
        matches!(polled, Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::ConnectionReset)
    );
    assert_eq!(filled, b"ab");
}

#[test]
#[should_panic(expected = "exchanged the buffer")]
fn another_buffer_in_its_place_is_refused() {
    let _ = read_six(|buf| {
        *buf = ReadBuf::new(Box::leak(Box::new([0; 100])));
        buf.advance(100);
        Poll::Ready(Ok(()))
    });
}
