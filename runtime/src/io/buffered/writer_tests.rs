//! What a BufWriter writes, when, and what it keeps.

use std::future::poll_fn;
use std::io::Cursor;

use proptest::prelude::*;

use super::super::script::{Deed, Halting, Script, Step, script};
use super::super::script::{
    assert_kind, drive, flush, read, seek, shutdown, write, write_vectored,
};
use super::*;
use crate::sync::testing::by_hand;

#[test]
fn small_writes_wait_until_the_next_does_not_fit() {
    let mut writer = BufWriter::with_capacity(4, script(&[]));
    for text in ["a", "bc", "d"] {
        assert_eq!(write(&mut writer, text).unwrap(), text.len());
    }
    assert_eq!(writer.buffer(), b"abcd");
    assert_eq!(writer.get_mut().take_deeds(), []);
    assert_eq!(write(&mut writer, "e").unwrap(), 1);
    assert_eq!(writer.get_mut().take_deeds(), [Deed::Write("abcd")]);
    assert_eq!(writer.buffer(), b"e");
    flush(&mut writer).unwrap();
    assert_eq!(
        writer.get_mut().take_deeds(),
        [Deed::Write("e"), Deed::Flush]
    );
    assert_eq!(writer.buffer(), b"");
}

#[test]
fn a_write_as_large_as_the_buffer_goes_past_it_after_what_is_in_it() {
    let mut writer = BufWriter::with_capacity(4, script(&[Step::Take(9), Step::Take(3)]));
    write(&mut writer, "ab").unwrap();
    // The sink took three, and so that is what was written.
    assert_eq!(write(&mut writer, "cdefgh").unwrap(), 3);
    assert_eq!(
        writer.get_mut().take_deeds(),
        [Deed::Write("ab"), Deed::Write("cde")]
    );
    assert_eq!(writer.buffer(), b"");
}

#[test]
fn without_a_buffer_every_write_goes_to_the_sink() {
    let mut writer = BufWriter::with_capacity(0, script(&[]));
    write(&mut writer, "a").unwrap();
    write_vectored(&mut writer, &["b", "c"]).unwrap();
    assert_eq!(
        writer.get_mut().take_deeds(),
        [Deed::Write("a"), Deed::Write("b")]
    );
}

#[test]
fn a_shutdown_writes_out_first() {
    let mut writer = BufWriter::new(script(&[Step::Wait]));
    write(&mut writer, "last words").unwrap();
    shutdown(&mut writer).unwrap();
    assert_eq!(
        writer.get_mut().take_deeds(),
        [Deed::Write("last words"), Deed::Shutdown]
    );
}

#[test]
fn a_drop_writes_nothing() {
    let mut writer = BufWriter::new(script(&[]));
    write(&mut writer, "lost").unwrap();
    assert_eq!(writer.into_inner().take_deeds(), []);
}

#[test]
fn after_an_error_the_rest_is_still_there() {
    let mut writer = BufWriter::with_capacity(
        8,
        script(&[
            Step::Take(2),
            Step::Fail(ErrorKind::TimedOut),
            Step::Take(1),
            Step::Take(0),
            Step::Fail(ErrorKind::Interrupted),
        ]),
    );
    write(&mut writer, "abcdef").unwrap();
    assert_kind(flush(&mut writer), ErrorKind::TimedOut);
    assert_eq!(writer.buffer(), b"cdef");
    // What was taken has made room.
    assert_eq!(write(&mut writer, "gh").unwrap(), 2);
    assert_eq!(writer.buffer(), b"cdefgh");
    // A sink that takes nothing would be asked for ever.
    assert_kind(shutdown(&mut writer), ErrorKind::WriteZero);
    assert_eq!(writer.buffer(), b"defgh");
    // An interruption is none.
    flush(&mut writer).unwrap();
    assert_eq!(
        writer.get_mut().take_deeds(),
        [
            Deed::Write("ab"),
            Deed::Write("c"),
            Deed::Write(""),
            Deed::Write("defgh"),
            Deed::Flush
        ]
    );
}

#[test]
fn an_error_on_the_way_to_make_room_accepts_nothing() {
    let mut writer = BufWriter::with_capacity(4, script(&[Step::Fail(ErrorKind::TimedOut)]));
    write(&mut writer, "abc").unwrap();
    assert_kind(write(&mut writer, "de"), ErrorKind::TimedOut);
    assert_eq!(writer.buffer(), b"abc");
}

