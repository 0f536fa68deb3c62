//! Who says nothing, or only half of it, is sent away when the time is up, and not
//! before. The clock stands still until there is nothing to do.

use std::time::Duration;

use http_body_util::{Empty, Full};
use hyper::body::Bytes;
use hyper::service::service_fn;
use hyper::{Request, client, server};
use kolo::io::{AsyncReadExt, AsyncWriteExt, duplex};
use kolo::time::Instant;
use kolo_hyper::{Executor, Io, Timer};

use crate::{path, paused, read};

const PATIENCE: Duration = Duration::from_secs(30);

fn patient() -> server::conn::http1::Builder {
    let mut builder = server::conn::http1::Builder::new();
    builder.timer(Timer::new()).header_read_timeout(PATIENCE);
    builder
}

#[test]
fn half_a_head() {
    paused(async {
        let (mut near, far) = duplex(1024);
        let start = Instant::now();
        let server = kolo::spawn(patient().serve_connection(Io::new(far), service_fn(path)));
        near.write_all(b"GET / HTTP/1.1\r\nhost: ")
            .await
            .expect("sent");
        let mut answer = Vec::new();
        near.read_to_end(&mut answer).await.expect("read");
        assert_eq!(start.elapsed(), PATIENCE);
        assert_eq!(answer, b"");
        let ended = server.await.expect("no panic");
        assert!(ended.expect_err("no request came").is_timeout());
    });
}

#[test]
fn a_head_in_time_and_then_silence() {
    paused(async {
        let (near, far) = duplex(1024);
        let start = Instant::now();
        let server = kolo::spawn(patient().serve_connection(Io::new(far), service_fn(path)));
        let begun = client::conn::http1::handshake(Io::new(near)).await;
        let (mut client, connection) = begun.expect("a start");
        let connection = kolo::spawn(connection);
        for _ in 0..3 {
            // Each request has the whole time for itself: one timer, set anew.
            kolo::time::sleep(PATIENCE - Duration::from_secs(1)).await;
            client.ready().await.expect("it is still open");
            let request = Request::get("/kolo").body(Empty::<Bytes>::new());
            let answer = client.send_request(request.expect("a request")).await;
            assert_eq!(read(answer.expect("an answer")).await, "/kolo");
        }
        connection.await.expect("no panic").expect("an orderly end");
        assert_eq!(start.elapsed(), 4 * PATIENCE - Duration::from_secs(3));
        // Between two requests, hyper takes it for the end of keep-alive.
        let _ = server.await.expect("no panic");
    });
}

#[test]
fn an_http2_peer_that_answers_no_ping() {
    paused(async {
        let (mut near, far) = duplex(4096);
        let start = Instant::now();
        let mut builder = server::conn::http2::Builder::new(Executor::new());
        builder
            .timer(Timer::new())
            .keep_alive_interval(PATIENCE)
            .keep_alive_timeout(PATIENCE / 2);
        let server = kolo::spawn(builder.serve_connection(Io::new(far), service_fn(path)));
        // The preface, and empty settings: a peer that has begun, and then says nothing.
        near.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
            .await
            .expect("sent");
        let ended = server.await.expect("no panic");
        assert!(ended.expect_err("nobody answers").is_timeout());
        assert_eq!(start.elapsed(), PATIENCE + PATIENCE / 2);
    });
}

#[test]
fn an_http2_connection_that_is_alive_stays() {
    paused(async {
        let (near, far) = duplex(4096);
        let mut builder = server::conn::http2::Builder::new(Executor::new());
        builder
            .timer(Timer::new())
            .keep_alive_interval(PATIENCE)
            .keep_alive_timeout(PATIENCE / 2);
        kolo::spawn(builder.serve_connection(Io::new(far), service_fn(path)));
        let begun = client::conn::http2::handshake(Executor::new(), Io::new(near)).await;
        let (mut client, connection) = begun.expect("a start");
        kolo::spawn(connection);
        kolo::time::sleep(20 * PATIENCE).await;
        let request = Request::get("/late").body(Full::<Bytes>::default());
        let answer = client.send_request(request.expect("a request")).await;
        assert_eq!(read(answer.expect("it is open")).await, "/late");
    });
}
