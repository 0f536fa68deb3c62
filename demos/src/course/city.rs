//! **What happens to a server that has to ask others before it can answer?** A JSON API:
//! for a zip and a country the weather, or the sun. Each view asks a service where that
//! is, and then another what it is like there; a second goes by, nearly all of it waiting.
//!
//! ```text
//! $ demos run city
//!
//! ── on threads ──────────────────────────────────
//! 125 requests arrive, 25 a second; 8 threads answer.
//! 125 answered, 8.5 a second.
//! From when it was due, a request takes 5.46 s in the median; p99 10.3 s, …
//! ── awaited, kolo-current ───────────────────────
//! 125 requests arrive, 25 a second; a task answers each.
//! 125 answered, 23.4 a second.
//! From when it was due, a request takes 941 ms in the median; p99 1.29 s, …
//! ```
//!
//! The two views are the same but for `await`. Where eight threads wait, eight requests
//! are on their way to an answer, and the ninth waits for a thread; a request that is
//! awaited keeps nobody, on one thread as on many.
//!
//! Read next: `../city/mod.rs`.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};

use super::client::Client;
use super::{new_loop, rt, web};
use crate::city::api::{Answer, Asked, Refusal, Service, View};
use crate::city::arrivals::{self, Crew};
use crate::city::places::{Spot, Sun, Weather};
use crate::city::threads::Server;
use crate::city::upstreams::Upstreams;
use crate::city::{self, BACKLOG};
use crate::load::cannot_listen;
use crate::stage::Stage;
use crate::web::blocking;
use crate::web::visit::{self, Visit};
use rt::net::{TcpListener, TcpSocket, TcpStream};

/// Who does not say within this time what it wants, is sent away.
const PATIENCE: Duration = Duration::from_secs(30);

// The blocking view: whoever runs it waits, and a thread that waits is no thread for
// others.

fn view_synchronously(services: &blocking::Client, asked: &Asked) -> Result<Answer, Refusal> {
    let spot: Spot<String> = Service::Location.said(services.get(&asked.location()))?;
    Ok(match asked.view {
        View::Weather => {
            let weather = services.get(&spot.at(Service::Weather));
            asked.answer(spot, Service::Weather.said::<Weather<String>>(weather)?)
        }
        View::Sun => {
            let sun = services.get(&spot.at(Service::Sun));
            asked.answer(spot, Service::Sun.said::<Sun>(sun)?)
        }
    })
}

// The same with await: the thread goes on to another request.

async fn view(services: &Client, asked: &Asked) -> Result<Answer, Refusal> {
    let spot: Spot<String> = Service::Location.said(services.get(&asked.location()).await)?;
    Ok(match asked.view {
        View::Weather => {
            let weather = services.get(&spot.at(Service::Weather)).await;
            asked.answer(spot, Service::Weather.said::<Weather<String>>(weather)?)
        }
        View::Sun => {
            let sun = services.get(&spot.at(Service::Sun)).await;
            asked.answer(spot, Service::Sun.said::<Sun>(sun)?)
        }
    })
}

/// How the clients of both views are to ask.
fn manners(stage: &Stage) -> Visit {
    Visit {
        timeout: stage.wishes().city.timeout,
        ..visit::USUAL.clone()
    }
}

pub(crate) fn on_threads(stage: &Stage) -> io::Result<()> {
    let upstreams = Upstreams::start(stage)?;
    let services = blocking::Client::new(upstreams.address(), &manners(stage));
    let address = city::address(stage.wishes().city.port);
    let server = Server::bind(address).map_err(|error| cannot_listen(address, error))?;
    let address = server.address()?;

    let threads = stage.wishes().city.threads;
    let crew = Crew::Threads(threads);
    let answer = |method: &str, path: &str| {
        let asked = Asked::parse(method, path);
        let answer = asked.and_then(|asked| view_synchronously(&services, &asked));
        answer.unwrap_or_else(Answer::from)
    };
    let served = server.serve(threads, answer, || {
        let (tell, told) = mpsc::channel();
        arrivals::start(stage, crew, address, move |ended| drop(tell.send(ended)))?;
        told.recv().expect("the client's end is told")
    })??;
    arrivals::report(stage, crew, &served, server.answered(), upstreams)
}

/// What the tasks of one server have in common.
struct Api {
    services: Client,
    answered: AtomicU64,
    /// Where each answer is told, if a person asks.
    stage: Option<Stage>,
}

pub(crate) fn awaited(stage: &Stage) -> io::Result<()> {
    let upstreams = Upstreams::start(stage)?;
    let serve = stage.wishes().city.serve;
    let api = Arc::new(Api {
        services: Client::new(upstreams.address(), &manners(stage)),
        answered: AtomicU64::new(0),
        stage: serve.then(|| stage.clone()),
    });
    let event_loop = new_loop(stage.threads())?;
    let served = event_loop.block_on(async {
        let address = city::address(stage.wishes().city.port);
        let listener = listen(address).map_err(|error| cannot_listen(address, error))?;
        let address = listener.local_addr()?;
        if serve {
            say_where(stage, address);
            let_in(&listener, &api).await;
        }
        let (tell, told) = rt::sync::oneshot::channel();
        arrivals::start(stage, Crew::Tasks, address, |ended| drop(tell.send(ended)))?;
        rt::select! {
            ended = told => ended.expect("the client's end is told"),
            never = let_in(&listener, &api) => match never {},
        }
    })?;
    let answered = api.answered.load(Ordering::Relaxed);
    arrivals::report(stage, Crew::Tasks, &served, answered, upstreams)
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// A task for each connection.
async fn let_in(listener: &TcpListener, api: &Arc<Api>) -> Infallible {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(rt::spawn(entertain(stream, api.clone()))),
            // No descriptor is left, or the guest has gone: soon there is one again.
            Err(_) => rt::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn entertain(stream: TcpStream, api: Arc<Api>) {
    if stream.set_nodelay(true).is_err() {
        return; // it has gone already
    }
    let service = service_fn(|request| answer(request, &api));
    let connection = http1::Builder::new()
        .timer(web::Timer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(web::Io::new(stream), service);
    // A guest who leaves early knows why.
    let _ = connection.await;
}

async fn answer(
    request: Request<Incoming>,
    api: &Api,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let t0 = Instant::now();
    let path = request.uri().path();
    let answer = match Asked::parse(request.method().as_str(), path) {
        Ok(asked) => view(&api.services, &asked).await,
        Err(refusal) => Err(refusal),
    };
    let Answer { status, body } = answer.unwrap_or_else(Answer::from);
    api.answered.fetch_add(1, Ordering::Relaxed);
    if let Some(stage) = &api.stage {
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

/// What a person needs to know who wants to ask.
fn say_where(stage: &Stage, address: SocketAddr) {
    stage.white(format_args!("Serving at http://{address} until Ctrl-C."));
    stage.plain(format_args!("  curl http://{address}/api/sun/97201/us"));
    stage.plain(format_args!("  curl http://{address}/api/weather/10115/de"));
    stage.plain(format_args!(
        "  curl -i http://{address}/api/sun/00000/us      there is no such place"
    ));
}
