//! What a BufReader reads, when, and what it keeps.

use std::future::poll_fn;
use std::io::{Cursor, ErrorKind};

use proptest::prelude::*;

use super::super::script::{Deed, Halting, Script, Step, script};
use super::super::script::{assert_kind, drive, read, seek, write, write_vectored};
use super::*;
use crate::io::AsyncBufReadExt;
use crate::sync::testing::by_hand;

fn fill<R: AsyncBufRead + Unpin>(reader: &mut R) -> io::Result<String> {
    drive(|cx| {
        Pin::new(&mut *reader)
            .poll_fill_buf(cx)
            .map_ok(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
    })
}

#[test]
fn small_reads_are_served_from_one_read_of_the_source() {
    let mut reader = BufReader::with_capacity(8, script(&[Step::Give(b"abcdefghij")]));
    assert_eq!(read(&mut reader, 1).unwrap(), "a");
    assert_eq!(reader.buffer(), b"bcdefgh");
    assert_eq!(read(&mut reader, 3).unwrap(), "bcd");
    // What is there is given, although there is room for more.
    assert_eq!(read(&mut reader, 7).unwrap(), "efgh");
    assert_eq!(reader.get_mut().take_deeds(), [Deed::Read(8)]);
    assert_eq!(read(&mut reader, 7).unwrap(), "ij");
    assert_eq!(read(&mut reader, 7).unwrap(), "");
}

#[test]
fn a_read_as_large_as_the_buffer_goes_past_it_while_it_is_empty() {
    let mut reader = BufReader::with_capacity(4, script(&[Step::Give(b"abcdefghijk")]));
    assert_eq!(read(&mut reader, 6).unwrap(), "abcdef");
    assert_eq!(reader.get_mut().take_deeds(), [Deed::Read(6)]);
    assert_eq!(read(&mut reader, 1).unwrap(), "g");
    assert_eq!(read(&mut reader, 6).unwrap(), "hij");
    assert_eq!(reader.get_mut().take_deeds(), [Deed::Read(4)]);
    assert_eq!(read(&mut reader, 4).unwrap(), "k");
    assert_eq!(reader.get_mut().take_deeds(), [Deed::Read(4)]);
}

#[test]
fn an_end_or_an_error_is_not_the_last_word() {
    let steps = [
        Step::Give(b""),
        Step::Give(b"ab"),
        Step::Fail(ErrorKind::TimedOut),
        Step::Give(b"c"),
    ];
    for capacity in [2, 8] {
        let mut reader = BufReader::with_capacity(capacity, script(&steps));
        assert_eq!(read(&mut reader, 2).unwrap(), "");
        assert_eq!(read(&mut reader, 2).unwrap(), "ab");
        assert_kind(read(&mut reader, 2), ErrorKind::TimedOut);
        assert_eq!(read(&mut reader, 2).unwrap(), "c");
    }
}

#[test]
fn lent_bytes_are_lent_again_until_consumed() {
    let mut reader = BufReader::new(script(&[Step::Give(b"hello "), Step::Give(b"world")]));
    assert_eq!(fill(&mut reader).unwrap(), "hello ");
    reader.consume(4);
    assert_eq!(fill(&mut reader).unwrap(), "o ");
    reader.consume(2);
    assert_eq!(fill(&mut reader).unwrap(), "world");
    // More than there is: all of it.
    reader.consume(1);
    reader.consume(usize::MAX);
    assert_eq!(fill(&mut reader).unwrap(), "");
}

#[test]
fn a_fill_that_is_given_up_has_read_nothing() {
    let mut reader = BufReader::new(script(&[Step::Wait, Step::Give(b"all of it")]));
    let mut given_up = by_hand(reader.fill_buf());
    given_up.assert_pending();
    drop(given_up);
    let mut again = by_hand(reader.fill_buf());
    assert_eq!(again.ready().unwrap(), b"all of it");
}

#[test]
fn a_read_that_is_given_up_has_read_nothing() {
    for capacity in [1, 2, 8] {
        let mut reader =
            BufReader::with_capacity(capacity, script(&[Step::Wait, Step::Give(b"ab")]));
        let mut bytes = [0; 2];
        let mut given_up = by_hand(poll_fn(|cx| {
            Pin::new(&mut reader).poll_read(cx, &mut ReadBuf::new(&mut bytes))
        }));
        given_up.assert_pending();
        drop(given_up);
        assert_eq!(read(&mut reader, 2).unwrap(), "ab");
    }
}

#[test]
fn the_buffer_goes_when_the_reader_is_taken_apart() {
    let mut reader = BufReader::with_capacity(4, script(&[Step::Give(b"abcdef")]));
    assert_eq!(read(&mut reader, 1).unwrap(), "a");
    assert_eq!(reader.buffer(), b"bcd");
    assert_eq!(read(&mut reader.into_inner(), 9).unwrap(), "ef");
}

#[test]
#[should_panic(expected = "capacity must be greater than zero")]
fn a_buffer_of_nothing_is_refused() {
    let _ = BufReader::with_capacity(0, &b""[..]);
}

#[test]
fn writes_go_straight_through() {
    let mut inside = script(&[]);
    inside.vectored = true;
    let mut reader = BufReader::new(inside);
    assert!(reader.is_write_vectored());
    assert_eq!(write(&mut reader, "ab").unwrap(), 2);
    assert_eq!(write_vectored(&mut reader, &["c", "de"]).unwrap(), 3);
    drive(|cx| Pin::new(&mut reader).poll_flush(cx)).unwrap();
    drive(|cx| Pin::new(&mut reader).poll_shutdown(cx)).unwrap();
    assert_eq!(
        reader.get_mut().take_deeds(),
        [
            Deed::Write("ab"),
            Deed::Vectored(2, "cde"),
            Deed::Flush,
            Deed::Shutdown
        ]
    );
    assert!(!BufReader::new(script(&[])).is_write_vectored());
}

/// The same story on a source that is at once ready and on one that halts.
fn seeks<S: AsyncRead + AsyncSeek + Unpin>(source: S) {
    let mut reader = BufReader::with_capacity(2, source);
    assert_eq!(seek(&mut reader, SeekFrom::Start(3)).unwrap(), 3);
    assert_eq!(fill(&mut reader).unwrap(), "de");
    // Before the beginning: an error, and nothing has changed.
    assert!(seek(&mut reader, SeekFrom::Current(-4)).is_err());
    assert_eq!(reader.buffer(), b"de");
    assert_eq!(seek(&mut reader, SeekFrom::Current(1)).unwrap(), 4);
    assert_eq!(reader.buffer(), b"");
    assert_eq!(fill(&mut reader).unwrap(), "ef");
    reader.consume(1);
    assert_eq!(seek(&mut reader, SeekFrom::Current(-2)).unwrap(), 3);
    assert_eq!(fill(&mut reader).unwrap(), "de");
    assert_eq!(seek(&mut reader, SeekFrom::End(-1)).unwrap(), 7);
    assert_eq!(fill(&mut reader).unwrap(), "h");
}

#[test]
fn a_seek_counts_from_what_was_read() {
    seeks(Cursor::new("abcdefgh"));
    seeks(Halting::new(Cursor::new("abcdefgh")));
}

/// Gives bytes without end, and notes the seeks, which wrap.
#[derive(Default)]
struct Endless {
    position: u64,
    seeks: Vec<SeekFrom>,
    fails_at: Option<usize>,
}

impl AsyncRead for Endless {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.position = self.position.wrapping_add(buf.remaining() as u64);
        let zeros = vec![0; buf.remaining()];
        buf.put_slice(&zeros);
        Poll::Ready(Ok(()))
    }
}

