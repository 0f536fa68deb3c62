//! HTTP/2, in which hyper spawns tasks by itself: a hundred requests at once, on one
//! connection.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::rt::{Read, Write};
use hyper::service::service_fn;
use hyper::{Request, client, server};
use kolo::io::duplex;
use kolo::task::JoinSet;
use kolo_hyper::{Executor, Io};

use crate::{echo, loopback, on_kolo, read};

async fn a_hundred_at_once<S>(near: S, far: S)
where
    S: Read + Write + Unpin + Send + 'static,
{
    let builder = server::conn::http2::Builder::new(Executor::new());
    let server = kolo::spawn(builder.serve_connection(far, service_fn(echo)));
    let begun = client::conn::http2::handshake(Executor::new(), near).await;
    let (client, connection) = begun.expect("a start");
    let connection = kolo::spawn(connection);
    let mut streams = JoinSet::new();
    for number in 0..100_usize {
        let mut client = client.clone();
        streams.spawn(async move {
            let body = Bytes::from(vec![number as u8; 1 + 1000 * number]);
            let request = Request::post("http://kolo/").body(Full::<Bytes>::from(body.clone()));
            let answer = client.send_request(request.expect("a request")).await;
            assert!(read(answer.expect("an answer")).await == body);
        });
    }
    drop(client);
    let mut answered = 0;
    while let Some(stream) = streams.join_next().await {
        stream.expect("no panic");
        answered += 1;
    }
    assert_eq!(answered, 100);
    assert!(connection.await.expect("no panic").is_ok());
    assert!(server.await.expect("no panic").is_ok());
}

#[test]
fn over_loopback() {
    on_kolo(async {
        let (near, far) = loopback().await;
        a_hundred_at_once(Io::new(near), Io::new(far)).await;
    });
}

#[test]
fn in_memory() {
    on_kolo(async {
        let (near, far) = duplex(512);
        a_hundred_at_once(Io::new(near), Io::new(far)).await;
    });
}
