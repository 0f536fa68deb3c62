//! HTTP/1: one request after the other on a connection, many connections, bodies
//! larger than any buffer on the way.

use http_body_util::{Empty, Full};
use hyper::body::Bytes;
use hyper::rt::{Read, Write};
use hyper::service::service_fn;
use hyper::{Request, StatusCode, client, server};
use kolo::io::{AsyncReadExt, AsyncWriteExt, duplex};
use kolo::task::JoinSet;
use kolo_hyper::Io;

use crate::{echo, loopback, on_kolo, path, read};

/// Three requests with larger and larger bodies, on one connection.
async fn converse<S>(near: S, far: S)
where
    S: Read + Write + Unpin + Send + 'static,
{
    let server = kolo::spawn(async {
        let builder = server::conn::http1::Builder::new();
        builder.serve_connection(far, service_fn(echo)).await
    });
    let (mut client, connection) = client::conn::http1::handshake(near).await.expect("a start");
    let connection = kolo::spawn(connection);
    for length in [0, 5, 3_000_000] {
        let body: Bytes = (0..length).map(|n: u32| n as u8).collect();
        let request = Request::post("/").body(Full::<Bytes>::from(body.clone()));
        client.ready().await.expect("the connection stays");
        let response = client.send_request(request.expect("a request")).await;
        let response = response.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        assert!(read(response).await == body, "{length} bytes come back");
    }
    // A client that goes ends both sides without an error.
    drop(client);
    assert!(connection.await.expect("no panic").is_ok());
    assert!(server.await.expect("no panic").is_ok());
}

#[test]
fn over_loopback() {
    on_kolo(async {
        let (near, far) = loopback().await;
        converse(Io::new(near), Io::new(far)).await;
    });
}

#[test]
fn in_memory_through_a_small_pipe() {
    on_kolo(async {
        let (near, far) = duplex(64);
        converse(Io::new(near), Io::new(far)).await;
    });
}

#[test]
fn through_both_directions_of_the_adapter() {
    on_kolo(async {
        let (near, far) = duplex(1024);
        // hyper over kolo over hyper over kolo.
        let there_and_back = |stream| Io::new(Io::new(Io::new(stream)));
        converse(there_and_back(near), there_and_back(far)).await;
    });
}

#[test]
fn fifty_connections_at_once() {
    on_kolo(async {
        let mut clients = JoinSet::new();
        for number in 0..50 {
            let (near, far) = loopback().await;
            let builder = server::conn::http1::Builder::new();
            kolo::spawn(builder.serve_connection(Io::new(far), service_fn(path)));
            clients.spawn(async move {
                let start = client::conn::http1::handshake(Io::new(near)).await;
                let (mut client, connection) = start.expect("a start");
                kolo::spawn(connection);
                let request = Request::get(format!("/{number}")).body(Empty::<Bytes>::new());
                let response = client.send_request(request.expect("a request")).await;
                (number, read(response.expect("an answer")).await)
            });
        }
        while let Some(ended) = clients.join_next().await {
            let (number, answer) = ended.expect("no panic");
            assert_eq!(answer, format!("/{number}"));
        }
    });
}

#[test]
fn what_is_not_http_is_answered_with_400() {
    on_kolo(async {
        let (mut near, far) = loopback().await;
        let builder = server::conn::http1::Builder::new();
        let server = kolo::spawn(builder.serve_connection(Io::new(far), service_fn(path)));
        near.write_all(b"SSH-2.0-OpenSSH\r\n\r\n")
            .await
            .expect("sent");
        let mut answer = String::new();
        near.read_to_string(&mut answer).await.expect("read");
        assert!(
            answer.starts_with("HTTP/1.1 400 Bad Request\r\n"),
            "{answer}"
        );
        let ended = server.await.expect("no panic");
        assert!(ended.expect_err("it was not HTTP").is_parse());
    });
}

#[test]
fn a_server_that_goes_away_is_an_error_of_the_request() {
    on_kolo(async {
        let (near, mut far) = loopback().await;
        let start = client::conn::http1::handshake(Io::new(near)).await;
        let (mut client, connection) = start.expect("a start");
        kolo::spawn(connection);
        let request = Request::get("/").body(Empty::<Bytes>::new());
        let going = async {
            // Not before the request is there, or the connection would be reset.
            let mut head = [0; 16];
            far.read_exact(&mut head).await.expect("a request");
            drop(far);
        };
        let (answer, ()) = kolo::join!(client.send_request(request.expect("a request")), going);
        let error = answer.expect_err("nobody answers");
        let reset = error.to_string().contains("connection error");
        assert!(error.is_incomplete_message() || reset, "{error:?}");
    });
}
