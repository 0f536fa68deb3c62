//! **How fast is kolo, against whom, and how sure are we?**
//!
//! A *row* is one question with one workload, named in `ROWS.json` together
//! with its target and its floor, before the first number is seen. A *program*
//! answers it: a runtime ([`Contender`](contenders::Contender)) or the floor,
//! the fastest plain program for the same job. The binary `compare` runs the
//! programs of a row in turn, each in a fresh process, and judges the medians
//! of paired ratios, and of what is counted the ratio of means.
//!
//! Reading order:
//!
//! 1. [`rows`]: what is asked. [`workloads`](libraries): the programs, written
//!    once, compiled once per runtime library; `floors/` and `peers/` beside
//!    them, and [`load`], the job of the client where sockets take part.
//! 2. [`reading`], [`alloc`], [`callgrind`], [`strace`], [`wrk`]: what is measured
//!    of one process.
//! 3. [`contest`]: who runs when.
//! 4. [`stats`], [`verdict`]: what may be concluded.
//! 5. [`report`], [`table`], [`matrix`]: how it is told.
//!
//! What no row shows: how a program feels that does more than one of these things. A ratio of two runtimes on work that neither was built for says
//! little; that is why each workload's header says what it leaves out.
//!
//! The criterion groups in `benches/` use the same workloads. They are for
//! whoever changes a line of kolo and wants to see it at once; what is
//! published comes from `compare`.

pub mod alloc;
pub mod callgrind;
pub mod contenders;
pub mod contest;
pub mod floors;
pub mod libraries;
pub mod load;
pub mod machine;
pub mod matrix;
pub mod peers;
pub mod reading;
pub mod report;
pub mod rows;
pub mod stats;
pub mod strace;
pub mod table;
pub mod verdict;
pub mod wrk;
