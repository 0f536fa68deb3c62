//! Chain, take, join, split, and the devices.

use std::io::{self, ErrorKind, IoSlice};
use std::marker::PhantomPinned;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::testing::{Exchanger, Scripted, Step, assert_yields, bring, cancel, now, reads, writes};
use super::*;
use Step::{Fail, Take as Takes, Wait};

#[test]
fn a_chain_goes_on_only_after_the_end_of_the_first() {
    let mut chain = reads([bring("ko"), Wait, bring("l")]).chain(&b"o"[..]);
    // A read without room is no end.
    assert_eq!(now(chain.read(&mut [])).unwrap(), 0);
    let mut buf = Vec::with_capacity(64);
    assert_eq!(now(chain.read_buf(&mut buf)).unwrap(), 2);
    cancel(chain.read_buf(&mut buf));
    now(chain.read_to_end(&mut buf)).unwrap();
    assert_eq!(buf, b"kolo");
    assert_eq!(chain.into_inner().1, b"");
}

#[test]
fn a_chain_does_not_go_on_after_an_error() {
    let mut chain = reads([Fail(ErrorKind::BrokenPipe), bring("ko")]).chain(&b"lo"[..]);
    let mut buf = Vec::new();
    assert!(now(chain.read_to_end(&mut buf)).is_err());
    now(chain.read_to_end(&mut buf)).unwrap();
    assert_eq!(buf, b"kolo");
}

#[test]
fn a_chain_lends_from_where_it_reads() {
    let mut chain = (&b"ko"[..]).chain(&b"lo"[..]);
    let mut out = Vec::new();
    assert_eq!(now(copy_buf(&mut chain, &mut out)).unwrap(), 4);
    assert_eq!(out, b"kolo");
    let (first, second) = chain.get_ref();
    assert!(first.is_empty() && second.is_empty());
}

#[test]
fn take_ends_at_its_limit_without_asking() {
    let mut reader = reads([bring("kolo"), Wait]).take(3);
    let mut buf = Vec::new();
    // To ask at the limit would be to wait.
    assert_eq!(now(reader.read_to_end(&mut buf)).unwrap(), 3);
    assert_eq!((buf.as_slice(), reader.limit()), (&b"kol"[..], 0));
    reader.set_limit(u64::MAX);
    assert_eq!(now(reader.read(&mut [0; 8])).unwrap(), 1);
    assert_eq!(reader.limit(), u64::MAX - 1);
    assert_eq!(
        reader.into_inner().transcript,
        ["read 3", "read 1"],
        "and the end was not looked for"
    );
}

#[test]
fn take_adds_to_what_a_buffer_holds() {
    let mut memory = [0; 8];
    let mut buf = ReadBuf::new(&mut memory);
    buf.put_slice(b"> ");
    let mut cx = Context::from_waker(std::task::Waker::noop());
    let mut reader = (&b"round dance"[..]).take(5);
    assert!(
        Pin::new(&mut reader)
            .poll_read(&mut cx, &mut buf)
            .is_ready()
    );
    assert_eq!(buf.filled(), b"> round");
}

#[test]
fn take_lends_no_more_than_it_may() {
    let mut reader = (&b"round dance"[..]).take(5);
    let mut cx = Context::from_waker(std::task::Waker::noop());
    let mut reader = Pin::new(&mut reader);
    assert!(matches!(
        reader.as_mut().poll_fill_buf(&mut cx),
        Poll::Ready(Ok(b"round"))
    ));
    reader.as_mut().consume(4);
    // More than was lent can't be consumed.
    reader.as_mut().consume(4);
    assert_eq!((reader.limit(), *reader.get_ref()), (0, &b" dance"[..]));
    assert!(matches!(
        reader.as_mut().poll_fill_buf(&mut cx),
        Poll::Ready(Ok([]))
    ));
}

#[test]
fn take_catches_a_reader_that_exchanges_buffers() {
    let mut vec = Vec::with_capacity(8);
    let panic = catch_unwind(AssertUnwindSafe(|| {
        now(Exchanger::new().take(8).read_buf(&mut vec))
    }));
    assert!(panic.is_err());
    assert!(vec.is_empty());
}

#[test]
fn joined_each_does_its_part() {
    let mut writer = writes([Takes(3)]);
    writer.vectored = true;
    let mut stream = join(reads([bring("question")]), writer);
    assert!(stream.is_write_vectored());
    let slices = [IoSlice::new(b"an"), IoSlice::new(b"swer")];
    assert_eq!(now(stream.write_vectored(&slices)).unwrap(), 3);
    assert_eq!(now(stream.write(b"wer")).unwrap(), 3);
    now(stream.flush()).unwrap();
    now(stream.shutdown()).unwrap();
    let mut text = String::new();
    now(stream.read_to_string(&mut text)).unwrap();
    assert_eq!(text, "question");
    let (reader, writer) = stream.into_inner();
    assert_eq!(reader.transcript, ["read 8", "end"]);
    assert_eq!(
        writer.transcript,
        ["write 3", "write 3", "flush", "shutdown"]
    );
}

