//! **What does a web server's answer cost?** hyper's HTTP/1.1, the same on every
//! library but for the adapter of its streams; each connection is a task, and
//! every request is answered with *hello*.
//!
//! What it does not show: bodies of any size, HTTP/2, work in the handler.

use std::convert::Infallible;
use std::io;
use std::pin::pin;

use super::{Io, rt};
use crate::libraries::Flavour;
use crate::load::LOOPBACK;
use crate::reading::{Reading, Sizes};
use crate::wrk;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use rt::net::TcpListener;
use rt::runtime::Runtime;

async fn hello(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::new(Bytes::from_static(b"hello"))))
}

async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        rt::spawn(async move {
            // wrk leaves in the middle of an answer, when its time is up.
            let _ = http1::Builder::new()
                .serve_connection(Io::new(stream), service_fn(hello))
                .await;
        });
    }
}

/// Serves for so many seconds of wrk.
pub fn requests(runtime: &Runtime, flavour: Flavour, seconds: Sizes) -> Reading {
    let placement = flavour.placement();
    let _pinned = placement.pin_server().unwrap();
    let found = runtime.block_on(async {
        let listener = TcpListener::bind(LOOPBACK).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, told) = rt::sync::oneshot::channel();
        wrk::ask(address, placement, seconds, |found| {
            let _ = tell.send(found);
        });
        let serve = pin!(serve(listener));
        rt::select! {
            ended = serve => panic!("the server ended: {ended:?}"),
            found = told => found.unwrap(),
        }
    });
    found.unwrap_or_else(|said| panic!("{said}"))
}
