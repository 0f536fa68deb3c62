//! **What does somebody ask of a descriptor, and what has been seen of it?** An
//! [`Interest`] is asked for, a [`Ready`] is observed; both are small sets.
//!
//! They are not each other's mirror. Who asks for `READABLE` is served by
//! "readable" and by "will never be readable again" alike, for both end his wait:
//!
//! ```text
//!   Interest    is served by
//!   READABLE    READABLE   READ_CLOSED
//!   WRITABLE    WRITABLE   WRITE_CLOSED
//!   PRIORITY    PRIORITY   READ_CLOSED
//!   ERROR       ERROR
//! ```
//!
//! And an event with an error in it makes both directions ready, since a read as
//! well as a write would report it: a `recv` that waits must learn of the port
//! that refused its datagram, though epoll says no more than `EPOLLERR`.
//!
//! Public as `io::Interest` and `io::Ready`, with tokio's names and meaning.
//!
//! Read next: `readiness.rs`, which keeps what was observed.

use std::fmt;
use std::ops::{BitAnd, BitOr, BitOrAssign, Sub};

const READABLE: u8 = 1;
const WRITABLE: u8 = 1 << 1;
const READ_CLOSED: u8 = 1 << 2;
const WRITE_CLOSED: u8 = 1 << 3;
const PRIORITY: u8 = 1 << 4;
const ERROR: u8 = 1 << 5;

/// What a descriptor was seen to be ready for.
///
/// A hint, as all readiness is: the operation may still answer `WouldBlock`.
///
/// ```
/// use kolo::io::Ready;
///
/// let ready = Ready::READABLE | Ready::WRITE_CLOSED;
/// assert!(ready.is_readable());
/// assert!(ready.is_writable()); // a write would not wait: it would fail
/// assert!(!ready.is_read_closed());
/// assert_eq!(ready - Ready::WRITE_CLOSED, Ready::READABLE);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ready(u8);

impl Ready {
    /// Nothing.
    pub const EMPTY: Ready = Ready(0);
    /// A read would find something.
    pub const READABLE: Ready = Ready(READABLE);
    /// A write would find room.
    pub const WRITABLE: Ready = Ready(WRITABLE);
    /// The peer sends no more: a read finds what is left, then the end.
    pub const READ_CLOSED: Ready = Ready(READ_CLOSED);
    /// Nothing can be sent any more.
    pub const WRITE_CLOSED: Ready = Ready(WRITE_CLOSED);
    /// Urgent data came.
    pub const PRIORITY: Ready = Ready(PRIORITY);
    /// An error is pending.
    pub const ERROR: Ready = Ready(ERROR);
    /// All of them.
    pub const ALL: Ready =
        Ready(READABLE | WRITABLE | READ_CLOSED | WRITE_CLOSED | PRIORITY | ERROR);

    /// What stays true once it was seen: no clear takes it back.
    pub(super) const FINAL: Ready = Ready(READ_CLOSED | WRITE_CLOSED);

    /// What an event of the operating system says.
    pub(super) fn of_event(event: &mio::event::Event) -> Self {
        let mut bits = 0;
        let mut add = |seen, bit| bits |= if seen { bit } else { 0 };
        add(event.is_readable(), READABLE);
        add(event.is_writable(), WRITABLE);
        add(event.is_read_closed(), READ_CLOSED);
        add(event.is_write_closed(), WRITE_CLOSED);
        add(event.is_priority(), PRIORITY);
        add(event.is_error(), ERROR | READABLE | WRITABLE);
        Ready(bits)
    }

    pub(super) fn bits(self) -> u8 {
        self.0
    }

    pub(super) fn from_bits(bits: u8) -> Self {
        Ready(bits & Self::ALL.0)
    }

    /// The part that serves `interest`.
    pub(crate) fn serving(self, interest: Interest) -> Self {
        self & interest.served_by()
    }

    /// Is nothing ready?
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Ready::EMPTY
    }

    /// Would a read not wait? True also if reading is over.
    #[must_use]
    pub fn is_readable(self) -> bool {
        self.has(READABLE | READ_CLOSED)
    }

    /// Would a write not wait? True also if writing is over.
    #[must_use]
    pub fn is_writable(self) -> bool {
        self.has(WRITABLE | WRITE_CLOSED)
    }

    /// Has the peer ended its half, or the connection gone?
    #[must_use]
    pub fn is_read_closed(self) -> bool {
        self.has(READ_CLOSED)
    }

    /// Can nothing be sent any more?
    #[must_use]
    pub fn is_write_closed(self) -> bool {
        self.has(WRITE_CLOSED)
    }

    /// Did urgent data come?
    #[must_use]
    pub fn is_priority(self) -> bool {
        self.has(PRIORITY)
    }

    /// Is an error pending?
    #[must_use]
    pub fn is_error(self) -> bool {
        self.has(ERROR)
    }

    fn has(self, any_of: u8) -> bool {
        self.0 & any_of != 0
    }
}

impl BitOr for Ready {
    type Output = Ready;

    fn bitor(self, other: Ready) -> Ready {
        Ready(self.0 | other.0)
    }
}

impl BitOrAssign for Ready {
    fn bitor_assign(&mut self, other: Ready) {
        self.0 |= other.0;
    }
}

impl BitAnd for Ready {
    type Output = Ready;

    fn bitand(self, other: Ready) -> Ready {
        Ready(self.0 & other.0)
    }
}

impl Sub for Ready {
    type Output = Ready;

