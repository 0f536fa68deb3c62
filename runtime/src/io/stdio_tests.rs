//! The process's streams, in a process of their own: this test program, called
//! again to run the one test that plays it.

use std::env;
use std::future::poll_fn;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use super::*;
use crate::io::{AsyncBufReadExt, BufReader};
use crate::process_testing;
use crate::runtime::Builder;

const PLAYS: &str = "KOLO_STDIO_TEST";

/// Runs this program with one test, which plays `part` on what it reads.
fn play(part: &str, input: &str) -> Output {
    let mut again = Command::new(env::current_exe().unwrap());
    again
        .args([
            "--exact",
            "io::stdio::tests::the_other_process",
            "--nocapture",
        ])
        .env(PLAYS, part)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = process_testing::start(&mut again).unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output
}

/// Not a test of its own: does nothing unless [`play`] called it.
#[test]
fn the_other_process() {
    let Ok(part) = env::var(PLAYS) else {
        return;
    };
    let runtime = Builder::new_current_thread().build().unwrap();
    match part.as_str() {
        "echo" => runtime.block_on(echo()),
        "hasty" => runtime.block_on(hasty()),
        other => panic!("no part {other}"),
    }
}

async fn put<W: AsyncWrite + Unpin>(writer: &mut W, mut text: &[u8]) {
    while !text.is_empty() {
        let put = poll_fn(|cx| Pin::new(&mut *writer).poll_write(cx, text)).await;
        text = &text[put.unwrap()..];
    }
}

/// Lines in upper case to stdout, their lengths to stderr.
async fn echo() {
    let mut lines = BufReader::new(stdin()).lines();
    let (mut out, mut err) = (stdout(), stderr());
    while let Some(line) = lines.next_line().await.unwrap() {
        put(&mut out, format!("<{}>\n", line.to_uppercase()).as_bytes()).await;
        put(&mut err, format!("[{}]\n", line.len()).as_bytes()).await;
    }
    poll_fn(|cx| Pin::new(&mut out).poll_shutdown(cx))
        .await
        .unwrap();
    poll_fn(|cx| Pin::new(&mut err).poll_flush(cx))
        .await
        .unwrap();
}

/// Ends with the last write accepted and not flushed.
async fn hasty() {
    let mut out = stdout();
    put(&mut out, "<long>\n".repeat(20_000).as_bytes()).await;
    put(&mut out, b"<the last>\n").await;
}

/// What the part said, without what the test program around it says.
fn marked(output: &[u8], open: char) -> Vec<String> {
    let text = String::from_utf8(output.to_vec()).unwrap();
    text.lines()
        .filter(|line| line.starts_with(open))
        .map(str::to_owned)
        .collect()
}

#[test]
fn what_comes_in_goes_out() {
    let output = play("echo", "one\nthree\n\nlast");
    assert_eq!(
        marked(&output.stdout, '<'),
        ["<ONE>", "<THREE>", "<>", "<LAST>"]
    );
    assert_eq!(marked(&output.stderr, '['), ["[3]", "[5]", "[0]", "[4]"]);
}

#[test]
fn what_was_accepted_is_out_when_the_program_ends() {
    let output = play("hasty", "");
    let said = marked(&output.stdout, '<');
    assert_eq!(said.len(), 20_001);
    assert_eq!(said.last().unwrap(), "<the last>");
}

#[test]
fn they_are_the_processs_descriptors() {
    assert_eq!(stdin().as_raw_fd(), 0);
    assert_eq!(stdout().as_raw_fd(), 1);
    assert_eq!(stderr().as_fd().as_raw_fd(), 2);
}

#[test]
fn they_may_go_anywhere() {
    fn is<T: Send + Sync + Unpin>() {}
    is::<Stdin>();
    is::<Stdout>();
    is::<Stderr>();
}
