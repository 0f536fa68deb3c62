//! **What does a cancelled read or write leave behind?** Nothing read that the
//! caller does not have, nothing written that it does not know of. A test per
//! method of the I/O traits' extensions that is cancel safe, or keeps its count
//! where the caller finds it.

use std::collections::VecDeque;
use std::future::Future;
use std::io::{self, IoSlice, SeekFrom};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use kolo_tests::poll_once;

use super::On;
use super::rt;
use rt::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

kolo_tests::tests! {
    everywhere: [
        p14_read_cancelled,
        p14_read_buf_cancelled,
        p14_read_one_byte_cancelled,
        p14_read_to_end_cancelled,
        p14_read_through_chain_and_take_cancelled,
        p14_read_half_cancelled,
        p14_write_cancelled,
        p14_write_vectored_cancelled,
        p14_write_buf_cancelled,
        p14_write_one_byte_cancelled,
        p14_write_all_buf_cancelled,
        p14_write_half_cancelled,
        p14_flush_cancelled,
        p14_shutdown_cancelled,
        p14_copy_buf_cancelled,
        p14_seek_cancelled,
    ],
}

/// Waits in the polls whose turn is in `waits`; otherwise moves up to two bytes.
#[derive(Default)]
struct Halting {
    from: &'static [u8],
    to: Vec<u8>,
    polls: u32,
    waits: VecDeque<u32>,
    ended: Vec<&'static str>,
}

const STEP: usize = 2;

fn halting(waits: impl IntoIterator<Item = u32>) -> Halting {
    Halting {
        from: b"kolo",
        waits: waits.into_iter().collect(),
        ..Halting::default()
    }
}

impl Halting {
    fn poll_turn(&mut self) -> Poll<()> {
        self.polls += 1;
        if self.waits.front() == Some(&self.polls) {
            self.waits.pop_front();
            return Poll::Pending;
        }
        Poll::Ready(())
    }
}

impl AsyncRead for Halting {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        std::task::ready!(self.poll_turn());
        let n = STEP.min(buf.remaining()).min(self.from.len());
        let (read, rest) = self.from.split_at(n);
        buf.put_slice(read);
        self.from = rest;
        Poll::Ready(Ok(()))
    }
}

impl rt::io::AsyncBufRead for Halting {
    fn poll_fill_buf(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        Poll::Ready(Ok(self.from))
    }

    fn consume(mut self: Pin<&mut Self>, amt: usize) {
        self.from = &self.from[amt..];
    }
}

impl AsyncWrite for Halting {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        std::task::ready!(self.poll_turn());
        let n = STEP.min(buf.len());
        self.to.extend(&buf[..n]);
        Poll::Ready(Ok(n))
    }

    fn poll_flush(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(self.poll_turn());
        self.ended.push("flush");
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(self.poll_turn());
        self.ended.push("shutdown");
        Poll::Ready(Ok(()))
    }
}

/// Begins, has to wait, and is dropped.
#[track_caller]
fn cancel<F: Future>(future: F) {
    assert!(poll_once(pin!(future), Waker::noop()).is_pending());
}

/// What it comes to, at once.
#[track_caller]
fn now<T>(future: impl Future<Output = io::Result<T>>) -> T {
    match poll_once(pin!(future), Waker::noop()) {
        Poll::Ready(result) => result.expect("no error"),
        Poll::Pending => panic!("not ready"),
    }
}

fn p14_read_cancelled(_: On) {
    let mut stream = halting([1]);
    let mut buf = [0; 8];
    cancel(stream.read(&mut buf));
    assert_eq!(buf, [0; 8]);
    assert_eq!(now(stream.read(&mut buf)), 2);
    assert_eq!(&buf[..2], b"ko");
}

fn p14_read_buf_cancelled(_: On) {
    let mut stream = halting([1, 3]);
    let mut vec = Vec::new();
    cancel(stream.read_buf(&mut vec));
    assert_eq!(now(stream.read_buf(&mut vec)), 2);
    cancel(stream.read_buf(&mut vec));
    assert_eq!(now(stream.read_buf(&mut vec)), 2);
    assert_eq!(vec, b"kolo");
}

fn p14_read_one_byte_cancelled(_: On) {
    let mut stream = halting([1, 3]);
    cancel(stream.read_u8());
    assert_eq!(now(stream.read_u8()), b'k');
    cancel(stream.read_i8());
    assert_eq!(now(stream.read_i8()), b'o' as i8);
}

fn p14_read_to_end_cancelled(_: On) {
    let mut stream = halting([2, 4]);
    let mut vec = Vec::new();
    for so_far in [&b"ko"[..], b"kolo"] {
        cancel(stream.read_to_end(&mut vec));
        assert_eq!(vec, so_far);
    }
    assert_eq!(now(stream.read_to_end(&mut vec)), 0);
    assert_eq!(vec, b"kolo");
}

