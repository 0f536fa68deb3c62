//! **What does a site do that does not do what it should?** A small server, of plain
//! threads and sockets, in which every page may behave in its own way.
//!
//! It serves until the test's process ends. Each connection has a thread; a page that
//! never comes ends with the client that gives it up.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What becomes of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Page {
    /// A page with this body.
    Html(&'static str),
    /// This status line and these headers, and no body.
    Head(&'static str),
    /// The connection is closed without a word.
    Nothing,
    /// A hundred bytes are announced, ten come.
    Half,
    /// What comes is not HTTP.
    Garbage,
    /// It goes on for as long as somebody reads.
    Endless,
    /// Nothing comes, and the connection stays.
    Never,
}

/// The site: the page of each number. The address of its root.
pub(crate) fn serve(pages: impl Fn(u32) -> Page + Send + Sync + 'static) -> String {
    let port = listen(move |stream| answer(stream, &pages));
    format!("http://127.0.0.1:{port}")
}

/// The same over TLS, as the host `127.0.0.1` or whoever it says it is: the address of
/// its root, and the certificate of the authority that vouches for it, in PEM.
pub(crate) fn serve_tls(
    name: &str,
    pages: impl Fn(u32) -> Page + Send + Sync + 'static,
) -> (String, String) {
    let mut params = CertificateParams::new([]).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let authority = CertifiedIssuer::self_signed(params, key).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new([name.to_owned()]).expect("a name");
    let certificate = params.signed_by(&key, &authority).expect("a certificate");

    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring's ciphers")
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        );
    let config = Arc::new(config.expect("the key of this certificate"));
    let port = listen(move |stream| {
        let connection = ServerConnection::new(config.clone()).expect("a configuration");
        answer(StreamOwned::new(connection, stream), &pages)
    });
    (format!("https://127.0.0.1:{port}"), authority.pem())
}

/// Something else than a site: it says what it is before it is asked, and then
/// listens for as long as somebody speaks.
pub(crate) fn serve_something_else() -> String {
    let port = listen(|mut stream| {
        stream.write_all(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")?;
        io::copy(&mut stream, &mut io::sink()).map(drop)
    });
    format!("127.0.0.1:{port}")
}

fn listen(talk: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback");
    let port = listener.local_addr().expect("it is bound").port();
    let talk = Arc::new(talk);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, talk) = (stream.expect("a guest"), talk.clone());
            // A client that goes away in the middle has its reasons.
            thread::spawn(move || drop(talk(stream)));
        }
    });
    port
}

fn answer(stream: impl Read + Write, pages: &impl Fn(u32) -> Page) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut request = String::new();
    stream.read_line(&mut request)?;
    let path = request.split(' ').nth(1).unwrap_or_default();
    let number = path.rsplit('/').next().unwrap_or_default().parse();
    let mut line = String::new();
    while stream.read_line(&mut line)? > 2 {
        line.clear();
    }
    let Ok(number) = number else {
        return Ok(()); // no page of ours: as if it were closed
    };

    let page = pages(number);
    let mut rest = [0; 1];
    let connection = stream.get_mut();
    match page {
        Page::Html(html) => write!(
            connection,
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{html}",
            html.len()
        )?,
        Page::Head(head) => write!(connection, "HTTP/1.1 {head}\r\ncontent-length: 0\r\n\r\n")?,
        Page::Nothing => {}
        Page::Half => write!(
            connection,
            "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n<h1>A half"
        )?,
        Page::Garbage => write!(connection, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")?,
        Page::Endless => {
            write!(connection, "HTTP/1.1 200 OK\r\n\r\n<h1>Endless</h1>")?;
            loop {
                connection.write_all(&[b' '; 8192])?;
            }
        }
        Page::Never => drop(stream.read(&mut rest)?),
    }
    stream.get_mut().flush()
}
