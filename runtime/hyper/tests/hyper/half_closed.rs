//! A peer that has said all it will say, and still listens: it gets its answer, and
//! while that takes its time, nobody spins.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::service::service_fn;
use hyper::{Response, server};
use kolo::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, duplex};
use kolo::sync::Notify;
use kolo_hyper::Io;

use crate::{loopback, on_kolo, paused};

/// Counts how often the server looks for more.
struct Counted<T> {
    stream: Io<T>,
    reads: Arc<AtomicUsize>,
}

impl<T: AsyncRead + Unpin> Read for Counted<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        Read::poll_read(Pin::new(&mut self.stream), cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> Write for Counted<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Write::poll_write(Pin::new(&mut self.stream), cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Write::poll_flush(Pin::new(&mut self.stream), cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Write::poll_shutdown(Pin::new(&mut self.stream), cx)
    }
}

/// A peer asks and closes its half; `until` then says when the server's service may
/// answer. What the peer read, and how often the server tried to read.
async fn ask_and_close<T>(
    mut near: T,
    far: T,
    half_close: bool,
    until: impl AsyncFnOnce(),
) -> (String, usize)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (asked, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let reads = Arc::new(AtomicUsize::new(0));
    let far = Counted {
        stream: Io::new(far),
        reads: reads.clone(),
    };
    let service = {
        let (asked, go_on) = (asked.clone(), go_on.clone());
        service_fn(move |_| {
            let (asked, go_on) = (asked.clone(), go_on.clone());
            async move {
                asked.notify_one();
                go_on.notified().await;
                io::Result::Ok(Response::new(Full::<Bytes>::from("at last")))
            }
        })
    };
    let mut builder = server::conn::http1::Builder::new();
    builder.half_close(half_close);
    let server = kolo::spawn(builder.serve_connection(far, service));

    let request = b"GET / HTTP/1.1\r\nhost: kolo\r\n\r\n";
    near.write_all(request).await.expect("sent");
    asked.notified().await;
    near.shutdown().await.expect("half closed");
    until().await;
    go_on.notify_one();
    let mut answer = String::new();
    near.read_to_string(&mut answer).await.expect("read");
    // Given up, it may say so.
    let _ = server.await.expect("no panic");
    (answer, reads.load(Ordering::Relaxed))
}

#[test]
fn it_gets_its_answer() {
    on_kolo(async {
        let (near, far) = loopback().await;
        let (answer, _) = ask_and_close(near, far, true, async || {}).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.ends_with("\r\n\r\nat last"), "{answer}");
    });
}

#[test]
fn nobody_spins_meanwhile() {
    paused(async {
        let (near, far) = duplex(1024);
        // On a clock that jumps when nothing can run: an hour passes only if the
        // server waits.
        let an_hour = async || kolo::time::sleep(Duration::from_secs(3600)).await;
        let (answer, reads) = ask_and_close(near, far, true, an_hour).await;
        assert!(answer.ends_with("\r\n\r\nat last"), "{answer}");
        assert!(reads < 10, "{reads} reads of a stream that has ended");
    });
}

#[test]
fn or_it_is_taken_for_gone_which_is_hypers_default() {
    on_kolo(async {
        let (mut near, far) = loopback().await;
        // The answer is never let out; the server must end by itself.
        let service = service_fn(|_| std::future::pending::<io::Result<Response<Full<Bytes>>>>());
        let builder = server::conn::http1::Builder::new();
        let server = kolo::spawn(builder.serve_connection(Io::new(far), service));
        let request = b"GET / HTTP/1.1\r\nhost: kolo\r\n\r\n";
        near.write_all(request).await.expect("sent");
        near.shutdown().await.expect("half closed");
        let mut answer = Vec::new();
        near.read_to_end(&mut answer).await.expect("read");
        assert_eq!(answer, b"");
        let ended = server.await.expect("no panic");
        assert!(
            ended
                .expect_err("the peer has gone")
                .is_incomplete_message()
        );
    });
}
