//! Streams in memory: bounds, ends in both directions, wakers, the budget.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::task::Wake;

use proptest::prelude::*;

use super::*;
use crate::sync::testing::{ByHand, by_hand};
use crate::task::coop;

fn read<R: AsyncRead + Unpin>(
    reader: &mut R,
    room: usize,
) -> ByHand<impl Future<Output = io::Result<Vec<u8>>>> {
    by_hand(poll_fn(move |cx| {
        let mut bytes = vec![0; room];
        let mut buf = ReadBuf::new(&mut bytes);
        let poll = Pin::new(&mut *reader).poll_read(cx, &mut buf);
        poll.map_ok(|()| buf.filled().to_vec())
    }))
}

fn write<W: AsyncWrite + Unpin>(
    writer: &mut W,
    bytes: &[u8],
) -> ByHand<impl Future<Output = io::Result<usize>>> {
    by_hand(poll_fn(move |cx| {
        Pin::new(&mut *writer).poll_write(cx, bytes)
    }))
}

fn write_vectored<W: AsyncWrite + Unpin>(
    writer: &mut W,
    bufs: &[&[u8]],
) -> ByHand<impl Future<Output = io::Result<usize>>> {
    by_hand(poll_fn(move |cx| {
        let slices: Vec<_> = bufs.iter().map(|b| IoSlice::new(b)).collect();
        Pin::new(&mut *writer).poll_write_vectored(cx, &slices)
    }))
}

fn shutdown<W: AsyncWrite + Unpin>(writer: &mut W) {
    by_hand(poll_fn(|cx| Pin::new(&mut *writer).poll_shutdown(cx)))
        .ready()
        .unwrap();
}

#[track_caller]
fn assert_broken<T: fmt::Debug>(result: io::Result<T>) {
    assert_eq!(result.unwrap_err().kind(), ErrorKind::BrokenPipe);
}

#[test]
fn each_reads_what_the_other_writes() {
    let (mut a, mut b) = duplex(8);
    assert_eq!(write(&mut a, b"ping").ready().unwrap(), 4);
    assert_eq!(write(&mut b, b"pong!").ready().unwrap(), 5);
    assert_eq!(read(&mut b, 8).ready().unwrap(), b"ping");
    assert_eq!(read(&mut a, 3).ready().unwrap(), b"pon");
    assert_eq!(read(&mut a, 3).ready().unwrap(), b"g!");
}

#[test]
fn a_write_takes_what_fits_and_waits_when_nothing_does() {
    let (mut a, mut b) = duplex(4);
    assert_eq!(write(&mut a, b"abcdef").ready().unwrap(), 4);
    let mut waits = write(&mut a, b"ef");
    waits.assert_pending();
    assert_eq!(read(&mut b, 1).ready().unwrap(), b"a");
    assert_eq!(waits.take_wakes(), 1);
    assert_eq!(waits.ready().unwrap(), 1);
    drop(waits);
    assert_eq!(read(&mut b, 9).ready().unwrap(), b"bcde");
    // The other direction has its own bound.
    assert_eq!(write(&mut b, b"uvwxyz").ready().unwrap(), 4);
}

#[test]
fn slices_are_written_in_order_as_far_as_they_fit() {
    let (mut a, mut b) = duplex(6);
    assert!(a.is_write_vectored());
    let slices: [&[u8]; 4] = [b"ab", b"", b"cdef", b"gh"];
    assert_eq!(write_vectored(&mut a, &slices).ready().unwrap(), 6);
    let mut waits = write_vectored(&mut a, &slices[3..]);
    waits.assert_pending();
    assert_eq!(read(&mut b, 9).ready().unwrap(), b"abcdef");
    assert_eq!(waits.take_wakes(), 1);
    assert_eq!(waits.ready().unwrap(), 2);
}

#[test]
fn a_reader_waits_for_a_write_and_is_woken_once() {
    let (mut a, mut b) = duplex(4);
    let mut waits = read(&mut b, 9);
    waits.assert_pending();
    waits.assert_pending();
    write(&mut a, b"x").ready().unwrap();
    write(&mut a, b"y").ready().unwrap();
    assert_eq!(waits.take_wakes(), 1);
    assert_eq!(waits.ready().unwrap(), b"xy");
}

