//! What can go wrong at a queue. Each error of a put hands the item back.

use std::error::Error;
use std::fmt;

/// The queue is closed; the item comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PutError<T>(pub T);

/// The item could not be put at once; it comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TryPutError<T> {
    /// There is no room. Waiting would help.
    Full(T),
    /// The queue is closed. Waiting would not help.
    Closed(T),
}

/// The queue is closed and nothing is left in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GetError(());

impl GetError {
    pub(super) const fn closed() -> Self {
        GetError(())
    }
}

/// No item could be taken at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryGetError {
    /// Nothing is here now; more may come.
    Empty,
    /// Nothing is left, and nothing can come.
    Closed,
}

impl<T> TryPutError<T> {
    /// The item that was not put.
    pub fn into_inner(self) -> T {
        match self {
            TryPutError::Full(item) | TryPutError::Closed(item) => item,
        }
    }
}

const CLOSED: &str = "the queue is closed";

impl<T> fmt::Debug for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("PutError(..)")
    }
}

impl<T> fmt::Display for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(CLOSED)
    }
}

impl<T> fmt::Debug for TryPutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            TryPutError::Full(_) => "Full(..)",
            TryPutError::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> fmt::Display for TryPutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            TryPutError::Full(_) => "the queue is full",
            TryPutError::Closed(_) => CLOSED,
        })
    }
}

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(CLOSED)
    }
}

impl fmt::Display for TryGetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            TryGetError::Empty => "the queue is empty",
            TryGetError::Closed => CLOSED,
        })
    }
}

impl<T> Error for PutError<T> {}
impl<T> Error for TryPutError<T> {}
impl Error for GetError {}
impl Error for TryGetError {}
