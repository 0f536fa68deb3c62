//! **How is a deadlock found at the moment when it arises?** By a graph beside the
//! locks: which worker holds which, and for which one it waits. Whoever is about to wait
//! follows it: who holds the lock that I want, for which one does that worker wait, who
//! holds that one … Who comes back to itself would wait for ever, with everybody on the
//! way: it gets the circle as an error, and does not wait.
//!
//! ```text
//! ask ──► Wish ──granted──► Held          held: who holds what, from `granted` on
//!  │        │ dropped         │ dropped    wants: who waits for what, from `ask` on
//!  ▼        ▼                 ▼
//! Deadlock  no longer wanted  no longer held, and then the lock itself is given back
//! ```
//!
//! The graph knows no lock: it stands beside std's on threads and the library's on
//! tasks. It tells the truth if each worker asks before it locks, and is granted after:
//!
//! - **No circle is missed.** Each worker of a circle was granted what it holds before
//!   it asked for what it wants, and asks are under one lock. The last of these asks
//!   sees all the rest.
//! - **No circle is made up.** `held` says less than is held, never more: it is
//!   written after the lock was taken, in one step with the end of the wish, and cleared
//!   before the lock is given back. So who wants what is held waits indeed, as long as
//!   the holder does.
//!
//! A worker waits for one lock at a time, and a lock has one holder: there is one way to
//! follow, and no search. (Coffman, Elphick, Shoshani 1971: the four conditions; this
//! is the circular wait. An order of the locks makes it impossible.)

use std::collections::BTreeMap;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard};

use crate::lock::lock;

/// A worker's number.
pub(crate) type Worker = usize;
/// A lock's number: that of its account.
pub(crate) type Lock = usize;

#[derive(Default)]
pub(crate) struct WaitGraph(Mutex<Edges>);

#[derive(Default)]
struct Edges {
    held: BTreeMap<Lock, Worker>,
    wants: BTreeMap<Worker, Lock>,
}

/// Workers who wait for each other in a circle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deadlock {
    /// Each waits for the one after it, the last for the first, who found it.
    pub(crate) circle: Vec<Link>,
    /// Whether every lock of the circle was seen locked, by asking the lock itself.
    pub(crate) confirmed: bool,
}

/// A worker in a circle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) worker: Worker,
    /// What it holds and the one before it waits for.
    pub(crate) holds: Lock,
    /// What it waits for and the next one holds.
    pub(crate) wants: Lock,
}

impl WaitGraph {
    fn edges(&self) -> MutexGuard<'_, Edges> {
        lock(&self.0)
    }

    /// Notes that a worker is about to wait for a lock.
    ///
    /// # Errors
    ///
    /// If that closes a circle. The worker must not wait then, and must give back what
    /// it holds.
    pub(crate) fn ask(&self, worker: Worker, lock: Lock) -> Result<Wish<'_>, Deadlock> {
        let mut edges = self.edges();
        if let Some(circle) = edges.circle(worker, lock) {
            return Err(Deadlock {
                circle,
                confirmed: false,
            });
        }
        edges.wants.insert(worker, lock);
        Ok(Wish {
            graph: self,
            worker,
            lock,
        })
    }

    /// Whether nobody holds or wants anything.
    pub(crate) fn is_empty(&self) -> bool {
        let edges = self.edges();
        edges.held.is_empty() && edges.wants.is_empty()
    }
}

impl Edges {
    /// The circle that would be closed if `asker` waited for `wanted`.
    fn circle(&self, asker: Worker, wanted: Lock) -> Option<Vec<Link>> {
        // The asker's own link is known whole when the way has come back to it.
        let mut way = Vec::new();
        let mut lock = wanted;
        loop {
            let worker = *self.held.get(&lock)?;
            if worker == asker {
                let own = Link {
                    worker: asker,
                    holds: lock,
                    wants: wanted,
                };
                way.insert(0, own);
                return Some(way);
            }
            let wants = *self.wants.get(&worker)?;
            // Or the way has come to a circle without the asker, that nobody was told of.
            assert!(
                way.len() < self.held.len(),
                "every circle is found as it closes"
            );
            way.push(Link {
                worker,
                holds: lock,
                wants,
            });
            lock = wants;
        }
    }
}

/// That a worker waits for a lock.
#[must_use = "who asks then locks, and is granted"]
pub(crate) struct Wish<'a> {
    graph: &'a WaitGraph,
    worker: Worker,
    lock: Lock,
}

impl<'a> Wish<'a> {
    /// The worker has locked it.
    pub(crate) fn granted<G>(self, guard: G) -> Held<'a, G> {
        let Self { graph, lock, .. } = self;
        let mut edges = graph.edges();
        // Under one lock: who holds what it still wants would be a circle of its own.
        edges.wants.remove(&self.worker);
        let before = edges.held.insert(lock, self.worker);
        drop(edges);
        assert_eq!(before, None, "a lock has one holder");
        Held {
            _entry: Entry { graph, lock },
            guard,
        }
    }
}

impl Drop for Wish<'_> {
    fn drop(&mut self) {
        self.graph.edges().wants.remove(&self.worker);
    }
}

/// A guard that stands in the graph. The entry goes first: fields are dropped in their
/// order.
pub(crate) struct Held<'a, G> {
    _entry: Entry<'a>,
    guard: G,
}

struct Entry<'a> {
    graph: &'a WaitGraph,
    lock: Lock,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.graph.edges().held.remove(&self.lock);
    }
}

impl<G: Deref> Deref for Held<'_, G> {
    type Target = G::Target;

    fn deref(&self) -> &G::Target {
        &self.guard
    }
}

