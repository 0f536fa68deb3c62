//! **Who sends the messages that an echo server sends back, and what does it
//! find?** The load client of `kolo-load`: one program for every server, in a
//! process of its own, so that the server's CPU time can be told from its own.
//!
//! It compares every byte that comes back with what it sent, and a server that
//! goes away, falls silent or garbles is an error. The server counts what it
//! echoed, and the two sums must be the same.
//!
//! A runtime with one thread has a core for itself and the client another; one
//! with a thread for each core has to share them with the client.
//!
//! Read next: `benches/load/src/lib.rs`.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc;
use std::time::Duration;

use clap::Args;
use kolo_load::{Amount, EchoLoop, Findings, Placement, Plan, Work, need_open_files};
use serde::{Deserialize, Serialize};

use crate::stage::{Stage, Threads};
use crate::table::duration;

/// By how many bytes at a time every server echoes.
pub(crate) const BUFFER: usize = 4096;

/// What `echo` can be told.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "What to send")]
pub(crate) struct LoadOptions {
    /// How many connections there are
    #[arg(long, value_name = "N", default_value_t = USUAL.connections, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub(crate) connections: u32,

    /// How many bytes a message has
    #[arg(long, value_name = "BYTES", default_value_t = USUAL.message_size, value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    pub(crate) message_size: u32,

    /// How long each server is measured [default: 1 with run, 0.3 with compare]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) seconds: Option<f64>,

    /// Where the server listens [default: a port that is free]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,
}

/// What is meant where nothing is said.
pub(crate) static USUAL: LoadOptions = LoadOptions {
    connections: 64,
    message_size: 64,
    seconds: None,
    port: None,
};

/// The same, once it is known which command it is for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct LoadSettings {
    pub(crate) connections: u32,
    pub(crate) message_size: u32,
    pub(crate) seconds: f64,
    pub(crate) port: Option<u16>,
}

impl LoadOptions {
    pub(crate) fn settings(self, seconds: f64) -> LoadSettings {
        LoadSettings {
            connections: self.connections,
            message_size: self.message_size,
            seconds: self.seconds.unwrap_or(seconds),
            port: self.port,
        }
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.01..=600.0).contains(&seconds) => Ok(seconds),
        _ => Err("a number from 0.01 to 600".to_owned()),
    }
}

/// Where server and client run.
pub(crate) fn placement(stage: &Stage) -> Placement {
    match stage.threads() {
        Threads::One => Placement::apart(),
        Threads::PerCore => Placement::Anywhere,
    }
}

pub(crate) fn address(stage: &Stage) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, stage.wishes().load.port.unwrap_or(0)).into()
}

/// What to say where a server can't listen.
pub(crate) fn cannot_listen(address: SocketAddr, error: io::Error) -> io::Error {
    let advice = match error.kind() {
        ErrorKind::AddrInUse => "; choose another --port, or leave it out for one that is free",
        ErrorKind::PermissionDenied => "; choose a --port from 1024 up",
        _ => "",
    };
    let told = format!("can't listen on {address}: {error}{advice}");
    io::Error::new(error.kind(), told)
}

/// Starts the client against the server at `address`.
///
/// # Errors
///
/// If it can't be started, or there may not be so many open files.
pub(crate) fn start(
    stage: &Stage,
    address: SocketAddr,
    placement: Placement,
    ended: impl FnOnce(io::Result<Findings>) + Send + 'static,
) -> io::Result<()> {
    let load = stage.wishes().load;
    let time = Duration::from_secs_f64(load.seconds);
    let connections = load.connections as usize;
    need_open_files(connections)?;
    let sizes = stage.thousands(load.message_size.into());
    let number = stage.thousands(load.connections.into());
    let (s, es) = (plural(load.connections), plural(load.message_size));
    stage.plain(format_args!(
        "{number} connection{s}, messages of {sizes} byte{es}; {placement}."
    ));
    let plan = Plan {
        server: address,
        process: std::process::id(),
        placement,
        work: Work::Echo {
            connections,
            size: load.message_size as usize,
            warm_up: Amount::Time(time / 10),
            measured: Amount::Time(time),
        },
    };
    kolo_load::start(&plan, ended)
}

fn plural(number: u32) -> &'static str {
    if number == 1 { "" } else { "s" }
}

/// Notes what the client found of a server that says it echoed so many bytes.
pub(crate) fn report(stage: &Stage, found: &Findings, echoed: u64) {
    let wall = found.wall.as_secs_f64();
    let (messages, rate) = (found.operations, found.operations as f64 / wall);
    stage.white(format_args!(
        "{} messages in {wall:.2} s: {} a second.",
        stage.thousands(messages),
        stage.thousands(rate as u64)
    ));
    if let Some(latency) = found.latency {
        let [p50, p99, p999, most] = [latency.p50, latency.p99, latency.p999, latency.most]
            .map(|time| duration(time.as_secs_f64()).trim_end().to_owned());
        stage.plain(format_args!(
            "A message is under way {p50} in the median; p99 {p99}, p99.9 {p999}, at most {most}."
        ));
        stage.latencies(latency.least, latency.p50, latency.most);
    }
    let share = |cpu: Duration| cpu.as_secs_f64() / wall * 100.0;
    stage.plain(format_args!(
        "The server's CPU: {} a message, {:.0} % of a core; the client's: {:.0} %.",
        duration(found.cpu_each() / 1e9).trim_end(),
        share(found.server_cpu),
        share(found.client_cpu)
    ));
    stage.took(found.wall);
    stage.used(found.server_cpu);
    stage.processed(messages);

    let size = u64::from(stage.wishes().load.message_size);
    let whole = found.bytes.is_multiple_of(size) && found.bytes / size >= messages;
    stage.check("messages went through", messages > 0);
    stage.check("every message came back whole", whole);
    stage.check(
        "as many bytes came back as were echoed",
        found.bytes == echoed,
    );
}

/// The floor: the loop without a runtime.
pub(crate) fn by_hand(stage: &Stage) -> io::Result<()> {
    let placement = placement(stage);
    let _pinned = placement.pin_server()?;
    let address = address(stage);
    let mut server =
        EchoLoop::bind(address, BUFFER).map_err(|error| cannot_listen(address, error))?;
    let ender = server.ender();
    let (tell, told) = mpsc::channel();
    start(stage, server.local_addr()?, placement, move |ended| {
        let _ = tell.send(ended);
        ender.end().expect("the loop is there to be told");
    })?;
    let echoed = server.run()?;
    let found = told.recv().expect("the loop ended because it was told")?;
    report(stage, &found, echoed);
    Ok(())
}
