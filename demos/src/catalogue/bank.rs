//! `bank`: what must not be interrupted.

use std::time::Duration;

use super::lesson::lines;
use super::{Chapter, Lesson, Part, Program, RunsOn};
use crate::stage::Settings;

/// A transfer and its check take about two microseconds, on threads and on tasks.
fn all_transfers(settings: &Settings) -> f64 {
    let business = &settings.wishes.bank;
    (business.workers * business.transfers) as f64 * 2e-6
}

/// A program for threads, beside the one for tasks.
const fn on_threads(program: Program, name: &'static str, peer: Program) -> Part {
    Part {
        runs_on: RunsOn::Plain,
        peer,
        seconds: all_transfers,
        ..Part::of(program, name)
    }
}

const fn on_tasks(program: Program, name: &'static str) -> Part {
    Part {
        seconds: all_transfers,
        ..Part::of(program, name)
    }
}

pub(super) const CHAPTER: Chapter = Chapter {
    name: "bank",
    question: "What must not be interrupted, and what if two lock it at once?",
    place: "thread safety",
    // Nothing waits: all of --time-scale goes into the number of transfers.
    shortest_wait: Some(Duration::from_millis(1)),
    scaled: Some("transfers"),
    throws_dice: true,
    parts: &[
        on_threads(
            Program::BankUnsafeThreads,
            "threads, no lock",
            Program::BankUnsafeTasks,
        ),
        on_tasks(Program::BankUnsafeTasks, "tasks, no lock"),
        on_threads(
            Program::BankOneLockThreads,
            "threads, one lock",
            Program::BankOneLockTasks,
        ),
        on_tasks(Program::BankOneLockTasks, "tasks, one lock"),
        on_threads(
            Program::BankLockEachThreads,
            "threads, a lock each",
            Program::BankLockEachTasks,
        ),
        Part {
            key: true, // the one to take home
            ..on_tasks(Program::BankLockEachTasks, "tasks, a lock each")
        },
        on_threads(
            Program::BankWrongOrderThreads,
            "threads, wrong order",
            Program::BankWrongOrderTasks,
        ),
        on_tasks(Program::BankWrongOrderTasks, "tasks, wrong order"),
    ],
    lesson: Lesson {
        says: "Five workers move money between six accounts, and check the total after each \
transfer. Without a lock it is soon wrong, and stays so: between reading a balance and writing it, \
somebody else has written. One lock around all of it is safe. A lock for each account lets transfers \
between other accounts go on, but takes two locks, and two workers who take the same two the other \
way round wait for each other for ever. The cure is an order of the locks that everybody keeps to.\n\
On a single thread it is no different, wherever there is an await. In Rust the race must be written \
with atomics: a plain variable that two threads change does not compile.",
        excerpts: &[
            lines!(
                "course/bank_unlocked.rs",
                "let balance = self.0[account].load".."store(",
                "Each step is whole, and the two together are not."
            ),
            lines!(
                "course/bank_locked.rs",
                "let [lower, higher] =".."transfer.pay(lower",
                "Two locks, the lower account's first, whoever pays."
            ),
            lines!(
                "bank/wait_graph.rs",
                "let worker = *self.held.get(&lock)?;".."if worker == asker",
                "Who holds what I want? If the way leads back to me, I would wait for ever."
            ),
            lines!(
                "bank/wait_graph.rs",
                "let wants = *self.wants.get(&worker)?;".."lock = wants;",
                "If not, what does that worker wait for, and who holds that?"
            ),
        ],
        experiments: &[
            (
                "demos run bank --rt kolo-current",
                "tasks of one thread lose money too, and wait for each other in circles",
            ),
            (
                "demos compare bank --check-every 1000",
                "a check takes every lock there is: with few of them CPU falls by about a third. Whether a lock \
each then gains on one lock, the table says: there is little to do under either",
            ),
            (
                "demos run bank --workers 12 --seed 7",
                "longer circles; who is in them is for the scheduler to say, except among tasks of one thread",
            ),
        ],
    },
};