impl AsyncSeek for Endless {
    fn start_seek(mut self: Pin<&mut Self>, to: SeekFrom) -> io::Result<()> {
        if self.fails_at == Some(self.seeks.len()) {
            return Err(ErrorKind::InvalidInput.into());
        }
        self.seeks.push(to);
        self.position = match to {
            SeekFrom::Start(n) => n,
            SeekFrom::Current(n) => self.position.wrapping_add_signed(n),
            SeekFrom::End(n) => 0_u64.wrapping_add_signed(n),
        };
        Ok(())
    }

    fn poll_complete(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Poll::Ready(Ok(self.position))
    }
}

#[test]
fn a_distance_that_overflows_takes_two_seeks() {
    let two = [SeekFrom::Current(-5), SeekFrom::Current(i64::MIN)];
    let end = 0_u64.wrapping_add_signed(i64::MIN);

    let mut reader = BufReader::with_capacity(5, Endless::default());
    fill(&mut reader).unwrap();
    assert_eq!(seek(&mut reader, SeekFrom::Current(i64::MIN)).unwrap(), end);
    assert_eq!(reader.get_ref().seeks, two);

    let mut reader = BufReader::with_capacity(5, Halting::new(Endless::default()));
    fill(&mut reader).unwrap();
    assert_eq!(seek(&mut reader, SeekFrom::Current(i64::MIN)).unwrap(), end);
    assert_eq!(reader.get_ref().stream.seeks, two);
}

