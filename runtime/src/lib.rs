//! An async runtime, written to be read: a loop on one thread with its timers,
//! sockets, channels and locks, in tokio's shape.
//!
//! ```
//! use kolo::sync::mpsc;
//! use kolo::time::{Duration, sleep, timeout};
//!
//! #[kolo::main(flavor = "current_thread")]
//! async fn main() {
//!     let (tx, mut rx) = mpsc::channel(8);
//!     kolo::spawn(async move {
//!         for n in 1..=3 {
//!             sleep(Duration::from_millis(1)).await;
//!             tx.send(n * n).await.unwrap();
//!         }
//!     });
//!
//!     let mut sum = 0;
//!     while let Some(square) = timeout(Duration::from_secs(1), rx.recv()).await.unwrap() {
//!         sum += square;
//!     }
//!     assert_eq!(sum, 14);
//! }
//! ```
//!
//! # What is here
//!
//! | module | holds |
//! |---|---|
//! | [`runtime`] | [`Builder`](runtime::Builder), [`Runtime`](runtime::Runtime), [`Handle`](runtime::Handle), [`LocalRuntime`](runtime::LocalRuntime): build one, run a future on it, shut it down |
//! | [`task`] | [`spawn`], [`spawn_blocking`](task::spawn_blocking), [`JoinHandle`](task::JoinHandle), [`JoinSet`](task::JoinSet), [`LocalSet`](task::LocalSet), [`yield_now`](task::yield_now), the cooperative budget |
//! | [`time`] | [`sleep`](time::sleep()), [`timeout`](time::timeout()), [`interval`](time::interval()), a clock that tests can pause |
//! | [`io`] | [`AsyncRead`](io::AsyncRead), [`AsyncWrite`](io::AsyncWrite) and what is built on them: buffers, lines, copies, halves, streams in memory; [`AsyncFd`](io::unix::AsyncFd) for a descriptor of any kind |
//! | [`net`] | [`TcpListener`](net::TcpListener), [`TcpStream`](net::TcpStream), [`UdpSocket`](net::UdpSocket), Unix sockets and pipes |
//! | [`fs`] | [`File`](fs::File) and std's file functions, on the blocking pool |
//! | [`signal`] | [`ctrl_c`](signal::ctrl_c()), Unix signals |
//! | [`sync`] | [`mpsc`](sync::mpsc), [`oneshot`](sync::oneshot), [`Queue`](sync::Queue), [`Mutex`](sync::Mutex), [`Semaphore`](sync::Semaphore), [`Notify`](sync::Notify) |
//! | macros | [`select!`], [`join!`], [`try_join!`], [`pin!`], [`#[main]`](macro@main), [`#[test]`](macro@test) |
//!
//! # Beside tokio
//!
//! Where tokio has a thing, its name, signature and meaning are tokio's, so that a
//! program written for tokio compiles with one line more:
//!
//! ```
//! extern crate kolo as tokio;
//! # fn main() {
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! assert_eq!(tokio::spawn(async { 6 * 7 }).await.unwrap(), 42);
//! # });
//! # }
//! ```
//!
//! Beyond tokio there are [`sync::Queue`], asyncio's queue, and timers that are
//! finer than a millisecond.
//!
//! Not here: processes, `broadcast`, `watch`,
//! `RwLock`, `Barrier`, `OnceCell`, `task_local!`. I/O is looked at through
//! `epoll`; there is no io_uring, and nothing is promised for Windows.
//!
//! # Reading order
//!
//! Each file opens with the question that it answers, and ends that opening with
//! what to read next. Imports point down this list, or stay within a line of it:
//!
//! 1. `task/`: `state.rs`, the word that says where a task is in its life; `cell.rs`,
//!    what it occupies; `runnable.rs`, how it is polled; `waker.rs`, how it is woken.
//! 2. `executor/`: `current_thread.rs`, the whole policy of the loop; `gate.rs`, its
//!    door to other threads; `pace.rs`, how long it runs before it looks around. Then
//!    `multi_thread/`, the executor of many: `mod.rs`, `worker.rs`, IDLE.md.
//! 3. `park.rs`, `driver/`: where a thread sleeps; `driver/readiness.rs` and
//!    `registrations.rs`, `driver/timers.rs` and `wheel.rs`, what it sleeps for;
//!    `blocking.rs`, where code runs that blocks.
//! 4. `handle.rs`: which runtime am I in?
//! 5. `time/`, `io/`, `net/`, `fs/`, `signal/`, `sync/`: the futures that tasks await.
//!    In `io/`, `registered.rs` first, in `sync/`, `wait_list.rs`.
//! 6. `runtime/`: what is built of it all.
//!
//! # One poll, one wake, one sleep
//!
//! A task that awaits an empty channel leaves a waker there and answers `Pending`
//! (`sync/mpsc/`). A send calls that waker (`task/waker.rs`), which sets SCHEDULED in
//! the task's word and so makes its one runnable (`task/state.rs`). The executor puts
//! the runnable at the back of its run queue, or, called by another thread, takes it
//! in through the gate (`executor/current_thread.rs`, `executor/gate.rs`). The loop
//! pops it and polls the task (`task/runnable.rs`). When none is left, it asks the
//! gate whether it may sleep, and the driver for how long (`driver/mod.rs`,
//! `driver/timers.rs`); an event, a deadline or an unpark ends that, and the wakers
//! that it fires begin it all again.
#![warn(missing_docs)]

// The attributes name the library by the name that their caller knows.
extern crate self as kolo;

// The modules, in reading order.

pub mod task;

mod executor;

mod park;

mod driver;

mod blocking;

mod handle;

pub mod time;

pub mod sync;

pub mod io;

pub mod net;

pub mod fs;

pub mod signal;

mod join_set;

pub mod runtime;

// What the macros expand to in other crates.
#[doc(hidden)]
pub mod macros;

// Below all of these: what is observed, and small leaves.
mod loom;
#[cfg(all(test, not(loom)))]
mod process_testing;
mod sys;
mod trace;
mod util;

pub use handle::spawn;
pub use kolo_macros::{main, test};