impl<G: DerefMut> DerefMut for Held<'_, G> {
    fn deref_mut(&mut self) -> &mut G::Target {
        &mut self.guard
    }
}

impl Deadlock {
    /// Asks every lock of the circle whether it is locked.
    pub(crate) fn confirm(mut self, is_locked: impl Fn(Lock) -> bool) -> Self {
        self.confirmed = self.circle.iter().all(|link| is_locked(link.holds));
        self
    }
}

/// A line for each worker, who and what being counted from 1.
impl fmt::Display for Deadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let next = self.circle.iter().cycle().skip(1);
        for (at, (link, next)) in self.circle.iter().zip(next).enumerate() {
            let newline = if at == 0 { "" } else { "\n" };
            let [worker, holds, wants, holder] =
                [link.worker, link.holds, link.wants, next.worker].map(|number| number + 1);
            write!(
                f,
                "{newline}worker {worker} holds account {holds} and waits for account {wants}, held by worker {holder}"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Locks at once what is free.
    fn take(graph: &WaitGraph, worker: Worker, lock: Lock) -> Held<'_, Box<()>> {
        let wish = graph.ask(worker, lock).expect("it closes no circle");
        wish.granted(Box::new(()))
    }

    fn link(worker: Worker, holds: Lock, wants: Lock) -> Link {
        Link {
            worker,
            holds,
            wants,
        }
    }

    #[test]
    fn a_chain_is_no_circle() {
        let graph = WaitGraph::default();
        let _one = take(&graph, 1, 10);
        let _two = take(&graph, 2, 20);
        let _three = take(&graph, 3, 30);
        let _two_waits = graph.ask(2, 10).expect("a chain");
        let _three_waits = graph.ask(3, 20).expect("a longer one");
        let _four_waits = graph.ask(4, 20).expect("two wait for the same");
    }

    #[test]
    fn who_closes_a_circle_is_told_who_is_in_it() {
        let graph = WaitGraph::default();
        let _one = take(&graph, 0, 10);
        let _two = take(&graph, 1, 20);
        let _three = take(&graph, 2, 30);
        let _outsider = take(&graph, 3, 40);
        let _outsider_waits = graph.ask(3, 10).expect("it holds nothing that is wanted");
        let _one_waits = graph.ask(0, 20).expect("a chain");
        let _two_waits = graph.ask(1, 30).expect("a chain");
        let deadlock = graph.ask(2, 10).map(drop).expect_err("a circle");
        assert_eq!(
            deadlock.circle,
            [link(2, 30, 10), link(0, 10, 20), link(1, 20, 30)]
        );
        assert_eq!(
            deadlock.to_string(),
            "worker 3 holds account 31 and waits for account 11, held by worker 1\n\
             worker 1 holds account 11 and waits for account 21, held by worker 2\n\
             worker 2 holds account 21 and waits for account 31, held by worker 3"
        );
    }

    #[test]
    fn who_was_told_does_not_wait_and_what_it_gives_back_ends_the_circle() {
        let graph = WaitGraph::default();
        let one = take(&graph, 1, 10);
        let two = take(&graph, 2, 20);
        let waits = graph.ask(1, 20).expect("a chain");
        assert!(graph.ask(2, 10).is_err());
        drop(two);
        let second = waits.granted(Box::new(()));
        assert!(graph.ask(2, 10).is_ok());
        drop((one, second));
        assert!(graph.is_empty());
    }

    #[test]
    fn who_wants_what_it_holds_is_a_circle_of_one() {
        let graph = WaitGraph::default();
        let _held = take(&graph, 1, 10);
        let deadlock = graph.ask(1, 10).map(drop).expect_err("a circle");
        assert_eq!(deadlock.circle, [link(1, 10, 10)]);
    }

    #[test]
    fn a_wish_that_is_given_up_leaves_no_edge() {
        let graph = WaitGraph::default();
        let one = take(&graph, 1, 10);
        let two = take(&graph, 2, 20);
        drop(graph.ask(1, 20).expect("a chain"));
        assert!(graph.ask(2, 10).is_ok(), "1 waits no longer");
        drop((one, two));
        assert!(graph.is_empty());
    }

    /// In order there is no circle, whatever is in between: each step leaves a graph
    /// that can be followed.
    #[test]
    fn threads_that_keep_to_an_order_are_never_told_of_a_circle() {
        let graph = WaitGraph::default();
        let locks = [const { Mutex::new(0) }; 3];
        let take = |worker, lock: Lock| {
            let wish = graph.ask(worker, lock).expect("it closes no circle");
            wish.granted(locks[lock].lock().expect("nobody panics"))
        };
        std::thread::scope(|scope| {
            for worker in 0..4 {
                let take = &take;
                scope.spawn(move || {
                    for round in 0..500 {
                        let mut lower = take(worker, round % 2);
                        *take(worker, 2) += 1;
                        *lower += 1;
                    }
                });
            }
        });
        assert_eq!(
            locks.map(|lock| lock.into_inner().expect("nobody panics")),
            [1000, 1000, 2000]
        );
        assert!(graph.is_empty());
    }

    #[test]
    fn a_circle_is_confirmed_by_the_locks_themselves() {
        let graph = WaitGraph::default();
        let _held = take(&graph, 1, 10);
        let deadlock = graph.ask(1, 10).map(drop).expect_err("a circle");
        assert!(!deadlock.confirmed);
        assert!(deadlock.clone().confirm(|lock| lock == 10).confirmed);
        assert!(!deadlock.confirm(|_| false).confirmed);
    }
}
