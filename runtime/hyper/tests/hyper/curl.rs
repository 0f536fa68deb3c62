//! A client that nobody here wrote. Where there is no curl, this says so.

use std::io::ErrorKind;
use std::net::Ipv4Addr;
use std::process::Command;

use hyper::server;
use hyper::service::service_fn;
use kolo::net::TcpListener;
use kolo_hyper::{Io, Timer};

use crate::{echo, on_kolo};

#[test]
fn curl_gets_back_what_it_sends() {
    on_kolo(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("loopback");
        let at = listener.local_addr().expect("it is bound");
        kolo::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("curl calls");
                let mut builder = server::conn::http1::Builder::new();
                builder.timer(Timer::new());
                kolo::spawn(builder.serve_connection(Io::new(stream), service_fn(echo)));
            }
        });

        let sent = "round and round ".repeat(10_000);
        let file = std::env::temp_dir().join(format!("kolo-hyper-curl-{}", std::process::id()));
        std::fs::write(&file, &sent).expect("a file");
        let curl = {
            let file = file.clone();
            kolo::task::spawn_blocking(move || {
                let mut curl = Command::new("curl");
                // Twice, on one connection; and no proxy stands on loopback.
                curl.args([
                    "--silent",
                    "--show-error",
                    "--noproxy",
                    "*",
                    "--max-time",
                    "60",
                ]);
                curl.arg("--data-binary")
                    .arg(format!("@{}", file.display()));
                let url = format!("http://{at}/");
                curl.args([&*url, &*url]).output()
            })
        };
        let ended = curl.await.expect("no panic");
        std::fs::remove_file(&file).expect("it is ours");
        let output = match ended {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return eprintln!("skipped: there is no curl");
            }
            ended => ended.expect("curl starts"),
        };
        assert!(output.status.success(), "{output:?}");
        assert!(output.stdout == sent.repeat(2).as_bytes());
    });
}
