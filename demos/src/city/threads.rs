//! **How is HTTP served by threads that may block?** Each of them lets in one guest
//! after the other, reads a request, has it answered, and closes the connection: it would
//! otherwise wait with an idle guest while others knock. Who finds all threads busy
//! waits in the kernel's queue.
//!
//! No runtime, no hyper: `std` for the sockets, httparse for the request.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use hyper::StatusCode;

use super::api::{Answer, Refusal};

/// Who does not say within this time what it wants, is sent away.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request's head is to be no longer than this.
const LONGEST: usize = 8192;

/// A server, before and after it serves.
pub(crate) struct Server {
    listener: TcpListener,
    answered: AtomicU64,
    closing: AtomicBool,
}

impl Server {
    /// # Errors
    ///
    /// The kernel's: the port may be in use.
    pub(crate) fn bind(address: SocketAddr) -> io::Result<Self> {
        Ok(Self {
            listener: kolo_load::listen(address)?,
            answered: AtomicU64::new(0),
            closing: AtomicBool::new(false),
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
        // Relaxed: whoever reads it has joined those who count.
        self.answered.load(Ordering::Relaxed)
    }

    /// Serves on so many threads while `meanwhile` runs on this one. A view gets the
    /// method and the path.
    ///
    /// # Errors
    ///
    /// If it can't have its threads.
    pub(crate) fn serve<R>(
        &self,
        threads: u32,
        view: impl Fn(&str, &str) -> Answer + Sync,
        meanwhile: impl FnOnce() -> R,
    ) -> io::Result<R> {
        thread::scope(|scope| {
            let mut begun = Ok(());
            let mut up = 0;
            for number in 1..=threads {
                let named = thread::Builder::new().name(format!("worker {number}"));
                match named.spawn_scoped(scope, || self.work(&view)) {
                    Ok(_) => up += 1,
                    Err(error) => begun = Err(error),
                }
            }
            let result = begun.map(|()| meanwhile());
            // Release, with the Acquire in `work`: orders nothing but says so.
            self.closing.store(true, Ordering::Release);
            let address = self.address()?;
            for _ in 0..up {
                // Whoever waits for a guest gets one, and sees that it was the last.
                drop(TcpStream::connect(address));
            }
            result
        })
    }

    /// One thread: guest after guest.
    fn work(&self, view: &impl Fn(&str, &str) -> Answer) {
        loop {
            let accepted = self.listener.accept();
            if self.closing.load(Ordering::Acquire) {
                return;
            }
            match accepted {
                // A guest who leaves early knows why.
                Ok((stream, _)) => drop(self.entertain(&stream, view)),
                // No descriptor is left, or the guest has gone: soon there is one again.
                Err(_) => thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    fn entertain(
        &self,
        mut stream: &TcpStream,
        view: &impl Fn(&str, &str) -> Answer,
    ) -> io::Result<()> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut head = Vec::new();
        let answer = loop {
            let mut buffer = [0; 1024];
            match stream.read(&mut buffer)? {
                0 => return Ok(()),
                got => head.extend_from_slice(&buffer[..got]),
            }
            let mut headers = [httparse::EMPTY_HEADER; 64];
            let mut request = httparse::Request::new(&mut headers);
            match request.parse(&head) {
                Ok(httparse::Status::Complete(_)) => {
                    let (method, path) = (request.method, request.path);
                    break view(
                        method.expect("it is complete"),
                        path.expect("it is complete"),
                    );
                }
                Ok(httparse::Status::Partial) if head.len() < LONGEST => {}
                Ok(httparse::Status::Partial) => {
                    let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
                    break Refusal::new(status, "that is too long".to_owned()).into();
                }
                Err(error) => {
                    break Refusal::new(StatusCode::BAD_REQUEST, error.to_string()).into();
                }
            }
        };
        let Answer { status, body } = answer;
        let length = body.len();
        let allow = match status {
            StatusCode::METHOD_NOT_ALLOWED => "allow: GET\r\n",
            _ => "",
        };
        write!(
            stream,
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{allow}\
             content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )?;
        self.answered.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends these bytes; what comes back, to the end.
    fn told(address: SocketAddr, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(address).expect("it listens");
        stream.write_all(bytes).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        answer
    }

    fn echo(method: &str, path: &str) -> Answer {
        Answer {
            status: StatusCode::OK,
            body: format!("{method} {path}"),
        }
    }

    #[test]
    fn it_answers_and_ends() {
        let server = Server::bind(super::super::address(None)).expect("a port");
        let address = server.address().expect("bound");
        let done = server.serve(3, echo, || {
            let answer = told(address, b"GET /a HTTP/1.1\r\nhost: here\r\n\r\n");
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
            assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
            assert!(answer.ends_with("\r\n\r\nGET /a"), "{answer}");
            let answer = told(address, b"\x01\x02\r\n\r\n");
            assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
            let long = [b"GET / HTTP/1.1\r\nx: ", &[b'x'; LONGEST - 19][..]].concat();
            let answer = told(address, &long);
            assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
            // A guest who says nothing keeps one thread; there are others.
            drop(TcpStream::connect(address));
            "done"
        });
        assert_eq!(done.expect("three threads"), "done");
        assert_eq!(server.answered(), 3);
    }

    #[test]
    fn a_thread_has_one_guest_at_a_time() {
        let server = Server::bind(super::super::address(None)).expect("a port");
        let address = server.address().expect("bound");
        let guests = crate::web::guests::Guests::default();
        let view = |_: &str, _: &str| {
            let _guest = guests.welcome();
            thread::sleep(Duration::from_millis(2));
            echo("", "")
        };
        let served = server.serve(2, view, || {
            thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(move || told(address, b"GET / HTTP/1.1\r\n\r\n"));
                }
            });
        });
        served.expect("two threads");
        assert_eq!(server.answered(), 8);
        assert!(guests.most() <= 2);
    }
}
