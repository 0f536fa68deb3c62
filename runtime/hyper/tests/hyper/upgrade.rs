//! After an upgrade hyper hands its stream out, and by the other half of [`Io`] it is
//! a stream of kolo's again.

use std::convert::Infallible;

use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, UPGRADE};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, client, server};
use kolo::io::{AsyncReadExt, AsyncWriteExt};
use kolo_hyper::Io;

use crate::{loopback, on_kolo};

async fn upgrade(mut request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Infallible> {
    kolo::spawn(async move {
        let upgraded = hyper::upgrade::on(&mut request).await.expect("agreed");
        let mut stream = Io::new(upgraded);
        let mut word = [0; 4];
        stream.read_exact(&mut word).await.expect("a word");
        word.reverse();
        stream.write_all(&word).await.expect("sent");
        stream.shutdown().await.expect("and that is all");
    });
    let response = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(UPGRADE, "words");
    Ok(response.body(Empty::new()).expect("a response"))
}

#[test]
fn an_upgraded_stream_is_kolos_again() {
    on_kolo(async {
        let (near, far) = loopback().await;
        let builder = server::conn::http1::Builder::new();
        let server = builder.serve_connection(Io::new(far), service_fn(upgrade));
        kolo::spawn(server.with_upgrades());
        let begun = client::conn::http1::handshake(Io::new(near)).await;
        let (mut client, connection) = begun.expect("a start");
        kolo::spawn(connection.with_upgrades());

        let request = Request::get("/")
            .header(CONNECTION, "upgrade")
            .header(UPGRADE, "words")
            .body(Empty::<Bytes>::new());
        let answer = client.send_request(request.expect("a request")).await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
        let mut stream = Io::new(hyper::upgrade::on(answer).await.expect("agreed"));
        stream.write_all(b"kolo").await.expect("sent");
        let mut word = String::new();
        stream.read_to_string(&mut word).await.expect("read");
        assert_eq!(word, "olok");
    });
}
