//! **What stands between hyper, rustls and a tokio socket?** hyper-util for the one,
//! and for the other nothing: tokio-rustls was written for it.
//!
//! The mirror image is `on_kolo.rs`: the same names, for the same text.

use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;

pub(crate) use hyper_util::rt::{TokioIo as Io, TokioTimer as Timer};

type TcpStream = ::tokio::net::TcpStream;

/// TLS over a tokio socket.
pub(crate) type Secured = TlsStream<TcpStream>;

/// TLS to the host of this name.
pub(crate) async fn secure(
    tls: &TlsConnector,
    host: ServerName<'static>,
    socket: TcpStream,
) -> std::io::Result<Secured> {
    tls.connect(host, socket).await
}
