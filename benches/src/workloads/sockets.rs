//! **What does a message through a socket cost?** An echo server as its users
//! would write it: one task accepts, each connection is a task that reads what
//! there is and writes it back.
//!
//! Nearly all of the time is the kernel's, for every server alike; the load
//! client ([`kolo_load`]) is another process, which keeps the clock and reads
//! this one's CPU time. Where the runtime has one thread, server and client have
//! a core each.
//!
//! What it does not show: slow readers, a program that does something with what it reads.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::mpsc;

use super::row::root;
use super::rt;
use crate::alloc::live_bytes_of;
use crate::libraries::Flavour;
use crate::load::{Job, LOOPBACK, beside, plan};
use crate::reading::Reading;
use kolo_load::{Placement, Work};
use rt::io::{AsyncReadExt, AsyncWriteExt};
use rt::net::{TcpListener, TcpStream};
use rt::runtime::Runtime;
use rt::task::yield_now;

/// Sends back all that comes, by at most the length of `buffer`.
async fn echo(mut stream: TcpStream, mut buffer: impl AsMut<[u8]>) -> io::Result<()> {
    let buffer = buffer.as_mut();
    loop {
        let got = stream.read(buffer).await?;
        if got == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..got]).await?;
    }
}

/// With the queue that every server here has, whatever its library's own is.
fn listen() -> io::Result<TcpListener> {
    let listener = kolo_load::listen(LOOPBACK)?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

async fn serve(listener: TcpListener, buffer: usize) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        rt::spawn(echo(stream, vec![0; buffer]));
    }
}

/// Serves until the client has done its job.
pub fn echoes(runtime: &Runtime, flavour: Flavour, Job { work, buffer }: Job) -> Reading {
    let placement = flavour.placement();
    let _pinned = placement.pin_server().unwrap();
    let findings = root(runtime, async move {
        let listener = listen().unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, told) = rt::sync::oneshot::channel();
        beside(&plan(address, placement, work), |ended| {
            let _ = tell.send(ended);
        });
        let serve = pin!(serve(listener, buffer));
        rt::select! {
            ended = serve => panic!("the server ended: {ended:?}"),
            findings = told => findings.unwrap(),
        }
    });
    Reading::of(findings)
}

static PARKED: AtomicU64 = AtomicU64::new(0);

/// An echo server's task for a connection, counted when it has found nothing to
/// read.
async fn idle_echo(stream: TcpStream) {
    let mut echo = pin!(echo(stream, [0; 64]));
    let mut parked = false;
    let ended = poll_fn(|cx| {
        let polled = echo.as_mut().poll(cx);
        if polled.is_pending() && !parked {
            parked = true;
            PARKED.fetch_add(1, SeqCst);
        }
        polled
    });
    // The client goes away when it is told to.
    let _ = ended.await;
}

/// Bytes per idle connection, of `connections`, less the task's future.
///
/// Each future holds its buffer.
pub fn bytes_per_connection(runtime: &Runtime, connections: u64) -> f64 {
    let listener = runtime.block_on(async { listen().unwrap() });
    let address: SocketAddr = listener.local_addr().unwrap();
    let connections = connections as usize;
    let idle = Work::Idle { connections };
    // What a first use of the runtime allocates once is not the connections'.
    runtime.block_on(async { rt::spawn(yield_now()).await.unwrap() });
    PARKED.store(0, SeqCst);

    let (ended, end) = mpsc::channel();
    beside(&plan(address, Placement::Anywhere, idle), move |found| {
        let _ = ended.send(found);
    });
    let mut future = 0;
    let mut last = None;
    let live = live_bytes_of(|| {
        runtime.block_on(async {
            for _ in 0..connections {
                let (stream, _) = listener.accept().await.unwrap();
                let task = idle_echo(stream);
                future = size_of_val(&task);
                drop(rt::spawn(task));
            }
            last = Some(listener.accept().await.unwrap());
            while PARKED.load(SeqCst) < connections as u64 {
                yield_now().await;
            }
        });
    });
    drop(last);
    end.recv().unwrap().unwrap();
    live as f64 / connections as f64 - future as f64
}
