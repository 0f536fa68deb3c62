//! One job at a time: what a write promises, what a flush waits for, what a read
//! that was given up leaves behind.

use std::future::poll_fn;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use super::*;
use crate::runtime::{Builder, Runtime, is_rt_shutdown_err};
use crate::sync::testing::by_hand;
use crate::task::coop;

/// A descriptor that blocks in each call until the test says how it goes.
struct Gated {
    orders: Receiver<Order>,
    deeds: Sender<Deed>,
}

#[derive(Debug)]
enum Order {
    Give(&'static str),
    Take,
    Fail(ErrorKind),
}

#[derive(Debug, PartialEq, Eq)]
enum Deed {
    /// With room for so many bytes.
    Read(usize),
    Write(usize),
    Flush,
}

impl Gated {
    fn obey(&mut self, deed: Deed) -> io::Result<&'static str> {
        // A test that has ended lets everything go on.
        let order = self.orders.recv().unwrap_or(Order::Fail(ErrorKind::Other));
        let _ = self.deeds.send(deed);
        match order {
            Order::Give(text) => Ok(text),
            Order::Take => Ok(""),
            Order::Fail(kind) => Err(kind.into()),
        }
    }
}

impl Read for Gated {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let text = self.obey(Deed::Read(buf.len()))?;
        buf[..text.len()].copy_from_slice(text.as_bytes());
        Ok(text.len())
    }
}

impl Write for Gated {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.obey(Deed::Write(buf.len())).map(|_| buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.obey(Deed::Flush).map(|_| ())
    }
}

type Io = BlockingIo<Gated>;

fn gated() -> (Io, Sender<Order>, Receiver<Deed>) {
    let (order, orders) = channel();
    let (deed, deeds) = channel();
    let gated = Gated {
        orders,
        deeds: deed,
    };
    (BlockingIo::new(gated), order, deeds)
}

fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

async fn read(io: &mut Io, room: usize) -> io::Result<String> {
    let mut bytes = vec![0; room];
    let read = poll_fn(|cx| {
        let mut buf = ReadBuf::new(&mut bytes);
        io.poll_read(cx, &mut buf).map_ok(|()| buf.filled().len())
    })
    .await?;
    bytes.truncate(read);
    Ok(String::from_utf8(bytes).unwrap())
}

async fn write(io: &mut Io, bytes: &[u8]) -> io::Result<usize> {
    poll_fn(|cx| io.poll_write(cx, bytes)).await
}

async fn flush(io: &mut Io) -> io::Result<()> {
    poll_fn(|cx| io.poll_flush(cx)).await
}

#[track_caller]
fn assert_kind<T: std::fmt::Debug>(result: io::Result<T>, kind: ErrorKind) {
    assert_eq!(result.unwrap_err().kind(), kind);
}

#[test]
fn a_write_answers_before_it_is_done_and_the_next_waits_for_it() {
    let runtime = runtime();
    let _context = runtime.enter();
    let (mut io, order, deeds) = gated();
    assert_eq!(by_hand(write(&mut io, b"first")).ready().unwrap(), 5);
    let mut second = by_hand(write(&mut io, b"two"));
    second.assert_pending();
    assert!(deeds.try_recv().is_err());
    order.send(Order::Take).unwrap();
    assert_eq!(runtime.block_on(second.future.as_mut()).unwrap(), 3);
    drop(second);
    order.send(Order::Take).unwrap();
    order.send(Order::Take).unwrap();
    runtime.block_on(flush(&mut io)).unwrap();
    drop((io, order));
    assert_eq!(
        deeds.iter().collect::<Vec<_>>(),
        [Deed::Write(5), Deed::Write(3), Deed::Flush]
    );
}

#[test]
fn a_flush_waits_for_the_write_and_flushes_once() {
    let runtime = runtime();
    let _context = runtime.enter();
    let (mut io, order, deeds) = gated();
    // Nothing was written: there is nothing to do.
    by_hand(flush(&mut io)).ready().unwrap();
    by_hand(write(&mut io, b"x")).ready().unwrap();
    let mut given_up = by_hand(flush(&mut io));
    given_up.assert_pending();
    drop(given_up);
    order.send(Order::Take).unwrap();
    assert_eq!(deeds.recv().unwrap(), Deed::Write(1));
    order.send(Order::Take).unwrap();
    runtime.block_on(flush(&mut io)).unwrap();
    assert_eq!(deeds.recv().unwrap(), Deed::Flush);
    by_hand(flush(&mut io)).ready().unwrap();
    drop((io, order));
    assert_eq!(deeds.iter().count(), 0);
}

