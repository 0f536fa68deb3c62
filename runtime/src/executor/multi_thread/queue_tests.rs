use std::collections::VecDeque;
use std::future::pending;

use proptest::prelude::*;

use super::*;
use crate::task::{JoinHandle, Unregistered, Unscheduled, new_task};

/// Tasks that are never polled, told apart by their ids.
#[derive(Default)]
struct Tasks(Vec<JoinHandle<()>>);

impl Tasks {
    fn make(&mut self) -> (usize, Runnable) {
        let (runnable, handle) = new_task(pending(), Unscheduled);
        self.0.push(handle);
        (self.0.len() - 1, runnable)
    }

    /// The number of a task, which is ended by this.
    fn number(&self, runnable: Runnable) -> usize {
        let before: Vec<_> = self.0.iter().map(JoinHandle::is_finished).collect();
        runnable.cancel(&Unregistered);
        (0..self.0.len())
            .find(|&i| self.0[i].is_finished() && !before[i])
            .expect("one of these")
    }
}

#[test]
fn a_pair_in_the_slot_does_not_starve_a_third() {
    let queue = RunQueue::new();
    let mut tasks = Tasks::default();
    let (third, runnable) = tasks.make();
    queue.push(runnable);
    // Each poll wakes the other of the pair.
    let mut order = Vec::new();
    for _ in 0..6 {
        let (_, woken) = tasks.make();
        assert!(!queue.push_next(woken));
        let next = queue.pop().unwrap();
        order.push(tasks.number(next));
    }
    assert_eq!(order.iter().position(|&n| n == third), Some(3), "{order:?}");
}

#[test]
fn thieves_leave_the_slot_alone_and_the_watcher_does_not() {
    let (mine, theirs) = (RunQueue::new(), RunQueue::new());
    let mut tasks = Tasks::default();
    let (first, runnable) = tasks.make();
    assert!(!theirs.push_next(runnable));
    assert!(theirs.others().is_empty());
    assert_eq!(mine.steal_from(theirs.others()), Steal::Empty);
    assert_eq!(theirs.others().len(), 1);
    let hostage = theirs.others().take_slot().unwrap();
    assert_eq!(tasks.number(hostage), first);
    assert!(theirs.pop().is_none() && theirs.is_empty());
}

#[test]
fn what_is_left_in_a_queue_is_dropped_with_it() {
    let mut tasks = Tasks::default();
    let queue = RunQueue::new();
    queue.push(tasks.make().1);
    assert!(!queue.push_next(tasks.make().1));
    assert!(queue.push_next(tasks.make().1));
    drop(queue);
    // An unscheduled task can be scheduled again: its bit was given back.
    for task in &tasks.0 {
        task.abort();
        assert!(!task.is_finished());
    }
}

/// What a test does to the queue.
#[derive(Clone, Copy, Debug)]
enum Step {
    Push,
    PushNext,
    Pop,
    Steal,
}

proptest! {
    /// The queue against a list and a cell: the same tasks in the same order.
    #[test]
    fn behaves_as_a_list_and_a_cell(
        steps in prop::collection::vec(
            prop_oneof![Just(Step::Push), Just(Step::PushNext), Just(Step::Pop), Just(Step::Steal)],
            0..60,
        )
    ) {
        let (queue, thief) = (RunQueue::new(), RunQueue::new());
        let mut tasks = Tasks::default();
        let (mut list, mut cell, mut in_a_row) = (VecDeque::new(), None, 0);
        for step in steps {
            match step {
                Step::Push => {
                    let (number, runnable) = tasks.make();
                    queue.push(runnable);
                    list.push_back(number);
                }
                Step::PushNext => {
                    let (number, runnable) = tasks.make();
                    let displaced = cell.replace(number);
                    prop_assert_eq!(queue.push_next(runnable), displaced.is_some());
                    list.extend(displaced);
                }
                Step::Pop => {
                    let expected = match cell.take() {
                        Some(next) if in_a_row < LIFO_POLLS => {
                            in_a_row += 1;
                            Some(next)
                        }
                        next => {
                            list.extend(next);
                            in_a_row = 0;
                            list.pop_front()
                        }
                    };
                    let popped = queue.pop().map(|runnable| tasks.number(runnable));
                    prop_assert_eq!(popped, expected);
                }
                Step::Steal => {
                    let half = list.len().div_ceil(2).min(32);
                    let expected: Vec<_> = list.drain(..half).collect();
                    let mut stolen = Vec::new();
                    if let Steal::Success(first) = thief.steal_from(queue.others()) {
                        stolen.push(tasks.number(first));
                        while let Some(more) = thief.pop() {
                            stolen.push(tasks.number(more));
                        }
                    }
                    prop_assert_eq!(stolen, expected);
                }
            }
            prop_assert_eq!(queue.len(), list.len());
            prop_assert_eq!(queue.is_empty(), list.is_empty() && cell.is_none());
        }
    }
}
