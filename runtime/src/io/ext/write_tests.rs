use std::io::{ErrorKind, IoSlice};

use bytes::{Buf, Bytes};

use crate::io::testing::{Step, cancel, insist, now, writes};
use crate::io::{AsyncWrite, AsyncWriteExt};
use Step::{Fail, Take, Wait};

#[test]
fn write_dropped_has_written_nothing() {
    let mut writer = writes([Wait, Take(3)]);
    cancel(writer.write(b"kolo"));
    assert_eq!(writer.written, b"");
    assert_eq!(now(writer.write(b"kolo")).unwrap(), 3);
    assert_eq!(writer.written, b"kol");
}

#[test]
fn write_vectored_dropped_has_written_nothing() {
    let slices = [IoSlice::new(b""), IoSlice::new(b"ko"), IoSlice::new(b"lo")];
    for (vectored, n) in [(true, 3), (false, 2)] {
        let mut writer = writes([Wait, Take(3)]);
        writer.vectored = vectored;
        cancel(writer.write_vectored(&slices));
        assert_eq!(writer.written, b"");
        assert_eq!(now(writer.write_vectored(&slices)).unwrap(), n);
        assert_eq!(writer.written, &b"kolo"[..n]);
    }
}

#[test]
fn write_buf_dropped_has_written_nothing() {
    for (vectored, n) in [(true, 3), (false, 2)] {
        let mut writer = writes([Wait, Take(3)]);
        writer.vectored = vectored;
        let mut src = Bytes::from("ko").chain(Bytes::from("lo"));
        cancel(writer.write_buf(&mut src));
        assert_eq!((src.remaining(), writer.written.len()), (4, 0));
        assert_eq!(now(writer.write_buf(&mut src)).unwrap(), n);
        assert_eq!(src.remaining(), 4 - n);
        assert_eq!(writer.written, &b"kolo"[..n]);
    }
}

#[test]
fn write_buf_writes_nothing_of_nothing() {
    let mut writer = writes([Wait]);
    assert_eq!(now(writer.write_buf(&mut Bytes::new())).unwrap(), 0);
    assert_eq!(writer.transcript, [""; 0]);
}

#[test]
fn write_once_passes_interruptions_on() {
    let interrupted = || writes([Fail(ErrorKind::Interrupted)]);
    let mut src = Bytes::from("kolo");
    for e in [
        now(interrupted().write(b"kolo")).unwrap_err(),
        now(interrupted().write_vectored(&[IoSlice::new(b"kolo")])).unwrap_err(),
        now(interrupted().write_buf(&mut src)).unwrap_err(),
    ] {
        assert_eq!(e.kind(), ErrorKind::Interrupted);
    }
    assert_eq!(src, "kolo");
}

#[test]
fn write_all_buf_dropped_goes_on_where_it_was() {
    for vectored in [true, false] {
        let mut writer = writes([Take(1), Fail(ErrorKind::Interrupted), Take(2), Wait]);
        writer.vectored = vectored;
        let mut src = Bytes::from("ko").chain(Bytes::from("lo"));
        cancel(writer.write_all_buf(&mut src));
        assert_eq!(writer.written.len() + src.remaining(), 4);
        assert!(!writer.written.is_empty() && src.has_remaining());
        now(writer.write_all_buf(&mut src)).unwrap();
        assert_eq!(writer.written, b"kolo");
        assert!(!src.has_remaining());
    }
}

#[test]
fn write_all_buf_keeps_what_an_error_left() {
    let mut src = Bytes::from("kolo");
    for (step, kind) in [
        (Fail(ErrorKind::BrokenPipe), ErrorKind::BrokenPipe),
        (Take(0), ErrorKind::WriteZero),
    ] {
        let e = now(writes([Take(1), step]).write_all_buf(&mut src)).unwrap_err();
        assert_eq!(e.kind(), kind);
    }
    assert_eq!(src, "lo");
}

#[test]
fn write_all_writes_all() {
    let mut writer = writes([Take(1), Wait, Fail(ErrorKind::Interrupted), Take(2)]);
    insist(writer.write_all(b"kolo")).unwrap();
    assert_eq!(
        writer.transcript,
        ["write 1", "write waits", "write 2", "write 1"]
    );
    assert_eq!(writer.written, b"kolo");
    now(writer.write_all(b"")).unwrap();
    assert_eq!(writer.written, b"kolo");
}

#[test]
fn a_writer_that_takes_no_more_is_an_error() {
    let e = now(writes([Take(2), Take(0)]).write_all(b"kolo")).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::WriteZero);
    let e = now(writes([Take(2), Take(0)]).write_u32(1)).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::WriteZero);
    let e = now(writes([Take(0)]).write_u8(1)).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::WriteZero);
    let e = now(writes([Take(2), Fail(ErrorKind::BrokenPipe)]).write_all(b"kolo")).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::BrokenPipe);
}

#[test]
fn one_byte_dropped_has_written_nothing() {
    let mut writer = writes([Wait]);
    cancel(writer.write_u8(7));
    assert_eq!(writer.written, []);
    now(writer.write_u8(7)).unwrap();

    let mut writer = writer.and_writes([Wait]);
    cancel(writer.write_i8(-1));
    now(writer.write_i8(-1)).unwrap();
    assert_eq!(writer.written, [7, 0xff]);
}

#[test]
fn a_number_may_go_in_parts() {
    let mut writer = writes([Take(1), Wait, Fail(ErrorKind::Interrupted), Take(2)]);
    insist(writer.write_u32(0x1234_5678)).unwrap();
    assert_eq!(writer.written, [0x12, 0x34, 0x56, 0x78]);
}

#[test]
fn flush_dropped_can_be_asked_for_again() {
    let mut writer = writes([]).and_flushes([Wait]);
    cancel(writer.flush());
    now(writer.flush()).unwrap();
    assert_eq!(writer.transcript, ["flush waits", "flush"]);
}

#[test]
fn shutdown_dropped_can_be_asked_for_again() {
    let mut writer = writes([]).and_flushes([Wait]);
    cancel(writer.shutdown());
    now(writer.shutdown()).unwrap();
    assert_eq!(writer.transcript, ["shutdown waits", "shutdown"]);
}

#[test]
fn pointers_to_writers_write_all_the_same() {
    let slices = [IoSlice::new(b"ko"), IoSlice::new(b"lo")];
    fn check<W: AsyncWrite + Unpin>(mut writer: W, slices: &[IoSlice<'_>]) {
        assert!(writer.is_write_vectored());
        assert_eq!(now(writer.write_vectored(slices)).unwrap(), 4);
        now(writer.flush()).unwrap();
        now(writer.shutdown()).unwrap();
    }

    let mut memory = [0; 4];
    check(std::io::Cursor::new(&mut memory[..]), &slices);
    assert_eq!(&memory, b"kolo");
    let mut vec = Vec::new();
    check(&mut vec, &slices);
    check(Box::new(&mut vec), &slices);
    check(Box::pin(&mut vec), &slices);
    check(std::io::Cursor::new(&mut vec), &slices);
    assert_eq!(vec, b"kolokolokolo");
    let boxed: Box<[u8]> = Box::new([0; 4]);
    check(std::io::Cursor::new(boxed), &slices);
    check(std::io::Cursor::new(Vec::new()), &slices);
}
