//! Small leaves that know nothing of tasks, loops or time.

pub(crate) mod prefetch;
pub(crate) mod rng;
pub(crate) mod this_thread;
pub(crate) mod wake_batch;