#[test]
fn if_the_second_of_two_seeks_fails_the_source_stands_where_the_program_does() {
    let source = Endless {
        fails_at: Some(1),
        ..Endless::default()
    };
    let mut reader = BufReader::with_capacity(5, source);
    fill(&mut reader).unwrap();
    reader.consume(2);
    assert_kind(
        seek(&mut reader, SeekFrom::Current(i64::MIN)),
        ErrorKind::InvalidInput,
    );
    assert_eq!((reader.get_ref().position, reader.buffer().len()), (2, 0));
}

#[test]
fn completion_without_a_seek_is_the_sources_and_keeps_the_buffer() {
    let mut reader = BufReader::with_capacity(2, Halting::new(Cursor::new("abcd")));
    assert_eq!(fill(&mut reader).unwrap(), "ab");
    assert_eq!(
        drive(|cx| Pin::new(&mut reader).poll_complete(cx)).unwrap(),
        2
    );
    assert_eq!(reader.buffer(), b"ab");
}

#[test]
fn its_debug_output_says_how_full_it_is() {
    let mut reader = BufReader::with_capacity(4, &b"abc"[..]);
    fill(&mut reader).unwrap();
    reader.consume(1);
    assert_eq!(
        format!("{reader:?}"),
        "BufReader { reader: [], buffer: 2/4 }"
    );
}

#[derive(Clone, Debug)]
enum Act {
    Read(usize),
    Consume(usize),
    SeekBy(i64),
    SeekTo(u64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (0..40_usize).prop_map(Act::Read),
        (0..40_usize).prop_map(Act::Consume),
        (-50..50_i64).prop_map(Act::SeekBy),
        (0..120_u64).prop_map(Act::SeekTo),
    ]
}

proptest! {
    /// Whatever is done, the bytes are those of the source at the place where a
    /// plain reader would stand.
    #[test]
    fn it_reads_what_a_plain_reader_reads(
        capacity in 1..20_usize,
        acts in prop::collection::vec(act(), 0..60),
    ) {
        let text: String = (0..100_u8).map(|n| char::from(b' ' + n % 90)).collect();
        let mut reader = BufReader::with_capacity(capacity, Halting::new(Cursor::new(&text)));
        let mut place = 0_u64;
        let at = |place: u64| &text[text.len().min(place as usize)..];
        for act in acts {
            match act {
                Act::Read(room) => {
                    let bytes = read(&mut reader, room).unwrap();
                    prop_assert!(at(place).starts_with(&bytes));
                    prop_assert_eq!(bytes.is_empty(), at(place).is_empty() || room == 0);
                    place += bytes.len() as u64;
                }
                Act::Consume(most) => {
                    let bytes = fill(&mut reader).unwrap();
                    prop_assert!(at(place).starts_with(&bytes));
                    let amt = most.min(bytes.len());
                    reader.consume(amt);
                    place += amt as u64;
                }
                Act::SeekBy(n) => match place.checked_add_signed(n) {
                    Some(there) => {
                        prop_assert_eq!(seek(&mut reader, SeekFrom::Current(n)).unwrap(), there);
                        place = there;
                    }
                    None => prop_assert!(seek(&mut reader, SeekFrom::Current(n)).is_err()),
                },
                Act::SeekTo(there) => {
                    prop_assert_eq!(seek(&mut reader, SeekFrom::Start(there)).unwrap(), there);
                    place = there;
                }
            }
        }
    }
}

#[test]
fn it_is_what_its_source_is() {
    fn is<T: Send + Sync + Unpin>() {}
    is::<BufReader<Script>>();
}