#[test]
fn a_flush_that_is_given_up_writes_no_byte_twice() {
    let mut writer = BufWriter::new(script(&[Step::Take(2), Step::Wait]));
    write(&mut writer, "abcdef").unwrap();
    let mut given_up = by_hand(poll_fn(|cx| Pin::new(&mut writer).poll_flush(cx)));
    given_up.assert_pending();
    drop(given_up);
    assert_eq!(writer.buffer(), b"cdef");
    write(&mut writer, "gh").unwrap();
    flush(&mut writer).unwrap();
    assert_eq!(
        writer.get_mut().take_deeds(),
        [Deed::Write("ab"), Deed::Write("cdefgh"), Deed::Flush]
    );
}

#[test]
fn a_write_that_is_given_up_has_accepted_nothing() {
    // Once while it makes room, once past the buffer.
    for (before, steps) in [
        ("abc", [Step::Take(1), Step::Wait]),
        ("", [Step::Wait, Step::Take(9)]),
    ] {
        let mut writer = BufWriter::with_capacity(4, script(&steps));
        write(&mut writer, before).unwrap();
        let mut given_up = by_hand(poll_fn(|cx| Pin::new(&mut writer).poll_write(cx, b"wxyz")));
        given_up.assert_pending();
        drop(given_up);
        flush(&mut writer).unwrap();
        let written: String = writer
            .get_mut()
            .take_deeds()
            .iter()
            .map(|deed| match deed {
                Deed::Write(text) => text,
                _ => "",
            })
            .collect();
        assert_eq!(written, before);
    }
}

#[test]
fn slices_are_collected_too() {
    for vectored in [false, true] {
        let mut inside = script(&[]);
        inside.vectored = vectored;
        let mut writer = BufWriter::with_capacity(12, inside);
        assert!(writer.is_write_vectored());
        assert_eq!(write_vectored(&mut writer, &[]).unwrap(), 0);
        assert_eq!(write_vectored(&mut writer, &["", ""]).unwrap(), 0);
        let texts = ["", "foo ", "", "bar ", "baz"];
        assert_eq!(write_vectored(&mut writer, &texts).unwrap(), 11);
        assert_eq!(writer.buffer(), b"foo bar baz");
        assert_eq!(writer.get_mut().take_deeds(), []);
    }
}

#[test]
fn slices_that_are_too_much_together_go_on_as_they_are() {
    let mut inside = script(&[Step::Take(9), Step::Take(10)]);
    inside.vectored = true;
    let mut writer = BufWriter::with_capacity(8, inside);
    write(&mut writer, "> ").unwrap();
    assert_eq!(
        write_vectored(&mut writer, &["foo ", "bar ", "baz"]).unwrap(),
        10
    );
    assert_eq!(
        writer.get_mut().take_deeds(),
        [Deed::Write("> "), Deed::Vectored(3, "foo bar ba")]
    );
    assert_eq!(writer.buffer(), b"");
}

#[test]
fn of_slices_for_a_sink_that_takes_one_those_that_fit_are_collected() {
    let mut writer = BufWriter::with_capacity(8, script(&[]));
    write(&mut writer, "12345").unwrap();
    // The first needs room, the second fits beside it, the third does not.
    assert_eq!(
        write_vectored(&mut writer, &["foo ", "bar ", "baz"]).unwrap(),
        8
    );
    assert_eq!(writer.buffer(), b"foo bar ");
    // The first is as large as the buffer: it goes past it, and alone.
    assert_eq!(write_vectored(&mut writer, &["longlong", "x"]).unwrap(), 8);
    assert_eq!(
        writer.get_mut().take_deeds(),
        [
            Deed::Write("12345"),
            Deed::Write("foo bar "),
            Deed::Write("longlong")
        ]
    );
}

fn seeks<S: AsyncWrite + AsyncSeek + Unpin>(sink: S) -> S {
    let mut writer = BufWriter::with_capacity(3, sink);
    for text in ["01", "23", "4567"] {
        write(&mut writer, text).unwrap();
    }
    assert_eq!(seek(&mut writer, SeekFrom::Current(0)).unwrap(), 8);
    assert_eq!(seek(&mut writer, SeekFrom::Start(2)).unwrap(), 2);
    write(&mut writer, "xy").unwrap();
    assert!(seek(&mut writer, SeekFrom::Current(-9)).is_err());
    // What was to be written is where it should be, and the failed seek forgotten.
    assert_eq!(seek(&mut writer, SeekFrom::Current(0)).unwrap(), 4);
    write(&mut writer, "z").unwrap();
    flush(&mut writer).unwrap();
    writer.into_inner()
}

#[test]
fn a_seek_writes_out_first() {
    let expected = b"01xyz567";
    assert_eq!(seeks(Cursor::new(Vec::new())).into_inner(), expected);
    let halting = seeks(Halting::new(Cursor::new(Vec::new())));
    assert_eq!(halting.stream.into_inner(), expected);
}

