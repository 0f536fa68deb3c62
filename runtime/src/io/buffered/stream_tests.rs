//! Both directions at once, and the two ways to nest them.

use std::io::Cursor;

use super::super::script::{Deed, Halting, Step, flush, read, script, seek, shutdown};
use super::super::script::{write, write_vectored};
use super::*;

#[test]
fn it_buffers_both_directions() {
    let mut stream = BufStream::with_capacity(4, 4, script(&[Step::Give(b"abcdef")]));
    assert_eq!(write(&mut stream, "123").unwrap(), 3);
    assert_eq!(read(&mut stream, 1).unwrap(), "a");
    assert_eq!(read(&mut stream, 8).unwrap(), "bcd");
    assert_eq!(stream.get_mut().take_deeds(), [Deed::Read(4)]);
    assert_eq!(read(&mut stream, 8).unwrap(), "ef");
    assert!(stream.is_write_vectored());
    assert_eq!(write_vectored(&mut stream, &["4", "5"]).unwrap(), 1);
    flush(&mut stream).unwrap();
    shutdown(&mut stream).unwrap();
    assert_eq!(
        stream.get_mut().take_deeds(),
        [
            Deed::Read(8),
            Deed::Write("1234"),
            Deed::Flush,
            Deed::Shutdown
        ]
    );
}

#[test]
fn it_keeps_what_is_in_the_buffers_of_what_it_is_made_of() {
    fn with_something_in_it<RW: AsyncRead + AsyncWrite + Unpin>(mut stream: RW) -> RW {
        write(&mut stream, "xy").unwrap();
        assert_eq!(read(&mut stream, 1).unwrap(), "a");
        stream
    }
    let source = || script(&[Step::Give(b"abc"), Step::Take(9)]);
    let reader = BufReader::new(BufWriter::new(source()));
    let writer = BufWriter::new(BufReader::new(source()));
    for mut stream in [
        BufStream::from(with_something_in_it(reader)),
        BufStream::from(with_something_in_it(writer)),
    ] {
        assert_eq!(read(&mut stream, 9).unwrap(), "bc");
        flush(&mut stream).unwrap();
        assert_eq!(
            stream.into_inner().take_deeds(),
            [Deed::Read(8192), Deed::Write("xy"), Deed::Flush]
        );
    }
}

#[test]
fn a_seek_writes_out_and_forgets_what_was_read_ahead() {
    let source = Halting::new(Cursor::new(b"abcdef".to_vec()));
    let mut stream = BufStream::with_capacity(2, 2, source);
    assert_eq!(read(&mut stream, 1).unwrap(), "a");
    assert_eq!(seek(&mut stream, SeekFrom::Current(2)).unwrap(), 3);
    assert_eq!(write(&mut stream, "X").unwrap(), 1);
    assert_eq!(seek(&mut stream, SeekFrom::Start(2)).unwrap(), 2);
    assert_eq!(read(&mut stream, 3).unwrap(), "cXe");
    assert_eq!(stream.get_ref().stream.get_ref(), b"abcXef");
}

#[test]
#[should_panic(expected = "capacity must be greater than zero")]
fn a_buffer_of_nothing_to_read_into_is_refused() {
    let _ = BufStream::with_capacity(0, 8, script(&[]));
}

#[test]
fn it_is_what_its_stream_is() {
    fn is<T: Send + Sync + Unpin>() {}
    is::<BufStream<u8>>();
}
