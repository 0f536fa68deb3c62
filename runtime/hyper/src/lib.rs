//! **How does hyper run on kolo?** By the four small traits of [`hyper::rt`], through
//! which hyper asks for everything that a runtime has:
//!
//! | hyper asks for | here | when |
//! |---|---|---|
//! | [`Read`](hyper::rt::Read), [`Write`](hyper::rt::Write) | [`Io`] | always: the connection |
//! | [`Timer`](hyper::rt::Timer) | [`Timer`] | for timeouts, keep-alive |
//! | [`Executor`](hyper::rt::Executor) | [`Executor`] | for HTTP/2, whose streams are tasks |
//!
//! No tokio is involved. Client and server on one loop:
//!
//! ```
//! use std::convert::Infallible;
//!
//! use http_body_util::{BodyExt, Empty, Full};
//! use hyper::body::{Bytes, Incoming};
//! use hyper::service::service_fn;
//! use hyper::{Request, Response, client, server};
//! use kolo_hyper::{Io, Timer};
//!
//! async fn hello(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
//!     let words = format!("{} says hello", request.uri().path());
//!     Ok(Response::new(Full::from(words)))
//! }
//!
//! # #[kolo::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Or a `kolo::net::TcpStream`, and what a `TcpListener` accepts.
//! let (near, far) = kolo::io::duplex(1024);
//!
//! kolo::spawn(
//!     server::conn::http1::Builder::new()
//!         .timer(Timer::new())
//!         .serve_connection(Io::new(far), service_fn(hello)),
//! );
//!
//! let (mut client, connection) = client::conn::http1::handshake(Io::new(near)).await?;
//! kolo::spawn(connection);
//! let response = client.send_request(Request::get("/kolo").body(Empty::<Bytes>::new())?).await?;
//! let words = response.into_body().collect().await?.to_bytes();
//! assert_eq!(words, "/kolo says hello");
//! # Ok(())
//! # }
//! ```
//!
//! The names are hyper-util's without their `Tokio`, so that a program for
//! `hyper_util::rt` needs another `use` line and nothing else.
//!
//! Read next: `io.rs`.
#![warn(missing_docs)]

mod executor;
mod io;
mod timer;

pub use executor::Executor;
pub use io::Io;
pub use timer::Timer;
