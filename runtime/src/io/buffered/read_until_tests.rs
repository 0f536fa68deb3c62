//! Reading up to a delimiter: over the bounds of reads, failures and given-up calls.

use proptest::prelude::*;

use super::super::script::{Step, assert_kind, script};
use crate::io::{AsyncBufReadExt, BufReader};
use crate::sync::testing::by_hand;
use std::io::ErrorKind;

#[test]
fn it_appends_up_to_and_with_the_delimiter() {
    let steps = [
        Step::Give(b"Hello Wor"),
        Step::Give(b"ld#Fizz"),
        Step::Give(b"#"),
        Step::Give(b"2"),
    ];
    let mut reader = BufReader::new(script(&steps));
    let mut bytes = b"say ".to_vec();
    for (read, so_far) in [
        (12, "say Hello World#"),
        (5, "say Hello World#Fizz#"),
        (1, "say Hello World#Fizz#2"),
        (0, "say Hello World#Fizz#2"),
    ] {
        let mut call = by_hand(reader.read_until(b'#', &mut bytes));
        assert_eq!(call.ready().unwrap(), read);
        drop(call);
        assert_eq!(bytes, so_far.as_bytes());
    }
}

/// A delimiter that was in the vector before ends nothing.
#[test]
fn only_what_it_reads_counts() {
    let mut reader = BufReader::new(script(&[Step::Give(b"ab"), Step::Give(b"c#d")]));
    let mut bytes = b"#".to_vec();
    assert_eq!(
        by_hand(reader.read_until(b'#', &mut bytes))
            .ready()
            .unwrap(),
        4
    );
    assert_eq!(bytes, b"#abc#");
}

#[test]
fn an_interruption_is_no_error() {
    let steps = [Step::Fail(ErrorKind::Interrupted), Step::Give(b"ab#")];
    let mut reader = BufReader::new(script(&steps));
    let mut bytes = Vec::new();
    assert_eq!(
        by_hand(reader.read_until(b'#', &mut bytes))
            .ready()
            .unwrap(),
        3
    );
}

#[test]
fn what_was_read_before_an_error_is_there() {
    let steps = [
        Step::Give(b"ab"),
        Step::Fail(ErrorKind::TimedOut),
        Step::Give(b"c#"),
    ];
    let mut reader = BufReader::new(script(&steps));
    let mut bytes = Vec::new();
    assert_kind(
        by_hand(reader.read_until(b'#', &mut bytes)).ready(),
        ErrorKind::TimedOut,
    );
    assert_eq!(bytes, b"ab");
    assert_eq!(
        by_hand(reader.read_until(b'#', &mut bytes))
            .ready()
            .unwrap(),
        2
    );
    assert_eq!(bytes, b"abc#");
}

#[test]
fn a_call_that_is_given_up_loses_nothing() {
    let steps = [Step::Give(b"ab"), Step::Wait, Step::Give(b"c#d")];
    let mut reader = BufReader::new(script(&steps));
    let mut bytes = Vec::new();
    by_hand(reader.read_until(b'#', &mut bytes)).assert_pending();
    assert_eq!(bytes, b"ab");
    // The next counts what it reads itself.
    assert_eq!(
        by_hand(reader.read_until(b'#', &mut bytes))
            .ready()
            .unwrap(),
        2
    );
    assert_eq!(bytes, b"abc#");
    assert_eq!(reader.buffer(), b"d");
}

proptest! {
    /// As std's, wherever the reads are cut.
    #[test]
    fn it_reads_what_std_reads(
        text in prop::collection::vec(0..4_u8, 0..60),
        capacity in 1..9_usize,
    ) {
        let mut reader = BufReader::with_capacity(capacity, &text[..]);
        let mut plain = &text[..];
        loop {
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            let n = by_hand(reader.read_until(3, &mut ours)).ready().unwrap();
            prop_assert_eq!(n, std::io::BufRead::read_until(&mut plain, 3, &mut theirs).unwrap());
            prop_assert_eq!(&ours, &theirs);
            if n == 0 {
                break;
            }
        }
    }
}