#[test]
fn what_went_wrong_is_said_by_the_next_call_and_once() {
    let runtime = runtime();
    let _context = runtime.enter();
    let (mut io, order, _deeds) = gated();
    by_hand(write(&mut io, b"x")).ready().unwrap();
    order.send(Order::Fail(ErrorKind::StorageFull)).unwrap();
    assert_kind(
        runtime.block_on(write(&mut io, b"y")),
        ErrorKind::StorageFull,
    );
    by_hand(write(&mut io, b"y")).ready().unwrap();
    order.send(Order::Fail(ErrorKind::BrokenPipe)).unwrap();
    assert_kind(runtime.block_on(flush(&mut io)), ErrorKind::BrokenPipe);
    order.send(Order::Fail(ErrorKind::TimedOut)).unwrap();
    assert_kind(runtime.block_on(flush(&mut io)), ErrorKind::TimedOut);
    by_hand(flush(&mut io)).ready().unwrap();
}

#[test]
fn a_write_that_is_given_up_has_accepted_nothing() {
    let runtime = runtime();
    let _context = runtime.enter();
    let (mut io, order, deeds) = gated();
    by_hand(write(&mut io, b"a")).ready().unwrap();
    by_hand(write(&mut io, b"given up")).assert_pending();
    order.send(Order::Take).unwrap();
    order.send(Order::Take).unwrap();
    runtime.block_on(flush(&mut io)).unwrap();
    drop((io, order));
    let deeds: Vec<_> = deeds.iter().collect();
    assert_eq!(deeds, [Deed::Write(1), Deed::Flush]);
}

#[test]
fn one_job_moves_so_many_bytes_and_no_more() {
    let runtime = runtime();
    let _context = runtime.enter();
    let (mut io, order, deeds) = gated();
    let much = vec![b'x'; MOST + 1];
    assert_eq!(by_hand(write(&mut io, &much)).ready().unwrap(), MOST);
    order.send(Order::Take).unwrap();
    assert_eq!(deeds.recv().unwrap(), Deed::Write(MOST));

    let (mut io, order, deeds) = gated();
    order.send(Order::Give("a")).unwrap();
    assert_eq!(runtime.block_on(read(&mut io, MOST + 1)).unwrap(), "a");
    assert_eq!(deeds.recv().unwrap(), Deed::Read(MOST));
}

#[test]
fn to_read_or_write_nothing_takes_no_job() {
    let runtime = runtime();
    let _context = runtime.enter();
    let (mut io, order, deeds) = gated();
    assert_eq!(by_hand(read(&mut io, 0)).ready().unwrap(), "");
    assert_eq!(by_hand(write(&mut io, b"")).ready().unwrap(), 0);
    drop((io, order));
    assert_eq!(deeds.iter().count(), 0);
}

#[test]
fn a_read_asks_for_what_its_caller_has_room_for() {
    let runtime = runtime();
    let (mut io, order, deeds) = gated();
    for (text, room) in [("ab", 5), ("abc", 3), ("", 7)] {
        order.send(Order::Give(text)).unwrap();
        assert_eq!(runtime.block_on(read(&mut io, room)).unwrap(), text);
        assert_eq!(deeds.recv().unwrap(), Deed::Read(room));
    }
}

#[test]
fn a_read_that_is_given_up_leaves_its_bytes_for_the_next() {
    let runtime = runtime();
    let _context = runtime.enter();
    let (mut io, order, deeds) = gated();
    by_hand(read(&mut io, 8)).assert_pending();
    order.send(Order::Give("abcdef")).unwrap();
    assert_eq!(runtime.block_on(read(&mut io, 2)).unwrap(), "ab");
    assert_eq!(by_hand(read(&mut io, 3)).ready().unwrap(), "cde");
    assert_eq!(by_hand(read(&mut io, 3)).ready().unwrap(), "f");
    order.send(Order::Give("g")).unwrap();
    assert_eq!(runtime.block_on(read(&mut io, 3)).unwrap(), "g");
    let deeds: Vec<_> = deeds.try_iter().collect();
    assert_eq!(deeds, [Deed::Read(8), Deed::Read(3)]);
}