#[test]
fn after_a_drop_the_peer_reads_what_is_left_and_then_the_end() {
    let (mut a, mut b) = duplex(4);
    write(&mut a, b"last").ready().unwrap();
    drop(a);
    assert_eq!(read(&mut b, 3).ready().unwrap(), b"las");
    assert_eq!(read(&mut b, 3).ready().unwrap(), b"t");
    for _ in 0..2 {
        assert_eq!(read(&mut b, 3).ready().unwrap(), b"");
    }
}

#[test]
fn after_a_drop_the_peers_writes_fail_empty_ones_too() {
    let (mut a, b) = duplex(4);
    drop(b);
    assert_broken(write(&mut a, b"x").ready());
    assert_broken(write(&mut a, b"").ready());
    assert_broken(write_vectored(&mut a, &[]).ready());
}

#[test]
fn a_drop_wakes_whoever_waits_for_the_one_that_is_dropped() {
    let (mut a, b) = duplex(1);
    let mut reader = read(&mut a, 1);
    reader.assert_pending();
    drop(b);
    assert_eq!(reader.take_wakes(), 1);
    assert_eq!(reader.ready().unwrap(), b"");

    let (mut a, b) = duplex(1);
    write(&mut a, b"x").ready().unwrap();
    let mut writer = write(&mut a, b"y");
    writer.assert_pending();
    drop(b);
    assert_eq!(writer.take_wakes(), 1);
    assert_broken(writer.ready());
}

#[test]
fn a_shutdown_ends_one_direction() {
    let (mut a, mut b) = duplex(4);
    write(&mut a, b"end").ready().unwrap();
    let mut writer = read(&mut b, 3);
    writer.ready().unwrap();
    writer.assert_pending();
    shutdown(&mut a);
    assert_eq!(writer.take_wakes(), 1);
    assert_eq!(writer.ready().unwrap(), b"");
    drop(writer);
    assert_broken(write(&mut a, b"x").ready());
    // The way back is open.
    write(&mut b, b"more").ready().unwrap();
    assert_eq!(read(&mut a, 4).ready().unwrap(), b"more");
    shutdown(&mut a);
}

#[test]
fn nothing_is_read_and_written_without_waiting() {
    let (mut a, _b) = duplex(1);
    assert_eq!(read(&mut a, 0).ready().unwrap(), b"");
    write(&mut a, b"x").ready().unwrap();
    assert_eq!(write(&mut a, b"").ready().unwrap(), 0);
    assert_eq!(write_vectored(&mut a, &[b"", b""]).ready().unwrap(), 0);
}

#[test]
fn to_read_or_write_nothing_wakes_nobody() {
    let (mut a, mut b) = duplex(1);
    write(&mut a, b"x").ready().unwrap();
    let mut writer = write(&mut a, b"y");
    writer.assert_pending();
    read(&mut b, 0).ready().unwrap();
    assert_eq!(writer.take_wakes(), 0);

    let (mut a, mut b) = duplex(1);
    let mut reader = read(&mut b, 1);
    reader.assert_pending();
    write(&mut a, b"").ready().unwrap();
    assert_eq!(reader.take_wakes(), 0);
}

#[test]
fn what_is_given_up_has_moved_nothing() {
    let (mut a, mut b) = duplex(2);
    read(&mut b, 2).assert_pending();
    write(&mut a, b"ab").ready().unwrap();
    write(&mut a, b"cd").assert_pending();
    write_vectored(&mut a, &[b"ef"]).assert_pending();
    assert_eq!(read(&mut b, 9).ready().unwrap(), b"ab");
    read(&mut b, 9).assert_pending();
}

