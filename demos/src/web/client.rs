//! **How does a page come to a task?** Over a socket of the runtime's: hyper asks and
//! reads, rustls encrypts; each wait is an await, and the thread is free meanwhile.
//!
//! Compiled once per library: `rt` is the runtime, `web` its adapters. The mirror
//! image, without a runtime, is `blocking.rs`.
//!
//! The connection is a task of its own, which hyper wants driven while somebody asks
//! and reads. It ends with the page, whatever becomes of it: a `JoinSet` aborts what
//! is in it when it is dropped.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST, LOCATION, USER_AGENT};
use hyper::rt::{Read, Write};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::{rt, web};
use crate::web::address::Address;
use crate::web::trouble::Trouble;
use crate::web::visit::Visit;
use crate::web::{Answer, PAGE_LIMIT, REDIRECTS, USER_AGENT as OUR_NAME, trust};
use rt::net::TcpStream;

/// Cheap to clone, so that every task can have one.
#[derive(Clone)]
pub(crate) struct Client {
    site: Arc<Address>,
    tls: TlsConnector,
    timeout: Duration,
}

impl Client {
    /// A client for the pages of `site`.
    pub(crate) fn new(site: Address, visit: &Visit) -> Self {
        Self {
            site: Arc::new(site),
            tls: trust::connector(visit.ca_file.as_ref()),
            timeout: visit.timeout(),
        }
    }

    /// Gets a page.
    ///
    /// # Errors
    ///
    /// What was in its way.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it closes its connection.
    pub(crate) async fn get(&self, page: &str) -> Result<String, Trouble> {
        let followed = self.follow(self.site.page(page));
        match rt::time::timeout(self.timeout, followed).await {
            Ok(page) => page,
            Err(_) => Err(Trouble::TooLate(self.timeout)),
        }
    }

    async fn follow(&self, mut address: Address) -> Result<String, Trouble> {
        for _ in 0..=REDIRECTS {
            match self.visit(&address).await? {
                Answer::Page(page) => return Ok(page),
                Answer::Elsewhere(location) => address = location,
            }
        }
        Err(Trouble::Redirected)
    }

    async fn visit(&self, address: &Address) -> Result<Answer, Trouble> {
        let places = rt::net::lookup_host((address.host(), address.port())).await;
        let places: Vec<_> = places
            .map_err(|_| Trouble::NoHost(address.host().to_owned()))?
            .collect();
        let connected = TcpStream::connect(&*places).await;
        let socket = connected.map_err(|error| Trouble::of(&error, false))?;
        if !address.is_secure() {
            return converse(web::Io::new(socket), address).await;
        }
        let host = ServerName::try_from(address.host().to_owned())
            .map_err(|error| Trouble::Insecure(error.to_string()))?;
        let secured = web::secure(&self.tls, host, socket).await;
        let stream = secured.map_err(|error| Trouble::of(&error, false))?;
        converse(web::Io::new(stream), address).await
    }
}

/// Asks once, and reads the answer.
async fn converse<S>(stream: S, address: &Address) -> Result<Answer, Trouble>
where
    S: Read + Write + Send + Unpin + 'static,
{
    let (mut sender, connection) = http1::handshake(stream)
        .await
        .map_err(|error| Trouble::of(&error, false))?;
    let mut driven = rt::task::JoinSet::new();
    driven.spawn(connection);

    let request = Request::get(address.path())
        .header(HOST, address.authority())
        .header(USER_AGENT, OUR_NAME)
        .header(CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .expect("an address consists of what may stand in a request");
    let answered = sender.send_request(request).await;
    let response = answered.map_err(|error| Trouble::of(&error, false))?;

    let location = response.headers().get(LOCATION);
    if let Some(elsewhere) = Answer::elsewhere(response.status(), location, address)? {
        return Ok(elsewhere);
    }
    let html = Limited::new(response.into_body(), PAGE_LIMIT)
        .collect()
        .await;
    let html = html.map_err(|error| Trouble::of(&*error, true))?.to_bytes();
    Ok(Answer::page(&html))
}
