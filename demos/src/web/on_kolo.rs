//! **What stands between hyper, rustls and a kolo socket?** kolo-hyper for the one;
//! for the other, whose streams have tokio's I/O traits, kolo-tokio-io: to the TLS
//! stream and back.
//!
//! The mirror image is `on_tokio.rs`: the same names, for the same text.

use kolo_tokio_io::{ForKolo, ForTokio};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;

pub(crate) use kolo_hyper::{Io, Timer};

type TcpStream = ::kolo::net::TcpStream;

/// A kolo stream again, over TLS over a kolo socket.
pub(crate) type Secured = ForKolo<TlsStream<ForTokio<TcpStream>>>;

/// TLS to the host of this name.
pub(crate) async fn secure(
    tls: &TlsConnector,
    host: ServerName<'static>,
    socket: TcpStream,
) -> std::io::Result<Secured> {
    let stream = tls.connect(host, ForTokio::new(socket)).await?;
    Ok(ForKolo::new(stream))
}
