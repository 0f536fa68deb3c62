//! **How do runtimes of another shape do?** Their API is not tokio's, so their
//! workloads are their own text, kept as close to `workloads/` as it allows.

pub mod smol;
