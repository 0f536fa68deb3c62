//! **Do the I/O traits' own readers, writers and copies do what they say?** What
//! needs no socket: devices, copies, halves; that they yield; what their errors
//! and panics say.

use std::future::Future;
use std::io::ErrorKind;

use kolo_tests::caught;

use super::On;
use super::rt;
use rt::io::{self, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, ReadBuf, SeekFrom};
use rt::task::yield_now;

kolo_tests::tests! {
    everywhere: [
        p16_io_devices_are_cooperative,
        p16_io_copies_are_cooperative,
        api_io_numbers_come_back,
        api_io_errors_say_what_is_wrong,
        api_io_read_to_string_appends_or_leaves_alone,
        api_io_read_to_end_grows_as_tokio_does,
        api_io_take_reads_into_the_middle_of_a_buffer,
        api_io_copy_bidirectional_counts,
        api_io_halves_are_reunited,
        api_io_read_buf_panics_at_the_caller,
    ],
}

/// Something ready for ever, in a task with another that would like its turn.
async fn assert_cooperative<F: Future>(mut make: impl FnMut() -> F) {
    rt::select! {
        biased;
        () = async { loop { make().await; } } => {}
        () = yield_now() => {}
    }
}

fn p16_io_devices_are_cooperative(on: On) {
    on.run(async {
        assert_cooperative(|| async { io::empty().read(&mut [0; 8]).await }).await;
        assert_cooperative(|| async { io::empty().write(b"kolo").await }).await;
        assert_cooperative(|| async { io::empty().seek(SeekFrom::Start(1)).await }).await;
        assert_cooperative(|| async { io::repeat(7).read_exact(&mut [0; 8]).await }).await;
        assert_cooperative(|| async { io::sink().write_all(b"kolo").await }).await;
        assert_cooperative(|| async { io::sink().flush().await }).await;
        assert_cooperative(|| async { io::sink().shutdown().await }).await;
    });
}

fn p16_io_copies_are_cooperative(on: On) {
    on.run(async {
        assert_cooperative(|| async { io::copy(&mut &b"kolo"[..], &mut Vec::new()).await }).await;
        assert_cooperative(|| async { io::copy_buf(&mut &b"kolo"[..], &mut Vec::new()).await })
            .await;
        assert_cooperative(|| async {
            let mut a = io::join(&b"question"[..], Vec::new());
            let mut b = io::join(&b"answer"[..], Vec::new());
            io::copy_bidirectional(&mut a, &mut b).await
        })
        .await;
        // One that does not end.
        assert_cooperative(|| async { io::copy(&mut io::repeat(7), &mut io::sink()).await }).await;
    });
}

fn api_io_numbers_come_back(on: On) {
    on.run(async {
        let mut bytes = Vec::new();
        bytes.write_u8(0x01).await.unwrap();
        bytes.write_i16(-2).await.unwrap();
        bytes.write_u32_le(0x0403_0201).await.unwrap();
        bytes.write_u128(5).await.unwrap();
        bytes.write_f64_le(1.25).await.unwrap();
        assert_eq!(bytes[..7], [0x01, 0xff, 0xfe, 0x01, 0x02, 0x03, 0x04]);

        let mut reader = &bytes[..];
        assert_eq!(reader.read_u8().await.unwrap(), 0x01);
        assert_eq!(reader.read_i16().await.unwrap(), -2);
        assert_eq!(reader.read_u32_le().await.unwrap(), 0x0403_0201);
        assert_eq!(reader.read_u128().await.unwrap(), 5);
        assert_eq!(reader.read_f64_le().await.unwrap(), 1.25);
        let e = reader.read_i8().await.unwrap_err();
        assert_eq!(e.kind(), ErrorKind::UnexpectedEof);
    });
}

