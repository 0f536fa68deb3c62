use std::io::ErrorKind;
use std::task::Poll;

use proptest::prelude::*;

use crate::io::testing::{
    Scripted, Step, assert_yields, bring, cancel, insist, now, reads, writes,
};
use crate::io::{copy, copy_bidirectional, copy_bidirectional_with_sizes, copy_buf, join};
use crate::sync::testing::by_hand;
use crate::task::coop::{has_budget_remaining, with_budget};
use Step::{Fail, Take, Wait};

fn read_script() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => proptest::collection::vec(any::<u8>(), 1..40).prop_map(Step::Bring),
        1 => Just(Wait),
        1 => Just(Fail(ErrorKind::Interrupted)),
    ];
    proptest::collection::vec(step, 0..12)
}

fn write_script() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (1usize..40).prop_map(Take),
        1 => Just(Wait),
        1 => Just(Fail(ErrorKind::Interrupted)),
    ];
    proptest::collection::vec(step, 0..12)
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

/// Nothing was written after the last flush.
#[track_caller]
fn assert_flushed(writer: &Scripted) {
    let last = writer
        .transcript
        .iter()
        .rfind(|entry| entry.starts_with("write") || *entry == "flush");
    assert_eq!(last.map(String::as_str), Some("flush"));
}

proptest! {
    #[test]
    fn copies_all_in_order(from in read_script(), to in write_script(), size in 1usize..50) {
        let all = brought(&from);
        let len = all.len() as u64;

        let mut writer = writes(to.clone());
        prop_assert_eq!(insist(copy(&mut reads(from.clone()), &mut writer)).unwrap(), len);
        prop_assert_eq!(&writer.written, &all);
        assert_flushed(&writer);

        let mut writer = writes(to.clone());
        prop_assert_eq!(insist(copy_buf(&mut reads(from.clone()), &mut writer)).unwrap(), len);
        prop_assert_eq!(&writer.written, &all);
        assert_flushed(&writer);

        let mut a = reads(from.clone()).and_writes(to.clone());
        let mut b = reads([bring("answer"), Wait]).and_writes(to);
        let copied = insist(copy_bidirectional_with_sizes(&mut a, &mut b, size, 3));
        prop_assert_eq!(copied.unwrap(), (len, 6));
        prop_assert_eq!(&b.written, &all);
        prop_assert_eq!(&a.written[..], b"answer");
        assert_flushed(&a);
        assert_flushed(&b);
    }
}

#[test]
fn the_reader_fills_the_buffer_while_the_writer_waits() {
    let mut stream = reads([bring("ko"), bring("lo")]).and_writes([Wait, Wait]);
    let (mut reader, mut writer) = (&mut stream, writes([Wait]));
    let mut copying = by_hand(copy(&mut reader, &mut writer));
    copying.assert_pending();
    assert_eq!(copying.ready().unwrap(), 4);
    drop(copying);
    assert_eq!(stream.transcript, ["read 2", "read 2", "end"]);
    assert_eq!(writer.transcript, ["write waits", "write 4", "flush"]);
}

#[test]
fn the_writer_is_flushed_once_while_the_reader_waits() {
    let steps = [Wait, bring("ko"), Wait, Wait, bring("lo")];
    for buffered in [false, true] {
        let (mut reader, mut writer) = (reads(steps.clone()), writes([]));
        if buffered {
            insist(copy_buf(&mut reader, &mut writer)).unwrap();
        } else {
            insist(copy(&mut reader, &mut writer)).unwrap();
        }
        // Not before anything was written, and not again for nothing.
        assert_eq!(writer.transcript, ["write 2", "flush", "write 2", "flush"]);
    }
}

#[test]
fn a_flush_that_waits_is_gone_on_with() {
    let (mut reader, mut writer) = (reads([bring("ko"), Wait, Wait, bring("lo")]), writes([]));
    writer = writer.and_flushes([Wait, Step::Take(0), Wait]);
    assert_eq!(insist(copy(&mut reader, &mut writer)).unwrap(), 4);
    assert_eq!(
        writer.transcript,
        [
            "write 2",
            "flush waits",
            "flush",
            "write 2",
            "flush waits",
            "flush"
        ]
    );
}

#[test]
fn errors_of_either_side_end_it() {
    let broken = || [Fail(ErrorKind::BrokenPipe)];
    let fine = || reads([bring("kolo")]);
    for (reader, writer, kind) in [
        (fine(), writes([Take(0)]), ErrorKind::WriteZero),
        (fine(), writes(broken()), ErrorKind::BrokenPipe),
        (
            fine(),
            writes([]).and_flushes(broken()),
            ErrorKind::BrokenPipe,
        ),
        (reads(broken()), writes([]), ErrorKind::BrokenPipe),
    ] {
        let (mut reader, mut writer) = (reader, writer);
        let e = now(copy(&mut reader, &mut writer)).unwrap_err();
        assert_eq!(e.kind(), kind);
    }
    for (writer, kind) in [
        (writes([Take(0)]), ErrorKind::WriteZero),
        (writes(broken()), ErrorKind::BrokenPipe),
    ] {
        let (mut reader, mut writer) = (fine(), writer);
        let e = now(copy_buf(&mut reader, &mut writer)).unwrap_err();
        assert_eq!(e.kind(), kind);
        // What was not written is still the reader's.
        assert_eq!(now(copy_buf(&mut reader, &mut Vec::new())).unwrap(), 4);
    }
}

