//! Models of a stream in memory: no byte, no end and no wake-up is lost, whichever
//! side is quicker.

use std::future::poll_fn;

use super::*;
use crate::loom::{model, thread};
use crate::sync::testing::block_on;

fn read(stream: &mut DuplexStream) -> Vec<u8> {
    block_on(poll_fn(|cx| {
        let mut bytes = [0; 4];
        let mut buf = ReadBuf::new(&mut bytes);
        let poll = Pin::new(&mut *stream).poll_read(cx, &mut buf);
        poll.map_ok(|()| buf.filled().to_vec())
    }))
    .unwrap()
}

fn write(stream: &mut DuplexStream, bytes: &[u8]) -> io::Result<usize> {
    block_on(poll_fn(|cx| Pin::new(&mut *stream).poll_write(cx, bytes)))
}

#[test]
fn loom_two_bytes_through_room_for_one_and_then_the_end() {
    model(3, || {
        let (mut a, mut b) = duplex(1);
        let writer = thread::spawn(move || {
            assert_eq!(write(&mut a, b"xy").unwrap(), 1);
            assert_eq!(write(&mut a, b"y").unwrap(), 1);
        });
        assert_eq!(read(&mut b), b"x");
        assert_eq!(read(&mut b), b"y");
        assert_eq!(read(&mut b), b"");
        writer.join().unwrap();
    });
}

#[test]
fn loom_a_writer_that_waits_learns_that_its_reader_is_gone() {
    model(3, || {
        let (mut a, b) = duplex(1);
        let reader = thread::spawn(move || drop(b));
        let error = loop {
            if let Err(error) = write(&mut a, b"x") {
                break error;
            }
        };
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        reader.join().unwrap();
    });
}
