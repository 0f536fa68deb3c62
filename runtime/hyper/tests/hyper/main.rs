//! **Does hyper work on kolo as it does elsewhere?** Clients and servers that talk to
//! each other, over loopback and over a pair of streams in memory; peers that close
//! one half, or nothing, or too early; and timeouts by a clock that stands still.

mod buffers;
mod curl;
mod half_closed;
mod http1;
mod http2;
mod timeouts;
mod upgrade;

use std::convert::Infallible;
use std::net::Ipv4Addr;

use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::{Request, Response};
use kolo::net::{TcpListener, TcpStream};

/// Runs a test on a loop of one thread.
fn on_kolo<F: Future>(test: F) -> F::Output {
    let mut builder = kolo::runtime::Builder::new_current_thread();
    builder.enable_all().build().expect("a loop").block_on(test)
}

/// The same with a clock that stands still until there is nothing to do.
fn paused<F: Future>(test: F) -> F::Output {
    let mut builder = kolo::runtime::Builder::new_current_thread();
    let paused = builder.enable_time().start_paused(true).build();
    paused.expect("a loop").block_on(test)
}

/// Both ends of a connection over loopback.
async fn loopback() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.expect("loopback");
    let at = listener.local_addr().expect("it is bound");
    let (near, far) = kolo::join!(TcpStream::connect(at), listener.accept());
    (near.expect("it listens"), far.expect("somebody calls").0)
}

/// Answers with what it was sent.
async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let body = request.into_body().collect().await?;
    Ok(Response::new(Full::from(body.to_bytes())))
}

/// Answers with the path.
async fn path(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::from(request.uri().path().to_owned())))
}

/// The whole of a body.
async fn read<B>(response: Response<B>) -> Bytes
where
    B: Body<Error = hyper::Error>,
{
    let body = response.into_body().collect().await;
    body.expect("it arrives").to_bytes()
}
