//! **How does a thread that runs no tasks take part in a channel?** By methods
//! that sleep: the same futures, polled on that thread (`sync/blocking.rs`).
//! Inside a runtime they panic, at the caller's line.

use super::bounded::{Receiver, Sender};
use super::error::SendError;
use super::unbounded::UnboundedReceiver;
use crate::sync::blocking::wait;

impl<T> Sender<T> {
    /// Sends a message; blocks the thread while no slot is free.
    ///
    /// For code outside of async functions; inside, use [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// If the receiver was closed or dropped; the message comes back.
    ///
    /// # Panics
    ///
    /// If called from within a runtime.
    ///
    /// ```
    /// let (tx, mut rx) = kolo::sync::mpsc::channel(1);
    /// let producer = std::thread::spawn(move || {
    ///     for i in 0..3 {
    ///         tx.blocking_send(i).unwrap();
    ///     }
    /// });
    /// assert_eq!(rx.blocking_recv(), Some(0));
    /// assert_eq!(rx.blocking_recv(), Some(1));
    /// assert_eq!(rx.blocking_recv(), Some(2));
    /// assert_eq!(rx.blocking_recv(), None);
    /// # producer.join().unwrap();
    /// ```
    #[track_caller]
    pub fn blocking_send(&self, value: T) -> Result<(), SendError<T>> {
        wait(self.send(value))
    }
}

impl<T> Receiver<T> {
    /// Receives the next message; blocks the thread while there is none.
    ///
    /// For code outside of async functions; inside, use [`recv`](Self::recv),
    /// which says what `None` means. [`Sender::blocking_send`] has an example.
    ///
    /// # Panics
    ///
    /// If called from within a runtime.
    #[track_caller]
    pub fn blocking_recv(&mut self) -> Option<T> {
        wait(self.recv())
    }

    /// Appends up to `limit` messages to `buffer`; blocks the thread while there
    /// is none. See [`recv_many`](Self::recv_many).
    ///
    /// # Panics
    ///
    /// If called from within a runtime.
    #[track_caller]
    pub fn blocking_recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> usize {
        wait(self.recv_many(buffer, limit))
    }
}

impl<T> UnboundedReceiver<T> {
    /// Receives the next message; blocks the thread while there is none.
    ///
    /// For code outside of async functions; inside, use [`recv`](Self::recv),
    /// which says what `None` means.
    ///
    /// # Panics
    ///
    /// If called from within a runtime.
    ///
    /// ```
    /// let (tx, mut rx) = kolo::sync::mpsc::unbounded_channel();
    /// std::thread::spawn(move || tx.send("hello"));
    /// assert_eq!(rx.blocking_recv(), Some("hello"));
    /// assert_eq!(rx.blocking_recv(), None);
    /// ```
    #[track_caller]
    pub fn blocking_recv(&mut self) -> Option<T> {
        wait(self.recv())
    }

    /// Appends up to `limit` messages to `buffer`; blocks the thread while there
    /// is none. See [`recv_many`](Self::recv_many).
    ///
    /// # Panics
    ///
    /// If called from within a runtime.
    #[track_caller]
    pub fn blocking_recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> usize {
        wait(self.recv_many(buffer, limit))
    }
}
