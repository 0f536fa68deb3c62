//! Against servers of a few lines, each on a thread of its own.

use std::io::Write;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::thread;

use super::*;

/// A server that lets in one at a time, and does this with each.
fn serve(each: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let address = listener.local_addr().expect("bound");
    thread::spawn(move || {
        for stream in listener.incoming() {
            each(stream.expect("a guest"));
        }
    });
    address
}

/// The path that is asked for next; `None` at the end.
fn asked(stream: &TcpStream) -> Option<String> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let _rest = lines.take_while(|line| !line.is_empty()).count();
    Some(path)
}

fn plan(server: SocketAddr, rate: f64, requests: u64, connections: usize) -> Arrivals {
    let target = |name: &str| Target {
        path: format!("/{name}"),
        body: name.to_owned(),
    };
    Arrivals {
        server,
        process: std::process::id(),
        rate,
        requests,
        connections,
        patience: Duration::from_secs(20),
        targets: ["one", "two"].map(target).into(),
    }
}

fn answer(mut stream: &TcpStream, more: &str, body: &str) {
    let length = body.len();
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n{more}\r\n{body}"
    );
}

#[test]
fn a_connection_is_used_again() {
    // Whoever came second would never be answered.
    let server = serve(|stream| {
        while let Some(path) = asked(&stream) {
            answer(&stream, "", &path[1..]);
        }
    });
    let served = run(&plan(server, 2_000.0, 40, 1)).unwrap();
    assert_eq!((served.sent, served.answered), (40, 40));
    assert_eq!(served.failures, []);
    // The last one is due after 39 of 2,000 parts of a second.
    assert!(served.wall >= Duration::from_micros(19_500), "{served:?}");
}

#[test]
fn a_request_waits_from_the_moment_at_which_it_was_due() {
    const EACH: Duration = Duration::from_millis(5);
    let server = serve(|stream| {
        let path = asked(&stream).expect("a request");
        thread::sleep(EACH);
        answer(&stream, "connection: close\r\n", &path[1..]);
    });
    // All are due within a millisecond; the tenth has nine before it. A client
    // that waited with its server would say that each took 5 ms.
    let served = run(&plan(server, 10_000.0, 10, 1)).unwrap();
    assert_eq!(served.answered, 10);
    let latency = served.latency.expect("answers");
    let rounding = Duration::from_micros(100);
    assert!(latency.most + rounding >= 10 * EACH - Duration::from_millis(1));
    assert!(latency.p50 + rounding >= 5 * EACH - Duration::from_millis(1));
    assert!(latency.p50 <= latency.p99 && latency.p99 <= latency.p999);
    assert!(served.rate > 0.0 && served.rate <= 200.0, "{}", served.rate);
}

#[test]
fn what_fails_is_counted_by_what_it_was() {
    let turns = std::sync::atomic::AtomicUsize::new(0);
    let server = serve(move |mut stream| {
        let path = asked(&stream).expect("a request");
        let close = "connection: close\r\n";
        match turns.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            0 => answer(&stream, close, &path[1..]),
            1 | 5 => answer(&stream, close, "something else"),
            2 => drop(stream.write_all(b"HTTP/1.1 504 Gateway Timeout\r\n\r\nlate")),
            3 => drop(stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf")),
            _ => drop(stream.write_all(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")),
        }
    });
    let served = run(&plan(server, 1_000.0, 6, 1)).unwrap();
    assert_eq!((served.sent, served.answered, served.failed()), (6, 1, 5));
    let failures = [
        (Failure::Answer(200, "something else".to_owned()), 2),
        (Failure::Answer(504, "late".to_owned()), 1),
        (Failure::Closed, 1),
        (Failure::Foreign, 1),
    ];
    assert_eq!(served.failures, failures);
}

#[test]
fn a_server_that_is_gone_or_silent_is_an_error() {
    let gone = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port");
    let said = run(&plan(gone, 100.0, 1, 1)).unwrap_err().to_string();
    assert!(said.contains("the server is gone"), "{said}");

    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut plan = plan(silent.local_addr().expect("bound"), 1_000.0, 3, 2);
    plan.patience = Duration::from_millis(20);
    let said = run(&plan).unwrap_err().to_string();
    assert!(said.contains("said nothing for 0.0 s"), "{said}");
    assert!(said.contains("owes 3 answers"), "{said}");
}
