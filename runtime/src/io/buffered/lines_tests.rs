//! `Lines` and `Split`: where they cut, and what they keep.

use std::io::{self, Cursor, ErrorKind};
use std::string::FromUtf8Error;

use super::super::script::{Script, Step, script};
use super::*;
use crate::io::{AsyncBufReadExt, BufReader, Split};
use crate::sync::testing::by_hand;

type Scripted = BufReader<Script>;

fn lines(steps: &[Step]) -> Lines<Scripted> {
    BufReader::new(script(steps)).lines()
}

#[track_caller]
fn next<R: AsyncBufRead + Unpin>(lines: &mut Lines<R>) -> Option<String> {
    by_hand(lines.next_line()).ready().unwrap()
}

fn error<R: AsyncBufRead + Unpin>(lines: &mut Lines<R>) -> io::Error {
    by_hand(lines.next_line()).ready().unwrap_err()
}

#[test]
fn lines_have_no_ends() {
    for (text, expected) in [
        ("", &[][..]),
        ("\n", &[""]),
        ("a", &["a"]),
        ("a\n", &["a"]),
        ("a\r\nb\n\nc", &["a", "b", "", "c"]),
        ("a\rb\r\r\n\r", &["a\rb\r", "\r"]),
    ] {
        for capacity in [1, 2, 64] {
            let mut lines = BufReader::with_capacity(capacity, text.as_bytes()).lines();
            for line in expected {
                assert_eq!(next(&mut lines).as_deref(), Some(*line), "{text:?}");
            }
            // The end, and again.
            assert_eq!(next(&mut lines), None, "{text:?}");
            assert_eq!(next(&mut lines), None, "{text:?}");
        }
    }
}

#[test]
fn a_call_that_is_given_up_loses_nothing() {
    let mut lines = lines(&[
        Step::Give(b"hel"),
        Step::Wait,
        Step::Give(b"lo"),
        Step::Wait,
        Step::Give(b"\nworld"),
        Step::Wait,
    ]);
    by_hand(lines.next_line()).assert_pending();
    by_hand(lines.next_line()).assert_pending();
    assert_eq!(next(&mut lines).unwrap(), "hello");
    by_hand(lines.next_line()).assert_pending();
    // The end comes right after the part that was kept.
    assert_eq!(next(&mut lines).unwrap(), "world");
    assert_eq!(next(&mut lines), None);
}

#[test]
fn an_error_keeps_the_beginning_of_the_line() {
    // With half a character in it.
    let mut lines = lines(&[
        Step::Give(b"ab\xc3"),
        Step::Fail(ErrorKind::TimedOut),
        Step::Give(b"\xa9c\nd"),
    ]);
    assert_eq!(error(&mut lines).kind(), ErrorKind::TimedOut);
    assert_eq!(next(&mut lines).unwrap(), "ab\u{e9}c");
    assert_eq!(next(&mut lines).unwrap(), "d");
}

#[test]
fn a_line_that_is_not_text_is_in_the_error_and_passed_over() {
    let mut lines = Cursor::new(b"ok\n\xff\xfe\r\nnext\n\xff").lines();
    assert_eq!(next(&mut lines).unwrap(), "ok");
    for bytes in [&b"\xff\xfe"[..], b"\xff"] {
        let error = error(&mut lines);
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        let line = error.into_inner().unwrap().downcast::<FromUtf8Error>();
        assert_eq!(line.unwrap().into_bytes(), bytes);
        if bytes.len() == 2 {
            assert_eq!(next(&mut lines).unwrap(), "next");
        }
    }
    assert_eq!(next(&mut lines), None);
}

#[test]
fn the_reader_is_within_reach() {
    let mut lines = lines(&[Step::Give(b"a\nb\n")]);
    next(&mut lines);
    assert_eq!(lines.get_ref().buffer(), b"b\n");
    lines.get_mut().consume(1);
    assert_eq!(lines.into_inner().buffer(), b"\n");
}

#[test]
fn segments_have_no_delimiters() {
    for (text, expected) in [
        ("", &[][..]),
        ("-", &[""]),
        ("a--b", &["a", "", "b"]),
        ("-a\n-", &["", "a\n"]),
    ] {
        for capacity in [1, 64] {
            let mut split = BufReader::with_capacity(capacity, text.as_bytes()).split(b'-');
            let mut next = || by_hand(split.next_segment()).ready().unwrap();
            for segment in expected {
                assert_eq!(next().as_deref(), Some(segment.as_bytes()), "{text:?}");
            }
            assert_eq!(next(), None);
        }
    }
}

#[test]
fn neither_a_given_up_call_nor_an_error_loses_a_part_of_a_segment() {
    let mut split = BufReader::new(script(&[
        Step::Give(b"a"),
        Step::Wait,
        Step::Give(b"b"),
        Step::Fail(ErrorKind::TimedOut),
        Step::Give(b"c-"),
    ]))
    .split(b'-');
    by_hand(split.next_segment()).assert_pending();
    let error = by_hand(split.next_segment()).ready().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(
        by_hand(split.next_segment()).ready().unwrap().unwrap(),
        b"abc"
    );
}

#[test]
fn they_are_what_their_reader_is() {
    fn is<T: Send + Sync + Unpin>() {}
    is::<Lines<Scripted>>();
    is::<Split<Scripted>>();
}
