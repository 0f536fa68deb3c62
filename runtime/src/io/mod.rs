//! Asynchronous reading and writing: the traits, and what is built on them.
