//! Errors of [`oneshot`](super).

use std::error::Error;
use std::fmt;

/// Nothing will be received: the sender was dropped without sending, or the
/// channel closed before it sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecvError(pub(super) ());

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("channel closed")
    }
}

impl Error for RecvError {}

/// Why there is no value now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// Nothing has been sent so far.
    Empty,

    /// Nothing will be received: the sender was dropped without sending, the
    /// channel was closed before, or the value has been received.
    Closed,
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TryRecvError::Empty => "channel empty",
            TryRecvError::Closed => "channel closed",
        })
    }
}

impl Error for TryRecvError {}