/// Asked again, a terminal would wait for more.
#[test]
fn an_end_that_a_given_up_read_met_is_the_next_reads_end() {
    let runtime = runtime();
    let _context = runtime.enter();
    let (mut io, order, deeds) = gated();
    by_hand(read(&mut io, 8)).assert_pending();
    order.send(Order::Give("")).unwrap();
    assert_eq!(runtime.block_on(read(&mut io, 8)).unwrap(), "");
    drop((io, order));
    assert_eq!(deeds.iter().collect::<Vec<_>>(), [Deed::Read(8)]);
}

#[test]
fn a_read_that_fails_is_an_error_and_an_interrupted_one_is_repeated() {
    let runtime = runtime();
    let (mut io, order, deeds) = gated();
    order.send(Order::Fail(ErrorKind::TimedOut)).unwrap();
    assert_kind(runtime.block_on(read(&mut io, 2)), ErrorKind::TimedOut);
    order.send(Order::Fail(ErrorKind::Interrupted)).unwrap();
    order.send(Order::Give("ok")).unwrap();
    assert_eq!(runtime.block_on(read(&mut io, 2)).unwrap(), "ok");
    assert_eq!(deeds.try_iter().count(), 3);
}

#[test]
fn a_panic_in_a_job_is_an_error() {
    let runtime = runtime();
    let (mut io, order, _deeds) = gated();
    // More than the caller has room for: a reader that is wrong.
    order.send(Order::Give("too much")).unwrap();
    let error = runtime.block_on(read(&mut io, 2)).unwrap_err();
    assert_eq!(error.to_string(), "task panicked");
    // The descriptor is gone with the job.
    assert!(runtime.block_on(read(&mut io, 2)).is_err());
}

#[test]
fn without_a_runtime_it_panics_and_nothing_is_lost() {
    let (mut io, order, _deeds) = gated();
    let panics = thread::scope(|scope| {
        let outside = scope.spawn(|| by_hand(read(&mut io, 2)).poll().is_pending());
        outside.join().unwrap_err()
    });
    let text = panics.downcast_ref::<String>().unwrap();
    assert!(text.contains("there is no reactor running"), "{text}");
    order.send(Order::Give("ok")).unwrap();
    assert_eq!(runtime().block_on(read(&mut io, 2)).unwrap(), "ok");
}

#[test]
fn a_runtime_that_is_shut_down_keeps_what_writes_promised() {
    let runtime = Builder::new_current_thread()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    let handle = runtime.handle().clone();
    let _context = handle.enter();
    let (mut occupies, go_on, _occupied) = gated();
    let (mut writes, order, deeds) = gated();
    let (mut reads, _never, _) = gated();
    by_hand(write(&mut occupies, b"first")).ready().unwrap();
    by_hand(write(&mut writes, b"promised")).ready().unwrap();
    by_hand(read(&mut reads, 1)).assert_pending();
    runtime.shutdown_background();

    // The read was not begun, and isn't.
    assert!(by_hand(read(&mut reads, 1)).ready().is_err());
    order.send(Order::Take).unwrap();
    go_on.send(Order::Take).unwrap();
    assert_eq!(deeds.recv().unwrap(), Deed::Write(8));
    // What comes later is refused.
    let mut late = by_hand(write(&mut writes, b"late"));
    let refused = loop {
        if let Poll::Ready(refused) = late.poll() {
            break refused;
        }
        thread::yield_now();
    };
    drop(late);
    assert!(is_rt_shutdown_err(&refused.unwrap_err()));
    assert!(is_rt_shutdown_err(
        &by_hand(flush(&mut writes)).ready().unwrap_err()
    ));
}

#[test]
fn what_waits_for_a_job_takes_a_unit_of_the_budget() {
    let runtime = runtime();
    let _context = runtime.enter();
    let (mut io, order, _deeds) = gated();
    by_hand(read(&mut io, 2)).assert_pending();
    order.send(Order::Give("ok")).unwrap();
    while matches!(&io.state, State::Busy(job) if !job.is_finished()) {
        thread::yield_now();
    }
    coop::with_budget(|| {
        let mut spent = 0;
        while coop::has_budget_remaining() {
            by_hand(coop::consume_budget()).ready();
            spent += 1;
        }
        assert_eq!(spent, 128);
        let mut late = by_hand(read(&mut io, 2));
        late.assert_pending();
        assert_eq!(late.take_wakes(), 1);
    });
    assert_eq!(by_hand(read(&mut io, 2)).ready().unwrap(), "ok");
}
