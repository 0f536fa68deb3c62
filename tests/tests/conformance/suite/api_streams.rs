//! **Do readers and writers have tokio's shape?** The traits, what they are
//! extended by, buffers, copies, streams in memory: bounds and meanings.

use std::io::{ErrorKind, SeekFrom};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;

use super::On;
use super::rt;
use super::sockets::connection;
use rt::io::{
    self, AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncSeek, AsyncSeekExt,
    AsyncWrite, AsyncWriteExt, BufReader, BufStream, BufWriter, Interest, ReadBuf, Ready,
};

kolo_tests::tests! {
    everywhere: [
        api_io_bounds,
        api_io_is_for_boxes_and_slices,
        api_io_integers,
        api_io_floats_and_little_ends,
        api_io_integer_cut_short,
        api_io_read_exact_cut_short,
        api_io_read_to_string_refuses_garbage,
        api_io_chain_and_take,
        api_io_read_until_and_line,
        api_io_lines_and_split,
        api_io_buf_reader_seeks,
        api_io_buf_writer_holds_back,
        api_io_buf_stream_does_both,
        api_io_copy_counts,
        api_io_copy_flushes,
        api_io_duplex_and_simplex,
        api_io_split_and_unsplit,
        api_io_empty_sink_repeat,
        api_io_read_buf_room,
        api_io_interest_and_ready,
        api_io_one_byte_at_a_time,
    ],
}

fn api_io_bounds(_: On) {
    fn all<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe>() {}
    fn threads<T: Send + Sync + Unpin>() {}
    fn read<T: AsyncRead + ?Sized>() {}
    fn write<T: AsyncWrite + ?Sized>() {}
    fn buf_read<T: AsyncBufRead + ?Sized>() {}
    fn seek<T: AsyncSeek + ?Sized>() {}
    fn send<T: Send>(_: &T) {}
    all::<Interest>();
    all::<Ready>();
    threads::<io::DuplexStream>();
    threads::<io::SimplexStream>();
    threads::<BufReader<&[u8]>>();
    threads::<BufWriter<Vec<u8>>>();
    threads::<io::ReadHalf<io::DuplexStream>>();
    threads::<io::Stdin>();
    threads::<io::Stdout>();
    threads::<io::Stderr>();
    threads::<ReadBuf<'_>>();
    read::<dyn AsyncRead>();
    read::<Box<dyn AsyncRead + Send + Unpin>>();
    read::<Pin<Box<dyn AsyncRead + Send>>>();
    read::<&mut (dyn AsyncRead + Unpin)>();
    read::<std::io::Cursor<Vec<u8>>>();
    write::<Box<dyn AsyncWrite + Send + Unpin>>();
    write::<std::io::Cursor<&mut [u8]>>();
    write::<std::io::Cursor<&mut Vec<u8>>>();
    buf_read::<Box<dyn AsyncBufRead + Unpin>>();
    buf_read::<io::Take<BufReader<&[u8]>>>();
    seek::<std::io::Cursor<Vec<u8>>>();
    seek::<BufReader<std::io::Cursor<Vec<u8>>>>();
    let (mut here, mut there) = io::duplex(8);
    send(&here.read(&mut []));
    send(&there.write_all(b""));
    send(&io::copy(&mut here, &mut there));
}

fn api_io_is_for_boxes_and_slices(on: On) {
    async fn shout(mut reader: Box<dyn AsyncRead + Send + Unpin>) -> String {
        let mut all = String::new();
        reader.read_to_string(&mut all).await.unwrap();
        all.to_uppercase()
    }
    on.run(async {
        assert_eq!(shout(Box::new(&b"hello"[..])).await, "HELLO");
        assert_eq!(shout(Box::new(std::io::Cursor::new(b"you"))).await, "YOU");
        let mut room = [0_u8; 4];
        let mut writer = std::io::Cursor::new(&mut room[..]);
        assert_eq!(writer.write(b"too long").await.unwrap(), 4);
        assert_eq!(writer.write(b"more").await.unwrap(), 0);
        assert_eq!(&room, b"too ");
    });
}

