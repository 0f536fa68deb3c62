//! **Does a stream behave the same behind an adapter?** Each call, and what it does
//! to the buffer of the other library; then whole conversations, in which the
//! methods of either library drive streams of the other.

use std::io::{self, Cursor, IoSlice, SeekFrom};
use std::mem::MaybeUninit;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use kolo_tokio_io::{ForKolo, ForTokio};

fn on_kolo<F: Future>(test: F) -> F::Output {
    let mut builder = kolo::runtime::Builder::new_current_thread();
    builder.enable_all().build().expect("a loop").block_on(test)
}

/// The same tests for either direction: from a reader or writer of library `$from`
/// through `$Adapter` to the traits of `$to`.
macro_rules! one_way {
    ($name:ident: $from:ident by $Adapter:ident to $to:ident) => {
        mod $name {
            use $to::io::{AsyncBufRead as _, AsyncRead as _, AsyncSeek as _, AsyncWrite as _};

            use super::*;

            /// A reader that does this with its buffer.
            struct Reader<F>(F);

            impl<F> $from::io::AsyncRead for Reader<F>
            where
                F: FnMut(&mut $from::io::ReadBuf<'_>) -> Poll<io::Result<()>> + Unpin,
            {
                fn poll_read(
                    mut self: Pin<&mut Self>,
                    _: &mut Context<'_>,
                    buf: &mut $from::io::ReadBuf<'_>,
                ) -> Poll<io::Result<()>> {
                    (self.0)(buf)
                }
            }

            /// A buffer of eight bytes, two of them filled and four initialized, after
            /// one read: the lengths, and what is filled.
            fn read_six(
                read: impl FnMut(&mut $from::io::ReadBuf<'_>) -> Poll<io::Result<()>> + Unpin,
            ) -> (Poll<io::Result<()>>, usize, Vec<u8>) {
                let mut memory = [const { MaybeUninit::uninit() }; 8];
                let mut buf = $to::io::ReadBuf::uninit(&mut memory);
                buf.put_slice(b"abxy");
                buf.set_filled(2);
                let mut cx = Context::from_waker(Waker::noop());
                let mut adapter = $Adapter::new(Reader(read));
                let polled = Pin::new(&mut adapter).poll_read(&mut cx, &mut buf);
                (polled, buf.initialized().len(), buf.filled().to_vec())
            }

            #[test]
            fn however_it_is_filled_it_arrives() {
                let (polled, initialized, filled) = read_six(|buf| {
                    // What was known to be initialized still is.
                    assert_eq!((buf.remaining(), buf.initialized().len()), (6, 2));
                    assert_eq!(&buf.initialized()[..2], b"xy");
                    buf.put_slice(b"c");
                    buf.initialize_unfilled_to(3).copy_from_slice(b"def");
                    buf.advance(1);
                    Poll::Ready(Ok(()))
                });
                assert!(matches!(polled, Poll::Ready(Ok(()))));
                assert_eq!(filled, b"abcd");
                assert_eq!(initialized, 6, "and what was initialized is known");
            }

            #[test]
            fn waiting_and_failing_leave_it_as_it_was() {
                let (polled, initialized, filled) = read_six(|_| Poll::Pending);
                assert!(polled.is_pending());
                assert_eq!((initialized, &*filled), (4, &b"ab"[..]));
                let reset = io::ErrorKind::ConnectionReset;
                let (polled, _, filled) = read_six(|_| Poll::Ready(Err(reset.into())));
                assert!(matches!(polled, Poll::Ready(Err(error)) if error.kind() == reset));
                assert_eq!(filled, b"ab");
            }

            #[test]
            #[should_panic(expected = "exchanged the buffer")]
            fn another_buffer_in_its_place_is_refused() {
                let _ = read_six(|buf| {
                    *buf = $from::io::ReadBuf::new(Box::leak(Box::new([0; 100])));
                    buf.advance(100);
                    Poll::Ready(Ok(()))
                });
            }

            /// A writer that writes down what it was asked to do.
            #[derive(Default)]
            struct Diary(Vec<String>, bool);

            impl $from::io::AsyncWrite for Diary {
                fn poll_write(
                    mut self: Pin<&mut Self>,
                    _: &mut Context<'_>,
                    buf: &[u8],
                ) -> Poll<io::Result<usize>> {
                    self.0.push(format!("write {buf:?}"));
                    Poll::Ready(Ok(1))
                }

                fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                    self.0.push("flush".to_owned());
                    Poll::Pending
                }

                fn poll_shutdown(
                    mut self: Pin<&mut Self>,
                    _: &mut Context<'_>,
                ) -> Poll<io::Result<()>> {
                    self.0.push("shutdown".to_owned());
                    Poll::Ready(Err(io::ErrorKind::NotConnected.into()))
                }

                fn poll_write_vectored(
                    mut self: Pin<&mut Self>,
                    _: &mut Context<'_>,
                    bufs: &[IoSlice<'_>],
                ) -> Poll<io::Result<usize>> {
                    self.0.push(format!("write {} slices", bufs.len()));
                    Poll::Ready(Ok(2))
                }

                fn is_write_vectored(&self) -> bool {
                    self.1
                }
            }

            #[test]
            fn each_call_is_passed_on_as_it_is() {
                let mut cx = Context::from_waker(Waker::noop());
                let mut adapter = $Adapter::new(Diary::default());
                let mut pinned = Pin::new(&mut adapter);
                assert!(!pinned.is_write_vectored());
                let wrote = pinned.as_mut().poll_write(&mut cx, &[1, 2]);
                assert!(matches!(wrote, Poll::Ready(Ok(1))));
                let slices = [IoSlice::new(&[1]), IoSlice::new(&[2])];
                let wrote = pinned.as_mut().poll_write_vectored(&mut cx, &slices);
                assert!(matches!(wrote, Poll::Ready(Ok(2))));
                assert!(pinned.as_mut().poll_flush(&mut cx).is_pending());
                let ended = pinned.as_mut().poll_shutdown(&mut cx);
                assert!(
                    matches!(ended, Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::NotConnected)
                );
                adapter.get_mut().1 = true;
                assert!(adapter.is_write_vectored());
                assert_eq!(
                    adapter.into_inner().0,
                    ["write [1, 2]", "write 2 slices", "flush", "shutdown"]
                );
            }

            #[test]
            fn buffered_readers_and_seekers_stay_what_they_are() {
                let mut cx = Context::from_waker(Waker::noop());
                let mut adapter = $Adapter::new(Cursor::new(b"kolo".to_vec()));
                let mut pinned = Pin::new(&mut adapter);
                let filled = pinned.as_mut().poll_fill_buf(&mut cx);
                assert!(matches!(filled, Poll::Ready(Ok(b"kolo"))));
                pinned.as_mut().consume(3);
                let filled = pinned.as_mut().poll_fill_buf(&mut cx);
                assert!(matches!(filled, Poll::Ready(Ok(b"o"))));
                pinned.as_mut().start_seek(SeekFrom::Start(1)).expect("within");
                let at = pinned.as_mut().poll_complete(&mut cx);
                assert!(matches!(at, Poll::Ready(Ok(1))));
                assert_eq!(adapter.get_ref().position(), 1);
            }
        }
    };
}

one_way!(kolos: kolo by ForTokio to tokio);
one_way!(tokios: tokio by ForKolo to kolo);

#[test]
fn tokios_methods_on_a_kolo_socket() {
    use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

    on_kolo(async {
        let listener = kolo::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("loopback");
        let at = listener.local_addr().expect("it is bound");
        let echo = kolo::spawn(async move {
            let (stream, _) = listener.accept().await.expect("somebody calls");
            let (mut read, mut write) = tokio::io::split(ForTokio::new(stream));
            let copied = tokio::io::copy(&mut read, &mut write).await;
            // The end of the one half is passed on by the other.
            write.shutdown().await.expect("half closed");
            copied.expect("copied")
        });

        let stream = kolo::net::TcpStream::connect(at).await.expect("it listens");
        let mut stream = BufReader::new(ForTokio::new(stream));
        stream.write_all(b"one\ntwo\n").await.expect("sent");
        let mut line = String::new();
        stream.read_line(&mut line).await.expect("a line");
        assert_eq!(line, "one\n");
        let large = vec![7; 2_000_000];
        let (mut read, mut write) = tokio::io::split(stream);
        let sending = async {
            write.write_all(&large).await.expect("sent");
            write.shutdown().await.expect("half closed");
        };
        let mut rest = Vec::new();
        let (read, ()) = kolo::join!(read.read_to_end(&mut rest), sending);
        read.expect("read");
        assert_eq!(&rest[..4], b"two\n");
        assert!(rest[4..] == large);
        assert_eq!(echo.await.expect("no panic"), 8 + 2_000_000);
    });
}

#[test]
fn kolos_methods_on_a_tokio_stream() {
    use kolo::io::{AsyncReadExt, AsyncWriteExt};

    on_kolo(async {
        let (near, far) = tokio::io::duplex(16);
        let (mut near, mut far) = (ForKolo::new(near), ForKolo::new(far));
        let sent: Vec<u8> = (0..=255).cycle().take(10_000).collect();
        let sending = async {
            near.write_all(&sent).await.expect("sent");
            near.write_u16(0x4b4f).await.expect("sent");
            near.shutdown().await.expect("half closed");
            // And still it can be answered.
            near.read_u8().await.expect("an answer")
        };
        let receiving = async {
            let mut received = vec![0; sent.len()];
            far.read_exact(&mut received).await.expect("read");
            assert!(received == sent);
            assert_eq!(far.read_u16().await.expect("read"), 0x4b4f);
            assert_eq!(far.read(&mut [0]).await.expect("the end"), 0);
            far.write_u8(9).await.expect("sent");
        };
        let (answer, ()) = kolo::join!(sending, receiving);
        assert_eq!(answer, 9);
    });
}
