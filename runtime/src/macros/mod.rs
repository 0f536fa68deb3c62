//! **How do several futures run inside one task?** By polling them in turn, in
//! one `poll_fn`: [`select!`](crate::select) until the first of them is ready,
//! [`join!`](crate::join) and [`try_join!`](crate::try_join) until all are.
//! [`pin!`](crate::pin) keeps a future where it is, so that it can be polled by
//! reference, again and again.
//!
//! The macros put the futures, side by side, into one tuple on the task's own
//! frame: no allocation, no task, and every borrow stays visible to the
//! compiler. What does not need to be a macro is a function or a type in
//! [`support`]: in which order branches are polled ([`support::Random`],
//! [`support::InOrder`], [`support::Rotating`]), and a future beside its output
//! ([`support::MaybeDone`]).
//!
//! Invariants:
//!
//! - **Nothing leaks into the caller.** A name that a macro binds is hygienic;
//!   an item would not be, so there is only one, with a name nobody picks.
//!   Everything is reached through `$crate`, so that the library may be renamed.
//! - **The tuple does not move once it is polled.** It is bound, then only its
//!   `&mut` is used: a closure that owned it would lend `poll_fn` a right to
//!   move it (the hole described at
//!   <https://internals.rust-lang.org/t/surprising-soundness-trouble-around-pollfn/17484>).
//! - **No branch starves the others**, whatever it does with the task's budget:
//!   see the fairness section of each macro.
//!
//! Read next: `support.rs`, then `join.rs`, then `select.rs`.

mod join;
mod pin;
mod select;
pub mod support;

#[cfg(all(test, not(loom)))]
mod tests;
