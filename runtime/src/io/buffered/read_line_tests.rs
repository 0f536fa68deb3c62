//! Lines that are text, lines that are not, and the String that they join.

use std::io::{self, ErrorKind};
use std::str::Utf8Error;

use super::super::script::{Script, Step, script};
use crate::io::{AsyncBufReadExt, BufReader};
use crate::sync::testing::by_hand;

fn read_line(reader: &mut BufReader<Script>, line: &mut String) -> io::Result<usize> {
    by_hand(reader.read_line(line)).ready()
}

#[test]
fn it_appends_a_line_with_its_end() {
    let steps = [
        Step::Give(b"one\ntw"),
        Step::Give(b"o\r\n\n"),
        Step::Give(b"last"),
    ];
    let mut reader = BufReader::new(script(&steps));
    let mut text = String::from("> ");
    for (read, so_far) in [
        (4, "> one\n"),
        (5, "> one\ntwo\r\n"),
        (1, "> one\ntwo\r\n\n"),
        (4, "> one\ntwo\r\n\nlast"),
        (0, "> one\ntwo\r\n\nlast"),
    ] {
        assert_eq!(read_line(&mut reader, &mut text).unwrap(), read);
        assert_eq!(text, so_far);
    }
}

#[test]
fn a_character_may_be_cut_in_two() {
    let mut reader = BufReader::new(script(&[Step::Give(b"caf\xc3"), Step::Give(b"\xa9\n")]));
    let mut text = String::new();
    assert_eq!(read_line(&mut reader, &mut text).unwrap(), 6);
    assert_eq!(text, "caf\u{e9}\n");
}

#[test]
fn a_line_that_is_not_text_leaves_the_string_as_it_was() {
    let mut reader = BufReader::new(script(&[Step::Give(b"Wor\xffld\nnext\n")]));
    let mut text = String::from("Hello ");
    let error = read_line(&mut reader, &mut text).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    let invalid = error.into_inner().unwrap().downcast::<Utf8Error>().unwrap();
    assert_eq!(invalid.valid_up_to(), 9);
    assert_eq!(text, "Hello ");
    // The line is gone; the next is read.
    assert_eq!(read_line(&mut reader, &mut text).unwrap(), 5);
    assert_eq!(text, "Hello next\n");
}

#[test]
fn text_that_was_read_before_an_error_is_there() {
    let mut reader = BufReader::new(script(&[
        Step::Give(b"Wor"),
        Step::Fail(ErrorKind::TimedOut),
    ]));
    let mut text = String::from("Hello ");
    let error = read_line(&mut reader, &mut text).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(text, "Hello Wor");
}

#[test]
fn bytes_before_an_error_that_are_no_text_are_not() {
    let mut reader = BufReader::new(script(&[
        Step::Give(b"Wor\xff"),
        Step::Fail(ErrorKind::TimedOut),
    ]));
    let mut text = String::from("Hello ");
    let error = read_line(&mut reader, &mut text).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(text, "Hello ");
}

/// It says that it is not cancel safe; this is what that means.
#[test]
fn a_call_that_is_given_up_loses_what_it_read_and_empties_the_string() {
    let mut reader = BufReader::new(script(&[
        Step::Give(b"lo"),
        Step::Wait,
        Step::Give(b"st\n"),
    ]));
    let mut text = String::from("before ");
    by_hand(reader.read_line(&mut text)).assert_pending();
    assert_eq!(text, "");
    assert_eq!(read_line(&mut reader, &mut text).unwrap(), 3);
    assert_eq!(text, "st\n");
}