fn api_io_errors_say_what_is_wrong(on: On) {
    on.run(async {
        let e = (&b"ko"[..]).read_exact(&mut [0; 4]).await.unwrap_err();
        assert_eq!(
            (e.kind(), e.to_string().as_str()),
            (ErrorKind::UnexpectedEof, "early eof")
        );
        let mut memory = [0; 3];
        let mut full = std::io::Cursor::new(&mut memory[..]);
        let e = full.write_all(b"kolo").await.unwrap_err();
        assert_eq!(e.kind(), ErrorKind::WriteZero);
        let e = io::copy(&mut &b"kolo"[..], &mut full).await.unwrap_err();
        assert_eq!(e.kind(), ErrorKind::WriteZero);
    });
}

fn api_io_read_to_string_appends_or_leaves_alone(on: On) {
    on.run(async {
        let mut text = String::from("ko");
        (&b"lo"[..]).read_to_string(&mut text).await.unwrap();
        let e = (&b"\xff"[..]).read_to_string(&mut text).await.unwrap_err();
        assert_eq!(e.kind(), ErrorKind::InvalidData);
        let e = e.into_inner().unwrap();
        assert!(e.downcast_ref::<std::str::Utf8Error>().is_some());
        assert_eq!(text, "kolo");
    });
}

fn api_io_read_to_end_grows_as_tokio_does(on: On) {
    on.run(async {
        for (capacity, length, grown) in [(64, 64, 64), (34, 38, 136), (100, 33, 100)] {
            let mut vec = Vec::with_capacity(capacity);
            (&vec![7; length][..]).read_to_end(&mut vec).await.unwrap();
            assert_eq!((vec.len(), vec.capacity()), (length, grown));
        }
    });
}

fn api_io_take_reads_into_the_middle_of_a_buffer(on: On) {
    on.run(async {
        let mut memory = [0; 8];
        let mut buf = ReadBuf::new(&mut memory);
        buf.put_slice(b"> ");
        let mut reader = (&b"round dance"[..]).take(5);
        assert_eq!(reader.read_buf(&mut buf).await.unwrap(), 5);
        assert_eq!((buf.filled(), reader.limit()), (&b"> round"[..], 0));
    });
}

fn api_io_copy_bidirectional_counts(on: On) {
    on.run(async {
        let mut a = io::join(&b"question"[..], Vec::new());
        let mut b = io::join(&b"no"[..], Vec::new());
        let copied = io::copy_bidirectional_with_sizes(&mut a, &mut b, 3, 1).await;
        assert_eq!(copied.unwrap(), (8, 2));
        assert_eq!(
            (&a.writer()[..], &b.writer()[..]),
            (&b"no"[..], &b"question"[..])
        );
    });
}

fn api_io_halves_are_reunited(_: On) {
    let (read, write) = io::split(io::empty());
    let (other, _) = io::split(io::empty());
    assert!(read.is_pair_of(&write) && !other.is_pair_of(&write));
    caught(|| other.unsplit(write))
        .says(&["Unrelated `split::Write` passed to `split::Read::unsplit`."])
        .blames(file!());
    drop(read);

    let (read, write) = io::split(io::join(&b"kolo"[..], Vec::new()));
    assert_eq!(read.unsplit(write).into_inner(), (&b"kolo"[..], vec![]));
}

fn api_io_read_buf_panics_at_the_caller(_: On) {
    type Misuse = fn(&mut ReadBuf<'_>);
    let panics: [(Misuse, &str); 4] = [
        (
            |b| b.advance(9),
            "filled must not become larger than initialized",
        ),
        (
            |b| b.set_filled(9),
            "filled must not become larger than initialized",
        ),
        (|b| _ = b.initialize_unfilled_to(9), "n overflows remaining"),
        (
            |b| b.put_slice(&[0; 9]),
            "buf.len() must fit in remaining(); buf.len() = 9, remaining() = 8",
        ),
    ];
    for (misuse, expected) in panics {
        caught(|| misuse(&mut ReadBuf::new(&mut [0; 8])))
            .says(&[expected])
            .blames(file!());
    }
}
