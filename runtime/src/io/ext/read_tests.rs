use std::future::Future;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;

use bytes::BytesMut;

use crate::io::testing::{Exchanger, Step, bring, cancel, insist, now, reads};
use crate::io::{AsyncRead, AsyncReadExt, AsyncSeek, AsyncSeekExt, SeekFrom};
use crate::sync::testing::by_hand;
use Step::{Fail, Wait};

#[test]
fn read_reads_once() {
    let mut reader = reads([bring("kolo"), Fail(ErrorKind::Interrupted), bring("!")]);
    let mut buf = [0; 3];
    assert_eq!(now(reader.read(&mut buf)).unwrap(), 3);
    assert_eq!(&buf, b"kol");
    assert_eq!(now(reader.read(&mut buf)).unwrap(), 1);
    let e = now(reader.read(&mut buf)).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Interrupted);
    assert_eq!(now(reader.read(&mut buf)).unwrap(), 1);
    assert_eq!(now(reader.read(&mut buf)).unwrap(), 0);
    assert_eq!(reader.transcript, ["read 3", "read 1", "read 1", "end"]);
}

#[test]
fn read_dropped_has_read_nothing() {
    let mut reader = reads([Wait, bring("kolo")]);
    let mut buf = [0; 8];
    cancel(reader.read(&mut buf));
    assert_eq!(buf, [0; 8]);
    assert_eq!(now(reader.read(&mut buf)).unwrap(), 4);
    assert_eq!(&buf[..4], b"kolo");
}

#[test]
fn read_buf_dropped_has_read_nothing() {
    let mut reader = reads([Wait, bring("kolo")]);
    let mut buf = BytesMut::from("> ");
    cancel(reader.read_buf(&mut buf));
    assert_eq!(buf, "> ");
    assert_eq!(now(reader.read_buf(&mut buf)).unwrap(), 4);
    assert_eq!(buf, "> kolo");
}

#[test]
fn read_buf_fills_what_room_there_is() {
    let mut reader = reads([bring("kolo")]);
    let mut memory = [0; 3];
    let mut room = &mut memory[..];
    assert_eq!(now(reader.read_buf(&mut room)).unwrap(), 3);
    // No room: the reader is not asked.
    assert_eq!(now(reader.read_buf(&mut room)).unwrap(), 0);
    assert_eq!(&memory, b"kol");
    assert_eq!(reader.transcript, ["read 3"]);

    // A vector that is full makes room.
    let mut full = b"ko".to_vec();
    full.shrink_to_fit();
    assert_eq!(now((&b"lo"[..]).read_buf(&mut full)).unwrap(), 2);
    assert_eq!(full, b"kolo");
}

#[test]
fn read_buf_catches_a_reader_that_exchanges_buffers() {
    let mut vec = b"kolo".to_vec();
    let panic = catch_unwind(AssertUnwindSafe(
        || now(Exchanger::new().read_buf(&mut vec)),
    ));
    assert!(panic.is_err());
    assert_eq!(vec, b"kolo");
}

#[test]
fn one_byte_dropped_has_read_nothing() {
    let mut reader = reads([Wait, bring([7]), Wait, bring([0xff])]);
    cancel(reader.read_u8());
    assert_eq!(now(reader.read_u8()).unwrap(), 7);
    cancel(reader.read_i8());
    assert_eq!(now(reader.read_i8()).unwrap(), -1);
}

#[test]
fn a_number_may_come_in_parts() {
    let parts = [
        bring([0x12]),
        Wait,
        bring([0x34, 0x56]),
        Fail(ErrorKind::Interrupted),
        bring([0x78]),
    ];
    assert_eq!(
        insist(reads(parts.clone()).read_u32()).unwrap(),
        0x1234_5678
    );
    let little = insist(reads(parts).read_u32_le()).unwrap();
    assert_eq!(little, 0x7856_3412);

    let e = now(reads([bring([1])]).read_u16()).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::UnexpectedEof);
    let e = now(reads([bring([1]), Fail(ErrorKind::BrokenPipe)]).read_u16()).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::BrokenPipe);
}