    fn sub(self, other: Ready) -> Ready {
        Ready(self.0 & !other.0)
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready")
            .field("is_readable", &self.is_readable())
            .field("is_writable", &self.is_writable())
            .field("is_read_closed", &self.is_read_closed())
            .field("is_write_closed", &self.is_write_closed())
            .field("is_error", &self.is_error())
            .field("is_priority", &self.is_priority())
            .finish()
    }
}

/// What somebody wants to know of a descriptor.
///
/// ```
/// use kolo::io::Interest;
///
/// let both = Interest::READABLE | Interest::WRITABLE;
/// assert!(both.is_readable() && both.is_writable());
/// assert_eq!(both.remove(Interest::WRITABLE), Some(Interest::READABLE));
/// assert_eq!(Interest::READABLE.remove(both), None); // no empty interest
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Interest(u8);

impl Interest {
    /// Can something be read, or is reading over?
    pub const READABLE: Interest = Interest(READABLE);
    /// Can something be written, or is writing over?
    pub const WRITABLE: Interest = Interest(WRITABLE);
    /// Did urgent data come?
    pub const PRIORITY: Interest = Interest(PRIORITY);
    /// Is an error pending?
    pub const ERROR: Interest = Interest(ERROR);

    /// Does it hold `READABLE`?
    #[must_use]
    pub const fn is_readable(self) -> bool {
        self.0 & READABLE != 0
    }

    /// Does it hold `WRITABLE`?
    #[must_use]
    pub const fn is_writable(self) -> bool {
        self.0 & WRITABLE != 0
    }

    /// Does it hold `PRIORITY`?
    #[must_use]
    pub const fn is_priority(self) -> bool {
        self.0 & PRIORITY != 0
    }

    /// Does it hold `ERROR`?
    #[must_use]
    pub const fn is_error(self) -> bool {
        self.0 & ERROR != 0
    }

    /// Both together.
    #[must_use = "this returns the result of the operation, without modifying the original"]
    pub const fn add(self, other: Interest) -> Interest {
        Interest(self.0 | other.0)
    }

    /// This without `other`; `None` if nothing is left.
    #[must_use = "this returns the result of the operation, without modifying the original"]
    pub fn remove(self, other: Interest) -> Option<Interest> {
        Some(Interest(self.0 & !other.0)).filter(|left| left.0 != 0)
    }

    /// The readiness that ends a wait for this; see the table above.
    pub(crate) const fn served_by(self) -> Ready {
        let mut bits = self.0;
        if self.is_readable() || self.is_priority() {
            bits |= READ_CLOSED;
        }
        if self.is_writable() {
            bits |= WRITE_CLOSED;
        }
        Ready(bits)
    }

    /// What to ask the operating system for. It reports errors unasked, but
    /// wants to be asked for something.
    pub(super) fn to_mio(self) -> mio::Interest {
        let asked = [
            (self.is_readable(), mio::Interest::READABLE),
            (self.is_writable(), mio::Interest::WRITABLE),
            #[cfg(any(target_os = "linux", target_os = "android"))]
            (self.is_priority(), mio::Interest::PRIORITY),
        ];
        asked
            .into_iter()
            .filter_map(|(wanted, interest)| wanted.then_some(interest))
            .reduce(mio::Interest::add)
            .unwrap_or(mio::Interest::READABLE)
    }
}

impl BitOr for Interest {
    type Output = Interest;

    fn bitor(self, other: Interest) -> Interest {
        self.add(other)
    }
}

impl BitOrAssign for Interest {
    fn bitor_assign(&mut self, other: Interest) {
        *self = *self | other;
    }
}

impl fmt::Debug for Interest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (self.is_readable(), "READABLE"),
            (self.is_writable(), "WRITABLE"),
            (self.is_priority(), "PRIORITY"),
            (self.is_error(), "ERROR"),
        ];
        let mut between = "";
        for (_, name) in names.into_iter().filter(|(held, _)| *held) {
            write!(f, "{between}{name}")?;
            between = " | ";
        }
        Ok(())
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn an_interest_is_served_by_its_readiness_and_by_the_end_of_it() {
        let rows = [
            (Interest::READABLE, Ready::READABLE | Ready::READ_CLOSED),
            (Interest::WRITABLE, Ready::WRITABLE | Ready::WRITE_CLOSED),
            (Interest::PRIORITY, Ready::PRIORITY | Ready::READ_CLOSED),
            (Interest::ERROR, Ready::ERROR),
            (
                Interest::READABLE | Interest::WRITABLE,
                Ready::ALL - Ready::PRIORITY - Ready::ERROR,
            ),
        ];
        for (interest, ready) in rows {
            assert_eq!(interest.served_by(), ready, "{interest:?}");
            assert_eq!(Ready::ALL.serving(interest), ready, "{interest:?}");
        }
    }

    #[test]
    fn an_interest_prints_as_it_is_written() {
        let all = Interest::READABLE | Interest::WRITABLE | Interest::PRIORITY | Interest::ERROR;
        assert_eq!(format!("{all:?}"), "READABLE | WRITABLE | PRIORITY | ERROR");
        assert_eq!(format!("{:?}", Interest::ERROR), "ERROR");
    }

    #[test]
    fn the_system_is_always_asked_for_something() {
        assert_eq!(Interest::ERROR.to_mio(), mio::Interest::READABLE);
        assert_eq!(
            (Interest::READABLE | Interest::WRITABLE).to_mio(),
            mio::Interest::READABLE | mio::Interest::WRITABLE
        );
    }
}
