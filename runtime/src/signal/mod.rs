//! Signals of the operating system, as something to await.
//!
//! **How does a signal reach every task that waits for it?** The operating system
//! interrupts any thread, anywhere, so the handler does next to nothing: it marks
//! the signal and writes a byte into a socket. Whoever reads that byte, in a
//! runtime's driver, wakes the listeners of all runtimes.
//!
//! ```text
//!  handler.rs                          listeners.rs
//!  one per process                     one ear per runtime            every listener
//!
//!  SIGTERM ─► mark SIGTERM ─► byte ─┬─► ear of runtime A ─┐  read a byte?
//!  SIGHUP  ─► mark SIGHUP  ─► byte ─┤                     ├─ for each mark,    ─► wake
//!                                   └─► ear of runtime B ─┘  taken: announce it
//! ```
//!
//! Each runtime in which somebody listened has its own duplicate of the reading
//! end, its *ear*, in its own driver: so it is roused whether or not the others
//! turn theirs, and none is missed when a runtime goes away. What one ear hears is
//! announced to everyone; the ears that find the socket empty have nothing to do.
//! (The idea of a duplicate for each runtime is tokio's, `runtime/signal`; there
//! each driver has one from its start, here from its first listener.)
//!
//! Signals coalesce: a listener learns *that* a signal came since it last looked,
//! not how often. A listener hears what is announced after it was made.
//!
//! Invariants:
//!
//! - A handler once installed stays: what a program did with the signal before
//!   (to end, by default) does not come back when its last listener is dropped.
//! - The handler is safe at any instant of any thread: it takes no lock, allocates
//!   nothing, and leaves `errno` alone.
//! - A mark is set before its byte is written, and taken after the byte is read; so
//!   a mark never stays behind without a byte to announce it.
//!
//! Read next: `handler.rs`, `listeners.rs`.

mod handler;
mod listeners;
pub mod unix;

#[cfg(all(test, not(loom)))]
mod tests;

use std::io;

/// Waits for Ctrl-C (SIGINT, on Unix).
///
/// From its first poll on, Ctrl-C no longer ends the program, not even after the
/// future is dropped: the program has to do that.
///
/// # Errors
///
/// The operating system's, where no handler can be installed or no descriptors are
/// left for the process's first listener.
///
/// # Panics
///
/// Outside of a runtime, or in one without I/O enabled.
///
/// # Cancel safety
///
/// Cancelled, it has lost nothing but its own place: a Ctrl-C that comes before the
/// next `ctrl_c()` is first polled is not waited for by anybody.
///
/// ```no_run
/// # #[kolo::main(flavor = "current_thread")]
/// # async fn main() {
/// let mut seconds = 0;
/// loop {
///     kolo::select! {
///         heard = kolo::signal::ctrl_c() => break heard.expect("a handler can be installed"),
///         () = kolo::time::sleep(std::time::Duration::from_secs(1)) => seconds += 1,
///     }
/// }
/// println!("stopped after {seconds} seconds");
/// # }
/// ```
pub async fn ctrl_c() -> io::Result<()> {
    unix::signal(unix::SignalKind::interrupt())?.recv().await;
    Ok(())
}
