use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::str::Utf8Error;
use std::task::{Context, Poll};

use proptest::prelude::*;

use crate::io::testing::{Exchanger, Step, bring, cancel, insist, now, reads};
use crate::io::{AsyncRead, AsyncReadExt, ReadBuf};
use Step::{Fail, Wait};

fn parts() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => proptest::collection::vec(any::<u8>(), 1..80).prop_map(Step::Bring),
        1 => Just(Wait),
        1 => Just(Fail(ErrorKind::Interrupted)),
    ];
    proptest::collection::vec(step, 0..8)
}

fn brought(steps: &[Step]) -> Vec<u8> {
    let mut all = Vec::new();
    for step in steps {
        if let Step::Bring(bytes) = step {
            all.extend(bytes);
        }
    }
    all
}

proptest! {
    #[test]
    fn reads_all_and_grows_only_for_what_does_not_fit(
        steps in parts(),
        before in proptest::collection::vec(any::<u8>(), 0..40),
        spare in 0usize..200,
    ) {
        let all = brought(&steps);
        let mut vec = Vec::with_capacity(before.len() + spare);
        vec.extend(&before);
        let capacity = vec.capacity();

        prop_assert_eq!(insist(reads(steps).read_to_end(&mut vec)).unwrap(), all.len());
        prop_assert_eq!(&vec[..before.len()], &before[..]);
        prop_assert_eq!(&vec[before.len()..], &all[..]);
        // Vectors of less than a probe's length are grown without one.
        if vec.len() <= capacity && capacity >= 32 {
            prop_assert_eq!(vec.capacity(), capacity);
        }
    }
}

#[test]
fn a_vector_too_short_doubles() {
    let mut vec = Vec::with_capacity(34);
    now(reads([bring([1; 38])]).read_to_end(&mut vec)).unwrap();
    // Once for the bytes, once for the read that finds the end.
    assert_eq!((vec.len(), vec.capacity()), (38, 4 * 34));
}

#[test]
fn what_was_read_stays_when_it_fails_or_is_dropped() {
    let mut vec = b"> ".to_vec();
    let mut reader = reads([bring("ko"), Fail(ErrorKind::BrokenPipe), bring("lo"), Wait]);
    let e = now(reader.read_to_end(&mut vec)).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::BrokenPipe);
    assert_eq!(vec, b"> ko");
    cancel(reader.read_to_end(&mut vec));
    assert_eq!(vec, b"> kolo");
    assert_eq!(now(reader.read_to_end(&mut vec)).unwrap(), 0);
}

/// Fills one byte per poll, of memory that it wants zeroed; counts what it had to.
struct Zeroes {
    left: usize,
    zeroed: usize,
}

impl AsyncRead for Zeroes {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left > 0 {
            let ready_made = buf.initialized().len() - buf.filled().len();
            self.zeroed += buf.remaining() - ready_made;
            buf.initialize_unfilled()[0] = 7;
            buf.advance(1);
            self.left -= 1;
        }
        Poll::Ready(Ok(()))
    }
}

#[test]
fn memory_is_zeroed_once() {
    let mut reader = Zeroes {
        left: 1000,
        zeroed: 0,
    };
    let mut vec = Vec::with_capacity(1032);
    now(reader.read_to_end(&mut vec)).unwrap();
    assert_eq!(vec, [7; 1000]);
    assert_eq!(reader.zeroed, 1032);
    assert_eq!(vec.capacity(), 1032);

    // With growth, every capacity is zeroed at most once.
    let mut reader = Zeroes {
        left: 1000,
        zeroed: 0,
    };
    let mut vec = Vec::new();
    now(reader.read_to_end(&mut vec)).unwrap();
    assert_eq!(vec, [7; 1000]);
    assert!(reader.zeroed <= 2 * vec.capacity(), "{}", reader.zeroed);
}

#[test]
fn a_reader_that_exchanges_buffers_is_caught() {
    let mut vec = Vec::with_capacity(64);
    vec.extend(b"kolo");
    let panic = catch_unwind(AssertUnwindSafe(|| {
        now(Exchanger::new().read_to_end(&mut vec))
    }));
    assert!(panic.is_err());
    assert_eq!(vec, b"kolo");
}

#[test]
fn a_string_grows_by_what_is_utf8_in_the_end() {
    let mut text = String::from("ко");
    // A character in two parts.
    let mut reader = reads([
        bring([0xd0]),
        Fail(ErrorKind::Interrupted),
        Wait,
        bring([0xbb]),
    ]);
    assert_eq!(insist(reader.read_to_string(&mut text)).unwrap(), 2);
    assert_eq!(text, "кол");
}

#[test]
fn a_string_is_as_it_was_if_it_would_not_be_utf8() {
    let mut text = String::from("abc");
    let e = now(reads([bring("de\u{ff}"), bring([0xff])]).read_to_string(&mut text)).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::InvalidData);
    let e = e.into_inner().unwrap().downcast::<Utf8Error>().unwrap();
    assert_eq!(e.valid_up_to(), 7);
    assert_eq!(text, "abc");
}

#[test]
fn a_string_is_as_it_was_if_the_reader_fails() {
    let mut text = String::from("abc");
    // The bytes before the error may be UTF-8 or not.
    for bytes in [&b"de"[..], b"\xff"] {
        let mut reader = reads([bring(bytes), Fail(ErrorKind::BrokenPipe)]);
        let e = now(reader.read_to_string(&mut text)).unwrap_err();
        assert_eq!(e.kind(), ErrorKind::BrokenPipe);
        assert_eq!(text, "abc");
    }
}
