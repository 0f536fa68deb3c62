//! **How is HTTP served by tasks?** One for each connection, which reads a request, has
//! it answered, and goes on with the next: hyper does that, on the runtime's sockets
//! and timers. The mirror image, without a runtime, is `threads.rs`.
//!
//! Compiled once per library: `rt` is the runtime, `web` its adapters.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};

use super::{rt, web};
use crate::city::api::{Answer, Asked, Refusal};
use crate::stage::Stage;
use rt::net::{TcpListener, TcpSocket, TcpStream};

/// Who does not say within this time what it wants, is sent away.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server, before and while it serves.
pub(crate) struct Server {
    listener: TcpListener,
    ledger: Arc<Ledger>,
}

/// What the tasks have in common.
struct Ledger {
    answered: AtomicU64,
    /// Where each answer is told, if a person asks.
    stage: Option<Stage>,
}

impl Server {
    /// To be called on the loop.
    ///
    /// # Errors
    ///
    /// The kernel's: the port may be in use.
    pub(crate) fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        Ok(Self {
            listener: socket.listen(kolo_load::BACKLOG)?,
            ledger: Arc::new(Ledger {
                answered: AtomicU64::new(0),
                stage: None,
            }),
        })
    }

    /// # Errors
    ///
    /// The kernel's.
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// How many requests it has answered.
    pub(crate) fn answered(&self) -> u64 {
        // Relaxed: whoever compares it has heard from the client, by way of the
        // kernel, that all answers are there.
        self.ledger.answered.load(Ordering::Relaxed)
    }

    /// Tells each answer, and first where to ask.
    ///
    /// # Errors
    ///
    /// The kernel's.
    pub(crate) fn tell(&mut self, stage: &Stage) -> io::Result<()> {
        let stage = stage.clone();
        let address = self.address()?;
        stage.white(format_args!("Serving at http://{address} until Ctrl-C."));
        stage.plain(format_args!("  curl http://{address}/api/sun/97201/us"));
        stage.plain(format_args!("  curl http://{address}/api/weather/10115/de"));
        stage.plain(format_args!(
            "  curl -i http://{address}/api/sun/00000/us      there is no such place"
        ));
        self.ledger = Arc::new(Ledger {
            answered: AtomicU64::new(0),
            stage: Some(stage),
        });
        Ok(())
    }

    /// Serves for as long as it is polled. Connections that are still open then end
    /// with the loop, whose tasks they are.
    pub(crate) async fn serve<F>(
        &self,
        view: impl Fn(Asked) -> F + Clone + Send + Sync + 'static,
    ) -> Infallible
    where
        F: Future<Output = Result<Answer, Refusal>> + Send,
    {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let (view, ledger) = (view.clone(), self.ledger.clone());
                    rt::spawn(async move { entertain(stream, &view, &ledger).await });
                }
                // No descriptor is left, or the guest has gone: soon there is one again.
                Err(_) => rt::time::sleep(Duration::from_millis(10)).await,
            }
        }
    }
}

async fn entertain<F>(stream: TcpStream, view: &impl Fn(Asked) -> F, ledger: &Ledger)
where
    F: Future<Output = Result<Answer, Refusal>>,
{
    if stream.set_nodelay(true).is_err() {
        return; // it has gone already
    }
    let service = service_fn(|request| answer(request, view, ledger));
    let connection = http1::Builder::new()
        .timer(web::Timer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(web::Io::new(stream), service);
    // A guest who leaves early knows why.
    let _ = connection.await;
}

async fn answer<F>(
    request: Request<Incoming>,
    view: &impl Fn(Asked) -> F,
    ledger: &Ledger,
) -> Result<Response<Full<Bytes>>, Infallible>
where
    F: Future<Output = Result<Answer, Refusal>>,
{
    let t0 = Instant::now();
    let path = request.uri().path();
    let answer = match Asked::parse(request.method().as_str(), path) {
        Ok(asked) => view(asked).await,
        Err(refusal) => Err(refusal),
    };
    let Answer { status, body } = answer.unwrap_or_else(Answer::from);
    ledger.answered.fetch_add(1, Ordering::Relaxed);
    if let Some(stage) = &ledger.stage {
        let took = stage.seconds(t0.elapsed());
        stage.cyan(format_args!("{} {path} after {took} sec.", status.as_u16()));
    }
    let mut response = Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "application/json");
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response = response.header(ALLOW, "GET");
    }
    let response = response.body(Full::from(body)).expect("a plain response");
    Ok(response)
}