pin_project! {
    /// A stream that is not `Unpin`, and notices when it is moved.
    struct Pinned {
        stream: Scripted,
        polled_at: Option<usize>,
        #[pin]
        pinned: PhantomPinned,
    }
}

impl Pinned {
    fn stay(self: Pin<&mut Self>) -> Pin<&mut Scripted> {
        let here = std::ptr::from_ref(&*self).addr();
        let me = self.project();
        assert_eq!(*me.polled_at.get_or_insert(here), here, "moved");
        Pin::new(me.stream)
    }
}

impl AsyncRead for Pinned {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stay().poll_read(cx, buf)
    }
}

impl AsyncWrite for Pinned {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stay().poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stay().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stay().poll_shutdown(cx)
    }
}

#[test]
fn halves_move_and_their_stream_does_not() {
    let (mut read, mut write) = split(Pinned {
        stream: reads([bring("kolo")]),
        polled_at: None,
        pinned: PhantomPinned,
    });
    assert_eq!(now(read.read(&mut [0; 2])).unwrap(), 2);
    let mut elsewhere = Box::new(read);
    assert_eq!(now(elsewhere.read(&mut [0; 2])).unwrap(), 2);
    now(write.write_all(b"kolo")).unwrap();
}

#[test]
fn halves_share_a_stream() {
    let mut scripted = reads([bring("question"), Wait]).and_writes([Takes(3)]);
    scripted.vectored = true;
    let (mut read, mut write) = split(scripted);
    assert!(write.is_write_vectored());
    assert_eq!(now(write.write(b"answer")).unwrap(), 3);
    assert_eq!(now(read.read(&mut [0; 16])).unwrap(), 8);
    cancel(read.read(&mut [0; 16]));
    // A half that waits holds up nobody.
    let slices = [IoSlice::new(b"w"), IoSlice::new(b"er")];
    assert_eq!(now(write.write_vectored(&slices)).unwrap(), 3);
    now(write.flush()).unwrap();
    now(write.shutdown()).unwrap();
    let stream = read.unsplit(write);
    assert_eq!(stream.written, b"answer");
    assert_eq!(
        stream.transcript,
        [
            "write 3",
            "read 8",
            "read waits",
            "write 3",
            "flush",
            "shutdown"
        ]
    );
}

#[test]
fn halves_know_each_other() {
    let (read, write) = split(empty());
    let (other_read, other_write) = split(empty());
    assert!(read.is_pair_of(&write) && write.is_pair_of(&read));
    assert!(!read.is_pair_of(&other_write) && !other_write.is_pair_of(&read));
    let panic = catch_unwind(AssertUnwindSafe(|| read.unsplit(other_write))).unwrap_err();
    assert_eq!(
        panic.downcast_ref::<&str>(),
        Some(&"Unrelated `split::Write` passed to `split::Read::unsplit`.")
    );
    drop((write, other_read));
}

#[test]
fn adapters_are_send_and_sync() {
    fn send_and_sync<T: Send + Sync + Unpin>() {}
    send_and_sync::<ReadHalf<Scripted>>();
    send_and_sync::<WriteHalf<Scripted>>();
    send_and_sync::<ReadHalf<Pinned>>();
    send_and_sync::<Join<Scripted, Scripted>>();
    send_and_sync::<Chain<Scripted, Scripted>>();
    send_and_sync::<Take<Scripted>>();
    send_and_sync::<(Empty, Sink, Repeat)>();
}

#[test]
fn devices_yield() {
    assert_yields(|| async { empty().read(&mut [0; 8]).await });
    assert_yields(|| async { copy_buf(&mut empty(), &mut Vec::new()).await });
    assert_yields(|| async { empty().seek(SeekFrom::Start(1)).await });
    assert_yields(|| async { empty().write(b"kolo").await });
    assert_yields(|| async { repeat(1).read_exact(&mut [0; 8]).await });
    assert_yields(|| async { sink().write_all(b"kolo").await });
    assert_yields(|| async { sink().write_vectored(&[IoSlice::new(b"kolo")]).await });
    assert_yields(|| async { sink().flush().await });
    assert_yields(|| async { sink().shutdown().await });
}

#[test]
fn devices_are_what_they_say() {
    let slices = [IoSlice::new(b""), IoSlice::new(b"ko"), IoSlice::new(b"lo!")];
    assert_eq!(now(sink().write_vectored(&slices)).unwrap(), 5);
    assert_eq!(now(empty().write_vectored(&slices)).unwrap(), 5);
    assert!(sink().is_write_vectored() && empty().is_write_vectored());
    for to in [
        SeekFrom::Start(7),
        SeekFrom::End(-7),
        SeekFrom::Current(i64::MIN),
    ] {
        assert_eq!(now(empty().seek(to)).unwrap(), 0);
    }
    let mut buf = Vec::with_capacity(100);
    now(repeat(7).take(100).read_to_end(&mut buf)).unwrap();
    assert_eq!(buf, [7; 100]);
}
