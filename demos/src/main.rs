//! The course, run on every runtime.
fn main() {}
