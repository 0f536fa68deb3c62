//! **What does each library bring to the course?** A loop, built by its
//! [`new_loop`], and its own compiled copy of every program, found by [`play`].
//!
//! Compiled once per library, as the programs are: see `mod.rs`.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::{
    bank, city, compute, count, echo, fib, files, greeters, loop_program, pools, producer_consumer,
    requests, rt, rush, scrape, threaded_producer, unsync, upper_bound,
};
use crate::bank::Kind;
use crate::catalogue::Program;
use crate::load;
use crate::on_threads;
use crate::stage::{Stage, Threads};
use rt::runtime::{Builder, Runtime};

/// `asyncio.new_event_loop()`: one thread, or a worker for each core.
///
/// # Errors
///
/// The Builder's, where the process may have no more descriptors or threads.
pub(crate) fn new_loop(threads: Threads) -> io::Result<Runtime> {
    builder(threads).build()
}

/// The same, with at most so many threads for what blocks, and with a number in each
/// thread's name.
///
/// # Errors
///
/// As [`new_loop`].
pub(crate) fn new_loop_with_pool(threads: Threads, workers: u16) -> io::Result<Runtime> {
    let started = AtomicUsize::new(1);
    builder(threads)
        .max_blocking_threads(workers.into())
        .thread_name_fn(move || format!("Thread-{}", started.fetch_add(1, Relaxed)))
        .build()
}

fn builder(threads: Threads) -> Builder {
    let mut builder = match threads {
        Threads::One => Builder::new_current_thread(),
        Threads::PerCore => Builder::new_multi_thread(),
    };
    builder.enable_all();
    builder
}

/// Runs one program of the course.
///
/// # Errors
///
/// Those of [`new_loop`], and a sentence where a program can't begin.
pub(crate) fn play(program: Program, stage: &Stage) -> io::Result<()> {
    match program {
        Program::UpperBoundOnThreads => upper_bound::on_threads(stage),
        Program::UpperBoundComputing => upper_bound::on_tasks(stage),
        Program::UpperBoundWaiting => upper_bound::waiting(stage),
        Program::RequestsInTurn => requests::in_turn(stage),
        Program::RequestsOnThreads => requests::on_threads(stage),
        Program::RequestsOverlapped => requests::overlapped(stage),
        Program::RequestsRushOneThread => rush::on_one_thread(stage),
        Program::RequestsRush => rush::on_a_loop(stage),
        Program::CountSynchronous => count::synchronous(stage),
        Program::CountGathered => count::gathered(stage),
        Program::FibSteps => fib::steps(stage),
        Program::OneAfterTheOther => producer_consumer::synchronous(stage),
        Program::OneProducer => producer_consumer::asynchronous(stage, 1),
        Program::TwoProducers => producer_consumer::asynchronous(stage, 2),
        Program::LoopMpsc => loop_program::own_mpsc(stage, false),
        Program::LoopMpscArmed => loop_program::own_mpsc(stage, true),
        Program::LoopQueue => loop_program::queue(stage, false),
        Program::LoopQueueArmed => loop_program::queue(stage, true),
        Program::ScrapeSynchronous => scrape::synchronous(stage),
        Program::ScrapeOneByOne => scrape::one_by_one(stage),
        Program::ScrapeAtOnce => scrape::at_once(stage, None),
        Program::ScrapeLimited => scrape::at_once(stage, Some(stage.wishes().visit.limit)),
        Program::FilesSynchronous => files::synchronous(stage),
        Program::FilesOneByOne => files::one_by_one(stage),
        Program::FilesAtOnce => files::at_once(stage),
        Program::GreeterThreads => on_threads::greeters(stage),
        Program::GreeterTasks => greeters::tasks(stage),
        Program::ProducerThreads => on_threads::producer::producer(stage),
        Program::ProducerTasks => threaded_producer::tasks(stage),
        Program::ComputeOneThread => compute::one_thread(stage),
        Program::ComputeThreads => compute::threads(stage),
        Program::ComputeProcesses => compute::processes(stage),
        Program::ComputeTasks => compute::tasks(stage),
        Program::ComputeBlocking => compute::blocking(stage),
        Program::BankUnsafeThreads => on_threads::without_locks(stage),
        Program::BankUnsafeTasks => bank::without_locks(stage),
        Program::BankOneLockThreads => on_threads::with_locks(stage, Kind::OneLock),
        Program::BankOneLockTasks => bank::with_locks(stage, Kind::OneLock),
        Program::BankLockEachThreads => on_threads::with_locks(stage, Kind::LockEach),
        Program::BankLockEachTasks => bank::with_locks(stage, Kind::LockEach),
        Program::BankWrongOrderThreads => on_threads::wrong_order(stage),
        Program::BankWrongOrderTasks => bank::wrong_order(stage),
        Program::PoolsThreads => pools::thread_pool(stage),
        Program::PoolsProcesses => pools::process_pool(stage),
        Program::PoolsBlocking => pools::blocking(stage),
        Program::PoolsTasks => pools::tasks(stage),
        Program::UnsyncSynchronous => unsync::synchronous(stage),
        Program::UnsyncAtOnce => unsync::at_once(stage),
        Program::CityOnThreads => city::on_threads(stage),
        Program::CityAwaited => city::awaited(stage),
        Program::EchoByHand => load::by_hand(stage),
        Program::Echo => echo::server(stage),
        Program::LoopPython | Program::UnsyncPython => {
            unreachable!("python runs its own program: python.rs")
        }
    }
}