/// A sink in which each write leaves something to be completed, before which it
/// takes no seek; as a file does.
#[derive(Default)]
struct Strict {
    unfinished: bool,
    seeks: usize,
}

impl AsyncWrite for Strict {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.unfinished = true;
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncSeek for Strict {
    fn start_seek(mut self: Pin<&mut Self>, _: SeekFrom) -> io::Result<()> {
        assert!(!self.unfinished, "a seek before the write is completed");
        self.seeks += 1;
        Ok(())
    }

    fn poll_complete(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        if std::mem::take(&mut self.unfinished) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(0))
    }
}

#[test]
fn a_seek_waits_for_what_the_write_out_left_unfinished() {
    let mut writer = BufWriter::new(Strict::default());
    write(&mut writer, "abc").unwrap();
    seek(&mut writer, SeekFrom::Start(0)).unwrap();
    assert_eq!(writer.get_ref().seeks, 1);
}

#[test]
fn reads_go_straight_through() {
    let mut writer = BufWriter::new(script(&[Step::Give(b"abc")]));
    assert_eq!(read(&mut writer, 2).unwrap(), "ab");
    assert_eq!(writer.get_mut().take_deeds(), [Deed::Read(2)]);

    let mut writer = BufWriter::new(Cursor::new(b"abc".to_vec()));
    drive(|cx| {
        let mut writer = Pin::new(&mut writer);
        let lent = writer.as_mut().poll_fill_buf(cx).map_ok(<[u8]>::len);
        writer.consume(2);
        lent
    })
    .unwrap();
    assert_eq!(read(&mut writer, 9).unwrap(), "c");
}

#[test]
fn its_debug_output_says_how_full_it_is() {
    let mut writer = BufWriter::with_capacity(4, Vec::new());
    write(&mut writer, "ab").unwrap();
    assert_eq!(
        format!("{writer:?}"),
        "BufWriter { writer: [], buffer: 2/4, written: 0 }"
    );
}

#[derive(Clone, Debug)]
enum Act {
    Write(usize),
    Vectored(Vec<usize>),
    /// A flush that is given up after so many polls.
    Flush(usize),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (0..20_usize).prop_map(Act::Write),
        prop::collection::vec(0..12_usize, 0..4).prop_map(Act::Vectored),
        (1..4_usize).prop_map(Act::Flush),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1..12_usize).prop_map(Step::Take),
        Just(Step::Wait),
        Just(Step::Fail(ErrorKind::Interrupted)),
        Just(Step::Fail(ErrorKind::TimedOut)),
    ]
}

proptest! {
    /// Whatever the sink does, it gets the accepted bytes in order, each once.
    #[test]
    fn the_sink_gets_what_was_accepted(
        capacity in 0..20_usize,
        vectored in any::<bool>(),
        steps in prop::collection::vec(step(), 0..60),
        acts in prop::collection::vec(act(), 0..40),
    ) {
        let mut inside = script(&steps);
        inside.vectored = vectored;
        let mut writer = BufWriter::with_capacity(capacity, inside);
        let alphabet: String = ('a'..='z').cycle().take(4000).collect();
        let mut accepted = 0;
        for act in acts {
            let result = match act {
                Act::Write(n) => write(&mut writer, &alphabet[accepted..][..n]),
                Act::Vectored(lengths) => {
                    let mut from = accepted;
                    let texts: Vec<_> = lengths
                        .iter()
                        .map(|n| {
                            let text = &alphabet[from..][..*n];
                            from += n;
                            text
                        })
                        .collect();
                    write_vectored(&mut writer, &texts)
                }
                Act::Flush(polls) => {
                    let mut flush = by_hand(poll_fn(|cx| Pin::new(&mut writer).poll_flush(cx)));
                    for _ in 0..polls {
                        if flush.poll().is_ready() {
                            break;
                        }
                    }
                    Ok(0)
                }
            };
            // Interruptions of a write past the buffer are its caller's to see.
            accepted += result.unwrap_or(0);
            prop_assert!(writer.buffer().len() <= capacity);
        }
        while flush(&mut writer).is_err() {}
        let written: String = writer
            .get_mut()
            .take_deeds()
            .iter()
            .map(|deed| match deed {
                Deed::Write(text) | Deed::Vectored(_, text) => text,
                _ => "",
            })
            .collect();
        prop_assert_eq!(written, &alphabet[..accepted]);
    }
}

#[test]
fn it_is_what_its_sink_is() {
    fn is<T: Send + Sync + Unpin>() {}
    is::<BufWriter<Script>>();
}
