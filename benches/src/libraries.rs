//! **How is the same text run on two libraries?** It is compiled twice.
//!
//! Each inline module names its library once (`use ::kolo as rt;`) and loads
//! the same files. A workload says `use super::rt;` and never learns which one
//! it got; the one on hyper has its adapter by the same way, as `super::Io`.
//! Within a library, current-thread or multi-thread is the Builder's choice:
//! [`Flavour`].

use kolo_load::Placement;

/// Which executor the Builder is to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    Current,
    /// With so many workers.
    Multi(usize),
}

impl Flavour {
    /// Threads that poll tasks.
    #[must_use]
    pub fn workers(self) -> usize {
        match self {
            Flavour::Current => 1,
            Flavour::Multi(workers) => workers,
        }
    }

    /// Where a server and its client run. Several threads want all cores, and
    /// are not pinned to one.
    #[must_use]
    pub fn placement(self) -> Placement {
        match self {
            Flavour::Current => Placement::apart(),
            Flavour::Multi(_) => Placement::Anywhere,
        }
    }
}

// Loading each file once per library is the point.
macro_rules! library {
    ($(#[$doc:meta])* $name:ident, $io:path) => {
        $(#[$doc])*
        #[path = "workloads"]
        #[allow(clippy::duplicate_mod)]
        pub mod $name {
            use ::$name as rt;
            // What hyper reads and writes a stream through.
            use $io as Io;

            pub mod blocking;
            pub mod channels;
            pub mod course_loop;
            pub mod fairness;
            pub mod hello;
            pub mod idle;
            pub mod lives;
            pub mod locks;
            pub mod memory;
            pub mod outside;
            pub mod parallel;
            pub mod remote;
            pub mod row;
            pub mod sockets;
            pub mod tasks;
            pub mod timers;
        }
    };
}

library!(
    /// The workloads on kolo.
    kolo,
    ::kolo_hyper::Io
);
library!(
    /// The workloads on tokio.
    tokio,
    ::hyper_util::rt::TokioIo
);