#[test]
fn copy_buf_dropped_goes_on_where_it_was() {
    let (mut reader, mut writer) = (reads([bring("kolo")]), writes([Take(3), Wait]));
    cancel(copy_buf(&mut reader, &mut writer));
    assert_eq!(now(copy_buf(&mut reader, &mut writer)).unwrap(), 1);
    assert_eq!(writer.written, b"kolo");
}

#[test]
fn copies_between_what_never_waits_yield() {
    assert_yields(|| async { copy(&mut &b"kolo"[..], &mut Vec::new()).await });
    assert_yields(|| async { copy_buf(&mut &b"kolo"[..], &mut Vec::new()).await });
    assert_yields(|| async {
        let mut a = join(&b"question"[..], Vec::new());
        let mut b = join(&b"answer"[..], Vec::new());
        copy_bidirectional(&mut a, &mut b).await
    });
}

/// One copy, whose reader alone would go on for ever.
#[test]
fn a_copy_without_end_yields() {
    struct Endless;
    impl crate::io::AsyncRead for Endless {
        fn poll_read(
            self: std::pin::Pin<&mut Self>,
            _cx: &mut std::task::Context<'_>,
            buf: &mut crate::io::ReadBuf<'_>,
        ) -> Poll<std::io::Result<()>> {
            buf.initialize_unfilled();
            buf.advance(buf.remaining());
            Poll::Ready(Ok(()))
        }
    }

    let (mut reader, mut writer) = (Endless, Vec::new());
    let mut copying = by_hand(copy(&mut reader, &mut writer));
    assert!(with_budget(|| copying.poll()).is_pending());
    assert_eq!(copying.take_wakes(), 1);
}

#[test]
fn to_wait_costs_nothing() {
    let waits = || reads(vec![Wait; 1000]);
    let (mut one, mut other) = (waits(), waits());
    let (mut one_to, mut other_to) = (Vec::new(), Vec::new());
    let mut copying = by_hand(copy(&mut one, &mut one_to));
    let mut lending = by_hand(copy_buf(&mut other, &mut other_to));
    with_budget(|| {
        for _ in 0..999 {
            copying.assert_pending();
            lending.assert_pending();
        }
        assert!(has_budget_remaining());
    });
    assert_eq!((copying.take_wakes(), lending.take_wakes()), (0, 0));
}

#[test]
fn a_writer_that_waits_costs_a_lender_nothing() {
    let (mut reader, mut writer) = (reads([bring("kolo")]), writes(vec![Wait; 999]));
    writer = writer.and_flushes(vec![Wait; 999]);
    let mut lending = by_hand(copy_buf(&mut reader, &mut writer));
    with_budget(|| {
        // The write, and then the flush at the end.
        for _ in 0..2 * 999 {
            lending.assert_pending();
        }
        assert!(has_budget_remaining());
    });
    assert_eq!(lending.take_wakes(), 0);
    assert_eq!(lending.ready().unwrap(), 4);
}

#[test]
fn the_end_of_one_direction_is_passed_on_and_the_other_goes_on() {
    let mut a = reads([bring("question")]);
    let mut b = reads([Wait, bring("answer"), Wait]);
    let mut copying = by_hand(copy_bidirectional(&mut a, &mut b));
    copying.assert_pending();
    copying.assert_pending();
    assert_eq!(copying.ready().unwrap(), (8, 6));
    drop(copying);
    assert_eq!(
        b.transcript,
        [
            "write 8",
            "flush",
            "shutdown",
            "read waits",
            "read 6",
            "read waits",
            "end"
        ]
    );
    assert_eq!(
        a.transcript,
        ["read 8", "end", "write 6", "flush", "flush", "shutdown"]
    );
}

#[test]
fn one_side_that_waits_does_not_hold_up_the_other() {
    // b takes nothing of what a says; what b says arrives all the same.
    let mut a = reads([bring("question"), Wait]);
    let mut b = reads([bring("answer"), Wait]).and_writes([Wait]);
    let mut copying = by_hand(copy_bidirectional(&mut a, &mut b));
    copying.assert_pending();
    drop(copying);
    assert_eq!((&a.written[..], &b.written[..]), (&b"answer"[..], &b""[..]));
}

#[test]
fn an_error_ends_both_directions() {
    let mut a = reads([bring("question"), Wait]);
    let mut b = reads([Fail(ErrorKind::ConnectionReset)]);
    let e = now(copy_bidirectional(&mut a, &mut b)).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::ConnectionReset);
    let mut b = reads([Wait]).and_flushes([Step::Take(0), Fail(ErrorKind::NotConnected)]);
    let e = now(copy_bidirectional(&mut reads([bring("!")]), &mut b)).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::NotConnected);
}

#[test]
#[should_panic(expected = "`a_to_b_buf_size` must be greater than 0")]
fn no_buffer_there_panics() {
    let _ = now(copy_bidirectional_with_sizes(
        &mut reads([]),
        &mut reads([]),
        0,
        1,
    ));
}

#[test]
#[should_panic(expected = "`b_to_a_buf_size` must be greater than 0")]
fn no_buffer_back_panics() {
    let _ = now(copy_bidirectional_with_sizes(
        &mut reads([]),
        &mut reads([]),
        1,
        0,
    ));
}