fn api_io_integers(on: On) {
    on.run(async {
        let (mut here, mut there) = io::duplex(64);
        here.write_u8(1).await.unwrap();
        here.write_i8(-1).await.unwrap();
        here.write_u16(0x0102).await.unwrap();
        here.write_i32(-2).await.unwrap();
        here.write_u64(u64::MAX - 1).await.unwrap();
        here.write_u128(1 << 100).await.unwrap();
        assert_eq!(there.read_u8().await.unwrap(), 1);
        assert_eq!(there.read_i8().await.unwrap(), -1);
        assert_eq!(there.read_u8().await.unwrap(), 1);
        assert_eq!(there.read_u8().await.unwrap(), 2);
        assert_eq!(there.read_i32().await.unwrap(), -2);
        assert_eq!(there.read_u64().await.unwrap(), u64::MAX - 1);
        assert_eq!(there.read_u128().await.unwrap(), 1 << 100);
    });
}

fn api_io_floats_and_little_ends(on: On) {
    on.run(async {
        let mut bytes = Vec::new();
        bytes.write_f32(1.5).await.unwrap();
        bytes.write_f64_le(-2.25).await.unwrap();
        bytes.write_u16_le(0x0102).await.unwrap();
        bytes.write_i64_le(-3).await.unwrap();
        assert_eq!(&bytes[12..14], [2, 1]);
        let mut reader = &bytes[..];
        assert_eq!(reader.read_f32().await.unwrap(), 1.5);
        assert_eq!(reader.read_f64_le().await.unwrap(), -2.25);
        assert_eq!(reader.read_u16_le().await.unwrap(), 0x0102);
        assert_eq!(reader.read_i64_le().await.unwrap(), -3);
    });
}

fn api_io_integer_cut_short(on: On) {
    on.run(async {
        let mut reader = &[1_u8, 2, 3][..];
        let error = reader.read_u32().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
        let mut room = [0_u8; 3];
        let error = std::io::Cursor::new(&mut room[..])
            .write_u32(1)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WriteZero);
    });
}

fn api_io_read_exact_cut_short(on: On) {
    on.run(async {
        let mut room = [0; 8];
        let error = (&b"short"[..]).read_exact(&mut room).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
        assert_eq!(error.to_string(), "early eof");
        assert_eq!((&b"12345678"[..]).read_exact(&mut room).await.unwrap(), 8);
        let error = std::io::Cursor::new(&mut room[..])
            .write_all(&[0; 9])
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WriteZero);
    });
}

fn api_io_read_to_string_refuses_garbage(on: On) {
    on.run(async {
        let mut all = String::from("kept ");
        let error = (&b"\xff"[..]).read_to_string(&mut all).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert_eq!(all, "kept ");
        (&b"too"[..]).read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "kept too");
        let mut line = String::from("kept ");
        let error = (&b"\xff\n"[..]).read_line(&mut line).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert_eq!(line, "kept ");
    });
}

fn api_io_chain_and_take(on: On) {
    on.run(async {
        let mut all = Vec::new();
        let mut reader = (&b"one "[..]).chain(&b"two three"[..]).take(8);
        reader.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, b"one two ");
        reader.set_limit(3);
        assert_eq!(reader.read(&mut [0; 8]).await.unwrap(), 3);
        let (first, second) = reader.into_inner().into_inner();
        assert_eq!((first, second), (&b""[..], &b"ee"[..]));
    });
}

fn api_io_read_until_and_line(on: On) {
    on.run(async {
        let mut reader = BufReader::with_capacity(3, &b"ab;cdefgh;rest\nlast"[..]);
        let mut room = b"> ".to_vec();
        assert_eq!(reader.read_until(b';', &mut room).await.unwrap(), 3);
        assert_eq!(reader.read_until(b';', &mut room).await.unwrap(), 7);
        assert_eq!(room, b"> ab;cdefgh;");
        let mut line = String::new();
        assert_eq!(reader.read_line(&mut line).await.unwrap(), 5);
        assert_eq!(reader.read_line(&mut line).await.unwrap(), 4);
        assert_eq!(reader.read_line(&mut line).await.unwrap(), 0);
        assert_eq!(line, "rest\nlast");
    });
}