#[test]
fn the_last_task_to_poll_is_woken_and_the_others_wakers_are_gone() {
    let (mut a, mut b) = duplex(1);
    let mut reader = read(&mut b, 1);
    reader.assert_pending();
    let old = reader.change_task();
    reader.assert_pending();
    assert_eq!((old.wakers(), reader.wakers()), (0, 1));
    write(&mut a, b"x").ready().unwrap();
    assert_eq!((old.take_wakes(), reader.take_wakes()), (0, 1));
    assert_eq!(reader.wakers(), 0);
}

/// A waker that notes whether the pipe's lock is free when it is woken and dropped.
struct Witness {
    pipe: Arc<Mutex<Pipe>>,
    seen: Arc<Mutex<Vec<(&'static str, bool)>>>,
}

impl Witness {
    fn see(&self, what: &'static str) {
        let free = self.pipe.try_lock().is_some();
        self.seen.lock().push((what, free));
    }
}

impl Wake for Witness {
    fn wake(self: Arc<Self>) {
        self.see("woken");
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.see("dropped");
    }
}

type Seen = Arc<Mutex<Vec<(&'static str, bool)>>>;

const WOKEN: [(&str, bool); 2] = [("woken", true), ("dropped", true)];
const DROPPED: [(&str, bool); 1] = [("dropped", true)];

fn witness(pipe: &Arc<Mutex<Pipe>>) -> (Waker, Seen) {
    let (pipe, seen) = (pipe.clone(), Seen::default());
    let witness = Witness {
        pipe,
        seen: seen.clone(),
    };
    (Waker::from(Arc::new(witness)), seen)
}

/// Has a witness wait for bytes.
fn witness_reads(reader: &mut DuplexStream) -> Seen {
    let (waker, seen) = witness(&reader.incoming);
    let mut cx = Context::from_waker(&waker);
    let poll = Pin::new(reader).poll_read(&mut cx, &mut ReadBuf::new(&mut [0]));
    assert!(poll.is_pending());
    seen
}

/// Has a witness wait for room, which a write before it takes.
fn witness_writes(writer: &mut DuplexStream) -> Seen {
    let (waker, seen) = witness(&writer.outgoing);
    let mut cx = Context::from_waker(&waker);
    while Pin::new(&mut *writer).poll_write(&mut cx, b"x").is_ready() {}
    seen
}

#[test]
fn a_readers_waker_is_woken_and_dropped_with_the_lock_free() {
    let (mut a, mut b) = duplex(1);
    let seen = witness_reads(&mut b);
    write(&mut a, b"x").ready().unwrap();
    assert_eq!(*seen.lock(), WOKEN);

    read(&mut b, 1).ready().unwrap();
    let seen = witness_reads(&mut b);
    write_vectored(&mut a, &[b"x"]).ready().unwrap();
    assert_eq!(*seen.lock(), WOKEN);

    read(&mut b, 1).ready().unwrap();
    let seen = witness_reads(&mut b);
    read(&mut b, 1).assert_pending();
    assert_eq!(*seen.lock(), DROPPED);

    let seen = witness_reads(&mut b);
    shutdown(&mut a);
    assert_eq!(*seen.lock(), WOKEN);

    let seen = witness_reads(&mut a);
    drop(b);
    assert_eq!(*seen.lock(), WOKEN);
}

#[test]
fn a_writers_waker_is_woken_and_dropped_with_the_lock_free() {
    let (mut a, mut b) = duplex(1);
    let seen = witness_writes(&mut a);
    read(&mut b, 1).ready().unwrap();
    assert_eq!(*seen.lock(), WOKEN);

    let seen = witness_writes(&mut a);
    write(&mut a, b"x").assert_pending();
    assert_eq!(*seen.lock(), DROPPED);

    let seen = witness_writes(&mut a);
    drop(b);
    assert_eq!(*seen.lock(), WOKEN);
}

/// The peer may live on for long; it has no use for them.
#[test]
fn dropped_it_lets_go_of_its_own_wakers() {
    let (mut a, _b) = duplex(1);
    let (reads, writes) = (witness_reads(&mut a), witness_writes(&mut a));
    drop(a);
    assert_eq!(*reads.lock(), DROPPED);
    assert_eq!(*writes.lock(), DROPPED);
}

#[test]
fn each_read_and_each_write_takes_a_unit_of_the_budget() {
    let (mut a, mut b) = duplex(8);
    coop::with_budget(|| {
        for _ in 0..32 {
            write(&mut a, b"a").ready().unwrap();
            write_vectored(&mut a, &[b"b"]).ready().unwrap();
            // What has to wait costs nothing.
            read(&mut a, 1).assert_pending();
            assert_eq!(read(&mut b, 2).ready().unwrap(), b"ab");
            read(&mut b, 0).ready().unwrap();
        }
        assert!(!coop::has_budget_remaining());
        // Pending, although there is room, and woken to come again.
        let mut late = write(&mut a, b"c");
        late.assert_pending();
        assert_eq!(late.take_wakes(), 1);
        drop(late);
        let mut late = read(&mut b, 1);
        late.assert_pending();
        assert_eq!(late.take_wakes(), 1);
    });
    assert_eq!(write(&mut a, b"c").ready().unwrap(), 1);
    assert_eq!(read(&mut b, 9).ready().unwrap(), b"c");
}

#[test]
#[should_panic(expected = "`max_buf_size` must be greater than 0")]
fn a_stream_that_holds_nothing_is_refused() {
    let _ = duplex(0);
}

#[test]
#[should_panic(expected = "`max_buf_size` must be greater than 0")]
fn a_pipe_that_holds_nothing_is_refused() {
    let _ = SimplexStream::new_unsplit(0);
}

#[test]
fn a_pipe_in_one_piece_reads_what_it_wrote() {
    let mut pipe = SimplexStream::new_unsplit(4);
    assert!(pipe.is_write_vectored());
    assert_eq!(write(&mut pipe, b"abc").ready().unwrap(), 3);
    assert_eq!(write_vectored(&mut pipe, &[b"d", b"e"]).ready().unwrap(), 1);
    write(&mut pipe, b"e").assert_pending();
    assert_eq!(read(&mut pipe, 3).ready().unwrap(), b"abc");
    shutdown(&mut pipe);
    assert_broken(write(&mut pipe, b"e").ready());
    assert_eq!(read(&mut pipe, 3).ready().unwrap(), b"d");
    assert_eq!(read(&mut pipe, 3).ready().unwrap(), b"");
}

#[test]
fn the_halves_of_a_pipe_end_by_shutdown_and_not_by_drop() {
    let (mut reader, mut writer) = simplex(2);
    let mut waits = read(&mut reader, 9);
    waits.assert_pending();
    write(&mut writer, b"ab").ready().unwrap();
    assert_eq!(waits.take_wakes(), 1);
    assert_eq!(waits.ready().unwrap(), b"ab");
    waits.assert_pending();
    shutdown(&mut writer);
    assert_eq!(waits.take_wakes(), 1);
    assert_eq!(waits.ready().unwrap(), b"");
    drop(waits);

    let (mut reader, writer) = simplex(2);
    let mut waits = read(&mut reader, 9);
    waits.assert_pending();
    drop(writer);
    waits.assert_pending();
}

#[test]
fn the_halves_of_a_pipe_make_it_whole_again() {
    let (reader, mut writer) = simplex(2);
    write(&mut writer, b"ab").ready().unwrap();
    let mut pipe = reader.unsplit(writer);
    assert_eq!(read(&mut pipe, 9).ready().unwrap(), b"ab");
}

/// Woken, it reads there and then what the other half wrote.
struct ReadsAtOnce {
    reader: std::sync::Mutex<Option<ReadHalf<SimplexStream>>>,
    has_read: std::sync::Mutex<Vec<u8>>,
    /// And it panics.
    panics: bool,
}

impl Wake for ReadsAtOnce {
    fn wake(self: std::sync::Arc<Self>) {
        let mut reader = self.reader.lock().unwrap().take().unwrap();
        let read = read(&mut reader, 9).ready().unwrap();
        *self.has_read.lock().unwrap() = read;
        *self.reader.lock().unwrap() = Some(reader);
        assert!(!self.panics, "as it was told");
    }
}

#[test]
fn a_half_that_wakes_does_not_lock_out_the_other() {
    for panics in [false, true] {
        let (mut reader, mut writer) = simplex(2);
        let woken = std::sync::Arc::new(ReadsAtOnce {
            reader: std::sync::Mutex::default(),
            has_read: std::sync::Mutex::default(),
            panics,
        });
        let waker = Waker::from(woken.clone());
        let mut bytes = [0; 2];
        let poll = Pin::new(&mut reader).poll_read(
            &mut Context::from_waker(&waker),
            &mut ReadBuf::new(&mut bytes),
        );
        assert!(poll.is_pending());
        *woken.reader.lock().unwrap() = Some(reader);

        let write_now = std::panic::AssertUnwindSafe(|| write(&mut writer, b"ab").ready());
        let written = std::panic::catch_unwind(write_now);
        assert_eq!(written.is_err(), panics);
        assert_eq!(*woken.has_read.lock().unwrap(), b"ab");

        // Nothing is the worse for it.
        assert_eq!(write(&mut writer, b"c").ready().unwrap(), 1);
        let reader = woken.reader.lock().unwrap().take().unwrap();
        let mut whole = reader.unsplit(writer);
        assert_eq!(read(&mut whole, 9).ready().unwrap(), b"c");
    }
}

#[test]
fn they_may_go_anywhere() {
    fn is<T: Send + Sync + Unpin>() {}
    is::<DuplexStream>();
    is::<SimplexStream>();
}

#[test]
fn their_debug_output_says_how_full_they_are() {
    let mut pipe = SimplexStream::new_unsplit(4);
    write(&mut pipe, b"abc").ready().unwrap();
    let text = format!("{pipe:?}");
    assert!(text.contains("bytes: 3/4, closed: false"), "{text}");
}

#[derive(Clone, Debug)]
enum Act {
    Read(usize),
    Write(usize),
    Vectored(Vec<usize>),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (0..12_usize).prop_map(Act::Read),
        (0..12_usize).prop_map(Act::Write),
        prop::collection::vec(0..6_usize, 0..4).prop_map(Act::Vectored),
    ]
}

proptest! {
    /// A pipe is a queue with a bound.
    #[test]
    fn a_pipe_is_a_bounded_queue(
        capacity in 1..10_usize,
        acts in prop::collection::vec(act(), 0..80),
    ) {
        let mut pipe = SimplexStream::new_unsplit(capacity);
        let mut queue = VecDeque::new();
        let mut next = 0_u8;
        for act in acts {
            let mut bytes = |n: usize| -> Vec<u8> {
                std::iter::repeat_with(|| { next = next.wrapping_add(1); next }).take(n).collect()
            };
            let (poll, offered) = match act {
                Act::Read(room) => {
                    match read(&mut pipe, room).poll() {
                        Poll::Pending => prop_assert!(queue.is_empty() && room > 0),
                        Poll::Ready(read) => {
                            let expected = room.min(queue.len());
                            prop_assert_eq!(read.unwrap(), queue.drain(..expected).collect::<Vec<_>>());
                        }
                    }
                    continue;
                }
                Act::Write(n) => {
                    let bytes = bytes(n);
                    let poll = write(&mut pipe, &bytes).poll();
                    (poll, bytes)
                }
                Act::Vectored(lengths) => {
                    let bufs: Vec<_> = lengths.into_iter().map(bytes).collect();
                    let slices: Vec<_> = bufs.iter().map(|b| &b[..]).collect();
                    let poll = write_vectored(&mut pipe, &slices).poll();
                    (poll, bufs.concat())
                }
            };
            match poll {
                Poll::Pending => prop_assert!(queue.len() == capacity && !offered.is_empty()),
                Poll::Ready(written) => {
                    let expected = offered.len().min(capacity - queue.len());
                    prop_assert_eq!(written.unwrap(), expected);
                    queue.extend(&offered[..expected]);
                }
            }
        }
    }
}
