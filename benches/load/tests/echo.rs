//! Does the client find what is there to be found? Against the hand-written loop,
//! and against servers that misbehave. The client is a thread here.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use kolo_load::{Amount, EchoLoop, Findings, Placement, Plan, Work, run, start};

fn plan(server: SocketAddr, work: Work) -> Plan {
    Plan {
        server,
        process: std::process::id(),
        placement: Placement::Anywhere,
        work,
    }
}

/// What the client finds at the hand-written loop, and what that says it echoed.
fn against_the_loop(buffer: usize, work: Work) -> (Findings, u64) {
    let mut server = EchoLoop::bind("127.0.0.1:0".parse().unwrap(), buffer).unwrap();
    let ender = server.ender();
    let (found, findings) = mpsc::channel();
    start(&plan(server.local_addr().unwrap(), work), move |ended| {
        found.send(ended).unwrap();
        ender.end().unwrap();
    })
    .unwrap();
    let echoed = server.run().unwrap();
    (findings.recv().unwrap().unwrap(), echoed)
}

/// What the client says of a server that does this to its first connection.
fn against(work: Work, serve: impl FnOnce(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || serve(listener.accept().unwrap().0));
    let said = run(&plan(address, work)).unwrap_err().to_string();
    server.join().unwrap();
    said
}

fn echo(connections: usize, size: usize, messages: u64) -> Work {
    Work::Echo {
        connections,
        size,
        warm_up: Amount::Messages(10),
        measured: Amount::Messages(messages),
    }
}

#[test]
fn every_byte_comes_back_and_is_counted() {
    for (connections, size, messages) in
        [(1, 64, 200), (20, 1, 1000), (50, 64, 20), (3, 300_000, 30)]
    {
        let (found, echoed) = against_the_loop(4096, echo(connections, size, messages));
        assert_eq!(found.operations, messages);
        assert_eq!(found.bytes, (messages + 10) * size as u64, "{size}");
        assert_eq!(found.bytes, echoed);
        let latency = found.latency.unwrap();
        assert!(Duration::ZERO < latency.least && latency.p50 <= latency.p99);
        assert!(latency.p99 <= latency.p999 && latency.p999 <= latency.most);
        assert!(latency.most <= found.wall + found.wall / 500, "{found:?}");
        assert!(found.server_cpu > Duration::ZERO);
    }
}

fn paced(connections: usize, size: usize, rate: u64, measured: u64) -> Work {
    Work::Paced {
        connections,
        size,
        rate,
        warm_up: 10,
        measured,
    }
}

#[test]
fn messages_come_at_their_rate() {
    for (connections, size) in [(1, 64), (50, 1), (3, 20_000)] {
        let work = paced(connections, size, 2_000, 200);
        let (found, echoed) = against_the_loop(4096, work);
        assert_eq!(found.operations, 200);
        assert_eq!(found.bytes, 210 * size as u64, "the warm-up's too");
        assert_eq!(found.bytes, echoed);
        // 200 intervals of half a millisecond, less one.
        assert!(
            found.wall >= Duration::from_micros(99_500 - 500),
            "{found:?}"
        );
        let latency = found.latency.unwrap();
        assert!(Duration::ZERO < latency.least && latency.p50 <= latency.p99);
    }
}

/// Ten messages are due while the server looks away: each waits from when it was due,
/// and not only the one that a client with one message under way would have sent.
#[test]
fn a_stalled_server_is_told_on_by_every_message_that_was_due_meanwhile() {
    const STALL: Duration = Duration::from_millis(100);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        let mut message = [0; 64];
        stream.read_exact(&mut message).unwrap();
        thread::sleep(STALL);
        stream.write_all(&message).unwrap();
        while stream.read_exact(&mut message).is_ok() {
            stream.write_all(&message).unwrap();
        }
    });
    let work = Work::Paced {
        connections: 1,
        size: 64,
        rate: 100,
        warm_up: 0,
        measured: 10,
    };
    let latency = run(&plan(address, work)).unwrap().latency.unwrap();
    server.join().unwrap();
    // Due every 10 ms, all answered 100 ms after the first: half of them have
    // waited for 50 ms and more. The histogram's last digit may be off.
    assert!(latency.p50 >= Duration::from_millis(45), "{latency:?}");
    assert!(latency.most >= Duration::from_millis(99), "{latency:?}");
}