fn api_io_lines_and_split(on: On) {
    on.run(async {
        let mut lines = (&b"one\r\n\ntwo\rthree"[..]).lines();
        let mut seen = Vec::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            seen.push(line);
        }
        assert_eq!(seen, ["one", "", "two\rthree"]);
        let mut parts = BufReader::new(&b"a,,b,"[..]).split(b',');
        let mut seen = Vec::new();
        while let Some(part) = parts.next_segment().await.unwrap() {
            seen.push(part);
        }
        assert_eq!(seen, [&b"a"[..], b"", b"b"]);
        assert!(lines.into_inner().is_empty());
    });
}

fn api_io_buf_reader_seeks(on: On) {
    on.run(async {
        let mut reader = BufReader::new(std::io::Cursor::new(b"0123456789"));
        assert_eq!(reader.read_u8().await.unwrap(), b'0');
        assert_eq!(reader.buffer(), b"123456789");
        // The buffer is ahead of the reader; a seek counts from where the reader is.
        assert_eq!(reader.seek(SeekFrom::Current(3)).await.unwrap(), 4);
        assert!(reader.buffer().is_empty());
        assert_eq!(reader.read_u8().await.unwrap(), b'4');
        assert_eq!(reader.seek(SeekFrom::End(-1)).await.unwrap(), 9);
        reader.rewind().await.unwrap();
        assert_eq!(reader.stream_position().await.unwrap(), 0);
        assert_eq!(reader.fill_buf().await.unwrap(), b"0123456789");
        reader.consume(4);
        assert_eq!(reader.into_inner().position(), 10);
    });
}

fn api_io_buf_writer_holds_back(on: On) {
    on.run(async {
        let mut writer = BufWriter::with_capacity(4, Vec::new());
        writer.write_all(b"ab").await.unwrap();
        assert_eq!(
            (writer.buffer(), &writer.get_ref()[..]),
            (&b"ab"[..], &b""[..])
        );
        writer.write_all(b"cde").await.unwrap();
        assert_eq!(
            (writer.buffer(), &writer.get_ref()[..]),
            (&b"cde"[..], &b"ab"[..])
        );
        // What would fill the buffer goes past it.
        writer.write_all(b"much more than fits").await.unwrap();
        writer.flush().await.unwrap();
        assert_eq!(writer.get_ref(), b"abcdemuch more than fits");
        writer.write_all(b"!").await.unwrap();
        writer.shutdown().await.unwrap();
        assert_eq!(writer.into_inner().last(), Some(&b'!'));
    });
}

fn api_io_buf_stream_does_both(on: On) {
    on.run(async {
        let (here, there) = io::duplex(64);
        let (mut here, mut there) = (BufStream::new(here), BufStream::new(there));
        here.write_all(b"question\n").await.unwrap();
        here.flush().await.unwrap();
        let mut line = String::new();
        there.read_line(&mut line).await.unwrap();
        there.write_all(b"answer\n").await.unwrap();
        there.shutdown().await.unwrap();
        here.read_line(&mut line).await.unwrap();
        assert_eq!(line, "question\nanswer\n");
    });
}

fn api_io_copy_counts(on: On) {
    on.run(async {
        let bytes: Vec<u8> = (0..100_000_u32).map(|i| i as u8).collect();
        let mut written = Vec::new();
        let copied = io::copy(&mut &bytes[..], &mut written).await.unwrap();
        assert_eq!((copied, written == bytes), (100_000, true));
        let mut written = Vec::new();
        let mut reader = BufReader::with_capacity(7, &bytes[..]);
        let copied = io::copy_buf(&mut reader, &mut written).await.unwrap();
        assert_eq!((copied, written == bytes), (100_000, true));
    });
}

/// A reader that has nothing more for now must not leave the writer unflushed.
fn api_io_copy_flushes(on: On) {
    on.run(async {
        let (mut source, reader) = rt::net::UnixStream::pair().unwrap();
        let (far, mut drain) = io::duplex(64);
        let copier = rt::spawn(async move {
            let mut reader = reader;
            io::copy(&mut reader, &mut BufWriter::new(far)).await
        });
        source.write_all(b"prompt> ").await.unwrap();
        let mut room = [0; 8];
        drain.read_exact(&mut room).await.unwrap();
        assert_eq!(&room, b"prompt> ");
        drop(source);
        assert_eq!(copier.await.unwrap().unwrap(), 8);
    });
}

