//! **Where do the pages come from?** From `--base-url`; or else from a site that the
//! program serves itself, on loopback, by hyper, with the latency that the course's
//! site had.
//!
//! The bundled site has a thread and a loop of its own, so that a client that keeps its thread, as
//! the synchronous one does, is answered all the same. Compiled once per library: on
//! each runtime, server and clients are that runtime's.
//!
//! Dropped, it stops, and its thread is joined.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};

use super::{rt, web};
use crate::stage::{Stage, Threads};
use crate::web::address::Address;
use crate::web::ask_for_all_descriptors;
use crate::web::episodes::{self, LATENCY};
use crate::web::guests::Guests;
use rt::net::{TcpListener, TcpSocket, TcpStream};
use rt::sync::oneshot;

/// Who does not say within this time what it wants, is sent away.
const PATIENCE: Duration = Duration::from_secs(30);

/// The site that is visited.
pub(crate) struct Site {
    address: Address,
    bundled: Option<Bundled>,
}

/// The bundled site, while it is up.
struct Bundled {
    guests: Arc<Guests>,
    /// Dropped first, which ends the thread.
    open: Option<oneshot::Sender<Infallible>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Site {
    /// The one that was asked for; the bundled one is up when this returns.
    ///
    /// # Errors
    ///
    /// The Builder's; and a sentence if the bundled site's port can't be had.
    pub(crate) fn to_visit(stage: &Stage) -> io::Result<Self> {
        let visit = &stage.wishes().visit;
        ask_for_all_descriptors();
        if let Some(address) = visit.base_url.clone() {
            let bundled = None;
            return Ok(Self { address, bundled });
        }
        Self::open(visit.port, stage.wait(LATENCY), Arc::default())
    }

    /// Bundled ones, as many, each at a port of its own and with this latency. Their
    /// guests are counted together.
    ///
    /// # Errors
    ///
    /// As [`to_visit`](Self::to_visit).
    pub(crate) fn bundled(number: u64, latency: Duration) -> io::Result<Vec<Self>> {
        ask_for_all_descriptors();
        let guests = Arc::<Guests>::default();
        let open = |_| Self::open(None, latency, guests.clone());
        (0..number).map(open).collect()
    }

    fn open(port: Option<u16>, latency: Duration, guests: Arc<Guests>) -> io::Result<Self> {
        let (bundled, at) = Bundled::open(port, latency, guests)?;
        let address = format!("http://{at}").parse();
        Ok(Self {
            address: address.expect("a socket has an address"),
            bundled: Some(bundled),
        })
    }

    pub(crate) fn address(&self) -> Address {
        self.address.clone()
    }

    /// Who came, if it is the bundled one.
    pub(crate) fn guests(&self) -> Option<&Guests> {
        self.bundled.as_ref().map(|site| &*site.guests)
    }
}

impl Bundled {
    /// Opens it: at this port, or at one that is free.
    fn open(
        port: Option<u16>,
        latency: Duration,
        guests: Arc<Guests>,
    ) -> io::Result<(Self, SocketAddr)> {
        let event_loop = super::new_loop(Threads::One)?;
        let at = SocketAddr::from((Ipv4Addr::LOCALHOST, port.unwrap_or(0)));
        let listener = {
            let _entered = event_loop.enter();
            listen(at).map_err(|error| {
                let advice = "choose another --port, or leave it to the system";
                let line = format!("the site can't be served at {at}: {error}; {advice}");
                io::Error::new(error.kind(), line)
            })?
        };
        let at = listener.local_addr()?;
        let (open, closed) = oneshot::channel();
        let serving = serve(listener, latency, guests.clone(), closed);
        let thread = thread::Builder::new()
            .name("site".to_owned())
            .spawn(move || event_loop.block_on(serving))?;
        let bundled = Self {
            guests,
            open: Some(open),
            thread: Some(thread),
        };
        Ok((bundled, at))
    }
}

impl Drop for Bundled {
    fn drop(&mut self) {
        drop(self.open.take());
        if let Some(thread) = self.thread.take() {
            // It has panicked: whoever waited for its pages has said so.
            let _ = thread.join();
        }
    }
}

fn listen(at: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(at)?;
    socket.listen(kolo_load::BACKLOG)
}

/// Until nobody holds the other end of `closed`. Connections that are still open then
/// end with the loop, whose tasks they are.
async fn serve(
    listener: TcpListener,
    latency: Duration,
    guests: Arc<Guests>,
    closed: oneshot::Receiver<Infallible>,
) {
    let letting_in = async {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => drop(rt::spawn(entertain(stream, latency, guests.clone()))),
                // No descriptor is left, or the guest has gone: soon there is one again.
                Err(_) => rt::time::sleep(Duration::from_millis(10)).await,
            }
        }
    };
    rt::select! {
        _ = closed => {}
        () = letting_in => {}
    }
}

async fn entertain(stream: TcpStream, latency: Duration, guests: Arc<Guests>) {
    let service = service_fn(|request| answer(request, latency, &guests));
    let connection = http1::Builder::new()
        .timer(web::Timer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(web::Io::new(stream), service);
    // A guest who leaves early knows why.
    let _ = connection.await;
}

async fn answer(
    request: Request<Incoming>,
    latency: Duration,
    guests: &Guests,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let _guest = guests.welcome();
    rt::time::sleep(latency).await;
    let number = request.uri().path().trim_start_matches('/').parse().ok();
    let (status, page) = match number.and_then(episodes::page) {
        Some(page) => (StatusCode::OK, page),
        None => (StatusCode::NOT_FOUND, "<p>No such episode.</p>".to_owned()),
    };
    let response = Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "text/html; charset=utf-8")
        .body(Full::from(page))
        .expect("a plain response");
    Ok(response)
}
