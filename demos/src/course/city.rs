//! **What happens to a server that has to ask others before it can answer?** A JSON API:
//! for a zip and a country the weather, or the sun. Each view asks a service where that
//! is, and then another what it is like there; a second goes by, nearly all of it waiting.
//!
//! ```text
//! $ demos run city
//!
//! ── on threads ──────────────────────────────────
//! 125 requests arrive, 25 a second; 8 threads answer.
//! 125 answered, 8.5 a second ±3 %.
//! From when it was due, a request takes 5.46 s in the median; p99 10.3 s, …
//! ── awaited, kolo-current ───────────────────────
//! 125 requests arrive, 25 a second; a task answers each.
//! 125 answered, 25.4 a second ±4 %.
//! From when it was due, a request takes 941 ms in the median; p99 1.29 s, at most 1.29 s.
//! ```
//!
//! The two views are the same but for `await`. Where eight threads wait, eight requests
//! are on their way to an answer, and the ninth waits for a thread; a request that is
//! awaited keeps nobody, on one thread as on many.
//!
//! Read next: `../city/mod.rs`.

use std::io;
use std::sync::mpsc;

use super::client::Client;
use super::{new_loop, rt, tasks};
use crate::city::address;
use crate::city::api::{Answer, Asked, Refusal, Service, View};
use crate::city::arrivals::{self, Crew};
use crate::city::places::{Spot, Sun, Weather};
use crate::city::threads;
use crate::city::upstreams::Upstreams;
use crate::load::cannot_listen;
use crate::stage::Stage;
use crate::web::blocking;
use crate::web::visit::{self, Visit};

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

async fn view(services: Client, asked: Asked) -> Result<Answer, Refusal> {
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
    let address = address(stage.wishes().city.port);
    let server = threads::Server::bind(address).map_err(|error| cannot_listen(address, error))?;
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

pub(crate) fn awaited(stage: &Stage) -> io::Result<()> {
    let upstreams = Upstreams::start(stage)?;
    let services = Client::new(upstreams.address(), &manners(stage));
    let event_loop = new_loop(stage.threads())?;
    let (served, answered) = event_loop.block_on(async {
        let address = address(stage.wishes().city.port);
        let server = tasks::Server::bind(address);
        let mut server = server.map_err(|error| cannot_listen(address, error))?;
        let address = server.address()?;
        let answer = move |asked| view(services.clone(), asked);
        if stage.wishes().city.serve {
            server.tell(stage)?;
            match server.serve(answer).await {}
        }
        let (tell, told) = rt::sync::oneshot::channel();
        arrivals::start(stage, Crew::Tasks, address, |ended| drop(tell.send(ended)))?;
        let ended = rt::select! {
            ended = told => ended.expect("the client's end is told"),
            never = server.serve(answer) => match never {},
        };
        ended.map(|served| (served, server.answered()))
    })?;
    arrivals::report(stage, Crew::Tasks, &served, answered, upstreams)
}