#[test]
fn read_exact_reads_that_and_no_more() {
    let mut reader = reads([
        bring("ko"),
        Wait,
        Fail(ErrorKind::Interrupted),
        bring("lo, kolo"),
    ]);
    let mut buf = [0; 4];
    assert_eq!(insist(reader.read_exact(&mut buf)).unwrap(), 4);
    assert_eq!(&buf, b"kolo");
    assert_eq!(reader.transcript, ["read 2", "read waits", "read 2"]);
    assert_eq!(now(reader.read_exact(&mut [])).unwrap(), 0);
}

#[test]
fn read_exact_says_that_the_end_came_early() {
    let e = now((&b"kol"[..]).read_exact(&mut [0; 4])).unwrap_err();
    assert_eq!(
        (e.kind(), e.to_string().as_str()),
        (ErrorKind::UnexpectedEof, "early eof")
    );
}

/// Seeks take two polls, and must not begin before the last one is over.
#[derive(Default)]
struct SlowFile {
    place: u64,
    under_way: Option<u64>,
    polls: u32,
}

impl AsyncSeek for SlowFile {
    fn start_seek(mut self: Pin<&mut Self>, position: SeekFrom) -> std::io::Result<()> {
        assert_eq!(self.under_way, None, "one seek at a time");
        self.under_way = Some(match position {
            SeekFrom::Start(n) => n,
            SeekFrom::Current(n) => self.place.strict_add_signed(n),
            SeekFrom::End(_) => return Err(ErrorKind::Unsupported.into()),
        });
        self.polls = 0;
        Ok(())
    }

    fn poll_complete(
        mut self: Pin<&mut Self>,
        _cx: &mut std::task::Context<'_>,
    ) -> Poll<std::io::Result<u64>> {
        self.polls += 1;
        if self.under_way.is_some() && self.polls < 2 {
            return Poll::Pending;
        }
        self.place = self.under_way.take().unwrap_or(self.place);
        Poll::Ready(Ok(self.place))
    }
}

#[test]
fn a_seek_waits_for_the_one_before_it() {
    let mut file = SlowFile::default();
    cancel(file.seek(SeekFrom::Start(10)));
    // The one left halfway is over first, and this one counts from there.
    assert_eq!(insist(file.seek(SeekFrom::Current(-3))).unwrap(), 7);
    assert_eq!(insist(file.stream_position()).unwrap(), 7);
    cancel(file.stream_position());
    assert_eq!(insist(file.stream_position()).unwrap(), 7);
    let e = now(file.seek(SeekFrom::End(0))).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Unsupported);
    assert_eq!(insist(file.rewind()).unwrap(), 0);
}

fn require_send<T: Send>(t: T) -> T {
    t
}

/// Compiles only if the futures' own types, not merely their traits, are known to
/// a caller that is generic.
fn spawnable<R>(mut reader: R) -> impl Future<Output = usize> + Send
where
    R: AsyncReadExt + Unpin + Send,
{
    require_send(async move {
        let mut bytes = vec![0; usize::from(reader.read_u8().await.unwrap())];
        reader.read_exact(&mut bytes).await.unwrap();
        reader.read_to_end(&mut bytes).await.unwrap()
    })
}

#[test]
fn generic_callers_may_spawn_what_they_await() {
    assert_eq!(now(spawnable(&b"\x01abc"[..])), 2);
}

#[test]
fn unsized_readers_read() {
    let mut slice = &b"\x01\x02\x03\x04"[..];
    let reader: &mut (dyn AsyncRead + Unpin) = &mut slice;
    assert_eq!(now(reader.read_u8()).unwrap(), 1);
    assert_eq!(now(reader.read_exact(&mut [0; 2])).unwrap(), 2);
    let mut rest = Vec::new();
    now(reader.read_to_end(&mut rest)).unwrap();
    assert_eq!(rest, [4]);

    let mut boxed: Pin<Box<dyn AsyncRead + Send + Sync>> = Box::pin(&b"\x05"[..]);
    let mut future = by_hand(boxed.read_u8());
    assert_eq!(future.ready().unwrap(), 5);
}