#[test]
fn a_rate_of_nothing_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let nowhere = plan(listener.local_addr().unwrap(), paced(1, 64, 0, 1));
    assert_eq!(
        run(&nowhere).unwrap_err().kind(),
        io::ErrorKind::InvalidInput
    );
}

#[test]
fn a_part_may_end_by_time() {
    let time = Amount::Time(Duration::from_millis(5));
    let work = Work::Echo {
        connections: 2,
        size: 64,
        warm_up: time,
        measured: time,
    };
    let (found, echoed) = against_the_loop(4096, work);
    assert!(found.operations > 0 && found.wall >= Duration::from_millis(5));
    assert_eq!(found.bytes, echoed);
}

#[test]
fn connections_come_and_go() {
    let work = Work::Churn {
        at_once: 4,
        size: 64,
        warm_up: 10,
        measured: 100,
    };
    let (found, echoed) = against_the_loop(4096, work);
    assert_eq!(
        (found.operations, found.bytes, echoed),
        (100, 110 * 64, 110 * 64)
    );
}

#[test]
fn bytes_go_through_one_connection_in_bulk() {
    // More than the kernel's buffers hold: the loop must wait to write.
    let (warm_up, measured) = (1 << 20, 64 << 20);
    let (found, echoed) = against_the_loop(65_536, Work::Bulk { warm_up, measured });
    assert_eq!(found.operations, measured / 1024);
    assert_eq!(
        (found.bytes, echoed),
        (warm_up + measured, warm_up + measured)
    );
}

#[test]
fn idle_connections_wait_for_the_servers_end() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let client = thread::spawn(move || run(&plan(address, Work::Idle { connections: 3 })));
    let mut idle: Vec<TcpStream> = (0..3).map(|_| listener.accept().unwrap().0).collect();
    let last = listener.accept().unwrap().0;
    assert!(!client.is_finished(), "it waits for the last one's end");
    drop(last);
    assert_eq!(client.join().unwrap().unwrap().operations, 3);
    assert_eq!(idle[0].read(&mut [0]).unwrap(), 0, "they are gone too");
}

#[test]
fn a_server_that_goes_away_is_an_error() {
    let said = against(echo(1, 64, 100), |mut stream| {
        let mut message = [0; 64];
        stream.read_exact(&mut message).unwrap();
        stream.write_all(&message).unwrap();
        stream.read_exact(&mut message).unwrap();
    });
    assert_eq!(
        said,
        "the server closed connection 0 in the middle, after 1 messages of all"
    );
    let said = against(
        Work::Bulk {
            warm_up: 0,
            measured: 1 << 20,
        },
        |mut stream| {
            stream.read_exact(&mut [0; 1024]).unwrap();
        },
    );
    assert!(
        said.contains("the connection: ") || said.contains("in the middle"),
        "{said}"
    );
}

#[test]
fn a_server_that_sends_other_bytes_is_an_error() {
    let garble = |mut stream: TcpStream| {
        let mut message = [0; 64];
        stream.read_exact(&mut message).unwrap();
        message[63] ^= 1;
        stream.write_all(&message).unwrap();
        let _ = stream.read(&mut message);
    };
    let said = against(echo(1, 64, 100), garble);
    assert_eq!(said, "connection 0 sent back other bytes than it was sent");
    assert_eq!(
        against(paced(1, 64, 1000, 100), garble),
        "connection 0 sent back other bytes than it was sent"
    );
    let work = Work::Churn {
        at_once: 1,
        size: 64,
        warm_up: 0,
        measured: 9,
    };
    assert!(against(work, garble).ends_with("other bytes than it was sent"));
    let said = against(echo(1, 64, 100), |mut stream| {
        let _ = stream.write_all(&[0; 4096]);
        let _ = stream.read_to_end(&mut Vec::new());
    });
    assert!(said.contains("other bytes"), "more than was sent: {said}");
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let gone = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let error = run(&plan(gone, echo(1, 64, 1))).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    assert!(error.to_string().contains(&gone.to_string()), "{error}");
}
