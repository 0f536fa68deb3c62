//! Channels of many producers and one consumer.
//!
//! - [`channel()`] has a bound: [`Sender::send`] waits while it is full, and so
//!   passes the consumer's pace on to the producers.
//! - [`unbounded_channel`] has none: [`UnboundedSender::send`] never waits and
//!   is no async function.
//!
//! Messages are received in the order in which they were sent. The channels
//! belong to no runtime: they may connect tasks of several, kolo's or not, and
//! plain threads ([`Sender::blocking_send`], [`Receiver::blocking_recv`]). Within
//! kolo each completed operation takes a unit of the task's
//! [budget](crate::task::coop).
//!
//! # The end of a channel
//!
//! When the last sender is dropped, the receiver gets what is left and then
//! `None`. When the receiver is dropped, sending fails, tasks in
//! [`Sender::closed`] are woken, and what was not received is dropped. For an
//! end without loss the receiver calls [`Receiver::close`] and receives until
//! `None`: nothing is accepted after the close, but a permit that was out
//! before may still be used.
//!
//! # Capacity
//!
//! A bounded channel has slots. A [`Permit`] holds one ahead of its message, so
//! that sending can't fail or wait once it was got:
//!
//! ```
//! # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! use kolo::sync::mpsc;
//!
//! let (tx, mut rx) = mpsc::channel(2);
//! let permit = tx.reserve().await.unwrap();
//! tx.send("first").await.unwrap();
//! assert_eq!(tx.capacity(), 0);
//! permit.send("second");
//! assert_eq!(rx.recv().await, Some("first"));
//! assert_eq!(tx.capacity(), 1);
//! # });
//! ```
//!
//! The interface is tokio's, whole. How the channels work: `channel.rs`.

mod blocking;
mod bounded;
mod channel;
pub mod error;
mod permit;
mod unbounded;

pub use bounded::{Receiver, Sender, WeakSender, channel};
pub use permit::{OwnedPermit, Permit, PermitIterator};
pub use unbounded::{UnboundedReceiver, UnboundedSender, WeakUnboundedSender, unbounded_channel};

#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(all(test, not(loom)))]
mod model_tests;
#[cfg(all(test, not(loom)))]
mod tests;