fn p14_read_through_chain_and_take_cancelled(_: On) {
    // "kolo", then "ko" of another.
    let mut reader = halting([2]).chain(halting([1]).take(2));
    let mut vec = Vec::new();
    cancel(reader.read_to_end(&mut vec));
    cancel(reader.read_to_end(&mut vec));
    now(reader.read_to_end(&mut vec));
    assert_eq!(vec, b"koloko");
}

fn p14_read_half_cancelled(_: On) {
    let (mut read, mut write) = rt::io::split(halting([1]));
    let mut buf = [0; 8];
    cancel(read.read(&mut buf));
    assert_eq!(now(write.write(b"abc")), 2);
    assert_eq!(now(read.read(&mut buf)), 2);
    assert_eq!(&buf[..2], b"ko");
}

fn p14_write_cancelled(_: On) {
    let mut stream = halting([1]);
    cancel(stream.write(b"kolo"));
    assert_eq!(stream.to, b"");
    assert_eq!(now(stream.write(b"kolo")), 2);
    assert_eq!(stream.to, b"ko");
}

fn p14_write_vectored_cancelled(_: On) {
    let mut stream = halting([1]);
    let slices = [IoSlice::new(b""), IoSlice::new(b"kolo")];
    cancel(stream.write_vectored(&slices));
    assert_eq!(stream.to, b"");
    assert_eq!(now(stream.write_vectored(&slices)), 2);
    assert_eq!(stream.to, b"ko");
}

fn p14_write_buf_cancelled(_: On) {
    let mut stream = halting([1]);
    let mut rest = &b"kolo"[..];
    cancel(stream.write_buf(&mut rest));
    assert_eq!((rest, &stream.to[..]), (&b"kolo"[..], &b""[..]));
    assert_eq!(now(stream.write_buf(&mut rest)), 2);
    assert_eq!((rest, &stream.to[..]), (&b"lo"[..], &b"ko"[..]));
}

fn p14_write_one_byte_cancelled(_: On) {
    let mut stream = halting([1, 3]);
    cancel(stream.write_u8(7));
    now(stream.write_u8(7));
    cancel(stream.write_i8(-1));
    now(stream.write_i8(-1));
    assert_eq!(stream.to, [7, 0xff]);
}

fn p14_write_all_buf_cancelled(_: On) {
    let mut stream = halting([2]);
    let mut rest = &b"kolo"[..];
    cancel(stream.write_all_buf(&mut rest));
    assert_eq!((rest, &stream.to[..]), (&b"lo"[..], &b"ko"[..]));
    now(stream.write_all_buf(&mut rest));
    assert_eq!((rest, &stream.to[..]), (&b""[..], &b"kolo"[..]));
}

fn p14_write_half_cancelled(_: On) {
    let (mut read, mut write) = rt::io::split(halting([1]));
    cancel(write.write(b"abc"));
    assert_eq!(now(read.read(&mut [0; 8])), 2);
    assert_eq!(now(write.write(b"abc")), 2);
    assert_eq!(read.unsplit(write).to, b"ab");
}

fn p14_flush_cancelled(_: On) {
    let mut stream = halting([1]);
    cancel(stream.flush());
    now(stream.flush());
    assert_eq!(stream.ended, ["flush"]);
}

fn p14_shutdown_cancelled(_: On) {
    let mut stream = halting([1]);
    cancel(stream.shutdown());
    now(stream.shutdown());
    assert_eq!(stream.ended, ["shutdown"]);
}

fn p14_copy_buf_cancelled(_: On) {
    let (mut reader, mut writer) = (halting([]), halting([2]));
    cancel(rt::io::copy_buf(&mut reader, &mut writer));
    assert_eq!((reader.from, &writer.to[..]), (&b"lo"[..], &b"ko"[..]));
    assert_eq!(now(rt::io::copy_buf(&mut reader, &mut writer)), 2);
    assert_eq!(writer.to, b"kolo");
}

/// A file whose seeks take two polls, one at a time.
#[derive(Default)]
struct SlowFile {
    place: u64,
    going_to: Option<u64>,
    asked: bool,
}

impl rt::io::AsyncSeek for SlowFile {
    fn start_seek(mut self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        assert_eq!(self.going_to, None, "one seek at a time");
        self.asked = false;
        self.going_to = Some(match position {
            SeekFrom::Start(n) => n,
            SeekFrom::Current(n) | SeekFrom::End(n) => self.place.strict_add_signed(n),
        });
        Ok(())
    }

    fn poll_complete(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        if self.going_to.is_some() && !self.asked {
            self.asked = true;
            return Poll::Pending;
        }
        self.place = self.going_to.take().unwrap_or(self.place);
        Poll::Ready(Ok(self.place))
    }
}

/// A seek left halfway is over before the next begins.
fn p14_seek_cancelled(_: On) {
    use rt::io::AsyncSeekExt;

    let mut file = SlowFile::default();
    cancel(file.seek(SeekFrom::Start(10)));
    cancel(file.seek(SeekFrom::Current(5)));
    assert_eq!(file.place, 10);
    cancel(file.stream_position());
    assert_eq!(file.place, 15);
    cancel(file.rewind());
    cancel(file.rewind());
    assert_eq!(file.place, 0);
}