fn api_io_duplex_and_simplex(on: On) {
    on.run(async {
        let (mut here, mut there) = io::duplex(2);
        let echo = rt::spawn(async move {
            let (mut read, mut write) = io::split(&mut there);
            io::copy(&mut read, &mut write).await.unwrap()
        });
        for byte in 0..20 {
            here.write_u8(byte).await.unwrap();
            assert_eq!(here.read_u8().await.unwrap(), byte);
        }
        drop(here);
        assert_eq!(echo.await.unwrap(), 20);

        let (mut reader, mut writer) = io::simplex(4);
        rt::spawn(async move {
            writer.write_all(b"one way").await.unwrap();
            writer.shutdown().await.unwrap();
        });
        let mut all = String::new();
        reader.read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "one way");
    });
}

fn api_io_split_and_unsplit(on: On) {
    on.run(async {
        let (one, _far) = io::duplex(8);
        let (two, _farther) = io::duplex(8);
        let ((read, write), (other_read, _other_write)) = (io::split(one), io::split(two));
        assert!(read.is_pair_of(&write) && !other_read.is_pair_of(&write));
        kolo_tests::caught(|| other_read.unsplit(write)).says(&["Unrelated"]);
    });
}

fn api_io_empty_sink_repeat(on: On) {
    on.run(async {
        let mut room = [1; 4];
        assert_eq!(io::empty().read(&mut room).await.unwrap(), 0);
        io::repeat(9).read_exact(&mut room).await.unwrap();
        assert_eq!(room, [9; 4]);
        assert_eq!(io::sink().write(&room).await.unwrap(), 4);
        assert_eq!(io::empty().write(&room).await.unwrap(), 4);
    });
}

fn api_io_read_buf_room(_: On) {
    let mut room = [std::mem::MaybeUninit::uninit(); 8];
    let mut buf = ReadBuf::uninit(&mut room);
    buf.put_slice(b"abc");
    assert_eq!(
        (buf.capacity(), buf.remaining(), buf.filled()),
        (8, 5, &b"abc"[..])
    );
    assert_eq!(buf.initialized().len(), 3);
    buf.initialize_unfilled_to(2).copy_from_slice(b"de");
    buf.advance(2);
    assert_eq!(buf.filled(), b"abcde");
    buf.clear();
    assert!(buf.filled().is_empty() && buf.initialized().len() == 5);
    buf.set_filled(5);
    kolo_tests::caught(|| ReadBuf::new(&mut [0; 2]).put_slice(b"abc"));
    kolo_tests::caught(|| ReadBuf::uninit(&mut [std::mem::MaybeUninit::uninit()]).advance(1));
}

fn api_io_interest_and_ready(_: On) {
    let both = Interest::READABLE | Interest::WRITABLE;
    assert!(both.is_readable() && both.is_writable() && !both.is_error());
    assert_eq!(both.remove(Interest::WRITABLE), Some(Interest::READABLE));
    assert_eq!(Interest::READABLE.remove(Interest::READABLE), None);
    assert_eq!(
        Interest::READABLE.add(Interest::PRIORITY) | Interest::READABLE,
        Interest::READABLE | Interest::PRIORITY
    );
    assert!(Ready::READ_CLOSED.is_readable() && Ready::WRITE_CLOSED.is_writable());
    assert!(Ready::EMPTY.is_empty() && Ready::ALL.is_priority() && Ready::ALL.is_error());
    assert_eq!(Ready::ALL & Ready::READABLE, Ready::READABLE);
    assert_eq!(
        (Ready::READABLE | Ready::WRITABLE) - Ready::READABLE,
        Ready::WRITABLE
    );
    assert!(!format!("{both:?} {:?}", Ready::ALL).is_empty());
}

fn api_io_one_byte_at_a_time(on: On) {
    on.run(async {
        let (mut here, mut there) = connection().await;
        let far = std::thread::spawn(move || {
            for byte in "ab\ncd\n".bytes() {
                std::io::Write::write_all(&mut there, &[byte]).unwrap();
                std::thread::yield_now();
            }
        });
        let mut lines = BufReader::new(&mut here).lines();
        assert_eq!(lines.next_line().await.unwrap().unwrap(), "ab");
        assert_eq!(lines.next_line().await.unwrap().unwrap(), "cd");
        assert!(lines.next_line().await.unwrap().is_none());
        far.join().unwrap();
    });
}
