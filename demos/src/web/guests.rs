//! **How many requests were under way at the same time?** The bundled site counts its
//! guests as they come and go; the most there were at once tells the four programs
//! apart better than any clock.

use std::sync::atomic::{AtomicUsize, Ordering};

// Relaxed suffices: each counter is a number by itself, and is read for good only
// after the thread that serves has answered everybody.

/// The requests that a site is answering.
#[derive(Default)]
pub(crate) struct Guests {
    now: AtomicUsize,
    most: AtomicUsize,
}

/// One request, from its arrival to its answer.
pub(crate) struct Guest<'a>(&'a Guests);

impl Guests {
    pub(crate) fn welcome(&self) -> Guest<'_> {
        let now = 1 + self.now.fetch_add(1, Ordering::Relaxed);
        self.most.fetch_max(now, Ordering::Relaxed);
        Guest(self)
    }

    /// The most there were at once.
    pub(crate) fn most(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }
}

impl Drop for Guest<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_stays_when_they_have_gone() {
        let guests = Guests::default();
        drop((guests.welcome(), guests.welcome()));
        let _third = guests.welcome();
        assert_eq!(guests.most(), 2);
    }
}
